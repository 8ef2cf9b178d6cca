"""Calls that go wrong, by class, and what every host must answer them with; and some that must not go wrong.

Arguments are as cells hold them: None for a blank cell, a list of rows for a range, an error value such as
#N/A for a cell that shows it, a date for a cell formatted as one, a text, TRUE, a number.

`laid_out` puts calls into the cells of a sheet, for hosts that read one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

CellContent = str | float | bool | date | None
Argument = CellContent | list[list[CellContent]]


@dataclass(frozen=True)
class Call:
    """A call, what its cell must show, and the message of the error; an error that came in has none."""

    what: str
    function: str
    arguments: tuple[Argument, ...]
    answer: str | float
    message: str = ""

    @property
    def id(self) -> str:
        """How a test names it."""
        return f"{self.what}: {self.function}"

    def is_answered_by(self, value: object) -> bool:
        """Whether a host's value is what the cell must show; numbers agree to 12 digits."""
        if isinstance(self.answer, str) or not isinstance(value, int | float):
            return value == self.answer
        return math.isclose(value, self.answer, rel_tol=1e-12, abs_tol=1e-9)


FLOWS: Argument = [[100.0, 110.0]]
DATED: Argument = [[-100.0, 115.0]]
DAYS: Argument = [[45292.0, 45658.0]]

