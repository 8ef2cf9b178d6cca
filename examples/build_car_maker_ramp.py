"""Build car_maker_ramp.xlsx: deliveries, price and unit cost of a young car maker, to a value per share."""

from __future__ import annotations

from pathlib import Path

from examples.layout import Example

PATH = Path(__file__).with_name("car_maker_ramp.xlsx")
YEARS = 10


def build(path: Path = PATH) -> None:
    """Write the workbook with its values."""
    example = Example(
        "A car maker's ramp",
        "Deliveries x price x margin of a young maker of electric cars, USD m; all figures are illustrative.",
        columns=[f"Year {year}" for year in range(1, YEARS + 1)],
        notes=[
            "Type your own figures over the blue ones; every other cell is a formula.",
            "Demand follows a logistic curve through last year's deliveries; capacity limits what is built.",
            "The cost of a car falls with every doubling of all cars ever made; losses shelter later income.",
            "Model uses the functions; Check repeats each of them as a native formula, at the same address.",
        ],
    )
    _inputs(example)
    _vehicles(example)
    _cash_flow(example)
    _valuation(example)
    example.chart("line", "Deliveries, thousand", ["deliveries"])
    example.save(path)


def _inputs(example: Example) -> None:
    example.heading("Vehicles")
    example.input("base_deliveries", "Deliveries, last year", 52, "thousand")
    example.input("base_cumulative", "Deliveries so far, all years", 125, "thousand")
    example.input("saturation", "Demand in the end", 650, "thousand", "5% of a market of 13 m")
    example.input(
        "steepness",
        "Steepness of the demand curve",
        0.55,
        "ratio",
        "10% to 90% in eight years",
    )
    example.input("base_capacity", "Capacity, year 1", 150, "thousand")
    example.input("added_capacity", "Capacity added each year", 55, "thousand", "a second plant")
    example.input("price_first", "Revenue per car, year 1", 78, "USD thousand")
    example.input("price_final", "Revenue per car, year 10", 52, "USD thousand", "smaller models join")
    example.input("base_cost", "Cost per car, last year", 84, "USD thousand")
    example.input(
        "learning_rate",
        "Cost saved at each doubling",
        0.15,
        "rate",
        "a usual range is 10% to 20%",
    )
    example.heading("The company")
    example.input("fixed_cost", "Research and overhead, fixed", 2500, "USD m")
    example.input("variable_cost", "Selling and service, of revenue", 0.06, "rate")
    example.input("depreciation_share", "Depreciation, of revenue", 0.05, "rate")
    example.input("capex_share", "Capital expenditure, of revenue", 0.065, "rate")
    example.input("nwc_share", "Net working capital, of added revenue", 0.03, "rate")
    example.input("tax_rate", "Tax rate", 0.23, "rate")
    example.input("opening_losses", "Losses brought forward", 6000, "USD m")
    example.heading("Valuation")
    example.input("wacc", "WACC", 0.115, "rate", "no debt")
    example.input("terminal_growth", "Terminal growth", 0.025, "rate")
    example.choice("timing", "Cash comes at mid-year or at the end", "mid", ["mid", "end"])
    example.input("net_cash", "Net cash", 3200, "USD m")
    example.input("basic_shares", "Shares", 1020, "m")
    example.input("options", "Options and awards", 95, "m")
    example.input("strike", "Average strike of the options", 6.5, "per share")
    example.input("price", "Share price", 14.0, "per share")


def _vehicles(example: Example) -> None:
    example.block("Vehicles")
    example.years("year", "Year", "", "{year.before}+1", first="1")
    example.years(
        "demand",
        "Demand",
        "thousand",
        "RAMP_LOGISTIC({year},saturation,RAMP_LOGISTIC_MIDPOINT(base_deliveries,saturation,steepness),steepness)",
        native="saturation/(1+(saturation/base_deliveries-1)*EXP(-steepness*{year}))",
    )
    example.years(
        "capacity", "Capacity", "thousand", "{capacity.before}+added_capacity", first="base_capacity"
    )
    example.years("deliveries", "Deliveries", "thousand", "MIN({demand},{capacity})", bold=True)
    example.years(
        "cumulative",
        "Deliveries so far",
        "thousand",
        "{cumulative.before}+{deliveries}",
        first="base_cumulative+{deliveries}",
    )
    example.years(
        "revenue_per_car",
        "Revenue per car",
        "USD thousand",
        f'INDEX(RAMP_FADE(price_first,price_final,{YEARS},"geometric"),1,{{year}})',
        native=f"price_first*(price_final/price_first)^(({{year}}-1)/({YEARS}-1))",
    )
    example.years(
        "unit_cost",
        "Cost per car",
        "USD thousand",
        "INDEX(RAMP_UNIT_COST(base_cost,{cumulative.all},base_cumulative,learning_rate),1,{year})",
        native="base_cost*({cumulative}/base_cumulative)^LOG(1-learning_rate,2)",
    )
    example.years("unit_margin", "Gross margin per car", "rate", "1-{unit_cost}/{revenue_per_car}")


