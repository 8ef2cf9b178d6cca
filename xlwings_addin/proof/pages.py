"""The pages of a workbook: the cells of every sheet, its texts by row, and the rows of the keys on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from xlwings_addin.core.errors import BookError
from xlwings_addin.inputs.renamed import current_line, former
from xlwings_addin.layout.references import HEADINGS
from xlwings_addin.sheets.spec import Sheet
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import CellKey, CellValue

Cells = Mapping[str, CellValue]
"""What the cells of a sheet hold, by address."""
Read = Callable[[str], Cells]
"""Reads the cells of the sheet of a title; of one that is not there it gives none."""
Titles = Callable[[], Iterable[str]]
"""Names the sheets of a workbook."""


class Page:
    """The cells of one sheet, and where its texts stand."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells

    @cached_property
    def texts(self) -> dict[int, dict[int, str]]:
        """The texts by row and column; columns from left to right."""
        texts: dict[int, dict[int, str]] = {}
        for address, value in self.cells.items():
            if isinstance(value, str):
                row, column = split_address(address)
                texts.setdefault(row, {})[column] = value
        return {row: dict(sorted(columns.items())) for row, columns in texts.items()}

    @cached_property
    def rows_by_key(self) -> dict[str, int]:
        """The row of every key that stands in the column of keys."""
        return self._rows_by_text.get(self.key_column, {})

    @cached_property
    def repeated_keys(self) -> dict[str, list[int]]:
        """The rows of every text that stands more than once in the column of keys."""
        rows: dict[str, list[int]] = {}
        for row, columns in self.texts.items():
            if self.key_column in columns:
                rows.setdefault(columns[self.key_column], []).append(row)
        return {key: sorted(places) for key, places in rows.items() if len(places) > 1}

    @cached_property
    def key_column(self) -> int:
        """The column of keys: the one headed Key, of several the one with the most texts; 0 where none is."""
        headed = {column: rows for column, rows in self._rows_by_text.items() if HEADINGS in rows}
        return max(headed, key=lambda column: len(headed[column]), default=0)

    @property
    def above_headings(self) -> frozenset[str]:
        """The texts above the row of headings, where one of our sheets has its title."""
        last = self.rows_by_key.get(HEADINGS, 0)
        return frozenset(
            text for row, columns in self.texts.items() if row < last for text in columns.values()
        )

    @cached_property
    def _rows_by_text(self) -> dict[int, dict[str, int]]:
        rows: dict[int, dict[str, int]] = {}
        for row, columns in self.texts.items():
            for column, text in columns.items():
                rows.setdefault(column, {})[text] = row
        return rows


class Pages:
    """The pages of a workbook that `read` reads by title; what is on a page is looked for once.

    `titles` are asked for where a sheet of ours has another name in the workbook.
    """

    def __init__(self, read: Read, titles: Titles = tuple) -> None:
        self._read, self._titles = read, titles
        self._pages: dict[str, Page] = {}
        self._located: dict[str, tuple[str, dict[str, int]]] = {}

    def __getitem__(self, title: str) -> Page:
        if title not in self._pages:
            self._pages[title] = Page(self._read(title))
        return self._pages[title]

    def title_and_keys(self, sheet: Sheet) -> tuple[str, dict[str, int]]:
        """The title under which a book has a sheet, and the row of every key on it.

        A book from before a renaming has former titles and keys; keys are given as they are called now. A
        sheet that an analyst has renamed is the one with the title above its headings. Without a column of
        keys under any title there are none. Raises `BookError` for a title above two sheets of other names.
        """
        if sheet.key not in self._located:
            self._located[sheet.key] = self._title_and_keys(sheet)
        return self._located[sheet.key]

    def _title_and_keys(self, sheet: Sheet) -> tuple[str, dict[str, int]]:
        for title in self._candidates(sheet):
            keys = self[title].rows_by_key
            if HEADINGS in keys:
                current = {key: current_line(sheet.key, key)[1] for key in keys}
                return title, {current[key]: row for key, row in keys.items()} | {
                    key: row for key, row in keys.items() if current[key] == key
                }
        return sheet.title, {}

    def _candidates(self, sheet: Sheet) -> Iterator[str]:
        """The titles that a sheet may have in the workbook, those that our versions give it first."""
        own = titles_of(sheet)
        yield from own
        headings = {sheet.purpose} if sheet.headline is not None else {*own}
        headed = [
            title for title in self._titles() if title not in own and headings & self[title].above_headings
        ]
        if len(headed) > 1:
            rule = f"is the heading of {' and '.join(headed)}: give the one that is the model's its name back"
            raise BookError("sheet", sheet.title, rule, display=sheet.title)
        yield from headed


def titles_of(sheet: Sheet) -> tuple[str, ...]:
    """The title that this version gives a sheet, then those of former ones."""
    return (sheet.title, *former("sheet", sheet.title))


def pages_of(values: Mapping[CellKey, CellValue]) -> Pages:
    """The pages of a workbook whose cells are given by sheet and address."""
    pages: dict[str, dict[str, CellValue]] = {}
    for (title, address), value in values.items():
        pages.setdefault(title, {})[address] = value
    return Pages(lambda title: pages.get(title, {}), lambda: pages)
