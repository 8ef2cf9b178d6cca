"""Build two_stage_dcf.xlsx: a forecast that fades to a terminal value, discounted at a computed WACC."""

from __future__ import annotations

from pathlib import Path

from examples.layout import Example

PATH = Path(__file__).with_name("two_stage_dcf.xlsx")
YEARS = 8


def build(path: Path = PATH) -> None:
    """Write the workbook with its values."""
    example = Example(
        "Two-stage DCF",
        "A steady manufacturer, EUR m; all figures are illustrative and stand for no company.",
        columns=[f"Year {year}" for year in range(1, YEARS + 1)],
        notes=[
            "Type your own figures over the blue ones; every other cell is a formula.",
            "Model uses the functions; Check repeats each of them as a native formula, at the same address.",
            "Without the add-in the file shows the values it was saved with.",
            "For another program: xiaomi-model recalc two_stage_dcf.xlsx --target libreoffice, or office-js.",
        ],
    )
    _inputs(example)
    _cash_flow(example)
    _valuation(example)
    example.chart("column", "Free cash flow to firm, EUR m", ["fcff"])
    example.save(path)


def _inputs(example: Example) -> None:
    example.heading("Operations")
    example.input("base_revenue", "Revenue, last fiscal year", 5000, "EUR m")
    example.input("growth_first", "Revenue growth, year 1", 0.08, "rate", "order book")
    example.input(
        "growth_final",
        "Revenue growth, year 8",
        0.025,
        "rate",
        "long-run inflation and volume",
    )
    example.input("margin_first", "EBIT margin, year 1", 0.12, "rate", "last year's")
    example.input("margin_final", "EBIT margin, year 8", 0.145, "rate", "median of peers")
    example.input("depreciation_share", "Depreciation, of revenue", 0.04, "rate")
    example.input("capex_share", "Capital expenditure, of revenue", 0.05, "rate")
    example.input("nwc_share", "Net working capital, of added revenue", 0.12, "rate")
    example.input("tax_rate", "Tax rate", 0.25, "rate")
    example.heading("Cost of capital")
    example.input("risk_free", "Risk-free rate", 0.026, "rate", "ten-year bund")
    example.input("raw_beta", "Beta, regression", 1.1, "ratio", "five years, monthly")
    example.input("equity_risk_premium", "Equity risk premium", 0.055, "rate")
    example.input("cost_of_debt", "Cost of debt before tax", 0.042, "rate")
    example.input("equity_weight", "Share of equity in the capital", 0.8, "rate", "target")
    example.heading("Valuation")
    example.input("terminal_growth", "Terminal growth", 0.02, "rate", "below the risk-free rate")
    example.choice("timing", "Cash comes at mid-year or at the end", "mid", ["mid", "end"])
    example.input("net_debt", "Net debt", 850, "EUR m")
    example.input("diluted_shares", "Diluted shares", 250, "m")
    example.input("price", "Share price", 36.0, "per share")


def _cash_flow(example: Example) -> None:
    fade = "{0}_first+({0}_final-{0}_first)*({{year}}-1)/({1}-1)"
    example.block("Cash flow")
    example.years("year", "Year", "", "{year.before}+1", first="1")
    for key, label in (("growth", "Revenue growth"), ("margin", "EBIT margin")):
        function = f"INDEX(RAMP_FADE({key}_first,{key}_final,{YEARS}),1,{{year}})"
        example.years(key, label, "rate", function, native=fade.format(key, YEARS))
    example.years(
        "revenue",
        "Revenue",
        "EUR m",
        "INDEX(RAMP_REVENUE(base_revenue,{growth.all}),1,{year})",
        native="{revenue.before}*(1+{growth})",
        first="base_revenue*(1+{growth})",
    )
    example.years("ebit", "EBIT", "EUR m", "{revenue}*{margin}")
    example.years("depreciation", "Depreciation", "EUR m", "{revenue}*depreciation_share")
    example.years("capex", "Capital expenditure", "EUR m", "{revenue}*capex_share")
    example.years(
        "change_in_nwc",
        "Change in net working capital",
        "EUR m",
        "({revenue}-{revenue.before})*nwc_share",
        first="({revenue}-base_revenue)*nwc_share",
    )
    example.years(
        "fcff",
        "Free cash flow to firm",
        "EUR m",
        "DCF_FCFF({ebit},tax_rate,{depreciation},{capex},{change_in_nwc})",
        native="{ebit}*(1-tax_rate)+{depreciation}-{capex}-{change_in_nwc}",
        bold=True,
    )


