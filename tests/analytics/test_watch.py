"""What is told of a price, of ages and of days that pass: levels by hand, one event each."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from xlwings_addin.analytics.watch import watched
from xlwings_addin.core.errors import ChoiceError, DomainError, InputError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.catalysts import Catalyst, read_catalysts
from xlwings_addin.inputs.folders import tables_folder
from xlwings_addin.valuation.xiaomi import Results, evaluate

DAY = date(2025, 11, 20)


@pytest.fixture(scope="module")
def cases() -> Mapping[str, Results]:
    """The three of November, whose day is that of their price, and one that is none of theirs."""
    dates = {"valuation_date": date(2025, 11, 19), "price_date": DAY, "balance_date": date(2025, 9, 30)}
    three = (
        load_inputs(case).replace(**dates, base_year=2025, cash_since=DAY)
        for case in ("base", "bear", "bull")
    )
    return {inputs.case: evaluate(inputs) for inputs in (*three, load_inputs("march_2024_strict"))}


def about(cases: Mapping[str, Results], **options: object) -> list[tuple[str, str]]:
    answer = watched(cases, "base", DAY, **options)  # type: ignore[arg-type]
    return [(event.kind, event.about) for event in answer.events]


def test_the_levels_are_the_case_and_those_that_extend_it(cases: Mapping[str, Results]) -> None:
    answer = watched(cases, "base", DAY, margin=0.2)
    value = {case: results.sotp.value_per_share for case, results in cases.items()}
    assert answer.levels == {
        "bear": value["bear"],
        "buy-below price": value["base"] * 0.8,
        "base": value["base"],
        "bull": value["bull"],
    }
    assert answer.events == ()
    assert answer.line.startswith("base: nothing; price ")


@pytest.mark.parametrize(("side", "words"), [(-0.01, "fallen below"), (0.01, "risen above")])
def test_a_crossing_is_told_in_either_direction_and_once(
    cases: Mapping[str, Results], side: float, words: str
) -> None:
    value = cases["base"].sotp.value_per_share
    told = about(cases, before=value - side, price=value + side)
    assert [kind for kind, _ in told] == ["crossed"]
    assert f"has {words} base {value:.2f}" in told[0][1]
    assert about(cases, before=value + side, price=value + side) == []


def test_a_price_that_falls_through_several_levels_names_them_all(cases: Mapping[str, Results]) -> None:
    low, high = (cases[case].sotp.value_per_share for case in ("bear", "bull"))
    told = about(cases, before=high + 1, price=low - 1, margin=0.2)
    assert len(told) == 4


def test_what_is_old_fails_or_has_passed_is_told(cases: Mapping[str, Results]) -> None:
    event = Catalyst(DAY, "Results", "base_year", "guidance", "an example", date(2025, 11, 1), "")
    later = Catalyst(date(2025, 12, 1), "Later", "base_year", "guidance", "an example", date(2025, 11, 1), "")
    told = about(cases, catalysts=(event, later), failing={"bear": "FAIL: 1 of the checks"})
    assert told == [
        ("fails", "checks of bear: FAIL: 1 of the checks"),
        ("passed", "Results (2025-11-20, moves base_year) has passed"),
    ]
    assert about(cases, catalysts=(event,), since=DAY) == []
    old = watched(cases, "march_2024_strict", date(2024, 3, 16))
    assert [event.kind for event in old.events] == ["old"]


def test_a_price_of_today_is_not_old(cases: Mapping[str, Results]) -> None:
    late = date(2024, 3, 31)
    assert any("price of" in event.about for event in watched(cases, "march_2024_strict", late).events)
    asked = watched(cases, "march_2024_strict", late, price=13.2)
    assert not any("price of" in event.about for event in asked.events)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"price": 0.0}, DomainError, "price 0.0 must be above 0"),
        ({"before": -1.0}, DomainError, "price before -1.0 must be above 0"),
        ({"margin": 1.0}, DomainError, "margin of safety 1.0 must be from 0 to below 1"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(
    cases: Mapping[str, Results], options: dict[str, float], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        about(cases, **options)
    with pytest.raises(ChoiceError, match="case 'middle' must be one of"):
        watched(cases, "middle", DAY)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "2026-13-01,Results,base_year,guidance,a source,2026-01-01,",
            "line 2 day '2026-13-01' must be a day",
        ),
        ("2026-03-01,,base_year,guidance,a source,2026-01-01,", "line 2 title '' must not be empty"),
        ("2026-03-01,Results,,guidance,a source,2026-01-01,", "line 2 key '' must not be empty"),
        ("2026-03-01,Results,base_year,rumour,a source,2026-01-01,", "line 2 basis 'rumour' must be one of"),
    ],
)
def test_a_catalyst_that_breaks_a_rule_is_refused_with_file_and_line(
    tmp_path: Path, row: str, message: str
) -> None:
    folder = Path(shutil.copytree(tables_folder(), tmp_path / "tables"))
    table = folder / "inputs" / "catalysts.csv"
    head = table.read_text(encoding="utf-8").splitlines()[0]
    table.write_text(f"{head}\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"catalysts.csv {message}"):
        read_catalysts(folder)
    table.unlink()
    assert read_catalysts(folder) == ()
