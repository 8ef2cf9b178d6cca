"""Formulas that a program stores once for a whole row, as Excel does where one is filled, are no change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.refresh.refreshing import refresh_file
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.package import formula_cells, read_package

LINES = ("in_horizon", "growth_position", "shipments")


def share_rows(path: Path) -> list[str]:
    """Store the years of some lines as shared formulas; the addresses of the cells that follow others."""
    book, package = Book(load_context()), read_package(path)
    part = package.sheets()["Devices"]
    text = package.parts[part].decode()
    followers = []
    for number, name in enumerate(LINES):
        _, line = book.sheets["devices"].lines[name]
        years = [cell.address for cell in book.cells() if cell.line is line and cell.group == "years"]
        for address in years:
            kind = f'<f t="shared" ref="{years[0]}:{years[-1]}" si="{number}">' if address == years[0] else ""
            cell = rf'(<c r="{address}"[^>]*>)<f>([^<]*)</f>'
            assert re.search(cell, text), address
            if kind:
                text = re.sub(cell, rf"\g<1>{kind}\g<2></f>", text)
            else:
                text = re.sub(cell, rf'\g<1><f t="shared" si="{number}"/>', text)
                followers.append(address)
    path.write_bytes(package.with_parts({part: text.encode()}))
    return followers


@pytest.fixture
def followers(book_file: Path) -> list[str]:
    return share_rows(book_file)


def test_its_cells_hold_the_formulas_they_held(
    delivered: Path, book_file: Path, followers: list[str]
) -> None:
    assert len(followers) > 15
    package = read_package(book_file)
    without_text = {cell.cell for cell in formula_cells(package) if cell.sheet == "Devices" and not cell.text}
    assert without_text == set(followers)
    assert cell_contents(package)["Devices"] == cell_contents(read_package(delivered))["Devices"]


@pytest.mark.usefixtures("followers")
def test_a_check_finds_no_changed_formula(book_file: Path) -> None:
    report = check(book_file, functions=callbacks(), second_opinion="skip")
    assert [finding.message for finding in report.findings if finding.severity == "failure"] == []


@pytest.mark.usefixtures("followers")
def test_a_refresh_keeps_none_as_an_analyst_s_own(book_file: Path) -> None:
    assert refresh_file(book_file).plan.formulas == []
