"""Where a file stores no value, a formula is believed if it is proven or if a second engine agrees."""

from __future__ import annotations

import pytest

from tests.xlsx.foreign_books import formulas_book
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine import proven, second_opinion
from xlwings_addin.engine.recalculation import recalculated
from xlwings_addin.engine.witness import UntrustedError

BOOK = {"A1": 2.0, "B1": "=ACOTH(A1)", "C1": "=B1*2", "D1": "=A1*3"}
ACOTH_2 = 0.5493061443340549  # half the natural logarithm of 3


@pytest.fixture(autouse=True)
def without_proof_of_acoth(monkeypatch: pytest.MonkeyPatch) -> None:
    is_proven = proven.is_proven
    monkeypatch.setattr(
        proven, "is_proven", lambda function, form: function != "ACOTH" and is_proven(function, form)
    )
    monkeypatch.setattr(second_opinion, "find_soffice", lambda: None)


def test_an_unproven_function_is_believed_where_the_second_engine_agrees() -> None:
    values = recalculated(formulas_book(BOOK), {})
    assert values["Sheet", "B1"] == pytest.approx(ACOTH_2, rel=1e-9)
    assert values["Sheet", "C1"] == pytest.approx(2 * ACOTH_2, rel=1e-9)


def test_an_unproven_function_is_named_where_the_second_engine_disagrees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def disagree(books: dict[str, bytes], *, timeout: float) -> list[dict[tuple[str, str], float]]:
        assert len(books) == 1
        return [{("Sheet", "B1"): 0.7}]

    monkeypatch.setattr(second_opinion, "recalculate_with_ironcalc", disagree)
    with pytest.raises(
        UntrustedError, match=r"ACOTH\(value\), which nothing proves, and IronCalc computes 0.7"
    ):
        recalculated(formulas_book(BOOK), {})
    kept = recalculated(formulas_book(BOOK), {}, keep_uncalculated=True)
    assert [cell.cell for cell in kept.kept] == ["B1"]
    assert kept.outcome.new == {("Sheet", "D1"): 6.0}


def test_an_unproven_function_is_named_where_no_second_engine_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(books: dict[str, bytes], *, timeout: float) -> list[dict[tuple[str, str], float]]:
        raise BookError("program", "IronCalc", "is not installed", display="IronCalc")

    monkeypatch.setattr(second_opinion, "recalculate_with_ironcalc", missing)
    with pytest.raises(UntrustedError, match="no second engine answers"):
        recalculated(formulas_book(BOOK), {})


def test_a_cell_that_is_frozen_for_the_second_engine_agrees_with_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second_opinion, "faulty_cells", lambda package: {("Sheet", "B1")})
    with pytest.raises(UntrustedError, match="ACOTH"):
        recalculated(formulas_book(BOOK), {})
