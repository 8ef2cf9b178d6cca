"""The generated VBA, run: by LibreOffice, which reads the project from the file and interprets it.

LibreOffice hands a function the ranges of its formula as objects, as Excel does. Two things are not Excel's:
its Range has no Value2, so the test puts Value in its place, and no cell is the caller. In place of xlwings'
module stands one whose `XLPy` says what it was called with, or answers what an argument asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.hosts.bad_inputs import Call, laid_out
from tests.hosts.calc_office import Office, running_office
from xlwings_addin.functions.cell_errors import NUMBERS
from xlwings_addin.functions.registry import REGISTRY, Kind
from xlwings_addin.hosts.desktop import ovba, vba
from xlwings_addin.hosts.desktop.ribbon import MODULE
from xlwings_addin.xlsx.package import read_package

CONTAINER = read_package((files("xlwings") / "quickstart_addin_ribbon.xlam").read_bytes())

XLWINGS = """\
Option Explicit

Public Const XLWINGS_VERSION As String = "none"

Public Function XLPy() As Object
    Set XLPy = New Python
End Function

Public Sub RunPython(Command As String)
End Sub
"""

PYTHON = """\
Attribute VB_Name = "Python"
Attribute VB_Base = "0{FCFB3D2A-A0FA-1068-A738-08002B3371B5}"
Attribute VB_GlobalNameSpace = False
Attribute VB_Creatable = False
Attribute VB_PredeclaredId = False
Attribute VB_Exposed = False
Attribute VB_TemplateDerived = False
Attribute VB_Customizable = False
Option Explicit

Public Function CallUDF(Module As String, Name As String, Arguments As Variant) As Variant
    Dim Number As Long
    If Name = "CAPITAL_BLUME_BETA" Then
        Select Case Left(Arguments(1), 4)
            Case "give": CallUDF = Mid(Arguments(1), 6): Exit Function
            Case "row ": CallUDF = Array(1, "#N/A", "x"): Exit Function
            Case "rows": CallUDF = Table(): Exit Function
            Case "fail": Err.Raise 1000, , "no Python here"
        End Select
    End If
    CallUDF = Module & " " & Name
    For Number = LBound(Arguments) To UBound(Arguments)
        CallUDF = CallUDF & " " & Described(Arguments(Number))
    Next Number
End Function

Private Function Table() As Variant
    Dim Cells(0 To 1, 0 To 1) As Variant
    Cells(0, 0) = 1
    Cells(0, 1) = "#NUM!"
    Cells(1, 0) = "#VALUE!"
    Cells(1, 1) = 4
    Table = Cells
End Function

Private Function Described(Value As Variant) As String
    Dim Row As Long, Column As Long
    If IsArray(Value) Then
        For Row = LBound(Value, 1) To UBound(Value, 1)
            For Column = LBound(Value, 2) To UBound(Value, 2)
                Described = Described & Described(Value(Row, Column)) & ","
            Next Column
            Described = Described & ";"
        Next Row
    ElseIf IsEmpty(Value) Then
        Described = "blank"
    Else
        Described = TypeName(Value) & ":" & Value
    End If
