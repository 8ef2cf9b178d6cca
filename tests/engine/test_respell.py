"""Our functions are renamed for another host wherever formulas stand, and nothing else changes by a byte."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import xlwings_addin as xa
from tests.xlsx.foreign_books import SHEET, formulas_book, handmade_book, parts_of
from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.engine.respell import respell
from xlwings_addin.functions.registry import PREFIXES, REGISTRY, Target, respelling
from xlwings_addin.xlsx.package import formula_cells, read_values

TARGETS = get_args(Target)


def names(target: Target) -> dict[str, str]:
    return respelling(target)


def everywhere(prefix: str) -> bytes:
    """A workbook with calls under `prefix` wherever a formula can stand, and with what only looks like it."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 1, 1), "comments": "DCF_FCFF(1)"})
    sheet, quoted = book.add_worksheet("Model"), book.add_worksheet("VAL.DCF_FCFF(x")
    value = f"{prefix}DCF_TERMINAL_VALUE($A$1,0.1,0.05)"
    factors = f"{prefix}DCF_DISCOUNT_FACTORS(0.1,3)"
    sheet.write_row("A1", [100, 110, 121])
    sheet.write("A2", "DCF_TERMINAL_VALUE(100,0.1,0.05)")
    sheet.write_formula("D1", f'=IF(A2="VAL.DCF_FCFF(1)&<",{value},IFERROR({value},"DCF_FCFF("))')
    sheet.write_formula("D2", f"=SUMPRODUCT(A1:C1,{factors})+INDEX({factors},1,2)&\" > 'DCF_FCFF('!\"")
    sheet.write_formula("D3", f"='VAL.DCF_FCFF(x'!A1+{value}")
    sheet.write_formula("D4", "=MYDCF_FCFF(1)+DCF_FCFF_OF_MINE(1)+X.DCF_FCFF(1)+_xlfn.DCF_FCFF(1)")
    sheet.write_formula("D5", f"=_xlfn.LET(_xlpm.v,{value},_xlpm.v*_xlfn.STDEV.S(A1:C1))")
    sheet.write_array_formula("D6:F6", f"{{=A1:C1*{factors}}}")
    sheet.write_dynamic_array_formula("D7", f"={factors}")
    quoted.write("A1", 1)
    book.define_name("TERMINAL", f"={value.replace('$A$1', 'Model!$A$1')}")
    book.define_name("Model!OWN_TERMINAL", f"=-{value.replace('$A$1', 'Model!$A$1')}%")
    book.define_name("DCF_FCFF_NAME", "=Model!$A$1:$C$1")
    columns = [
        {"header": "DCF_FCFF(x)"},
        {"header": "Worth", "formula": f"=[@[DCF_FCFF(x)]]*{value}", "total_function": "sum"},
    ]
    sheet.add_table("A10:B13", {"name": "Segments", "columns": columns, "total_row": True})
    sheet.write_formula("D8", f"=SUM(Segments[DCF_FCFF(x)])*{value}")
    sheet.conditional_format(
        "A1:C1",
        {"type": "formula", "criteria": f"=A1<{value}/20", "format": book.add_format({"bold": True})},
    )
    sheet.conditional_format("A1:C1", {"type": "cell", "criteria": ">", "value": f"={value}"})
    sheet.conditional_format(
        "A3:C3", {"type": "2_color_scale", "max_type": "formula", "max_value": f"={value}"}
    )
    bar = {"type": "data_bar", "data_bar_2010": True, "max_type": "formula", "max_value": f"={value}"}
    sheet.conditional_format("A4:C4", bar)
    sheet.data_validation("A5", {"validate": "custom", "value": f"=A5<{value}"})
    sheet.data_validation(
        "A6", {"validate": "decimal", "criteria": "between", "minimum": f"={value}", "maximum": f"=2*{value}"}
    )
    sheet.add_sparkline("G1", {"range": "Model!A1:C1"})
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Model!$A$1:$C$1", "name": "DCF_FCFF(1)"})
    sheet.insert_chart("H2", chart)
    sheet.write_comment("A1", "see DCF_FCFF(1)")
    book.close()
    return buffer.getvalue()


@pytest.mark.parametrize("start", TARGETS)
@pytest.mark.parametrize("target", TARGETS)
def test_the_result_is_the_workbook_as_it_would_have_been_written_for_the_host(
    start: Target, target: Target
) -> None:
    before = parts_of(everywhere(PREFIXES[start]))
    respelled = parts_of(respell(everywhere(PREFIXES[start]), names(target)))
    # XlsxWriter lists pieces of the formulas of names there, as texts for a file manager to show.
    listed = "docProps/app.xml"
    expected = parts_of(everywhere(PREFIXES[target])) | {listed: before[listed]}
    assert respelled.keys() == expected.keys()
    assert [part for part, data in expected.items() if respelled[part] != data] == []


