"""A foreign workbook put otherwise keeps its values: sheets renamed or reordered, rows more, LibreOffice.

The workbook is a small operating model as other programs write it; what changes is how it is put, never what
it says, so that the values must stay whatever they are. That they are right says the first test.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping

import openpyxl
import pytest
from lxml import etree
from openpyxl.workbook.defined_name import DefinedName

from tests.xlsx.foreign_books import openpyxl_book, packed, parts_of, xlsxwriter_book
from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.engine.libreoffice import convert_with_libreoffice
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.moving import Axis, move
from xlwings_addin.xlsx.package import CellKey, CellValue, read_package

INPUTS = {
    **{f"A{row}": text for row, text in enumerate(("Year", "Units", "Price", "Cost share", "Region"), 1)},
    **{f"{column}1": 2024 + at for at, column in enumerate("BCDE")},
    **{f"{column}2": value for column, value in zip("BCDE", (100, 120, 150, 130), strict=True)},
    **{f"{column}3": value for column, value in zip("BCDE", (9.5, 9.25, 9, 9.75), strict=True)},
    **{f"{column}4": value for column, value in zip("BCDE", (0.6, 0.58, 0.61, 0.55), strict=True)},
    **{f"{column}5": text for column, text in zip("BCDE", ("east", "west", "east", "north"), strict=True)},
    "A6": "Rate",
    "B6": 0.1,
}
MODEL = {
    **{f"{column}1": f"=@S!{column}2*@S!{column}3" for column in "BCDE"},
    **{f"{column}2": f"={column}1*(1-@S!{column}4)" for column in "BCDE"},
    "C3": "=C1/B1-1",
    "B4": "=NPV(RATE_OF_INTEREST,B2:E2)",
    "B5": "=SUMIF(@S!$B$5:$E$5,\"east\",B1:E1)",
    "B6": "=INDEX(B1:E1,MATCH(2026,@S!B1:E1,0))",
    "B7": "=SUMPRODUCT((@S!B5:E5=\"east\")*(B1:E1>1000),B2:E2)",
    "B8": "=IF(SUM(B1:E1)-B1-C1-D1-E1=0,\"balanced\",\"ERROR\")",
    "B9": "=VLOOKUP(3,{1,10;2,20;4,40},2)",
    "B10": "=TEXT(B4,\"#,##0.0_)\")&\" m\"",
    "B11": "=IRR(B12:E12)",
    "B12": "=-B4",
    **{f"{column}12": f"={column}2" for column in "CDE"},
    "B13": "=MAX(B1:E1)-MIN(B1:E1)",
    "B14": "=IFERROR(1/(B1-B1),\"n/a\")",
    "B15": "=COUNTIF(@S!B5:E5,\"*st\")",
    "B16": "=OFFSET(B1,1,2)",
}  # fmt: skip

Values = dict[str, CellValue]


def book(*, inputs: str = "Inputs", model: str = "Model", row: int = 0, model_first: bool = False) -> bytes:
    """The workbook under other names of sheets, `row` rows more on top of the inputs, in either order."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title in (model, inputs) if model_first else (inputs, model):
        workbook.create_sheet(title)
    for address, value in INPUTS.items():
        workbook[inputs][moved(address, row)] = value
    for address, formula in MODEL.items():
        workbook[model][address] = formula_on(formula, inputs, row)
    definition = f"{quoted(inputs)}!{moved('$B$6', row)}"
    workbook.defined_names["RATE_OF_INTEREST"] = DefinedName("RATE_OF_INTEREST", attr_text=definition)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def moved(address: str, rows: int) -> str:
    match = re.fullmatch(r"(\$?[A-Z]+\$?)(\d+)", address)
    assert match
    return f"{match[1]}{int(match[2]) + rows}"


def quoted(sheet: str) -> str:
    return "'" + sheet.replace("'", "''") + "'"


