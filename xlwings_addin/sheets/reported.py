"""Reported: every reported year and quarter, with the ratios an analyst looks at first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

import numpy as np

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.base_year import announced
from xlwings_addin.inputs.calendar import QUARTERS_A_YEAR, is_year
from xlwings_addin.inputs.company import Company
from xlwings_addin.segments.lines import Years
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
    across,
)
from xlwings_addin.valuation.xiaomi import Results

QUARTERLY = "quarterly_"
"""What the keys of quarterly lines begin with."""
LAST_TWELVE_MONTHS = "last_twelve_months_"
MISSING = "n/a"

BESIDE = {
    "gross_profit": "Gross profit",
    "operating_profit": "Operating profit, with gains and other income",
    "operating_cash_flow": "Operating cash flow",
    "capex": "Capital expenditure",
}
"""Quarterly figures of the group that stand beside the others, where the tables have them."""


def segment_labels(company: Company) -> dict[str, str]:
    """What Reported calls the segments with a revenue, by what their keys end with."""
    labels = {entry.key: entry.label for entry in company.grouped}
    if (part := company.delivering) is not None:
        labels[part] = f"{_short(company, part)} and new initiatives"
    return labels


def _short(company: Company, part: str) -> str:
    return next(entry.short for entry in company.parts if entry.key == part)


def flows(company: Company) -> dict[str, str]:
    """Quarterly figures that add up over a year, with their labels."""
    units = [entry for entry in company.grouped if company.sold_by_unit(entry.key)]
    labels = {f"{entry.key}_shipments": f"{entry.label} shipped" for entry in units}
    labels |= {f"revenue_{entry.key}": entry.label for entry in company.grouped}
    labels |= {
        "revenue": "Group revenue",
        "research_and_development": "Research and development",
        "adjusted_net_profit": "Group adjusted net profit",
    }
    if (part := company.delivering) is not None:
        name = _short(company, part)
        labels |= {
            f"{part}_deliveries": f"{name} delivered",
            f"{part}_revenue": f"{name.removesuffix('s')} revenue",
            f"{part}_segment_revenue": "Segment revenue",
            f"{part}_segment_result": "Segment result",
        }
    return labels


def growing(company: Company) -> tuple[str, ...]:
    """Quarterly figures whose growth says something: those that are never below zero."""
    falling = ("research_and_development", f"{company.delivering}_segment_result")
    return tuple(key for key in flows(company) if key not in falling)


def columns(context: Context) -> Layout:
    """A column for every year of the tables' calendar."""
    return {"periods": Columns(FIRST_COLUMN + 2, context.calendar.years, 12.5)}


def by_quarter(context: Context) -> Layout:
    """A column for every quarter of the tables' calendar."""
    return {"periods": Columns(FIRST_COLUMN + 2, context.calendar.quarters, 12.5)}


def _series(r: Results, key: str, periods: Sequence[str]) -> Years:
    return r.inputs.tables.series(key, periods, default=np.nan)


def free_cash_flow_gap(r: Results, years: Sequence[str]) -> Years:
    """Operating cash flow less capex, less the free cash flow reported: what rounding leaves."""
    cash_flow, capex, free = (
        _series(r, key, years) for key in ("operating_cash_flow", "capex", "free_cash_flow")
    )
    return cash_flow - capex - free


def other_revenue(r: Results, years: Sequence[str]) -> Years:
    """Group revenue less the segments, those not reported counted as nothing."""
    labels = segment_labels(r.company)
    segments = np.array([_series(r, f"revenue_{segment}", years) for segment in labels])
    return np.asarray(_series(r, "revenue", years) - np.nansum(segments, axis=0))


def _or_missing(values: Iterable[float]) -> list[float | str]:
    return [MISSING if np.isnan(value) else float(value) for value in values]


def _key(key: str, periods: Sequence[str]) -> str:
    if not periods:
        raise InputError("revenue", "no year", "must have a row of a fiscal year, FY2025, in history.csv")
    return key if is_year(periods[0]) else f"{QUARTERLY}{key}"


