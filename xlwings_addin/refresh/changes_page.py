"""The sheet Changes as a page of rows: what a share was worth, what moved it, what changed, what was kept.

`changes_page` is its content for a refresh, `differences_page` for two workbooks; a host writes its values as
they are, `changes_sheet` gives them their look. It is a record: typed values, and nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from xlwings_addin.analytics.bridge import Bridge
from xlwings_addin.diff.difference import MOST_LISTED
from xlwings_addin.diff.waterfall import Step, waterfall
from xlwings_addin.refresh.plan import CellChange
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.package import CellKey, CellValue

if TYPE_CHECKING:
    from xlwings_addin.diff.result import Differences

TITLE: Final = "Changes"
WIDTHS: Final = (46, 22, 16, 16, 16, 42, 13)
CM_OF_A_ROW: Final = 0.53
"""A row of 15 points: how much of a chart it has room for."""

Look = Literal["title", "purpose", "block", "heading", "row"]


@dataclass(frozen=True)
class PageLine:
    """A row of the sheet: how it looks, its values from the first column on, and the unit of its figures."""

    look: Look
    values: tuple[CellValue, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Page:
    """The rows of the sheet from the first on, where the bars of the chart stand among them, if any,
    and the widths of the columns in characters."""

    lines: tuple[PageLine, ...]
    bars: tuple[Step, ...] = ()
    first_bar: int = 0
    widths: tuple[int, ...] = WIDTHS

    def values(self, title: str) -> dict[CellKey, CellValue]:
        """The page as values of cells, for a host that writes them one and all."""
        return {
            (title, join_address(row, column)): value
            for row, line in enumerate(self.lines, 1)
            for column, value in enumerate(line.values, 1)
            if value is not None
        }


def changes_page(refreshed: Refreshed) -> Page:
    """What a refresh did, as a page: value, bridge, inputs updated, and what of the analyst's was kept."""
    plan = refreshed.plan
    values = (refreshed.case, refreshed.value_before, refreshed.value_after)
    lines = _head(f"What the refresh of {refreshed.time} did", refreshed.listing, *values)
    lines += [PageLine("row", ("Tables", refreshed.tables)), *_notes(refreshed.notes)]
    bars, first_bar = _add_bridge(lines, refreshed.bridge)
    lines += _table("Inputs updated", plan.updated, kept=False)
    lines += _table("Facts typed in this book", plan.typed, kept=True)
    lines += _table("Overrides kept", plan.overrides, kept=True)
    lines += _table("Formulas kept", plan.formulas, kept=True)
    lines += _table("Texts kept", plan.texts_kept, kept=True)
    return Page(tuple(lines), bars, first_bar)


def differences_page(differences: Differences) -> Page:
    """What differs between two workbooks, as a page: value, bridge, cells by what happened to them."""
    moved = differences.bridge
    values: tuple[str, CellValue, CellValue] = ("", None, None)
    listing = "" if moved is None else moved.unit.removesuffix(" a share")
    if moved is not None:
        values = (moved.after_case, moved.before, moved.after)
    lines = _head(f"What differs between {differences.before} and {differences.after}", listing, *values)
    lines += _notes(differences.notes)
    bars, first_bar = _add_bridge(lines, moved)
    for kind, count in differences.counts.items():
        cells = [cell for cell in differences.cells if cell.kind == kind]
        if not cells:
            continue
        lines.append(PageLine("block", (f"{kind.capitalize()}: {count}",)))
        lines.append(PageLine("heading", ("Line", "Where", "", "Before", "After", "Formula after")))
        lines += [
            PageLine(
                "row", (cell.label, f"{cell.sheet}!{cell.cell}", None, cell.old, cell.new, cell.new_formula)
            )
            for cell in cells[:MOST_LISTED]
        ]
        if count > MOST_LISTED:
            lines.append(PageLine("row", (f"and {count - MOST_LISTED} more",)))
        lines.append(PageLine("row"))
    return Page(tuple(lines), bars, first_bar)


def _head(what: str, listing: str, case: str, before: CellValue, after: CellValue) -> list[PageLine]:
    change = after - before if isinstance(before, float) and isinstance(after, float) else None
    return [
        PageLine("title", ("Changes",)),
        PageLine("purpose", (f"{what}. A record: nothing depends on this sheet.",)),
        PageLine("row"),
        PageLine("heading", ("Value of a share", "Case", "Before", "After", "Change")),
        PageLine("row", (f"{listing} a share".strip(), case, before, after, change), listing),
    ]


def _notes(notes: Iterable[str]) -> list[PageLine]:
    return [*(PageLine("row", ("Note", note)) for note in notes), PageLine("row")]


def _add_bridge(lines: list[PageLine], bridge: Bridge | None) -> tuple[tuple[Step, ...], int]:
    """Add a bridge to the lines, with room for its chart; its bars, and the row of the first."""
    if bridge is None:
        return (), 0
    bars = waterfall(bridge)
    lines += [
        PageLine("block", ("What moved it",)),
        PageLine("heading", ("Driver", bridge.unit, "Standard error")),
    ]
    first_bar = len(lines) + 1
    for bar in bars:
        unit = bridge.unit.removesuffix(" a share") if bar.kind == "total" else "change"
        lines.append(PageLine("row", (bar.label, _part(bar), bar.error or None), unit))
    lines += [PageLine("row")] * (2 + round(chart_height(bars) / CM_OF_A_ROW))
    return bars, first_bar


def chart_height(bars: Sequence[Step]) -> float:
    """Of the chart, in cm."""
    return 3.0 + 0.8 * len(bars)


def _part(step: Step) -> float:
    return step.end if step.kind == "total" else step.end - step.start


def _table(title: str, changes: Sequence[CellChange], *, kept: bool) -> Iterator[PageLine]:
    """A table of changes; of what was kept it shows what the tables have, of what was not, what was."""
    if not changes:
        return
    yield PageLine("block", (f"{title}: {len(changes)}",))
    yield PageLine(
        "heading",
        ("Line", "Where", "Case", *(("Kept", "Tables") if kept else ("Before", "After")), "Source", "Known"),
    )
    for change in changes:
        pair = (change.after, change.tables) if kept else (change.before, change.after)
        where = (change.label, change.place, change.case)
        yield PageLine("row", (*where, *pair, change.source, change.as_of), change.unit)
    yield PageLine("row")
