"""SOTP: from the parts to the value of a share, and what the price says about it."""

from __future__ import annotations

from collections.abc import Callable

from xlwings_addin.model.valuation import Valuation
from xlwings_addin.model.xiaomi import Multiples, Part, Results
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

METHODS: Layout = {
    "value": Columns(FIRST_COLUMN, ("CNY m",), 15.0),
    "per_share": Columns(FIRST_COLUMN + 1, ("HKD a share",), 12.0),
    "terminal_share": Columns(FIRST_COLUMN + 2, ("terminal",)),
    "used": Columns(FIRST_COLUMN + 3, ("counts",), align="centre"),
}
MULTIPLES: Layout = {
    "core": Columns(FIRST_COLUMN, ("Core",), 15.0),
    "vehicle": Columns(FIRST_COLUMN + 1, ("Vehicles",), 12.0),
}

BARS: Layout = {
    "of_value": Columns(FIRST_COLUMN, ("Value",), 15.0),
    "of_price": Columns(FIRST_COLUMN + 1, ("Price",), 12.0),
}


def _part(
    key: str,
    label: str,
    formula: str,
    of: Callable[[Results], Part],
    *,
    note: str = "",
    total: bool = False,
    name: str | None = None,
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
                f"{{{key}:value}}*{{hkd_per_cny}}/{{shares}}",
                unit="HKD",
            ),
            "per_share_usd": Entry(lambda r: of(r).per_share_usd, f"{{{key}:usd}}/{{shares}}", unit="USD"),
            "share": Entry(
                lambda r: of(r).share,
                f"IF({{equity_value:value}}=0,0,{{{key}:value}}/{{equity_value:value}})",
                unit="ratio",
            ),
        },
        note,
        total,
        name,
    )


def _method(
    key: str,
    label: str,
    sheet: str,
    choice: tuple[str, str],
    of: Callable[[Results], Valuation],
    note: str,
) -> Line:
    """A business by one of its two methods, and whether that is the one the case counts."""
    parameter, method = choice

    def per_share(r: Results) -> float:
        return of(r).enterprise_value * r.sotp.hkd_per_cny / r.sotp.shares

    return Line(
        key,
        label,
        "CNY m",
        {
            "value": Entry(lambda r: of(r).enterprise_value, f"{{{sheet}.enterprise_value}}"),
            "per_share": Entry(per_share, f"{{{key}:value}}*{{hkd_per_cny}}/{{shares}}", unit="HKD"),
            "terminal_share": Entry(
                lambda r: of(r).terminal_share, f"{{{sheet}.terminal_share}}", unit="ratio"
            ),
            "used": Entry(
                lambda r: float(r.inputs.text(parameter) == method),
                f'IF({{inputs.{parameter}}}="{method}",1,0)',
                unit="used",
            ),
        },
        note,
    )


def _methods() -> list[Line]:
    core, vehicle = "core_method", "vehicle_method"
    return [
        _method(
            "method_core_segments",
            "Core, built up by segment",
            "core_segments",
            (core, "segments"),
            lambda r: r.core_segments.valuation,
            "revenue, margins, costs and reinvestment by segment: Core Segments",
        ),
        _method(
            "method_core_average",
            "Core, reported cash flow averaged",
            "core_average",
            (core, "average"),
            lambda r: r.core_average.valuation,
            "what the group reported, vehicles and all, taken as the core's: Core Average",
        ),
        _method(
            "method_vehicle_units",
            "Vehicles, built up from deliveries",
            "vehicle_units",
            (vehicle, "units"),
            lambda r: r.vehicle_units.valuation,
            "demand, capacity, price, learning and costs: Vehicle Units",
        ),
        _method(
            "method_vehicle_ramp",
            "Vehicles, ramp from the top down",
            "vehicle_ramp",
            (vehicle, "ramp"),
            lambda r: r.vehicle_ramp.valuation,
            "revenue growth and a final margin: Vehicle Ramp",
        ),
    ]


def _multiple(
    key: str,
    label: str,
    core: str,
    units: str,
    ramp: str,
    of: Callable[[Multiples], float | str],
    note: str = "",
) -> Line:
    """A segment's value over a figure of the method that counts; none over nothing or a loss."""
    vehicle = f'IF({{inputs.vehicle_method}}="units",{units},{ramp})'
    return Line(
        key,
        label,
        "multiple",
        {
            "core": Entry(
                lambda r: of(r.sotp.core_multiples),
                f'IF({{inputs.core_method}}="segments",IF({core}>0,{{core:value}}/{core},"n/a"),"n/a")',
            ),
            "vehicle": Entry(
                lambda r: of(r.sotp.vehicle_multiples),
                f'IF({vehicle}>0,{{vehicle:value}}/{vehicle},"n/a")',
            ),
        },
        note,
    )


