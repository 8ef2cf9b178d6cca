"""How inputs of a company are distributed: `inputs/distributions.csv` and `inputs/correlations.csv`.

    key,marginal,low,middle,high,deviation,outcomes,basis,reason

    normal       middle is the mean, deviation the standard deviation
    lognormal    middle is the median, deviation that of the logarithm
    triangular   low, middle (most likely) and high
    pert         the same, with the beta distribution of PERT
    uniform      low and high
    bounded      a normal of middle and deviation, cut at low and high
    discrete     outcomes, `value: probability; value: probability`

An empty low, middle or high is that of the input's own row in a case, so that no figure stands twice.

    key,other,correlation,basis,reason

A correlation is that of the normal numbers behind two inputs (Gaussian copula); other pairs have none.
Both tables may be missing: then there are no distributions, and nothing can be simulated.

>>> read_distributions().marginals["vehicle_wacc"].kind
'pert'
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import load_company
from xlwings_addin.inputs.folders import checked_folder, stamp
from xlwings_addin.inputs.parameters import ParameterList
from xlwings_addin.inputs.tables import Basis, records_of

DISTRIBUTIONS, CORRELATIONS = "distributions.csv", "correlations.csv"
COLUMNS = ("key", "marginal", "low", "middle", "high", "deviation", "outcomes", "basis", "reason")
PAIR_COLUMNS = ("key", "other", "correlation", "basis", "reason")
MarginalKind = Literal["normal", "lognormal", "triangular", "pert", "uniform", "bounded", "discrete"]
TAKES: Mapping[str, tuple[str, ...]] = {
    "normal": ("middle", "deviation"),
    "lognormal": ("middle", "deviation"),
    "triangular": ("low", "middle", "high"),
    "pert": ("low", "middle", "high"),
    "uniform": ("low", "high"),
    "bounded": ("low", "middle", "high", "deviation"),
    "discrete": ("outcomes",),
}
"""The columns that a marginal reads; the others stay empty."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Marginal:
    """The distribution of one input; a number that is None is the case's own."""

    key: str
    kind: MarginalKind
    low: float | None
    middle: float | None
    high: float | None
    deviation: float | None
    outcomes: tuple[tuple[float, float], ...]
    basis: str
    reason: str
    place: str

    def in_case(self, inputs: Inputs) -> Marginal:
        """The marginal with what a case says; `DomainError` where its numbers make no distribution."""
        row, start = inputs.row(self.key), inputs.number(self.key)
        own = {"low": row.low, "middle": start, "high": row.high}
        low, middle, high = (
            (getattr(self, end) if getattr(self, end) is not None else number)
            if end in TAKES[self.kind]
            else None
            for end, number in own.items()
        )
        made = replace(self, low=low, middle=middle, high=high)
        made._check(inputs.case)
        return made

    def _check(self, case: str) -> None:
        takes = TAKES[self.kind]
        named = {name: getattr(self, name) for name in takes if name != "outcomes"}
        for name, number in named.items():
            if number is None:
                rule = f"must be in {DISTRIBUTIONS}, as the row of {self.key} has none in case {case}"
                raise DomainError(f"{self.place} {self.key} {name}", number, rule, display="empty")
        if self.kind == "lognormal" and named["middle"] <= 0:
            raise self._impossible("middle", "must be above 0 for a lognormal", case)
        if "low" in takes and named["low"] >= named["high"]:
            raise self._impossible("low", f"must be below high {named['high']:g}", case)
        if {"low", "middle"} <= set(takes) and not named["low"] <= named["middle"] <= named["high"]:
            ends = f"{named['low']:g} to {named['high']:g}"
            raise self._impossible("middle", f"must lie in {ends}", case)

    def _impossible(self, name: str, rule: str, case: str) -> DomainError:
        value = getattr(self, name)
        place = f"{self.place} {self.key} {name}"
        return DomainError(place, value, f"{rule} in case {case}", display=f"{value:g}")


@dataclass(frozen=True)
class Pair:
    """The correlation of two inputs."""

    key: str
    other: str
    correlation: float
    basis: str
    reason: str


@dataclass(frozen=True)
class DistributionTables:
    """The marginals by input, in the order of the table, and the correlations."""

    marginals: Mapping[str, Marginal]
    pairs: tuple[Pair, ...]


def read_distributions(folder: Path | None = None) -> DistributionTables:
    """The distributions and correlations of a folder of tables, the project's own by default.

    Raises `InputError` naming file, line, column, value and rule for what cannot be read.
    """
    inputs = checked_folder(folder) / "inputs"
    parameters = load_company(folder).parameters
    return _read(inputs, parameters, *(stamp(inputs / name) for name in (DISTRIBUTIONS, CORRELATIONS)))


