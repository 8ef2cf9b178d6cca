"""The share price and exchange rates of the day, as rows of the tables.

    price_hkd     HKD per share   1810.HK
    hkd_per_usd   HKD per USD     HKD=X
    cny_per_usd   CNY per USD     CNY=X

**Not exercised in CI**: the tests have a provider and a `yfinance` module of their own, and nothing has asked
Yahoo Finance here. Its data are for personal use (yfinance's README); a firm puts its own provider in, an
object with one method. `pip install xiaomi-model[market]` brings yfinance.

A quote must be plausible before it is a row: in the currency of its key, not of a future day, not older than
`lint` allows, an exchange rate within `lint`'s band, a price no further from the last one than `lint`'s
`SCALE_FACTOR`.

>>> from types import SimpleNamespace
>>> closes = {"1810.HK": ("HKD", 38.86), "HKD=X": ("HKD", 7.7745), "CNY=X": ("CNY", 7.12)}
>>> def quote(symbol):
...     currency, price = closes[symbol]
...     return Quote(symbol, price, currency, date(2025, 11, 19), "an example")
>>> for row in quotes(today=date(2025, 11, 19), provider=SimpleNamespace(quote=quote)):
...     print(row.key, row.text, row.unit, row.basis, row.source, row.as_of)
price_hkd 38.86 HKD per share reported an example 1810.HK 2025-11-19
hkd_per_usd 7.7745 HKD per USD reported an example HKD=X 2025-11-19
cny_per_usd 7.12 CNY per USD reported an example CNY=X 2025-11-19
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError
from xlwings_addin.inputs.company import Company, packaged_company
from xlwings_addin.inputs.lint_rules import EXCHANGE_RATES, MAXIMUM_AGE_DAYS, SCALE_FACTOR
from xlwings_addin.inputs.tables import Row, Tables
from xlwings_addin.sources.fetched import shortened

SYMBOLS: Mapping[str, str] = {"price_hkd": "1810.HK", "hkd_per_usd": "HKD=X", "cny_per_usd": "CNY=X"}
"""Yahoo's symbols: the share in Hong Kong, and what one US dollar costs."""
_LIKE = {True: "price_hkd", False: "cny_per_usd"}
"""Whose greatest age holds for a price, or a rate, of another company."""
DECIMALS = 4
"""Digits kept: quotes arrive as 38.86000061, and neither a tick in Hong Kong nor a rate is finer."""


@dataclass(frozen=True)
class Quote:
    """The last price of a symbol on a day of its market, and who gave it."""

    symbol: str
    price: float
    currency: str
    day: date
    source: str


class Provider(Protocol):
    """Who gives quotes."""

    def quote(self, symbol: str) -> Quote:
        """The last price of `symbol`; raises `InputError` where there is none."""


class YahooFinance:
    """Quotes by yfinance: the last daily close, which is the last price while the market is open.

    Raises `InputError` where yfinance is not installed.
    """

    def __init__(self) -> None:
        try:
            self._yfinance = importlib.import_module("yfinance")
        except ImportError as error:
            rule = "needs yfinance, which is not installed: pip install xiaomi-model[market]"
            raise InputError("source", "market", rule, display="market") from error

    def quote(self, symbol: str) -> Quote:
        """The last of five days' unadjusted closes.

        Raises `InputError` with yfinance's own reason, or that there is no price.
        """
        try:
            ticker: Any = self._yfinance.Ticker(symbol)
            closes = ticker.history(period="5d", auto_adjust=False)["Close"].dropna()
            if not len(closes):
                raise _unquoted(symbol, "it has no price of the last five days")
            return Quote(
                symbol,
                float(closes.iloc[-1]),
                str(ticker.history_metadata["currency"]),
                closes.index[-1].date(),
                "Yahoo Finance",
            )
        except InputError:
            raise
        except Exception as error:  # yfinance raises what its parsers and its HTTP client raise
            raise _unquoted(symbol, shortened(f"{type(error).__name__} {error}")) from error


