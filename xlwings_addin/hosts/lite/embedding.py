"""Code inside a workbook, where xlwings Lite keeps it: a web extension with `main.py` and `requirements.txt`.

As in public workbooks that Excel saved with Lite, the package leads to `taskpanes.xml`, a task pane of it to
a web extension, whose reference names Lite's entry of the store and whose properties are files, as JSON
strings. Format: [MS-OWEXML]. Every other part of the workbook stays byte for byte, and `removed` takes out
what `embedded` has put in.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import quoteattr

from xlwings_addin.core.errors import BookError
from xlwings_addin.hosts.lite.bundle import has_own_code
from xlwings_addin.xlsx.package import Package, with_child

LITE: Final = "wa200008175"
"""xlwings Lite in Microsoft's store."""
MAIN: Final = "main.py"
_FOLDER: Final = "xl/webextensions"
_PANES_KIND: Final = "http://schemas.microsoft.com/office/2011/relationships/webextensiontaskpanes"
_EXTENSION_KIND: Final = "http://schemas.microsoft.com/office/2011/relationships/webextension"
_PANES_TYPE: Final = "application/vnd.ms-office.webextensiontaskpanes+xml"
_EXTENSION_TYPE: Final = "application/vnd.ms-office.webextension+xml"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PANES: Final = "http://schemas.microsoft.com/office/webextensions/taskpanes/2010/11"
_EXTENSION: Final = "http://schemas.microsoft.com/office/webextensions/webextension/2010/11"
_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES, _ROOT_RELATIONS = "[Content_Types].xml", "_rels/.rels"
_ID: Final = "rIdXiaomiModelLite"
_CUSTOM_FUNCTIONS: Final = (
    f'<we:extLst><a:ext xmlns:a="{_DRAWING}" uri="{{D87F86FE-615C-45B5-9D79-34F1136793EB}}">'
    f'<we:containsCustomFunctions/></a:ext><a:ext xmlns:a="{_DRAWING}" '
    'uri="{7C84B067-C214-45C3-A712-C9D94CD141B2}"><we:customFunctionIdList/></a:ext></we:extLst>'
)

Parts = dict[str, bytes | None]


def code_in(package: Package) -> dict[str, str] | None:
    """The files that a workbook's Lite extension holds, by name; None where it has no such extension."""
    part = _lite_part(package)
    if part is None:
        return None
    properties = package.tree(part).iter(f"{{{_EXTENSION}}}property")
    return {element.get("name", ""): _text(element.get("value", "")) for element in properties}


def _text(value: str) -> str:
    """A property's value, which is JSON; what is not stays as it is."""
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read if isinstance(read, str) else value


def embedded(package: Package, files: Mapping[str, str], *, replace: bool = False) -> bytes:
    """The workbook with files in its Lite extension, in place of those that stand there.

    Raises `BookError` for a signed workbook, and for one that holds somebody's own code, unless that may be
    replaced.
    """
    package.require_unsigned()
    standing = (code_in(package) or {}).get(MAIN, "")
    if has_own_code(standing) and not replace:
        size = f"{len(standing):,} characters of {MAIN}"
        rule = f"holds code for xlwings Lite already ({size}): --replace puts ours in its place"
        raise BookError("workbook", package.display, rule, display=package.display)
    part = _lite_part(package)
    if part is not None:
        return package.with_parts({part: _extension(files)})
    return package.with_parts(_new_parts(package, files))


def _new_parts(package: Package, files: Mapping[str, str]) -> Parts:
    """The parts of a new extension, and what leads to it."""
    part = _free_name(package)
    changed: Parts = {part: _extension(files)}
    types = with_child(
        package.parts[_TYPES], f'<Override PartName="/{part}" ContentType="{_EXTENSION_TYPE}"/>'
    )
    panes = package.related("", "webextensiontaskpanes")
    if panes is None:
        panes = f"{_FOLDER}/taskpanes.xml"
        types = with_child(types, f'<Override PartName="/{panes}" ContentType="{_PANES_TYPE}"/>')
        changed[_ROOT_RELATIONS] = with_child(
            package.parts[_ROOT_RELATIONS],
            f'<Relationship Id="{_ID}" Type="{_PANES_KIND}" Target="{panes}"/>',
        )
        changed[panes] = f'{_XML}<wetp:taskpanes xmlns:wetp="{_PANES}"></wetp:taskpanes>'.encode()
        changed[_relations_of(panes)] = f'{_XML}<Relationships xmlns="{_RELATIONS}"></Relationships>'.encode()
    changed[_TYPES] = types
    relations = _relations_of(panes)
    identifier = _free_id(package, panes)
    changed[panes] = with_child(changed.get(panes) or package.parts[panes], _pane(identifier))
    changed[relations] = with_child(
        changed.get(relations) or package.parts[relations],
        f'<Relationship Id="{identifier}" Type="{_EXTENSION_KIND}" Target="/{part}"/>',
    )
    return changed


