"""Single figures of a company's tables, as cells and other readers ask for them: by key and period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache

from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.inputs.defaults import DEFAULT_COMPANY
from xlwings_addin.inputs.folders import company_folder, company_names


@dataclass(frozen=True)
class Fact:
    """A figure that stands, with its provenance."""

    value: float | str | date
    unit: str
    basis: str
    source: str
    as_of: date


def fact(key: str, period: str = "", company: str = "") -> Fact:
    """The figure that stands for a key and a period in a company's tables.

    Raises `ChoiceError` for another company, `InputError` for a key or a period that the tables lack: it
    names the nearest key, or the periods there are.

    >>> fact("vehicle_deliveries", "2024Q4").value  # doctest: +NUMBER
    69697.0
    """
    name = company.casefold() or DEFAULT_COMPANY
    if name not in company_names():
        raise ChoiceError("company", company, f"must be one of {', '.join(company_names())}")
    facts = _facts(name)
    if (key, period) in facts:
        return facts[key, period]
    periods = [of for name, of in facts if name == key]
    if not periods:
        near = get_close_matches(key, {name for name, _ in facts}, n=1)
        raise InputError("key", key, "has no row in the tables" + (f"; {near[0]} has" if near else ""))
    have = ", ".join(of or "no period" for of in periods)
    raise InputError(f"period of {key}", period, f"must be one of {have}", display=period or "(blank)")


@cache
def _facts(company: str) -> Mapping[tuple[str, str], Fact]:
    # Imported here: a cell that asks for no figure need not wait for the tables.
    from xlwings_addin.inputs.tables import load_tables

    tables = load_tables(company_folder(company))
    rows = (tables.row(*figure) for figure in tables.figures)
    return {
        (row.key, row.period): Fact(row.value, row.unit, row.basis, row.source, row.as_of) for row in rows
    }
