"""Functions: the key results a third time, through the add-in's own functions in cells.

A program without the add-in shows the numbers the file was saved with. Once it recalculates, it shows #NAME?,
and the sheet says that the add-in is missing; no native figure depends on these cells.
"""

from __future__ import annotations

import re

import numpy as np

from xlwings_addin.model.valuation import Path
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Line, Sheet, Value

COLUMNS = {
    "native": Columns(FIRST_COLUMN, ("Native formula",), 15.0),
    "function": Columns(FIRST_COLUMN + 1, ("Function",), 15.0),
    "difference": Columns(FIRST_COLUMN + 2, ("Relative difference",), 20.0),
    "status": Columns(FIRST_COLUMN + 3, ("Status",), 14.0, align="centre"),
}
_FUNCTION = re.compile(r"[A-Z]+(?:_[A-Z]+)+(?=\()")
UNKNOWN_FUNCTION = 5.0
MISSING, NO_ADD_IN = "n/a", "no add-in"
"""What stands beside a function cell that has no number, and beside one that no add-in answers for."""
TIMING = "{inputs.timing},{capital.stream_first_period}"


def _line(key: str, label: str, unit: str, *, native: str, function: str, value: Value) -> Line:
    """A native result, the same through a function, and the difference, which must be nothing."""
    return Line(
        key,
        label,
        unit,
        {
            "native": Entry(value, native),
            "function": Entry(value, function),
            "difference": Entry(
                lambda r: 0.0,
                f"IF(ISNUMBER({{{key}:function}}),"
                f"({{{key}:function}}-{{{key}:native}})/IF({{{key}:native}}=0,1,{{{key}:native}}),"
                f'"{MISSING}")',
                unit="difference",
            ),
            "status": Entry(
                lambda r: "OK",
                f'IF(ISNUMBER({{{key}:function}}),"OK",'
                f'IF(ERROR.TYPE({{{key}:function}})={{unknown_function:native}},"{NO_ADD_IN}","FAIL"))',
                unit="status",
            ),
        },
        note=_FUNCTION.findall(function)[0],
    )


def _in_final_year(line: str) -> str:
    return f"SUMPRODUCT({{vehicle_ramp.is_final[all]}},{{vehicle_ramp.{line}[all]}})"


def _flow(sheet: str, position: str) -> str:
    """A flow of a sheet that counts, by its position: 0 is the base year's."""
    return f"INDEX({{{sheet}.counted_fcff[0:]}},1,1+{position})"


def _to_horizon(sheet: str) -> str:
    """The flows that count, from the base year on where some of it is left."""
    return f"{_flow(sheet, '{capital.stream_offset}')}:{_flow(sheet, f'{{{sheet}.horizon}}')}"


def _last(line: str) -> str:
    """A line of Vehicle Units in its last forecast year."""
    return f"SUMPRODUCT({{vehicle_units.is_final[0:]}},{{vehicle_units.{line}[0:]}})"


def _final(r: Results, values: Path) -> float:
    return float(values[int(r.vehicle_units.valuation.in_horizon.sum())])


def _where(condition: str, function: str, otherwise: str = "0") -> str:
    return f"IF({condition},{function},{otherwise})"


