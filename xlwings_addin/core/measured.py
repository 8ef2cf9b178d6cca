"""Numbers that carry their unit through a calculation, so that a line of code can be asked what it measures.

A `Measured` is an array with a unit. Sums, comparisons, the larger and the smaller of two need one unit on
both sides; products and ratios multiply and divide units; powers, exponentials and logarithms need plain
numbers. A number without a unit is plain; nothing but zeros, or infinity, fits any unit.

>>> revenue = measured(100.0, "CNY m")
>>> str((revenue / measured(2.0, "m vehicles")).unit)
'CNY per unit'
>>> revenue + measured(1.0, "USD m")
Traceback (most recent call last):
    ...
xlwings_addin.core.measured.UnitError: add CNY m and USD m must be of one unit
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.core.units import PLAIN_NUMBER, Unit, parse

SAME = frozenset(
    (
        *(np.add, np.subtract, np.maximum, np.minimum),
        *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    )
)
COMPARISONS = frozenset((np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal))
OF_PLAIN = frozenset((np.power, np.sqrt, np.exp, np.expm1, np.log, np.log2, np.log1p, np.floor, np.ceil))
UNCHANGED = frozenset((np.negative, np.absolute, np.positive))
LOGICAL = frozenset((np.logical_and, np.logical_or, np.logical_not, np.isfinite, np.isnan, np.sign))


class UnitError(ValuationError):
    """Figures of different units where one is needed."""


class Measured(np.ndarray[Any, np.dtype[Any]]):
    """An array with a unit; one that is not set yet takes that of the first figures written to it."""

    unit: Unit | None

    def __array_finalize__(self, source: Any) -> None:
        self.unit = getattr(source, "unit", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        unit = _unit_of_ufunc(ufunc, method, inputs)
        out = options.pop("out", ())
        if out:
            options["out"] = tuple(map(_bare, out))
        values = getattr(ufunc, method)(*map(_bare, inputs), **options)
        if out:
            target = out[0]
            if isinstance(target, Measured):
                target.unit = unit
                return target
        return _wrapped(values, unit)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        name = function.__name__
        if name in ("empty", "zeros", "ones", "full"):
            options = {key: value for key, value in options.items() if key != "like"}
            return _wrapped(function(*inputs, **options), None)
        if name == "where":
            return _wrapped(np.where(*map(_bare, inputs)), _common("where", inputs[1:]))
        if name in ("concatenate", "stack"):
            parts = list(inputs[0])
            values = function([_bare(part) for part in parts], *inputs[1:], **options)
            return _wrapped(values, _common(name, parts))
        if name in ("any", "all", "argmax", "shape", "ndim", "size", "isscalar", "broadcast_shapes"):
            return function(*map(_bare, inputs), **options)
        if name in ("broadcast_to", "reshape", "ravel", "atleast_1d", "asarray", "copy"):
            return _wrapped(function(_bare(inputs[0]), *inputs[1:], **options), inputs[0].unit)
        raise UnitError(name, name, "has no rule of units", display="")

    def __setitem__(self, index: Any, value: Any) -> None:
        unit = unit_of(value)
        if self.unit is None:
            self.unit = unit
        elif unit is not None:
            _common("written to a path", (self, value))
        super().__setitem__(index, _bare(value))


def measured(values: ArrayLike, unit: str | Unit) -> Measured:
    """Figures in a unit."""
    return _wrapped(np.asarray(values, dtype=np.float64), parse(unit) if isinstance(unit, str) else unit)


def unit_of(value: Any) -> Unit | None:
    """The unit of a figure: none of zeros and infinities, which fit any, no dimension of a plain number."""
    if isinstance(value, Measured):
        return value.unit
    values = np.asarray(value, dtype=np.float64)
    return None if ((values == 0) | ~np.isfinite(values)).all() else PLAIN_NUMBER


def _wrapped(values: Any, unit: Unit | None) -> Measured:
    wrapped = np.asarray(values).view(Measured)
    wrapped.unit = unit
    return wrapped


def _bare(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Measured) else value


def _common(what: str, values: Iterable[Any]) -> Unit | None:
    """The one unit of figures, None where all fit any."""
    units = [unit for unit in map(unit_of, values) if unit is not None]
    if len(set(units)) > 1:
        raise UnitError(
            what, units, "must be of one unit", display=" and ".join(map(str, dict.fromkeys(units)))
        )
    return units[0] if units else None


def _unit_of_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...]) -> Unit | None:
    name = ufunc.__name__
    if ufunc in SAME:
        unit = _common(name, inputs)
        return PLAIN_NUMBER if ufunc in COMPARISONS else unit
    if ufunc in UNCHANGED:
        return unit_of(inputs[0])
    if ufunc in LOGICAL:
        return PLAIN_NUMBER
    if ufunc in OF_PLAIN or method != "__call__":
        for value in inputs:
            if unit := unit_of(value):
                raise UnitError(name, unit, "must be of plain numbers", display=f"of {unit}")
        return PLAIN_NUMBER
    if ufunc in (np.multiply, np.true_divide):
        one, other = (unit_of(value) for value in inputs)
        if one is None or (other is None and ufunc is np.multiply):
            return None  # nothing times anything is nothing, in any unit
        if other is None:
            return one
        return one * other if ufunc is np.multiply else one / other
    raise UnitError(name, name, "has no rule of units", display="")
