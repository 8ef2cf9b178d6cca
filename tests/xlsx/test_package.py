"""Values go into a workbook, all else in it stays; bad files and bad values are refused in a sentence."""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula

from tests.xlsx.foreign_books import (
    NATIVE,
    SHEET,
    formulas_book,
    handmade_book,
    handmade_parts,
    openpyxl_book,
    packed,
    parts_of,
    xlsxwriter_book,
)
from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx import parts as package_parts
from xlwings_addin.xlsx import saving, scanning, sheet_cells
from xlwings_addin.xlsx.package import (
    Text,
    formula_cells,
    freeze_formulas,
    is_open_elsewhere,
    normalise,
    read_package,
    read_values,
    save,
    write_values,
)

SHEET_PART = "xl/worksheets/sheet1.xml"
FOREIGN = {"XlsxWriter": xlsxwriter_book, "openpyxl": openpyxl_book}


def sheet_of(rows: str) -> bytes:
    return handmade_book(SHEET.format(rows=rows))


def rows_after(rows: str, value: object, **options: bool) -> str:
    """What the rows of a handmade sheet are after A1 has been given a value."""
    written = write_values(sheet_of(rows), {("Sheet", "A1"): value}, **options)
    before, after = SHEET.split("{rows}")
    text = parts_of(written)[SHEET_PART].decode()
    assert text.startswith(before)
    assert text.endswith(after)
    return text.removeprefix(before).removesuffix(after)


# --- opening ------------------------------------------------------------------------------------------


def without(*names: str) -> bytes:
    parts = handmade_parts(SHEET.format(rows=""))
    return packed({name: data for name, data in parts.items() if name not in names})


def with_part(name: str, data: bytes) -> bytes:
    return packed(handmade_parts(SHEET.format(rows="")) | {name: data})


def twice() -> bytes:
    buffer = io.BytesIO(sheet_of(""))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    return buffer.getvalue()


def encrypted() -> bytes:
    """A zip whose directory says that an entry is encrypted (bit 0 of the flags, APPNOTE 4.4.4)."""
    data = bytearray(sheet_of(""))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def corrupted() -> bytes:
    """A byte of compressed content turned, so that the checksum no longer holds."""
    data = bytearray(sheet_of("<row r='1'/>" * 200))
    data[data.index(b"PK\x01\x02") - 20] ^= 0xFF
    return bytes(data)


def leading_nowhere() -> bytes:
    """The last record has the directory so far on that parts stand before the file (APPNOTE 4.3.16)."""
    data = bytearray(sheet_of(""))
    at = data.index(b"PK\x05\x06") + 16
    data[at : at + 4] = (1 << 28).to_bytes(4, "little")
    return bytes(data)


DOCTYPE = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: b"Dear reader", "is no zip package, so it is no xlsx file"),
        (lambda: b"", "is no zip package, so it is no xlsx file"),
        (lambda: sheet_of("")[:-30], "is cut off or damaged"),
        (corrupted, "is cut off or damaged"),
        (leading_nowhere, "is cut off or damaged"),
        (
            lambda: bytes.fromhex("D0CF11E0A1B11AE1") + bytes(500),
            "is an old .xls or another kind of file; save it as .xlsx",
        ),
        (
            lambda: bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le"),
            "is encrypted with a password; save it without one",
        ),
        (encrypted, "is protected by a password; save it without one"),
        (lambda: packed({"word/document.xml": b"<d/>"}), "holds no xl/workbook.xml"),
        (lambda: without("xl/workbook.xml"), "holds no xl/workbook.xml"),
        (lambda: without(SHEET_PART), "lacks the part xl/worksheets/sheet1.xml of its sheet 'Sheet'"),
        (twice, "holds part xl/workbook.xml more than once"),
        (lambda: with_part("xl/workbook.xml", b"<workbook"), "part xl/workbook.xml that is not well-formed"),
        (lambda: with_part("xl/a.xml", DOCTYPE.encode()), "declares a document type in part xl/a.xml"),
        (
            lambda: with_part("xl/a.xml", DOCTYPE.encode("utf-16")),
            "declares a document type in part xl/a.xml",
        ),
        (lambda: with_part("xl/media/zeros.bin", bytes(32 << 20)), "times its size, above the limit of 200"),
    ],
)
def test_what_is_no_safe_workbook_is_refused(make: Callable[[], bytes], sentence: str) -> None:
    data = make()
    with pytest.raises(BookError) as refusal:
        read_package(data)
    assert str(refusal.value).startswith(f"workbook of {len(data)} bytes ")
    assert sentence in str(refusal.value)


