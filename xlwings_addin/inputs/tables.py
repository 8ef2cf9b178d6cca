"""Tables of numbers with their provenance.

Every number stands in one row of a long table: `key,period,value,unit,basis,source,as_of,note`. Assumptions
and cases have `low,high` after the value.

    key      what is measured, as the model spells it
    period   empty for a scalar, else `FY2024`, `2024Q3` or an ISO date; a year's closing balance has the year
    value    a number; a date or a word where the unit is `date`, `choice` or `text`
    low      with high, the range an assumption may lie in; empty for what is no number or no assumption
    unit     what it is measured in; money states its currency and scale
    basis    reported, derived, lower_bound, guidance, consensus, assumption or unverified
    source   where it was read
    as_of    when it was known: the day a result was announced, a price was paid, an article was printed; the
             day the period ended, or the last one of the month an article's figures point to, if unknown
    note     what a reader should know

Two rows with one key and period confirm each other when value and unit are equal. When they differ they are
a conflict, and the tables load only if exactly one of them is chosen by a note that begins `chosen: ` and
says why.

>>> load_tables().series("free_cash_flow", ["FY2022", "FY2023"]).tolist()
[-10190.0, 35030.0]
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.calendar import Calendar, calendar_of
from xlwings_addin.inputs.company import Company, load_company, packaged_company
from xlwings_addin.inputs.folders import checked_folder as checked_folder
from xlwings_addin.inputs.folders import tables_folder as tables_folder
from xlwings_addin.inputs.folders import unreadable as unreadable
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.renamed import current
from xlwings_addin.inputs.table_text import all_of, decoded, plain_record, table_rows

Basis = Literal["reported", "derived", "lower_bound", "guidance", "consensus", "assumption", "unverified"]
COLUMNS = ("key", "period", "value", "unit", "basis", "source", "as_of", "note")
RANGED_COLUMNS = (*COLUMNS[:3], "low", "high", *COLUMNS[3:])
CHOSEN = "chosen: "
KEY_PATTERN = r"[a-z][a-z0-9_]*"
_ISO_DATE = r"\d{4}-\d{2}-\d{2}"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
"""What XML, and so a workbook, cannot hold or does not show."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_OPERAND = rf"{KEY_PATTERN}(@[0-9A-Z-]+)?"
_PERIOD = re.compile(rf"FY(?P<fiscal>\d{{4}})|(?P<year>\d{{4}})Q(?P<quarter>[1-4])|(?P<day>{_ISO_DATE})")
_RULES = {
    "key": "must be lower-case words joined by underscores",
    "period": "must be empty, a year (FY2024), a quarter (2024Q3) or a date (2024-03-08)",
    "value": "must be a finite number, or a date or word where the unit says so",
    "low": "must be a finite number not above the value, or empty like high",
    "high": "must be a finite number not below the value, or empty like low",
    "unit": "must not be empty",
    "basis": "must be one of reported, derived, lower_bound, guidance, consensus, assumption, unverified",
    "source": "must not be empty",
    "as_of": "must be a date (2024-03-08)",
    "id": "must be lower-case words joined by underscores",
    "claim": "must not be empty",
    "finding": "must not be empty",
    "resolution": "must not be empty",
    "article": "must be the three digits of an article",
    "keys": "must be keys, or key@period, separated by spaces",
}


def _iso_date(text: str) -> date:
    if not re.fullmatch(_ISO_DATE, text):
        raise ValueError("not an ISO date")
    return date.fromisoformat(text)


def _period(text: str) -> str:
    if text:
        period_end(text)
    return text


