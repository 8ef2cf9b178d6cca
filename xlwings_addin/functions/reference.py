"""The page that explains every function, docs/functions.md, made from the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, Protocol

from xlwings_addin.functions.docstring import Example
from xlwings_addin.functions.kinds import Kind
from xlwings_addin.functions.registry import REGISTRY, Udf

ARGUMENT_FORMS: Final = {
    Kind.SCALAR: "one number",
    Kind.COUNT: "one whole number",
    Kind.NUMBERS: "a number, a row or a column",
    Kind.ROW: "a row or a column",
    Kind.TABLE: "a rectangle of numbers",
    Kind.DATES: "a row or a column of dates",
    Kind.TEXT: "a text",
    Kind.CELL: "a cell",
}
"""What an argument may be, in the words of a spreadsheet."""

INTRODUCTION: Final = """\
# Functions for cells

Made from the registry of `udfs/` by `xiaomi-model functions --markdown docs/functions.md`; not to be edited.

Rates are decimals or percentages: 10% and 0.1 are the same. Typed without its sign 8% is 800%: a rate above
100% is calculated with, and the log warns of it. Money is in the unit that comes in. A row may be
a column, and a result lies as the ranges lie that came in. In brackets stands what may be left out.

A blank cell means the default of an argument that may be left out; anywhere else it is an error, as is text,
TRUE or FALSE where a number belongs. A date is a date cell, a serial number or ISO text: 2024-03-08.
"""

ERRORS: Final = """\
| A cell shows | when |
| --- | --- |
| `#NUM!` | a number has no meaning in the formula: growth as high as the discount rate, negative shares |
| `#VALUE!` | a cell holds something of another kind, ranges do not fit together, or a word is no option |
| `#N/A` | a number that is needed is missing: a blank cell |

An error that comes in with an argument goes out unchanged. `VAL_LAST_ERROR` gives the reason in words, and
the log file keeps it.
"""


class Program(Protocol):
    """A host, as the page lists it."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def prefix(self) -> str: ...


def markdown(programs: Iterable[Program]) -> str:
    """The whole page, with the spellings of `programs`.

    The anchor of a function is its name in small letters: functions.md#dcf_xnpv.
    """
    families = [(family, list(entries)) for family, entries in groupby(REGISTRY.values(), lambda e: e.family)]
    parts = [INTRODUCTION, ERRORS, _spellings(programs), _contents(REGISTRY.values())]
    for family, entries in families:
        parts += [f"## {family}\n", *map(_section, entries)]
    return "\n".join(parts)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(headings), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _spellings(programs: Iterable[Program]) -> str:
    name = next(iter(REGISTRY))
    rows = ([program.label, f"`{program.name}`", f"`{program.prefix}{name}(`"] for program in programs)
    table = _table(["Program", "`--target`", "In the file"], rows)
    return (
        "In a file a function is spelled as its program calls it. `xiaomi-model recalc` reads every\n"
        f"spelling, and writes that of another program with `--target`.\n\n{table}"
    )


def _contents(entries: Iterable[Udf]) -> str:
    return _table(
        ["Function", "What it gives"],
        ([f"[{entry.name}](#{anchor(entry.name)})", entry.summary] for entry in entries),
    )


def anchor(name: str) -> str:
    """The anchor of a function in the page, as GitHub derives it from the heading.

    >>> anchor("DCF_XNPV")
    'dcf_xnpv'
    """
    return name.lower()


def _section(entry: Udf) -> str:
    return "\n".join(_paragraphs(entry))


def _paragraphs(entry: Udf) -> Iterator[str]:
    yield f"### {entry.name}\n"
    yield f"{entry.summary}\n"
    yield f"```\n{entry.signature}\n```\n"
    if entry.parameters:
        rows = (
            [f"`{argument.host_name}`", argument.unit, ARGUMENT_FORMS[argument.kind], argument.doc]
            for argument in entry.parameters
        )
        yield _table(["Argument", "Unit", "Given as", "What it is"], rows)
    yield f"Formula:\n\n```\n{entry.formula}\n```\n"
    yield f"Returns: {entry.returns}\n"
    yield f"Errors: {entry.errors}\n"
    yield f"Example: `{entry.example.formula}` gives {result_text(entry.example)}\n"
    yield f"Source: {entry.source}\n"


def result_text(example: Example) -> str:
    """What the example gives: a number, a text, or the cells of a row, rows parted by semicolons."""
    result = example.result
    if isinstance(result, str):
        return f'`"{result}"`' if "..." not in result else "a text"
    if not isinstance(result, list):
        return f"`{result}`"
    rows = [", ".join(map(str, row)) for row in result]
    return f"`{'; '.join(rows)}`"
