"""Build conglomerate_sotp.xlsx: a group valued by its parts, low, base and high, against its price."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from examples.layout import Example

PATH = Path(__file__).with_name("conglomerate_sotp.xlsx")
NETWORK_YEARS = 5
SEGMENTS = ("engineering", "logistics", "network", "listed_stake", "disposal")


def build(path: Path = PATH) -> None:
    """Write the workbook with its values."""
    example = Example(
        "A conglomerate's sum of the parts",
        "Multiples, a DCF, a listed stake and a sale in instalments, EUR m; all figures are illustrative.",
        columns=["Low", "Base", "High"],
        notes=[
            "Type your own figures over the blue ones; every other cell is a formula.",
            "Low and high move multiples, the network's rate and the holding discount by their ranges.",
            "The discount is on the segments, not on the cash. Figures are in EUR, the price is in GBP.",
            "Model uses the functions; Check repeats each of them as a native formula, at the same address.",
        ],
    )
    _multiples(example)
    _network(example)
    flows, dates = _sale(example)
    _group(example)
    _segments(example, flows, dates)
    _equity(example)
    example.chart("column", "Value per share, GBP", ["value_per_share"], labels="0.00")
    example.save(path)


def _multiples(example: Example) -> None:
    example.heading("Segments valued by a multiple")
    peers = "median of listed peers"
    example.input("engineering_ebitda", "Engineering, EBITDA next year", 620, "EUR m")
    example.input("engineering_multiple", "Engineering, multiple of EBITDA", 8.5, "multiple", peers)
    example.input("logistics_ebitda", "Logistics, EBITDA next year", 410, "EUR m")
    example.input("logistics_multiple", "Logistics, multiple of EBITDA", 7.0, "multiple", peers)
    example.input("multiple_range", "Range of the multiples, up and down", 0.15, "rate")


def _network(example: Example) -> None:
    example.heading("Energy networks, by DCF")
    example.input("network_flow", "Free cash flow, last year", 95, "EUR m")
    example.input("network_growth", "Growth in the first five years", 0.05, "rate", "regulated plan")
    example.input("network_wacc", "Discount rate", 0.065, "rate", "allowed return")
    example.input("network_range", "Range of the rate, up and down", 0.005, "rate")
    example.input("network_terminal_growth", "Terminal growth", 0.015, "rate")


def _sale(example: Example) -> tuple[str, str]:
    """The inputs of the sale; the cells of its instalments and of their dates."""
    example.heading("Stake, and sale of a business")
    example.input("stake_value", "Listed company, market value", 5400, "EUR m", "price on the day")
    example.input("stake_share", "Share held", 0.24, "rate")
    example.input("sale_rate", "Discount rate of the buyer's debt", 0.055, "rate")
    instalments = {
        "now": ("at the valuation date", 0.0, date(2025, 12, 31)),
        "first": ("first instalment", 350.0, date(2026, 6, 30)),
        "second": ("second instalment", 250.0, date(2027, 6, 30)),
    }
    flows = [
        example.input(f"sale_flow_{key}", f"Sale, {label}", amount, "EUR m", "sale agreement")
        for key, (label, amount, _) in instalments.items()
    ]
    dates = [
        example.input(f"sale_date_{key}", f"Date, {label}", day, "date", "sale agreement")
        for key, (label, _, day) in instalments.items()
    ]
    return _area(flows), _area(dates)


def _area(cells: list[str]) -> str:
    return f"{cells[0]}:{cells[-1].rpartition('!')[2]}"


def _group(example: Example) -> None:
    example.heading("The group")
    example.input("net_cash", "Net cash, negative for debt", -1150, "EUR m")
    example.input("minority_interest", "Minority interests", 310, "EUR m")
    example.input("holding_discount", "Holding discount", 0.15, "rate", "long-run average of holdings")
    example.input("discount_range", "Range of the discount, up and down", 0.05, "rate")
    example.input("basic_shares", "Shares", 440, "m")
    example.input("options", "Options", 18, "m")
    example.input("strike", "Average strike", 11.0, "per share", "GBP")
    example.input("price", "Share price, GBP", 13.5, "per share")
    example.input("gbp_per_eur", "GBP for one EUR", 0.86, "ratio")


def _segments(example: Example, flows: str, dates: str) -> None:
    example.block("Segments")
    example.years("step", "Low, base, high", "", "{step.before}+1", first="-1")
    for segment in ("engineering", "logistics"):
        multiple = f"{segment}_multiple*(1+{{step}}*multiple_range)"
        example.years(f"{segment}_used", f"{segment.capitalize()}, multiple used", "multiple", multiple)
    example.years("network_rate", "Energy networks, rate used", "rate", "network_wacc-{step}*network_range")
    example.block("Value of the parts")
    for segment in ("engineering", "logistics"):
        example.years(segment, segment.capitalize(), "EUR m", f"{segment}_ebitda*{{{segment}_used}}")
    growth = f"RAMP_FADE(network_growth,network_growth,{NETWORK_YEARS})"
    kept = f"((1+network_growth)/(1+{{network_rate}}))^{NETWORK_YEARS}"
    example.years(
        "network",
        "Energy networks",
        "EUR m",
        f'DCF_ENTERPRISE_VALUE(RAMP_REVENUE(network_flow,{growth}),{{network_rate}},network_terminal_growth,"mid")',
        native=f"network_flow*(1+{{network_rate}})^0.5*((1+network_growth)/({{network_rate}}-network_growth)*(1-{kept})"
        f"+{kept}*(1+network_terminal_growth)/({{network_rate}}-network_terminal_growth))",
    )
    example.years("listed_stake", "Listed stake", "EUR m", "stake_value*stake_share")
    example.years(
        "disposal",
        "Business to be sold",
        "EUR m",
        f"DCF_XNPV(sale_rate,{flows},{dates})",
        native=f"XNPV(sale_rate,{flows},{dates})",
    )
    total = "+".join(f"{{{segment}}}" for segment in SEGMENTS)
    example.years("parts", "Sum of the parts", "EUR m", total, bold=True)


def _equity(example: Example) -> None:
    example.block("Value of a share")
    example.years("discount", "Holding discount", "rate", "holding_discount-{step}*discount_range")
    example.years(
        "equity_value",
        "Equity value",
        "EUR m",
        f"SOTP_EQUITY_VALUE({{{SEGMENTS[0]}}}:{{{SEGMENTS[-1]}}},net_cash,minority_interest,{{discount}})",
        native="{parts}*(1-{discount})+net_cash-minority_interest",
        bold=True,
    )
    example.years(
        "diluted_shares",
        "Diluted shares",
        "m",
        "SOTP_DILUTED_SHARES(basic_shares,options,strike,price)",
        native="basic_shares+options*MAX(0,1-strike/price)",
    )
    example.years(
        "value_per_share",
        "Value per share, GBP",
        "per share",
        "SOTP_VALUE_PER_SHARE({equity_value},{diluted_shares},gbp_per_eur)",
        native="{equity_value}/{diluted_shares}*gbp_per_eur",
        bold=True,
    )
    example.years("upside", "Upside to the price", "rate", "{value_per_share}/price-1")
    example.years(
        "reason",
        "Why there is no value, if there is none",
        "text",
        'IF(ISERROR({equity_value}),VAL_LAST_ERROR({equity_value}),"-")',
        native='IF(ISERROR({equity_value}),"see Model","-")',
    )


if __name__ == "__main__":
    build()
