"""Rules of a package that Excel opens without a question: what is wrong, one sentence a finding.

Sources: ISO/IEC 29500-1 (SpreadsheetML: the order of elements, 18.3.1.99; styles, 18.8; names, 18.2.5) and
29500-2 (parts, relationships, content types), and Microsoft's "Excel specifications and limits".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from lxml import etree

from xlwings_addin.xlsx.package import Package

TYPES = "[Content_Types].xml"
SHEET_ORDER = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
    "autoFilter",
    "sortState",
    "dataConsolidate",
    "customSheetViews",
    "mergeCells",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
    "hyperlinks",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "customProperties",
    "cellWatches",
    "ignoredErrors",
    "smartTags",
    "drawing",
    "legacyDrawing",
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
]
WORKBOOK_ORDER = [
    "fileVersion",
    "fileSharing",
    "workbookPr",
    "workbookProtection",
    "bookViews",
    "sheets",
    "functionGroups",
    "externalReferences",
    "definedNames",
    "calcPr",
    "oleSize",
    "customWorkbookViews",
    "pivotCaches",
    "smartTagPr",
    "smartTagTypes",
    "webPublishing",
    "fileRecoveryPr",
    "webPublishObjects",
    "extLst",
]
FONT_ORDER = [
    "b",
    "i",
    "strike",
    "condense",
    "extend",
    "outline",
    "shadow",
    "u",
    "vertAlign",
    "sz",
    "color",
    "name",
    "family",
    "charset",
    "scheme",
]
"""The order of `CT_Font` in the schema of Microsoft's Open XML SDK."""
NAME = re.compile(r"[A-Za-z_\\\u0080-\uffff][\w.\\?\u0080-\uffff]{0,254}")
CELL_LIKE = re.compile(r"(?i)[a-z]{1,3}[1-9]\d{0,6}|r\d*c\d*|r\d+|c\d+|r|c")


def local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def owner(relations: str) -> str:
    """The part that a part of relations belongs to; "" for the package."""
    folder, _, name = relations.rpartition("/")
    return f"{folder.removesuffix('_rels')}{name.removesuffix('.rels')}"


def content_types(package: Package) -> Iterator[str]:
    """Every part has one content type, and every type a part."""
    types = package.tree(TYPES)
    named = Counter(element.get("PartName", "") for element in types.iterfind("{*}Override"))
    endings = Counter(element.get("Extension", "").lower() for element in types.iterfind("{*}Default"))
    yield from (f"{name} has {times} types" for name, times in (named + endings).items() if times > 1)
    parts = package.parts.keys() - {TYPES}
    yield from (
        f"{name} has a type and is not there" for name in named if name.removeprefix("/") not in parts
    )
    for part in parts:
        if f"/{part}" not in named and part.rpartition(".")[2].lower() not in endings:
            yield f"{part} has no content type"


def relationships(package: Package) -> Iterator[str]:
    """Every relation leads to a part, by an id of its own, and every part is reached."""
    reached = set()
    for part in package.parts:
        if not part.endswith(".rels"):
            continue
        source = owner(part)
        identifiers = Counter(element.get("Id") for element in package.tree(part))
        yield from (f"{part} has {name} {times} times" for name, times in identifiers.items() if times > 1)
        if source and source not in package.parts:
            yield f"{part} belongs to no part"
        for element in package.tree(part):
            if element.get("TargetMode") == "External":
                continue
            target = _target(source, element.get("Target", ""))
            reached.add(target)
            if target not in package.parts:
                yield f"{part} leads to {target}, which is not there"
    others = package.parts.keys() - reached - {TYPES}
    yield from (f"{part} is not reached" for part in others if not part.endswith(".rels"))
    for title, part in package.sheets().items():
        asked = set(re.findall(rb'\br:(?:id|embed)="([^"]+)"', package.parts[part]))
        there = {name.encode() for name in package.relations(part)}
        yield from (f"{title} asks for {name.decode()}, which it does not have" for name in asked - there)


def _target(source: str, target: str) -> str:
    if target.startswith("/"):
        return target.lstrip("/")
    steps: list[str] = []
    for step in (PurePosixPath(source).parent / target).parts:
        if step == "..":
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps)


def unique_names(package: Package) -> Iterator[str]:
    """No two parts, sheets, or names of one scope differ by case alone, and no sheet's number comes twice."""
    workbook = package.tree(package.workbook_part)
    names = [
        f"name {name.get('name', '')} of {name.get('localSheetId', 'the workbook')}"
        for name in workbook.iterfind("{*}definedNames/{*}definedName")
    ]
    sheets = workbook.findall("{*}sheets/{*}sheet")
    titles = [f"sheet {sheet.get('name')}" for sheet in sheets]
    numbers = [f"sheet number {sheet.get('sheetId')}" for sheet in sheets]
    for text, times in Counter(
        text.casefold() for text in (*package.parts, *names, *titles, *numbers)
    ).items():
        if times > 1:
            yield f"{text} is there {times} times"


