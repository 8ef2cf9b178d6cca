"""A rule of the model that values of a workbook break, told by the cells that they were typed into."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.cases import Inputs, spelled_value

LISTED = 3
"""How many cells a sentence names."""


def in_cells(inputs: Inputs, cells: Mapping[str, str]) -> Inputs:
    """The inputs of a case with cells of a workbook in place of the files and lines of the tables."""
    rows = {
        key: replace(row, file=cells[key], line=0) if key in cells else row
        for key, row in inputs.rows.items()
    }
    return replace(inputs, rows=rows)


def told_by_cell(
    error: DomainError, cells: Mapping[str, str], typed: Collection[str], figures: Sequence[str]
) -> DomainError:
    """The error with the cell of the input it names, and with what was typed that its rule reads.

    `cells` are those of the inputs of the case, `typed` the inputs that the workbook has otherwise than the
    tables, `figures` the cells of reported figures that it has otherwise: these are named where it has no
    input otherwise that the rule reads.
    """
    name = " ".join(filter(None, (cells.get(error.argument), error.argument)))
    said = f"{name} {error.rule}"
    reads = sorted(error.reads.intersection(typed, cells))
    others = [key for key in reads if not re.search(rf"{re.escape(cells[key])}\b", said)]
    places = [f"{cells[key]} {key}" for key in others] if reads else list(figures)
    rule = error.rule
    if places:
        more = f" and {len(places) - LISTED} more" if len(places) > LISTED else ""
        rule = f"{rule}; typed in this workbook: {', '.join(places[:LISTED])}{more}"
    told = DomainError(name, error.value, rule, display=spelled_value(error))
    told.reads = error.reads
    return told
