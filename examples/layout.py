"""What the example workbooks share: an input sheet, a model with functions, and the same in native formulas.

`Inputs` holds every typed number, blue, with its unit and source; each has a name. `Model` holds native
formulas and our functions. `Check` has, at the address of every function of `Model`, a native formula for the
same thing, and compares them.

A formula names lines by key: `{revenue}` is the cell of the same year, `{revenue.before}` that of the year
before, `{revenue.all}` all years, `{revenue.last}` the last; `{value}` is also how a single figure is named.
"""

from __future__ import annotations

import io
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

import xlwings_addin as xa
from xlwings_addin.xlsx.package import normalise, save

FIRST_ROW, LABEL, UNIT, FIRST_YEAR = 6, 1, 2, 3
HEADINGS = 5
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
DARK, PALE, BLUE, GREY = "#1F3864", "#DDE5F2", "#0000FF", "#7F7F7F"

NUMBERS = {
    "": "0",
    "rate": "0.0%",
    "factor": "0.0000",
    "ratio": "0.00",
    "multiple": '0.0"x"',
    "USD thousand": "#,##0.0",
    "date": "yyyy-mm-dd",
    "per share": "#,##0.00",
    "text": "@",
}
PLAIN = "#,##0;-#,##0;-"
_KEY = re.compile(r"\{(\w+)(?:\.(before|all|last))?\}")


@dataclass(frozen=True)
class Line:
    """A row of the model: where it is, and how many cells it has."""

    row: int
    cells: int

    def at(self, offset: int) -> str:
        """A cell of the row by an address that stays where a formula is copied."""
        return xl_rowcol_to_cell(self.row, FIRST_YEAR + offset, row_abs=True, col_abs=True)

    def beside(self, offset: int) -> str:
        """A cell of the row by an address that moves along with the formula."""
        return self.at(0) if self.cells == 1 else xl_rowcol_to_cell(self.row, FIRST_YEAR + offset)