def basis(context: Context, key: str, periods: Sequence[str]) -> str:
    """How good a row's figures are: reported, and which are not."""
    rows = [context.tables.row(key, period) for period in periods if context.tables.has(key, period)]
    weak = [
        f"{basis}: {', '.join(row.period for row in rows if row.basis == basis)}"
        for basis in ("derived", "guidance", "consensus", "unverified")
        if any(row.basis == basis for row in rows)
    ]
    reported = ["reported"] if any(row.basis == "reported" for row in rows) else []
    return "; ".join(reported + weak)


def _has_line(context: Context, key: str, periods: Sequence[str]) -> bool:
    """Whether the tables have the figure in any of the periods."""
    return any(context.tables.has(key, period) for period in periods)


def _unit(context: Context, key: str) -> str:
    """The unit of a key's first row; of a key without any what the line would have."""
    if own := context.tables.periods(key):
        return context.tables.row(key, own[0]).unit
    endings = {
        "_shares": "m shares",
        "_shipments": "m units",
        "_average_selling_price": "{currency} per unit",
    }
    if key.startswith("gross_margin_"):
        return "ratio"
    return next((unit for ending, unit in endings.items() if key.endswith(ending)), "{currency} m")


def _reported(context: Context, key: str, label: str, periods: Sequence[str], *, total: bool = False) -> Line:
    def values(r: Results) -> object:
        return across([None if np.isnan(value) else float(value) for value in _series(r, key, periods)])

    return Line(
        _key(key, periods),
        label,
        _unit(context, key),
        {"periods": Entry(values, kind="input")},
        note=basis(context, key, periods),
        total=total,
    )


def _where_reported(context: Context, labels: dict[str, str], periods: Sequence[str]) -> list[Line]:
    """A line for each key that the tables have a figure of in these periods."""
    return [
        _reported(context, key, label, periods)
        for key, label in labels.items()
        if _has_line(context, key, periods)
    ]


def _over(above: Years, below: Years) -> list[float | str]:
    """One row over another, year by year, where both are there and there is something to divide by."""
    return [
        float(one / other) if np.isfinite(one) and np.isfinite(other) and other else MISSING
        for one, other in zip(above, below, strict=True)
    ]


def _over_formula(above: str, below: str, then: str = "") -> str:
    both = f"AND(ISNUMBER({{{above}}}),ISNUMBER({{{below}}}),N({{{below}}})<>0)"
    return f'IF({both},{{{above}}}/{{{below}}}{then},"{MISSING}")'


def _quotient(
    key: str, label: str, numerator: str, denominator: str, periods: Sequence[str], note: str = ""
) -> Line:
    """One reported row over another, where both are there."""
    above, below = _key(numerator, periods), _key(denominator, periods)

    def values(r: Results) -> object:
        return across(_over(_series(r, numerator, periods), _series(r, denominator, periods)))

    return Line(
        _key(key, periods), label, "ratio", {"periods": Entry(values, _over_formula(above, below))}, note
    )


def _growth(of: str, label: str, periods: Sequence[str], *, back: int = 1, suffix: str = "growth") -> Line:
    """A reported row over its own figure some periods back, less one."""
    key = _key(of, periods)

    def values(r: Results) -> object:
        series = _series(r, of, periods)
        earlier = np.concatenate([np.full(back, np.nan), series])[: len(series)]
        quotients = _over(series, earlier)
        return across([quotient if isinstance(quotient, str) else quotient - 1 for quotient in quotients])

    formula = _over_formula(key, f"{key}[-{back}]", "-1")
    return Line(f"{key}_{suffix}", label, "rate", {"periods": Entry(values, formula)})


