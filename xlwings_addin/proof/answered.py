"""The answers that sheets keep: what they were made for, whether that holds, and whether they are right."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache

from xlwings_addin.core.errors import LibraryError, ValuationError
from xlwings_addin.layout.references import HEADINGS, Book, PlacedCell
from xlwings_addin.proof.reading import stands
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.sheets.made import ASKED, MADE, MADE_CASE
from xlwings_addin.sheets.spec import Context
from xlwings_addin.xlsx.agreement import disagreement, plain
from xlwings_addin.xlsx.package import CellKey, CellValue

Values = Mapping[CellKey, CellValue]
_NAMED = re.compile(r"\{(?:(\w+)\.)?(\w+)")


def answer_cells(book: Book) -> list[PlacedCell]:
    """The cells of a workbook that keep an answer."""
    cells = [cell for cell in book.cells() if cell.entry.kind == "answer"]
    return [cell for cell in cells if stands(cell, book.rows)] if book.rows else cells


def as_answered(context: Context, book: Book, values: Values) -> Context:
    """The context with the case that a workbook's answers were made for, and the price that it asks about."""
    cases = (values.get(cell.at) for cell in answer_cells(book) if _key(cell) == MADE_CASE)
    made = next((context.results[str(case)] for case in cases if case in context.results), None)
    asked = asked_price(book, values)
    if made is context.made_for and asked == context.asked:
        return context
    return replace(context, made=made, asked=asked)


def as_asked(context: Context, book: Book, values: Values, *, case: str) -> Context:
    """The context whose answers are to one case and to the price that a workbook asks about."""
    return replace(context, made=context.results[case], asked=asked_price(book, values))


def asked_references(book: Book) -> list[str]:
    """Where an analyst may type a price to ask about."""
    return [
        f"{{{key}.{ASKED}:asked}}"
        for key, placed in book.sheets.items()
        if ASKED in placed.lines and (key, ASKED) in book.rows
    ]


def asked_price(book: Book, values: Values) -> float | None:
    """The price that an analyst has typed to ask about; None for no price."""
    typed = [values.get(book.at(reference)) for reference in asked_references(book)]
    return next((price for price in typed if isinstance(price, float) and price > 0), None)


def old_sheets(book: Book, values: Values) -> frozenset[str]:
    """The sheets whose answers were made for other inputs than the workbook has now, by key."""
    return frozenset(
        cell.sheet.key
        for cell in answer_cells(book)
        if _key(cell).startswith(MADE) and disagreement(values.get(cell.at), plain(_expected(book, cell)))
    )


def resting_on_answers(cells: Collection[PlacedCell], old: Collection[str]) -> frozenset[CellKey]:
    """The formula cells that show old answers, or compare what these were made for with the model now.

    Those of the old sheets that compare, and those of other sheets that read one of these sheets, or a line
    that does.
    """
    resting = {cell.at for cell in cells if cell.sheet.key in old and _key(cell).startswith(MADE)}
    lines: set[tuple[str, str]] = set()
    others = [cell for cell in cells if cell.sheet.key not in old and cell.entry.kind == "formula"]
    while more := [cell for cell in others if cell.at not in resting and _reads(cell, old, lines)]:
        resting |= {cell.at for cell in more}
        lines |= {(cell.sheet.key, _key(cell)) for cell in more}
    return frozenset(resting)


def _reads(cell: PlacedCell, sheets: Collection[str], lines: Collection[tuple[str, str]]) -> bool:
    """Whether the formula of a cell names one of the sheets, or one of the lines."""
    named = _named(cell.entry.formula or "")
    return any(sheet in sheets or (sheet or cell.sheet.key, key) in lines for sheet, key in named)


@cache
def _named(formula: str) -> tuple[tuple[str, str], ...]:
    """The lines that a formula names: the sheet, nothing for its own, and the key."""
    return tuple(_NAMED.findall(formula))


def with_their_answers(cells: Collection[PlacedCell], book: Book) -> list[PlacedCell]:
    """The cells without those that show answers of a sheet which a workbook has not."""
    missing = [
        key
        for key, placed in book.sheets.items()
        if placed.sheet.only_answers and book.rows and (key, HEADINGS) not in book.rows
    ]
    lacking = resting_on_answers(cells, missing) if missing else frozenset()
    return [cell for cell in cells if cell.at not in lacking]


def compare_answers(book: Book, values: Values, old: Collection[str], report: Report) -> None:
    """Every answer that a workbook keeps against the core; of old ones only that they are."""
    if old:
        titles = ", ".join(placed.sheet.title for key, placed in book.sheets.items() if key in old)
        message = f"{titles}: made for other inputs than the workbook has now; a refresh works them out anew"
        report.findings.append(Finding("warning", "stored result is old", message))
    for title, cells in _by_sheet(book).items():
        if cells[0].sheet.key in old:
            continue
        try:
            answers = _answers(book, cells)
        except LibraryError as error:
            report.findings.append(Finding("warning", "not evaluated", f"{title}: {error}"))
            continue
        for cell in cells:
            stored, expected = values.get(cell.at), answers[cell.at]
            report.comparisons += 1
            if difference := disagreement(stored, expected):
                message = f"answer kept by the last build: {difference}"
                report.add("wrong stored value", cell, message, "", "", stored, expected)


def answers_of_book(book: Book, kept: dict[str, str] | None = None) -> dict[CellKey, CellValue]:
    """What the core answers for every cell that keeps an answer.

    Where `kept` is handed over, a sheet that cannot be answered is left out, and put there with the reason.
    """
    answers: dict[CellKey, CellValue] = {}
    for title, cells in _by_sheet(book).items():
        try:
            answers |= _answers(book, cells)
        except ValuationError as error:
            if kept is None:
                raise
            kept[title] = str(error)
    return answers


def _by_sheet(book: Book) -> dict[str, list[PlacedCell]]:
    sheets: dict[str, list[PlacedCell]] = {}
    for cell in answer_cells(book):
        sheets.setdefault(cell.sheet.title, []).append(cell)
    return sheets


def _answers(book: Book, cells: Collection[PlacedCell]) -> dict[CellKey, CellValue]:
    return {cell.at: plain(_expected(book, cell)) for cell in cells}


def _expected(book: Book, cell: PlacedCell) -> object:
    return book.expected(cell, book.context.made_for)


def _key(cell: PlacedCell) -> str:
    return cell.line.key if cell.line is not None else ""
