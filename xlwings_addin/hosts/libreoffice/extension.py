"""The Calc extension, a file that LibreOffice's Extension Manager installs, made from the registry.

It holds the functions as a UNO interface (a type library in its source form, which needs no SDK), their
texts for the function wizard, the menu, the toolbar, and the component in `inside/` as it is. The same
registry, version and Python give the same bytes.

A file of Excel's format knows a function by the implementation name of its component and the name of its
method, so the component is called VAL.

Sources: LibreOffice's schemas CalcAddIns.xcs, Addons.xcs and ProtocolHandler.xcs (officecfg/registry/schema);
the UNOIDL grammar in udkapi; "Extensions" in the OpenOffice developer's guide.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from xlwings_addin.functions.cells import RANGES
from xlwings_addin.functions.registry import REGISTRY, Kind, Udf, UdfArgument, spelling
from xlwings_addin.hosts.host import NAMESPACE
from xlwings_addin.hosts.libreoffice import HOST
from xlwings_addin.version import __version__
from xlwings_addin.xlsx.package import save

INSIDE: Final = Path(__file__).with_name("inside")
"""What runs in LibreOffice's own Python."""
FILE_NAME: Final = "xiaomi-model.oxt"
IDENTIFIER: Final = "xiaomi-model.calc"
COMPONENT, HANDLER = NAMESPACE, "xiaomi-model.Commands"
"""Implementation names: of the functions, and of what answers the commands."""
PROTOCOL: Final = "vnd.xiaomi-model"
COMMANDS: Final[Mapping[str, str]] = {
    "refresh": "Refresh model",
    "preview": "Preview refresh",
    "check": "Check model",
}
MENU: Final = "Valuation"
CALC: Final = "com.sun.star.sheet.SpreadsheetDocument"
CATEGORIES: Final[Mapping[str, str]] = {"VAL": "Information"}
"""Calc's own categories of functions, which are all it shows, by family; the others are Financial."""

ARRAY, CELL = "sequence< sequence<any> >", "com::sun::star::table::XCellRange"
"""UNO's types of a result of several cells, and of an argument that is a cell and not what it holds."""

_REGISTRY: Final = "http://openoffice.org/2001/registry"
_MANIFEST: Final = "http://openoffice.org/2001/manifest"
_DESCRIPTION: Final = "http://openoffice.org/extensions/description/2006"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_MEDIA: Final[Mapping[str, str]] = {
    "functions.idl": "application/vnd.sun.star.uno-typelibrary;type=RDB",
    "CalcAddIns.xcu": "application/vnd.sun.star.configuration-data",
    "Addons.xcu": "application/vnd.sun.star.configuration-data",
    "ProtocolHandler.xcu": "application/vnd.sun.star.configuration-data",
    "component.py": "application/vnd.sun.star.uno-component;type=Python",
}


def export(folder: Path) -> Path:
    """Write the extension into a folder; the Python that runs this is the one that will run the functions."""
    target = folder / FILE_NAME
    folder.mkdir(parents=True, exist_ok=True)
    save(target, extension())
    return target