def test_a_package_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    book = sheet_of("")
    size = sum(map(len, parts_of(book).values()))
    monkeypatch.setattr(package_parts, "MAX_EXPANDED_BYTES", size)
    assert "Sheet" in read_package(book).sheets()
    monkeypatch.setattr(package_parts, "MAX_EXPANDED_BYTES", size - 1)
    with pytest.raises(BookError, match=f"unpacks to {size:,} bytes, above the limit of {size - 1:,}"):
        read_package(book)


def test_a_missing_file_and_a_folder_are_refused_by_their_path(tmp_path: Path) -> None:
    with pytest.raises(BookError) as refusal:
        read_package(tmp_path / "none.xlsx")
    assert str(refusal.value) == f"workbook {tmp_path / 'none.xlsx'} does not exist"
    with pytest.raises(BookError, match=re.escape(f"workbook {tmp_path} cannot be read: ")):
        read_package(tmp_path)


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        (
            SHEET.format(rows="").encode("utf-16"),
            "its encoding is UTF-16, and only UTF-8 can be edited in place",
        ),
        (
            SHEET.format(rows="").replace("UTF-8", "ISO-8859-1").encode("latin-1"),
            "its encoding is ISO-8859-1, and only UTF-8 can be edited in place",
        ),
        (SHEET.format(rows="<row>").encode(), "it is not well-formed XML, mismatched tag"),
    ],
)
def test_a_sheet_that_cannot_be_edited_in_place_is_refused(xml: bytes, sentence: str) -> None:
    with pytest.raises(BookError, match=re.escape(f"part {SHEET_PART} that cannot be used: {sentence}")):
        formula_cells(handmade_book(xml))


def test_sheets_are_found_through_absolute_and_relative_targets_and_chart_sheets_are_not() -> None:
    assert list(read_package(xlsxwriter_book()).sheets()) == ["Inputs", "Model & <more>", "Dynamic"]
    absolute = parts_of(openpyxl_book())["xl/_rels/workbook.xml.rels"]
    assert b'Target="/xl/worksheets/sheet1.xml"' in absolute
    assert list(read_package(openpyxl_book()).sheets()) == ["Inputs", "Model & <more>"]


