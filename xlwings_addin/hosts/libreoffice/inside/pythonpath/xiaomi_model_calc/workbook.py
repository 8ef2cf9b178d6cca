"""A workbook that is open in Calc, as the project's refresh and check read and write it.

Cells go in and out by whole ranges. To the project formulas are as Excel writes them: `Inputs!A1`, commas.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

STATE = "xiaomi-model state"
"""The property of a document that keeps what the last refresh wrote."""
CHARACTER = 200
"""The width of a character in hundredths of a millimetre, near enough for a column."""
REMOVABLE = 128
"""UNO's constant com.sun.star.beans.PropertyAttribute.REMOVABLE."""
CONTENTS = 1 | 2 | 4 | 16
"""UNO's constants com.sun.star.sheet.CellFlags of values, dates, texts and formulas."""

CODES = {
    "#NUM!": 503,
    "#VALUE!": 519,
    "#NULL!": 521,
    "#REF!": 524,
    "#NAME?": 525,
    "#DIV/0!": 532,
    "#N/A": 32767,
}
"""LibreOffice's codes of error values (formula/errorcodes.hxx); its others are #VALUE! to other programs."""
ERROR_VALUES = {code: text for text, code in CODES.items()}

_PIECES = re.compile(
    r'(?P<text>"(?:[^"]|"")*")'
    r"|\$?(?P<sheet>'(?:[^']|'')+'|\w+)\.(?=\$?[A-Z]{1,3}(?:\$?[0-9]|:))"
    r"|(?P<mark>[;|])"
)
_MARKS = {";": ",", "|": ";"}
"""Between arguments and columns, and between the rows of an array constant."""


def in_excels_words(formula: str) -> str:
    """A formula of Calc's API as Excel writes it, also one of an array.

    >>> in_excels_words("=SUM($Inputs.$A1:B2;F($'Base Year'.C3;\\"a;b\\";{1;2|3;4}))")
    '=SUM(Inputs!$A1:B2,F(\\'Base Year\\'!C3,"a;b",{1,2;3,4}))'
    >>> in_excels_words("{=TRANSPOSE({1;2})}")
    '=TRANSPOSE({1,2})'
    """

    def piece(match: re.Match[str]) -> str:
        if match["sheet"]:
            return match["sheet"] + "!"
        return match["text"] or _MARKS[match["mark"]]

    return _PIECES.sub(piece, formula[1:-1] if formula.startswith("{") else formula)


_WORDS = re.compile(
    r'(?P<text>"(?:[^"]|"")*")'
    r"|(?P<sheet>'(?:[^']|'')+'|\w+)!(?=\$?[A-Z]{1,3}(?:\$?[0-9]|:))"
    r"|(?P<mark>[,;])"
)
_CALCS_MARKS = {",": ";", ";": "|"}


def in_calcs_words(formula: str) -> str:
    """A formula as Excel writes it as Calc's API takes it.

    >>> in_calcs_words("=SUM(Inputs!A1:B2,F('Base Year'!C3,\\"a,b\\",{1,2;3,4}))")
    '=SUM($Inputs.A1:B2;F($\\'Base Year\\'.C3;"a,b";{1;2|3;4}))'
    """

    def piece(match: re.Match[str]) -> str:
        if match["sheet"]:
            return f"${match['sheet']}."
        return match["text"] or _CALCS_MARKS[match["mark"]]

    return _WORDS.sub(piece, formula)


LOOKS = (
    *("BottomBorder2", "CellBackColor", "CellProtection", "CellStyle", "CharColor", "CharFontName"),
    *("CharHeight", "CharPosture", "CharUnderline", "CharWeight", "HoriJustify", "IsTextWrapped"),
    *("LeftBorder2", "NumberFormat", "ParaIndent", "RightBorder2", "TopBorder2", "VertJustify"),
)
"""The properties that make the look of a cell."""


def address(row: int, column: int) -> str:
    """The address of a cell whose row and column are counted from 0.

    >>> address(0, 0), address(11, 27), address(0, 702)
    ('A1', 'AB12', 'AAA1')
    """
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return f"{letters}{row + 1}"


