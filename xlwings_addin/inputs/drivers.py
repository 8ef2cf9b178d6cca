"""Named drivers and measures of a company: `inputs/drivers.csv`, formulas over its own inputs and lines.

    key,kind,label,unit,start,low,high,formula,result,price,note

    driver    one number `x` that sets inputs: `formula` is `input = formula of x; ...`, `start` what x is in
              a case, `low` and `high` the ends of what is looked into, where the rules set no nearer ones,
              `result` what comes out and is said beside x, `price` the measure that a price is held against
              where it is not the value per share
    measure   a figure to ask for by name
    year      a path: the first forecast year in which it is above zero is asked for
    meaning   a figure that is said beside an answer, to say what it means

The figures of other companies and of markets that formulas name stand in `inputs/markets.csv`, with source
and date. Both tables may be missing: then there are none.

>>> read_drivers().driver("wacc_points").start.text
'0'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.company import load_company
from xlwings_addin.inputs.expressions import Formula, read_formula
from xlwings_addin.inputs.folders import checked_folder, stamp
from xlwings_addin.inputs.parameters import ParameterList
from xlwings_addin.inputs.tables import Row, by_figure, read_rows, records_of, standing_row

DRIVERS, MARKETS = "drivers.csv", "markets.csv"
COLUMNS = ("key", "kind", "label", "unit", "start", "low", "high", "formula", "result", "price", "note")
MeasureKind = Literal["driver", "measure", "year", "meaning"]


@dataclass(frozen=True)
class Measure:
    """A figure that a formula gives."""

    key: str
    kind: MeasureKind
    label: str
    unit: str
    formula: Formula
    note: str


@dataclass(frozen=True)
class Driver:
    """One number that sets inputs: `x` is `start` in a case; `moves` gives each input's formula of x.

    Between `low` and `high`, where they are, it is looked into.
    """

    key: str
    label: str
    unit: str
    start: Formula
    low: Formula | None
    high: Formula | None
    moves: Mapping[str, Formula]
    result: Formula | None
    price: str
    note: str


@dataclass(frozen=True)
class DriverBook:
    """What a company's tables name, by key."""

    parameters: ParameterList
    drivers: Mapping[str, Driver]
    measures: Mapping[str, Measure]
    markets: Mapping[tuple[str, str], Row]

    def driver(self, key: str) -> Driver:
        """The driver called `key`, or one of its own for a plain input.

        Raises `InputError` with the nearest name.
        """
        if key in self.drivers:
            return self.drivers[key]
        if (near := _nearest(key, self.drivers)) and not self.parameters.has(key):
            raise InputError("key", key, f"is no input and no driver of {DRIVERS} (nearest: {near})")
        one = self.parameters.named(key)
        moves = {one.key: read_formula("x")}
        start, unit = read_formula(one.key), one.printed_unit
        return Driver(one.key, one.label, unit, start, None, None, moves, None, "", "")

    def of_kind(self, kind: MeasureKind) -> tuple[Measure, ...]:
        return tuple(measure for measure in self.measures.values() if measure.kind == kind)


def _nearest(key: str, names: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(key, names, n=1, cutoff=0.75)), "")


def read_drivers(folder: Path | None = None) -> DriverBook:
    """The drivers, measures and market figures of a folder of tables, the project's own by default.

    Raises `InputError` naming file, line and column for what cannot be read.
    """
    inputs = checked_folder(folder) / "inputs"
    parameters = load_company(folder).parameters
    return _read(inputs, parameters, *(stamp(inputs / name) for name in (DRIVERS, MARKETS)))


@lru_cache(maxsize=4)
def _read(
    inputs: Path, parameters: ParameterList, of_drivers: tuple[int, int], of_markets: tuple[int, int]
) -> DriverBook:
    records = list(records_of(inputs / DRIVERS, COLUMNS)) if any(of_drivers) else []
    drivers: dict[str, Driver] = {}
    measures: dict[str, Measure] = {}
    for record in records:
        texts = {column: str(record[column]) for column in COLUMNS}
        place = f"{DRIVERS} line {record['line']}"
        key = texts["key"]
        if not key.isidentifier() or key != key.lower() or key in drivers or key in measures:
            raise InputError(f"{place} key", key, "must be lower-case words joined by underscores, once")
        if texts["kind"] not in get_args(MeasureKind):
            raise InputError(
                f"{place} kind", texts["kind"], f"must be one of {', '.join(get_args(MeasureKind))}"
            )
        if texts["kind"] == "driver":
            drivers[key] = _driver(texts, place, parameters)
        else:
            measures[key] = _measure(texts, place)
    for driver in drivers.values():
        if driver.price and driver.price not in measures:
            raise InputError(f"{DRIVERS} {driver.key} price", driver.price, "must be a measure of it")
    rows = read_rows(inputs / MARKETS) if any(of_markets) else ()
    markets = {figure: standing_row(stated) for figure, stated in by_figure(rows).items()}
    return DriverBook(parameters, drivers, measures, markets)


def _driver(texts: Mapping[str, str], place: str, parameters: ParameterList) -> Driver:
    moves: dict[str, Formula] = {}
    for move in texts["formula"].split(";"):
        key, equals, formula = move.partition("=")
        key = key.strip()
        if not equals or not parameters.has(key) or key in moves:
            rule = "must be `input = formula of x`, more than one joined by ;, for inputs of the model"
            raise InputError(f"{place} formula", move.strip(), rule)
        moves[key] = read_formula(formula, argument=f"{place} formula")
    start = read_formula(texts["start"], argument=f"{place} start")
    low, high, result = (
        read_formula(texts[column], argument=f"{place} {column}") if texts[column] else None
        for column in ("low", "high", "result")
    )
    return Driver(
        *(texts["key"], texts["label"], texts["unit"], start, low, high, moves, result),
        *(texts["price"], texts["note"]),
    )


def _measure(texts: Mapping[str, str], place: str) -> Measure:
    formula = read_formula(texts["formula"], argument=f"{place} formula")
    kind: MeasureKind = texts["kind"]  # type: ignore[assignment]
    return Measure(texts["key"], kind, texts["label"], texts["unit"], formula, texts["note"])
