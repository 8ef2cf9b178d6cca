"""Every case side by side, as wide as the terminal is: names go on in the next line, figures never do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from xlwings_addin.cli.printing import show, show_ages, show_json, table

if TYPE_CHECKING:
    from rich.table import Table

    from xlwings_addin.valuation.cases import CaseValues

_BORDERS: Final = 3
"""Characters that a column takes beside its contents; the table takes one more."""


def show_cases(cases: CaseValues, *, as_json: bool) -> None:
    """Every case side by side; what is wrong with those left out goes to standard error."""
    from xlwings_addin.segments.capital import discounted_parts
    from xlwings_addin.valuation.ages import ages_by_case, ages_of, now

    weighted, company = cases.weighted_value, next(iter(cases.values())).company
    for case, error in cases.broken.items():
        print(f"case {case} is left out: {error}", file=sys.stderr)
    if as_json:
        summaries = {
            case: {**results.summary(), "ages": ages_of(results.inputs, now()).as_dict()}
            for case, results in cases.items()
        }
        value = None if isinstance(weighted, str) else weighted
        broken = {case: str(error) for case, error in cases.broken.items()}
        old = {"weighted_value_per_share_hkd": value} if company.key == "xiaomi" else {}
        views = {day.isoformat(): worth for day, worth in cases.weighted_by_date.items()}
        weighted_fields = {"weighted_value_per_share": value, **old, "weighted_by_date": views}
        show_json({"cases": summaries, **weighted_fields, "broken": broken})
        return
    parts = discounted_parts(company)
    rows = [
        (
            case,
            *(f"{results.sotp.part(part.key).per_share:.2f}" for part in parts),
            *(f"{results.sotp.cash_and_other_per_share:.2f}", f"{results.sotp.value_per_share:.2f}"),
            *(f"{results.price:.2f}", f"{results.sotp.upside:+.1%}"),
            f"{results.inputs.number('probability'):.0%}",
        )
        for case, results in cases.items()
    ]
    total = weighted if isinstance(weighted, str) else f"{weighted:.2f}"
    rows.append(("weighted", *("" for _ in parts), "", total, "", "", ""))
    by_date = cases.weighted_by_date
    own = next(iter(cases.values())).inputs.day("valuation_date")
    for day in (day for day in by_date if day != own):
        rows.append((f"weighted, {day}", *("" for _ in parts), "", f"{by_date[day]:.2f}", "", "", ""))
    names = [part.short for part in parts]
    headings = ("Case", *names, "Other", "Value", "Price", "Upside", "Weight")
    fitting, left_out = fitted(
        f"{company.currency.listing} a share", headings, rows, (*names, "Other"), width()
    )
    show(fitting)
    if left_out:
        show(f"Left out for want of width: {', '.join(left_out)}.")
    inputs = {case: results.inputs for case, results in cases.items()}
    for ages, alike in ages_by_case(inputs, now()).items():
        show_ages(ages, before=f"{', '.join(alike)}: ")


def width() -> int:
    """How many characters a line of the terminal has."""
    from rich.console import Console

    return Console().width


def fitted(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], first_to_go: Sequence[str], width: int
) -> tuple[Table, list[str]]:
    """A table of figures with names before them that is no wider than `width`, and the headings it lacks.

    Names are broken behind an underscore or at a blank. Where that is not enough, the columns `first_to_go`
    are left out together, then others from the right; the names and one column of figures stay.
    """
    columns = list(range(len(headings)))
    going = iter(
        [[headings.index(heading) for heading in first_to_go], *([at] for at in reversed(columns[1:]))]
    )
    while (room := _room(headings, rows, columns, width)) < _least(rows) and len(columns) > 2:
        gone = next(going)
        columns = [at for at in columns if at not in gone]
    lines = [
        ("\n".join(_lines(row[0], max(room, _least(rows)))), *(row[at] for at in columns[1:])) for row in rows
    ]
    made = table(title, [headings[at] for at in columns], lines, right=len(columns) - 1)
    for column in made.columns[1:]:
        column.no_wrap = True
    return made, [heading for at, heading in enumerate(headings) if at not in columns]


def _room(headings: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int], width: int) -> int:
    """What is left for the names beside the figures of some columns."""
    figures = sum(max(len(row[at]) for row in (headings, *rows)) + _BORDERS for at in columns[1:])
    return width - figures - _BORDERS - 1


def _least(rows: Sequence[Sequence[str]]) -> int:
    """The longest piece of a name that is not broken."""
    return max(len(piece) for row in rows for piece in _pieces(row[0]))


def _pieces(name: str) -> list[str]:
    """
    >>> _pieces("weighted, 2025-11-19"), _pieces("house_2026")
    (['weighted, ', '2025-11-19'], ['house_', '2026'])
    """
    return re.findall(r"[^_ ]+[_ ]*|[_ ]+", name)


def _lines(name: str, width: int) -> Iterator[str]:
    """A name in as few lines as a width allows."""
    line = ""
    for piece in _pieces(name):
        if line and len(line) + len(piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
    yield line.rstrip()
