"""The report as a PDF: the same content, in fonts that ship with it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from supply import fonts as supply
from xlwings_addin.core.errors import InputError
from xlwings_addin.report.document import Document
from xlwings_addin.report.pdf import pdf


@pytest.fixture(scope="module")
def written(document: Document) -> bytes:
    return pdf(document)


@pytest.fixture(scope="module")
def reader(written: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(written))


def test_it_is_two_pages_of_a4(reader: PdfReader) -> None:
    assert len(reader.pages) == 2
    box = reader.pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx((595.28, 841.89), abs=0.1)


def test_every_figure_and_every_title_is_in_it(document: Document, reader: PdfReader) -> None:
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))
    figures = list(document.figures())
    assert len(figures) > 100
    for figure in figures:
        assert re.sub(r"\s", "", figure.text) in text, figure
    for section in document.sections:
        assert re.sub(r"\s", "", section.title) in text
    assert "小米集团" in text


def test_only_the_fonts_that_ship_are_in_it(reader: PdfReader) -> None:
    names = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"].get_object().get("/Font", {}).values()
    }
    assert names
    assert all("NotoSansSC" in name for name in names), names


def test_the_same_report_gives_the_same_bytes_without_a_time(
    document: Document, written: bytes, reader: PdfReader
) -> None:
    assert pdf(document) == written
    assert reader.metadata is not None
    assert reader.metadata.title == document.title
    assert reader.metadata.creation_date is None


def test_a_picture_has_a_text_that_stands_in_for_it(document: Document, written: bytes) -> None:
    reader = PdfReader(io.BytesIO(written))
    objects = (reader.get_object(number) for number in range(1, len(reader.xref[0]) + 1))
    texts = {str(element["/Alt"]) for element in objects if isinstance(element, dict) and "/Alt" in element}
    assert {picture.description for picture in document.pictures} <= texts


def test_a_character_without_a_glyph_is_an_error_that_names_it(document: Document) -> None:
    with pytest.raises(InputError, match=r"^character '龘' \(U\+9F98\) of '龘汽车' has no glyph in"):
        pdf(replace(document, title_zh="龘汽车"))


def test_fonts_of_ones_own_supply_a_missing_glyph(document: Document, tmp_path: Path) -> None:
    pyplot = pytest.importorskip("matplotlib")
    source = Path(pyplot.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    (tmp_path / "DejaVuSans.ttf").write_bytes(source.read_bytes())
    title = "Xiaomi \N{GREEK CAPITAL LETTER OMEGA}"
    with pytest.raises(InputError, match=r"U\+03A9"):
        pdf(replace(document, title=title))
    pages = PdfReader(io.BytesIO(pdf(replace(document, title=title), fonts=tmp_path))).pages
    assert "\N{GREEK CAPITAL LETTER OMEGA}" in pages[0].extract_text()


def test_a_folder_without_fonts_and_a_broken_font_are_refused(document: Document, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must be a folder with \.ttf or \.otf files"):
        pdf(document, fonts=tmp_path)
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(InputError, match=r"font .*broken\.ttf cannot be read"):
        pdf(replace(document, title="\N{GREEK CAPITAL LETTER OMEGA}"), fonts=tmp_path)


def test_markup_in_a_text_is_text(document: Document) -> None:
    title = "#panic() *bold* $x$ [a] `raw` \\ @label"
    text = PdfReader(io.BytesIO(pdf(replace(document, title=title)))).pages[0].extract_text()
    assert "#panic() *bold* $x$ [a] `raw` \\ @label" in text.replace("\n", " ")


def test_the_fonts_have_what_their_list_says_and_come_with_their_licence() -> None:
    wanted = set(supply.characters())
    for name in supply.WEIGHTS.values():
        with TTFont(supply.FONTS / name) as font:
            present = set(map(chr, font.getBestCmap()))
            assert font["name"].getDebugName(1) in ("Noto Sans SC", "Noto Sans SC Bold")
        assert {"小", "米", "€", "é"} <= present
        assert set("".join(supply.CHARACTERS.read_text(encoding="utf-8").split())) <= present
        assert present <= wanted
    assert "SIL OPEN FONT LICENSE" in (supply.FONTS / "OFL.txt").read_text(encoding="utf-8").upper()


def test_without_typst_a_pdf_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['typst'] = None\n"
        "from xlwings_addin.report.pdf import pdf\n"
        "try:\n    pdf(None)\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pdf typst is not installed: pip install 'xiaomi-model[report]'"
