"""A sheet of a packaged company's model as a table: what a cell of any other workbook may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.core.serials import SERIAL_ORIGIN
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.defaults import DEFAULT_COMPANY
from xlwings_addin.inputs.folders import company_folder, company_names
from xlwings_addin.inputs.nearest import nearest, one_of
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Context, Entry, Layout, Line, Sheet
from xlwings_addin.valuation.xiaomi import evaluate

Cells = dict[int, str | float]


def table_of(case: str, sheet: str, line: str = "", company: str = "") -> list[list[str | float]]:
    """Headings, then lines with label, unit and figures, where the sheet has them; "" for a blank cell.

    `line` is the key of one line, which then stands alone below its headings. Dates are serial numbers.
    Raises `ChoiceError` for another company, case or sheet, and `InputError` for a line that the sheet lacks
    and for a sheet that keeps what the core answers.

    >>> table_of("base", "Capital", "cost_of_equity")[1][:2]
    ['Cost of equity', 'rate']
    """
    context = _context(case, _folder(company))
    own = _named(sheet, context.company)
    rows: list[Cells] = []
    for block in own.blocks(context):
        lines = [one for one in block.lines if line in ("", one.key)]
        if lines:
            layout = block.columns or own.columns(context)
            rows.append(dict(_headings(block, layout, context)))
            rows += (dict(_cells(one, layout, context, own)) for one in lines)
    if not rows:
        keys = [one.key for block in own.blocks(context) for one in block.lines]
        raise InputError("line", line, f"is no line of {own.title}{nearest(line, keys)}")
    width = max(max(row) for row in rows) + 1
    return [[row.get(column, "") for column in range(width)] for row in rows]


def _folder(company: str) -> Path:
    name = company.casefold() or DEFAULT_COMPANY
    if name not in company_names():
        raise ChoiceError("company", company, f"must be one of {', '.join(company_names())}")
    return company_folder(name)


@lru_cache(maxsize=8)
def _context(case: str, folder: Path) -> Context:
    results = evaluate(load_inputs(case, folder))
    return Context(results.inputs.tables, {results.inputs.case: results}, folder=folder)


def _named(title: str, company: Company) -> Sheet:
    """The sheet of that title or key."""
    every = sheets(company)
    for sheet in every:
        if title.casefold() in (sheet.title.casefold(), sheet.key):
            return sheet
    raise ChoiceError("sheet", title, one_of(title, [sheet.title for sheet in every]))


def _headings(block: Block, layout: Layout, context: Context) -> Iterator[tuple[int, str | float]]:
    yield 0, block.title
    yield 1, "Unit"
    for column, heading in _by_column(layout):
        value = _value(heading, context) if isinstance(heading, Entry) else heading
        yield column, value


def _by_column(layout: Layout) -> Iterator[tuple[int, Any]]:
    for group in layout.values():
        for index, heading in enumerate(group.headings):
            yield _column(group.first + index), heading


def _column(column: int) -> int:
    """Where a column of the sheet stands in the table: figures follow label and unit."""
    return max(2, column - FIRST_COLUMN + 2)


def _cells(line: Line, layout: Layout, context: Context, sheet: Sheet) -> Iterator[tuple[int, str | float]]:
    yield 0, line.label or line.key
    yield 1, line.unit
    for group, entry in line.cells.items():
        if entry.kind == "answer":
            rule = (
                "keeps what the core answers, which no function gives: ask the command or open the workbook"
            )
            raise InputError("sheet", sheet.title, rule, display=sheet.title)
        columns = layout[group]
        results = context.made_for
        whole = entry.value(results)
        values = whole if columns.count > 1 else [whole]
        for index, value in enumerate(values):
            yield _column(columns.first + index), _plain(value)


def _value(entry: Entry, context: Context) -> str | float:
    return _plain(entry.value(context.made_for))


def _plain(value: Any) -> str | float:
    """A value as a cell has it."""
    if value is None:
        return ""
    if isinstance(value, date):
        return float((value - SERIAL_ORIGIN).days)
    return value if isinstance(value, str) else float(value)
