"""Figures that rest on an unverified row say so on the sheets that use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from xlwings_addin.inputs.tables import Row, Tables
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets import base_year, reported
from xlwings_addin.sheets.spec import Context, Line, Sheet

FIGURES = re.compile(r"\{reported\.quarterly_(\w+)\[all\]\}")
"""How a formula of Base Year names a row of quarters."""


@pytest.fixture(scope="module")
def context() -> Context:
    return load_context()


def lines(sheet: Sheet, context: Context) -> dict[str, Line]:
    return {line.key: line for block in sheet.blocks(context) for line in block.lines}


def read_by(line: Line) -> set[str]:
    """The keys of the history that a line of Base Year sums up."""
    formulas = [entry.formula or "" for entry in line.cells.values()]
    return {key for formula in formulas for key in FIGURES.findall(formula)}


def unverified(tables: Tables) -> Iterator[Row]:
    return (row for row in tables.history if row.basis == "unverified")


def with_unverified(context: Context, key: str, period: str) -> Context:
    """The context with one row of the history not verified."""
    rows = tuple(
        replace(row, basis="unverified") if (row.key, row.period) == (key, period) else row
        for row in context.tables.history
    )
    return Context(replace(context.tables, history=rows), context.results)


def marked(line: Line, period: str) -> bool:
    """Whether a line's note lists a period as unverified."""
    match = re.search(r"unverified: ([^;]+)", line.note)
    return match is not None and period in match[1].split(", ")


def test_unverified_rows_are_marked_on_history(context: Context) -> None:
    by_key, tables = lines(reported.SHEET, context), context.tables
    years = [row for row in unverified(tables) if row.period in tables.calendar.years and row.key in by_key]
    years = [row for row in years if tables.row(row.key, row.period) is row]
    assert len(years) >= 10
    for row in years:
        assert marked(by_key[row.key], row.period), row.place
    weak = {row.key for row in years}
    for key, line in by_key.items():
        if not key.startswith(reported.QUARTERLY) and key not in weak:
            assert "unverified" not in line.note, key


def test_unverified_quarters_are_marked_on_base_year_and_no_others(context: Context) -> None:
    weak = {
        (row.key, row.period) for row in unverified(context.tables) if row.period in context.calendar.quarters
    }
    for line in lines(base_year.SHEET, context).values():
        keys = read_by(line)
        if "unverified" in line.note:
            assert any(key in keys for key, _ in weak), line.key
    for key, period in weak:
        readers = [line for line in lines(base_year.SHEET, context).values() if key in read_by(line)]
        assert not readers or any(marked(line, period) for line in readers), f"{key} {period}"


def test_a_quarter_that_is_not_verified_would_be_marked_on_base_year(context: Context) -> None:
    keys = {key for line in lines(base_year.SHEET, context).values() for key in read_by(line)}
    assert len(keys) >= 12
    unmarked = []
    for key in sorted(keys):
        reported = [period for period in context.tables.periods(key) if period.startswith("2025Q")]
        assert reported, key
        for period in reported:
            doubted = lines(base_year.SHEET, with_unverified(context, key, period)).values()
            if not any(marked(line, period) for line in doubted if key in read_by(line)):
                unmarked.append(f"{key} {period}")
    assert not unmarked
