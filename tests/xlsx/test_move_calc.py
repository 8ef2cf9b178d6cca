"""A move is what LibreOffice's own insertion of rows and columns makes of the same book.

LibreOffice 7.4 has faults of its own, which the books here keep clear of: it shifts overlapping shared
formulas twice, gives inserted columns the widths of others, and writes data tables as functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.calc_office import running_office
from tests.xlsx.calc_insertion import Move, differences, inserted_by_calc, saved_by_calc, statements
from tests.xlsx.foreign_books import openpyxl_book, xlsxwriter_book
from tests.xlsx.moving_books import full_book
from xlwings_addin.xlsx.moving import move

pytestmark = pytest.mark.libreoffice


@pytest.fixture(scope="module")
def office(libreoffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running_office(libreoffice, tmp_path_factory.mktemp("office"), extension=False) as running:
        yield running


def unlike(office: Any, folder: Path, book: bytes, choice: Move) -> dict[str, list[str]]:
    path = folder / "book.xlsx"
    path.write_bytes(book)
    expected = inserted_by_calc(office, path, folder, choice)
    return differences(expected, saved_by_calc(office, move(book, *choice), folder), choice)


@pytest.mark.parametrize(
    "choice",
    [
        ("Data", 1, 1, "rows"),
        ("Data", 3, 2, "rows"),
        ("Data", 5, 3, "rows"),
        ("Data", 12, 1, "rows"),
        ("Data", 13, 2, "rows"),
        ("Data", 16, 1, "rows"),
        ("Data", 26, 1, "rows"),
        ("Data", 1, 1, "columns"),
        ("Data", 4, 2, "columns"),
        ("Data", 6, 1, "columns"),
        ("Data", 10, 3, "columns"),
        ("Sum & more", 4, 2, "rows"),
        ("Sum & more", 1, 2, "columns"),
        ("Q1's", 2, 5, "rows"),
    ],
)
def test_everything_follows_as_in_libreoffice(office: Any, tmp_path: Path, choice: Move) -> None:
    assert unlike(office, tmp_path, full_book(), choice) == {}


@pytest.mark.parametrize("choice", [("Inputs", 2, 2, "rows"), ("Inputs", 3, 1, "columns")])
@pytest.mark.parametrize("make", [xlsxwriter_book, openpyxl_book])
def test_books_of_other_programs_follow_as_in_libreoffice(
    office: Any, tmp_path: Path, make: Any, choice: Move
) -> None:
    assert unlike(office, tmp_path, make(), choice) == {}


@pytest.mark.parametrize(
    "choice", [("Data", 9, -1, "rows"), ("Data", 30, -4, "rows"), ("Data", 10, -2, "columns")]
)
def test_deletions_are_libreoffices(office: Any, tmp_path: Path, choice: Move) -> None:
    assert unlike(office, tmp_path, full_book(), choice) == {}


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("formula", b"SUM(Data!B4:B14)", b"SUM(Data!B4:B13)"),
        ("name", b"Data!$F$15", b"Data!$F$13"),
        ("chart", b"Data!$B$8:$E$8", b"Data!$B$6:$E$6"),
        ("dataValidation", b'sqref="B4:B14"', b'sqref="B4:B12"'),
        ("mergeCell", b'ref="A17:C19"', b'ref="A15:C17"'),
    ],
)
def test_the_comparison_sees_what_did_not_follow(
    office: Any, tmp_path: Path, kind: str, old: bytes, new: bytes
) -> None:
    from tests.xlsx.foreign_books import packed, parts_of

    path, choice = tmp_path / "book.xlsx", ("Data", 5, 2, "rows")
    path.write_bytes(full_book())
    parts = parts_of(move(full_book(), *choice))
    spoilt = {name: data.replace(old, new) for name, data in parts.items()}
    assert spoilt != parts
    expected = inserted_by_calc(office, path, tmp_path, choice)
    assert kind in differences(expected, saved_by_calc(office, packed(spoilt), tmp_path), choice)


def test_the_comparison_reads_every_kind_of_part(office: Any, tmp_path: Path) -> None:
    kinds = {
        kind for kind, _ in statements(saved_by_calc(office, full_book(), tmp_path), ("Data", 1, 1, "rows"))
    }
    expected = {
        *(
            "formula",
            "value",
            "name",
            "chart",
            "anchor",
            "mergeCell",
            "dataValidation",
            "conditionalFormatting",
        ),
        *("brk", "hyperlink", "comment", "table", "autoFilter", "sqref"),
    }
    assert expected <= kinds
