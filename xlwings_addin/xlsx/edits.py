"""Edits of a worksheet's XML: `value_edits`, `new_cell_edits` and `freeze_edits` say which bytes change.

`apply` makes the edits and copies everything between them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.contents import ESCAPED, formula_text
from xlwings_addin.xlsx.scanning import RowPlaces, Scanner, SheetCell, Span, UnreadableError, prefix_of
from xlwings_addin.xlsx.values import CellValue, is_error

_MAX_TEXT = 32_767


class Edit(NamedTuple):
    """The bytes from `start` to `end` become `new`."""

    start: int
    end: int
    new: bytes


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with all edits made; between the edits nothing changes.

    >>> apply(b"value 1 here", [Edit(6, 7, b"22")])
    b'value 22 here'
    """
    pieces, at = [], 0
    for edit in sorted(edits):
        pieces += [data[at : edit.start], edit.new]
        at = edit.end
    return b"".join([*pieces, data[at:]])


def value_edits(data: bytes, cell: SheetCell, value: CellValue, *, place: str) -> Iterator[Edit]:
    """The edits that store `value` in a cell; its formula stays, an inline string goes.

    `place` names the cell in the message of the BookError for a value that no cell can hold.
    """
    cell_type, text = encoded(value, place)
    tag = data[cell.tag.start : cell.tag.end]
    prefix = prefix_of(tag)
    new_tag = _with_type(tag, cell_type)
    new_value = b"" if text is None else b"<%bv>%b</%bv>" % (prefix, text, prefix)
    if cell.empty and new_value:
        new_tag = b"%b>%b</%bc>" % (new_tag[:-2].rstrip(), new_value, prefix)
    yield Edit(*cell.tag, new_tag)
    if cell.empty:
        return
    after = cell.formula or cell.tag
    yield Edit(*(cell.value or Span(after.end, after.end)), new_value)
    if cell.inline is not None:
        yield Edit(*cell.inline, b"")


def new_cell_edits(data: bytes, values: Mapping[str, CellValue], *, sheet: str) -> Iterator[Edit]:
    """The edits that add cells to a sheet: members of an array formula for which its file has no `<c>`."""
    places = Scanner(data).places
    elements = {address: _new_cell(places.prefix, address, value, sheet) for address, value in values.items()}
    yield from inserted_cells(data, places, elements)


def inserted_cells(data: bytes, places: RowPlaces, elements: Mapping[str, bytes]) -> Iterator[Edit]:
    """The edits that put whole `<c>` elements, by address, where a sheet has none, with their rows."""
    added: dict[int, bytes] = {}
    by_row = groupby(sorted(elements, key=split_address), key=lambda address: split_address(address)[0])
    for number, addresses in by_row:
        cells = {address: elements[address] for address in addresses}
        row = places.rows.get(number)
        if row is not None and not row.empty:
            for address, cell in cells.items():
                at = _last_before(split_address(address)[1], row.cell_ends, row.tag.end)
                added[at] = added.get(at, b"") + cell
            continue
        tag = b'<%brow r="%d"/>' % (places.prefix, number) if row is None else data[slice(*row.tag)]
        whole = b"%b>%b</%brow>" % (tag[:-2].rstrip(), b"".join(cells.values()), places.prefix)
        if row is None:
            at = _last_before(
                number, {other: row.end for other, row in places.rows.items()}, places.rows_start
            )
            added[at] = added.get(at, b"") + whole
        else:
            yield Edit(*row.tag, whole)
    for at, new in added.items():
        yield Edit(at, at, new)


def _new_cell(prefix: bytes, address: str, value: CellValue, sheet: str) -> bytes:
    tag = b'<%bc r="%b"/>' % (prefix, address.encode())
    cell = SheetCell(address, "n", Span(0, len(tag)), empty=True)
    return apply(tag, value_edits(tag, cell, value, place=f"{sheet}!{address}"))


def _last_before(number: int, ends: Mapping[int, int], otherwise: int) -> int:
    return max((end for other, end in ends.items() if other < number), default=otherwise)


