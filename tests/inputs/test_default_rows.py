"""What stands for an input that tables leave out: tables of before it load, and each case has its own."""

import shutil
from datetime import date
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.company import load_company
from xlwings_addin.inputs.folders import tables_folder
from xlwings_addin.inputs.optional import COMMON


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of Xiaomi's folder that a test may spoil."""
    return Path(shutil.copytree(tables_folder(), tmp_path / "company"))


def without(table: Path, *keys: str) -> None:
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(line for line in lines if line.split(",")[0] not in keys), encoding="utf-8")


def test_tables_of_before_an_input_load_and_value_as_they_did(folder: Path) -> None:
    for table in (*folder.glob("cases/*.csv"), folder / "inputs" / "assumptions.csv"):
        without(table, *COMMON)
    without(folder / "parameters.csv", *COMMON)
    old, new = xa.values(folder=folder), xa.values()
    assert {case: r.sotp.value_per_share for case, r in old.items()} == {
        case: r.sotp.value_per_share for case, r in new.items()
    }
    parameters = load_company(folder).parameters
    sections = [parameter.section for parameter in parameters]
    assert set(COMMON) <= parameters.keys
    assert len(list(dict.fromkeys(sections))) == sum(
        a != b for a, b in zip(sections, ["", *sections], strict=False)
    )


def test_the_default_of_a_case_follows_what_it_stands_for() -> None:
    base, bull, replica, strict = (
        load_inputs(case) for case in ("base", "bull", "march_2024_replica", "march_2024_strict")
    )
    for inputs in (base, bull, replica, strict):
        assert inputs["cash_since"] == inputs["valuation_date"]
        assert inputs["price_date"] == inputs.row("price_hkd").as_of
        assert inputs.row("cash_since").place == inputs.row("valuation_date").place
    assert bull.inherits("cash_since", "base")
    assert replica.inherits("cash_since", "march_2024_strict")
    assert strict.origin.owners["cash_since"] == "march_2024_strict"


def test_a_case_that_overrides_what_a_default_stands_for_has_its_own(folder: Path) -> None:
    with (folder / "cases" / "bull.csv").open("a", encoding="utf-8") as file:
        file.write("valuation_date,,2025-12-01,,,date,assumption,an example,2025-11-19,\n")
    bull = load_inputs("bull", folder)
    assert bull["cash_since"] == date(2025, 12, 1)
    assert not bull.inherits("cash_since", "base")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            ",as valuation_date",
            ",as valuation_dat",
            r"cash_since default 'as valuation_dat' refers to valuation_dat",
        ),
        ('base year moved.",0', 'base year moved.",none', r"cash_rolled default 'none' must be a number"),
    ],
)
def test_a_default_that_leads_nowhere_is_refused_by_name(
    folder: Path, old: str, new: str, message: str
) -> None:
    table = folder / "parameters.csv"
    text = table.read_text(encoding="utf-8")
    assert old in text
    table.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValuationError, match=message):
        load_inputs("base", folder)


def test_cash_is_counted_within_the_years_that_have_flows() -> None:
    base = load_inputs("base")
    year = base.count("base_year")
    with pytest.raises(
        ValuationError, match=rf"cash_since {year - 1}-12-30 must be from {year - 1}-12-31 to"
    ):
        base.replace(cash_since=date(year - 1, 12, 30))
