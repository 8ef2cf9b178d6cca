"""Vehicle Units: the electric-vehicle business built up, from deliveries under capacity to a value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xlwings_addin.model.parameters import PLANTS
from xlwings_addin.model.tables import Row
from xlwings_addin.model.valuation import Path, Years
from xlwings_addin.model.vehicle_business import NEVER, VehicleUnits
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
    constant,
    every_year,
    path,
    yearly,
)
from xlwings_addin.sheets.valuation import (
    cross_check_block,
    fade,
    horizon_lines,
    operating_profit_lines,
    valuation_blocks,
)

REFERENCES: Layout = {
    "reference": Columns(FIRST_COLUMN, ("Reference",), 15.0),
    "year": Columns(FIRST_COLUMN + 1, ("Year",), 12.0),
    "model": Columns(FIRST_COLUMN + 2, ("Model",), 12.0),
    "difference": Columns(FIRST_COLUMN + 3, ("Model over it",), 12.0),
}


def of(read: Callable[[VehicleUnits], Path]) -> Callable[[Results], Path]:
    return lambda r: read(r.vehicle_units)


def _deliveries() -> list[Line]:
    plants = [
        path(
            f"plant_{n}",
            f"Capacity of plant {n}",
            "m vehicles",
            f"IF({{capital.year}}>={{inputs.plant_{n}_year}},{{inputs.plant_{n}_capacity}},0)*{{in_horizon}}",
            of(lambda v, n=n: v.plants[n]),  # type: ignore[misc]
            opening=f"IF({{capital.year}}>={{inputs.plant_{n}_year}},{{inputs.plant_{n}_capacity}},0)*{{started}}",
        )
        for n in PLANTS
    ]
    capacity = "+".join(f"{{plant_{n}}}" for n in PLANTS)
    return [
        constant(
            "midpoint",
            "Year in which demand is half its level",
            "years",
            "IF({started}=0,0,LN({inputs.demand_saturation}/{base_year.deliveries:year}-1)/{inputs.demand_steepness})",
            lambda r: r.vehicle_units.midpoint,
            note="counted from the base year, so that the curve passes through its deliveries",
        ),
        path(
            "demand",
            "Demand",
            "m vehicles",
            "{inputs.demand_saturation}"
            "/(1+EXP({inputs.demand_steepness}*({midpoint}-{capital.year_number})))*{in_horizon}",
            of(lambda v: v.demand),
            opening="{base_year.deliveries:year}",
            note="logistic: level / (1 + exp(steepness x (midpoint - year)))",
        ),
        *plants,
        path("capacity", "Capacity", "m vehicles", capacity, of(lambda v: v.capacity), opening=capacity),
        every_year(
            "deliveries",
            "Deliveries",
            "m vehicles",
            "MIN({demand},{capacity})",
            of(lambda v: v.deliveries),
            note="the smaller of demand and capacity",
            total=True,
        ),
        every_year(
            "unmet_demand",
            "Demand not met",
            "m vehicles",
            "{demand}-{deliveries}",
            of(lambda v: v.unmet_demand),
            note="lost, not carried over",
        ),
        every_year(
            "utilisation",
            "Utilisation",
            "ratio",
            "IF({capacity}=0,0,{deliveries}/{capacity})",
            of(lambda v: v.utilisation),
        ),
        yearly(
            "capacity_binds",
            "Capacity binds",
            "flag",
            "IF({unmet_demand}>0,1,0)",
            lambda r: r.vehicle_units.capacity_binds,
        ),
        constant(
            "binding_year",
            "First year in which capacity binds",
            "year",
            f'IF(SUM({{capacity_binds[all]}})=0,"{NEVER}",'
            "INDEX({capital.year:years[all]},1,MATCH(1,{capacity_binds[all]},0)))",
            lambda r: r.vehicle_units.binding_year,
        ),
    ]


def _revenue() -> list[Line]:
    return [
        yearly(
            "fade_position",
            "Position between base year and long run",
            "ratio",
            "MIN(1,{capital.year_number}/{inputs.vehicle_fade_years})*{in_horizon}",
            lambda r: r.vehicle_units.fade_position,
            note="0 in the base year, 1 from the end of the fade on; price, margin and costs follow it",
        ),
        yearly(
            "price_change",
            "Change of the average price",
            "rate",
            fade("{inputs.vehicle_price_change_start}", "{inputs.vehicle_price_change_end}", "fade_position"),
            lambda r: r.vehicle_units.price_change,
        ),
        path(
            "price",
            "Average price",
            "CNY per vehicle",
            "{price[-1]}*(1+{price_change})*{in_horizon}",
            of(lambda v: v.price),
            opening="{base_year.vehicle_price:year}",
        ),
        every_year(
            "vehicle_revenue",
            "Revenue from vehicles",
            "CNY m",
            "{deliveries}*{price}",
            of(lambda v: v.vehicle_revenue),
            note="deliveries x average price",
        ),
        every_year(
            "other_revenue",
            "Other revenue of the segment",
            "CNY m",
            "{vehicle_revenue}*{inputs.vehicle_other_revenue_share}",
            of(lambda v: v.other_revenue),
        ),
        every_year(
            "revenue",
            "Revenue",
            "CNY m",
            "{vehicle_revenue}+{other_revenue}",
            of(lambda v: v.revenue),
            total=True,
        ),
    ]


def _gross_profit() -> list[Line]:
    per_vehicle = "{price}*(1+{inputs.vehicle_other_revenue_share})"
    base_margin = "{base_year.margin_vehicle:gross_margin}"
    return [
        path(
            "cumulative_deliveries",
            "All vehicles delivered",
            "m vehicles",
            "{cumulative_deliveries[-1]}+{deliveries}",
            of(lambda v: v.cumulative_deliveries),
            opening="{base_year.cumulative_deliveries:year}",
        ),
        path(
            "unit_cost",
            "Cost of one vehicle",
            "CNY per vehicle",
            "IF({in_horizon}=0,0,{unit_cost:opening}*({cumulative_deliveries}/{cumulative_deliveries:opening})"
            "^(LN(1-{inputs.vehicle_learning_rate})/LN(1+1)))",
            of(lambda v: v.unit_cost),
            opening=f"{per_vehicle}*(1-{base_margin})",
            note="Wright: each doubling of all vehicles made takes the learning rate off",
        ),
        yearly(
            "learnt_margin",
            "Gross margin that learning allows",
            "ratio",
            f"IF({{price}}=0,{{in_horizon}},1-{{unit_cost}}/({per_vehicle}))",
            lambda r: r.vehicle_units.learnt_margin,
        ),
        yearly(
            "margin_ceiling",
            "Gross margin that competition leaves",
            "ratio",
            fade(base_margin, "{inputs.vehicle_gross_margin_ceiling}", "fade_position"),
            lambda r: r.vehicle_units.margin_ceiling,
            note="from the base year's margin to the ceiling",
        ),
        path(
            "gross_margin",
            "Gross margin",
            "ratio",
            "MIN({learnt_margin},{margin_ceiling})",
            of(lambda v: v.gross_margin),
            opening=f"{base_margin}*{{started}}",
            note="the smaller of the two",
        ),
        every_year(
            "gross_profit",
            "Gross profit",
            "CNY m",
            "{gross_margin}*{revenue}",
            of(lambda v: v.gross_profit),
            total=True,
        ),
    ]


def _tax() -> list[Line]:
    return [
        path(
            "losses",
            "Losses carried forward",
            "CNY m",
            "MAX({losses[-1]}-{ebit},0)*{in_horizon}",
            of(lambda v: v.losses),
            opening="{inputs.vehicle_opening_losses}*{started}",
            note="at the end of the year; they do not expire here",
        ),
        yearly(
            "losses_used",
            "Losses used",
            "CNY m",
            "MIN({losses[-1]},MAX({ebit},0))",
            lambda r: r.vehicle_units.losses_used,
        ),
        yearly(
            "taxable_income",
            "Taxable income",
            "CNY m",
            "MAX({ebit},0)-{losses_used}",
            lambda r: r.vehicle_units.taxable_income,
        ),
        yearly("tax", "Tax", "CNY m", "{taxable_income}*{inputs.tax_rate}", lambda r: r.vehicle_units.tax),
        path(
            "nopat",
            "NOPAT",
            "CNY m",
            "{ebit}-{tax}",
            of(lambda v: v.nopat),
            note="after the tax that is paid",
        ),
    ]


def _cash() -> list[Line]:
    def years(
        key: str, label: str, unit: str, formula: str, value: Callable[[VehicleUnits], Years], note: str = ""
    ) -> Line:
        return yearly(key, label, unit, formula, lambda r: value(r.vehicle_units), note=note)

    return [
        years(
            "new_capacity",
            "New capacity",
            "m vehicles",
            "MAX({capacity}-{capacity[-1]},0)*{in_horizon}",
            lambda v: v.new_capacity,
        ),
        years(
            "growth_capex",
            "Capital expenditure for it",
            "CNY m",
            "{new_capacity}*{inputs.vehicle_capex_per_capacity}",
            lambda v: v.growth_capex,
            "in the year the plant opens",
        ),
        years(
            "maintenance_capex",
            "Other capital expenditure",
            "CNY m",
            "{revenue}*{inputs.vehicle_maintenance_capex_ratio}",
            lambda v: v.maintenance_capex,
        ),
        years(
            "depreciation",
            "Depreciation",
            "CNY m",
            "{net_assets[-1]}*{inputs.vehicle_depreciation_rate}*{in_horizon}",
            lambda v: v.depreciation,
            "within the costs above",
        ),
        path(
            "net_assets",
            "Plant and tools, net",
            "CNY m",
            "({net_assets[-1]}+{growth_capex}+{maintenance_capex}-{depreciation})*{in_horizon}",
            of(lambda v: v.net_assets),
            opening="{inputs.vehicle_opening_assets}*{started}",
        ),
        path("ebitda", "EBITDA", "CNY m", "{ebit}+{depreciation}", of(lambda v: v.ebitda)),
        every_year(
            "working_capital",
            "Net working capital",
            "CNY m",
            "{revenue}*{inputs.vehicle_working_capital_days}/{inputs.days_per_year}",
            of(lambda v: v.working_capital),
            note="days of revenue; negative where suppliers pay for stocks",
        ),
        years(
            "change_in_working_capital",
            "Increase of working capital",
            "CNY m",
            "({working_capital}-{working_capital[-1]})*{in_horizon}",
            lambda v: v.change_in_working_capital,
        ),
        path(
            "fcff",
            "Free cash flow to firm",
            "CNY m",
            "{nopat}+{depreciation}-{growth_capex}-{maintenance_capex}-{change_in_working_capital}",
            lambda r: np.concatenate([[0.0], r.vehicle_units.valuation.fcff]),
            opening="0",
            note="NOPAT + depreciation - capital expenditure - increase of working capital; "
            "what is left of the base year counts for nothing: the segment about breaks even in it",
            total=True,
        ),
        path(
            "recurring_nopat",
            "NOPAT, fully taxed",
            "CNY m",
            "{nopat}-{losses_used}*{inputs.tax_rate}",
            of(lambda v: v.recurring_nopat),
            note="without the tax that losses of earlier years save",
        ),
        path(
            "recurring_fcff",
            "Free cash flow that recurs",
            "CNY m",
            "{fcff}+{growth_capex}-{losses_used}*{inputs.tax_rate}",
            of(lambda v: v.recurring_fcff),
            note="without that tax and without a plant that opens: the terminal value rests on it",
        ),
    ]


def _reference(key: str, label: str, row: Row, *, million: bool) -> Line:
    """A figure from outside beside the model's of the same year; of the last year, where it has none."""
    value = row.number / 1e6 if million else row.number
    year = int(row.period[2:]) if row.period else None

    def model(r: Results) -> float:
        if year is None:
            return r.vehicle_units.final_deliveries
        return float(r.vehicle_units.deliveries[1:][r.timeline.year == year].sum())

    formula = (
        "{final_deliveries}"
        if year is None
        else f"SUMPRODUCT(({{capital.year:years[all]}}={{{key}:year}})*{{deliveries[all]}})"
    )
    cells = {
        "reference": Entry(lambda r: value, kind="text"),
        "model": Entry(model, formula),
        "difference": Entry(
            lambda r: model(r) / value - 1, f"{{{key}:model}}/{{{key}:reference}}-1", unit="ratio"
        ),
    }
    if year is not None:
        cells["year"] = Entry(lambda r: year, kind="text", unit="year")
    said = f"{row.basis}, {row.source}, known {row.as_of.isoformat()}"
    return Line(key, label, "m vehicles", cells, f"{said}; {row.note}" if row.note else said)