@lru_cache(maxsize=4)
def _read(
    inputs: Path, parameters: ParameterList, of_marginals: tuple[int, int], of_pairs: tuple[int, int]
) -> DistributionTables:
    marginals: dict[str, Marginal] = {}
    for record in records_of(inputs / DISTRIBUTIONS, COLUMNS) if any(of_marginals) else ():
        marginal = _marginal(record)
        try:
            parameters.named(marginal.key)
        except InputError as error:
            raise InputError(f"{marginal.place} key", marginal.key, error.rule) from None
        if marginal.key in marginals:
            raise InputError(f"{marginal.place} key", marginal.key, "must stand once")
        marginals[marginal.key] = marginal
    pairs: dict[frozenset[str], Pair] = {}
    for record in records_of(inputs / CORRELATIONS, PAIR_COLUMNS) if any(of_pairs) else ():
        pair, place = _pair(record, marginals)
        if pairs.setdefault(frozenset((pair.key, pair.other)), pair) is not pair:
            names = f"{pair.key} and {pair.other}"
            raise InputError(place, names, "must stand once, in whichever order", display=names)
    return DistributionTables(marginals, tuple(pairs.values()))


def _marginal(record: Mapping[str, str | int]) -> Marginal:
    texts, place = {column: str(record[column]).strip() for column in COLUMNS}, _place(DISTRIBUTIONS, record)
    kind, key = texts["marginal"], texts["key"]
    if kind not in get_args(MarginalKind):
        raise InputError(f"{place} marginal", kind, f"must be one of {', '.join(get_args(MarginalKind))}")
    for column in ("low", "middle", "high", "deviation", "outcomes"):
        if texts[column] and column not in TAKES[kind]:
            rule = f"must be empty: {kind} reads {', '.join(TAKES[kind])}"
            raise InputError(f"{place} {column}", texts[column], rule)
    numbers = {
        column: _number(texts[column], f"{place} {column}") if texts[column] else None
        for column in ("low", "middle", "high", "deviation")
    }
    if "deviation" in TAKES[kind] and not (numbers["deviation"] or 0) > 0:
        raise InputError(f"{place} deviation", texts["deviation"], f"must be above 0 for {kind}")
    _check_origin(texts, place)
    outcomes = _outcomes(texts["outcomes"], f"{place} outcomes") if kind == "discrete" else ()
    made: MarginalKind = kind  # type: ignore[assignment]
    low, middle, high, deviation = numbers.values()
    basis, reason = texts["basis"], texts["reason"]
    return Marginal(key, made, low, middle, high, deviation, outcomes, basis, reason, place)


def _outcomes(text: str, place: str) -> tuple[tuple[float, float], ...]:
    """Values with their probabilities, from the least value to the greatest."""
    outcomes = []
    for outcome in text.split(";"):
        value, colon, probability = outcome.partition(":")
        if not colon:
            raise InputError(place, text, "must be `value: probability`, more than one joined by ;")
        outcomes.append((_number(value.strip(), place), _number(probability.strip(), place)))
    if any(probability <= 0 for _, probability in outcomes):
        raise InputError(place, text, "must have probabilities above 0")
    if not math.isclose(math.fsum(probability for _, probability in outcomes), 1, abs_tol=1e-9):
        raise InputError(place, text, "must have probabilities that add to 1")
    if len({value for value, _ in outcomes}) < len(outcomes):
        raise InputError(place, text, "must name a value once")
    return tuple(sorted(outcomes))


def _pair(record: Mapping[str, str | int], marginals: Mapping[str, Marginal]) -> tuple[Pair, str]:
    texts, place = (
        {column: str(record[column]).strip() for column in PAIR_COLUMNS},
        _place(CORRELATIONS, record),
    )
    for column in ("key", "other"):
        if texts[column] not in marginals:
            raise InputError(f"{place} {column}", texts[column], f"must be an input of {DISTRIBUTIONS}")
    if texts["key"] == texts["other"]:
        raise InputError(f"{place} other", texts["other"], "must be another input")
    correlation = _number(texts["correlation"], f"{place} correlation")
    if not -1 <= correlation <= 1:
        raise InputError(f"{place} correlation", texts["correlation"], "must lie from -1 to 1")
    _check_origin(texts, place)
    return Pair(texts["key"], texts["other"], correlation, texts["basis"], texts["reason"]), place


def _place(file: str, record: Mapping[str, str | int]) -> str:
    return f"{file} line {record['line']}"


def _check_origin(texts: Mapping[str, str], place: str) -> None:
    if texts["basis"] not in get_args(Basis):
        raise InputError(f"{place} basis", texts["basis"], f"must be one of {', '.join(get_args(Basis))}")
    if not texts["reason"]:
        raise InputError(f"{place} reason", texts["reason"], "must not be empty")


def _number(text: str, place: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise InputError(place, text, "must be a number")
    return float(text)
