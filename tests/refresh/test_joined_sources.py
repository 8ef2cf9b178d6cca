"""Sources joins the cases that have a number from one place; books of former versions keep a row a case."""

from __future__ import annotations

from pathlib import Path

import xlwings_addin as xa
from tests import released
from tests.refresh.refreshing import refresh_file, type_into
from tests.refresh.test_open_book import LiveBook
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import rows_there
from xlwings_addin.refresh.refresh import refresh
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.sheets import sources
from xlwings_addin.xlsx.package import CellValue, read_values

COLUMNS = ("of", "basis", "source", "remark")
OWN = "tax_rate,,0.15,0.15,0.25,ratio,assumption,desk note,2025-11-19,asked again"


def book_of(path: Path, folder: Path | None = None) -> Book:
    pages = pages_of(read_values(path))
    context = fitted(load_context(folder), pages).context
    return Book(context, rows_there(pages, context))


def said(path: Path, rows: int, folder: Path | None = None) -> list[list[CellValue]]:
    """What the first rows of the tax rate on Sources say."""
    book, values = book_of(path, folder), read_values(path)
    return [
        [values.get(book.at(f"{{sources.tax_rate__{number}:{column}}}")) for column in COLUMNS]
        for number in range(1, rows + 1)
    ]


def with_own_source(tables: Path, case: str = "bear") -> None:
    path = tables / "cases" / f"{case}.csv"
    path.write_text(f"{path.read_text(encoding='utf-8')}{OWN}\n", encoding="utf-8")


def failures(path: Path, folder: Path) -> list[str]:
    report = xa.check(path, folder=folder, second_opinion="skip")
    return [finding.message for finding in report.findings if finding.severity == "failure"]


def test_a_row_says_for_which_cases_it_is_in_the_shorter_way(delivered: Path) -> None:
    assert [row[0] for row in said(delivered, 2)] == ["house_2026, house_2026_bull", "base, bear, bull"]
    book, values = book_of(delivered), read_values(delivered)
    of = {values[book.at(f"{{sources.{key}__1:of}}")] for key in ("tolerance", "replicates")}
    assert of == {"all cases", "all but march_2024_replica"}


def test_every_case_is_said_to_have_the_source_that_its_row_in_the_tables_has(delivered: Path) -> None:
    book, values = book_of(delivered), read_values(delivered)
    parameters = book.context.company.parameters
    assert len(parameters) > 150
    for parameter in parameters:
        for position, (case, results) in enumerate(book.context.results.items(), 1):
            row = results.inputs.row(parameter.key)
            number = values[book.at(f"{{sources.{parameter.key}__1:rows[{position}]}}")]
            assert isinstance(number, float), (parameter.key, case)
            line = f"sources.{parameter.key}__{number:.0f}"
            stored = [values.get(book.at(f"{{{line}:{column}}}")) for column in ("basis", "source", "remark")]
            assert stored == [row.basis, row.source, row.note or None]


def test_a_case_with_a_source_of_its_own_gets_a_row_and_notes_stay_beside_theirs(
    book_file: Path, tables: Path
) -> None:
    before = said(book_file, 5)
    mine = book_of(book_file).at("{sources.tax_rate__3:remark}")
    type_into(book_file, {mine: "asked the desk"})
    with_own_source(tables)
    done = refresh_file(book_file, tables)
    assert "Sources: Tax rate" in done.growth.added
    assert said(book_file, 6, tables) == [
        before[0],
        ["base, bull", *before[1][1:]],
        [*before[2][:3], "asked the desk"],
        *before[3:],
        ["bear", "assumption", "desk note", "asked again"],
    ]
    assert [change.key for change in done.plan.texts_kept] == ["tax_rate__3"]
    (told,) = failures(book_file, tables)
    assert "asked the desk against half of the way to the general rate" in told
    xa.refresh(book_file, folder=tables, case="bear")
    stored = read_values(book_file)
    assert stored[book_of(book_file, tables).at("{inputs.tax_rate:source}")] == "asked again"


def test_a_row_that_no_case_takes_any_more_says_so(book_file: Path, tables: Path) -> None:
    case = tables / "cases" / "house_2026_bear.csv"
    lines = case.read_text(encoding="utf-8").splitlines(keepends=True)
    assert sum(line.startswith("tax_rate,") for line in lines) == 1
    case.write_text("".join(line for line in lines if not line.startswith("tax_rate,")), encoding="utf-8")
    refresh_file(book_file, tables)
    first, _, third = said(book_file, 3, tables)
    assert third == ["no case any more", None, None, None]
    assert first[0] == "house_2026, house_2026_bear, house_2026_bull"
    assert not failures(book_file, tables)


def test_a_book_that_gets_no_rows_says_nothing_in_place_of_a_source_that_is_not_the_case_s(
    book_file: Path, tables: Path
) -> None:
    """An open book grows by no row: Inputs has n/a until the file is refreshed."""
    with_own_source(tables)
    live = LiveBook(book_file)
    done = refresh(live, RefreshRequest(tables, case="bear"))
    book = book_of(book_file, tables)
    for column in ("source", "basis", "as_of", "low"):
        at = book.at(f"{{inputs.tax_rate:{column}}}")
        assert live.page(at[0])[at[1]] == "n/a"
    assert done.growth.added == ()


def test_books_of_former_versions_have_a_row_for_every_input_of_every_case() -> None:
    pages = pages_of(read_values(released.WORKBOOK))
    context = fitted(load_context(), pages).context
    assert context.source_rows.by_case
    keys = {line.key for line in sources.SHEET.blocks(context)[0].lines}
    assert {f"tax_rate__{case}" for case in context.cases} <= keys
    assert fitted(load_context(), pages, grown=True).context.source_rows.by_case
