"""A business built up from deliveries under capacity, price and cost to a value."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.inputs.parameters import PLANTS, TIMELINE_YEARS
from xlwings_addin.inputs.tables import Row
from xlwings_addin.segments.capacity_ramp import NEVER
from xlwings_addin.sheets.function_lines import TIMING, flows_to_horizon, function_line, where
from xlwings_addin.sheets.segments.half import Half, growth
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Series,
    Sheet,
    constant,
    every_year,
    yearly,
)
from xlwings_addin.sheets.valuation import (
    cross_check_block,
    fade,
    horizon_lines,
    less,
    operating_profit_lines,
    terminal_value_function,
    valuation_blocks,
)
from xlwings_addin.valuation.xiaomi import Results

REFERENCES: Layout = {
    "reference": Columns(FIRST_COLUMN, ("Reference",), 15.0),
    "year": Columns(FIRST_COLUMN + 1, ("Year",), 12.0),
    "model": Columns(FIRST_COLUMN + 2, ("Model",), 12.0),
    "difference": Columns(FIRST_COLUMN + 3, ("Model over it",), 12.0),
}


def _deliveries() -> list[Line]:
    plants = [
        yearly(
            f"plant_{n}",
            f"IF({{capital.year}}>={{inputs.plant_{n}_year}},{{inputs.plant_{n}_capacity}},0)*{{in_horizon}}",
            opening=f"IF({{capital.year}}>={{inputs.plant_{n}_year}},{{inputs.plant_{n}_capacity}},0)*{{started}}",
        )
        for n in PLANTS
    ]
    capacity = "+".join(f"{{plant_{n}}}" for n in PLANTS)
    return [
        constant(
            "midpoint",
            "IF({started}=0,0,LN({inputs.demand_saturation}/{base_year.deliveries:year}-1)/{inputs.demand_steepness})",
        ),
        yearly(
            "demand",
            "{inputs.demand_saturation}"
            "/(1+EXP({inputs.demand_steepness}*({midpoint}-{capital.year_number})))*{in_horizon}",
            opening="{base_year.deliveries:year}",
        ),
        *plants,
        yearly("capacity", capacity, opening=capacity),
        every_year("deliveries", "MIN({demand},{capacity})", total=True),
        every_year("unmet_demand", "{demand}-{deliveries}"),
        every_year("utilisation", "IF({capacity}=0,0,{deliveries}/{capacity})"),
        yearly("capacity_binds", "IF({unmet_demand}>0,1,0)"),
        constant(
            "binding_year",
            f'IF(SUM({{capacity_binds[all]}})=0,"{NEVER}",'
            "INDEX({capital.year:years[all]},1,MATCH(1,{capacity_binds[all]},0)))",
        ),
    ]


def _revenue(part: str) -> list[Line]:
    inputs = f"inputs.{part}"
    return [
        yearly("fade_position", f"MIN(1,{{capital.year_number}}/{{{inputs}_fade_years}})*{{in_horizon}}"),
        yearly(
            "price_change",
            fade(f"{{{inputs}_price_change_start}}", f"{{{inputs}_price_change_end}}", "fade_position"),
        ),
        yearly(
            "price", "{price[-1]}*(1+{price_change})*{in_horizon}", opening=f"{{base_year.{part}_price:year}}"
        ),
        every_year("vehicle_revenue", "{deliveries}*{price}"),
        every_year("other_revenue", f"{{vehicle_revenue}}*{{{inputs}_other_revenue_share}}"),
        every_year("revenue", "{vehicle_revenue}+{other_revenue}", total=True),
    ]


def _transport(part: str) -> list[Line]:
    running = "+".join(f"IF({{plant_{n}}}>0,1,0)" for n in PLANTS)
    cost = f"{{inputs.{part}_transport_cost}}"
    return [
        every_year("plants_running", running),
        yearly(
            "transport", f"IF({{plants_running}}=0,0,{{deliveries}}/{{plants_running}})*{cost}", opening="0"
        ),
    ]


def _gross_profit(company: Company, part: str) -> list[Line]:
    transported = "transport" if company.parameters.has(f"{part}_transport_cost") else ""
    inputs = f"inputs.{part}"
    per_vehicle = f"{{price}}*(1+{{{inputs}_other_revenue_share}})"
    base_margin = f"{{base_year.margin_{part}:gross_margin}}"
    return [
        yearly(
            "cumulative_deliveries",
            "{cumulative_deliveries[-1]}+{deliveries}",
            opening="{base_year.cumulative_deliveries:year}",
        ),
        yearly(
            "unit_cost",
            "IF({in_horizon}=0,0,{unit_cost:opening}*({cumulative_deliveries}/{cumulative_deliveries:opening})"
            f"^(LN(1-{{{inputs}_learning_rate}})/LN(1+1)))",
            opening=f"{per_vehicle}*(1-{base_margin})",
        ),
        yearly("learnt_margin", f"IF({{price}}=0,{{in_horizon}},1-{{unit_cost}}/({per_vehicle}))"),
        yearly("margin_ceiling", fade(base_margin, f"{{{inputs}_gross_margin_ceiling}}", "fade_position")),
        yearly("gross_margin", "MIN({learnt_margin},{margin_ceiling})", opening=f"{base_margin}*{{started}}"),
        *(_transport(part) if transported else []),
        every_year("gross_profit", f"{{gross_margin}}*{{revenue}}{less(transported)}", total=True),
    ]


def _tax(part: str) -> list[Line]:
    return [
        yearly(
            "losses",
            "MAX({losses[-1]}-{ebit},0)*{in_horizon}",
            opening=f"{{inputs.{part}_opening_losses}}*{{started}}",
        ),
        yearly("losses_used", "MIN({losses[-1]},MAX({ebit},0))"),
        yearly("taxable_income", "MAX({ebit},0)-{losses_used}"),
        yearly("tax", "{taxable_income}*{inputs.tax_rate}"),
        yearly("nopat", "{ebit}-{tax}"),
    ]


def _cash(part: str) -> list[Line]:
    inputs = f"inputs.{part}"
    return [
        yearly("new_capacity", "MAX({capacity}-{capacity[-1]},0)*{in_horizon}"),
        yearly("growth_capex", f"{{new_capacity}}*{{{inputs}_capex_per_capacity}}"),
        yearly("maintenance_capex", f"{{revenue}}*{{{inputs}_maintenance_capex_ratio}}"),
        yearly("depreciation", f"{{net_assets[-1]}}*{{{inputs}_depreciation_rate}}*{{in_horizon}}"),
        yearly(
            "net_assets",
            "({net_assets[-1]}+{growth_capex}+{maintenance_capex}-{depreciation})*{in_horizon}",
            opening=f"{{{inputs}_opening_assets}}*{{started}}",
        ),
        yearly("ebitda", "{ebit}+{depreciation}"),
        every_year(
            "working_capital", f"{{revenue}}*{{{inputs}_working_capital_days}}/{{inputs.days_per_year}}"
        ),
        yearly("change_in_working_capital", "({working_capital}-{working_capital[-1]})*{in_horizon}"),
        yearly(
            "fcff",
            "{nopat}+{depreciation}-{growth_capex}-{maintenance_capex}-{change_in_working_capital}",
            opening="0",
            total=True,
        ),
        yearly("recurring_nopat", "{nopat}-{losses_used}*{inputs.tax_rate}"),
        yearly("recurring_fcff", "{fcff}+{growth_capex}-{losses_used}*{inputs.tax_rate}"),
    ]


def _reference(sheet: str, key: str, label: str, row: Row, *, million: bool) -> Line:
    """A figure from outside beside the model's of the same year; of the last year, where it has none."""
    value = row.number / 1e6 if million else row.number
    year = int(row.period[2:]) if row.period else None

    def model(r: Results) -> float:
        if year is None:
            return float(r.segments[sheet].final_deliveries)
        years = np.concatenate([[r.inputs.count("base_year")], r.timeline.year])
        return float(r.segments[sheet].deliveries[years == year].sum())

    formula = (
        "{final_deliveries}"
        if year is None
        else f"SUMPRODUCT(({{capital.year:years[0:]}}={{{key}:year}})*{{deliveries:years[0:]}})"
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


def _references(part: str, sheet: str, context: Context) -> list[Line]:
    """What the company and the street expect, as far as the tables have it."""
    row, periods, has = context.tables.row, context.tables.periods, context.tables.has
    target_key, street_key = f"{part}_delivery_target", f"street_{part}_deliveries"
    targets = [row(target_key, period) for period in periods(target_key)]
    lines = [
        _reference(
            sheet,
            "reference_target" if target is targets[-1] else f"reference_target_{target.period[2:]}",
            "The company's target",
            target,
            million=True,
        )
        for target in targets
    ]
    for period in periods(street_key):
        key, label = f"reference_street_{period[2:]}", f"The street for {period[2:]}"
        lines.append(_reference(sheet, key, label, row(street_key, period), million=True))
    if has("article_004_fifth_maker_deliveries"):
        label = "The fifth largest maker in article 004, against the last year"
        fifth = row("article_004_fifth_maker_deliveries")
        lines.append(_reference(sheet, "reference_fifth_maker", label, fifth, million=False))
    return lines


def _blocks(company: Company, business: Business, context: Context) -> list[Block]:
    part = business.prefix
    forecast = [
        constant("started", "IF({base_year.deliveries:year}>0,1,0)"),
        *horizon_lines(f"{part}_horizon", started="{started}"),
    ]
    final = constant("final_deliveries", "SUMPRODUCT({is_final[0:]},{deliveries[0:]})")
    references = _references(part, business.key, context)
    outside = Block("Reference points: no value depends on them", references, REFERENCES)
    return [
        Block("Forecast", forecast),
        Block("Deliveries", [*_deliveries(), final]),
        Block("Revenue", _revenue(part)),
        Block("Gross profit", _gross_profit(company, part)),
        Block("Costs", operating_profit_lines(company, part, "{started}")),
        Block("Tax after losses", _tax(part)),
        Block("Reinvestment and cash", _cash(part)),
        *valuation_blocks(company, business, recurring="recurring_fcff", cross_checked=True, new_page=True),
        cross_check_block(part, nopat="recurring_nopat"),
        *([outside] if references else []),
    ]


def _charts(business: Business, _: Context) -> list[Chart]:
    return [
        Chart(
            title=f"{business.part.short}: deliveries against capacity",
            series=(
                Series("Deliveries", "{deliveries[:15]}"),
                Series("Capacity", "{capacity[:15]}", "line"),
            ),
            categories="{capital.year:years[:15]}",
            anchor=("F", "explicit_value"),
            axis="m vehicles a year",
            number_format="0.0",
        )
    ]


def sheet(company: Company, business: Business) -> Sheet:
    """The sheet of a capacity-bound ramp."""
    return Sheet(
        business.key,
        business.sheet,
        business.question,
        partial(_blocks, company, business),
        charts=partial(_charts, business),
    )


def _cash_gap(business: Business) -> str:
    key = business.key
    return (
        f"{{{key}.nopat[all]}}-{growth(f'{key}.net_assets', TIMELINE_YEARS)}"
        f"-{growth(f'{key}.working_capital', TIMELINE_YEARS)}-{{{key}.fcff[all]}}"
    )


def _last(key: str, line: str) -> str:
    """A line in the last forecast year."""
    return f"SUMPRODUCT({{{key}.is_final[0:]}},{{{key}.{line}[0:]}})"


def _final(r: Results, key: str, line: str) -> float:
    """The same in the core."""
    values: Any = getattr(r.segments[key], line)
    last = int(r.segments[key].valuation.in_horizon.sum())
    return float(values[last if len(values) > TIMELINE_YEARS else last - 1]) if last else 0.0


def _functions(company: Company, business: Business) -> list[Line]:
    return [*_path_functions(business), *_value_functions(company, business)]


def _path_functions(business: Business) -> list[Line]:
    key, name, built = business.key, business.part.short, f"{{{business.key}.started}}=1"
    curve = f"{{inputs.demand_saturation}},{{{key}.midpoint}},{{inputs.demand_steepness}}"
    made = f"{{{key}.cumulative_deliveries[all]}},{{{key}.cumulative_deliveries:opening}}"
    rate = f"{{inputs.{business.prefix}_learning_rate}}"
    cost = f"RAMP_UNIT_COST({{{key}.unit_cost:opening}},{made},{rate})"
    return [
        function_line(
            business.line("demand_midpoint"),
            f"{name}, year of half the demand",
            "years",
            native=f"{{{key}.midpoint}}",
            function=where(
                built,
                "RAMP_LOGISTIC_MIDPOINT({base_year.deliveries:year},{inputs.demand_saturation},"
                "{inputs.demand_steepness})",
            ),
            value=lambda r: r.segments[key].midpoint,
        ),
        function_line(
            business.line("final_demand"),
            f"{name}, demand of the last year",
            "m vehicles",
            native=_last(key, "demand"),
            function=where(built, f"RAMP_LOGISTIC({{{key}.horizon}},{curve})"),
            value=lambda r: _final(r, key, "demand"),
        ),
        function_line(
            business.line("final_unit_cost"),
            f"{name}, cost of one in the last year",
            "{currency} per vehicle",
            native=_last(key, "unit_cost"),
            function=where(built, f"INDEX({cost},1,MAX(1,{{{key}.horizon}}))"),
            value=lambda r: _final(r, key, "unit_cost"),
        ),
    ]


def _value_functions(company: Company, business: Business) -> list[Line]:
    key, part, name = business.key, business.part.key, business.part.short
    built, wacc = f"{{{key}.started}}=1", f"{{capital.{part}_wacc}}"
    income = f"DCF_TAXABLE_INCOME({{{key}.ebit[all]}},{{{key}.losses:opening}})"
    terminal = f"{terminal_value_function(company, business)}*{{{key}.terminal_factor}}"
    explicit = f"DCF_PRESENT_VALUE({flows_to_horizon(key)},{wacc},{TIMING})"
    return [
        function_line(
            business.line("final_taxable_income"),
            f"{name}, taxable income of the last year",
            "{currency} m",
            native=_last(key, "taxable_income"),
            function=where(built, f"INDEX({income},1,MAX(1,{{{key}.horizon}}))"),
            value=lambda r: _final(r, key, "taxable_income"),
        ),
        function_line(
            f"{part}_{business.method}_enterprise_value",
            f"{name}, enterprise value",
            "{currency} m",
            native=f"{{{key}.enterprise_value}}",
            function=where(built, f"{explicit}+{terminal}"),
            value=lambda r: r.segments[key].valuation.enterprise_value,
        ),
    ]


HALF = Half(
    sheet,
    phrase="built up from deliveries",
    short="built up",
    about="demand, capacity, price, learning and costs",
    cash_gap=_cash_gap,
    has_sales=True,
    cross_checks=True,
    taxes_base_year=False,
    functions=_functions,
    functions_title="The build-ups",
)
