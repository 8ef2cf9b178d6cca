"""The scalars a case may set: one `Parameter` each, in the order the sheets show them.

`PARAMETERS` is the only list of them. The tables, the cases, the sheets and their defined names follow it:

    section            what stands in it
    Case               title, valuation date, base year, market price, probability
    Currency           exchange rates
    Conventions        timing, stub, first flow, day count, form of the terminal value
    Cost of capital    CAPM, leverage, tax, the rates used
    Base year          the quarter not reported yet, and whom research is charged to
    Core business      the method, the average of reported cash flows, horizon and terminal growth
    Core segments      phones, IoT and internet services: growth, margins, costs, reinvestment
    Vehicles           the method, horizon and terminal growth, and the revenue ramp from the top down
    Vehicle units      deliveries under capacity, price, learning, costs, reinvestment
    Sum of the parts   new initiatives, net cash, investments, minorities, discount, shares
    Check thresholds   when a check warns, and the tolerance of workbook against core

>>> parameter("timing").read("mid")
'mid'
>>> parameter("vehicle_horizon").read(20)
Traceback (most recent call last):
    ...
xlwings_addin.core.errors.DomainError: vehicle_horizon 20 must be at most 16
"""

from __future__ import annotations

from dataclasses import replace

from xlwings_addin.core.errors import InputError
from xlwings_addin.model.parameter import Kind, Parameter

TIMELINE_YEARS = 16
"""Forecast years on the sheets: article 004 fades its growth over 2024 to 2039."""

SEGMENTS = {"smartphone": "smartphones", "iot": "IoT and lifestyle", "internet": "internet services"}
"""The core's segments: the keys of their figures begin with these."""

PLANTS = (1, 2, 3, 4, 5)
"""The plants of the capacity schedule: each has a capacity and a first year."""


