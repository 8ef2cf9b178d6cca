"""The boxes of notes and the form controls of a sheet, in VML.

VML is edited as text: it is HTML of old and often no well-formed XML (`<br>`).

Source: ECMA-376 Part 4, 19.4 (`x:ClientData`, `x:Anchor`: left column, offset, top row, offset, right column,
offset, bottom row, offset, all from 0; `x:Row`, `x:Column`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from xlwings_addin.xlsx.edits import Edit, apply
from xlwings_addin.xlsx.moving.formulas import FormulaMover
from xlwings_addin.xlsx.moving.markup import escaped
from xlwings_addin.xlsx.moving.shift import Shift
from xlwings_addin.xlsx.scanning import Span

_CLIENT = re.compile(rb"<((?:\w+:)?)ClientData\b[^>]*?(?:/>|>(.*?)</\1ClientData\s*>)", re.DOTALL)
_FIELD = re.compile(rb"<(?:\w+:)?(\w+)\s*(?:/>|>([^<]*)<)")
_SHAPE = re.compile(rb"<((?:\w+:)?shape)\b[^>]*>.*?</\1\s*>", re.DOTALL)
_FORMULAS = (b"FmlaLink", b"FmlaRange", b"FmlaGroup", b"FmlaTxbx", b"FmlaPict")


def moved_vml(data: bytes, mover: FormulaMover, *, own: bool) -> bytes:
    """A sheet's VML after the shift; the boxes of deleted notes go."""
    return apply(data, list(_edits(data, mover, own)))


def _edits(data: bytes, mover: FormulaMover, own: bool) -> Iterator[Edit]:
    shapes = [Span(*match.span()) for match in _SHAPE.finditer(data)]
    for client in _CLIENT.finditer(data):
        if client[2] is None:
            continue
        fields = {field[1]: field for field in _FIELD.finditer(data, *client.span(2))}
        if own and _is_deleted(fields, mover.shift):
            yield from (Edit(*shape, b"") for shape in shapes if shape.start < client.start() < shape.end)
            continue
        if own:
            yield from _place_edits(fields, mover.shift)
        for name in _FORMULAS:
            field = fields.get(name)
            if field is not None and field[2]:
                formula = unescape(field[2].decode())
                new = mover.text(formula, own=own)
                if new != formula:
                    yield Edit(*field.span(2), escaped(new))


def _cell(fields: dict[bytes, re.Match[bytes]], shift: Shift) -> re.Match[bytes] | None:
    """The row or column of the cell that a note belongs to."""
    return fields.get(b"Row" if shift.axis == "rows" else b"Column")


def _is_deleted(fields: dict[bytes, re.Match[bytes]], shift: Shift) -> bool:
    cell = _cell(fields, shift)
    return cell is not None and bool(cell[2]) and shift.index(int(cell[2]) + 1) is None


def _place_edits(fields: dict[bytes, re.Match[bytes]], shift: Shift) -> Iterator[Edit]:
    cell, anchor = _cell(fields, shift), fields.get(b"Anchor")
    by: int | None = None
    if cell is not None and cell[2]:
        by = (shift.index(int(cell[2]) + 1) or 1) - 1 - int(cell[2])
        if by:
            yield Edit(*cell.span(2), b"%d" % (int(cell[2]) + by))
    elif b"MoveWithCells" in fields and b"SizeWithCells" in fields:
        return
    if anchor is None or not anchor[2]:
        return
    numbers = [int(part) for part in anchor[2].split(b",")]
    new = _anchor(numbers, shift, by, sizes=b"SizeWithCells" not in fields)
    if new != numbers:
        yield Edit(*anchor.span(2), ", ".join(map(str, new)).encode())


def _anchor(numbers: list[int], shift: Shift, by: int | None, *, sizes: bool) -> list[int]:
    """The anchor moved by so many rows or columns, or, without `by`, with the cells under it.

    VML says "don't": an object with `x:SizeWithCells` keeps its size, one with `x:MoveWithCells` its place.
    """
    start, end = (2, 6) if shift.axis == "rows" else (0, 4)
    moved = list(numbers)
    if by is None:
        first, last = (shift.index(numbers[at] + 1) or shift.at for at in (start, end))
        moved[start], moved[end] = first - 1, last - 1
        if not sizes:
            moved[end] = numbers[end] + moved[start] - numbers[start]
    else:
        moved[start], moved[end] = numbers[start] + by, numbers[end] + by
    return moved
