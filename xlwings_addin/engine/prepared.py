"""A workbook's bytes as the engine has to get them: what it would read wrongly is put plainly.

The file itself stays as it is; a workbook without any of this is handed over byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from xlwings_addin.xlsx.edits import Edit, apply, value_edits
from xlwings_addin.xlsx.package import CellKey, CellValue, Package, read_values
from xlwings_addin.xlsx.scanning import Span

_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (b' conformance="strict"', b""),
)
"""What Strict Open XML writes, and what transitional files say instead (ECMA-376 Part 1 and Part 4)."""
_CALCULATION = re.compile(rb"<(?:\w+:)?calcPr\b[^>]*>")
_ITERATE = re.compile(rb"""\siterate\s*=\s*["'][^"']*["']""")
_PACKED_ABOVE = 32 << 20
"""What is larger goes to the engine compressed, which takes longer and less memory."""
_DEFAULT_SHEET = "Sheet1"
"""formualizer 0.13.0 begins with a sheet of this name and loses one that is called sheet1 or SHEET1."""


def engine_name(sheet: str) -> str:
    """The name under which the engine has a sheet."""
    return _DEFAULT_SHEET if sheet.lower() == _DEFAULT_SHEET.lower() else sheet


def engine_bytes(package: Package, blanked: Iterable[CellKey] = ()) -> bytes:
    """The workbook for the engine, with nothing in the cells `blanked`."""
    values: dict[CellKey, CellValue] = {**_plain_values(package), **dict.fromkeys(blanked)}
    changed = {**_parts_with(package, values), package.workbook_part: _workbook(package)}
    if package.is_strict:
        strict = {**package.parts, **changed}
        changed = {part: _transitional(data or b"") for part, data in strict.items() if _is_markup(part)}
    renamed = _as_relations_name_them(package)
    if renamed:
        every = {**package.parts, **changed}
        changed |= {new: every[old] for old, new in renamed.items()} | dict.fromkeys(renamed)
    changed = {part: data for part, data in changed.items() if data != package.parts.get(part, b"")}
    if not changed and package.packed is not None:
        return package.packed
    expanded = sum(map(len, package.parts.values()))
    return package.with_parts(changed, small=expanded > _PACKED_ABOVE)


def _plain_values(package: Package) -> dict[CellKey, CellValue]:
    """Dates as serial numbers where the file has them as texts, and nothing for a string that it lacks."""
    odd = {
        (sheet, cell.address): cell.type
        for sheet, part in package.sheets().items()
        for cell in package.cells(part).contents
        if cell.type == "d" or (cell.type == "s" and cell.value is not None)
    }
    stored = read_values(package) if odd else {}
    return {key: stored[key] for key, kind in odd.items() if kind == "d" or stored[key] is None}


def _parts_with(package: Package, values: Mapping[CellKey, CellValue]) -> dict[str, bytes | None]:
    """The sheets that hold `values` instead of what stands in those cells."""
    parts = package.sheets()
    edits: dict[str, list[Edit]] = {}
    for (sheet, address), value in values.items():
        cell = package.cells(parts[sheet]).at(address)
        if cell is None:
            continue
        changed = edits.setdefault(parts[sheet], [])
        if cell.formula is not None:  # `<f ca="1"/>` of a dynamic array's further cells
            changed.append(Edit(*cell.formula, b""))
            at = Span(cell.formula.end, cell.formula.end)
            cell = replace(cell, formula=None, value=cell.value or at)
        changed.extend(value_edits(package.parts[parts[sheet]], cell, value, place=address))
    return {part: apply(package.parts[part], changed) for part, changed in edits.items()}


def _workbook(package: Package) -> bytes:
    """The part that lists the sheets, without iteration and without the name that the engine loses."""
    data = package.parts[package.workbook_part]
    settings = _CALCULATION.search(data)
    if settings is not None:
        data = data.replace(settings[0], _ITERATE.sub(b"", settings[0]))
    for sheet in package.titles:
        if engine_name(sheet) != sheet:
            data = re.sub(rb"""(\sname\s*=\s*["'])%b(?=["'])""" % sheet.encode(), rb"\1Sheet1", data)
    return data


def _transitional(data: bytes) -> bytes:
    for strict, usual in _STRICT:
        data = data.replace(strict, usual)
    return data


def _is_markup(part: str) -> bool:
    return part.endswith((".xml", ".rels"))


def _as_relations_name_them(package: Package) -> dict[str, str]:
    """The parts that relations spell in another case than the package does, and that spelling."""
    lower = {part.lower(): part for part in package.parts}
    named = {
        target
        for part in ("", *package.parts)
        for target in package.spelled_targets(part)
        if target not in package.parts and target.lower() in lower
    }
    return {lower[target.lower()]: target for target in named}
