"""Which sheets of a workbook are those of a model of ours: the core is the witness of what stands on them."""

from __future__ import annotations

from collections.abc import Iterable

from xlwings_addin.layout.references import HEADINGS
from xlwings_addin.layout.state import State, read_state
from xlwings_addin.proof.pages import Pages
from xlwings_addin.sheets import sheets
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.package import Package


def sheets_of_model(package: Package) -> frozenset[str]:
    """The titles of the sheets with our keys; none where no record says that a book is a model.

    Raises `BookError` for a record that cannot be read.
    """
    state = read_state(package)
    if state is None:
        return frozenset()
    contents = cell_contents(package)
    return own_sheets(state, Pages(lambda title: contents.get(title, {})), package.titles)


def own_sheets(state: State | None, pages: Pages, titles: Iterable[str]) -> frozenset[str]:
    """The titles of the sheets most of whose keys are of one sheet of the record, whatever their names are.

    Without a record, or with one of a version that did not keep the lines, those that have the title and the
    keys of a sheet of the packaged company.
    """
    lines: dict[str, set[str]] = {}
    for name in () if state is None else state.lines:
        sheet, _, line = name.partition(".")
        lines.setdefault(sheet, set()).add(line)
    if not lines:
        located = (pages.title_and_keys(sheet) for sheet in sheets())
        return frozenset(title for title, keys in located if HEADINGS in keys)
    keys = {title: pages[title].rows_by_key.keys() for title in titles}
    return frozenset(
        title
        for title, own in keys.items()
        if HEADINGS in own and any(2 * len(own & known_lines) >= len(own) for known_lines in lines.values())
    )
