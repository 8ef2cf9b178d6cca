"""History: what was reported, with the ratios an analyst looks at first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xlwings_addin.model.base_year import QUARTERS
from xlwings_addin.model.valuation import Years
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Layout, Line, Sheet

ANNUAL = tuple(f"FY{year}" for year in range(2017, 2025))
QUARTERLY = "quarterly_"
"""What the keys of quarterly lines begin with."""
MISSING = "n/a"

SEGMENTS = {
    "smartphone": "Smartphones",
    "iot": "IoT and lifestyle",
    "internet": "Internet services",
    "vehicle": "Vehicles and new initiatives",
}

YEARS: Layout = {"periods": Columns(FIRST_COLUMN + 2, ANNUAL, 12.5)}
BY_QUARTER: Layout = {"periods": Columns(FIRST_COLUMN + 2, QUARTERS, 12.5)}


def _series(r: Results, key: str, periods: Sequence[str]) -> Years:
    return r.inputs.tables.series(key, periods, default=np.nan)


def free_cash_flow_gap(r: Results) -> Years:
    """Operating cash flow less capex, less the free cash flow reported: what rounding leaves."""
    cash_flow, capex, free = (
        _series(r, key, ANNUAL) for key in ("operating_cash_flow", "capex", "free_cash_flow")
    )
    return cash_flow - capex - free


def other_revenue(r: Results) -> Years:
    """Group revenue less the segments, those not reported counted as nothing."""
    segments = np.array([_series(r, f"revenue_{segment}", ANNUAL) for segment in SEGMENTS])
    return np.asarray(_series(r, "revenue", ANNUAL) - np.nansum(segments, axis=0))


def _known(values: Years) -> list[float | str]:
    return [MISSING if np.isnan(value) else float(value) for value in values]


def _key(key: str, periods: Sequence[str]) -> str:
    return key if periods is ANNUAL else f"{QUARTERLY}{key}"


def basis(context: Context, key: str, periods: Sequence[str]) -> str:
    """How good a row's figures are: reported, and which are not."""
    rows = [context.tables.row(key, period) for period in periods if context.tables.has(key, period)]
    weak = [
        f"{basis}: {', '.join(row.period for row in rows if row.basis == basis)}"
        for basis in ("derived", "unverified")
        if any(row.basis == basis for row in rows)
    ]
    reported = ["reported"] if any(row.basis == "reported" for row in rows) else []
    return "; ".join(reported + weak)


def _reported(context: Context, key: str, label: str, periods: Sequence[str], *, total: bool = False) -> Line:
    known = context.tables.periods(key)
    first = next((period for period in periods if period in known), known[0] if known else periods[0])

    def values(r: Results) -> list[float | None]:
        return [None if np.isnan(value) else float(value) for value in _series(r, key, periods)]

    return Line(
        _key(key, periods),
        label,
        context.tables.row(key, first).unit,
        {"periods": Entry(values, kind="input")},
        note=basis(context, key, periods),
        total=total,
    )


def _over(above: Years, below: Years) -> list[float | str]:
    """One row over another, year by year, where both are known and there is something to divide by."""
    return [
        float(one / other) if np.isfinite(one) and np.isfinite(other) and other else MISSING
        for one, other in zip(above, below, strict=True)
    ]


def _over_formula(above: str, below: str, then: str = "") -> str:
    known = f"AND(ISNUMBER({{{above}}}),ISNUMBER({{{below}}}),N({{{below}}})<>0)"
    return f'IF({known},{{{above}}}/{{{below}}}{then},"{MISSING}")'


def _quotient(
    key: str, label: str, numerator: str, denominator: str, periods: Sequence[str], note: str = ""
) -> Line:
    """One reported row over another, where both are known."""
    above, below = _key(numerator, periods), _key(denominator, periods)

    def values(r: Results) -> list[float | str]:
        return _over(_series(r, numerator, periods), _series(r, denominator, periods))

    return Line(
        _key(key, periods), label, "ratio", {"periods": Entry(values, _over_formula(above, below))}, note
    )


