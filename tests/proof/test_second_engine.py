"""The certificate by a second engine: LibreOffice or IronCalc, in every case, and each can disagree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.proof.checking import (
    CASES,
    STRICT,
    findings_of,
    formulas_of_all_cases,
    run,
)
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.ironcalc import faulty_cells, ironcalc_version
from xlwings_addin.engine.libreoffice import convert_with_libreoffice, recalculate_with_libreoffice
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import Book
from xlwings_addin.proof import check as compare
from xlwings_addin.proof import second_engine as second
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import (
    read_package,
    write_values,
)

FUNCTION_CELLS, TABLE_CELLS = 18, 48
"""Those of the what-if table on Cover: LibreOffice is asked in the selected case, IronCalc never."""


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


def test_libreoffice_agrees_in_every_case(delivered: Path, libreoffice: Path) -> None:
    report = run(delivered, second_opinion="libreoffice")
    assert report.ok
    left_out = FUNCTION_CELLS * len(CASES) + TABLE_CELLS * (len(CASES) - 1)
    assert report.second_comparisons == formulas_of_all_cases(delivered) - left_out
    assert re.match(r"LibreOffice [0-9]+\.[0-9.]+, recalculation forced$", report.second_engine)


def test_ironcalc_agrees_in_every_case_wherever_libreoffice_is_missing(
    delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second, "find_soffice", lambda: None)
    report = run(delivered, second_opinion="auto")
    assert report.ok
    assert report.second_engine == f"IronCalc {ironcalc_version()}, recalculation forced"
    # It is not asked for functions of ours, nor for calls that it is known to get wrong.
    tables = {cell.key for table in data_tables(read_package(delivered)) for cell in table.cells()}
    assert len(tables) == TABLE_CELLS
    not_asked = FUNCTION_CELLS + len(tables | faulty_cells(delivered))
    assert report.second_comparisons == formulas_of_all_cases(delivered) - not_asked * len(CASES)
    assert not_asked - TABLE_CELLS < 0.02 * len(compare.formula_cells(delivered))


@pytest.mark.parametrize("wanted", ["ironcalc", "require"])
def test_ironcalc_is_asked_and_can_disagree(
    delivered: Path, book: Book, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet, cell = book.at("{sotp.upside}")
    at = book.at("{sotp.value_per_share}")

    def other_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        return [{at: 1.0, (sheet, cell): "#N/IMPL!"} for _ in files]

    monkeypatch.setattr(second, "recalculate_with_ironcalc", other_engine)
    monkeypatch.setattr(second, "find_soffice", lambda: None)
    report = run(delivered, second_opinion=wanted)
    wrong = {
        (finding.sheet, finding.cell): finding for finding in findings_of(report, "second engine disagrees")
    }
    assert wrong[at].message.startswith(f"IronCalc {ironcalc_version()} against the embedded engine: 1.0")
    # An error that says that it could not calculate is no opinion, and is told.
    assert (sheet, cell) not in wrong
    assert report.second_engine.endswith(f"without an answer for {len(CASES)} cells")


def test_an_engine_that_is_asked_for_and_missing_is_named(
    delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second, "find_soffice", lambda: None)
    monkeypatch.setattr(second, "ironcalc_version", lambda: None)
    monkeypatch.setattr("xlwings_addin.engine.libreoffice.find_soffice", lambda: None)
    monkeypatch.setattr("xlwings_addin.engine.ironcalc.ironcalc_version", lambda: None)
    report = run(delivered, second_opinion="auto")
    assert report.ok
    assert report.second_comparisons == 0
    assert report.second_engine == "not run: neither LibreOffice nor IronCalc is installed"
    for wanted, sentence in {
        "require": r"second engine require is required, and neither LibreOffice nor IronCalc is installed",
        "libreoffice": r"program LibreOffice was not found; install it",
        "ironcalc": r"program IronCalc is not installed; `pip install ironcalc`",
    }.items():
        with pytest.raises(BookError, match=sentence):
            run(delivered, second_opinion=wanted)


def test_an_engine_that_disagrees_is_found(
    delivered: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = book.at("{sotp.value_per_share}")

    def other_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        answers: list[dict[tuple[str, str], object]] = [
            dict(compare.read_values(data)) for data in files.values()
        ]
        values = compare.Calculation(delivered, callbacks())
        for case, answer in zip(CASES, answers, strict=True):
            values.set_value(*book.at("{cover.selected_case}"), case)
            answer.update(values.values())
        answers[1][at] = 1.0
        return answers

    monkeypatch.setattr(second, "recalculate_with_libreoffice", other_engine)
    monkeypatch.setattr(second, "find_soffice", lambda: Path("soffice"))
    monkeypatch.setattr(second, "libreoffice_version", lambda: "LibreOffice 0.0")
    report = run(delivered, second_opinion="auto")
    (finding,) = findings_of(report, "second engine disagrees")
    assert (finding.case, finding.line, finding.actual) == (CASES[1], "value_per_share", "1.0")


def test_the_second_engine_gets_no_values_it_could_keep(
    delivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def lazy_engine(files: dict[str, bytes]) -> list[dict[tuple[str, str], object]]:
        seen.extend(files.values())
        return [dict(compare.read_values(data)) for data in files.values()]

    monkeypatch.setattr(second, "recalculate_with_libreoffice", lazy_engine)
    monkeypatch.setattr(second, "find_soffice", lambda: Path("soffice"))
    monkeypatch.setattr(second, "libreoffice_version", lambda: "LibreOffice 0.0")
    report = run(delivered, second_opinion="auto")
    assert len(seen) == len(CASES)
    assert len(findings_of(report, "second engine disagrees")) > 1000


def test_a_workbook_saved_by_libreoffice_still_passes(book_file: Path, libreoffice: Path) -> None:
    (saved,) = convert_with_libreoffice([book_file])
    book_file.write_bytes(saved)
    report = run(book_file, second_opinion="libreoffice")
    failures = {
        (finding.kind, finding.message) for finding in report.findings if finding.severity == "failure"
    }
    assert not failures


def test_without_the_add_in_the_workbook_says_so_and_stays_sound(
    delivered: Path, book: Book, libreoffice: Path
) -> None:
    # LibreOffice without the add-in, recalculating everything with another case selected.
    data = write_values(delivered, {book.at("{cover.selected_case}"): STRICT}, only_formulas=False)
    (values,) = recalculate_with_libreoffice({"model.xlsx": data})
    strict = load_context().results[STRICT]
    assert values[book.at("{sotp.value_per_share}")] == pytest.approx(strict.sotp.value_per_share, rel=1e-9)
    assert values[book.at("{functions.wacc:function}")] == "#NAME?"
    assert values[book.at("{functions.wacc:status}")] == "no add-in"
    assert values[book.at("{checks.add_in:status}")] == "WARN"
    assert values[book.at("{checks.failures:value}")] == 0.0
    assert str(values[book.at("{cover.overall}")]).startswith("OK, with")
