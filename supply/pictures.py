"""The pictures of README and docs, made again: `python -m supply.pictures [NAME ...]`, all without a name.

    docs/cover.png       the page Cover of workbook/Xiaomi_Model.xlsx
    docs/functions.png   functions in the cells of a sheet
    docs/task-pane.png   the task pane beside the workbook
    docs/report.png      the two pages of the report

The first two are printed by LibreOffice and drawn by pdftoppm (poppler), the cells with the values that the
files carry; the third is a page of the server in Chromium, beside the stand-in for Excel that the tests have.
The report is a PDF of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Final

import xlwings_addin as xa
from xlwings_addin.engine.libreoffice import find_soffice

ROOT: Final = Path(__file__).parents[1]
WORKBOOK: Final = ROOT / "workbook" / "Xiaomi_Model.xlsx"
DOTS, FOOTER, MARGIN = 130, 100, 8
"""Dots an inch; those of the footer, which is left out, and around what is left."""
REPORT_DOTS, DESK = 100, "#d9dee6"
"""Dots an inch of the report's pages, and the colour that they lie on."""
PATIENCE: Final = 300.0
"""Seconds for a program to print or draw."""
COLUMNS, GAP, SLACK = 3, 24, 80
"""Of the picture of the pane: columns, dots between them, and how much longer one may be than its share."""
FLOWS: Final = (100.0, 110.0, 120.0, 128.0, 135.0)
RATE, GROWTH, WORTH, PRICE = 0.09, 0.025, 2000.0, 30.0
CALLS: Final = (
    ("=DCF_PRESENT_VALUE(B3:F3,B4)", "the flows, discounted", "0.00"),
    ("=DCF_ENTERPRISE_VALUE(B3:F3,B4,B5)", "with what comes after them", "0.00"),
    ("=IMPLIED_WACC(B3:F3,B5,B6)", "the rate at which they are worth that", "0.00%"),
    ("=IMPLIED_GROWTH(B3:F3,B4,B6)", "the growth at which they are", "0.00%"),
    ("=SOTP_VALUE_PER_SHARE(B6,100,1.25)", "a share of 100 m, in another currency", "0.00"),
    ('=FACT_VALUE("vehicle_deliveries","FY2024")', "a figure of the tables, in vehicles", "#,##0"),
    ('=FACT_AS_OF("vehicle_deliveries","FY2024")', "and since when it is known", "yyyy-mm-dd"),
)
"""What stands in the cells, what it is, and how it is printed."""
FIRST_CALL: Final = 9
"""The row of the first."""


def main() -> None:
    """Make the pictures that are named, or all of them."""
    made: Mapping[str, Callable[[], None]] = {
        "cover": cover,
        "functions": functions,
        "pane": pane,
        "report": report,
    }
    for name in sys.argv[1:] or made:
        made[name]()


def cover() -> None:
    """The first page of the workbook, as it is printed."""
    with tempfile.TemporaryDirectory() as folder:
        _draw(WORKBOOK, Path(folder), ROOT / "docs" / "cover.png")


def functions() -> None:
    """A sheet that calls functions."""
    with tempfile.TemporaryDirectory() as folder:
        _draw(functions_book(Path(folder) / "functions.xlsx"), Path(folder), ROOT / "docs" / "functions.png")


def functions_book(path: Path) -> Path:
    """A workbook with functions in its cells, and their values."""
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    rows: tuple[tuple[object, ...], ...] = (
        ("Functions in cells",),
        ("Year", 2026, 2027, 2028, 2029, 2030),
        ("Free cash flow", *FLOWS),
        ("WACC", RATE),
        ("Terminal growth", GROWTH),
        ("Worth, by the market", WORTH),
        (),
        ("Typed into the cell", "The cell shows", *[None] * 4, "What it is"),
    )
    for row in rows:
        sheet.append(row)
    for place, (formula, meaning, form) in enumerate(CALLS, FIRST_CALL):
        sheet.cell(place, 1, formula).data_type = "s"
        sheet.cell(place, 2, formula).number_format = form
        sheet.cell(place, 7, meaning)
    sheet["A1"].font = Font("Calibri", 14, bold=True)
    for cell in (*sheet[2], *sheet[FIRST_CALL - 1]):
        cell.font, cell.fill = Font("Calibri", 11, bold=True), PatternFill("solid", fgColor="DDE6F0")
    for address, form in (("B4", "0.0%"), ("B5", "0.0%"), ("B6", "#,##0")):
        sheet[address].number_format = form
    for address in ("B3", "C3", "D3", "E3", "F3", "B4", "B5", "B6"):
        sheet[address].font = Font("Calibri", 11, color="0000FF")
    sheet.column_dimensions["A"].width = 46
    sheet.column_dimensions["B"].width = 14
    sheet.column_dimensions["G"].width = 38
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    book.save(path)
    xa.recalculate(path, path)
    return path


