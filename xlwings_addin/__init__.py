"""Xiaomi's sum-of-the-parts valuation: as numbers, as a workbook, and as a check that the two agree.

    value()         one case, valued by the core
    values()        every case, and what they weigh together: `weighted_value`
    implied()       what must happen for a price; iso_curve() for pairs of two drivers
    sensitivity()   a line where one or two inputs or drivers have other values
    tornado()       every input at both ends of its own range
    simulate()      what a share may be worth where inputs are drawn
    batch()         many companies valued, or many workbooks checked or refreshed
    multiples()     what multiples make a share worth, beside the model
    conventions()   what other conventions are worth, alone and together
    replicate()     which conventions reproduce printed figures
    fit_ramp()      curves fitted to deliveries, ramps of other makers
    company()       a company by its name or folder
    build()         the workbook, written once its formulas and the core agree
    diff()          what moved between two workbooks, and why
    refresh()       new facts into an analyst's own workbook, in place
    recalculate()   any workbook's formulas evaluated, our functions included
    report()        two pages on a case, as HTML or PDF
    check()         a workbook against the core, a second engine and its own checks

>>> import xlwings_addin as xa
>>> f"{xa.value('march_2024_replica').sotp.vehicle.per_share:.2f} HKD"
'4.91 HKD'
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from xlwings_addin.at_scale import batch, simulate
from xlwings_addin.inputs.defaults import DEFAULT_CASE, DEFAULT_COMPANY
from xlwings_addin.version import __version__

if TYPE_CHECKING:
    from xlwings_addin.analytics.conventions import Conventions
    from xlwings_addin.analytics.implied import Implied
    from xlwings_addin.analytics.iso import IsoCurve
    from xlwings_addin.analytics.multiples import Multiples
    from xlwings_addin.analytics.ramp_evidence import RampEvidence
    from xlwings_addin.analytics.replicate import Replicated
    from xlwings_addin.analytics.sensitivity import Sensitivity
    from xlwings_addin.analytics.tornado import Tornado
    from xlwings_addin.diff.result import Differences
    from xlwings_addin.engine.recalculation import Recalculated
    from xlwings_addin.functions.registry import Target
    from xlwings_addin.inputs.company import Company
    from xlwings_addin.proof.report import Report
    from xlwings_addin.proof.second_engine import SecondOpinion
    from xlwings_addin.refresh.refreshed import Refreshed
    from xlwings_addin.sheets.spec import Live
    from xlwings_addin.valuation.cases import CaseValues
    from xlwings_addin.valuation.xiaomi import Results

__all__ = [
    "DEFAULT_CASE", "DEFAULT_COMPANY", "__version__", "batch", "build", "check", "company", "conventions",
    "default_book", "diff", "fit_ramp", "implied", "iso_curve", "multiples", "recalculate",
    "refresh", "replicate", "report", "sensitivity", "simulate", "tornado", "value", "values",
]  # fmt: skip

BOOK_NAME = "Xiaomi_Model.xlsx"


def company(name_or_folder: Path | str = DEFAULT_COMPANY) -> Company:
    """A company: one of the project's own by its name, or a folder with company.toml and parameters.csv.

    Its `folder` is what the other functions take. Raises `ValuationError` that names file, line and rule.

    >>> company("xiaomi").name.en
    'Xiaomi Corporation'
    """
    from xlwings_addin.inputs.company import load_company
    from xlwings_addin.inputs.folders import company_folder

    return load_company(company_folder(name_or_folder))


def default_book(folder: Path | None = None) -> Path:
    """Where the workbook of a company is: of one that comes with the project in `workbook/` of a checkout.

    Where the project is installed it is in the current folder; that of any other company is in its folder.
    """
    from xlwings_addin.inputs.company import load_company
    from xlwings_addin.inputs.folders import companies_folder

    own, companies = load_company(folder), companies_folder()
    if own.folder.parent != companies:
        return own.folder / own.book
    return (companies if companies.name == "workbook" else Path()) / own.book


def value(case: str = DEFAULT_CASE, *, folder: Path | None = None) -> Results:
    """The results of one case; `folder` holds `inputs/` and `cases/`, the project's own by default.

    Raises `ValuationError` for an unknown case or inputs that break a rule.
    """
    from xlwings_addin.inputs.cases import load_inputs
    from xlwings_addin.valuation.xiaomi import evaluate

    return evaluate(load_inputs(case, folder))


def values(*, folder: Path | None = None) -> CaseValues:
    """The results of every case, by its name; a case that is broken stops no other.

    What is wrong with a case that is left out stands in `broken` of the answer, by its name, and is told as a
    warning. Raises `ValuationError` for tables that do not load, for probabilities that do not add to one,
    and where no case can be valued.
    """
    import warnings

    from xlwings_addin.valuation.cases import value_cases

    valued = value_cases(folder)
    for case, error in valued.broken.items():
        warnings.warn(f"case {case} is left out: {error}", stacklevel=2)
    return valued


def implied(
    price: float | Sequence[float] | None = None,
    *,
    solve: str,
    case: str = DEFAULT_CASE,
    target: str = "",
    value: float | Sequence[float] | None = None,
    settings: Mapping[str, float] | None = None,
    hold: Collection[str] = (),
    between: tuple[float, float] | None = None,
    folder: Path | None = None,
) -> Implied:
    """What one input or driver must be for a share to be worth a price, the rest of the case as it is.

    `solve` is an input or a driver of `inputs/drivers.csv`; `target` and `value` name any line in place of
    the price (`vehicle_units.ebit@2030`); `settings` are set first; `hold` names inputs that the driver
    leaves alone; `between` is the range to look in. All solutions are reported; without one the answer says
    on which side the model stays. Raises `ValuationError` for an unknown key, a price of zero, a range
    outside the rules.
    """
    from xlwings_addin.analytics.implied import implied as solve_implied

    return solve_implied(
        price,
        solve=solve,
        case=case,
        target=target,
        value=value,
        settings=settings,
        hold=hold,
        between=between,
        folder=folder,
    )


def iso_curve(
    price: float | None = None,
    *,
    solve: str,
    against: str,
    values: Sequence[float] | None = None,
    case: str = DEFAULT_CASE,
    target: str = "",
    value: float | None = None,
    settings: Mapping[str, float] | None = None,
    hold: Collection[str] = (),
    folder: Path | None = None,
) -> IsoCurve:
    """Pairs of two inputs or drivers at which a share is worth a price.

    One is solved for where the other, `against`, has each of `values`. All else is as in `implied`.
    Raises `ValuationError` as that does.
    """
    from xlwings_addin.analytics.iso import iso_curve as solve_curve

    return solve_curve(
        price,
        solve=solve,
        against=against,
        values=values,
        case=case,
        target=target,
        value=value,
        settings=settings,
        hold=hold,
        folder=folder,
    )


def sensitivity(
    key: str,
    other: str = "",
    *,
    values: Sequence[float] | None = None,
    other_values: Sequence[float] | None = None,
    case: str = DEFAULT_CASE,
    target: str = "",
    settings: Mapping[str, float] | None = None,
    hold: Collection[str] = (),
    folder: Path | None = None,
) -> Sensitivity:
    """The value of a share, or any line, where one or two inputs or drivers have other values.

    `values` and `other_values` are the ranges of their rows in equal steps by default; `target` is a line in
    place of the value per share; the rest is as in `implied`. Raises `ValuationError` for an unknown key or
    line, and for two that move the same input.
    """
    from xlwings_addin.analytics.sensitivity import sensitivity as table

    return table(
        key,
        other,
        values=values,
        other_values=other_values,
        case=case,
        target=target,
        settings=settings,
        hold=hold,
        folder=folder,
    )


def tornado(case: str = DEFAULT_CASE, *, folder: Path | None = None) -> Tornado:
    """Every input of a case at the low and at the high end of its own row, the widest swing first.

    Raises `ValuationError` for an unknown case.
    """
    from xlwings_addin.analytics.tornado import tornado as every_end

    return every_end(case, folder=folder)


def multiples(case: str = DEFAULT_CASE, *, folder: Path | None = None) -> Multiples:
    """What multiples make a share worth in a case, beside the model in every case: low, middle and high.

    Methods are the rows of `inputs/multiples.csv`, peers those of `inputs/peers.csv`. Raises `ValuationError`
    for an unknown case and a table that cannot be read.
    """
    from xlwings_addin.analytics.multiples import multiples as by_method

    return by_method(case, folder=folder)


def conventions(case: str = DEFAULT_CASE, *, against: str = "", folder: Path | None = None) -> Conventions:
    """Every convention of a case in money a share, alone and together (`analytics.conventions`)."""
    from xlwings_addin.analytics.conventions import conventions as priced

    return priced(case, against=against, folder=folder)


def fit_ramp(
    case: str = DEFAULT_CASE,
    *,
    models: Sequence[str] = ("logistic", "gompertz", "bass"),
    folder: Path | None = None,
) -> RampEvidence:
    """S-curves fitted to the deliveries known on a case's date (`analytics.ramp_evidence`)."""
    from xlwings_addin.analytics.ramp_evidence import fit_ramp as fitted

    return fitted(case, models=models, folder=folder)


