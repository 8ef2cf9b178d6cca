"""The lines that every sheet with a discounted cash flow shares: from a flow per year to a value."""

from __future__ import annotations

from collections.abc import Callable

from xlwings_addin.model.core_business import CoreSegments
from xlwings_addin.model.valuation import CrossChecks, Path, Valuation
from xlwings_addin.model.vehicle_business import VehicleUnits
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import Block, Line, constant, every_year, path, yearly


def horizon_lines(
    horizon: str, of: Callable[[Results], Valuation], *, started: str | None = None
) -> list[Line]:
    """The years a block forecasts, and flags for them and for the last one; none is a pure capitalisation.

    A block that has no base year to start from, `started` being 0, forecasts none.
    """
    years = f"{{inputs.{horizon}}}" + (f"*{started}" if started else "")
    return [
        constant(
            "horizon",
            "Years forecast",
            "count",
            years,
            lambda r: float(of(r).in_horizon.sum()),
            note="none where the base year has no reported quarter to start from" if started else "",
        ),
        yearly(
            "in_horizon",
            "Year is forecast",
            "flag",
            "IF({capital.year_number}<={horizon},1,0)",
            lambda r: of(r).in_horizon,
            note="1 up to the horizon of the case, then 0",
        ),
        yearly(
            "is_final",
            "Last forecast year",
            "flag",
            "IF({capital.year_number}={horizon},1,0)",
            lambda r: of(r).is_final,
            opening=(
                "IF({capital.year_number:opening}={horizon},1,0)",
                lambda r: of(r).opening_is_final,
            ),
            note="the terminal value follows this year",
        ),
    ]


def fade(start: str, end: str, position: str) -> str:
    """The formula of a path from `start` to `end`, where the line `position` goes from 0 to 1."""
    return f"({start}+({end}-{start})*{{{position}}})*{{in_horizon}}"


def ratio_line(
    key: str, label: str, above: str, value: Callable[[Results], Path], *, of: str = "revenue"
) -> Line:
    """One line of the sheet over another, 0 where there is nothing to divide by."""
    return every_year(key, label, "ratio", f"IF({{{of}}}=0,0,{{{above}}}/{{{of}}})", value)


def operating_profit_lines(
    prefix: str,
    started: str,
    of: Callable[[Results], CoreSegments | VehicleUnits],
    *,
    research: str,
    ebit: str,
) -> list[Line]:
    """From the line `gross_profit` to the operating profit; `research` and `ebit` are the notes on them."""
    overhead = f"{{inputs.{prefix}_overhead_ratio_start}}"
    return [
        path(
            "overhead_ratio",
            "Selling and administrative costs to revenue",
            "ratio",
            fade(overhead, f"{{inputs.{prefix}_overhead_ratio_end}}", "fade_position"),
            lambda r: of(r).overhead_ratio,
            opening=f"{overhead}*{started}",
        ),
        every_year(
            "overhead",
            "Selling and administrative costs",
            "CNY m",
            "{revenue}*{overhead_ratio}",
            lambda r: of(r).overhead,
        ),
        path(
            "research_ratio",
            "Research and development to revenue",
            "ratio",
            fade("{research_ratio:opening}", f"{{inputs.{prefix}_research_ratio_end}}", "fade_position"),
            lambda r: of(r).research_ratio,
            opening=f"IF({{revenue}}=0,0,{{base_year.{prefix}_research:year}}/{{revenue}})",
            note=research,
        ),
        every_year(
            "research",
            "Research and development",
            "CNY m",
            "{revenue}*{research_ratio}",
            lambda r: of(r).research,
        ),
        every_year(
            "ebit",
            "Operating profit (EBIT)",
            "CNY m",
            "{gross_profit}-{overhead}-{research}",
            lambda r: of(r).ebit,
            note=ebit,
            total=True,
        ),
        ratio_line("ebit_margin", "Operating margin", "ebit", lambda r: of(r).ebit_margin),
    ]