class Example:
    """An example workbook in the making."""

    def __init__(self, title: str, purpose: str, *, columns: list[str], notes: list[str]) -> None:
        self.columns = columns
        self.lines: dict[str, Line] = {}
        self._buffer = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._buffer, {"in_memory": True})
        self._book.set_properties({"title": title, "comments": purpose, "created": BUILT})
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}
        self.inputs, self.model, self.check = map(self._book.add_worksheet, ("Inputs", "Model", "Check"))
        self._input_row, self._row = FIRST_ROW, FIRST_ROW
        self._differences: list[int] = []
        self._headed(self.inputs, title, purpose, ["", "", "", "Unit", "Source"])
        self._headed(self.model, title, purpose, ["", "", "Unit", *columns])
        explained = "Each function of Model again, at the same address, as a native formula."
        self._headed(self.check, title, explained, ["", "", "Unit", *columns, "Difference"])
        self._widths()
        self._notes = notes

    # --- formats and headings -------------------------------------------------------------------------

    def _format(self, **properties: object) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(
                {"font_name": "Arial", "font_size": 10, "valign": "vcenter", **properties}
            )
        return self._formats[key]

    def _number(self, unit: str, **properties: object) -> Any:
        return self._format(num_format=NUMBERS.get(unit, PLAIN), align="right", **properties)

    def _headed(self, sheet: Any, title: str, purpose: str, headings: list[str]) -> None:
        sheet.hide_gridlines(2)
        sheet.write(1, LABEL, title, self._format(bold=True, font_size=16, font_color=DARK))
        sheet.write(2, LABEL, purpose, self._format(font_color=GREY))
        for column, heading in enumerate(headings[1:], LABEL):
            align = "left" if column < FIRST_YEAR or heading in ("Unit", "Source") else "right"
            style = self._format(bold=True, font_color="#FFFFFF", bg_color=DARK, align=align)
            sheet.write(HEADINGS - 1, column, heading, style)
        sheet.freeze_panes(HEADINGS, FIRST_YEAR)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 1)
        sheet.set_row(1, 22)

    def _widths(self) -> None:
        last = FIRST_YEAR + len(self.columns) - 1
        self.inputs.set_column(0, 0, 2)
        self.inputs.set_column(LABEL, LABEL, 40)
        self.inputs.set_column(UNIT, UNIT, 14)
        self.inputs.set_column(3, 3, 14)
        self.inputs.set_column(4, 4, 84)
        for sheet in (self.model, self.check):
            sheet.set_column(0, 0, 2)
            sheet.set_column(LABEL, LABEL, 40)
            sheet.set_column(UNIT, UNIT, 14)
            sheet.set_column(FIRST_YEAR, last, 11.5)
        self.check.set_column(last + 1, last + 1, 11.5)

    # --- inputs ---------------------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        """A heading among the inputs."""
        self._input_row += self._input_row > FIRST_ROW
        self._band(self.inputs, self._input_row, text, 4)
        self._input_row += 1

    def input(self, name: str, label: str, value: float | str | date, unit: str, why: str = "") -> str:
        """A typed figure, known to all formulas by its name; its address. None of them is a company's."""
        row = self._input_row
        style = self._number(unit, font_color=BLUE)
        self.inputs.write(row, LABEL, label, self._format())
        if isinstance(value, date):
            self.inputs.write_datetime(row, UNIT, datetime(value.year, value.month, value.day), style)
        else:
            self.inputs.write(row, UNIT, value, style)
        self.inputs.write(row, 3, unit, self._format(font_color=GREY, indent=1))
        source = f"Illustrative; {why}" if why else "Illustrative"
        self.inputs.write(row, 4, source, self._format(font_color=GREY))
        address = xl_rowcol_to_cell(row, UNIT, row_abs=True, col_abs=True)
        self._book.define_name(name, f"=Inputs!{address}")
        self._input_row += 1
        return f"Inputs!{address}"

    def choice(self, name: str, label: str, value: str, choices: list[str]) -> None:
        """A typed word, one of several."""
        row = self._input_row
        self.input(name, label, value, "text", " or ".join(choices))
        self.inputs.data_validation(row, UNIT, row, UNIT, {"validate": "list", "source": choices})

    # --- the model ------------------------------------------------------------------------------------

    def block(self, text: str) -> None:
        """A heading in the model."""
        self._row += self._row > FIRST_ROW
        for sheet in (self.model, self.check):
            self._band(sheet, self._row, text, FIRST_YEAR + len(self.columns) - 1)
        self._row += 1

    def _band(self, sheet: Any, row: int, text: str, last: int) -> None:
        style = self._format(bold=True, font_color=DARK, bg_color=PALE)
        for column in range(LABEL, last + 1):
            sheet.write(row, column, text if column == LABEL else "", style)

    def years(
        self,
        key: str,
        label: str,
        unit: str,
        formula: str,
        *,
        native: str = "",
        first: str = "",
        bold: bool = False,
    ) -> None:
        """A row over all columns; where its formula has functions, `native` says the same without.

        `first` is the native formula of the first column where it differs.
        """
        line = self._line(key, label, unit, len(self.columns), bold)
        style = self._number(unit, bold=bold)
        for offset in range(line.cells):
            starts = first and offset == 0
            own = first if starts and not native else formula
            self.model.write_formula(line.row, FIRST_YEAR + offset, self._cells(own, offset), style)
            if native:
                self._native(line, offset, first if starts else native, unit)
        if native and unit != "text":
            self._compare(line)

    def figure(
        self, key: str, label: str, unit: str, formula: str, *, native: str = "", bold: bool = False
    ) -> None:
        """One figure: a native formula, or a formula with functions, of which `native` says the same."""
        line = self._line(key, label, unit, 1, bold)
        style = self._number(unit, bold=bold, **({"top": 1} if bold else {}))
        self.model.write_formula(line.row, FIRST_YEAR, self._cells(formula), style)
        self._book.define_name(key, f"=Model!{line.at(0)}")
        if native:
            self._native(line, 0, native, unit)
        if native and unit != "text":
            self._compare(line)

    def grid(
        self, label: str, unit: str, rows: list[str], columns: list[str], formula: str, native: str
    ) -> None:
        """A table of one figure over two: `{down}` and `{across}` are its margins, formulas of their own."""
        margin = self._number("rate", bold=True, font_color=DARK)
        top = self._row
        self._write_label(top, label, "")
        for offset, template in enumerate(columns):
            self.model.write_formula(top, FIRST_YEAR + offset, self._cells(template), margin)
        for number, template in enumerate(rows, top + 1):
            self.model.write_formula(number, UNIT, self._cells(template), margin)
            line = Line(number, len(columns))
            self.check.write_formula(number, UNIT, f"=Model!{xl_rowcol_to_cell(number, UNIT)}", margin)
            for offset in range(len(columns)):
                down = xl_rowcol_to_cell(number, UNIT, col_abs=True)
                across = xl_rowcol_to_cell(top, FIRST_YEAR + offset, row_abs=True)
                own = formula.replace("{down}", down).replace("{across}", across)
                is_centre = (number - top - 1, offset) == (len(rows) // 2, len(columns) // 2)
                style = self._number(unit, bg_color=PALE, bold=True) if is_centre else self._number(unit)
                self.model.write_formula(number, FIRST_YEAR + offset, self._cells(own), style)
                other = native.replace("{down}", f"Model!{down}").replace("{across}", f"Model!{across}")
                self._native(line, offset, other, unit)
            self._compare(line)
        self._row = top + len(rows) + 1

    def chart(self, kind: str, title: str, keys: list[str], *, labels: str = "") -> None:
        """A chart of lines of the model, below it."""
        chart = self._book.add_chart({"type": kind})
        last = FIRST_YEAR + len(self.columns) - 1
        for key in keys:
            row = self.lines[key].row
            chart.add_series(
                {
                    "name": ["Model", row, LABEL],
                    "categories": ["Model", HEADINGS - 1, FIRST_YEAR, HEADINGS - 1, last],
                    "values": ["Model", row, FIRST_YEAR, row, last],
                    "fill": {"color": DARK},
                    "line": {"color": DARK},
                }
            )
        chart.set_title({"name": title, "name_font": {"size": 11, "color": DARK}})
        chart.set_legend({"none": len(keys) == 1, "position": "bottom"})
        chart.set_y_axis({"num_format": labels or "#,##0", "major_gridlines": {"visible": False}})
        chart.set_size({"width": 760, "height": 260})
        self.model.insert_chart(self._row + 1, LABEL, chart)

    def _line(self, key: str, label: str, unit: str, cells: int, bold: bool) -> Line:
        line = self.lines[key] = Line(self._row, cells)
        self._write_label(line.row, label, unit, bold=bold)
        self._row += 1
        return line

    def _write_label(self, row: int, label: str, unit: str, *, bold: bool = False) -> None:
        self.model.write(row, LABEL, label, self._format(bold=bold))
        self.check.write_formula(row, LABEL, f"=Model!{xl_rowcol_to_cell(row, LABEL)}", self._format(), label)
        for sheet in (self.model, self.check):
            sheet.write(row, UNIT, unit, self._format(font_color=GREY))

    def _cells(self, template: str, offset: int = 0, sheet: str = "") -> str:
        """A formula with the cells that its keys stand for."""

        def cell(key: re.Match[str]) -> str:
            line = self.lines[key[1]]
            last = line.at(line.cells - 1)
            cells = {
                "all": f"{line.at(0)}:{last}",
                "last": last,
                "before": line.beside(max(offset - 1, 0)),
                None: line.beside(offset),
            }
            return f"{sheet}{cells[key[2]]}"

        return "=" + _KEY.sub(cell, template)

    def _native(self, line: Line, offset: int, template: str, unit: str) -> None:
        self.check.write_formula(
            line.row, FIRST_YEAR + offset, self._cells(template, offset, "Model!"), self._number(unit)
        )

    def _compare(self, line: Line) -> None:
        """The difference of a row of functions and its native formulas, relative to the latter."""
        own = f"{line.at(0)}:{line.at(line.cells - 1)}"
        formula = f"=IF(SUMSQ({own})=0,SUMSQ(Model!{own}),SQRT(SUMXMY2(Model!{own},{own})/SUMSQ({own})))"
        style = self._format(num_format="0.0E+00", align="right", font_color=GREY)
        self.check.write_formula(line.row, FIRST_YEAR + len(self.columns), formula, style)
        self._differences.append(line.row)

    # --- the file -------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write the notes, calculate every formula, and put the file in its place."""
        self._write_notes()
        column = FIRST_YEAR + len(self.columns)
        rows = (min(self._differences), max(self._differences))
        differences = ":".join(xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True) for row in rows)
        verdict = f'=IF(MAX(Check!{differences})<1E-9,"Functions and native formulas agree","They differ")'
        self.model.write_formula(3, LABEL, verdict, self._format(italic=True, font_color=GREY))
        self.model.activate()
        self._book.close()
        data = self._buffer.getvalue()
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / path.name
            draft.write_bytes(data)
            # The writer calculates nothing: what it stores for a formula is 0.
            values = xa.recalculate(draft, stored_values_are_old=True)
        save(path, normalise(data, values=values, timestamp=BUILT))

    def _write_notes(self) -> None:
        row = self._input_row + 1
        self._band(self.inputs, row, "How to use it", 4)
        for number, note in enumerate(self._notes, row + 1):
            self.inputs.write(number, LABEL, note, self._format())
