"""What every work on a book starts from: the tables, and what the core makes of them in each case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from xlwings_addin.model.inputs import load_cases
from xlwings_addin.model.tables import Tables, load_tables
from xlwings_addin.model.xiaomi import evaluate
from xlwings_addin.sheets.spec import Context

Functions = Mapping[str, Callable[..., object]]
Progress = Callable[[str], object]
Amendment = Callable[[Tables], Tables]

SELECTOR = "{cover.selected_case}"


def load_context(folder: Path | None = None, *, amended: Amendment = lambda tables: tables) -> Context:
    """The tables as `amended` leaves them, and what the core makes of each case."""
    tables = amended(load_tables(folder))
    return Context(tables, {each.case: evaluate(each) for each in load_cases(folder, tables)})
