"""The inputs that the model of every company needs, whatever its businesses are."""

from __future__ import annotations

from collections.abc import Iterator

from xlwings_addin.inputs.company import Company
from xlwings_addin.segments.needs import Need, choice, day, need, number, rate, year

_DATE = "The day the value stands for; with stub `date` the first period runs from here."
_BASE = "The last year before the forecast; the first forecast year follows it."
_STUB = "none: a whole year to the first year end; date: days from valuation date over days per year."
_FLOW = "whole: the first year's flow counts in full; stub: only the fraction after the valuation date."
_SHARES = "diluted: the diluted shares given; treasury_stock: basic shares plus awards, net."
_CASH = "The company's own figure: with restricted cash, term deposits and long-term deposits."
_QUOTED = "The day the price was quoted; its age is told."
_BALANCE = "The day of the balance sheet that cash and debt are from; its age is told."
_SINCE = (
    "What the model's flows bring from this day to the valuation date is added to net cash; on the valuation "
    "date itself it is nothing."
)
_REPORTED = "The shares used must not be fewer: a placement's cash comes with its shares."
_CASE, _RATES, _SUM, _LIMITS = "Case", "Currency", "Sum of the parts", "Check thresholds"
_MONEY = "{currency} m"


def _case(company: Company) -> Iterator[Need]:
    yield need("text", "case_title", "Case", "text", "What the case is, in one line.", section=_CASE)
    yield day("valuation_date", "Valuation date", _DATE, section=_CASE)
    yield year("base_year", "Base year", _BASE, section=_CASE)
    price = "The market price the value is compared with."
    yield number("price_{listing_key}", "Share price", "{listing} per share", price, section=_CASE, above=0)
    yield day("price_date", "Day of the price", _QUOTED, section=_CASE, default="day of price_{listing_key}")
    weight = "Weight of the case in the weighted value; over all cases they add to one."
    yield rate("probability", "Probability", weight, section=_CASE, least=0, most=1)
    article = "The source whose printed figures the case must give; none where it gives its own."
    yield choice("replicates", "Replicates", article, "none", *company.replicates, section=_CASE)


def _rates(company: Company) -> Iterator[Need]:
    listing, reporting = company.currency.listing, company.currency.reporting
    for currency in dict.fromkeys((listing, reporting)):
        key = company.per_usd(currency)
        if key is not None and not (currency == listing == reporting):
            unit = f"{currency} per USD"
            yield number(key, unit, unit, f"{currency} for one US dollar.", section=_RATES, above=0)
    if listing == reporting != "USD":
        key, unit = f"{reporting.lower()}_per_usd", f"{reporting} per USD"
        yield number(key, unit, unit, f"{reporting} for one US dollar.", section=_RATES, above=0)


def _conventions() -> Iterator[Need]:
    section = "Conventions"
    timing = "Flows arrive at the end or in the middle of their year."
    yield choice("timing", "Timing of flows", timing, "end", "mid", section=section)
    yield choice("stub", "First period", _STUB, "none", "date", section=section)
    yield choice("first_flow", "First year's flow", _FLOW, "whole", "stub", section=section)
    days = "Day count of the first period; 365 is ACT/365, as in XNPV."
    yield number("days_per_year", "Days per year", "days", days, section=section, least=360, most=366)
    form = "grown: F(1+g)/(r-g), Gordon's form; flat: F/(r-g)."
    yield choice("terminal_form", "Terminal value form", form, "flat", "grown", section=section)


def _capital(company: Company) -> Iterator[Need]:
    section = "Cost of capital"
    default_free = "Yield of a default-free long bond."
    yield rate("risk_free", "Risk-free rate", default_free, section=section, least=-0.05, most=0.5)
    asked = "Return asked of shares above the risk-free rate."
    yield rate("equity_risk_premium", "Equity risk premium", asked, section=section, above=0, most=0.5)
    added = "Added to the cost of equity."
    yield rate("country_risk", "Country risk premium", added, section=section, least=0, most=0.5)
    measured = "Regression beta before Blume's adjustment."
    yield number("raw_beta", "Raw beta", "ratio", measured, section=section, least=-5, most=5)
    blume = "Blume: weight on the raw beta, the rest on 1."
    yield rate("blume_weight", "Weight of the raw beta", blume, section=section, least=0, most=1)
    yield rate("cost_of_debt", "Cost of debt", "Before tax.", section=section, least=0, most=0.5)
    market = "Equity over equity plus debt, at market value."
    yield rate("equity_weight", "Equity weight", market, section=section, least=0, most=1)
    tax = "On operating income and on interest."
    yield rate("tax_rate", "Tax rate", tax, section=section, least=0, below=1)
    if company.researching:
        research = "Of the base year; split between the parts that do research, so that nothing counts twice."
        yield number(
            "group_research",
            "Research and development, group",
            _MONEY,
            research,
            section="Base year",
            least=0,
        )