def blocks(_: Context) -> list[Block]:
    last = "1,{inputs.vehicle_horizon}"
    capital = [
        _line(
            "cost_of_equity",
            "Cost of equity",
            "rate",
            native="{capital.cost_of_equity}",
            function="CAPITAL_COST_OF_EQUITY({inputs.risk_free},{capital.beta},"
            "{inputs.equity_risk_premium},{inputs.country_risk})",
            value=lambda r: r.capital.cost_of_equity,
        ),
        _line(
            "wacc",
            "WACC, computed",
            "rate",
            native="{capital.wacc_computed}",
            function="CAPITAL_WACC({capital.cost_of_equity},{inputs.cost_of_debt},{inputs.tax_rate},"
            "{inputs.equity_weight})",
            value=lambda r: r.capital.wacc_computed,
        ),
    ]
    core = [
        _line(
            "core_explicit_value",
            "Value of the forecast years",
            "CNY m",
            native="{core_average.explicit_value}",
            function=f"DCF_PRESENT_VALUE({_flow('core_average', '{capital.stream_offset}')}:"
            "{core_average.counted_fcff[last]},"
            f"{{capital.core_wacc}},{TIMING})",
            value=lambda r: r.core_average.valuation.explicit_value,
        ),
        _line(
            "core_terminal_value",
            "Terminal value",
            "CNY m",
            native="{core_average.terminal_value}",
            function="DCF_TERMINAL_VALUE({core_average.final_fcff},{capital.core_wacc},"
            "{inputs.core_terminal_growth},{inputs.terminal_form})",
            value=lambda r: r.core_average.valuation.terminal_value,
        ),
    ]
    vehicle = [
        _line(
            "final_growth",
            "Revenue growth of the last year",
            "rate",
            native=_in_final_year("revenue_growth"),
            function="INDEX(RAMP_FADE({inputs.vehicle_growth_start},{inputs.vehicle_growth_end},"
            f"{{inputs.vehicle_horizon}}),{last})",
            value=lambda r: r.inputs.number("vehicle_growth_end"),
        ),
        _line(
            "final_revenue",
            "Revenue of the last year",
            "CNY m",
            native=_in_final_year("revenue"),
            function=f"INDEX(RAMP_REVENUE({{vehicle_ramp.revenue:opening}},{{vehicle_ramp.revenue_growth[all]}}),{last})",
            value=lambda r: r.vehicle_ramp.final_revenue_usd * r.inputs.number("cny_per_usd"),
        ),
        _line(
            "final_discount_factor",
            "Discount factor of the last year",
            "factor",
            native=_in_final_year("discount_factor"),
            function="INDEX(DCF_DISCOUNT_FACTORS({capital.vehicle_wacc},"
            "{inputs.vehicle_horizon}+1-{capital.stream_offset},"
            f"{TIMING}),{last}+1-{{capital.stream_offset}})",
            value=lambda r: r.vehicle_ramp.valuation.terminal_factor,
        ),
        _line(
            "vehicle_terminal_value",
            "Terminal value",
            "CNY m",
            native="{vehicle_ramp.terminal_value}",
            function="DCF_TERMINAL_VALUE({vehicle_ramp.final_fcff},{capital.vehicle_wacc},"
            "{inputs.vehicle_terminal_growth},{inputs.terminal_form})",
            value=lambda r: r.vehicle_ramp.valuation.terminal_value,
        ),
        _line(
            "vehicle_enterprise_value",
            "Enterprise value",
            "CNY m",
            native="{vehicle_ramp.enterprise_value}",
            function=f"DCF_ENTERPRISE_VALUE({_to_horizon('vehicle_ramp')},{{capital.vehicle_wacc}},"
            f"{{inputs.vehicle_terminal_growth}},{TIMING},{{inputs.terminal_form}})",
            value=lambda r: r.vehicle_ramp.valuation.enterprise_value,
        ),
    ]
    built = "{vehicle_units.started}=1"
    final_units = "1,MAX(1,{vehicle_units.horizon})"
    segments = [
        _line(
            "core_segments_enterprise_value",
            "Core business, enterprise value",
            "CNY m",
            native="{core_segments.enterprise_value}",
            function=_where(
                "{core_segments.horizon}>1",
                f"DCF_ENTERPRISE_VALUE({_to_horizon('core_segments')},{{capital.core_wacc}},"
                f"{{inputs.core_terminal_growth}},{TIMING},{{inputs.terminal_form}})",
                "{core_segments.enterprise_value}",
            ),
            value=lambda r: r.core_segments.valuation.enterprise_value,
        ),
        _line(
            "demand_midpoint",
            "Vehicles, year of half the demand",
            "years",
            native="{vehicle_units.midpoint}",
            function=_where(
                built,
                "RAMP_LOGISTIC_MIDPOINT({base_year.deliveries:year},{inputs.demand_saturation},"
                "{inputs.demand_steepness})",
            ),
            value=lambda r: r.vehicle_units.midpoint,
        ),
        _line(
            "final_demand",
            "Vehicles, demand of the last year",
            "m vehicles",
            native=_last("demand"),
            function=_where(
                built,
                "RAMP_LOGISTIC({vehicle_units.horizon},{inputs.demand_saturation},{vehicle_units.midpoint},"
                "{inputs.demand_steepness})",
            ),
            value=lambda r: _final(r, r.vehicle_units.demand),
        ),
        _line(
            "final_unit_cost",
            "Vehicles, cost of one in the last year",
            "CNY per vehicle",
            native=_last("unit_cost"),
            function=_where(
                built,
                "INDEX(RAMP_UNIT_COST({vehicle_units.unit_cost:opening},{vehicle_units.cumulative_deliveries[all]},"
                "{vehicle_units.cumulative_deliveries:opening},{inputs.vehicle_learning_rate}),"
                f"{final_units})",
            ),
            value=lambda r: _final(r, r.vehicle_units.unit_cost),
        ),
        _line(
            "final_taxable_income",
            "Vehicles, taxable income of the last year",
            "CNY m",
            native=_last("taxable_income"),
            function=_where(
                built,
                "INDEX(DCF_TAXABLE_INCOME({vehicle_units.ebit[all]},{vehicle_units.losses:opening}),"
                f"{final_units})",
            ),
            value=lambda r: _final(r, np.concatenate([[0.0], r.vehicle_units.taxable_income])),
        ),
        _line(
            "vehicle_units_enterprise_value",
            "Vehicles, enterprise value",
            "CNY m",
            native="{vehicle_units.enterprise_value}",
            function=_where(
                built,
                f"DCF_PRESENT_VALUE({_to_horizon('vehicle_units')},{{capital.vehicle_wacc}},{TIMING})"
                "+DCF_TERMINAL_VALUE({vehicle_units.final_fcff},{capital.vehicle_wacc},"
                "{inputs.vehicle_terminal_growth},{inputs.terminal_form})*{vehicle_units.terminal_factor}",
            ),
            value=lambda r: r.vehicle_units.valuation.enterprise_value,
        ),
    ]
    sotp = [
        _line(
            "shares",
            "Shares",
            "m shares",
            native="{sotp.shares}",
            function=_where(
                '{inputs.share_basis}="treasury_stock"',
                "SOTP_DILUTED_SHARES({inputs.basic_shares},{inputs.share_awards},{inputs.award_strike_hkd},"
                "{inputs.price_hkd})",
                "{inputs.diluted_shares}",
            ),
            value=lambda r: r.sotp.shares,
        ),
        _line(
            "equity_value",
            "Equity value",
            "CNY m",
            native="{sotp.equity_value:value}",
            function="SOTP_EQUITY_VALUE({sotp.core:value}:{sotp.new_initiatives:value},"
            "{sotp.net_cash:value}+{sotp.associates:value},{inputs.minority_interest},{inputs.holding_discount})",
            value=lambda r: r.sotp.equity.value,
        ),
        _line(
            "value_per_share",
            "Value per share",
            "HKD",
            native="{sotp.value_per_share}",
            function="SOTP_VALUE_PER_SHARE({sotp.equity_value:value},{sotp.shares},{sotp.hkd_per_cny})",
            value=lambda r: r.sotp.value_per_share,
        ),
    ]
    unknown = Line(
        "unknown_function",
        "ERROR.TYPE of an unknown function",
        "count",
        {"native": Entry(lambda r: UNKNOWN_FUNCTION, kind="text")},
        note="#NAME?, as Microsoft documents ERROR.TYPE; tells a missing add-in from a failing function",
    )
    return [
        Block("Cost of capital", capital),
        Block("Core business, averaged", core),
        Block("Vehicles, ramp", vehicle),
        Block("The build-ups", segments),
        Block("Sum of the parts", sotp),
        Block("Without the add-in", [unknown]),
    ]


def function_keys(context: Context) -> list[str]:
    """The lines with a function cell, in the order of the sheet."""
    return [line.key for block in blocks(context) for line in block.lines if "function" in line.cells]


SHEET = Sheet(
    "functions",
    "Functions",
    "Do the add-in's functions, typed into cells, give what the native formulas give?",
    blocks,
    columns=lambda _: COLUMNS,
    note_heading="Function",
)
