"""What every work on a book starts from: the tables, and what the core makes of them in every case."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import local
from typing import Final

from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.case_files import IN_WORKBOOK
from xlwings_addin.inputs.cases import PROBABILITY, Inputs, load_cases
from xlwings_addin.inputs.folders import checked_folder
from xlwings_addin.inputs.tables import Tables, load_tables
from xlwings_addin.sheets.spec import MOST_CASES, Context, Live
from xlwings_addin.valuation.xiaomi import evaluate

Functions = Mapping[str, Callable[..., object]]
Progress = Callable[[str], object]
Amendment = Callable[[Tables], Tables]

SELECTOR = "{cover.selected_case}"

MOST_KEPT: Final = 4
"""Contexts that are kept for the next work on the same tables, with all that was worked out for them."""
_Key = tuple[Path | None, Live, str]


class _Kept(local):
    """The contexts of a thread: what is worked out for them is written down without a lock."""

    def __init__(self) -> None:
        self.contexts: dict[_Key, Context] = {}


_KEPT: Final = _Kept()


def load_context(
    folder: Path | None = None,
    *,
    amended: Amendment = lambda tables: tables,
    live: Live = "cases",
) -> Context:
    """The tables as `amended` leaves them, and what the core makes of every case.

    `live` is what a new workbook calculates in what-if tables; an existing one says so itself.

    Raises `ValuationError` for tables or cases that break a rule, for more cases than the workbook shows, and
    for one with a weight that it does not show.
    """
    key = folder, live, _fingerprint(checked_folder(folder))
    kept = _KEPT.contexts.pop(key, None)
    of_files = kept.tables if kept is not None else load_tables(folder)
    tables = amended(of_files)
    context = kept if kept is not None and tables is of_files else _context(tables, folder, live)
    if tables is of_files:
        _keep(key, context)
    elif kept is not None:
        _keep(key, kept)
    return context


def _context(tables: Tables, folder: Path | None, live: Live) -> Context:
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
        live=live,
    )


def _keep(key: _Key, context: Context) -> None:
    """Keep a context as the one used last; a few are enough, and what no one asks for goes."""
    _KEPT.contexts[key] = context
    while len(_KEPT.contexts) > MOST_KEPT:
        del _KEPT.contexts[next(iter(_KEPT.contexts))]


def _fingerprint(folder: Path) -> str:
    """What is another as soon as a file of the tables is: the contents, for a clock may stand still."""
    digest = hashlib.sha256()
    for pattern in ("*.csv", "*.toml", "inputs/*.csv", "cases/*.csv"):
        for path in sorted(folder.glob(pattern)):
            data = path.read_bytes() if path.is_file() else b""
            digest.update(f"{path.relative_to(folder)} {len(data)} ".encode() + data)
    return digest.hexdigest()


def _check_columns(listed: Sequence[Inputs], unlisted: Sequence[Inputs]) -> None:
    if not 1 <= len(listed) <= MOST_CASES:
        rule = f"must be 1 to {MOST_CASES}: a row {IN_WORKBOOK} with value no in its file leaves a case out"
        raise InputError("cases of the workbook", len(listed), rule)
    view = listed[0].day("valuation_date")
    for inputs in unlisted:
        if (weight := inputs.number(PROBABILITY)) and inputs.day("valuation_date") == view:
            rule = f"must be 0 while {IN_WORKBOOK} of {inputs.case} is no: Cover weighs the cases it shows"
            raise DomainError(f"{inputs.row(PROBABILITY).place} {PROBABILITY}", weight, rule)