def pane() -> None:
    """The task pane, cut into three columns."""
    from playwright.sync_api import sync_playwright

    stand_in, server = import_module("tests.hosts.pane_page"), import_module("tests.hosts.server_process")
    excel = import_module("tests.hosts.open_excel").OpenExcel(WORKBOOK)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program("chromium"), args=["--no-sandbox"])
        with server.running(Path(folder)) as started, stand_in.pane(browser, started, excel) as page:
            stand_in.checked(page)
            page.get_by_label("Price in HKD").fill(f"{PRICE:g}")
            page.get_by_role("button", name="Ask").click()
            stand_in.says(page, "Answered.")
            page.evaluate("document.activeElement.blur()")
            page.screenshot(path=Path(folder) / "pane.png", full_page=True)
            ends = page.evaluate(
                "[...document.querySelectorAll('main tr, main li, main p, main dl')]"
                ".map((each) => Math.ceil(each.getBoundingClientRect().bottom + window.scrollY))"
            )
        browser.close()
        _in_columns(Path(folder) / "pane.png", ends, ROOT / "docs" / "task-pane.png")


def report() -> None:
    """The pages of the report side by side. Its case is the one that the company opens with."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        xa.report(pdf=Path(folder) / "report.pdf", ledger=Path(folder) / "none.duckdb")
        command = [_program("pdftoppm"), "-r", str(REPORT_DOTS), "-png"]
        subprocess.run([*command, f"{folder}/report.pdf", f"{folder}/page"], check=True, timeout=PATIENCE)
        pages = [Image.open(path).convert("RGB") for path in sorted(Path(folder).glob("page-*.png"))]
    width = sum(page.width for page in pages) + GAP * (len(pages) + 1)
    both = Image.new("RGB", (width, max(page.height for page in pages) + 2 * GAP), DESK)
    left = GAP
    for page in pages:
        both.paste(page, (left, GAP))
        left += page.width + GAP
    both.save(ROOT / "docs" / "report.png", optimize=True)


def _in_columns(picture: Path, ends: Sequence[int], out: Path) -> None:
    """A long picture as columns side by side, cut below what ends at one of `ends`."""
    from PIL import Image

    whole = Image.open(picture).convert("RGB")
    most = whole.height // COLUMNS + SLACK
    cuts = [0]
    while cuts[-1] + most < whole.height:
        cuts.append(max(end for end in ends if cuts[-1] < end <= cuts[-1] + most))
    cuts.append(whole.height)
    page = Image.new("RGB", ((len(cuts) - 1) * (whole.width + GAP) - GAP, most), "white")
    for column, (top, bottom) in enumerate(pairwise(cuts)):
        page.paste(whole.crop((0, top, whole.width, bottom)), (column * (whole.width + GAP), 0))
    page.save(out, optimize=True)


def _draw(book: Path, folder: Path, out: Path) -> None:
    """The first page that LibreOffice prints of a workbook, without its margins."""
    from PIL import Image, ImageChops

    soffice = str(find_soffice() or _program("soffice"))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    target = ["--headless", "--convert-to", "pdf", "--outdir", str(folder), str(book)]
    drawn = ["-r", str(DOTS), "-f", "1", "-l", "1", "-singlefile", "-png"]
    for command in (
        [soffice, profile, *target],
        [_program("pdftoppm"), *drawn, str(folder / f"{book.stem}.pdf"), str(folder / "page")],
    ):
        subprocess.run(command, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
    page = Image.open(folder / "page.png").convert("RGB")
    page = page.crop((0, 0, page.width, page.height - FOOTER))
    inked = ImageChops.difference(page, Image.new("RGB", page.size, "white")).getbbox()
    assert inked is not None
    left, top, right, bottom = inked
    page.crop((left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN)).save(out, optimize=True)


def _program(name: str) -> str:
    """A program on the search path. Raises `FileNotFoundError` where it is not installed."""
    from shutil import which

    program = which(name)
    if program is None:
        raise FileNotFoundError(f"{name} is not installed: the pictures need it")
    return program


if __name__ == "__main__":
    main()