def _references(context: Context) -> list[Line]:
    row = context.tables.row
    return [
        _reference(
            "reference_target",
            "The company's target",
            row("vehicle_delivery_target", "FY2026"),
            million=True,
        ),
        *[
            _reference(
                f"reference_street_{year}",
                f"The street for {year}",
                row("street_vehicle_deliveries", f"FY{year}"),
                million=True,
            )
            for year in (2026, 2027)
        ],
        _reference(
            "reference_fifth_maker",
            "The fifth largest maker in article 004, against the last year",
            row("article_004_fifth_maker_deliveries"),
            million=False,
        ),
    ]


def blocks(context: Context) -> list[Block]:
    forecast = [
        constant(
            "started",
            "There are deliveries to start from",
            "flag",
            "IF({base_year.deliveries:year}>0,1,0)",
            lambda r: float(r.base_year.deliveries.year > 0),
        ),
        *horizon_lines("vehicle_horizon", lambda r: r.vehicle_units.valuation, started="{started}"),
    ]
    costs = operating_profit_lines(
        "vehicle",
        "{started}",
        lambda r: r.vehicle_units,
        research="AI and other new initiatives among it",
        ebit="may be a loss",
    )
    final = constant(
        "final_deliveries",
        "Deliveries of the last forecast year",
        "m vehicles",
        "SUMPRODUCT({is_final[0:]},{deliveries[0:]})",
        lambda r: r.vehicle_units.final_deliveries,
    )
    return [
        Block("Forecast", forecast),
        Block("Deliveries", [*_deliveries(), final]),
        Block("Revenue", _revenue()),
        Block("Gross profit", _gross_profit()),
        Block("Costs", costs),
        Block("Tax after losses", _tax()),
        Block("Reinvestment and cash", _cash()),
        *valuation_blocks(
            "vehicle",
            "vehicles",
            lambda r: r.vehicle_units.valuation,
            enterprise_value_name="vehicle_units_enterprise_value",
            recurring="recurring_fcff",
            new_page=True,
        ),
        cross_check_block("vehicle", lambda r: r.vehicle_units.checks, nopat="recurring_nopat"),
        Block("Reference points: no value depends on them", _references(context), REFERENCES),
    ]


def charts(_: Context) -> list[Chart]:
    return [
        Chart(
            title="Vehicles: deliveries against capacity",
            kind="columns_and_line",
            series=(("Deliveries", "{deliveries[:15]}"), ("Capacity", "{capacity[:15]}")),
            categories="{capital.year:years[:15]}",
            anchor=("F", "explicit_value"),
            axis="m vehicles a year",
            number_format="0.0",
        )
    ]


SHEET = Sheet(
    "vehicle_units",
    "Vehicle Units",
    "What is the electric-vehicle business worth, built up from deliveries, price and cost?",
    blocks,
    charts=charts,
)
