"""Bars along one axis, one row below the other: football field, waterfall and tornado."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Any

from xlwings_addin.core.errors import DomainError
from xlwings_addin.pictures.palette import Role

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Bar:
    """One bar from `start` to `end`; a total runs from zero."""

    start: float
    end: float
    role: Role = "range"


@dataclass(frozen=True)
class Row:
    """A labelled row: its bars, and the texts before the first and after the last of them."""

    label: str
    bars: tuple[Bar, ...]
    before: str = ""
    after: str = ""
    middle: float | None = None

    @property
    def low(self) -> float:
        """Where the row's bars begin on the axis."""
        return min(min(bar.start, bar.end) for bar in self.bars)

    @property
    def high(self) -> float:
        """Where they end."""
        return max(max(bar.start, bar.end) for bar in self.bars)


@dataclass(frozen=True)
class Mark:
    """A line across all rows at one value, with its text."""

    value: float
    label: str
    role: Role


@dataclass(frozen=True)
class Bars:
    """Rows of bars over one axis. `description` says in words what the picture says."""

    key: str
    title: str
    unit: str
    description: str
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...] = ()
    joined: bool = False
    axis: tuple[float, float] = field(default=(0.0, 1.0))

    def svg(self) -> str:
        """The picture as SVG, for a page or a file: the same bytes each time."""
        from xlwings_addin.pictures.svg import bars_svg

        return bars_svg(self)

    def plot(self, axes: Axes | None = None) -> Axes:
        """The picture on axes of matplotlib, new ones by default (extra `plots`)."""
        from xlwings_addin.pictures.axes import plot_bars

        return plot_bars(self, axes)

    def to_frame(self) -> pd.DataFrame:
        """One row for each bar: label, start, end and what it stands for."""
        import pandas as pd

        rows: list[dict[str, Any]] = [
            {"label": row.label, "start": bar.start, "end": bar.end, "role": bar.role}
            for row in self.rows
            for bar in row.bars
        ]
        return pd.DataFrame(rows, columns=["label", "start", "end", "role"])


def football_field(
    ranges: Iterable[tuple[str, float, float | None, float]],
    *,
    unit: str,
    marks: Sequence[Mark] = (),
    title: str = "What a share is worth, by method",
    others: Iterable[str] = (),
) -> Bars:
    """Ranges of value below each other: (label, low, middle, high), the middle optional.

    Labels in `others` are drawn in grey: other people's figures. Raises `DomainError` for a range that runs
    backwards or is not finite, and for no range.

    >>> football_field([("Cases", 20.0, 31.0, 46.0)], unit="HKD a share").rows[0].before
    '20.0'
    """
    grey, rows = frozenset(others), []
    for label, low, middle, high in ranges:
        points = (low, high) if middle is None else (low, middle, high)
        if not all(map(isfinite, points)) or list(points) != sorted(points):
            raise DomainError(f"range of {label}", points, "must be finite and run from low to high")
        bar = Bar(low, high, "other" if label in grey else "range")
        rows.append(Row(label, (bar,), f"{low:.1f}", f"{high:.1f}", middle))
    if not rows:
        raise DomainError("ranges", 0, "must be at least one")
    said = "; ".join(f"{row.label} {row.before} to {row.after}" for row in rows)
    levels = [row.low for row in rows] + [row.high for row in rows] + [mark.value for mark in marks]
    return Bars(
        "football_field",
        title,
        unit,
        _described(title, unit, said, marks),
        tuple(rows),
        tuple(marks),
        axis=(min(levels), max(levels)),
    )