def _parameter(
    kind: Kind,
    key: str,
    label: str,
    unit: str,
    help: str,
    *choices: str,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Parameter:
    """`least` and `most` belong to the range, `above` and `below` do not."""
    return Parameter(
        key,
        label,
        unit,
        "",
        kind,
        help,
        choices,
        minimum=least if above is None else above,
        maximum=most if below is None else below,
        above_minimum=above is not None,
        below_maximum=below is not None,
    )


def _number(key: str, label: str, unit: str, help: str, **bounds: float) -> Parameter:
    return _parameter("number", key, label, unit, help, **bounds)


def _rate(key: str, label: str, help: str, **bounds: float) -> Parameter:
    return _parameter("rate", key, label, "ratio", help, **bounds)


def _years(key: str, label: str, help: str, **bounds: float) -> Parameter:
    return _parameter("count", key, label, "years", help, **bounds)


def _year(key: str, label: str, help: str) -> Parameter:
    return _parameter("year", key, label, "year", help, least=2010, most=2100)


def _choice(key: str, label: str, help: str, *choices: str) -> Parameter:
    return _parameter("choice", key, label, "choice", help, *choices)


def _section(title: str, *parameters: Parameter) -> tuple[Parameter, ...]:
    return tuple(replace(each, section=title) for each in parameters)


def _fade(key: str, name: str, help: str) -> tuple[Parameter, Parameter]:
    """Growth in the first forecast year and in the last explicit one."""
    return (
        _rate(f"{key}_growth_start", f"{name}, first forecast year", help, above=-1, most=5),
        _rate(f"{key}_growth_end", f"{name}, last explicit year", help, above=-1, most=5),
    )


def _segment(key: str, name: str) -> tuple[Parameter, ...]:
    linear = "fades linearly over the explicit years."
    growth = (
        (
            *_fade("smartphone_shipment", "Growth of smartphones shipped", f"In units; {linear}"),
            *_fade("smartphone_price", "Growth of the average smartphone price", f"In yuan; {linear}"),
        )
        if key == "smartphone"
        else _fade(key, f"Growth of {name}", f"Of revenue; {linear}")
    )
    return (
        *growth,
        _rate(
            f"{key}_gross_margin_end",
            f"Gross margin of {name}, long run",
            "Reached from the margin of the reported quarters in equal steps.",
            least=-1,
            most=1,
        ),
    )


def _plant(n: int) -> tuple[Parameter, ...]:
    return (
        _number(
            f"plant_{n}_capacity",
            f"Plant {n}, capacity",
            "m vehicles",
            "Vehicles a year at the shifts it runs; 0 for no plant.",
            least=0,
        ),
        _year(f"plant_{n}_year", f"Plant {n}, first year", "The first year its whole capacity counts."),
    )


PARAMETERS: tuple[Parameter, ...] = (
    *_section(
        "Case",
        _parameter("text", "case_title", "Case", "text", "What the case is, in one line."),
        _parameter(
            "date",
            "valuation_date",
            "Valuation date",
            "date",
            "The day the value stands for; with stub `date` the first period runs from here.",
        ),
        _year(
            "base_year", "Base year", "The last year before the forecast; the first forecast year follows it."
        ),
        _number(
            "price_hkd",
            "Share price",
            "HKD per share",
            "The market price the value is compared with.",
            above=0,
        ),
        _rate(
            "probability",
            "Probability",
            "Weight of the case in the weighted value; over all cases they add to one.",
            least=0,
            most=1,
        ),
        _choice(
            "replicates",
            "Replicates",
            "The article whose printed figures the case must give; none where it gives its own.",
            "none",
            "article_004",
        ),
    ),
    *_section(
        "Currency",
        _number("hkd_per_usd", "HKD per USD", "HKD per USD", "Hong Kong dollars for one US dollar.", above=0),
        _number("cny_per_usd", "CNY per USD", "CNY per USD", "Renminbi for one US dollar.", above=0),
    ),
    *_section(
        "Conventions",
        _choice(
            "timing",
            "Timing of flows",
            "Flows arrive at the end or in the middle of their year.",
            "end",
            "mid",
        ),
        _choice(
            "stub",
            "First period",
            "none: a whole year to the first year end; date: days from valuation date over days per year.",
            "none",
            "date",
        ),
        _choice(
            "first_flow",
            "First year's flow",
            "whole: the first year's flow counts in full; stub: only the fraction after the valuation date.",
            "whole",
            "stub",
        ),
        _number(
            "days_per_year",
            "Days per year",
            "days",
            "Day count of the first period; 365 is ACT/365, as in XNPV.",
            least=360,
            most=366,
        ),
        _choice(
            "terminal_form",
            "Terminal value form",
            "grown: F(1+g)/(r-g), Gordon's form; flat: F/(r-g).",
            "flat",
            "grown",
        ),
        _number(
            "units_per_million",
            "Units in a million",
            "units",
            "Turns CNY m over vehicles into CNY per vehicle.",
            least=1000000,
            most=1000000,
        ),
    ),
    *_section(
        "Cost of capital",
        _rate("risk_free", "Risk-free rate", "Yield of a default-free long bond.", least=-0.05, most=0.5),
        _rate(
            "equity_risk_premium",
            "Equity risk premium",
            "Return asked of shares above the risk-free rate.",
            above=0,
            most=0.5,
        ),
        _rate("country_risk", "Country risk premium", "Added to the cost of equity.", least=0, most=0.5),
        _number(
            "raw_beta", "Raw beta", "ratio", "Regression beta before Blume's adjustment.", least=-5, most=5
        ),
        _rate(
            "blume_weight",
            "Weight of the raw beta",
            "Blume: weight on the raw beta, the rest on 1.",
            least=0,
            most=1,
        ),
        _rate("cost_of_debt", "Cost of debt", "Before tax.", least=0, most=0.5),
        _rate(
            "equity_weight",
            "Equity weight",
            "Equity over equity plus debt, at market value.",
            least=0,
            most=1,
        ),
        _rate(
            "tax_rate",
            "Tax rate",
            "On operating income and on interest; reported free cash flows are after tax.",
            least=0,
            below=1,
        ),
        _choice(
            "core_wacc_basis",
            "Core WACC basis",
            "printed: the rounded rate given; computed: CAPM, unrounded.",
            "printed",
            "computed",
        ),
        _rate(
            "core_wacc_printed", "Core WACC as printed", "Used when the basis is printed.", above=0, most=1
        ),
        _rate("vehicle_wacc", "Vehicle WACC", "Discount rate of the vehicle business.", above=0, most=1),
    ),
    *_section(
        "Base year",
        _number(
            "assumed_smartphone_shipments",
            "Smartphones shipped in a quarter not reported",
            "m units",
            "Stands for each quarter of the base year that is not reported yet.",
            least=0,
        ),
        _number(
            "assumed_smartphone_price",
            "Average smartphone price of a quarter not reported",
            "CNY per unit",
            "Stands for each quarter of the base year that is not reported yet.",
            least=0,
        ),
        _number(
            "assumed_iot_revenue",
            "IoT revenue of a quarter not reported",
            "CNY m",
            "Stands for each quarter of the base year that is not reported yet.",
            least=0,
        ),
        _number(
            "assumed_internet_revenue",
            "Internet revenue of a quarter not reported",
            "CNY m",
            "Stands for each quarter of the base year that is not reported yet.",
            least=0,
        ),
        _number(
            "assumed_vehicle_deliveries",
            "Deliveries of a quarter not reported",
            "m vehicles",
            "Stands for each quarter of the base year that is not reported yet.",
            least=0,
        ),
        _number(
            "assumed_vehicle_price",
            "Average vehicle price of a quarter not reported",
            "CNY per vehicle",
            "Stands for each quarter of the base year that is not reported yet.",
            least=0,
        ),
        _number(
            "group_research",
            "Research and development, group",
            "CNY m",
            "Of the base year; split between core and vehicles, so that nothing is charged twice.",
            least=0,
        ),
        _rate(
            "vehicle_research_share",
            "Share of it that is vehicles and AI",
            "Charged to the vehicle segment, where the company reports new initiatives too.",
            least=0,
            most=1,
        ),
    ),
    *_section(
        "Core business",
        _choice(
            "core_method",
            "Method, core",
            "segments: revenue, margins and costs; average: reported free cash flow. Both are shown.",
            "average",
            "segments",
        ),
        _year(
            "core_average_first_year",
            "First year of the average",
            "First reported free cash flow in the average.",
        ),
        _year(
            "core_average_last_year",
            "Last year of the average",
            "Last reported free cash flow in the average.",
        ),
        _years(
            "core_horizon",
            "Explicit years, core",
            "Explicit forecast years of both methods; 0 capitalises the flow of the base year at once.",
            least=0,
            most=TIMELINE_YEARS,
        ),
        _rate(
            "core_terminal_growth",
            "Terminal growth, core",
            "Growth for ever after the explicit years.",
            least=-0.5,
            most=0.5,
        ),
    ),
    *_section(
        "Core segments",
        *(each for key, name in SEGMENTS.items() for each in _segment(key, name)),
        _years(
            "core_fade_years",
            "Years to the long run, core",
            "Years over which margins and cost ratios reach their long-run level.",
            least=1,
            most=TIMELINE_YEARS,
        ),
        _rate(
            "core_overhead_ratio_start",
            "Selling and administrative costs, base year, core",
            "Over core revenue.",
            least=0,
            most=1,
        ),
        _rate(
            "core_overhead_ratio_end",
            "Selling and administrative costs, long run, core",
            "Over core revenue.",
            least=0,
            most=1,
        ),
        _rate(
            "core_research_ratio_end",
            "Research and development, long run, core",
            "Over core revenue; starts from the core's share of the group's.",
            least=0,
            most=1,
        ),
        _rate(
            "core_depreciation_ratio", "Depreciation and amortisation", "Over core revenue.", least=0, most=1
        ),
        _rate("core_capex_ratio", "Capital expenditure", "Over core revenue.", least=0, most=1),
        _number(
            "core_working_capital_days",
            "Working capital",
            "days",
            "Net working capital in days of revenue; negative where suppliers pay for stocks.",
            least=-365,
            most=365,
        ),
        _rate(
            "core_return_on_new_capital",
            "Return on new capital, core",
            "After tax, for ever; the value driver pays for terminal growth with it.",
            above=0,
            most=5,
        ),
        _number(
            "core_exit_multiple",
            "Exit multiple, core",
            "multiple",
            "Enterprise value over EBITDA of the last explicit year; a cross-check.",
            least=0,
        ),
    ),
    *_section(
        "Vehicles",
        _choice(
            "vehicle_method",
            "Method, vehicles",
            "units: deliveries, price, costs; ramp: revenue from the top down. Both are shown.",
            "ramp",
            "units",
        ),
        _number(
            "vehicle_base_deliveries",
            "Base deliveries",
            "m vehicles",
            "Deliveries of the base year the ramp from the top down starts from.",
            least=0,
        ),
        _number(
            "vehicle_base_price_usd",
            "Average price",
            "USD per vehicle",
            "Average revenue per vehicle in the base year.",
            above=0,
        ),
        _rate(
            "vehicle_growth_start",
            "Growth, first forecast year",
            "Revenue growth in the first forecast year; fades linearly.",
            above=-1,
            most=5,
        ),
        _rate(
            "vehicle_growth_end",
            "Growth, last forecast year",
            "Revenue growth in the last forecast year.",
            above=-1,
            most=5,
        ),
        _years(
            "vehicle_horizon",
            "Explicit years, vehicles",
            "Forecast years of both methods.",
            least=2,
            most=TIMELINE_YEARS,
        ),
        _number(
            "vehicle_operating_income_start",
            "Operating income, first forecast year",
            "USD m",
            "Rises linearly to the end margin on the last year's revenue.",
        ),
        _rate(
            "vehicle_operating_margin_end",
            "Operating margin, last forecast year",
            "Operating income over revenue in the last forecast year.",
            least=-1,
            most=1,
        ),
        _rate(
            "vehicle_cash_conversion",
            "Cash conversion",
            "Free cash flow over operating income after tax.",
            least=0,
            most=2,
        ),
        _rate(
            "vehicle_terminal_growth",
            "Terminal growth, vehicles",
            "Growth for ever after the last forecast year.",
            least=-0.5,
            most=0.5,
        ),
    ),
    *_section(
        "Vehicle units",
        _number(
            "demand_saturation",
            "Demand a year, in the end",
            "m vehicles",
            "Level the logistic curve of demand approaches.",
            above=0,
        ),
        _number(
            "demand_steepness",
            "Steepness of demand",
            "per year",
            "Of the logistic curve; its midpoint follows from the deliveries of the base year.",
            above=0,
            most=5,
        ),
        *(each for n in PLANTS for each in _plant(n)),
        _rate(
            "vehicle_price_change_start",
            "Change of price a year, start of the fade",
            "Of the average price; reaches the long run's in equal steps.",
            above=-1,
            most=1,
        ),
        _rate(
            "vehicle_price_change_end",
            "Change of price a year, long run",
            "Of the average price.",
            above=-1,
            most=1,
        ),
        _rate(
            "vehicle_other_revenue_share",
            "Other revenue of the segment",
            "Over revenue from vehicles: parts, services and accessories.",
            least=0,
            most=1,
        ),
        _rate(
            "vehicle_learning_rate",
            "Learning rate",
            "What each doubling of all vehicles ever made takes off the cost of one more.",
            least=0,
            below=1,
        ),
        _rate(
            "vehicle_gross_margin_ceiling",
            "Gross margin, ceiling",
            "What is learnt beyond this margin goes to the buyer.",
            least=-1,
            most=1,
        ),
        _years(
            "vehicle_fade_years",
            "Years to the long run, vehicles",
            "Years over which price changes and cost ratios reach their long-run level.",
            least=1,
            most=TIMELINE_YEARS,
        ),
        _rate(
            "vehicle_overhead_ratio_start",
            "Selling and administrative costs, base year, vehicles",
            "Over segment revenue.",
            least=0,
            most=1,
        ),
        _rate(
            "vehicle_overhead_ratio_end",
            "Selling and administrative costs, long run, vehicles",
            "Over segment revenue.",
            least=0,
            most=1,
        ),
        _rate(
            "vehicle_research_ratio_end",
            "Research and development, long run, vehicles",
            "Over segment revenue; starts from the segment's share of the group's.",
            least=0,
            most=1,
        ),
        _number(
            "vehicle_opening_losses",
            "Losses brought forward",
            "CNY m",
            "Tax losses of earlier years, set against the first profits; no expiry.",
            least=0,
        ),
        _number(
            "vehicle_opening_assets",
            "Plant and tools at the start",
            "CNY m",
            "Net book value at the end of the base year.",
            least=0,
        ),
        _rate(
            "vehicle_depreciation_rate",
            "Depreciation rate",
            "On net plant and tools at the start of the year.",
            least=0,
            most=1,
        ),
        _number(
            "vehicle_capex_per_capacity",
            "Capital expenditure for new capacity",
            "CNY per vehicle",
            "For one vehicle a year of new capacity, in the year it opens.",
            least=0,
        ),
        _rate(
            "vehicle_maintenance_capex_ratio",
            "Other capital expenditure",
            "Tools, stores and upkeep, over segment revenue.",
            least=0,
            most=1,
        ),
        _number(
            "vehicle_working_capital_days",
            "Working capital, vehicles",
            "days",
            "Net working capital in days of revenue; negative where suppliers pay for stocks.",
            least=-365,
            most=365,
        ),
        _rate(
            "vehicle_return_on_new_capital",
            "Return on new capital, vehicles",
            "After tax, for ever; the value driver pays for terminal growth with it.",
            above=0,
            most=5,
        ),
        _number(
            "vehicle_exit_multiple",
            "Exit multiple, vehicles",
            "multiple",
            "Enterprise value over EBITDA of the last forecast year; a cross-check.",
            least=0,
        ),
    ),
    *_section(
        "Sum of the parts",
        _number(
            "new_initiatives_value",
            "AI and other new initiatives",
            "CNY m",
            "Worth beyond the segments; their cost is already charged to vehicles.",
        ),
        _choice(
            "net_cash_definition",
            "Net cash, definition",
            "strict: liquid funds less debt; company: cash resources less debt.",
            "strict",
            "company",
        ),
        _number(
            "liquid_funds",
            "Liquid funds",
            "CNY m",
            "Cash, short-term deposits and investments; no restricted cash, no long-term deposits.",
            least=0,
        ),
        _number(
            "cash_resources",
            "Cash resources",
            "CNY m",
            "The company's own figure: with restricted cash, term deposits and long-term deposits.",
            least=0,
        ),
        _number(
            "restricted_cash",
            "Restricted cash",
            "CNY m",
            "Pledged; in the cash resources, not in the liquid funds.",
            least=0,
        ),
        _number("debt", "Debt", "CNY m", "Borrowings and lease liabilities.", least=0),
        _number(
            "associates",
            "Associates and investments",
            "CNY m",
            "Stakes whose income is in no segment.",
            least=0,
        ),
        _number(
            "minority_interest", "Minority interest", "CNY m", "Others' share in subsidiaries; subtracted."
        ),
        _rate("holding_discount", "Holding discount", "On the segments, not on the cash.", least=0, below=1),
        _choice(
            "share_basis",
            "Shares, basis",
            "diluted: the diluted shares given; treasury_stock: basic shares plus awards, net.",
            "diluted",
            "treasury_stock",
        ),
        _number(
            "diluted_shares", "Diluted shares", "m shares", "Shares the equity value is divided by.", above=0
        ),
        _number(
            "basic_shares", "Basic shares", "m shares", "Outstanding; with basis treasury_stock.", above=0
        ),
        _number(
            "share_awards",
            "Options and awards",
            "m shares",
            "Not exercised or vested; with basis treasury_stock.",
            least=0,
        ),
        _number(
            "award_strike_hkd",
            "Strike of the awards",
            "HKD per share",
            "Average price to be paid for them.",
            least=0,
        ),
        _number(
            "reported_shares",
            "Shares outstanding when the cash was reported",
            "m shares",
            "The shares used must not be fewer: a placement's cash comes with its shares.",
            least=0,
        ),
    ),
    *_section(
        "Check thresholds",
        _rate(
            "warning_minimum_spread",
            "Least spread of WACC over growth",
            "A check warns when WACC less terminal growth is smaller.",
            least=0,
            most=1,
        ),
        _rate(
            "warning_maximum_terminal_share",
            "Largest terminal share",
            "A check warns when the terminal value is a larger share of the whole.",
            least=0,
            most=1,
        ),
        _rate(
            "warning_growth_step",
            "Largest step of growth after the forecast",
            "A check warns when terminal growth exceeds the last year's growth of a build-up by more.",
            least=0,
            most=1,
        ),
        _rate(
            "warning_margin_gap",
            "Largest gap to the reported vehicle margin",
            "A check warns when the vehicles' operating margin of the base year is higher by more.",
            least=0,
            most=1,
        ),
        _rate(
            "warning_cross_check",
            "Largest gap to a cross-check",
            "A check warns when the value driver or the exit multiple is further from Gordon's value.",
            least=0,
            most=5,
        ),
        _number(
            "history_rounding",
            "Rounding of published figures",
            "CNY m",
            "What three published figures, each rounded to 10 CNY m, may miss an identity by.",
            least=0,
        ),
        _number(
            "tolerance",
            "Tolerance",
            "ratio",
            "Largest relative difference between a workbook cell and the core.",
            above=0,
            most=0.001,
        ),
    ),
)

_BY_KEY = {parameter.key: parameter for parameter in PARAMETERS}


def parameter(key: str) -> Parameter:
    """The parameter called `key`, or an `InputError` with the nearest name.

    >>> parameter("tax_rate").label
    'Tax rate'
    >>> parameter("tax_rte")
    Traceback (most recent call last):
        ...
    xlwings_addin.core.errors.InputError: parameter 'tax_rte' is not one of the model's (nearest: tax_rate)
    """
    if key not in _BY_KEY:
        raise InputError("parameter", key, f"is not one of the model's{nearest(key)}")
    return _BY_KEY[key]


def nearest(key: str) -> str:
    """` (nearest: tax_rate)` for a misspelt key, or nothing where no parameter is near.

    >>> nearest("diluted_share")
    ' (nearest: diluted_shares)'
    """
    from difflib import get_close_matches

    matches = get_close_matches(key, _BY_KEY, n=1)
    return f" (nearest: {matches[0]})" if matches else ""
