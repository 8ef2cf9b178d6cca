"""Rows, columns, names and charts of the stand-in for Excel, as Excel's object model has them.

What refers to cells follows when rows or columns come in, by the project's own moving of files, which is
tested against LibreOffice (tests/xlsx).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree
from xlwings import base_classes

from xlwings_addin.refresh.growth.growing import moved
from xlwings_addin.xlsx.moving.shift import Shift
from xlwings_addin.xlsx.package import Package, formula_cells, move, read_package
from xlwings_addin.xlsx.placing import Placed, with_cells

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def inserted(
    package: Package, sheet: str, axis: Any, at: int, count: int, *, follows: bool = True
) -> Package:
    """The package with rows or columns inserted; formulas stay as they were unless they are to follow."""
    after = read_package(move(package, sheet, at, count, axis))
    if follows:
        return after
    shift = ((sheet, Shift(axis, at, count)),)
    texts = {moved((cell.sheet, cell.cell), shift): cell.text for cell in formula_cells(package)}
    now = {(cell.sheet, cell.cell): cell.text for cell in formula_cells(after)}
    stale = {at: Placed(None, f"={texts[at]}") for at, text in now.items() if texts[at] != text}
    return with_cells(after, stale) if stale else after


class MemoryLines:
    """Whole rows or columns."""

    def __init__(self, book: Any, title: str, axis: str, at: int, count: int) -> None:
        self._book, self._place = book, (title, axis, at, count)

    @property
    def OutlineLevel(self) -> int:  # noqa: N802
        title, axis, at, _ = self._place
        return int(self._book.levels.get((title, axis, at), 1))

    @OutlineLevel.setter
    def OutlineLevel(self, level: int) -> None:  # noqa: N802
        title, axis, at, count = self._place
        self._book.levels |= {(title, axis, number): level for number in range(at, at + count)}

    def Insert(self, direction: int, origin: int) -> None:  # noqa: N802
        assert (direction, origin) == ({"rows": -4121, "columns": -4161}[self._place[1]], 0)
        self._book.insert(*self._place)

    def Delete(self) -> None:  # noqa: N802
        title, axis, at, count = self._place
        self._book.insert(title, axis, at, -count)


class MemoryNames(base_classes.Names):  # type: ignore[misc]
    """The defined names of the workbook itself."""

    def __init__(self, book: Any) -> None:
        self._book = book

    def _there(self) -> list[str]:
        names = self._book.package.tree(self._book.package.workbook_part).iter("{*}definedName")
        return [name.get("name") for name in names if name.get("localSheetId") is None]

    def __call__(self, name_or_index: str | int) -> MemoryName:
        name = self._there()[name_or_index - 1] if isinstance(name_or_index, int) else name_or_index
        return MemoryName(self._book, name)

    def __len__(self) -> int:
        return len(self._there())

    def add(self, name: str, refers_to: str) -> MemoryName:
        assert name not in self._there()

        def append(tree: etree._Element) -> None:
            names = tree.find("{*}definedNames")
            etree.SubElement(names, etree.QName(names, "definedName"), {"name": name})

        _edit(self._book, self._book.package.workbook_part, append)
        added = MemoryName(self._book, name)
        added.refers_to = refers_to
        return added


class MemoryName(base_classes.Name):  # type: ignore[misc]
    """A defined name."""

    name = None  # a plain attribute in place of the property

    def __init__(self, book: Any, name: str) -> None:
        self._book, self.name = book, name

    def _element(self, tree: etree._Element) -> etree._Element:
        return next(name for name in tree.iter("{*}definedName") if name.get("name") == self.name)

    @property
    def refers_to(self) -> str:
        tree = self._book.package.tree(self._book.package.workbook_part)
        return f"={self._element(tree).text}"

    @refers_to.setter
    def refers_to(self, text: str) -> None:
        assert text.startswith("=")
        part = self._book.package.workbook_part
        _edit(self._book, part, lambda tree: setattr(self._element(tree), "text", text[1:]))

    def delete(self) -> None:
        def remove(tree: etree._Element) -> None:
            element = self._element(tree)
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)

        _edit(self._book, self._book.package.workbook_part, remove)


class MemoryCharts:
    """The charts of a sheet: counted from one, as all of Excel's collections."""

    def __init__(self, book: Any, title: str) -> None:
        package = book.package
        drawings = package.relations(package.sheets()[title]) if title in package.sheets() else {}
        parts = [part for _, part in drawings.values() if "/drawings/" in part and part.endswith(".xml")]
        charts = [part for drawing in parts for _, part in package.relations(drawing).values()]
        self._charts = [MemoryChart(book, part) for part in charts if "/charts/" in part]
        self.Count = len(self._charts)

    def Item(self, number: int) -> MemoryChart:  # noqa: N802
        return self._charts[number - 1]


class MemoryChart:
    """A chart, and its series."""

    def __init__(self, book: Any, part: str) -> None:
        self.Chart, self.Name = self, part.rpartition("/")[2]
        self._book, self._part = book, part
        self.Count = len(list(book.package.tree(part).iter(f"{CHART}ser")))

    def SeriesCollection(self) -> MemoryChart:  # noqa: N802
        return self

    def Item(self, number: int) -> MemorySeries:  # noqa: N802
        return MemorySeries(self._book, self._part, number - 1)


class MemorySeries:
    """A series: its formula names the cells of its categories and values."""

    def __init__(self, book: Any, part: str, number: int) -> None:
        self._book, self._part, self._number = book, part, number

    def _places(self, tree: etree._Element) -> list[etree._Element | None]:
        series = list(tree.iter(f"{CHART}ser"))[self._number]
        return [series.find(f"{CHART}{kind}//{CHART}f") for kind in ("cat", "val")]

    @property
    def Formula(self) -> str:  # noqa: N802
        places = self._places(self._book.package.tree(self._part))
        texts = ["" if place is None else str(place.text) for place in places]
        return f"=SERIES(,{texts[0]},{texts[1]},{self._number + 1})"

    @Formula.setter
    def Formula(self, text: str) -> None:  # noqa: N802
        _, *texts, _ = text.removeprefix("=SERIES(").split(",")

        def put(tree: etree._Element) -> None:
            for place, new in zip(self._places(tree), texts, strict=True):
                if place is not None:
                    place.text = new

        _edit(self._book, self._part, put)


def _edit(book: Any, part: str, edit: Callable[[etree._Element], object]) -> None:
    tree = book.package.tree(part)
    edit(tree)
    book.package = read_package(book.package.with_parts({part: etree.tostring(tree)}))