def _valuation(example: Example) -> None:
    early = 'IF(timing="mid",0.5,0)'
    example.block("Cost of capital")
    example.figure(
        "cost_of_equity",
        "Cost of equity",
        "rate",
        "CAPITAL_COST_OF_EQUITY(risk_free,CAPITAL_BLUME_BETA(raw_beta),equity_risk_premium)",
        native="risk_free+(raw_beta*2/3+1/3)*equity_risk_premium",
    )
    example.figure(
        "wacc",
        "WACC",
        "rate",
        "CAPITAL_WACC(cost_of_equity,cost_of_debt,tax_rate,equity_weight)",
        native="equity_weight*cost_of_equity+(1-equity_weight)*cost_of_debt*(1-tax_rate)",
        bold=True,
    )
    example.block("Valuation")
    example.years(
        "factor",
        "Discount factor",
        "factor",
        f"INDEX(DCF_DISCOUNT_FACTORS(wacc,{YEARS},timing),1,{{year}})",
        native=f"(1+wacc)^-({{year}}-{early})",
    )
    example.figure(
        "explicit_value",
        "Value of the forecast years",
        "EUR m",
        f"SUMPRODUCT({{fcff.all}},DCF_DISCOUNT_FACTORS(wacc,{YEARS},timing))",
        native="SUMPRODUCT({fcff.all},{factor.all})",
    )
    example.figure(
        "terminal_value",
        "Terminal value, discounted",
        "EUR m",
        "DCF_TERMINAL_VALUE({fcff.last},wacc,terminal_growth)"
        f"*INDEX(DCF_DISCOUNT_FACTORS(wacc,{YEARS},timing),1,{YEARS})",
        native="{fcff.last}*(1+terminal_growth)/(wacc-terminal_growth)*{factor.last}",
    )
    example.figure(
        "enterprise_value",
        "Enterprise value",
        "EUR m",
        "DCF_ENTERPRISE_VALUE({fcff.all},wacc,terminal_growth,timing)",
        native="explicit_value+terminal_value",
        bold=True,
    )
    example.figure(
        "terminal_share", "Terminal value, of the whole", "rate", "terminal_value/enterprise_value"
    )
    example.figure(
        "equity_value",
        "Equity value",
        "EUR m",
        "SOTP_EQUITY_VALUE(enterprise_value,-net_debt)",
        native="enterprise_value-net_debt",
    )
    example.figure(
        "value_per_share",
        "Value per share, EUR",
        "per share",
        "SOTP_VALUE_PER_SHARE(equity_value,diluted_shares)",
        native="equity_value/diluted_shares",
        bold=True,
    )
    example.figure("upside", "Upside to the price", "rate", "value_per_share/price-1")
    example.figure(
        "reason",
        "Why there is no value, if there is none",
        "text",
        'IF(ISERROR(value_per_share),VAL_LAST_ERROR(enterprise_value),"-")',
        native='IF(ISERROR(value_per_share),"see Model","-")',
    )
    example.block("Value per share by WACC (down) and terminal growth (across)")
    steps = ("-0.01", "-0.005", "", "+0.005", "+0.01")
    flows = "{fcff.all}"
    example.grid(
        "EUR a share",
        "per share",
        [f"wacc{step}" for step in steps],
        [f"terminal_growth{step}" for step in steps],
        f"IFERROR((DCF_ENTERPRISE_VALUE({flows},{{down}},{{across}},timing)-net_debt)/diluted_shares,NA())",
        f"(SUMPRODUCT({flows}/(1+{{down}})^({{year.all}}-{early}))+{{fcff.last}}*(1+{{across}})"
        f"/({{down}}-{{across}})/(1+{{down}})^({YEARS}-{early})-net_debt)/diluted_shares",
    )


if __name__ == "__main__":
    build()
