"""Tables of numbers with their provenance.

Every number stands in one row of a long table: `key,period,value,unit,basis,source,as_of,note`. Assumptions
and cases have `low,high` after the value.

    key      what is measured, as the model spells it
    period   empty for a scalar, else `FY2024`, `2024Q3` or an ISO date; a year's closing balance has the year
    value    a number; a date or a word where the unit is `date`, `choice` or `text`
    low      with high, the range an assumption may lie in; empty for what is no number or no assumption
    unit     what it is measured in; money states its currency and scale
    basis    reported, derived, guidance, consensus, assumption or unverified
    source   where it was read
    as_of    when it was known: the day a result was announced, a price was paid, an article was printed.
             Where that day is not known, the day the period ended; for an undated article the last day of
             the month its own figures point to
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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from xlwings_addin.core.errors import InputError
from xlwings_addin.model.parameter import Value

Basis = Literal["reported", "derived", "guidance", "consensus", "assumption", "unverified"]
COLUMNS = ("key", "period", "value", "unit", "basis", "source", "as_of", "note")
RANGED_COLUMNS = (*COLUMNS[:3], "low", "high", *COLUMNS[3:])
CHOSEN = "chosen: "
KEY_PATTERN = r"[a-z][a-z0-9_]*"
_ISO_DATE = r"\d{4}-\d{2}-\d{2}"
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
    "basis": "must be one of reported, derived, guidance, consensus, assumption, unverified",
    "source": "must not be empty",
    "as_of": "must be a date (2024-03-08)",
    "id": "must be lower-case words joined by underscores",
    "claim": "must not be empty",
    "finding": "must not be empty",
    "resolution": "must not be empty",
    "article": "must be the three digits of an article",
    "keys": "must be keys, or key@period, separated by spaces",
}


def _iso_date(text: object) -> date:
    if not isinstance(text, str) or not re.fullmatch(_ISO_DATE, text):
        raise ValueError("not an ISO date")
    return date.fromisoformat(text)


def _known_period(text: str) -> str:
    if text:
        period_end(text)
    return text


def _typed_value(text: object, info: ValidationInfo) -> float | str | date:
    unit = info.data.get("unit")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("empty")
    if unit == "date":
        return _iso_date(text)
    return text if unit in ("text", "choice") else _finite(text)


def _finite(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("not a finite number")
    return float(text)


def _bound(text: object, info: ValidationInfo) -> float | None:
    """One end of the range around a value: on its side of it, and there only if the other one is."""
    if not isinstance(text, str) or not text:
        if info.field_name == "high" and info.data.get("low") is not None:
            raise ValueError("a range with one end")
        return None
    bound, value = _finite(text), info.data.get("value")
    if not isinstance(value, float):
        raise ValueError("a range around what is no number")
    if info.field_name == "low" and bound > value:
        raise ValueError("above the value")
    if info.field_name == "high" and (bound < value or info.data.get("low") is None):
        raise ValueError("below the value, or a range with one end")
    return bound


Name = Annotated[str, Field(pattern=rf"^{KEY_PATTERN}$")]
Text = Annotated[str, Field(pattern=r"\S")]
Day = Annotated[date, BeforeValidator(_iso_date)]


class Row(BaseModel):
    """One number of a table, with where it comes from and where it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    key: Name
    period: Annotated[str, BeforeValidator(_known_period)]
    unit: Text
    value: Annotated[float | str | date, BeforeValidator(_typed_value)]
    text: str
    low: Annotated[float | None, BeforeValidator(_bound)] = None
    high: Annotated[float | None, BeforeValidator(_bound)] = Field(default=None, validate_default=True)
    basis: Basis
    source: Text
    as_of: Day
    note: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """File and line, as messages name them."""
        return f"{self.file} line {self.line}"

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


class Oddity(BaseModel):
    """Something in the articles that does not add up: what is claimed, what is found, how it is resolved.

    `keys` are the rows involved, `key` or `key@period`, in the order the check of that name in `lint` takes
    them; none where the oddity cannot be computed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: Name
    article: Annotated[str, Field(pattern=r"^\d{3}$")]
    claim: Text
    finding: Text
    resolution: Text
    keys: Annotated[str, Field(pattern=rf"^({_OPERAND}( {_OPERAND})*)?$")]
    file: str
    line: int

    @property
    def operands(self) -> tuple[tuple[str, str], ...]:
        """Key and period of the rows involved."""
        return tuple((key, period) for key, _, period in (each.partition("@") for each in self.keys.split()))


ODDITY_COLUMNS = ("id", "article", "claim", "finding", "resolution", "keys")
_ROWS = TypeAdapter(list[Row])
_ODDITIES = TypeAdapter(list[Oddity])
_Record = TypeVar("_Record", Row, Oddity)


@dataclass(frozen=True)
class Tables:
    """The tables as loaded; `row`, `series` and `periods` read the rows that stand after conflicts."""

    history: tuple[Row, ...]
    articles: tuple[Row, ...]
    assumptions: tuple[Row, ...]
    oddities: tuple[Oddity, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, conflicting and confirming ones included."""
        return self.history + self.articles + self.assumptions

    @cached_property
    def figures(self) -> Mapping[tuple[str, str], tuple[Row, ...]]:
        """All rows that state each figure, by key and period."""
        return by_figure(self.rows)

    @cached_property
    def _standing(self) -> Mapping[tuple[str, str], Row]:
        return {figure: standing_row(rows) for figure, rows in self.figures.items()}

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
        return InputError(key, period, rule, shown=period or "without a period")

    def has(self, key: str, period: str = "") -> bool:
        """Whether the tables hold `key` in `period`."""
        return (key, period) in self._standing

    def periods(self, key: str) -> tuple[str, ...]:
        """The periods `key` has values for, in order of their ends; none for a scalar or an unknown key."""
        found = (period for name, period in self._standing if name == key and period)
        return tuple(sorted(found, key=lambda period: (period_end(period), period)))

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


