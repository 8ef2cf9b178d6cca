"""A refresh of a workbook that calculates its cases in a what-if table: it writes none of its cells."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.refresh.refreshing import type_into
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
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import read_package, read_values

BOOK = Book(load_context(live_cases=True))
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
