"""A workbook that is open in a program, and grows there by the program's own means.

What it is to gain is worked out on a workbook made of the contents of its cells, as for a file. Then the
program inserts the rows and columns, so that formulas, names, charts, formats and validations follow by its
own doing, and the new cells are written. A program that lets references stand is found out, and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Protocol

from xlwings_addin.core.errors import BookError
from xlwings_addin.layout.state import State
from xlwings_addin.proof.pages import Pages
from xlwings_addin.proof.reading import OpenCells
from xlwings_addin.proof.same_formula import host_neutral
from xlwings_addin.refresh.growth.growing import Grown, grown
from xlwings_addin.refresh.growth.growth import Growth
from xlwings_addin.sheets.spec import Context
from xlwings_addin.xlsx.assembling import assembled
from xlwings_addin.xlsx.cell_contents import cell_contents
from xlwings_addin.xlsx.extending import Run, extended_formula
from xlwings_addin.xlsx.moving.shift import Shift
from xlwings_addin.xlsx.package import CellKey, CellValue
from xlwings_addin.xlsx.placing import styles_in

NO_SHEETS: Final = "close the book and refresh its file, which gains it"
Page = Mapping[str, CellValue]


class OpenBook(OpenCells, Protocol):
    """What is asked of a workbook that is open in a program, before it grows."""

    def page(self, sheet: str) -> Page:
        """What every cell of a sheet shows."""
        ...

    def names(self) -> Collection[str]:
        """The defined names of the workbook."""
        ...


class Builder(Protocol):
    """What a program does to a workbook that grows; an error is the program's own."""

    def insert(self, sheet: str, shift: Shift) -> None:
        """Insert blank rows or columns that look like those before them; what refers to cells follows."""
        ...

    def look_like(self, cells: Mapping[CellKey, CellKey]) -> None:
        """Give cells the looks of others."""
        ...

    def write(self, values: Mapping[CellKey, CellValue]) -> None:
        """Put values into cells."""
        ...

    def link(self, formulas: Mapping[CellKey, str]) -> None:
        """Put formulas, with their equals signs, into cells."""
        ...

    def add_names(self, names: Mapping[str, str]) -> None:
        """Define names for cells, given as references without an equals sign."""
        ...


class LiveBook(OpenBook, Builder, Protocol):
    """A workbook that can be read again at once."""

    def references(self) -> Mapping[str, str]:
        """What refers to cells and stands in none: names and charts by what a reader calls them."""
        ...

    def refer(self, references: Mapping[str, str]) -> None:
        """Let some of `references` refer to other cells."""
        ...

    def holds_array(self, at: CellKey) -> bool:
        """Whether a cell belongs to an array formula, of which no part can be changed."""
        ...


@dataclass(frozen=True)
class Foreseen:
    """A workbook as it is once it has grown: what cells hold, and what those that were there showed."""

    contents: Mapping[str, Page]
    values: Mapping[str, Page]

    def read(self, sheet: str) -> Page:
        """Every cell that holds something: a formula with its equals sign, else the value."""
        return self.contents.get(sheet, {})

    def page(self, sheet: str) -> Page:
        """What every cell of a sheet shows; a new formula shows nothing yet."""
        return self.values.get(sheet, {})


