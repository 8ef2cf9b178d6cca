"""The model of one company: its lines, joined. One set of inputs in, every line of it within reach.

The same model values one case or a block of draws: what is drawn comes as arrays.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from xlwings_addin.core.errors import ChoiceError
from xlwings_addin.inputs.company import Company, PartEntry
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.segments.base import base_figures
from xlwings_addin.segments.capital import capital
from xlwings_addin.segments.lines import Lines, ModelLine
from xlwings_addin.segments.member import Positions
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import Segment, Valued
from xlwings_addin.segments.templates import check_company, member_class, template_module
from xlwings_addin.segments.timeline import Timeline
from xlwings_addin.valuation.cash import CashAccount
from xlwings_addin.valuation.parts import Multiples, Part, sum_keys, sum_of_parts
from xlwings_addin.valuation.profit import ProfitBridge, bridged_parts, profit_bridge


class Model:
    """Every group of lines over one set of scalars. Groups hold those they read, never the other way.

    Raises `InputError` or `ChoiceError` for a company whose templates or inputs do not fit together.
    """

    def __init__(self, inputs: Scalars) -> None:
        self.inputs, self.company = inputs, inputs.company
        check_company(self.company)
        self.timeline = Timeline("timeline", inputs, years=TIMELINE_YEARS)
        self.capital = capital(self.company)("capital", inputs)
        self.base = base_figures(self.company)("base", inputs)
        shared: dict[str, Any] = {"timeline": self.timeline, "base": self.base, "capital": self.capital}
        self.segments: dict[str, Valued] = {
            business.key: template_module(business.template).TEMPLATE(business, inputs, **shared)
            for business in self.company.businesses
        }
        self.businesses = {part.key: self._chosen(part) for part in self.company.parts}
        self.sotp = sum_of_parts(self.company)("sotp", inputs, businesses=self.businesses)

    @cached_property
    def cash(self) -> dict[str, CashAccount]:
        """The account of cash as each business moves it."""
        return {
            segment.name: CashAccount(f"cash.{segment.name}", self.inputs, business=segment, whole=self.sotp)
            for segment in self.segments.values()
            if isinstance(segment, Segment)
        }

    @cached_property
    def profit(self) -> ProfitBridge | None:
        """The bridge to reported profit, where the company has a build-up."""
        bridged = bridged_parts(self.company)
        if not bridged:
            return None
        built = [self.segments[key] for _, key in bridged]
        of_company = profit_bridge(self.company)
        return of_company("sotp.profit", self.inputs, built=built, whole=self.sotp, base=self.base)

    def _chosen(self, part: PartEntry) -> Valued:
        """The business that counts for a part: the only one, or that of the method the case chooses."""
        choice = part.method_key
        method = next(iter(part.methods)) if choice is None else self.inputs.text(choice)
        return self.segments[part.methods[method]]

    def groups(self) -> dict[str, Lines]:
        """The groups of lines by name; a line is called by its group and its key, `vehicle_units.revenue`."""
        groups: list[Lines] = [
            *(self.timeline, self.capital, self.base),
            *(group for segment in self.segments.values() for group in segment.groups()),
            *(self.sotp, *self.cash.values()),
            *(() if self.profit is None else (self.profit,)),
            *(Part(f"sotp.{key}", self.inputs, whole=self.sotp, key=key) for key in sum_keys(self.company)),
            *(
                Multiples(f"sotp.{key}_multiples", self.inputs, business=business)
                for key, business in self.businesses.items()
                if isinstance(business, Segment)
            ),
        ]
        return {group.name: group for group in groups}


@cache
def declared_groups(company: Company) -> dict[str, type[Lines]]:
    """The groups of lines by name; a sheet has the name of the group it shows."""
    groups: dict[str, type[Lines]] = {
        "timeline": Timeline,
        "capital": capital(company),
        "base": base_figures(company),
        "sotp": sum_of_parts(company),
    }
    if bridged_parts(company):
        groups["sotp.profit"] = profit_bridge(company)
    for business in company.businesses:
        groups[business.key] = template_module(business.template).TEMPLATE
        if business.members:
            groups[f"{business.key}.positions"] = Positions
        for entry in business.members:
            groups[f"{business.key}.{entry.key}"] = member_class(entry)
    return groups


def line_of(company: Company, group: str, path: str) -> ModelLine[Any]:
    """The declaration of a line; `path` is its key, after the part of the group it belongs to.

    >>> from xlwings_addin.inputs.company import packaged_company
    >>> line_of(packaged_company(), "devices", "iot.revenue").unit
    '{currency} m'
    """
    declared_by, (part, _, key) = declared_groups(company), f"{group}.{path}".rpartition(".")
    if part == "capital" and key in Timeline.lines():
        part = "timeline"  # the sheet Capital shows both
    declared = declared_by[part].lines().get(key) if part in declared_by else None
    if declared is None:
        raise ChoiceError("line", f"{group}.{path}", "is not one of the model's")
    return declared


def find(groups: dict[str, Lines], name: str) -> tuple[Lines, ModelLine[Any]]:
    """The group and the declaration of a line by its full name.

    Raises `ChoiceError` for a name that is no line, with the nearest one.
    """
    group, _, key = name.rpartition(".")
    declared = groups[group].lines().get(key) if group in groups else None
    if declared is None:
        raise ChoiceError("line", name, f"is not one of the model's{_nearest(groups, name)}")
    return groups[group], declared


def _nearest(groups: dict[str, Lines], name: str) -> str:
    from difflib import get_close_matches

    names = [f"{group.name}.{key}" for group in groups.values() for key in group.lines()]
    matches = get_close_matches(name, names, n=1)
    return f" (nearest: {matches[0]})" if matches else ""
