"""A revenue ramp from the top down, from a base year's revenue to a value."""

from __future__ import annotations

from functools import partial

from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.sheets.function_lines import TIMING, flows_to_horizon, function_line
from xlwings_addin.sheets.segments.half import Half
from xlwings_addin.sheets.spec import Block, Chart, Context, Line, Series, Sheet, constant, yearly
from xlwings_addin.sheets.valuation import horizon_lines, over_usd, valuation_blocks


def _blocks(company: Company, business: Business, _: Context) -> list[Block]:
    part, rate = f"inputs.{business.prefix}", over_usd(company)
    dollars = rate.replace("/", "*")
    ramp = [
        *horizon_lines(f"{business.prefix}_horizon"),
        yearly("ramp_position", f"({{capital.year_number}}-1)/({{{part}_horizon}}-1)*{{in_horizon}}"),
        yearly(
            "revenue_growth",
            f"({{{part}_growth_start}}+({{{part}_growth_end}}-{{{part}_growth_start}})"
            "*{ramp_position})*{in_horizon}",
        ),
        yearly("growth_factor", "1+{revenue_growth}"),
        yearly(
            "revenue",
            "{revenue[-1]}*{growth_factor}*{in_horizon}",
            opening=f"{{{part}_base_deliveries}}*{{{part}_base_price_usd}}{dollars}",
            total=True,
        ),
        yearly("revenue_usd", f"{{revenue}}{rate}", opening=f"{{revenue:opening}}{rate}"),
        yearly(
            "deliveries_at_base_price",
            f"{{revenue_usd}}/{{{part}_base_price_usd}}",
            opening=f"{{revenue_usd:opening}}/{{{part}_base_price_usd}}",
        ),
    ]
    income = [
        constant(
            "final_operating_income",
            f"{{{part}_operating_margin_end}}*SUMPRODUCT({{is_final[all]}},{{revenue[all]}})",
        ),
        yearly(
            "operating_income",
            f"({{{part}_operating_income_start}}{dollars}*(1-{{ramp_position}})"
            "+{final_operating_income}*{ramp_position})*{in_horizon}",
        ),
        yearly("operating_margin", "IF({revenue}=0,0,{operating_income}/{revenue})"),
        yearly("tax", "MAX({operating_income},0)*{inputs.tax_rate}"),
        yearly("nopat", "{operating_income}-{tax}"),
        yearly("fcff", f"{{nopat}}*{{{part}_cash_conversion}}", opening="0", total=True),
    ]
    memo = [
        constant("final_revenue_usd", "SUMPRODUCT({is_final[all]},{revenue_usd[all]})"),
        constant("final_operating_income_usd", f"{{final_operating_income}}{rate}"),
    ]
    discounting, value = valuation_blocks(company, business)
    return [
        Block("Revenue ramp", ramp),
        Block("Operating income and cash", income),
        discounting,
        Block(value.title, [*value.lines, *memo]),
    ]


def _charts(company: Company, business: Business, _: Context) -> list[Chart]:
    return [
        Chart(
            title=f"{business.part.short}: revenue and operating income",
            series=(
                Series("Revenue", "{revenue[all]}"),
                Series("Operating income", "{operating_income[all]}", "line"),
            ),
            categories="{capital.year:years[all]}",
            anchor=("F", "explicit_value"),
            axis=company.money,
            number_format="#,##0",
        )
    ]


def sheet(company: Company, business: Business) -> Sheet:
    """The sheet of a ramp."""
    return Sheet(
        business.key,
        business.sheet,
        business.question,
        partial(_blocks, company, business),
        charts=partial(_charts, company, business),
    )


def _cash_gap(business: Business) -> str:
    key = business.key
    return f"{{{key}.nopat[all]}}*{{inputs.{business.prefix}_cash_conversion}}-{{{key}.fcff[all]}}"


def _functions(_: Company, business: Business) -> list[Line]:
    return [*_path_functions(business), *_value_functions(business)]


def _in_final_year(key: str, line: str) -> str:
    return f"SUMPRODUCT({{{key}.is_final[all]}},{{{key}.{line}[all]}})"


def _path_functions(business: Business) -> list[Line]:
    key, inputs, last = business.key, f"inputs.{business.prefix}", f"1,{{inputs.{business.prefix}_horizon}}"
    wacc = f"{{capital.{business.prefix}_wacc}}"
    fade = f"RAMP_FADE({{{inputs}_growth_start}},{{{inputs}_growth_end}},{{{inputs}_horizon}})"
    revenue = f"RAMP_REVENUE({{{key}.revenue:opening}},{{{key}.revenue_growth[all]}})"
    count = f"{{{inputs}_horizon}}+1-{{capital.stream_offset}}"
    return [
        function_line(
            business.line("final_growth"),
            "Revenue growth of the last year",
            "rate",
            native=_in_final_year(key, "revenue_growth"),
            function=f"INDEX({fade},{last})",
            value=lambda r: r.inputs.number(f"{business.prefix}_growth_end"),
        ),
        function_line(
            business.line("final_revenue"),
            "Revenue of the last year",
            "{currency} m",
            native=_in_final_year(key, "revenue"),
            function=f"INDEX({revenue},{last})",
            value=lambda r: float(r.segments[key].revenue[r.inputs.count(f"{business.prefix}_horizon") - 1]),
        ),
        function_line(
            business.line("final_discount_factor"),
            "Discount factor of the last year",
            "factor",
            native=_in_final_year(key, "discount_factor"),
            function=f"INDEX(DCF_DISCOUNT_FACTORS({wacc},{count},{TIMING}),{last}+1-{{capital.stream_offset}})",
            value=lambda r: r.segments[key].valuation.terminal_factor,
        ),
    ]


def _value_functions(business: Business) -> list[Line]:
    key, part = business.key, business.part.key
    wacc, growth = f"{{capital.{part}_wacc}}", f"{{inputs.{part}_terminal_growth}}"
    form = "{inputs.terminal_form}"
    return [
        function_line(
            f"{part}_terminal_value",
            "Terminal value",
            "{currency} m",
            native=f"{{{key}.terminal_value}}",
            function=f"DCF_TERMINAL_VALUE({{{key}.final_fcff}},{wacc},{growth},{form})",
            value=lambda r: r.segments[key].valuation.terminal_value,
        ),
        function_line(
            f"{part}_enterprise_value",
            "Enterprise value",
            "{currency} m",
            native=f"{{{key}.enterprise_value}}",
            function=f"DCF_ENTERPRISE_VALUE({flows_to_horizon(key)},{wacc},{growth},{TIMING},{form})",
            value=lambda r: r.segments[key].valuation.enterprise_value,
        ),
    ]


HALF = Half(
    sheet,
    phrase="ramp from the top down",
    short="ramp",
    about="revenue growth and a final margin",
    cash_gap=_cash_gap,
    has_sales=True,
    functions=_functions,
    functions_title="{part}, ramp",
)
