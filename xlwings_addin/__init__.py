"""Xiaomi's sum-of-the-parts valuation: as numbers, as a workbook, and as a check that the two agree.

    value()         one case, valued by the core
    values()        every case, and what they weigh together: `weighted_value`
    build()         the workbook, written once its formulas and the core agree
    diff()          what moved between two workbooks, and why
    refresh()       new facts into an analyst's own workbook, in place
    recalculate()   any workbook's formulas evaluated, our functions included
    check()         a workbook against the core, a second engine and its own checks

>>> import xlwings_addin as xa
>>> f"{xa.value('march_2024_replica').sotp.vehicle.per_share:.2f} HKD"
'4.91 HKD'
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udfs.registry import Target
    from xlwings_addin.book.compare import SecondOpinion
    from xlwings_addin.book.differences import Differences
    from xlwings_addin.book.package import CellKey, CellValue
    from xlwings_addin.book.refresh import Refreshed
    from xlwings_addin.book.report import Report
    from xlwings_addin.model.xiaomi import Results

__all__ = ["build", "check", "default_book", "diff", "recalculate", "refresh", "value", "values"]

__version__ = "0.1.0"
DEFAULT_CASE = "base"
BOOK_NAME = "Xiaomi_Model.xlsx"


def default_book() -> Path:
    """Where the workbook is: in `workbook/` of a checkout, in the current folder elsewhere."""
    from xlwings_addin.model.tables import tables_folder

    folder = tables_folder()
    return (folder if folder.name == "workbook" else Path()) / BOOK_NAME


def value(case: str = DEFAULT_CASE, *, folder: Path | None = None) -> Results:
    """The results of one case; `folder` holds `inputs/` and `cases/`, the project's own by default.

    Raises `ValuationError` for an unknown case or inputs that break a rule.
    """
    from xlwings_addin.model.inputs import load_inputs
    from xlwings_addin.model.xiaomi import evaluate

    return evaluate(load_inputs(case, folder))


def values(*, folder: Path | None = None) -> dict[str, Results]:
    """The results of every case, by its name.

    Raises `ValuationError` for inputs that break a rule, and for probabilities that do not add to one.
    """
    from xlwings_addin.model.inputs import load_cases
    from xlwings_addin.model.xiaomi import evaluate

    return {inputs.case: evaluate(inputs) for inputs in load_cases(folder)}


def build(path: Path | str | None = None, *, case: str | None = None, folder: Path | None = None) -> Path:
    """Write the workbook, opening with `case` (by default the first), and return its path.

    Raises `ValuationError`, and writes nothing, when an input breaks a rule or formula and core disagree.
    """
    from udfs.registry import callbacks
    from xlwings_addin.book.build import build as build_book

    target = Path(path) if path is not None else default_book()
    build_book(target, functions=callbacks(), case=case, folder=folder)
    return target


def recalculate(
    path: Path | str, out: Path | str | None = None, *, target: Target | None = None
) -> dict[CellKey, CellValue]:
    """Evaluate every formula of a workbook, our functions included; with `out`, write the values there too.

    Everything in the file but the values of formula cells stays byte for byte. `out` may be `path` itself.
    `target` names the host that is to open `out`: the functions are then called as that host calls them.
    A workbook without our functions that the embedded engine cannot evaluate goes to LibreOffice, where there
    is one. Raises `BookError` for a formula that has no trustworthy value: then nothing is written.
    """
    from udfs.registry import REGISTRY, callbacks, spelling
    from xlwings_addin.book.libreoffice import recalculate_with_fallback
    from xlwings_addin.book.package import read_package, save, write_values
    from xlwings_addin.book.respell import respell
    from xlwings_addin.core.errors import BookError

    if out is not None and Path(out).suffix.lower() != Path(path).suffix.lower():
        raise BookError(
            "file", str(out), f"must be named {Path(path).suffix}, as the workbook is", shown=str(out)
        )
    names = {name: spelling(name, target) for name in REGISTRY} if target is not None else {}
    package = read_package(Path(path))
    values = recalculate_with_fallback(package, callbacks())
    if out is not None:
        save(out, respell(write_values(package, values), names))
    return values


def refresh(
    path: Path | str,
    *,
    folder: Path | None = None,
    case: str | None = None,
    ours: Collection[str] = (),
    theirs: Collection[str] = (),
    dry_run: bool = False,
    keep: int = 1,
    changes_sheet: bool = False,
) -> Refreshed:
    """Bring new facts into a workbook in place; what an analyst has changed stays, and is listed.

    `ours` and `theirs` name lines whose value is decided otherwise: the book's or the tables'. `keep` former
    versions stay beside it; `changes_sheet` appends a sheet that says what was done.
    Raises `ValuationError`, and leaves the file as it is, when anything is wrong.
    """
    from udfs.registry import callbacks
    from xlwings_addin.book.refresh import refresh_file

    return refresh_file(
        path,
        functions=callbacks(),
        folder=folder,
        case=case,
        ours=ours,
        theirs=theirs,
        dry_run=dry_run,
        keep=keep,
        changes_sheet=changes_sheet,
    )


def diff(before: Path | str, after: Path | str, *, folder: Path | None = None) -> Differences:
    """What differs between two workbooks, and which change moved the value of a share by how much.

    Raises `BookError` for a file that is no workbook.
    """
    from xlwings_addin.book.differences import differences

    return differences(Path(before), Path(after), folder=folder)


def check(
    path: Path | str | None = None, *, folder: Path | None = None, second_opinion: SecondOpinion = "auto"
) -> Report:
    """Compare a workbook with the core, with LibreOffice and with its own checks; `ok` says if they agree."""
    from udfs.registry import callbacks
    from xlwings_addin.book.compare import check as check_book

    return check_book(
        path if path is not None else default_book(),
        functions=callbacks(),
        folder=folder,
        second_opinion=second_opinion,
    )
