"""What Excel is known to calculate otherwise is named, whatever other engines say."""

from __future__ import annotations

import pytest

from tests.engine.proofs import DISPROVEN, KINDS, disproofs, kinds, read, table_of_disproofs, table_of_kinds
from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.engine import recalculation, second_opinion
from xlwings_addin.engine.believing import doubt_about
from xlwings_addin.engine.kinds import NOT_TOLD
from xlwings_addin.engine.recalculation import recalculated
from xlwings_addin.engine.text_formats import is_proven_format
from xlwings_addin.engine.trees import tree_of

Cells = dict[str, object]


@pytest.fixture(autouse=True)
def other_engines_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second engine that agrees with everything: it can only be believed where it is asked."""

    def agrees(book: object, values: dict[tuple[str, str], object], timeout: float) -> object:
        return "The other engine computes", values

    monkeypatch.setattr(second_opinion, "_asked", agrees)


def named(cells: Cells) -> dict[str, str]:
    """The cells that are not calculated in a workbook that stores no values, with the reasons."""
    kept = recalculated(formulas_book(cells), {}, keep_uncalculated=True).kept
    return {cell.cell: cell.reason for cell in kept}


def test_both_tables_are_made_of_the_proofs() -> None:
    proofs = read()
    proven_kinds = kinds(proofs)
    assert KINDS.read_text(encoding="utf-8") == table_of_kinds(proven_kinds), "python -m tests.engine.proofs"
    table = disproofs(read("counterproofs.csv"), proven_kinds)
    assert DISPROVEN.read_text(encoding="utf-8") == table_of_disproofs(table), "python -m tests.engine.proofs"


def test_no_counterproof_is_believed() -> None:
    counterproofs = read("counterproofs.csv")
    assert len(counterproofs) > 80
    assert {proof.wrong for proof in counterproofs} == {"form", "kinds", "values"}
    doubts = [doubt_about(tree_of(proof.formula), proof.value_of, proof.look) for proof in counterproofs]
    believed = [
        proof.formula
        for proof, doubt in zip(counterproofs, doubts, strict=True)
        if doubt is None or not doubt.is_certain
    ]
    assert believed == []


def test_no_proof_is_doubted_for_the_kinds_of_its_values() -> None:
    proofs = [proof for proof in read() if proof.proves == "kinds"]
    assert len(proofs) > 500
    doubts = [doubt_about(tree_of(proof.formula), proof.value_of) for proof in proofs]
    assert [
        f"{proof.formula} {doubt.why}"
        for proof, doubt in zip(proofs, doubts, strict=True)
        if doubt is not None and "not proven for a" in doubt.why and "number format" not in doubt.why
    ] == []


def test_a_form_that_is_right_for_numbers_is_not_believed_for_a_text() -> None:
    cells: Cells = {"A1": 2.0, "A2": "2024-01-10", "B1": "=COT(A1)", "B2": "=COT(A2)", "C2": "=IF(B2>1,1,2)"}
    assert named(cells) == {
        "B2": "calls COT(value), which Excel is known to calculate otherwise",
        "B1": "calls COT(value), which Excel is known to calculate otherwise",
    }
    reasons = named({"A1": "2024-01-10", "B1": "=INT(A1)", "B2": "=INT(1.5)", "B3": "=B1+1"})
    assert reasons == {
        "B1": "calls INT(value), which is not proven for a date or a formatted number that is a text"
    }


@pytest.mark.parametrize(
    ("formula", "cells"),
    [
        ("POWER(A1,A2)", {"A1": 2.0, "A2": 3.0}),
        ("INDEX(A1:A2,2)", {"A1": 2.0, "A2": 3.0}),
        ('TEXT(A1,"#,##0.0_);(#,##0.0)")', {"A1": -1234.5}),
        ('TEXT(A1,"0.0%")', {"A1": 0.5}),
        ('COUNTIF(A:A,">1")', {"A1": 2.0}),
        ('COUNTIF(A:A,">="&MAX(1,2))', {"A1": 2.0}),
        ("XIRR(A1:A2,B1:B2)", {"A1": -100.0, "A2": 110.0, "B1": 45000.0, "B2": 45365.0}),
        ("IRR(A1:A3)", {"A1": -100.0, "A2": 50.0, "A3": 80.0}),
        ("MATCH(2,A1:A3,1)", {"A1": 1.0, "A2": 2.0, "A3": 3.0}),
        ("SUMPRODUCT(A1:A2,B1:B2)", {"A1": 1.0, "A2": 2.0, "B1": 3.0, "B2": 4.0}),
        ("CHAR(10)", {}),
    ],
)  # fmt: skip
def test_what_no_rule_is_about_stays_believed(formula: str, cells: Cells) -> None:
    assert named({**cells, "Z9": f"={formula}"}) == {}


@pytest.mark.parametrize(
    ("formula", "cells", "reason"),
    [
        ("POWER(A1,A2)", {"A1": 0.0}, "zero to the power of zero"),
        ("A1^A2", {"A1": 0.0, "A2": 0.0}, "zero to the power of zero"),
        ("INDEX(A1:A2,-1)", {"A1": 2.0, "A2": 3.0}, "negative row or column"),
        ('TEXT(A1,"# ?/?")', {"A1": 1.5}, "number format is none"),
        ('TEXT(A1,"[<9]0")', {"A1": 1.5}, "number format is none"),
        ('TEXT(A1,"0"&B1)', {"A1": 1.5, "B1": "*-"}, "number format is none"),
        ('COUNTIF(A:A,"<>"&A1)', {"A1": 2.0}, "over whole columns"),
        ('COUNTIF(A:A,">"&B1)', {"A1": 2.0}, "over whole columns"),
        ('COUNTIFS(A:A,"",B:B,1)', {"A1": 2.0}, "over whole columns"),
        ("XIRR(A1:A2,B1:B2)", {"A1": -100.0, "A2": 40.0, "B1": 45000.0, "B2": 45365.0}, "below -40%"),
        ("IFERROR(XIRR(A1:A2,B1:B2),0)", {"A1": -100, "A2": 1, "B1": 45000, "B2": 45001}, "below -40%"),
        ("IRR(A1:A3)", {"A1": -100.0, "A2": 230.0, "A3": -132.0}, "change their sign more than once"),
        ("MATCH(2,A1:A3,1)", {"A1": 1.0, "A2": 3.0, "A3": 2.0}, "not sorted"),
        ("VLOOKUP(2,A1:B3,2)", {"A1": 1.0, "A2": "x", "A3": 2.0}, "not sorted"),
        ("SUMPRODUCT(A1:A2,B1:B3)", {"A1": 1.0, "B3": 4.0}, "different sizes"),
        ("CHAR(150)", {}, "above 126"),
        ("CUMPRINC(A1,36,8000,2,10,0)", {"A1": 0.7}, "above 20"),
        ("IMEXP(A1)", {"A1": "2+4i"}, "more digits"),
        ('TEXT(A1,"0,00")', {"A1": 68.2}, "decimal comma"),
        ("VALUE(A1)", {"A1": "2/3/2023"}, "day and month apart"),
        ('AND("TRUE")', {}, "in the formula itself"),
    ],
)  # fmt: skip
def test_what_excel_calculates_otherwise_is_named(formula: str, cells: Cells, reason: str) -> None:
    reasons = named({**cells, "Z9": f"={formula}"})
    assert set(reasons) == {"Z9"}
    assert reason in reasons["Z9"]


@pytest.mark.parametrize(
    ("code", "is_proven"),
    [
        ("0", True), ("#,##0.00", True), ("0.00E+00", True), ("#,##0,,\"M\"", True), ("d mmm yyyy", True),
        ("[$€-407]0.00", True), ("dd.mm.yyyy", True), ("h:mm:ss.0", True), ("[h]:mm", True),
        ("$#,##0;[Red]-$#,##0", True),
        ("@", True), (";;;", True), ('+0.0%;-0.0%;"flat"', True), ("General", True),
        ("0*-", False), ("?0", False), ("[>9]0", False), ("0-00", False), (",0", False), ("00,00", False),
        ("0x", False), ("[hh]:h", False), ("[$-407]mmmm", False), ('"open', False), ("0;0;0;@;0", False),
    ],
)  # fmt: skip
def test_the_formats_of_text_that_are_proven(code: str, is_proven: bool) -> None:
    assert is_proven_format(code) is is_proven


def test_a_cell_of_another_sheet_is_looked_at() -> None:
    tree = tree_of("POWER('My sheet'!A1,0)")
    assert doubt_about(tree, lambda reference: 0.0 if reference == "'My sheet'!A1" else NOT_TOLD) is not None
    assert doubt_about(tree, lambda reference: 2.0) is None


def test_what_libreoffice_alone_calculates_is_not_believed_against_a_counterexample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """INTRATE, which the engine does not know, and for which LibreOffice counts other days than Excel."""
    answers = {("Sheet", "B1"): 0.0818181818181819, ("Sheet", "B2"): 4.0, ("Sheet", "B3"): 2.0}
    monkeypatch.setattr(recalculation, "values_instead", lambda package, udfs, refusal, timeout: answers)
    cells: Cells = {"A1": 2.0, "B1": "=INTRATE(46433,46522,2000000,2040000,0)", "B3": "=A1"}
    assert list(named(cells)) == ["B1"]
    assert named({"A1": 2.0, "B2": "=MMULT(A1,A1)", "B3": "=A1"}) == {}


@pytest.mark.parametrize(
    ("formula", "is_certain"),
    [
        ('1+A1&""', True),
        ("IF(1+A1>0,1,0)", True),
        ("IF(ISNUMBER(A1),1+A1,0)", False),
        ('IF(ISNUMBER(A1),"OK",IF(ERROR.TYPE(A1)=1,1,2))', False),
        ("IFERROR(1/0,1+A1)", False),
        ("IFERROR(1+A1,0)", True),
    ],
)
def test_what_a_branch_is_handed_that_may_not_be_taken_is_no_counterexample(
    formula: str, is_certain: bool
) -> None:
    doubt = doubt_about(tree_of(formula), lambda reference: "n/a")
    assert doubt is not None
    assert doubt.is_certain is is_certain
