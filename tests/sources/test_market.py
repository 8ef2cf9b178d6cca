"""Quotes become rows of the tables where they are plausible; without yfinance a sentence says so.

No test asks Yahoo Finance: the provider is a stand-in, and so is the module `yfinance`.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import date, datetime
from types import ModuleType
from typing import Any

import pytest

from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.company import Currency, packaged_company
from xlwings_addin.inputs.lint import lint
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.sources.market import SYMBOLS, Quote, YahooFinance, quoted, quotes, symbols_of

TODAY = date(2025, 11, 20)
QUOTES = {
    "1810.HK": Quote("1810.HK", 40.7400016784668, "HKD", TODAY, "stand-in"),
    "HKD=X": Quote("HKD=X", 7.78381, "HKD", TODAY, "stand-in"),
    "CNY=X": Quote("CNY=X", 7.11229, "CNY", TODAY, "stand-in"),
}


class StandIn:
    """A provider of these quotes, some of them altered."""

    def __init__(self, **altered: Quote) -> None:
        self.quotes = QUOTES | {difference.symbol: difference for difference in altered.values()}
        self.asked: list[str] = []

    def quote(self, symbol: str) -> Quote:
        self.asked.append(symbol)
        return self.quotes[symbol]


def test_quotes_are_rows_as_the_tables_have_them():
    rows = quotes(today=TODAY, provider=StandIn())
    tables = load_tables()
    assert [(row.key, row.text) for row in rows] == [
        ("price_hkd", "40.74"),
        ("hkd_per_usd", "7.7838"),
        ("cny_per_usd", "7.1123"),
    ]
    for row in rows:
        earlier = tables.row(row.key)
        assert (row.period, row.unit, row.basis) == ("", earlier.unit, "reported")
        assert row.value == float(row.text)
        assert row.source == f"stand-in {SYMBOLS[row.key]}"
        assert row.as_of == TODAY


def test_another_company_is_quoted_by_its_ticker_in_its_currencies():
    xiaomi = packaged_company()
    other = replace(xiaomi, key="tencent", ticker="0700.HK", currency=Currency("HKD", "CNY"))
    provider = StandIn(price=Quote("0700.HK", 42.0, "HKD", TODAY, "stand-in"))
    rows = quotes(today=TODAY, provider=provider, company=other)
    assert provider.asked == ["0700.HK", "HKD=X", "CNY=X"]
    assert (rows[0].key, rows[0].value) == ("price_hkd", 42.0)
    one = replace(other, currency=Currency("HKD", "HKD"))
    assert symbols_of(one) == {"price_hkd": "0700.HK", "hkd_per_usd": "HKD=X"}


def test_only_the_keys_asked_for_are_quoted():
    provider = StandIn()
    assert [row.key for row in quotes(["price_hkd"], today=TODAY, provider=provider)] == ["price_hkd"]
    assert provider.asked == ["1810.HK"]
    with pytest.raises(ValuationError, match=r"market key 'raw_beta' must be one of price_hkd, hkd_per_usd"):
        quotes(["raw_beta"], today=TODAY, provider=provider)


@pytest.mark.parametrize(
    ("symbol", "altered", "rule"),
    [
        ("1810.HK", {"currency": "USD"}, "stand-in 1810.HK price_hkd 'USD' must be in HKD"),
        ("CNY=X", {"currency": "HKD"}, "stand-in CNY=X cny_per_usd 'HKD' must be in CNY"),
        ("1810.HK", {"price": 0.0}, "stand-in 1810.HK price_hkd 0.0 must be above 0"),
        ("1810.HK", {"price": -1.0}, "stand-in 1810.HK price_hkd -1.0 must be above 0"),
        ("1810.HK", {"price": float("nan")}, "stand-in 1810.HK price_hkd nan must be"),
        ("1810.HK", {"price": float("inf")}, "stand-in 1810.HK price_hkd inf must be"),
        ("HKD=X", {"price": 7.11}, "stand-in HKD=X hkd_per_usd 7.11 must be from 7.75 to 7.85"),
        ("HKD=X", {"price": 0.1285}, "stand-in HKD=X hkd_per_usd 0.1285 must be from 7.75 to 7.85"),
        ("CNY=X", {"price": 0.1406}, "stand-in CNY=X cny_per_usd 0.1406 must be from 6 to 8.3"),
        ("1810.HK", {"day": date(2025, 11, 12)}, "of 2025-11-12 must be of the 7 days up to 2025-11-20"),
        ("HKD=X", {"day": date(2025, 10, 19)}, "of 2025-10-19 must be of the 31 days up to 2025-11-20"),
        ("1810.HK", {"day": date(2025, 11, 21)}, "of 2025-11-21 must be of the 7 days up to 2025-11-20"),
    ],
)
def test_a_quote_that_is_not_plausible_is_refused(symbol: str, altered: dict[str, Any], rule: str):
    provider = StandIn(altered=replace(QUOTES[symbol], **altered))
    with pytest.raises(ValuationError) as error:
        quotes(today=TODAY, provider=provider)
    assert rule in str(error.value)


def test_quotes_replace_the_scalars_of_the_house_view_and_lint_as_before():
    tables = quoted(load_tables(), quotes(today=TODAY, provider=StandIn()))
    house, article = (load_inputs(case, tables=tables) for case in ("base", "march_2024_replica"))
    assert house.number("price_hkd") == 40.74
    assert house.row("price_hkd").source == "stand-in 1810.HK"
    assert article.number("price_hkd") == 13, "a case that has a price of its own keeps it"
    rules = {
        finding.rule for finding in lint(tables, today=TODAY, cases=[house]) if finding.severity == "error"
    }
    assert rules == set()
    ahead = {
        finding.key for finding in lint(tables, today=TODAY, cases=[house]) if finding.rule == "look_ahead"
    }
    assert ahead >= {"price_hkd", "hkd_per_usd", "cny_per_usd"}, "newer than the valuation date"


@pytest.mark.parametrize("price", [4074.0, 0.4074])
def test_a_price_in_another_scale_than_the_last_one_is_refused(price: float):
    rows = quotes(today=TODAY, provider=StandIn(odd=replace(QUOTES["1810.HK"], price=price)))
    with pytest.raises(ValuationError, match=r"price_hkd .* must be within 50 times the last one, 38\.86 \("):
        quoted(load_tables(), rows)


@pytest.mark.skipif(importlib.util.find_spec("yfinance") is not None, reason="yfinance is installed")
def test_without_the_extra_a_sentence_says_what_to_install():
    with pytest.raises(
        InputError, match=r"^source market needs yfinance, .* pip install xiaomi-model\[market\]$"
    ):
        quotes(today=TODAY)


# --- yfinance, as far as its documented shape goes ----------------------------------------------------


class Closes(list[float]):
    """As much of a pandas series as is used: values, and their days as index."""

    @property
    def index(self) -> list[datetime]:
        return [datetime(2025, 11, 14 + day, 16) for day in range(len(self))]

    @property
    def iloc(self) -> Closes:
        return self

    def dropna(self) -> Closes:
        return Closes(value for value in self if value == value)


@pytest.fixture
def yfinance(monkeypatch: pytest.MonkeyPatch) -> type:
    class Ticker:
        closes = Closes([39.0, 38.9, 40.74])
        history_metadata: dict[str, str] = {"currency": "HKD"}  # noqa: RUF012

        def __init__(self, symbol: str) -> None:
            self.symbol = symbol

        def history(self, *, period: str, auto_adjust: bool) -> dict[str, Closes]:
            assert (self.symbol, period, auto_adjust) == ("1810.HK", "5d", False)
            return {"Close": self.closes}

    module = ModuleType("yfinance")
    module.Ticker = Ticker  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "yfinance", module)
    return Ticker


def test_the_last_close_is_the_quote(yfinance: Any):
    assert YahooFinance().quote("1810.HK") == Quote(
        "1810.HK", 40.74, "HKD", date(2025, 11, 16), "Yahoo Finance"
    )


def test_a_close_that_is_missing_is_passed_over(yfinance: Any):
    yfinance.closes = Closes([39.0, float("nan")])
    assert YahooFinance().quote("1810.HK").price == 39.0


def test_no_closes_are_no_quote(yfinance: Any):
    yfinance.closes = Closes([float("nan")])
    with pytest.raises(InputError, match=r"^market symbol 1810\.HK must have a quote: it has no price"):
        YahooFinance().quote("1810.HK")


def test_what_yfinance_raises_is_the_reason(yfinance: Any):
    yfinance.history_metadata = {}
    with pytest.raises(InputError, match=r"1810\.HK must have a quote: KeyError 'currency'"):
        YahooFinance().quote("1810.HK")
