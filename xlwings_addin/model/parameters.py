"""The scalars a case may set: one `Parameter` each, with its unit, its range and what it means.

`PARAMETERS` is the only list of them. The tables, the cases, the sheets and their defined names follow it:

    section            what stands in it
    Case               title, valuation date, base year, market price
    Currency           exchange rates
    Conventions        timing, stub, first flow, day count, form of the terminal value
    Cost of capital    CAPM, leverage, tax, the rates used
    Core business      phones, IoT and internet services, valued on free cash flow
    Vehicles           deliveries, price, growth, margin, conversion to cash
    Sum of the parts   net cash, associates, minorities, discount, shares
    Check thresholds   when a check warns, and the tolerance of workbook against core

>>> parameter("timing").read("mid")
'mid'
>>> parameter("vehicle_horizon").read(20)
Traceback (most recent call last):
    ...
xlwings_addin.core.errors.DomainError: vehicle_horizon 20 must be at most 16
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError

Kind = Literal["number", "rate", "count", "date", "year", "choice", "text"]
Value = float | int | str | date

TIMELINE_YEARS = 16
"""Forecast years on the sheets: article 004 fades its growth over 2024 to 2039."""


@dataclass(frozen=True)
class Parameter:
    """One scalar input: what it is called, what it is measured in and what it may be.

    `minimum` and `maximum` belong to the range unless `above_minimum` or `below_maximum` is set.
    """

    key: str
    label: str
    unit: str
    section: str
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above_minimum: bool = False
    below_maximum: bool = False

    def read(self, value: object, *, argument: str | None = None) -> Value:
        """`value` as this parameter's type, or an error that names `argument` (the key by default).

        Counts and years may be whole floats, and dates midnights: spreadsheets hold them so.
        Raises `InputError` for a wrong type, `ChoiceError` for an unknown word, `DomainError` out of range.

        >>> parameter("base_year").read(2023.0)
        2023
        >>> parameter("timing").read("middle")
        Traceback (most recent call last):
            ...
        xlwings_addin.core.errors.ChoiceError: timing 'middle' must be one of end, mid
        """
        name = argument or self.key
        match self.kind:
            case "text":
                return _text(name, value)
            case "choice":
                return _choice(name, value, self.choices)
            case "date":
                return _date(name, value)
            case "count" | "year":
                whole = _whole_number(name, value)
                self._check_range(name, whole)
                return whole
            case "number" | "rate":
                number = _number(name, value)
                self._check_range(name, number)
                return number

    @property
    def rule(self) -> str:
        """What the value must be, in words.

        >>> parameter("tax_rate").rule, parameter("diluted_shares").rule, parameter("timing").rule
        ('at least 0.00%, below 100.00%', 'above 0', 'one of end, mid')
        """
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        bounds = []
        if self.minimum is not None:
            bounds.append(f"{'above' if self.above_minimum else 'at least'} {self.show(self.minimum)}")
        if self.maximum is not None:
            bounds.append(f"{'below' if self.below_maximum else 'at most'} {self.show(self.maximum)}")
        return ", ".join(bounds) or {"date": "a date", "text": "a text"}.get(self.kind, "a number")

    def show(self, value: object) -> str:
        """`value` as a message prints it: rates as percentages.

        >>> parameter("vehicle_wacc").show(0.12)
        '12.00%'
        """
        return f"{value:.2%}" if self.kind == "rate" else f"{value}"

    def _check_range(self, name: str, number: float) -> None:
        if self.minimum is not None:
            low = self.minimum
            if number < low or (self.above_minimum and number == low):
                word = "above" if self.above_minimum else "at least"
                raise DomainError(name, number, f"must be {word} {self.show(low)}", shown=self.show(number))
        if self.maximum is not None:
            high = self.maximum
            if number > high or (self.below_maximum and number == high):
                word = "below" if self.below_maximum else "at most"
                raise DomainError(name, number, f"must be {word} {self.show(high)}", shown=self.show(number))


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(name, value, "must be a text that is not empty")
    return value


def _choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ChoiceError(name, value, f"must be one of {', '.join(choices)}")
    return value


def _date(name: str, value: object) -> date:
    if isinstance(value, datetime):
        if value.time() != time.min:
            raise InputError(name, value, "must be a date without a time of day", shown=value.isoformat())
        return value.date()
    if not isinstance(value, date):
        raise InputError(name, value, "must be a date")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(name, value, "must be a number")
    if not math.isfinite(value):
        raise InputError(name, value, "must be a finite number")
    return float(value)


def _whole_number(name: str, value: object) -> int:
    number = _number(name, value)
    if not number.is_integer():
        raise InputError(name, value, "must be a whole number")
    return int(number)


_CASE = (
    Parameter("case_title", "Case", "text", "Case", "text", "What the case is, in one line."),
    Parameter(
        "valuation_date",
        "Valuation date",
        "date",
        "Case",
        "date",
        "The day the value stands for; with stub `date` the first period runs from here.",
    ),
    Parameter(
        "base_year",
        "Base year",
        "year",
        "Case",
        "year",
        "The last year before the forecast; the first forecast year follows it.",
        minimum=2010,
        maximum=2100,
    ),
    Parameter(
        "price_hkd",
        "Share price",
        "HKD per share",
        "Case",
        "number",
        "The market price the value is compared with.",
        minimum=0,
        above_minimum=True,
    ),
    Parameter(
        "replicates",
        "Replicates",
        "choice",
        "Case",
        "choice",
        "The article whose printed figures the case must give; none where it gives its own.",
        choices=("none", "article_004"),
    ),
)

_CURRENCY = (
    Parameter(
        "hkd_per_usd",
        "HKD per USD",
        "HKD per USD",
        "Currency",
        "number",
        "Hong Kong dollars for one US dollar.",
        minimum=0,
        above_minimum=True,
    ),
    Parameter(
        "cny_per_usd",
        "CNY per USD",
        "CNY per USD",
        "Currency",
        "number",
        "Renminbi for one US dollar.",
        minimum=0,
        above_minimum=True,
    ),
)

_CONVENTIONS = (
    Parameter(
        "timing",
        "Timing of flows",
        "choice",
        "Conventions",
        "choice",
        "Flows arrive at the end or in the middle of their year.",
        choices=("end", "mid"),
    ),
    Parameter(
        "stub",
        "First period",
        "choice",
        "Conventions",
        "choice",
        "none: a whole year to the first year end; date: days from the valuation date over days per year.",
        choices=("none", "date"),
    ),
    Parameter(
        "first_flow",
        "First year's flow",
        "choice",
        "Conventions",
        "choice",
        "whole: the first year's flow counts in full; stub: only the fraction after the valuation date.",
        choices=("whole", "stub"),
    ),
    Parameter(
        "days_per_year",
        "Days per year",
        "days",
        "Conventions",
        "number",
        "Day count of the first period; 365 is ACT/365, as in XNPV.",
        minimum=360,
        maximum=366,
    ),
    Parameter(
        "terminal_form",
        "Terminal value form",
        "choice",
        "Conventions",
        "choice",
        "grown: F(1+g)/(r-g), Gordon's form; flat: F/(r-g).",
        choices=("flat", "grown"),
    ),
    Parameter(
        "units_per_million",
        "Units in a million",
        "units",
        "Conventions",
        "number",
        "Turns CNY m over vehicles into CNY per vehicle.",
        minimum=1_000_000,
        maximum=1_000_000,
    ),
)

_CAPITAL = (
    Parameter(
        "risk_free",
        "Risk-free rate",
        "ratio",
        "Cost of capital",
        "rate",
        "Yield of a default-free long bond.",
        minimum=-0.05,
        maximum=0.5,
    ),
    Parameter(
        "equity_risk_premium",
        "Equity risk premium",
        "ratio",
        "Cost of capital",
        "rate",
        "Return asked of shares above the risk-free rate.",
        minimum=0,
        maximum=0.5,
        above_minimum=True,
    ),
    Parameter(
        "country_risk",
        "Country risk premium",
        "ratio",
        "Cost of capital",
        "rate",
        "Added to the cost of equity.",
        minimum=0,
        maximum=0.5,
    ),
    Parameter(
        "raw_beta",
        "Raw beta",
        "ratio",
        "Cost of capital",
        "number",
        "Regression beta before Blume's adjustment.",
        minimum=-5,
        maximum=5,
    ),
    Parameter(
        "blume_weight",
        "Weight of the raw beta",
        "ratio",
        "Cost of capital",
        "rate",
        "Blume: weight on the raw beta, the rest on 1.",
        minimum=0,
        maximum=1,
    ),
    Parameter(
        "cost_of_debt",
        "Cost of debt",
        "ratio",
        "Cost of capital",
        "rate",
        "Before tax.",
        minimum=0,
        maximum=0.5,
    ),
    Parameter(
        "equity_weight",
        "Equity weight",
        "ratio",
        "Cost of capital",
        "rate",
        "Equity over equity plus debt, at market value.",
        minimum=0,
        maximum=1,
    ),
    Parameter(
        "tax_rate",
        "Tax rate",
        "ratio",
        "Cost of capital",
        "rate",
        "On the operating income of vehicles and on interest; reported core free cash flows are after tax.",
        minimum=0,
        maximum=1,
        below_maximum=True,
    ),
    Parameter(
        "core_wacc_basis",
        "Core WACC basis",
        "choice",
        "Cost of capital",
        "choice",
        "printed: the rounded rate given; computed: CAPM, unrounded.",
        choices=("printed", "computed"),
    ),
    Parameter(
        "core_wacc_printed",
        "Core WACC as printed",
        "ratio",
        "Cost of capital",
        "rate",
        "Used when the basis is printed.",
        minimum=0,
        maximum=1,
        above_minimum=True,
    ),
    Parameter(
        "vehicle_wacc",
        "Vehicle WACC",
        "ratio",
        "Cost of capital",
        "rate",
        "Discount rate of the vehicle business.",
        minimum=0,
        maximum=1,
        above_minimum=True,
    ),
)

_CORE = (
    Parameter(
        "core_average_first_year",
        "First year of the average",
        "year",
        "Core business",
        "year",
        "First reported free cash flow in the average.",
        minimum=2010,
        maximum=2100,
    ),
    Parameter(
        "core_average_last_year",
        "Last year of the average",
        "year",
        "Core business",
        "year",
        "Last reported free cash flow in the average.",
        minimum=2010,
        maximum=2100,
    ),
    Parameter(
        "core_horizon",
        "Explicit years, core",
        "years",
        "Core business",
        "count",
        "Explicit forecast years; 0 capitalises the average at once.",
        minimum=0,
        maximum=TIMELINE_YEARS,
    ),
    Parameter(
        "core_terminal_growth",
        "Terminal growth, core",
        "ratio",
        "Core business",
        "rate",
        "Growth for ever after the explicit years.",
        minimum=-0.5,
        maximum=0.5,
    ),
)

_VEHICLES = (
    Parameter(
        "vehicle_base_deliveries",
        "Base deliveries",
        "m vehicles",
        "Vehicles",
        "number",
        "Deliveries of the base year the ramp starts from.",
        minimum=0,
    ),
    Parameter(
        "vehicle_base_price_usd",
        "Average price",
        "USD per vehicle",
        "Vehicles",
        "number",
        "Average revenue per vehicle in the base year.",
        minimum=0,
    ),
    Parameter(
        "vehicle_growth_start",
        "Growth, first forecast year",
        "ratio",
        "Vehicles",
        "rate",
        "Revenue growth in the first forecast year; fades linearly.",
        minimum=-1,
        maximum=5,
        above_minimum=True,
    ),
    Parameter(
        "vehicle_growth_end",
        "Growth, last forecast year",
        "ratio",
        "Vehicles",
        "rate",
        "Revenue growth in the last forecast year.",
        minimum=-1,
        maximum=5,
        above_minimum=True,
    ),
    Parameter(
        "vehicle_horizon",
        "Explicit years, vehicles",
        "years",
        "Vehicles",
        "count",
        "Forecast years of the ramp.",
        minimum=2,
        maximum=TIMELINE_YEARS,
    ),
    Parameter(
        "vehicle_operating_income_start",
        "Operating income, first forecast year",
        "USD m",
        "Vehicles",
        "number",
        "Rises linearly to the end margin on the last year's revenue.",
    ),
    Parameter(
        "vehicle_operating_margin_end",
        "Operating margin, last forecast year",
        "ratio",
        "Vehicles",
        "rate",
        "Operating income over revenue in the last forecast year.",
        minimum=-1,
        maximum=1,
    ),
    Parameter(
        "vehicle_cash_conversion",
        "Cash conversion",
        "ratio",
        "Vehicles",
        "rate",
        "Free cash flow over operating income after tax.",
        minimum=0,
        maximum=2,
    ),
    Parameter(
        "vehicle_terminal_growth",
        "Terminal growth, vehicles",
        "ratio",
        "Vehicles",
        "rate",
        "Growth for ever after the last forecast year.",
        minimum=-0.5,
        maximum=0.5,
    ),
)

_PARTS = (
    Parameter(
        "liquid_funds",
        "Liquid funds",
        "CNY m",
        "Sum of the parts",
        "number",
        "Cash, short-term deposits and short-term investments; no restricted cash, no long-term deposits.",
        minimum=0,
    ),
    Parameter(
        "debt", "Debt", "CNY m", "Sum of the parts", "number", "Borrowings and lease liabilities.", minimum=0
    ),
    Parameter(
        "associates",
        "Associates and investments",
        "CNY m",
        "Sum of the parts",
        "number",
        "Stakes whose income is in neither segment.",
        minimum=0,
    ),
    Parameter(
        "minority_interest",
        "Minority interest",
        "CNY m",
        "Sum of the parts",
        "number",
        "Others' share in subsidiaries; subtracted.",
    ),
    Parameter(
        "holding_discount",
        "Holding discount",
        "ratio",
        "Sum of the parts",
        "rate",
        "On the segments, not on the cash.",
        minimum=0,
        maximum=1,
        below_maximum=True,
    ),
    Parameter(
        "diluted_shares",
        "Diluted shares",
        "m shares",
        "Sum of the parts",
        "number",
        "Shares the equity value is divided by.",
        minimum=0,
        above_minimum=True,
    ),
)

_CHECKS = (
    Parameter(
        "warning_minimum_spread",
        "Least spread of WACC over growth",
        "ratio",
        "Check thresholds",
        "rate",
        "A check warns when WACC less terminal growth is smaller.",
        minimum=0,
        maximum=1,
    ),
    Parameter(
        "warning_maximum_terminal_share",
        "Largest terminal share",
        "ratio",
        "Check thresholds",
        "rate",
        "A check warns when the terminal value is a larger share of the whole.",
        minimum=0,
        maximum=1,
    ),
    Parameter(
        "history_rounding",
        "Rounding of published figures",
        "CNY m",
        "Check thresholds",
        "number",
        "What three published figures, each rounded to 10 CNY m, may miss an identity by.",
        minimum=0,
    ),
    Parameter(
        "tolerance",
        "Tolerance",
        "ratio",
        "Check thresholds",
        "number",
        "Largest relative difference between a workbook cell and the core.",
        minimum=0,
        maximum=1e-3,
        above_minimum=True,
    ),
)

PARAMETERS: tuple[Parameter, ...] = (
    *_CASE,
    *_CURRENCY,
    *_CONVENTIONS,
    *_CAPITAL,
    *_CORE,
    *_VEHICLES,
    *_PARTS,
    *_CHECKS,
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
