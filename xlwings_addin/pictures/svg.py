"""Pictures as SVG: words in the page's own font, colours by class with those of paper as the default.

A page sets the classes' colours for a dark screen; a program that knows no classes, such as the one that
makes the PDF, uses the attributes. Every picture has its description as the text that stands in for it.

Source: W3C, Scalable Vector Graphics 2; W3C, WAI-ARIA Graphics Module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from xlwings_addin.pictures.bars import Bars, Mark, Row, ticks, wrapped
from xlwings_addin.pictures.columns import Columns
from xlwings_addin.pictures.curves import Curve, Curves
from xlwings_addin.pictures.palette import (
    DARK_GRID,
    DARK_INK,
    DARK_PAPER,
    DARK_QUIET,
    GRID,
    INK,
    PAINTS,
    QUIET,
)

WIDTH = 360.0
"""Units across; a page scales it to what there is, so that text is near its own size on a phone."""
LABELS, EDGE = 112.0, 8.0
TEXT, LINE = 11.0, 13.0
CHARACTER = 5.9
"""The average width of a character of text, in units: to keep labels apart, not to set them."""
LABEL_CHARACTERS = int(LABELS / CHARACTER)
MOST_BESIDE = 2
"""Lines of a label beside its bar; with more than so many, the labels stand above."""
ROW_ABOVE = 32.0
SMALLEST = 8.0
"""The least size of a label, in units."""
FAMILY = "Noto Sans SC, system-ui, sans-serif"


def style() -> str:
    """The colours of all classes on a dark screen, as a page's style sheet has them."""
    roles = "".join(
        f".p-{role}{{fill:#{paint.dark_fill};stroke:#{paint.dark_edge}}}"
        f".l-{role}{{stroke:#{paint.dark_edge}}}.t-{role}{{fill:#{paint.dark_edge}}}"
        for role, paint in PAINTS.items()
    )
    words = f".t-ink{{fill:#{DARK_INK}}}.t-quiet{{fill:#{DARK_QUIET}}}.l-grid{{stroke:#{DARK_GRID}}}"
    paper = f".halo{{stroke:#{DARK_PAPER}}}.l-paper{{stroke:#{DARK_PAPER}}}.l-quiet{{stroke:#{DARK_QUIET}}}"
    return roles + words + paper


def bars_svg(picture: Bars) -> str:
    """Football field, waterfall or tornado; long labels stand above their bars, short ones beside them."""
    labels = [wrapped(row.label, LABEL_CHARACTERS) for row in picture.rows]
    above = any(len(lines) > MOST_BESIDE for lines in labels)
    heights = [ROW_ABOVE if above else max(22.0, LINE * len(lines) + 7) for lines in labels]
    top = _mark_room(picture.marks)
    bottom = top + sum(heights)
    room = max(len(text) for row in picture.rows for text in (row.before, row.after)) * CHARACTER + 4
    before = room if any(row.before for row in picture.rows) else 2.0
    scale = _Scale(picture.axis, (EDGE if above else LABELS + 6) + before, WIDTH - EDGE - room)
    body = [*_grid(scale, picture.unit, top, bottom), *_marks(picture.marks, scale, bottom)]
    middles, at = [], top
    for height in heights:
        at += height
        middles.append(at - 10 if above else at - height / 2)
    for row, lines, middle in zip(picture.rows, labels, middles, strict=True):
        body += _label_above(row.label, middle) if above else _label_beside(lines, middle)
        body += _row(row, middle, scale)
    if picture.joined:
        for (row, start), end in zip(zip(picture.rows, middles, strict=True), middles[1:], strict=False):
            x = scale(row.bars[-1].end)
            body.append(_line(x, start + 7, x, end - 7, "l-quiet", QUIET, 0.6))
    return _svg(picture.key, picture.title, picture.description, bottom + 30, body)


def _label_above(label: str, middle: float) -> Iterator[str]:
    """The label in one line over the bar, smaller where it is long."""
    size = min(TEXT, TEXT * (WIDTH - 2 * EDGE) / (len(label) * CHARACTER))
    yield _text(EDGE, middle - 11, label, "start", "ink", halo=True, size=max(size, SMALLEST))


def _label_beside(lines: Sequence[str], middle: float) -> Iterator[str]:
    first = middle - LINE * (len(lines) - 1) / 2 + 4
    for number, text in enumerate(lines):
        yield _text(LABELS, first + LINE * number, text, "end", "ink")


def _row(row: Row, middle: float, scale: _Scale) -> Iterator[str]:
    for bar in row.bars:
        low, high = sorted((scale(bar.start), scale(bar.end)))
        if high > low:
            paint = PAINTS[bar.role]
            dashed = ' stroke-dasharray="3 2"' if bar.role == "gap" else ""
            yield (
                f'<rect class="p-{bar.role}" x="{low:.1f}" y="{middle - 7:.1f}" width="{high - low:.1f}" '
                f'height="14" fill="#{paint.fill}" stroke="#{paint.edge}" stroke-width="0.8"{dashed}/>'
            )
    if row.middle is not None:
        x = scale(row.middle)
        yield _line(x, middle - 7, x, middle + 7, "l-paper", "FFFFFF", 1.6)
    if row.before:
        yield _text(scale(row.low) - 4, middle + 4, row.before, "end", "ink", halo=True)
    if row.after:
        yield _text(scale(row.high) + 4, middle + 4, row.after, "start", "ink", halo=True)


