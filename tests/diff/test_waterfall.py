"""The bridge as a picture: bars that join end to end, in a file that is the same each time."""

from __future__ import annotations

import re
import struct
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from xlwings_addin.analytics.bridge import Bridge, Driver, bridge
from xlwings_addin.core.errors import BookError
from xlwings_addin.diff.waterfall import FALL, LABEL_WIDTH, MOST_BARS, RISE, TOTAL, draw_waterfall, waterfall
from xlwings_addin.inputs.cases import load_inputs


def made(*parts: float, before: float = 10.0, error: float = 0.0) -> Bridge:
    drivers = tuple(Driver(f"Driver {n}", (), part, error) for n, part in enumerate(parts, 1))
    return Bridge("base", "bull", before, before + sum(parts), drivers, 0, 0)


@pytest.fixture(scope="module")
def attribution() -> Bridge:
    return bridge(load_inputs("base"), load_inputs("bull"))


# --- the bars -----------------------------------------------------------------------------------------


def test_each_bar_starts_where_the_one_before_ended(attribution: Bridge) -> None:
    first, *steps, last = waterfall(attribution)
    assert (first.start, first.end, first.kind) == (0.0, attribution.before, "total")
    assert (last.start, last.end, last.kind) == (0.0, attribution.after, "total")
    assert len(steps) >= 3
    for one, other in zip([first, *steps], steps, strict=False):
        assert other.start == one.end
    assert steps[-1].end == pytest.approx(attribution.after, abs=1e-12)
    assert {step.label: step.end - step.start for step in steps} == pytest.approx(
        {driver.label: driver.part for driver in attribution.drivers if driver.part}
    )


def test_a_rise_and_a_fall_are_told_apart_and_what_has_no_effect_is_left_out() -> None:
    assert [entry.kind for entry in waterfall(made(3.0, -1.0, 0.0))] == ["total", "rise", "fall", "total"]


def test_beyond_the_most_bars_the_smallest_share_one() -> None:
    many = made(*[float(20 - n) * (-1) ** n for n in range(20)], error=0.3)
    steps = waterfall(many)
    assert len(steps) == MOST_BARS + 2
    rest = steps[-2]
    assert rest.label == "7 smaller changes"
    assert rest.end - rest.start == pytest.approx(sum(driver.part for driver in many.drivers[13:]))
    assert rest.error == pytest.approx(0.3 * 7**0.5)
    assert rest.end == pytest.approx(many.after)
    assert len(waterfall(many, most=20)) == 22


# --- the file -----------------------------------------------------------------------------------------


def test_a_png_is_a_picture_of_a_size_that_can_be_read(attribution: Bridge, tmp_path: Path) -> None:
    path = tmp_path / "bridge.png"
    draw_waterfall(attribution, path)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert 1000 < width < 2000
    assert 300 < height < 2000


def test_an_svg_is_the_same_each_time_and_undated(attribution: Bridge, tmp_path: Path) -> None:
    one, other = tmp_path / "one.svg", tmp_path / "other.SVG"
    draw_waterfall(attribution, one)
    draw_waterfall(attribution, other)
    assert one.read_bytes() == other.read_bytes()
    assert b"<dc:date>" not in one.read_bytes()
    draw_waterfall(made(1.0), other)
    assert one.read_bytes() != other.read_bytes()


def colours(path: Path) -> set[str]:
    return set(re.findall(r"fill: #([0-9a-f]{6})", path.read_text(encoding="utf-8")))


def test_totals_rises_and_falls_have_a_colour_each(tmp_path: Path) -> None:
    path = tmp_path / "bridge.svg"
    three = {RISE.lower(), FALL.lower(), TOTAL.lower()}
    assert len(three) == 3
    draw_waterfall(made(3.0, -1.0), path)
    assert three <= colours(path)
    draw_waterfall(made(3.0), path)
    assert three & colours(path) == {RISE.lower(), TOTAL.lower()}


@pytest.mark.parametrize(
    "drawn",
    [
        made(),
        made(-30.0, 2.0),
        made(30.0, before=-10.0),
        made(0.0, before=0.0),
        made(0.01, -0.02),
        made(*[1.0] * 60),
    ],
    ids=["no driver", "below zero", "from below zero", "nothing", "small changes", "many"],
)
def test_every_bridge_can_be_drawn(drawn: Bridge, tmp_path: Path) -> None:
    path = tmp_path / "bridge.svg"
    draw_waterfall(drawn, path)
    assert b"</svg>" in path.read_bytes()


def test_a_label_is_text_whatever_it_holds(tmp_path: Path) -> None:
    label = "$\\frac{a}$ <b> & " + "a long name " * 20
    drawn = replace(made(1.0), drivers=(Driver(label, (), 1.0, 0.2),), before_case="$x$")
    assert len(label) > 3 * LABEL_WIDTH
    for name in ("bridge.svg", "bridge.png"):
        draw_waterfall(drawn, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000


def test_an_axis_that_is_cut_says_so(tmp_path: Path) -> None:
    from xlwings_addin.diff.waterfall import _figure

    def axis(drawn: Bridge) -> str:
        return str(_figure(waterfall(drawn)).axes[0].get_xlabel())

    assert axis(made(0.1, -0.2)) == "HKD a share (the axis does not begin at zero)"
    assert axis(made(3.0, 4.0)) == axis(made(-30.0)) == "HKD a share"


def test_no_drawing_changes_the_settings_of_others(tmp_path: Path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw_waterfall(made(1.0), tmp_path / "bridge.png")
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or matplotlib.pyplot.get_fignums() == []


# --- what cannot be done ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bridge.pdf", "bridge", "bridge.png.txt"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BookError, match=rf"file .*{re.escape(name)} must be named \.png or \.svg$"):
        draw_waterfall(made(1.0), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BookError, match="needs the package matplotlib, which is not installed"):
        draw_waterfall(made(1.0), tmp_path / "bridge.png")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be written: the folder does not exist"):
        draw_waterfall(made(1.0), tmp_path / "none" / "bridge.png")
