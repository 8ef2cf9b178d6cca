"""Vehicle Ramp: the electric-vehicle business from the top down, from a base year's revenue to a value."""

from __future__ import annotations

from xlwings_addin.sheets.spec import Block, Chart, Context, Sheet, constant, yearly
from xlwings_addin.sheets.valuation import horizon_lines, valuation_blocks


def blocks(_: Context) -> list[Block]:
    ramp = [
        *horizon_lines("vehicle_horizon", lambda r: r.vehicle_ramp.valuation),
        yearly(
            "ramp_position",
            "Position in the ramp",
            "ratio",
            "({capital.year_number}-1)/({inputs.vehicle_horizon}-1)*{in_horizon}",
            lambda r: r.vehicle_ramp.ramp_position,
            note="0 in the first forecast year, 1 in the last",
        ),
        yearly(
            "revenue_growth",
            "Revenue growth",
            "rate",
            "({inputs.vehicle_growth_start}+({inputs.vehicle_growth_end}-{inputs.vehicle_growth_start})"
            "*{ramp_position})*{in_horizon}",
            lambda r: r.vehicle_ramp.revenue_growth,
            note="fades in equal steps from the first rate to the last",
        ),
        yearly(
            "growth_factor",
            "Growth factor",
            "factor",
            "1+{revenue_growth}",
            lambda r: 1 + r.vehicle_ramp.revenue_growth,
        ),
        yearly(
            "revenue",
            "Revenue",
            "CNY m",
            "{revenue[-1]}*{growth_factor}*{in_horizon}",
            lambda r: r.vehicle_ramp.revenue,
            opening=(
                "{inputs.vehicle_base_deliveries}*{inputs.vehicle_base_price_usd}*{inputs.cny_per_usd}",
                lambda r: r.vehicle_ramp.base_revenue,
            ),
            note="base: deliveries x average price",
            total=True,
        ),
        yearly(
            "revenue_usd",
            "the same in US dollars",
            "USD m",
            "{revenue}/{inputs.cny_per_usd}",
            lambda r: r.vehicle_ramp.revenue_usd,
            opening=("{revenue:opening}/{inputs.cny_per_usd}", lambda r: r.vehicle_ramp.base_revenue_usd),
        ),
        yearly(
            "deliveries_at_base_price",
            "Deliveries this means at the base price",
            "m vehicles",
            "{revenue_usd}/{inputs.vehicle_base_price_usd}",
            lambda r: r.vehicle_ramp.deliveries_at_base_price,
            opening=(
                "{revenue_usd:opening}/{inputs.vehicle_base_price_usd}",
                lambda r: r.inputs.number("vehicle_base_deliveries"),
            ),
            note="to read the ramp against the market, and what the price implies; no value depends on it",
        ),
    ]
    income = [
        constant(
            "final_operating_income",
            "Operating income of the last year",
            "CNY m",
            "{inputs.vehicle_operating_margin_end}*SUMPRODUCT({is_final[all]},{revenue[all]})",
            lambda r: r.vehicle_ramp.final_operating_income,
            note="final margin x revenue",
        ),
        yearly(
            "operating_income",
            "Operating income",
            "CNY m",
            "({inputs.vehicle_operating_income_start}*{inputs.cny_per_usd}*(1-{ramp_position})"
            "+{final_operating_income}*{ramp_position})*{in_horizon}",
            lambda r: r.vehicle_ramp.operating_income,
            note="rises by the same amount every year, from its start to the last year",
        ),
        yearly(
            "operating_margin",
            "Operating margin",
            "ratio",
            "IF({revenue}=0,0,{operating_income}/{revenue})",
            lambda r: r.vehicle_ramp.operating_margin,
        ),
        yearly(
            "tax",
            "Tax on operating income",
            "CNY m",
            "MAX({operating_income},0)*{inputs.tax_rate}",
            lambda r: r.vehicle_ramp.tax,
        ),
        yearly("nopat", "NOPAT", "CNY m", "{operating_income}-{tax}", lambda r: r.vehicle_ramp.nopat),
        yearly(
            "fcff",
            "Free cash flow to firm",
            "CNY m",
            "{nopat}*{inputs.vehicle_cash_conversion}",
            lambda r: r.vehicle_ramp.valuation.fcff,
            opening=("0", lambda r: 0.0),
            note="NOPAT x cash conversion: the rest is reinvested",
            total=True,
        ),
    ]
    memo = [
        constant(
            "final_revenue_usd",
            "Revenue of the last year",
            "USD m",
            "SUMPRODUCT({is_final[all]},{revenue_usd[all]})",
            lambda r: r.vehicle_ramp.final_revenue_usd,
        ),
        constant(
            "final_operating_income_usd",
            "Operating income of the last year",
            "USD m",
            "{final_operating_income}/{inputs.cny_per_usd}",
            lambda r: r.vehicle_ramp.final_operating_income_usd,
        ),
    ]
    discounting, value = valuation_blocks(
        "vehicle",
        "vehicles",
        lambda r: r.vehicle_ramp.valuation,
        enterprise_value_name="vehicle_ramp_enterprise_value",
    )
    return [
        Block("Revenue ramp", ramp),
        Block("Operating income and cash", income),
        discounting,
        Block(value.title, [*value.lines, *memo]),
    ]


def charts(_: Context) -> list[Chart]:
    return [
        Chart(
            title="Vehicles: revenue and operating income",
            kind="columns_and_line",
            series=(("Revenue", "{revenue[all]}"), ("Operating income", "{operating_income[all]}")),
            categories="{capital.year:years[all]}",
            anchor=("F", "explicit_value"),
            axis="CNY m",
            number_format="#,##0",
        )
    ]


SHEET = Sheet(
    "vehicle_ramp",
    "Vehicle Ramp",
    "What is the electric-vehicle business worth, if revenue and income follow a ramp from the top down?",
    blocks,
    charts=charts,
)