def _growth(of: str, label: str, periods: Sequence[str]) -> Line:
    """A reported row over its own previous period, less one."""
    key = _key(of, periods)

    def values(r: Results) -> list[float | str]:
        series = _series(r, of, periods)
        quotients = _over(series, np.concatenate([[np.nan], series[:-1]]))
        return [each if isinstance(each, str) else each - 1 for each in quotients]

    formula = _over_formula(key, f"{key}[-1]", "-1")
    return Line(f"{key}_growth", label, "rate", {"periods": Entry(values, formula)})


def _revenue(context: Context) -> list[Line]:
    keys = [
        f"revenue_{segment}" for segment in SEGMENTS if context.tables.has(f"revenue_{segment}", "FY2024")
    ]

    segments = ",".join(f"{{{key}}}" for key in keys)
    return [
        Line(
            "fiscal_year",
            "Fiscal year",
            "year",
            {"periods": Entry(lambda r: [int(period[2:]) for period in ANNUAL], kind="text")},
        ),
        *[_reported(context, key, SEGMENTS[key.removeprefix("revenue_")], ANNUAL) for key in keys],
        Line(
            "revenue_other",
            "Other",
            "CNY m",
            {
                "periods": Entry(
                    lambda r: _known(other_revenue(r)),
                    f'IF(ISNUMBER({{revenue}}),{{revenue}}-SUM({segments}),"{MISSING}")',
                )
            },
            note="group revenue less the segments",
        ),
        _reported(context, "revenue", "Revenue", ANNUAL, total=True),
        _growth("revenue", "Revenue growth", ANNUAL),
        *[
            _quotient(
                f"{key}_share", f"{SEGMENTS[key.removeprefix('revenue_')]}, share", key, "revenue", ANNUAL
            )
            for key in keys
        ],
    ]


def _profit(context: Context) -> list[Line]:
    return [
        *[
            _reported(context, f"gross_margin_{key}", f"{SEGMENTS[key]}, gross margin", ANNUAL)
            for key in SEGMENTS
        ],
        _reported(context, "adjusted_net_profit", "Adjusted net profit", ANNUAL, total=True),
        _quotient("adjusted_net_margin", "Adjusted net margin", "adjusted_net_profit", "revenue", ANNUAL),
        _reported(context, "selling_and_administrative", "Selling and administrative costs", ANNUAL),
        _quotient(
            "overhead_intensity",
            "Selling and administrative to revenue",
            "selling_and_administrative",
            "revenue",
            ANNUAL,
        ),
        _reported(context, "research_and_development", "Research and development", ANNUAL),
        _quotient("research_intensity", "Research to revenue", "research_and_development", "revenue", ANNUAL),
    ]


def _cash(context: Context) -> list[Line]:
    return [
        _reported(context, "operating_cash_flow", "Operating cash flow", ANNUAL),
        _reported(context, "capex", "Capital expenditure", ANNUAL),
        _reported(context, "free_cash_flow", "Free cash flow", ANNUAL, total=True),
        Line(
            "free_cash_flow_gap",
            "Cash flow less capex, less free cash flow",
            "CNY m",
            {
                "periods": Entry(
                    lambda r: _known(free_cash_flow_gap(r)),
                    "IF(AND(ISNUMBER({operating_cash_flow}),ISNUMBER({capex}),ISNUMBER({free_cash_flow})),"
                    f'{{operating_cash_flow}}-{{capex}}-{{free_cash_flow}},"{MISSING}")',
                )
            },
            note="nothing but rounding: see Checks",
        ),
        _quotient("free_cash_flow_margin", "Free cash flow to revenue", "free_cash_flow", "revenue", ANNUAL),
        _quotient("capex_intensity", "Capital expenditure to revenue", "capex", "revenue", ANNUAL),
        _quotient(
            "cash_conversion", "Operating cash flow to adjusted net profit",
            "operating_cash_flow", "adjusted_net_profit", ANNUAL,
        ),
    ]  # fmt: skip