# --- writing values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ('<row r="1"><c r="A1" s="3"><f>1+1</f></c></row>', 2.0, '<c r="A1" s="3"><f>1+1</f><v>2</v></c>'),
        ('<row r="1"><c r="A1"><f>1</f><v>9</v></c></row>', 0.1, '<c r="A1"><f>1</f><v>0.1</v></c>'),
        ('<row r="1"><c r="A1"><f>1</f><v/></c></row>', 1e-7, '<c r="A1"><f>1</f><v>1e-07</v></c>'),
        ('<row r="1"><c r="A1"><f>1</f><v>9</v></c></row>', -0.0, '<c r="A1"><f>1</f><v>0</v></c>'),
        ('<row r="1"><c r="A1"><f>1</f><v>9</v></c></row>', True, '<c r="A1" t="b"><f>1</f><v>1</v></c>'),
        ('<row r="1"><c r="A1" t="b"><f>1</f><v>1</v></c></row>', 3.5, '<c r="A1"><f>1</f><v>3.5</v></c>'),
        (
            '<row r="1"><c r="A1" t="n" s="1"><f>1</f></c></row>',
            "a & <b>",
            '<c r="A1" t="str" s="1"><f>1</f><v>a &amp; &lt;b&gt;</v></c>',
        ),
        ('<row r="1"><c r="A1"><f>1</f></c></row>', "#N/A", '<c r="A1" t="e"><f>1</f><v>#N/A</v></c>'),
        (
            '<row r="1"><c r="A1"><f>1</f></c></row>',
            Text("#N/A"),
            '<c r="A1" t="str"><f>1</f><v>#N/A</v></c>',
        ),
        ('<row r="1"><c r="A1" t="str"><f>1</f><v>x</v></c></row>', None, '<c r="A1"><f>1</f></c>'),
        ('<row r="1"><c r="A1"><f>1</f></c></row>', "", '<c r="A1" t="str"><f>1</f><v></v></c>'),
        (
            "<row r='1'><c r='A1' t='b'><f>1</f><v>1</v></c></row>",
            "x",
            "<c r='A1' t='str'><f>1</f><v>x</v></c>",
        ),
        (
            '<row r="1"><c t="n" x="a>b t=\'q\'" r="A1"><f>1</f></c></row>',
            7.0,
            '<c x="a>b t=\'q\'" r="A1"><f>1</f><v>7</v></c>',
        ),
        (
            '<row r="1"><c r="A1" vm="1" t="e"><f>1</f><v>#VALUE!</v></c></row>',
            1.0,
            '<c r="A1"><f>1</f><v>1</v></c>',
        ),
        (
            '<row r="1"><c r="A1"><!-- <c r="A1"> --><f><![CDATA[1<2]]></f><v>9</v></c></row>',
            True,
            '<c r="A1" t="b"><!-- <c r="A1"> --><f><![CDATA[1<2]]></f><v>1</v></c>',
        ),
        (
            '<row r="1"><c r="A1"><f t="shared" si="0"/><v>9</v></c></row>',
            4.0,
            '<c r="A1"><f t="shared" si="0"/><v>4</v></c>',
        ),
        (
            '<row r="1"><c r="A1" t="inlineStr"><f>1</f><is><t>old</t></is></c></row>',
            "new",
            '<c r="A1" t="str"><f>1</f><v>new</v></c>',
        ),
        ("<row><c><f>1</f></c></row>", 5.0, "<c><f>1</f><v>5</v></c>"),
        (
            '<row r="1"><c r="A1"><f>1</f></c></row>',
            "_x0041_",
            '<c r="A1" t="str"><f>1</f><v>_x005F_x0041_</v></c>',
        ),
    ],
)
def test_only_value_and_type_of_the_cell_change(before: str, value: object, after: str) -> None:
    row = before[: before.index(">") + 1]
    assert rows_after(before, value) == f"{row}{after}</row>"


def test_prefixed_elements_get_prefixed_values() -> None:
    prefixed = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row r="1"><x:c r="A1"><x:f>1</x:f></x:c>{b1}</x:row></x:sheetData></x:worksheet>'
    )
    book = handmade_book(prefixed.format(b1='<x:c r="B1" />'))
    written = write_values(book, {("Sheet", "A1"): 1.0, ("Sheet", "B1"): 2.0}, only_formulas=False)
    expected = prefixed.replace("</x:f>", "</x:f><x:v>1</x:v>").format(b1='<x:c r="B1"><x:v>2</x:v></x:c>')
    assert parts_of(written)[SHEET_PART].decode() == expected


def test_a_byte_order_mark_shifts_nothing() -> None:
    sheet = b"\xef\xbb\xbf" + SHEET.format(rows='<row r="1"><c r="A1" cm="1"><f>1</f></c></row>').encode()
    written = write_values(handmade_book(sheet), {("Sheet", "A1"): 8.0})
    assert parts_of(written)[SHEET_PART] == sheet.replace(b"</f>", b"</f><v>8</v>")


def test_cells_of_other_namespaces_are_no_cells() -> None:
    extension = '<row r="1"><c r="A1"><f>1</f><extLst><ext><y:c xmlns:y="y" r="A1"/></ext></extLst></c></row>'
    assert rows_after(extension, 1.0) == extension.replace("</f>", "</f><v>1</v>")