def removed(package: Package) -> bytes:
    """The workbook without its Lite extension. Raises `BookError` where it has none, or is signed."""
    package.require_unsigned()
    part = _lite_part(package)
    if part is None:
        rule = "holds no code for xlwings Lite"
        raise BookError("workbook", package.display, rule, display=package.display)
    panes = package.related("", "webextensiontaskpanes")
    assert panes is not None
    relations = package.relations(panes)
    identifier = next(name for name, (_, target) in relations.items() if target == part)
    changed: Parts = {part: None}
    types = _without(package.parts[_TYPES], "Override", f"/{part}")
    if len(relations) > 1:
        changed[panes] = _without_pane(package.parts[panes], identifier)
        own = _relations_of(panes)
        changed[own] = _without(package.parts[own], "Relationship", identifier)
    else:
        changed |= {panes: None, _relations_of(panes): None}
        types = _without(types, "Override", f"/{panes}")
        root = package.relations("")
        to_panes = next(name for name, (_, target) in root.items() if target == panes)
        changed[_ROOT_RELATIONS] = _without(package.parts[_ROOT_RELATIONS], "Relationship", to_panes)
    changed[_TYPES] = types
    return package.with_parts(changed)


def _lite_part(package: Package) -> str | None:
    """The part of the web extension that is Lite's."""
    panes = package.related("", "webextensiontaskpanes")
    if panes is None:
        return None
    for kind, part in package.relations(panes).values():
        if kind.endswith("/webextension") and part in package.parts:
            references = package.tree(part).iter(f"{{{_EXTENSION}}}reference")
            if any(reference.get("id", "").lower() == LITE for reference in references):
                return part
    return None


def _free_name(package: Package) -> str:
    names = (f"{_FOLDER}/webextension{number}.xml" for number in range(1, len(package.parts) + 2))
    return next(name for name in names if name not in package.parts)


def _relations_of(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels"


def _free_id(package: Package, part: str) -> str:
    taken = package.relations(part) if part in package.parts else {}
    names = (f"{_ID}{number or ''}" for number in range(len(taken) + 1))
    return next(name for name in names if name not in taken)


def _pane(identifier: str) -> str:
    return (
        '<taskpane dockstate="right" visibility="0" width="438" row="2">'
        f'<wetp:webextensionref xmlns:r="{_OFFICE}" r:id="{identifier}"/></wetp:taskpane>'
    )


def _extension(files: Mapping[str, str]) -> bytes:
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, _PANES_KIND + "".join(files.values()))).upper()
    reference = f'<we:reference id="{LITE}" version="1.0.0.0" store="{{}}" storeType="OMEX"/>'
    properties = "".join(
        f"<we:property name={quoteattr(name)} value={quoteattr(json.dumps(text), {chr(34): '&quot;'})}/>"
        for name, text in files.items()
    )
    return (
        f'{_XML}<we:webextension xmlns:we="{_EXTENSION}" id="{{{identifier}}}">{reference.format("en-US")}'
        f"<we:alternateReferences>{reference.format(LITE.upper())}</we:alternateReferences>"
        f'<we:properties>{properties}</we:properties><we:bindings/><we:snapshot xmlns:r="{_OFFICE}"/>'
        f"{_CUSTOM_FUNCTIONS}</we:webextension>"
    ).encode()


def _without(data: bytes, element: str, value: str) -> bytes:
    """A part without the empty element of this name one of whose attributes has this value."""
    pattern = rb"<(?:\w+:)?%b\b[^>]*?=\"%b\"[^>]*?/>" % (element.encode(), re.escape(value.encode()))
    return re.sub(pattern, b"", data, count=1)


def _without_pane(data: bytes, identifier: str) -> bytes:
    pattern = (
        rb"<(\w+:)?taskpane\b(?:(?!</(?:\w+:)?taskpane>).)*?:id=\"%b\".*?</(?:\w+:)?taskpane>"
        % re.escape(identifier.encode())
    )
    return re.sub(pattern, b"", data, count=1, flags=re.DOTALL)
