"""The certificate as a file: it speaks of one workbook, byte for byte, and says what it leaves out."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from xlwings_addin.cli import app
from xlwings_addin.core.errors import InputError
from xlwings_addin.functions.registry import REGISTRY, callbacks
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.ledger import hash_of
from xlwings_addin.proof.certificate import as_file, certificate_of, disagreements, read_certificate
from xlwings_addin.proof.check import check
from xlwings_addin.proof.report import Report
from xlwings_addin.xlsx.package import formula_cells


@pytest.fixture(scope="module")
def report(delivered: Path) -> Report:
    return check(delivered, functions=callbacks(), second_opinion="ironcalc")


@pytest.fixture
def certificate(report: Report, tmp_path: Path) -> Path:
    path = tmp_path / "certificate.json"
    path.write_bytes(as_file(certificate_of(report)))
    return path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["check", *arguments])


def test_the_certificate_names_the_file_the_inputs_and_every_engine(
    report: Report, delivered: Path, certificate: Path
) -> None:
    data = json.loads(certificate.read_text(encoding="utf-8"))
    assert data["book"]["sha256"] == hashlib.sha256(delivered.read_bytes()).hexdigest()
    assert data["book"]["bytes"] == delivered.stat().st_size
    assert data["inputs"]["cases"]["base"] == hash_of(load_inputs("base"))
    assert [engine["role"] for engine in data["engines"]] == ["core", "embedded", "second"]
    assert [engine["name"] for engine in data["engines"][1:]] == ["formualizer", "IronCalc"]
    assert all(engine["version"][0].isdigit() for engine in data["engines"])
    assert data["verdict"]["ok"] is True


def test_the_classes_of_cells_are_all_formula_cells_of_the_file(delivered: Path, certificate: Path) -> None:
    cells = json.loads(certificate.read_text(encoding="utf-8"))["cells"]
    formulas = formula_cells(delivered)
    calls = [cell for cell in formulas if any(f"{name}(" in cell.text for name in REGISTRY)]
    assert len(calls) > 10
    assert cells["formula that calls our functions"] == len(calls)
    of_table = [cell for cell in formulas if cell.kind in ("dataTable", "member")]
    assert cells["cell of a what-if table"] == len(of_table) == 48
    assert cells["native formula"] == len(formulas) - len(calls) - len(of_table)


def test_what_is_not_covered_is_said(certificate: Path) -> None:
    sentences = json.loads(certificate.read_text(encoding="utf-8"))["not_covered"]
    assert any("Excel itself" in sentence for sentence in sentences)
    assert any("call our functions" in sentence for sentence in sentences)


def test_a_check_without_a_second_engine_says_so(delivered: Path) -> None:
    alone = certificate_of(check(delivered, functions=callbacks(), second_opinion="skip"))
    assert [engine["role"] for engine in alone["engines"]] == ["core", "embedded"]
    assert "a second engine: skipped on request" in alone["not_covered"]


def test_the_same_check_gives_the_same_bytes(report: Report) -> None:
    assert as_file(certificate_of(report)) == as_file(certificate_of(report))


def test_a_certificate_vouches_for_the_file_it_was_made_from(delivered: Path, certificate: Path) -> None:
    answer = run(str(delivered), "--verify", str(certificate))
    assert (answer.exit_code, "vouches for" in answer.stdout) == (0, True)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.99])
def test_one_edited_byte_of_the_workbook_fails(delivered: Path, certificate: Path, place: float) -> None:
    data = bytearray(delivered.read_bytes())
    data[int(place * len(data))] ^= 1
    (reason,) = disagreements(read_certificate(certificate), bytes(data))
    assert "the certificate is of" in reason


def test_an_edited_workbook_fails_on_the_command_line(book_file: Path, certificate: Path) -> None:
    book_file.write_bytes(book_file.read_bytes() + b"\0")
    answer = run(str(book_file), "--verify", str(certificate))
    assert answer.exit_code == 1
    assert "does not vouch for" in answer.stdout


def test_one_edited_byte_of_the_certificate_fails(delivered: Path, certificate: Path) -> None:
    text = certificate.read_text(encoding="utf-8")
    edited, count = re.subn(r'("warnings": )\d+', r"\g<1>999", text)
    assert count == 1
    certificate.write_text(edited, encoding="utf-8")
    (reason,) = disagreements(read_certificate(certificate), delivered.read_bytes())
    assert "its seal does not fit" in reason


def test_a_failed_check_gives_a_certificate_that_vouches_for_nothing(book_file: Path, tmp_path: Path) -> None:
    from tests.proof.checking import spoil
    from xlwings_addin.layout.references import Book
    from xlwings_addin.proof.context import load_context

    sheet, cell = Book(load_context()).at("{sotp.value_per_share}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, 99.0))
    written = tmp_path / "failed.json"
    answer = run(str(book_file), "--second-engine", "skip", "--certificate", str(written))
    assert answer.exit_code == 1
    certificate = read_certificate(written)
    assert certificate["verdict"]["ok"] is False
    assert "overwritten formula" in certificate["verdict"]["failing"]
    assert disagreements(certificate, book_file.read_bytes()) == ("the check that it speaks of has failed",)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"no JSON", "is no certificate: it is no JSON"),
        (b"[1]", "is no certificate: xiaomi-model check --certificate FILE writes one"),
        (b'{"format": 1, "seal": ""}', "is no certificate: xiaomi-model check --certificate FILE writes one"),
        (b"[" * 100_000, "is no certificate: it is no JSON"),
    ],
)
def test_what_is_no_certificate_is_refused_in_a_sentence(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rule):
        read_certificate(path)


def test_a_missing_certificate_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_certificate(path)


def test_a_certificate_of_a_later_format_is_refused(certificate: Path) -> None:
    data = json.loads(certificate.read_text(encoding="utf-8"))
    certificate.write_text(json.dumps(data | {"format": 2}), encoding="utf-8")
    with pytest.raises(InputError, match="is of format 2; this version reads format 1"):
        read_certificate(certificate)
