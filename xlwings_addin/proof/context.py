"""What every work on a book starts from: the tables, and what the core makes of them in every case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.case_files import IN_WORKBOOK
from xlwings_addin.inputs.cases import PROBABILITY, Inputs, load_cases
from xlwings_addin.inputs.tables import Tables, load_tables
from xlwings_addin.sheets.spec import MOST_CASES, Context
from xlwings_addin.valuation.xiaomi import evaluate

Functions = Mapping[str, Callable[..., object]]
Progress = Callable[[str], object]
Amendment = Callable[[Tables], Tables]

SELECTOR = "{cover.selected_case}"


def load_context(
    folder: Path | None = None,
    *,
    amended: Amendment = lambda tables: tables,
    live_cases: bool = False,
) -> Context:
    """The tables as `amended` leaves them, and what the core makes of every case.

    With `live_cases` a new workbook calculates every case on Cover; an existing one says itself what it does.

    Raises `ValuationError` for tables or cases that break a rule, for more cases than the workbook shows, and
    for one with a weight that it does not show.
    """
    tables = amended(load_tables(folder))
    cases = load_cases(folder, tables)
    listed, unlisted = (
        [inputs for inputs in cases if inputs.origin.in_workbook is marked] for marked in (True, False)
    )
    _check_columns(listed, unlisted)
    return Context(
        tables,
        {inputs.case: evaluate(inputs) for inputs in listed},
        unlisted={inputs.case: evaluate(inputs) for inputs in unlisted},
        folder=folder,
        live_cases=live_cases,
    )


def _check_columns(listed: Sequence[Inputs], unlisted: Sequence[Inputs]) -> None:
    if not 1 <= len(listed) <= MOST_CASES:
        rule = f"must be 1 to {MOST_CASES}: a row {IN_WORKBOOK} with value no in its file leaves a case out"
        raise InputError("cases of the workbook", len(listed), rule)
    view = listed[0].day("valuation_date")
    for inputs in unlisted:
        if (weight := inputs.number(PROBABILITY)) and inputs.day("valuation_date") == view:
            rule = f"must be 0 while {IN_WORKBOOK} of {inputs.case} is no: Cover weighs the cases it shows"
            raise DomainError(f"{inputs.row(PROBABILITY).place} {PROBABILITY}", weight, rule)
