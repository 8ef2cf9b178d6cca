"""What a cell of a worksheet's XML holds: its value, its formula, the texts of strings.

Source: ECMA-376 Part 1, 18.18.11 (`ST_CellType`), 22.9.2.19 (`ST_Xstring`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

from lxml import etree

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.dates import SERIAL_ORIGIN
from xlwings_addin.xlsx.scanning import PREFIX, SHEET_NAMESPACES, SheetCell, Span
from xlwings_addin.xlsx.values import CellValue, text_value

_DAY = timedelta(days=1)
_CLOSES = ord(">")


class CellContent(NamedTuple):
    """What a cell says in its file: address and type, the texts of `<f>`, `<v>` and `<is>`, None for none.

    The last four are the attributes `t`, `ref` and `si` of `<f>`, and whether its formula may fill a changing
    number of cells.
    """

    address: str
    type: str
    formula: str | None
    value: str | None
    inline: str | None
    formula_type: str
    area: str
    shared: str
    dynamic: bool


def content_of(data: bytes, cell: SheetCell) -> CellContent:
    """What a cell says that stands in the bytes of its part."""
    return CellContent(
        cell.address,
        cell.type,
        None if cell.formula is None else _content(data, cell.formula),
        None if cell.value is None else _content(data, cell.value),
        None if cell.inline is None else inline_text(data[slice(*cell.inline)]),
        cell.formula_type,
        cell.area,
        cell.shared,
        cell.dynamic,
    )


def stored_value(
    content: CellContent, strings: Sequence[str], day_zero: datetime = SERIAL_ORIGIN
) -> CellValue:
    """The value in a cell; `strings` are the workbook's shared strings, `day_zero` begins its date system."""
    kind, text = content.type, content.value
    if kind == "inlineStr":
        return None if content.inline is None else text_value(content.inline)
    if text is None:
        return None
    if kind == "s":
        return _shared(strings, text)
    if kind == "str":
        return text_value(unescaped(text))
    if kind == "d":
        return _serial(text.strip(), content.address, day_zero)
    if kind == "b":
        return text.strip() in ("1", "true")
    if kind == "e" or not text.strip():
        return text or None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BookError("cell", content.address, f"holds {text[:40]!r} where a number belongs")
    return number


def _shared(strings: Sequence[str], index: str) -> CellValue:
    """A shared string; an index that is empty or that no string has means an empty cell."""
    number = int(index) if index.strip().isdecimal() else -1
    return text_value(strings[number]) if 0 <= number < len(strings) else None


def _serial(text: str, address: str, day_zero: datetime) -> float:
    """A date or a time of day as ISO 8601 text (18.18.11, `d`), as the serial number that programs show."""
    try:
        if re.match(r"\d{2}:", text):
            moment = time.fromisoformat(text)
            return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second) / _DAY
        return (datetime.fromisoformat(text).replace(tzinfo=None) - day_zero) / _DAY
    except ValueError:
        raise BookError("cell", address, f"holds {text[:40]!r} where an ISO date belongs") from None


def string_of(item: etree._Element) -> str:
    """The text of a plain or rich string; phonetic runs (`rPh`) are a reading aid and no part of it."""
    texts = [*item.iterchildren("{*}t"), *(text for run in item.iterchildren("{*}r") for text in run)]
    return unescaped("".join(text.text or "" for text in texts if etree.QName(text).localname == "t"))


def formula_text(data: bytes, cell: SheetCell) -> str:
    """The formula in a cell's `<f>`, without the equals sign; empty for the followers of a shared formula."""
    return "" if cell.formula is None else _content(data, cell.formula)


_PLAIN_TEXT = re.compile(rb"<[a-z]+>([^<&\r]*(?:&[a-z]+;[^<&\r]*)*)</[a-z]+>")
_PLAIN_INLINE = re.compile(rb'<is><t(?: xml:space="preserve")?>([^<&\r]*(?:&[a-z]+;[^<&\r]*)*)</t></is>')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _content(data: bytes, span: Span) -> str:
    """The text of an element without children."""
    start, end = span
    if data[start + 2] == _CLOSES and data[end - 4 : end - 2] == b"</":  # `<f>...</f>`, as nearly all are
        raw = data[start + 3 : end - 4]
        if b"<" not in raw and b"\r" not in raw and b"&#" not in raw:
            return _decoded(raw)
    match = _PLAIN_TEXT.fullmatch(data, *span)
    return _element(data[start:end]).text or "" if match is None else _decoded(match[1])


def inline_text(element: bytes) -> str:
    """The text of an inline string, `<is>...</is>`."""
    match = _PLAIN_INLINE.fullmatch(element)
    return string_of(_element(element)) if match is None else unescaped(_decoded(match[1]))


def text_of(raw: str) -> str:
    """What XML content without elements says; `raw` has the bytes of the content as its characters.

    >>> text_of("A1&gt;0"), text_of("\xc3\xa9t\xc3\xa9&#33;")
    ('A1>0', 'été!')
    """
    if "&#" in raw or "\r" in raw:
        return _element(b"<v>%b</v>" % raw.encode("latin-1")).text or ""
    return _without_entities(raw if raw.isascii() else raw.encode("latin-1").decode())


def _decoded(content: bytes) -> str:
    return _without_entities(content.decode())


def _without_entities(text: str) -> str:
    if "&" in text:
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'")
        text = text.replace("&amp;", "&")
    return text


def _element(xml: bytes) -> etree._Element:
    """An element cut out of its part; its prefix is bound again, so that it can be parsed on its own."""
    match = PREFIX.match(xml)
    scope = b"xmlns" if match is None else b"xmlns:" + match[1]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    return etree.fromstring(b'<cell %b="%b">%b</cell>' % (scope, SHEET_NAMESPACES[0].encode(), xml), parser)[
        0
    ]


def unescaped(text: str) -> str:
    """A string without the escapes that a file has for characters which XML cannot carry (22.9.2.19)."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
