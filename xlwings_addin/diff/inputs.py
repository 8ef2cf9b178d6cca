"""The inputs that two workbooks hold, for the value bridge between them."""

from __future__ import annotations

from xlwings_addin.core.errors import BookError
from xlwings_addin.diff.side import Side
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import SELECTOR
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import book_context, located_lines
from xlwings_addin.proof.report import Report
from xlwings_addin.sheets.spec import Context


def inputs_of_both(one: Side, other: Side, delivered: Context) -> tuple[Inputs, Inputs, list[str]]:
    """The inputs to lead from and to, and a note where the two books have not selected one case."""
    (before, chosen), (after, case) = (_inputs_of(side, delivered) for side in (one, other))
    if case not in before.results:
        notes = [f"{one.package.display} has no case {case}: the bridge starts from its case {chosen}"]
        return before.results[chosen].inputs, after.results[case].inputs, notes
    notes = (
        [f"case {chosen} was selected, now {case}: the bridge is that of {case}"] if case != chosen else []
    )
    return before.results[case].inputs, after.results[case].inputs, notes


def _inputs_of(side: Side, delivered: Context) -> tuple[Context, str]:
    """What a workbook holds, valued by the core, and the case it has selected.

    Its cases are those it names itself; one that the tables do not know takes from another case what no
    workbook holds.
    """
    report = Report(side.package.display)
    pages = pages_of(side.values)
    columns = fitted(delivered, pages).context
    rows = located_lines(side.package, pages, columns, report)
    book = Book(columns, rows)
    context = book_context(side.values, book, report, side.formulas)
    selected = side.values.get(book.at(SELECTOR))
    if not isinstance(selected, str) or selected not in context.results:
        raise BookError("selected_case", selected, f"must be one of {', '.join(context.cases)}")
    return context, selected
