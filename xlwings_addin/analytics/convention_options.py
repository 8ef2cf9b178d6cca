"""The conventions that two analysts may choose differently, and what a case could have instead.

A convention changes no fact: when flows arrive, how a terminal value is written, what counts as cash. An
option of a convention is a set of inputs; the first option of each is that of the case itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.drivers import DriverBook
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.rates import wacc_source
from xlwings_addin.inputs.tables import Row

TAX_RATES = (0.0, 0.15, 0.25)
"""Untaxed; high-tech enterprises, article 28 of the PRC Enterprise Income Tax Law; all others, article 4."""
YIELD = "government_bond_yield_{currency}_10y"
"""A row of markets.csv: the ten year yield of a currency, by the day it stood at."""


@dataclass(frozen=True)
class Option:
    """One way of a convention: the inputs it sets.

    Of an input in `of_final_income` the value is that share of the last year's operating income, USD m, of
    the line named with it.
    """

    label: str
    settings: Mapping[str, Value]
    of_final_income: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Convention:
    """A convention with its options, the case's own first; `missing` says why another has no figures.

    `most` is how many options beside its own any case may have.
    """

    key: str
    label: str
    options: tuple[Option, ...]
    missing: str = ""
    most: int = 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that its options set."""
        keys = (key for option in self.options for key in (*option.settings, *option.of_final_income))
        return tuple(dict.fromkeys(keys))


def conventions_of(inputs: Inputs, book: DriverBook) -> tuple[Convention, ...]:
    """Every convention of a case that its company has inputs for."""
    return tuple(_conventions(inputs, book))


def _conventions(inputs: Inputs, book: DriverBook) -> Iterator[Convention]:
    company = inputs.tables.company
    yield _of_choices(inputs, "timing", "Timing of flows", ("timing",))
    yield _of_choices(inputs, "first_period", "First period, and its flow", ("stub", "first_flow"))
    yield _of_choices(inputs, "terminal_form", "Form of the terminal value", ("terminal_form",))
    for entry in company.parameters:
        if entry.kind == "choice" and entry.key.endswith("_wacc_basis"):
            yield _of_choices(inputs, entry.key, "Rate, rounded or not", (entry.key,))
    yield _tax(inputs)
    for key, label in (("net_cash_definition", "Net cash"), ("share_basis", "Shares")):
        if company.parameters.has(key):
            yield _of_choices(inputs, key, label, (key,))
    for business in company.businesses:
        if business.template == "revenue_ramp":
            yield _ramp_start(inputs, business.key, f"{business.prefix}_operating_income_start")
    yield _rate_currency(inputs, book)


def _of_choices(inputs: Inputs, key: str, label: str, names: tuple[str, ...]) -> Convention:
    """All the choices of inputs that make one convention together."""
    own = tuple(inputs[name] for name in names)
    pairs = list(product(*(inputs.parameter(name).choices for name in names)))
    options = [own, *(pair for pair in pairs if pair != own and pair != ("none", "stub"))]
    return Convention(
        key,
        label,
        tuple(
            Option(", ".join(map(str, choices)), dict(zip(names, choices, strict=True)))
            for choices in options
        ),
        most=len(pairs) - 1,
    )


def _tax(inputs: Inputs) -> Convention:
    own = inputs.number("tax_rate")
    rates = (own, *(rate for rate in TAX_RATES if rate != own))
    options = tuple(Option(f"{rate:.0%}", {"tax_rate": rate}) for rate in rates)
    return Convention("tax_rate", "Tax on operating income", options, most=len(TAX_RATES))


def _ramp_start(inputs: Inputs, business: str, key: str) -> Convention:
    """The year in which operating income is still zero, before it rises by the same amount every year.

    0 in the base year:          the first forecast year has 1 / n of the last year's income
    0 in the year before that:   2 / (n + 1) of it, with n forecast years
    """
    line, years = f"{business}.final_operating_income_usd", inputs.count(key.split("_")[0] + "_horizon")
    base, own = inputs.count("base_year"), inputs.number(key)
    options = [Option(f"0 in {base + 1}" if own == 0 else f"{own:g} USD m in {base + 1}", {key: own})]
    if own != 0:
        options.append(Option(f"0 in {base + 1}", {key: 0.0}))
    options.append(Option(f"0 in {base}", {}, {key: (1 / years, line)}))
    options.append(Option(f"0 in {base - 1}", {}, {key: (2 / (years + 1), line)}))
    return Convention("ramp_start", "Start of the ramp", tuple(options), most=3)


def _rate_currency(inputs: Inputs, book: DriverBook) -> Convention:
    """Rates of the currency the case has them in, or of the currency of the flows.

    A rate r that was typed becomes (1 + r)(1 + y) / (1 + y') - 1, with the ten year yields y of the flows'
    currency and y' the case's risk-free rate; a computed one follows from the risk-free rate.
    Source: Fisher, The Theory of Interest (1930); Damodaran, Investment Valuation, chapter 7.
    """
    company = inputs.tables.company
    currency = company.currency.reporting
    own = inputs.number("risk_free")
    keys = ("risk_free", *_typed_rates(company))
    first = Option(f"risk-free {own:.2%}, as in the case", {key: inputs[key] for key in keys})
    row = _yield(inputs, book, currency)
    if row is None:
        day = inputs.day("valuation_date")
        missing = f"no {YIELD.format(currency=currency.lower())} in markets.csv was known on {day}"
        return Convention("rate_currency", "Currency of the rate", (first,), missing)
    ratio = (1 + row.number) / (1 + own)
    rates = {key: (1 + inputs.number(key)) * ratio - 1 for key in keys[1:]}
    other = Option(
        f"{currency} {row.number:.2%}",
        {"risk_free": row.number, **rates},
        source=f"{row.key} {row.period}: {row.source}",
    )
    return Convention("rate_currency", "Currency of the rate", (first, other))


def _typed_rates(company: Company) -> Iterator[str]:
    """The inputs in which a rate of discount is typed."""
    for part in company.parts:
        if company.parameters.has(f"{part.key}_terminal_growth"):
            source = wacc_source(company, part.key)
            if source != "computed":
                yield f"{part.key}_wacc" if source == "typed" else f"{part.key}_wacc_printed"


def _yield(inputs: Inputs, book: DriverBook, currency: str) -> Row | None:
    """The newest yield of a currency that was known on the valuation date."""
    day, key = inputs.day("valuation_date"), YIELD.format(currency=currency.lower())
    rows = [row for (name, _), row in book.markets.items() if name == key and row.as_of <= day]
    return max(rows, key=lambda row: row.as_of, default=None)


def options_of_case(conventions: tuple[Convention, ...], inputs: Inputs, other: Inputs) -> dict[str, Option]:
    """The options of another case where it differs, by convention; its rates are facts of its own."""
    chosen = {}
    for convention in conventions:
        keys = convention.inputs if convention.key != "rate_currency" else ()
        settings = {key: other[key] for key in keys if other[key] != inputs[key]}
        if settings:
            label = next(
                (
                    option.label
                    for option in convention.options
                    if settings.items() <= option.settings.items()
                ),
                ", ".join(map(_text, settings.values())),
            )
            chosen[convention.key] = Option(label, settings)
    return chosen


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