def replicate(
    figures: Path | str,
    *,
    case: str = "march_2024_replica",
    vary: Mapping[str, Sequence[float | str]] | None = None,
    folder: Path | None = None,
) -> Replicated:
    """Every set of conventions that reproduces printed figures (`analytics.replicate`)."""
    from xlwings_addin.analytics.replicate import replicate as reproduced

    return reproduced(figures, case=case, vary=vary, folder=folder)


def build(
    path: Path | str | None = None,
    *,
    case: str | None = None,
    folder: Path | None = None,
    live: Live = "cases",
) -> Path:
    """Write the workbook, opening with `case` (by default the first), and return its path.

    `live` says what it calculates in native what-if tables: "cases", every case on Cover; "all", the
    tables of Sensitivities, too, so that a program values the company some 250 times after an edit;
    "none", nothing: Cover keeps the results of the cases as built.

    Raises `ValuationError`, and writes nothing, when an input breaks a rule or formula and core disagree.
    """
    from xlwings_addin.functions.registry import callbacks
    from xlwings_addin.proof.build import build as build_book

    target = Path(path) if path is not None else default_book(folder)
    build_book(target, functions=callbacks(), case=case, folder=folder, live=live)
    return target


def recalculate(
    path: Path | str,
    out: Path | str | None = None,
    *,
    target: Target | None = None,
    keep_uncalculated: bool = False,
    stored_values_are_old: bool = False,
) -> Recalculated:
    """Evaluate every formula of a workbook, our functions included; with `out`, write the values there too.

    The values that the file stores are held against the engine's first. What it reproduces keeps its bytes,
    as does what nothing makes due; calculated are cells without a value, volatile ones, cells that show
    #NAME? for want of our functions, and what hangs on them. `stored_values_are_old` makes every formula due.
    The answer maps cells to values and counts what was reproduced, calculated and kept. Without a stored
    value only functions are believed that are proven or on which a second engine agrees, but on the sheets of
    a model of ours, which `check` proves.
    Everything in the file but the values of formula cells stays byte for byte. `out` may be `path` itself.
    `target` names the host that is to open `out`: the functions are then called as that host calls them.
    A workbook without our functions that the embedded engine cannot evaluate goes to LibreOffice, where there
    is one. Raises `BookError` for a formula that is due and has no trustworthy value: then nothing is
    written. `keep_uncalculated` leaves it and what hangs on it as stored, and has programs recalculate `out`.
    """
    from xlwings_addin.core.errors import BookError
    from xlwings_addin.engine.recalculation import file_with, recalculated
    from xlwings_addin.engine.respell import respell
    from xlwings_addin.functions.registry import callbacks, respelling
    from xlwings_addin.proof.own_sheets import sheets_of_model
    from xlwings_addin.xlsx.package import read_package, save

    if out is not None and Path(out).suffix.lower() != Path(path).suffix.lower():
        raise BookError(
            "file", str(out), f"must be named {Path(path).suffix}, as the workbook is", display=str(out)
        )
    names = respelling(target) if target is not None else {}
    package = read_package(Path(path))
    if out is not None:
        package.require_unsigned()
    values = recalculated(
        package,
        callbacks(),
        keep_uncalculated=keep_uncalculated,
        stored_values_are_old=stored_values_are_old,
        own_sheets=sheets_of_model(package),
    )
    if out is not None:
        save(out, respell(file_with(package, values), names))
    return values


