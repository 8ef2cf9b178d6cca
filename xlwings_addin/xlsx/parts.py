"""A workbook as the parts of its zip, read after the checks that keep a bad file from doing harm."""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from lxml import etree

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx.formulas import FormulaCell, formulas_in
from xlwings_addin.xlsx.scanning import SHEET_NAMESPACES, UnreadableError
from xlwings_addin.xlsx.sheet_cells import SheetCells, scan
from xlwings_addin.xlsx.values import CellKey, CellValue

Source: TypeAlias = "Path | str | bytes | Package"
"""A workbook: where it is, its bytes, or a package already read."""
MAX_EXPANDED_BYTES = 1 << 30
"""What a package may hold once unpacked; ten columns filled to Excel's last row stay below it."""
MAX_EXPANSION = 200
"""How many times its own size a package that unpacks to more than 16 MiB may hold; sheets reach 10 to 60."""
_EXPANSION_MATTERS_ABOVE = 16 << 20
_OLE_SIGNATURE = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The stream that holds a workbook with a password ([MS-OFFCRYPTO] 2.3.4.4)."""
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


@dataclass(frozen=True)
class Package:
    """The parts of a workbook by name, in the order of the file.

    `display` is how messages name the workbook; `packed` are the bytes it came from, None for one that was
    edited since; `stored` are the values of its cells once `reading.read_values` has read them.
    """

    display: str
    parts: Mapping[str, bytes] = field(repr=False)
    packed: bytes | None = field(repr=False)
    entries: Mapping[str, zipfile.ZipInfo] = field(repr=False)
    _scanned: dict[str, SheetCells] = field(default_factory=dict, repr=False, compare=False)
    stored: dict[CellKey, CellValue] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def original(self) -> bytes:
        """The workbook as bytes: those it came from or, once it was edited, its parts packed."""
        return self.with_parts({}) if self.packed is None else self.packed

    def edited(self, changed: Mapping[str, bytes | None]) -> Package:
        """The workbook with some parts replaced (None: left out); what was read of the others is kept."""
        parts = {name: data for name, data in {**self.parts, **changed}.items() if data is not None}
        entries = {name: entry for name, entry in self.entries.items() if name in parts}
        scanned = {part: cells for part, cells in self._scanned.items() if part not in changed}
        return Package(self.display, parts, None, entries, scanned)

    def refusal(self, rule: str) -> BookError:
        """An error that names this workbook."""
        return _refusal(self.display, rule)

    def tree(self, part: str) -> etree._Element:
        """A part as an XML tree, with entities left alone and nothing fetched."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            return etree.fromstring(self.parts[part], parser)
        except etree.XMLSyntaxError as error:
            raise self.refusal(f"has a part {part} that is not well-formed XML: {error}") from error

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The relationships of a part (`""`: of the package): id -> (type, name of the part it leads to)."""
        return {
            identifier: (kind, self._as_named(target))
            for identifier, kind, target in self._spelled_relations(part)
        }

    def spelled_targets(self, part: str) -> list[str]:
        """What the relationships of a part lead to, spelled as they spell it."""
        return [target for _, _, target in self._spelled_relations(part)]

    def _spelled_relations(self, part: str) -> list[tuple[str, str, str]]:
        folder, name = posixpath.split(part)
        rels = self._as_named(posixpath.join(folder, "_rels", f"{name}.rels"))
        if rels not in self.parts:
            return []
        return [
            (
                relation.get("Id", ""),
                relation.get("Type", ""),
                _target(folder, relation.get("Target", "")),
            )
            for relation in self.tree(rels).iter("{*}Relationship")
            if relation.get("TargetMode") != "External"
        ]

    def _as_named(self, part: str) -> str:
        """A part's name as the file spells it; names of parts are the same in any case (ECMA-376 Part 2)."""
        return part if part in self.parts else self._names.get(part.lower(), part)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name.lower(): name for name in self.parts}

    def related(self, part: str, kind: str) -> str | None:
        """The first part that a part's relationships of one kind (`sharedStrings`, ...) lead to."""
        for relation, target in self.relations(part).values():
            if relation.endswith(f"/{kind}") and target in self.parts:
                return target
        return None

    @cached_property
    def is_strict(self) -> bool:
        """Whether the workbook is a "Strict Open XML Spreadsheet"."""
        return bool(etree.QName(self.tree(self.workbook_part)).namespace == SHEET_NAMESPACES[1])

    def require_unsigned(self) -> None:
        """Raise BookError for a workbook that somebody has signed (ECMA-376 Part 2, digital signatures)."""
        kinds = (kind for kind, _ in self.relations("").values())
        if any(kind.endswith("/digital-signature/origin") for kind in kinds):
            raise self.refusal(
                "is digitally signed, and any change breaks that; save it without its signature"
            )

    @property
    def uses_1904_dates(self) -> bool:
        """Whether serial numbers of dates count from 1904 instead of 1900."""
        settings = self.tree(self.workbook_part).find("{*}workbookPr")
        return settings is not None and settings.get("date1904", "0") in ("1", "true", "on")

    @cached_property
    def workbook_part(self) -> str:
        """The name of the part that lists the sheets, usually `xl/workbook.xml`."""
        part = self.related("", "officeDocument")
        if part is None or not part.endswith(".xml"):
            raise self.refusal("holds no xl/workbook.xml, so it is no Excel workbook of the .xlsx kind")
        return part

    def sheets(self) -> Mapping[str, str]:
        """The worksheets: name on the tab -> name of the part; chart sheets have no cells: left out."""
        return self._sheets

    @cached_property
    def _sheets(self) -> dict[str, str]:
        relations = self.relations(self.workbook_part)
        sheets = {}
        for sheet in self.tree(self.workbook_part).iterfind("{*}sheets/{*}sheet"):
            name = sheet.get("name", "")
            relation, target = relations.get(_relation_id(sheet), ("", ""))
            if relation.endswith("/worksheet"):
                if target not in self.parts:
                    raise self.refusal(f"lacks the part {target} of its sheet {name!r}")
                sheets[name] = target
        return sheets

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """What stands on the tabs, chart sheets included."""
        elements = self.tree(self.workbook_part).iterfind("{*}sheets/{*}sheet")
        return tuple(sheet.get("name", "") for sheet in elements)

    def sheet_part(self, sheet: str) -> str:
        """The name of the part that holds a sheet."""
        sheets = self.sheets()
        if sheet not in sheets:
            raise BookError("sheet", sheet, f"must be one of {', '.join(map(repr, sheets))}")
        return sheets[sheet]

    def cells(self, part: str) -> SheetCells:
        """The cells of a sheet's part."""
        if part not in self._scanned:
            try:
                self._scanned[part] = scan(self.parts[part])
            except UnreadableError as error:
                raise self.refusal(f"has a part {part} that cannot be used: {error}") from error
        return self._scanned[part]

    @cached_property
    def formulas(self) -> list[FormulaCell]:
        """Every cell of every sheet whose value a formula decides."""
        return [formula for sheet in self.sheets() for formula in self.formulas_of(sheet)]

    def formulas_of(self, sheet: str) -> list[FormulaCell]:
        """Those of one sheet, read once for as long as its part stays."""
        cells = self.cells(self.sheet_part(sheet))
        if ("formulas", sheet) not in cells.worked_out:
            cells.worked_out["formulas", sheet] = formulas_in(sheet, cells.contents)
        formulas: list[FormulaCell] = cells.worked_out["formulas", sheet]
        return formulas

    def with_parts(self, changed: Mapping[str, bytes | None], *, small: bool = True) -> bytes:
        """The package as bytes with some parts replaced (None: left out) and all others as they were.

        For a reader in this process it need not be `small`: then nothing is compressed.
        """
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in {**self.parts, **changed}.items():
                if data is not None:
                    entry = _copied(self.entries[name]) if name in self.entries else _new(name)
                    archive.writestr(entry, data, None if small else zipfile.ZIP_STORED)
        return buffer.getvalue()


