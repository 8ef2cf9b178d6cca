"""A file that nobody has changed since it was calculated is not calculated again; one byte is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.engine.witness import UntrustedError, Witness
from xlwings_addin.layout import as_left
from xlwings_addin.layout.as_left import is_as_left, marked_as_left
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.package import CellKey, read_package, read_values, write_values
from xlwings_addin.xlsx.relinking import with_formulas

PLACES = Book(load_context())
VALUE = PLACES.at("{sotp.value_per_share}")


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every book that the engine loads."""
    books: list[object] = []
    before = Witness.__init__

    def loading(self: Witness, source: object, *arguments: object, **options: object) -> None:
        books.append(source)
        before(self, source, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Witness, "__init__", loading)
    return books


def test_a_delivered_file_and_a_refreshed_one_are_as_left(book_file: Path, loaded: list[object]) -> None:
    stored = read_values(book_file)
    for _ in range(2):
        assert is_as_left(read_package(book_file))
        done = refresh_file(book_file)
        assert done.account is not None
        assert done.account.as_left
        assert done.value_after == pytest.approx(done.results[done.case].sotp.value_per_share, rel=1e-9)
    assert not loaded
    assert read_values(book_file) == stored


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"])
def test_one_byte_of_any_part_is_noticed(book_file: Path, part: str) -> None:
    package = read_package(book_file)
    changed = package.with_parts({part: package.parts[part] + b"\n"})
    assert not is_as_left(read_package(changed))


def test_another_version_holds_the_values_against_its_own(
    book_file: Path, loaded: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_left, "_versions", lambda: b"another")
    done = refresh_file(book_file)
    assert done.account is not None
    assert not done.account.as_left
    assert len(loaded) == 1


def test_a_wrong_value_with_the_record_in_place_is_still_told(book_file: Path, loaded: list[object]) -> None:
    book_file.write_bytes(write_values(book_file, {VALUE: 99.0}))
    with pytest.raises(UntrustedError, match="where the engine computes"):
        refresh_file(book_file)
    assert len(loaded) == 1


def test_new_tables_are_calculated_without_a_look_back(
    book_file: Path, tables: Path, loaded: list[object]
) -> None:
    assumptions = tables / "inputs" / "assumptions.csv"
    text = assumptions.read_text(encoding="utf-8")
    assumptions.write_text(text.replace("tax_rate,,0.15,", "tax_rate,,0.17,"), encoding="utf-8")
    done = refresh_file(book_file, tables)
    assert done.account is not None
    assert done.account.calculated > 500
    assert not done.account.as_left
    assert len(loaded) == 1
    assert is_as_left(read_package(book_file))


def test_a_file_with_a_formula_of_the_day_is_calculated_every_time(book_file: Path) -> None:
    own: CellKey = (VALUE[0], "Z200")
    book_file.write_bytes(write_values(book_file, {own: 1.0}, only_formulas=False, add_cells=True))
    book_file.write_bytes(with_formulas(read_package(book_file), {own: "=NOW()-NOW()+2"}, ()).original)
    type_into(book_file, {})
    for _ in range(2):
        done = refresh_file(book_file)
        assert done.account is not None
        assert not done.account.as_left
        assert done.account.calculated == 1


def test_a_file_with_kept_cells_is_not_as_left(book_file: Path) -> None:
    own: CellKey = (VALUE[0], "Z200")
    data = write_values(book_file, {own: 1.0}, only_formulas=False, add_cells=True)
    book_file.write_bytes(with_formulas(read_package(data), {own: f"=CUBEVALUE(1)+{VALUE[1]}"}, ()).original)
    with pytest.raises(UntrustedError):
        refresh_file(book_file, case="bear")
    refresh_file(book_file, case="bear", keep_uncalculated=True)
    assert not is_as_left(read_package(book_file))


def test_the_mark_is_replaced_and_needs_a_record(book_file: Path) -> None:
    package = read_package(book_file)
    assert marked_as_left(package.parts) == package.parts
    parts = {name: data for name, data in package.parts.items() if not name.startswith("customXml/")}
    assert marked_as_left(parts) == parts
