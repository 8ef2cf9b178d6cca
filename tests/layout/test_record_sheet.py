"""The record of a refresh on a sheet of its own."""

from __future__ import annotations

import json

import pytest

from xlwings_addin.core.errors import BookError
from xlwings_addin.layout.record_sheet import (
    HEADING,
    LONGEST_CELL,
    RECORD_SHEET,
    cells_with,
    newest,
    state_on,
    text_on,
)
from xlwings_addin.layout.state import State, state_text
from xlwings_addin.xlsx.package import CellValue

RECORD = State(
    "1",
    "2026-10-01T08:00:00+00:00",
    {"inputs.a.cases": 1.0, "inputs.b.cases": "小米"},
    {"cover.title.texts": 7},
)


def written(state: State, former: dict[str, CellValue], longest: int) -> dict[str, CellValue]:
    """The sheet after a record was written onto it."""
    cells = cells_with(state, former, longest=longest)
    assert {sheet for sheet, _ in cells} == {RECORD_SHEET}
    return former | {address: text for (_, address), text in cells.items()}


@pytest.mark.parametrize("longest", [7, 50, LONGEST_CELL])
def test_a_record_is_read_as_it_was_written(longest: int) -> None:
    sheet = written(RECORD, {}, longest)
    assert sheet.pop("A1") == HEADING
    assert max(len(str(text)) for text in sheet.values()) <= longest
    assert state_on({"A1": HEADING, **sheet}, name="") == RECORD
    assert text_on(sheet) == state_text(RECORD)


def test_of_a_longer_record_nothing_stays_and_notes_beside_it_do() -> None:
    long = State("1", "2026", {f"inputs.{number}.cases": float(number) for number in range(99)}, {})
    sheet = written(long, {"B2": "my note", "C1": 4.0}, 20)
    rows = len(sheet)
    sheet = written(RECORD, sheet, 20)
    assert len(sheet) == rows
    assert state_on(sheet, name="") == RECORD
    assert (sheet["B2"], sheet["C1"]) == ("my note", 4.0)


def test_a_sheet_without_a_record_has_none_and_a_damaged_one_is_named() -> None:
    assert state_on({}, name="") is None
    assert state_on({"A1": HEADING, "B2": "my note"}, name="") is None
    with pytest.raises(BookError, match=r"mine\.xlsx cannot be refreshed: its refresh record is damaged"):
        state_on({"A2": state_text(RECORD)[:-3]}, name="mine.xlsx")
    later = json.dumps({**json.loads(state_text(RECORD)), "format": 99})
    with pytest.raises(BookError, match="was written by a later version of this project"):
        state_on({"A2": later}, name="mine.xlsx")


def test_the_record_that_was_written_last_counts() -> None:
    build, refresh = State("1", "2026-10-01", {}, {}), State("1", "2026-10-01T08:00:00+00:00", {}, {})
    assert newest((None, refresh, build)) is newest((build, refresh)) is refresh
    assert newest((None, None)) is None
