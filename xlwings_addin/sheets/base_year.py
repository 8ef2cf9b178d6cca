"""Base Year: the reported quarters of the base year, and an assumption for each one not reported yet."""

from __future__ import annotations

from collections.abc import Callable

from xlwings_addin.model.base_year import QUARTERS, Figure, SegmentBase
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.history import SEGMENTS, basis
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
    Value,
)

COLUMNS: Layout = {
    "reported": Columns(FIRST_COLUMN, ("Reported",), 15.0),
    "assumed": Columns(FIRST_COLUMN + 1, ("Assumed",), 15.0),
    "year": Columns(FIRST_COLUMN + 2, ("Base year",), 15.0),
}
MARGINS: Layout = {
    "revenue": Columns(FIRST_COLUMN, ("Revenue",), 15.0),
    "gross_profit": Columns(FIRST_COLUMN + 1, ("Gross profit",), 15.0),
    "gross_margin": Columns(FIRST_COLUMN + 2, ("Gross margin",), 15.0),
}
RESEARCH: Layout = {"year": Columns(FIRST_COLUMN, ("Base year",), 15.0)}

_KNOWN = "({history.quarterly_revenue[all]}<>0)"
_OF_YEAR = "({history.quarter_year[all]}={inputs.base_year})"
IN_YEAR = f"{_OF_YEAR}*{_KNOWN}"
"""Which quarters of History are reported ones of the base year: those with a revenue of the group."""


def _quarters(key: str) -> str:
    return f"{{history.quarterly_{key}[all]}}"


def _figure(
    key: str,
    label: str,
    unit: str,
    reported: str,
    assumed: str,
    of: Callable[[Results], Figure],
    *,
    note: str = "",
    total: bool = False,
) -> Line:
    return Line(
        key,
        label,
        unit,
        {
            "reported": Entry(lambda r: of(r).reported, reported),
            "assumed": Entry(lambda r: of(r).assumed, assumed),
            "year": Entry(lambda r: of(r).year, f"{{{key}:reported}}+{{{key}:assumed}}"),
        },
        note,
        total,
    )


def _single(
    key: str, label: str, unit: str, column: str, formula: str, value: Value, *, note: str = ""
) -> Line:
    return Line(key, label, unit, {column: Entry(value, formula)}, note)


def _margin(
    key: str,
    label: str,
    revenue: str,
    margin: str,
    of: Callable[[Results], SegmentBase],
    *,
    note: str,
) -> Line:
    known = f"SUMPRODUCT({IN_YEAR}*({_quarters(margin)}<>0)*{_quarters(revenue)})"
    return Line(
        key,
        label,
        "CNY m",
        {
            "revenue": Entry(lambda r: of(r).revenue_with_margin, known),
            "gross_profit": Entry(
                lambda r: of(r).gross_profit,
                f"SUMPRODUCT({IN_YEAR}*{_quarters(margin)}*{_quarters(revenue)})",
            ),
            "gross_margin": Entry(
                lambda r: of(r).gross_margin,
                f"IF({{{key}:revenue}}=0,0,{{{key}:gross_profit}}/{{{key}:revenue}})",
                unit="ratio",
            ),
        },
        note,
    )


def _segment(context: Context, segment: str) -> list[Line]:
    """Revenue of a segment of the core; of phones, units and price too."""
    key = f"revenue_{segment}"
    assumed = f"{{quarters:assumed}}*{{inputs.assumed_{segment}_revenue}}"
    before: list[Line] = []
    after: list[Line] = []
    if segment == "smartphone":
        before = [
            _figure(
                "shipments",
                "Smartphones shipped",
                "m units",
                f"SUMPRODUCT({IN_YEAR}*{_quarters('smartphone_shipments')})",
                "{quarters:assumed}*{inputs.assumed_smartphone_shipments}",
                lambda r: r.base_year.shipments,
                note=basis(context, "smartphone_shipments", QUARTERS),
            )
        ]
        assumed = "{shipments:assumed}*{inputs.assumed_smartphone_price}"
        after = [
            _single(
                "smartphone_price",
                "Average price of a smartphone",
                "CNY per unit",
                "year",
                "IF({shipments:year}=0,0,{revenue_smartphone:year}/{shipments:year})",
                lambda r: r.base_year.smartphone_price,
            )
        ]
    line = _figure(
        key,
        SEGMENTS[segment],
        "CNY m",
        f"SUMPRODUCT({IN_YEAR}*{_quarters(key)})",
        assumed,
        lambda r: r.base_year.segments[segment].revenue,
        note=basis(context, key, QUARTERS),
    )
    return [*before, line, *after]


def _core(context: Context) -> list[Line]:
    keys = ("revenue_smartphone", "revenue_iot", "revenue_internet")
    return [
        *_segment(context, "smartphone"),
        *_segment(context, "iot"),
        *_segment(context, "internet"),
        _single(
            "core_revenue",
            "Core revenue",
            "CNY m",
            "year",
            "+".join(f"{{{key}:year}}" for key in keys),
            lambda r: r.base_year.core_revenue,
        ),
    ]


