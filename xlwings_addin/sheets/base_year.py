"""Base Year: the reported quarters of the base year, and an assumption for each one not reported yet."""

from __future__ import annotations

from collections.abc import Callable

from xlwings_addin.inputs.base_year import BaseYearFigure, SegmentBase
from xlwings_addin.inputs.calendar import QUARTERS_A_YEAR, quarters_of
from xlwings_addin.inputs.company import Business, Company, SegmentEntry
from xlwings_addin.sheets.reported import basis, segment_labels
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Layout, Line, Sheet, Value
from xlwings_addin.valuation.xiaomi import Results

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
BY_QUARTER: Layout = {
    "quarters": Columns(FIRST_COLUMN, [f"Quarter {number}" for number in range(1, QUARTERS_A_YEAR + 1)], 15.0)
}
REPORTED, ASSUMED, NEITHER = "reported", "assumed", "n/a"

REPORTED_IN_TIME = (
    "({reported.quarterly_revenue[all]}<>0)*({reported.quarter_announced[all]}<={inputs.valuation_date})"
)
_OF_YEAR = "({reported.quarter_year[all]}={inputs.base_year})"
IN_YEAR = f"{_OF_YEAR}*{REPORTED_IN_TIME}"
"""Which quarters of Reported are reported ones of the base year: revenue is there, and was in time."""


def _quarters(key: str) -> str:
    return f"{{reported.quarterly_{key}[all]}}"


def _basis(context: Context, key: str) -> str:
    return basis(context, key, context.calendar.quarters)


