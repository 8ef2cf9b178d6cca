"""The same workbook as the same bytes on every machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from lxml import etree

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.fonts import order_fonts
from xlwings_addin.xlsx.parts import Source, read_package
from xlwings_addin.xlsx.values import CellKey, CellValue
from xlwings_addin.xlsx.writing import calculation_settings, parts_with_values, serialised

_CALC_ID = "191029"
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


def normalise(
    source: Source,
    *,
    timestamp: datetime = _EARLIEST,
    values: Mapping[CellKey, CellValue] | None = None,
    parts: Mapping[str, bytes] | None = None,
    finish: Callable[[Mapping[str, bytes]], Mapping[str, bytes]] = dict,
) -> bytes:
    """The workbook, with `values` in its cells and `parts` replaced, as bytes that depend on content alone.

    Parts in a fixed order, dated 1980-01-01 (the first a zip knows), deflated at level 6; the document
    properties `created` and `modified` say `timestamp`. The workbook declares calculation engine 191029 and
    no recalculation on load, so that a reader without the add-in sees the stored values. What a font says
    stands in the order in which the Open XML SDK reads it. `finish` has the last word on the parts.
    Raises BookError for a timestamp without time zone.

    The compressed bytes are those of the zlib in use; two zlibs may pack the same content differently.
    """
    if timestamp.tzinfo is None:
        raise BookError("timestamp", timestamp, "must have a time zone", display=timestamp.isoformat())
    package = read_package(source)
    workbook = package.workbook_part
    filled = parts_with_values(package, values or {})
    settled = _with_calculation_settings(package.tree(workbook))
    every = {**package.parts, **(parts or {}), **filled, workbook: settled}
    properties = package.related("", "core-properties")
    if properties is not None:
        every[properties] = _dated(package.tree(properties), timestamp)
    styles = package.related(workbook, "styles")
    if styles is not None:
        tree = etree.fromstring(every[styles])
        order_fonts(tree)
        every[styles] = serialised(tree)
    return _packed(finish(every))


def _with_calculation_settings(workbook: etree._Element) -> bytes:
    settings = calculation_settings(workbook)
    settings.set("calcId", _CALC_ID)
    settings.attrib.pop("fullCalcOnLoad", None)
    return serialised(workbook)


def _dated(properties: etree._Element, timestamp: datetime) -> bytes:
    for child in properties:
        if _local_name(child) in ("created", "modified"):
            child.text = timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return serialised(properties)


def _local_name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _packed(parts: Mapping[str, bytes]) -> bytes:
    first = ["[Content_Types].xml", "_rels/.rels"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in [*first, *sorted(parts.keys() - set(first))]:
            entry = zipfile.ZipInfo(name)
            entry.create_system = 0
            archive.writestr(entry, parts[name], zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()
