"""What an analyst has changed in a workbook, as a case file from which the same values are built again."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from xlwings_addin.book.context import load_context
from xlwings_addin.book.holdings import book_context, located_lines
from xlwings_addin.book.package import read_package, read_values, save
from xlwings_addin.book.references import Book
from xlwings_addin.book.report import Finding, Report
from xlwings_addin.core.errors import BookError, ChoiceError, InputError
from xlwings_addin.model.inputs import CASE_FILE, EXTENDS, Inputs, case_names
from xlwings_addin.model.parameter import Value
from xlwings_addin.model.parameters import PARAMETERS, parameter
from xlwings_addin.model.tables import RANGED_COLUMNS, Row, tables_folder

SELECTED = "{cover.selected_case}"
TITLE, PROBABILITY = "case_title", "probability"


@dataclass(frozen=True)
class Override:
    """An input as the workbook holds it, where the tables have another."""

    key: str
    value: Value
    row: Row


@dataclass(frozen=True)
class Exported:
    """A case file written, the case it extends, and what of the analyst's changes it cannot hold."""

    path: Path
    extends: str
    overrides: tuple[Override, ...]
    left_out: tuple[str, ...]


def export_case(
    path: Path | str,
    name: str,
    *,
    author: str,
    day: date,
    case: str | None = None,
    folder: Path | None = None,
    out: Path | None = None,
) -> Exported:
    """Write the overrides of one case of a workbook, the selected one by default, as the case `name`.

    Each is a row of basis `assumption` with `author` as its source and `day` as its date; its range is that
    of the row it replaces, widened where the value lies outside. All else follows the case it `extends`, but
    for the title, and the probability, which is 0: what the cases weigh together is not one analyst's to say.
    The file is `cases/<name>.csv` of the tables, or `out`. Figures of the history that an analyst has changed
    are no part of a case: they are named in `left_out`, as is a probability.

    Raises `BookError` for a workbook that cannot be read or a file that is there already, `ChoiceError` for
    an unknown case, `InputError` for a name that is no case name or is taken, an author or a book without any
    override.
    """
    names = case_names(folder)
    if not CASE_FILE.fullmatch(f"{name}.csv") or name in names:
        rule = "must be a new name of lower-case words joined by underscores, 31 characters at most"
        raise InputError("case", name, rule)
    if not author.strip():
        raise InputError("author", author, "must be a name")
    held, selected, left_out = _held(Path(path), folder)
    case = case or selected
    if case not in held:
        raise ChoiceError("case", case, f"must be one of {', '.join(held)}")
    delivered = load_context(folder).results[case].inputs
    overrides = tuple(
        Override(known.key, held[case][known.key], delivered.row(known.key))
        for known in PARAMETERS
        if known.key != PROBABILITY and held[case][known.key] != delivered[known.key]
    )
    if held[case][PROBABILITY] != delivered[PROBABILITY]:
        left_out = (*left_out, f"{PROBABILITY} {held[case][PROBABILITY]}")
    if not overrides:
        raise InputError("workbook", str(path), f"has no override of case {case}", shown=str(path))
    target = out or (folder or tables_folder()) / "cases" / f"{name}.csv"
    if target.exists():
        raise BookError("file", str(target), "is there already", shown=str(target))
    save(target, case_file(case, overrides, author=author, day=day))
    return Exported(target, case, overrides, left_out)


def case_file(extends: str, overrides: tuple[Override, ...], *, author: str, day: date) -> bytes:
    """A case file: what it extends, then one row an override."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RANGED_COLUMNS)
    ending = ("assumption", author, day.isoformat())
    writer.writerow((EXTENDS, "", extends, "", "", "choice", *ending, "the case the workbook started from"))
    if all(each.key != TITLE for each in overrides):
        title = f"{extends} as {author} has changed it"
        writer.writerow((TITLE, "", title, "", "", "text", *ending, ""))
    writer.writerow((PROBABILITY, "", "0", "0", "1", "ratio", *ending, "not weighed against the other cases"))
    for each in overrides:
        note = f"was {each.row.text}: {each.row.note}" if each.row.note else f"was {each.row.text}"
        writer.writerow(
            (each.key, "", _text(each.value), *_range(each), parameter(each.key).unit, *ending, note)
        )
    return text.getvalue().encode()


def _text(value: Value) -> str:
    return (
        value.isoformat()
        if isinstance(value, date)
        else repr(value)
        if isinstance(value, float)
        else str(value)
    )


def _range(override: Override) -> tuple[str, str]:
    """The range of the row that is replaced, or the value itself, with the value within it."""
    value, row = override.value, override.row
    if isinstance(value, str | date):
        return "", ""
    ends = [end for end in (row.low, row.high, float(value)) if end is not None]
    return repr(min(ends)), repr(max(ends))


def _held(path: Path, folder: Path | None) -> tuple[Mapping[str, Inputs], str, tuple[str, ...]]:
    """The inputs of every case as a workbook holds them, its selected case, and the history changed in it."""
    package, report = read_package(path), Report(str(path))
    values, delivered = read_values(package), load_context(folder)
    rows = located_lines(package, values, delivered, report)
    context = book_context(values, Book(delivered, rows), report)
    selected = values.get(Book(context, rows).at(SELECTED))
    return (
        {case: results.inputs for case, results in context.results.items()},
        str(selected),
        tuple(_place(each) for each in report.findings if each.kind == "input changed" and not each.case),
    )


def _place(finding: Finding) -> str:
    return f"{finding.sheet}!{finding.cell} {finding.line}: {finding.message}"
