"""Reading `company.toml`: what is wrong in it is said with file, line, value and rule."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.company import Company, Currency, GroupEntry, Name, PartEntry, SegmentEntry
from xlwings_addin.inputs.defaults import BASE_CASE
from xlwings_addin.inputs.folders import COMPANY_FILE, PARAMETERS_FILE, unreadable
from xlwings_addin.inputs.parameters import ParameterList

FORMAT = 1
"""Of the folder; a higher one was written for a later version of this project."""
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_CURRENCY = re.compile(r"[A-Z]{3}")
_BOOK = re.compile(r"[^/\\:]+\.xlsx")
_UNIT_CURRENCIES = re.compile(r"\b[A-Z]{3}\b")
_TOP = (
    *("format", "key", "ticker", "book", "replicates", "beyond", "default_case"),
    *("name", "currency", "groups", "segments", "parts"),
)
_FIELDS = {
    "groups": ("key", "label", "group", "sheet", "question"),
    "segments": ("key", "template", "label", "group", "sheet", "question", "unit", "bare"),
    "parts": ("key", "label", "short", "methods", "note"),
}


class _File:
    """The text of the file and what it says; `place` gives the line of a key for messages."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8-sig")
            self.data: dict[str, Any] = tomllib.loads(self.text)
        except OSError as error:
            raise unreadable("file", path, error) from None
        except UnicodeDecodeError:
            raise InputError("file", path.name, "must be UTF-8 text") from None
        except tomllib.TOMLDecodeError as error:
            raise InputError("file", path.name, f"must be TOML: {error}") from None

    def place(self, key: str, table: str = "", index: int = 0) -> str:
        """File and line of a key: at the top, in `[table]`, or in the `index`-th `[[table]]`."""
        header, own = "", -1
        for number, line in enumerate(self.text.splitlines(), 1):
            text = line.strip()
            if match := re.match(r"\[+\s*([\w.]+)\s*\]+", text):
                header, own = match[1], own + (match[1] == table)
            elif header == table and (not table or own == index) and re.match(rf"{key}\s*=", text):
                return f"{self.path.name} line {number} {key}"
        return f"{self.path.name} {table} {key}".replace("  ", " ")

    def text_of(self, data: Mapping[str, Any], key: str, table: str = "", index: int = 0) -> str:
        """A text that must be there."""
        value = data.get(key, "")
        if not isinstance(value, str) or not value.strip():
            raise InputError(self.place(key, table, index), value, "must be a text that is not empty")
        return value

    def matching(
        self, pattern: re.Pattern[str], rule: str, data: Mapping[str, Any], key: str, *where: Any
    ) -> str:
        text = self.text_of(data, key, *where)
        if not pattern.fullmatch(text):
            raise InputError(self.place(key, *where), text, rule)
        return text

    def key_of(self, data: Mapping[str, Any], *where: Any) -> str:
        rule = "must be lower-case words joined by underscores"
        return self.matching(_KEY, rule, data, "key", *where)

    def only(self, data: Mapping[str, Any], fields: Collection[str], table: str = "", index: int = 0) -> None:
        """Refuse what no version of this format has."""
        for key in data:
            if key not in fields:
                rule = f"is none of {', '.join(fields)}"
                raise InputError(self.place(key, table, index), key, rule)

    def tables(self, name: str) -> list[dict[str, Any]]:
        entries = self.data.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InputError(self.place(name), entries, f"must be tables [[{name}]]")
        for index, entry in enumerate(entries):
            self.only(entry, _FIELDS[name], name, index)
        return entries

    def words(self, data: Mapping[str, Any], key: str, table: str, index: int) -> dict[str, str]:
        """A table of texts by keys, empty where it is left out."""
        value = data.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(text, str) and text for text in value.values()):
            raise InputError(self.place(key, table, index), value, "must be a table of texts")
        return value


