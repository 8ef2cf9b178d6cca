"""SOTP: from the parts to the value of a share, and what the price says about it."""

from __future__ import annotations

from collections.abc import Callable

from xlwings_addin.model.xiaomi import Part, Results
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
    constant,
)

PARTS: Layout = {
    "value": Columns(FIRST_COLUMN, ("CNY m",), 15.0),
    "usd": Columns(FIRST_COLUMN + 1, ("USD m",), 12.0),
    "per_share": Columns(FIRST_COLUMN + 2, ("HKD a share",)),
    "per_share_usd": Columns(FIRST_COLUMN + 3, ("USD a share",)),
    "share": Columns(FIRST_COLUMN + 4, ("of equity",)),
}


BARS: Layout = {
    "of_value": Columns(FIRST_COLUMN, ("Value",), 15.0),
    "of_price": Columns(FIRST_COLUMN + 1, ("Price",), 12.0),
}


def _part(
    key: str, label: str, formula: str, of: Callable[[Results], Part], *, note: str = "", total: bool = False
) -> Line:
    return Line(
        key,
        label,
        "CNY m",
        {
            "value": Entry(lambda r: of(r).value, formula),
            "usd": Entry(lambda r: of(r).usd, f"{{{key}:value}}/{{inputs.cny_per_usd}}", unit="USD m"),
            "per_share": Entry(
                lambda r: of(r).per_share,
                f"{{{key}:value}}*{{hkd_per_cny}}/{{inputs.diluted_shares}}",
                unit="HKD",
            ),
            "per_share_usd": Entry(
                lambda r: of(r).per_share_usd, f"{{{key}:usd}}/{{inputs.diluted_shares}}", unit="USD"
            ),
            "share": Entry(
                lambda r: of(r).share,
                f"IF({{equity_value:value}}=0,0,{{{key}:value}}/{{equity_value:value}})",
                unit="ratio",
            ),
        },
        note,
        total,
    )


