"""The public contract: names, argument order and defaults that workbooks in the wild depend on."""

from __future__ import annotations

import pytest

from xlwings_addin.functions.registry import REGISTRY, Kind

# An argument with a default is optional in a cell.
CONTRACT = {
    "CAPITAL_COST_OF_EQUITY": "risk_free, beta, equity_risk_premium, country_risk=0.0",
    "CAPITAL_BLUME_BETA": "raw_beta",
    "CAPITAL_UNLEVER_BETA": "beta, debt_to_equity, tax_rate",
    "CAPITAL_RELEVER_BETA": "beta, debt_to_equity, tax_rate",
    "CAPITAL_WACC": "cost_of_equity, cost_of_debt, tax_rate, equity_weight",
    "DCF_DISCOUNT_FACTORS": "rate, years, timing='end', first_period=1.0",
    "DCF_PRESENT_VALUE": "flows, rate, timing='end', first_period=1.0",
    "DCF_TERMINAL_VALUE": "final_flow, rate, growth, form='grown'",
    "DCF_TAXABLE_INCOME": "income, opening_losses=0.0",
    "DCF_FCFF": "ebit, tax_rate, depreciation, capex, change_in_nwc",
    "DCF_ENTERPRISE_VALUE": "flows, wacc, terminal_growth, timing='end', first_period=1.0, form='grown'",
    "DCF_XNPV": "rate, flows, dates",
    "DCF_XIRR": "flows, dates",
    "DCF_VALUE_DRIVER_TERMINAL": "nopat_next, rate, growth, return_on_new_capital",
    "DCF_EXIT_MULTIPLE_TERMINAL": "metric, multiple",
    "DCF_SENSITIVITY": "flows, waccs, terminal_growths, timing='end', first_period=1.0, form='grown'",
    "FACT_VALUE": "key, period='', company=''",
    "FACT_SOURCE": "key, period='', company=''",
    "FACT_AS_OF": "key, period='', company=''",
    "IMPLIED_GROWTH": "flows, wacc, enterprise_value, timing='end', first_period=1.0, form='grown'",
    "IMPLIED_WACC": "flows, terminal_growth, enterprise_value, timing='end', first_period=1.0, form='grown'",
    "IMPLIED_MARGIN": "revenue, reinvestment, wacc, terminal_growth, enterprise_value, tax_rate=0.0, "
    "timing='end', first_period=1.0, form='grown'",
    "MULTIPLES_VALUE": "metric, multiple, net_cash=0.0, shares=1.0, exchange_rate=1.0",
    "RAMP_FADE": "start, end, years, shape='linear'",
    "RAMP_REVENUE": "base_revenue, growth",
    "RAMP_LOGISTIC": "times, saturation, midpoint, steepness",
    "RAMP_LOGISTIC_MIDPOINT": "level, saturation, steepness",
    "RAMP_BASS": "times, innovation, imitation, market",
    "RAMP_GOMPERTZ": "times, saturation, displacement, rate",
    "RAMP_UNIT_COST": "base_cost, cumulative, base_cumulative, learning_rate",
    "SIMULATION_QUANTILE": "file, probability, model=''",
    "SIMULATION_PROBABILITY": "file, value, model=''",
    "SOTP_EQUITY_VALUE": "segment_values, net_cash, minority_interest=0.0, holding_discount=0.0",
    "SOTP_VALUE_PER_SHARE": "equity_value, diluted_shares, currency_rate=1.0",
    "SOTP_DILUTED_SHARES": "basic, options, strike, price",
    "VAL_VERSION": "",
    "VAL_LAST_ERROR": "cell=None",
    "VAL_TABLE": "case, sheet, line='', company=''",
}


def test_every_promised_function_exists_and_no_other() -> None:
    assert list(REGISTRY) == list(CONTRACT)


@pytest.mark.parametrize(("name", "arguments"), CONTRACT.items())
def test_arguments_keep_their_order_and_defaults(name: str, arguments: str) -> None:
    declared = ", ".join(
        f"{parameter.name}={parameter.default!r}" if parameter.optional else parameter.name
        for parameter in REGISTRY[name].parameters
    )
    assert declared == arguments


@pytest.mark.parametrize("name", CONTRACT)
def test_every_function_is_documented_in_full(name: str) -> None:
    entry = REGISTRY[name]
    assert entry.family == name.split("_")[0]
    texts = (entry.summary, entry.formula, entry.returns, entry.errors, entry.source)
    assert all(texts)
    assert all(parameter.unit and parameter.doc for parameter in entry.parameters)


def test_words_that_an_argument_may_be_are_listed() -> None:
    choices = {
        (name, parameter.name): parameter.choices
        for name, entry in REGISTRY.items()
        for parameter in entry.parameters
        if parameter.kind is Kind.TEXT
        and entry.family not in ("FACT", "SIMULATION", "VAL")  # their texts are keys, files and sheets
    }
    assert choices == {
        ("DCF_DISCOUNT_FACTORS", "timing"): ("end", "mid"),
        ("DCF_PRESENT_VALUE", "timing"): ("end", "mid"),
        ("DCF_TERMINAL_VALUE", "form"): ("grown", "flat"),
        ("DCF_ENTERPRISE_VALUE", "timing"): ("end", "mid"),
        ("DCF_ENTERPRISE_VALUE", "form"): ("grown", "flat"),
        **{
            (name, argument): words
            for name in ("DCF_SENSITIVITY", "IMPLIED_GROWTH", "IMPLIED_WACC", "IMPLIED_MARGIN")
            for argument, words in (("timing", ("end", "mid")), ("form", ("grown", "flat")))
        },
        ("RAMP_FADE", "shape"): ("linear", "geometric"),
    }


def test_a_reserved_word_is_renamed_for_the_hosts_only() -> None:
    renamed = {
        parameter.name: parameter.host_name
        for entry in REGISTRY.values()
        for parameter in entry.parameters
        if parameter.host_name != parameter.name
    }
    assert renamed == {"end": "end_value", "case": "case_name"}
