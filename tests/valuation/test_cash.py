"""Cash reconciles by every method in every year, and does not where a flow and its balances disagree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xlwings_addin.core.years import after
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.segments.build_up import BuildUp
from xlwings_addin.segments.capacity_ramp import CapacityRamp
from xlwings_addin.segments.revenue_ramp import RevenueRamp
from xlwings_addin.valuation.xiaomi import evaluate


def test_cash_closes_every_year_as_it_opened(cases: dict[str, Inputs]) -> None:
    for inputs in cases.values():
        results = evaluate(inputs)
        assert results.cash_gap < 1e-12
        assert set(results.model.cash) == {"devices", "devices_average", "vehicle_units", "vehicle_ramp"}
        for account in results.model.cash.values():
            assert account.closing == pytest.approx(np.full_like(account.closing, account.opening), rel=1e-12)


def test_what_is_earned_is_paid_out(base: Inputs) -> None:
    account = evaluate(base).model.cash["vehicle_units"]
    assert account.free_cash_flow == pytest.approx(-account.financing_and_payouts, rel=1e-9)
    assert np.abs(account.free_cash_flow).min() > 0


@pytest.mark.parametrize(
    ("owner", "key", "method"),
    [
        (CapacityRamp, "fcff", lambda self: after(0.0, self.nopat[1:] + self.depreciation)),
        (CapacityRamp, "depreciation", lambda self: self.net_assets[1:] * self.own("depreciation_rate")),
        (BuildUp, "change_in_working_capital", lambda self: self.working_capital * 0.0),
        (RevenueRamp, "fcff", lambda self: after(0.0, self.nopat)),
    ],
)
def test_a_flow_that_leaves_something_out_leaves_a_gap(
    monkeypatch: pytest.MonkeyPatch, base: Inputs, owner: Any, key: str, method: Any
) -> None:
    monkeypatch.setattr(owner.lines()[key], "method", method)
    assert evaluate(base).cash_gap > 1e-3
