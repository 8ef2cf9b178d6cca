"""The cells and rows of a sheet, and the formulas in its cells.

A shared formula stays shared where the formula of its first cell, moved, still says for every follower what
the follower's own formula, moved, says; a follower for which it does not gets its own text. Array formulas
and data tables move whole or are refused.

Source: ECMA-376 Part 1, 18.3.1.40 (`f`), 18.3.1.73 (`row`), 18.18.6 (`ST_CellFormulaType`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.contents import CellContent, formula_text
from xlwings_addin.xlsx.edits import Edit
from xlwings_addin.xlsx.moving.formulas import FormulaMover, Pieces, pieces, translated
from xlwings_addin.xlsx.moving.grid import Address
from xlwings_addin.xlsx.moving.markup import attribute_edit, attributes_of, escaped, name_of
from xlwings_addin.xlsx.moving.references import Reference, moved_area, parse
from xlwings_addin.xlsx.moving.shift import UnmovableError
from xlwings_addin.xlsx.scanning import TAG, SheetCell, Span
from xlwings_addin.xlsx.sheet_cells import PlainCells, SheetCells


@dataclass
class _Shared:
    """A shared formula: the cell that carries its text, and the cells that follow."""

    master: SheetCell
    followers: list[SheetCell] = field(default_factory=list)


class Cells:
    """The cells of one sheet that a shift may change. `own` says whether it is the sheet that changes."""

    def __init__(self, data: bytes, cells: SheetCells, mover: FormulaMover, *, own: bool) -> None:
        self.data, self.mover, self.own = data, mover, own
        self.cells = list(_that_may_move(cells, mover) if own else _that_may_follow(cells, mover))
        self.shift = mover.shift
        self.place = ""
        """The cell in hand, for messages."""

    def edits(self) -> Iterator[Edit]:
        """The edits to the tags and formulas of the cells that stay.

        Raises UnmovableError where a formula cannot follow; `place` is then its cell.
        """
        shared: dict[str, _Shared] = {}
        for cell in self.cells:
            self.place = cell.address
            if self.own:
                if self.moved(cell) is None:
                    self._check_deleted(cell)
                    if cell.formula_type == "shared":
                        self._collect(cell, shared)
                    continue
                yield from self._address_edit(cell)
            if cell.formula is None:
                continue
            if cell.formula_type == "shared":
                self._collect(cell, shared)
            elif cell.formula_type in ("array", "dataTable"):
                yield from self._block_edits(cell)
            else:
                yield from self._text_edits(cell)
        for group in shared.values():
            yield from self._shared_edits(group)

    def moved(self, cell: SheetCell) -> Address | None:
        """Where a cell stands after the shift; None if it is deleted, or blank and pushed off the sheet."""
        before = Address(*split_address(cell.address))
        if not self.own:
            return before
        return None if before.goes(self.shift, blank=cell.empty) else before.moved(self.shift)

    # --- the tag of a cell ----------------------------------------------------------------------------

    def _address_edit(self, cell: SheetCell) -> Iterator[Edit]:
        tag = self.data[cell.tag.start : cell.tag.end]
        new = str(self.moved(cell))
        if new != cell.address or b" r=" not in tag:
            yield attribute_edit(cell.tag.start, tag, b"r", new)

    def _check_deleted(self, cell: SheetCell) -> None:
        """Refuse to delete the cell that carries an array formula of which something would be left."""
        if cell.formula is not None and cell.formula_type in ("array", "dataTable"):
            self._check_whole(cell)

    # --- formulas -------------------------------------------------------------------------------------

    def _text_edits(self, cell: SheetCell) -> Iterator[Edit]:
        """The formula's text, where it changes."""
        span = self._inner(cell)
        if span is None or not (self.own or b"!" in self.data[span.start : span.end]):
            return
        formula = formula_text(self.data, cell)
        new = self.mover.text(formula, own=self.own)
        if new != formula:
            yield Edit(*span, escaped(new))

    def _inner(self, cell: SheetCell) -> Span | None:
        """Where the text of a formula stands; None for `<f/>`."""
        if cell.formula is None:
            return None
        opening = TAG.match(self.data, cell.formula.start)
        if opening is None or opening.end() == cell.formula.end:
            return None
        return Span(opening.end(), self.data.rindex(b"</", 0, cell.formula.end))

    def _block_edits(self, cell: SheetCell) -> Iterator[Edit]:
        """An array formula or data table: its area, its input cells and its text."""
        if cell.formula is None:
            return
        if self.own:
            self._check_whole(cell)
            tag = self._opening(cell.formula)
            for name in (b"ref", b"r1", b"r2"):
                yield from self._area_edit(cell.formula.start, tag, name)
        yield from self._text_edits(cell)

    def _opening(self, formula: Span) -> bytes:
        match = TAG.match(self.data, formula.start)
        return b"" if match is None else match[0]

    def _area_edit(self, start: int, tag: bytes, name: bytes) -> Iterator[Edit]:
        area = attributes_of(tag).get(name)
        if not area:
            return
        new = moved_area(area, self.shift)
        if new is None:
            raise UnmovableError(f"would delete {area}, an input of a data table")
        if new != area:
            yield attribute_edit(start, tag, name, new)

    def _check_whole(self, cell: SheetCell) -> None:
        """Refuse to cut an array or a data table, or to part the latter from the values along its edges."""
        area = parse(cell.area)
        if area is None:
            return
        first, last = area.ends(self.shift.axis)
        is_table = cell.formula_type == "dataTable"
        if is_table:
            first = max(first - 1, 1)
        if self.shift.cuts(first, last):
            array = "array that spills over" if cell.dynamic else "array formula in"
            kind = "data table in" if is_table else array
            raise UnmovableError(f"would cut through the {kind} {cell.area}")

    # --- shared formulas ------------------------------------------------------------------------------

    def _collect(self, cell: SheetCell, shared: dict[str, _Shared]) -> None:
        """Put a cell to its shared formula; a number used again belongs to the later formula from then on."""
        if self._inner(cell) is not None and formula_text(self.data, cell):
            if cell.shared in shared:
                shared[f"{cell.shared} before {cell.address}"] = shared.pop(cell.shared)
            shared[cell.shared] = _Shared(cell)
        elif cell.shared in shared:
            shared[cell.shared].followers.append(cell)

    def _shared_edits(self, group: _Shared) -> Iterator[Edit]:
        master = group.master
        self.place = master.address
        parts = pieces(formula_text(self.data, master))
        alone = not any(self.mover.means(part, self.own) for part in parts)
        target = self.moved(master)
        if target is not None:
            yield from self._master_edits(master)
        elif group.followers:
            alone = False
        origin = Address(*split_address(master.address))
        agrees: dict[int, bool] = {}
        for cell in group.followers:
            self.place = cell.address
            new = self.moved(cell)
            if new is None or cell.formula is None or (alone and not self.own):
                continue
            at = Address(*split_address(cell.address))
            down, right = at.row - origin.row, at.column - origin.column
            along = down if self.shift.axis == "rows" else right
            if target is not None and along not in agrees:
                by = new.row - target.row - down, new.column - target.column - right
                agrees[along] = self._agrees(parts, (down, right), by)
            if target is None or not agrees[along]:
                text = "".join(
                    part if isinstance(part, str) else part.text for part in translated(parts, down, right)
                )
                yield Edit(*cell.formula, self._plain(cell.formula, self.mover.text(text, own=self.own)))

    def _master_edits(self, master: SheetCell) -> Iterator[Edit]:
        yield from self._text_edits(master)
        if self.own and master.formula is not None and master.area:
            new = moved_area(master.area, self.shift)
            if new is not None and new != master.area:
                tag = self._opening(master.formula)
                yield attribute_edit(master.formula.start, tag, b"ref", new)

    def _agrees(self, parts: Pieces, offset: tuple[int, int], by: tuple[int, int]) -> bool:
        """Whether a follower's references, moved, are the master's, moved and then translated to it.

        `offset` is how far the follower lies from the master, `by` how much further after the shift.
        """
        down, right = offset
        new_offset = down + by[0], right + by[1]
        for part in parts:
            if isinstance(part, str):
                continue
            mine = part._replace(reference=part.reference.translated(down, right))
            masters = self.mover.reference(part, own=self.own)
            moved = self.mover.reference(mine, own=self.own)
            if masters is None or moved is None or moved != _carried(masters, new_offset):
                return False
        return True

    def _plain(self, formula: Span, text: str) -> bytes:
        """A formula element with its own text; whether it is always calculated stays."""
        tag = self._opening(formula)
        name = name_of(tag)
        always = attributes_of(tag).get(b"ca")
        start = b"<" + name + (b' ca="%b"' % always.encode() if always else b"") + b">"
        return start + escaped(text) + b"</" + name + b">"


