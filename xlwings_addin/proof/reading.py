"""What a workbook holds: where its lines stand, and the inputs an analyst has left in it."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol, runtime_checkable

from xlwings_addin.core.errors import BookError, DomainError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.default_rows import default_value
from xlwings_addin.inputs.optional import AS, reference_of
from xlwings_addin.inputs.parameter import Parameter, Value
from xlwings_addin.inputs.renamed import current_line
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.layout.references import HEADINGS, Book, PlacedCell, Rows
from xlwings_addin.proof.broken_rules import in_cells, told_by_cell
from xlwings_addin.proof.pages import Pages
from xlwings_addin.proof.renamed_sheets import refuse_left_behind, renamed_sheets
from xlwings_addin.proof.report import Finding, Report, Severity
from xlwings_addin.proof.same_formula import is_same_formula
from xlwings_addin.sheets import inputs as inputs_sheet
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.reported import QUARTERLY
from xlwings_addin.sheets.spec import Context, Line, Sheet
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.dates import FIRST_SERIAL, LAST_SERIAL, SERIAL_ORIGIN
from xlwings_addin.xlsx.package import CellKey, CellValue, Package


@runtime_checkable
class Paged(Protocol):
    """Cells whose pages have been looked through already."""

    @property
    def pages(self) -> Pages:
        """The pages as `read` gives them."""
        ...


def pages_of_open(opened: OpenCells) -> Pages:
    """The pages of a workbook, those that it has at hand where it has."""
    return opened.pages if isinstance(opened, Paged) else Pages(opened.read, opened.titles)


class OpenCells(Protocol):
    """The cells of a workbook: what they hold, and what they show."""

    @property
    def name(self) -> str:
        """What messages call the workbook."""
        ...

    @property
    def sees_formulas(self) -> bool:
        """Whether `read` gives formulas; where it gives their values, no formula is judged."""
        ...

    def titles(self) -> Sequence[str]:
        """The names of its sheets."""
        ...

    def read(self, sheet: str) -> Mapping[str, CellValue]:
        """Every cell of a sheet that holds something: a formula with its equals sign, else the value."""
        ...

    def values_of(self, cells: Collection[CellKey]) -> Mapping[CellKey, CellValue]:
        """What cells show, of a formula its value; a cell that shows nothing is left out."""
        ...


def located_lines(package: Package, pages: Pages, context: Context, report: Report) -> Rows:
    """The row of every line that the workbook still has, found by its key on the pages of its values."""
    expected, rows = Book(context), Rows({}, {})
    for sheet in sheets(context.company):
        placed = expected.sheets[sheet.key]
        title, keys = pages.title_and_keys(sheet)
        if title not in package.sheets():
            report.findings.append(_missing_sheet(sheet, context.company))
            continue
        if HEADINGS not in keys:
            message = f"no column of {sheet.title} is headed {HEADINGS}: its lines cannot be told apart"
            report.findings.append(Finding("failure", "missing line", message, sheet=sheet.title))
            continue
        _refuse_repeated(pages, sheet, title, placed.lines)
        rows.titles[sheet.key] = title
        rows[sheet.key, HEADINGS] = keys[HEADINGS]
        for key, (block, line) in placed.lines.items():
            if key in keys:
                rows[sheet.key, key] = keys[key]
            elif block.block.with_a_build and keys.keys().isdisjoint(block.rows):
                if key == next(iter(block.rows)):
                    message = f"{block.block.title}: comes with a new build"
                    report.findings.append(Finding("note", "missing line", message, sheet=title, line=key))
            else:
                message = f"line {line.label or key} ({key}) is missing from {title}"
                severity: Severity = "warning" if _is_record(sheet.key, key) else "failure"
                report.findings.append(Finding(severity, "missing line", message, sheet=title, line=key))
    refuse_left_behind(package, rows.titles, context.company)
    for message in renamed_sheets(rows.titles, context.company):
        report.findings.append(Finding("note", "renamed sheet", message))
    needed = {("Cover", "cover", "selected_case")}
    needed |= {("Inputs", "inputs", entry.key) for entry in context.company.parameters if not entry.default}
    lost = sorted(f"{title}: {key}" for title, sheet, key in needed if (sheet, key) not in rows)
    if lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        rule = f"lacks lines that every model of this project has ({', '.join(lost[:3])}{more})"
        raise BookError("workbook", report.book, rule, display=report.book)
    return rows


def _refuse_repeated(pages: Pages, sheet: Sheet, title: str, lines: Container[str]) -> None:
    """`BookError` for a line that stands twice, as a row copied with its key: which one counts?"""
    for key, rows in pages[title].repeated_keys.items():
        if current_line(sheet.key, key)[1] in lines:
            places = " and ".join(map(str, rows))
            rule = f"stands in rows {places} of {title}: clear the key of the row that is not the model's"
            raise BookError("key", key, rule, display=key)


def _missing_sheet(sheet: Sheet, company: Company) -> Finding:
    """That a sheet is missing: a failure where lines of others hang on it."""
    severity: Severity = "warning" if _may_be_missing(sheet, company) else "failure"
    return Finding(severity, "missing sheet", f"sheet {sheet.title} is missing", sheet=sheet.title)


def _may_be_missing(sheet: Sheet, company: Company) -> bool:
    """Whether a sheet only answers, or values a part by a method beside the default one.

    A book that is older than the method has no row for the choice, and counts by the default.
    """
    business = next((one for one in company.businesses if one.key == sheet.key), None)
    if business is None or business.part.method_key is None:
        return sheet.only_answers
    return company.parameters.named(business.part.method_key).default not in ("", business.method)


def _is_record(sheet: str, key: str) -> bool:
    """Whether a line only records where a reported figure comes from: nothing hangs on it."""
    return sheet == "sources" and "__" not in key


def rows_there(pages: Pages, context: Context) -> Rows:
    """The row of every line that a book has, found by its key in the column of keys of its sheet."""
    rows = Rows({}, {})
    for sheet in sheets(context.company):
        title, keys = pages.title_and_keys(sheet)
        if HEADINGS in keys:
            rows.titles[sheet.key] = title
            rows.update({(sheet.key, key): row for key, row in keys.items()})
    return rows


def located(pages: Pages, context: Context) -> Rows:
    """The row of every line of a book, found by its key in the column of keys.

    A sheet that only answers may be missing, and one of a method beside the default one. Raises `BookError`
    for a book that lacks another one, or an input that nothing stands for.
    """
    rows = rows_there(pages, context)
    for sheet in sheets(context.company):
        if (sheet.key, HEADINGS) not in rows and not _may_be_missing(sheet, context.company):
            raise BookError(
                "sheet", sheet.title, "is missing, or lacks the keys of its lines; build a new book"
            )
    if ("inputs", HEADINGS) in rows:
        _refuse_repeated(pages, inputs_sheet.SHEET, rows.titles["inputs"], context.company.parameters.keys)
    needed = (entry.key for entry in context.company.parameters if not entry.default)
    lost = [key for key in needed if ("inputs", key) not in rows]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        rule = f"is missing{more}: the book is from another version of this project; build a new one"
        raise BookError("line of Inputs", lost[0], rule, display=lost[0])
    return rows


def checked_selection(book: Book, selected: CellValue) -> str:
    """The selected case; `BookError` where there is none of that name."""
    if selected not in book.context.cases:
        raise BookError("selected_case", selected, f"must be one of {', '.join(book.context.cases)}")
    return str(selected)


def is_of_own_case(cell: PlacedCell, context: Context) -> bool:
    """Whether a typed cell speaks of a case that only the workbook has, and the tables say nothing of."""
    if cell.line is None or not context.own_cases:
        return False
    if cell.sheet.key == "inputs":
        return cell.group == "cases" and context.cases[cell.index] in context.own_cases
    by_case = cell.sheet.key == "sources" and context.source_rows.by_case
    return by_case and cell.line.key.rpartition("__")[2] in context.own_cases


def stands(cell: PlacedCell, rows: Mapping[tuple[str, str], int]) -> bool:
    if cell.line is None:
        return (cell.sheet.key, HEADINGS) in rows
    return (cell.sheet.key, cell.line.key) in rows


def links_of(book: Book, formulas: Mapping[CellKey, str]) -> dict[CellKey, CellKey]:
    """The inputs of a workbook that follow the case their case extends, each with the cell it follows.

    `formulas` are those of the workbook, by cell; a formula of the analyst's own is no such link.
    """
    return {
        cell.at: book.at(cell.parent, cell.sheet.key)
        for cell in book.cells()
        if cell.parent is not None
        and cell.at in formulas
        and is_same_formula(formulas[cell.at], book.formula(cell))
    }


def _apparent_links(book: Book, values: Mapping[CellKey, CellValue]) -> dict[CellKey, CellKey]:
    """The same for a host that shows values only: inputs that are to follow a cell, and show its value."""
    followed = {
        cell.at: book.at(cell.parent, cell.sheet.key)
        for cell in book.cells()
        if cell.parent is not None and cell.follows
    }
    return {
        at: other for at, other in followed.items() if not disagreement(values.get(at), values.get(other))
    }


def book_context(
    values: Mapping[CellKey, CellValue],
    book: Book,
    report: Report,
    formulas: Mapping[CellKey, str] | None = None,
) -> Context:
    """The inputs and reported figures as a workbook's stored `values` have them, valued by the core.

    `book` says where they stand and what the tables have for them, `formulas` which inputs follow the case
    that theirs extends: these have the value of the cell they follow, whatever is stored in them, and are no
    changes of their own. An input that an analyst has linked to another cell counts with the value stored.
    """
    context = book.context
    links = _apparent_links(book, values) if formulas is None else links_of(book, formulas)
    changed: dict[str, dict[str, object]] = {case: {} for case in context.cases}
    linked: dict[str, set[str]] = {case: set() for case in context.cases}
    figures: dict[tuple[str, str], float | None] = {}
    places: dict[str, dict[str, str]] = {case: {} for case in context.cases}
    typed: list[str] = []
    cells = [cell for cell in book.cells() if cell.entry.kind == "input" and stands(cell, book.rows)]
    owners = {cell.at: context.cases[cell.index] for cell in cells if cell.sheet.key == "inputs"}
    for cell in cells:
        if cell.line is None:
            continue
        at = cell.at
        while at in links:
            at = links[at]
        value: object = values.get(at)
        expected = book.expected(cell, context.results[context.cases[0]])
        if cell.line.key == "selected_case":
            continue
        case = context.cases[cell.index] if cell.sheet.key == "inputs" else ""
        if cell.at in links:
            linked[case].add(cell.line.key)
        if case:
            places[case][cell.line.key] = f"{at[0]}!{at[1]}"
        if not disagreement(value, expected):
            continue
        place = f"{cell.sheet.title}!{cell.address}"
        if case:
            parameter = context.company.parameter(cell.line.key)
            changed[case][cell.line.key] = _input(value, parameter, "!".join(at), owners.get(at, case))
        else:
            figures[figure_of(book, cell)] = _number(value, place)
            typed.append(f"{place} {' of '.join(figure_of(book, cell))}")
        if (cell.at in links and cell.follows) or case in context.own_cases:
            continue
        report.findings.append(_input_changed(cell, cell.line, case, value, expected))
    tables = context.tables.replace(figures) if figures else context.tables
    results = dict(context.results)
    for case, valued in context.results.items():
        changed[case] |= _standing_for_lines(book, valued.inputs, changed[case])
        if figures or changed[case] or case in context.own_cases:
            try:
                inputs = _replaced(valued.inputs, tables, changed[case], linked[case], places[case])
                results[case] = evaluate(inputs)
            except DomainError as error:
                raise told_by_cell(error, places[case], changed[case], typed) from None
    return context if results == context.results else replace(context, results=results)


def _input_changed(cell: PlacedCell, line: Line, case: str, value: object, expected: object) -> Finding:
    message = f"{line.label}: {value} in the book, {expected} in the tables"
    return Finding(
        "note", "input changed", message, case, cell.sheet.title, line.key, cell.address,
        actual=str(value), expected=str(expected),
    )  # fmt: skip


def _standing_for_lines(book: Book, inputs: Inputs, changed: Mapping[str, object]) -> dict[str, object]:
    """The defaults of inputs that a workbook of an earlier version has no line of, where they differ."""
    standing: dict[str, object] = {}
    for entry in book.context.company.parameters:
        if not book.rows or not entry.default or ("inputs", entry.key) in book.rows:
            continue
        other = reference_of(entry.default)
        if other is None:
            value: object = default_value(entry)
        elif entry.default.startswith(AS):
            value = changed.get(other, inputs[other])
        else:
            value = inputs.row(other).as_of
        if value != inputs[entry.key]:
            standing[entry.key] = value
    return standing


def _input(value: object, entry: Parameter, place: str, case: str) -> Value:
    """A value of Inputs as the model takes it; what it may not be is raised with its place."""
    argument = f"{place} {entry.key} of {case}"
    if entry.kind == "date" and isinstance(value, float):
        if not FIRST_SERIAL <= value <= LAST_SERIAL:
            rule = "must be a date, typed as one, such as 2025-12-01"
            raise BookError(argument, value, rule, display=f"{value:.15g}")
        value = (SERIAL_ORIGIN + timedelta(days=value)).date()
    return entry.read(value, argument=argument)


def figure_of(book: Book, cell: PlacedCell) -> tuple[str, str]:
    """Key and period of a reported figure from the line and heading it stands under."""
    assert cell.line is not None
    placed, _ = book.sheets[cell.sheet.key].lines[cell.line.key]
    period = placed.columns[cell.group].headings[cell.index]
    return cell.line.key.removeprefix(QUARTERLY), str(period)


def _number(value: object, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BookError(place, value, "must be a number or blank")
    return float(value)


def _replaced(
    inputs: Inputs,
    tables: Tables,
    values: Mapping[str, object],
    linked: Collection[str],
    cells: Mapping[str, str],
) -> Inputs:
    """The inputs with the book's values; what the sheets say of their sources is still the tables' word.

    What is `linked` in the book the case does not set itself, whatever its value. A rule that is broken names
    the `cells` of the book.
    """
    changed = replace(in_cells(inputs, cells), tables=tables).replace(**values)
    owners = {
        key: owner
        for key, owner in changed.origin.owners.items()
        if owner != inputs.case or key not in linked
    }
    return replace(changed, rows=inputs.rows, origin=replace(changed.origin, owners=owners))