def test_calls_stand_in_every_kind_of_formula_that_the_workbook_above_should_have() -> None:
    parts = parts_of(everywhere("VAL."))
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    places = ("<f>", '<f t="array" ref="[A-Z0-9:]+">', "<formula>", "<formula1>", "<formula2>", "<xm:f>")
    for place in (*places, '<cfvo type="formula" val="'):
        assert re.search(place + r"[^<]*VAL\.DCF_(TERMINAL_VALUE|DISCOUNT_FACTORS)\(", sheet), place
    assert "VAL.DCF_TERMINAL_VALUE(" in parts["xl/workbook.xml"].decode()
    assert "VAL.DCF_TERMINAL_VALUE(" in parts["xl/tables/table1.xml"].decode()


def test_a_round_trip_through_all_hosts_gives_the_same_bytes() -> None:
    book = everywhere("")
    there = respell(respell(book, names("office-js")), names("libreoffice"))
    assert there != book
    assert respell(there, names("desktop")) == book


def test_a_workbook_that_need_not_change_is_the_same_file() -> None:
    book = everywhere("VAL.")
    assert respell(book, names("libreoffice")) == book
    foreign = formulas_book({"A1": 1, "A2": "=SUM(A1)", "A3": "DCF_FCFF(1)"})
    assert respell(foreign, names("office-js")) == foreign


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("DCF_XNPV(A1,&quot;DCF_XNPV(&quot;)&lt;1", "VAL.DCF_XNPV(A1,&quot;DCF_XNPV(&quot;)&lt;1"),
        ("<![CDATA[DCF_XNPV(A1)<1]]>&amp;DCF_XNPV(2)", "<![CDATA[VAL.DCF_XNPV(A1)<1]]>&amp;VAL.DCF_XNPV(2)"),
        ("1+<!-- DCF_XNPV(1) -->DCF_XNPV(2)", "1+<!-- DCF_XNPV(1) -->VAL.DCF_XNPV(2)"),
        ("&#49;+DCF_XNPV(&#x31;)", "&#49;+VAL.DCF_XNPV(&#x31;)"),
        ("=DCF_XNPV(1)", "=VAL.DCF_XNPV(1)"),
        ("größe+dcf_xnpv(ä)+_XLDUDF_VAL_DCF_XNPV(1)", "größe+VAL.DCF_XNPV(ä)+VAL.DCF_XNPV(1)"),
        (" DCF_XNPV(1)\r\n + DCF_XNPV( 2 )", " VAL.DCF_XNPV(1)\r\n + VAL.DCF_XNPV( 2 )"),
        ("A1:DCF_XNPV(1)+@DCF_XNPV(A1#)", "A1:VAL.DCF_XNPV(1)+@VAL.DCF_XNPV(A1#)"),
        ("'it''s DCF_XNPV('!A1+DCF_XNPV(1)", "'it''s DCF_XNPV('!A1+VAL.DCF_XNPV(1)"),
        ("T['[DCF_XNPV(']]+T[[#This Row],[DCF_XNPV(a)]]", "T['[DCF_XNPV(']]+T[[#This Row],[DCF_XNPV(a)]]"),
        ("[1]!DCF_XNPV(1)+[1]Sheet!A1+[2]!OTHER(1)", "VAL.DCF_XNPV(1)+[1]Sheet!A1+[2]!OTHER(1)"),
    ],
)
def test_only_the_names_of_our_functions_change_in_the_bytes_of_a_formula(stored: str, expected: str) -> None:
    text = '<c r="C1" t="inlineStr"><is><t>DCF_XNPV(1)</t></is></c>'
    cell = f'<row r="1"><c r="A1"><f>{{}}</f></c><c r="B1"><f/></c>{text}</row>'
    book = handmade_book(SHEET.format(rows=cell.format(stored)))
    changed = parts_of(respell(book, names("libreoffice")))["xl/worksheets/sheet1.xml"]
    assert changed.decode() == SHEET.format(rows=cell.format(expected))