def _finite(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("not a finite number")
    return float(text)


def _typed_value(text: str, unit: object) -> float | str | date:
    if not text.strip():
        raise ValueError("empty")
    if unit == "date":
        return _iso_date(text)
    return text if unit in ("text", "choice") else _finite(text)


def _low(text: str, value: object) -> float | None:
    if not text:
        return None
    bound = _finite(text)
    if not isinstance(value, float) or bound > value:
        raise ValueError("above the value, or around what is no number")
    return bound


def _high(text: str, value: object, low: object) -> float | None:
    """The upper end of the range around a value: it is there only if the lower one is."""
    if (not text) != (low is None):
        raise ValueError("a range with one end")
    if not text:
        return None
    bound = _finite(text)
    if not isinstance(value, float) or bound < value:
        raise ValueError("below the value")
    return bound


def _matching(pattern: str) -> Callable[[str], str]:
    """A reader of text that the whole of a pattern matches."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.DOTALL):
            raise ValueError("not of the pattern")
        return text

    return read


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of a table, with where it comes from and where it stands."""

    key: str
    period: str
    unit: str
    value: float | str | date
    text: str
    low: float | None = None
    high: float | None = None
    basis: Basis
    source: str
    as_of: date
    note: str
    file: str
    line: int
    former_key: str = ""
    """The key the row has in its file, where that has been renamed."""
    stands_in: bool = False  # for a row that the tables leave out

    @property
    def place(self) -> str:
        """File and line, as messages name them; of what stands in no line the file, or a cell, alone."""
        return f"{self.file} line {self.line}" if self.line else self.file

    @property
    def number(self) -> float:
        """The value, where it is a number; `InputError` otherwise."""
        if not isinstance(self.value, float):
            raise InputError(f"{self.place} {self.key}", self.text, "must be a number")
        return self.value

    @property
    def decimals(self) -> int:
        """Digits printed after the decimal point: the precision a printed figure can be matched at."""
        return len(self.text.partition(".")[2])

    @property
    def chosen(self) -> bool:
        """Whether the note marks this row as the one to use in a conflict."""
        return self.note.startswith(CHOSEN)


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """Something in the articles that does not add up: what is claimed, what is found, how it is resolved.

    `keys` are the rows involved, `key` or `key@period`, in the order the check of that name in `lint` takes
    them; none where the oddity cannot be computed.
    """

    id: str
    article: str
    claim: str
    finding: str
    resolution: str
    keys: str
    file: str
    line: int

    @property
    def operands(self) -> tuple[tuple[str, str], ...]:
        """Key and period of the rows involved."""
        return tuple(
            (key, period) for key, _, period in (operand.partition("@") for operand in self.keys.split())
        )


ODDITY_COLUMNS = ("id", "article", "claim", "finding", "resolution", "keys")
_name, _filled = _matching(KEY_PATTERN), _matching(r".*\S.*")
_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "key": _name,
    "period": _period,
    "unit": _filled,
    "basis": _matching("|".join(get_args(Basis))),
    "source": _filled,
    "as_of": _iso_date,
    "id": _name,
    "article": _matching(r"\d{3}"),
    "claim": _filled,
    "finding": _filled,
    "resolution": _filled,
    "keys": _matching(rf"({_OPERAND}( {_OPERAND})*)?"),
}
"""What reads the text of a column by itself; a column that is not named here stays as it is."""
_ORDER: Final = ("key", "period", "unit", "value", "low", "high", "basis", "source", "as_of")
_CHECKED: Final = (*_ORDER, *ODDITY_COLUMNS)
"""The columns in the order that they are read in: a value needs its unit, a range its value."""
_Record = TypeVar("_Record", Row, Oddity)