def read_company(folder: Path, parameters: ParameterList) -> Company:
    """The company of a folder, with the inputs of its parameters.csv.

    Raises `InputError` for a file that is no TOML or of a newer format, a field that is missing, unknown or
    malformed, a key that stands twice, a group, method or currency that does not exist, and a circle of
    groups.
    """
    file = _File(folder / COMPANY_FILE)
    _check_format(file)
    file.only(file.data, _TOP)
    name, currency = (_table(file, key) for key in ("name", "currency"))
    groups, segments = _groups(file), _segments(file)
    replicates = file.data.get("replicates", [])
    if not isinstance(replicates, list) or not all(isinstance(word, str) for word in replicates):
        raise InputError(file.place("replicates"), replicates, "must be a list of texts")
    letters = "must be the three letters of a currency"
    company = Company(
        key=file.key_of(file.data),
        name=Name(
            file.text_of(name, "en", "name"),
            file.text_of(name, "zh", "name"),
            str(name.get("short", name.get("en"))),
        ),
        ticker=file.text_of(file.data, "ticker"),
        currency=Currency(
            *(
                file.matching(_CURRENCY, letters, currency, key, "currency")
                for key in ("listing", "reporting")
            )
        ),
        book=file.matching(_BOOK, "must be a file name that ends in .xlsx", file.data, "book"),
        replicates=tuple(replicates),
        groups=groups,
        segments=segments,
        parts=_parts(file, groups, segments),
        parameters=parameters,
        folder=folder,
        beyond=file.text_of(file.data, "beyond") if "beyond" in file.data else "",
        default_case=_default_case(file),
    )
    _check_currencies(file, company)
    return company


def _default_case(file: _File) -> str:
    """The case that the company opens with, base where none is named."""
    if "default_case" not in file.data:
        return BASE_CASE
    return file.matching(_KEY, "must be the name of a case", file.data, "default_case")


def _check_format(file: _File) -> None:
    written = file.data.get("format")
    if not isinstance(written, int) or written < 1:
        raise InputError(file.place("format"), written, f"must be the number of a format, {FORMAT}")
    if written > FORMAT:
        rule = f"must be at most {FORMAT}: the folder was written for a later version of this project"
        raise InputError(file.place("format"), written, rule)


def _table(file: _File, key: str) -> dict[str, Any]:
    value = file.data.get(key)
    if not isinstance(value, dict):
        raise InputError(file.place(key), value, f"must be a table [{key}]")
    file.only(value, {"name": ("en", "zh", "short"), "currency": ("listing", "reporting")}[key], key)
    return value


def _groups(file: _File) -> tuple[GroupEntry, ...]:
    entries = [
        GroupEntry(
            file.key_of(data, "groups", index),
            file.text_of(data, "label", "groups", index),
            str(data.get("group", "")),
            *_sheet(data),
            place=file.place("group", "groups", index),
        )
        for index, data in enumerate(file.tables("groups"))
    ]
    parents = {entry.key: entry.group for entry in entries}
    for index, entry in enumerate(entries):
        if entry.key in [other.key for other in entries[:index]]:
            raise InputError(file.place("key", "groups", index), entry.key, "stands twice among the groups")
        line = [entry.key]
        while group := parents[line[-1]]:
            if group not in parents:
                raise InputError(entry.place, group, f"must be one of {', '.join(parents)}")
            if group in line:
                raise InputError(entry.place, group, f"is a circle: {' in '.join([*line, group])}")
            line.append(group)
    return tuple(entries)


def _sheet(data: Mapping[str, Any]) -> tuple[str, str]:
    """Title and purpose of a sheet; those of the label and template where they are left out."""
    title = str(data.get("sheet", str(data["label"])))
    return title, str(data.get("question", f"What is {data['label']} worth?"))