def test_members_of_an_array_formula_take_values_and_get_cells_where_they_have_none() -> None:
    book = sheet_of(
        '<row r="1"><c r="A1"><f t="array" ref="A1:C3">X</f></c><c r="C1" s="2"/><c r="D1"><v>4</v></c></row>'
        '<row r="2" ht="9"/><row r="4"><c r="A4"><v>1</v></c></row>'
    )
    addresses = ["A1", "B1", "C1", "A2", "C2", "B3"]
    values = {("Sheet", address): float(at) for at, address in enumerate(addresses, 1)}
    after = parts_of(write_values(book, values))[SHEET_PART].decode()
    assert (
        '<row r="1"><c r="A1"><f t="array" ref="A1:C3">X</f><v>1</v></c><c r="B1"><v>2</v></c>'
        '<c r="C1" s="2"><v>3</v></c><c r="D1"><v>4</v></c></row>'
        '<row r="2" ht="9"><c r="A2"><v>4</v></c><c r="C2"><v>5</v></c></row>'
        '<row r="3"><c r="B3"><v>6</v></c></row><row r="4"><c r="A4"><v>1</v></c></row>'
    ) in after


def test_plain_cells_take_values_only_on_request() -> None:
    plain = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    with pytest.raises(BookError, match="cell Sheet!A1 holds no formula, so no value can be stored there"):
        rows_after(plain, 1.0)
    assert rows_after(plain, 1.0, only_formulas=False) == '<row r="1"><c r="A1"><v>1</v></c></row>'
    with pytest.raises(BookError, match="cell Sheet!A1 is not in the sheet's XML"):
        rows_after("", 1.0, only_formulas=False)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (float("nan"), "value nan for Sheet!A1 must be a finite number"),
        (float("-inf"), "value -inf for Sheet!A1 must be a finite number"),
        ("bell \x07", "value 'bell \\x07' for Sheet!A1 must not contain characters that XML cannot carry"),
        ("\ud800", "value '\\ud800' for Sheet!A1 must not contain characters that XML cannot carry"),
        ("x" * 32_768, "value 'xxxxxxxxxxxxxxxxxxxx'... for Sheet!A1 must be at most 32,767 characters long"),
        (1j, "value 1j for Sheet!A1 must be a number, a bool, a text or None, not a complex"),
    ],
)
def test_a_value_that_no_cell_can_hold_is_refused(value: object, sentence: str) -> None:
    with pytest.raises(BookError) as refusal:
        rows_after('<row r="1"><c r="A1"><f>1</f></c></row>', value)
    assert str(refusal.value).startswith(sentence)


def test_an_unknown_sheet_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(BookError) as refusal:
        write_values(openpyxl_book(), {("inputs", "A1"): 1.0})
    assert str(refusal.value) == "sheet 'inputs' must be one of 'Inputs', 'Model & <more>'"


def blanked(xml: bytes) -> bytes:
    """A sheet's XML without values and types, the only things that may differ."""
    return re.sub(rb'<v>[^<]*</v>|<v ?/>|(?<=[0-9"]) t="[a-z]+"', b"", xml)


@pytest.mark.parametrize("producer", FOREIGN)
def test_everything_but_values_and_types_survives_byte_for_byte(producer: str) -> None:
    book = FOREIGN[producer]()
    values = {
        (formula.sheet, formula.cell): at + 0.5
        for at, formula in enumerate(formula_cells(book))
        if formula.kind != "member"
    }
    before, after = parts_of(book), parts_of(write_values(book, values))
    sheets = set(read_package(book).sheets().values())
    assert len(values) > len(NATIVE)
    assert list(before) == list(after)
    assert {name for name in before if before[name] != after[name]} <= sheets
    for name in sheets:
        assert blanked(before[name]) == blanked(after[name])
    assert before != after


