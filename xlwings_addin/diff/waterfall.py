"""The value bridge as a picture: from one value per share to another, a bar for every driver."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xlwings_addin.analytics.bridge import Bridge
from xlwings_addin.core.errors import BookError
from xlwings_addin.layout.styles import NAVY
from xlwings_addin.xlsx.package import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = 14
"""Drivers with a bar of their own, the largest; the others share one."""
RISE, FALL, TOTAL = "2F6FAB", "C55A11", NAVY
"""Blue and orange: told apart also by those who cannot tell red from green."""
LABEL_WIDTH = 44
"""Characters in a line of a label."""
FORMATS = {".png": "png", ".svg": "svg"}
CUT_BELOW = 0.25
"""The axis leaves out zero where all bars lie within this share of the largest value from its end."""

StepKind = Literal["total", "rise", "fall"]


@dataclass(frozen=True)
class Step:
    """One bar: where it starts and ends, HKD a share, and whether it is a total, a rise or a fall.

    A total runs from zero; a driver's bar from where the one before ended. `error` is the standard error of
    an estimated part.
    """

    label: str
    start: float
    end: float
    kind: StepKind
    error: float = 0.0


def waterfall(bridge: Bridge, *, most: int = MOST_BARS) -> tuple[Step, ...]:
    """The bars from the value before to the value after: first it, then the drivers, then the value after.

        end of a driver's bar = value before + parts of the drivers up to it

    Drivers without effect have no bar. Beyond `most` the smallest share one; its standard error is that of
    their parts added, were they independent: sqrt(sum of error^2). The last driver ends at the value after
    up to rounding.

    >>> from xlwings_addin.analytics.bridge import Driver
    >>> parts = (Driver("Deliveries", (), 3.0), Driver("Tax rate", (), -1.0))
    >>> [(step.label, step.start, step.end) for step in waterfall(Bridge("a", "b", 10.0, 12.0, parts, 0, 4))]
    [('Before: a', 0.0, 10.0), ('Deliveries', 10.0, 13.0), ('Tax rate', 13.0, 12.0), ('After: b', 0.0, 12.0)]
    """
    moving = [(driver.label, driver.part, driver.error) for driver in bridge.drivers if driver.part]
    if len(moving) > most:
        rest = moving[most - 1 :]
        error = fsum(error**2 for _, _, error in rest) ** 0.5
        others = (f"{len(rest)} smaller changes", fsum(part for _, part, _ in rest), error)
        moving = [*moving[: most - 1], others]
    steps = [Step(f"Before: {bridge.before_case}", 0.0, bridge.before, "total")]
    for number, (label, part, error) in enumerate(moving, 1):
        start, end = (
            fsum([bridge.before, *(part for _, part, _ in moving[:count])]) for count in (number - 1, number)
        )
        steps.append(Step(label, start, end, "rise" if part > 0 else "fall", error))
    return (*steps, Step(f"After: {bridge.after_case}", 0.0, bridge.after, "total"))


def draw_waterfall(bridge: Bridge, path: Path | str) -> None:
    """Write the bridge as a picture, PNG or SVG by the suffix of `path`; the file is written whole or not.

    Bars run along an axis of HKD a share, one below the other. The axis does not begin at zero, and says so,
    where the changes would be too small to see. One bridge gives one SVG, byte for byte, with one version of
    matplotlib.

    Raises `BookError` for another suffix, where matplotlib is not installed, and for a file that cannot be
    written.
    """
    file_format = FORMATS.get(Path(path).suffix.lower())
    if file_format is None:
        raise BookError("file", str(path), f"must be named {' or '.join(FORMATS)}", display=str(path))
    try:
        import matplotlib
    except ImportError:
        rule = "needs the package matplotlib, which is not installed"
        raise BookError("picture", str(path), rule, display=str(path)) from None
    buffer = io.BytesIO()
    with matplotlib.rc_context(_SETTINGS):
        # A date in the file would make every drawing another one.
        metadata: dict[str, Any] = {"Date": None} if file_format == "svg" else {"Software": None}
        _figure(waterfall(bridge)).savefig(buffer, format=file_format, metadata=metadata)
    save(path, buffer.getvalue())


_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "value bridge",
}


def _figure(steps: Sequence[Step]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = [textwrap.fill(step.label, LABEL_WIDTH, max_lines=3, placeholder=" ...") for step in steps]
    height = 1.2 + sum(0.22 + 0.19 * (1 + label.count("\n")) for label in labels)
    figure = Figure(figsize=(9.5, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    low, high = axis_range(steps)
    colours = {"rise": f"#{RISE}", "fall": f"#{FALL}", "total": f"#{TOTAL}"}
    middles = _middles(labels)
    for middle, step in zip(middles, steps, strict=True):
        start = max(step.start, low) if step.kind == "total" else step.start
        axes.barh(middle, step.end - start, left=start, height=0.62, color=colours[step.kind])
        end = max(step.start, step.end)
        axes.text(end + 0.012 * (high - low), middle, step_label(step), va="center", parse_math=False)
    for one, other, step in zip(middles, middles[1:], steps, strict=False):
        axes.plot([step.end, step.end], [one, other], color="#A6A6A6", linewidth=0.8, zorder=0)
    axes.set_yticks(middles, labels, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(middles[-1] + 0.8, middles[0] - 0.8)
    axes.set_xlim(low - (0.03 * (high - low) if low < 0 else 0.0), high + 0.16 * (high - low))
    axes.set_xlabel("HKD a share" + (" (the axis does not begin at zero)" if low > 0 or high < 0 else ""))
    axes.spines[["top", "right", "left"]].set_visible(False)
    if low < 0 < high:
        axes.axvline(0.0, color="#222222", linewidth=0.8)
    return figure


def _middles(labels: Sequence[str]) -> list[float]:
    """Where the bars stand, one below the other; a label of several lines has more room."""
    middles, bottom = [], 0.0
    for label in labels:
        room = 0.6 + 0.4 * (1 + label.count("\n"))
        middles.append(bottom + room / 2)
        bottom += room
    return middles


def step_label(step: Step) -> str:
    """What a bar stands for, in figures: a total, or a signed change with its standard error."""
    if step.kind == "total":
        return f"{step.end:.2f}"
    return f"{step.end - step.start:+.2f}" + (f" ± {step.error:.2f}" if step.error >= 0.005 else "")


def axis_range(steps: Sequence[Step]) -> tuple[float, float]:
    """The ends of the axis: zero is one of them, unless all levels are close together far from it."""
    levels = [step.end for step in steps]
    least, most = min(levels), max(levels)
    spread = most - least
    if spread and least > 0 and spread < CUT_BELOW * most:
        return max(least - spread, 0.0), most
    low, high = min(least, 0.0), max(most, 0.0)
    return (low, high) if high > low else (0.0, 1.0)
