"""Formulas that lines of ours had in former versions: `former_formulas.csv`, in the notation of the sheets.

A cell of an old workbook that holds one of these was not changed by the analyst: a refresh brings it to the
formula of today. Who changes the formula of a line adds the former one here; the tests hold the table against
the workbooks of former releases.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("former_formulas.csv")


@cache
def former_formulas() -> Mapping[tuple[str, str, str], tuple[str, ...]]:
    """The former formulas of a line's columns, by sheet, line and group, the last one first.

    >>> former_formulas()["vehicle_units", "reference_target", "model"][0][:42]
    'SUMPRODUCT(({capital.year:years[all]}={ref'
    """
    with TABLE.open(encoding="utf-8", newline="") as file:
        formulas: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for row in csv.DictReader(file):
            cell = row["sheet"], row["line"], row["group"]
            formulas[cell] = (row["formula"], *formulas.get(cell, ()))
    return formulas
