"""Draws of some inputs against one valuation at a time, and against other blocks and threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ShapeError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.valuation.draws import Batch, TracedCase, evaluate_few, evaluate_many
from xlwings_addin.valuation.model import Model
from xlwings_addin.valuation.xiaomi import evaluate

SPREAD = {
    "equity_risk_premium": 0.002,
    "devices_terminal_growth": 0.002,
    "tax_rate": 0.01,
    "smartphone_shipment_growth_start": 0.01,
    "iot_growth_start": 0.02,
    "internet_gross_margin_end": 0.01,
    "demand_saturation": 0.05,
    "vehicle_price_change_start": 0.01,
    "vehicle_learning_rate": 0.004,
    "vehicle_opening_losses": 900.0,
    "vehicle_wacc": 0.004,
    "holding_discount": 0.01,
    "assumed_vehicle_deliveries": 0.003,
    "plant_4_capacity": 0.03,
    "cny_per_usd": 0.05,
    "vehicle_growth_start": 0.02,
    "vehicle_operating_margin_end": 0.01,
    "demand_steepness": 0.02,
    "assumed_smartphone_price": 20.0,
    "vehicle_depreciation_rate": 0.01,
    "share_awards": 40.0,
}
"""Half the width of what is drawn around a case, by input."""
COMPARED = 60
"""Draws of each case that are valued alone as well, over all blocks."""


def drawn_around(inputs: Inputs, count: int) -> dict[str, Any]:
    """Uniform draws around a case that break no rule."""
    generator = np.random.default_rng(1810)
    draws = {}
    for key, half in SPREAD.items():
        middle = inputs.number(key) or half
        draws[key] = middle + half * generator.uniform(-1.0, 1.0, count)
    return draws


def every_line(inputs: Inputs) -> list[str]:
    """The full names of all lines that are figures."""
    groups = Model(Scalars(inputs.values, inputs.tables)).groups()
    names = [
        f"{group.name}.{key}"
        for group in groups.values()
        for key, declared in group.lines().items()
        if declared.returns in ("Scalar", "Years", "WithBaseYear")
    ]
    assert len(names) > 250
    return names


def alone(inputs: Inputs, draws: dict[str, Any], draw: int, names: list[str]) -> dict[str, Any]:
    """The lines of one draw, valued by itself as a case is."""
    chosen = inputs.replace(**{key: float(values[draw]) for key, values in draws.items()})
    groups = evaluate(chosen).model.groups()
    return {name: getattr(groups[name.rpartition(".")[0]], name.rpartition(".")[2]) for name in names}


@pytest.mark.parametrize(
    "case",
    [
        *("base", "bear", "bull", "house_2026", "house_2026_bear", "house_2026_bull"),
        *("march_2024_replica", "march_2024_strict"),
    ],
)
@pytest.mark.slow
def test_a_draw_is_what_the_case_with_its_inputs_is_line_by_line(cases: dict[str, Inputs], case: str) -> None:
    inputs = cases[case]
    draws, names = drawn_around(inputs, 2_000), every_line(inputs)
    drawn = evaluate_many(inputs, draws, lines=names, block=333)
    assert drawn.valid.all(), drawn.broken
    for draw in np.linspace(0, 1_999, COMPARED, dtype=int):
        for name, value in alone(inputs, draws, int(draw), names).items():
            expected = np.asarray(value, dtype=float)
            expected = expected[:, 0] if expected.ndim == 2 else expected.reshape(-1)
            np.testing.assert_allclose(
                np.atleast_1d(drawn[name][..., draw]), expected, rtol=1e-12, atol=1e-300, err_msg=name
            )


@pytest.mark.parametrize(("block", "threads"), [(1, 1), (7, 1), (7, 2), (1_000, 1), (1_000, 2), (2_048, 2)])
@pytest.mark.slow
def test_no_bit_depends_on_blocks_or_threads(base: Inputs, block: int, threads: int) -> None:
    # 2,001 draws: of every block size but one the last block is short, of 1,000 it is one draw.
    draws = drawn_around(base, 2_001)
    names = ["sotp.value_per_share", "vehicle_units.losses", "devices.fcff", "vehicle_ramp.enterprise_value"]
    draws["devices_terminal_growth"][5] = 0.4
    whole = evaluate_many(base, draws, lines=names, block=2_001)
    split = evaluate_many(base, draws, lines=names, block=block, threads=threads)
    for name in names:
        np.testing.assert_array_equal(split[name], whole[name])
    np.testing.assert_array_equal(split.valid, whole.valid)
    assert split.broken == whole.broken


def test_each_rule_counts_the_draws_that_break_it(base: Inputs) -> None:
    draws = {
        "vehicle_wacc": np.array([0.12, 0.01, 0.12, 1.5, 0.01]),
        "vehicle_terminal_growth": np.full(5, 0.015),
        "demand_saturation": np.array([1.6, 1.6, 0.1, 1.6, 0.1]),
        "tax_rate": np.array([0.15, 0.15, 0.15, -0.1, 0.15]),
    }
    drawn = evaluate_many(base, draws, lines=["sotp.value_per_share"])
    assert drawn.broken == {
        "vehicle_wacc must be above 0.00%, at most 100.00%": 1,
        "tax_rate must be at least 0.00%, below 100.00%": 1,
        "vehicle_wacc must exceed vehicle_terminal_growth": 2,
        "demand_saturation must exceed the deliveries of the base year": 2,
    }
    assert drawn.valid.tolist() == [True, False, False, False, False]
    assert np.isnan(drawn["sotp.value_per_share"][1:]).all()
    expected = evaluate(base.replace(vehicle_terminal_growth=0.015)).sotp.value_per_share
    assert drawn["sotp.value_per_share"][0] == pytest.approx(expected, rel=1e-12)


def test_a_draw_that_is_no_number_is_out_of_range(base: Inputs) -> None:
    drawn = evaluate_many(base, {"vehicle_wacc": [np.nan, 0.12]}, lines=["sotp.value_per_share"])
    assert drawn.broken == {"vehicle_wacc must be above 0.00%, at most 100.00%": 1}


def test_no_draws_have_no_values(base: Inputs) -> None:
    drawn = evaluate_many(base, {"vehicle_wacc": []}, lines=["vehicle_units.revenue"])
    assert drawn["vehicle_units.revenue"].shape == (base.count("vehicle_horizon") + 1, 0)


def test_a_line_that_no_draw_moves_is_the_case_s_in_every_draw(base: Inputs) -> None:
    drawn = evaluate_many(base, {"vehicle_wacc": [0.11, 0.12]}, lines=["devices.enterprise_value"])
    expected = evaluate(base).sotp.devices.value
    assert drawn["devices.enterprise_value"].tolist() == [expected, expected]


def test_only_what_is_asked_for_is_computed_and_what_is_used_up_is_released(base: Inputs) -> None:
    batch = Batch(base, ["vehicle_learning_rate"], ["sotp.value_per_share"])
    order = batch.plan.order
    assert "vehicle_units.unit_cost" in order
    assert not any(name.startswith(("devices", "vehicle_ramp")) for name in order)
    assert "vehicle_units.ebit_margin" not in order  # nobody reads it
    batch({"vehicle_learning_rate": np.full(10, 0.03)})
    (worker,) = batch.workers
    assert len(worker.steps) == len(order)
    assert not [step.name for step in worker.steps if step.line.key in step.group.__dict__]


@pytest.mark.parametrize(
    ("draws", "lines", "error", "message"),
    [
        (
            {"base_year": [2024.0]},
            ["sotp.upside"],
            DomainError,
            "base_year (year) cannot be drawn: all draws",
        ),
        ({"timing": [1.0]}, ["sotp.upside"], DomainError, "timing (choice) cannot be drawn: all draws"),
        ({"days_per_year": [365.0]}, ["sotp.upside"], DomainError, "days_per_year (number) cannot be drawn"),
        ({"tax_rte": [0.1]}, ["sotp.upside"], InputError, "parameter 'tax_rte' is not one of the model's"),
        (
            {"tax_rate": [0.1]},
            ["sotp.upsid"],
            ChoiceError,
            "line 'sotp.upsid' is not one of the model's (nearest: ",
        ),
        (
            {"tax_rate": [0.1]},
            ["timeline.base_year_end"],
            DomainError,
            "line timeline.base_year_end is no figure",
        ),
        (
            {"tax_rate": [0.1, 0.2], "vehicle_wacc": [0.12]},
            ["sotp.upside"],
            ShapeError,
            "vehicle_wacc of shape (1,) must be one row of as many draws as tax_rate has, 2",
        ),
        ({"tax_rate": 0.1}, ["sotp.upside"], ShapeError, "tax_rate of shape () must be one row"),
    ],
)
def test_bad_draws_are_named(
    base: Inputs, draws: dict[str, Any], lines: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        evaluate_many(base, draws, lines=lines)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("option", ["block", "threads"])
def test_a_block_and_a_thread_are_at_least_one(base: Inputs, option: str) -> None:
    with pytest.raises(DomainError, match=f"^{option} 0 must be at least 1$"):
        evaluate_many(base, {"tax_rate": [0.1]}, lines=["sotp.upside"], **{option: 0})


def test_questions_that_share_a_traced_case_have_the_figures_of_each_alone(base: Inputs) -> None:
    traced = TracedCase(base)
    asked = [
        ("vehicle_wacc", 0.12, ("sotp.value_per_share",)),
        ("tax_rate", 0.2, ("devices.enterprise_value", "sotp.value_per_share")),
        ("vehicle_wacc", 0.12, ("vehicle_units.revenue", "vehicle_units.ebit")),
    ]
    for key, value, lines in asked:
        shared = Batch(base, [key], lines, traced=traced)({key: [value]})
        alone = Batch(base, [key], lines)({key: [value]})
        for name in lines:
            assert shared[name].tolist() == alone[name].tolist()


@pytest.mark.parametrize("line", ["sotp.value_per_share", "vehicle_units.revenue"])
def test_a_few_draws_are_worth_what_many_are_and_those_that_break_a_rule_are_left_out(
    base: Inputs, line: str
) -> None:
    draws = {
        "vehicle_wacc": np.array([0.11, 0.12, 0.12, -3.0]),
        "vehicle_terminal_growth": np.array([0.015, 0.20, 0.02, 0.015]),
    }
    few, many = evaluate_few(base, draws, line), evaluate_many(base, draws, lines=[line])[line]
    assert np.array_equal(few, many, equal_nan=True)
    assert np.isfinite(few[..., [0, 2]]).all()
    assert np.isnan(few[..., [1, 3]]).all()


def test_a_few_draws_of_what_cannot_be_drawn_or_of_no_line_are_refused(base: Inputs) -> None:
    with pytest.raises(DomainError):
        evaluate_few(base, {"base_year": np.array([2025.0])}, "sotp.value_per_share")
    with pytest.raises(ChoiceError):
        evaluate_few(base, {"vehicle_wacc": np.array([0.11])}, "sotp.value_per_shar")