def refresh(
    path: Path | str,
    *,
    folder: Path | None = None,
    case: str | None = None,
    keep_mine: Collection[str] = (),
    take_new: Collection[str] = (),
    dry_run: bool = False,
    backups: int = 1,
    changes_sheet: bool = False,
    keep_uncalculated: bool = False,
    stored_values_are_old: bool = False,
) -> Refreshed:
    """Bring new facts into a workbook in place; what an analyst has changed stays, and is listed.

    `keep_mine` and `take_new` name lines whose value is decided otherwise: the book's or the tables'.
    `backups` former versions stay beside it; `changes_sheet` appends a sheet that says what was done.
    The values that the file stores are held against the engine's first. A formula that it does not reproduce,
    or cannot calculate, and that hangs on what changes stops the refresh; `keep_uncalculated` leaves it, and
    all that hang on it, as stored. `stored_values_are_old` says that the file was edited after they were.
    Raises `ValuationError`, and leaves the file as it is, when anything is wrong.
    """
    from xlwings_addin.functions.registry import callbacks
    from xlwings_addin.refresh.file import FileMedium
    from xlwings_addin.refresh.refresh import refresh as refresh_medium
    from xlwings_addin.refresh.request import RefreshRequest

    request = RefreshRequest(
        folder=folder,
        case=case,
        keep_mine=keep_mine,
        take_new=take_new,
        dry_run=dry_run,
        backups=backups,
        changes_sheet=changes_sheet,
        keep_uncalculated=keep_uncalculated,
    )
    medium = FileMedium(path, callbacks(), stored_values_are_old=stored_values_are_old)
    return refresh_medium(medium, request)


