"""What cells of Excel hold, as rows: through COM on Windows, through AppleScript on a Mac.

On a Mac a range has no Value2. `value` gives days as dates and nothing for an error; an error is told by the
text that its cell shows. xlwings' own conversion with `err_to_str` fails there for more than one row.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from xlwings_addin.functions.cell_errors import NUMBERS, error_text
from xlwings_addin.hosts.rectangles import Rows
from xlwings_addin.xlsx.agreement import plain

if TYPE_CHECKING:
    import xlwings as xw


def stored_values(area: xw.Range) -> Rows:
    """Values as they are stored: a date as its serial number, an error as its text."""
    if hasattr(area.api, "Value2"):
        return [[error_text(value) for value in row] for row in _rows(area, area.api.Value2)]
    values = [[_from_applescript(value) for value in row] for row in _rows(area, area.raw_value)]
    if all(value is not None for row in values for value in row):
        return values
    displayed = _rows(area, area.api.string_value.get())
    return [
        [text if value is None and text in NUMBERS else value for value, text in zip(*pair, strict=True)]
        for pair in zip(values, displayed, strict=True)
    ]


def formulas(area: xw.Range) -> Rows:
    """Formulas with their equals signs, and the texts of what is typed."""
    return _rows(area, area.formula)


def _rows(area: xw.Range, values: Any) -> Rows:
    """Rows of cells, whether a program gives rows, the only row, or the value alone for a single cell."""
    if not isinstance(values, tuple | list):
        return [[values]]
    if isinstance(values[0], tuple | list):
        return [list(row) for row in values]
    return [list(values)] if area.shape[0] == 1 else [[value] for value in values]


def _from_applescript(value: Any) -> Any:
    """A value as it is stored; None for a blank, and for what appscript gives in place of an error."""
    if isinstance(value, bool | str):
        return value if value != "" else None
    return plain(value) if isinstance(value, int | float | datetime) else None