def formula_on(formula: str, inputs: str, rows: int) -> str:
    """A formula whose references to the inputs are to a sheet of that name, some rows down."""

    def reference(match: re.Match[str]) -> str:
        return f"{quoted(inputs)}!" + ":".join(moved(place, rows) for place in match[1].split(":"))

    return re.sub(r"@S!(\$?[A-Z]+\$?\d+(?::\$?[A-Z]+\$?\d+)?)", reference, formula)


def values_of(data: bytes, model: str = "Model") -> Values:
    return {cell: value for (sheet, cell), value in recalculate(data, {}).items() if sheet == model}


ORIGINAL = values_of(book())


def test_the_values_are_right() -> None:
    """The arithmetic written out: units x price, less the share of cost, at ten per cent."""
    revenue = [100 * 9.5, 120 * 9.25, 150 * 9.0, 130 * 9.75]
    profit = [one * (1 - share) for one, share in zip(revenue, (0.6, 0.58, 0.61, 0.55), strict=True)]
    present = sum(value / 1.1 ** (year + 1) for year, value in enumerate(profit))
    expected: Values = {
        **{f"{column}1": value for column, value in zip("BCDE", revenue, strict=True)},
        "B4": present,
        "B5": revenue[0] + revenue[2],
        "B6": revenue[2],
        "B7": profit[2],
        "B8": "balanced",
        "B9": 20.0,
        "B10": f"{present:,.1f}  m",
        "B13": revenue[2] - revenue[0],
        "B14": "n/a",
        "B15": 3.0,
        "B16": profit[2],
    }
    assert differences(ORIGINAL, expected) == []
    rate = ORIGINAL["B11"]
    assert isinstance(rate, float)
    flows = [-present, *profit[1:]]
    assert math.isclose(sum(flow / (1 + rate) ** at for at, flow in enumerate(flows)), 0, abs_tol=1e-7)


def differences(actual: Values, expected: Values) -> list[str]:
    """The cells of `expected` that hold other values."""
    wrong = []
    for key, other in expected.items():
        one = actual.get(key)
        if isinstance(one, float) and isinstance(other, float):
            if not math.isclose(one, other, rel_tol=1e-12):
                wrong.append(f"{key}: {one!r}, was {other!r}")
        elif one != other:
            wrong.append(f"{key}: {one!r}, was {other!r}")
    return wrong


@pytest.mark.parametrize(
    ("inputs", "model"),
    [("sheet1", "Model"), ("Zoë's inputs", "Model"), ("2024", "R1C1"), ("Inputs", "SHEET1"), ("A1", "TRUE")],
)
def test_a_renamed_sheet_changes_no_value(inputs: str, model: str) -> None:
    assert differences(values_of(book(inputs=inputs, model=model), model), ORIGINAL) == []


@pytest.mark.parametrize("rows", [1, 7, 1_000_000])
def test_inserted_rows_change_no_value(rows: int) -> None:
    assert differences(values_of(book(row=rows)), ORIGINAL) == []


def test_the_order_of_sheets_changes_no_value() -> None:
    assert differences(values_of(book(model_first=True)), ORIGINAL) == []


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_saving_by_libreoffice_changes_no_value() -> None:
    [saved] = convert_with_libreoffice({"model.xlsx": book()})
    assert differences(values_of(saved), ORIGINAL) == []


def test_a_changed_input_does_change_values() -> None:
    """The comparison finds a difference where there is one."""
    workbook = openpyxl.load_workbook(io.BytesIO(book()))
    workbook["Inputs"]["C2"] = 121
    buffer = io.BytesIO()
    workbook.save(buffer)
    assert any(line.startswith("C1:") for line in differences(values_of(buffer.getvalue()), ORIGINAL))


# --- workbooks that other programs wrote --------------------------------------------------------------

BOOKS: dict[str, Callable[[], bytes]] = {"XlsxWriter": xlsxwriter_book, "openpyxl": openpyxl_book}
SHEET, TITLE = "Inputs", "Put otherwise"
PLACE = 3
"""The row and the column in front of which something is inserted."""


