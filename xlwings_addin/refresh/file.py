"""A workbook file under refresh: calculated by the embedded engine, replaced whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import BookError
from xlwings_addin.layout.as_left import is_as_left, marked_as_left
from xlwings_addin.layout.record_sheet import RECORD_SHEET, cells_with, newest, state_on
from xlwings_addin.layout.state import State, parts_with_state, read_state
from xlwings_addin.proof.context import Functions
from xlwings_addin.proof.own_sheets import own_sheets
from xlwings_addin.proof.pages import Pages
from xlwings_addin.refresh.growth.growing import Grown, grown
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.refresh.medium import Account
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.data_tables import DataTable, data_tables
from xlwings_addin.xlsx.exchanging import replace_if
from xlwings_addin.xlsx.locking import locked
from xlwings_addin.xlsx.native_tables import with_native_tables
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    parts_with_values,
    read_package,
    read_values,
    require_replaceable,
    save,
)
from xlwings_addin.xlsx.relinking import with_formulas
from xlwings_addin.xlsx.writing import parts_recalculated_on_load

if TYPE_CHECKING:
    from xlwings_addin.engine.loading import LoadedBook
    from xlwings_addin.engine.witness import Distrust, Outcome, Witness
    from xlwings_addin.refresh.changes_page import Page
    from xlwings_addin.sheets.spec import Context

SECOND_ENGINE_SECONDS = 120.0
"""What a second engine may take for the cells that nothing witnesses."""


class FileMedium:
    """The cells of an .xlsx or .xlsm file; what is written waits until `keep` replaces the file.

    The values that the file stores are held against the engine's before anything is set (`Witness`). A
    formula that hangs on nothing that was written keeps its bytes, as does every part of the file that need
    not change. The former version stays beside it, named `<book>.backup-1.xlsx`.
    """

    waits, sees_formulas = True, True

    def __init__(
        self, path: Path | str, functions: Functions, *, stored_values_are_old: bool = False
    ) -> None:
        self.path, self.functions = Path(path), functions
        self.name = str(self.path)
        self.written: dict[CellKey, CellValue] = {}
        self.links: dict[CellKey, str] = {}
        self._old = stored_values_are_old
        self._is_loaded = False
        self._page: dict[CellKey, CellValue] | None = None
        self._outcome: Outcome | None = None
        self._is_incomplete = self._is_certain = False
        self._sheet: tuple[str, Page] | None = None
        self._grown: Grown | None = None
        self.original: Package | None = None

    @cached_property
    def package(self) -> Package:
        """The file as it was when it was first looked at, what-if tables that a program lost put back."""
        return self._put_back[0]

    @cached_property
    def _put_back(self) -> tuple[Package, list[DataTable]]:
        """The file with what-if tables in place of the formulas that LibreOffice saves, and these tables."""
        return with_native_tables(self._on_disk)

    @cached_property
    def _on_disk(self) -> Package:
        return read_package(self.path)

    @cached_property
    def stored(self) -> dict[CellKey, CellValue]:
        """The values the file stores, of formulas too."""
        return read_values(self.package)

    @cached_property
    def _contents(self) -> dict[str, dict[str, CellValue]]:
        contents = cell_contents(self.package)
        for table in data_tables(self.package):
            contents[table.sheet] |= dict.fromkeys((cell.key[1] for cell in table.cells()), table.text)
        return contents

    @cached_property
    def pages(self) -> Pages:
        return Pages(self.read, self.titles)

    def titles(self) -> Sequence[str]:
        return self.package.titles

    def state(self) -> State | None:
        """The newer of two records: the file's part, and the sheet that some programs need."""
        return newest((read_state(self.package), state_on(self.read(RECORD_SHEET), name=self.name)))

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        return self._contents.get(sheet, {})

    def values_of(self, cells: Collection[CellKey]) -> Mapping[CellKey, CellValue]:
        """What the file stores and, once it was calculated, what its formulas give with what was written."""
        sources = (self._calculated() if self._is_loaded else {}, self.written, self.stored)
        values = ((at, next((source[at] for source in sources if at in source), None)) for at in cells)
        return {at: value for at, value in values if value is not None}

    def _calculated(self) -> dict[CellKey, CellValue]:
        """The values of all formulas that are certain with what was written; None for the others."""
        if self._page is None:
            values, unevaluated = self._witness.calculation.attempt()
            self._page = dict(values)
            doubtful = {(cell.sheet, cell.cell) for cell in unevaluated}
            if self._witness.untrusted:
                doubtful |= self._witness.affected(self._changed) & self._witness.untrusted.keys()
            for at in self._witness.dependencies.hanging_on(doubtful) if doubtful else ():
                self._page[at] = None
        return self._page

    @cached_property
    def _witness(self) -> Witness:
        """The file as it was, loaded and held against its own values; what has grown is due."""
        from xlwings_addin.engine.witness import Witness  # the engine is loaded where something is due

        changed = self._grown.growth.changed if self._grown is not None else frozenset()
        return Witness(
            self._typed,
            self.functions,
            stored_values_are_old=self._old,
            due=changed,
            distrusted=self._distrusted_before() if changed and not self._is_as_left else (),
            tables_are_right=self._is_as_left,
        )

    def _distrusted_before(self) -> list[Distrust]:
        """What the engine does not reproduce of the file as it was, before rows and columns came in."""
        from xlwings_addin.engine.witness import Witness

        assert self._grown is not None
        assert self.original is not None
        witness = Witness(self.original, self.functions, stored_values_are_old=self._old)
        moved = ((self._grown.place(at), distrust) for at, distrust in witness.untrusted.items())
        return [
            distrust._replace(sheet=at[0], cell=at[1])
            for at, distrust in moved
            if at not in self._grown.growth.changed
        ]

    @cached_property
    def _is_as_left(self) -> bool:
        return not self._old and is_as_left(self.original or self.package)

    @property
    def settled(self) -> bool:
        """Whether every value is what its formula gives: the file is as it was left, and nothing is new."""
        grown = self._grown is not None and bool(self._grown.growth.changed)
        return self._is_as_left and not (self._is_loaded or grown or self.written or self.links)

    @property
    def _changed(self) -> set[CellKey]:
        return {at for at, value in self.written.items() if not _is_same(value, self.stored.get(at))}

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        present = self.stored | self.written
        # A formula that shows the same value is still another content.
        formulas = frozenset() if self._is_loaded else self._formulas - self.written.keys()
        changed = {
            at: value
            for at, value in values.items()
            if at in formulas or not _is_same(value, present.get(at))
        }
        self.written |= changed
        if self._is_loaded:
            self._set(changed)

    def _set(self, values: Mapping[CellKey, CellValue]) -> None:
        for at, value in values.items():
            self._witness.calculation.set_value(*at, value)
            self._page = None

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        """Kept until the file is written: meanwhile such a cell has the value of the one it follows."""
        self.links |= formulas

    def _follow(self, at: CellKey) -> CellValue:
        """Give a linked cell the value of the one it follows, which may follow another."""
        followed = at[0], self.links[at].removeprefix("=").replace("$", "")
        value = self._follow(followed) if followed in self.links else self.values_of([followed]).get(followed)
        self.write({at: value})
        return value

    @cached_property
    def _formulas(self) -> frozenset[CellKey]:
        return frozenset((formula.sheet, formula.cell) for formula in formula_cells(self.package))

    @cached_property
    def _typed(self) -> Package:
        """The file without a formula in the cells that values are written into."""
        overwritten = self.written.keys() & self._formulas
        return with_formulas(self.package, {}, overwritten) if overwritten else self.package

    def recalculate(self) -> bool:
        """The engine evaluates what is asked for when it is asked for; it is not loaded for nothing."""
        if not self._is_loaded and not self.settled:
            self._witness  # noqa: B018 - it looks at the file before anything is set
            self._is_loaded = True
            self._set(self.written)
            for at in self.links:
                self._follow(at)
        return True

    def account(self, *, keep_uncalculated: bool) -> Account:
        """A formula that could not be calculated stops the refresh only where it hangs on what was written.

        Others, volatile ones for example, stay as they are stored. On sheets that are not ours a value that
        nothing witnesses is believed where its functions are proven or a second engine agrees.
        """
        if self.settled:
            self._is_certain = True
            return Account(len(self._formulas), 0, as_left=True)
        from xlwings_addin.engine.witness import UntrustedError

        changes = {at: self.written[at] for at in self._changed}
        outcome = self._witness.outcome(changes, keep=True)
        outcome = self._witness.believed(outcome, self._doubted_elsewhere, keep=True)
        grown = self._grown.growth.changed if self._grown is not None else frozenset()
        hanging = self._witness.dependencies.hanging_on({*changes, *grown})
        kept = [cell for cell in outcome.kept if cell.key in hanging]
        kept += self._behind_tables(outcome.doubted)
        if kept and not keep_uncalculated:
            raise UntrustedError(kept)
        others = [cell for cell in outcome.kept if cell.key not in hanging]
        self._outcome, self._is_incomplete = outcome, bool(kept)
        self._is_certain = not (outcome.kept or outcome.stale or outcome.doubted or self._witness.volatile)
        return Account(
            outcome.reproduced,
            outcome.calculated,
            tuple(kept),
            tuple(sorted(outcome.stale - {cell.key for cell in others})),
            (*(cell for cell in outcome.doubted if cell not in kept), *others),
        )

    def _behind_tables(self, doubted: Sequence[Distrust]) -> list[Distrust]:
        """The cells that store another value than the engine has, and that a table of ours rests on."""
        doubted = [cell for cell in doubted if cell.computed is not None]
        if not doubted:
            return []
        ours, tables = own_sheets(self.state(), self.pages, self.titles()), data_tables(self.package)
        results = {cell.result for table in tables if table.sheet in ours for cell in table.cells()}
        hanging_on = self._witness.dependencies.hanging_on
        if results.isdisjoint(hanging_on(cell.key for cell in doubted)):
            return []
        return [cell for cell in doubted if not results.isdisjoint(hanging_on([cell.key]))]

    def _doubted_elsewhere(
        self, book: LoadedBook, cells: Iterable[CellKey], values: Mapping[CellKey, CellValue]
    ) -> Mapping[CellKey, str]:
        """The cells on the analyst's own sheets whose values are not certain; of ours the core is witness."""
        from xlwings_addin.engine.second_opinion import doubted

        ours = own_sheets(self.state(), self.pages, self.titles())
        return doubted(book, [key for key in cells if key[0] not in ours], values, SECOND_ENGINE_SECONDS)

    def grow(self, context: Context, state: State | None, *, trial: bool = False) -> Growth:
        """What the file lacks is added to the workbook that later replaces it, on trial never."""
        self.original = self.package
        self._grown = grown(self.package, self.pages, context, state)
        if self._grown.package is not self.package:
            self.package = self._grown.package
            for name in ("stored", "_contents", "_formulas", "pages"):
                self.__dict__.pop(name, None)
        put_back = tuple(f"{table.sheet}!{table.area}" for table in self._put_back[1])
        return replace(self._grown.growth, put_back=put_back) if put_back else self._grown.growth

    def append_sheet(self, title: str, page: Page) -> None:
        self._sheet = title, page

    @contextmanager
    def undo(self) -> Iterator[None]:
        """Nothing has to be taken back: the file is replaced last, unless another program has it open."""
        require_replaceable(self.path)
        with locked(self.path):
            self.package.require_unsigned()  # a file that is no workbook is refused as such
            yield

    def data(self, state: State) -> bytes:
        """The file with what was written, the values of formulas that hang on it and the refresh's record."""
        assert self._outcome is not None or self.settled
        calculated = {} if self._outcome is None else self._outcome.new
        new = {
            at: value
            for at, value in {**self.written, **calculated}.items()
            if at not in self.stored or not _is_same(value, self.stored[at])
        }
        if RECORD_SHEET in self.titles():
            new |= cells_with(state, self.read(RECORD_SHEET))
        parts = parts_with_values(self._typed, new, add_cells=True) | self._new_charts()
        if self._is_incomplete:
            parts |= parts_recalculated_on_load(self._typed)
        written = self._typed.edited({**parts, **parts_with_state(self._typed, state)})
        if self.links:
            written = with_formulas(written, self.links, ())
        return written.with_parts(marked_as_left(written.parts) if self._is_certain else {})

    def _new_charts(self) -> dict[str, bytes]:
        """The charts of sheets that have come in, with the values they show."""
        own = self._typed.parts
        there = self.original.parts if self.original is not None else own
        new = [name for name in own if name.startswith("xl/charts/chart") and name not in there]
        if not new:
            return {}
        from xlwings_addin.layout.charts import charted_cells, with_cached_values

        values = {name: self.values_of(charted_cells(own[name])) for name in new}
        return {
            name: with_cached_values(own[name], {at: values[name].get(at) for at in charted_cells(own[name])})
            for name in new
        }

    def keep(self, state: State, *, backups: int) -> Path | None:
        data = self.data(state)
        if self._sheet is not None:
            data = _with_sheet(data, *self._sheet)
        former = self._on_disk.original
        if self.path.read_bytes() != former:
            rule = "was changed by another program meanwhile; nothing is written"
            raise BookError("file", self.name, rule, display=self.name)
        backup = _keep_former(self.path, former, backups)
        replace_if(self.path, data, former=former)
        return backup


def _is_same(one: CellValue, other: CellValue) -> bool:
    return one == other and type(one) is type(other)


def _with_sheet(data: bytes, title: str, page: Page) -> bytes:
    # Imported here: only a sheet needs the library that writes whole workbooks, and it takes long to load.
    from xlwings_addin.layout.new_sheet import with_new_sheet
    from xlwings_addin.refresh.changes_sheet import write_page

    return with_new_sheet(data, title, partial(write_page, page))


def _keep_former(target: Path, original: bytes, backups: int) -> Path | None:
    """Move the former versions one on, and put the present one first."""
    if backups < 1:
        return None

    def backup(number: int) -> Path:
        return target.with_name(f"{target.stem}.backup-{number}{target.suffix}")

    for number in range(backups, 1, -1):
        if backup(number - 1).exists():
            shutil.copy2(backup(number - 1), backup(number))
    save(backup(1), original)
    return backup(1)