def curves_svg(picture: Curves) -> str:
    """The ramp."""
    years = sorted({year for curve in picture.curves for year in curve.years})
    levels = [value for curve in picture.curves for value in curve.values]
    top, bottom = LINE * len(picture.curves) + 8, LINE * len(picture.curves) + 168
    across = _Scale((years[0], years[-1]), 40.0, WIDTH - 2 * EDGE)
    up = _Scale((min(0.0, *levels), max(levels)), bottom, top)
    body = []
    for value in ticks(*up.range):
        body.append(_line(40.0, up(value), WIDTH - EDGE, up(value), "l-grid", GRID, 0.6))
        body.append(_text(36.0, up(value) + 4, f"{value:g}", "end", "quiet"))
    for year in _some(years):
        body.append(_text(across(year), bottom + 15, str(year), "middle", "quiet"))
    for number, curve in enumerate(picture.curves):
        body += _curve(curve, across, up, LINE * (number + 1) - 3)
    body.append(_text(WIDTH / 2, bottom + 29, picture.unit, "middle", "quiet"))
    return _svg(picture.key, picture.title, picture.description, bottom + 34, body)


def _curve(curve: Curve, across: _Scale, up: _Scale, at: float) -> Iterator[str]:
    edge = PAINTS[curve.role].edge
    dashed = ' stroke-dasharray="5 3"' if curve.dashed else ""
    places = [(across(year), up(value)) for year, value in zip(curve.years, curve.values, strict=True)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawn = f'class="l-{curve.role}" fill="none" stroke="#{edge}" stroke-width="2"{dashed}'
    yield f'<polyline {drawn} points="{points}"/>'
    yield f'<polyline {drawn} points="44,{at - 4:.1f} 66,{at - 4:.1f}"/>'
    for x, y in [*places, (55.0, at - 4)] if curve.dots else []:
        yield f'<circle class="p-{curve.role}" cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="#{edge}"/>'
    yield _text(72.0, at, curve.label, "start", "ink")


def _some(years: Sequence[int]) -> list[int]:
    """The years that are named below the axis: at most seven, the first among them."""
    step = -(-len(years) // 7)
    return list(years[::step])


def columns_svg(picture: Columns) -> str:
    """The distribution."""
    top = _mark_room(picture.marks)
    bottom = top + 130
    scale = _Scale((picture.edges[0], picture.edges[-1]), EDGE + 12, WIDTH - EDGE - 12)
    highest = max(picture.shares)
    body = [*_grid(scale, picture.unit, bottom, bottom)]
    paint = PAINTS["range"]
    for low, high, share in zip(picture.edges, picture.edges[1:], picture.shares, strict=False):
        tall = (bottom - top) * share / highest
        body.append(
            f'<rect class="p-range" x="{scale(low):.1f}" y="{bottom - tall:.1f}" '
            f'width="{scale(high) - scale(low) - 0.6:.1f}" height="{tall:.1f}" fill="#{paint.fill}"/>'
        )
    body += _marks(picture.marks, scale, bottom)
    return _svg(picture.key, picture.title, picture.description, bottom + 30, body)


class _Scale:
    """From values to places along the picture."""

    def __init__(self, values: tuple[float, float], start: float, end: float) -> None:
        low, high = values
        self.range = (low, high) if high > low else (low, low + 1.0)
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        low, high = self.range
        return self.start + (self.end - self.start) * (value - low) / (high - low)


def _grid(scale: _Scale, unit: str, top: float, bottom: float) -> Iterator[str]:
    for value in ticks(*scale.range):
        x = scale(value)
        if bottom > top:
            yield _line(x, top, x, bottom, "l-grid", GRID, 0.6)
        yield _text(x, bottom + 13, f"{value:g}", "middle", "quiet")
    yield _text((scale.start + scale.end) / 2, bottom + 26, unit, "middle", "quiet")


def _marks(marks: Sequence[Mark], scale: _Scale, bottom: float) -> Iterator[str]:
    """Lines across the picture; the texts stand outside them: the lowest to the left, others to the right."""
    ordered = sorted(marks, key=lambda mark: mark.value)
    for number, mark in enumerate(ordered):
        edge = PAINTS[mark.role].edge
        dashed = ' stroke-dasharray="4 3"' if mark.role == "value" else ""
        x = min(max(scale(mark.value), scale.start), scale.end)
        at = LINE * max(number, 1) - 3
        yield _line(x, at - 8, x, bottom, f"l-{mark.role}", edge, 1.4, dashed)
        width = len(mark.label) * CHARACTER
        to_left = number == 0 and len(ordered) > 1
        start = x - 4 - width if to_left else x + 4
        start = min(max(start, 0.0), WIDTH - width)
        place, anchor = (start + width, "end") if to_left else (start, "start")
        yield _text(place, at, mark.label, anchor, mark.role, edge)


def _mark_room(marks: Sequence[Mark]) -> float:
    """What the texts of marks need above the picture."""
    return LINE * max(len(marks) - 1, min(len(marks), 1)) + 6


def _line(
    x: float, y: float, to_x: float, to_y: float, kind: str, colour: str, width: float, dashed: str = ""
) -> str:
    return (
        f'<line class="{kind}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" '
        f'stroke="#{colour}" stroke-width="{width:g}"{dashed}/>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str,
    kind: str,
    colour: str = "",
    *,
    halo: bool = False,
    size: float = 0.0,
) -> str:
    """A text; a halo in the colour of the paper keeps lines across the picture out of it."""
    fill = colour or (QUIET if kind == "quiet" else INK)
    size = size or (TEXT - 1 if kind == "quiet" else TEXT)
    paper = ' stroke="#FFFFFF" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    name = f"t-{kind} halo" if halo else f"t-{kind}"
    return (
        f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:.3g}" '
        f'fill="#{fill}"{paper}>{escape(text)}</text>'
    )


def _svg(key: str, title: str, description: str, height: float, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" '
        f'aria-label="{escape(description)}" font-family="{FAMILY}" data-picture="{escape(key)}">'
        f"<title>{escape(title)}</title>{''.join(body)}</svg>"
    )
