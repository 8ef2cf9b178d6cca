"""Losses of a group, carried forward, and what its growth costs, against a plain loop."""

from __future__ import annotations

import pytest

from tests.companies.test_new_company import filled
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.valuation.xiaomi import Results, evaluate


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return load_inputs("base", filled(tmp_path_factory.mktemp("groups") / "acme"))


@pytest.fixture(scope="module")
def results(inputs: Inputs) -> Results:
    return evaluate(inputs)


def test_losses_save_tax_until_they_are_used_up(results: Results) -> None:
    group, left, taxes = results.operations, 30000.0, []
    for ebit in group.ebit[1:11]:
        used = min(left, max(ebit, 0.0))
        taxes.append((max(ebit, 0.0) - used) * 0.21)
        left = max(left - ebit, 0.0)
    assert group.tax[1:11].tolist() == pytest.approx(taxes, rel=1e-12)
    assert taxes[0] == 0.0 < taxes[-1]
    assert group.tax[0] == pytest.approx(0.21 * max(group.ebit[0], 0.0), rel=1e-12)


def test_a_loss_is_carried_to_the_years_after_it(inputs: Inputs) -> None:
    dear = inputs.replace(operations_opening_losses=0.0, operations_overhead_ratio_start=0.35)
    group = evaluate(dear).operations
    lost = -sum(ebit for ebit in group.ebit[1:11] if ebit < 0)
    assert lost > 0
    assert max(group.losses) == pytest.approx(lost, rel=1e-12)


def test_tax_that_is_saved_once_is_in_no_terminal_value(inputs: Inputs) -> None:
    rich = evaluate(inputs.replace(operations_opening_losses=1e6)).operations
    poor = evaluate(inputs.replace(operations_opening_losses=0.0)).operations
    assert rich.tax[1:11].tolist() == [0.0] * 10
    assert rich.final_fcff == pytest.approx(poor.final_fcff, rel=1e-12)
    assert rich.terminal_value == pytest.approx(poor.terminal_value, rel=1e-12)
    assert rich.explicit_value > poor.explicit_value


def test_growth_costs_what_its_sales_need(results: Results) -> None:
    group = results.operations
    expected = [
        0.04 * revenue + (revenue - before) / 2.5
        for before, revenue in zip(group.revenue[0:10], group.revenue[1:11], strict=True)
    ]
    assert group.capex[1:11].tolist() == pytest.approx(expected, rel=1e-12)
