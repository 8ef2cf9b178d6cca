"""What an analyst has changed in a workbook, as a case file from which the same values are built again."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from xlwings_addin.core.errors import BookError, ChoiceError, InputError
from xlwings_addin.inputs.case_files import CASE_FILE, EXTENDS, case_names
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.tables import RANGED_COLUMNS, Row, tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import refuse_later_version
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.proof.fitting import fitted
from xlwings_addin.proof.pages import pages_of
from xlwings_addin.proof.reading import book_context, located_lines
from xlwings_addin.proof.report import Finding, Report
from xlwings_addin.xlsx.package import formula_cells, read_package, read_values, save

TITLE, PROBABILITY = "case_title", "probability"


@dataclass(frozen=True)
class Override:
    """An input as the workbook holds it, where the tables have another."""

    key: str
    value: Value
    row: Row


@dataclass(frozen=True)
class Exported:
    """A case file written, the case it extends, and what of the analyst's changes it cannot hold."""

    path: Path
    extends: str
    overrides: tuple[Override, ...]
    left_out: tuple[str, ...]


def export_case(
    path: Path | str,
    name: str,
    *,
    author: str,
    day: date,
    case: str | None = None,
    folder: Path | None = None,
    out: Path | None = None,
) -> Exported:
    """Write the overrides of one case of a workbook, the selected one by default, as the case `name`.

    Each is a row of basis `assumption` with `author` as its source and `day` as its date; its range is that
    of the row it replaces, widened where the value lies outside. All else follows the case it `extends`, but
    for the title, and the probability, which is 0: what the cases weigh together is not one analyst's to say.
    The file is `cases/<name>.csv` of the tables, or `out`. Figures of the history that an analyst has changed
    are no part of a case: they are named in `left_out`, as is a probability.

    Raises `BookError` for a workbook that cannot be read or a file that is there already, `ChoiceError` for
    an unknown case, `InputError` for a name that is no case name or is taken, an author or a book without any
    override.
    """
    check_new_name(name, folder)
    if not author.strip():
        raise InputError("author", author, "must be a name")
    holds, selected, left_out = holdings(Path(path), folder)
    case = case or selected
    if case not in holds:
        raise ChoiceError("case", case, one_of(case, holds))
    context = load_context(folder)
    tables = context.results
    extends = case if case in tables else context.cases[0]
    delivered = tables[extends].inputs
    overrides = tuple(
        Override(parameter.key, holds[case][parameter.key], delivered.row(parameter.key))
        for parameter in context.company.parameters
        if parameter.key != PROBABILITY and holds[case][parameter.key] != delivered[parameter.key]
    )
    if holds[case][PROBABILITY] != delivered[PROBABILITY]:
        left_out = (*left_out, f"{PROBABILITY} {holds[case][PROBABILITY]}")
    if not overrides:
        raise InputError("workbook", str(path), f"has no override of case {case}", display=str(path))
    target = out or (folder or tables_folder()) / "cases" / f"{name}.csv"
    if target.exists():
        raise BookError("file", str(target), "is there already", display=str(target))
    save(target, case_file(extends, overrides, context.company, author=author, day=day))
    return Exported(target, extends, overrides, left_out)


def check_new_name(name: str, folder: Path | None) -> None:
    """Raise `InputError` for a name that is no case name, or is that of a case."""
    if not CASE_FILE.fullmatch(f"{name}.csv") or name in case_names(folder):
        rule = "must be a new name of lower-case words joined by underscores, 31 characters at most"
        raise InputError("case", name, rule)


def case_file(
    extends: str, overrides: tuple[Override, ...], company: Company, *, author: str, day: date
) -> bytes:
    """A case file: what it extends, then one row an override."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RANGED_COLUMNS)
    ending = ("assumption", author, day.isoformat())
    writer.writerow((EXTENDS, "", extends, "", "", "choice", *ending, "the case the workbook started from"))
    if all(override.key != TITLE for override in overrides):
        title = f"{extends} as {author} has changed it"
        writer.writerow((TITLE, "", title, "", "", "text", *ending, ""))
    writer.writerow((PROBABILITY, "", "0", "0", "1", "ratio", *ending, "not weighed against the other cases"))
    for override in overrides:
        row, unit = override.row, company.parameter(override.key).unit
        note = f"was {row.text}: {row.note}" if row.note else f"was {row.text}"
        writer.writerow((override.key, "", _text(override.value), *_range(override), unit, *ending, note))
    return text.getvalue().encode()


def _text(value: Value) -> str:
    return (
        value.isoformat()
        if isinstance(value, date)
        else repr(value)
        if isinstance(value, float)
        else str(value)
    )


def _range(override: Override) -> tuple[str, str]:
    """The range of the row that is replaced, or the value itself, with the value within it."""
    value, row = override.value, override.row
    if isinstance(value, str | date):
        return "", ""
    ends = [end for end in (row.low, row.high, float(value)) if end is not None]
    return repr(min(ends)), repr(max(ends))


def holdings(path: Path, folder: Path | None) -> tuple[Mapping[str, Inputs], str, tuple[str, ...]]:
    """The inputs of every case as a workbook holds them, its selected case, and the history changed in it."""
    package, report = read_package(path), Report(str(path))
    refuse_later_version(package)
    values = read_values(package)
    pages = pages_of(values)
    delivered = fitted(load_context(folder), pages).context
    rows = located_lines(package, pages, delivered, report)
    formulas = {(cell.sheet, cell.cell): f"={cell.text}" for cell in formula_cells(package)}
    context = book_context(values, Book(delivered, rows), report, formulas)
    selected = values.get(Book(context, rows).at(SELECTOR))
    return (
        {case: results.inputs for case, results in context.results.items()},
        str(selected),
        tuple(
            _place(finding)
            for finding in report.findings
            if finding.kind == "input changed" and not finding.case
        ),
    )


def _place(finding: Finding) -> str:
    return f"{finding.sheet}!{finding.cell} {finding.line}: {finding.message}"
