"""Parts against the schemas of ISO/IEC 29500 as the Open XML SDK has them, which openxml-audit carries."""

from __future__ import annotations

import zipfile
from collections.abc import Hashable, Iterator
from pathlib import Path

from lxml import etree
from openxml_audit import OpenXmlValidator
from openxml_audit.errors import ValidationSeverity

from xlwings_addin.xlsx.package import Package

PLACES = frozenset({"r", "s", "spans", "ht", "ref", "si"})
"""Attributes that say where a row or cell stands and how it looks, which the rules of the package look at."""


def faults(package: Package, folder: Path, seen: set[Hashable]) -> Iterator[str]:
    """What the validator finds in the parts of a package that were not seen before.

    Rows of a sheet that are written alike are looked at once: the validator takes 5 s for 8,000 of them.
    """
    reduced: dict[str, bytes] = {}
    for part in package.sheets().values():
        sheet = package.tree(part)
        for rows in sheet.iterfind("{*}sheetData"):
            for row in list(rows):
                shape = _shape(row)
                if shape in seen:
                    rows.remove(row)
                seen.add(shape)
        reduced[part] = etree.tostring(sheet)
    path = folder / f"reduced{Path(package.display).suffix or '.xlsx'}"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**package.parts, **reduced}.items():
            archive.writestr(name, data)
    result = OpenXmlValidator().validate(path)
    yield from (str(error) for error in result.errors if error.severity == ValidationSeverity.ERROR)


def _shape(element: etree._Element) -> Hashable:
    attributes = frozenset(
        (str(name), "" if name in PLACES else str(value)) for name, value in element.attrib.items()
    )
    return element.tag, attributes, tuple(_shape(child) for child in element)