def diff(before: Path | str, after: Path | str, *, folder: Path | None = None) -> Differences:
    """What differs between two workbooks, and which change moved the value of a share by how much.

    Raises `BookError` for a file that is no workbook.
    """
    from xlwings_addin.diff.differences import differences

    return differences(Path(before), Path(after), folder=folder)


def report(
    case: str = DEFAULT_CASE,
    *,
    html: Path | str | None = None,
    pdf: Path | str | None = None,
    book: Path | str | None = None,
    certificate: Path | str | None = None,
    fonts: Path | str | None = None,
    ledger: Path | str | None = None,
    folder: Path | None = None,
) -> tuple[Path, ...]:
    """Write two pages on a case for people who only read, as a page and as a PDF; return what was written.

    The figures come from the tables, or with `book` from the inputs that a workbook holds, whose stored
    values must agree. `certificate` is a file of `check --certificate`, of the same inputs. The PDF needs the
    extra `report`; `fonts` is a folder for characters that its own fonts lack. `ledger` is the file of
    snapshots, by default the user's. Raises `ValuationError`, and writes nothing, when anything is wrong.
    """
    from xlwings_addin.report.write import write_report

    return write_report(
        case,
        html=_path(html),
        pdf=_path(pdf),
        book=_path(book),
        certificate=_path(certificate),
        fonts=_path(fonts),
        ledger=_path(ledger),
        folder=folder,
    )


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)


def check(
    path: Path | str | None = None,
    *,
    folder: Path | None = None,
    second_opinion: SecondOpinion = "auto",
    all_tables: bool = False,
) -> Report:
    """Compare a workbook with the core, a second engine and its own checks; `ok` says if they agree.

    With `all_tables` what-if tables of Sensitivities, if a workbook has such, are compared in every case.
    """
    from xlwings_addin.functions.registry import callbacks
    from xlwings_addin.proof.check import check as check_book

    return check_book(
        path if path is not None else default_book(folder),
        functions=callbacks(),
        folder=folder,
        second_opinion=second_opinion,
        all_tables=all_tables,
    )


class _Package(ModuleType):
    """This package, whose public functions stay when a room of the same name is imported.

    The import system sets `xlwings_addin.refresh` to the package of that name as soon as anything in it is
    imported; `xa.refresh` must go on being the function. The package is in `sys.modules` as ever.
    """

    def __setattr__(self, name: str, attribute: object) -> None:
        if name not in __all__ or not isinstance(attribute, ModuleType):
            super().__setattr__(name, attribute)


sys.modules[__name__].__class__ = _Package
