"""What a workbook with room for them gets: headings, lines, periods, names, and formulas that are new."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

from xlwings_addin.inputs.renamed import former
from xlwings_addin.layout.former_formulas import former_formulas
from xlwings_addin.layout.names import alias_names, defined_names
from xlwings_addin.layout.references import HEADINGS, Book, PlacedCell, PlacedSheet, Rows
from xlwings_addin.proof.fitting import fitted, heading_rows
from xlwings_addin.proof.pages import Cells, Page, Pages
from xlwings_addin.proof.reading import rows_there
from xlwings_addin.proof.same_formula import host_neutral, is_same_formula
from xlwings_addin.refresh.growth.donors import Donors
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.refresh.growth.room import NewHeading, NewRows
from xlwings_addin.sheets.spec import LABEL, UNIT, Context, Layout
from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.agreement import plain
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Package,
    read_values,
    with_child,
)
from xlwings_addin.xlsx.placing import Placed, styles_in, with_cells

Identity = tuple[str, str, str, str]
"""A cell by sheet, line, column group and heading, wherever it stands."""


def identity(book: Book, cell: PlacedCell) -> Identity:
    """What a cell is, whatever row or column it stands in."""
    line = cell.line.key if cell.line is not None else HEADINGS
    return cell.sheet.key, line, cell.group, _heading(book, cell)


def _heading(book: Book, cell: PlacedCell) -> str:
    if cell.line is None:
        return str(cell.index)
    heading = book.sheets[cell.sheet.key].lines[cell.line.key][0].columns[cell.group].headings[cell.index]
    return heading if isinstance(heading, str) else str(cell.index)


@dataclass
class Before:
    """A workbook before it grew: its cells that are ours."""

    package: Package
    book: Book
    pages: Pages
    _by_sheet: dict[str, list[PlacedCell]] = field(default_factory=dict, init=False)
    _named: dict[str, dict[Identity, PlacedCell]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for cell in self.book.cells():  # now: the rows change while the workbook grows
            if _stands(cell, self.book.rows):
                self._by_sheet.setdefault(cell.sheet.key, []).append(cell)

    def cells_of(self, sheet: str) -> Mapping[Identity, PlacedCell]:
        """The cells of one of our sheets, by what they are."""
        if sheet not in self._named:
            there = self._by_sheet.get(sheet, ())
            self._named[sheet] = {identity(self.book, cell): cell for cell in there}
        return self._named[sheet]

    def cells(self) -> Iterator[tuple[Identity, PlacedCell]]:
        """All of them, with what they are."""
        for sheet in self._by_sheet:
            yield from self.cells_of(sheet).items()

    def is_untouched(self, name: Identity) -> bool:
        """Whether a cell that is ours holds our formula."""
        cell = self.cells_of(name[0]).get(name)
        return cell is not None and cell.entry.kind == "formula" and self._is_ours(cell)

    def _is_ours(self, cell: PlacedCell) -> bool:
        """Whether a cell holds the formula that this version, or a former one, has for it."""
        content = self.pages[cell.sheet.title].cells.get(cell.address)
        if not isinstance(content, str):
            return False
        own = self.book.formula(cell)
        if is_same_formula(content, own):
            return True
        line = cell.line.key if cell.line is not None else HEADINGS
        former = former_formulas().get((cell.sheet.key, line, cell.group), ())
        texts = (self._resolved(formula, cell) for formula in former)
        return host_neutral(content) in {host_neutral(text) for text in texts if text is not None}

    def _resolved(self, formula: str, cell: PlacedCell) -> str | None:
        """A former formula as it stands in a cell; none of a company without the lines that it names."""
        try:
            return f"={self.book.resolve(formula, cell.sheet.key, cell.group, cell.new_column)}"
        except KeyError:
            return None


def _stands(cell: PlacedCell, rows: Collection[tuple[str, str]]) -> bool:
    return (cell.sheet.key, HEADINGS if cell.line is None else cell.line.key) in rows


class Filling:
    """A workbook with room, and what is to be placed in it."""

    def __init__(
        self,
        package: Package,
        context: Context,
        before: Before,
        new_sheets: frozenset[str] = frozenset(),
    ) -> None:
        self.package, self.context, self.before = package, context, before
        self.new_sheets = new_sheets
        self.pages = cell_contents(package)
        self.placed: dict[CellKey, Placed] = {}
        self.new_lines: frozenset[tuple[str, str]] = frozenset()
        self.new_headings: set[tuple[str, str, str]] = set()
        self.added: list[str] = []
        self._key_columns: dict[str, int] = {}

    def read(self, sheet: str) -> Cells:
        return self.pages.get(sheet, {})

    # --- what stands around the figures ---------------------------------------------------------------------

    def _put(self, at: CellKey, value: CellValue, style: int | None) -> None:
        self.placed[at] = Placed(value, style=style)
        self.pages.setdefault(at[0], {})[at[1]] = value

    def add_headings(self, placed: PlacedSheet, headings: Sequence[NewHeading], rows: dict[str, int]) -> None:
        """Put headings above new columns, in every row of headings of their layout."""
        for heading in headings:
            for row, own in heading_rows(placed, rows):
                if (placed.columns if row == rows[HEADINGS] else own) == heading.layout:
                    at = placed.sheet.title, join_address(row, heading.column)
                    beside = placed.sheet.title, join_address(row, heading.column - 1)
                    self._put(at, heading.text, self._style(beside))
            for name, group in heading.layout.items():
                if heading.text in group.headings:
                    self.new_headings.add((placed.sheet.key, name, heading.text))
        title = placed.sheet.title
        self.added += [f"{title}: {text}" for text in dict.fromkeys(heading.text for heading in headings)]

    def add_lines(
        self,
        wanted: Book,
        rows: Rows,
        lines: Collection[tuple[str, str]],
        blocks: Iterable[tuple[PlacedSheet, NewRows]],
    ) -> None:
        """Put keys, labels, units and notes of new lines into their rows, and the titles of new blocks."""
        self.new_lines = frozenset(lines)
        self.added += [f"sheet {wanted.sheets[key].sheet.title}" for key in sorted(self.new_sheets)]
        for key, placed in wanted.sheets.items():
            for line in placed.lines:
                if (key, line) in self.new_lines:
                    self._add_line(placed, line, rows)
        for placed, run in blocks:
            self._add_title(placed, run, rows)

    def _add_line(self, placed: PlacedSheet, key: str, rows: Rows) -> None:
        title, line = placed.sheet.title, placed.lines[key][1]
        row, keys = rows[placed.sheet.key, key], self._key_column(title)
        beside = self._like(placed, line.total, rows)
        unit = line.unit if line.unit not in ("", "text") else None
        for column, text in (
            (placed.column(LABEL), line.label or None),
            (placed.column(UNIT), unit),
            (placed.column(placed.note_column), line.note or None),
            (keys, key),
        ):
            if text is not None:
                self._put((title, join_address(row, column)), text, self._style_of(title, beside, column))
        self.added.append(f"{title}: {line.label or key}")

    def _key_column(self, title: str) -> int:
        if title not in self._key_columns:
            self._key_columns[title] = Page(self.read(title)).key_column
        return self._key_columns[title]

    def _like(self, placed: PlacedSheet, total: bool, rows: Rows) -> list[int]:
        """Rows of lines that were there, those that are totals or not, as wanted, first."""
        there = [
            (line.total is not total, rows[placed.sheet.key, key])
            for key, (_, line) in placed.lines.items()
            if (placed.sheet.key, key) in rows and (placed.sheet.key, key) not in self.new_lines
        ]
        return [row for _, row in sorted(there, key=lambda pair: pair[0])]

    def _style_of(self, title: str, rows: Iterable[int], column: int) -> int | None:
        """The style of the first of some rows that has one in a column, and a text to be styled."""
        for row in rows:
            at = title, join_address(row, column)
            if self.read(title).get(at[1]) is not None and self._style(at) is not None:
                return self._style(at)
        return None

    def _add_title(self, placed: PlacedSheet, run: NewRows, rows: Rows) -> None:
        """The band with the title of a new block, and its headings, painted like another block's."""
        title, sheet = placed.sheet.title, placed.sheet.key
        own = [rows[sheet, key] for key in run.block.rows if (sheet, key) in rows]
        row = min(own) - 1
        like = next(
            (
                rows[sheet, first] - 1
                for block in placed.blocks
                if (first := next(iter(block.rows)))
                and (sheet, first) in rows
                and (sheet, first) not in self.new_lines
            ),
            None,
        )
        texts: dict[int, str] = {placed.column(LABEL): run.block.block.title}
        if run.block.block.columns is not None:
            texts |= dict(self._heading_texts(placed, run.block.columns))
        last = max(placed.column(placed.last_column), *texts)
        for column in range(LABEL, last + 1):
            style = None if like is None else self._style((title, join_address(like, column)))
            if column in texts or style is not None:
                self._put((title, join_address(row, column)), texts.get(column), style)

    @staticmethod
    def _heading_texts(placed: PlacedSheet, layout: Layout) -> Iterator[tuple[int, str]]:
        for group in layout.values():
            for column, heading in enumerate(group.headings, group.first):
                if isinstance(heading, str):
                    yield placed.column(column), heading

    # --- the figures ------------------------------------------------------------------------------------

    @cached_property
    def _styles(self) -> Donors:
        return Donors(self._numbers, self.after, self._was_there)

    def _was_there(self, cell: PlacedCell) -> bool:
        return not self._is_new(cell) and identity(self.after, cell) in self.before.cells_of(cell.sheet.key)

    @cached_property
    def _numbers(self) -> dict[CellKey, int]:
        return styles_in(self.package)

    def _style(self, at: CellKey) -> int | None:
        placed = self.placed.get(at)
        return self._numbers.get(at) if placed is None or placed.style is None else placed.style

    @cached_property
    def after(self) -> Book:
        """The book with everything in its place; asked for once headings and keys are put."""
        pages = Pages(self.read, lambda: self.pages)
        fit = fitted(self.context, pages, grown=True)
        return fit.book(rows_there(pages, fit.context))

    def filled(self) -> tuple[Package, Growth]:
        """The workbook, and what it has gained."""
        stored = read_values(self.package)
        results = next(iter(self.after.context.results.values()))
        rewritten: list[CellKey] = []
        standing = [cell for cell in self.after.cells() if _stands(cell, self.after.rows)]
        new = [cell for cell in standing if self._is_new(cell)]
        for cell in new:
            if cell.entry.kind == "answer":
                self.placed[cell.at] = self._new(cell, None)  # the refresh works it out
        others = [cell for cell in new if cell.entry.kind != "answer"]
        for cell, value in self.after.all_expected(others, results):
            self.placed[cell.at] = self._new(cell, plain(value))
        added = {cell.at for cell in new}
        for cell in standing:
            if cell.entry.kind == "formula" and cell.at not in added and self._says_else(cell):
                self.placed[cell.at] = Placed(stored.get(cell.at), self.after.formula(cell))
                rewritten.append(cell.at)
        package = with_cells(self.package, self.placed) if self.placed else self.package
        package = self._with_names(package)
        growth = Growth(
            tuple(self.added),
            frozenset(self.placed.keys() - set(rewritten)),
            tuple(rewritten),
        )
        return package, growth

    def _says_else(self, cell: PlacedCell) -> bool:
        """Whether a cell has our formula of before, and that is another by now."""
        formula, content = self.after.formula(cell), self.read(cell.sheet.title).get(cell.address)
        if isinstance(content, str) and is_same_formula(content, formula):
            return False
        return self.before.is_untouched(identity(self.after, cell))

    def _is_new(self, cell: PlacedCell) -> bool:
        if cell.sheet.key in self.new_sheets:
            return True
        if cell.line is None:
            return False
        if (cell.sheet.key, cell.line.key) in self.new_lines:
            return True
        headings = self.new_headings
        return bool(headings) and (cell.sheet.key, cell.group, _heading(self.after, cell)) in headings

    def _new(self, cell: PlacedCell, value: CellValue) -> Placed:
        """A cell of a new line or period; the figure of a period stays blank until the refresh writes it."""
        style = None if cell.sheet.key in self.new_sheets else self._styles.of(cell)
        if cell.has_formula:
            return Placed(None, self.after.formula(cell), style)
        is_fact = cell.entry.kind == "input" and cell.sheet.key != "inputs"
        return Placed(None if is_fact else value, None, style)

    def _with_names(self, package: Package) -> Package:
        """The workbook with the names of lines that have none yet; no name is changed."""
        workbook = package.workbook_part
        elements = package.tree(workbook).iterfind("{*}definedNames/{*}definedName")
        present = {str(name.get("name")).casefold() for name in elements}
        if not present:
            return package
        data = package.parts[workbook]
        names = {**defined_names(self.after), **alias_names(self.after)}
        standing = self._named_lines()
        for name, reference in names.items():
            if name.casefold() in present or name not in standing:
                continue
            child = f'<definedName name="{name}">{escape(reference, quote=False)}</definedName>'
            data = with_child(data, child, parent="definedNames")
            self.added.append(f"name {name}")
        if data == package.parts[workbook]:
            return package
        return package.edited({workbook: data})

    def _named_lines(self) -> set[str]:
        """The names, former ones too, of lines that the book has."""
        lines = (
            line.name
            for placed in self.after.sheets.values()
            for key, (_, line) in placed.lines.items()
            if line.name and (placed.sheet.key, key) in self.after.rows
        )
        return {name for line in lines for name in (line, *former("defined_name", line))}