def _sum() -> Iterator[Need]:
    definition = "strict: liquid funds less debt; company: cash resources less debt."
    about = "Net cash, definition"
    yield choice("net_cash_definition", about, definition, "strict", "company", section=_SUM)
    for key, label, help in (
        ("liquid_funds", "Liquid funds", "Cash and short-term investments; no restricted cash."),
        ("cash_resources", "Cash resources", _CASH),
        ("restricted_cash", "Restricted cash", "Pledged; in the cash resources, not in the liquid funds."),
        ("debt", "Debt", "Borrowings and lease liabilities."),
        ("associates", "Associates and investments", "Stakes whose income is in no segment."),
    ):
        yield number(key, label, _MONEY, help, section=_SUM, least=0)
    others = "Others' share in subsidiaries; subtracted."
    yield number("minority_interest", "Minority interest", _MONEY, others, section=_SUM)
    discount = "On the segments, not on the cash."
    yield rate("holding_discount", "Holding discount", discount, section=_SUM, least=0, below=1)
    yield choice("share_basis", "Shares, basis", _SHARES, "diluted", "treasury_stock", section=_SUM)
    divided = "Shares the equity value is divided by."
    yield number("diluted_shares", "Diluted shares", "m shares", divided, section=_SUM, above=0)
    outstanding = "Outstanding; with basis treasury_stock."
    yield number("basic_shares", "Basic shares", "m shares", outstanding, section=_SUM, above=0)
    awards = "Not exercised or vested; with basis treasury_stock."
    yield number("share_awards", "Options and awards", "m shares", awards, section=_SUM, least=0)
    strike, unit = "Average price to be paid for them.", "{listing} per share"
    key = "award_strike_{listing_key}"
    yield number(key, "Strike of the awards", unit, strike, section=_SUM, least=0)
    label = "Shares outstanding when the cash was reported"
    yield number("reported_shares", label, "m shares", _REPORTED, section=_SUM, least=0)


def _cash() -> Iterator[Need]:
    """From which day cash is, and what has come and gone since."""
    about = "Day of the balance sheet"
    yield day("balance_date", about, _BALANCE, section=_SUM, default="day of liquid_funds")
    yield day("cash_since", "Flows count as cash since", _SINCE, section=_SUM, default="as valuation_date")
    kept = "What flows brought before that day, kept when the base year moved."
    yield number("cash_rolled", "Cash of periods rolled over", _MONEY, kept, section=_SUM, default="0")
    paid = "Buybacks and dividends reported since; taken off net cash."
    label = "Payouts since the cash was counted"
    yield number("payouts_since", label, _MONEY, paid, section=_SUM, default="0", least=0)


def _ages() -> Iterator[Need]:
    for key, name, what, most in (
        ("largest_price_age", "price", "the price", "7"),
        ("largest_facts_age", "facts", "the end of the last reported quarter", "180"),
        ("largest_balance_age", "balance sheet", "the balance sheet", "180"),
    ):
        help = f"Past so many days {what} is told to be old."
        yield number(key, f"Largest age of the {name}", "days", help, section="Ages", default=most, least=0)


def _limits() -> Iterator[Need]:
    for key, label, help in (
        (
            "warning_minimum_spread",
            "Least spread of WACC over growth",
            "A check warns when WACC less terminal growth is smaller.",
        ),
        (
            "warning_maximum_terminal_share",
            "Largest terminal share",
            "A check warns when the terminal value is a larger share of the whole.",
        ),
        (
            "warning_growth_step",
            "Largest step of growth after the forecast",
            "A check warns when terminal growth exceeds the last year's growth of a build-up by more.",
        ),
    ):
        yield rate(key, label, help, section=_LIMITS, least=0, most=1)
    gap = "A check warns when the value driver or the exit multiple is further from Gordon's value."
    yield rate("warning_cross_check", "Largest gap to a cross-check", gap, section=_LIMITS, least=0, most=5)
    missed = "What published figures, each rounded, may miss an identity by."
    yield number(
        "history_rounding", "Rounding of published figures", _MONEY, missed, section=_LIMITS, least=0
    )
    largest = "Largest relative difference between a workbook cell and the core."
    yield number("tolerance", "Tolerance", "ratio", largest, section=_LIMITS, above=0, most=0.001)


def common_needs(company: Company) -> Iterator[Need]:
    """The inputs of every model, in the order of the sheet Inputs."""
    yield from _case(company)
    yield from _rates(company)
    yield from _conventions()
    yield from _capital(company)
    yield from _sum()
    yield from _cash()
    yield from _limits()
    yield from _ages()
