"""Edits of a workbook as a spreadsheet program makes them: every stored value is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from html import escape
from pathlib import Path

from xlwings_addin.xlsx.dates import SERIAL_ORIGIN
from xlwings_addin.xlsx.edits import Edit, apply
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    formula_cells,
    is_error,
    read_package,
    read_values,
    write_values,
)
from xlwings_addin.xlsx.parts import Package

Content = CellValue | date | int
"""What is typed into a cell: a formula with its equals sign, a value, or None for nothing."""
_STYLE = re.compile(rb' s="[0-9]+"')


def typed_into(source: Path | bytes, contents: Mapping[CellKey, Content]) -> bytes:
    """The workbook with other contents in cells; what a formula is typed into keeps the value it had."""
    package = read_package(source)
    new = [at for at in contents if at[1] not in package.cells(package.sheet_part(at[0]))]
    if new:
        data = write_values(package, dict.fromkeys(new, 0.0), only_formulas=False, add_cells=True)
        package = read_package(data)
    stored = read_values(package)
    changed: dict[str, bytes | None] = {}
    for sheet in {sheet for sheet, _ in contents}:
        part = package.sheet_part(sheet)
        edits = [
            _edit(package, part, address, content, stored.get((title, address)))
            for (title, address), content in contents.items()
            if title == sheet
        ]
        changed[part] = apply(package.parts[part], edits)
    return package.with_parts(changed, small=False)


def formula_at(source: Path | bytes, at: CellKey) -> str:
    """What a formula cell holds, with its equals sign."""
    return next(f"={cell.text}" for cell in formula_cells(source) if (cell.sheet, cell.cell) == at)


def _edit(package: Package, part: str, address: str, content: Content, stored: CellValue) -> Edit:
    data, cell = package.parts[part], package.cells(part).at(address)
    assert cell is not None
    assert cell.formula_type in ("", "normal"), f"{address} shares its formula"
    end = cell.tag.end if cell.empty else data.index(b"</c>", cell.tag.end) + len(b"</c>")
    style = _STYLE.search(data, *cell.tag)
    if isinstance(content, str) and content.startswith("="):
        kind, value = _written(stored)
        value = f"<f>{escape(content[1:], quote=False)}</f>{value}"
    elif isinstance(content, str):
        kind, value = ' t="inlineStr"', f"<is><t>{escape(content, quote=False)}</t></is>"
    else:
        kind, value = _written(content)
    text = f'<c r="{address}"{style[0].decode() if style else ""}{kind}>{value}</c>'
    return Edit(cell.tag.start, end, text.encode())


def _written(value: Content) -> tuple[str, str]:
    """The type of a cell and the element that holds its value, that of a text as formulas have it."""
    if value is None:
        return "", ""
    if isinstance(value, bool):
        return ' t="b"', f"<v>{int(value)}</v>"
    if isinstance(value, date):
        return "", f"<v>{(value - SERIAL_ORIGIN.date()).days}</v>"
    if isinstance(value, str):
        text = escape(value, quote=False)
        return (' t="e"' if is_error(value) else ' t="str"'), f"<v>{text}</v>"
    return "", f"<v>{value!r}</v>"