def position(address: str) -> Tuple[int, int]:
    """Row and column of an address, counted from 0.

    >>> position("AB12")
    (11, 27)
    """
    letters = address.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(address[len(letters) :]) - 1, column - 1


def runs(cells: Mapping[str, Any]) -> Dict[Tuple[int, int], List[Any]]:
    """The values of neighbouring cells of a row together, by the position of the first.

    >>> runs({"B2": 5, "A2": 4, "D2": 6, "A3": 7})
    {(1, 0): [4, 5], (1, 3): [6], (2, 0): [7]}
    """
    lines: Dict[Tuple[int, int], List[Any]] = {}
    first = after = (-1, -1)
    for row, column in sorted(map(position, cells)):
        if (row, column) != after:
            first = row, column
        lines.setdefault(first, []).append(cells[address(row, column)])
        after = row, column + 1
    return lines


def _is_blank(value: Any) -> bool:
    return value is None or value == ""


def _fill(area: Any, line: Sequence[Any], *, blank: bool) -> None:
    """Put values into a row, a blank one cell by cell: Undo leaves what was put into that as a whole."""
    if not blank:
        area.setDataArray((tuple(line),))
        return
    for column, value in enumerate(line):
        cell = area.getCellByPosition(column, 0)
        if isinstance(value, str):
            cell.setString(value)
        else:
            cell.setValue(float(value))


def _charted(diagram: Any) -> Iterator[Any]:
    """The categories of a diagram, then the parts of its series."""
    for system in diagram.getCoordinateSystems():
        yield system.getAxisByDimension(0, 0).getScaleData().Categories
        for kind in system.getChartTypes():
            for series in kind.getDataSeries():
                yield from series.getDataSequences()


def values_of(area: Any) -> List[List[Any]]:
    """The values of a range in rows: "" for a blank cell, an error value as its text."""
    rows = [list(row) for row in area.getDataArray()]
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if value is None:  # what a range gives for an error, without saying which
                values[column] = ERROR_VALUES.get(area.getCellByPosition(column, row).getError(), "#VALUE!")
    return rows