def _figure(
    key: str,
    label: str,
    unit: str,
    reported: str,
    assumed: str,
    of: Callable[[Results], BaseYearFigure],
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
    revenue_formula = f"SUMPRODUCT({IN_YEAR}*({_quarters(margin)}<>0)*{_quarters(revenue)})"
    return Line(
        key,
        label,
        "{currency} m",
        {
            "revenue": Entry(lambda r: of(r).revenue_with_margin, revenue_formula),
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


def _segment(context: Context, entry: SegmentEntry) -> list[Line]:
    """Revenue of a segment; of what is sold by the unit, units and price too."""
    key, revenue = entry.key, f"revenue_{entry.key}"
    assumed = f"{{quarters:assumed}}*{{inputs.assumed_{key}_revenue}}"
    before: list[Line] = []
    after: list[Line] = []
    if context.company.sold_by_unit(key):
        shipments = entry.line("shipments")
        before = [
            _figure(
                shipments,
                f"{entry.label} shipped",
                "m units",
                f"SUMPRODUCT({IN_YEAR}*{_quarters(f'{key}_shipments')})",
                f"{{quarters:assumed}}*{{inputs.assumed_{key}_shipments}}",
                lambda r: r.base_year.shipments_of[key],
                note=_basis(context, f"{key}_shipments"),
            )
        ]
        assumed = f"{{{shipments}:assumed}}*{{inputs.assumed_{key}_price}}"
        after = [
            _single(
                f"{key}_price",
                f"Average price of a {entry.unit}",
                "{currency} per unit",
                "year",
                f"IF({{{shipments}:year}}=0,0,{{{revenue}:year}}/{{{shipments}:year}})",
                lambda r: r.base_year.price_of(key),
            )
        ]
    line = _figure(
        revenue,
        entry.label,
        "{currency} m",
        f"SUMPRODUCT({IN_YEAR}*{_quarters(revenue)})",
        assumed,
        lambda r: r.base_year.segments[key].revenue,
        note=_basis(context, revenue),
    )
    return [*before, line, *after]


def _group(context: Context, business: Business) -> list[Line]:
    members = business.members
    return [
        *(line for entry in members for line in _segment(context, entry)),
        _single(
            f"{business.key}_revenue",
            f"{business.label} revenue",
            "{currency} m",
            "year",
            "+".join(f"{{revenue_{entry.key}:year}}" for entry in members),
            lambda r: r.base_year.revenue_of(members),
        ),
    ]


def _delivered(context: Context, part: str) -> list[Line]:
    return [
        _figure(
            "deliveries",
            "Vehicles delivered",
            "m vehicles",
            f"SUMPRODUCT({IN_YEAR}*{_quarters(f'{part}_deliveries')})/{{inputs.units_per_million}}",
            f"{{quarters:assumed}}*{{inputs.assumed_{part}_deliveries}}",
            lambda r: r.base_year.deliveries,
            note=_basis(context, f"{part}_deliveries"),
            total=True,
        ),
        _figure(
            f"{part}_revenue",
            "Revenue from vehicles",
            "{currency} m",
            f"SUMPRODUCT({IN_YEAR}*{_quarters(f'{part}_revenue')})",
            f"{{deliveries:assumed}}*{{inputs.assumed_{part}_price}}",
            lambda r: r.base_year.vehicle_revenue,
            note=_basis(context, f"{part}_revenue"),
        ),
        _single(
            "segment_revenue",
            "Revenue of the segment",
            "{currency} m",
            "reported",
            f"SUMPRODUCT({IN_YEAR}*{_quarters(f'{part}_segment_revenue')})",
            lambda r: r.base_year.vehicle_margin.revenue.reported,
            note=_basis(context, f"{part}_segment_revenue"),
        ),
        _single(
            f"{part}_price",
            "Average price of a vehicle",
            "{currency} per vehicle",
            "year",
            f"IF({{deliveries:year}}=0,0,{{{part}_revenue:year}}/{{deliveries:year}})",
            lambda r: r.base_year.price,
        ),
        _single(
            "segment_result",
            "Result of the segment",
            "{currency} m",
            "reported",
            f"SUMPRODUCT({IN_YEAR}*{_quarters(f'{part}_segment_result')})",
            lambda r: r.base_year.vehicle_result,
            note=_basis(context, f"{part}_segment_result"),
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
            f"SUMPRODUCT(({{reported.quarter_year[all]}}<{{inputs.base_year}})*{_quarters(f'{part}_deliveries')})"
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


def _which_quarters() -> list[Line]:
    """Which quarters of the base year are reported, and which an assumption stands for."""
    of_quarter = f"{IN_YEAR}*({{reported.quarter_number[all]}}={{quarter_number}})"

    def state(r: Results) -> list[str]:
        quarters = r.base_year.quarters
        states = dict.fromkeys(quarters.reported, REPORTED) | dict.fromkeys(quarters.assumed, ASSUMED)
        return [states.get(quarter, NEITHER) for quarter in quarters_of(quarters.year)]

    def revenue(r: Results) -> list[float]:
        quarters = r.base_year.quarters
        figures = zip(quarters.reported, r.inputs.tables.series("revenue", quarters.reported), strict=True)
        by_quarter = {quarter: float(figure) for quarter, figure in figures}
        return [by_quarter.get(quarter, 0.0) for quarter in quarters_of(quarters.year)]

    numbers = [float(number) for number in range(1, QUARTERS_A_YEAR + 1)]
    return [
        Line("quarter_number", "Quarter", "count", {"quarters": Entry(lambda r: numbers, kind="text")}),
        Line(
            "quarter_state",
            "Reported or assumed",
            "text",
            {
                "quarters": Entry(
                    state,
                    f'IF(SUMPRODUCT({of_quarter})>0,"{REPORTED}",'
                    f'IF({{started:reported}}>0,"{ASSUMED}","{NEITHER}"))',
                )
            },
            note="a quarter is reported once the group's revenue of it is, on the valuation date or before",
        ),
        Line(
            "quarter_revenue",
            "Group revenue, reported",
            "{currency} m",
            {"quarters": Entry(revenue, f"SUMPRODUCT({of_quarter}*{_quarters('revenue')})")},
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
                    f"IF({{quarters:reported}}=0,0,SUMPRODUCT({_OF_YEAR})-{{quarters:reported}})",
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
            "{currency} m",
            "reported",
            f"SUMPRODUCT({IN_YEAR}*{_quarters('revenue')})",
            lambda r: r.base_year.group_revenue,
            note=_basis(context, "revenue"),
        ),
    ]
    company, part = context.company, context.company.delivering
    margins = [_margin_of(context, entry.key, entry.label) for entry in company.grouped]
    if part is not None:
        margins.append(
            _margin(
                f"margin_{part}",
                segment_labels(company)[part],
                f"{part}_segment_revenue",
                f"gross_margin_{part}_segment",
                lambda r: r.base_year.vehicle_margin,
                note=_basis(context, f"gross_margin_{part}_segment"),
            )
        )
    groups = [business for business in company.businesses if business.members]
    delivered = [] if part is None else [Block(_short(company, part), _delivered(context, part))]
    return [
        Block("Quarters", quarters),
        Block("Quarter by quarter", _which_quarters(), BY_QUARTER),
        *(Block(group.label, _group(context, group)) for group in groups),
        *delivered,
        Block("Gross margin of the quarters that report one", margins, MARGINS),
        *([Block("Research and development", _research(company), RESEARCH)] if company.researching else []),
    ]


def _short(company: Company, part: str) -> str:
    return next(entry.short for entry in company.parts if entry.key == part)


def _margin_of(context: Context, key: str, label: str) -> Line:
    return _margin(
        f"margin_{key}",
        label,
        f"revenue_{key}",
        f"gross_margin_{key}",
        lambda r: r.base_year.segments[key],
        note=_basis(context, f"gross_margin_{key}"),
    )


def _research(company: Company) -> list[Line]:
    """The group's research, split between the parts; the first has what the others leave."""
    research = "{inputs.group_research}*{started:reported}"
    first, *others = company.researching
    shares = [f"{{inputs.{part}_research_share}}" for part in others]
    left = f"{research}*(1-{'-'.join(shares)})" if shares else research
    formulas = {first: left} | {
        part: f"{research}*{share}" for part, share in zip(others, shares, strict=True)
    }
    return [
        _single(
            f"{part}_research",
            f"Charged to {_short(company, part).lower()}",
            "{currency} m",
            "year",
            formula,
            lambda r, part=part: r.base_year.research[part],  # type: ignore[misc]
        )
        for part, formula in formulas.items()
    ]


SHEET = Sheet(
    "base_year",
    "Base Year",
    "Where do the build-ups start? What is reported of the base year, and what is assumed.",
    blocks,
    columns=lambda _: COLUMNS,
    tab="input",
    place=40,
)
