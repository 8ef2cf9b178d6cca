"""Structured references, `Sales[[#This Row],[Net amount]]`, as the plain cells a file's tables give them.

Source: ECMA-376 Part 1, 18.5 (tables); Microsoft, Using structured references with Excel tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.package import Package

_SPECIFIER = r"\[ (?: '. | [^\[\]'] | \[ (?: '. | [^\[\]'] )* \] )* \]"
_STRUCTURED = re.compile(
    rf"""
    "(?: [^"] | "" )*"                                             # a text
    | '(?: [^'] | '' )*'                                           # the name of a sheet
    | (?P<table> [^\W\d][\w.\\]* | \\[\w.\\]* )? (?P<specifier> {_SPECIFIER} )
    | (?P<word> [\w.\\$?]+ )                                       # a name, a function, an address, a number
    """,
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(
    r"""
    \s* (?: \[ (?P<inner> (?: '. | [^\[\]'] )* ) \] | (?P<bare> (?: '. | [^\[\]',:] )+? ) ) \s*
    (?P<end> [,:] | $ )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"'(.)", re.DOTALL)
_ESCAPED_IN_XML = re.compile(r"_x([0-9A-Fa-f]{4})_")
_THIS_ROW = frozenset({"#this row"})
_ITEMS = {
    frozenset(items): items
    for items in (("#headers",), ("#data",), ("#totals",), ("#headers", "#data"), ("#data", "#totals"))
}
"""The parts of a table that a structured reference may name, besides `#All` and `#This Row`."""

_Rows: TypeAlias = tuple[int, int]


class Place(NamedTuple):
    sheet: str
    row: int
    column: int


@dataclass(frozen=True)
class Table:
    """A table of a workbook: where it lies, how many of its rows are headers and totals, its columns."""

    sheet: str
    first: tuple[int, int]
    last: tuple[int, int]
    header_rows: int
    totals_rows: int
    columns: tuple[str, ...]

    def __contains__(self, place: Place) -> bool:
        (top, left), (bottom, right) = self.first, self.last
        return place.sheet == self.sheet and top <= place.row <= bottom and left <= place.column <= right

    def rows(self, items: frozenset[str], place: Place | None) -> _Rows | None:
        """The first and the last row of some parts of the table; None where it lacks one of them."""
        top, bottom = self.first[0], self.last[0]
        data = top + self.header_rows, bottom - self.totals_rows
        if items == _THIS_ROW:
            inside = place is not None and place.sheet == self.sheet and data[0] <= place.row <= data[1]
            return (place.row, place.row) if inside and place is not None else None
        if items == {"#all"}:
            return top, bottom
        parts = {"#headers": (top, data[0] - 1), "#data": data, "#totals": (data[1] + 1, bottom)}
        chosen = [parts[item] for item in _ITEMS.get(items, ())]
        lacks = not chosen or any(last < first for first, last in chosen)
        return None if lacks else (chosen[0][0], chosen[-1][1])

    def area(self, items: frozenset[str], columns: Sequence[str], place: Place | None) -> str | None:
        """The address of parts of some columns; None where the table has no such cells."""
        rows = self.rows(items or frozenset({"#data"}), place)
        if rows is None or not set(columns) <= set(self.columns):
            return None
        offsets = sorted(map(self.columns.index, columns)) or [0, len(self.columns) - 1]
        left, right = self.first[1] + offsets[0], self.first[1] + offsets[-1]
        first, last = _absolute(rows[0], left), _absolute(rows[1], right)
        sheet = self.sheet.replace("'", "''")
        return f"'{sheet}'!{first}" if first == last else f"'{sheet}'!{first}:{last}"


def _absolute(row: int, column: int) -> str:
    letters = join_address(row, column).removesuffix(str(row))
    return f"${letters}${row}"


def tables_of(package: Package) -> dict[str, Table]:
    """The tables of a workbook by name; names of tables and columns are in small letters."""
    tables = {}
    for sheet, part in package.sheets().items():
        for kind, target in package.relations(part).values():
            if kind.endswith("/table") and target in package.parts:
                name, table = _table(package, sheet, target)
                tables[name.lower()] = table
    return tables


