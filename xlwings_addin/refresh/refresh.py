"""New facts into an analyst's own workbook, and nothing of the analyst's lost: one course for every medium.

`plan` decides what is written and what is kept, the medium writes and calculates, and the core says which new
fact moved the value of a share by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from xlwings_addin.analytics.bridge import Bridge, bridge
from xlwings_addin.core.errors import BookError, ChoiceError, ValuationError
from xlwings_addin.inputs.defaults import PACKAGED
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.layout.references import Book, PlacedCell
from xlwings_addin.layout.state import State
from xlwings_addin.proof.answered import answer_cells
from xlwings_addin.proof.context import SELECTOR, Progress, load_context
from xlwings_addin.proof.reading import book_context, checked_selection, stands
from xlwings_addin.proof.renamed_sheets import renamed_sheets
from xlwings_addin.proof.report import Report
from xlwings_addin.refresh.answering import Answering
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.refresh.kept_results import KeptResults
from xlwings_addin.refresh.medium import GROW_THE_FILE, Account, Medium
from xlwings_addin.refresh.plan import Plan, plan
from xlwings_addin.refresh.refreshed import REFUSED, Refreshed
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.sheets.spec import Context
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.xlsx.agreement import plain, strictly
from xlwings_addin.xlsx.collecting import collection_paused
from xlwings_addin.xlsx.package import CellKey, CellValue

VALUE = "{sotp.value_per_share}"

Values = Mapping[CellKey, CellValue]


def refresh(
    medium: Medium,
    request: RefreshRequest,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Progress = lambda _: None,
) -> Refreshed:
    """Bring new facts into a workbook; what an analyst has changed stays, and is listed.

    All formulas follow, the analyst's own sheets included. The results that Cover keeps of every case come
    from the workbook itself, by selecting one case after the other; where the program recalculates only after
    this has returned, they come from the core. On trial (`dry_run`) a file is tried whole and not saved; a
    workbook that is open in a program is left alone, and the core says what a share will be worth.

    Raises `BookError`, and leaves the workbook as it is, for one that is open elsewhere, cannot be read, is
    from another version, has a formula with no trustworthy value or was changed meanwhile; `InputError` and
    `DomainError` for tables that break a rule, `ChoiceError` for an unknown case.
    """
    with collection_paused(), nullcontext() if request.dry_run else medium.undo():
        progress("Reading the workbook")
        state, time = medium.state(), now().replace(microsecond=0).isoformat()
        context = load_context(request.folder, amended=request.amended)
        if request.case is not None and request.case not in context.results:
            rule = one_of(request.case, context.cases)
            raise ChoiceError("case", request.case, rule)
        growth = medium.grow(context, state, trial=request.dry_run)
        decided, book = plan(medium, context, state, request, written=time, new=growth.cells)
        if decided.unplaced and growth.left_to_file:
            decided.unplaced.append(GROW_THE_FILE)
        course = _Course(medium, book, state, decided, growth, request)
        progress("Calculating")
        account = course.carry_out(request)
        refreshed = course.finished(
            time, request.tables or str(request.folder or PACKAGED), progress, account
        )
        if request.dry_run:
            return refreshed
        progress("Saving")
        if request.changes_sheet:
            _append_changes(medium, refreshed)
        assert decided.state is not None
        return replace(refreshed, backup=medium.keep(decided.state, backups=request.backups))


class _Course:
    """A refresh under way: what the cells that matter showed before, and what they show after."""

    def __init__(
        self,
        medium: Medium,
        book: Book,
        state: State | None,
        decided: Plan,
        growth: Growth,
        request: RefreshRequest,
    ) -> None:
        self.medium, self.book, self.state, self.plan, self.growth = medium, book, state, decided, growth
        self._is_trial = request.dry_run
        inputs = [cell for cell in book.cells() if cell.entry.kind == "input" and stands(cell, book.rows)]
        self._watched = [*(cell.at for cell in inputs), book.at(VALUE)]
        self.kept = KeptResults(medium, book, state, growth.cells)
        self.before: Values = medium.values_of(self._watched)
        self.after: dict[CellKey, CellValue] = {}
        selected = self.before.get(book.at(SELECTOR)) if request.case is None else request.case
        self.selected = checked_selection(book, selected)
        self.follows = False
        self._valued: tuple[Values, Context] | None = None
        titles = {key: placed.sheet.title for key, placed in book.sheets.items()}
        self.notes: list[str] = renamed_sheets(titles, book.context.company)
        self.notes += [
            f"{area} is a what-if table again: LibreOffice had saved its cells as formulas"
            for area in growth.put_back
        ]

    def write(self) -> None:
        """Write what was decided and, where formulas follow at once, the results of every case."""
        self.medium.link(self.plan.links)
        self.medium.write(self.plan.writes)
        self.follows = self.medium.recalculate()
        if self.medium.settled:
            self.notes += self.kept.notes({})
        elif self.follows and self.kept.cells:
            self._keep(self._results_by_case())
            self.medium.recalculate()
        self.after = {**self.before, **self.medium.values_of(self._watched), **self.plan.writes}
        answering = Answering(self.medium, self.book, self.state, self.growth.cells)
        if not self._is_trial:
            self.medium.write(answering.answers(self._context_after, self.selected))
            self.medium.recalculate()
            if self.plan.state is not None:
                self.plan.state = answering.recorded(self.plan.state)
        self.notes += answering.notes

    def carry_out(self, request: RefreshRequest) -> Account | None:
        """Write, or foresee on trial where what is written would stay; how formulas came by their values."""
        if request.dry_run and not self.medium.waits:
            self.foresee()
            return None
        self.write()
        return self.medium.account(keep_uncalculated=request.keep_uncalculated)

    def foresee(self) -> None:
        """What the inputs will be, without writing them: the core says what a share will be worth."""
        self.after = {**self.before, **self.plan.writes}
        self.after.pop(self.book.at(VALUE), None)
        if kept := len(self.plan.formulas):
            self.notes.append(f"{kept} changed formulas stay, and the core's value after is without them")
        self.notes += Answering(self.medium, self.book, self.state, self.growth.cells).notes

    def _context_after(self) -> Context:
        """The core's view of what the book holds after the refresh; raises why it has none."""
        if self._valued is None or self._valued[0] is not self.after:
            context = book_context(self.after, self.book, Report(""), self.plan.follows)
            self._valued = self.after, context
        return self._valued[1]

    def _keep(self, results: Mapping[CellKey, CellValue]) -> None:
        """Write the results that the book keeps of its cases; one that was typed over is named."""
        self.notes += self.kept.notes(results)
        self.medium.write(results)
        if self.plan.state is not None:
            answers = {**self.plan.state.answers, **self.kept.marks(results)}
            self.plan.state = replace(self.plan.state, answers=answers)

    def _results_by_case(self) -> dict[CellKey, CellValue]:
        """What the workbook itself shows for every case; the selection stays as it was, whatever happens."""
        selector = self.book.at(SELECTOR)
        results: dict[CellKey, CellValue] = {}
        try:
            for case in sorted(self.book.context.cases, key=lambda name: name == self.selected):
                self.medium.write({selector: case})
                self.medium.recalculate()
                results |= self._results_of(case)
        finally:
            self.medium.write({selector: self.selected})
        return results

    def _results_of(self, case: str) -> dict[CellKey, CellValue]:
        sources = {
            at: self.book.at(cell.entry.formula or "", cell.sheet.key)
            for at, cell in self.kept.cells.items()
            if cell.entry.case == case
        }
        page = self.medium.values_of(list(sources.values()))
        if missing := [at for at, source in sources.items() if source not in page]:
            sheet, cell = sources[missing[0]]
            self.notes.append(
                f"the results of {case} stay as they are stored: {sheet}!{cell} is not certain there"
            )
        return {at: page[source] for at, source in sources.items() if source in page}

    def finished(self, time: str, tables: str, progress: Progress, account: Account | None) -> Refreshed:
        """What was done; where formulas follow later, the core's results are written in their place."""
        results, moved, notes = explained(
            self.plan, self.book, self.selected, self.before, self._context_after, progress
        )
        if results and self.follows and not self.plan.formulas:
            self._compare_grown(results)
        value = self.book.at(VALUE)
        if results and not self.follows:
            expected = _expected(self.kept.cells.values(), self.book, results, self.selected)
            if self._is_trial:
                self.notes += self.kept.notes(expected)
            else:
                self._keep(expected)
            self.after[value] = results[self.selected].sotp.value_per_share
        return Refreshed(
            self.medium.name, time, tables, self.plan, self.selected,
            self.before.get(value), self.after.get(value), results, moved, (*notes, *self.notes), account,
            self.growth, listing=self.book.context.company.currency.listing,
        )  # fmt: skip

    def _compare_grown(self, results: Mapping[str, Results]) -> None:
        """The core is the witness of what has grown: `BookError` for a cell that it has another value for.

        A trial works out no answers, so that nothing is said of the sheets that keep them.
        """
        unlike = {"checks", "cover", "functions"}
        if self._is_trial:
            unlike |= {cell.sheet.key for cell in answer_cells(self.book)}
        cells = {
            cell.at: cell
            for cell in self.book.cells()
            if cell.at in self.growth.changed
            and cell.entry.kind == "formula"
            and cell.sheet.key not in unlike
        }
        if not cells:
            return
        values = self.medium.values_of(list(cells))
        for at, expected in _expected(cells.values(), self.book, results, self.selected).items():
            difference = strictly(values.get(at), expected)
            if difference:
                rule = f"must agree with the core once it is added: {difference}; nothing is written"
                raise BookError(f"{at[0]}!{at[1]}", self.book.formula(cells[at]), rule)


