"""Core Average: phones, home devices and internet services, valued on reported cash flow."""

from __future__ import annotations

from xlwings_addin.sheets.spec import Block, Context, Sheet, constant, yearly
from xlwings_addin.sheets.valuation import horizon_lines, valuation_blocks

AVERAGED = (
    "({history.fiscal_year[all]}>={inputs.core_average_first_year})"
    "*({history.fiscal_year[all]}<={inputs.core_average_last_year})"
)


def blocks(_: Context) -> list[Block]:
    basis = [
        constant(
            "years_averaged",
            "Reported years averaged",
            "count",
            f"SUMPRODUCT({AVERAGED})",
            lambda r: r.core_average.years_averaged,
        ),
        constant(
            "normalised_fcff",
            "Average reported free cash flow",
            "CNY m",
            f"SUMPRODUCT({AVERAGED}*{{history.free_cash_flow[all]}})/{{years_averaged}}",
            lambda r: r.core_average.normalised_fcff,
            total=True,
            note="operating cash flow less capex, interest as the company reports it; see History",
        ),
    ]
    forecast = [
        *horizon_lines("core_horizon", lambda r: r.core_average.valuation),
        yearly(
            "fcff",
            "Free cash flow to firm",
            "CNY m",
            "{fcff[-1]}*(1+{inputs.core_terminal_growth})*{in_horizon}",
            lambda r: r.core_average.valuation.fcff,
            opening=("{normalised_fcff}", lambda r: r.core_average.valuation.opening_fcff),
            note="the average, growing at the terminal rate; no year is forecast in a pure capitalisation",
            total=True,
        ),
    ]
    multiple = constant(
        "normalised_multiple",
        "Enterprise value to average flow",
        "multiple",
        'IF({normalised_fcff}=0,"n/a",{enterprise_value}/{normalised_fcff})',
        lambda r: r.core_average.normalised_multiple,
    )
    discounting, value = valuation_blocks(
        "core",
        "core business",
        lambda r: r.core_average.valuation,
        enterprise_value_name="core_average_enterprise_value",
    )
    return [
        Block("Reported cash flow, averaged", basis),
        Block("Forecast", forecast),
        discounting,
        Block(value.title, [*value.lines, multiple]),
    ]


SHEET = Sheet(
    "core_average",
    "Core Average",
    "What are phones, home devices and internet services worth, if they earn their reported average?",
    blocks,
)
