"""An XML part as a tree that knows where its bytes stand, so that one attribute or text changes and no more.

lxml and ElementTree serialise a part anew: prefixes, quotes, line ends and the order of declarations change.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from xml.parsers import expat

from lxml import etree

from xlwings_addin.xlsx.edits import Edit, apply
from xlwings_addin.xlsx.moving.shift import UnmovableError
from xlwings_addin.xlsx.scanning import TAG, Span

_ATTRIBUTE = re.compile(rb"""\s([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_NAME = re.compile(rb"<([^\s/>]+)")
_SPACES = str.maketrans({"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


def attributes_of(tag: bytes) -> dict[bytes, str]:
    """The attributes of an opening tag, by their names as written."""
    return {match[1]: unescape(match[2][1:-1].decode()) for match in _ATTRIBUTE.finditer(tag)}


def attribute_edit(start: int, tag: bytes, name: bytes, value: str) -> Edit:
    """The edit that gives an attribute of a tag at `start` a value; one that is missing is added.

    >>> apply(b'<c r="A1" s="2"/>', [attribute_edit(0, b'<c r="A1" s="2"/>', b"r", "A3")])
    b'<c r="A3" s="2"/>'
    """
    new = b'"%b"' % escape(value, quote=False).replace('"', "&quot;").translate(_SPACES).encode()
    for match in _ATTRIBUTE.finditer(tag):
        if match[1] == name:
            return Edit(start + match.start(2), start + match.end(2), new)
    end = start + len(name_of(tag)) + 1
    return Edit(end, end, b" " + name + b"=" + new)


def name_of(tag: bytes) -> bytes:
    """The name of a tag as written, prefix included."""
    match = _NAME.match(tag)
    return b"" if match is None else match[1]


def escaped(text: str) -> bytes:
    """Text as the content of an element."""
    return escape(text, quote=False).replace("\r", "&#13;").encode()


@dataclass(slots=True, eq=False)
class Element:
    """An element: its names and attributes, and where it stands in the bytes.

    `inner` is behind the opening tag, `closing` before the closing one; both are `end` if it has none.
    """

    namespace: str
    name: str
    attributes: dict[str, str]
    start: int
    inner: int
    parent: Element | None
    closing: int = 0
    end: int = 0
    children: list[Element] = field(default_factory=list)

    def iter(self, *names: str) -> Iterator[Element]:
        """The element and all below it, in the order of the file; only those with one of `names`, if any."""
        if not names or self.name in names:
            yield self
        for child in self.children:
            yield from child.iter(*names)

    def find(self, name: str) -> Element | None:
        """The first child of a name."""
        return next((child for child in self.children if child.name == name), None)

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)


class Markup:
    """A part, its tree and the edits to it. `skip` are bytes that the tree leaves out, a sheet's cells."""

    def __init__(self, data: bytes, skip: Span | None = None) -> None:
        self.data = data
        self._skip = skip or Span(0, 0)
        self.edits: list[Edit] = []
        self._removed: set[Element] = set()
        self._open: list[Element] = []
        self.root = self._parsed()

    def _parsed(self) -> Element:
        _check_encoding(self.data)
        self._roots: list[Element] = []
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        try:
            parser.Parse(self.data[: self._skip.start] + self.data[self._skip.end :], True)
        except expat.ExpatError as error:
            raise UnmovableError(f"meets XML that is not well-formed, {error}") from error
        return self._roots[0]

    def _place(self) -> int:
        index = self._parser.CurrentByteIndex
        return index if index < self._skip.start else index + self._skip.end - self._skip.start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        start = self._place()
        match = TAG.match(self.data, start)
        if match is None:
            raise UnmovableError(f"meets XML without a tag at byte {start}")
        namespace, _, local = name.rpartition(" ")
        parent = self._open[-1] if self._open else None
        element = Element(namespace, local, attributes, start, match.end(), parent)
        (parent.children if parent else self._roots).append(element)
        self._open.append(element)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        if self.data[element.inner - 2] == ord("/"):
            element.closing = element.end = element.inner
        else:
            element.closing = self._place()
            element.end = self.data.index(b">", element.closing) + 1

    # --- reading --------------------------------------------------------------------------------------

    def text(self, element: Element) -> str:
        """The text of an element, references to entities resolved."""
        content = self.data[element.inner : element.closing]
        if b"<" not in content and b"&" not in content:
            return content.decode()
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        return "".join(etree.fromstring(b"<t>" + content + b"</t>", parser).itertext())

    # --- changing -------------------------------------------------------------------------------------

    def set(self, element: Element, name: str, value: str) -> None:
        """An attribute that the element has gets another value."""
        if element.attributes[name] == value:
            return
        tag = self.data[element.start : element.inner]
        self.edits.append(attribute_edit(element.start, tag, name.encode(), value))

    def set_text(self, element: Element, value: str) -> None:
        """An element gets another text."""
        if value != self.text(element):
            self.edits.append(Edit(element.inner, element.closing, escaped(value)))

    def remove(self, element: Element) -> None:
        """An element goes at the end, and with it a parent that only lists such elements."""
        self._removed.add(element)

    def insert(self, at: int, new: bytes) -> None:
        self.edits.append(Edit(at, at, new))

    def is_removed(self, element: Element) -> bool:
        return element in self._removed

    def result(self, lists: Collection[str] = ()) -> bytes:
        """The bytes after all edits. `lists` are elements that go when they are empty and that may count."""
        self._remove_empty(lists)
        gone = sorted(
            Span(element.start, element.end) for element in self._removed if not self._inside(element)
        )
        starts = [span.start for span in gone]
        edits = [edit for edit in self.edits if not _within(edit, gone, starts)]
        return apply(self.data, [*edits, *(Edit(*span, b"") for span in gone)])

    def _inside(self, element: Element) -> bool:
        """Whether something around the element is removed."""
        parent = element.parent
        while parent is not None and parent not in self._removed:
            parent = parent.parent
        return parent is not None

    def _remove_empty(self, lists: Collection[str]) -> None:
        waiting = list(self._removed)
        shorter: dict[Element, list[Element]] = {}
        while waiting:
            parent = waiting.pop().parent
            if parent is None or parent.name not in lists or parent in self._removed:
                continue
            left = [child for child in parent.children if child not in self._removed]
            if left:
                shorter[parent] = left
            else:
                self._removed.add(parent)
                waiting.append(parent)
        for parent, left in shorter.items():
            manual = [child for child in left if child.get("man") in ("1", "true")]
            for name, count in (("count", len(left)), ("manualBreakCount", len(manual))):
                if parent not in self._removed and name in parent.attributes:
                    self.set(parent, name, str(count))


def _within(edit: Edit, spans: list[Span], starts: list[int]) -> bool:
    at = bisect_right(starts, edit.start) - 1
    return at >= 0 and edit.start < spans[at].end


def _check_encoding(data: bytes) -> None:
    """Refuse what is not UTF-8: places in the bytes would not be places in the text."""
    declared = re.match(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*encoding\s*=\s*["']([^"']+)""", data)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        raise UnmovableError("meets a part in UTF-16, and only UTF-8 can be edited in place")
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"utf8"):
        raise UnmovableError(f"meets a part in {declared[1].decode()}, and only UTF-8 can be edited in place")
