"""How long a workbook takes to recalculate in which program, as measured: a sentence of Cover.

The figures are rows of `recalculation.csv`, which `python -m supply.recalculation` writes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from xlwings_addin.sheets.spec import LABEL, Block, Columns, Context, Entry, Layout, Line

TABLE = Path(__file__).with_name("recalculation.csv")
EDIT, EVERYTHING, LOADED = "one input changed", "everything", "everything with loading"
PROGRAMS = {"LibreOffice": "LibreOffice", "formualizer": "the embedded engine, formualizer", "Excel": "Excel"}
"""The programs that the sentence speaks of, as the table and the sentence call them."""
TITLE = "How long a recalculation takes"
SENTENCE: Layout = {"sentence": Columns(LABEL, (TITLE,), align="over")}


class Measured(NamedTuple):
    """How long a program took for one workbook, in seconds, the least of several turns; when, and on what."""

    workbook: str
    program: str
    version: str
    measured: str
    seconds: float
    date: str
    processor: str


@cache
def measured() -> tuple[Measured, ...]:
    """The rows of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Measured(
            row["workbook"],
            row["program"],
            row["version"],
            row["measured"],
            float(row["seconds"]),
            row["date"],
            row["processor"],
        )
        for row in rows
    )


def in_seconds(seconds: float) -> str:
    """A time in two digits that count.

    >>> in_seconds(0.01234), in_seconds(0.5), in_seconds(12.3)
    ('0.012 s', '0.5 s', '12 s')
    """
    return f"{float(f'{seconds:.2g}'):g} s"


def sentence(workbook: str, rows: Sequence[Measured]) -> str:
    """What was measured with a workbook, program by program; one without a row was not measured."""
    own = [row for row in rows if row.workbook == workbook]
    if not own:
        return "Recalculation: not measured with this workbook."
    said = "; ".join(_of_program(name, [row for row in own if row.program == name]) for name in PROGRAMS)
    last = max(own, key=lambda row: row.date)
    return f"Recalculation: {said}. Measured {last.date}, {last.processor}."


def _of_program(name: str, rows: Sequence[Measured]) -> str:
    times = {row.measured: in_seconds(row.seconds) for row in rows}
    if not times:
        return f"{PROGRAMS[name]} not measured"
    texts = [text.format(times[key]) for key, text in _TEXTS.items() if key in times]
    return f"{', '.join(texts)} in {PROGRAMS[name]} {rows[0].version}"


_TEXTS = {EDIT: "{} after an edit", EVERYTHING: "{} of everything", LOADED: "{} of everything with loading"}


def block(context: Context) -> Block:
    """The sentence, a text that a build types."""
    text = sentence(context.company.key, measured())
    line = Line("recalculation", "", "", {"sentence": Entry(lambda _: text, kind="text", unit="text")})
    return Block(TITLE, [line], SENTENCE)
