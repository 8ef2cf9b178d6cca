"""The references in a formula, taken out by a tokenizer, moved, and put back between bytes that stay.

Texts, names, functions, structured references and references to other workbooks are passed over. The
tokenizer is a regular expression: openpyxl's stops at the name of a column with an opening bracket in it
(`Sales[a'[b]`), and takes `A1:INDEX(` for the name of a function.

Source: ECMA-376 Part 1, 18.17 (formulas); Microsoft, [MS-XLSX] 2.2.2 (the grammar that Excel writes).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from xlwings_addin.xlsx.moving.references import AREA, Reference, parse
from xlwings_addin.xlsx.moving.shift import Shift, UnmovableError

_WORD = r"[\w.\\?]+"
_TOKEN = re.compile(
    rf"""
      (?P<text> "(?: [^"] | "" )*" )
    | (?P<prefix> \#REF! | '(?: [^'] | '' )+'! | (?: \[[^\[\]]*\] )? (?: {_WORD} (?: :{_WORD} )? )? ! )
      (?P<there> {AREA} (?! [\w.\\?$(] ) )?
    | (?P<here> {AREA} ) (?! [\w.\\?$(!\[] )
    | (?P<error> \#[A-Z]+ [/A-Z0-9]* [!?]? )
    | (?P<brackets> \[ (?: '. | [^\[\]'] | \[ (?: '. | [^\[\]'] | \[ (?: '. | [^\[\]'] )* \] )* \] )* \] )
    | (?P<word> [\w.\\?$]+ )
    """,
    re.VERBOSE | re.DOTALL,
)


class Located(NamedTuple):
    """A reference in a formula, with the sheet before it as written (`Sales!`), empty for the own sheet."""

    prefix: str
    reference: Reference
    text: str


Pieces = Sequence[str | Located]
"""A formula cut into references and the texts between them."""


def pieces(formula: str) -> list[str | Located]:
    """A formula without its equals sign as references and the texts between.

    >>> [part if isinstance(part, str) else part.text for part in pieces('SUM(A1:B2,Q3!$C$4)&"A1"')]
    ['SUM(', 'A1:B2', ',Q3!', '$C$4', ')&"A1"']
    """
    parts: list[str | Located] = []
    done = 0
    for token in _TOKEN.finditer(formula):
        text = token["here"] or token["there"]
        reference = parse(text) if text else None
        if reference is None:
            continue
        start = token.end() - len(text)
        if start > done:
            parts.append(formula[done:start])
        parts.append(Located(token["prefix"] or "", reference, text))
        done = token.end()
    if done < len(formula):
        parts.append(formula[done:])
    return parts


Place = Literal["this", "other", "several"]
_NUMBER = re.compile(r"[0-9]+")
_MAY_SPAN_SHEETS = re.compile(r":(?:[^']|'')*'?!")
"""A colon in front of an exclamation mark, as between the first and the last of several sheets."""


@dataclass
class Sheets:
    """The tabs of a workbook, and which one changes: tells what a sheet before a reference means.

    >>> sheets = Sheets(("A", "Q 1", "B"), "Q 1")
    >>> sheets.place("'q 1'!"), sheets.place("A!"), sheets.place("A:B!"), sheets.place("[1]Q!")
    ('this', 'other', 'several', 'other')
    """

    titles: Sequence[str]
    title: str
    _places: dict[str, Place] = field(default_factory=dict, repr=False)

    def may_mean_this(self, formula: str) -> bool:
        """Whether a formula of another sheet may refer to the one that changes, at a quick look.

        >>> sheets = Sheets(("A", "It's", "B"), "It's")
        >>> [sheets.may_mean_this(text) for text in ("A!B2", "'IT''S'!B2", "SUM('A:B'!B2)")]
        [False, True, True]
        """
        written, title = formula.casefold(), self.title.casefold()
        named = title in written or ("'" in title and title.replace("'", "''") in written)
        return named or (":" in written and _MAY_SPAN_SHEETS.search(written) is not None)

    def place(self, prefix: str) -> Place:
        if prefix not in self._places:
            self._places[prefix] = self._place(prefix[:-1])
        return self._places[prefix]

    def _place(self, name: str) -> Place:
        if name.startswith("'"):
            name = name[1:-1].replace("''", "'")
        name = name.removeprefix("[0]").casefold()
        if name == self.title.casefold():
            return "this"
        first, colon, last = name.partition(":")
        titles = [title.casefold() for title in self.titles]
        if not colon or first not in titles or last not in titles:
            return "other"
        start, end = sorted((titles.index(first), titles.index(last)))
        if not start <= titles.index(self.title.casefold()) <= end:
            return "other"
        return "this" if start == end else "several"


@dataclass(frozen=True)
class FormulaMover:
    """Moves the references of formulas to the sheet that changes."""

    shift: Shift
    sheets: Sheets

    def text(
        self,
        formula: str,
        *,
        own: bool,
        only_absolute: bool = False,
        wraps: bool = False,
        offset: tuple[int, int] = (0, 0),
    ) -> str:
        """The formula after the shift; `own` says whether it stands on the sheet that changes.

        `offset` is how far the cell that the formula is written for lies from the one it now stands for.
        Raises UnmovableError where it refers to what is deleted or leaves the sheet, or to cells that move on
        one of several sheets only.
        """
        if not own and ("!" not in formula or not self.sheets.may_mean_this(formula)):
            return formula
        if not (wraps or any(offset)) and self._lies_in_front(formula):
            return formula
        parts = pieces(formula)
        if any(offset):
            parts = translated(parts, *offset)
        return "".join(
            part
            if isinstance(part, str)
            else self._moved(part, own=own, only_absolute=only_absolute, wraps=wraps)
            for part in parts
        )

    def may_move(self, formula: str, *, own: bool) -> bool:
        """Whether a formula may say something else after the shift, at a quick look at it as the file has it.

        What is written as an entity is not looked into.
        """
        if "&" in formula:
            return True
        if not own and ("!" not in formula or not self.sheets.may_mean_this(formula)):
            return False
        return not self._lies_in_front(formula)

    def _lies_in_front(self, formula: str) -> bool:
        """Whether no number in a formula is that of a row that moves: then none of its references does."""
        return self.shift.axis == "rows" and all(
            int(number) < self.shift.at for number in _NUMBER.findall(formula)
        )

    def means(self, part: str | Located, own: bool) -> bool:
        """Whether a piece refers to the sheet that changes."""
        if isinstance(part, str):
            return False
        return own if not part.prefix else self.sheets.place(part.prefix) != "other"

    def reference(
        self, part: Located, *, own: bool, only_absolute: bool = False, wraps: bool = False
    ) -> Reference | None:
        """Where a reference leads after the shift; None if that is deleted.

        Raises UnmovableError for one that leaves the sheet or moves on one of several sheets only.
        """
        if not self.means(part, own):
            return part.reference
        new = part.reference.moved(self.shift, only_absolute=only_absolute, wraps=wraps)
        if new != part.reference and part.prefix and self.sheets.place(part.prefix) == "several":
            raise UnmovableError(f"would move {part.text} on only one of the sheets {part.prefix[:-1]}")
        return new

    def _moved(self, part: Located, *, own: bool, only_absolute: bool, wraps: bool) -> str:
        new = self.reference(part, own=own, only_absolute=only_absolute, wraps=wraps)
        if new is None:
            raise UnmovableError(f"would delete {part.prefix}{part.text}")
        return part.text if new == part.reference else str(new)


def translated(parts: Pieces, down: int, right: int) -> list[str | Located]:
    """The pieces as a cell further down and to the right means them.

    >>> [part if isinstance(part, str) else part.text for part in translated(pieces("A1*$B$1"), 2, 1)]
    ['B3', '*', '$B$1']
    """
    return [part if isinstance(part, str) else _translated(part, down, right) for part in parts]


def _translated(part: Located, down: int, right: int) -> Located:
    reference = part.reference.translated(down, right)
    return part if reference == part.reference else Located(part.prefix, reference, str(reference))
