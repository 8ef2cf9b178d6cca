"""An xlsx as what it is, a zip of XML parts: values go in, and every other byte stays as its author left it.

    read_package      a file or bytes -> Package, after the checks that keep a bad file from doing harm
    formula_cells     where a workbook's formulas stand
    read_values       the stored values
    write_values      stored values in; formulas, styles, charts and every other part untouched
    freeze_formulas   formulas out, their values stay
    normalise         the same workbook as the same bytes on every machine
    save              bytes to a file, whole or not at all

Source: ECMA-376 Part 1 (SpreadsheetML) and Part 2 (packages, parts and relationships).
"""

from __future__ import annotations

import errno
import io
import os
import posixpath
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from lxml import etree

from xlwings_addin.book import sheet_xml
from xlwings_addin.book.sheet_xml import ERROR_VALUES, CellValue, SheetCell, Text, UnreadableError, is_error
from xlwings_addin.core.errors import BookError

__all__ = [
    "ERROR_VALUES",
    "MAX_EXPANDED_BYTES",
    "MAX_EXPANSION",
    "CellKey",
    "CellValue",
    "FormulaCell",
    "Package",
    "Source",
    "Text",
    "formula_cells",
    "freeze_formulas",
    "is_error",
    "is_open_elsewhere",
    "normalise",
    "read_package",
    "read_values",
    "refuse_open",
    "save",
    "write_values",
]

CellKey: TypeAlias = tuple[str, str]
"""Sheet and address: `("Core_DCF", "E12")`."""

Source: TypeAlias = "Path | str | bytes | Package"
"""A workbook: where it is, its bytes, or a package already read."""

MAX_EXPANDED_BYTES = 1 << 30
"""What a package may hold once unpacked; ten columns filled to Excel's last row stay below it."""

MAX_EXPANSION = 200
"""How many times its own size a package that unpacks to more than 16 MiB may hold; sheets reach 10 to 60."""

_EXPANSION_MATTERS_ABOVE = 16 << 20
_CALC_ID = "191029"
_OLE_SIGNATURE = bytes.fromhex("D0CF11E0A1B11AE1")
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