def _that_may_move(cells: SheetCells, mover: FormulaMover) -> Iterator[SheetCell]:
    """The cells of the sheet that changes, but for those in front of all that moves which refer to no cell of
    it."""
    by_row, at = mover.shift.axis == "rows", mover.shift.at
    says_where = isinstance(cells, PlainCells)
    for place, content in enumerate(cells.contents):
        row, column = split_address(content.address)
        stays = says_where and (row if by_row else column) < at
        if not stays or (content.formula is not None and _may_say_else(content, mover, own=True)):
            yield cells[place]


def _that_may_follow(cells: SheetCells, mover: FormulaMover) -> Iterator[SheetCell]:
    """The cells of another sheet whose formulas can refer to what moves on the one that changes."""
    for place, content in enumerate(cells.contents):
        if content.formula is not None and _may_say_else(content, mover, own=False):
            yield cells[place]


def _may_say_else(content: CellContent, mover: FormulaMover, *, own: bool) -> bool:
    """Whether the formula of a cell may be another after the shift; of an array its area may be, too."""
    is_plain = content.formula_type == "normal" or (content.formula_type != "shared" and not own)
    return not is_plain or mover.may_move(content.formula or "", own=own)


def _carried(reference: Reference, offset: tuple[int, int]) -> Reference | None:
    """The reference as a follower means it; None where it leaves the sheet."""
    try:
        return reference.translated(*offset)
    except UnmovableError:
        return None
