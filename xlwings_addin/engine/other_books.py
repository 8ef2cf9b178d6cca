"""What a formula says of workbooks: cells and names of others, and the name of its own file.

The file keeps the values of the other workbooks as they were when it was saved; formulas read those.
Source: ECMA-376 Part 1, 18.14 (external links); Microsoft, CELL function.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from xlwings_addin.xlsx.addresses import MAX_AREA, area_size, cells_in
from xlwings_addin.xlsx.package import CellValue, Package, is_error

_CELLS = r"\$?[A-Za-z]{1,3}\$?\d+(?::\$?[A-Za-z]{1,3}\$?\d+)?"
_ELSEWHERE = re.compile(
    rf"""
    "(?:[^"]|"")*"                                                                  # a text
    | '\[(?P<quoted_book>\d+)\](?P<quoted>(?:[^'\[\]]|'')*)'!(?P<quoted_cells>{_CELLS})(?![\w(])
    | \[(?P<book>\d+)\](?P<sheet>[\w.]*)!
      (?: (?P<cells>{_CELLS})(?![\w(]) | (?P<name>[^\W\d][\w.\\]*)(?!\s*[\w(]) )
    """,
    re.VERBOSE,
)
_BY_FILE_NAME = re.compile(
    r"""
    "(?:[^"]|"")*"
    | (?P<quoted>'[^'\[]*\[[^'\[\]]+\.xl\w{1,3}\][^']*'![$A-Za-z\d:]+)
    | (?P<plain>\[[^'\[\]\s]+\.xl\w{1,3}\]\w*![$A-Za-z\d:]+)
    """,
    re.VERBOSE,
)
"""References that name the file itself, which a workbook of Excel's never stores."""
_REFERENCE = re.compile(rf"=?\s*(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!\s]+))!(?P<cells>{_CELLS})")
_FILE_NAME = re.compile(
    r"""CELL\(\s*"filename"\s*
        (?:,\s*(?:(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[\w.]+))!)?\$?[A-Z]+\$?\d+\s*)?\)""",
    re.IGNORECASE | re.VERBOSE,
)
_MOST_CELLS = 1_000
"""Of an area in another workbook that is put into a formula as an array constant."""


@dataclass(frozen=True)
class OtherBook:
    """What a file keeps of another workbook; names of sheets and defined names are in small letters."""

    values: dict[tuple[str, str], CellValue] = field(default_factory=dict)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)


def other_books(package: Package) -> dict[str, OtherBook]:
    """The other workbooks that a file refers to, by the number under which formulas name them."""
    relations = package.relations(package.workbook_part)
    references = package.tree(package.workbook_part).iterfind("{*}externalReferences/{*}externalReference")
    books = {}
    for number, reference in enumerate(references, 1):
        identifier = next((value for key, value in reference.items() if key.endswith("}id")), "")
        _, part = relations.get(identifier, ("", ""))
        if part in package.parts:
            books[str(number)] = _book(package.tree(part))
    return books


def missing_book(text: str, books: Mapping[str, OtherBook]) -> str | None:
    """The first reference of a formula to another workbook of which the file keeps nothing at all.

    >>> missing_book("[1]Comps!A1*[2]Comps!B2+[3]!DCF_FCFF(A1)", {"1": OtherBook()})
    '[2]Comps!B2'
    """
    if "[" not in text:
        return None
    for piece in _ELSEWHERE.finditer(text):
        number = piece["book"] or piece["quoted_book"]
        if number is not None and number not in books:
            return piece[0]
    return next((piece[0] for piece in _BY_FILE_NAME.finditer(text) if piece.lastgroup), None)


def _book(tree: etree._Element) -> OtherBook:
    book = OtherBook()
    sheets = [sheet.get("val", "").lower() for sheet in tree.iter("{*}sheetName")]
    for data in tree.iter("{*}sheetData"):
        number = data.get("sheetId", "")
        sheet = sheets[int(number)] if number.isdecimal() and int(number) < len(sheets) else ""
        for cell in data.iter("{*}cell"):
            book.values[sheet, cell.get("r", "")] = _kept(cell)
    for name in tree.iter("{*}definedName"):
        refers = _REFERENCE.fullmatch(name.get("refersTo", ""))
        if refers is not None:
            sheet = (refers["quoted"] or refers["plain"]).replace("''", "'")
            book.names[name.get("name", "").lower()] = sheet.lower(), refers["cells"]
    return book


def _kept(cell: etree._Element) -> CellValue:
    kind: str = cell.get("t", "n")
    text: str | None = cell.findtext("{*}v")
    if text is None:
        return None
    if kind == "b":
        return text in ("1", "true")
    if kind != "n":
        return text
    try:
        return float(text)
    except ValueError:
        return None


def with_values_of_others(text: str, books: Mapping[str, OtherBook]) -> str:
    """A formula with cells and names of other workbooks replaced by the values that the file keeps of them.

    >>> kept = OtherBook({("comps", "A1"): 1.2}, {"beta": ("comps", "$A$1")})
    >>> with_values_of_others("[1]!Beta+[1]Comps!A1*2", {"1": kept})
    '1.2+1.2*2'

    What the file does not keep stays as it is.
    """
    if not books or "[" not in text:
        return text
    return _ELSEWHERE.sub(lambda piece: _value_of(piece, books) or piece[0], text)


def _value_of(piece: re.Match[str], books: Mapping[str, OtherBook]) -> str | None:
    book = books.get(piece["book"] or piece["quoted_book"] or "")
    if book is None:
        return None
    sheet, cells = piece["sheet"] or piece["quoted"] or "", piece["cells"] or piece["quoted_cells"]
    if piece["name"]:
        sheet, cells = book.names.get(piece["name"].lower(), ("", None))
    if not cells or not any(kept == sheet.lower() for kept, _ in book.values):
        return None
    area = cells.replace("$", "").upper()
    rows, columns = area_size(area)
    if rows * columns > min(_MOST_CELLS, MAX_AREA):
        return None
    literals = [_literal(book.values.get((sheet.lower(), address))) for address in cells_in(area)]
    if ":" not in area:
        return literals[0] if literals[0] != '""' else None
    lines = [",".join(literals[at : at + columns]) for at in range(0, len(literals), columns)]
    return "{" + ";".join(lines) + "}"


def _literal(value: CellValue) -> str:
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value!r}".removesuffix(".0") if value >= 0 else f"-{-value!r}".removesuffix(".0")
    return value if is_error(value) else '"{}"'.format(value.replace('"', '""'))


def with_file_name(text: str, sheet: str) -> str:
    """A formula that asks for the sheet's name behind the file's, with an answer that has the former only.

    >>> with_file_name('MID(CELL("filename",A1),FIND("]",CELL("filename",A1))+1,255)', "Model")
    'MID("[]Model",FIND("]","[]Model")+1,255)'

    Where a formula wants anything else of the file's name, it stays as it is: the engine does not know it.
    """
    if "filename" not in text.lower() or '"]"' not in text or '"["' in text:
        return text

    def named(call: re.Match[str]) -> str:
        own = (call["quoted"] or call["plain"] or sheet).replace("''", "'")
        return '"[]{}"'.format(own.replace('"', '""'))

    return _FILE_NAME.sub(named, text)
