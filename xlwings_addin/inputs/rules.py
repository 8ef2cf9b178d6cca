"""The rules between the model's inputs, for one case or for many draws of some of them.

A rule is written once, for figures or arrays: it holds or not element by element. Loading a case raises the
error of the first rule that it breaks; draws are counted by the rule they break, and those are not valued.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs import base_year
from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.parameters import PLANTS
from xlwings_addin.inputs.rates import wacc, wacc_source
from xlwings_addin.inputs.tables import Tables

if TYPE_CHECKING:
    from xlwings_addin.inputs.cases import Inputs

CAPM_KEYS = (
    *("risk_free", "equity_risk_premium", "country_risk", "raw_beta", "beta_cash_share", "blume_weight"),
    *("cost_of_debt", "tax_rate", "equity_weight"),
)
PARITY_KEYS = ("risk_free", "risk_free_local")
"""What turns a rate of one currency into one of another."""


class Readable(Protocol):
    """Scalars by key: numbers may be arrays of draws, words and counts are one for all."""

    @property
    def tables(self) -> Tables: ...
    def number(self, key: str) -> Any: ...
    def count(self, key: str) -> int: ...
    def text(self, key: str) -> str: ...
    def day(self, key: str) -> date: ...


@dataclass(frozen=True)
class Rule:
    """What must hold: its name, the inputs it reads, where it holds, and the error of a case that breaks it.

    `place` gives file and line of an input, for the error.
    """

    name: str
    keys: frozenset[str]
    holds: Callable[[Readable], Any]
    error: Callable[[Readable, Callable[[str], str]], DomainError]


def check_rules(inputs: Inputs) -> None:
    """Raise `DomainError` for the first rule that does not hold: years, spreads, base year, vehicles."""

    def place(key: str) -> str:
        return inputs.row(key).place

    def check(rules: Iterable[Rule]) -> None:
        for rule in rules:
            if not rule.holds(inputs):
                raise _reading(rule.error(inputs, place), *rule.keys)

    company = inputs.tables.company
    _check_years(inputs)
    check(spread_rules(company))
    _check_base_year(inputs)
    check(delivery_rules(company))


def _check_years(inputs: Inputs) -> None:
    for part in inputs.tables.company.parts:
        first_key, last_key = (f"{part.key}_average_{end}_year" for end in ("first", "last"))
        if not inputs.tables.company.parameters.has(first_key):
            continue
        first, last = inputs.count(first_key), inputs.count(last_key)
        if first > last:
            error = DomainError(first_key, first, f"must not be after {last_key} {last}")
            raise _reading(error, first_key, last_key)
    base, day = inputs.count("base_year"), inputs.day("valuation_date")
    if not date(base, 1, 1) <= day < date(base + 1, 12, 31):
        rule = f"must be from {base}-01-01 to {base + 1}-12-30: in base_year {base} or the year after"
        error = DomainError("valuation_date", day, rule, display=day.isoformat())
        raise _reading(error, "valuation_date", "base_year")
    counted = inputs.day("cash_since")
    if not date(base - 1, 12, 31) <= counted <= date(base + 1, 12, 31):
        rule = (
            f"must be from {base - 1}-12-31 to {base + 1}-12-31: there are flows of base_year {base} and the "
            "year after it only; cash_rolled has what earlier ones brought"
        )
        error = DomainError("cash_since", counted, rule, display=counted.isoformat())
        raise _reading(error, "cash_since", "base_year")


def _reading(error: DomainError, *keys: str) -> DomainError:
    """The error with the inputs that its rule reads."""
    error.reads = frozenset(keys)
    return error


def built(inputs: Inputs) -> Iterator[Business]:
    """The businesses that count in a case and start from the quarters of its base year."""
    company = inputs.tables.company
    for business in company.businesses:
        choice = business.part.method_key
        counts = choice is None or inputs.text(choice) == business.method
        if counts and base_year.needed_keys(company, business):
            yield business


def _lacks_a_quarter(tables: Tables, year: int, day: date) -> str:
    """Why no quarter of a base year counts: none is in the tables, or none was announced in time."""
    later = tables.calendar.base(year).reported
    if later:
        first = f"{later[0]} was announced on {base_year.announced(tables, later[0]).isoformat()}"
        return f"needs a quarter of base_year {year} announced by valuation_date {day.isoformat()}; {first}"
    last = tables.calendar.last_quarter or "none"
    return f"needs a quarter of base_year {year} with reported revenue; the last one in the tables is {last}"


def _check_base_year(inputs: Inputs) -> None:
    try:
        _check_figures_of_base_year(inputs)
    except DomainError as error:
        raise _reading(error, error.argument, "base_year", "valuation_date") from None


def _check_figures_of_base_year(inputs: Inputs) -> None:
    """A method that starts from the quarters of the base year needs one of them, and all its figures."""
    businesses, tables = list(built(inputs)), inputs.tables
    if not businesses:
        return
    year, day = inputs.count("base_year"), inputs.day("valuation_date")
    asked = ("sound base year", year, day, *(business.key for business in businesses))
    if asked in tables.worked_out:
        return
    for business in businesses:
        method, word = business.part.method_key or business.key, business.method
        reported = base_year.reported_figures(tables, year, day).quarters.reported
        if len(reported) < base_year.LEAST_REPORTED:
            raise DomainError(method, word, _lacks_a_quarter(tables, year, day), display=word)
        for key in base_year.needed_keys(tables.company, business):
            for quarter in reported:
                if not tables.has(key, quarter):
                    raise DomainError(method, word, f"needs {key} of {quarter}", display=word)
        for key in base_year.margin_keys(business):
            if not any(tables.has(key, quarter) for quarter in reported):
                rule = f"needs {key} of a reported quarter of base_year {year}"
                raise DomainError(method, word, rule, display=word)
        missing = None if business.members else base_year.missing_deliveries(tables, year)
        if missing:
            key = f"{business.part.key}_deliveries"
            rule = f"needs {key} of {missing}, for its cost follows all vehicles ever made"
            raise DomainError(method, word, rule, display=word)
    tables.worked_out[asked] = True


def out_of_range(drawn: Mapping[str, Any], company: Company) -> Iterator[tuple[str, Any]]:
    """Each range of a drawn input that a draw lies outside of, as a rule, and which draws do."""
    for key, values in drawn.items():
        bounds = company.parameter(key)
        if not values.size or (_above(bounds, float(values.min())) and _below(bounds, float(values.max()))):
            continue  # two quick passes; NaN fails both
        yield f"{key} must be {bounds.rule}", ~in_range(bounds, values)


def broken(inputs: Readable, keys: Collection[str]) -> Iterator[tuple[str, Any]]:
    """The rules that read a drawn input, and which draws break each; the draws lie in their ranges."""
    for rule in rules_of(inputs.tables.company):
        if not rule.keys.isdisjoint(keys):
            yield rule.name, ~np.asarray(rule.holds(inputs))


def in_range(bounds: Parameter, values: Any) -> Any:
    """Where values lie in a parameter's range; a value that is not finite does not."""
    return _above(bounds, values) & _below(bounds, values)


