"""What can be said without Excel of whether it opens our files without a question and shows their values."""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from tests.acceptance import schema
from tests.acceptance.books import written_files
from tests.acceptance.cell_rules import needs_array_entry
from tests.acceptance.rules import RULES
from xlwings_addin.engine.ironcalc import faulty_cells, has_opinion, recalculate_with_ironcalc
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.proof.second_engine import function_cells
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import (
    CellKey,
    Package,
    formula_cells,
    freeze_formulas,
    read_package,
    read_values,
    write_values,
)

READABLE = (
    *("delivered", "second_company", "live_cases", "lite"),
    *("two_stage_dcf", "car_maker_ramp", "conglomerate_sotp"),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written_files(tmp_path_factory.mktemp("written"))


@pytest.fixture(scope="module")
def packages(files: dict[str, Path]) -> dict[str, Package]:
    return {kind: read_package(path) for kind, path in files.items()}


def test_every_kind_of_file_is_looked_at(files: dict[str, Path]) -> None:
    assert set(files) == {*READABLE, "addin", "addin_for_mac"}


@pytest.mark.parametrize("rule", RULES)
def test_no_file_breaks_a_rule_of_packages_and_cells(rule: str, packages: dict[str, Package]) -> None:
    assert {kind: list(RULES[rule](package)) for kind, package in packages.items()} == {
        kind: [] for kind in packages
    }


@pytest.mark.slow
def test_every_part_follows_the_schemas_of_the_standard(packages: dict[str, Package], tmp_path: Path) -> None:
    seen: set[Hashable] = set()
    faults = {kind: list(schema.faults(package, tmp_path, seen)) for kind, package in packages.items()}
    assert faults == {kind: [] for kind in packages}
    assert len(seen) > 150


def spoiled(package: Package, part: str, before: str, after: str) -> Package:
    part = package.sheets().get(part, part)
    text = package.parts[part].decode()
    assert before in text
    parts = {**package.parts, part: text.replace(before, after, 1).encode()}
    return Package(package.display, parts, package.original, package.entries)


PLANTS = [
    # the rule, the part or sheet, what stands there, what is planted in its place, and the finding
    ("content_types", "[Content_Types].xml", 'Extension="rels"', 'Extension="rel"', "has no content type"),
    ("content_types", "[Content_Types].xml", "/xl/styles.xml", "/xl/style.xml", "is not there"),
    ("relationships", "xl/_rels/workbook.xml.rels", "styles.xml", "gone.xml", "leads to xl/gone.xml"),
    (
        "relationships",
        "xl/_rels/workbook.xml.rels",
        "styles.xml",
        "theme/theme1.xml",
        "styles.xml is not reached",
    ),
    ("relationships", "Cover", 'r:id="rId1"', 'r:id="rId99"', "asks for rId99"),
    ("unique_names", "xl/workbook.xml", 'name="SOTP"', 'name="CHECKS"', "sheet checks is there 2 times"),
    ("unique_names", "xl/workbook.xml", 'sheetId="2"', 'sheetId="1"', "sheet number 1 is there 2 times"),
    ("unique_names", "xl/workbook.xml", 'name="tax_rate"', 'name="Vehicle_WACC"', "is there 2 times"),
    ("order", "Cover", '<row r="4"', '<row r="1"', "row 1 comes after row"),
    ("order", "Cover", 'r="C6"', 'r="A6"', "do not ascend"),
    ("order", "Cover", "<sheetData>", "<pageSetup/><sheetData>", "standard's order"),
    ("styles", "Inputs", ' s="1"', ' s="64000"', "asks for style 64000"),
    ("styles", "xl/styles.xml", 'fontId="1"', 'fontId="999"', "asks for fontId 999"),
    (
        "styles",
        "xl/styles.xml",
        '<cellXfs count="',
        '<cellXfs count="9',
        "counts 9",
    ),
    ("styles", "Cover", 'dxfId="0"', 'dxfId="77"', "the look 77"),
    ("fonts", "xl/styles.xml", "<font>", '<font><name val="Arial"/><b/>', "standard's order"),
    ("name_grammar", "xl/workbook.xml", 'name="tax_rate"', 'name="TAX2026"', "TAX2026 is no name"),
    ("name_grammar", "xl/workbook.xml", 'name="tax_rate"', 'name="tax rate"', "tax rate is no name"),
    ("sheet_names", "xl/workbook.xml", 'name="SOTP"', 'name="History"', "is no name of a sheet"),
    ("sheet_names", "xl/workbook.xml", 'name="SOTP"', 'name="Parts [2026]"', "is no name of a sheet"),
    ("limits", "Inputs", ' prompt="', f' prompt="{"x" * 256}', "255 are the most"),
    ("limits", "Cover", "<oddFooter>", f"<oddFooter>{'x' * 256}", "255 are the most"),
    ("limits", "Cover", ' ht="', ' ht="9', "higher than 409 points"),
    ("limits", "xl/styles.xml", 'formatCode="', 'formatCode="0;0;0;0;', "four sections"),
    ("plain_formulas", "Cover", "<f>", "<f>A1:A3*2+", "where a single value does"),
    ("plain_formulas", "Cover", "<f>", '<f t="array" ref="A1">', "is an array formula"),
]


@pytest.mark.parametrize(
    ("rule", "part", "before", "after", "finding"), PLANTS, ids=lambda text: str(text)[:24]
)
def test_a_planted_fault_breaks_its_rule(
    rule: str, part: str, before: str, after: str, finding: str, packages: dict[str, Package]
) -> None:
    findings = list(RULES[rule](spoiled(packages["delivered"], part, before, after)))
    assert any(finding in text for text in findings), findings


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, *_ in PLANTS} == set(RULES)


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("xl/styles.xml", "<font>", '<font><name val="Arial"/><b/>'),
        ("xl/worksheets/sheet1.xml", "<sheetData>", "<sheetData><row><c><v>1</v><f>1</f></c></row>"),
        ("xl/worksheets/sheet1.xml", "<sheetData>", '<sheetData><row r="1"><c r="A1" t="text"/></row>'),
        ("xl/workbook.xml", "<sheets>", "<calcPr/><sheets>"),
    ],
)
def test_a_part_that_breaks_the_schema_is_named(
    part: str, before: str, after: str, packages: dict[str, Package], tmp_path: Path
) -> None:
    package = spoiled(packages["two_stage_dcf"], part, before, after)
    assert any(f"/{part}" in fault for fault in schema.faults(package, tmp_path, set()))