def test_openpyxl_reads_what_was_written() -> None:
    values = {
        ("Sheet", f"A{row}"): value
        for row, value in enumerate(
            [1 / 3, 1e300, -5e-324, 12.0, True, False, "a & b", " é中 ", "#DIV/0!"], 1
        )
    }
    written = write_values(formulas_book(dict.fromkeys((cell for _, cell in values), "=1")), values)
    sheet = openpyxl.load_workbook(io.BytesIO(written), data_only=True)["Sheet"]
    assert {("Sheet", cell.coordinate): cell.value for (cell,) in sheet["A1:A9"]} == values
    assert read_values(written) == values


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_comes_back_as_itself(number: float) -> None:
    assert read_values(sheet_with(number)) == {("Sheet", "A1"): number}


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
)
def test_every_text_comes_back_as_itself(text: str) -> None:
    assert read_values(sheet_with(text)) == {("Sheet", "A1"): text}


ONE_FORMULA = sheet_of('<row r="1"><c r="A1"><f>1</f></c></row>')


def sheet_with(value: object) -> bytes:
    return write_values(ONE_FORMULA, {("Sheet", "A1"): value})


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("a &lt; b &amp;amp; c", "a < b &amp; c"),
        ("long " * 2000 + "&#10;end", "long " * 2000 + "\nend"),
        ("<![CDATA[a < b]]>", "a < b"),
        ("before<!-- hidden -->after", "beforeafter"),
        ("_x000D_&#x4e2d;", "\r中"),
    ],
)
def test_text_is_read_as_xml_and_the_standard_write_it(xml: str, text: str) -> None:
    """ECMA-376 Part 1, 22.9.2.19: `_x000D_` is a carriage return."""
    rows = f'<row r="1"><c r="A1" t="str"><f>1</f><v>{xml}</v></c></row>'
    assert read_values(sheet_of(rows)) == {("Sheet", "A1"): text}


def test_stored_values_of_every_kind_are_read() -> None:
    book = xlsxwriter_book()
    values = read_values(book)
    assert values["Inputs", "A1"] == 100.0
    assert values["Inputs", "B1"] == 110.0
    assert values["Inputs", "A2"] == "phones"
    assert values["Inputs", "B5"] is True
    assert values["Inputs", "H1"] == "plain bold"
    # 2026-03-31 in Excel's 1900 system: 46112 days, =DATE(2026,3,31) in any spreadsheet.
    assert values["Inputs", "B4"] == 46112.0


@pytest.mark.parametrize("producer", FOREIGN)
def test_the_fast_scan_finds_what_the_thorough_one_finds(producer: str) -> None:
    parts = read_package(FOREIGN[producer]())
    compared = 0
    for part in parts.sheets().values():
        data = parts.parts[part]
        plain = sheet_cells._scan_plain(data)
        if plain is not None:
            thorough = sheet_cells.SheetCells(data, scanning.Scanner(data).cells)
            assert list(plain) == list(thorough)
            assert plain.contents == thorough.contents
            compared += len(plain)
    assert compared > len(NATIVE)


# --- freezing -----------------------------------------------------------------------------------------

SHARED = (
    '<row r="1"><c r="A1"><f t="shared" ref="A1:A3" si="0">B1*2</f><v>2</v></c></row>'
    '<row r="2"><c r="A2"><f t="shared" si="0"/><v>4</v></c></row>'
    '<row r="3"><c r="A3"><f t="shared" si="0"/><v>6</v></c></row>'
)


def frozen_rows(*cells: str) -> str:
    return parts_of(freeze_formulas(sheet_of(SHARED), [("Sheet", cell) for cell in cells]))[
        SHEET_PART
    ].decode()


def test_a_frozen_cell_keeps_its_value_and_loses_its_formula() -> None:
    assert '<c r="A3"><v>6</v></c>' in frozen_rows("A3")
    assert frozen_rows("A1", "A2", "A3").count("<f") == 0