def _above(bounds: Parameter, values: Any) -> Any:
    least = -np.inf if bounds.minimum is None else bounds.minimum
    return values > least if bounds.above_minimum or bounds.minimum is None else values >= least


def _below(bounds: Parameter, values: Any) -> Any:
    most = np.inf if bounds.maximum is None else bounds.maximum
    return values < most if bounds.below_maximum or bounds.maximum is None else values <= most


def require_drawable(keys: Collection[str], company: Company) -> None:
    """Raise `DomainError` for an input that is one for all draws: a choice, date, count or convention."""
    for key in keys:
        bounds = company.parameter(key)
        if bounds.kind not in ("number", "rate") or bounds.section == "Conventions":
            rule = "cannot be drawn: all draws have the same conventions, choices, dates and counts"
            raise DomainError(key, bounds.kind, rule, display=f"({bounds.kind})")


def _must_exceed(name: str, rate: float, growth_key: str, growth: float, stated: float) -> DomainError:
    """`stated` is the rate of the tables: another one where parity brings it to the flows' money."""
    display = f"{stated:.2%}" if stated == rate else f"{stated:.2%}, at parity {rate:.2%},"
    return DomainError(name, rate, f"must exceed {growth_key} {growth:.2%}", display=display)


@cache
def spread_rules(company: Company) -> tuple[Rule, ...]:
    """Of each part with a terminal growth: its rate must exceed it."""
    growing = [part.key for part in company.parts if company.parameters.has(f"{part.key}_terminal_growth")]
    return tuple(_spread_rule(company, part) for part in growing)


