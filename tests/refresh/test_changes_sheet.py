"""The sheet that a refresh appends on request says what the refresh said."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.acceptance.rules import faults
from tests.refresh.refreshing import refresh_file
from xlwings_addin.core.errors import BookError
from xlwings_addin.diff.differences import differences
from xlwings_addin.diff.waterfall import Step
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.new_sheet import append_sheet
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh.changes_page import TITLE, Page, PageLine, differences_page
from xlwings_addin.refresh.changes_sheet import _lengths, write_page
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.xlsx.package import read_package

COLUMN = 4 + load_context().cases.index("base")
"""Where a row of Inputs has the value of base."""


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures these tests name."""
    return delivered_at_base


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with two other inputs."""
    tables = tmp_path_factory.mktemp("tables")
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, tables / part)
    assumptions = tables / "inputs" / "assumptions.csv"
    changed = re.sub(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text())
    changed = re.sub(r"(?m)^vehicle_wacc,,[0-9.]+,", "vehicle_wacc,,0.13,", changed)
    assumptions.write_text(changed)
    return tables


def refresh(book: Path, folder: Path | None, **options: object) -> Refreshed:
    return refresh_file(book, folder, changes_sheet=True, **options)


def rows(book: Path, title: str) -> list[tuple[object, ...]]:
    sheet = load_workbook(book, data_only=True)[title]
    return [row[:7] for row in sheet.iter_rows(values_only=True)]


@pytest.fixture(scope="module")
def refreshed(
    delivered: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Refreshed]:
    """The delivered workbook after a refresh that appended a sheet, and what the refresh said."""
    path = Path(shutil.copy(delivered, tmp_path_factory.mktemp("refreshed")))
    return path, refresh(path, folder)


def test_the_sheet_says_what_moved_the_value(refreshed: tuple[Path, Refreshed]) -> None:
    path, done = refreshed
    table = rows(path, TITLE)
    _, case, *shares = next(row[:4] for row in table if row[0] == "HKD a share")
    assert case == "base"
    assert shares == pytest.approx([done.value_before, done.value_after], rel=1e-12)
    assert done.bridge is not None
    amounts = {row[0]: row[1] for row in table if isinstance(row[1], float)}
    parts = [amounts[driver.label] for driver in done.bridge.drivers]
    assert len(parts) == 2
    assert sum(parts) == pytest.approx(done.value_after - done.value_before, abs=1e-9)  # type: ignore[operator]
    updated = {row[:5] for row in table if row[0] == "Tax rate" and row[2]}
    assert {row[2:] for row in updated} == {("base", 0.15, 0.17)}


def test_overrides_and_formulas_that_were_kept_are_listed(book_file: Path, folder: Path) -> None:
    workbook = load_workbook(book_file)
    inputs, sotp = workbook["Inputs"], workbook["SOTP"]
    line = next(row for row in inputs.iter_rows() if row[0].value == "Tax rate")
    line[COLUMN].value = 0.2
    share = next(row for row in sotp.iter_rows() if row[3].value and row[0].value == "Value per share")
    share[3].value = "=40"
    workbook.save(book_file)
    refresh(book_file, folder)
    table = rows(book_file, TITLE)
    place = f"Inputs!{line[COLUMN].coordinate}"
    assert ("Tax rate", place, "base", 0.2, 0.17) in {row[:5] for row in table}
    assert "=40" in {row[3] for row in table}


def test_each_refresh_appends_a_sheet_of_its_own(refreshed: tuple[Path, Refreshed], tmp_path: Path) -> None:
    book_file = Path(shutil.copy(refreshed[0], tmp_path / "again.xlsx"))
    first, styles = rows(book_file, TITLE), number_of_styles(book_file)
    refresh(book_file, None)
    assert read_package(book_file).titles[-2:] == ("Changes", "Changes 2")
    assert rows(book_file, TITLE) == first
    assert number_of_styles(book_file) == styles, "the second sheet uses the styles of the first"
    assert faults(book_file, tmp_path) == set()


def number_of_styles(book: Path) -> int:
    styles = read_package(book).tree("xl/styles.xml")
    return len(styles.findall("{*}cellXfs/{*}xf"))


def test_a_refresh_without_new_facts_has_no_bridge_and_no_chart(book_file: Path) -> None:
    done = refresh(book_file, None)
    package = read_package(book_file)
    assert done.bridge is None
    assert package.related(package.sheet_part(TITLE), "drawing") is None


def test_the_chart_carries_the_bars_of_the_bridge(refreshed: tuple[Path, Refreshed]) -> None:
    path, done = refreshed
    package = read_package(path)
    drawing = package.related(package.sheet_part(TITLE), "drawing")
    chart = package.tree(package.related(drawing or "", "chart") or "")
    bars = [
        [float(point.text or "") for point in series.iterfind("{*}val//{*}v")]
        for series in chart.iter("{*}ser")
    ]
    assert done.bridge is not None
    total, rise, fall = bars[1:4]
    assert (total[0], total[-1]) == pytest.approx((done.bridge.before, done.bridge.after))
    signed = [up - down for up, down in zip(rise, fall, strict=True)][1:-1]
    assert signed == pytest.approx([driver.part for driver in done.bridge.drivers])


@pytest.mark.parametrize(("start", "end"), [(3.0, 5.0), (5.0, 3.0), (1.0, -2.0), (-2.0, 1.0), (-1.0, -4.0)])
def test_stacked_lengths_draw_the_bar_between_its_ends(start: float, end: float) -> None:
    lengths = _lengths(Step("driver", start, end, "rise" if end > start else "fall"))
    above = lengths["Start"] + lengths["Rise"] + lengths["Fall"] if max(start, end) > 0 else 0.0
    below = lengths["Below zero"] + min(lengths["Start"], 0.0)
    assert max(above, 0.0) == pytest.approx(max(start, end, 0.0))
    assert below == pytest.approx(min(start, end, 0.0))


def test_what_cannot_be_valued_is_refreshed_without_a_bridge(book_file: Path, folder: Path) -> None:
    workbook = load_workbook(book_file)
    line = next(row for row in workbook["Inputs"].iter_rows() if row[0].value == "Vehicle WACC")
    line[COLUMN].value = 0.01
    workbook.save(book_file)
    done = refresh_file(book_file, folder, take_new=["tax_rate"], dry_run=True)
    assert done.bridge is None
    assert not done.results
    assert done.notes[0].startswith("no value bridge: ")
    assert done.refused


def test_a_dry_run_knows_the_bridge_and_writes_no_sheet(
    book_file: Path, folder: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(book_file, tmp_path / "copy.xlsx"))
    done = refresh(copy, folder, dry_run=True)
    assert done.bridge is not None
    assert copy.read_bytes() == book_file.read_bytes()


def test_the_differences_of_two_workbooks_make_a_page(delivered: Path, book_file: Path) -> None:
    workbook = load_workbook(book_file)
    line = next(row for row in workbook["Inputs"].iter_rows() if row[0].value == "Tax rate")
    line[COLUMN].value = 0.2
    workbook.create_sheet("Mine")["A1"] = "=1+1"
    workbook.save(book_file)
    comparison = differences(delivered, book_file)
    assert comparison.bridge is not None
    page = differences_page(comparison)
    page_lines = [entry.values for entry in page.lines]
    assert ("Tax rate", comparison.bridge.drivers[0].part) in {values[:2] for values in page_lines}
    assert ("Input changed: 1",) in page_lines
    assert ("Tax rate", f"Inputs!{line[COLUMN].coordinate}", None, 0.15, 0.2, "") in page_lines
    assert ("", "Mine!A1", None, None, None, "=1+1") in page_lines
    title = append_sheet(book_file, TITLE, partial(write_page, page))
    assert rows(book_file, title)[0][0] == "Changes"
    again = differences(delivered, book_file)
    assert again.bridge is not None
    assert {cell.sheet for cell in again.cells if cell.kind == "added"} == {"Changes", "Mine"}


def test_no_sheet_is_added_to_a_book_that_is_open_elsewhere(book_file: Path) -> None:
    book_file.with_name(f"~${book_file.name}").touch()
    before = book_file.read_bytes()
    with pytest.raises(BookError, match="is open in another program"):
        append_sheet(book_file, TITLE, partial(write_page, Page((PageLine("title", ("Changes",)),))))
    assert book_file.read_bytes() == before
