"""The lines every discounted cash flow sheet shares: from a flow per year to an enterprise value."""

from __future__ import annotations

from collections.abc import Callable

from xlwings_addin.model.xiaomi import Results, Valuation
from xlwings_addin.sheets.spec import Block, Line, constant, yearly


def horizon_lines(horizon: str, of: Callable[[Results], Valuation]) -> list[Line]:
    """Flags for the years a block forecasts and for its last one; none forecast is a pure capitalisation."""
    return [
        yearly(
            "in_horizon",
            "Year is forecast",
            "flag",
            f"IF({{capital.year_number}}<={{inputs.{horizon}}},1,0)",
            lambda r: of(r).in_horizon,
            note="1 up to the horizon of the case, then 0",
        ),
        yearly(
            "is_final",
            "Last forecast year",
            "flag",
            f"IF({{capital.year_number}}={{inputs.{horizon}}},1,0)",
            lambda r: of(r).is_final,
            opening=(
                f"IF({{capital.year_number:opening}}={{inputs.{horizon}}},1,0)",
                lambda r: of(r).opening_is_final,
            ),
            note="the terminal value follows this year",
        ),
    ]


def valuation_blocks(
    prefix: str, title: str, of: Callable[[Results], Valuation], *, enterprise_value_name: str
) -> list[Block]:
    """Discounting of the line `fcff`, and the enterprise value it gives."""
    wacc, growth = f"{{capital.{prefix}_wacc}}", f"{{inputs.{prefix}_terminal_growth}}"
    discounting = [
        yearly(
            "counted_fcff",
            "Free cash flow counted",
            "CNY m",
            "{fcff}*IF({capital.year_number}=1,{capital.first_flow_share},1)",
            lambda r: of(r).counted_fcff,
            note="the first year whole, or only its part after the valuation date, as the case says",
        ),
        yearly(
            "discount_factor",
            "Discount factor",
            "factor",
            f"1/(1+{wacc})^{{capital.flow_exponent}}",
            lambda r: of(r).discount_factor,
            opening=(f"1/(1+{wacc})^{{capital.year_number:opening}}", lambda r: 1.0),
            note="1 / (1 + WACC) ^ years from the valuation date",
        ),
        yearly(
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
            "SUM({present_value[all]})",
            lambda r: of(r).explicit_value,
        ),
        constant(
            "final_fcff",
            "Flow the terminal value rests on",
            "CNY m",
            "SUMPRODUCT({is_final[0:]},{fcff[0:]})",
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
        Block("Discounting", discounting),
        Block("Value", value),
    ]