def blocks(_: Context) -> list[Block]:
    parts = [
        _part("core", "Core business", "{core_dcf.enterprise_value}", lambda r: r.sotp.core),
        _part("vehicle", "Electric vehicles", "{vehicle.enterprise_value}", lambda r: r.sotp.vehicle),
        _part("segments", "Segments", "{core:value}+{vehicle:value}", lambda r: r.sotp.segments, total=True),
        _part(
            "discount",
            "Holding discount",
            "-{inputs.holding_discount}*{segments:value}",
            lambda r: r.sotp.discount,
            note="taken off the segments, not off the cash",
        ),
        _part(
            "net_cash",
            "Net cash",
            "{inputs.liquid_funds}-{inputs.debt}",
            lambda r: r.sotp.net_cash,
            note="liquid funds less debt, both as the inputs define them",
        ),
        _part(
            "associates",
            "Associates and investments",
            "{inputs.associates}",
            lambda r: r.sotp.associates,
        ),
        _part(
            "minority_interest",
            "Minority interests",
            "-{inputs.minority_interest}",
            lambda r: r.sotp.minority_interest,
        ),
        _part(
            "equity_value",
            "Equity value",
            "{segments:value}+{discount:value}+{net_cash:value}+{associates:value}+{minority_interest:value}",
            lambda r: r.sotp.equity,
            total=True,
        ),
    ]
    currency = [
        constant(
            "hkd_per_cny",
            "Hong Kong dollars per yuan",
            "HKD per CNY",
            "{inputs.hkd_per_usd}/{inputs.cny_per_usd}",
            lambda r: r.sotp.hkd_per_cny,
            note="cross rate over the US dollar",
        ),
    ]
    per_share = [
        constant(
            "core_and_net_cash_per_share",
            "Core business and net cash",
            "HKD",
            "{core:per_share}+{net_cash:per_share}",
            lambda r: r.sotp.core_and_net_cash_per_share,
            note="the article's own subtotal: before discount, investments and minorities",
        ),
        constant(
            "cash_and_other_per_share",
            "Net cash, investments, discount and minorities",
            "HKD",
            "{equity_value:per_share}-{segments:per_share}",
            lambda r: r.sotp.cash_and_other_per_share,
        ),
        constant(
            "value_per_share",
            "Value per share",
            "HKD",
            "{equity_value:per_share}",
            lambda r: r.sotp.value_per_share,
            total=True,
            name="value_per_share_hkd",
        ),
        constant(
            "price",
            "Price",
            "HKD",
            "{inputs.price_hkd}",
            lambda r: r.inputs.number("price_hkd"),
        ),
        constant(
            "margin_of_safety",
            "Margin of safety",
            "ratio",
            'IF({value_per_share}>0,1-{price}/{value_per_share},"n/a")',
            lambda r: r.sotp.margin_of_safety,
            note="1 - price / value, where there is any value",
            name="margin_of_safety",
        ),
        constant(
            "upside",
            "Value over price",
            "ratio",
            "{value_per_share}/{price}-1",
            lambda r: r.sotp.upside,
        ),
        constant(
            "market_capitalisation",
            "Market capitalisation",
            "HKD m",
            "{price}*{inputs.diluted_shares}",
            lambda r: r.sotp.market_capitalisation_hkd,
        ),
    ]
    implied = [
        constant(
            "implied_vehicle_per_share",
            "Vehicle value a share that the price pays for",
            "HKD",
            "({price}-{value_per_share})/(1-{inputs.holding_discount})+{vehicle:per_share}",
            lambda r: r.sotp.implied_vehicle_per_share,
            note="if the rest is worth what this model says; before the holding discount",
        ),
        constant(
            "implied_final_deliveries",
            "Deliveries in the ramp's last year that this pays for",
            "m vehicles",
            'IF({vehicle:per_share}=0,"n/a",'
            "SUMPRODUCT({vehicle.is_final[all]},{vehicle.deliveries_at_base_price[all]})"
            "*{implied_vehicle_per_share}/{vehicle:per_share})",
            lambda r: r.sotp.implied_final_deliveries,
            note="value is proportional to the size of the ramp while income starts at zero",
        ),
    ]
    against_price = [
        _bar("bar_core", "Core business", "of_value", "{core:per_share}", lambda r: r.sotp.core.per_share),
        _bar(
            "bar_vehicle", "Vehicles", "of_value", "{vehicle:per_share}", lambda r: r.sotp.vehicle.per_share
        ),
        _bar(
            "bar_cash",
            "Cash and other",
            "of_value",
            "{cash_and_other_per_share}",
            lambda r: r.sotp.cash_and_other_per_share,
        ),
        _bar("bar_price", "Price", "of_price", "{price}", lambda r: r.inputs.number("price_hkd")),
    ]
    return [
        Block("Sum of the parts", parts, PARTS),
        Block("Currency", currency),
        Block("Per share", per_share),
        Block("What the price implies", implied),
        Block("Value against price", against_price, BARS),
    ]


def _bar(key: str, label: str, stack: str, formula: str, of: Callable[[Results], float]) -> Line:
    """A piece of one of the two bars of the chart; the other bar has none of it."""
    return Line(key, label, "HKD", {stack: Entry(of, formula)})


def charts(_: Context) -> list[Chart]:
    bars = {"Core business": "core", "Vehicles": "vehicle", "Cash and other": "cash", "Price": "price"}
    return [
        Chart(
            title="A share: value and price",
            kind="stacked",
            series=[(label, f"{{bar_{key}:of_value..of_price}}") for label, key in bars.items()],
            categories="{bar_core:heading}",
            anchor=("E", "core_and_net_cash_per_share"),
            axis="HKD a share",
            number_format="0",
            size=(9.0, 6.4),
        )
    ]


SHEET = Sheet(
    "sotp",
    "SOTP",
    "What are the parts worth together, a share, and against the price?",
    blocks,
    columns=lambda _: {"constant": Columns(FIRST_COLUMN, ("",), 15.0)},
    charts=charts,
)
