"""References in formulas follow a move; everything else in a formula is left alone.

Expected texts are what Excel makes of the formula (Microsoft, Insert or delete rows and columns; Move or copy
a formula); the tokenizer is held against openpyxl's.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.formula import Tokenizer

from tests.xlsx.foreign_books import NATIVE
from xlwings_addin.xlsx.moving.formulas import FormulaMover, Located, Sheets, pieces
from xlwings_addin.xlsx.moving.references import moved_area, parse
from xlwings_addin.xlsx.moving.shift import LIMITS, Axis, Shift, UnmovableError

SHEETS = Sheets(("Data", "Other", "Q1 'a'", "Last", "利润表"), "Data")


def moved(
    formula: str, at: int, count: int, axis: Axis = "rows", *, own: bool = True, **options: bool
) -> str:
    return FormulaMover(Shift(axis, at, count), SHEETS).text(formula, own=own, **options)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A4", "A4"),
        ("A5", "A7"),
        ("$A$5+A$6+$A7", "$A$7+A$8+$A9"),
        ("SUM(A3:A4)", "SUM(A3:A4)"),
        ("SUM(A3:A5)", "SUM(A3:A7)"),
        ("SUM(A5:A9)", "SUM(A7:A11)"),
        ("SUM(A9:A3)", "SUM(A11:A3)"),
        ("SUM(A:A,$B:$C)", "SUM(A:A,$B:$C)"),
        ("SUM(3:5,$9:$9)", "SUM(3:7,$11:$11)"),
        ("SUM(A2:A1048576)", "SUM(A2:A1048576)"),
        ("SUM(A6:A1048576)", "SUM(A8:A1048576)"),
        ("SUM(A1:A1048576)", "SUM(A1:A1048576)"),
        ("Data!A5+data!A5+'Data'!A5", "Data!A7+data!A7+'Data'!A7"),
        ("Other!A5+'Q1 ''a'''!A5+利润表!A5", "Other!A5+'Q1 ''a'''!A5+利润表!A5"),
        ("[1]Data!A5+'[1]Data'!A5+[0]Data!A5", "[1]Data!A5+'[1]Data'!A5+[0]Data!A7"),
        ("'C:\\[Book.xlsx]Data'!A5", "'C:\\[Book.xlsx]Data'!A5"),
        ("Other:Last!A5", "Other:Last!A5"),
        ("SUM(Data:Data!A5)", "SUM(Data:Data!A7)"),
        ("Data:Last!A4", "Data:Last!A4"),
        ('"A5"&A5&"Data!A5 ""A5"""', '"A5"&A7&"Data!A5 ""A5"""'),
        ("LOG10(A5)+TAX2024+A5_rate+_A5+A5.x+XFE5", "LOG10(A7)+TAX2026+A5_rate+_A5+A5.x+XFE5"),
        ("A1:INDEX(B:B,5)", "A1:INDEX(B:B,5)"),
        ("A5:INDEX(B:B,5):C6", "A7:INDEX(B:B,5):C8"),
        ("(A5,B6) A5:C9", "(A7,B8) A7:C11"),
        (
            "Items[Units]+Items[[#This Row],[A5]]+Items['[A5]]",
            "Items[Units]+Items[[#This Row],[A5]]+Items['[A5]]",
        ),
        ("Items[A5]+A5", "Items[A5]+A7"),
        ("#REF!+#REF!A5+Data!#REF!+A5", "#REF!+#REF!A5+Data!#REF!+A7"),
        ("#N/A+#DIV/0!+A5", "#N/A+#DIV/0!+A7"),
        ("1E5+1.5E+5+A5%", "1E5+1.5E+5+A7%"),
        ("{1,2;3,4}*A5", "{1,2;3,4}*A7"),
        ("_xlfn.ANCHORARRAY(A5)+_xlfn.SINGLE(A5:A6)", "_xlfn.ANCHORARRAY(A7)+_xlfn.SINGLE(A7:A8)"),
        ("_xlfn.LET(_xlpm.x,A5,_xlpm.x*2)", "_xlfn.LET(_xlpm.x,A7,_xlpm.x*2)"),
        ("-A5^2<>a5", "-A7^2<>a7"),
        ("IF(A5,TRUE,FALSE)", "IF(A7,TRUE,FALSE)"),
    ],
)
def test_two_rows_inserted_at_row_5(formula: str, expected: str) -> None:
    assert moved(formula, 5, 2) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("B2+C2+$D$2", "B2+D2+$E$2"),
        ("SUM(B2:C2)+SUM(A:B)+SUM(B:C)", "SUM(B2:D2)+SUM(A:B)+SUM(B:D)"),
        ("SUM(2:2)+SUM(C1:XFD1)", "SUM(2:2)+SUM(D1:XFD1)"),
        ("Z1+AZ9+ZZ9", "AA1+BA9+AAA9"),
    ],
)
def test_a_column_inserted_at_column_c(formula: str, expected: str) -> None:
    assert moved(formula, 3, 1, "columns") == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A4+A7", "A4+A5"),
        ("SUM(A3:A6)", "SUM(A3:A4)"),
        ("SUM(A5:A9)", "SUM(A5:A7)"),
        ("SUM(A1:A9)", "SUM(A1:A7)"),
        ("SUM(A:A)+SUM(4:7)", "SUM(A:A)+SUM(4:5)"),
    ],
)
def test_rows_5_and_6_deleted(formula: str, expected: str) -> None:
    assert moved(formula, 5, -2) == expected


