"""The sheets of a model are proven by the core: a recalculation asks a second engine for others only."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.engine import second_opinion
from xlwings_addin.engine.witness import UntrustedError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.layout.new_sheet import with_new_sheet
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.own_sheets import sheets_of_model
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import CellKey, read_package, write_values
from xlwings_addin.xlsx.relinking import with_formulas

ROOT = Path(__file__).parents[2]
PLACES = Book(load_context())
RATE = PLACES.at(f"{{inputs.tax_rate:cases[{PLACES.context.cases.index('house_2026') + 1}]}}")
VALUE = PLACES.at("{sotp.value_per_share}")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What a second engine was asked for; it has no answer."""
    books: list[object] = []

    def ask(book: object, values: object, timeout: float) -> tuple[str, dict[CellKey, object]]:
        books.append(book)
        return "no second engine answers", {}

    monkeypatch.setattr(second_opinion, "_asked", ask)
    return books


def test_a_model_is_recalculated_without_a_second_engine(book_file: Path, asked: list[object]) -> None:
    book_file.write_bytes(write_values(book_file, {RATE: 0.2}, only_formulas=False))
    values = xa.recalculate(book_file, stored_values_are_old=True)
    expected = evaluate(load_inputs("house_2026").replace(tax_rate=0.2)).sotp.value_per_share
    assert values[VALUE] == pytest.approx(expected, rel=1e-9)
    assert not asked


def test_beside_it_a_formula_of_the_analyst_s_own_needs_one(book_file: Path, asked: list[object]) -> None:
    titles = read_package(book_file).titles
    package = read_package(with_new_sheet(book_file.read_bytes(), "Mine", lambda sheet: sheet.append([1.0])))
    book_file.write_bytes(
        with_formulas(package, {("Mine", "A1"): "=SUMPRODUCT((B1:B3>1)*C1:C3)"}, ()).original
    )
    assert sheets_of_model(read_package(book_file)) == set(titles)
    with pytest.raises(UntrustedError, match=r"^cell Mine!A1 .*which nothing proves"):
        xa.recalculate(book_file, stored_values_are_old=True)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "name", ["workbook/Xiaomi_Model.xlsx", "workbook/Tesla_Model.xlsx", "tests/fixtures/release_0_1_0.xlsx"]
)
def test_all_sheets_of_a_delivered_book_are_known(name: str) -> None:
    package = read_package(ROOT / name)
    assert sheets_of_model(package) == set(package.titles)


def test_a_sheet_is_known_under_another_name_and_a_book_without_record_has_none(
    book_file: Path, tmp_path: Path
) -> None:
    package = read_package(book_file)
    renamed = package.parts[package.workbook_part].replace(b'name="SOTP"', b'name="Parts"')
    assert "Parts" in sheets_of_model(package.edited({package.workbook_part: renamed}))
    lost = {name: None for name in package.parts if name.startswith("customXml/")}
    assert not sheets_of_model(package.edited(lost))
