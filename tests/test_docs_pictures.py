"""The pictures of README and docs: what they are made from is right, and they are there."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from supply.pictures import CALLS, FIRST_CALL, FLOWS, GROWTH, RATE, ROOT, WORTH, functions_book
from xlwings_addin.xlsx.package import CellValue, read_package, read_values


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> list[CellValue]:
    """What the cells with a function show."""
    stored = read_values(read_package(functions_book(tmp_path_factory.mktemp("pictures") / "functions.xlsx")))
    return [stored["Sheet", f"B{FIRST_CALL + place}"] for place in range(len(CALLS))]


def worth(rate: float, growth: float) -> float:
    """Flows at the ends of years and what comes after them, term by term."""
    total = 0.0
    for year, flow in enumerate(FLOWS, 1):
        total += flow / (1 + rate) ** year
    return total + FLOWS[-1] * (1 + growth) / (rate - growth) / (1 + rate) ** len(FLOWS)


def test_the_functions_of_the_picture_show_what_a_plain_sum_gives(values: list[CellValue]) -> None:
    flows, with_terminal, wacc, growth, share, deliveries, day = values
    after = FLOWS[-1] * (1 + GROWTH) / (RATE - GROWTH) / (1 + RATE) ** len(FLOWS)
    assert with_terminal == pytest.approx(worth(RATE, GROWTH), rel=1e-12)
    assert flows == pytest.approx(worth(RATE, GROWTH) - after, rel=1e-12)
    assert isinstance(wacc, float)
    assert isinstance(growth, float)
    assert worth(wacc, GROWTH) == pytest.approx(WORTH, rel=1e-9)
    assert worth(RATE, growth) == pytest.approx(WORTH, rel=1e-9)
    assert share == pytest.approx(WORTH / 100 * 1.25)
    assert deliveries == 136_854  # history.csv, from Xiaomi's annual results of 2024
    assert day == (date(2025, 3, 18) - date(1899, 12, 30)).days  # the day they came out


def test_every_picture_of_the_pages_is_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {
        page.parent / target
        for page in pages
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", page.read_text(encoding="utf-8"))
    }
    assert {path.name for path in named} >= {"cover.png", "functions.png", "task-pane.png", "report.png"}
    assert [str(path) for path in named if not path.read_bytes().startswith(b"\x89PNG")] == []


def test_every_picture_says_what_it_shows() -> None:
    for page in (ROOT / "README.md", *Path(ROOT / "docs").glob("*.md")):
        assert not re.search(r"!\[\s*\]\(", page.read_text(encoding="utf-8")), page
