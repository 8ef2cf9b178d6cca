"""Files made by bad luck or bad will: one sentence, and the file as it was."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from tests.xlsx.foreign_books import handmade_book, packed, parts_of
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.limits import MANY_OBJECTS, limited, progressed, step
from xlwings_addin.engine.recalculation import recalculated
from xlwings_addin.engine.witness import UntrustedError, Witness
from xlwings_addin.xlsx.addresses import MAX_AREA, cells_in
from xlwings_addin.xlsx.package import read_values

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            '<row r="1"><c r="B1"><f t="array" ref="B1:XFD1048576">A1*10</f></c></row>',
            "area B1:XFD1048576 has 17,178,820,608 cells, above the limit of 250,000",
        ),
        (
            '<row r="1"><c r="B1"><f t="array" ref="B1:B1048576">A1*10</f></c></row>',
            "area B1:B1048576 has 1,048,576 cells, above the limit of 250,000",
        ),
        ('<row r="1"><c r="A2"><f>1+1</f></c></row>', "its cell A2 stands in row 1"),
        ('<!-- c --><row r="1"><c r="A2"><f>1+1</f></c></row>', "its cell A2 stands in row 1"),
        ('<row r="abc"><c r="A1"><f>1+1</f></c></row>', "it has a row numbered 'abc'"),
        ('<row r="0"><c r="A1"><f>1+1</f></c></row>', "it has a row numbered '0'"),
        ('<row r="1048577"><c r="A1048577"><f>1+1</f></c></row>', "1048577"),
        ('<row r="1"><c r="A1" t="d"><v>Friday</v></c></row>', "holds 'Friday' where an ISO date belongs"),
        ('<row r="1"><c r="A1"><v>nan</v></c></row>', "holds 'nan' where a number belongs"),
    ],
)
def test_a_bad_sheet_is_refused_in_one_sentence(rows: str, sentence: str) -> None:
    with pytest.raises(BookError) as refusal:
        recalculated(handmade_book(sheet(rows)), {})
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_area_is_bounded_before_it_is_expanded() -> None:
    assert len(list(cells_in(f"A1:A{MAX_AREA}"))) == MAX_AREA
    with pytest.raises(BookError, match="above the limit"):
        next(iter(cells_in(f"A1:A{MAX_AREA + 1}")))


def test_the_corners_of_an_area_may_be_named_in_any_order() -> None:
    assert list(cells_in("C3:B2")) == list(cells_in("B2:C3")) == list(cells_in("B3:C2"))


def test_names_of_parts_are_the_same_in_any_case() -> None:
    parts = parts_of(handmade_book(sheet('<row r="1"><c r="A1"><v>2</v></c><c r="B1"><f>A1*3</f></c></row>')))
    spelled = {part.replace("worksheets/sheet1", "Worksheets/SHEET1"): data for part, data in parts.items()}
    assert spelled.keys() != parts.keys()
    book = packed(spelled)
    assert set(read_values(book).values()) == {2.0, None}
    assert set(recalculated(book, {}).values()) == {6.0}


def test_a_call_in_a_process_of_its_own_gives_its_result_and_its_error() -> None:
    assert limited(lambda: {"A1": 2.0}, display="book.xlsx") == {"A1": 2.0}

    def refuse() -> None:
        raise BookError("workbook", "book.xlsx", "is no workbook", display="book.xlsx")

    with pytest.raises(BookError, match=r"^workbook book.xlsx is no workbook$") as refusal:
        limited(refuse, display="book.xlsx")
    assert refusal.value.rule == "is no workbook"


def test_a_call_that_fails_by_a_fault_of_the_program_says_so_with_its_place() -> None:
    def fail() -> None:
        raise ZeroDivisionError("of the program")

    with pytest.raises(ZeroDivisionError, match="of the program") as failure:
        limited(fail, display="book.xlsx")
    assert "in fail" in str(failure.value.__cause__)


def test_a_fault_or_a_result_that_cannot_travel_is_named_all_the_same() -> None:
    class UnportableError(Exception):
        pass

    def fail() -> None:
        raise UnportableError("of its own kind")

    with pytest.raises(RuntimeError, match=r"^UnportableError: of its own kind$"):
        limited(fail, display="book.xlsx")
    with pytest.raises(Exception, match="pickle"):
        limited(lambda: lambda: None, display="book.xlsx")


def test_standard_error_has_what_python_says_and_nothing_of_the_engine() -> None:
    program = """
