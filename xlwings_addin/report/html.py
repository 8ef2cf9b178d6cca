"""The report as one HTML file: no network, no scripts, for a phone, a dark screen and A4."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from xlwings_addin.pictures.svg import style as picture_style
from xlwings_addin.report.document import Cell, Document, Figure, Section, Sentence, Table, Tile

SHORT = 16
"""Characters of a text that a table does not break: a date, a unit."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(document: Document) -> bytes:
    """The page: the same document gives the same bytes."""
    title = escape(f"{document.title} {document.title_zh}".strip())
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    dark = f"@media screen and (prefers-color-scheme: dark) {{{picture_style()}}}"
    body = "\n".join(_body(document))
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title}</title><style>{style}{dark}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
    return page.encode()


def _body(document: Document) -> Iterator[str]:
    chinese = f' <span lang="zh">{escape(document.title_zh)}</span>' if document.title_zh else ""
    yield f"<header><h1>{escape(document.title)}{chinese}</h1><p>{escape(document.subtitle)}</p></header>"
    yield "<main>"
    yield f'<p class="conclusion">{_sentence(document.conclusion)}</p>'
    yield f'<dl class="tiles">{"".join(map(_tile, document.tiles))}</dl>'
    yield '<div class="pictures">'
    for picture in document.pictures:
        yield f"<figure><figcaption>{escape(picture.title)}</figcaption>{picture.svg()}</figure>"
    yield "</div>"
    yield from map(_section, document.sections)
    yield f"</main><footer><p>{_sentence(document.footer)}</p></footer>"


def _tile(tile: Tile) -> str:
    return (
        f"<div><dt>{escape(tile.label)}</dt><dd>{_sentence(tile.answer)}"
        f"<small>{_sentence(tile.note)}</small></dd></div>"
    )


def _section(section: Section) -> str:
    page = ' class="page"' if section.page else ""
    said = "".join(f"<p>{_sentence(sentence)}</p>" for sentence in section.sentences)
    table = "" if section.table is None else _table(section.table, section.title)
    return (
        f'<section id="{escape(section.key)}"{page}><h2>{escape(section.title)}</h2>{said}{table}</section>'
    )


def _table(table: Table, title: str) -> str:
    lead = ' class="lead"' if table.wide == 0 else ""
    head = "".join(
        f'<th scope="col"{_side(table, column)}>{escape(heading)}</th>'
        for column, heading in enumerate(table.headings)
    )
    rows = "".join(
        f'<tr><th scope="row"{lead}>{_cell(first)}</th>'
        + "".join(
            f"<td{_side(table, column, cell)}>{_cell(cell)}</td>" for column, cell in enumerate(rest, 1)
        )
        + "</tr>"
        for first, *rest in table.rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _side(table: Table, column: int, cell: Cell = "") -> str:
    """The class of a cell: figures to the right, the column of sentences as wide as can be."""
    if column == table.wide:
        return ' class="wide"'
    right = column >= table.figures_from and column != 0 and (not table.wide or column < table.wide)
    if right or isinstance(cell, Figure):
        return ' class="figure"'
    return ' class="short"' if len(cell) <= SHORT else ""


def _sentence(sentence: Sentence) -> str:
    return "".join(map(_cell, sentence))


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    case = f' data-case="{escape(cell.case)}"' if cell.case else ""
    year = "" if cell.year is None else f' data-year="{cell.year}"'
    return (
        f'<data value="{cell.value!r}" data-line="{escape(cell.line)}"{case}{year}>{escape(cell.text)}</data>'
    )
