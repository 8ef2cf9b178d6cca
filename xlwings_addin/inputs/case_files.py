"""A case as its file states it: its rows, the case it extends, and whether the workbook has a column for it.

Two rows of a case file speak of the file and are no inputs:

    extends        the case whose rows it overrides; without it, the house view in assumptions.csv
    in_workbook    yes or no, where the workbook is not to have a column for the case; yes without it

>>> replica = read_case(tables_folder(), "march_2024_replica")
>>> replica.extends, replica.in_workbook, replica.rows["timing"].value
('march_2024_strict', True, 'end')
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xlwings_addin.core.errors import ChoiceError, InputError, ValuationError
from xlwings_addin.inputs.company import Company, load_company, packaged_company
from xlwings_addin.inputs.defaults import BASE_CASE, DEFAULT_CASE
from xlwings_addin.inputs.folders import COMPANY_FILE
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.inputs.tables import (
    KEY_PATTERN,
    Row,
    by_figure,
    checked_folder,
    read_ranged_rows,
    standing_row,
    tables_folder,
    unreadable,
)

EXTENDS = "extends"
IN_WORKBOOK = "in_workbook"
YES_OR_NO = ("yes", "no")
CASE_FILE = re.compile(rf"(?=.{{1,31}}\.csv){KEY_PATTERN}\.csv")


@dataclass(frozen=True)
class CaseFile:
    """What one file of `cases/` says: `rows` are the inputs it sets, by key."""

    name: str
    rows: Mapping[str, Row]
    extends: str = ""
    extends_row: Row | None = None
    in_workbook: bool = True


def case_files(
    folder: Path | None = None, first: str = BASE_CASE
) -> tuple[tuple[str, ...], dict[str, InputError]]:
    """The cases that files of `cases/` are named for, `first` first, and what is wrong with other names.

    Raises `InputError` for a folder that is not one of tables, or that cannot be read.
    """
    cases = checked_folder(folder) / "cases"
    names: list[str] = []
    broken: dict[str, InputError] = {}
    for path in sorted(_files(cases)):
        if path.suffix.lower() != ".csv":
            continue
        try:
            names.append(_case_name(path))
        except InputError as error:
            broken[path.name] = error
    for name in [name for name in broken if name.lower().removesuffix(".csv") in names]:
        rule = f"must not be a second case of the name {name.lower().removesuffix('.csv')}"
        broken[name] = InputError("case file", name, rule)
    leading = (first, BASE_CASE)
    places = {name: leading.index(name) for name in names if name in leading}
    return tuple(sorted(names, key=lambda name: (places.get(name, len(leading)), name))), broken


def case_names(folder: Path | None = None) -> tuple[str, ...]:
    """The cases in `cases/*.csv`: the one that the company opens with first, then base, then by name.

    Raises `InputError` for a folder that is not one of tables, a file whose name is no case name, or no case.

    >>> case_names()[0]
    'house_2026'
    """
    names, broken = case_files(folder, load_company(folder).default_case)
    for error in broken.values():
        raise error
    if not names:
        raise no_case(folder)
    return names


def no_case(folder: Path | None) -> InputError:
    cases = (folder or tables_folder()) / "cases"
    return InputError("folder", str(cases), "must hold a case: a CSV file of overrides")


def read_case(folder: Path, name: str, company: Company | None = None) -> CaseFile:
    """The case file `cases/<name>.csv` of a folder of tables, whose company is the packaged one by default.

    Raises `InputError` naming file, line, value and rule for a row that is none of a case.
    """
    rows = read_ranged_rows(folder / "cases" / f"{name}.csv")
    extends = _single(rows, EXTENDS, "must name one case, and no circle of them")
    mark = _single(rows, IN_WORKBOOK, "must stand once")
    if mark is not None and mark.text not in YES_OR_NO:
        raise ChoiceError(f"{mark.place} {IN_WORKBOOK}", mark.text, f"must be one of {', '.join(YES_OR_NO)}")
    scalars = (row for row in rows if row.key not in (EXTENDS, IN_WORKBOOK))
    own = scalar_rows(scalars, company or packaged_company())
    parent = "" if extends is None else extends.text
    return CaseFile(name, own, parent, extends, mark is None or mark.text == "yes")


def _single(rows: Iterable[Row], key: str, rule: str) -> Row | None:
    """The row of a key that stands once at most."""
    matching = [row for row in rows if row.key == key]
    if len(matching) > 1:
        raise InputError(f"{matching[1].place} {key}", matching[1].text, rule)
    return matching[0] if matching else None


def scalar_rows(rows: Iterable[Row], company: Company) -> dict[str, Row]:
    """Rows that set inputs, by key; `InputError` for a period, an unknown key and a conflict."""
    standing = {figure: standing_row(group) for figure, group in by_figure(rows).items()}
    for row in standing.values():
        if row.period:
            raise InputError(f"{row.place} period", row.period, "must be empty for a scalar")
        if not company.parameters.has(row.key):
            near = company.parameters.nearest(row.key)
            raise InputError(f"{row.place} key", row.key, f"is not one of the model's{near}")
    return {row.key: row for row in standing.values()}


def named_among(name: str, names: Collection[str], company: Company) -> str:
    """The case that a name means: for the word `default` the one that the company opens with, or base.

    >>> named_among("default", case_names(), packaged_company()), named_among("bull", (), packaged_company())
    ('house_2026', 'bull')
    """
    if name != DEFAULT_CASE or name in names:
        return name
    return company.default_case if company.default_case in names else BASE_CASE


def case_meant(name: str, folder: Path | None = None) -> str:
    """The case of a folder that a name means; see `named_among`.

    >>> case_meant("default"), case_meant("bull")
    ('house_2026', 'bull')
    """
    if name != DEFAULT_CASE:
        return name
    company = load_company(folder)
    return named_among(name, case_files(folder, company.default_case)[0], company)


class CaseFolder:
    """The case files of a folder, each read once, and the line of cases that each extends."""

    def __init__(self, folder: Path | None = None, company: Company | None = None) -> None:
        self.folder, self.company = folder or tables_folder(), company or load_company(folder)
        self.names, self.broken_names = case_files(folder, self.company.default_case)
        self._read: dict[str, CaseFile | ValuationError] = {}

    def __getitem__(self, name: str) -> CaseFile:
        """One file; what is wrong with it is raised each time it is asked for."""
        if name not in self._read:
            try:
                self._read[name] = read_case(self.folder, name, self.company)
            except ValuationError as error:
                self._read[name] = error
        read = self._read[name]
        if isinstance(read, ValuationError):
            raise read
        return read

    def named(self, name: str) -> str:
        """The case that is meant: for the word `default`, where no file is called so, the company's own.

        Raises `InputError` where company.toml names a case that the folder has not.
        """
        wanted = self.company.default_case
        is_own = wanted != BASE_CASE and (self.folder / COMPANY_FILE).exists()
        if name == DEFAULT_CASE and name not in self.names and wanted not in self.names and is_own:
            raise InputError(f"{COMPANY_FILE} default_case", wanted, one_of(wanted, self.names))
        return named_among(name, self.names, self.company)

    def lineage(self, name: str) -> tuple[CaseFile, ...]:
        """A case, the case it extends, and so on.

        Raises `InputError` where a file extends no case of the folder, or the line comes back to one it has.
        """
        line = [self[name]]
        while (parent := line[-1].extends) and (row := line[-1].extends_row):
            if parent not in self.names:
                rule = f"must be one of {', '.join(self.names)}"
                raise InputError(f"{row.place} {EXTENDS}", parent, rule)
            if parent in [case.name for case in line]:
                raise InputError(
                    f"{row.place} {EXTENDS}", parent, "must name one case, and no circle of them"
                )
            line.append(self[parent])
        return tuple(line)


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise unreadable("folder", folder, error) from None


def _case_name(path: Path) -> str:
    if not CASE_FILE.fullmatch(path.name):
        rule = "must be lower-case words joined by underscores, 31 characters at most, then .csv"
        raise InputError("case file", path.name, rule)
    return path.stem
