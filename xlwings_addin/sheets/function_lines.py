"""Lines of the sheet Functions: a native result, the same through a function, and the difference."""

from __future__ import annotations

import re

from xlwings_addin.sheets.spec import Entry, Line, Value

_FUNCTION = re.compile(r"[A-Z]+(?:_[A-Z]+)+(?=\()")
MISSING, NO_ADD_IN = "n/a", "no add-in"
"""What stands beside a function cell that has no number, and beside one that no add-in answers for."""
TIMING = "{inputs.timing},{capital.stream_first_period}"


def function_line(key: str, label: str, unit: str, *, native: str, function: str, value: Value) -> Line:
    """A native result, the same through a function, and the difference, which must be nothing."""
    return Line(
        key,
        label,
        unit,
        {
            "native": Entry(value, native),
            "function": Entry(value, function),
            "difference": Entry(
                lambda r: 0.0,
                f"IF(ISNUMBER({{{key}:function}}),"
                f"({{{key}:function}}-{{{key}:native}})/IF({{{key}:native}}=0,1,{{{key}:native}}),"
                f'"{MISSING}")',
                unit="difference",
            ),
            "status": Entry(
                lambda r: "OK",
                f'IF(ISNUMBER({{{key}:function}}),"OK",'
                f'IF(ERROR.TYPE({{{key}:function}})={{unknown_function:native}},"{NO_ADD_IN}","FAIL"))',
                unit="status",
            ),
        },
        note=_FUNCTION.findall(function)[0],
    )


def flow_of(sheet: str, position: str) -> str:
    """A flow of a sheet that counts, by its position: 0 is the base year's."""
    return f"INDEX({{{sheet}.counted_fcff[0:]}},1,1+{position})"


def flows_to_horizon(sheet: str) -> str:
    """The flows that count, from the base year on where some of it is left."""
    return f"{flow_of(sheet, '{capital.stream_offset}')}:{flow_of(sheet, f'{{{sheet}.horizon}}')}"


def where(condition: str, function: str, otherwise: str = "0") -> str:
    """A function where a condition holds."""
    return f"IF({condition},{function},{otherwise})"
