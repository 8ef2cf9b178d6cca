"""The table of the methodology from the view of 2025-11-19 to that of 2026-09-30, computed anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xlwings_addin.analytics.bridge import bridge
from xlwings_addin.inputs.cases import load_inputs

PAGE = Path(__file__).parents[2] / "docs" / "methodology.md"
CASES = {
    "Middle": ("base", "house_2026"),
    "Bear": ("bear", "house_2026_bear"),
    "Bull": ("bull", "house_2026_bull"),
}
SUM = "Sum, from figures not rounded"


def printed() -> dict[str, list[float]]:
    """The rows of the table: what stands before a colon, and its three figures."""
    _, table = PAGE.read_text(encoding="utf-8").split("| Part, HKD a share | Middle | Bear | Bull |\n")
    rows = re.findall(r"(?m)^\| ([^|:]+)(?::[^|]*)? \| (\S+) \| (\S+) \| (\S+) \|$", table.split("\n\n")[0])
    return {label: [float(figure) for figure in figures] for label, *figures in rows}


@pytest.mark.parametrize("column", CASES)
def test_every_step_is_what_the_bridge_gives_and_they_add_up(column: str) -> None:
    rows, place = printed(), list(CASES).index(column)
    before, after = (load_inputs(case) for case in CASES[column])
    crossed = bridge(before, after, by="section")
    parts = {driver.label: driver.part for driver in crossed.drivers}
    assert parts.pop("Check thresholds") == 0  # they move no value, and have no row
    assert len(rows) == 10
    for label, figures in rows.items():
        if label != SUM:
            own = sum(parts.pop(name) for name in label.split(", "))
            assert f"{own:+.2f}" == f"{figures[place]:+.2f}", label
    assert not parts
    assert f"{crossed.after - crossed.before:+.2f}" == f"{rows[SUM][place]:+.2f}"
    assert sum(driver.part for driver in crossed.drivers) == pytest.approx(
        crossed.after - crossed.before, rel=1e-9
    )
