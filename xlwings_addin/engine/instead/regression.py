"""Straight and exponential lines through data: LINEST, LOGEST, TREND, GROWTH.

`const` left out or TRUE means that the line has a constant. Least squares by numpy, on
centred data where there is a constant.

Source: Microsoft, LINEST (with the table of the statistics it returns), LOGEST, TREND and GROWTH.
"""

from __future__ import annotations

import math
from typing import Any, Final

from xlwings_addin.engine.instead.values import CellError, as_rows, function, logical

__all__ = ["FUNCTIONS"]


def _matrix(value: object) -> Any:
    import numpy as np

    rows = as_rows(value)
    for row in rows:
        for cell in row:
            if not isinstance(cell, (int, float)) or isinstance(cell, bool):
                raise CellError("#VALUE!")
    return np.array([[float(cell) for cell in row] for row in rows])


def _data(known_y: object, known_x: object) -> tuple[Any, Any, bool]:
    """The observations, their variables by columns, and whether the observations stand in one row."""
    import numpy as np

    y = _matrix(known_y)
    in_row = y.shape[0] == 1 and y.shape[1] > 1
    count = y.size
    x = np.arange(1.0, count + 1).reshape(y.shape) if known_x is None else _matrix(known_x)
    if x.shape == y.shape:
        columns = x.reshape(-1, 1)
    elif in_row and x.shape[1] == count:
        columns = x.T
    elif y.shape[1] == 1 and x.shape[0] == count:
        columns = x
    else:
        raise CellError("#REF!")
    return y.reshape(-1), columns, in_row


def _fit(y: Any, columns: Any, constant: bool) -> tuple[Any, float]:
    """Slopes and intercept."""
    import numpy as np

    centre_x = columns.mean(axis=0) if constant else np.zeros(columns.shape[1])
    centre_y = y.mean() if constant else 0.0
    slopes, _, rank, _ = np.linalg.lstsq(columns - centre_x, y - centre_y, rcond=None)
    if rank < columns.shape[1]:
        raise CellError("#NUM!")
    return slopes, float(centre_y - centre_x @ slopes) if constant else 0.0


def _is_true(value: object, missing: bool) -> bool:
    return missing if value is None else logical(value)


def _statistics(y: Any, columns: Any, slopes: Any, intercept: float, constant: bool) -> list[list[object]]:
    import numpy as np

    count, variables = columns.shape
    freedom = count - variables - (1 if constant else 0)
    residuals = y - columns @ slopes - intercept
    residual = float(residuals @ residuals)
    total = float(((y - y.mean()) ** 2).sum()) if constant else float(y @ y)
    explained = total - residual
    design = np.column_stack([columns, np.ones(count)]) if constant else columns
    inverse = np.linalg.inv(design.T @ design)
    error = math.sqrt(residual / freedom) if freedom > 0 else 0.0
    deviations = error * np.sqrt(np.diag(inverse))
    own = [*reversed(deviations[:variables]), deviations[variables] if constant else "#N/A"]
    blank: list[object] = ["#N/A"] * (variables - 1)
    ratio: object = "#NUM!" if residual == 0 or freedom <= 0 else explained / variables / (residual / freedom)
    return [
        [float(item) if not isinstance(item, str) else item for item in own],
        [explained / total if total else 1.0, error, *blank],
        [ratio, float(freedom), *blank],
        [explained, residual, *blank],
    ]


def _estimate(known_y: object, known_x: object, const: object, stats: object, *, exponential: bool) -> object:
    import numpy as np

    y, columns, _ = _data(known_y, known_x)
    if exponential:
        if (y <= 0).any():
            raise CellError("#NUM!")
        y = np.log(y)
    constant = _is_true(const, True)
    slopes, intercept = _fit(y, columns, constant)
    line = [*(float(slope) for slope in reversed(slopes)), intercept]
    first: list[object] = [math.exp(value) for value in line] if exponential else list(line)
    if not _is_true(stats, False):
        return [first]
    return [first, *_statistics(y, columns, slopes, intercept, constant)]


@function
def linest(known_y: object, known_x: object = None, const: object = None, stats: object = None) -> object:
    return _estimate(known_y, known_x, const, stats, exponential=False)


@function
def logest(known_y: object, known_x: object = None, const: object = None, stats: object = None) -> object:
    return _estimate(known_y, known_x, const, stats, exponential=True)


def _along(known_y: object, known_x: object, new_x: object, const: object, *, exponential: bool) -> object:
    import numpy as np

    y, columns, in_row = _data(known_y, known_x)
    if exponential:
        if (y <= 0).any():
            raise CellError("#NUM!")
        y = np.log(y)
    slopes, intercept = _fit(y, columns, _is_true(const, True))
    if new_x is None:
        target, shape = columns, _matrix(known_y).shape
    else:
        new = _matrix(new_x)
        if columns.shape[1] == 1:
            target, shape = new.reshape(-1, 1), new.shape
        else:
            target = new.T if in_row else new
            shape = (1, target.shape[0]) if in_row else (target.shape[0], 1)
    if target.shape[1] != columns.shape[1]:
        raise CellError("#REF!")
    values = target @ slopes + intercept
    return (np.exp(values) if exponential else values).reshape(shape).tolist()


@function
def trend(known_y: object, known_x: object = None, new_x: object = None, const: object = None) -> object:
    return _along(known_y, known_x, new_x, const, exponential=False)


@function
def growth(known_y: object, known_x: object = None, new_x: object = None, const: object = None) -> object:
    return _along(known_y, known_x, new_x, const, exponential=True)


FUNCTIONS: Final = {"LINEST": linest, "LOGEST": logest, "TREND": trend, "GROWTH": growth}
