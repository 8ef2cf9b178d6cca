"""Results as tables: a DataFrame of all lines, and the summary that people read.

pandas is imported when a frame is asked for: valuing a case does without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.segments.lines import Lines, ModelLine
from xlwings_addin.valuation.results import for_sheet

if TYPE_CHECKING:
    import pandas as pd

    from xlwings_addin.valuation.xiaomi import Results

OTHER_PARTS = (
    ("discount", "Holding discount"),
    ("net_cash", "Net cash"),
    ("associates", "Investments"),
    ("minority_interest", "Minority interests"),
    ("equity", "Equity value"),
)
"""What a summary shows after the businesses, by key, with its names."""
ONCE = "value"
"""The column of figures that have no year."""


class PartRow(NamedTuple):
    """A part of the sum: key, label, CNY m, USD m, HKD a share."""

    key: str
    label: str
    value: float
    usd: float
    per_share: float


def part_rows(results: Results) -> Iterator[PartRow]:
    """The parts of the sum that are not zero, and the equity value."""
    for key, label in _parts(results):
        part = getattr(results.sotp, key)
        if part.value or key == "equity":
            yield PartRow(key, label, part.value, part.usd, part.per_share)


def _parts(results: Results) -> list[tuple[str, str]]:
    businesses = [(part.key, part.label) for part in results.inputs.tables.company.parts]
    return [*businesses, *OTHER_PARTS]


def listing_unit(results: Results) -> str:
    """What a share is measured in, as a reader has it.

    >>> from xlwings_addin.inputs.cases import load_inputs
    >>> from xlwings_addin.valuation.xiaomi import evaluate
    >>> listing_unit(evaluate(load_inputs("base")))
    'HKD a share'
    """
    return f"{results.inputs.tables.company.currency.listing} a share"


def results_frame(results: Results) -> pd.DataFrame:
    """Every line of a case: one row for each, one column for each period.

    Index: `group` and `line`, which together are the line's full name, `vehicle_units.revenue`. Columns:
    `label`, `unit`, `value` for lines without a year (a float, a word or a date), then the base year and the
    forecast years as whole numbers. A year column is float64, NaN where the line has no figure; after its
    horizon a line has what the sheets show there.
    """
    import pandas as pd

    base = results.inputs.count("base_year")
    years = range(base, base + TIMELINE_YEARS + 1)
    names, once, rows = [], [], []
    for group, declared in _figures(results.model.groups()):
        names.append((group.name, declared.key))
        value = for_sheet(
            f"{group.name}.{declared.key}", declared, getattr(group, declared.key), TIMELINE_YEARS
        )
        row = np.full(TIMELINE_YEARS + 1, np.nan)
        if declared.span != "once":
            row[-len(value) :] = value
        unit = group.inputs.company.text(declared.unit)
        once.append((declared.label, unit, value if declared.span == "once" else None))
        rows.append(row)
    index = pd.MultiIndex.from_tuples(names, names=["group", "line"])
    texts = pd.DataFrame(once, index=index, columns=["label", "unit", ONCE], dtype=object)
    figures = pd.DataFrame(np.array(rows), index=index, columns=list(years))
    frame = pd.concat([texts, figures], axis=1)
    frame.attrs = {"case": results.case, "valuation_date": results.inputs.day("valuation_date").isoformat()}
    return frame


def _figures(groups: Mapping[str, Lines]) -> Iterator[tuple[Lines, ModelLine[Any]]]:
    """The lines of all groups, but for records: several figures that other lines read."""
    for group in groups.values():
        yield from ((group, declared) for declared in group.lines().values() if declared.unit != "record")


def cases_frame(cases: Mapping[str, Results]) -> pd.DataFrame:
    """Cases below each other: value, its parts and price a share, upside and weight.

    `margin_of_safety`, 1 - price / value, stays beside `upside`; it is NaN where a share is worth nothing.
    """
    import pandas as pd

    rows = {}
    for name, results in cases.items():
        sotp, margin = results.sotp, results.sotp.margin_of_safety
        rows[name] = {
            "valuation_date": results.inputs.day("valuation_date"),
            "value_per_share": sotp.value_per_share,
            **{row.key: row.per_share for row in part_rows(results) if row.key != "equity"},
            "price": sotp.price,
            "upside": sotp.upside,
            "margin_of_safety": np.nan if isinstance(margin, str) else margin,
            "probability": results.inputs.number("probability"),
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("case")
    first = next(iter(cases.values()))
    parts = [key for key, _ in _parts(first) if key in frame.columns]
    frame[parts] = frame[parts].fillna(0.0)
    ends = ["price", "upside", "margin_of_safety", "probability"]
    return frame[["valuation_date", "value_per_share", *parts, *ends]]


def summary_html(results: Results) -> str:
    """The summary of a case as a table of HTML, for notebooks: without scripts, its texts escaped."""
    inputs, sotp, money = results.inputs, results.sotp, results.company.money
    usd = ["USD m"] if money != "USD m" else []
    blank = ["" for _ in (money, *usd)]
    rows: list[tuple[str, ...]] = [
        (row.label, f"{row.value:,.0f}", *(f"{row.usd:,.0f}" for _ in usd), f"{row.per_share:.2f}")
        for row in part_rows(results)
    ]
    rows.append(("Price", *blank, f"{sotp.price:.2f}"))
    rows.append(("Upside", *blank, f"{sotp.upside:+.1%}"))
    headings = ("", money, *usd, listing_unit(results))
    caption = f"{results.case}, {inputs.day('valuation_date')}: {inputs.text('case_title')}"
    return html_table(headings, rows, caption)


def html_table(headings: Iterable[str], rows: Iterable[Iterable[str]], caption: str) -> str:
    """A table of HTML whose first column is text and whose others are figures."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(label)}</th>'
        + "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for label, *cells in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