def test_a_sheet_with_a_prefix_for_its_elements_and_a_shared_formula_is_understood() -> None:
    rows = (
        '<x:row r="1"><x:c r="A1"><x:f t="shared" ref="A1:A2" si="0">DCF_XNPV(B1)</x:f></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"><x:f t="shared" si="0"/></x:c></x:row>'
    )
    sheet = SHEET.format(rows=rows).replace("<worksheet xmlns=", "<x:worksheet xmlns:x=")
    sheet = (
        sheet.replace("sheetData", "x:sheetData")
        .replace("/x:sheet", "/x:sheet")
        .replace("</worksheet", "</x:worksheet")
    )
    changed = parts_of(respell(handmade_book(sheet), names("office-js")))["xl/worksheets/sheet1.xml"]
    assert changed.decode() == sheet.replace("DCF_XNPV", "_xldudf_VAL_DCF_XNPV")


def test_a_function_from_an_add_in_file_keeps_its_link_on_the_desktop() -> None:
    book = formulas_book({"A1": "=[1]!DCF_TERMINAL_VALUE(100,0.1,0.05)"})
    assert respell(book, names("desktop")) == book


@pytest.mark.parametrize(
    "formula", ["[1]!DCF_TERMINAL_VALUE(100,0.1,0.05)", "1*[2]!dcf_terminal_value(100,0.1,0.05)"]
)
def test_a_function_from_an_add_in_file_is_calculated(formula: str) -> None:
    # 100 x 1.05 / (10% - 5%), by hand.
    book = formulas_book({"A1": f"={formula}", "A2": "=NAMED"}, names={"NAMED": formula})
    assert (
        list(recalculate(book, {"DCF_TERMINAL_VALUE": REGISTRY["DCF_TERMINAL_VALUE"].function}).values())
        == [pytest.approx(2100.0)] * 2
    )


OURS = st.sampled_from(sorted(REGISTRY))
HARMLESS = [
    "A1",
    "$B$2:C3",
    '"DCF_FCFF(1)"',
    "'VAL.DCF_FCFF('!A1",
    "T[DCF_FCFF(x)]",
    "1.5E-3",
    "{1,2;3,4}",
    "#N/A",
    "TRUE",
    "NAME_X",
    "XDCF_FCFF(1)",
]


@st.composite
def formulas(draw: st.DrawFn) -> tuple[str, str]:
    """A formula in mixed spellings, and the same in that of LibreOffice."""
    pieces = draw(st.lists(st.sampled_from(HARMLESS) | OURS, min_size=1, max_size=6))
    before, after = [], []
    for piece in pieces:
        if piece in REGISTRY:
            inner = draw(st.sampled_from(HARMLESS))
            before.append(f"{PREFIXES[draw(st.sampled_from(TARGETS))]}{piece}({inner}, {inner})")
            after.append(f"VAL.{piece}({inner}, {inner})")
        else:
            before.append(piece)
            after.append(piece)
    operator = draw(st.sampled_from(["+", "&", "<>", ","]))
    return f"IF({operator.join(before)})", f"IF({operator.join(after)})"


@given(formulas())
@settings(deadline=None)
def test_any_mix_of_calls_and_look_alikes_is_told_apart(pair: tuple[str, str]) -> None:
    before, after = pair
    (cell,) = formula_cells(respell(formulas_book({"A1": f"={before}"}), names("libreoffice")))
    assert cell.text == after


def test_a_formula_that_cannot_be_read_is_named_with_its_cell() -> None:
    book = formulas_book({"B7": "=DCF_XNPV((1)"}, sheet="My model")
    with pytest.raises(BookError, match=r"formula 'DCF_XNPV\(\(1\)' in My model!B7 cannot be read: "):
        respell(book, names("libreoffice"))


@pytest.mark.parametrize("target", TARGETS)
def test_recalculated_for_a_host_a_workbook_holds_its_names_and_the_same_values(
    target: Target, tmp_path: Path
) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(formulas_book({"A1": 100, "A2": "=1+DCF_TERMINAL_VALUE(A1,0.1,0.05)"}))
    values = xa.recalculate(path, tmp_path / "out.xlsx", target=target)
    (cell,) = formula_cells(tmp_path / "out.xlsx")
    assert cell.text == f"1+{PREFIXES[target]}DCF_TERMINAL_VALUE(A1,0.1,0.05)"
    assert values["Sheet", "A2"] == read_values(tmp_path / "out.xlsx")["Sheet", "A2"] == pytest.approx(2101.0)


def test_an_unknown_host_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    before = formulas_book({"A1": "=1"})
    path.write_bytes(before)
    with pytest.raises(ChoiceError, match="target 'lotus' must be one of desktop, office-js, libreoffice"):
        xa.recalculate(path, path, target="lotus")  # type: ignore[arg-type]
    assert path.read_bytes() == before
