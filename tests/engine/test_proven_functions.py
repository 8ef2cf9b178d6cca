"""Every function that is believed without a stored value gives values that Excel stored."""

from __future__ import annotations

import math

import pytest

from tests.engine.proofs import PAGE, TABLE, Proof, calculated, page, proven, read, table
from xlwings_addin.engine.forms import calls_of
from xlwings_addin.engine.proven import is_proven, proven_forms, unproven
from xlwings_addin.engine.trees import tree_of
from xlwings_addin.xlsx.package import CellValue

PROOFS, COUNTERPROOFS = read(), read("counterproofs.csv")
ITERATED = frozenset(("IRR", "XIRR", "RATE", "YIELD"))
"""Microsoft's documentation gives these an accuracy of 1e-7 or 1e-8, not of all digits."""


def agrees(proof: Proof, value: CellValue) -> bool:
    iterated = any(call.function in ITERATED for call in proof.calls)
    if isinstance(proof.value, float) and isinstance(value, float) and not isinstance(proof.value, bool):
        absolute = 1e-7 if iterated else 1e-12
        return math.isclose(value, proof.value, rel_tol=1e-9, abs_tol=absolute)
    return (value or None) == (proof.value or None) and isinstance(value, bool) == isinstance(
        proof.value, bool
    )


def test_every_proof_is_reproduced_by_the_engine() -> None:
    assert len(PROOFS) > 500
    wrong = [
        f"{proof.formula}: {value!r}, {proof.source} has {proof.value!r}"
        for proof, value in zip(PROOFS, calculated(PROOFS), strict=True)
        if not agrees(proof, value)
    ]
    assert wrong == []


def test_a_wrong_value_is_found() -> None:
    """Microsoft's documentation of NPV, example 1, and the same with one digit changed."""
    cells: dict[str, CellValue] = {"A1": 0.1, "A2": -10000.0, "A3": 3000.0, "A4": 4200.0, "A5": 6800.0}
    right = Proof("NPV(A1,A2:A5)", cells, False, 1188.4434123352216, "Microsoft, NPV")
    wrong = right._replace(value=1188.4434223352216)
    [value] = calculated([right])
    assert agrees(right, value)
    assert not agrees(wrong, value)


def test_every_proof_names_its_source() -> None:
    assert [proof.formula for proof in PROOFS + COUNTERPROOFS if len(proof.source) < 10] == []


def test_the_table_of_the_engine_is_made_of_the_proofs() -> None:
    made = table(proven(PROOFS, COUNTERPROOFS))
    assert TABLE.read_text(encoding="utf-8") == made, "python -m tests.engine.proofs"


def test_the_page_is_made_of_the_proofs() -> None:
    made = page(proven(PROOFS, COUNTERPROOFS), COUNTERPROOFS)
    assert PAGE.read_text(encoding="utf-8") == made, "python -m tests.engine.proofs"


def test_what_excel_shows_otherwise_is_not_proven() -> None:
    assert COUNTERPROOFS
    first = [next(calls_of(tree_of(proof.formula))) for proof in COUNTERPROOFS if proof.wrong == "form"]
    assert len(first) > 60
    assert [str(call) for call in first if call.form in proven_forms().get(call.function, ())] == []


@pytest.mark.parametrize(
    ("formula", "first"),
    [
        ("SUM(A1:A9,1,B1)+A1*2", None),
        ("IF(A1>0,SUM(A1:A9)/2,\"n/a\")", None),
        ("SUM(A1:A9)+NOT.KNOWN(1)", "NOT.KNOWN(value)"),
        ("VLOOKUP(A1:A3,B1:C9,2,FALSE)", "VLOOKUP(range,range,value,FALSE)"),
    ],
)  # fmt: skip
def test_a_formula_is_proven_call_by_call(formula: str, first: str | None) -> None:
    call = unproven(formula)
    assert (None if call is None else str(call)) == first


def test_functions_of_ours_are_proven_otherwise() -> None:
    assert str(unproven("DCF_FCFF(A1)")) == "DCF_FCFF(value)"
    assert unproven("DCF_FCFF(A1)", trusted={"DCF_FCFF"}) is None
    assert not is_proven("DCF_FCFF", ("value",))