import os, sys
from xlwings_addin.engine.limits import limited

def call():
    os.write(2, b"memory allocation of 262144 bytes failed\\n")
    print("a warning", file=sys.stderr)

limited(call, display="book.xlsx")
print("done", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "a warning\ndone\n"


def test_who_waits_for_a_call_is_told_what_it_does() -> None:
    heard: list[str] = []

    def steps() -> int:
        step("Reading")
        step("Calculating")
        return 2

    assert limited(steps, display="book.xlsx", watch=heard.append) == 2
    assert heard == ["Reading", "Calculating"]


def test_a_call_that_takes_too_much_memory_or_time_is_ended() -> None:
    import time

    with pytest.raises(BookError, match=r"^workbook book.xlsx takes more than 512 MiB"):
        limited(lambda: len(bytearray(2 << 30)), display="book.xlsx", memory=512 << 20)
    with pytest.raises(BookError, match=r"^workbook book.xlsx takes longer than 0.2 s"):
        limited(lambda: time.sleep(60), display="book.xlsx", seconds=0.2)


def test_a_call_may_take_its_memory_above_what_the_process_had() -> None:
    ballast = bytearray(300 << 20)
    assert limited(lambda: len(bytearray(200 << 20)), display="book.xlsx", memory=256 << 20) == 200 << 20
    assert len(ballast) == 300 << 20


def test_a_call_without_progress_is_ended_and_one_with_progress_goes_on() -> None:
    import time

    def steps() -> str:
        for _ in range(6):
            time.sleep(0.25)
            progressed()
        progressed(30.0)
        time.sleep(1.5)
        return "done"

    assert limited(steps, display="book.xlsx", idle=1.2) == "done"
    with pytest.raises(BookError, match=r"^workbook book.xlsx makes no progress for 0.2 s"):
        limited(lambda: time.sleep(60), display="book.xlsx", idle=0.2)


DANGLING = (
    '<row r="1"><c r="A1"><v>2</v></c><c r="B1"><f>A1*3</f>{}</c>'
    '<c r="C1"><f>[1]Rates!$A$1*A1</f>{}</c><c r="D1"><f>C1+1</f>{}</c></row>'
)


def test_a_reference_to_a_workbook_that_the_file_lacks_names_the_right_cell() -> None:
    with pytest.raises(UntrustedError) as refusal:
        recalculated(handmade_book(sheet(DANGLING.format("", "", ""))), {})
    assert [cell.cell for cell in refusal.value.distrusts] == ["C1"]
    assert "reads [1]Rates!$A$1 of another workbook, of which the file keeps nothing" in str(refusal.value)


def test_what_reads_a_workbook_that_the_file_lacks_keeps_its_value_and_the_rest_is_calculated() -> None:
    book = handmade_book(sheet(DANGLING.format("<v>6</v>", "<v>8</v>", "<v>9</v>")))
    assert recalculated(book, {}).reproduced == 2
    witness = Witness(book, {})
    name = next(key[0] for key in witness.stored)
    with pytest.raises(UntrustedError, match="C1"):
        witness.outcome({(name, "A1"): 4.0})
    kept = Witness(book, {}).outcome({(name, "A1"): 4.0}, keep=True)
    assert kept.new == {(name, "B1"): 12.0}
    assert kept.values[name, "C1"] == 8.0


@pytest.mark.skipif(os.name != "posix", reason="a call has a process of its own on POSIX")
def test_a_process_of_its_own_seldom_looks_for_circular_garbage() -> None:
    here = gc.get_threshold()
    there = limited(gc.get_threshold, display="a call")
    assert there == (MANY_OBJECTS, *here[1:])
    assert gc.get_threshold() == here
