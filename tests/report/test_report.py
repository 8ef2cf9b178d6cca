"""The command and `xa.report`: what is written, what it rests on, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

import xlwings_addin as xa
from xlwings_addin.cli import app
from xlwings_addin.core.errors import BookError, ChoiceError, InputError
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.ledger import open_ledger, snapshot_of
from xlwings_addin.proof.certificate import as_file, certificate_of
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import load_context
from xlwings_addin.report.document import Document, Section
from xlwings_addin.report.make import report_of
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import read_values, save, write_values


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def section(document: Document, key: str) -> Section:
    return next(section for section in document.sections if section.key == key)


def said(part: Section) -> str:
    sentences = (
        "".join(cell if isinstance(cell, str) else cell.text for cell in sentence)
        for sentence in part.sentences
    )
    return " ".join(sentences)


# --- files --------------------------------------------------------------------------------------------


def test_the_command_writes_what_is_named(tmp_path: Path) -> None:
    page, paper = tmp_path / "r.html", tmp_path / "r.pdf"
    answer = run("--html", page, "--pdf", paper, "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == {"case": "house_2026", "files": [str(page), str(paper)]}
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")
    assert paper.read_bytes().startswith(b"%PDF-")


def test_another_case_is_another_report(tmp_path: Path) -> None:
    (written,) = xa.report("march_2024_strict", html=tmp_path / "strict.html")
    text = written.read_text(encoding="utf-8")
    assert ">16.64</data>" in text
    assert "valued 2024-03-08" in text


def test_nothing_to_write_is_refused() -> None:
    with pytest.raises(InputError, match="report nothing is to be written: name --html or --pdf"):
        xa.report()


def test_an_unknown_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="case 'none' must be one of house_2026, base"):
        xa.report("none", html=tmp_path / "r.html")


def test_a_folder_a_read_only_file_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="must be a file, not a folder or a device"):
        xa.report(html=tmp_path)
    kept = tmp_path / "kept.html"
    kept.write_text("kept")
    kept.chmod(0o444)
    with pytest.raises(BookError, match="is read-only; write to another file"):
        xa.report(html=kept)
    assert kept.read_text() == "kept"
    with pytest.raises(BookError, match="cannot be written: the folder does not exist"):
        xa.report(html=tmp_path / "none" / "r.html")


def test_a_file_that_is_open_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".~lock.r.pdf#").write_text("somebody")
    with pytest.raises(BookError, match="is open in another program"):
        xa.report(pdf=tmp_path / "r.pdf")


def test_when_the_pdf_fails_the_page_is_not_written(tables: Path, tmp_path: Path) -> None:
    for name in ("company.toml", "parameters.csv"):
        shutil.copy(tables_folder() / name, tables)
    company = tables / "company.toml"
    company.write_text(company.read_text(encoding="utf-8").replace("小米集团", "龘"), encoding="utf-8")
    page = tmp_path / "r.html"
    with pytest.raises(InputError, match=r"character '龘' \(U\+9F98\)"):
        xa.report(html=page, pdf=tmp_path / "r.pdf", folder=tables)
    assert not page.exists()


def test_page_and_pdf_are_two_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be another file than that of the page"):
        xa.report(html=tmp_path / "r", pdf=tmp_path / "r")


# --- what a company lacks -----------------------------------------------------------------------------


def test_a_company_with_one_case_says_what_would_stand_beside_it(tables: Path, no_ledger: Path) -> None:
    for path in (tables / "cases").glob("*.csv"):
        if path.stem != "base":
            path.unlink()
    base = tables / "cases" / "base.csv"
    base.write_text(base.read_text(encoding="utf-8").replace("probability,,0.5", "probability,,1"))
    document = report_of("base", folder=tables, ledger=no_ledger)
    assert "There is only the case base" in said(section(document, "cases"))
    assert [tile.label for tile in document.tiles].count("Bear to bull") == 0
    assert next(picture.key for picture in document.pictures) == "football_field"


def test_a_company_without_drivers_says_so(tables: Path, no_ledger: Path) -> None:
    drivers = tables / "inputs" / "drivers.csv"
    drivers.write_text(drivers.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    document = report_of("base", folder=tables, ledger=no_ledger)
    assert "No driver" in said(section(document, "needs"))
    assert "What the price needs" not in [tile.label for tile in document.tiles]


# --- the last vintage ---------------------------------------------------------------------------------


def test_without_a_ledger_the_report_says_what_would_fill_it(document: Document) -> None:
    assert "No ledger has an earlier build of the case base" in said(section(document, "since"))


def test_what_moved_since_the_last_vintage_is_split_and_adds_up(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "l.duckdb")
    assert ledger is not None
    before = evaluate(load_inputs("base").replace(tax_rate=0.2, vehicle_wacc=0.125))
    now = xa.value("base")
    for results in (before, now):
        ledger.append(snapshot_of({"base": results}, command="build", book="book.xlsx"))
    part = section(report_of("base", ledger=tmp_path / "l.duckdb"), "since")
    assert f"HKD a share {before.sotp.value_per_share:.2f} then, 31.47 now" in said(part)
    assert part.table is not None
    labels = [row[0] for row in part.table.rows]
    assert set(labels) == {"Cost of capital"}
    moved = sum(row[2].value for row in part.table.rows if not isinstance(row[2], str))
    assert moved == pytest.approx(now.sotp.value_per_share - before.sotp.value_per_share, rel=1e-9)


def test_a_ledger_with_the_same_value_only_says_that_nothing_moved(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "l.duckdb")
    assert ledger is not None
    ledger.append(snapshot_of({"base": xa.value("base")}, command="build", book="book.xlsx"))
    assert "Nothing: 1 builds since" in said(section(report_of("base", ledger=ledger.path), "since"))


def test_a_ledger_that_is_none_is_named_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "l.duckdb"
    path.write_text("no ledger")
    document = report_of("base", ledger=path)
    assert "The ledger could not be read" in said(section(document, "since"))


# --- certificate --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("certificate") / "c.json"
    checked = check(delivered, functions=callbacks(), second_opinion="skip")
    path.write_bytes(as_file(certificate_of(checked)))
    return path


def test_the_report_quotes_the_certificate(certificate: Path, delivered: Path, no_ledger: Path) -> None:
    data = json.loads(certificate.read_text(encoding="utf-8"))
    document = report_of("base", certificate=certificate, book=delivered, ledger=no_ledger)
    text = said(section(document, "certificate"))
    assert data["book"]["sha256"][:12] in text
    assert data["inputs"]["cases"]["base"][:12] in text
    assert f"{data['comparisons']['with_core']:,} comparisons of a formula with the core" in text
    assert f"formualizer {data['engines'][1]['version']}" in text
    assert "a second engine: skipped on request" in text


def test_without_a_certificate_the_report_says_how_to_get_one(document: Document) -> None:
    assert "check --certificate FILE" in said(section(document, "certificate"))


def test_a_certificate_of_other_inputs_is_refused(certificate: Path, tables: Path) -> None:
    path = tables / "inputs" / "assumptions.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("tax_rate,,0.15,", "tax_rate,,0.17,"))
    with pytest.raises(InputError, match="is of other inputs of the case base than this report"):
        report_of("base", certificate=certificate, folder=tables)


def test_a_certificate_of_another_workbook_is_refused(certificate: Path, book_file: Path) -> None:
    from xlwings_addin.xlsx.package import normalise, read_package

    package = read_package(book_file)
    from datetime import UTC, datetime

    book_file.write_bytes(normalise(package, timestamp=datetime(2026, 1, 1, tzinfo=UTC), values={}, parts={}))
    with pytest.raises(InputError, match="does not vouch for this report: the workbook has"):
        report_of("base", certificate=certificate, book=book_file)


def test_an_edited_certificate_is_refused(certificate: Path, tmp_path: Path) -> None:
    edited = tmp_path / "c.json"
    edited.write_text(certificate.read_text(encoding="utf-8").replace('"failures": 0', '"failures": 1'))
    with pytest.raises(InputError, match="its seal does not fit"):
        report_of("base", certificate=edited)


# --- an analyst's workbook ----------------------------------------------------------------------------


def test_the_report_of_the_delivered_book_is_that_of_the_tables(
    document: Document, opening: Document, delivered: Path, delivered_at_base: Path, no_ledger: Path
) -> None:
    assert report_of("base", book=delivered_at_base, ledger=no_ledger) == document
    assert report_of(book=delivered, ledger=no_ledger) == opening


def test_an_analysts_input_counts_once_the_book_is_calculated(book_file: Path, tmp_path: Path) -> None:
    sheet, cell = Book(load_context()).at("{inputs.tax_rate:cases[1]}")
    save(book_file, write_values(book_file, {(sheet, cell): 0.2}, only_formulas=False))
    with pytest.raises(BookError, match=r"must hold what its inputs give: .*; recalculate the workbook"):
        report_of(book=book_file, ledger=tmp_path / "none")
    xa.recalculate(book_file, out=book_file, stored_values_are_old=True)
    document = report_of(book=book_file, ledger=tmp_path / "none")
    value = evaluate(load_inputs("house_2026").replace(tax_rate=0.2)).sotp.value_per_share
    (first, *_) = [figure for figure in document.figures() if figure.line == "sotp.value_per_share"]
    assert first.value == pytest.approx(value, rel=1e-9)
    at = Book(load_context()).at("{sotp.value_per_share}")
    assert read_values(book_file)[at] == pytest.approx(value, rel=1e-9)


def test_a_workbook_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = Path(shutil.copy("examples/two_stage_dcf.xlsx", tmp_path))
    assert load_workbook(path).sheetnames
    answer = run(path, "--html", tmp_path / "r.html")
    assert answer.exit_code == 1
    assert isinstance(answer.exception, BookError)
