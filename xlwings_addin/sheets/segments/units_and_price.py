"""Units and price: their lines on the sheet of the group."""

from __future__ import annotations

from xlwings_addin.inputs.company import Company, SegmentEntry
from xlwings_addin.sheets.segments.half import Half
from xlwings_addin.sheets.spec import Line, OfModel, every_year
from xlwings_addin.sheets.valuation import grown_line, growth_line


def revenue(company: Company, entry: SegmentEntry) -> list[Line]:
    """Units and price, each growing, and their product."""
    key, label = entry.key, entry.label
    shipments, price = entry.line("shipments"), entry.line("price")
    return [
        growth_line(
            company, f"{key}_shipment", f"{key}.shipment_growth", f"Growth of {label.lower()} shipped"
        ),
        grown_line(
            shipments,
            f"{key}.shipments",
            f"{key}_shipment",
            f"{{base_year.{shipments}:year}}",
            f"{label} shipped",
        ),
        growth_line(company, f"{key}_price", f"{key}.price_growth"),
        grown_line(price, f"{key}.price", f"{key}_price", f"{{base_year.{key}_price:year}}"),
        every_year(f"revenue_{key}", f"{{{shipments}}}*{{{price}}}", OfModel(f"{key}.revenue"), label=label),
    ]


HALF = Half(revenue=revenue)
