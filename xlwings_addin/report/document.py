"""What a report is made of, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from xlwings_addin.pictures.bars import Bars
from xlwings_addin.pictures.curves import Curves


@dataclass(frozen=True)
class Figure:
    """A printed figure: its text, the number behind it, and the full name of its line.

    `case` and `year` say of which case and year it is; `year` is None for a line without years.
    """

    text: str
    value: float
    line: str
    case: str
    year: int | None = None


Cell = str | Figure
"""A text, or a figure."""
Sentence = tuple[Cell, ...]
"""Texts and figures that follow each other."""


@dataclass(frozen=True)
class Tile:
    """One answer: what it is, the answer, and what it rests on."""

    label: str
    answer: Sentence
    note: Sentence


@dataclass(frozen=True)
class Table:
    """Rows under headings; the columns from `figures_from` on are figures and stand to the right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    figures_from: int = 1
    wide: int | None = None


@dataclass(frozen=True)
class Section:
    """A titled part of the report: sentences, then a table; `page` starts a new one with it."""

    key: str
    title: str
    sentences: tuple[Sentence, ...] = ()
    table: Table | None = None
    page: bool = False


@dataclass(frozen=True)
class Document:
    """A report: titles, the conclusion, tiles, pictures and sections."""

    title: str
    title_zh: str
    subtitle: str
    conclusion: Sentence
    tiles: tuple[Tile, ...]
    pictures: tuple[Bars | Curves, ...]
    sections: tuple[Section, ...]
    footer: Sentence = field(default=())

    def cells(self) -> Iterator[Cell]:
        """Every text and figure outside the pictures, in the order of reading."""
        yield from (self.title, self.title_zh, self.subtitle, *self.conclusion)
        for tile in self.tiles:
            yield from (tile.label, *tile.answer, *tile.note)
        for section in self.sections:
            yield section.title
            for sentence in section.sentences:
                yield from sentence
            if section.table is not None:
                yield from section.table.headings
                for row in section.table.rows:
                    yield from row
        yield from self.footer

    def figures(self) -> Iterator[Figure]:
        """Every printed figure outside the pictures."""
        yield from (cell for cell in self.cells() if isinstance(cell, Figure))

    def texts(self) -> Iterator[str]:
        """Every text that is printed, those of the pictures included."""
        for cell in self.cells():
            yield cell.text if isinstance(cell, Figure) else cell
        for picture in self.pictures:
            yield from (picture.title, picture.unit, picture.description)