def test_a_formula_of_another_sheet_follows_only_where_it_names_the_sheet() -> None:
    assert moved("A5+Data!A5", 5, 2, own=False) == "A5+Data!A7"


def test_a_name_moves_what_is_absolute_and_leaves_what_hangs_on_the_cell_that_uses_it() -> None:
    options = {"own": False, "only_absolute": True}
    assert moved("Data!$A$5:$A$9", 5, 2, **options) == "Data!$A$7:$A$11"
    assert moved("Data!A5+Data!$A6", 5, 2, **options) == "Data!A5+Data!$A6"
    assert moved("Data!$A$5:$A9", 5, 2, **options) == "Data!$A$7:$A9"
    assert moved("Data!D$5+Data!$D5", 3, 1, "columns", **options) == "Data!D$5+Data!$E5"


@pytest.mark.parametrize(
    ("formula", "count", "rule"),
    [
        ("A1048576", 1, "would push row 1048576 off the sheet"),
        ("SUM(A1048575:A1048576)", 2, "would push row 1048575 off the sheet"),
        ("SUM(Data:Last!A5)", 1, "would move A5 on only one of the sheets Data:Last"),
        ("A5*2", -1, "would delete A5"),
        ("SUM(Data!5:6)", -2, "would delete Data!5:6"),
    ],
)
def test_what_cannot_follow_is_refused(formula: str, count: int, rule: str) -> None:
    with pytest.raises(UnmovableError, match=rule):
        moved(formula, 5, count)


def by_openpyxl(formula: str) -> list[str]:
    """The operands of a formula that are cells or areas, sheets before them left out."""
    operands = [
        token.value
        for token in Tokenizer("=" + formula).items
        if token.type == "OPERAND" and token.subtype == "RANGE"
    ]
    texts = [operand.rpartition("!")[2] for operand in operands]
    return [text for text in texts if parse(text) is not None]


@pytest.mark.parametrize("formula", [formula.removeprefix("=") for formula in NATIVE])
def test_the_references_are_those_that_openpyxl_finds(formula: str) -> None:
    assert [part.text for part in pieces(formula) if isinstance(part, Located)] == by_openpyxl(formula)


cells = st.builds(
    lambda column, row, first, second: f"{first}{column}{second}{row}",
    st.sampled_from(["A", "C", "Z", "AA"]),
    st.integers(1, 40),
    st.sampled_from(["", "$"]),
    st.sampled_from(["", "$"]),
)
operands = st.one_of(
    cells,
    st.builds("{}:{}".format, cells, cells),
    st.sampled_from(["A:C", "$2:9", '"A5:B6"', "1E5", "Items[A5]", "Rate", "#REF!", "{1,2}", "LOG10(A7)"]),
    st.builds("Data!{}".format, cells),
    st.builds("'Q1 ''a'''!{}".format, cells),
)
formulas = st.lists(operands, min_size=1, max_size=6).map("+".join)
shifts = st.builds(Shift, st.sampled_from(["rows", "columns"]), st.integers(1, 45), st.integers(1, 9))


@given(formulas, shifts)
def test_deleting_what_was_inserted_gives_the_formula_back(formula: str, shift: Shift) -> None:
    after = FormulaMover(shift, SHEETS).text(formula, own=True)
    back = FormulaMover(Shift(shift.axis, shift.at, -shift.count), SHEETS).text(after, own=True)
    assert back == formula


@given(formulas)
def test_the_pieces_of_a_formula_make_the_formula(formula: str) -> None:
    assert "".join(part if isinstance(part, str) else part.text for part in pieces(formula)) == formula


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 9))
def test_an_area_keeps_its_cells_and_gains_those_inserted_inside(
    top: int, bottom: int, at: int, count: int
) -> None:
    first, last = sorted((top, bottom))
    area = parse(moved_area(f"B{first}:B{last}", Shift("rows", at, count)) or "")
    assert area is not None
    kept = {row if row < at else row + count for row in range(first, last + 1)}
    covered = set(range(area.ends("rows")[0], area.ends("rows")[1] + 1))
    assert kept <= covered
    assert covered - kept == (set(range(at, at + count)) if first < at <= last else set())


def test_the_limits_are_those_of_excel() -> None:
    assert LIMITS == {"rows": 1_048_576, "columns": 16_384}


@pytest.mark.parametrize("at", [1, 2, 3, 7, 100, 2024])
def test_a_formula_that_is_passed_over_would_not_have_changed(at: int) -> None:
    mover = FormulaMover(Shift("rows", at, 2), SHEETS)
    formulas = [formula.removeprefix("=") for formula in NATIVE]
    passed_over = [formula for formula in formulas if not mover.may_move(formula, own=True)]
    assert passed_over or at < 100
    for formula in formulas:
        references = [part for part in pieces(formula) if isinstance(part, Located)]
        changes = any(mover.reference(part, own=True) != part.reference for part in references)
        assert (mover.text(formula, own=True) != formula) is changes
        assert not (changes and formula in passed_over)
