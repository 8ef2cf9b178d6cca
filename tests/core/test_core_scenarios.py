"""One call values many scenarios: whatever their shapes, and without a trace on its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xlwings_addin.core.dcf import EnterpriseValue, asset_base, enterprise_value, loss_carry_forward
from xlwings_addin.core.discounting import present_value, xnpv
from xlwings_addin.core.errors import DomainError, ShapeError
from xlwings_addin.core.vehicle import operating_income_ramp, revenue_ramp, unit_cost

MANY = 10_007
"""More scenarios than are valued at a time, and no multiple of any block."""


def made_flows(shape: tuple[int, ...], years: int = 15, seed: int = 1) -> Any:
    return np.random.default_rng(seed).uniform(50.0, 150.0, (years, *shape))


def made_rates(shape: tuple[int, ...], seed: int = 2) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return random.uniform(0.06, 0.20, shape), random.uniform(-0.02, 0.05, shape)


def one_by_one(flows: Any, wacc: Any, growth: Any, **options: Any) -> list[EnterpriseValue]:
    return [
        enterprise_value(flows[:, *index], wacc=wacc[index], terminal_growth=growth[index], **options)
        for index in np.ndindex(wacc.shape)
    ]


@pytest.mark.parametrize("shape", [(MANY,), (3, MANY), (MANY, 3)])
def test_large_arrays_agree_with_the_matrix_of_powers(shape: tuple[int, ...]) -> None:
    # the textbook form: every flow times its own power of the discount rate
    flows, (wacc, growth) = made_flows(shape), made_rates(shape)
    value = enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    explicit = (flows * (1 + wacc) ** -np.arange(1.0, 16.0).reshape(-1, *[1] * len(shape))).sum(axis=0)
    terminal = flows[-1] * (1 + growth) / (wacc - growth) * (1 + wacc) ** -15.0
    np.testing.assert_allclose(value.explicit, explicit, rtol=1e-13)
    np.testing.assert_allclose(value.terminal, terminal, rtol=1e-13)
    np.testing.assert_allclose(present_value(flows, rate=wacc), explicit, rtol=1e-13)


@pytest.mark.parametrize(
    ("flows_shape", "wacc_shape", "growth_shape", "expected"),
    [
        ((), (5,), (), (5,)),
        ((4,), (), (), (4,)),
        ((4,), (3, 1), (), (3, 4)),
        ((4,), (3, 1), (2, 1, 1), (2, 3, 4)),
        ((3, 1), (), (4,), (3, 4)),
        ((0,), (0,), (), (0,)),
    ],
)
def test_flows_rates_and_growth_broadcast_together(
    flows_shape: tuple[int, ...],
    wacc_shape: tuple[int, ...],
    growth_shape: tuple[int, ...],
    expected: tuple[int, ...],
) -> None:
    flows, wacc, growth = made_flows(flows_shape), made_rates(wacc_shape)[0], made_rates(growth_shape)[1]
    value = enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    assert value.total.shape == expected
    behind = flows.reshape(15, *[1] * (len(expected) - len(flows_shape)), *flows_shape)
    wide = np.broadcast_to(behind, (15, *expected))
    seen_wacc, seen_growth = np.broadcast_to(wacc, expected), np.broadcast_to(growth, expected)
    alone = [entry.total for entry in one_by_one(wide, seen_wacc, seen_growth)]
    assert value.total.ravel() == pytest.approx(alone, rel=1e-13)


def test_inputs_are_left_as_they_were() -> None:
    flows, (wacc, growth) = made_flows((MANY,)), made_rates((MANY,))
    before = flows.copy(), wacc.copy(), growth.copy()
    enterprise_value(flows, wacc=wacc, terminal_growth=growth, timing="mid")
    for array, copy in zip((flows, wacc, growth), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(("row", "year"), [(0, 0), (4096, 7), (MANY - 1, 14)])
def test_one_bad_flow_among_many_is_named_by_its_place(row: int, year: int) -> None:
    flows, (wacc, growth) = made_flows((MANY,)), made_rates((MANY,))
    flows[year, row] = np.nan
    with pytest.raises(DomainError) as caught:
        enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    assert str(caught.value) == f"flows[{year}, {row}] nan must be finite"


YEARS_LAST: dict[str, tuple[str, Any]] = {
    "enterprise_value": (
        "flows",
        lambda rows, one: enterprise_value(rows, wacc=one, terminal_growth=0.02),
    ),
    "present_value": ("flows", lambda rows, one: present_value(rows, rate=one)),
    "xnpv": ("flows", lambda rows, one: xnpv(rows, ["2024-01-01", "2024-07-01", "2025-01-01"], rate=one)),
    "loss_carry_forward": ("income", lambda rows, one: loss_carry_forward(rows, opening_losses=one)),
    "asset_base": ("capex", lambda rows, one: asset_base(rows, opening=one, depreciation_rate=0.1)),
    "revenue_ramp": ("growth", lambda rows, one: revenue_ramp(one, growth=rows)),
    "operating_income_ramp": ("revenue", lambda rows, one: operating_income_ramp(rows, final_margin=one)),
    "unit_cost": (
        "cumulative",
        lambda rows, one: unit_cost(one, cumulative=rows, base_cumulative=1.0, learning_rate=0.1),
    ),
}


@pytest.mark.parametrize(("argument", "call"), YEARS_LAST.values(), ids=YEARS_LAST)
def test_years_along_the_last_axis_are_refused_where_lengths_tell(argument: str, call: Any) -> None:
    # Five scenarios of three years, the wrong way round; xnpv misses its three dates first.
    with pytest.raises(ShapeError) as caught:
        call(np.full((5, 3), 0.2), np.full(5, 0.1))
    by_dates = f"{argument} 5 must be as many as dates, 3"
    turned = f"{argument} of shape (5, 3) must have the year along the first axis, as (3, 5)"
    assert str(caught.value) in (by_dates, turned)
    call(np.full((3, 5), 0.2), np.full(5, 0.1))  # the right way round is taken


@pytest.mark.parametrize("width", [1, 2, 5, 7, 1000])
def test_a_scenario_is_worth_the_same_bits_however_many_lie_beside_it(width: int) -> None:
    flows, (wacc, growth) = made_flows((1000,)), made_rates((1000,))
    all_of_them = enterprise_value(flows, wacc=wacc, terminal_growth=growth).total
    some = enterprise_value(flows[:, :width], wacc=wacc[:width], terminal_growth=growth[:width]).total
    np.testing.assert_array_equal(some, all_of_them[:width])
