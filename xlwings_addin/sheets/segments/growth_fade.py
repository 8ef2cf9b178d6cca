"""Revenue that grows at a fading rate: its lines on the sheet of the group."""

from __future__ import annotations

from xlwings_addin.inputs.company import Company, SegmentEntry
from xlwings_addin.sheets.segments.half import Half, lower
from xlwings_addin.sheets.spec import Line
from xlwings_addin.sheets.valuation import grown_line, growth_line


def revenue(company: Company, entry: SegmentEntry) -> list[Line]:
    """Growth, and the revenue it leads to."""
    key = entry.key
    return [
        growth_line(company, key, f"{key}.growth", f"Growth of {lower(entry.label)}"),
        grown_line(f"revenue_{key}", f"{key}.revenue", key, f"{{base_year.revenue_{key}:year}}", entry.label),
    ]


HALF = Half(revenue=revenue)
