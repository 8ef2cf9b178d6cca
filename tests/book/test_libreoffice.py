"""LibreOffice computes workbooks instead of repeating what is stored in them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from foreign_books import formulas_book

from xlwings_addin.book import libreoffice as runner
from xlwings_addin.book.libreoffice import find_soffice, recalculate_with_libreoffice
from xlwings_addin.book.package import read_values, write_values
from xlwings_addin.core.errors import BookError

# Microsoft's documentation of NPV, example 1: NPV(10%, -10000, 3000, 4200, 6800) is 1,188.44.
NPV = {"A1": 0.1, "A2": -10000, "A3": 3000, "A4": 4200, "A5": 6800, "B1": "=NPV(A1,A2:A5)", "B2": '=A1&""'}


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_wrong_stored_values_are_replaced() -> None:
    book = formulas_book(NPV)
    wrong = write_values(book, {("Sheet", "B1"): 7.0, ("Sheet", "B2"): "wrong"})
    assert read_values(wrong)["Sheet", "B1"] == 7.0
    [values] = recalculate_with_libreoffice({"wrong.xlsx": wrong})
    assert round(float(values["Sheet", "B1"] or 0), 2) == 1188.44
    assert values["Sheet", "B2"] == "0.1"


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_several_files_come_back_in_their_order_and_stay_as_they_were(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "same name.xlsx").write_bytes(formulas_book({"A1": number, "B1": "=A1+100"}))
    paths = [folder / "same name.xlsx" for folder in folders]
    before = [path.read_bytes() for path in paths]
    found = recalculate_with_libreoffice(paths)
    assert [values["Sheet", "B1"] for values in found] == [100.0, 101.0]
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_what_libreoffice_cannot_read_is_named() -> None:
    with pytest.raises(BookError, match=r"workbook bad\.xlsx was not converted by LibreOffice: "):
        recalculate_with_libreoffice({"bad.xlsx": b"PK\x03\x04 and no more"})


@pytest.mark.libreoffice
def test_too_long_a_run_is_ended(libreoffice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    with pytest.raises(
        BookError, match=r"timeout 0\.05 s is how long LibreOffice may take, and it was not done"
    ):
        recalculate_with_libreoffice({"book.xlsx": formulas_book(NPV)}, timeout=0.05)
    assert time.monotonic() - begun < 20


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are a matter of POSIX")
def test_children_of_an_ended_run_are_ended_too(tmp_path: Path) -> None:
    mark = tmp_path / "still alive"
    with pytest.raises(BookError, match=r"timeout 0\.2 s"):
        runner._run(["sh", "-c", f"(sleep 1; touch '{mark}') & wait"], 0.2)
    time.sleep(1.3)
    assert not mark.exists()


def test_a_missing_libreoffice_is_said_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(runner, "_USUAL_PLACES", ())
    assert find_soffice() is None
    with pytest.raises(BookError) as refusal:
        recalculate_with_libreoffice({"book.xlsx": b""})
    cure = "install it from libreoffice.org or with `apt install libreoffice-calc`"
    assert str(refusal.value) == f"program LibreOffice was not found; {cure}"


def test_libreoffice_is_found_in_its_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "libreoffice24.8" / "program" / "soffice"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(runner, "_USUAL_PLACES", (f"{tmp_path}/libreoffice*/program/soffice",))
    assert find_soffice() == program


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "find_soffice", lambda: Path("soffice"))
    with pytest.raises(BookError, match=r"none\.xlsx cannot be read: No such file or directory"):
        recalculate_with_libreoffice([tmp_path / "none.xlsx"])
    assert recalculate_with_libreoffice([]) == []