def _segments(file: _File) -> tuple[SegmentEntry, ...]:
    groups = [entry.get("key") for entry in file.tables("groups")]
    entries = []
    taken = set(groups)
    for index, data in enumerate(file.tables("segments")):
        where = ("segments", index)
        key, group = file.key_of(data, *where), str(data.get("group", ""))
        if key in taken:
            raise InputError(file.place("key", *where), key, "stands twice among groups and segments")
        if group and group not in groups:
            rule = f"must be one of {', '.join(map(str, groups)) or 'the groups, and there is none'}"
            raise InputError(file.place("group", *where), group, rule)
        taken.add(key)
        template, label = (file.text_of(data, name, *where) for name in ("template", "label"))
        about = (key, template, label, group, *_sheet(data))
        unit = str(data.get("unit", "unit"))
        bare = data.get("bare", False) is True
        entries.append(SegmentEntry(*about, unit, bare=bare, place=file.place("template", *where)))
    if not entries:
        raise InputError(file.place("segments"), 0, "must be one segment at least")
    return tuple(entries)


def _parts(
    file: _File, groups: Iterable[GroupEntry], segments: Iterable[SegmentEntry]
) -> tuple[PartEntry, ...]:
    alone = {entry.key: entry.label for entry in groups if not entry.group}
    alone |= {entry.key: entry.label for entry in segments if not entry.group}
    entries: list[PartEntry] = []
    used: dict[str, str] = {}
    for index, data in enumerate(file.tables("parts")):
        where = ("parts", index)
        key, label = file.key_of(data, *where), file.text_of(data, "label", *where)
        methods, place = file.words(data, "methods", *where), file.place("methods", *where)
        if not methods:
            raise InputError(place, methods, "must name a group or segment at least")
        for target in methods.values():
            if target not in alone:
                raise InputError(place, target, f"must be one of {', '.join(alone)}")
            if target in used:
                raise InputError(place, target, f"is a method of the part {used[target]} already")
            used[target] = key
        if key in [entry.key for entry in entries]:
            raise InputError(file.place("key", *where), key, "stands twice among the parts")
        entries.append(
            PartEntry(key, label, str(data.get("short", label)), methods, str(data.get("note", "")), place)
        )
    if entries and (left := [key for key in alone if key not in used]):
        rule = f"must be a method of a part: its value would be left out of the sum; so {', '.join(left)}"
        raise InputError(f"{file.path.name} segment", left[0], rule)
    return tuple(entries) or tuple(
        PartEntry(key, label, label, {"only": key}) for key, label in alone.items()
    )


def _check_currencies(file: _File, company: Company) -> None:
    """Money is in the currencies of the listing and the accounts, or in one that has an exchange rate."""
    own = {company.currency.listing, company.currency.reporting}
    rated = {
        currency
        for parameter in company.parameters
        if re.fullmatch(r"[A-Z]{3} per [A-Z]{3}", parameter.unit)
        for currency in _UNIT_CURRENCIES.findall(parameter.unit)
    }
    for parameter in company.parameters:
        for currency in _UNIT_CURRENCIES.findall(parameter.unit):
            if currency not in own | rated:
                rule = (
                    f"is in {currency}, which must be {' or '.join(sorted(own))} of {COMPANY_FILE}, or have "
                    "an exchange rate among the parameters"
                )
                raise InputError(f"{PARAMETERS_FILE} {parameter.key} unit", parameter.unit, rule)
    listing, reporting = company.currency.listing, company.currency.reporting
    if listing != reporting and not {listing, reporting} <= rated | {"USD"}:
        rule = f"must be {reporting}, or {PARAMETERS_FILE} must have the rates of both to the US dollar"
        raise InputError(file.place("listing", "currency"), listing, rule)
    price = f"{listing} per share"
    if company.parameters.has(company.price_key) and company.parameter(company.price_key).unit != price:
        unit = company.parameter(company.price_key).unit
        raise InputError(f"{PARAMETERS_FILE} {company.price_key} unit", unit, f"must be {price!r}")