def _expected(
    cells: Collection[PlacedCell], book: Book, results: Mapping[str, Results], selected: str
) -> dict[CellKey, CellValue]:
    # A line may have its value from the results that its book was made of: the cells are looked up anew.
    valued = book.of(replace(book.context, results=results), {cell.sheet.key for cell in cells})
    wanted = {cell.at for cell in cells}
    looked_up = [cell for cell in valued.cells() if cell.at in wanted]
    return {cell.at: plain(value) for cell, value in valued.all_expected(looked_up, results[selected])}


def explained(
    decided: Plan,
    book: Book,
    case: str,
    before: Values,
    after: Callable[[], Context],
    progress: Progress = lambda _: None,
) -> tuple[Mapping[str, Results], Bridge | None, tuple[str, ...]]:
    """What the core makes of the inputs a book holds now, the value bridge to it, and what to know of both.

    `before` are the values of the book's inputs, `after` gives the core's view of what they are now. The
    bridge is that of the selected `case`, and there is none where no input was updated. A book whose inputs
    the core cannot value gets a note.
    """

    def valuing(done: int, total: int) -> None:
        progress(f"Valuing mixes of the inputs, {done} of {total}")

    try:
        results = after().results
    except ValuationError as error:
        return {}, None, (f"{REFUSED}{error}",)
    if not decided.updated:
        return results, None, ()
    try:
        former = book_context(before, book, Report(""), decided.followed).results
        moved = bridge(former[case].inputs, results[case].inputs, progress=valuing)
    except ValuationError as error:
        return results, None, (f"no value bridge, for the inputs before cannot be valued: {error}",)
    kept = len(decided.formulas)
    note = f"{kept} changed formulas are kept: the bridge is that of the core, without them"
    return results, moved, (note,) if kept else ()


def _append_changes(medium: Medium, refreshed: Refreshed) -> None:
    # Imported here: only a page needs the library that writes whole workbooks, and it takes long to load.
    from xlwings_addin.layout.new_sheet import free_title
    from xlwings_addin.refresh.changes_page import TITLE, changes_page

    medium.append_sheet(free_title(TITLE, tuple(medium.titles())), changes_page(refreshed))
