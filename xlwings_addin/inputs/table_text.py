"""Tables that have been in a spreadsheet program, read where what they say is certain.

A program that opens a CSV file and saves it again may write another encoding, another separator, dates and
numbers in its own form, and empty columns behind the last. Read are

    encodings    UTF-8, UTF-16 with its byte order mark, GB18030 where every character of it is Chinese
    separators   comma, semicolon, tab
    dates        2024-03-08, 2024/3/8, 2024-3-8: year, month, day
    numbers      1,234,567.8 in a file with commas or tabs between its columns
    shares       12.5% where the unit is ratio

Not read, for nobody can say what they mean: 3/8/2024, and 1,234 where commas may be decimal points.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from xlwings_addin.core.errors import InputError

SEPARATORS: Final = (",", ";", "\t")
NO_NUMBERS: Final = ("text", "choice", "date")
"""Units of values that are no numbers."""
MOST_BAD_ROWS: Final = 40
"""Bad rows that a message names beside the first."""
_DATE = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_PERCENT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s?%")
_SAVE_AS: Final = 'save it as "CSV UTF-8 (comma delimited)"'


def decoded(data: bytes, name: str) -> str:
    """The text of a table's file. Raises `InputError` for bytes that several encodings could mean.

    >>> decoded("key,备注".encode("gb18030"), "history.csv"), decoded("é".encode("utf-16"), "history.csv")
    ('key,备注', 'é')
    """
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    others = [character for character in text if ord(character) > 127]
    if others and all(_is_chinese(character) for character in others):
        return text
    raise InputError("table", name, f"must be UTF-8 text: {_SAVE_AS}")


def _is_chinese(character: str) -> bool:
    """Whether both bytes of a character say so: letters with accents of other encodings stand alone."""
    code = character.encode("gb18030")
    return len(code) == 2 and code[0] >= 0xA1 and code[1] >= 0xA1


def table_rows(text: str, columns: Sequence[str], name: str) -> Iterator[tuple[int, list[str], str]]:
    """The rows of a table below its header: line, cells, and the separator between them.

    Empty cells behind the last column are left out. Raises `InputError` for another header, `csv.Error` for
    what is no table.
    """
    first = text.partition("\n")[0].rstrip("\r")
    separator = next(
        (one for one in SEPARATORS if tuple(_cut(first.split(one), len(columns))) == tuple(columns)), ","
    )
    reader = csv.reader(text.splitlines(keepends=True), strict=True, delimiter=separator)
    header = _cut(next(reader, []), len(columns))
    if tuple(header) != tuple(columns):
        raise InputError(f"{name} line 1 header", ",".join(header), f"must be {','.join(columns)}")
    for cells in reader:
        if any(cells):
            yield reader.line_num, _cut(cells, len(columns)), separator


def _cut(cells: list[str], count: int) -> list[str]:
    """Cells without the empty ones behind the last column."""
    return cells[:count] if not any(cells[count:]) else cells


def plain_date(text: str) -> str:
    """A date in the form of the tables; another text as it is.

    >>> plain_date("2019/3/9"), plain_date("3/9/2019")
    ('2019-03-09', '3/9/2019')
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return text
    try:
        return date(int(match[1]), int(match[3]), int(match[4])).isoformat()
    except ValueError:
        return text


def plain_number(text: str, unit: str, separator: str) -> str:
    """A number in the form of the tables; another text as it is.

    >>> plain_number("114,620", "CNY m", ","), plain_number("12.5%", "ratio", ",")
    ('114620', '0.125')
    >>> plain_number("114,620", "CNY m", ";")
    '114,620'
    """
    text = text.strip()
    percent = _PERCENT.fullmatch(text)
    if percent is not None and unit == "ratio":
        return format((Decimal(percent[1]) / 100).normalize(), "f")
    if _THOUSANDS.fullmatch(text) and _is_thousands(text, separator):
        return text.replace(",", "")
    return text


def _is_thousands(text: str, separator: str) -> bool:
    """Whether commas in a number can only stand between thousands."""
    return separator == "," or text.count(",") > 1 or "." in text


def plain_record(record: dict[str, str], separator: str) -> dict[str, str]:
    """A row with its dates and numbers in the form of the tables."""
    unit = record.get("unit", "")
    plain = dict(record)
    for column in ("period", "as_of"):
        if column in plain:
            plain[column] = plain_date(plain[column])
    if unit == "date" and "value" in plain:
        plain["value"] = plain_date(plain["value"])
    if unit not in NO_NUMBERS:
        for column in ("value", "low", "high"):
            if column in plain and "unit" in plain:
                plain[column] = plain_number(plain[column], unit, separator)
    return plain


def all_of(errors: Sequence[InputError]) -> InputError:
    """One error for every bad row of a table: the first in full, the others behind it."""
    first, others = errors[0], errors[1:]
    if not others:
        return first
    listed = "; ".join(f"{error.argument} {error.value!r}" for error in others[:MOST_BAD_ROWS])
    more = f" and {len(others) - MOST_BAD_ROWS} more" if len(others) > MOST_BAD_ROWS else ""
    return InputError(first.argument, first.value, f"{first.rule}; so are wrong {listed}{more}")
