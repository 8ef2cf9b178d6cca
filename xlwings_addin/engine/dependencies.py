"""What formulas read, told from their texts, and what hangs on what.

A formula whose cells cannot be told from its text (OFFSET, INDIRECT, a range built by functions, a reference
through several sheets, a spilled range) is `open`: it counts as hanging on everything that changes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, lru_cache

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.areas import Area, CellSet
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.xlsx.addresses import LAST_COLUMN, LAST_ROW, corners, split_address
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import CellKey

_PIECE = re.compile(
    r"""
    "(?:[^"]|"")*"                                                          # a text
    | (?: (?P<sheet> '(?:[^']|'')+' | (?:\[[0-9]+\])? [^\W\d][\w.]* (?: :[^\W\d][\w.]*)? | \[[0-9]+\] ) ! )?
      (?: (?P<first> \$?[A-Za-z]{1,3}\$?[0-9]+ ) (?: : (?P<last> \$?[A-Za-z]{1,3}\$?[0-9]+ ) )? (?![\w(.!])
        | (?P<columns> \$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3} ) (?![\w(.!])
        | (?P<rows> \$?[0-9]+:\$?[0-9]+ ) (?![\w(.!])
        | (?P<name> [^\W\d][\w.\\]* | \\[\w.\\]* ) (?P<call> \s*\( )? )
    """,
    re.VERBOSE,
)
_OPEN_FUNCTIONS = frozenset(("OFFSET", "INDIRECT"))
_OPEN = re.compile(r"[0-9]\#|\[")
_RANGE_TO = re.compile(r":\s*([A-Za-z_.]+)\(")
_RANGE_FROM = re.compile(r"\)\s*:")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MOST_TOLD = 50_000
_SMALL = 16
"""Areas of up to this many cells are listed cell by cell."""


@lru_cache(maxsize=4)
def _told_before(sheets_and_names: tuple[str, ...]) -> dict[tuple[str, str], tuple[Area, ...] | None]:
    """Room for what formulas read in workbooks with the same sheets and names."""
    return {}


class Dependencies:
    """What each formula of a loaded workbook reads, and the closures of that."""

    def __init__(self, book: LoadedBook) -> None:
        self._book = book
        self.open: set[CellKey] = set()
        self._sheets = {sheet.lower(): sheet for sheet in book.sheets}
        self._names = {name.upper(): text for name, text in book.names.items()}
        self._reads: dict[CellKey, tuple[Area, ...]] = {}
        self._cells_only: dict[str, bool] = {}
        self._areas_of: dict[str, dict[tuple[str, str], Area | None]] = {}
        """By a sheet as it is spelled before a reference, or the title of the formula's own, and the ends."""
        self._told = _told_before((*book.sheets, *sorted(self._names)))

    def reads(self, key: CellKey) -> tuple[Area, ...]:
        """The areas that a formula cell reads."""
        if key not in self._reads:
            self._reads[key] = self._read_by(key)
        return self._reads[key]

    def hanging_on(self, cells: Iterable[CellKey]) -> set[CellKey]:
        """The formula cells that hang on any of `cells`, directly or through others; those themselves too."""
        start = set(cells)
        if not start:
            return set()
        singles, areas = self._readers
        reached, waiting = set(start), list(start | self.open)
        reached |= self.open
        pending = dict(areas)
        while waiting:
            news = []
            while waiting:
                cell = waiting.pop()
                news.append(cell)
                fresh = [reader for reader in singles.get(cell, ()) if reader not in reached]
                reached.update(fresh)
                waiting.extend(fresh)
            touched = CellSet(news)
            for area in [area for area in pending if touched.touches(area)]:
                fresh = [reader for reader in pending.pop(area) if reader not in reached]
                reached.update(fresh)
                waiting.extend(fresh)
        return {key for key in reached if key in self._book.formulas or key in start}

    def first_of(self, cells: Collection[CellKey]) -> set[CellKey]:
        """Those of `cells` that read none of the others; where all hang on each other, the circles."""
        among = CellSet(cells)
        read = {
            key: {other for area in self.reads(key) for other in among.within(area) if other != key}
            for key in cells
        }
        first = {key for key, others in read.items() if not others}
        return first or _on_circles(read)

    @cached_property
    def _readers(self) -> tuple[Mapping[CellKey, list[CellKey]], Mapping[Area, list[CellKey]]]:
        singles: dict[CellKey, list[CellKey]] = defaultdict(list)
        areas: dict[Area, list[CellKey]] = defaultdict(list)
        for key in self._book.formulas:
            for area in self.reads(key):
                if area.size <= _SMALL:
                    for cell in area.cells():
                        singles[cell].append(key)
                else:
                    areas[area].append(key)
        return singles, areas

    def _read_by(self, key: CellKey) -> tuple[Area, ...]:
        formula = self._book.formulas[key]
        if key in self._tables:
            return self._tables[key]
        if formula.kind == "member":
            master = self._masters.get((key[0], formula.area))
            return (_one(master),) if master is not None and master != key else ()
        pattern, text = self._book.patterns[key], self._book.texts[key]
        if self._cells_only.get(pattern) and (read := self._cells_in(text, key[0])) is not None:
            return read
        text = self._book.with_plain_ranges(key, text)
        areas, is_open = self._areas(text, key[0], frozenset())
        if is_open:
            self.open.add(key)
        if pattern not in self._cells_only:
            by_functions = _functions_at_ends_of_ranges(_without_texts(text))
            is_plain = not (is_open or by_functions) and "[" not in text
            self._cells_only[pattern] = is_plain and areas == self._cells_in(text, key[0])
        return areas

    def _cells_in(self, text: str, sheet: str) -> tuple[Area, ...] | None:
        """The cells and ranges that a formula spells, if that is all that it can read; None if it is not.

        One formula tells it for all of its pattern, which differ in addresses alone. It hangs on the text and
        on what sheets and names there are: of a workbook that is read again it is known.
        """
        told = self._told.get((sheet, text), ())
        if told == ():  # that it reads nothing is told anew
            told = self._spelled_in(text, sheet)
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told[sheet, text] = told
        return told

    def _spelled_in(self, text: str, sheet: str) -> tuple[Area, ...] | None:
        areas: dict[Area, None] = {}
        areas_of, own_areas = self._areas_of, self._areas_of.setdefault(sheet, {})
        for spelled, first, last, columns, rows, name, call in _PIECE.findall(text):
            if first:
                of_sheet = areas_of.setdefault(spelled, {}) if spelled else own_areas
                ends = first, last
                if ends not in of_sheet:
                    of_sheet[ends] = self._spelled(spelled, first, last, sheet)
                area = of_sheet[ends]
                if area is None:
                    return None
                areas[area] = None
            elif columns or rows or (name and not call and name.upper() in self._names):
                return None
        return tuple(areas)

    def _spelled(self, sheet: str, first: str, last: str, own: str) -> Area | None:
        """The area of a reference; None where it takes a closer look to say what it means."""
        title = self._sheets.get(sheet.strip("'").replace("''", "'").lower()) if sheet else own
        try:
            top, left = bottom, right = split_address(first.replace("$", ""))
            if last:
                (top, left), (bottom, right) = corners(f"{first}:{last}".replace("$", ""))
        except BookError:
            return None
        return None if title is None or right > LAST_COLUMN else Area(title, top, left, bottom, right)

    @cached_property
    def _masters(self) -> dict[tuple[str, str], CellKey]:
        kinds = ("array", "dynamic", "dataTable")
        formulas = self._book.formulas.values()
        return {
            (formula.sheet, formula.area): (formula.sheet, formula.cell)
            for formula in formulas
            if formula.kind in kinds
        }

    @cached_property
    def _tables(self) -> dict[CellKey, tuple[Area, ...]]:
        """A cell of a data table reads its inputs, their values and the formula whose value it shows."""
        return {
            cell.key: tuple(
                _one(key) for key in {cell.result, *(key for pair in cell.inputs for key in pair)}
            )
            for table in data_tables(self._book.package)
            if table.is_certain
            for cell in table.cells()
        }

    def _areas(self, text: str, sheet: str, inside: frozenset[str]) -> tuple[tuple[Area, ...], bool]:
        areas: list[Area] = []
        plain = _without_texts(text)
        ends = _functions_at_ends_of_ranges(plain)
        is_open = _OPEN.search(plain) is not None or not ends <= {"INDEX"}
        for piece in _PIECE.finditer(text):
            if piece["name"] is not None:
                more, opens = self._named(piece, sheet, inside)
            elif piece["first"] and not piece["last"] and not _is_cell(piece["first"]):
                more, opens = self._name(piece["first"], sheet, inside)
            elif piece["first"] or piece["columns"] or piece["rows"]:
                more, opens = self._referred(piece, sheet)
            else:
                continue
            areas.extend(more)
            is_open |= opens
        if ends:  # INDEX gives a cell of the area it is handed, so the range lies around such areas
            areas.extend(_around(areas))
        return tuple(dict.fromkeys(areas)), is_open

    def _named(
        self, piece: re.Match[str], sheet: str, inside: frozenset[str]
    ) -> tuple[tuple[Area, ...], bool]:
        if piece["call"]:
            return (), piece["name"].upper() in _OPEN_FUNCTIONS
        if "[" in (piece["sheet"] or ""):
            return (), False
        return self._name(piece["name"], sheet, inside)

    def _name(self, name: str, sheet: str, inside: frozenset[str]) -> tuple[tuple[Area, ...], bool]:
        name = name.upper()
        if name in inside or name not in self._names:
            return (), False
        return self._areas(self._names[name], sheet, inside | {name})

    def _referred(self, piece: re.Match[str], sheet: str) -> tuple[tuple[Area, ...], bool]:
        spelled = piece["sheet"]
        if spelled is not None:
            spelled = spelled.strip("'").replace("''", "'")
            if spelled.startswith("[") or "[" in spelled:
                return (), False  # a cell of another workbook, whose values the file keeps
            if spelled.lower() not in self._sheets:
                return (), ":" in spelled
            sheet = self._sheets[spelled.lower()]
        return (_area(piece, sheet),), False


def _functions_at_ends_of_ranges(text: str) -> set[str]:
    """The functions that give a cell from which a range leads, or to which.

    >>> sorted(_functions_at_ends_of_ranges("SUM(INDEX(A1:A9,MATCH(1,B1:B9)):OFFSET(A1,1,1))+SUM(C1:C2)"))
    ['INDEX', 'OFFSET']
    """
    functions = {match[1].upper() for match in _RANGE_TO.finditer(text)}
    for match in _RANGE_FROM.finditer(text):
        depth, at = 0, match.start()
        while at >= 0:
            depth += {")": 1, "(": -1}.get(text[at], 0)
            if depth == 0:
                break
            at -= 1
        name = re.search(r"[A-Za-z_.]*$", text[: max(at, 0)])
        functions.add(name[0].upper() if name else "")
    return functions


def _around(areas: Iterable[Area]) -> list[Area]:
    """On every sheet, the smallest area that has all of the areas in it."""
    by_sheet: dict[str, list[Area]] = defaultdict(list)
    for area in areas:
        by_sheet[area.sheet].append(area)
    return [
        Area(
            sheet,
            min(area.top for area in listed),
            min(area.left for area in listed),
            max(area.bottom for area in listed),
            max(area.right for area in listed),
        )
        for sheet, listed in by_sheet.items()
    ]


def _is_cell(address: str) -> bool:
    """Whether what looks like an address is one: `YTD2024` lies beyond the last column, and is a name."""
    letters, digits = address.replace("$", "").rstrip("0123456789"), address.lstrip("$").lstrip(_LETTERS)
    row = int(digits.replace("$", ""))
    return 0 < row <= LAST_ROW and split_address(f"{letters}1")[1] <= LAST_COLUMN


def _area(piece: re.Match[str], sheet: str) -> Area:
    if piece["first"]:
        one = split_address(piece["first"])
        other = split_address(piece["last"] or piece["first"])
        (top, bottom), (left, right) = sorted((one[0], other[0])), sorted((one[1], other[1]))
        return Area(sheet, top, left, bottom, right)
    if piece["columns"]:
        first, last = (split_address(f"{end}1")[1] for end in piece["columns"].split(":"))
        return Area(sheet, 1, min(first, last), LAST_ROW, max(first, last))
    first, last = (int(end.replace("$", "")) for end in piece["rows"].split(":"))
    return Area(sheet, min(first, last), 1, max(first, last), LAST_COLUMN)


def _one(key: CellKey) -> Area:
    row, column = split_address(key[1])
    return Area(key[0], row, column, row, column)


def _without_texts(text: str) -> str:
    return re.sub(r""""(?:[^"]|"")*"|'(?:[^']|'')*'|\[[0-9]+\]""", "", text)


def _on_circles(read: Mapping[CellKey, set[CellKey]]) -> set[CellKey]:
    """The cells that lie on circles, or between two: those left when all that nobody reads have gone."""
    left = {key: set(others) for key, others in read.items()}
    while True:
        wanted = set().union(*left.values()) if left else set()
        ends = left.keys() - wanted
        if not ends:
            return set(left) or set(read)
        for key in ends:
            del left[key]