def _last_twelve_months(context: Context, of: str, label: str, quarters: Sequence[str]) -> Line:
    """The sum of a quarter and the three before it, where all four are there."""
    key, back = _key(of, quarters), QUARTERS_A_YEAR - 1
    year = f"{{{key}[-{back}]}}:{{{key}}}"

    def values(r: Results) -> object:
        series = np.concatenate([np.full(back, np.nan), _series(r, of, quarters)])
        sums = [series[end - QUARTERS_A_YEAR : end].sum() for end in range(QUARTERS_A_YEAR, len(series) + 1)]
        return across(_or_missing(sums))

    formula = f'IF(COUNT({year})=COLUMNS({year}),SUM({year}),"{MISSING}")'
    return Line(f"{LAST_TWELVE_MONTHS}{of}", label, _unit(context, of), {"periods": Entry(values, formula)})


def _revenue(context: Context, years: Sequence[str]) -> list[Line]:
    labels = segment_labels(context.company)
    keys = [f"revenue_{segment}" for segment in labels if _has_line(context, f"revenue_{segment}", years)]

    segments = ",".join(f"{{{key}}}" for key in keys)
    return [
        Line(
            "fiscal_year",
            "Fiscal year",
            "year",
            {"periods": Entry(lambda r: across([int(period[2:]) for period in years]), kind="text")},
        ),
        *[_reported(context, key, labels[key.removeprefix("revenue_")], years) for key in keys],
        Line(
            "revenue_other",
            "Other",
            "{currency} m",
            {
                "periods": Entry(
                    lambda r: across(_or_missing(other_revenue(r, years))),
                    f'IF(ISNUMBER({{revenue}}),{{revenue}}-SUM({segments}),"{MISSING}")',
                )
            },
            note="group revenue less the segments",
        ),
        _reported(context, "revenue", "Revenue", years, total=True),
        _growth("revenue", "Revenue growth", years),
        *[
            _quotient(f"{key}_share", f"{labels[key.removeprefix('revenue_')]}, share", key, "revenue", years)
            for key in keys
        ],
    ]


def _profit(context: Context, years: Sequence[str]) -> list[Line]:
    return [
        *[
            _reported(context, f"gross_margin_{key}", f"{label}, gross margin", years)
            for key, label in segment_labels(context.company).items()
        ],
        *_where_reported(
            context,
            {
                "other_revenue": "Other, within smartphones x AIoT",
                "other_gross_profit": "Other, gross profit",
                "gross_profit": "Gross profit",
                "operating_profit": "Operating profit, with gains and other income",
                "pretax_profit": "Profit before tax",
                "income_tax": "Income tax",
                "net_profit": "Net profit",
                "earnings_per_share_basic": "Earnings per share, basic",
            },
            years,
        ),
        _reported(context, "adjusted_net_profit", "Adjusted net profit", years, total=True),
        _quotient("adjusted_net_margin", "Adjusted net margin", "adjusted_net_profit", "revenue", years),
        _reported(context, "selling_and_administrative", "Selling and administrative costs", years),
        _quotient(
            "overhead_intensity",
            "Selling and administrative to revenue",
            "selling_and_administrative",
            "revenue",
            years,
        ),
        _reported(context, "research_and_development", "Research and development", years),
        _quotient("research_intensity", "Research to revenue", "research_and_development", "revenue", years),
    ]


def _cash(context: Context, years: Sequence[str]) -> list[Line]:
    return [
        *_where_reported(
            context, {"depreciation_and_amortisation": "Depreciation and amortisation"}, years
        ),
        _reported(context, "operating_cash_flow", "Operating cash flow", years),
        _reported(context, "capex", "Capital expenditure", years),
        _reported(context, "free_cash_flow", "Free cash flow", years, total=True),
        Line(
            "free_cash_flow_gap",
            "Cash flow less capex, less free cash flow",
            "{currency} m",
            {
                "periods": Entry(
                    lambda r: across(_or_missing(free_cash_flow_gap(r, years))),
                    "IF(AND(ISNUMBER({operating_cash_flow}),ISNUMBER({capex}),ISNUMBER({free_cash_flow})),"
                    f'{{operating_cash_flow}}-{{capex}}-{{free_cash_flow}},"{MISSING}")',
                )
            },
            note="nothing but rounding: see Checks",
        ),
        _quotient("free_cash_flow_margin", "Free cash flow to revenue", "free_cash_flow", "revenue", years),
        _quotient("capex_intensity", "Capital expenditure to revenue", "capex", "revenue", years),
        _quotient(
            "cash_conversion", "Operating cash flow to adjusted net profit",
            "operating_cash_flow", "adjusted_net_profit", years,
        ),
    ]  # fmt: skip


