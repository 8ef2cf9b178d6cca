"""A folder to start a company from: what it is, the inputs its templates need, and tables to be filled in.

Conventions and the limits of checks come with the values of the packaged company, for they say how a model
counts; every figure of the company itself is missing, and `missing_figures` names it.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.base_year import margin_keys, needed_keys
from xlwings_addin.inputs.company import Company, load_company
from xlwings_addin.inputs.company_file import read_company
from xlwings_addin.inputs.folders import COMPANY_FILE, PARAMETERS_FILE, unreadable
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.parameters import COLUMNS, DEFAULT, ParameterList, bounds_word
from xlwings_addin.inputs.tables import COLUMNS as TABLE_COLUMNS
from xlwings_addin.inputs.tables import ODDITY_COLUMNS, RANGED_COLUMNS, Tables, load_tables
from xlwings_addin.segments.member import Member
from xlwings_addin.segments.templates import check_company, needed_parameters, template_module

KEPT_SECTIONS = ("Conventions", "Check thresholds")
"""Sections whose values are those of the packaged company."""
GROUP = "operations"


def company_text(key: str, segments: Sequence[tuple[str, str]], currency: str) -> str:
    """The text of a company.toml: segments with revenue in one group, each other one a part by itself."""
    name = key.replace("_", " ").title()
    lines = [
        *("format = 1", f'key = "{key}"', f'ticker = "{key.upper()}"', f'book = "{name} Model.xlsx"'),
        *("", "[name]", f'en = "{name}"', f'zh = "{name}"'),
        *("", "[currency]", f'listing = "{currency}"', f'reporting = "{currency}"'),
    ]
    grouped = [one for one, template in segments if issubclass(template_module(template).TEMPLATE, Member)]
    if grouped:
        lines += ["", "[[groups]]", f'key = "{GROUP}"', 'label = "Operations"']
    for one, template in segments:
        label = one.replace("_", " ").capitalize()
        lines += ["", "[[segments]]", f'key = "{one}"', f'template = "{template}"', f'label = "{label}"']
        lines += [f'group = "{GROUP}"'] if one in grouped else []
    return "\n".join(lines) + "\n"


def create_company(folder: Path, segments: Sequence[tuple[str, str]], *, currency: str) -> Company:
    """Write the folder of a new company, whole or not at all, and return the company.

    Raises `InputError` for a folder that is there already or cannot be written, and for segments that are
    none; `ChoiceError` for an unknown template.
    """
    if folder.exists():
        raise InputError("folder", str(folder), "is there already: a new company needs a new folder")
    key = folder.name.lower().replace("-", "_").replace(" ", "_")
    text = company_text(key, segments, currency)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise unreadable("folder", folder, error) from None
    try:
        _write(beside, text)
        os.replace(beside, folder)
    except OSError as error:
        raise unreadable("folder", folder, error) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return load_company(folder)


def _write(folder: Path, text: str) -> None:
    (folder / COMPANY_FILE).write_text(text, encoding="utf-8")
    needed = _in_sections(needed_parameters(read_company(folder, ParameterList(()))))
    (folder / PARAMETERS_FILE).write_text(
        _table((*COLUMNS, DEFAULT), map(_parameter_row, needed)), encoding="utf-8"
    )
    check_company(load_company(folder))
    inputs, cases = folder / "inputs", folder / "cases"
    inputs.mkdir()
    cases.mkdir()
    for name, columns in (
        ("history", TABLE_COLUMNS),
        ("articles", TABLE_COLUMNS),
        ("oddities", ODDITY_COLUMNS),
    ):
        (inputs / f"{name}.csv").write_text(_table(columns, ()), encoding="utf-8")
    (inputs / "assumptions.csv").write_text(_table(RANGED_COLUMNS, _kept(needed)), encoding="utf-8")
    (cases / "base.csv").write_text(_table(RANGED_COLUMNS, ()), encoding="utf-8")


def _in_sections(needed: Iterable[Parameter]) -> list[Parameter]:
    """The inputs with each section in one block; labels that two have are told apart by their keys."""
    parameters = list({parameter.key: parameter for parameter in needed}.values())
    labels = [parameter.label for parameter in parameters]
    named = [
        parameter
        if labels.count(parameter.label) == 1
        else replace(parameter, label=f"{parameter.label} ({parameter.key})")
        for parameter in parameters
    ]
    sections = list(dict.fromkeys(parameter.section for parameter in named))
    return sorted(named, key=lambda parameter: sections.index(parameter.section))


def _parameter_row(parameter: Parameter) -> list[object]:
    bounds = ("" if bound is None else bound for bound in (parameter.minimum, parameter.maximum))
    about = (parameter.key, parameter.label, parameter.unit, parameter.section, parameter.kind)
    words = (" ".join(parameter.choices), *bounds, bounds_word(parameter), parameter.help)
    return [*about, *words, parameter.default]


def _kept(needed: Iterable[Parameter]) -> list[list[object]]:
    """The rows of conventions and limits, as the packaged company has them."""
    packaged = load_tables()
    rows: list[list[object]] = []
    for parameter in needed:
        if parameter.section in KEPT_SECTIONS and packaged.has(parameter.key):
            row = packaged.row(parameter.key)
            ends = ("" if end is None else f"{end:g}" for end in (row.low, row.high))
            cells = (parameter.unit, row.basis, row.source, row.as_of.isoformat(), row.note)
            rows.append([parameter.key, "", row.text, *ends, *cells])
    return rows


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def missing_figures(tables: Tables) -> dict[str, tuple[str, ...]]:
    """What the tables of a company lack before it can be valued, by file.

    assumptions.csv    inputs without a row and without a default
    history.csv        figures without any quarter
    """
    company = tables.company
    inputs = [
        parameter.key
        for parameter in company.parameters
        if not parameter.default and not tables.has(parameter.key)
    ]
    keys = ["revenue"]
    for business in company.businesses:
        keys += [*needed_keys(company, business), *margin_keys(business)]
    history = [key for key in dict.fromkeys(keys) if not tables.periods(key)]
    return {"inputs/assumptions.csv": tuple(inputs), "inputs/history.csv": tuple(history)}
