"""A workbook rolled forward: its cases are rolled, and what that changes is typed into it by a refresh.

What is typed are overrides from then on, as if the analyst had written them: the next refresh keeps them, and
lists a conflict where the tables have moved as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from xlwings_addin.analytics.roll import ROLLED, Rolled, roll
from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.refresh.export import Override, case_file, check_new_name, holdings
from xlwings_addin.xlsx.package import save


@dataclass(frozen=True)
class RolledBook:
    """The case of a book that is rolled and those that follow it; what is to be typed, by case and key."""

    case: str
    rolled: Mapping[str, Rolled]
    typed: Mapping[tuple[str, str], Value]
    source: str


def roll_book(
    path: Path,
    to: date,
    *,
    case: str | None = None,
    price: float | None = None,
    payouts: float | None = None,
    base_year: int | None = None,
    folder: Path | None = None,
) -> RolledBook:
    """Roll a case of a workbook, the selected one by default, and every case that has its date from it.

    Nothing is written: `typed` goes into a `RefreshRequest`. Raises `BookError` for a file that is no
    workbook of this project, `ChoiceError` for an unknown case, and what `roll` raises.
    """
    holds, selected, _ = holdings(path, folder)
    case = case or selected
    if case not in holds:
        raise ChoiceError("case", case, one_of(case, holds))
    start = holds[case].day("valuation_date")
    names = [case, *(name for name, own in holds.items() if own.inherits("valuation_date", case))]
    rolled = {
        name: roll(holds[name], to, price=price, payouts=payouts, base_year=base_year) for name in names
    }
    typed: dict[tuple[str, str], Value] = {}
    for name in names:
        typed |= {(name, key): value for key, value in _typed(holds[name], rolled, case, name).items()}
    return RolledBook(case, rolled, typed, f"rolled from {start.isoformat()} to {to.isoformat()}")


def _typed(own: Inputs, rolled: Mapping[str, Rolled], case: str, name: str) -> dict[str, Value]:
    """The inputs of a case that are to be typed; one that follows the rolled case needs none of its own."""
    now, parent = rolled[name].inputs, rolled[case].inputs
    keys = [key for key in (*ROLLED, own.tables.company.price_key, "price_date") if now[key] != own[key]]
    if name == case:
        return {key: now[key] for key in keys}
    return {key: now[key] for key in keys if not (own.inherits(key, case) and now[key] == parent[key])}


def save_case(rolled: Rolled, name: str, *, folder: Path | None = None) -> Path:
    """Write a rolled case as the case `name`, which extends the one it was rolled from.

    It goes into `cases/` of the tables that are named, else into the current folder. Raises `InputError` for
    a name that is no case name or is taken, and `BookError` for a file that is there already.
    """
    check_new_name(name, folder)
    target = Path(f"{name}.csv") if folder is None else folder / "cases" / f"{name}.csv"
    if target.exists():
        raise BookError("file", str(target), "is there already", display=str(target))
    before, now = rolled.before.inputs, rolled.inputs
    keys = dict.fromkeys((*rolled.changed, "cash_since"))
    overrides = tuple(Override(key, now[key], before.row(key)) for key in keys)
    start, to = before.day("valuation_date"), now.day("valuation_date")
    author = f"rolled from {start.isoformat()} to {to.isoformat()}"
    save(target, case_file(before.case, overrides, before.tables.company, author=author, day=to))
    return target
