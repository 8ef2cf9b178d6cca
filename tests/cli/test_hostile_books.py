"""Hostile and unlucky workbooks through every command: a right answer, or one sentence and status 2.

One process runs all of them, so that its memory can be measured; the tests read what it noted.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.xlsx.foreign_books import handmade_book, packed, parts_of
from xlwings_addin.cli.app import BAD_INPUT

ROOT = Path(__file__).parents[2]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
GIB = 1 << 30
HANGS_AFTER = 900
"""Seconds for all commands on all books, on a busy machine; a guard and no measurement."""
TWO = '<row r="1"><c r="A1"><v>2</v></c>'


def book(rows: str, behind: str = "") -> bytes:
    return handmade_book(f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{behind}</worksheet>')


def lying_zip() -> bytes:
    """A sheet of 300 MB of blanks in a file of 300 kB whose directory says that it has 100 bytes."""
    parts = parts_of(book(TWO + "</row>"))
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet] + b" " * 300_000_000
    data = bytearray(packed(parts))
    name = sheet.encode()
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    data[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    return bytes(data)


def sized(data: bytes) -> bytes:
    """A book in which merged areas reach Excel's last row on every sheet."""
    parts = parts_of(data)
    for part, content in parts.items():
        if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", part):
            merged = b'<mergeCells count="1"><mergeCell ref="T1:V1048576"/></mergeCells>'
            parts[part] = content.replace(b"</sheetData>", b"</sheetData>" + merged, 1)
    return packed(parts)


def with_formula(data: bytes, formula: str) -> bytes:
    """A book with a formula of the analyst's own far below the lines of the first sheet."""
    parts = parts_of(data)
    row = f'<row r="9000"><c r="A9000">{formula}<v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", row.encode()
    )
    assert row.encode() in parts["xl/worksheets/sheet1.xml"]
    return packed(parts)


def encrypted() -> bytes:
    return bytes.fromhex("D0CF11E0A1B11AE1") + bytes(500) + "EncryptedPackage".encode("utf-16-le")


def signed(data: bytes) -> bytes:
    """A signed workbook, as far as a reader must look: the relationship of ECMA-376 Part 2, 13.2.4.2."""
    parts = parts_of(data)
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    origin = f'<Relationship Id="rIdS" Type="{kind}" Target="_xmlsignatures/origin.sigs"/></Relationships>'
    parts["_rels/.rels"] = parts["_rels/.rels"].replace(b"</Relationships>", origin.encode())
    parts["_xmlsignatures/origin.sigs"] = b""
    assert b"rIdS" in parts["_rels/.rels"]
    return packed(parts)


