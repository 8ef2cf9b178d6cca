"""Functions: the key results a third time, through the add-in's own functions in cells.

A program without the add-in shows the numbers the file was saved with. Once it recalculates, it shows #NAME?,
and the sheet says that the add-in is missing; no native figure depends on these cells.
"""

from __future__ import annotations

from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Line, Sheet, Value

COLUMNS = {
    "native": Columns(FIRST_COLUMN, ("Native formula",), 15.0),
    "function": Columns(FIRST_COLUMN + 1, ("Function",), 15.0),
    "difference": Columns(FIRST_COLUMN + 2, ("Relative difference",), 20.0),
    "status": Columns(FIRST_COLUMN + 3, ("Status",), 14.0, align="centre"),
}
UNKNOWN_FUNCTION = 5.0
MISSING, NO_ADD_IN = "n/a", "no add-in"
"""What stands beside a function cell that has no number, and beside one that no add-in answers for."""
TIMING = "{inputs.timing},{capital.first_period}"


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
        note=next(part for part in function.replace("INDEX(", "").split("(") if part),
    )


def _in_final_year(line: str) -> str:
    return f"SUMPRODUCT({{vehicle.is_final[all]}},{{vehicle.{line}[all]}})"


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
            native="{core_dcf.explicit_value}",
            function=f"DCF_PRESENT_VALUE({{core_dcf.counted_fcff[all]}},{{capital.core_wacc}},{TIMING})",
            value=lambda r: r.core.valuation.explicit_value,
        ),
        _line(
            "core_terminal_value",
            "Terminal value",
            "CNY m",
            native="{core_dcf.terminal_value}",
            function="DCF_TERMINAL_VALUE({core_dcf.final_fcff},{capital.core_wacc},"
            "{inputs.core_terminal_growth},{inputs.terminal_form})",
            value=lambda r: r.core.valuation.terminal_value,
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
            function=f"INDEX(RAMP_REVENUE({{vehicle.revenue:opening}},{{vehicle.revenue_growth[all]}}),{last})",
            value=lambda r: r.vehicle.final_revenue_usd * r.inputs.number("cny_per_usd"),
        ),
        _line(
            "final_discount_factor",
            "Discount factor of the last year",
            "factor",
            native=_in_final_year("discount_factor"),
            function="INDEX(DCF_DISCOUNT_FACTORS({capital.vehicle_wacc},{inputs.vehicle_horizon},"
            f"{TIMING}),{last})",
            value=lambda r: r.vehicle.valuation.terminal_factor,
        ),
        _line(
            "vehicle_terminal_value",
            "Terminal value",
            "CNY m",
            native="{vehicle.terminal_value}",
            function="DCF_TERMINAL_VALUE({vehicle.final_fcff},{capital.vehicle_wacc},"
            "{inputs.vehicle_terminal_growth},{inputs.terminal_form})",
            value=lambda r: r.vehicle.valuation.terminal_value,
        ),
        _line(
            "vehicle_enterprise_value",
            "Enterprise value",
            "CNY m",
            native="{vehicle.enterprise_value}",
            function="DCF_ENTERPRISE_VALUE({vehicle.counted_fcff[1]}:INDEX({vehicle.counted_fcff[all]},"
            f"{{inputs.vehicle_horizon}}),{{capital.vehicle_wacc}},{{inputs.vehicle_terminal_growth}},{TIMING},"
            "{inputs.terminal_form})",
            value=lambda r: r.vehicle.valuation.enterprise_value,
        ),
    ]
    sotp = [
        _line(
            "equity_value",
            "Equity value",
            "CNY m",
            native="{sotp.equity_value:value}",
            function="SOTP_EQUITY_VALUE({sotp.core:value}:{sotp.vehicle:value},"
            "{sotp.net_cash:value}+{sotp.associates:value},{inputs.minority_interest},{inputs.holding_discount})",
            value=lambda r: r.sotp.equity.value,
        ),
        _line(
            "value_per_share",
            "Value per share",
            "HKD",
            native="{sotp.value_per_share}",
            function="SOTP_VALUE_PER_SHARE({sotp.equity_value:value},{inputs.diluted_shares},{sotp.hkd_per_cny})",
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
        Block("Core business", core),
        Block("Vehicles", vehicle),
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
