"""Every case valued: a hundred of them, and those beside a broken one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.as_of import value_as_of
from xlwings_addin.core.errors import DomainError, InputError, ValuationError
from xlwings_addin.inputs.tables import RANGED_COLUMNS
from xlwings_addin.ledger.file import Ledger
from xlwings_addin.ledger.snapshot import snapshot_of
from xlwings_addin.proof.context import MOST_CASES, load_context
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.valuation.cases import value_cases

ADDED = "assumption,a source,2025-11-19,a reason"


def write_case(folder: Path, name: str, *rows: str) -> None:
    lines = (",".join(RANGED_COLUMNS), *rows)
    (folder / "cases" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_many(folder: Path, count: int, *rows: str) -> None:
    """Cases until there are `count`, each with a tax rate of its own."""
    for number in range(count - len(list((folder / "cases").glob("*.csv")))):
        rate = f"tax_rate,,{0.15 + number / 1000},0,0.9,ratio,{ADDED}"
        write_case(folder, f"many_{number}", f"extends,,base,,,choice,{ADDED}", rate, *rows)


@pytest.fixture
def tables(tables: Path) -> Path:
    """The project's tables with the cases of the workbook, to which a test adds."""
    for pattern in ("house_2026*.csv", "event_*.csv"):
        for file in (tables / "cases").glob(pattern):
            file.unlink()
    return tables


def test_a_hundred_cases_are_valued(tables: Path) -> None:
    write_many(tables, 100)
    valued = xa.values(folder=tables)
    assert (len(valued), valued.broken) == (100, {})
    values = [valued[f"many_{number}"].sotp.value_per_share for number in range(95)]
    assert values == sorted(values, reverse=True)  # a higher tax rate is worth less
    assert len(set(values)) == 95
    # The weights are those of base, bear and bull alone.
    of_that_day = xa.values().weighted_by_date[date(2025, 11, 19)]
    assert valued.weighted_value == pytest.approx(float(of_that_day), rel=1e-12)


def test_the_workbook_shows_those_marked_for_it(tables: Path) -> None:
    write_many(tables, 100, f"in_workbook,,no,,,choice,{ADDED}")
    context = load_context(tables)
    assert context.cases == ("base", "bear", "bull", "march_2024_replica", "march_2024_strict")
    assert len(context.unlisted) == 95
    assert xa.check(xa.build(tables / "book.xlsx", folder=tables), folder=tables, second_opinion="skip").ok


def test_more_cases_than_the_workbook_has_columns_are_refused_by_it_alone(tables: Path) -> None:
    write_many(tables, MOST_CASES + 1)
    with pytest.raises(InputError) as caught:
        xa.build(tables / "book.xlsx", folder=tables)
    assert str(caught.value) == (
        "cases of the workbook 13 must be 1 to 12: "
        "a row in_workbook with value no in its file leaves a case out"
    )
    assert not (tables / "book.xlsx").exists()


def test_a_case_with_a_weight_must_be_shown(tables: Path) -> None:
    bull = tables / "cases" / "bull.csv"
    bull.write_text(bull.read_text() + f"in_workbook,,no,,,choice,{ADDED}\n")
    with pytest.raises(DomainError) as caught:
        load_context(tables)
    assert str(caught.value) == (
        "bull.csv line 4 probability 0.25 must be 0 while in_workbook of bull is no: "
        "Cover weighs the cases it shows"
    )


def test_a_broken_case_is_told_and_the_others_are_valued(tables: Path) -> None:
    write_case(tables, "trial", f"tax_rate,,2,0,3,ratio,{ADDED}")
    sentence = "trial.csv line 2 tax_rate 200.00% must be below 100.00%"
    with pytest.warns(UserWarning, match=f"^case trial is left out: {sentence}$"):
        valued = xa.values(folder=tables)
    assert {*valued, "trial"} == {path.stem for path in (tables / "cases").glob("*.csv")}
    assert {case: str(error) for case, error in valued.broken.items()} == {"trial": sentence}
    assert valued.weighted_value == UNDEFINED  # nobody knows what the broken case weighs
    with pytest.raises(ValuationError):
        xa.build(tables / "book.xlsx", folder=tables)


def test_where_no_case_can_be_valued_the_first_says_why(tables: Path) -> None:
    for path in (tables / "cases").iterdir():
        path.unlink()
    write_case(tables, "trial", f"tax_rate,,2,0,3,ratio,{ADDED}")
    with pytest.raises(DomainError, match=r"^trial\.csv line 2 "):
        value_cases(tables)


@pytest.mark.slow
def test_a_hundred_cases_are_known_on_a_day_and_remembered(tables: Path, tmp_path: Path) -> None:
    write_many(tables, 100)
    day = xa.value("base").inputs.day("valuation_date")
    assert len(value_as_of(day, tables)) == 100
    valued = xa.values(folder=tables)
    ledger = Ledger(tmp_path / "ledger.duckdb")
    ledger.append(snapshot_of(valued, command="build", book="a workbook"))
    assert len(ledger.snapshots()[0].cases) == 100
    assert json.dumps({case: results.summary() for case, results in valued.items()})
