"""From segments to a share: published figures and identities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlwings_addin.core.errors import DomainError, ShapeError, ValuationError
from xlwings_addin.core.sotp import equity_bridge, margin_of_safety, treasury_stock_shares, value_per_share

MONEY = st.floats(-1e6, 1e6)


def test_tranches_out_of_the_money_do_not_dilute() -> None:
    # AnalystForum, "basic EPS shares" (CFA Level I question): 100,000 shares, 20,000 options at $20 and
    # 20,000 at $28, average price $25: 104,000 shares.
    shares = treasury_stock_shares(100_000, options=[20_000, 20_000], strike=[20.0, 28.0], price=25.0)
    assert shares == pytest.approx(104_000)


def test_options_in_the_money_dilute_by_what_their_proceeds_cannot_buy_back() -> None:
    # CFA Program, OptionTech: 800,000 shares, 30,000 options at $35, average price $55: 10,909 new shares.
    shares = treasury_stock_shares(800_000, options=30_000, strike=35.0, price=55.0)
    assert shares == pytest.approx(810_909, abs=0.5)
    # AnalystNotes: 999 options at $10, average price $13: 231 (230.5) new shares.
    assert treasury_stock_shares(1, options=999, strike=10.0, price=13.0) - 1 == pytest.approx(231, abs=1)


def test_market_value_per_share_is_the_closing_price_of_the_day() -> None:
    # Xiaomi on 30 December 2024: market value HKD 864.5bn, 25.094bn shares, price HKD 34.45.
    assert value_per_share(864.5, diluted_shares=25.094) == pytest.approx(34.45, abs=0.005)


def test_core_net_cash_and_vehicles_of_article_004_add_up() -> None:
    # Seeking Alpha 4676592: core HKD 8.35 and net cash make "nearly 12" (net cash 3.35 to 3.65), vehicles add
    # 4.91; at 13 the price is 22% to 23% below the sum.
    bridge = equity_bridge([8.35, 4.91], net_cash=3.5)
    assert bridge.equity_value == pytest.approx(16.8, abs=0.15)
    assert margin_of_safety(bridge.equity_value, price=13.0) == pytest.approx(0.225, abs=0.01)


def test_the_steps_of_the_bridge_are_shown_and_add_up() -> None:
    bridge = equity_bridge(
        [100.0, 60.0, -10.0], net_cash=20.0, minority_interest=5.0, associates=7.0, holding_discount=0.2
    )
    assert (bridge.segments_total, bridge.discount) == (150.0, 30.0)
    assert (bridge.net_cash, bridge.associates, bridge.minority_interest) == (20.0, 7.0, 5.0)
    assert bridge.equity_value == 150.0 - 30.0 + 20.0 + 7.0 - 5.0


@given(st.lists(MONEY, min_size=1, max_size=8), MONEY, st.floats(0, 1))
def test_the_discount_takes_from_the_segments_and_not_from_the_cash(
    segments: list[float], net_cash: float, discount: float
) -> None:
    full = equity_bridge(segments, net_cash=net_cash).equity_value
    cut = equity_bridge(segments, net_cash=net_cash, holding_discount=discount).equity_value
    assert full - cut == pytest.approx(discount * sum(segments), abs=1e-8)


@given(st.floats(1, 1e5), st.floats(0, 1e4), st.floats(0, 100), st.floats(0.5, 100))
def test_exercised_options_are_paid_for_in_full(
    basic: float, options: float, strike: float, price: float
) -> None:
    new = treasury_stock_shares(basic, options=options, strike=strike, price=price) - basic
    gain = options * max(price - strike, 0.0)
    assert new * price == pytest.approx(gain, rel=1e-9, abs=1e-8 * basic * price)


@given(st.floats(0.1, 1e3), st.floats(0, 1e3))
def test_the_price_is_the_value_less_the_margin_of_safety(value: float, price: float) -> None:
    margin = margin_of_safety(value, price=price)
    assert value * (1 - margin) == pytest.approx(price, rel=1e-12, abs=1e-12 * value)


def test_many_scenarios_bridge_as_each_does_alone() -> None:
    segments = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    bridge = equity_bridge(segments, net_cash=[1.0, 2.0, 3.0], holding_discount=0.1)
    alone = [
        equity_bridge(row, net_cash=cash, holding_discount=0.1).equity_value
        for row, cash in zip(segments, [1.0, 2.0, 3.0], strict=True)
    ]
    assert bridge.equity_value == pytest.approx(alone)
    shares = treasury_stock_shares([10.0, 20.0], options=[1.0, 2.0], strike=[5.0, 6.0], price=[10.0, 5.5])
    assert shares == pytest.approx([10 + 0.5 + 2 * 0.4, 20 + (1 - 5 / 5.5)])
    assert type(value_per_share(10.0, diluted_shares=4.0)) is float


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: equity_bridge([], net_cash=1.0),
            ShapeError,
            "segment_values [] must have at least one value along its last axis",
        ),
        (
            lambda: equity_bridge([1.0, np.nan], net_cash=1.0),
            DomainError,
            "segment_values[1] nan must be finite",
        ),
        (
            lambda: equity_bridge([1.0], net_cash=1.0, holding_discount=1.2),
            DomainError,
            "holding_discount 120.00% must be from 0.00% to 100.00%",
        ),
        (
            lambda: equity_bridge(np.ones((3, 2)), net_cash=[1.0, 2.0]),
            ShapeError,
            "net_cash of shape (2,) does not fit the shape (3,) of one segment",
        ),
        (
            lambda: value_per_share(1.0, diluted_shares=0.0),
            DomainError,
            "diluted_shares 0 must be above 0",
        ),
        (
            lambda: value_per_share(1.0, diluted_shares=[1.0, -2.0]),
            DomainError,
            "diluted_shares[1] -2 must be above 0",
        ),
        (
            lambda: value_per_share(1.0, diluted_shares=1.0, currency_rate=0.0),
            DomainError,
            "currency_rate 0 must be above 0",
        ),
        (
            lambda: treasury_stock_shares(0.0, options=1.0, strike=1.0, price=1.0),
            DomainError,
            "basic 0 must be above 0",
        ),
        (
            lambda: treasury_stock_shares(1.0, options=-1.0, strike=1.0, price=1.0),
            DomainError,
            "options -1 must not be negative",
        ),
        (
            lambda: treasury_stock_shares(1.0, options=1.0, strike=-1.0, price=1.0),
            DomainError,
            "strike -1 must not be negative",
        ),
        (
            lambda: treasury_stock_shares(1.0, options=1.0, strike=1.0, price=0.0),
            DomainError,
            "price 0 must be above 0",
        ),
        (
            lambda: treasury_stock_shares(1.0, options=[1.0, 2.0], strike=[1.0, 2.0, 3.0], price=1.0),
            ShapeError,
            "strike of shape (3,) does not fit the shape (2,) of options",
        ),
        (
            lambda: treasury_stock_shares([1.0, 2.0], options=1.0, strike=1.0, price=[1.0, 2.0, 3.0]),
            ShapeError,
            "price of shape (3,) does not fit the shape (2,) of basic",
        ),
        (
            lambda: margin_of_safety(0.0, price=1.0),
            DomainError,
            "value_per_share 0 must be above 0 for a margin of safety",
        ),
        (lambda: margin_of_safety(1.0, price=-1.0), DomainError, "price -1 must not be negative"),
    ],
)
def test_bad_input_is_named_with_its_value_and_the_rule(
    refused: Callable[..., None], call: Callable[[], object], error: type[ValuationError], message: str
) -> None:
    refused(call, error, message)