@pytest.mark.parametrize(
    ("formula", "needs"),
    [
        ("=SUM(A1:A3)", False),
        ("=SUM(A1:A3*B1:B3)", True),
        ("=SUMPRODUCT(A1:A3*B1:B3)", False),
        ("=SUMPRODUCT(IF(A1:A3>0,B1:B3,0))", True),
        ("=IF(SUMPRODUCT((A1:A3>0)*1)>2,1,0)", False),
        ("=ABS(A1:A3)", True),
        ("=TRANSPOSE(A1:A3)", True),
        ("=SUMPRODUCT(TRANSPOSE(A1:A3),B1:D1)", True),
        ("=MMULT(A1:B2,C1:D2)", True),
        ("=SUMPRODUCT(MMULT(A1:B2,C1:D2))", False),
        ("=A1:A3", True),
        ("=INDEX(A1:C3,2,2)*2", False),
    ],
)
def test_a_formula_that_needs_ctrl_shift_enter_is_told(formula: str, needs: bool) -> None:
    """Microsoft, "Guidelines and examples of array formulas"; IF needs it within SUMPRODUCT, too."""
    assert bool(needs_array_entry(formula)) is needs


def by_openpyxl(path: Path) -> dict[CellKey, Any]:
    workbook = load_workbook(path, data_only=True, read_only=True)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in workbook.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def by_calamine(path: Path) -> dict[str, list[list[Any]]]:
    workbook = CalamineWorkbook.from_path(str(path))
    return {
        name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in workbook.sheet_names
    }


def comparable(value: object) -> object:
    """A value as every reader gives it: dates as serial numbers, whole numbers as numbers."""
    if isinstance(value, datetime.datetime):
        return float((value - datetime.datetime(1899, 12, 30)).days)
    if isinstance(value, datetime.date):
        return float((value - datetime.date(1899, 12, 30)).days)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("kind", [kind for kind in READABLE if kind != "lite"])
def test_other_readers_see_the_values_that_are_stored(kind: str, files: dict[str, Path]) -> None:
    stored = {
        at: comparable(value) for at, value in read_values(files[kind]).items() if value not in (None, "")
    }
    assert len(stored) > 100
    opened = {at: comparable(value) for at, value in by_openpyxl(files[kind]).items() if value != ""}
    assert opened == stored
    sheets = by_calamine(files[kind])
    for at, value in stored.items():
        row, column = split_address(at[1])
        seen = comparable(sheets[at[0]][row - 1][column - 1])
        assert seen == value, (at, seen, value)


def differences(package: Package, data: bytes) -> tuple[int, dict[CellKey, tuple[object, object]]]:
    """How many figures by formulas IronCalc has calculated anew, and those that it has otherwise."""
    ours = function_cells(package, callbacks())
    not_asked = ours | faulty_cells(package)
    [theirs] = recalculate_with_ironcalc({"book.xlsx": freeze_formulas(data, not_asked)})
    stored = read_values(data)
    asked = {(cell.sheet, cell.cell) for cell in formula_cells(package)} - not_asked
    figures = {
        at: stored[at] for at in asked if isinstance(stored.get(at), float) and has_opinion(theirs.get(at))
    }
    wrong = {
        at: (value, theirs.get(at))
        for at, value in figures.items()
        if theirs.get(at) != pytest.approx(value, rel=1e-9, abs=1e-9)
    }
    return len(figures), wrong


def test_a_third_engine_agrees_on_every_figure(packages: dict[str, Package]) -> None:
    """IronCalc, beside formualizer, which calculates the file, and LibreOffice, which the build asks."""
    counts = {}
    for kind in READABLE[1:]:
        counts[kind], wrong = differences(packages[kind], packages[kind].original)
        assert wrong == {}, kind
    assert counts["lite"] > 3500
    assert min(counts.values()) > 30


def test_a_figure_that_no_engine_reproduces_is_named(packages: dict[str, Package]) -> None:
    package = packages["two_stage_dcf"]
    at = next(
        (cell.sheet, cell.cell)
        for cell in formula_cells(package)
        if isinstance(read_values(package).get((cell.sheet, cell.cell)), float) and cell.sheet == "Model"
    )
    wrong = write_values(package.original, {at: 4711.0})
    assert differences(read_package(wrong), wrong)[1].keys() == {at}