def valuation_blocks(
    prefix: str,
    title: str,
    of: Callable[[Results], Valuation],
    *,
    enterprise_value_name: str,
    recurring: str = "fcff",
    new_page: bool = False,
) -> list[Block]:
    """Discounting of the line `fcff`, and the enterprise value it gives.

    The terminal value rests on the last figure of the line `recurring`.
    """
    wacc, growth = f"{{capital.{prefix}_wacc}}", f"{{inputs.{prefix}_terminal_growth}}"
    factor = f"1/(1+{wacc})^{{capital.flow_exponent}}"
    discounting = [
        path(
            "counted_fcff",
            "Free cash flow counted",
            "CNY m",
            "{fcff}*IF({capital.year_number}=1,{capital.first_flow_share},1)",
            lambda r: of(r).counted_fcff,
            opening="{fcff}*{capital.opening_flow_share}",
            note="of the first flow the whole, or only what falls after the valuation date, as the case says",
        ),
        every_year(
            "discount_factor",
            "Discount factor",
            "factor",
            factor,
            lambda r: of(r).discount_factor,
            note="1 / (1 + WACC) ^ years from the valuation date",
        ),
        every_year(
            "present_value",
            "Present value",
            "CNY m",
            "{counted_fcff}*{discount_factor}",
            lambda r: of(r).present_value,
        ),
    ]
    value = [
        constant(
            "explicit_value",
            "Value of the forecast years",
            "CNY m",
            "SUM({present_value[0:]})",
            lambda r: of(r).explicit_value,
        ),
        constant(
            "final_fcff",
            "Flow the terminal value rests on",
            "CNY m",
            f"SUMPRODUCT({{is_final[0:]}},{{{recurring}[0:]}})",
            lambda r: of(r).final_fcff,
            note="of the last forecast year; of the base year, when no year is forecast",
        ),
        constant(
            "terminal_value",
            "Terminal value at that year",
            "CNY m",
            f'{{final_fcff}}*IF({{inputs.terminal_form}}="grown",1+{growth},1)/({wacc}-{growth})',
            lambda r: of(r).terminal_value,
            note="Gordon: F x (1 + g) / (WACC - g), or the flat form F / (WACC - g) if the case says so",
        ),
        constant(
            "terminal_factor",
            "Discount factor of that year",
            "factor",
            "SUMPRODUCT({is_final[0:]},{discount_factor[0:]})",
            lambda r: of(r).terminal_factor,
        ),
        constant(
            "terminal_present_value",
            "Present value of the terminal value",
            "CNY m",
            "{terminal_value}*{terminal_factor}",
            lambda r: of(r).terminal_present_value,
        ),
        constant(
            "enterprise_value",
            f"Enterprise value, {title}",
            "CNY m",
            "{explicit_value}+{terminal_present_value}",
            lambda r: of(r).enterprise_value,
            total=True,
            name=enterprise_value_name,
        ),
        constant(
            "enterprise_value_usd",
            "the same in US dollars",
            "USD m",
            "{enterprise_value}/{inputs.cny_per_usd}",
            lambda r: of(r).enterprise_value_usd,
        ),
        constant(
            "terminal_share",
            "Terminal share of the value",
            "ratio",
            "IF({enterprise_value}=0,0,{terminal_present_value}/{enterprise_value})",
            lambda r: of(r).terminal_share,
            note="how much of the value lies beyond the forecast",
        ),
    ]
    return [
        Block("Discounting", discounting, new_page=new_page),
        Block("Value", value),
    ]


def cross_check_block(
    prefix: str, checks: Callable[[Results], CrossChecks], *, nopat: str = "nopat"
) -> Block:
    """The value with two other terminal values, from a line of NOPAT and the line `ebitda`."""
    wacc, growth = f"{{capital.{prefix}_wacc}}", f"{{inputs.{prefix}_terminal_growth}}"

    def difference(key: str) -> str:
        return f'IF({{enterprise_value}}=0,"n/a",{{{key}}}/{{enterprise_value}}-1)'

    return Block(
        "Cross-checks of the terminal value",
        [
            constant(
                "final_nopat",
                "NOPAT of the last forecast year",
                "CNY m",
                f"SUMPRODUCT({{is_final[0:]}},{{{nopat}[0:]}})",
                lambda r: checks(r).final_nopat,
            ),
            constant(
                "driver_terminal_value",
                "Terminal value by the value driver",
                "CNY m",
                f'{{final_nopat}}*IF({{inputs.terminal_form}}="grown",1+{growth},1)'
                f"*(1-{growth}/{{inputs.{prefix}_return_on_new_capital}})/({wacc}-{growth})",
                lambda r: checks(r).driver_terminal_value,
                note="NOPAT x (1 - g / return on new capital) / (WACC - g): growth is paid for",
            ),
            constant(
                "driver_enterprise_value",
                "Enterprise value with it",
                "CNY m",
                "{explicit_value}+{driver_terminal_value}*{terminal_factor}",
                lambda r: checks(r).driver_enterprise_value,
            ),
            constant(
                "driver_difference",
                "Against Gordon",
                "ratio",
                difference("driver_enterprise_value"),
                lambda r: checks(r).driver_difference,
            ),
            constant(
                "final_ebitda",
                "EBITDA of the last forecast year",
                "CNY m",
                "SUMPRODUCT({is_final[0:]},{ebitda[0:]})",
                lambda r: checks(r).final_ebitda,
            ),
            constant(
                "year_end_factor",
                "Discount factor of its year end",
                "factor",
                f"1/(1+{wacc})^SUMPRODUCT({{is_final[0:]}},{{capital.year_end_exponent[0:]}})",
                lambda r: checks(r).year_end_factor,
                note="a business is sold at the end of a year, whenever in the year its flows fall",
            ),
            constant(
                "multiple_terminal_value",
                "Terminal value by the exit multiple",
                "CNY m",
                f"{{final_ebitda}}*{{inputs.{prefix}_exit_multiple}}",
                lambda r: checks(r).multiple_terminal_value,
            ),
            constant(
                "multiple_enterprise_value",
                "Enterprise value with it",
                "CNY m",
                "{explicit_value}+{multiple_terminal_value}*{year_end_factor}",
                lambda r: checks(r).multiple_enterprise_value,
            ),
            constant(
                "multiple_difference",
                "Against Gordon",
                "ratio",
                difference("multiple_enterprise_value"),
                lambda r: checks(r).multiple_difference,
            ),
            constant(
                "implied_multiple",
                "Multiple of EBITDA that Gordon implies",
                "multiple",
                'IF({final_ebitda}=0,"n/a",{terminal_present_value}/{year_end_factor}/{final_ebitda})',
                lambda r: checks(r).implied_multiple,
            ),
        ],
    )
