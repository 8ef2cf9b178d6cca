"""What has been renamed, and since which version: one table, `renamed.csv`, and one question a function.

    key            an input, or a figure of the tables
    sheet          the title of a sheet
    sheet_key      a sheet, as records of a book name it
    heading        above a column of a sheet: `sheet.heading`
    line           a line of a sheet: `sheet.line`, each by its key
    defined_name   a name that formulas use
    json           a field of an answer: `command.field.field`
    attribute      `Class.attribute`
    column         a column of the ledger: `table.column`
    text           words that a formula of ours contains

A workbook, a script, a table or a ledger that still has the old name is read under the new one.

>>> current("key", "core_terminal_growth"), former("sheet", "Devices")
('devices_terminal_growth', ('Core Segments',))
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from xlwings_addin.core.errors import InputError

NameKind = Literal[
    "key",
    "sheet",
    "sheet_key",
    "heading",
    "line",
    "defined_name",
    "json",
    "attribute",
    "column",
    "text",
]
NAME_KINDS: tuple[NameKind, ...] = get_args(NameKind)
COLUMNS = ("kind", "old", "new", "since", "note")
TABLE = Path(__file__).with_name("renamed.csv")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Renaming:
    """One row of the table: what was called `old` is called `new` since a version."""

    kind: str
    old: str
    new: str
    since: str
    note: str


def load_renamings(path: Path = TABLE) -> tuple[Renaming, ...]:
    """The rows of a table of renamings, in its order.

    Raises `InputError` that names file, line, column, value and rule: for another header, a row with an
    unknown kind, a name that is empty or stays, no version, a name renamed twice, or a circle of names.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(_rows(path, csv.reader(file, strict=True)))
    except OSError as error:
        rule = f"must be a file that can be read: {error.strerror or error}"
        raise InputError("file", str(path), rule) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError("table", path.name, f"must be a CSV file in UTF-8: {error}") from None
    _refuse_doubles_and_circles(path, rows)
    return tuple(renaming for _, renaming in rows)


def _rows(path: Path, reader: Any) -> Iterator[tuple[int, Renaming]]:
    header = tuple(next(reader, ()))
    if header != COLUMNS:
        raise InputError(f"{path.name} line 1 header", ",".join(header), f"must be {','.join(COLUMNS)}")
    for cells in reader:
        place = f"{path.name} line {reader.line_num}"
        if len(cells) != len(COLUMNS):
            raise InputError(place, len(cells), f"columns must be {len(COLUMNS)}")
        row = Renaming(*cells)
        if row.kind not in NAME_KINDS:
            raise InputError(f"{place} kind", row.kind, f"must be one of {', '.join(NAME_KINDS)}")
        for column, name in (("old", row.old), ("new", row.new)):
            if not name.strip():
                raise InputError(f"{place} {column}", name, "must not be empty")
        if row.old == row.new:
            raise InputError(f"{place} new", row.new, "must be another name than the old one")
        if not _VERSION.fullmatch(row.since):
            raise InputError(f"{place} since", row.since, "must be a version (0.2.0)")
        yield reader.line_num, row


def _refuse_doubles_and_circles(path: Path, rows: Iterable[tuple[int, Renaming]]) -> None:
    names: dict[tuple[str, str], str] = {}
    for line, row in rows:
        if (row.kind, row.old) in names:
            raise InputError(f"{path.name} line {line} old", row.old, f"is renamed twice as {row.kind}")
        names[row.kind, row.old] = row.new
        name = row.new
        while (row.kind, name) in names:
            name = names[row.kind, name]
            if name == row.new:
                raise InputError(f"{path.name} line {line} new", row.new, "must not lead back to itself")


@cache
def _by_old(kind: NameKind) -> Mapping[str, str]:
    """The present name of everything of a kind that has been renamed, by each of its old names."""
    names = {row.old: row.new for row in load_renamings() if row.kind == kind}

    def present(name: str) -> str:
        while name in names:
            name = names[name]
        return name

    return {old: present(new) for old, new in names.items()}


@cache
def _by_current(kind: NameKind) -> Mapping[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for old, new in _by_old(kind).items():
        names[new] = (old, *names.get(new, ()))
    return names


def current(kind: NameKind, name: str) -> str:
    """What is called `name`, or was once, is called now.

    >>> current("defined_name", "core_wacc"), current("key", "tax_rate")
    ('devices_wacc', 'tax_rate')
    """
    return _by_old(kind).get(name, name)


def former(kind: NameKind, name: str) -> tuple[str, ...]:
    """The names that what is called `name` had before, the last one first; none for most.

    >>> former("sheet", "Reported"), former("sheet", "Cover")
    (('History',), ())
    """
    return _by_current(kind).get(name, ())


def first(kind: NameKind, name: str) -> str:
    """The name it had in the first version that had it: what stays the same when it is renamed."""
    return former(kind, name)[-1] if former(kind, name) else name


def renamed_names(kind: NameKind) -> Mapping[str, str]:
    """The present names of everything of a kind that has been renamed, by each old name."""
    return _by_old(kind)


def current_line(sheet: str, line: str) -> tuple[str, str]:
    """Sheet and line by their present keys; a line of an input has the key of its input.

    >>> current_line("sotp", "core"), current_line("history", "capex")
    (('sotp', 'devices'), ('reported', 'capex'))
    >>> current_line("sources", "core_horizon__base")
    ('sources', 'devices_horizon__base')
    """
    sheet = current("sheet_key", sheet)
    for name in (sheet, *former("sheet_key", sheet)):
        if f"{name}.{line}" in _by_old("line"):
            sheet, _, line = current("line", f"{name}.{line}").partition(".")
            return sheet, line
    key, marker, case = line.partition("__")
    return sheet, f"{current('key', key)}{marker}{case}"


def current_text(text: str) -> str:
    """A text of ours, with the words that have been renamed since it was written."""
    for old, new in _by_old("text").items():
        text = text.replace(old, new)
    return text


def with_former_fields(answer: Mapping[str, Any], command: str) -> dict[str, Any]:
    """An answer with its renamed fields under their old names too, behind the new ones.

    >>> with_former_fields({"devices_wacc": 0.1}, "value")
    {'devices_wacc': 0.1, 'core_wacc': 0.1}
    """
    fields = {
        name.removeprefix(f"{command}."): tuple(old.removeprefix(f"{command}.") for old in olds)
        for name, olds in _by_current("json").items()
        if name.startswith(f"{command}.")
    }
    return _with_fields(answer, "", fields)


def _with_fields(
    answer: Mapping[str, Any], prefix: str, fields: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in answer.items():
        inner = _with_fields(value, f"{prefix}{name}.", fields) if isinstance(value, Mapping) else value
        result[name] = inner
        for old in fields.get(f"{prefix}{name}", ()):
            result[old.removeprefix(prefix)] = inner
    return result


class FormerAttributes:
    """Attributes of a class under the names they had before: each read warns with `DeprecationWarning`."""

    if not TYPE_CHECKING:  # a type checker is to know the present attributes only

        def __getattr__(self, name: str) -> Any:
            return former_attribute(self, type(self).__name__, name)


def former_attribute(holder: object, owner: str, name: str) -> Any:
    """What `owner.name` is called now, of `holder`; warns, and raises `AttributeError` where it never was."""
    now = current("attribute", f"{owner}.{name}").partition(".")[2]
    if now == name:
        raise AttributeError(f"{owner!r} object has no attribute {name!r}", name=name, obj=holder)
    warnings.warn(f"{owner}.{name} is called {now} now", DeprecationWarning, stacklevel=3)
    return getattr(holder, now)
