"""Figures that an analyst types on the first day, before any source has them: into the tables, with a source.

    fact_form      an empty form of a quarter or a year, one row a figure
    facts_in_form  the rows of a form that are filled in
    facts_in_book  what is typed on Reported and the tables do not have
    add_facts      rows into the table of reported figures, whole or not at all

Their source is "typed by NAME, DATE", until a row of the company's own report takes their place.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from xlwings_addin.core.errors import BookError, InputError
from xlwings_addin.inputs.calendar import calendar_of, is_quarter, is_year
from xlwings_addin.inputs.reported import keys_by_quarter, keys_by_year
from xlwings_addin.inputs.tables import COLUMNS, Row, Tables, period_end, read_rows
from xlwings_addin.inputs.typed import source_of_typed
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import refuse_later_version
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import figure_of, rows_there, stands
from xlwings_addin.xlsx.agreement import disagreement, plain
from xlwings_addin.xlsx.package import read_package, read_values, save

HISTORY = "history.csv"


@dataclass(frozen=True)
class TypedFacts:
    """Figures typed in a workbook: those that the tables lack, and where others differ from the tables'."""

    rows: tuple[Row, ...]
    differing: tuple[str, ...]


def fact_form(tables: Tables, period: str, *, author: str, day: date) -> bytes:
    """A table with a row for every figure of a quarter or a year that the tables do not have yet.

    What is to be filled in is the value; a row that stays empty is no fact. Raises `InputError` for a text
    that is no quarter or year.
    """
    period_end(period)
    if not (is_quarter(period) or is_year(period)):
        raise InputError("period", period, "must be a quarter (2026Q2) or a year (FY2026)")
    keys = (keys_by_quarter if is_quarter(period) else keys_by_year)(tables.company)
    in_order = dict.fromkeys(row.key for row in tables.history if row.key in keys)
    source = source_of_typed(author, day)
    rows = [
        (key, period, "", _unit(tables, key, period), "reported", source, day.isoformat(), "")
        for key in in_order
        if not tables.has(key, period)
    ]
    return _table([COLUMNS, *rows])


def _unit(tables: Tables, key: str, period: str) -> str:
    """The unit of a figure: that of its other quarters, else of its years."""
    rows = [row for row in tables.history if row.key == key]
    like = [row for row in rows if is_quarter(row.period) == is_quarter(period)]
    return (like or rows)[-1].unit


def facts_in_form(path: Path) -> tuple[Row, ...]:
    """The rows of a form with a value. Raises `InputError` as tables do, and for an empty form."""
    rows = tuple(read_rows(path, without_value=True))
    if not rows:
        raise InputError("form", path.name, "has no value filled in", display=path.name)
    return rows


def facts_in_book(path: Path, *, author: str, day: date, folder: Path | None = None) -> TypedFacts:
    """What stands on Reported of a workbook and not in the tables, as rows of them.

    Raises `BookError` for a file that is no workbook of this project, and for a figure that is no number.
    """
    package = read_package(path)
    refuse_later_version(package)
    values = read_values(package)
    pages = pages_of(values)
    context = fitted(load_context(folder), pages).context
    rows = rows_there(pages, context)
    if "reported" not in rows.titles:
        raise BookError(
            "workbook", package.display, "has no sheet of reported figures", display=package.display
        )
    book, tables, source = Book(context, rows), context.tables, source_of_typed(author, day)
    typed, differing = [], []
    for cell in book.cells():
        if cell.entry.kind != "input" or cell.sheet.key != "reported" or not stands(cell, rows):
            continue
        value, (key, period) = values.get(cell.at), figure_of(book, cell)
        place = f"{cell.sheet.title}!{cell.address}"
        if value is None:
            continue
        if not isinstance(value, float):
            raise BookError(place, value, "must be a number or blank")
        if not tables.has(key, period):
            typed.append(_row(key, period, value, cell.unit, source, day))
        elif disagreement(value, plain(tables.row(key, period).number)):
            differing.append(
                f"{place} {key} of {period}: {value:.15g}, {tables.row(key, period).text} in the tables"
            )
    return TypedFacts(tuple(typed), tuple(differing))


def _row(key: str, period: str, value: float, unit: str, source: str, day: date) -> Row:
    text = f"{value:.15g}"
    return Row(key=key, period=period, value=value, text=text, unit=unit, basis="reported",
               source=source, as_of=day, note="", file=HISTORY, line=0)  # fmt: skip


def add_facts(
    folder: Path, tables: Tables, rows: Sequence[Row], *, out: Path | None = None
) -> tuple[Row, ...]:
    """Add rows to the reported figures of a company's folder, or write them to a new table `out`.

    Rows that the tables have already are left out; the others are given. Raises `InputError`, and writes
    nothing, for a figure that the tables state otherwise, a key that they do not have, and a gap between
    reported periods.
    """
    new = [row for row in rows if not _is_there(tables, row)]
    calendar_of((*tables.history, *new), tables.company)
    cells = [_cells(row) for row in new]
    if out is not None:
        if out.exists():
            raise InputError("file", str(out), "is there already", display=str(out))
        save(out, _table([COLUMNS, *cells]))
    elif new:
        path = folder / "inputs" / HISTORY
        former = path.read_bytes()
        save(path, former + (b"" if former.endswith(b"\n") else b"\n") + _table(cells))
    return tuple(new)


def _is_there(tables: Tables, row: Row) -> bool:
    if not any(other.key == row.key for other in tables.history):
        raise InputError("key", row.key, f"is no reported figure of {HISTORY}")
    if not tables.has(row.key, row.period):
        return False
    present = tables.row(row.key, row.period)
    if (present.value, present.unit) != (row.value, row.unit):
        stated = f"{present.text} {present.unit} ({present.place})"
        rule = f"differs from {stated}: change that row, or leave this out"
        raise InputError(f"{row.key} of {row.period}", row.text, rule)
    return True


def _cells(row: Row) -> tuple[str, ...]:
    return (
        *(row.key, row.period, row.text, row.unit, row.basis, row.source),
        *(row.as_of.isoformat(), row.note),
    )


def _table(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