def _cash_flow(example: Example) -> None:
    example.block("Cash flow")
    example.years("revenue", "Revenue", "USD m", "{deliveries}*{revenue_per_car}")
    example.years("gross_profit", "Gross profit", "USD m", "{deliveries}*({revenue_per_car}-{unit_cost})")
    example.years("ebit", "EBIT", "USD m", "{gross_profit}-fixed_cost-{revenue}*variable_cost")
    example.years(
        "losses",
        "Losses left",
        "USD m",
        "MAX({losses.before}-{ebit},0)",
        first="MAX(opening_losses-{ebit},0)",
    )
    example.years(
        "taxable_income",
        "Taxable income",
        "USD m",
        "INDEX(DCF_TAXABLE_INCOME({ebit.all},opening_losses),1,{year})",
        native="MAX({ebit},0)-MIN({losses.before},MAX({ebit},0))",
        first="MAX({ebit},0)-MIN(opening_losses,MAX({ebit},0))",
    )
    example.years("tax", "Tax", "USD m", "{taxable_income}*tax_rate")
    example.years(
        "reinvestment",
        "Capital expenditure less depreciation",
        "USD m",
        "{revenue}*(capex_share-depreciation_share)",
    )
    example.years(
        "change_in_nwc",
        "Change in net working capital",
        "USD m",
        "({revenue}-{revenue.before})*nwc_share",
        first="({revenue}-base_deliveries*price_first)*nwc_share",
    )
    example.years(
        "fcff", "Free cash flow to firm", "USD m", "{ebit}-{tax}-{reinvestment}-{change_in_nwc}", bold=True
    )


def _valuation(example: Example) -> None:
    early = 'IF(timing="mid",0.5,0)'
    example.block("Valuation")
    example.figure(
        "explicit_value",
        "Value of the ten years",
        "USD m",
        "DCF_PRESENT_VALUE({fcff.all},wacc,timing)",
        native=f"SUMPRODUCT({{fcff.all}}/(1+wacc)^({{year.all}}-{early}))",
    )
    example.figure(
        "final_flow",
        "Flow of the last year, fully taxed",
        "USD m",
        "{fcff.last}+{tax.last}-{ebit.last}*tax_rate",
    )
    example.figure(
        "terminal_value",
        "Terminal value, discounted",
        "USD m",
        f"DCF_TERMINAL_VALUE(final_flow,wacc,terminal_growth)*INDEX(DCF_DISCOUNT_FACTORS(wacc,{YEARS},timing),1,{YEARS})",
        native=f"final_flow*(1+terminal_growth)/(wacc-terminal_growth)/(1+wacc)^({YEARS}-{early})",
    )
    example.figure(
        "enterprise_value", "Enterprise value", "USD m", "explicit_value+terminal_value", bold=True
    )
    example.figure("equity_value", "Equity value", "USD m", "enterprise_value+net_cash")
    example.figure(
        "diluted_shares",
        "Diluted shares",
        "m",
        "SOTP_DILUTED_SHARES(basic_shares,options,strike,price)",
        native="basic_shares+options*MAX(0,1-strike/price)",
    )
    example.figure(
        "value_per_share",
        "Value per share, USD",
        "per share",
        "SOTP_VALUE_PER_SHARE(equity_value,diluted_shares)",
        native="equity_value/diluted_shares",
        bold=True,
    )
    example.figure("upside", "Upside to the price", "rate", "value_per_share/price-1")
    example.block("Value per share by WACC (down) and terminal growth (across)")
    example.grid(
        "USD a share",
        "per share",
        [f"wacc{step}" for step in ("-0.02", "-0.01", "", "+0.01", "+0.02")],
        [f"terminal_growth{step}" for step in ("-0.01", "", "+0.01")],
        "(DCF_PRESENT_VALUE({fcff.all},{down},timing)+DCF_TERMINAL_VALUE(final_flow,{down},{across})"
        f"*INDEX(DCF_DISCOUNT_FACTORS({{down}},{YEARS},timing),1,{YEARS})+net_cash)/diluted_shares",
        f"(SUMPRODUCT({{fcff.all}}/(1+{{down}})^({{year.all}}-{early}))+final_flow*(1+{{across}})"
        f"/({{down}}-{{across}})/(1+{{down}})^({YEARS}-{early})+net_cash)/diluted_shares",
    )


if __name__ == "__main__":
    build()
