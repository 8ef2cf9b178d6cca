"""Drives a running LibreOffice for the tests, in the Python that has UNO: answers calls over a pipe.

Each call is the name of a method of `Driver` and its arguments, each answer its result or an error's text.
"""

from __future__ import annotations

import pickle
import sys
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.document.MacroExecMode import ALWAYS_EXECUTE_NO_WARN, NEVER_EXECUTE

ERRORS = {503: "#NUM!", 519: "#VALUE!", 524: "#REF!", 525: "#NAME?", 532: "#DIV/0!", 32767: "#N/A"}
FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".ods": "calc8"}


def properties(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


class Driver:
    """One office, and the workbook that was opened last."""

    def __init__(self, pipe, timeout):
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        end = time.monotonic() + timeout
        while True:
            try:
                self.context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except NoConnectException:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.desktop = self.service("com.sun.star.frame.Desktop")
        self.document = None

    def service(self, name):
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def open(self, path=None, visible=False, macros=False):
        self.close()
        address = "private:factory/scalc" if path is None else Path(path).as_uri()
        self.document = self.desktop.loadComponentFromURL(
            address,
            "_blank",
            0,
            properties(
                Hidden=not visible, MacroExecutionMode=ALWAYS_EXECUTE_NO_WARN if macros else NEVER_EXECUTE
            ),
        )

    def close(self):
        if self.document is not None:
            self.document.close(True)
            self.document = None

    def save(self, path):
        self.document.storeToURL(Path(path).as_uri(), properties(FilterName=FILTERS[Path(path).suffix]))

    def insert(self, sheet, at, count, axis):
        """Insert rows or columns in front of number `at`, from 1; a negative count deletes."""
        lines = getattr(self.sheet(sheet), axis.capitalize())
        if count > 0:
            lines.insertByIndex(at - 1, count)
        else:
            lines.removeByIndex(at - 1, -count)

    def sheet(self, name):
        sheets = self.document.Sheets
        return sheets.getByIndex(0) if name is None else sheets.getByName(name)

    def titles(self):
        return self.document.Sheets.ElementNames

    def put(self, cells, sheet=None):
        """Formulas in Calc's own words, or values; an array formula is a pair of area and formula."""
        for address, content in cells.items():
            area = self.sheet(sheet).getCellRangeByName(address)
            if isinstance(content, tuple):
                area.setArrayFormula(content[0])
            elif isinstance(content, str):
                area.setFormula(content)
            else:
                area.setValue(content)

    def fill(self, area, rows, sheet=None):
        self.sheet(sheet).getCellRangeByName(area).setDataArray(rows)

    def fill_formulas(self, area, rows, sheet=None):
        self.sheet(sheet).getCellRangeByName(area).setFormulaArray(rows)

    def values(self, area, sheet=None):
        """What the cells of an area show, rows of them, errors as texts."""
        cell_range = self.sheet(sheet).getCellRangeByName(area)
        rows = [list(row) for row in cell_range.getDataArray()]
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if value is None:
                    code = cell_range.getCellByPosition(column, row).getError()
                    values[column] = ERRORS.get(code, f"Err:{code}")
        return rows

    def page(self, sheet):
        """What every cell of a sheet shows that shows something, by address."""
        cursor = self.sheet(sheet).createCursor()
        cursor.gotoEndOfUsedArea(False)
        columns = [column.Name for column in self.sheet(sheet).Columns[: cursor.RangeAddress.EndColumn + 1]]
        rows = self.values(f"A1:{columns[-1]}{cursor.RangeAddress.EndRow + 1}", sheet)
        return {
            f"{column}{number}": value
            for number, row in enumerate(rows, 1)
            for column, value in zip(columns, row, strict=True)
            if value != ""
        }

    def rename(self, title):
        self.document.Sheets.getByIndex(0).setName(title)

    def protect(self, sheet):
        self.sheet(sheet).protect("")

    def formula(self, address, sheet=None):
        return self.sheet(sheet).getCellRangeByName(address).getFormula()

    def formulas(self, sheet):
        """What every cell of a sheet holds, rows of them from A1 to the last cell in use."""
        cursor = self.sheet(sheet).createCursor()
        cursor.gotoEndOfUsedArea(False)
        end = cursor.RangeAddress
        return self.sheet(sheet).getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).getFormulaArray()

    def references(self):
        """What names refer to, and the cells that charts show."""
        names = self.document.NamedRanges
        referred = {name: names.getByName(name).Content for name in names.ElementNames}
        for title in self.titles():
            charts = self.sheet(title).Charts
            for name in charts.ElementNames:
                used = charts.getByName(name).EmbeddedObject.getUsedRangeRepresentations()
                referred[f"{title}: {name}"] = used
        return referred

    def calculate(self):
        """How long Calc takes to calculate every formula, in seconds."""
        started = time.perf_counter()
        self.document.calculateAll()
        return time.perf_counter() - started

    def edited(self, address, value, sheet=None):
        """How long Calc takes to take a number and to calculate what follows from it, in seconds."""
        cell = self.sheet(sheet).getCellRangeByName(address)
        started = time.perf_counter()
        cell.setValue(value)
        self.document.calculate()
        return time.perf_counter() - started

    def descriptions(self):
        """The texts of the function wizard for our functions, by the name that it shows."""
        described = {}
        for entry in self.service("com.sun.star.sheet.FunctionDescriptions"):
            texts = {prop.Name: prop.Value for prop in entry}
            if texts["Name"].startswith("VAL."):
                arguments = [(a.Name, a.Description, a.IsOptional) for a in texts["Arguments"] or ()]
                described[texts["Name"]] = (texts["Category"], texts["Description"], arguments)
        return described

    def interface(self, kind):
        """The menus or toolbars that extensions add: name, context, and the commands in it."""
        provider = self.service("com.sun.star.configuration.ConfigurationProvider")
        root = provider.createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess",
            properties(nodepath=f"/org.openoffice.Office.Addons/AddonUI/{kind}"),
        )
        signatures = {}
        for name in root.ElementNames:
            node = root.getByName(name)
            commands = node.getByName("Submenu") if node.hasByName("Submenu") else node
            signatures[name] = [
                tuple(commands.getByName(element).getByName(text) for text in ("URL", "Title", "Context"))
                for element in commands.ElementNames
            ]
        return signatures

    def url(self, text):
        url = uno.createUnoStruct("com.sun.star.util.URL")
        url.Complete = text
        return self.service("com.sun.star.util.URLTransformer").parseStrict(url)[1]

    def takes(self, url):
        """Whether the window of the workbook has something to dispatch a command to."""
        return self.document.CurrentController.Frame.queryDispatch(self.url(url), "_self", 0) is not None

    def empty_window_takes(self, url):
        """The same of a window with nothing in it."""
        handler = self.service("xiaomi-model.Commands")
        handler.initialize((self.service("com.sun.star.frame.Frame"),))
        return handler.queryDispatch(self.url(url), "_self", 0) is not None

    def dispatch(self, command):
        """Whether a command was carried out, and what it answers."""
        helper = self.service("com.sun.star.frame.DispatchHelper")
        frame = self.document.CurrentController.Frame
        event = helper.executeDispatch(frame, f"vnd.xiaomi-model:{command}", "_self", 0, ())
        return event.State == 1, event.Result

    def undo(self):
        self.without_painting(self.document.UndoManager.undo)

    def redo(self):
        self.without_painting(self.document.UndoManager.redo)

    def without_painting(self, change):
        """Change the workbook, and show all of it at once: thousands of steps take half the time."""
        self.document.lockControllers()
        try:
            change()
        finally:
            self.document.unlockControllers()

    def undo_titles(self):
        return self.document.UndoManager.getAllUndoActionTitles()


def main():
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    driver = Driver(sys.argv[1], float(sys.argv[2]))
    while True:
        try:
            name, arguments = pickle.load(incoming)
        except EOFError:
            return
        try:
            answer = ("answer", getattr(driver, name)(*arguments))
        except Exception as error:
            answer = ("failed", f"{type(error).__name__}: {error}")
        pickle.dump(answer, outgoing)
        outgoing.flush()


if __name__ == "__main__":
    main()