def symbols_of(company: Company) -> dict[str, str]:
    """Yahoo's symbols for a company by the input they give: its ticker, and what a US dollar costs.

    >>> from xlwings_addin.inputs.company import packaged_company
    >>> symbols_of(packaged_company()) == SYMBOLS
    True
    """
    currencies = dict.fromkeys((company.currency.listing, company.currency.reporting))
    rates = {company.per_usd(currency): f"{currency}=X" for currency in currencies}
    own = {key: symbol for key, symbol in rates.items() if key is not None and company.parameters.has(key)}
    return {company.price_key: company.ticker, **own}


def quotes(
    keys: Iterable[str] | None = None,
    *,
    today: date,
    provider: Provider | None = None,
    company: Company | None = None,
) -> tuple[Row, ...]:
    """A row of basis `reported` for each key, all of a company's by default; of Yahoo Finance by default.

    The company is the packaged one by default.
    Raises `ChoiceError` for a key without a symbol, `InputError` where a quote is missing or in another
    currency, `DomainError` where it is not plausible.
    """
    company = company or packaged_company()
    symbols = symbols_of(company)
    keys = tuple(symbols if keys is None else keys)
    for key in keys:
        if key not in symbols:
            raise ChoiceError("market key", key, f"must be one of {', '.join(symbols)}")
    provider = provider or YahooFinance()
    return tuple(_row(key, provider.quote(symbols[key]), today, company) for key in keys)


def quoted(tables: Tables, rows: Iterable[Row]) -> Tables:
    """The tables with the scalars of `rows` in place of the house view's own.

    A case that overrides such a scalar keeps its own. Raises `DomainError` where a value is more than
    `SCALE_FACTOR` times off the one it replaces.
    """
    by_key = {row.key: row for row in rows}
    for key, row in by_key.items():
        last = tables.row(key)
        ratio = row.number / last.number
        if not 1 / SCALE_FACTOR <= ratio <= SCALE_FACTOR:
            rule = f"must be within {SCALE_FACTOR:g} times the last one, {last.text} ({last.place})"
            raise DomainError(f"{row.source} {key}", row.number, rule, display=row.text)
    kept = tuple(row for row in tables.assumptions if row.period or row.key not in by_key)
    return replace(tables, assumptions=kept + tuple(by_key.values()))


def _row(key: str, quote: Quote, today: date, company: Company) -> Row:
    quoted, name = company.parameter(key), f"{quote.source} {quote.symbol} {key}"
    is_price = key == company.price_key
    currency = company.currency.listing if is_price else key.removesuffix("_per_usd").upper()
    if quote.currency != currency:
        raise InputError(name, quote.currency, f"must be in {currency}")
    price = round(quote.price, DECIMALS) if math.isfinite(quote.price) else quote.price
    quoted.read(price, argument=name)
    low, high = EXCHANGE_RATES.get(key, (0.0, math.inf))
    if not low <= price <= high:
        raise DomainError(name, price, f"must be from {low:g} to {high:g}")
    age, limit = (today - quote.day).days, MAXIMUM_AGE_DAYS.get(key, MAXIMUM_AGE_DAYS[_LIKE[is_price]])
    if not 0 <= age <= limit:
        rule = f"must be of the {limit} days up to {today.isoformat()}"
        raise DomainError(name, quote.day, rule, display=f"of {quote.day.isoformat()}")
    return Row(
        key=key,
        period="",
        unit=quoted.unit,
        value=float(price),
        text=str(price),
        basis="reported",
        source=f"{quote.source} {quote.symbol}",
        as_of=quote.day,
        note="last price of the day",
        file="market",
        line=0,
    )


def _unquoted(symbol: str, reason: str) -> InputError:
    return InputError("market symbol", symbol, f"must have a quote: {reason}", display=symbol)
