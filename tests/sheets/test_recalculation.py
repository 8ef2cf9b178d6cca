"""Cover says how long a recalculation takes, as the table of measurements has it, and what has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from supply.recalculation import COMPANIES, processor, write
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets import recalculation
from xlwings_addin.sheets.recalculation import EDIT, EVERYTHING, LOADED, Measured, measured, sentence
from xlwings_addin.xlsx.package import read_values

ON = ("2026-03-01", "A processor, 8 cores")


def test_both_workbooks_were_measured_in_both_programs() -> None:
    rows = {(row.workbook, row.program, row.measured): row for row in measured()}
    times = {"LibreOffice": (EDIT, EVERYTHING), "formualizer": (EDIT, LOADED)}
    wanted = {(book, program, what) for book in COMPANIES for program in times for what in times[program]}
    assert rows.keys() >= wanted
    for row in rows.values():
        assert row.seconds > 0
        assert row.version[0].isdigit()
        assert row.processor
        date.fromisoformat(row.date)


def test_the_cover_says_what_the_table_has(delivered: Path) -> None:
    at = Book(load_context()).at("{cover.recalculation}")
    assert read_values(delivered)[at] == sentence("xiaomi", measured())


def test_the_sentence_names_program_version_and_what_was_measured() -> None:
    rows = [
        Measured("xiaomi", "LibreOffice", "7.4", EDIT, 0.0123, *ON),
        Measured("xiaomi", "LibreOffice", "7.4", EVERYTHING, 1.26, *ON),
        Measured("xiaomi", "formualizer", "0.13.0", LOADED, 0.5, *ON),
        Measured("tesla", "Excel", "16", EDIT, 9.0, *ON),
    ]
    assert sentence("xiaomi", rows) == (
        "Recalculation: 0.012 s after an edit, 1.3 s of everything in LibreOffice 7.4; "
        "0.5 s of everything with loading in the embedded engine, formualizer 0.13.0; Excel not measured. "
        "Measured 2026-03-01, A processor, 8 cores."
    )
    assert sentence("another", rows) == "Recalculation: not measured with this workbook."


def test_a_company_of_an_analyst_reads_that_its_workbook_was_not_measured() -> None:
    context = load_context()
    company = replace(context.company, key="mine")
    mine = replace(context, tables=replace(context.tables, company=company))
    (line,) = recalculation.block(mine).lines
    said = line.cells["sentence"].value(context.made_for)
    assert said == "Recalculation: not measured with this workbook."


def test_rows_of_a_program_that_is_not_here_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "recalculation.csv"
    excel = Measured("xiaomi", "Excel", "16.0", EDIT, 0.1, *ON)
    former = Measured("xiaomi", "LibreOffice", "7.3", EDIT, 0.2, *ON)
    new = Measured("xiaomi", "LibreOffice", "7.4", EDIT, 0.3, "2026-11-28", processor())
    monkeypatch.setattr("supply.recalculation.measured", lambda: (excel, former))
    write([new], table)
    monkeypatch.setattr(recalculation, "TABLE", table)
    assert measured.__wrapped__() == (excel, new)
