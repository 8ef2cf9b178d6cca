"""The reported figures that have a place on a sheet, by their keys in the history.

`lint` names a figure of the tables that has none. The sheet Reported has a line for each of `keys_by_year`
and `keys_by_quarter`; figures of `ELSEWHERE` stand on the sheet that is named.
"""

from __future__ import annotations

from functools import cache

from xlwings_addin.inputs.company import Company

_GROUP = (
    *("revenue", "gross_profit", "operating_profit", "research_and_development", "adjusted_net_profit"),
    *("operating_cash_flow", "capex"),
)
_BY_YEAR = (
    *("net_profit", "selling_and_administrative"),
    *("other_revenue", "other_gross_profit", "pretax_profit", "income_tax", "earnings_per_share_basic"),
    *("free_cash_flow", "depreciation_and_amortisation", "cash", "inventories", "trade_receivables"),
    *("trade_payables", "current_borrowings", "equity", "total_assets"),
    *("cash_resources", "liquid_funds", "restricted_cash", "debt", "property_plant_and_equipment"),
    *("equity_method_investments", "long_term_investments", "minority_interest"),
    *("basic_shares", "diluted_shares"),
)


def delivered_keys(part: str) -> tuple[str, ...]:
    """The figures of a part whose deliveries are counted."""
    return (
        *(f"{part}_deliveries", f"{part}_revenue", f"{part}_average_selling_price"),
        *(f"{part}_segment_revenue", f"gross_margin_{part}_segment", f"{part}_segment_result"),
    )


@cache
def keys_by_quarter(company: Company) -> frozenset[str]:
    """Keys with a line by quarter."""
    keys = list(_GROUP)
    for segment in company.grouped:
        keys += [f"revenue_{segment.key}", f"gross_margin_{segment.key}"]
        if company.sold_by_unit(segment.key):
            keys += [f"{segment.key}_shipments", f"{segment.key}_average_selling_price"]
    if company.delivering is not None:
        keys += delivered_keys(company.delivering)
    return frozenset(keys)


@cache
def keys_by_year(company: Company) -> frozenset[str]:
    """Keys with a line by year."""
    keys = [*keys_by_quarter(company), *_BY_YEAR]
    if (part := company.delivering) is not None:
        keys += [f"revenue_{part}", f"gross_margin_{part}"]
    currencies = dict.fromkeys((company.currency.listing, company.currency.reporting))
    keys += [key for currency in currencies if (key := company.per_usd(currency)) is not None]
    return frozenset(keys)


STREET_FIGURES = ("net_profit", "earnings", "target")
STREET_COLUMNS = ("low", "mean", "high", "analysts")
"""What the street expects, in the tables as `street_FIGURE_COLUMN`; the mean is the row that counts."""

ELSEWHERE = {
    "street_sum_of_parts": "Cover",
    "vehicle_delivery_target": "Vehicle Units",
    "street_vehicle_deliveries": "Vehicle Units",
    **{f"street_{figure}_{what}": "SOTP" for figure in STREET_FIGURES for what in STREET_COLUMNS},
}
"""Keys whose figures stand on another sheet, whatever their period."""