def test_freezing_the_head_of_a_shared_formula_hands_it_to_the_next() -> None:
    rows = frozen_rows("A1")
    assert '<c r="A1"><v>2</v></c>' in rows
    assert '<c r="A2"><f t="shared" ref="A1:A3" si="0">B2*2</f><v>4</v></c>' in rows
    assert '<c r="A3"><f t="shared" si="0"/><v>6</v></c>' in rows


def test_only_a_formula_can_be_frozen() -> None:
    with pytest.raises(BookError, match="cell Sheet!B9 holds no formula that could be frozen"):
        freeze_formulas(sheet_of(SHARED), [("Sheet", "B9")])


def test_freezing_drops_the_calculation_chain_with_its_type_and_relation() -> None:
    parts = handmade_parts(SHEET.format(rows=SHARED))
    parts["xl/calcChain.xml"] = b"<calcChain/>"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"</Types>", b'<Override PartName="/xl/calcChain.xml" ContentType="x"/></Types>'
    )
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"
    rels = "xl/_rels/workbook.xml.rels"
    parts[rels] = parts[rels].replace(
        b"</Relationships>", b'<Relationship Id="c" Target="calcChain.xml" Type="%b"/></Relationships>' % kind
    )
    after = parts_of(freeze_formulas(packed(parts), [("Sheet", "A2")]))
    assert parts.keys() - after.keys() == {"xl/calcChain.xml"}
    assert not any(b"calcChain" in data for data in after.values())
    assert list(read_package(packed(after)).sheets()) == ["Sheet"]


# --- the same bytes everywhere ------------------------------------------------------------------------


