"""Workbooks whose cases and columns are not those of the tables: found by heading, never by position."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from xlwings_addin.core.errors import BookError
from xlwings_addin.inputs.tables import RANGED_COLUMNS
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import Pages, pages_of
from xlwings_addin.xlsx.package import read_package, read_values

ADDED = "assumption,a source,2025-11-19,a reason"


def write_case(folder: Path, name: str, *rows: str) -> None:
    lines = (",".join(RANGED_COLUMNS), *rows)
    (folder / "cases" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def columns_of(path: Path, folder: Path) -> tuple[str, ...]:
    return fitted(load_context(folder), pages_of(read_values(read_package(path)))).context.cases


def test_a_case_that_the_tables_gained_moves_no_other(book_file: Path, tables: Path) -> None:
    """`bass` comes between base and bear in the tables; the workbook has no column for it."""
    write_case(tables, "bass", f"extends,,base,,,choice,{ADDED}", f"tax_rate,,0.2,0,0.3,ratio,{ADDED}")
    assert columns_of(book_file, tables) == (
        "house_2026", "base", "bear", "bull", "house_2026_bear", "house_2026_bull",
        "march_2024_replica", "march_2024_strict",
    )  # fmt: skip
    report = xa.check(book_file, folder=tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert [finding.message[:9] for finding in report.findings if finding.kind == "missing column"] == [
        "case bass"
    ]
    done = xa.refresh(book_file, folder=tables)
    assert "case bass has no column" in done.plan.unplaced
    assert not done.plan.updated
    assert not done.plan.overrides


def test_a_case_that_the_tables_lost_is_the_workbook_s_own(book_file: Path, tables: Path) -> None:
    write_case(tables, "bass", f"extends,,base,,,choice,{ADDED}", f"tax_rate,,0.2,0,0.3,ratio,{ADDED}")
    book = xa.build(tables / "book.xlsx", folder=tables)
    assert columns_of(book, tables)[:3] == ("house_2026", "base", "bass")
    (tables / "cases" / "bass.csv").unlink()
    assert columns_of(book, tables)[:3] == ("house_2026", "base", "bass")
    report = xa.check(book, folder=tables, second_opinion="skip")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    own = [finding.message for finding in report.findings if finding.case == "bass"]
    assert "stands in the workbook and not in the tables: it is not compared" in own
    done = xa.refresh(book, folder=tables)
    assert not done.plan.updated


def test_a_case_whose_heading_stands_twice_is_named(book_file: Path, tables: Path) -> None:
    workbook = load_workbook(book_file)
    _, address = Book(load_context()).at("{inputs.case_name:cases[4]}")
    workbook["Inputs"][address] = "bear"
    workbook.save(book_file)
    with pytest.raises(BookError) as caught:
        columns_of(book_file, tables)
    assert str(caught.value) == "Inputs!H6 'bear' must head one column, and G6 has it too"


def test_columns_stand_where_their_headings_do(book_file: Path, tables: Path) -> None:
    """As if a column of the analyst's own stood before the cases: what is right of it has moved."""
    pages = pages_of(read_values(read_package(book_file)))
    workbook = load_workbook(book_file, data_only=True)
    workbook["Inputs"].insert_cols(5)
    moved = {
        f"{cell.coordinate}": cell.value
        for row in workbook["Inputs"].iter_rows()
        for cell in row
        if cell.value is not None
    }
    fit = fitted(
        load_context(tables), Pages(lambda title: moved if title == "Inputs" else pages[title].cells)
    )
    book = Book(fit.context)
    assert book.at("{inputs.tax_rate:cases[1]}")[1].startswith("F")
    assert book.at("{inputs.tax_rate:live}")[1].startswith("D")
    assert book.at("{inputs.tax_rate:basis}")[1].startswith("N")
    row = book.at("{inputs.tax_rate:cases[1]}")[1][1:]
    bear = next(
        cell
        for cell in book.cells()
        if cell.line is not None and cell.line.key == "tax_rate" and cell.follows and cell.index == 2
    )
    assert (bear.address, book.formula(bear)) == (f"H{row}", f"=$G{row}")