def order(package: Package) -> Iterator[str]:
    """Elements of sheets and workbook stand in the standard's order; rows and cells ascend."""
    yield from _in_order(package.tree(package.workbook_part), WORKBOOK_ORDER, package.workbook_part)
    for title, part in package.sheets().items():
        sheet = package.tree(part)
        yield from _in_order(sheet, SHEET_ORDER, title)
        last = 0
        for row in sheet.iterfind("{*}sheetData/{*}row"):
            number = int(row.get("r", last + 1))
            if number <= last:
                yield f"{title}: row {number} comes after row {last}"
            last = number
            columns = [_column(cell.get("r", "")) for cell in row]
            if columns != sorted(set(columns)):
                yield f"{title}: the cells of row {number} do not ascend"
            if any(cell.get("r", "").lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != str(number) for cell in row):
                yield f"{title}: a cell of another row stands in row {number}"


def _in_order(element: etree._Element, names: list[str], where: str) -> Iterator[str]:
    places = [names.index(name) for child in element if (name := local(child)) in names]
    if places != sorted(places):
        yield f"{where}: elements do not stand in the standard's order"


def _column(address: str) -> int:
    number = 0
    for letter in re.match(r"[A-Z]*", address)[0]:  # type: ignore[index]
        number = number * 26 + ord(letter) - 64
    return number


def styles(package: Package) -> Iterator[str]:
    """Every style that is asked for is there, none is there twice, and they are not too many."""
    part = package.related(package.workbook_part, "styles")
    if part is None:
        yield "there are no styles"
        return
    tree = package.tree(part)
    pools = {
        name: tree.findall(f"{{*}}{name}/*") for name in ("fonts", "fills", "borders", "cellXfs", "dxfs")
    }
    for name, entries in pools.items():
        pool = tree.find(f"{{*}}{name}")
        if pool is not None and pool.get("count", str(len(entries))) != str(len(entries)):
            yield f"{name} counts {pool.get('count')} and has {len(entries)}"
    again = len(pools["cellXfs"]) - len({etree.tostring(style, method="c14n") for style in pools["cellXfs"]})
    if again:
        yield f"{again} styles are there twice"
    if len(pools["cellXfs"]) > 65_490:
        yield f"{len(pools['cellXfs'])} styles are more than Excel keeps"
    formats = {style.get("numFmtId") for style in tree.iterfind("{*}numFmts/{*}numFmt")}
    for number, style in enumerate(pools["cellXfs"]):
        for attribute, name in (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders")):
            if int(style.get(attribute, "0")) >= len(pools[name]):
                yield f"style {number} asks for {attribute} {style.get(attribute)}"
        if int(style.get("numFmtId", "0")) >= 164 and style.get("numFmtId") not in formats:
            yield f"style {number} asks for number format {style.get('numFmtId')}"
    for title, sheet in package.sheets().items():
        data = package.parts[sheet]
        asked = {int(text) for text in re.findall(rb'<(?:c|row)\b[^>]*? s="(\d+)"', data)}
        asked |= {int(text) for text in re.findall(rb'<col\b[^>]*? style="(\d+)"', data)}
        if max(asked, default=0) >= len(pools["cellXfs"]):
            yield f"{title} asks for style {max(asked)}"
        looks = {int(text) for text in re.findall(rb'\bdxfId="(\d+)"', data)}
        if max(looks, default=-1) >= len(pools["dxfs"]):
            yield f"{title} asks for the look {max(looks)} of a conditional format"


def fonts(package: Package) -> Iterator[str]:
    """The children of every font stand in the order that the Open XML SDK wants."""
    part = package.related(package.workbook_part, "styles")
    for number, font in enumerate(() if part is None else package.tree(part).iter("{*}font")):
        yield from _in_order(font, FONT_ORDER, f"font {number}")


def name_grammar(package: Package) -> Iterator[str]:
    """A name is a letter, then letters, digits, points and underscores, at most 255, and no cell."""
    for element in package.tree(package.workbook_part).iterfind("{*}definedNames/{*}definedName"):
        name = element.get("name", "").removeprefix("_xlnm.")
        if not NAME.fullmatch(name) or CELL_LIKE.fullmatch(name):
            yield f"{name} is no name"
        if "#REF!" in (element.text or ""):
            yield f"{name} leads nowhere"


def sheet_names(package: Package) -> Iterator[str]:
    """A sheet's name has 1 to 31 characters, none of []:*?/\\, no apostrophe at an end; History is taken."""
    sheets = package.tree(package.workbook_part).findall("{*}sheets/{*}sheet")
    for title in (sheet.get("name", "") for sheet in sheets):
        if (
            not 1 <= len(title) <= 31
            or re.search(r"[\[\]:*?/\\]|^'|'$", title)
            or title.casefold() == "history"
        ):
            yield f"{title!r} is no name of a sheet"
    if all(sheet.get("state", "visible") != "visible" for sheet in sheets):
        yield "no sheet can be seen"