BAD = (
    # --- blank
    Call("blank", "DCF_PRESENT_VALUE", (FLOWS, None), "#N/A", "rate (blank) must be given"),
    Call("blank", "CAPITAL_BLUME_BETA", (None,), "#N/A", "raw_beta (blank) must be given"),
    Call("blank text", "CAPITAL_BLUME_BETA", ("",), "#N/A", "raw_beta (blank) must be given"),
    Call(
        "blank in a range",
        "DCF_PRESENT_VALUE",
        ([[100.0, None, 110.0]], 0.1),
        "#N/A",
        "flows cell 2 (blank) must be given",
    ),
    Call(
        "blank at the end of a range",
        "SOTP_EQUITY_VALUE",
        ([[100.0], [None]], 10.0),
        "#N/A",
        "segment_values cell 2 (blank) must be given",
    ),
    Call(
        "blank date",
        "DCF_XNPV",
        (0.1, DATED, [[45292.0, None]]),
        "#N/A",
        "dates cell 2 (blank) must be given",
    ),
    # --- text, TRUE and FALSE
    Call("text", "DCF_PRESENT_VALUE", (FLOWS, "ten"), "#VALUE!", "rate 'ten' must be a number"),
    Call("text", "CAPITAL_BLUME_BETA", ("1.2",), "#VALUE!", "raw_beta '1.2' must be a number"),
    Call(
        "text in a range",
        "DCF_PRESENT_VALUE",
        ([[100.0], ["n/a"]], 0.1),
        "#VALUE!",
        "flows cell 2 'n/a' must be a number",
    ),
    Call(
        "text that is no option",
        "DCF_PRESENT_VALUE",
        (FLOWS, 0.1, "late"),
        "#VALUE!",
        "timing 'late' must be 'end' or 'mid'",
    ),
    Call(
        "number for an option", "DCF_PRESENT_VALUE", (FLOWS, 0.1, 1.0), "#VALUE!", "timing 1.0 must be a text"
    ),
    Call("TRUE", "CAPITAL_BLUME_BETA", (True,), "#VALUE!", "raw_beta TRUE must be a number"),
    Call(
        "FALSE in a range",
        "DCF_PRESENT_VALUE",
        ([[100.0, False]], 0.1),
        "#VALUE!",
        "flows cell 2 FALSE must be a number",
    ),
    # --- an error that comes in goes out unchanged, and is not ours to explain
    Call("error cell", "DCF_PRESENT_VALUE", (FLOWS, "#DIV/0!"), "#DIV/0!"),
    Call("error cell", "CAPITAL_BLUME_BETA", ("#N/A",), "#N/A"),
    Call("error cell in a range", "DCF_PRESENT_VALUE", ([[100.0, "#DIV/0!"]], 0.1), "#DIV/0!"),
    Call("error cell among dates", "DCF_XNPV", (0.1, DATED, [[45292.0, "#N/A"]]), "#N/A"),
    # --- wrong shape
    Call(
        "a range for one cell",
        "DCF_PRESENT_VALUE",
        (FLOWS, [[0.1, 0.1]]),
        "#VALUE!",
        "rate of 1 x 2 cells must be one cell",
    ),
    Call(
        "a rectangle for a row",
        "DCF_PRESENT_VALUE",
        ([[100.0, 110.0], [120.0, 130.0]], 0.1),
        "#VALUE!",
        "flows of 2 x 2 cells must be one row or one column",
    ),
    Call(
        "a row and a column",
        "DCF_FCFF",
        ([[100.0, 120.0]], 0.25, [[20.0], [20.0]], 30.0, 5.0),
        "#VALUE!",
        "depreciation of 2 x 1 cells must be 1 x 2, as ebit is",
    ),
    # --- wrong sign, or outside the range
    Call(
        "wrong sign",
        "CAPITAL_UNLEVER_BETA",
        (1.0, -0.1, 0.25),
        "#NUM!",
        "debt_to_equity -0.1 must not be negative",
    ),
    Call("wrong sign", "SOTP_VALUE_PER_SHARE", (100.0, -5.0), "#NUM!", "diluted_shares -5 must be above 0"),
    Call("wrong sign", "RAMP_REVENUE", (-1.0, [[0.1]]), "#NUM!", "base_revenue -1 must not be negative"),
    Call("zero", "SOTP_DILUTED_SHARES", (100.0, 5.0, 1.0, 0.0), "#NUM!", "price 0 must be above 0"),
    Call("out of range", "DCF_PRESENT_VALUE", (FLOWS, -1.5), "#NUM!", "rate -150.00% must be above -100.00%"),
    Call(
        "out of range",
        "CAPITAL_WACC",
        (0.1, 0.05, 0.25, 1.2),
        "#NUM!",
        "equity_weight 120.00% must be from 0.00% to 100.00%",
    ),
    Call("no whole number", "DCF_DISCOUNT_FACTORS", (0.1, 2.5), "#NUM!", "years 2.5 must be a whole number"),
    Call(
        "wrong sign",
        "DCF_DISCOUNT_FACTORS",
        (0.1, -1.0),
        "#NUM!",
        "years -1 must be a whole number of years, at least 1",
    ),
    # --- the rate must exceed the growth
    Call(
        "wacc below growth",
        "DCF_ENTERPRISE_VALUE",
        (FLOWS, 0.02, 0.03),
        "#NUM!",
        "wacc 2.00% must exceed terminal_growth 3.00%",
    ),
    Call(
        "wacc at growth",
        "DCF_ENTERPRISE_VALUE",
        (FLOWS, 0.03, 0.03),
        "#NUM!",
        "wacc 3.00% must exceed terminal_growth 3.00%",
    ),
    Call(
        "rate below growth",
        "DCF_TERMINAL_VALUE",
        (100.0, 0.02, 0.03),
        "#NUM!",
        "rate 2.00% must exceed growth 3.00%",
    ),
    # --- lengths that do not match
    Call(
        "mismatched lengths",
        "DCF_XNPV",
        (0.1, [[-100.0, 50.0, 60.0]], DAYS),
        "#VALUE!",
        "flows 3 must be as many as dates, 2",
    ),
    Call(
        "mismatched lengths",
        "DCF_FCFF",
        ([[100.0, 120.0]], 0.25, [[20.0, 20.0, 20.0]], 30.0, 5.0),
        "#VALUE!",
        "depreciation of 1 x 3 cells must be 1 x 2, as ebit is",
    ),
    # --- dates
    Call(
        "date as a text that is day first or month first",
        "DCF_XNPV",
        (0.1, DATED, [["2024-01-01", "03/08/2024"]]),
        "#VALUE!",
        "dates cell 2 '03/08/2024' must be a date: a serial number, or ISO text such as 2024-03-08",
    ),
    Call(
        "text for a date",
        "DCF_XNPV",
        (0.1, DATED, [["today", "2024-03-08"]]),
        "#VALUE!",
        "dates cell 1 'today' must be a date: a serial number, or ISO text such as 2024-03-08",
    ),
    Call(
        "a serial before the first",
        "DCF_XNPV",
        (0.1, DATED, [[0.0, 366.0]]),
        "#NUM!",
        "dates cell 1 0 must be a date serial from 61 (1900-03-01) to 2958465 (9999-12-31)",
    ),
    Call(
        "a date before the first",
        "DCF_XNPV",
        (0.1, DATED, [[45658.0, 45292.0]]),
        "#NUM!",
        "dates[1] 2024-01-01 must not be before the first date 2025-01-01",
    ),
    Call(
        "TRUE for a date",
        "DCF_XNPV",
        (0.1, DATED, [[45292.0, True]]),
        "#VALUE!",
        "dates cell 2 TRUE must be a number",
    ),
)

