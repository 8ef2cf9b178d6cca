"""One picture, drawn twice: as SVG and with matplotlib the figures are the same, and can be told apart."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.patches import Rectangle

from xlwings_addin.core.errors import DomainError, ShapeError
from xlwings_addin.pictures.bars import Bars, Mark, football_field, ticks, tornado, waterfall
from xlwings_addin.pictures.columns import Columns, distribution
from xlwings_addin.pictures.curves import Curve, Curves, ramp
from xlwings_addin.pictures.palette import PAINTS

SVG = "{http://www.w3.org/2000/svg}"
matplotlib.use("Agg")

MARKS = (Mark(31.47, "value 31.47", "value"), Mark(38.86, "price 38.86", "price"))
PICTURES: tuple[Bars | Curves | Columns, ...] = (
    football_field(
        [("Cases", 19.84, 31.47, 46.08), ("Street & others", 30.4, None, 42.0)],
        unit="HKD a share",
        marks=MARKS,
        others=["Street & others"],
    ),
    waterfall(
        [("Devices", 19.2), ("Vehicles", 5.29), ("Minorities", -0.02)], "Value", unit="HKD",
        target=("Price", 38.86),
    ),
    tornado([("Tax rate <15-25%>", 31.5, 28.5), ("Premium", 34.3, 29.3)], 31.47, unit="HKD"),
    ramp(
        [
            Curve("Reported", (2024, 2025), (0.14, 0.41), "actual", dots=True),
            Curve("Model", (2025, 2026, 2027), (0.41, 0.6, 0.8), "value", dashed=True),
        ],
        unit="m vehicles",
    ),
    distribution(np.linspace(20.0, 45.0, 1001), unit="HKD a share", marks=MARKS),
)  # fmt: skip


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.key)
def test_a_picture_is_xml_with_a_text_that_stands_in_for_it(picture: Bars | Curves | Columns) -> None:
    root = ElementTree.fromstring(picture.svg())
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == picture.description
    assert picture.title in picture.description
    assert picture.svg() == picture.svg()


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.key)
def test_no_text_leaves_the_picture(picture: Bars | Curves | Columns) -> None:
    root = ElementTree.fromstring(picture.svg())
    _, _, width, height = map(float, str(root.get("viewBox")).split())
    texts = list(root.iter(f"{SVG}text"))
    assert len(texts) > 3
    for text in texts:
        x, y = float(str(text.get("x"))), float(str(text.get("y")))
        room = 5.0 * len(text.text or "")
        left = {"start": x, "middle": x - room / 2, "end": x - room}[str(text.get("text-anchor"))]
        assert left >= -6, text.text
        assert left + room <= width + 6, text.text
        assert 0 < y <= height


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.key)
def test_texts_of_one_line_do_not_overlap(picture: Bars | Curves | Columns) -> None:
    """By a narrow estimate of 4.6 units a character: what overlaps by it overlaps in any font."""
    taken: dict[float, list[tuple[float, float]]] = {}
    for text in ElementTree.fromstring(picture.svg()).iter(f"{SVG}text"):
        x, room = float(str(text.get("x"))), 4.6 * len(text.text or "")
        left = {"start": x, "middle": x - room / 2, "end": x - room}[str(text.get("text-anchor"))]
        others = taken.setdefault(float(str(text.get("y"))), [])
        assert all(left >= end or left + room <= start for start, end in others), text.text
        others.append((left, left + room))


def test_the_bars_of_matplotlib_and_of_svg_are_as_long_as_their_figures() -> None:
    (_, picture, *_) = PICTURES
    assert isinstance(picture, Bars)
    widths = [bar.end - bar.start for row in picture.rows for bar in row.bars]
    assert widths == pytest.approx([19.2, 5.29, -0.02, 24.47, 14.39, 38.86])
    drawn = [patch for patch in picture.plot().patches if isinstance(patch, Rectangle)]
    assert [patch.get_width() for patch in drawn] == pytest.approx(widths)
    root = ElementTree.fromstring(picture.svg())
    rectangles = [float(str(rectangle.get("width"))) for rectangle in root.iter(f"{SVG}rect")]
    unit = rectangles[-1] / 38.86
    assert rectangles == pytest.approx([abs(width) * unit for width in widths], abs=0.11)


def test_the_curves_of_matplotlib_have_the_figures() -> None:
    picture = PICTURES[3]
    assert isinstance(picture, Curves)
    lines = picture.plot().get_lines()
    assert [line.get_ydata().tolist() for line in lines] == [[0.14, 0.41], [0.41, 0.6, 0.8]]  # type: ignore[union-attr]
    frame = picture.to_frame()
    assert frame.loc[2025].tolist() == [0.41, 0.41]


def test_a_distribution_counts_every_draw_once_and_leaves_out_what_broke_a_rule() -> None:
    draws = np.concatenate([np.random.default_rng(7).normal(30, 5, 2000), [np.nan] * 50])
    picture = distribution(draws, unit="HKD", columns=25)
    assert sum(picture.shares) == pytest.approx(1.0)
    assert len(picture.shares) == 25
    assert picture.to_frame()["share"].sum() == pytest.approx(1.0)
    assert picture.plot().patches


def test_axes_that_there_are_are_drawn_on() -> None:
    figure, axes = pyplot.subplots(1, 2)
    assert PICTURES[0].plot(axes[0]) is axes[0]
    assert PICTURES[2].plot(axes[1]).get_title(loc="left") == PICTURES[2].title
    assert len(figure.axes) == 2


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_rise_and_a_fall_are_told_apart_in_grey() -> None:
    """3:1 is what WCAG 2.2 asks between parts of a graphic (success criterion 1.4.11)."""
    assert contrast(PAINTS["rise"].fill, PAINTS["fall"].fill) >= 3
    assert contrast(PAINTS["range"].fill, PAINTS["other"].fill) >= 2.5


@pytest.mark.parametrize("role", PAINTS)
def test_every_edge_stands_out_from_paper_and_from_a_dark_screen(role: str) -> None:
    paint = PAINTS[role]  # type: ignore[index]
    assert contrast(paint.edge, "FFFFFF") >= 3
    assert contrast(paint.dark_edge, "14171D") >= 3


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-7.3, 52.0), (19.8, 46.1), (0.0, 1.6), (1e-6, 3e-6)])
def test_ticks_are_round_inside_the_range_and_few(low: float, high: float) -> None:
    values = ticks(low, high)
    assert 2 <= len(values) <= 5
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in values)
    steps = {round(b - a, 9) for a, b in pairwise(values)}
    assert len(steps) == 1 or high < 1e-3


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: football_field([("A", 2.0, None, 1.0)], unit="HKD"), "must be finite and run from low"),
        (lambda: football_field([], unit="HKD"), "ranges 0 must be at least one"),
        (lambda: waterfall([("A", math.nan)], "Value", unit="HKD"), "part A nan must be a finite number"),
        (lambda: tornado([], 1.0, unit="HKD"), "swings 0 must be at least one"),
    ],
)  # fmt: skip
def test_bars_without_a_meaning_are_refused(make: object, rule: str) -> None:
    with pytest.raises(DomainError, match=rule):
        make()  # type: ignore[operator]


def test_curves_and_draws_without_a_meaning_are_refused() -> None:
    with pytest.raises(ShapeError, match="a value for each of its years"):
        ramp([Curve("A", (2024, 2025), (1.0,), "value")], unit="m")
    with pytest.raises(ShapeError, match="must be finite"):
        ramp([Curve("A", (2024,), (math.inf,), "value")], unit="m")
    with pytest.raises(ShapeError, match="draws 1 must be at least two"):
        distribution([1.0, math.nan], unit="HKD")


def test_without_matplotlib_a_plot_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from xlwings_addin.pictures.bars import tornado\n"
        "picture = tornado([('Tax', 1.0, 2.0)], 1.5, unit='HKD')\n"
        "assert picture.svg()\n"
        "try:\n    picture.plot()\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "plot matplotlib is not installed: pip install 'xiaomi-model[plots]'"
