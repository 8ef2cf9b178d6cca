"""What differs between two workbooks, cell by cell, and what that does to the value of a share.

A cell is in one class, the first that fits:

    added, removed     only one of the books has something in it
    formula changed    the formula is another one, or one stands where a typed value stood, or the reverse
    input changed      what is typed in it is another value
    value followed     its formula stayed and its stored value did not, or the build keeps a result there
    format only        its font, fill, border, alignment, protection or number format is another one

Sheets are matched by title. Where both have this project's column of keys, rows are matched by key, so that
inserted rows move nothing; rows without a key are matched by what stands in them, between the same two keys.
Their columns are matched by typed headings: a case or a year more moves nothing either.
Other sheets are matched by address. A formula that only follows rows that moved is the same formula. Nothing
is calculated: values are those the books store. Widths, charts, comments and names are no cells.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.diff.same import same_workbook
from xlwings_addin.xlsx.package import Package, Source, read_package

if TYPE_CHECKING:
    from xlwings_addin.analytics.bridge import Bridge, Grouping
    from xlwings_addin.diff.result import Differences

Progress = Callable[[str], object]

SAME = "no value bridge: all cells of both are the same"


def differences(
    before: Source,
    after: Source,
    *,
    folder: Path | None = None,
    by: Grouping = "auto",
    progress: Progress = lambda _: None,
) -> Differences:
    """What differs between two workbooks, and the value bridge of the case that `after` has selected.

    The bridge leads from the inputs `before` holds for that case (where it lacks it: for the case it has
    selected itself) to those `after` holds, both valued by the core; what a workbook does not hold, such as
    the sources, is read from the tables in `folder`. Where one of the two is no model of this project, or
    holds inputs that cannot be valued, or both hold the same, there is no bridge and a note says why.

    Raises `BookError` for a file that is no workbook and `InputError` for tables that cannot be read.
    """
    from xlwings_addin.diff.result import Differences

    progress("Reading the workbooks")
    one, other = read_package(before), read_package(after)
    if same_workbook(one, other):
        return Differences(one.display, other.display, (), None, (SAME,))
    return _compared(one, other, folder, by, progress)


def _compared(
    one: Package, other: Package, folder: Path | None, by: Grouping, progress: Progress
) -> Differences:
    # Imported here: two workbooks that hold the same are told without what reads cells and values inputs.
    from xlwings_addin.analytics.bridge import bridge
    from xlwings_addin.diff.compare import compare
    from xlwings_addin.diff.inputs import inputs_of_both
    from xlwings_addin.diff.result import Differences
    from xlwings_addin.diff.side import Side
    from xlwings_addin.proof.context import load_context

    sides = Side(one), Side(other)
    progress("Comparing cells")
    cells, notes = compare(*sides)

    def valuing(done: int, total: int) -> None:
        progress(f"Valuing mixes of the inputs, {done} of {total}")

    progress("Reading the inputs of both")
    delivered = load_context(folder)
    moved: Bridge | None = None
    try:
        old, new, note = inputs_of_both(*sides, delivered)
        moved = bridge(old, new, by=by, progress=valuing)
        notes += note
    except ValuationError as error:
        notes.append(f"no value bridge: {error}")
    return Differences(one.display, other.display, tuple(cells), moved, tuple(notes))