def _multiples() -> list[Line]:
    def years(line: str, index: str) -> tuple[str, str, str]:
        sheets = ("core_segments", "vehicle_units", "vehicle_ramp")
        core, units, ramp = (f"{{{sheet}.{line}:{index}}}" for sheet in sheets)
        return core, units, ramp

    return [
        _multiple(
            "base_sales",
            "Enterprise value to sales, base year",
            *years("revenue", "opening"),
            lambda m: m.base_sales,
        ),
        _multiple(
            "first_sales",
            "Enterprise value to sales, first forecast year",
            *years("revenue", "years[1]"),
            lambda m: m.first_sales,
        ),
        _multiple(
            "first_earnings",
            "Price to earnings, first forecast year",
            *years("nopat", "years[1]"),
            lambda m: m.first_earnings,
            "value of a segment without debt over its operating profit after tax",
        ),
        _multiple(
            "third_earnings",
            "Price to earnings, third forecast year",
            *years("nopat", "years[3]"),
            lambda m: m.third_earnings,
        ),
    ]


def blocks(_: Context) -> list[Block]:
    parts = [
        _part(
            "core",
            "Core business",
            'IF({inputs.core_method}="segments",{core_segments.enterprise_value},{core_average.enterprise_value})',
            lambda r: r.sotp.core,
            note="by the method that counts, see below",
            name="core_enterprise_value",
        ),
        _part(
            "vehicle",
            "Electric vehicles",
            'IF({inputs.vehicle_method}="units",{vehicle_units.enterprise_value},{vehicle_ramp.enterprise_value})',
            lambda r: r.sotp.vehicle,
            note="by the method that counts, see below",
            name="vehicle_enterprise_value",
        ),
        _part(
            "new_initiatives",
            "AI and other new initiatives",
            "{inputs.new_initiatives_value}",
            lambda r: r.sotp.new_initiatives,
            note="beyond the segments; their cost is charged to vehicles",
        ),
        _part(
            "segments",
            "Segments",
            "{core:value}+{vehicle:value}+{new_initiatives:value}",
            lambda r: r.sotp.segments,
            total=True,
        ),
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
            'IF({inputs.net_cash_definition}="company",{net_cash_company},{net_cash_strict})',
            lambda r: r.sotp.net_cash,
            note="by the definition the case names, see below",
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
            "net_cash_strict",
            "Net cash, strict",
            "CNY m",
            "{inputs.liquid_funds}-{inputs.debt}",
            lambda r: r.sotp.net_cash_strict,
            note="liquid funds without restricted cash and long-term deposits, less debt and leases",
        ),
        constant(
            "net_cash_company",
            "Net cash, the company's definition",
            "CNY m",
            "{inputs.cash_resources}-{inputs.debt}",
            lambda r: r.sotp.net_cash_company,
            note="cash resources, with restricted cash and all deposits, less debt and leases",
        ),
        constant(
            "shares",
            "Shares",
            "m shares",
            'IF({inputs.share_basis}="treasury_stock",{inputs.basic_shares}'
            "+{inputs.share_awards}*MAX(0,1-{inputs.award_strike_hkd}/{inputs.price_hkd}),{inputs.diluted_shares})",
            lambda r: r.sotp.shares,
            note="treasury stock method: what is paid for awards buys shares back at the price",
        ),
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
            "Net cash and all else",
            "HKD",
            "{equity_value:per_share}-{core:per_share}-{vehicle:per_share}",
            lambda r: r.sotp.cash_and_other_per_share,
            note="new initiatives, investments, discount and minorities",
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
            "{price}*{shares}",
            lambda r: r.sotp.market_capitalisation_hkd,
        ),
        constant(
            "terminal_share",
            "Share of the segments' value that is terminal",
            "ratio",
            "IF({segments:value}=0,0,({method_core_segments:value}*{method_core_segments:terminal_share}"
            "*{method_core_segments:used}+{method_core_average:value}*{method_core_average:terminal_share}"
            "*{method_core_average:used}+{method_vehicle_units:value}*{method_vehicle_units:terminal_share}"
            "*{method_vehicle_units:used}+{method_vehicle_ramp:value}*{method_vehicle_ramp:terminal_share}"
            "*{method_vehicle_ramp:used})/{segments:value})",
            lambda r: r.sotp.terminal_share,
            note="what lies beyond the forecast years",
        ),
    ]
    implied = [
        constant(
            "final_deliveries",
            "Deliveries of the last forecast year in this model",
            "m vehicles",
            'IF({inputs.vehicle_method}="units",{vehicle_units.final_deliveries},'
            "SUMPRODUCT({vehicle_ramp.is_final[all]},{vehicle_ramp.deliveries_at_base_price[all]}))",
            lambda r: r.sotp.final_deliveries,
        ),
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
            "Deliveries of the last forecast year that this pays for",
            "m vehicles",
            'IF(AND({inputs.vehicle_method}="ramp",{vehicle:per_share}>0),'
            '{final_deliveries}*{implied_vehicle_per_share}/{vehicle:per_share},"n/a")',
            lambda r: r.sotp.implied_final_deliveries,
            note="for the ramp, whose value is in proportion to its size while income starts at zero",
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
        Block("Per share", per_share),
        Block("Both methods of each business", _methods(), METHODS),
        Block("Multiples the value implies", _multiples(), MULTIPLES),
        Block("Net cash, shares and currency", currency),
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
            size=(9.0, 5.2),
            value_labels=True,
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
