"""The templates of a business: modules that have `TEMPLATE`, its class, and `NEEDS`, its inputs.

A module is called as `company.toml` calls the template. A `Member` gives a group revenue and gross profit;
any other template values a part by itself, and `build_up` is that of a group.

>>> template_names()[:3]
('averaged_cash_flow', 'build_up', 'capacity_ramp')
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.inputs.company import BUILD_UP, Company, SegmentEntry
from xlwings_addin.inputs.folders import PARAMETERS_FILE
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.segments.common import common_needs
from xlwings_addin.segments.member import Member
from xlwings_addin.segments.needs import Need, choice

_HERE = __name__.rpartition(".")[0]


@cache
def template_names() -> tuple[str, ...]:
    """The names of all templates, in order."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(path.stem for path in files if "\nTEMPLATE = " in path.read_text(encoding="utf-8")))


@cache
def template_module(name: str, place: str = "template") -> ModuleType:
    """The module of a template; `ChoiceError` with the names there are where it is none."""
    is_module = name.isidentifier() and find_spec(f"{_HERE}.{name}") is not None
    module = import_module(f"{_HERE}.{name}") if is_module else None
    if module is None or not hasattr(module, "TEMPLATE"):
        raise ChoiceError(place, name, f"must be one of {', '.join(template_names())}")
    return module


def member_class(entry: SegmentEntry) -> type[Member]:
    """The class of a segment in a group; `InputError` where its template is none of a segment in a group."""
    made: type[Member] = template_module(entry.template, entry.place).TEMPLATE
    if not issubclass(made, Member):
        rule = f"values a part by itself: {entry.key} must stand in no group"
        raise InputError(entry.place, entry.template, rule)
    return made


def business_class(name: str, place: str) -> type[Any]:
    """The class of a business by itself; `InputError` for a template of a segment in a group."""
    made: type[Any] = template_module(name, place).TEMPLATE
    if issubclass(made, Member):
        raise InputError(place, name, "gives revenue and gross profit: its segment must stand in a group")
    return made


def needed_parameters(company: Company) -> tuple[Parameter, ...]:
    """The inputs that the model of a company needs: those of every company, and those of its templates."""
    return tuple(dict.fromkeys(_needed(company)))


def _needed(company: Company) -> Iterator[Parameter]:
    currency = {"currency": company.currency.reporting, "listing": company.currency.listing}
    lower = {name: value.lower() for name, value in currency.items()}
    for need in common_needs(company):
        yield _priced(need, currency, lower)
    for business in company.businesses:
        part = business.part
        names = {**currency, "part": part.key, "key": business.key, "label": part.short.lower()}
        for need in template_module(business.template).NEEDS:
            yield need.filled(names, part.label)
        for entry in business.members:
            own = {**names, "key": entry.key, "label": entry.label}
            for need in template_module(entry.template, entry.place).NEEDS:
                yield need.filled(own, f"{part.label} by segment")
    for part in company.parts:
        if part.method_key is not None:
            about = f"Method, {part.short.lower()}"
            yield choice(
                part.method_key, about, "Which of them counts; all are shown.", *part.methods
            ).filled({}, part.label)
    for key in company.researching[1:]:
        yield _share_of_research(key)


def _priced(need: Need, currency: dict[str, str], lower: dict[str, str]) -> Parameter:
    """A common input; the currencies in its key are lower-case letters."""
    filled = need.filled({"listing_key": lower["listing"], "currency_key": lower["currency"]})
    return Need(filled).filled(currency)


def _share_of_research(part: str) -> Parameter:
    from xlwings_addin.segments.needs import rate

    help = "Of the group's research; the first part has what the others leave."
    return rate(f"{part}_research_share", f"Share of research, {part}", help, least=0, most=1).filled(
        {}, "Base year"
    )


@cache
def check_company(company: Company) -> None:
    """Raise for a template that is none or stands in the wrong place, and for missing inputs, all named."""
    for business in company.businesses:
        for entry in business.members:
            member_class(entry)
        if business.template != BUILD_UP:
            assert business.entry is not None
            business_class(business.template, business.entry.place)
    needed = needed_parameters(company)
    missing = [parameter.key for parameter in needed if not company.parameters.has(parameter.key)]
    if missing:
        rule = f"must have a row in {PARAMETERS_FILE}: the templates of company.toml need it"
        name = "parameter" if len(missing) == 1 else "parameters"
        raise InputError(name, missing, rule.replace("it", "them", 0), display=", ".join(missing))
    for parameter in needed:
        own = company.parameter(parameter.key)
        if own.unit != parameter.unit:
            rule = f"must be {parameter.unit!r}: the model of the company needs it so"
            raise InputError(f"{PARAMETERS_FILE} {parameter.key} unit", own.unit, rule)