def _balance(context: Context, years: Sequence[str]) -> list[Line]:
    return [
        _reported(context, "cash_resources", "Cash resources, company's definition", years),
        _reported(context, "liquid_funds", "Liquid funds", years),
        _reported(context, "debt", "Debt", years),
        *_where_reported(
            context,
            {
                "cash": "Cash and cash equivalents",
                "restricted_cash": "Restricted cash",
                "inventories": "Stocks",
                "trade_receivables": "Trade receivables",
                "trade_payables": "Trade payables",
                "current_borrowings": "Borrowings, current",
                "equity": "Equity of the owners",
                "total_assets": "Total assets",
                "property_plant_and_equipment": "Property, plant and equipment",
                "equity_method_investments": "Investments by the equity method",
                "long_term_investments": "Long-term investments",
                "minority_interest": "Minority interests",
                "basic_shares": "Basic shares",
            },
            years,
        ),
        _reported(context, "diluted_shares", "Diluted shares", years),
    ]


def _units_and_rates(context: Context, years: Sequence[str]) -> list[Line]:
    company, labels = context.company, {}
    for entry in company.grouped:
        labels[f"{entry.key}_shipments"] = f"{entry.label} shipped"
        labels[f"{entry.key}_average_selling_price"] = f"Average price of a {entry.unit}"
    if (part := company.delivering) is not None:
        plural = _short(company, part)
        name = plural.removesuffix("s")
        labels |= {
            f"{part}_deliveries": f"{plural} delivered",
            f"{part}_revenue": f"{name} revenue",
            f"{part}_average_selling_price": f"Average price of a {name.lower()}, reported",
            f"{part}_segment_revenue": f"{name} segment revenue",
            f"gross_margin_{part}_segment": f"{name} segment gross margin",
            f"{part}_segment_result": f"{name} segment result",
        }
    for currency in (company.currency.reporting, company.currency.listing):
        labels[f"{currency.lower()}_per_usd"] = f"{currency} per USD, mean of the year"
    return _where_reported(context, labels, years)


def _announced(context: Context, quarters: Sequence[str]) -> list[date | None]:
    """The day from which each reported quarter is known; blank for the others."""
    tables = context.tables
    reported = tables.calendar.reported_quarters
    return [announced(tables, quarter) if quarter in reported else None for quarter in quarters]


def _group_quarters(context: Context, quarters: Sequence[str]) -> list[Line]:
    entries, company = context.company.grouped, context.company

    def typed(number: Callable[[str], int]) -> Entry:
        return Entry(lambda r: across([number(quarter) for quarter in quarters]), kind="text")

    def unit_lines() -> Iterator[Line]:
        for entry in entries:
            if company.sold_by_unit(entry.key):
                yield _reported(context, f"{entry.key}_shipments", f"{entry.label} shipped", quarters)
                price = f"Average price of a {entry.unit}"
                yield _reported(context, f"{entry.key}_average_selling_price", price, quarters)

    return [
        Line("quarter_year", "Fiscal year", "year", {"periods": typed(lambda quarter: int(quarter[:4]))}),
        Line("quarter_number", "Quarter", "count", {"periods": typed(lambda quarter: int(quarter[5]))}),
        Line(
            "quarter_announced",
            "Known since",
            "date",
            {"periods": Entry(lambda r: across(_announced(context, quarters)), kind="text")},
            note="the day of the announcement; a case counts a quarter from that day on",
        ),
        *unit_lines(),
        *[_reported(context, f"revenue_{entry.key}", entry.label, quarters) for entry in entries],
        *[
            _reported(context, f"gross_margin_{entry.key}", f"{entry.label}, gross margin", quarters)
            for entry in entries
        ],
        _reported(context, "revenue", "Group revenue", quarters, total=True),
        _reported(context, "research_and_development", "Research and development", quarters),
        _reported(context, "adjusted_net_profit", "Group adjusted net profit", quarters),
        *_where_reported(context, BESIDE, quarters),
    ]  # fmt: skip