def extension() -> bytes:
    """The extension file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts().items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def parts() -> dict[str, bytes]:
    """What the extension holds, by name."""
    manifest = Element(f"{{{_MANIFEST}}}manifest")
    for name, media in _MEDIA.items():
        attributes = {f"{{{_MANIFEST}}}full-path": name, f"{{{_MANIFEST}}}media-type": media}
        ElementTree.SubElement(manifest, f"{{{_MANIFEST}}}file-entry", attributes)
    settings = {
        "python": sys.executable,
        "component": COMPONENT,
        "prefix": HOST.prefix,
        "handler": HANDLER,
        "documents": CALC,
        "functions": {entry.name: _answers_with(entry) for entry in REGISTRY.values()},
        "commands": COMMANDS,
    }
    return {
        "META-INF/manifest.xml": _xml(manifest),
        "description.xml": _xml(_description()),
        "functions.idl": type_library().encode(),
        "CalcAddIns.xcu": _xml(_configuration("CalcAddIns", _functions())),
        "Addons.xcu": _xml(_configuration("Addons", _menu_and_toolbar())),
        "ProtocolHandler.xcu": _xml(_configuration("ProtocolHandler", _handler())),
        "settings.json": json.dumps(settings, indent=2).encode(),
        **{file.relative_to(INSIDE).as_posix(): file.read_bytes() for file in sorted(INSIDE.rglob("*.py"))},
    }


def type_library() -> str:
    """The functions as a UNO interface, in the order of the registry."""
    methods = "\n".join(
        f"    {ARRAY if entry.returns_kind in RANGES else 'any'} {entry.name}({_arguments(entry)});"
        for entry in REGISTRY.values()
    )
    return (
        "module xiaomi { module model {\n"
        f"interface XFunctions : com::sun::star::uno::XInterface {{\n{methods}\n}};\n}}; }};\n"
    )


def _answers_with(entry: Udf) -> str:
    """What the component must know of a result: whether it fills cells, and whether it may be words."""
    if entry.returns_kind in RANGES:
        return "array"
    return "text" if entry.returns_kind is Kind.TEXT else "number"


def _arguments(entry: Udf) -> str:
    types = (CELL if parameter.kind is Kind.CELL else "any" for parameter in entry.parameters)
    names = map(_identifier, entry.parameters)
    return ", ".join(f"[in] {type_} {name}" for type_, name in zip(types, names, strict=True))


def _identifier(parameter: UdfArgument) -> str:
    """The name of an argument in UNOIDL, which allows no underscore in it: riskFree."""
    first, *others = parameter.host_name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _description() -> Element:
    root = Element(f"{{{_DESCRIPTION}}}description")
    for name, value in (("identifier", IDENTIFIER), ("version", __version__)):
        ElementTree.SubElement(root, f"{{{_DESCRIPTION}}}{name}", {"value": value})
    display = ElementTree.SubElement(root, f"{{{_DESCRIPTION}}}display-name")
    ElementTree.SubElement(display, f"{{{_DESCRIPTION}}}name", {"lang": "en"}).text = "Xiaomi Model"
    return root


def _configuration(component: str, *children: Element) -> Element:
    root = Element(f"{{{_REGISTRY}}}component-data")
    root.attrib |= {f"{{{_REGISTRY}}}name": component, f"{{{_REGISTRY}}}package": "org.openoffice.Office"}
    root.extend(children)
    return root


def _node(name: str, *children: Element, new: bool = False) -> Element:
    """A node of the configuration: one of the schema's own, or a new one of a set."""
    node = Element("node", {f"{{{_REGISTRY}}}name": name})
    if new:
        node.set(f"{{{_REGISTRY}}}op", "replace")
    node.extend(children)
    return node


def _prop(name: str, text: str, *, translated: bool = False) -> Element:
    prop = Element("prop", {f"{{{_REGISTRY}}}name": name})
    value = ElementTree.SubElement(prop, "value", {f"{{{_XML}}}lang": "en-US"} if translated else {})
    value.text = text
    return prop


def _functions() -> Element:
    functions = (
        _node(
            entry.name,
            _prop("DisplayName", spelling(entry.name, HOST.target), translated=True),
            _prop("Description", entry.summary, translated=True),
            _prop("Category", CATEGORIES.get(entry.family, "Financial")),
            _node("Parameters", *map(_parameter, entry.parameters)),
            new=True,
        )
        for entry in REGISTRY.values()
    )
    return _node("AddInInfo", _node(COMPONENT, _node("AddInFunctions", *functions), new=True))


def _parameter(parameter: UdfArgument) -> Element:
    text = f"{parameter.doc} ({parameter.unit})"
    return _node(
        _identifier(parameter),
        _prop("DisplayName", parameter.host_name, translated=True),
        _prop("Description", text, translated=True),
        new=True,
    )


def _command(number: int, command: str) -> Element:
    """An entry of a menu or toolbar; LibreOffice shows shorter names first, equally long ones by letter."""
    return _node(
        f"m{number}",
        _prop("URL", f"{PROTOCOL}:{command}"),
        _prop("Title", COMMANDS[command], translated=True),
        _prop("Target", "_self"),
        _prop("Context", CALC),
        new=True,
    )


def _menu_and_toolbar() -> Element:
    commands = [_command(number, command) for number, command in enumerate(COMMANDS, 1)]
    menu = _node(
        f"{IDENTIFIER}.menu",
        _prop("Title", MENU, translated=True),
        _prop("Target", "_self"),
        _prop("Context", CALC),
        _node("Submenu", *commands),
        new=True,
    )
    toolbar = _node(f"{IDENTIFIER}.toolbar", *commands, new=True)
    return _node("AddonUI", _node("OfficeMenuBar", menu), _node("OfficeToolBar", toolbar))


def _handler() -> Element:
    return _node("HandlerSet", _node(HANDLER, _prop("Protocols", f"{PROTOCOL}:*"), new=True))


def _xml(root: Element) -> bytes:
    for prefix, namespace in (("oor", _REGISTRY), ("manifest", _MANIFEST)):
        ElementTree.register_namespace(prefix, namespace)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))
