"""A company says which case it opens with: that one is meant where none is named, and its view is weighed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.case_files import case_names
from xlwings_addin.inputs.cases import load_cases
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import SELECTOR, load_context
from xlwings_addin.report.make import report_of
from xlwings_addin.xlsx.package import read_package, read_values

HOUSE = "house_2026"
VIEW = {HOUSE: 0.5, "house_2026_bear": 0.33, "house_2026_bull": 0.17}
"""Weights that stand in the files of these cases."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's company, which opens with the view of 2026."""
    return Path(shutil.copytree(tables_folder(), tmp_path_factory.mktemp("opening") / "company"))


def name_default(folder: Path, case: str) -> None:
    path = folder / "company.toml"
    text = path.read_text(encoding="utf-8")
    line = f'default_case = "{HOUSE}"'
    assert line in text
    path.write_text(text.replace(line, f'default_case = "{case}"'), "utf-8")


def test_the_case_that_is_named_comes_first_and_is_meant_where_none_is(folder: Path) -> None:
    assert case_names(folder)[:2] == (HOUSE, "base")
    assert xa.value(folder=folder).case == HOUSE
    assert xa.value("base", folder=folder).case == "base"
    assert HOUSE in report_of(folder=folder).subtitle
    assert xa.values(folder=folder).picture().title == xa.values(folder=folder).picture(HOUSE).title


def test_each_view_is_weighed_by_itself_and_the_opening_one_leads(folder: Path, tmp_path: Path) -> None:
    cases = xa.values(folder=folder)
    house = sum(weight * cases[case].sotp.value_per_share for case, weight in VIEW.items())
    vintage = sum(
        weight * cases[case].sotp.value_per_share
        for case, weight in {"base": 0.5, "bear": 0.25, "bull": 0.25}.items()
    )
    assert cases.weighted_value == pytest.approx(house, rel=1e-12)
    assert cases.weighted_by_date == pytest.approx(
        {date(2025, 11, 19): vintage, date(2026, 9, 30): house}, rel=1e-12
    )
    copy = Path(shutil.copytree(folder, tmp_path / "company"))
    name_default(copy, "base")
    assert xa.values(folder=copy).weighted_value == pytest.approx(vintage, rel=1e-12)


def test_a_view_whose_weights_do_not_add_to_one_is_named(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "company"))
    path = copy / "cases" / "house_2026_bull.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("probability,,0.17,", "probability,,0.2,"), "utf-8"
    )
    with pytest.raises(DomainError, match=r"= 1\.03 must add to 1 over all cases of 2026-09-30$"):
        load_cases(copy)


def test_the_workbook_opens_with_it_and_weighs_its_view(folder: Path, tmp_path: Path) -> None:
    path = xa.build(tmp_path / "book.xlsx", folder=folder)
    context = load_context(folder)
    book, values = Book(context), read_values(read_package(path))
    assert values[book.at(SELECTOR)] == HOUSE
    assert str(values["Cover", "A2"]).startswith("House view after the first half of 2026")
    assert values[book.at("{cover.weighted_value:value}")] == pytest.approx(
        xa.values(folder=folder).weighted_value, rel=1e-9
    )
    weights = {case: values[book.at(f"{{cover.stored_{case}:probability}}")] for case in context.cases}
    assert weights == {case: VIEW.get(case, 0.0) for case in context.cases}
    assert values[book.at("{checks.probabilities:status}")] == "OK"
    assert values[book.at("{cover.answer_meaning:low_tile}")] == "house 2026 bear"


def test_a_default_case_without_a_file_is_named(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tables_folder(), tmp_path / "company"))
    name_default(copy, "house_2027")
    with pytest.raises(
        InputError, match=r"^company\.toml default_case 'house_2027' must be one of .*house_2026"
    ):
        xa.value(folder=copy)
    assert xa.value("base", folder=copy).case == "base"


def test_tables_without_a_company_of_their_own_open_as_the_packaged_one_or_with_base(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tables_folder(), tmp_path / "company"))
    (copy / "company.toml").unlink()
    assert xa.value(folder=copy).case == HOUSE
    for path in (copy / "cases").glob("*.csv"):
        if path.stem in VIEW or path.stem.startswith("event_"):
            path.unlink()
    assert xa.value(folder=copy).case == "base"