def _deliveries(context: Context, part: str, quarters: Sequence[str]) -> list[Line]:
    plural = _short(context.company, part)
    name = plural.removesuffix("s")
    revenue, delivered = f"{part}_revenue", f"{part}_deliveries"
    segment_revenue, result = f"{part}_segment_revenue", f"{part}_segment_result"

    def price(r: Results) -> object:
        amounts, units = (_series(r, key, quarters) for key in (revenue, delivered))
        return across(_over(amounts * r.inputs.number("units_per_million"), units))

    implied = _over_formula(f"quarterly_{revenue}", f"quarterly_{delivered}", "*{inputs.units_per_million}")
    return [
        _reported(context, delivered, f"{plural} delivered", quarters, total=True),
        _growth(delivered, "Growth on the quarter before", quarters),
        _reported(context, revenue, f"{name} revenue", quarters),
        _reported(context, f"{part}_average_selling_price", "Average price, reported", quarters),
        Line(
            "quarterly_implied_price",
            "Average price, revenue over deliveries",
            f"{{currency}} per {name.lower()}",
            {"periods": Entry(price, implied)},
        ),
        _reported(context, segment_revenue, "Segment revenue", quarters),
        _reported(context, f"gross_margin_{part}_segment", "Segment gross margin", quarters),
        _reported(context, result, "Segment result", quarters),
        _quotient(
            f"{part}_segment_margin",
            "Segment result to revenue",
            result,
            segment_revenue,
            quarters,
            note="2024: adjusted net loss; 2025: operating result",
        ),
    ]


def _quarterly_growth(company: Company, quarters: Sequence[str]) -> list[Line]:
    """Growth on the quarter before and on the same quarter of the year before."""
    labels, beside = flows(company), f"quarterly_{company.delivering}_deliveries_growth"
    return [
        line
        for key in growing(company)
        for line in (
            _growth(key, f"{labels[key]}, on the quarter before", quarters),
            _growth(
                key,
                f"{labels[key]}, on the year before",
                quarters,
                back=QUARTERS_A_YEAR,
                suffix="growth_on_year",
            ),
        )
        if line.key != beside  # stands beside the deliveries
    ]


def _quarters_title(company: Company) -> str:
    groups = [group.label for group in company.groups if not group.group]
    return " and ".join([*groups, "group by quarter" if groups else "Group by quarter"])


def blocks(context: Context) -> list[Block]:
    years, quarters = context.calendar.years, context.calendar.quarters
    layout, company = by_quarter(context), context.company
    delivered = []
    if (part := company.delivering) is not None:
        title = f"{_short(company, part)} by quarter"
        delivered = [Block(title, _deliveries(context, part, quarters), layout)]
    months = [
        _last_twelve_months(context, key, label, quarters) for key, label in flows(context.company).items()
    ]
    return [
        Block("Revenue", _revenue(context, years)),
        Block("Profit", _profit(context, years)),
        Block("Cash flow", _cash(context, years)),
        Block("Balance sheet and shares", _balance(context, years)),
        Block("Units, prices and exchange rates", _units_and_rates(context, years)),
        Block(_quarters_title(company), _group_quarters(context, quarters), layout, new_page=True),
        *delivered,
        Block("Growth by quarter", _quarterly_growth(company, quarters), layout, new_page=True),
        Block("Last twelve months, to the end of the quarter", months, layout),
    ]


SHEET = Sheet(
    "reported",
    "Reported",
    "What has {short_name} reported? The source of every figure stands on Sources.",
    blocks,
    columns=columns,
    note_heading="Basis",
    tab="input",
    place=30,
)
