"""Rules that hold for every line of every sheet: the FAST Standard's, and what all hosts can calculate."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from openpyxl.formula import Tokenizer
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter, range_boundaries

from xlwings_addin.functions.registry import REGISTRY
from xlwings_addin.layout.names import defined_names
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    KEY_COLUMN,
    Block,
    Columns,
    Entry,
    Line,
    Sheet,
    constant,
)

NATIVE_FUNCTIONS = {
    *(
        "ABS",
        "AND",
        "AVERAGE",
        "CHOOSE",
        "COLUMNS",
        "COUNT",
        "COUNTIF",
        "DATE",
        "DAY",
        "ERROR.TYPE",
        "EXP",
        "IF",
        "INDEX",
        "ISERROR",
    ),
    *("ISNUMBER", "LEFT", "LN", "MATCH", "MAX", "MIN", "MONTH", "N", "NPV", "OR", "PRODUCT", "ROWS", "SUM"),
    *("ISNA", "ISTEXT", "NA", "NOW", "PERCENTILE", "SQRT", "SUBSTITUTE", "SUMPRODUCT", "TEXT", "YEAR"),
}
"""All are in ECMA-376 (2006), so in Excel 2007 and later and in LibreOffice 7.4."""

ALLOWED_NUMBERS = {"0", "1"}
"""The FAST Standard forbids constants in formulas; 0, 1 and -1 carry no assumption."""


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


@pytest.fixture(scope="module")
def formulas(book: Book) -> list[tuple[PlacedCell, str]]:
    pairs = [(cell, book.formula(cell)) for cell in book.cells() if cell.entry.kind == "formula"]
    assert len(pairs) > 3000
    return pairs


def tokens(formula: str) -> Iterator[tuple[str, str, str]]:
    for token in Tokenizer(formula).items:
        yield token.type, token.subtype, token.value


def test_a_sheet_is_a_module_that_exports_it() -> None:
    keys = [sheet.key for sheet in sheets()]
    assert keys == [
        *("cover", "summary", "inputs", "reported", "base_year", "capital", "devices", "devices_average"),
        *("vehicle_units", "vehicle_ramp", "venture", "sotp", "multiples", "implied"),
        *(
            "sensitivities",
            "simulation",
            "conventions",
            "market",
            "ramp",
            "scorecard",
            "questions",
            "functions",
            "checks",
            "sources",
        ),
    ]
    assert all(sheet.purpose.endswith(("?", ".", "valuation")) or "?" in sheet.purpose for sheet in sheets())


def test_no_line_of_another_sheet_hangs_on_one_that_only_answers(book: Book) -> None:
    answering = {key for key, placed in book.sheets.items() if placed.sheet.only_answers}
    assert "summary" in answering
    read = {
        (cell.sheet.key, sheet)
        for cell in book.cells()
        if cell.entry.formula and not cell.sheet.only_answers
        for sheet in re.findall(r"\{(\w+)\.", cell.entry.formula)
    }
    assert ("cover", "sotp") in read
    # Cover links to a table of Sensitivities, and says so where there is none.
    assert {pair for pair in read if pair[1] in answering} == {("cover", "sensitivities")}
    links = {line for line, (block, _) in book.sheets["cover"].lines.items() if block.block.with_a_build}
    assert links == {
        cell.line.key
        for cell in book.cells()
        if cell.line and cell.sheet.key == "cover" and "success" in f"{cell.line.key} {cell.entry.formula}"
    }


def test_no_number_is_typed_into_a_formula(formulas: list[tuple[PlacedCell, str]]) -> None:
    typed = {
        f"{cell.sheet.title}!{cell.address} {formula}"
        for cell, formula in formulas
        for kind, subtype, value in tokens(formula)
        if kind == "OPERAND" and subtype == "NUMBER" and value not in ALLOWED_NUMBERS
    }
    assert not typed


def test_every_function_is_known_to_all_hosts_or_ours(formulas: list[tuple[PlacedCell, str]]) -> None:
    used = {
        value.removesuffix("(").rpartition(":")[2]
        for _, formula in formulas
        for kind, subtype, value in tokens(formula)
        if kind == "FUNC" and subtype == "OPEN"
    }
    assert used - NATIVE_FUNCTIONS <= set(REGISTRY)
    assert used >= {"SUMPRODUCT", "DCF_ENTERPRISE_VALUE"}


def test_one_formula_a_row_copied_across(book: Book, formulas: list[tuple[PlacedCell, str]]) -> None:
    first: dict[tuple[str, int, str], tuple[str, str]] = {}
    compared = 0
    for cell, formula in formulas:
        if cell.line is None:
            continue
        origin, master = first.setdefault((cell.sheet.key, cell.row, cell.group), (cell.address, formula))
        assert Translator(master, origin=origin).translate_formula(cell.address) == formula
        compared += cell.address != origin
    assert compared > 1500


def test_no_range_includes_its_own_cell(formulas: list[tuple[PlacedCell, str]]) -> None:
    for cell, formula in formulas:
        for kind, subtype, value in tokens(formula):
            if kind != "OPERAND" or subtype != "RANGE":
                continue
            sheet, _, area = value.rpartition("!")
            if sheet.strip("'") in ("", cell.sheet.title):
                left, top, right, bottom = range_boundaries(area.replace("$", ""))
                inside = left <= cell.column <= right and top <= cell.row <= bottom
                assert not inside, f"{cell.sheet.title}!{cell.address} {formula}"


def test_time_runs_in_the_same_columns_on_every_sheet_that_has_a_timeline(book: Book) -> None:
    yearly = {
        (group, columns.first, columns.count)
        for placed in book.sheets.values()
        for group, columns in placed.columns.items()
        if group in ("constant", "opening", "years")
    }
    assert {input_spec for input_spec in yearly if input_spec[0] != "constant"} == {
        ("opening", FIRST_COLUMN + 1, 1),
        ("years", FIRST_COLUMN + 2, 16),
    }


def test_defined_names_are_words_and_name_one_cell(book: Book) -> None:
    names = defined_names(book)
    assert {"risk_free", "value_per_share_hkd", "selected_case", "vehicle_enterprise_value"} <= set(names)
    for name, reference in names.items():
        # Words; a number is a word of its own between two others: plant_1_capacity.
        assert re.fullmatch(r"[a-z]{2,}(_\d+(?=_)|_[a-z]+)*", name), name
        # What a program would take for a cell, A1 or R1C1.
        assert not re.fullmatch(r"[a-z]{1,3}\d+|r\d*c\d*", name), name
        assert re.fullmatch(r"('[^']+'|\w+)!\$[A-Z]+\$\d+", reference), reference


def test_every_figure_says_its_unit_or_is_a_word(book: Book) -> None:
    for cell in book.cells():
        if cell.line is not None:
            assert cell.unit, f"{cell.sheet.title}!{cell.address}"


def test_functions_stand_in_cells_of_one_value(formulas: list[tuple[PlacedCell, str]]) -> None:
    called = [cell for cell, formula in formulas if any(f"{name}(" in formula for name in REGISTRY)]
    assert len(called) == len({cell.at for cell in called}) >= 18
    assert {cell.sheet.key for cell in called} == {"functions"}


# --- the notation -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("{revenue}", "H11"),
        ("{revenue[-1]}", "G11"),
        ("{revenue[all]}", "$F11:$U11"),
        ("{revenue[0:]}", "$E11:$U11"),
        ("{revenue[2:]}", "$G11:$U11"),
        ("{revenue[:10]}", "$F11:$O11"),
        ("{revenue[3]}", "$H11"),
        ("{revenue:label}", "$A$11"),
        ("{revenue[last]}", "$U11"),
        ("{revenue[1]}", "$F11"),
        ("{revenue:opening}", "$E$11"),
        ("{inputs.risk_free}", "Inputs!$D$27"),
        ("{devices_average.fcff}", "'Devices Average'!H12"),
        ("SUM({sotp.devices:value}:{sotp.vehicle:value})", "SUM(SOTP!$D$6:$D$7)"),
    ],
)
def test_a_reference_becomes_the_cell_it_names(book: Book, reference: str, address: str) -> None:
    column = FIRST_COLUMN + 4
    assert get_column_letter(column) == "H"
    resolved = book.resolve(reference, "vehicle_ramp", "years", column)
    placed = book.sheets["vehicle_ramp"].lines["revenue"][0]
    row = placed.rows["revenue"]
    if "revenue" in reference:
        address = address.replace("11", str(row))
    if "risk_free" in reference:
        address = f"Inputs!$D${book.sheets['inputs'].lines['risk_free'][0].rows['risk_free']}"
    if "fcff" in reference:
        address = f"'Devices Average'!H{book.sheets['devices_average'].lines['fcff'][0].rows['fcff']}"
    assert resolved == address


def test_an_entry_says_who_writes_its_cell() -> None:
    with pytest.raises(ValueError, match="kind 'formula' with formula None"):
        Entry(lambda r: 1.0)
    with pytest.raises(ValueError, match="kind 'input' with formula"):
        Entry(lambda r: 1.0, "{a}", kind="input")


def test_a_key_stands_once_on_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    line = constant("twice", "0", lambda r: 0.0, label="Twice", unit="count")
    sheet = Sheet("cover", "Cover", "?", lambda _: [Block("One", [line]), Block("Two", [line])])
    monkeypatch.setattr("xlwings_addin.layout.references.sheets", lambda _: (sheet,))
    with pytest.raises(ValueError, match="sheet cover: a key stands twice"):
        Book(load_context())


def test_keys_stand_right_of_the_widest_row_and_its_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = {"many": Columns(FIRST_COLUMN, [str(n) for n in range(30)])}
    line = Line("a", "A", "count", {"many": Entry(lambda r: [0.0] * 30, kind="text")})
    sheet = Sheet("cover", "Cover", "?", lambda _: [Block("One", [line])], columns=lambda _: wide)
    monkeypatch.setattr("xlwings_addin.layout.references.sheets", lambda _: (sheet,))
    placed = Book(load_context()).sheets["cover"]
    assert placed.note_column == placed.last_column + 1 == FIRST_COLUMN + 30 > KEY_COLUMN
    assert placed.key_column == placed.note_column + 1
