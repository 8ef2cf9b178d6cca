"""Pictures on axes of matplotlib, in the units of their figures, to be changed like any other axes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import InputError
from xlwings_addin.pictures.bars import Bars, Mark
from xlwings_addin.pictures.columns import Columns
from xlwings_addin.pictures.curves import Curves
from xlwings_addin.pictures.palette import GRID, PAINTS, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABEL_CHARACTERS = 28
MARK = "mark"
"""What texts above the axes are called, so that the title keeps clear of them."""


def plot_bars(picture: Bars, axes: Axes | None = None) -> Axes:
    """Football field, waterfall or tornado."""
    axes = _axes(axes, 1.4 + 0.36 * len(picture.rows))
    low, high = picture.axis
    gap = 0.012 * (high - low or 1.0)
    for place, row in enumerate(picture.rows):
        for bar in row.bars:
            paint = PAINTS[bar.role]
            axes.barh(
                place,
                bar.end - bar.start,
                left=bar.start,
                height=0.62,
                color=f"#{paint.fill}",
                edgecolor=f"#{paint.edge}",
                linestyle="--" if bar.role == "gap" else "-",
            )
        if row.middle is not None:
            axes.plot([row.middle, row.middle], [place - 0.31, place + 0.31], color="white", linewidth=2)
        if row.before:
            axes.text(row.low - gap, place, row.before, va="center", ha="right", parse_math=False)
        if row.after:
            axes.text(row.high + gap, place, row.after, va="center", ha="left", parse_math=False)
    if picture.joined:
        for place, row in enumerate(picture.rows[:-1]):
            end = row.bars[-1].end
            axes.plot([end, end], [place, place + 1], color=f"#{QUIET}", linewidth=0.8, zorder=0)
    labels = [textwrap.fill(row.label, LABEL_CHARACTERS) for row in picture.rows]
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    before = 0.14 if any(row.before for row in picture.rows) else 0.01
    axes.set_xlim(low - before * (high - low), high + 0.14 * (high - low))
    axes.grid(axis="x", color=f"#{GRID}", linewidth=0.6)
    axes.set_axisbelow(True)
    _marks(axes, picture.marks)
    return _finished(axes, picture.title, picture.unit)


def plot_curves(picture: Curves, axes: Axes | None = None) -> Axes:
    """The ramp."""
    axes = _axes(axes, 3.6)
    for curve in picture.curves:
        axes.plot(
            curve.years,
            curve.values,
            color=f"#{PAINTS[curve.role].edge}",
            linestyle="--" if curve.dashed else "-",
            marker="o" if curve.dots else None,
            label=curve.label,
        )
    axes.grid(axis="y", color=f"#{GRID}", linewidth=0.6)
    if all(value >= 0 for curve in picture.curves for value in curve.values):
        axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.set_ylabel(picture.unit, parse_math=False)
    return _finished(axes, picture.title, "")


def plot_columns(picture: Columns, axes: Axes | None = None) -> Axes:
    """The distribution."""
    axes = _axes(axes, 3.2)
    axes.stairs(picture.shares, picture.edges, fill=True, color=f"#{PAINTS['range'].fill}")
    axes.set_yticks([])
    _marks(axes, picture.marks)
    return _finished(axes, picture.title, picture.unit)


def _marks(axes: Axes, marks: tuple[Mark, ...]) -> None:
    for number, mark in enumerate(marks):
        edge = f"#{PAINTS[mark.role].edge}"
        axes.axvline(mark.value, color=edge, linestyle="--" if mark.role == "value" else "-")
        axes.annotate(
            mark.label,
            (mark.value, 1.0),
            (0, 3 + 13 * (len(marks) - 1 - number)),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            color=edge,
            gid=MARK,
        )


def _axes(axes: Axes | None, height: float) -> Axes:
    """The axes to draw on: those there are, or new ones of pyplot, which notebooks show."""
    if axes is not None:
        return axes
    try:
        from matplotlib import pyplot
    except ImportError:
        rule = "is not installed: pip install 'xiaomi-model[plots]'"
        raise InputError("plot", "matplotlib", rule, display="matplotlib") from None
    _, made = pyplot.subplots(figsize=(8.0, height), layout="constrained")
    return made


def _finished(axes: Axes, title: str, unit: str) -> Axes:
    axes.spines[["top", "right", "left"]].set_visible(False)
    marks = sum(1 for text in axes.texts if text.get_gid() == MARK)
    axes.set_title(title, loc="left", pad=18 + 13 * marks, parse_math=False)
    if unit:
        axes.set_xlabel(unit, parse_math=False)
    return axes