@pytest.fixture(scope="module", params=BOOKS)
def foreign(request: pytest.FixtureRequest) -> tuple[bytes, dict[CellKey, CellValue]]:
    """A workbook and the values of its formulas."""
    data = BOOKS[request.param]()
    values = recalculate(data, {})
    assert len(values) > 35
    return data, values


def renamed_sheet(data: bytes, sheet: str, title: str) -> bytes:
    """The workbook with another title on a sheet, in formulas, names, charts and links as well."""
    parts = parts_of(data)
    for part, content in parts.items():
        if part.endswith(".xml"):
            content = content.replace(b'name="%b"' % sheet.encode(), b'name="%b"' % title.encode())
            parts[part] = content.replace(b"%b!" % sheet.encode(), quoted(title).encode() + b"!")
    return packed(parts)


def reordered(data: bytes) -> bytes:
    """The workbook with its sheets in reverse order; names of one sheet stay that sheet's."""
    parts = parts_of(data)
    tree = etree.fromstring(parts["xl/workbook.xml"])
    (sheets,) = tree.iterfind("{*}sheets")
    last = len(sheets) - 1
    sheets[:] = list(reversed(sheets))
    for name in tree.iterfind("{*}definedNames/{*}definedName[@localSheetId]"):
        name.set("localSheetId", str(last - int(name.get("localSheetId", "0"))))
    return packed(parts | {"xl/workbook.xml": etree.tostring(tree)})


def unlike(actual: Mapping[CellKey, CellValue], expected: Mapping[CellKey, CellValue]) -> list[str]:
    """The cells of `expected` that hold other values."""
    flat = {"!".join(key): value for key, value in actual.items()}
    return differences(flat, {"!".join(key): value for key, value in expected.items()})


def test_a_renamed_sheet_of_a_foreign_book_changes_no_value(
    foreign: tuple[bytes, dict[CellKey, CellValue]],
) -> None:
    data, values = foreign
    titled = {(TITLE if title == SHEET else title, cell): value for (title, cell), value in values.items()}
    assert unlike(recalculate(renamed_sheet(data, SHEET, TITLE), {}), titled) == []


@pytest.mark.parametrize("axis", ["rows", "columns"])
def test_what_is_inserted_into_a_foreign_book_changes_no_value(
    foreign: tuple[bytes, dict[CellKey, CellValue]], axis: Axis
) -> None:
    data, values = foreign

    def moved_key(key: CellKey) -> CellKey:
        row, column = split_address(key[1])
        if key[0] != SHEET:
            return key
        if axis == "rows":
            return SHEET, join_address(row + (row >= PLACE), column)
        return SHEET, join_address(row, column + (column >= PLACE))

    expected = {moved_key(key): value for key, value in values.items()}
    assert unlike(recalculate(move(data, SHEET, PLACE, 1, axis), {}), expected) == []


def test_the_order_of_sheets_of_a_foreign_book_changes_no_value(
    foreign: tuple[bytes, dict[CellKey, CellValue]],
) -> None:
    data, values = foreign
    other = reordered(data)
    assert list(read_package(other).sheets()) == list(reversed(read_package(data).sheets()))
    assert unlike(recalculate(other, {}), values) == []


@pytest.mark.libreoffice
@pytest.mark.usefixtures("libreoffice")
def test_saving_a_foreign_book_by_libreoffice_changes_no_value(
    foreign: tuple[bytes, dict[CellKey, CellValue]],
) -> None:
    """The sheet of dynamic arrays aside: LibreOffice 7.4 knows none, and saves one cell of each."""
    data, values = foreign
    [saved] = convert_with_libreoffice({"book.xlsx": data})
    expected = {key: value for key, value in values.items() if key[0] != "Dynamic"}
    assert len(expected) > 35
    assert unlike(recalculate(saved, {}), expected) == []