@dataclass(frozen=True)
class OpenGrowth:
    """What a workbook gains that is open in a program."""

    growth: Growth
    before: Mapping[str, Page]
    """What its cells held, by sheet and address."""
    values: Mapping[str, Page]
    """What they showed."""
    names: Mapping[str, str]
    """Names that it gains, and the cells they stand for."""
    looks: Mapping[CellKey, CellKey]
    """New cells, and cells whose looks they take."""
    _grown: Grown = field(repr=False)

    @property
    def gains(self) -> bool:
        """Whether it gains anything at all."""
        return bool(self.growth.added or self.growth.changed)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Periods that have got more behind them."""
        return self._grown.runs

    @property
    def inserting(self) -> tuple[str, ...]:
        """The sheets that rows or columns come into."""
        return tuple(dict.fromkeys(title for title, _ in self._grown.moves))

    @cached_property
    def roomy(self) -> Mapping[str, Page]:
        """What cells hold once there is room, and nothing new in it."""
        return self.before if self._grown.roomy is None else cell_contents(self._grown.roomy)

    @cached_property
    def after(self) -> Mapping[str, Page]:
        """What cells hold once it has grown."""
        return cell_contents(self._grown.package)

    @cached_property
    def foreseen(self) -> Foreseen:
        """The workbook as it is then."""
        values: dict[str, dict[str, CellValue]] = {title: {} for title in self.before}
        for title, page in self.values.items():
            for address, value in page.items():
                values[title][self._grown.place((title, address))[1]] = value
        for at, content in self._news():
            if not _is_formula(content):
                values[at[0]][at[1]] = content
        return Foreseen(self.after, values)

    def _news(self) -> Iterator[tuple[CellKey, CellValue]]:
        """What is written into cells, of which some that are new stay blank."""
        for sheet, address in self.growth.changed:
            content = self.after[sheet].get(address)
            if content != self.roomy[sheet].get(address):
                yield (sheet, address), content

    # --- in a program ---------------------------------------------------------------------------------------

    def make_room(self, builder: Builder, program: str) -> None:
        """Have a program insert rows and columns. Raises `BookError` where it refuses."""
        for title, shift in self._grown.moves:
            try:
                builder.insert(title, shift)
            except Exception as error:
                text = f"{shift} of {title!r}"
                reason = f": {error}" if str(error).strip() else ""
                rule = f"was refused by {program}, and nothing is changed{reason}"
                raise BookError("insertion", text, rule, display=text) from error

    def fill(self, builder: Builder) -> None:
        """Have the new cells written, with their looks and names."""
        builder.look_like(self.looks)
        news = dict(self._news())
        builder.write({at: content for at, content in news.items() if not _is_formula(content)})
        builder.link({at: str(content) for at, content in news.items() if _is_formula(content)})
        if self.names:
            builder.add_names(self.names)

    def longer(self) -> dict[CellKey, str]:
        """Formulas that span all periods, as they are once they span the new ones, too."""
        return {
            (sheet, address): str(content)
            for sheet, page in self.after.items()
            for address, content in page.items()
            if (sheet, address) not in self.growth.changed
            and _is_formula(content)
            and content != self.roomy[sheet].get(address)
        }

    def grow_in(self, book: LiveBook, program: str) -> Growth:
        """Let a workbook grow in its program; gives what it has gained.

        Raises `BookError` where the program refuses, lets references stand or takes a formula for another.
        """
        self.make_room(book, program)
        self._require_moved(book, program)
        arrays = self._extend(book)
        self.fill(book)
        self._require_taken(book)
        named = {f"{sheet}!{address}" for sheet, address in arrays}
        left = tuple(f"{place} spans all periods, and an array formula is not made longer" for place in named)
        longer = tuple(place for place in self.growth.extended if place not in named)
        return replace(self.growth, extended=longer, missing=(*self.growth.missing, *sorted(left)))

    def _require_moved(self, book: LiveBook, program: str) -> None:
        """`BookError` for a value that has not moved, and for a formula that should read other cells now."""
        for title, page in self.before.items():
            contents = book.read(title) if page else {}
            for address, was in page.items():
                place = self._grown.place((title, address))[1]
                content, expected = contents.get(place), self.roomy[title].get(place)
                stands = content == was != expected if _is_formula(was) else content != was
                if stands:
                    rule = (
                        f"holds {content!r} once {program} has inserted rows or columns, and was to hold "
                        f"{expected!r}: references do not follow there; nothing is changed"
                    )
                    raise BookError("cell", f"{title}!{place}", rule, display=f"{title}!{place}")

    def _extend(self, book: LiveBook) -> list[CellKey]:
        """Let what spans all periods reach to the new ones behind them; array formulas that do and stay."""
        runs = self._grown.runs
        if not runs:
            return []
        titles, formulas, arrays = tuple(book.titles()), dict[CellKey, str](), list[CellKey]()
        longer = _lengthener(self._grown, titles)
        for title in titles:
            for address, content in book.read(title).items():
                if not _is_formula(content) or (title, address) in self.growth.cells:
                    continue
                if (text := longer(str(content), title)) != content:
                    formulas[title, address] = text
        for at in [at for at in formulas if book.holds_array(at)]:
            arrays.append(at)
            del formulas[at]
        book.link(formulas)
        references = book.references()
        texts = {name: longer(text, "") for name, text in references.items()}
        book.refer({name: text for name, text in texts.items() if text != references[name]})
        return arrays

    def _require_taken(self, book: LiveBook) -> None:
        """`BookError` for a new formula that the program has taken for another, or for a text."""
        for (sheet, address), content in self._news():
            now = book.read(sheet).get(address)
            if not _is_formula(content) or now == content:
                continue
            if not isinstance(now, str) or host_neutral(now) != host_neutral(str(content)):
                rule = f"holds {now!r} once {content} is written into it; nothing is changed"
                raise BookError("cell", f"{sheet}!{address}", rule, display=f"{sheet}!{address}")


def growth_of(book: OpenBook, context: Context, state: State | None) -> OpenGrowth:
    """What an open workbook gains; nothing is changed in it. Raises what `grown` raises."""
    before = {title: dict(book.read(title)) for title in book.titles()}
    package, cells = assembled(before, dict.fromkeys(book.names(), "0"), book.name)
    pages = Pages(lambda title: before.get(title, {}), lambda: before)
    done = grown(package, pages, context, state, no_sheets=NO_SHEETS)
    left = any(missing.endswith(NO_SHEETS) for missing in done.growth.missing)
    growth = OpenGrowth(replace(done.growth, left_to_file=left), before, {}, {}, {}, done)
    if not growth.gains:
        return growth
    styles = styles_in(done.package)
    looks = {
        at: done.place(cells[style])
        for at in done.growth.cells
        if (style := styles.get(at)) is not None and done.place(cells[style]) != at
    }
    return replace(
        growth, values={title: book.page(title) for title in before}, names=_names_of(done), looks=looks
    )


def _names_of(done: Grown) -> dict[str, str]:
    added = {text.removeprefix("name ") for text in done.growth.added if text.startswith("name ")}
    if not added:
        return {}
    elements = done.package.tree(done.package.workbook_part).iterfind("{*}definedNames/{*}definedName")
    return {name: element.text or "" for element in elements if (name := element.get("name", "")) in added}


def _lengthener(done: Grown, titles: tuple[str, ...]) -> Callable[[str, str], str]:
    def longer(formula: str, sheet: str) -> str:
        for run in done.runs:
            formula = extended_formula(formula, sheet, run, titles)
        return formula

    return longer


def _is_formula(content: CellValue) -> bool:
    return isinstance(content, str) and content.startswith("=") and len(content) > 1