def _table(package: Package, sheet: str, part: str) -> tuple[str, Table]:
    tree = package.tree(part)
    first, _, last = tree.get("ref", "").partition(":")
    headers, totals = tree.get("headerRowCount", "1"), tree.get("totalsRowCount", "0")
    if not (headers.isdecimal() and totals.isdecimal()):
        raise package.refusal(f"has a table {part} with {headers!r} rows of headers and {totals!r} of totals")
    names = (column.get("name", "") for column in tree.iterfind("{*}tableColumns/{*}tableColumn"))
    columns = tuple(_ESCAPED_IN_XML.sub(lambda code: chr(int(code[1], 16)), name).lower() for name in names)
    corners = split_address(first), split_address(last or first)
    return tree.get("displayName", ""), Table(sheet, *corners, int(headers), int(totals), columns)


def with_plain_ranges(text: str, tables: Mapping[str, Table], place: Place | None = None) -> str:
    """A formula, standing at `place`, with its structured references replaced by the cells they mean.

    A reference to another workbook's table, to a table or column that does not exist and to a part that a
    table lacks stays as it is. The grammar is that of ECMA-376 Part 1, 18.17.2.
    """
    if not tables or not ("[" in text or any(name in text.lower() for name in tables)):
        return text
    return _STRUCTURED.sub(lambda match: _plain_range(match, tables, place) or match[0], text)


def structured_references(text: str) -> list[str]:
    """The structured references in a formula, other than to tables of other workbooks."""
    return [
        match[0] for match in _STRUCTURED.finditer(text) if match["specifier"] and not _is_elsewhere(match)
    ]


def _is_elsewhere(match: re.Match[str]) -> bool:
    """Whether a piece of a formula belongs to a reference to another sheet or workbook."""
    start, end = match.span()
    before, after = match.string[max(start - 1, 0) : start], match.string[end : end + 1]
    return before == "!" or after.isalnum() or after in tuple("!_'")


def _plain_range(match: re.Match[str], tables: Mapping[str, Table], place: Place | None) -> str | None:
    name, specifier = match["table"] or match["word"], match["specifier"]
    is_call = match.string.startswith(("(", "["), match.end())
    if is_call or not (name or specifier) or _is_elsewhere(match):
        return None
    if name:
        table = tables.get(name.lower())
    else:
        table = next((table for table in tables.values() if place is not None and place in table), None)
    meant = _parts_meant(specifier or "[]")
    return table.area(*meant, place) if table is not None and meant is not None else None


def _parts_meant(specifier: str) -> tuple[frozenset[str], list[str]] | None:
    """The items and columns, in small letters, that the brackets of a structured reference name."""
    inner = specifier[1:-1]
    items: set[str] = set()
    if inner.lstrip().startswith("@"):
        items, inner = set(_THIS_ROW), inner.lstrip()[1:]
    columns: list[tuple[str, str]] = []
    for piece, end in _pieces(inner):
        if piece.strip().startswith(("#", "@")):
            items.add(piece.strip().lower().replace("@", "#this row"))
        else:
            columns.append((_ESCAPED.sub(r"\1", piece).lower(), end))
    one_span = len(columns) < 2 or (len(columns) == 2 and columns[0][1] == ":")
    return (frozenset(items), [column for column, _ in columns]) if one_span else None


def _pieces(inner: str) -> list[tuple[str, str]]:
    """What stands in the brackets of a structured reference, each with the `,` or `:` that follows it."""
    if "[" not in _ESCAPED.sub("", inner):
        return [(inner, "")] if inner.strip() else []
    pieces, at = [], 0
    while at < len(inner) and (match := _PIECE.match(inner, at)):
        pieces.append((match["bare"] if match["inner"] is None else match["inner"], match["end"]))
        at = match.end()
    return pieces if at == len(inner) else [(inner, "")]