def _vehicles(context: Context) -> list[Line]:
    return [
        _figure(
            "deliveries",
            "Vehicles delivered",
            "m vehicles",
            f"SUMPRODUCT({IN_YEAR}*{_quarters('vehicle_deliveries')})/{{inputs.units_per_million}}",
            "{quarters:assumed}*{inputs.assumed_vehicle_deliveries}",
            lambda r: r.base_year.deliveries,
            note=basis(context, "vehicle_deliveries", QUARTERS),
            total=True,
        ),
        _figure(
            "vehicle_revenue",
            "Revenue from vehicles",
            "CNY m",
            f"SUMPRODUCT({IN_YEAR}*{_quarters('vehicle_revenue')})",
            "{deliveries:assumed}*{inputs.assumed_vehicle_price}",
            lambda r: r.base_year.vehicle_revenue,
            note=basis(context, "vehicle_revenue", QUARTERS),
        ),
        _single(
            "segment_revenue",
            "Revenue of the segment",
            "CNY m",
            "reported",
            f"SUMPRODUCT({IN_YEAR}*{_quarters('vehicle_segment_revenue')})",
            lambda r: r.base_year.vehicle_margin.revenue.reported,
            note=basis(context, "vehicle_segment_revenue", QUARTERS),
        ),
        _single(
            "vehicle_price",
            "Average price of a vehicle",
            "CNY per vehicle",
            "year",
            "IF({deliveries:year}=0,0,{vehicle_revenue:year}/{deliveries:year})",
            lambda r: r.base_year.price,
        ),
        _single(
            "segment_result",
            "Result of the segment",
            "CNY m",
            "reported",
            f"SUMPRODUCT({IN_YEAR}*{_quarters('vehicle_segment_result')})",
            lambda r: r.base_year.vehicle_result,
            note=basis(context, "vehicle_segment_result", QUARTERS),
        ),
        Line(
            "segment_margin",
            "Result to revenue of the segment",
            "ratio",
            {
                "reported": Entry(
                    lambda r: r.base_year.vehicle_result_margin,
                    "IF({segment_revenue:reported}=0,0,{segment_result:reported}/{segment_revenue:reported})",
                )
            },
            note="what the build-up's operating margin of the base year is held against, on Checks",
        ),
        _single(
            "earlier_deliveries",
            "Vehicles delivered before the base year",
            "m vehicles",
            "reported",
            f"SUMPRODUCT(({{history.quarter_year[all]}}<{{inputs.base_year}})*{_quarters('vehicle_deliveries')})"
            "/{inputs.units_per_million}*{started:reported}",
            lambda r: r.base_year.earlier_deliveries,
        ),
        _single(
            "cumulative_deliveries",
            "All vehicles delivered",
            "m vehicles",
            "year",
            "{earlier_deliveries:reported}+{deliveries:year}",
            lambda r: r.base_year.cumulative_deliveries,
            note="where the learning curve starts",
        ),
    ]


def blocks(context: Context) -> list[Block]:
    quarters = [
        Line(
            "quarters",
            "Quarters",
            "count",
            {
                "reported": Entry(
                    lambda r: r.base_year.quarters_reported,
                    f"SUMPRODUCT({IN_YEAR})",
                ),
                "assumed": Entry(
                    lambda r: r.base_year.quarters_missing,
                    f"IF({{quarters:reported}}=0,0,SUMPRODUCT({_OF_YEAR}*(1-{_KNOWN})))",
                ),
                "year": Entry(
                    lambda r: r.base_year.quarters_reported + r.base_year.quarters_missing,
                    "{quarters:reported}+{quarters:assumed}",
                ),
            },
            note="a base year without any reported quarter starts no build-up: all figures below are nothing",
        ),
        _single(
            "started",
            "There is a base year to start from",
            "flag",
            "reported",
            "IF({quarters:reported}>0,1,0)",
            lambda r: float(r.base_year.quarters_reported > 0),
        ),
        _single(
            "group_revenue",
            "Group revenue",
            "CNY m",
            "reported",
            f"SUMPRODUCT({IN_YEAR}*{_quarters('revenue')})",
            lambda r: r.base_year.group_revenue,
            note=basis(context, "revenue", QUARTERS),
        ),
    ]
    margins = [
        _margin(
            f"margin_{segment}",
            SEGMENTS[segment],
            f"revenue_{segment}",
            f"gross_margin_{segment}",
            lambda r, segment=segment: r.base_year.segments[segment],  # type: ignore[misc]
            note=basis(context, f"gross_margin_{segment}", QUARTERS),
        )
        for segment in ("smartphone", "iot", "internet")
    ]
    margins.append(
        _margin(
            "margin_vehicle",
            SEGMENTS["vehicle"],
            "vehicle_segment_revenue",
            "gross_margin_vehicle_segment",
            lambda r: r.base_year.vehicle_margin,
            note=basis(context, "gross_margin_vehicle_segment", QUARTERS),
        )
    )
    research = [
        _single(
            "core_research",
            "Charged to the core",
            "CNY m",
            "year",
            "{inputs.group_research}*{started:reported}*(1-{inputs.vehicle_research_share})",
            lambda r: r.base_year.core_research,
        ),
        _single(
            "vehicle_research",
            "Charged to vehicles and new initiatives",
            "CNY m",
            "year",
            "{inputs.group_research}*{started:reported}*{inputs.vehicle_research_share}",
            lambda r: r.base_year.vehicle_research,
            note="where the company reports AI and other new initiatives too",
        ),
    ]
    return [
        Block("Quarters", quarters),
        Block("Core business", _core(context)),
        Block("Vehicles", _vehicles(context)),
        Block("Gross margin of the quarters that report one", margins, MARGINS),
        Block("Research and development", research, RESEARCH),
    ]


SHEET = Sheet(
    "base_year",
    "Base Year",
    "Where do the build-ups start? What is reported of the base year, and what is assumed.",
    blocks,
    columns=lambda _: COLUMNS,
)
