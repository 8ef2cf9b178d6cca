"""Capital: the timeline every sheet follows, and what each business must earn."""

from __future__ import annotations

from xlwings_addin.sheets.spec import Block, Context, Sheet, constant, yearly


def blocks(_: Context) -> list[Block]:
    timeline = [
        yearly(
            "year_number",
            "Forecast year, number",
            "count",
            "{year_number[-1]}+1",
            lambda r: r.timeline.year_number,
            opening=("0", lambda r: 0.0),
        ),
        yearly(
            "year",
            "Forecast year",
            "year",
            "{year[-1]}+1",
            lambda r: r.timeline.year,
            opening=("{inputs.base_year}", lambda r: r.inputs.number("base_year")),
            note="follows the base year of the case",
        ),
        constant(
            "base_year_end",
            "End of the base year",
            "date",
            "DATE({year:opening}+1,1,1)-1",
            lambda r: r.timeline.base_year_end,
        ),
        constant(
            "first_year_end",
            "End of the first forecast year",
            "date",
            "DATE({year:years[1]}+1,1,1)-1",
            lambda r: r.timeline.first_year_end,
        ),
        constant(
            "opening_period",
            "Years from valuation date to the end of the base year",
            "years",
            'IF({inputs.stub}="date",'
            "MAX(0,({base_year_end}-{inputs.valuation_date})/{inputs.days_per_year}),0)",
            lambda r: r.timeline.opening_period,
            note="0 where the base year is over, or the case counts whole years",
        ),
        constant(
            "first_period",
            "Years from valuation date to the end of the first forecast year",
            "years",
            'IF({inputs.stub}="date",IF({opening_period}>0,1+{opening_period},'
            "({first_year_end}-{inputs.valuation_date})/{inputs.days_per_year}),1)",
            lambda r: r.timeline.first_period,
            note="the stub; 1 where the case counts whole years",
        ),
        constant(
            "opening_flow_share",
            "Share of the base year's flow that counts",
            "ratio",
            'IF({inputs.first_flow}="stub",MIN({opening_period},1),0)',
            lambda r: r.timeline.opening_flow_share,
        ),
        constant(
            "first_flow_share",
            "Share of the first year's flow that counts",
            "ratio",
            'IF({inputs.first_flow}="stub",MIN({first_period},1),1)',
            lambda r: r.timeline.first_flow_share,
        ),
        yearly(
            "year_end_exponent",
            "Years to the year end",
            "years",
            "IF({year_number}=1,{first_period},{year_end_exponent[-1]}+1)",
            lambda r: r.timeline.year_end_exponent,
            opening=("{opening_period}", lambda r: r.timeline.opening_period),
        ),
        yearly(
            "flow_exponent",
            "Years to the flow",
            "years",
            'IF({inputs.timing}="mid",AVERAGE({year_end_exponent[-1]},{year_end_exponent}),{year_end_exponent})',
            lambda r: r.timeline.flow_exponent,
            opening=(
                'IF({inputs.timing}="mid",AVERAGE(0,{year_end_exponent}),{year_end_exponent})',
                lambda r: r.timeline.opening_flow_exponent,
            ),
            note="year end, or the middle between two year ends, as the case says",
        ),
        constant(
            "stream_offset",
            "Flows begin after the base year",
            "flag",
            "IF({opening_period}>0,0,1)",
            lambda r: float(r.timeline.opening_period == 0),
            note="for the add-in's functions: 0 where what is left of the base year is their first flow",
        ),
        constant(
            "stream_first_period",
            "Years to the end of the year of the first flow",
            "years",
            "IF({opening_period}>0,{opening_period},{first_period})",
            lambda r: r.timeline.opening_period or r.timeline.first_period,
            note="for the add-in's functions",
        ),
    ]
    cost_of_capital = [
        constant(
            "beta",
            "Beta, Blume-adjusted",
            "factor",
            "{inputs.blume_weight}*{inputs.raw_beta}+(1-{inputs.blume_weight})",
            lambda r: r.capital.beta,
            note="weight x measured beta + (1 - weight) x the market's 1; Blume's weight is two thirds",
        ),
        constant(
            "cost_of_equity",
            "Cost of equity",
            "rate",
            "{inputs.risk_free}+{beta}*{inputs.equity_risk_premium}+{inputs.country_risk}",
            lambda r: r.capital.cost_of_equity,
            note="CAPM: risk-free + beta x equity risk premium + country risk",
            name="cost_of_equity",
        ),
        constant(
            "after_tax_cost_of_debt",
            "Cost of debt after tax",
            "rate",
            "{inputs.cost_of_debt}*(1-{inputs.tax_rate})",
            lambda r: r.capital.after_tax_cost_of_debt,
        ),
        constant(
            "wacc_computed",
            "WACC, computed",
            "rate",
            "{inputs.equity_weight}*{cost_of_equity}+(1-{inputs.equity_weight})*{after_tax_cost_of_debt}",
            lambda r: r.capital.wacc_computed,
        ),
        constant(
            "wacc_rounding",
            "Printed WACC less computed",
            "rate",
            "{inputs.core_wacc_printed}-{wacc_computed}",
            lambda r: r.capital.wacc_rounding,
            note="what the printed figure takes off the discount rate, where the case uses it",
        ),
        constant(
            "core_wacc",
            "WACC used, core business",
            "rate",
            'IF({inputs.core_wacc_basis}="printed",{inputs.core_wacc_printed},{wacc_computed})',
            lambda r: r.capital.core_wacc,
            total=True,
            name="core_wacc",
        ),
        constant(
            "vehicle_wacc",
            "WACC used, vehicles",
            "rate",
            "{inputs.vehicle_wacc}",
            lambda r: r.capital.vehicle_wacc,
            total=True,
        ),
        constant(
            "vehicle_implied_beta",
            "Beta that the vehicle WACC implies",
            "factor",
            "({vehicle_wacc}-{inputs.risk_free}-{inputs.country_risk})/{inputs.equity_risk_premium}",
            lambda r: r.capital.vehicle_implied_beta,
            note="all equity: (WACC - risk-free - country risk) / premium",
        ),
        constant(
            "core_spread",
            "WACC less terminal growth, core",
            "rate",
            "{core_wacc}-{inputs.core_terminal_growth}",
            lambda r: r.capital.core_spread,
            note="the divisor of the terminal value: small spreads make huge values",
        ),
        constant(
            "vehicle_spread",
            "WACC less terminal growth, vehicles",
            "rate",
            "{vehicle_wacc}-{inputs.vehicle_terminal_growth}",
            lambda r: r.capital.vehicle_spread,
        ),
    ]
    return [
        Block("Timeline", timeline),
        Block("Cost of capital", cost_of_capital),
    ]


SHEET = Sheet("capital", "Capital", "When do the flows fall, and what must each business earn?", blocks)
