"""A refresh of a workbook that calculates its cases in a what-if table: it writes none of its cells."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.cases import replace_in_cases
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.what_if import tables_of
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh.file import FileMedium
from xlwings_addin.refresh.refresh import refresh
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.addresses import corners, join_address, split_address
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import read_package, read_values, save
from xlwings_addin.xlsx.relinking import with_formulas

BOOK = Book(load_context(live="cases"))
TABLE = {cell.at: cell for cell in BOOK.cells() if cell.entry.kind == "table"}


def test_the_table_follows_what_a_refresh_writes(live_cases: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(live_cases, tmp_path))
    case = BOOK.context.cases[0]
    tax = BOOK.at("{inputs.tax_rate:cases[1]}")
    type_into(path, {tax: 0.25})
    medium = FileMedium(path, callbacks())
    assert {medium.read(at[0])[at[1]] for at in TABLE} == {tables_of(BOOK)[0].text}
    typed = {(case, "price_hkd"): 30.0}
    refreshed = refresh(medium, RefreshRequest(typed=typed, take_new=frozenset({"tax_rate"})))
    assert {change.key for change in refreshed.plan.updated} == {"price_hkd", "tax_rate"}
    assert not medium.written.keys() & TABLE.keys()
    changed = replace_in_cases(
        {name: results.inputs for name, results in BOOK.context.results.items()}, case, price_hkd=30.0
    )
    values = read_values(path)
    for name, inputs in changed.items():
        at = BOOK.at(f"{{cover.stored_{name}:value}}")
        assert values[at] == pytest.approx(evaluate(inputs).sotp.value_per_share, rel=1e-9)
    assert data_tables(read_package(path)) == tables_of(BOOK)
    report = check(path, functions=callbacks(), second_opinion="skip")
    assert not [finding for finding in report.findings if finding.severity == "failure"]


def test_a_table_that_libreoffice_has_saved_as_formulas_is_told_and_put_back(
    live_cases: Path, tmp_path: Path
) -> None:
    """The formulas are those that LibreOffice 7.4 writes, see tests/xlsx/test_native_tables.py."""
    path = Path(shutil.copy(live_cases, tmp_path))
    (table,) = tables_of(BOOK)
    (top, left), _ = corners(table.area)
    corner = join_address(top - 1, left - 1)
    package = read_package(path)
    formulas = {}
    for cell in table.cells():
        row, column = split_address(cell.key[1])
        beside, above = join_address(row, left - 1), join_address(top - 1, column)
        arguments = f"{corner},{table.column_input},{beside},{table.row_input},{above}"
        formulas[cell.key] = f"=TABLE({arguments})"
    package = with_formulas(package, {}, [(table.sheet, table.area.partition(":")[0])])
    save(path, with_formulas(package, formulas, ()).original)
    assert not data_tables(read_package(path))
    report = check(path, functions=callbacks(), second_opinion="skip")
    told = [finding for finding in report.findings if "was a what-if table" in finding.message]
    assert [(finding.severity, finding.cell) for finding in told] == [
        ("warning", table.area.partition(":")[0])
    ]
    refreshed = refresh_file(path)
    assert refreshed.account is not None
    assert not refreshed.account.kept
    assert (
        f"{table.sheet}!{table.area} is a what-if table again: LibreOffice had saved its cells as formulas"
        in (refreshed.notes)
    )
    assert data_tables(read_package(path)) == [table]
    report = check(path, functions=callbacks(), second_opinion="skip")
    assert not [finding for finding in report.findings if finding.severity == "failure"]
    assert not [finding for finding in report.findings if "was a what-if table" in finding.message]
