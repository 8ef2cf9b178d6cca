"""The report as a PDF, set by typst: with the fonts that ship here and no others.

A character without a glyph in these fonts is an error: typst would print an empty box. The document holds no
date of its own, so that one report gives one file, byte for byte, with one version of typst.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from xlwings_addin.core.errors import InputError
from xlwings_addin.report.document import Cell, Document, Section, Sentence

FONTS = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf")
FONT_ENDINGS = (".ttf", ".otf")


def pdf(document: Document, *, fonts: Path | None = None) -> bytes:
    """The PDF: A4, its pictures vectors with texts that stand in for them.

    `fonts` is a folder with fonts for characters that ours lack. Raises `InputError` where typst is not
    installed, for a folder without a font, and for a character without a glyph.
    """
    try:
        import typst
    except ImportError:
        rule = "is not installed: pip install 'xiaomi-model[report]'"
        raise InputError("pdf", "typst", rule, display="typst") from None
    more = _fonts_in(fonts)
    _require_glyphs(document, more)
    with as_file(files(__package__).joinpath("fonts")) as folder:
        paths = [str(folder), *([] if fonts is None else [str(fonts)])]
        typefaces = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=paths)
        template = files(__package__).joinpath("page.typ").read_bytes()
        data = json.dumps(_data(document, typefaces.families()), ensure_ascii=False)
        written: bytes = typst.compile(template, font_paths=typefaces, sys_inputs={"report": data})
    return written


def _fonts_in(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in FONT_ENDINGS)
    if not paths:
        raise InputError(
            "fonts", str(folder), "must be a folder with .ttf or .otf files", display=str(folder)
        )
    return paths


def _require_glyphs(document: Document, more: Iterable[Path]) -> None:
    """Raise `InputError` for the first character that no font has."""
    characters = {character for text in document.texts() for character in text} - {"\n"}
    missing = characters - _characters(*FONTS)
    for path in more if missing else ():
        missing -= _characters_of(path)
    for text in document.texts() if missing else ():
        for character in text:
            if character in missing:
                rule = f"of {text[:60]!r} has no glyph in the fonts of the PDF: name a folder with --fonts"
                raise InputError("character", character, f"(U+{ord(character):04X}) {rule}")


@cache
def _characters(*names: str) -> frozenset[str]:
    """The characters that all fonts of ours have."""
    sets = []
    for name in names:
        with as_file(files(__package__).joinpath("fonts", name)) as path:
            sets.append(_characters_of(path))
    return frozenset.intersection(*sets)


def _characters_of(path: Path) -> frozenset[str]:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            return frozenset(map(chr, font.getBestCmap() or ()))
    except (TTLibError, OSError) as error:
        raise InputError("font", str(path), f"cannot be read: {error}", display=str(path)) from error


def _data(document: Document, families: list[str]) -> dict[str, Any]:
    """What the template sets: plain texts and pictures, nothing that typst could take for markup."""
    return {
        "families": families,
        "title": document.title,
        "title_zh": document.title_zh,
        "subtitle": document.subtitle,
        "conclusion": _runs(document.conclusion),
        "tiles": [
            {"label": tile.label, "answer": _text(tile.answer), "note": _text(tile.note)}
            for tile in document.tiles
        ],
        "pictures": [
            {"title": picture.title, "svg": picture.svg(), "description": picture.description}
            for picture in document.pictures
        ],
        "sections": [_section(section) for section in document.sections],
        "footer": _text(document.footer),
    }


def _section(section: Section) -> dict[str, Any]:
    table = section.table
    return {
        "title": section.title,
        "page": section.page,
        "sentences": [_text(sentence) for sentence in section.sentences],
        "table": None
        if table is None
        else {
            "headings": table.headings,
            "rows": [[_text((cell,)) for cell in row] for row in table.rows],
            "figures_from": table.figures_from,
            "wide": table.wide,
        },
    }


def _text(sentence: Sentence) -> str:
    return "".join(text for text, _ in _pieces(sentence))


def _runs(sentence: Sentence) -> list[dict[str, Any]]:
    """Texts and figures apart, so that figures can stand out."""
    return [{"text": text, "figure": figure} for text, figure in _pieces(sentence)]


def _pieces(sentence: Iterable[Cell]) -> Iterable[tuple[str, bool]]:
    for cell in sentence:
        yield (cell, False) if isinstance(cell, str) else (cell.text, True)
