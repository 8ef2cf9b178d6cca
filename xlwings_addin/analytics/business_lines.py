"""The lines in which an analyst thinks of a change: phones, a margin, deliveries, net cash, shares, rates.

Every input and every figure of the tables belongs to one of them, by its key and section: what is sold by the
unit, what it costs, what is invested in it; then what a company has once.
"""

from __future__ import annotations

from collections.abc import Iterator

from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.parameter import Parameter

TIME = "Time and conventions"
NET_CASH, INVESTMENTS, SHARES = "Net cash", "Investments and minorities", "Shares"
PRICE, RATES, CAPITAL = "Share price", "Exchange rates", "Cost of capital"
RESEARCH, OTHER_FACTS = "Research, group", "Other facts"
DELIVERIES, UNIT_PRICE = "deliveries", "price"
MARGIN, COSTS, INVESTED, LONG_RUN = "margin", "costs", "investment", "long run"

_CASH = frozenset(
    (
        *("net_cash_definition", "liquid_funds", "cash_resources", "restricted_cash", "debt"),
        *("balance_date", "cash_since", "cash_rolled", "payouts_since"),
    )
)
_SHARES = ("diluted_shares", "basic_shares", "share_awards", "reported_shares", "share_basis", "award_strike")
_STAKES = ("associates", "minority_interest", "holding_discount")
_TIME = ("valuation_date", "base_year", "case_title", "probability", "replicates")
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (LONG_RUN, ("terminal_growth", "horizon", "exit_multiple")),
    (DELIVERIES, ("deliveries", "demand", "plant_", "growth_start", "growth_end")),
    (UNIT_PRICE, ("price", "selling_price", "_revenue")),
    (MARGIN, ("gross_margin", "learning", "operating_income", "operating_margin", "segment_result")),
    (COSTS, ("overhead", "research", "fade_years", "losses")),
    (INVESTED, ("capex", "depreciation", "assets", "working_capital", "cash_conversion", "return_on")),
)
"""Of a business: the first of these that a key has a word of."""


def line_of(key: str, company: Company, parameter: Parameter | None = None) -> str:
    """The line that an input, or a figure of the tables, belongs to.

    >>> from xlwings_addin.inputs.company import packaged_company
    >>> [line_of(key, packaged_company()) for key in ("revenue_iot", "gross_margin_iot", "debt")]
    ['IoT and lifestyle', 'IoT and lifestyle, margin', 'Net cash']
    >>> line_of("vehicle_deliveries", packaged_company()), line_of("hkd_per_usd", packaged_company())
    ('Vehicles, deliveries', 'Exchange rates')
    """
    if key == company.price_key or key == "price_date":
        return PRICE
    once = next(_once(key), None)
    if once is not None:
        return once
    for segment in company.grouped:
        if key.removeprefix("assumed_").startswith(f"{segment.key}_") or key == f"revenue_{segment.key}":
            return f"{segment.label}, {MARGIN}" if "margin" in key else segment.label
        if key == f"gross_margin_{segment.key}":
            return f"{segment.label}, {MARGIN}"
    for part in company.parts:
        if _belongs(key, part.key, company):
            return f"{part.short}, {_word(key)}" if _word(key) else part.short
    if parameter is None:
        return OTHER_FACTS
    return TIME if parameter.section == "Conventions" else parameter.section


def _once(key: str) -> Iterator[str]:
    if key in _CASH:
        yield NET_CASH
    if key.startswith(_SHARES):
        yield SHARES
    if key in _STAKES:
        yield INVESTMENTS
    if key in _TIME:
        yield TIME
    if key.endswith("_per_usd"):
        yield RATES
    if "_wacc" in key:
        yield CAPITAL
    if key == "group_research":
        yield RESEARCH


def _belongs(key: str, part: str, company: Company) -> bool:
    """Whether a key is a part's; demand and plants are those of the part that delivers."""
    delivering = part == company.delivering
    return (
        key.removeprefix("assumed_").startswith(f"{part}_")
        or key.startswith((f"gross_margin_{part}", f"revenue_{part}"))
        or (delivering and key.startswith(("demand_", "plant_")))
    )


def _word(key: str) -> str:
    return next((line for line, words in _WORDS if any(word in key for word in words)), "")
