"""A case rolled forward: identities against plain loops, whatever the time between and its year ends."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from tests.quarters_of_2026 import add_quarter
from xlwings_addin.analytics.as_of import tables_as_of
from xlwings_addin.analytics.roll import payout_rows, roll
from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.folders import tables_folder
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.refresh.rolling import save_case
from xlwings_addin.valuation.xiaomi import Results, evaluate

NEAR = 1e-9
START = date(2025, 11, 19)
DAYS = {
    "a day": date(2025, 11, 20),
    "to the quarter and year end": date(2025, 12, 31),
    "past the year end": date(2026, 1, 1),
    "across a year and a quarter end": date(2026, 4, 2),
    "to the last day": date(2026, 12, 30),
}


@pytest.fixture(scope="module")
def november() -> Inputs:
    """The case with the facts of its day: what is reported later is no part of an identity."""
    inputs = load_inputs("base")
    inputs = replace(inputs, tables=tables_as_of(inputs.tables, START))
    return inputs.replace(valuation_date=START, cash_since=START, base_year=2025)


def enterprise_value(results: Results, key: str) -> float:
    return float(np.asarray(results.model.businesses[key].enterprise_value).item())


def by_hand(inputs: Inputs, flows: list[float], wacc: float, day: date, to: date) -> float:
    """What flows counted on `day` are worth on `to` at the WACC, less those still to come, dated anew."""

    def dated(on: date) -> list[tuple[float, float]]:
        made, since = [], 0.0
        for year, flow in enumerate(flows):
            left = (date(2025 + year, 12, 31) - on).days / inputs.number("days_per_year")
            if left <= 0:
                continue
            end = left if not made else since + 1
            wait = (since + end) / 2 if inputs.text("timing") == "mid" else end
            made.append((flow * min(end - since, 1), wait))
            since = end
        return made

    years = (to - day).days / inputs.number("days_per_year")
    carried = sum(flow * (1 + wacc) ** (years - wait) for flow, wait in dated(day))
    return carried - sum(flow * (1 + wacc) ** -wait for flow, wait in dated(to))


@pytest.mark.parametrize("timing", ["mid", "end"])
@pytest.mark.parametrize("to", DAYS.values(), ids=DAYS)
def test_a_business_is_worth_its_return_more_and_its_flows_less(
    november: Inputs, to: date, timing: str
) -> None:
    inputs = november.replace(timing=timing)
    rolled = roll(inputs, to, payouts=0)
    years = (to - START).days / 365
    assert {item.key for item in rolled.businesses} == {"devices", "vehicle"}
    for item in rolled.businesses:
        business = rolled.before.model.businesses[item.key]
        flows = [float(flow) for flow in np.ravel(business.fcff)[:2]]
        wacc = float(business.wacc)
        before = enterprise_value(rolled.before, item.key)
        expected = before * (1 + wacc) ** years - by_hand(inputs, flows, wacc, START, to)
        assert enterprise_value(rolled.after, item.key) == pytest.approx(expected, rel=NEAR)
        assert item.after == pytest.approx(expected, rel=NEAR)


@pytest.mark.parametrize("to", DAYS.values(), ids=DAYS)
def test_net_cash_grows_by_the_flows_less_the_payouts(november: Inputs, to: date) -> None:
    rolled = roll(november, to, payouts=7464)
    fell = 0.0
    for business in (rolled.before.model.businesses[key] for key in ("devices", "vehicle")):
        for year, flow in enumerate(np.ravel(business.fcff)[:2]):
            first, last = date(2025 + year, 1, 1), date(2025 + year, 12, 31)
            days = (min(to, last) - max(START, date(2024 + year, 12, 31))).days
            fell += float(flow) * max(days, 0) / 365 if to >= first else 0.0
    before, after = (one.sotp.net_cash.value for one in (rolled.before, rolled.after))
    assert after == pytest.approx(before + fell - 7464, rel=NEAR)
    assert rolled.flows == pytest.approx(fell, rel=NEAR)


def test_one_long_roll_is_two_short_ones(november: Inputs) -> None:
    once = roll(november, date(2026, 6, 30), payouts=0)
    twice = roll(roll(november, date(2026, 1, 15), payouts=0).inputs, date(2026, 6, 30), payouts=0)
    assert twice.after.sotp.value_per_share == pytest.approx(once.after.sotp.value_per_share, rel=NEAR)


def test_the_steps_add_up_to_the_change(november: Inputs) -> None:
    rolled = roll(november, date(2026, 3, 31), price=32.0, payouts=7464)
    assert [step.name for step in rolled.steps] == ["time", "payouts", "price"]
    change = rolled.after.sotp.value_per_share - rolled.before.sotp.value_per_share
    assert sum(step.change for step in rolled.steps) == pytest.approx(change, rel=NEAR)
    assert rolled.to_frame()["change"].sum() == pytest.approx(change, rel=NEAR)
    assert rolled.inputs["price_date"] == date(2026, 3, 31)
    assert rolled.inputs.row("valuation_date").source == "rolled from 2025-11-19 to 2026-03-31"


# --- payouts, base year, what is saved ----------------------------------------------------------------


def test_payouts_are_those_reported_for_the_time_between(november: Inputs) -> None:
    tables = load_inputs("base").tables
    like = tables.row("share_price", "2026-01-31")
    rows = [
        replace(like, key="buyback_cash", period=period, value=value, unit=unit, as_of=entry)
        for period, value, unit, entry in (
            ("2025-11-19", 1.0, "CNY m", date(2025, 11, 19)),  # not after the case's day
            ("2026-01-22", 7464.0, "CNY m", date(2026, 1, 22)),
            ("2026-02-27", 2500.0, "HKD m", date(2026, 2, 27)),  # in another currency
            ("2026-03-30", 900.0, "CNY m", date(2026, 5, 2)),  # not later yet
        )
    ]
    history = tuple(row for row in tables.history if row.key != "buyback_cash")
    later = replace(tables, history=(*history, *rows))
    payouts = tuple(payout_rows(later, START, date(2026, 3, 31)))
    assert [row.number for row in payouts] == [7464.0]
    rolled = roll(replace(november, tables=later), date(2026, 3, 31))
    assert (rolled.paid, rolled.inputs["payouts_since"]) == (7464.0, 7464.0)


def test_cash_of_years_left_behind_is_kept_where_the_base_year_moves(
    november: Inputs, tmp_path: Path
) -> None:
    folder = Path(copytree(tables_folder(), tmp_path / "tables"))
    history = folder / "inputs" / "history.csv"
    later = re.compile(r"\w+,(2025Q4|2026Q[12]|FY2025),")
    lines = history.read_text(encoding="utf-8").splitlines(keepends=True)
    history.write_text("".join(line for line in lines if not later.match(line)), encoding="utf-8")
    for quarter in ("2025Q4", "2026Q1"):
        add_quarter(folder, quarter)
    inputs = replace(november, tables=load_tables(folder))
    stays = roll(inputs, date(2026, 6, 30), payouts=0)
    moved = roll(inputs, date(2026, 6, 30), payouts=0, base_year=2026)
    assert "base year" in [step.name for step in moved.steps]
    assert moved.inputs["cash_since"] == date(2025, 12, 31)
    fell = sum(
        float(np.ravel(stays.after.model.businesses[key].fcff)[0]) * (date(2025, 12, 31) - START).days / 365
        for key in ("devices", "vehicle")
    )
    assert moved.inputs["cash_rolled"] == pytest.approx(fell, rel=NEAR)
    assert {"group_research", "vehicle_opening_assets", "assumed_iot_revenue"} <= set(moved.to_renew)
    assert stays.to_renew == ()


def test_a_rolled_case_is_saved_and_valued_again_as_it_is(november: Inputs, tmp_path: Path) -> None:
    folder = Path(copytree(tables_folder(), tmp_path / "tables"))
    rolled = roll(load_inputs("march_2024_strict", folder), date(2024, 9, 30), price=22.0)
    save_case(rolled, "september", folder=folder)
    again = evaluate(load_inputs("september", folder))
    assert again.sotp.value_per_share == pytest.approx(rolled.after.sotp.value_per_share, rel=NEAR)
    with pytest.raises(InputError, match="case 'september' must be a new name"):
        save_case(rolled, "september", folder=folder)


@pytest.mark.parametrize(
    ("case", "to", "options", "message"),
    [
        ("base", date(2025, 1, 1), {}, "to 2025-01-01 must be after valuation_date"),
        ("march_2024_strict", date(2024, 6, 1), {"base_year": 2022}, "base_year 2022 must not be before"),
        ("march_2024_replica", date(2024, 6, 1), {}, "stub 'none' must be 'date' for a value to move"),
        ("march_2024_strict", date(2024, 6, 1), {"payouts": -1.0}, "payouts_since -1.0 must be at least 0"),
    ],
)
def test_a_roll_that_cannot_be_is_refused_in_a_sentence(case: str, to: date, options, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((DomainError, InputError), match=message):
        roll(load_inputs(case), to, **options)
