"""A vehicle business that just breaks even, at the ends of what is allowed, is built and certified.

A ceiling of the gross margin of 18%, overhead of 10% and research of 8%: what is left of a profit after the
fade is the rounding of figures 1e15 times as large.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.build import proven_values
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.report import Finding
from xlwings_addin.xlsx.agreement import plain
from xlwings_addin.xlsx.package import CellKey, CellValue, Package, read_package, read_values, write_values
from xlwings_addin.xlsx.relinking import with_formulas

CASE = (
    "key,period,value,low,high,unit,basis,source,as_of,note\n"
    "extends,,base,,,choice,assumption,test,2025-11-19,\n"
    "probability,,0,,,ratio,assumption,test,2025-11-19,not weighted\n"
    "vehicle_gross_margin_ceiling,,0.18,,,ratio,assumption,test,2025-11-19,the lowest that is allowed\n"
    "vehicle_overhead_ratio_end,,0.1,,,ratio,assumption,test,2025-11-19,the highest\n"
    "vehicle_research_ratio_end,,0.08,,,ratio,assumption,test,2025-11-19,the highest\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's tables with the view of 2025-11-19 alone, and a case that breaks even."""
    copy = tmp_path_factory.mktemp("tables")
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, copy / part)
    for pattern in ("house_2026*.csv", "event_*.csv"):
        for file in (copy / "cases").glob(pattern):
            file.unlink()
    (copy / "cases" / "break_even.csv").write_text(CASE, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def built(folder: Path) -> Path:
    return xa.build(folder / "book.xlsx", case="break_even", folder=folder)


@pytest.fixture(scope="module")
def book(folder: Path) -> Book:
    context = load_context(folder)
    return Book(replace(context, made=context.results["break_even"]))  # the case the book is built for


def profits(book: Book) -> dict[CellKey, float]:
    """The core's operating profit of vehicles by year."""
    results = book.context.results["break_even"]
    return {
        cell.at: float(str(plain(book.expected(cell, results))))
        for cell in book.cells()
        if cell.sheet.key == "vehicle_units" and cell.line is not None and cell.line.key == "ebit"
    }


def failures(path: Path, folder: Path) -> list[Finding]:
    report = check(path, functions=callbacks(), folder=folder, second_opinion="skip")
    return [finding for finding in report.findings if finding.severity == "failure"]


def test_the_case_breaks_even_but_for_rounding(book: Book) -> None:
    left = [abs(profit) for profit in profits(book).values() if 0 < abs(profit) < 1e-6]
    assert left, "the core leaves a rest in some year; else this book proves nothing"


@pytest.mark.slow
def test_the_book_is_certified_and_a_second_engine_agrees(built: Path, folder: Path) -> None:
    report = xa.check(built, folder=folder, second_opinion="ironcalc")
    assert report.ok, [finding for finding in report.findings if finding.severity == "failure"]
    assert report.second_comparisons > 20_000


def test_rests_that_another_program_has_stored_are_no_damage(
    built: Path, folder: Path, book: Book, tmp_path: Path
) -> None:
    """The core's rests stand where Excel might have its own, with all that hangs on them calculated so."""
    rests = {at: value for at, value in profits(book).items() if 0 < abs(value) < 1e-6}
    calculation = Calculation(built, callbacks())
    calculation.replace(rests)
    path = tmp_path / "saved.xlsx"
    path.write_bytes(write_values(built, calculation.values()))
    stored = read_values(path)
    assert [stored[at] for at in rests] == list(rests.values())
    assert failures(path, folder) == []
    at = next(iter(rests))
    path.write_bytes(write_values(path, {at: 1e-3}))
    assert {(failure.kind, failure.sheet, failure.cell) for failure in failures(path, folder)} >= {
        ("wrong stored value", *at)
    }


def proven(package: Package, book: Book, formulas: Mapping[CellKey, str]) -> dict[CellKey, CellValue]:
    """What the build does with a book in which some formulas are others."""
    spoilt = with_formulas(package, formulas, ())
    return proven_values(book, Calculation(spoilt, callbacks()), "break_even")


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("ebit", "+{gross_profit}*1E-9"),  # 1 in 1e9 of a large figure, where nothing else is left
        ("ebit", "-{gross_profit}*1E-11"),
        ("ebit", "+1E-6"),
        ("nopat", "+2*{gross_profit}*1E-15"),  # as large as the rest, where no large figures cancel
    ],
)
def test_an_error_beside_the_rest_is_named(built: Path, book: Book, line: str, more: str) -> None:
    cell = next(
        cell
        for cell in book.cells()
        if cell.sheet.key == "vehicle_units"
        and cell.line is not None
        and cell.line.key == line
        and 0 < abs(float(str(plain(book.expected(cell, book.context.results["break_even"]))))) < 1e-6
    )
    gross = book.resolve("{gross_profit}", cell.sheet.key, cell.group, cell.new_column)
    formula = book.formula(cell) + more.replace("{gross_profit}", gross)
    with pytest.raises(BookError, match=rf"must agree with the core in case .* \(line {line}\)$"):
        proven(read_package(built), book, {cell.at: formula})