class Workbook:
    """The cells of an open workbook by sheet and address, and what is kept in it for the next refresh.

    `status` is the indicator in the status bar; `undoable` makes a step of Undo from a title and what undoes
    and redoes it.
    """

    def __init__(self, document: Any, status: Any, undoable: Callable[..., Any]) -> None:
        self._document = document
        self._status = status
        self._undoable = undoable

    def path(self) -> Optional[str]:
        """The file it was opened from, or None for one that was never saved."""
        location = urlsplit(self._document.getURL())
        return url2pathname(location.path) if location.scheme == "file" else None

    def titles(self) -> Tuple[str, ...]:
        """The names of the sheets."""
        return tuple(self._document.Sheets.ElementNames)

    def read(self, sheet: str) -> Dict[str, Any]:
        """Every cell that holds something: a formula with its equals sign, else the value."""
        if sheet not in self.titles():
            return {}
        area = self._used(sheet)
        cells = {}
        for row, (values, formulas) in enumerate(zip(area.getDataArray(), area.getFormulaArray())):
            for column, (value, formula) in enumerate(zip(values, formulas)):
                if formula.startswith(("=", "{=")):
                    cells[address(row, column)] = in_excels_words(formula)
                elif value != "":
                    cells[address(row, column)] = value
        return cells

    def calculate(self) -> None:
        """Calculate every formula."""
        self._document.calculateAll()

    def values(self, sheet: str) -> Dict[str, Any]:
        """What every cell shows, error values as texts."""
        rows: Iterable[List[Any]] = values_of(self._used(sheet)) if sheet in self.titles() else ()
        return {
            address(row, column): value
            for row, values in enumerate(rows)
            for column, value in enumerate(values)
            if value != ""
        }

    def write(self, values: Mapping[Tuple[str, str], Any]) -> None:
        """Put values into cells; a sheet that does not exist is added behind the others."""
        by_sheet: Dict[str, Dict[str, Any]] = {}
        for (sheet, cell), value in values.items():
            by_sheet.setdefault(sheet, {})[cell] = value
        for name, cells in by_sheet.items():
            if name not in self.titles():
                self._document.Sheets.insertNewByName(name, self._document.Sheets.Count)
            sheet = self._document.Sheets.getByName(name)
            for (row, column), line in runs(cells).items():
                area = sheet.getCellRangeByPosition(column, row, column + len(line) - 1, row)
                (formulas,) = area.getFormulaArray()
                kinds = [(not content, _is_blank(value)) for content, value in zip(formulas, line)]
                for (was_blank, is_blank), places in groupby(range(len(line)), key=kinds.__getitem__):
                    at = list(places)
                    part = sheet.getCellRangeByPosition(column + at[0], row, column + at[-1], row)
                    if is_blank and not was_blank:
                        part.clearContents(CONTENTS)
                    elif not is_blank:
                        _fill(part, [line[place] for place in at], blank=was_blank)

    def link(self, formulas: Mapping[Tuple[str, str], str]) -> None:
        """Put formulas as Excel writes them, with their equals signs, into cells."""
        for (name, cell), formula in formulas.items():
            self._cell(name, cell).setFormula(in_calcs_words(formula))

    def rename_calls(self, names: Mapping[str, str]) -> None:
        """Call functions by their new names in every formula with an old one, in whatever letter case."""
        new = {old.upper(): name for old, name in names.items()}
        call = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, new))})(?=\()", re.IGNORECASE)
        for title in self.titles():
            area = self._used(title)
            for row, formulas in enumerate(area.getFormulaArray()):
                for column, formula in enumerate(formulas):
                    if formula.startswith("=") and call.search(formula):
                        pieces = formula.split('"')
                        pieces[::2] = [
                            call.sub(lambda old: new[old[0].upper()], piece) for piece in pieces[::2]
                        ]
                        area.getCellByPosition(column, row).setFormula('"'.join(pieces))

    def insert(self, sheet: str, axis: str, places: Sequence[Tuple[int, int]]) -> None:
        """Insert "rows" or "columns": so many in front of each of some numbers, counted from 1.

        They look like the one before them; what refers to cells follows, as Calc does it.
        """
        lines = getattr(self._document.Sheets.getByName(sheet), axis.capitalize())
        for at, count in sorted(places, reverse=True):
            lines.insertByIndex(at - 1, count)
            if axis == "columns" and at > 1:
                for new in range(at - 1, at - 1 + count):
                    lines.getByIndex(new).Width = lines.getByIndex(at - 2).Width

    def look_like(self, cells: Mapping[Tuple[str, str], Tuple[str, str]]) -> None:
        """Give cells the looks of others."""
        looks: Dict[Tuple[str, str], Any] = {}
        for at, model in cells.items():
            if model not in looks:
                looks[model] = self._cell(*model).getPropertyValues(LOOKS)
            self._cell(*at).setPropertyValues(LOOKS, looks[model])

    def holds_array(self, sheet: str, cell: str) -> bool:
        """Whether a cell belongs to an array formula."""
        return bool(self._cell(sheet, cell).getFormula().startswith("{"))

    def names(self) -> Tuple[str, ...]:
        """The names that are defined for the whole workbook."""
        return tuple(self._document.NamedRanges.ElementNames)

    def add_names(self, names: Mapping[str, str]) -> None:
        """Define names for references as Excel writes them."""
        first = self._document.Sheets.getByIndex(0).getCellByPosition(0, 0).CellAddress
        for name, reference in names.items():
            self._document.NamedRanges.addNewByName(name, in_calcs_words(reference), first, 0)

    def references(self) -> Dict[str, str]:
        """What names and charts refer to, as Excel writes it, by what a reader calls them."""
        names = self._document.NamedRanges
        texts = {f"name {name}": names.getByName(name).Content for name in names.ElementNames}
        for what, sequences in self._sequences():
            texts[what] = sequences.getValues().getSourceRangeRepresentation()
        return {what: in_excels_words(text) for what, text in texts.items()}

    def refer(self, references: Mapping[str, str]) -> None:
        """Let some of `references` refer to other cells."""
        names = self._document.NamedRanges
        for name in names.ElementNames:
            if f"name {name}" in references:
                names.getByName(name).Content = in_calcs_words(references[f"name {name}"])
        for what, sequences in self._sequences():
            if what in references:
                former = sequences.getValues().getSourceRangeRepresentation()
                new = in_calcs_words(references[what])
                self._chart(what, new)
                step = self._undoable(
                    "Chart", partial(self._chart, what, former), partial(self._chart, what, new)
                )
                self._document.UndoManager.addUndoAction(step)

    def _chart(self, what: str, text: str) -> None:
        """Have a series of a chart, or its categories, show other cells."""
        for name, sequences in self._sequences():
            if name == what:
                before = sequences.getValues()
                new = self._providers[what].createDataSequenceByRangeRepresentation(text)
                new.Role = before.Role
                sequences.setValues(new)

    def _sequences(self) -> Iterator[Tuple[str, Any]]:
        """The categories and series of every chart, each with the cells that it shows."""
        self._providers: Dict[str, Any] = {}
        for title in self.titles():
            charts = self._document.Sheets.getByName(title).Charts
            for name in charts.ElementNames:
                chart = charts.getByName(name).EmbeddedObject
                diagram = chart.getFirstDiagram() if chart is not None else None
                for number, sequences in enumerate(_charted(diagram) if diagram is not None else (), start=1):
                    if sequences is not None and sequences.getValues() is not None:
                        what = f"chart {name} on {title}, part {number}"
                        self._providers[what] = chart.getDataProvider()
                        yield what, sequences

    def widen(self, sheet: str, widths: Sequence[float]) -> None:
        """Make the columns of a sheet, from the first on, as wide as so many characters."""
        columns = self._document.Sheets.getByName(sheet).Columns
        for column, width in enumerate(widths):
            columns.getByIndex(column).Width = int(width * CHARACTER)

    def state(self) -> Optional[str]:
        """What the last refresh in Calc kept here, or None."""
        kept = self._document.DocumentProperties.UserDefinedProperties
        is_kept = kept.PropertySetInfo.hasPropertyByName(STATE)
        return str(kept.getPropertyValue(STATE)) if is_kept else None

    def keep_state(self, text: str) -> None:
        """Keep what was written for the next refresh, until this one is undone."""
        before = self.state()
        self._keep(text)
        step = self._undoable("Remember", lambda: self._keep(before), lambda: self._keep(text))
        self._document.UndoManager.addUndoAction(step)

    def _keep(self, text: Optional[str]) -> None:
        kept = self._document.DocumentProperties.UserDefinedProperties
        if kept.PropertySetInfo.hasPropertyByName(STATE):
            kept.removeProperty(STATE)
        if text is not None:
            kept.addProperty(STATE, REMOVABLE, text)

    def progress(self, doing: str) -> None:
        """Say in the status bar what is being done."""
        self._status.start(doing, 0)

    @contextmanager
    def one_undo_step(self, title: str) -> Iterator[None]:
        """What is done in this block is shown and undone at once; where it fails, nothing of it stays."""
        undo = self._document.UndoManager
        steps = len(undo.getAllUndoActionTitles())
        self._document.lockControllers()  # else Calc paints and measures rows after every cell
        undo.enterUndoContext(title)
        try:
            yield
        except BaseException:
            undo.leaveUndoContext()
            if len(undo.getAllUndoActionTitles()) > steps:
                undo.undo()
                undo.clearRedo()
            raise
        else:
            undo.leaveUndoContext()
        finally:
            self._document.unlockControllers()
            self._status.end()

    def _cell(self, sheet: str, address: str) -> Any:
        row, column = position(address)
        return self._document.Sheets.getByName(sheet).getCellByPosition(column, row)

    def _used(self, sheet: str) -> Any:
        """The area from A1 to the last cell in use."""
        page = self._document.Sheets.getByName(sheet)
        cursor = page.createCursor()
        cursor.gotoEndOfUsedArea(False)
        end = cursor.RangeAddress
        return page.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow)