def waterfall(
    start: Sequence[tuple[str, float]],
    total: str,
    *,
    unit: str,
    target: tuple[str, float] | None = None,
    title: str = "From the parts to the value",
) -> Bars:
    """Parts that add up to a total, and on request the gap from it to a target, such as the price.

        end of a part = sum of the parts up to it

    Raises `DomainError` for a part that is not finite, and for no part.

    >>> parts = [("Devices", 19.2), ("Vehicles", 5.3)]
    >>> picture = waterfall(parts, "Value", unit="HKD", target=("Price", 30.0))
    >>> [row.after for row in picture.rows]
    ['+19.20', '+5.30', '24.50', '+5.50', '30.00']
    """
    rows: list[Row] = []
    level = 0.0
    for label, part in start:
        if not isfinite(part):
            raise DomainError(f"part {label}", part, "must be a finite number")
        rows.append(
            Row(label, (Bar(level, level + part, "rise" if part >= 0 else "fall"),), "", f"{part:+.2f}")
        )
        level += part
    if not rows:
        raise DomainError("parts", 0, "must be at least one")
    rows.append(Row(total, (Bar(0.0, level, "total"),), "", f"{level:.2f}"))
    if target is not None:
        label, value = target
        gap = value - level
        rows.append(Row(f"Gap to {label.lower()}", (Bar(level, value, "gap"),), "", f"{gap:+.2f}"))
        rows.append(Row(label, (Bar(0.0, value, "price"),), "", f"{value:.2f}"))
    said = "; ".join(f"{row.label} {row.after}" for row in rows)
    levels = [row.low for row in rows] + [row.high for row in rows]
    return Bars(
        "waterfall",
        title,
        unit,
        _described(title, unit, said, ()),
        tuple(rows),
        joined=True,
        axis=(min(0.0, *levels), max(levels)),
    )


def tornado(
    swings: Iterable[tuple[str, float, float]],
    centre: float,
    *,
    unit: str,
    title: str = "What moves the value: inputs from low to high",
) -> Bars:
    """What a value becomes with one input at its low and at its high end: (label, at low, at high).

    What lies below the centre is drawn as a fall. Raises `DomainError` for what is not finite, and no swing.

    >>> tornado([("Tax rate", 31.5, 28.5)], 31.5, unit="HKD").rows[0].bars
    (Bar(start=28.5, end=31.5, role='fall'), Bar(start=31.5, end=31.5, role='rise'))
    """
    rows = []
    for label, at_low, at_high in swings:
        if not all(map(isfinite, (at_low, at_high, centre))):
            raise DomainError(f"swing of {label}", (at_low, at_high), "must be finite")
        low, high = min(at_low, at_high, centre), max(at_low, at_high, centre)
        bars = (Bar(low, centre, "fall"), Bar(centre, high, "rise"))
        rows.append(Row(label, bars, f"{low:.1f}", f"{high:.1f}"))
    if not rows:
        raise DomainError("swings", 0, "must be at least one")
    mark = Mark(centre, f"value {centre:.2f}", "value")
    said = "; ".join(f"{row.label} {row.before} to {row.after}" for row in rows)
    levels = [row.low for row in rows] + [row.high for row in rows]
    return Bars(
        "tornado",
        title,
        unit,
        _described(title, unit, said, (mark,)),
        tuple(rows),
        (mark,),
        axis=(min(levels), max(levels)),
    )


def _described(title: str, unit: str, said: str, marks: Sequence[Mark]) -> str:
    across = f". Marked: {', '.join(mark.label for mark in marks)}" if marks else ""
    return f"{title}, {unit}: {said}{across}."


def wrapped(label: str, width: int) -> list[str]:
    """A label in lines of at most `width` characters."""
    return textwrap.wrap(label, width) or [""]


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values from `low` to `high`, at most `most` and at least two of them where they differ.

    >>> ticks(19.8, 46.1), ticks(0.0, 1.6)
    ([20.0, 30.0, 40.0], [0.0, 0.5, 1.0, 1.5])
    """
    span = high - low
    if not span > 0:
        return [low]
    step = 10.0 ** floor(log10(span / most))
    for times in (1.0, 2.0, 5.0, 10.0):
        if floor(high / (step * times)) - ceil(low / (step * times)) + 1 <= most:
            step *= times
            break
    first, last = ceil(low / step), floor(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]
