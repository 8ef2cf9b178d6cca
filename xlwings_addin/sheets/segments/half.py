"""What a template gives the workbook: its sheet, and its lines on sheets that several businesses share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xlwings_addin.inputs.company import Business, Company, SegmentEntry
from xlwings_addin.sheets.spec import Line, Sheet


@dataclass(frozen=True)
class Half:
    """The formulas of a template.

    sheet          makes the sheet of a business; None where it has none
    value          the reference of its enterprise value
    phrase         how it values a part, behind the name of the part: `Devices, built up by segment`
    short          the same in two words, for Checks
    about          what stands beside it in the sum of the parts
    discounts      whether it discounts flows, line by line as `sheets.valuation` does
    cash_gap       what its flows miss the balances behind them by, as a formula over a row
    has_sales      whether it has lines `revenue` and `nopat`, for multiples
    cross_checks   whether it has two other terminal values and a growth after the base year
    taxes_base_year    whether its line of tax has the base year
    functions      title and lines of its block on the sheet Functions
    revenue        of a segment in a group: the lines from its inputs to `revenue_KEY`
    """

    sheet: Callable[[Company, Business], Sheet] | None = None
    value: Callable[[Business], str] = lambda business: f"{{{business.key}.enterprise_value}}"
    phrase: str = ""
    short: str = ""
    about: str = ""
    discounts: bool = True
    cash_gap: Callable[[Business], str] | None = None
    has_sales: bool = False
    cross_checks: bool = False
    taxes_base_year: bool = True
    functions: Callable[[Company, Business], Sequence[Line]] = lambda company, business: ()
    functions_title: str = ""
    revenue: Callable[[Company, SegmentEntry], list[Line]] | None = None


def before(line: str, years: int) -> str:
    """The row of a line a year earlier: its base year and all forecast years but the last."""
    return f"{{{line}:opening}}:{{{line}:years[{years - 1}]}}"


def growth(line: str, years: int) -> str:
    """What a line grows by, as a row."""
    return f"({{{line}[all]}}-{before(line, years)})"


def lower(label: str) -> str:
    """A label inside a sentence: its first letter is small, unless it is a name such as IoT.

    >>> lower("Internet services"), lower("IoT and lifestyle")
    ('internet services', 'IoT and lifestyle')
    """
    first = label.split(maxsplit=1)[0]
    return label if any(letter.isupper() for letter in first[1:]) else label[0].lower() + label[1:]
