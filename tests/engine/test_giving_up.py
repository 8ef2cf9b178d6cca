"""Formulas at which the engine gives up on a whole workbook keep their values; all others are calculated."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.stored_books import SHEET, stored_book
from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.unevaluated import STOPS, Unevaluated, UnevaluatedError
from xlwings_addin.engine.witness import UntrustedError, Witness
from xlwings_addin.xlsx.package import CellKey

CELLS = {"A1": 2, "B1": "=OFFSET(A1,0,0)*2", "B2": "=B1+1", "C1": "=A1*10"}
STORED = {"B1": 4.0, "B2": 5.0, "C1": 20.0}
CULPRIT: CellKey = (SHEET, "B1")


@pytest.fixture(params=["the cell", "the whole"])
def gives_up(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that gives up as long as it has the culprit's formula, and names it or nothing."""
    attempt = Calculation.attempt
    place = CULPRIT if request.param == "the cell" else ("", "workbook")

    def giving_up(self: Calculation) -> Any:
        if CULPRIT not in self.book.frozen:
            raise UnevaluatedError([Unevaluated(*place, "=", f"{STOPS} (#SPILL!)")])
        return attempt(self)

    monkeypatch.setattr(Calculation, "attempt", giving_up)


@pytest.mark.usefixtures("gives_up")
def test_what_stops_the_engine_is_not_trusted_and_the_rest_is() -> None:
    witness = Witness(stored_book(CELLS, STORED), {})
    assert witness.untrusted.keys() == {CULPRIT}
    assert STOPS in witness.untrusted[CULPRIT].reason
    assert witness.reproduced == {(SHEET, "B2"), (SHEET, "C1")}
    outcome = witness.outcome({(SHEET, "A1"): 3.0}, keep=True)
    assert outcome.new == {(SHEET, "C1"): 30.0}
    assert outcome.stale == {CULPRIT, (SHEET, "B2")}


@pytest.mark.usefixtures("gives_up")
def test_it_stops_the_run_where_it_hangs_on_a_change() -> None:
    with pytest.raises(UntrustedError, match=r"Sheet!B1"):
        Witness(stored_book(CELLS, STORED), {}).outcome({(SHEET, "A1"): 3.0})


@pytest.mark.usefixtures("gives_up")
def test_without_stored_values_it_stops_everything() -> None:
    with pytest.raises(UnevaluatedError, match=STOPS):
        Witness(stored_book(CELLS, STORED), {}, stored_values_are_old=True)
