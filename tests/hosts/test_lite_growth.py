"""A workbook open in Excel with xlwings Lite gains rows and columns: `main.py` run by xlwings' own code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.hosts.open_excel import OpenExcel
from tests.hosts.test_lite import libraries, stand_in
from tests.hosts.test_server_growth import displayed, placed
from tests.quarters_of_2026 import figure
from tests.refresh.test_growth import analysts, of_quarter
from xlwings_addin.hosts.lite import bundle, embedding
from xlwings_addin.hosts.lite.export import export
from xlwings_addin.hosts.lite.medium import RECORD_SHEET
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import read_package, read_values

__all__ = ["analysts"]


@pytest.fixture(scope="module")
def tables(later_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the record of the company, as Lite takes them along."""
    folder = tmp_path_factory.mktemp("later") / "tables"
    shutil.copytree(later_tables, folder)
    for path in tables_folder().iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory, delivered: Path, tables: Path) -> tuple[Path, Path]:
    """A main.py with these tables, and the libraries that Lite has."""
    folder = tmp_path_factory.mktemp("lite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "tables_folder", lambda: tables)
        export(folder / "out", delivered)
    code = embedding.code_in(read_package(folder / "out" / delivered.name))
    assert code is not None
    (folder / "main.py").write_text(code["main.py"], encoding="utf-8")
    return folder, libraries(folder)


def test_new_quarters_get_columns_and_lines_and_what_stays_as_it_is_is_named(
    lite: tuple[Path, Path], tables: Path, analysts: Path, grown_file: Path
) -> None:
    excel = OpenExcel(analysts)
    answer = stand_in(*lite, "refresh", excel)
    assert answer["error"] is None
    assert "added: Reported: 2027Q1" in answer["printed"]
    assert "not in this workbook: ranges over all periods on sheets of your own" in answer["printed"]
    assert not [action for action in answer["actions"] if action["func"] == "runMacro"]
    excel.apply(answer["actions"])
    book = placed(excel, tables)
    for key in ("vehicle_deliveries", "revenue", "gross_margin_iot"):
        for quarter in ("2025Q4", "2027Q1"):
            assert excel.display(*of_quarter(book, key, quarter)) == figure(tables, key, quarter)
    values, expected = displayed(excel), read_values(grown_file)
    unlike = {at for at, value in expected.items() if disagreement(values.get(at), value)}
    assert {sheet for sheet, _ in unlike} <= {"Mine", "Simulation"}  # Lite has no scipy
    checked = stand_in(*lite, "check", excel)
    assert checked["printed"].startswith("OK: "), checked["printed"]
    assert RECORD_SHEET in excel.typed
    again = stand_in(*lite, "refresh", excel)
    assert "Inputs updated: 0; changes of yours kept: 1." in again["printed"]
    assert not [action for action in again["actions"] if action["func"] == "rangeInsert"]
