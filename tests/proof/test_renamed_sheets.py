"""Sheets of ours that an analyst or a program has renamed are found by their headings, and named."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import pytest

from tests.refresh.refreshing import refresh_file
from xlwings_addin.core.errors import BookError
from xlwings_addin.diff.compare import compare
from xlwings_addin.diff.side import Side
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import Book, quoted
from xlwings_addin.proof.check import check
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import located
from xlwings_addin.refresh.typed_facts import facts_in_book
from xlwings_addin.xlsx.package import read_package, read_values, write_values

NAMES = {"Inputs": "My Inputs", "Reported": "FY26", "Cover": "Front"}


def renamed_in(path: Path, out: Path, names: dict[str, str], *, follow: bool) -> Path:
    """A copy with sheets renamed; where they `follow`, formulas, names and charts change, as in Excel."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("xl/") and name.endswith(".xml"):
                text = data.decode()
                for old, new in names.items():
                    if follow:
                        text = re.sub(rf"(?<![\w.']){old}!", f"{quoted(new)}!", text)
                    if name == "xl/workbook.xml":
                        text = text.replace(f'name="{old}"', f'name="{new}"')
                data = text.encode()
            target.writestr(name, data)
    return out


@pytest.fixture(scope="module")
def renamed(delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return renamed_in(delivered, tmp_path_factory.mktemp("renamed") / "book.xlsx", NAMES, follow=True)


@pytest.fixture
def left_behind(delivered: Path, tmp_path: Path) -> Path:
    """A workbook of which a library has renamed Inputs: the formulas still read the former name."""
    return renamed_in(delivered, tmp_path / "book.xlsx", {"Inputs": NAMES["Inputs"]}, follow=False)


def test_sheets_that_excel_renamed_are_found_and_the_book_passes(renamed: Path) -> None:
    report = check(renamed, functions=callbacks(), second_opinion="skip")
    assert report.ok, [finding.message for finding in report.findings if finding.severity == "failure"]
    told = [finding for finding in report.findings if finding.kind == "renamed sheet"]
    assert [finding.message for finding in told] == [
        "sheet Cover is called Front in this workbook",
        "sheet Inputs is called My Inputs in this workbook",
        "sheet Reported is called FY26 in this workbook",
    ]
    assert {finding.severity for finding in told} == {"note"}


def test_a_refresh_finds_them_too_and_says_so(renamed: Path) -> None:
    done = refresh_file(renamed, dry_run=True)
    assert not done.plan.formulas
    assert not done.plan.overrides
    assert "sheet Inputs is called My Inputs in this workbook" in done.notes


def test_a_comparison_matches_them_and_says_so(delivered: Path, renamed: Path) -> None:
    differing, notes = compare(Side(read_package(delivered)), Side(read_package(renamed)))
    assert differing == []
    assert notes == [
        f"sheet {title} of the first book is called {NAMES[title]} in the second"
        for title in ("Cover", "Inputs", "Reported")
    ]


def test_a_name_that_formulas_did_not_follow_is_told_in_one_sentence(left_behind: Path) -> None:
    sentence = (
        r"^sheet Inputs is called My Inputs in this workbook, and [\d,]{3,} formulas, Cover!\w+ the first, "
        r"still read Inputs: give the sheet its name back, or rename it in Excel, where formulas follow$"
    )
    with pytest.raises(BookError, match=sentence):
        check(left_behind, functions=callbacks(), second_opinion="skip")
    with pytest.raises(BookError, match=sentence):
        refresh_file(left_behind, dry_run=True)


def test_two_sheets_with_the_heading_of_one_that_is_missing_are_refused_by_name(renamed: Path) -> None:
    values = read_values(read_package(renamed))
    copied = {("Copy", address): value for (sheet, address), value in values.items() if sheet == "My Inputs"}
    pages = pages_of({**values, **copied})
    with pytest.raises(BookError, match=r"^sheet Inputs is the heading of My Inputs and Copy: give the one"):
        located(pages, load_context())


def test_a_copy_beside_the_sheet_itself_is_no_question(delivered: Path) -> None:
    values = read_values(read_package(delivered))
    copied = {
        ("Inputs (2)", address): value for (sheet, address), value in values.items() if sheet == "Inputs"
    }
    context = load_context()
    assert located(pages_of({**values, **copied}), context).titles["inputs"] == "Inputs"


def test_a_renamed_sheet_is_found_below_rows_and_right_of_columns_that_came_in() -> None:
    cells = {"B3": "Reported", "B6": "Line", "F6": "Key", "F7": "revenue"}
    pages = pages_of({("Facts", address): text for address, text in cells.items()})
    book = Book(load_context())
    assert pages.title_and_keys(book.sheets["reported"].sheet) == ("Facts", {"Key": 6, "revenue": 7})


def test_figures_typed_on_a_renamed_reported_sheet_are_facts(renamed: Path, tmp_path: Path) -> None:
    pages = pages_of(read_values(renamed))
    context = fitted(load_context(), pages).context
    quarters = len(context.calendar.quarters)
    at = Book(context, located(pages, context)).at(f"{{reported.quarterly_revenue[{quarters}]}}")
    assert at[0] == "FY26"
    book = tmp_path / "typed.xlsx"
    book.write_bytes(write_values(renamed, {at: 123456.0}, only_formulas=False, add_cells=True))
    facts = facts_in_book(book, author="A. Analyst", day=date(2026, 1, 2))
    assert [(fact.key, fact.value) for fact in facts.rows] == [("revenue", 123456.0)]