@dataclass(frozen=True)
class Tables:
    """The tables as loaded; `row`, `series` and `periods` read the rows that stand after conflicts."""

    history: tuple[Row, ...]
    articles: tuple[Row, ...]
    assumptions: tuple[Row, ...]
    oddities: tuple[Oddity, ...]
    company: Company = field(default_factory=packaged_company)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, conflicting and confirming ones included."""
        return self.history + self.articles + self.assumptions

    @cached_property
    def figures(self) -> Mapping[tuple[str, str], tuple[Row, ...]]:
        """All rows that state each figure, by key and period."""
        return by_figure(self.rows)

    @cached_property
    def calendar(self) -> Calendar:
        """Which years and quarters there are; `InputError` for a reported period without its neighbour."""
        return calendar_of(self.history, self.company)

    @cached_property
    def _standing(self) -> Mapping[tuple[str, str], Row]:
        return {figure: standing_row(rows) for figure, rows in self.figures.items()}

    @cached_property
    def worked_out(self) -> dict[object, Any]:
        """Room for what other modules have worked out of these figures, which never change."""
        return {}

    def replace(self, figures: Mapping[tuple[str, str], float | None]) -> Tables:
        """A copy in which figures of the history, by key and period, are others; None leaves one out.

        A changed figure has basis `assumption` and names the caller as its source. A new period takes its
        unit from the key's first row; a key without any is an `InputError`.
        """
        kept = tuple(row for row in self.history if (row.key, row.period) not in figures)
        changed = tuple(
            changed_row(self.row(*figure), value)
            if self.has(*figure)
            else changed_row(self._first_row(figure[0]), value, period=figure[1])
            for figure, value in figures.items()
            if value is not None
        )
        return replace(self, history=kept + changed)

    def _first_row(self, key: str) -> Row:
        return self.row(key, next(iter(self.periods(key)), ""))

    def row(self, key: str, period: str = "") -> Row:
        """The row that stands for `key` in `period`.

        Raises `InputError` that says which periods there are, or that the key has no row at all.
        """
        try:
            return self._standing[key, period]
        except KeyError:
            raise self._absent(key, period) from None

    def _absent(self, key: str, period: str) -> InputError:
        periods = self.periods(key)
        if not periods and not self.has(key):
            return InputError("key", key, "has no row in history.csv, articles.csv or assumptions.csv")
        have = f"{periods[0]} to {periods[-1]}" if periods else "it without a period"
        rule = f"is not in the tables (they have {have})"
        return InputError(key, period, rule, display=period or "without a period")

    def has(self, key: str, period: str = "") -> bool:
        """Whether the tables hold `key` in `period`."""
        return (key, period) in self._standing

    def periods(self, key: str) -> tuple[str, ...]:
        """The periods `key` has values for, in order of their ends; none for a scalar or an unknown key."""
        periods = self._periods.get(key, ())
        if isinstance(periods, list):
            periods = self._periods[key] = tuple(sorted(periods, key=lambda one: (period_end(one), one)))
        return periods

    @cached_property
    def _periods(self) -> dict[str, list[str] | tuple[str, ...]]:
        """The periods of each key; in order, as a tuple, once somebody has asked for them."""
        periods: dict[str, list[str]] = {}
        for name, period in self._standing:
            if period:
                periods.setdefault(name, []).append(period)
        return dict(periods)

    def series(
        self, key: str, periods: Sequence[str], *, default: float | None = None
    ) -> NDArray[np.float64]:
        """Values of `key`, one for each of `periods`.

        A period without a row takes `default`; without a default it is an `InputError`.
        """
        values = [
            default if default is not None and not self.has(key, period) else self.row(key, period).number
            for period in periods
        ]
        return np.array(values, dtype=float)


def load_tables(folder: Path | None = None) -> Tables:
    """Read a company's record and its `inputs/*.csv`.

    Raises `InputError` naming file, line, column, value and rule, or the folder or file that cannot be read.
    """
    inputs = checked_folder(folder) / "inputs"
    company = load_company(folder)
    tables = Tables(
        history=read_rows(inputs / "history.csv"),
        articles=read_rows(inputs / "articles.csv"),
        assumptions=read_ranged_rows(inputs / "assumptions.csv"),
        oddities=_read(inputs / "oddities.csv", ODDITY_COLUMNS, Oddity),
        company=company,
    )
    for rows in tables.figures.values():
        standing_row(rows)
    _ = tables.calendar  # a gap between reported periods is refused here
    return tables


@lru_cache(maxsize=4096)
def period_end(period: str) -> date:
    """The last day of a period.

    >>> period_end("FY2024"), period_end("2024Q1"), period_end("2024-03-08")
    (datetime.date(2024, 12, 31), datetime.date(2024, 3, 31), datetime.date(2024, 3, 8))
    """
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise InputError("period", period, _RULES["period"])
    if match["day"]:
        return date.fromisoformat(match["day"])
    if match["fiscal"]:
        return date(int(match["fiscal"]), 12, 31)
    first_month_after = 3 * int(match["quarter"]) % 12 + 1
    year = int(match["year"]) + (first_month_after == 1)
    return date(year, first_month_after, 1) - timedelta(days=1)


def same_figure(rows: Iterable[Row]) -> bool:
    """Whether rows that state one figure confirm each other: equal value, equal unit."""
    return len({(row.value, row.unit) for row in rows}) == 1


def read_rows(path: Path, *, without_value: bool = False) -> tuple[Row, ...]:
    """The rows of a table; with `without_value` those without a value, as forms have, are left out."""
    return _read(path, COLUMNS, Row, without_value=without_value)


def read_ranged_rows(path: Path) -> tuple[Row, ...]:
    """Rows with `low` and `high`: assumptions and cases."""
    return _read(path, RANGED_COLUMNS, Row)


def _read(
    path: Path, columns: tuple[str, ...], kind: Callable[..., _Record], *, without_value: bool = False
) -> tuple[_Record, ...]:
    rows, errors = [], []
    for record in records_of(path, columns):
        if without_value and not record["value"]:
            continue
        try:
            rows.append(kind(**_cells(record)))
        except InputError as error:
            errors.append(error)
    if errors:
        raise all_of(errors)
    return tuple(rows)


def _cells(record: Mapping[str, str | int]) -> dict[str, object]:
    """A record with every text read; `InputError` names the first column that breaks its rule."""
    cells: dict[str, object] = dict(record)
    for column in _CHECKED:
        if column in record:
            try:
                cells[column] = _cell(column, str(record[column]), cells)
            except ValueError:
                place = f"{record['file']} line {record['line']} {column}"
                raise InputError(place, record[column], _RULES[column]) from None
    return cells


def _cell(column: str, text: str, cells: Mapping[str, object]) -> object:
    if column == "value":
        return _typed_value(text, cells["unit"])
    if column == "low":
        return _low(text, cells["value"])
    if column == "high":
        return _high(text, cells["value"], cells["low"])
    return _READERS[column](text)


def records_of(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str | int]]:
    """The rows of a CSV file as dictionaries with `file` and `line`, and `text` beside a value.

    Raises `InputError` naming file and line for what is no table with these columns.
    """
    try:
        text = decoded(path.read_bytes(), path.name)
        for line, cells, separator in table_rows(text, columns, path.name):
            place = f"{path.name} line {line}"
            if control := next((cell for cell in cells if _CONTROL.search(cell)), None):
                raise InputError(
                    place, control, "must have no control characters", display=ascii(control[:80])
                )
            if len(cells) != len(columns):
                raise InputError(place, len(cells), f"columns must be {len(columns)}")
            plain = plain_record(dict(zip(columns, cells, strict=True)), separator)
            record: dict[str, str | int] = {**plain}
            if "value" in record:
                record["text"] = record["value"]
            yield {**record, **_renamed(record), "file": path.name, "line": line}
    except FileNotFoundError:
        raise InputError("table", path.name, f"is not in {path.parent.name}/") from None
    except OSError as error:
        raise unreadable("file", path, error) from None
    except csv.Error as error:
        raise InputError("table", path.name, f"must be a CSV file: {error}") from None


def _renamed(record: Mapping[str, str | int]) -> dict[str, str]:
    """The present keys of a record, and the one it has where that has been renamed since."""
    if "keys" in record:
        operands = (operand.partition("@") for operand in str(record["keys"]).split(" "))
        return {"keys": " ".join(f"{current('key', key)}{at}{period}" for key, at, period in operands)}
    key = str(record["key"])
    return {"key": current("key", key), "former_key": key} if current("key", key) != key else {}


def by_figure(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[Row, ...]]:
    figures: dict[tuple[str, str], tuple[Row, ...]] = {}
    for row in rows:
        figures[row.key, row.period] = (*figures.get((row.key, row.period), ()), row)
    return figures


def standing_row(rows: tuple[Row, ...]) -> Row:
    """The row to use among those that state one figure; `InputError` where a conflict is not resolved."""
    chosen = [row for row in rows if row.chosen]
    if len(chosen) == 1:
        return chosen[0]
    if same_figure(rows):
        return rows[0]
    figure = f"{rows[0].key} {rows[0].period}".strip()
    rivals = " and ".join(f"{row.text} {row.unit} ({row.place})" for row in rows)
    raise InputError(
        figure, rows, f"disagree: mark the note of exactly one with '{CHOSEN}<reason>'", display=rivals
    )


def changed_row(row: Row, value: Value, *, period: str | None = None) -> Row:
    return replace(
        row,
        period=row.period if period is None else period,
        value=value if isinstance(value, str | date) else float(value),
        text=str(value),
        low=None,
        high=None,
        basis="assumption",
        source="changed by the caller",
        note=f"was {row.text} ({row.place})",
    )
