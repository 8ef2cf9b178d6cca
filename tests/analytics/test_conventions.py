"""What conventions are worth: against figures worked out apart from the model, and against the model."""

from __future__ import annotations

import json
from dataclasses import replace
from math import fsum

import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.convention_options import Option
from xlwings_addin.analytics.conventions import _Prices, _together
from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.valuation.xiaomi import evaluate

REPLICA = "march_2024_replica"


def changes(case: str) -> dict[tuple[str, str], float | None]:
    return {(row.key, row.option): row.change for row in xa.conventions(case).options}


# Article 004 by hand: vehicles 4.91 HKD untaxed; 5.20 with flows in mid-year, 5.32 - 5.03 = 0.29 more where
# operating income is 0 in 2023; net cash differs by 136.3 - 107.1 bn CNY over 25 bn shares.
@pytest.mark.parametrize(
    ("key", "option", "expected"),
    [
        ("timing", "mid", 5.20 - 4.91),
        ("ramp_start", "0 in 2023", 5.32 - 5.03),
        ("tax_rate", "25%", -0.25 * 4.91),
        ("net_cash_definition", "company", (136_300 - 107_100) / 25_000 / 7.2015 * 7.823),
        ("devices_wacc_basis", "computed", -0.44),
    ],
)
def test_a_convention_of_article_004_alone_is_worth_so_much(key: str, option: str, expected: float) -> None:
    assert changes(REPLICA)[key, option] == pytest.approx(expected, abs=0.011)


def test_every_option_is_worth_what_the_model_says_with_it() -> None:
    inputs = load_inputs("base")
    present = evaluate(inputs).sotp.value_per_share
    options = changes("base")
    assert len(options) > 10
    for key, value in (("timing", "end"), ("terminal_form", "flat"), ("share_basis", "diluted")):
        other = evaluate(inputs.replace(**{key: value})).sotp.value_per_share
        assert options[key, value] == pytest.approx(other - present, rel=1e-9)


def test_the_parts_sum_to_the_change_and_so_do_the_conventions_of_another_case() -> None:
    answer = xa.conventions("base", against=REPLICA)
    together = answer.together
    assert set(together.parts) > {"timing", "first_period", "terminal_form", "tax_rate", "share_basis"}
    assert fsum(together.parts.values()) == pytest.approx(together.change, rel=1e-9)
    assert answer.present + together.change == pytest.approx(together.per_share, rel=1e-12)
    replica, inputs = load_inputs(REPLICA), load_inputs("base")
    keys = (
        *("timing", "stub", "first_flow", "terminal_form", "tax_rate", "share_basis", "devices_wacc_basis"),
        *("net_cash_definition", "vehicle_operating_income_start"),
    )
    moved = inputs.replace(**{key: replica[key] for key in keys})
    assert evaluate(moved).sotp.value_per_share == pytest.approx(together.per_share, rel=1e-12)


def test_a_rate_in_the_currency_of_the_flows_needs_a_yield_of_the_day() -> None:
    (row,) = [row for row in xa.conventions("base").options if row.key == "rate_currency"]
    inputs = load_inputs("base")
    # Fisher's relation with 1.77% (2025-09-05) and the case's 4.06%
    ratio = 1.0177 / 1.0406
    changed = {
        "risk_free": 0.0177,
        "vehicle_wacc": (1 + inputs.number("vehicle_wacc")) * ratio - 1,
        "devices_wacc_printed": (1 + inputs.number("devices_wacc_printed")) * ratio - 1,
    }
    assert row.per_share == pytest.approx(evaluate(inputs.replace(**changed)).sotp.value_per_share, rel=1e-9)
    assert "tradingeconomics" in row.source
    missing = xa.conventions(REPLICA).missing
    assert missing == {
        "rate_currency": "no government_bond_yield_cny_10y in markets.csv was known on 2024-03-08"
    }


def test_options_that_break_a_rule_together_are_left_out_and_named() -> None:
    inputs = load_inputs(REPLICA)
    options = {
        "growth": Option("9%", {"vehicle_terminal_growth": 0.09}),
        "rate": Option("8%", {"vehicle_wacc": 0.08}),
    }
    together = _together(_Prices(inputs), options)
    assert list(together.parts) == ["growth"]
    assert "vehicle_wacc" in together.left_out["rate"]


def test_an_option_that_breaks_a_rule_alone_has_no_value_but_the_rule() -> None:
    prices = _Prices(load_inputs(REPLICA))
    assert "must exceed vehicle_terminal_growth" in prices.rule([Option("", {"vehicle_wacc": 0.04})])
    assert prices.rule([Option("", {"vehicle_wacc": 0.11})]) == ""


def test_the_same_conventions_and_an_unknown_case_are_one_sentence() -> None:
    with pytest.raises(InputError, match="has the conventions of case base"):
        xa.conventions("base", against="base")
    with pytest.raises(ChoiceError, match="nowhere"):
        xa.conventions("base", against="nowhere")


def test_the_answer_is_plain_data_and_a_table() -> None:
    answer = xa.conventions(REPLICA)
    data = json.loads(json.dumps(answer.summary()))
    assert data["together"]["change"] == answer.together.change
    assert len(answer.to_frame()) == len(data["options"]) == len(answer.options)
    assert repr(replace(answer)) == repr(answer)
    assert repr(answer).startswith(f"<Conventions {REPLICA} 16.65: ")
