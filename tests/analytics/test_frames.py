"""What the analytics find, as DataFrames: the same figures, ready to be worked with."""

from __future__ import annotations

from datetime import date

import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.as_of import value_as_of
from xlwings_addin.analytics.bridge import bridge
from xlwings_addin.analytics.scorecard import Scorecard, scorecard
from xlwings_addin.analytics.vintages import vintage_of
from xlwings_addin.inputs.cases import load_inputs


def test_a_bridge_as_a_frame_sums_to_the_change() -> None:
    base = load_inputs("base")
    moved = bridge(base, base.replace(tax_rate=0.2, vehicle_wacc=0.125))
    frame = moved.to_frame()
    assert frame["part"].sum() == pytest.approx(moved.change, rel=1e-12)
    assert set(frame["inputs"]) == {"tax_rate", "vehicle_wacc"}
    assert repr(moved).startswith("<Bridge base 31.47 to base ")
    assert repr(moved).endswith(": 2 drivers>")


def test_a_bridge_without_a_driver_is_an_empty_frame() -> None:
    base = load_inputs("base")
    assert list(bridge(base, base).to_frame().columns) == ["driver", "inputs", "part", "error"]


def test_a_scorecard_as_a_frame_has_the_errors() -> None:
    results = xa.value("march_2024_replica")
    scores = scorecard(vintage_of(results), results.inputs.tables)
    assert isinstance(scores, Scorecard)
    frame = scores.to_frame()
    rows = frame.dropna(subset=["actual"])
    assert (rows["forecast"] - rows["actual"]).tolist() == pytest.approx(rows["error"].tolist())
    price = rows[(rows["key"] == "vehicle_average_selling_price") & (rows["period"] == "FY2024")].iloc[0]
    assert price["actual"] == 234479.0
    assert repr(scores).startswith("<Scorecard of march_2024_replica: ")
    assert frame["forecast"].dtype == "float64"


def test_what_was_known_too_late_as_a_frame() -> None:
    case = value_as_of(date(2024, 3, 8))["march_2024_replica"]
    frame = case.to_frame()
    assert list(frame["key"]) == [late.row.key for late in case.late]
    assert "free_cash_flow" in set(frame["key"])
    assert value_as_of(date(2024, 5, 3))["march_2024_replica"].to_frame().empty
