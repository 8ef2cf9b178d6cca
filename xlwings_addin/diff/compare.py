"""The cells of two workbooks held against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from xlwings_addin.diff.difference import Difference, DifferenceKind
from xlwings_addin.diff.moves import Moves, followed, moves_between, plain_formula
from xlwings_addin.diff.same import same_cells
from xlwings_addin.diff.side import Cells, Content, Place, Side
from xlwings_addin.inputs.renamed import renamed_names
from xlwings_addin.layout.references import HEADINGS
from xlwings_addin.proof.pages import pages_of, titles_of
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets import sources as sources_sheet
from xlwings_addin.sheets.made import ASKED, LIMIT
from xlwings_addin.sheets.spec import LABEL, NOTE
from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import CellKey, CellValue

_NOTHING = Content("", None, "")


def compare(one: Side, other: Side) -> tuple[list[Difference], list[str]]:
    """The cells that differ, sheet by sheet in the order of the later book, and what was not compared."""
    _call_alike(one, other)
    renamed = _call_renamed_alike(one, other)
    there, here = one.sheets(), other.sheets()
    titles = [*here, *(title for title in there if title not in here)]
    empty = Cells({}, {})
    pairs = {
        title: (
            one.cells(title) if title in there else empty,
            other.cells(title) if title in here else empty,
        )
        for title in titles
        if not (title in there and title in here and _same_parts(one, other, title))
    }
    moves = {title: moves_between(*cells) for title, cells in pairs.items()}
    comparison = _Comparison(one, other, {title: move for title, move in moves.items() if move is not None})
    differing = [cell for title, cells in pairs.items() for cell in comparison.sheet(title, *cells)]
    return differing, [*renamed, *comparison.notes()]


def _call_alike(one: Side, other: Side) -> None:
    """Match sheets that were renamed between the two books: both go by the later title."""
    for title, now in renamed_names("sheet").items():
        for side, opposite in ((one, other), (other, one)):
            has, lacks = side.package.sheets(), opposite.package.sheets()
            if title in has and now not in has and now in lacks and title not in lacks:
                side.titles[title] = now


def _call_renamed_alike(one: Side, other: Side) -> list[str]:
    """Match our sheets that somebody has renamed in one of the books; gives a sentence about each of them."""
    there, here = one.sheets(), other.sheets()
    if set(there) == set(here):
        return []
    first, second = pages_of(one.values), pages_of(other.values)
    told = []
    for sheet in sheets():
        (title, lines), (other_title, other_lines) = (
            pages.title_and_keys(sheet) for pages in (first, second)
        )
        before, now = one.titles.get(title, title), other.titles.get(other_title, other_title)
        if before == now or not (lines and other_lines) or before in here or now in there:
            continue
        told.append(f"sheet {before} of the first book is called {now} in the second")
        if before in titles_of(sheet):
            other.titles[other_title] = before
        else:
            one.titles[title] = now
    return told


def _same_parts(one: Side, other: Side, title: str) -> bool:
    renamed = one.titles or other.titles
    return not renamed and same_cells(one.package, other.package, title)


class _Comparison:
    """Two workbooks and where the cells of the first stand in the second, for sheets where that matters."""

    def __init__(self, one: Side, other: Side, moves: Mapping[str, Moves]) -> None:
        self.one, self.other, self.moves = one, other, moves
        self.moved = {title: move for title, move in moves.items() if move.has_any}
        self.kept_results = _kept_results(other)
        self.unvalued: Counter[str] = Counter()

    def notes(self) -> list[str]:
        return [
            f"{book}: {count} formula cells hold no value and were compared by formula only; recalculate it"
            for book, count in self.unvalued.items()
        ]

    def sheet(self, title: str, one: Cells, other: Cells) -> Iterator[Difference]:
        """The cells of a sheet that differ: those of the later book row by row, then those removed."""
        moves = self.moves.get(title)
        matched: set[Place] = set()
        for (row, column), new in sorted(other.contents.items()):
            at = (row, column) if moves is None else moves.back((row, column))
            matched.add(at)
            if column != other.key_column:
                yield from self._cell(title, other, (row, column), one.contents.get(at), new)
        for at, old in sorted(one.contents.items()):
            if at not in matched and at[1] != one.key_column:
                yield from self._cell(title, one, at, old, None)

    def _cell(
        self, title: str, cells: Cells, at: Place, old: Content | None, new: Content | None
    ) -> Iterator[Difference]:
        old = old or _NOTHING._replace(look=self.one.default_look)
        new = new or _NOTHING._replace(look=self.other.default_look)
        kind = self._kind(title, at, old, new)
        if kind is None:
            return
        row, _ = at
        line = cells.lines.get(row, "")
        label = cells.rows[row].get(LABEL, _NOTHING).meant if line else ""
        yield Difference(
            kind, title, join_address(*at), line if line != HEADINGS else "", str(label or ""),
            old.meant, new.meant, old.formula, new.formula,
        )  # fmt: skip

    def _kind(self, title: str, at: Place, old: Content, new: Content) -> DifferenceKind | None:
        if old.is_blank != new.is_blank:
            return "added" if old.is_blank else "removed"
        if bool(old.formula) != bool(new.formula):
            return "formula changed"
        if new.formula:
            if not self._same_formula(title, old.formula, new.formula):
                return "formula changed"
            if self._both_valued(old, new) and _differ(old.value, new.value):
                return "value followed"
        elif _differ(old.value, new.value):
            kept = (title, join_address(*at)) in self.kept_results
            return "value followed" if kept else "input changed"
        return "format only" if old.look != new.look else None

    def _same_formula(self, title: str, old: str, new: str) -> bool:
        if old == new or plain_formula(old) == plain_formula(new):
            return True
        return bool(self.moved) and plain_formula(followed(old, title, self.moved)) == plain_formula(new)

    def _both_valued(self, old: Content, new: Content) -> bool:
        for side, content in ((self.one, old), (self.other, new)):
            if content.value is None:
                self.unvalued[side.package.display] += 1
        return old.value is not None and new.value is not None


def _differ(old: CellValue, new: CellValue) -> bool:
    """Whether two values differ by more than the rounding of two engines."""
    return old is not new and bool(type(old) is not type(new) or old != new) and bool(disagreement(old, new))


def _kept_results(side: Side) -> set[CellKey]:
    """The cells in which a build keeps what follows: results of every case on Cover, the core's answers, and
    which cases have a number from which source."""
    kept = _cases_of_sources(side)
    for title in ("Cover", *(sheet.title for sheet in sheets() if sheet.old_when)):
        if title not in side.package.sheets():
            continue
        cells = side.cells(title)
        rows = {row for row, key in cells.lines.items() if _keeps_results(title, key)}
        kept |= {(title, join_address(*at)) for at in cells.contents if at[0] in rows and at[1] >= NOTE}
    return kept


def _cases_of_sources(side: Side) -> set[CellKey]:
    title = sources_sheet.SHEET.title
    if title not in side.package.sheets():
        return set()
    cells = side.cells(title)
    headings = cells.rows.get(cells.keys.get(HEADINGS, 0), {})
    columns = [at for at, content in headings.items() if str(content.value).startswith(sources_sheet.CASE)]
    rows = [row for row, key in cells.lines.items() if key == sources_sheet.CASES or key[-1:].isdigit()]
    return {(title, join_address(row, column)) for row in rows for column in columns}


def _keeps_results(title: str, key: str) -> bool:
    return key.startswith("stored_") if title == "Cover" else key not in (ASKED, LIMIT, HEADINGS)