def test_the_same_content_gives_the_same_bytes_whatever_the_clock_and_the_order() -> None:
    book = openpyxl_book()
    parts = parts_of(book)
    shuffled = packed(dict(reversed(parts.items())))
    later = datetime(2027, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert normalise(book, timestamp=later) == normalise(shuffled, timestamp=later)
    assert normalise(normalise(book)) == normalise(book)
    properties = parts_of(normalise(book, timestamp=later))["docProps/core.xml"]
    assert properties.count(b">2027-05-04T03:02:01Z<") == 2


@pytest.mark.parametrize("producer", FOREIGN)
def test_a_normalised_workbook_asks_for_no_recalculation(producer: str) -> None:
    book = FOREIGN[producer]()
    assert b"fullCalcOnLoad" in parts_of(book)["xl/workbook.xml"]
    workbook = parts_of(normalise(book))["xl/workbook.xml"]
    assert b"fullCalcOnLoad" not in workbook
    assert workbook.count(b'calcId="191029"') == 1
    assert len(openpyxl.load_workbook(io.BytesIO(normalise(book))).defined_names) == 2


def test_missing_calculation_settings_are_added_where_the_schema_wants_them() -> None:
    workbook = parts_of(normalise(sheet_of("")))["xl/workbook.xml"]
    assert re.search(rb'</sheets>\s*<calcPr calcId="191029"/>\s*</workbook>', workbook)


def test_a_timestamp_needs_a_time_zone() -> None:
    with pytest.raises(BookError, match="timestamp 2027-01-01T00:00:00 must have a time zone"):
        normalise(sheet_of(""), timestamp=datetime(2027, 1, 1))


# --- saving -------------------------------------------------------------------------------------------


def test_saving_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "model.xlsx"
    save(target, b"old")
    target.chmod(0o640)
    save(str(target), b"new")
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_saving_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    target, link = tmp_path / "model.xlsx", tmp_path / "latest.xlsx"
    target.write_bytes(b"old")
    link.symlink_to(target)
    save(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


FAILURES = [
    ("fsync", errno.ENOSPC, "the disk is full"),
    ("fsync", errno.EIO, "Input/output error"),
    ("replace", errno.EACCES, "the folder is read-only or the file is open in another program"),
    ("replace", errno.EPERM, "the folder is read-only or the file is open in another program"),
]


@pytest.mark.parametrize(("call", "number", "reason"), FAILURES)
def test_a_failed_save_names_path_and_reason_and_changes_nothing(
    call: str, number: int, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "model.xlsx"
    target.write_bytes(b"old")

    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(BookError) as refusal:
        save(target, b"new")
    assert str(refusal.value) == f"file {target} cannot be written: {reason}; it is unchanged"
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be written: the folder does not exist"):
        save(tmp_path / "none" / "model.xlsx", b"new")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_really_full_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "model.xlsx"
    target.write_bytes(b"old")
    temporary = tmp_path / "temporary"
    temporary.symlink_to("/dev/full")

    def on_full_disk(**options: object) -> tuple[int, str]:
        return os.open(temporary, os.O_WRONLY), str(temporary)

    monkeypatch.setattr(saving.tempfile, "mkstemp", on_full_disk)
    with pytest.raises(BookError, match="cannot be written: the disk is full; it is unchanged"):
        save(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("place", [Path("."), Path("/dev/null")])
def test_what_is_no_file_is_not_replaced(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if not place.exists():
        pytest.skip("needs a device to write to")
    with pytest.raises(BookError, match="must be a file, not a folder or a device"):
        save(place, b"new")
    assert place.exists()
    assert not place.is_file()


@pytest.mark.parametrize("lock", ["~$model.xlsx", ".~lock.model.xlsx#", ".~model.xlsx"])
def test_a_workbook_open_in_another_program_is_not_touched(lock: str, tmp_path: Path) -> None:
    target = tmp_path / "model.xlsx"
    target.write_bytes(b"old")
    assert is_open_elsewhere(target) is None
    (tmp_path / lock).touch()
    assert is_open_elsewhere(target) == tmp_path / lock
    with pytest.raises(BookError) as refusal:
        save(target, b"new")
    expected = f"file {target} is open in another program, as its lock file {lock} says; close it there first"
    assert str(refusal.value) == expected
    assert target.read_bytes() == b"old"


KILLED = """
import os, sys, time
from xlwings_addin.xlsx.package import save
real = os.fsync
def hang(handle):
    real(handle)
    print("written", flush=True)
    time.sleep(60)
os.fsync = hang
save(sys.argv[1], b"new" * 1000)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
def test_a_program_killed_while_saving_leaves_the_old_file_whole(tmp_path: Path) -> None:
    target = tmp_path / "model.xlsx"
    target.write_bytes(b"old")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(target)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "written\n"
        program.kill()
    assert program.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    (left,) = set(tmp_path.iterdir()) - {target}
    save(target, b"newer")
    assert target.read_bytes() == b"newer"
    assert left.exists()  # a day has not passed: another program may still be writing it
    yesterday = time.time() - 25 * 60 * 60
    os.utime(left, (yesterday, yesterday))
    others = tmp_path / ".notes.tmp", tmp_path / "notes.tmp"
    for other in others:
        other.touch()
        os.utime(other, (yesterday, yesterday))
    save(target, b"newest")
    assert set(tmp_path.iterdir()) == {target, *others}


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "model.xlsx"
    target.write_bytes(b"old")
    target.chmod(0o444)
    with pytest.raises(BookError, match=r"^file .*model\.xlsx is read-only; write to another file"):
        save(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_name_as_long_as_a_name_can_be_is_written(tmp_path: Path) -> None:
    """80 Chinese characters are 240 bytes of the 255 that a name may have."""
    target = tmp_path / f"{'小' * 80}.xlsx"
    save(target, b"new")
    save(target, b"newer")
    assert target.read_bytes() == b"newer"
    with pytest.raises(BookError, match="cannot be written: File name too long; it is unchanged"):
        save(tmp_path / f"{'小' * 90}.xlsx", b"new")


def test_array_formulas_list_their_members() -> None:
    book = formulas_book({"A1": ArrayFormula("A1:B2", "=C1:D1*2")})
    kinds = {(formula.cell, formula.kind) for formula in formula_cells(book)}
    assert kinds == {("A1", "array"), ("B1", "member"), ("A2", "member"), ("B2", "member")}
