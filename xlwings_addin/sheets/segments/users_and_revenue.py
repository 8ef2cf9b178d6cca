"""Users and the revenue of one: their lines on the sheet of the group."""

from __future__ import annotations

from xlwings_addin.inputs.company import Company, SegmentEntry
from xlwings_addin.sheets.segments.half import Half, lower
from xlwings_addin.sheets.spec import Line, OfModel, every_year
from xlwings_addin.sheets.valuation import grown_line, growth_line


def revenue(company: Company, entry: SegmentEntry) -> list[Line]:
    """Users and the revenue of one, each growing, and their product."""
    key, name, users = entry.key, lower(entry.label), f"{{inputs.{entry.key}_users}}"
    reported = f"{{base_year.revenue_{key}:year}}"
    spending = f"{key}_revenue_per_user"
    return [
        growth_line(company, f"{key}_user", f"{key}.user_growth", f"Growth of users, {name}"),
        grown_line(f"{key}_users", f"{key}.users", f"{key}_user", users, f"Users, {name}"),
        growth_line(
            company, spending, f"{key}.revenue_per_user_growth", f"Growth of revenue per user, {name}"
        ),
        grown_line(
            spending,
            f"{key}.revenue_per_user",
            spending,
            f"IF({users}=0,0,{reported}/{users})",
            f"Revenue per user, {name}",
        ),
        every_year(
            f"revenue_{key}",
            f"{{{key}_users}}*{{{spending}}}",
            OfModel(f"{key}.revenue"),
            label=entry.label,
        ),
    ]


HALF = Half(revenue=revenue)