def _spread_rule(company: Company, part: str) -> Rule:
    source, growth_key = wacc_source(company, part), f"{part}_terminal_growth"
    own = {"typed": (f"{part}_wacc",), "chosen": (*CAPM_KEYS, f"{part}_wacc_printed"), "computed": CAPM_KEYS}
    name = f"{part}_wacc" if source == "typed" else f"{part} WACC"

    def error(inputs: Readable, _: Callable[[str], str]) -> DomainError:
        called, rate = wacc(inputs, part)
        stated = inputs.number(called) if company.parameters.has(called) else float(rate)
        return _must_exceed(called, float(rate), growth_key, inputs.number(growth_key), stated)

    return Rule(
        f"{name} must exceed {growth_key}",
        frozenset((*own[source], *PARITY_KEYS, growth_key)),
        lambda inputs: wacc(inputs, part)[1] > inputs.number(growth_key),
        error,
    )


def _deliveries(inputs: Readable) -> Any:
    """Units delivered in the base year, m; nothing can be below none."""
    year, day = inputs.count("base_year"), inputs.day("valuation_date")
    return base_year.deliveries(inputs.tables, year, inputs.number, day)


def _open_plants(inputs: Readable) -> list[str]:
    base = inputs.count("base_year")
    return [f"plant_{n}_capacity" for n in PLANTS if inputs.count(f"plant_{n}_year") <= base]


def _capacity(inputs: Readable) -> Any:
    return sum(inputs.number(plant) for plant in _open_plants(inputs))


def _enough_capacity(inputs: Readable) -> Any:
    return _capacity(inputs) >= _deliveries(inputs)


def _capacity_error(inputs: Readable, place: Callable[[str], str]) -> DomainError:
    base, deliveries = inputs.count("base_year"), _deliveries(inputs)
    rows = ", ".join(f"{plant} ({place(plant)})" for plant in _open_plants(inputs)) or "no plant"
    rule = f"must not be below the deliveries of {base}, {deliveries:.3f} m vehicles: {rows}"
    capacity = _capacity(inputs)
    return DomainError(f"capacity open in {base}", capacity, rule, display=f"{capacity:.3f}")


def _enough_demand(inputs: Readable) -> Any:
    return inputs.number("demand_saturation") > _deliveries(inputs)


def _demand_error(inputs: Readable, place: Callable[[str], str]) -> DomainError:
    base, deliveries = inputs.count("base_year"), _deliveries(inputs)
    rule = f"must exceed the deliveries of {base}, {deliveries:.3f} m vehicles"
    name = f"{place('demand_saturation')} demand_saturation"
    return DomainError(name, inputs.number("demand_saturation"), rule)


@cache
def delivery_rules(company: Company) -> tuple[Rule, ...]:
    """Of a part whose deliveries are counted: plants and demand must not be below those of the base year."""
    if company.delivering is None:
        return ()
    assumed = f"assumed_{company.delivering}_deliveries"
    return (
        Rule(
            "capacity open in the base year must not be below its deliveries",
            frozenset((*(f"plant_{n}_capacity" for n in PLANTS), assumed)),
            _enough_capacity,
            _capacity_error,
        ),
        Rule(
            "demand_saturation must exceed the deliveries of the base year",
            frozenset(("demand_saturation", assumed)),
            _enough_demand,
            _demand_error,
        ),
    )


def rules_of(company: Company) -> tuple[Rule, ...]:
    """The rules between the inputs of a company that draws may break."""
    return (*spread_rules(company), *delivery_rules(company))