def _balance(context: Context) -> list[Line]:
    return [
        _reported(context, "cash_resources", "Cash resources, company's definition", ANNUAL),
        _reported(context, "liquid_funds", "Liquid funds", ANNUAL),
        _reported(context, "debt", "Debt", ANNUAL),
        _reported(context, "diluted_shares", "Diluted shares", ANNUAL),
    ]


def _core_quarters(context: Context) -> list[Line]:
    segments = [segment for segment in SEGMENTS if segment != "vehicle"]
    return [
        Line(
            "quarter_year",
            "Fiscal year",
            "year",
            {"periods": Entry(lambda r: [int(period[:4]) for period in QUARTERS], kind="text")},
        ),
        _reported(context, "smartphone_shipments", "Smartphones shipped", QUARTERS),
        _reported(context, "smartphone_average_selling_price", "Average price of a smartphone", QUARTERS),
        *[_reported(context, f"revenue_{segment}", SEGMENTS[segment], QUARTERS) for segment in segments],
        *[
            _reported(context, f"gross_margin_{segment}", f"{SEGMENTS[segment]}, gross margin", QUARTERS)
            for segment in segments
        ],
        _reported(context, "revenue", "Group revenue", QUARTERS, total=True),
        _reported(context, "research_and_development", "Research and development", QUARTERS),
        _reported(context, "adjusted_net_profit", "Group adjusted net profit", QUARTERS),
    ]


def _vehicles(context: Context) -> list[Line]:
    def price(r: Results) -> list[float | str]:
        revenue, deliveries = (_series(r, key, QUARTERS) for key in ("vehicle_revenue", "vehicle_deliveries"))
        return _over(revenue * r.inputs.number("units_per_million"), deliveries)

    return [
        _reported(context, "vehicle_deliveries", "Vehicles delivered", QUARTERS, total=True),
        _growth("vehicle_deliveries", "Growth on the quarter before", QUARTERS),
        _reported(context, "vehicle_revenue", "Vehicle revenue", QUARTERS),
        _reported(context, "vehicle_average_selling_price", "Average price, reported", QUARTERS),
        Line(
            "quarterly_implied_price",
            "Average price, revenue over deliveries",
            "CNY per vehicle",
            {
                "periods": Entry(
                    price,
                    _over_formula(
                        "quarterly_vehicle_revenue",
                        "quarterly_vehicle_deliveries",
                        "*{inputs.units_per_million}",
                    ),
                )
            },
        ),
        _reported(context, "vehicle_segment_revenue", "Segment revenue", QUARTERS),
        _reported(context, "gross_margin_vehicle_segment", "Segment gross margin", QUARTERS),
        _reported(context, "vehicle_segment_result", "Segment result", QUARTERS),
        _quotient(
            "vehicle_segment_margin", "Segment result to revenue",
            "vehicle_segment_result", "vehicle_segment_revenue", QUARTERS,
            note="2024: adjusted net loss; 2025: operating result",
        ),
    ]  # fmt: skip


def blocks(context: Context) -> list[Block]:
    return [
        Block("Revenue", _revenue(context)),
        Block("Profit", _profit(context)),
        Block("Cash flow", _cash(context)),
        Block("Balance sheet and shares", _balance(context)),
        Block("Core business and group by quarter", _core_quarters(context), BY_QUARTER, new_page=True),
        Block("Vehicles by quarter", _vehicles(context), BY_QUARTER),
    ]


SHEET = Sheet(
    "history",
    "History",
    "What has Xiaomi reported? The source of every figure stands on Sources.",
    blocks,
    columns=lambda _: YEARS,
    note_heading="Basis",
)
