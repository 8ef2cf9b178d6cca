"""Rows and columns move in the delivered workbook: its values stay, and LibreOffice moves it alike."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import xlwings_addin as xa
from tests.hosts.calc_office import running_office
from tests.xlsx.calc_insertion import Move, differences, inserted_by_calc, saved_by_calc
from tests.xlsx.foreign_books import parts_of
from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.moving.grid import Address
from xlwings_addin.xlsx.moving.shift import Shift
from xlwings_addin.xlsx.package import CellKey, CellValue, move, moved_parts, read_package, read_values

INSERTIONS: list[Move] = [
    ("Inputs", 10, 2, "rows"),
    ("Inputs", 3, 1, "columns"),
    ("Reported", 6, 1, "columns"),
    ("Cover", 2, 1, "rows"),
]


@cache
def book() -> bytes:
    return xa.default_book().read_bytes()


@cache
def calculated() -> dict[CellKey, CellValue]:
    return recalculate(book(), callbacks())


@pytest.mark.parametrize("choice", INSERTIONS)
def test_every_value_of_the_book_stays_after_recalculation(choice: Move) -> None:
    sheet, at, count, axis = choice
    moved = move(book(), *choice)
    values = recalculate(moved, callbacks())
    shift = Shift(axis, at, count)
    expected = {
        (title, str(Address(*split_address(cell)).moved(shift)) if title == sheet else cell): value
        for (title, cell), value in calculated().items()
    }
    assert values.keys() == expected.keys()
    unlike = {key: why for key, value in expected.items() if (why := disagreement(values[key], value))}
    assert not unlike
    assert len(values) > 3000


@pytest.mark.parametrize("choice", INSERTIONS)
def test_the_stored_values_move_and_the_way_back_is_exact(choice: Move) -> None:
    sheet, at, count, axis = choice
    moved = move(book(), *choice)
    assert list(read_values(moved).values()) == list(read_values(book()).values())
    assert parts_of(move(moved, sheet, at, -count, axis)) == parts_of(book())


def test_several_insertions_at_once_do_what_they_do_one_after_the_other() -> None:
    package = read_package(book())
    places = [(12, 1), (40, 3), (41, 2)]
    at_once = package.with_parts(moved_parts(package, "Inputs", *places[0], "rows", places[1:]))
    one_by_one = book()
    for at, count in reversed(places):
        one_by_one = move(one_by_one, "Inputs", at, count, "rows")
    assert parts_of(at_once) == parts_of(one_by_one)


@pytest.fixture(scope="module")
def office(libreoffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running_office(libreoffice, tmp_path_factory.mktemp("office"), extension=False) as running:
        yield running


@pytest.mark.libreoffice
@pytest.mark.parametrize("choice", INSERTIONS)
def test_the_book_moves_as_in_libreoffice(office: Any, tmp_path: Path, choice: Move) -> None:
    expected = inserted_by_calc(office, xa.default_book(), tmp_path, choice)
    assert differences(expected, saved_by_calc(office, move(book(), *choice), tmp_path), choice) == {}
