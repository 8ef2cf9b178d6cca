"""The example workbooks are what their scripts build, and their functions give what native formulas give."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import get_args

import openpyxl
import pytest

import xlwings_addin as xa
from examples import build_car_maker_ramp, build_conglomerate_sotp, build_two_stage_dcf
from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.engine.formulas import own_functions
from xlwings_addin.engine.libreoffice import recalculate_with_libreoffice
from xlwings_addin.functions.registry import PREFIXES, Target, callbacks
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    formula_cells,
    freeze_formulas,
    is_error,
    read_package,
    read_values,
    write_values,
)

EXAMPLES = (build_two_stage_dcf, build_car_maker_ramp, build_conglomerate_sotp)
TARGETS = get_args(Target)
AGREE, DIFFER, VERDICT = "Functions and native formulas agree", "They differ", ("Model", "B4")

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda module: module.PATH.stem)


def function_cells(path: Path) -> list[CellKey]:
    """The cells that call one of our functions."""
    return [
        (cell.sheet, cell.cell) for cell in formula_cells(path) if own_functions([cell.text], callbacks())
    ]


def differing(values: dict[CellKey, CellValue], expected: dict[CellKey, CellValue]) -> list[str]:
    told = ((at, disagreement(values.get(at), value)) for at, value in expected.items())
    return [f"{sheet}!{cell}: {words}" for (sheet, cell), words in told if words]


@every_example
def test_a_committed_example_is_what_its_script_builds(example: ModuleType, tmp_path: Path) -> None:
    """But for the last digits of values: another processor's powers and logarithms may have others."""
    example.build(tmp_path / "rebuilt.xlsx")
    rebuilt, committed = read_package(tmp_path / "rebuilt.xlsx").parts, read_package(example.PATH).parts
    assert rebuilt.keys() == committed.keys()

    def without_values(data: bytes) -> bytes:
        return re.sub(rb"<v>[^<]*</v>", b"<v/>", data)

    assert [
        part for part in committed if without_values(rebuilt[part]) != without_values(committed[part])
    ] == []
    values, stored = read_values(tmp_path / "rebuilt.xlsx"), read_values(example.PATH)
    assert values.keys() == stored.keys()
    assert differing(values, stored) == []


@every_example
def test_an_example_holds_the_values_of_its_formulas_and_no_error(example: ModuleType) -> None:
    values, stored = xa.recalculate(example.PATH), read_values(example.PATH)
    assert differing(stored, values) == []
    assert [at for at, value in stored.items() if is_error(value)] == []
    assert stored[VERDICT] == AGREE


@every_example
def test_every_function_of_an_example_gives_what_a_native_formula_gives(example: ModuleType) -> None:
    own = function_cells(example.PATH)
    formulas = {(cell.sheet, cell.cell) for cell in formula_cells(example.PATH)}
    values = xa.recalculate(example.PATH)
    assert len(own) > 10
    assert {sheet for sheet, _ in own} == {"Model"}
    natives = {at: ("Check", at[1]) for at in own}
    assert set(natives.values()) <= formulas
    assert differing(values, {at: values[native] for at, native in natives.items()}) == []


@every_example
@pytest.mark.parametrize("target", TARGETS)
def test_an_example_gives_the_same_values_in_every_spelling(
    example: ModuleType, target: Target, tmp_path: Path
) -> None:
    out = tmp_path / "respelled.xlsx"
    values = xa.recalculate(example.PATH, out, target=target)
    spelled = {called for cell in formula_cells(out) for called in own_functions([cell.text], callbacks())}
    assert spelled
    assert all(called.startswith(PREFIXES[target]) for called in spelled)
    assert xa.recalculate(out) == values
    assert function_cells(out) == function_cells(example.PATH)


@every_example
def test_an_example_comes_back_from_all_programs_as_it_was(example: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    xa.recalculate(example.PATH, path, target="desktop")
    first = path.read_bytes()
    for target in ("office-js", "libreoffice", "desktop"):
        xa.recalculate(path, path, target=target)
    assert path.read_bytes() == first


@pytest.mark.libreoffice
def test_libreoffice_gives_the_same_for_every_native_formula(libreoffice: Path, tmp_path: Path) -> None:
    """All examples in all spellings in one run; functions are frozen, other stored values blanked first."""
    files: dict[str, bytes] = {}
    expected: list[dict[CellKey, CellValue]] = []
    for example in EXAMPLES:
        for target in TARGETS:
            out = tmp_path / f"{example.PATH.stem}_{target}.xlsx"
            values, own = xa.recalculate(example.PATH, out, target=target), function_cells(out)
            blanked = write_values(out, {at: 0.0 for at in values if at not in own})
            files[out.name] = freeze_formulas(blanked, own)
            expected.append({at: value for at, value in values.items() if at not in own})
    for name, file, values in zip(files, recalculate_with_libreoffice(files), expected, strict=True):
        assert len(values) > 50
        assert differing(file, values) == [], name


@every_example
def test_a_wrong_native_formula_would_be_seen(example: ModuleType, tmp_path: Path) -> None:
    cell = function_cells(example.PATH)[0][1]
    book = openpyxl.load_workbook(example.PATH)
    book["Check"][cell] = "=-1"
    book.save(tmp_path / "spoilt.xlsx")
    assert recalculate(tmp_path / "spoilt.xlsx", callbacks())[VERDICT] == DIFFER


@every_example
def test_every_typed_figure_is_blue_with_a_unit_and_a_source_and_stands_among_the_inputs(
    example: ModuleType,
) -> None:
    book = openpyxl.load_workbook(example.PATH)
    typed = [row[2] for row in book["Inputs"].iter_rows(min_row=7) if row[2].value is not None]
    assert len(typed) > 15
    for cell in typed:
        unit, source = (book["Inputs"].cell(cell.row, column).value for column in (4, 5))
        assert cell.font.color.rgb == "FF0000FF", cell.coordinate
        assert unit, cell.coordinate
        assert source, cell.coordinate
    for sheet in ("Model", "Check"):
        cells = [cell for row in book[sheet].iter_rows() for cell in row]
        assert [cell.coordinate for cell in cells if isinstance(cell.value, int | float)] == []


@every_example
def test_an_example_opens_with_its_values_and_no_recalculation(example: ModuleType) -> None:
    workbook = read_package(example.PATH).parts["xl/workbook.xml"].decode()
    assert "fullCalcOnLoad" not in workbook
    assert 'calcId="191029"' in workbook
