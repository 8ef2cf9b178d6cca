"""One call values many scenarios: whatever their shapes, and without a trace on its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xlwings_addin.core.dcf import EnterpriseValue, enterprise_value
from xlwings_addin.core.discounting import present_value
from xlwings_addin.core.errors import DomainError

MANY = 10_007
"""More scenarios than are valued at a time, and no multiple of any block."""


def made_flows(shape: tuple[int, ...], years: int = 15, seed: int = 1) -> Any:
    return np.random.default_rng(seed).uniform(50.0, 150.0, (*shape, years))


def made_rates(shape: tuple[int, ...], seed: int = 2) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return random.uniform(0.06, 0.20, shape), random.uniform(-0.02, 0.05, shape)


def one_by_one(flows: Any, wacc: Any, growth: Any, **options: Any) -> list[EnterpriseValue]:
    return [
        enterprise_value(flows[index], wacc=wacc[index], terminal_growth=growth[index], **options)
        for index in np.ndindex(wacc.shape)
    ]


@pytest.mark.parametrize("shape", [(MANY,), (3, MANY), (MANY, 3)])
def test_large_arrays_agree_with_the_matrix_of_powers(shape: tuple[int, ...]) -> None:
    # the textbook form: every flow times its own power of the discount rate
    flows, (wacc, growth) = made_flows(shape), made_rates(shape)
    value = enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    explicit = (flows * (1 + wacc)[..., None] ** -np.arange(1.0, 16.0)).sum(axis=-1)
    terminal = flows[..., -1] * (1 + growth) / (wacc - growth) * (1 + wacc) ** -15.0
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
    wide = np.broadcast_to(flows, (*expected, 15))
    seen_wacc, seen_growth = np.broadcast_to(wacc, expected), np.broadcast_to(growth, expected)
    alone = [each.total for each in one_by_one(wide, seen_wacc, seen_growth)]
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
    flows[row, year] = np.nan
    with pytest.raises(DomainError) as caught:
        enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    assert str(caught.value) == f"flows[{row}, {year}] nan must be finite"
