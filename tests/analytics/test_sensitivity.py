"""Tables and tornados are the model itself, valued at those inputs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

import xlwings_addin as xa
from xlwings_addin.analytics.answers import answers_of
from xlwings_addin.analytics.sensitivity import Sensitivity
from xlwings_addin.analytics.table_plans import planned
from xlwings_addin.analytics.table_sizes import PLANS
from xlwings_addin.analytics.tornado import Tornado, rank_stability, tornado_of
from xlwings_addin.core.errors import InputError, ShapeError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.drivers import read_drivers
from xlwings_addin.inputs.folders import company_folder
from xlwings_addin.valuation.xiaomi import evaluate


def sensitivity(*keys: str, **options: Any) -> Sensitivity:
    """The table for the view of 2025-11-19, where no other case is named."""
    return xa.sensitivity(*keys, **{"case": "base", **options})


def value(**changed: float) -> float:
    return float(evaluate(load_inputs("base").replace(**changed)).sotp.value_per_share)


@pytest.mark.parametrize("key", ["vehicle_research_ratio_end", "vehicle_overhead_ratio_end"])
def test_an_input_that_only_one_term_of_a_line_reads_moves_it_alone(key: str) -> None:
    start = load_inputs("base").number(key)
    made = sensitivity(key, values=[start * 0.9, start])
    assert made.table[0] == pytest.approx(value(**{key: start * 0.9}), rel=1e-12)
    assert made.table[1] == pytest.approx(value(), rel=1e-12)


def test_every_cell_of_a_table_is_a_case_of_its_own() -> None:
    waccs, growths = [0.11, 0.125], [0.01, 0.02, 0.03]
    made = sensitivity("vehicle_wacc", "vehicle_terminal_growth", values=waccs, other_values=growths)
    assert made.table.shape == (2, 3)
    for row, wacc in enumerate(waccs):
        for column, growth in enumerate(growths):
            alone = value(vehicle_wacc=wacc, vehicle_terminal_growth=growth)
            assert made.table[row, column] == pytest.approx(alone, rel=1e-12)


def test_a_cell_that_breaks_a_rule_has_no_value() -> None:
    made = sensitivity("vehicle_wacc", values=[0.01, 0.12])
    assert np.isnan(made.table[0])
    assert made.summary()["table"][0] is None
    assert made.present == pytest.approx(made.table[1])


def test_the_values_are_the_range_of_the_row_and_the_cases_own() -> None:
    (axis,) = sensitivity("vehicle_wacc").axes
    row = load_inputs("base").row("vehicle_wacc")
    assert (axis.values[0], axis.values[-1]) == (row.low, row.high)
    assert axis.start in axis.values


def test_drivers_and_lines_with_a_year_make_tables_too() -> None:
    made = sensitivity("vehicle_deliveries", values=[1.6, 3.0], target="vehicle_units.revenue@2035")
    changed = load_inputs("base").replace(demand_saturation=3.0, plant_5_capacity=1.8)
    assert made.table[1] == pytest.approx(evaluate(changed).vehicle_units.revenue[10], rel=1e-12)
    assert made.line_unit == "CNY m"


def test_an_elasticity_is_the_relative_change_over_the_values() -> None:
    made = sensitivity("vehicle_wacc", values=[0.11, 0.13])
    change = (value(vehicle_wacc=0.13) - value(vehicle_wacc=0.11)) / made.present
    assert made.elasticity[0] == pytest.approx(change / (0.02 / 0.12), rel=1e-9)


def test_a_table_is_a_frame_and_json() -> None:
    made = sensitivity("vehicle_wacc", "tax_rate", values=[0.11, 0.12], other_values=[0.15, 0.25])
    frame = made.to_frame()
    assert frame.loc[0.12, 0.25] == made.table[1, 1]
    assert json.loads(json.dumps(made.summary()))["axes"][1]["key"] == "tax_rate"
    assert repr(made) == "<Sensitivity of sotp.value_per_share to vehicle_wacc and tax_rate, 2 x 2>"


@pytest.mark.parametrize(
    ("keys", "options", "error", "sentence"),
    [
        (("tax_rat",), {}, InputError, r"parameter 'tax_rat' is not .* \(nearest: tax_rate\)"),
        (("vehicle_deliveries", "demand_saturation"), {}, InputError, "moves demand_saturation, as vehicle"),
        (("tax_rate",), {"values": []}, ShapeError, "must have values that are a row of finite numbers"),
        (("tax_rate",), {"values": [float("inf")]}, ShapeError, "must have values that are a row of finite"),
        (("tax_rate",), {"hold": ["vehicle_wacc"]}, InputError, "hold vehicle_wacc is not moved by tax_rate"),
        (
            ("tax_rate", "vehicle_wacc"),
            {"values": [0.1] * 1001, "other_values": [0.1] * 1001},
            ShapeError,
            "must be at most 1,000,000 cells",
        ),
    ],
)  # fmt: skip
def test_bad_input_to_a_table_is_one_sentence(keys, options, error, sentence) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=sentence):
        sensitivity(*keys, **options)


# --- the tornado --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made() -> Tornado:
    return xa.tornado("base")


def test_every_input_with_a_range_is_in_the_tornado(made: Tornado) -> None:
    inputs = load_inputs("base")
    ranged = {
        key
        for key, row in inputs.rows.items()
        if row.low is not None and row.high is not None and row.low < row.high and key != "probability"
    }
    assert len(ranged) > 70
    assert {bar.key for bar in made.bars} | set(made.still) == ranged


def test_both_ends_are_cases_of_their_own(made: Tornado) -> None:
    names = {"equity_risk_premium", "vehicle_fade_years", "plant_3_year", "holding_discount", "days_per_year"}
    bars = [bar for bar in made.bars if bar.key in names]
    assert {bar.key for bar in bars} == names
    for bar in bars:
        for end in (bar.low, bar.high):
            changed = load_inputs("base").replace(**{bar.key: end.value})
            results = evaluate(changed)
            assert end.per_share == pytest.approx(results.sotp.value_per_share, rel=1e-12)
            assert end.parts["vehicle"] == pytest.approx(results.sotp.vehicle.per_share, rel=1e-12)


def test_the_widest_swing_is_first(made: Tornado) -> None:
    swings = [bar.swing for bar in made.bars]
    assert swings == sorted(swings, reverse=True)
    assert swings[-1] > 0


def test_the_shares_say_in_which_business_a_swing_is(made: Tornado) -> None:
    bars = {bar.key: bar for bar in made.bars}
    assert bars["iot_gross_margin_end"].shares == pytest.approx({"devices": 1.0, "vehicle": 0.0}, abs=1e-9)
    assert bars["demand_saturation"].shares == pytest.approx({"devices": 0.0, "vehicle": 1.0}, abs=1e-9)
    assert sum(bars["liquid_funds"].shares.values()) == pytest.approx(0.0, abs=1e-9)
    assert sum(bars["tax_rate"].shares.values()) == pytest.approx(1.0, abs=1e-9)


def test_inputs_of_a_method_that_does_not_count_move_nothing(made: Tornado) -> None:
    assert {"vehicle_growth_start", "vehicle_exit_multiple", "tolerance"} <= set(made.still)


def test_an_end_that_breaks_a_rule_says_so(base: Inputs) -> None:
    rows = {**base.rows, "vehicle_wacc": replace(base.row("vehicle_wacc"), low=0.01)}
    bars = {bar.key: bar for bar in tornado_of(replace(base, rows=rows)).bars}
    low = bars["vehicle_wacc"].low
    assert low.per_share is None
    assert low.refused == "vehicle_wacc 1.00% must exceed vehicle_terminal_growth 1.50%"


def test_the_rank_correlation_is_spearmans() -> None:
    tornados = [tornado_of(load_inputs(case)) for case in ("base", "bear")]
    stable = rank_stability(tornados)
    swings = [
        {**dict.fromkeys(one.still, 0.0), **{bar.key: bar.swing for bar in one.bars}} for one in tornados
    ]
    common = [key for key in swings[0] if key in swings[1] and (swings[0][key] or swings[1][key])]
    expected = spearmanr([swings[0][key] for key in common], [swings[1][key] for key in common]).statistic
    assert stable.correlation[0, 1] == pytest.approx(expected, rel=1e-12)
    assert stable.ranks[tornados[0].bars[0].key][0] == 1
    assert json.loads(json.dumps(stable.summary()))["cases"] == ["base", "bear"]


def test_a_tornado_is_a_frame_and_json(made: Tornado) -> None:
    frame = made.to_frame()
    assert frame["key"][0] == made.bars[0].key
    data = json.loads(json.dumps(made.summary()))
    assert data["inputs"][0]["key"] == made.bars[0].key
    assert data["in_the_case"] == xa.value("base").sotp.value_per_share
    assert len(data["inputs_hash"]) == 64


@pytest.mark.parametrize(
    ("company", "case"),
    [
        *(("xiaomi", case) for case in ("base", "bull", "house_2026", "house_2026_bear")),
        ("xiaomi", "march_2024_strict"),
        *(("tesla", case) for case in ("base", "bear", "bull")),
    ],
)
def test_in_every_table_of_a_case_both_inputs_move_the_value(company: str, case: str) -> None:
    folder = company_folder(company)
    tables = answers_of(load_inputs(case, folder), folder).tables
    assert [key for key, table in tables.items() if table is not None] == list(PLANS)
    for table in tables.values():
        assert table is not None
        middle = [int(np.argmin(np.abs(np.array(one.values) - one.start))) for one in table.axes]
        for along in (table.table[:, middle[1]], table.table[middle[0]]):
            assert np.isfinite(along).sum() >= 5
            assert np.ptp(along[np.isfinite(along)]) > 0.01


def test_a_ceiling_that_does_not_bind_gives_way_to_the_margin_that_moves_the_value() -> None:
    for case, margin in (
        ("base", "vehicle_gross_margin_ceiling"),
        ("house_2026", "vehicle_operating_margin"),
    ):
        ceiling = sensitivity("vehicle_gross_margin_ceiling", case=case).table
        assert bool(np.ptp(ceiling) > 0.01) == (case == "base")
        table = planned("volume_margin", load_inputs(case), read_drivers(), None)
        assert table is not None
        assert [axis.key for axis in table.axes] == ["vehicle_deliveries", margin]


def test_the_table_is_of_the_next_business_and_none_where_no_pair_moves_the_value() -> None:
    no_vehicles = load_inputs("base").replace(vehicle_method="ramp", vehicle_base_deliveries=0.0)
    table = planned("volume_margin", no_vehicles, read_drivers(), None)
    assert table is not None
    assert table.axes[0].key == "smartphone_shipment_growth_start"
    average = no_vehicles.replace(devices_method="average")
    assert planned("volume_margin", average, read_drivers(), None) is None
