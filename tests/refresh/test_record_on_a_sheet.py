"""A file whose last refresh was in a program that keeps the record on a sheet: the newer record counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.layout.new_sheet import with_new_sheet
from xlwings_addin.layout.record_sheet import RECORD_SHEET, cells_with, state_on
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import State, read_state
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.package import read_package

TAX = "inputs.tax_rate.cases.base"


@pytest.fixture
def folder(other_tables: Path) -> Path:
    """The tables with a tax rate of 17%; the workbook was built with 15%."""
    return other_tables


def of_the_sheet(path: Path) -> State | None:
    return state_on(cell_contents(read_package(path))[RECORD_SHEET], name="")


@pytest.mark.parametrize(
    ("written", "updated"), [("2999-01-01T00:00:00+00:00", True), ("1999-01-01T00:00:00+00:00", False)]
)
def test_a_file_goes_by_the_newer_of_part_and_sheet_and_both_are_kept(
    book_file: Path, folder: Path, written: str, updated: bool
) -> None:
    """The sheet says that a refresh in another program wrote 20%: that, or what an analyst typed."""
    places = Book(load_context())
    base = places.context.cases.index("base") + 1
    type_into(book_file, {places.at(f"{{inputs.tax_rate:cases[{base}]}}"): 0.2})
    built = read_state(read_package(book_file))
    assert built is not None
    assert built.values[TAX] == 0.15
    elsewhere = replace(built, written=written, values={**built.values, TAX: 0.2})
    cells = {address: text for (_, address), text in cells_with(elsewhere, {}).items()}
    book_file.write_bytes(
        with_new_sheet(
            book_file.read_bytes(),
            RECORD_SHEET,
            lambda sheet: [sheet.cell(int(address[1:]), 1, str(text)) for address, text in cells.items()],
        )
    )
    assert of_the_sheet(book_file) == elsewhere
    done = refresh_file(book_file, folder)
    keys = [{change.key for change in changes} for changes in (done.plan.updated, done.plan.overrides)]
    assert ["tax_rate" in names for names in keys] == [updated, not updated]
    kept = read_state(read_package(book_file))
    assert kept is not None
    assert kept.values[TAX] == (0.17 if updated else 0.15)
    assert of_the_sheet(book_file) == kept