End Function
"""


def as_described(argument: Any, kind: Kind) -> str:
    """How the stand-in for Python says what it was given."""
    if isinstance(argument, list):
        rows = argument if isinstance(argument[0], list) else [argument]
        if len(rows) == len(rows[0]) == 1:
            return as_described(rows[0][0], kind)
        return "".join("".join(f"{as_described(cell, kind)}," for cell in row) + ";" for row in rows)
    if argument is None:
        return "blank"
    return f"String:{argument}" if isinstance(argument, str) else f"Double:{argument:.15g}"


def workbook(path: Path, source: str, cells: dict[str, Any], arrays: Sequence[tuple[str, str]] = ()) -> None:
    """A workbook with our module beside the stand-ins, written by our own writer of VBA projects."""
    project = ovba.read_project(CONTAINER.parts["xl/vbaProject.bin"])
    documents = [module for module in project.modules if module.name in ("ThisWorkbook", "Sheet2")]
    modules = (
        *documents,
        ovba.Module.standard("xlwings", XLWINGS),
        ovba.Module("Python", PYTHON, "Class=Python"),
        ovba.Module.standard(MODULE, source),
    )
    binary = path.with_suffix(".bin")
    binary.write_bytes(ovba.project_file(replace(project, name="Trial", modules=modules)))
    with xlsxwriter.Workbook(path) as book:
        book.add_vba_project(str(binary))
        book.set_vba_name("ThisWorkbook")
        sheet = book.add_worksheet("Sheet1")
        sheet.set_vba_name("Sheet2")
        for address, content in cells.items():
            sheet.write(address, content)
        for area, formula in arrays:
            sheet.write_array_formula(area, formula)


FIRST_ANSWER = 201
EXAMPLES = [Call("example", name, entry.example.arguments, 0.0) for name, entry in REGISTRY.items()]
ANSWERS = {
    **{f"give {text}": f"Error {number}" for text, number in NUMBERS.items()},
    "give #NUMBER": "#NUMBER",
    "give word": "word",
    "fail": "Error 2015",
}


AREAS = ("A1:A300", "C302:E302", "C303:D304")
RunLog = dict[str, list[list[Any]]]


@pytest.fixture(scope="module")
def office(libreoffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running_office(libreoffice, tmp_path_factory.mktemp("office")) as running:
        yield running


def what_is_shown(office: Office, path: Path, source: str) -> RunLog:
    """What the cells show that call a module: with the examples, and for answers of all kinds."""
    assert source.count(".Value2") == 1
    cells = dict(laid_out(EXAMPLES).cells)
    for row, asked in enumerate(ANSWERS, start=FIRST_ANSWER):
        cells |= {f"B{row}": asked, f"A{row}": f"=CAPITAL_BLUME_BETA(B{row})"}
    cells |= {"B302": "row ", "B303": "rows"}
    arrays = [("C302:E302", "=CAPITAL_BLUME_BETA(B302)"), ("C303:D304", "=CAPITAL_BLUME_BETA(B303)")]
    workbook(path, source.replace(".Value2", ".Value"), cells, arrays)
    office.open(str(path), False, True)
    office.calculate()
    return {area: office.values(area) for area in AREAS}


@pytest.fixture(scope="module")
def run_log(office: Office, tmp_path_factory: pytest.TempPathFactory) -> RunLog:
    return what_is_shown(office, tmp_path_factory.mktemp("vba") / "trial.xlsm", vba.module_source())


ROWS = {call.function: int(place[1:]) for place, call in laid_out(EXAMPLES).places.items()}


@pytest.mark.libreoffice
@pytest.mark.parametrize("name", REGISTRY)
def test_a_function_passes_ranges_as_arrays_cells_as_values_and_what_is_left_out_as_blanks(
    name: str, run_log: RunLog
) -> None:
    entry = REGISTRY[name]
    passed = [*entry.example.arguments, *[None] * (len(entry.parameters) - len(entry.example.arguments))]
    said = [as_described(value, p.kind) for value, p in zip(passed, entry.parameters, strict=True)]
    answer = run_log["A1:A300"][ROWS[name] - 1][0]
    if any(p.kind is Kind.CELL for p in entry.parameters):
        said = [re.search(r"String:\S+", answer)[0]]  # type: ignore[index]
        assert re.fullmatch(r"String:.*B\$?\d+", said[0].replace("$", ""))
    assert answer == " ".join([vba.PYTHON_MODULE, name, "blank", *said])


@pytest.mark.libreoffice
@pytest.mark.parametrize("asked", ANSWERS)
def test_an_answer_becomes_an_error_value_where_it_is_one(asked: str, run_log: RunLog) -> None:
    row = FIRST_ANSWER + list(ANSWERS).index(asked)
    assert run_log["A1:A300"][row - 1][0] == ANSWERS[asked]


@pytest.mark.libreoffice
def test_errors_in_rows_and_tables_become_error_values_too(run_log: RunLog) -> None:
    assert run_log["C302:E302"] == [[1.0, "Error 2042", "x"]]
    assert run_log["C303:D304"] == [[1.0, "Error 2036"], ["Error 2015", 4.0]]


@pytest.mark.libreoffice
def test_a_module_that_does_otherwise_is_found(office: Office, run_log: RunLog, tmp_path: Path) -> None:
    source = vba.module_source()
    for change, to in (
        ('"#NUM!": ErrorOrValue = CVErr(2036)', '"#NUM!": ErrorOrValue = CVErr(2042)'),
        ("ForPython(flows), ForPython(rate)", "ForPython(rate), ForPython(flows)"),
        ("ForPython = Empty", 'ForPython = ""'),
    ):
        assert change in source
        source = source.replace(change, to)
    otherwise = what_is_shown(office, tmp_path / "otherwise.xlsm", source)
    numbers = [FIRST_ANSWER - 1 + list(ANSWERS).index("give #NUM!"), ROWS["DCF_PRESENT_VALUE"] - 1]
    numbers.append(ROWS["DCF_DISCOUNT_FACTORS"] - 1)
    for number in numbers:
        assert otherwise["A1:A300"][number] != run_log["A1:A300"][number]
    assert otherwise["C303:D304"] != run_log["C303:D304"]