# 115 / 1.1 ^ (366 / 365) - 100: 2024 is a leap year.
WORTH = 115.0 / 1.1 ** (366.0 / 365.0) - 100.0

GOOD = (
    Call("dates as serial numbers", "DCF_XNPV", (0.1, DATED, DAYS), WORTH),
    Call("dates as ISO text", "DCF_XNPV", (0.1, DATED, [["2024-01-01", "2025-01-01"]]), WORTH),
    Call("date cells", "DCF_XNPV", (0.1, DATED, [[date(2024, 1, 1), date(2025, 1, 1)]]), WORTH),
    Call("a time of day is cut off", "DCF_XNPV", (0.1, DATED, [[45292.75, datetime(2025, 1, 1, 6)]]), WORTH),
    Call("a column of dates beside a row", "DCF_XNPV", (0.1, DATED, [["2024-01-01"], [45658.0]]), WORTH),
    Call("a blank optional argument", "DCF_PRESENT_VALUE", ([[110.0, 121.0]], 0.1, None, None), 200.0),
    Call("an option in capitals", "DCF_PRESENT_VALUE", ([[110.0], [121.0]], 0.1, "END"), 200.0),
    Call("one cell for a row", "DCF_PRESENT_VALUE", (110.0, 0.1), 100.0),
    Call("an omitted optional argument", "DCF_TERMINAL_VALUE", (100.0, 0.1, 0.05), 2100.0),
)


@dataclass(frozen=True)
class LaidOut:
    """Calls in the cells of a sheet: what the cells hold, and in which of them each call stands."""

    cells: dict[str, CellContent]
    places: dict[str, Call]


def laid_out(calls: Iterable[Call], prefix: str = "") -> LaidOut:
    """Each call in column A of a row of its own, its arguments to the right, rows added for tall ranges."""
    cells: dict[str, CellContent] = {}
    places: dict[str, Call] = {}
    row = 1
    for call in calls:
        column, height, references = 2, 1, []
        for argument in call.arguments:
            area = argument if isinstance(argument, list) else [[argument]]
            for down, line in enumerate(area):
                for right, content in enumerate(line):
                    cells[_address(row + down, column + right)] = _content(content)
            last = _address(row + len(area) - 1, column + len(area[0]) - 1)
            first = _address(row, column)
            references.append(first if first == last else f"{first}:{last}")
            column += len(area[0])
            height = max(height, len(area))
        places[f"A{row}"] = call
        cells[f"A{row}"] = f"={prefix}{call.function}({','.join(references)})"
        row += height
    return LaidOut(cells, places)


def _content(content: CellContent) -> CellContent:
    """What is typed into a cell so that it holds this."""
    formulas = {"#DIV/0!": "=1/0", "#N/A": "=NA()", "": '=""'}
    return formulas.get(content, content) if isinstance(content, str) else content


def _address(row: int, column: int) -> str:
    return f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[column - 1]}{row}"
