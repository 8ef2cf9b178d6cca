"""Reported free cash flow, averaged, and the value it gives."""

from __future__ import annotations

from functools import partial

from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.sheets.function_lines import TIMING, flow_of, function_line
from xlwings_addin.sheets.segments.half import Half, before, growth
from xlwings_addin.sheets.spec import Block, Context, Line, Sheet, constant, yearly
from xlwings_addin.sheets.valuation import horizon_lines, valuation_blocks


def _averaged(prefix: str) -> str:
    """Which fiscal years of Reported are averaged, as a row of flags."""
    first, last = (f"{{inputs.{prefix}_average_{end}_year}}" for end in ("first", "last"))
    return f"({{reported.fiscal_year[all]}}>={first})*({{reported.fiscal_year[all]}}<={last})"


def _blocks(company: Company, business: Business, _: Context) -> list[Block]:
    averaged = _averaged(business.prefix)
    basis = [
        constant("years_averaged", f"SUMPRODUCT({averaged})"),
        constant(
            "normalised_fcff",
            f"SUMPRODUCT({averaged}*{{reported.free_cash_flow[all]}})/{{years_averaged}}",
            total=True,
        ),
    ]
    forecast = [
        *horizon_lines(f"{business.prefix}_horizon"),
        yearly(
            "fcff",
            f"{{fcff[-1]}}*(1+{{inputs.{business.prefix}_terminal_growth}})*{{in_horizon}}",
            opening="{normalised_fcff}",
            total=True,
        ),
    ]
    multiple = constant(
        "normalised_multiple", 'IF({normalised_fcff}=0,"n/a",{enterprise_value}/{normalised_fcff})'
    )
    discounting, value = valuation_blocks(company, business)
    return [
        Block("Reported cash flow, averaged", basis),
        Block("Forecast", forecast),
        discounting,
        Block(value.title, [*value.lines, multiple]),
    ]


def sheet(company: Company, business: Business) -> Sheet:
    """The sheet of an averaged cash flow."""
    return Sheet(business.key, business.sheet, business.question, partial(_blocks, company, business))


def _cash_gap(business: Business) -> str:
    flow = f"{business.key}.fcff"
    earned = f"{before(flow, TIMELINE_YEARS)}*{{inputs.{business.prefix}_terminal_growth}}"
    return f"{growth(flow, TIMELINE_YEARS)}-{earned}"


def _functions(_: Company, business: Business) -> list[Line]:
    key, part = business.key, business.part.key
    wacc, flows = f"{{capital.{part}_wacc}}", flow_of(key, "{capital.stream_offset}")
    growth_, form = f"{{inputs.{part}_terminal_growth}}", "{inputs.terminal_form}"
    return [
        function_line(
            f"{part}_explicit_value",
            "Value of the forecast years",
            "{currency} m",
            native=f"{{{key}.explicit_value}}",
            function=f"DCF_PRESENT_VALUE({flows}:{{{key}.counted_fcff[last]}},{wacc},{TIMING})",
            value=lambda r: r.segments[key].valuation.explicit_value,
        ),
        function_line(
            f"{part}_terminal_value",
            "Terminal value",
            "{currency} m",
            native=f"{{{key}.terminal_value}}",
            function=f"DCF_TERMINAL_VALUE({{{key}.final_fcff}},{wacc},{growth_},{form})",
            value=lambda r: r.segments[key].valuation.terminal_value,
        ),
    ]


HALF = Half(
    sheet,
    phrase="reported cash flow averaged",
    short="averaged",
    about="what the group reported, all businesses of it, taken as that of this part",
    cash_gap=_cash_gap,
    functions=_functions,
    functions_title="{part}, averaged",
)