def read_package(source: Source) -> Package:
    """Open a workbook, refusing what is no workbook and what is made to do harm.

    Raises BookError for a file that is missing, no zip, cut off, encrypted or no workbook; for a package that
    unpacks to more than `MAX_EXPANDED_BYTES` or to more than `MAX_EXPANSION` times its size; for a part that
    occurs twice or that declares a document type (the door to external entities).

    >>> read_package(b"Dear reader")
    Traceback (most recent call last):
        ...
    xlwings_addin.core.errors.BookError: workbook of 11 bytes is no zip package, so it is no xlsx file
    """
    if isinstance(source, Package):
        return source
    data, display = _bytes_of(source)
    if data.startswith(_OLE_SIGNATURE):
        if _ENCRYPTED in data:
            raise _refusal(display, "is encrypted with a password; save it without one")
        raise _refusal(display, "is an old .xls or another kind of file; save it as .xlsx")
    if not data.startswith(b"PK"):
        raise _refusal(display, "is no zip package, so it is no xlsx file")
    package = _unpacked(data, display)
    _check_markup(package)
    return package


def _refusal(display: str, rule: str) -> BookError:
    return BookError("workbook", display, rule, display=display)


def _bytes_of(source: Path | str | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, f"of {len(source)} bytes"
    try:
        return Path(source).read_bytes(), str(source)
    except FileNotFoundError:
        raise _refusal(str(source), "does not exist") from None
    except OSError as error:
        raise _refusal(str(source), f"cannot be read: {error.strerror or error}") from error


# Wrong offsets in a directory lead zipfile to places before the file, and to other errors than its own.
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, OSError, ValueError),
)


def _unpacked(data: bytes, display: str) -> Package:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_entries(entries, len(data), display)
            parts = {entry.filename: archive.read(entry) for entry in entries}
    except BookError:
        raise
    except _DAMAGES as error:
        raise _refusal(display, f"is cut off or damaged: {error}") from error
    return Package(display, parts, data, {entry.filename: entry for entry in entries})


def _check_entries(entries: list[zipfile.ZipInfo], size: int, display: str) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.filename in seen:
            raise _refusal(display, f"holds part {entry.filename} more than once")
        if entry.flag_bits & 0x1:
            raise _refusal(display, "is protected by a password; save it without one")
        seen.add(entry.filename)
    expanded = sum(entry.file_size for entry in entries)
    if expanded > MAX_EXPANDED_BYTES:
        raise _refusal(display, f"unpacks to {expanded:,} bytes, above the limit of {MAX_EXPANDED_BYTES:,}")
    if expanded > _EXPANSION_MATTERS_ABOVE and expanded > MAX_EXPANSION * size:
        raise _refusal(
            display, f"unpacks to {expanded // size} times its size, above the limit of {MAX_EXPANSION}"
        )


def _check_markup(package: Package) -> None:
    for name, content in package.parts.items():
        if name.endswith((".xml", ".rels", ".vml")) and any(mark in content for mark in _DOCTYPES):
            raise package.refusal(f"declares a document type in part {name}, which no workbook needs")
    package.sheets()


def _target(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _relation_id(sheet: etree._Element) -> str:
    return next((str(value) for key, value in sheet.items() if key.endswith("}id")), "")


def _new(name: str) -> zipfile.ZipInfo:
    """The entry of a part that the package did not have, dated as early as a zip can."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
    return entry


def _copied(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type = entry.compress_type
    copy.external_attr = entry.external_attr
    copy.create_system = entry.create_system
    return copy