def freeze_edits(data: bytes, cells: Iterable[SheetCell], frozen: Collection[str]) -> Iterator[Edit]:
    """The edits that take the formulas out of the `frozen` addresses and leave their values.

    Where the cell that carries the text of a shared formula is frozen and others still follow it, the first
    of those carries the text from then on.
    """
    orphans: dict[str, SheetCell] = {}
    for cell in cells:
        if cell.formula is None:
            continue
        if cell.address in frozen:
            yield Edit(*cell.formula, b"")
            yield Edit(*cell.tag, _without(data[cell.tag.start : cell.tag.end], b"cm"))
            if cell.formula_type == "shared" and formula_text(data, cell):
                orphans[cell.shared] = cell
        elif cell.formula_type == "shared" and cell.shared in orphans:
            yield _adopted(data, cell, orphans.pop(cell.shared))


def _adopted(data: bytes, cell: SheetCell, master: SheetCell) -> Edit:
    """A follower of a shared formula becomes its master, the formula moved to the follower's place."""
    from openpyxl.formula.translate import Translator

    if cell.formula is None:
        raise UnreadableError(f"cell {cell.address} holds no formula")
    moved = Translator("=" + formula_text(data, master), origin=master.address)
    text = escaped(moved.translate_formula(cell.address).removeprefix("="))
    prefix = prefix_of(data[cell.formula.start : cell.formula.end])
    head = b'<%bf t="shared" ref="%b" si="%b">' % (prefix, master.area.encode(), cell.shared.encode())
    return Edit(*cell.formula, head + text + b"</%bf>" % prefix)


_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")


def _with_type(tag: bytes, cell_type: bytes) -> bytes:
    """A `<c>` tag with another `t`, in its old place; without `vm`, which described the old value."""
    tag = _without(tag, b"vm")
    if not cell_type:
        return _without(tag, b"t")
    for attribute in _ATTRIBUTE.finditer(tag):
        if attribute[1] == b"t":
            return tag[: attribute.start(2) + 1] + cell_type + tag[attribute.end(2) - 1 :]
    end = max((attribute.end() for attribute in _ATTRIBUTE.finditer(tag)), default=len(_name_of(tag)))
    return tag[:end] + b' t="%b"' % cell_type + tag[end:]


def _without(tag: bytes, name: bytes) -> bytes:
    if name not in tag:
        return tag
    for attribute in _ATTRIBUTE.finditer(tag):
        if attribute[1] == name:
            return tag[: attribute.start()] + tag[attribute.end() :]
    return tag


def _name_of(tag: bytes) -> bytes:
    return re.split(rb"[\s/>]", tag, maxsplit=1)[0]


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encoded(value: object, place: str) -> tuple[bytes, bytes | None]:
    """The attribute `t` (none for a number) and the content of `<v>` for a value."""
    if value is None:
        return b"", None
    if isinstance(value, bool):
        return b"b", b"1" if value else b"0"
    if isinstance(value, str):
        return (b"e" if is_error(value) else b"str"), _encoded_text(value, place)
    if isinstance(value, (int, float)):
        return b"", _encoded_number(float(value), place)
    rule = f"for {place} must be a number, a bool, a text or None, not a {type(value).__name__}"
    raise BookError("value", value, rule)


def _encoded_number(value: float, place: str) -> bytes:
    """The shortest number that reads back as `value`; a spreadsheet knows no negative zero."""
    if not math.isfinite(value):
        raise BookError("value", value, f"for {place} must be a finite number")
    return b"0" if value == 0 else float.__repr__(value).removesuffix(".0").encode()


def _encoded_text(text: str, place: str) -> bytes:
    if len(text) > _MAX_TEXT:
        rule = f"for {place} must be at most {_MAX_TEXT:,} characters long, not {len(text):,}"
        raise BookError("value", text, rule, display=f"{text[:20]!r}...")
    if _NOT_XML.search(text):
        raise BookError("value", text, f"for {place} must not contain characters that XML cannot carry")
    return escaped(ESCAPED.sub(r"_x005F\g<0>", text) if "_x" in text else text)


def escaped(text: str) -> bytes:
    """Text as XML content; a carriage return would read back as a line feed."""
    for plain, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        text = text.replace(plain, escape)
    return text.encode()
