"""A workbook file that gains what the tables, or this version of the model, have and it lacks.

Sheets come behind the others. Rows and columns are inserted, so that all that refers to cells follows; then
the new lines and periods are written into them, and formulas of ours whose text is another by now. A formula
that an analyst has changed is never touched, but for ranges over all periods, which reach to the new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xlwings_addin.layout.references import HEADINGS, Book, PlacedSheet
from xlwings_addin.layout.state import FORMAT, State
from xlwings_addin.proof.fitting import fitted, heading_rows
from xlwings_addin.proof.pages import Pages
from xlwings_addin.proof.reading import rows_there
from xlwings_addin.proof.renamed_sheets import refuse_left_behind
from xlwings_addin.refresh.growth.filling import Before, Filling
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.refresh.growth.new_sheets import refusal_of_sheet, with_sheet
from xlwings_addin.refresh.growth.room import NewColumns, NewHeading, NewRows, new_columns, new_rows, shifted
from xlwings_addin.sheets.spec import Context
from xlwings_addin.xlsx.addresses import join_address, split_address
from xlwings_addin.xlsx.column_looks import with_columns_like_the_one_before
from xlwings_addin.xlsx.extending import Run, extended
from xlwings_addin.xlsx.moving.shift import Axis, Shift
from xlwings_addin.xlsx.package import CellKey, Package, formula_cells, moved_parts


@dataclass(frozen=True)
class Grown:
    """A workbook that has grown, and how the rows and columns of the former one have moved.

    `roomy` is the workbook with room for what is new and nothing in it yet; `runs` are the periods that have
    got more behind them.
    """

    package: Package
    growth: Growth
    moves: tuple[tuple[str, Shift], ...] = ()
    roomy: Package | None = None
    runs: tuple[Run, ...] = ()

    def place(self, at: CellKey) -> CellKey:
        """Where a cell of the former workbook stands now."""
        return moved(at, self.moves)


def moved(at: CellKey, moves: tuple[tuple[str, Shift], ...]) -> CellKey:
    """Where a cell stands after insertions."""
    sheet, address = at
    row, column = split_address(address)
    for title, shift in moves:
        if title == sheet and shift.axis == "rows":
            row = shift.index(row) or row
        elif title == sheet:
            column = shift.index(column) or column
    return sheet, join_address(row, column)


def grown(
    package: Package, pages: Pages, context: Context, state: State | None, *, no_sheets: str = ""
) -> Grown:
    """The workbook with every line and period that it lacks; itself where it lacks none.

    `pages` are those that it has.

    A line that the record of the last refresh has and the workbook has not was taken out by the analyst: it
    stays out, and is named. `no_sheets` says why whole sheets stay out. Raises what moving rows and columns
    raises, before anything is changed.
    """
    return _Grower(package, pages, context, state, no_sheets).grown()


class _Grower:
    """A workbook on its way: first room is made, then it is filled."""

    def __init__(
        self, package: Package, pages: Pages, context: Context, state: State | None, no_sheets: str
    ) -> None:
        self.package, self.pages, self.context, self.state = package, pages, context, state
        self.no_sheets = no_sheets
        self.rows = rows_there(self.pages, context)
        refuse_left_behind(package, self.rows.titles, context.company)
        wanted = fitted(context, self.pages, grown=True)
        self.wanted = Book(wanted.context, self.rows, blocks=wanted.blocks)
        self.moves: list[tuple[str, Shift]] = []
        self.columns: dict[str, NewColumns] = {}
        self.left_out: dict[str, frozenset[str]] = {}
        self.new_lines: set[tuple[str, str]] = set()
        self.blocks: list[tuple[PlacedSheet, NewRows]] = []
        self.missing: list[str] = []
        self.sheets: list[str] = []
        self.runs: list[Run] = []

    def grown(self) -> Grown:
        lacks, is_old = self._lacks(), self.state is None or self.state.format < FORMAT
        if not (lacks or is_old):
            return Grown(self.package, Growth(missing=tuple(self.missing)))
        fit = fitted(self.context, self.pages)
        before = Before(self.package, Book(fit.context, self.rows, blocks=fit.blocks), self.pages)
        self._add_sheets()
        self._make_room()
        moves, roomy = tuple(self.moves), self.package
        extended = self._extend()
        places = {moved(cell.at, moves): name for name, cell in before.cells()} if extended else {}
        longer = tuple(
            f"{at[0]}!{at[1]}" for at in extended if at not in places or not before.is_untouched(places[at])
        )
        filling = Filling(self.package, self.context, before, frozenset(self.sheets))
        for key, columns in self.columns.items():
            filling.add_headings(self.wanted.sheets[key], columns.headings, self._rows_of(key))
        filling.add_lines(self.wanted, self.rows, self.new_lines, self.blocks)
        package, growth = filling.filled()
        growth = replace(growth, extended=longer, missing=tuple(self.missing))
        return Grown(package, growth, moves, roomy, tuple(self.runs))

    # --- what is lacking ----------------------------------------------------------------------------------

    def _lacks(self) -> bool:
        """Whether anything is lacking; what there is no room for, or what was taken out, is named."""
        for key, placed in self.wanted.sheets.items():
            if (key, HEADINGS) not in self.rows:
                refused = refusal_of_sheet(placed, self.package.titles, self.state)
                if self.no_sheets:
                    refused = refused or f"sheet {placed.sheet.title}: {self.no_sheets}"
                (self.missing if refused else self.sheets).append(refused or key)
                continue
            self.left_out[key] = self._taken_out(placed)
            columns = new_columns(placed, self._rows_of(key), self.pages[self.rows.titles[key]])
            self.missing += columns.refused
            if columns.headings:
                self.columns[key] = columns
            lines = [line for line in placed.lines if (key, line) not in self.rows]
            self.new_lines |= {(key, line) for line in lines if line not in self.left_out[key]}
        return bool(self.columns or self.new_lines or self.sheets)

    def _taken_out(self, placed: PlacedSheet) -> frozenset[str]:
        """The lines of a sheet that stay out: the analyst took them out, or they come with a build alone.

        The former stood in it at the last refresh.
        """
        key = placed.sheet.key
        lacking = (line for line in placed.lines if (key, line) not in self.rows)
        removed = [line for line in lacking if self.state is not None and self.state.has_had(key, line)]
        self.missing += [f"{placed.sheet.title}: {line} was taken out of this book" for line in removed]
        return frozenset(removed) | {
            line for block in placed.blocks if block.block.with_a_build for line in block.rows
        }

    def _rows_of(self, sheet: str) -> dict[str, int]:
        return {key: row for (own, key), row in self.rows.items() if own == sheet}

    # --- sheets ---------------------------------------------------------------------------------------------

    def _add_sheets(self) -> None:
        """Put the sheets that are lacking behind the others, with their looks, texts and keys."""
        for key in self.sheets:
            placed = self.wanted.sheets[key]
            self.package = with_sheet(self.package, self.wanted, key)
            self.rows.titles[key] = placed.sheet.title
            self.rows[key, HEADINGS] = placed.heading_row
            self.rows.update(
                {(key, line): row for block in placed.blocks for line, row in block.rows.items()}
            )

    # --- room -----------------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        for key, columns in self.columns.items():
            if columns.inserted:
                title, at, count = self.rows.titles[key], columns.insert_at, columns.inserted
                self._move(title, at, count, "columns")
                self.package = with_columns_like_the_one_before(self.package, title, at, count)
        for key in dict.fromkeys(sheet for sheet in self.wanted.sheets if self._gains_lines(sheet)):
            placed = self.wanted.sheets[key]
            places: dict[int, int] = {}
            for run in new_rows(placed, self._rows_of(key), self.left_out[key]):
                places[run.at] = places.get(run.at, 0) + run.count
                shifted(self.rows, key, run.at, run.count)
                self.rows.update({(key, line): run.at + down for line, down in run.lines.items()})
                if run.title is not None:
                    self.blocks.append((placed, run))
            if places:
                (at, count), *further = sorted(places.items())
                self._move(self.rows.titles[key], at, count, "rows", further)

    def _gains_lines(self, sheet: str) -> bool:
        return any(key == sheet for key, _ in self.new_lines)

    def _move(
        self, sheet: str, at: int, count: int, axis: Axis, further: Sequence[tuple[int, int]] = ()
    ) -> None:
        parts = moved_parts(self.package, sheet, at, count, axis, further)
        self.package = self.package.edited(parts)
        self.moves.append((sheet, Shift(axis, at, count, tuple(further))))

    def _extend(self) -> list[CellKey]:
        """Let what spans all periods of a layout reach to the new ones behind them; formulas that do so."""
        if not self.columns:
            return []
        texts = {(cell.sheet, cell.cell): cell.text for cell in formula_cells(self.package)}
        for key, columns in self.columns.items():
            by_layout: dict[int, list[NewHeading]] = {}
            for heading in columns.headings:
                by_layout.setdefault(id(heading.layout), []).append(heading)
            for headings in by_layout.values():
                run = self._run(self.wanted.sheets[key], headings)
                if run is not None:
                    self.package = extended(self.package, run)
                    self.runs.append(run)
        now = formula_cells(self.package)
        return [at for cell in now if texts.get(at := (cell.sheet, cell.cell)) != cell.text]

    def _run(self, placed: PlacedSheet, headings: list[NewHeading]) -> Run | None:
        """The columns of a layout before it grew, if it grew at its end only."""
        layout, rows = headings[0].layout, self._rows_of(placed.sheet.key)
        new = {heading.column for heading in headings}
        group = next(iter(layout.values()))
        columns = {placed.column(column) for column in range(group.first, group.first + group.count)} - new
        if not columns or (min(new), len(new)) != (max(columns) + 1, max(new) - max(columns)):
            return None
        heads = {
            row
            for row, own in heading_rows(placed, rows)
            if (placed.columns if row == rows[HEADINGS] else own) == layout
        }
        keys = (key for block in placed.blocks if block.columns == layout for key in block.rows)
        lines = {rows[key] for key in keys if key in rows}
        title = self.rows.titles[placed.sheet.key]
        return Run(title, frozenset(heads | lines), min(columns), max(columns), len(new))