def tables_folder() -> Path:
    """Where the tables are: beside the installed package, or `workbook/` of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "tables"
    return installed if installed.is_dir() else package.parent / "workbook"


def load_tables(folder: Path | None = None) -> Tables:
    """Read `inputs/*.csv`.

    Raises `InputError` naming file, line, column, value and rule, or the folder or file that cannot be read.
    """
    inputs = checked_folder(folder) / "inputs"
    tables = Tables(
        history=read_rows(inputs / "history.csv"),
        articles=read_rows(inputs / "articles.csv"),
        assumptions=read_ranged_rows(inputs / "assumptions.csv"),
        oddities=_read(inputs / "oddities.csv", ODDITY_COLUMNS, _ODDITIES),
    )
    for rows in tables.figures.values():
        standing_row(rows)
    return tables


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


def checked_folder(folder: Path | None) -> Path:
    """The folder of the tables, the project's own by default; `InputError` where a part of it is missing."""
    folder = folder or tables_folder()
    try:
        complete = all((folder / part).is_dir() for part in ("inputs", "cases"))
    except OSError as error:
        raise unreadable("folder", folder, error) from None
    if not complete:
        raise InputError("folder", str(folder), "must be a folder with inputs/ and cases/")
    return folder


def unreadable(argument: str, path: Path, error: OSError) -> InputError:
    rule = f"must be a {argument} that can be read: {error.strerror or error}"
    return InputError(argument, str(path), rule)


def read_rows(path: Path) -> tuple[Row, ...]:
    return _read(path, COLUMNS, _ROWS)


def read_ranged_rows(path: Path) -> tuple[Row, ...]:
    """Rows with `low` and `high`: assumptions and cases."""
    return _read(path, RANGED_COLUMNS, _ROWS)


def _read(path: Path, columns: tuple[str, ...], adapter: TypeAdapter[list[_Record]]) -> tuple[_Record, ...]:
    records = list(_records(path, columns))
    try:
        return tuple(adapter.validate_python(records))
    except ValidationError as error:
        position, column = error.errors()[0]["loc"][:2]
        record = records[int(position)]
        place = f"{path.name} line {record['line']} {column}"
        raise InputError(place, record[str(column)], _RULES[str(column)]) from None


def _records(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str | int]]:
    """The rows of a CSV file as dictionaries with `file` and `line`, and `text` beside a value."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = tuple(next(reader, ()))
            if header != columns:
                rule = f"must be {','.join(columns)}"
                raise InputError(f"{path.name} line 1 header", ",".join(header), rule)
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(columns):
                    place = f"{path.name} line {reader.line_num}"
                    raise InputError(place, len(cells), f"columns must be {len(columns)}")
                record: dict[str, str | int] = dict(zip(columns, cells, strict=True))
                if "value" in record:
                    record["text"] = record["value"]
                yield {**record, "file": path.name, "line": reader.line_num}
    except FileNotFoundError:
        raise InputError("table", path.name, f"is not in {path.parent.name}/") from None
    except OSError as error:
        raise unreadable("file", path, error) from None
    except UnicodeDecodeError:
        raise InputError("table", path.name, "must be UTF-8 text") from None
    except csv.Error as error:
        raise InputError("table", path.name, f"must be a CSV file: {error}") from None


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
    shown = " and ".join(f"{row.text} {row.unit} ({row.place})" for row in rows)
    raise InputError(
        figure, rows, f"disagree: mark the note of exactly one with '{CHOSEN}<reason>'", shown=shown
    )


def changed_row(row: Row, value: Value, *, period: str | None = None) -> Row:
    return row.model_copy(
        update={
            "period": row.period if period is None else period,
            "value": value if isinstance(value, str | date) else float(value),
            "text": str(value),
            "low": None,
            "high": None,
            "basis": "assumption",
            "source": "changed by the caller",
            "note": f"was {row.text} ({row.place})",
        }
    )
