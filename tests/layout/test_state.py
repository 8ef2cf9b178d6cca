"""The record that a build or a refresh leaves in a workbook."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import xlwings_addin as xa
from tests.refresh.refreshing import refresh_file
from xlwings_addin.core.errors import BookError
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import (
    FORMAT,
    PART,
    Arrival,
    State,
    in_present_format,
    name_of,
    read_state,
    refuse_later_version,
    state_from_text,
    state_text,
)
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets.spec import SourceRows
from xlwings_addin.xlsx.package import read_package, write_values

FORMAT_1 = {
    "arrivals": {"inputs.tax_rate.cases.1": ["Enterprise Income Tax Law", "2025-11-19", "2026-01-01"]},
    "format": 1,
    "texts": {"sources.raw_beta__base.remark.0": 7},
    "values": {"inputs.tax_rate.cases.0": 0.15, "reported.revenue.periods.6": 270970.1, "gone.line.x.0": 1.0},
    "version": "0.1.0",
    "written": "2025-11-19T00:00:00+00:00",
}
"""What the first release kept: cells of several in a row by their position."""
CASES_OF_FORMAT_1 = ("base", "bear", "bull", "march_2024_replica", "march_2024_strict")
"""The columns of Inputs as that release had them."""


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


def test_cells_are_named_by_case_and_period_and_no_two_alike(book: Book) -> None:
    cells = [cell for cell in book.cells() if cell.line is not None and cell.entry.kind in ("input", "text")]
    names = {name_of(book, cell) for cell in cells}
    assert len(names) == len(cells) > 1000
    assert {"inputs.tax_rate.cases.bear", "cover.selected_case.constant"} <= names


def test_a_cell_below_a_heading_by_formula_is_named_by_its_place(book: Book) -> None:
    cells = [cell for cell in book.cells() if cell.sheet.key == "summary" and cell.entry.kind == "text"]
    names = [name_of(book, cell) for cell in cells]
    assert names[:4] == [*(f"summary.offset.actual.{n}" for n in range(3)), "summary.offset.model.0"]


def test_a_record_of_format_1_is_read_by_the_columns_it_was_written_under() -> None:
    context = load_context()
    results = {case: context.results[case] for case in CASES_OF_FORMAT_1}
    by_case = SourceRows(by_case=True)
    book = Book(replace(context, results=results, source_rows=by_case))
    state = in_present_format(state_from_text(json.dumps(FORMAT_1), name="book"), book)
    assert state.format == FORMAT
    periods = book.sheets["reported"].lines["revenue"][0].columns["periods"].headings
    assert dict(state.values) == {
        "inputs.tax_rate.cases.base": 0.15,
        f"reported.revenue.periods.{periods[6]}": 270970.1,
    }
    assert dict(state.texts) == {"sources.raw_beta__base.remark": 7}
    assert state.arrivals["inputs.tax_rate.cases.bear"].source == "Enterprise Income Tax Law"


def test_a_workbook_with_a_record_of_format_1_is_refreshed_as_one_of_format_2(
    delivered_at_base: Path, tmp_path: Path, tables: Path, book: Book
) -> None:
    book_file = Path(shutil.copy(delivered_at_base, tmp_path))
    present = read_state(read_package(book_file))
    assert present is not None
    old = {
        f"{cell.sheet.key}.{cell.line.key}.{cell.group}.{cell.index}": name_of(book, cell)
        for cell in book.cells()
        if cell.line is not None and name_of(book, cell) in {**present.values, **present.texts}
    }
    record = {
        "version": "0.1.0",
        "written": present.written,
        "format": 1,
        "arrivals": {},
        "values": {name: present.values[new] for name, new in old.items() if new in present.values},
        "texts": {name: present.texts[new] for name, new in old.items() if new in present.texts},
    }
    text = f'<state xmlns="urn:xiaomi-model:state">{json.dumps(record)}</state>'.encode()
    book_file.write_bytes(read_package(book_file).with_parts({PART: text}))
    own = book.at(f"{{inputs.tax_rate:cases[{book.context.cases.index('base') + 1}]}}")
    book_file.write_bytes(write_values(book_file, {own: 0.2}, only_formulas=False))
    xa.recalculate(book_file, out=book_file, stored_values_are_old=True)
    assumptions = tables / "inputs" / "assumptions.csv"
    assumptions.write_text(assumptions.read_text().replace("price_hkd,,38.86,", "price_hkd,,40,"))
    done = refresh_file(book_file, tables)
    assert {change.key for change in done.plan.updated} == {"price_hkd"}
    assert [(change.case, change.after) for change in done.plan.overrides] == [("base", 0.2)]
    state = read_state(read_package(book_file))
    assert state is not None
    assert (state.format, state.values["inputs.price_hkd.cases.base"]) == (FORMAT, 40.0)


def test_a_state_is_read_as_it_was_written() -> None:
    state = State(
        "1.0", "today", {"a.b.c": 1.5, "a.b.d": None}, {"a.b.e": 3}, {"a.b.c": Arrival("x", "y", "z")}
    )
    assert state_from_text(state_text(state), name="book") == state


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version":"1"}', '{"format":3,"arrivals":{"a":[1]}}', "7"])
def test_a_damaged_record_is_called_damaged(text: str) -> None:
    with pytest.raises(
        BookError, match=r"book book\.xlsx cannot be refreshed: its refresh record is damaged"
    ):
        state_from_text(text, name="book.xlsx")


def test_a_later_version_is_refused_by_name_before_anything_is_compared(book_file: Path) -> None:
    package = read_package(book_file)
    data = package.parts[PART].replace(b'"format":%d' % FORMAT, b'"format":%d,"unheard_of":{}' % (FORMAT + 1))
    book_file.write_bytes(package.with_parts({PART: data}))
    with pytest.raises(BookError, match=r"was written by a later version of this project, 0\.1"):
        refuse_later_version(read_package(book_file))
    with pytest.raises(BookError, match=r"was written by a later version of this project, 0\.1"):
        check(book_file, functions={})
