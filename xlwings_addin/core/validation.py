"""Checks the core's functions share: each returns clean numbers or raises an error naming what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlwings_addin.core.errors import ChoiceError, DomainError, ShapeError

Floats = NDArray[np.float64]


def percent(value: float) -> str:
    """A rate as messages print it."""
    return f"{value:.2%}"


def plain(value: float) -> str:
    """A number as messages print it."""
    return f"{value:g}"


def as_numbers(argument: str, values: ArrayLike) -> Floats:
    """`values` as finite floats."""
    array = _floats(argument, values, "must be a number or an array of numbers")
    require(argument, array, np.isfinite(array), "must be finite")
    return array


def _floats(argument: str, values: ArrayLike, rule: str) -> Floats:
    """`values` as floats; texts that look like numbers are not numbers."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ShapeError(argument, values, rule) from None
    if array.dtype.kind not in "fiub" and array.size:
        raise ShapeError(argument, values, rule)
    return array.astype(np.float64, copy=False)


def flows_of(argument: str, values: ArrayLike, *, item: str = "period") -> Floats:
    """`values` as an array with at least one `item` along the last axis; the caller sees to finiteness."""
    array = _floats(argument, values, "must be an array of numbers")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ShapeError(argument, values, f"must have at least one {item} along its last axis")
    return array


def years_of(argument: str, values: ArrayLike) -> Floats:
    """`values` as an array with at least one year along the first axis; the caller sees to finiteness."""
    array = _floats(argument, values, "must be an array of numbers")
    if array.ndim == 0 or array.shape[0] == 0:
        raise ShapeError(argument, values, "must have at least one period along its first axis")
    return array


def scenarios_of(argument: str, years: Floats, others: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of the scenarios behind the years of an argument, and of other arguments by their names.

    Raises `ShapeError` where they do not fit, and says so where the years run along the last axis.
    """
    try:
        return common_shape({f"one year of {argument}": years.shape[1:], **others})
    except ShapeError:
        if _fit(years.shape[:-1], others) and any(length > 1 for length in years.shape[:-1]):
            turned = (years.shape[-1], *years.shape[:-1])
            rule = f"must have the year along the first axis, as {turned}"
            raise ShapeError(argument, years.shape, rule, display=f"of shape {years.shape}") from None
        raise


def _fit(shape: tuple[int, ...], others: dict[str, tuple[int, ...]]) -> bool:
    """Whether a shape broadcasts with others."""
    try:
        np.broadcast_shapes(shape, *others.values())
    except ValueError:
        return False
    return True


def behind_years(array: Floats, dimensions: int) -> Floats:
    """Years, or what has none, seen with room for so many dimensions of scenarios behind the years."""
    return array.reshape(len(array), *(1,) * (dimensions - array.ndim + 1), *array.shape[1:])


def require(
    argument: str,
    array: Floats,
    holds: NDArray[np.bool_] | bool,
    rule: str | Callable[[tuple[int, ...]], str],
    *,
    show: Callable[[float], str] = plain,
) -> None:
    """Raise `DomainError` for the first value for which `holds` is false, with its index in an array.

    A rule that depends on the value is a function of the index.
    """
    if np.asarray(holds).all():
        return
    shape = np.broadcast_shapes(array.shape, np.shape(holds))
    bad = np.broadcast_to(~np.asarray(holds), shape)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), shape))
    value = float(np.broadcast_to(array, shape)[index])
    text = rule(index) if callable(rule) else rule
    place = f"{argument}[{', '.join(map(str, index))}]" if index else argument
    raise DomainError(place, value, text, display=show(value))


def as_rates(argument: str, values: ArrayLike) -> Floats:
    """`values` as rates above -100%, at which nothing is left to discount or to grow."""
    array = _floats(argument, values, "must be a number or an array of numbers")
    if array.size and array.min() > -1 and array.max() < np.inf:  # two quick passes; NaN fails the first
        return array
    as_numbers(argument, array)
    require(argument, array, array > -1, f"must be above {percent(-1)}", show=percent)
    return array


def fractions(argument: str, values: ArrayLike) -> Floats:
    """`values` as shares from 0 to 1."""
    array = as_numbers(argument, values)
    require(argument, array, (array >= 0) & (array <= 1), "must be from 0.00% to 100.00%", show=percent)
    return array


def positive(argument: str, values: ArrayLike, *, show: Callable[[float], str] = plain) -> Floats:
    """`values` as numbers above zero."""
    array = as_numbers(argument, values)
    require(argument, array, array > 0, f"must be above {show(0.0)}", show=show)
    return array


def not_negative(argument: str, values: ArrayLike) -> Floats:
    """`values` as numbers that are zero or more."""
    array = as_numbers(argument, values)
    require(argument, array, array >= 0, "must not be negative")
    return array


def require_exceeds(
    argument: str, array: Floats, other: str, bound: Floats, *, show: Callable[[float], str] = percent
) -> None:
    """Raise where one argument, a rate unless `show` says otherwise, does not exceed another, naming both."""
    shape = np.broadcast_shapes(array.shape, bound.shape)

    def rule(index: tuple[int, ...]) -> str:
        return f"must exceed {other} {show(float(np.broadcast_to(bound, shape)[index]))}"

    require(argument, array, array > bound, rule, show=show)


def choice(argument: str, value: object, options: tuple[str, ...]) -> str:
    """`value`, if it is one of the options."""
    if not isinstance(value, str) or value not in options:
        raise ChoiceError(argument, value, f"must be one of {', '.join(options)}")
    return value


def one_number(argument: str, value: object) -> float:
    """`value` as one finite number above zero."""
    array = positive(argument, cast(ArrayLike, value))
    if array.ndim:
        raise ShapeError(argument, value, "must be one number")
    return float(array)


def year_count(argument: str, value: object) -> int:
    """`value` as a whole number of years, one or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise DomainError(argument, value, "must be a whole number of years, at least 1")
    return int(value)


def broadcastable(**arrays: Floats) -> tuple[int, ...]:
    """The common shape of arguments, or a `ShapeError` for the first that fits none before it."""
    return common_shape({name: array.shape for name, array in arrays.items()})


def common_shape(shapes: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """As `broadcastable`, for shapes by the name a message gives them."""
    common: tuple[int, ...] = ()
    if not any(shapes.values()):
        return common
    seen: list[str] = []
    for argument, shape in shapes.items():
        try:
            common = np.broadcast_shapes(common, shape)
        except ValueError:
            rule = f"does not fit the shape {common} of {', '.join(seen)}"
            raise ShapeError(argument, shape, rule, display=f"of shape {shape}") from None
        if shape:
            seen.append(argument)
    return common


def result(values: Any) -> Any:
    """A plain float for a scalar result, the array otherwise."""
    return float(values) if np.ndim(values) == 0 else values