def cut_off(data: bytes) -> bytes:
    return data[: len(data) // 2]


def external_entity() -> bytes:
    parts = parts_of(book(TWO + "</row>"))
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    door = '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    parts["xl/worksheets/sheet1.xml"] = f"{door}{sheet.partition('?>')[2] or sheet}".encode()
    return packed(parts)


def no_sheet() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    return buffer.getvalue()


SMALL: dict[str, Callable[[], bytes]] = {
    "array_column": lambda: book(TWO + '<c r="B1"><f t="array" ref="B1:B1048576">A1*10</f></c></row>'),
    "array_huge": lambda: book(TWO + '<c r="B1"><f t="array" ref="B1:XFD1048576">A1*10</f></c></row>'),
    "array_reversed": lambda: book(
        TWO + '<c r="B1"><f t="array" ref="B9:A1">A1*10</f><v>20</v></c><c r="C1"><f>B1+1</f></c></row>'
    ),
    "cell_in_other_row": lambda: book('<!-- c --><row r="1"><c r="A2"><f>1+1</f></c></row>'),
    "row_abc": lambda: book('<row r="abc"><c r="A1"><f>1+1</f></c></row>'),
    "shared_without_area": lambda: book(TWO + '<c r="B1"><f t="shared" si="0">A1*10</f></c></row>'),
    "sum_of_a_sheet": lambda: book(
        TWO + '</row><row r="1048576"><c r="XFD1048576"><f>SUM(A1:XFC1048575)</f></c></row>'
    ),
    "merged_sheet": lambda: book(
        TWO + "</row>", '<mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells>'
    ),
    "lying_zip": lying_zip,
    "encrypted": encrypted,
    "external_entity": external_entity,
    "no_sheet": no_sheet,
    "empty": lambda: b"",
    "text": lambda: b"key,period,value\n" * 100,
}
OWN: dict[str, Callable[[bytes], bytes]] = {
    "own_merged": sized,
    "own_signed": signed,
    "own_cut_off": cut_off,
    "own_array_column": lambda data: with_formula(data, '<f t="array" ref="A9000:A1048576">SOTP!D19*2</f>'),
    "own_sum_of_a_sheet": lambda data: with_formula(data, "<f>SUM(Inputs!1:1048576)</f>"),
}
"""Made of the delivered workbook, so that every command gets as far as it goes."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "recalc": ("recalc", "BOOK"),
    "recalc --target": ("recalc", "BOOK", "--target", "office-js"),
    "refresh": ("refresh", "BOOK", "--backups", "0"),
    "check": ("check", "BOOK", "--second-engine", "skip"),
    "diff before": ("diff", "BOOK", "SOUND"),
    "diff after": ("diff", "SOUND", "BOOK"),
    "export case": ("export", "case", "BOOK", "mine", "--author", "analyst", "--out", "OUT"),
}
RUNNER = """
import contextlib, io, json, os, resource, sys, traceback
from xlwings_addin import cli

def own_peak():
    # `ru_maxrss` of a started program begins at what its parent held, on Linux; VmHWM is its own.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

for line in sys.stdin:
    arguments = json.loads(line)
    out, err, status = io.StringIO(), io.StringIO(), 0
    sys.argv = ["xiaomi-model", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as stop:
        status = stop.code or 0
    except BaseException:
        status, err = "traceback", io.StringIO(traceback.format_exc())
    peak = max(own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(json.dumps([status, err.getvalue(), peak * 1024]), file=sys.__stdout__, flush=True)
"""


@dataclass(frozen=True)
class Run:
    """What a command made of a book; `memory` is the most that any command took up to then."""

    status: int | str
    err: str
    memory: int
    unchanged: bool
    left: list[str]


@pytest.fixture(scope="module")
def runs(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Run]:
    """Every command on every book, each on a fresh copy."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the memory of a process is read from /proc")
    folder = tmp_path_factory.mktemp("hostile")
    books = {name: make() for name, make in SMALL.items()}
    books |= {name: make(delivered.read_bytes()) for name, make in OWN.items()}
    sound = {True: folder / "own.xlsx", False: folder / "small.xlsx"}
    sound[True].write_bytes(delivered.read_bytes())
    sound[False].write_bytes(book(TWO + "</row>"))
    tried, orders = [], []
    for name, data in books.items():
        for command, words in COMMANDS.items():
            place = folder / f"{name} {command}"
            place.mkdir()
            (place / "book.xlsx").write_bytes(data)
            paths = {"BOOK": place / "book.xlsx", "SOUND": sound[name in OWN], "OUT": place / "mine.csv"}
            tried.append((name, command, place, data))
            orders.append(json.dumps([str(paths.get(word, word)) for word in words]))
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input="\n".join(orders),
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=HANGS_AFTER,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        (name, command): Run(
            *answer,
            (place / "book.xlsx").read_bytes() == data,
            sorted(path.name for path in place.iterdir()),
        )
        for (name, command, place, data), answer in zip(tried, answers, strict=True)
    }


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", [*SMALL, *OWN])
def test_a_bad_book_is_answered_or_refused_in_a_sentence(
    runs: dict[tuple[str, str], Run], name: str, command: str
) -> None:
    run = runs[name, command]
    assert run.status in (0, 1, BAD_INPUT), run.err
    assert run.memory <= GIB
    if run.status == BAD_INPUT:
        (sentence,) = run.err.splitlines()
        assert sentence.startswith("xiaomi-model: ")
        assert len(sentence) < 1000
        assert run.unchanged
        assert run.left == ["book.xlsx"]


@pytest.mark.parametrize(
    ("name", "command", "rule"),
    [
        ("array_huge", "recalc", "area B1:XFD1048576 has 17,178,820,608 cells"),
        ("cell_in_other_row", "recalc", "its cell A2 stands in row 1"),
        ("row_abc", "recalc --target", "it has a row numbered 'abc'"),
        ("encrypted", "refresh", "is encrypted with a password; save it without one"),
        ("encrypted", "check", "is encrypted with a password; save it without one"),
        ("own_signed", "recalc", "is digitally signed, and any change breaks that"),
        ("own_signed", "recalc --target", "is digitally signed, and any change breaks that"),
        ("own_signed", "refresh", "is digitally signed, and any change breaks that"),
        ("own_cut_off", "diff after", "is cut off or damaged"),
        ("external_entity", "check", "declares a document type"),
        ("no_sheet", "export case", "holds no xl/workbook.xml"),
        ("text", "diff before", "is no zip package"),
    ],
)
def test_the_sentence_says_what_is_wrong(
    runs: dict[tuple[str, str], Run], name: str, command: str, rule: str
) -> None:
    run = runs[name, command]
    assert run.status == BAD_INPUT
    assert rule in run.err


@pytest.mark.parametrize("command", ["check", "diff before", "diff after", "export case"])
def test_a_signed_book_can_be_read(runs: dict[tuple[str, str], Run], command: str) -> None:
    run = runs["own_signed", command]
    assert run.status == (BAD_INPUT if command == "export case" else 0), run.err
    assert "digitally signed" not in run.err
    assert run.unchanged


@pytest.mark.parametrize("command", ["recalc", "refresh", "check"])
def test_merged_areas_to_the_last_row_cost_nothing(runs: dict[tuple[str, str], Run], command: str) -> None:
    run = runs["own_merged", command]
    assert run.status == 0, run.err