# --- the package --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Package:
    """The parts of a workbook by name, in the order of the file.

    `shown` is how messages name the workbook; `original` are the bytes it came from.
    """

    shown: str
    parts: Mapping[str, bytes] = field(repr=False)
    original: bytes = field(repr=False)
    entries: Mapping[str, zipfile.ZipInfo] = field(repr=False)
    _scanned: dict[str, list[SheetCell]] = field(default_factory=dict, repr=False, compare=False)

    def refusal(self, rule: str) -> BookError:
        """An error that names this workbook."""
        return _refusal(self.shown, rule)

    def tree(self, part: str) -> etree._Element:
        """A part as an XML tree, with entities left alone and nothing fetched."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            return etree.fromstring(self.parts[part], parser)
        except etree.XMLSyntaxError as error:
            raise self.refusal(f"has a part {part} that is not well-formed XML: {error}") from error

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The relationships of a part (`""`: of the package): id -> (type, name of the part it leads to)."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if rels not in self.parts:
            return {}
        return {
            relation.get("Id", ""): (relation.get("Type", ""), _target(folder, relation.get("Target", "")))
            for relation in self.tree(rels).iter("{*}Relationship")
            if relation.get("TargetMode") != "External"
        }

    def related(self, part: str, kind: str) -> str | None:
        """The first part that a part's relationships of one kind (`sharedStrings`, ...) lead to."""
        for relation, target in self.relations(part).values():
            if relation.endswith(f"/{kind}") and target in self.parts:
                return target
        return None

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
        found = {}
        for sheet in self.tree(self.workbook_part).iterfind("{*}sheets/{*}sheet"):
            name = sheet.get("name", "")
            relation, target = relations.get(_relation_id(sheet), ("", ""))
            if relation.endswith("/worksheet"):
                if target not in self.parts:
                    raise self.refusal(f"lacks the part {target} of its sheet {name!r}")
                found[name] = target
        return found

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """What stands on the tabs, chart sheets included."""
        found = self.tree(self.workbook_part).iterfind("{*}sheets/{*}sheet")
        return tuple(sheet.get("name", "") for sheet in found)

    def sheet_part(self, sheet: str) -> str:
        """The name of the part that holds a sheet."""
        sheets = self.sheets()
        if sheet not in sheets:
            raise BookError("sheet", sheet, f"must be one of {', '.join(map(repr, sheets))}")
        return sheets[sheet]

    def cells(self, part: str) -> list[SheetCell]:
        """The cells of a sheet's part, with the places of their pieces in its bytes."""
        if part not in self._scanned:
            try:
                self._scanned[part] = sheet_xml.scan(self.parts[part])
            except UnreadableError as error:
                raise self.refusal(f"has a part {part} that cannot be used: {error}") from error
        return self._scanned[part]

    @cached_property
    def formulas(self) -> list[FormulaCell]:
        """Every cell of every sheet whose value a formula decides."""
        return [
            formula
            for sheet, part in self.sheets().items()
            for formula in _formulas(sheet, self.parts[part], self.cells(part))
        ]

    def with_parts(self, changed: Mapping[str, bytes | None]) -> bytes:
        """The package as bytes with some parts replaced (None: left out) and all others as they were."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in {**self.parts, **changed}.items():
                if data is not None:
                    archive.writestr(
                        _copied(self.entries[name]) if name in self.entries else _new(name), data
                    )
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
    data, shown = _bytes_of(source)
    if data.startswith(_OLE_SIGNATURE):
        raise _refusal(
            shown, "is protected by a password or an old .xls; save it as .xlsx without a password"
        )
    if not data.startswith(b"PK"):
        raise _refusal(shown, "is no zip package, so it is no xlsx file")
    package = _unpacked(data, shown)
    _check_markup(package)
    return package


def _refusal(shown: str, rule: str) -> BookError:
    return BookError("workbook", shown, rule, shown=shown)


def _bytes_of(source: Path | str | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, f"of {len(source)} bytes"
    try:
        return Path(source).read_bytes(), str(source)
    except FileNotFoundError:
        raise _refusal(str(source), "does not exist") from None
    except OSError as error:
        raise _refusal(str(source), f"cannot be read: {error.strerror or error}") from error


def _unpacked(data: bytes, shown: str) -> Package:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_entries(entries, len(data), shown)
            parts = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise _refusal(shown, f"is cut off or damaged: {error}") from error
    return Package(shown, parts, data, {entry.filename: entry for entry in entries})


def _check_entries(entries: list[zipfile.ZipInfo], size: int, shown: str) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.filename in seen:
            raise _refusal(shown, f"holds part {entry.filename} more than once")
        if entry.flag_bits & 0x1:
            raise _refusal(shown, "is protected by a password; save it without one")
        seen.add(entry.filename)
    expanded = sum(entry.file_size for entry in entries)
    if expanded > MAX_EXPANDED_BYTES:
        raise _refusal(shown, f"unpacks to {expanded:,} bytes, above the limit of {MAX_EXPANDED_BYTES:,}")
    if expanded > _EXPANSION_MATTERS_ABOVE and expanded > MAX_EXPANSION * size:
        raise _refusal(
            shown, f"unpacks to {expanded // size} times its size, above the limit of {MAX_EXPANSION}"
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


# --- reading ------------------------------------------------------------------------------------------

FormulaKind = Literal["normal", "shared", "array", "dynamic", "dataTable", "member"]


class FormulaCell(NamedTuple):
    """A cell whose value a formula decides.

    `kind` is what `<f t=...>` says; an `array` that may fill a changing number of cells is `dynamic`, and a
    cell in the area of another cell's array or data table a `member`. `text` is the formula as stored,
    without the equals sign, and empty where the file refers to another cell's.
    """

    sheet: str
    cell: str
    kind: FormulaKind
    area: str = ""
    text: str = ""


def formula_cells(source: Source) -> list[FormulaCell]:
    """Every cell of a workbook that a formula decides, sheet by sheet in the order of the tabs.

    Members of arrays and data tables are listed also where the file holds no `<c>` element for them.
    """
    return read_package(source).formulas


def _formulas(sheet: str, data: bytes, cells: Iterable[SheetCell]) -> list[FormulaCell]:
    own = [cell for cell in cells if cell.formula is not None]
    found = [
        FormulaCell(sheet, cell.address, _kind(cell), cell.area, sheet_xml.formula_text(data, cell))
        for cell in own
    ]
    taken = {formula.cell for formula in found}
    for cell in own:
        members = [address for address in _area_of(cell) if address not in taken]
        found.extend(FormulaCell(sheet, address, "member", cell.area) for address in members)
    return found


def _decided(cells: Iterable[SheetCell]) -> set[str]:
    """The addresses in a sheet whose value a formula decides."""
    own = [cell for cell in cells if cell.formula is not None]
    return {cell.address for cell in own}.union(*map(_area_of, own))


def _area_of(cell: SheetCell) -> Iterable[str]:
    """The addresses that an array formula or data table fills; none for other formulas."""
    fills_area = cell.area and cell.formula_type in ("array", "dataTable")
    return sheet_xml.cells_in(cell.area) if fills_area else ()


def _kind(cell: SheetCell) -> FormulaKind:
    if cell.formula_type == "array":
        return "dynamic" if cell.dynamic else "array"
    kinds: dict[str, FormulaKind] = {"shared": "shared", "dataTable": "dataTable"}
    return kinds.get(cell.formula_type, "normal")


def read_values(source: Source) -> dict[CellKey, CellValue]:
    """The values stored in a workbook, by sheet and address; a cell that stores none is None.

    Numbers are floats (a date is the serial number that the file holds), errors strings such as `#N/A`.
    """
    package = read_package(source)
    table = package.related(package.workbook_part, "sharedStrings")
    strings = (
        [] if table is None else [sheet_xml.string_of(item) for item in package.tree(table).iter("{*}si")]
    )
    return {
        (sheet, cell.address): sheet_xml.stored_value(package.parts[part], cell, strings)
        for sheet, part in package.sheets().items()
        for cell in package.cells(part)
    }


def with_child(data: bytes, child: str, *, parent: str = "") -> bytes:
    """An XML part whose root, or the `parent` in it, has one more child, every other byte as it was.

    The child is in the namespace of the root.

    >>> with_child(b"<m:a><m:b></m:b></m:a>", '<c d="1"/>', parent="b")
    b'<m:a><m:b><m:c d="1"/></m:b></m:a>'
    """
    prefix = data[data.rindex(b"</") + 2 :].rpartition(b">")[0].strip().rpartition(b":")[0]
    start = prefix + b":" if prefix else b""
    end = data.rindex(b"</" + start + parent.encode())
    return data[:end] + b"<" + start + child.encode()[1:] + data[end:]


# --- writing ------------------------------------------------------------------------------------------


def write_values(
    source: Source,
    values: Mapping[CellKey, CellValue],
    *,
    only_formulas: bool = True,
    add_cells: bool = False,
) -> bytes:
    """The workbook with `values` stored in its cells, and no other byte changed inside any part.

    A float becomes the shortest number that reads back as itself, a bool `t="b"`, a string `t="str"`, one
    of `ERROR_VALUES` `t="e"`, None an empty result. The formula of a cell stays.
    `only_formulas` allows values only where a formula (or the area of an array formula) stands; without it a
    cell may also be a plain one, and with `add_cells` one the sheet does not have yet. A member of an array
    formula that has no `<c>` yet gets one.
    Raises BookError for a sheet or cell that does not exist, a cell without formula, NaN, infinity, a value
    of another type, and text with characters XML cannot carry or longer than Excel's 32,767 characters.
    """
    package = read_package(source)
    return package.with_parts(
        parts_with_values(package, values, only_formulas=only_formulas, add_cells=add_cells)
    )


def parts_with_values(
    package: Package,
    values: Mapping[CellKey, CellValue],
    *,
    only_formulas: bool = False,
    add_cells: bool = False,
) -> dict[str, bytes]:
    """The parts that `values` change, as they are then; options and errors as for `write_values`."""
    parts = {sheet: package.sheet_part(sheet) for sheet, _ in values}
    return {
        parts[sheet]: _with_values(package, parts[sheet], sheet, new_values, only_formulas, add_cells)
        for sheet, new_values in _by_sheet(values).items()
    }


def _by_sheet(values: Mapping[CellKey, CellValue]) -> dict[str, dict[str, CellValue]]:
    sheets: dict[str, dict[str, CellValue]] = {}
    for (sheet, cell), value in values.items():
        sheets.setdefault(sheet, {})[cell] = value
    return sheets


def _with_values(
    package: Package,
    part: str,
    sheet: str,
    values: Mapping[str, CellValue],
    only_formulas: bool,
    add_cells: bool,
) -> bytes:
    data, cells = package.parts[part], package.cells(part)
    known = {cell.address: cell for cell in cells}
    decided = _decided(cells) if only_formulas else known.keys()
    edits: list[sheet_xml.Edit] = []
    new: dict[str, CellValue] = {}
    for address, value in values.items():
        if address not in decided and not (add_cells and address not in known):
            place = f"{sheet}!{address}"
            lacks = "holds no formula" if address in known else "is not in the sheet's XML"
            raise BookError("cell", place, f"{lacks}, so no value can be stored there", shown=place)
        if address in known:
            edits.extend(sheet_xml.value_edits(data, known[address], value, place=f"{sheet}!{address}"))
        elif value is not None:
            new[address] = value
    if new:
        edits.extend(sheet_xml.new_cell_edits(data, new, sheet=sheet))
    return sheet_xml.apply(data, edits)


def freeze_formulas(source: Source, cells: Collection[CellKey]) -> bytes:
    """The workbook with the formulas of `cells` taken out and their stored values left as constants.

    For a reader that lacks a function, such as a spreadsheet program without the add-in. The calculation
    chain, which may list only cells with formulas, is left out; programs rebuild it.
    Raises BookError for a sheet that does not exist and for a cell without formula.
    """
    package = read_package(source)
    changed: dict[str, bytes | None] = _without_calculation_chain(package)
    for sheet, addresses in _by_sheet(dict.fromkeys(cells)).items():
        part = package.sheet_part(sheet)
        found = package.cells(part)
        formulas = {cell.address for cell in found if cell.formula is not None}
        for address in addresses.keys() - formulas:
            place = f"{sheet}!{address}"
            raise BookError("cell", place, "holds no formula that could be frozen", shown=place)
        data = package.parts[part]
        changed[part] = sheet_xml.apply(data, sheet_xml.freeze_edits(data, found, addresses.keys()))
    return package.with_parts(changed)


def _without_calculation_chain(package: Package) -> dict[str, bytes | None]:
    """The parts to change so that the calculation chain, its content type and its relationship are gone."""
    workbook = package.workbook_part
    chain = package.related(workbook, "calcChain")
    if chain is None:
        return {}
    types = package.tree("[Content_Types].xml")
    for override in types.findall("{*}Override"):
        if override.get("PartName") == f"/{chain}":
            types.remove(override)
    folder, name = posixpath.split(workbook)
    rels = f"{folder}/_rels/{name}.rels".lstrip("/")
    relations = package.tree(rels)
    for relation in relations.findall("{*}Relationship"):
        if relation.get("Type", "").endswith("/calcChain"):
            relations.remove(relation)
    return {chain: None, "[Content_Types].xml": _serialised(types), rels: _serialised(relations)}


def _serialised(tree: etree._Element) -> bytes:
    data: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data


# --- the same bytes everywhere ------------------------------------------------------------------------

_BEFORE_CALC_PR = (
    *("fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets"),
    *("functionGroups", "externalReferences", "definedNames"),
)
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


def normalise(
    source: Source,
    *,
    timestamp: datetime = _EARLIEST,
    values: Mapping[CellKey, CellValue] | None = None,
    parts: Mapping[str, bytes] | None = None,
) -> bytes:
    """The workbook, with `values` in its cells and `parts` replaced, as bytes that depend on content alone.

    Parts in a fixed order, dated 1980-01-01 (the first a zip knows), deflated at level 6; the document
    properties `created` and `modified` say `timestamp`. The workbook declares calculation engine 191029 and
    no recalculation on load, so that a reader without the add-in sees the stored values.
    Raises BookError for a timestamp without time zone.

    The compressed bytes are those of the zlib in use; two zlibs may pack the same content differently.
    """
    if timestamp.tzinfo is None:
        raise BookError("timestamp", timestamp, "must have a time zone", shown=timestamp.isoformat())
    package = read_package(source)
    workbook = package.workbook_part
    filled = parts_with_values(package, values or {})
    settled = _with_calculation_settings(package.tree(workbook))
    every = {**package.parts, **(parts or {}), **filled, workbook: settled}
    properties = package.related("", "core-properties")
    if properties is not None:
        every[properties] = _dated(package.tree(properties), timestamp)
    return _packed(every)


def _with_calculation_settings(workbook: etree._Element) -> bytes:
    settings = workbook.find("{*}calcPr")
    if settings is None:
        settings = etree.Element(f"{{{etree.QName(workbook).namespace}}}calcPr")
        before = [child for child in workbook if _local_name(child) in _BEFORE_CALC_PR]
        before[-1].addnext(settings)
    settings.set("calcId", _CALC_ID)
    settings.attrib.pop("fullCalcOnLoad", None)
    return _serialised(workbook)


def _dated(properties: etree._Element, timestamp: datetime) -> bytes:
    for child in properties:
        if _local_name(child) in ("created", "modified"):
            child.text = timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _serialised(properties)


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


# --- saving -------------------------------------------------------------------------------------------


def is_open_elsewhere(path: Path | str) -> Path | None:
    """The lock file that says a workbook is open in Excel or LibreOffice, or None.

    Excel keeps `~$name.xlsx` beside an open `name.xlsx`, LibreOffice `.~lock.name.xlsx#`.

    >>> is_open_elsewhere("no_such_folder/model.xlsx") is None
    True
    """
    path = Path(path)
    locks = (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#"))
    return next((lock for lock in locks if lock.exists()), None)


def refuse_open(path: Path | str) -> None:
    """Raise `BookError` where a lock file says that a workbook is open in Excel or LibreOffice."""
    lock = is_open_elsewhere(os.path.realpath(path))
    if lock is not None:
        rule = f"is open in another program, as its lock file {lock.name} says; close it there first"
        raise BookError("file", str(path), rule, shown=str(path))


def save(path: Path | str, data: bytes) -> None:
    """Write a file whole or not at all: into a new file beside it, to the disk, then into its place.

    Whatever happens on the way (a full disk, a read-only folder, the program killed), the old file is still
    there as it was. Raises BookError, naming the path and the reason, also when a lock file says that the
    workbook is open in Excel or LibreOffice.
    """
    target = Path(os.path.realpath(path))
    refuse_open(path)
    if target.exists() and not target.is_file():
        raise BookError("file", str(path), "must be a file, not a folder or a device", shown=str(path))
    try:
        _replace(target, data)
    except OSError as error:
        rule = f"cannot be written: {_reason(error)}; it is unchanged"
        raise BookError("file", str(path), rule, shown=str(path)) from error


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode_of(target))
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(target.parent)


def _mode_of(target: Path) -> int:
    """The permissions of the file to replace, or those a new file gets."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _flush_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can flush folders."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: OSError) -> str:
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "the folder is read-only or the file is open in another program",
        errno.EPERM: "the folder is read-only or the file is open in another program",
        errno.ENOENT: "the folder does not exist",
    }
    return reasons.get(error.errno or 0, error.strerror or str(error))
