"""How old price, facts and balance sheet are: days counted by hand, limits from the tables."""

from datetime import date

import pytest

from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.valuation.ages import ages_by_case, ages_of, last_quarter


@pytest.fixture(scope="module")
def strict() -> Inputs:
    return load_inputs("march_2024_strict")


def test_an_age_is_days_to_today_and_old_past_its_limit(strict: Inputs) -> None:
    # 8 March 2024 + 7 days is 15 March, + 8 days 16 March; 31 December 2023 + 180 days is 28 June 2024.
    by_day = {day: ages_of(strict, day) for day in (date(2024, 3, 15), date(2024, 3, 16))}
    assert [[age.old for age in ages] for ages in by_day.values()] == [[False, False], [True, False]]
    assert ages_of(strict, date(2024, 6, 28))[1].days == 180
    assert not ages_of(strict, date(2024, 6, 28))[1].old
    assert ages_of(strict, date(2024, 6, 29))[1].old


def test_a_limit_is_an_input(strict: Inputs) -> None:
    looser = strict.replace(largest_price_age=31)
    assert ages_of(strict, date(2024, 3, 31)).old
    assert not ages_of(looser, date(2024, 3, 31)).old


def test_a_typed_price_has_a_day_of_its_own(strict: Inputs) -> None:
    typed = strict.replace(price_hkd=15.0, price_date=date(2024, 3, 28))
    assert ages_of(typed, date(2024, 3, 31)).as_dict()["price"] == {
        "of": "2024-03-28",
        "day": "2024-03-28",
        "days": 3,
        "limit": 7.0,
        "old": False,
    }


def test_facts_are_those_reported_by_the_valuation_date(strict: Inputs) -> None:
    assert last_quarter(strict) is None  # the first quarter in the tables was announced in May 2024
    november = load_inputs("base").replace(valuation_date=date(2025, 11, 19), base_year=2025)
    assert last_quarter(november) == "2025Q3"  # announced on 18 November 2025
    assert last_quarter(november.replace(valuation_date=date(2025, 11, 17))) == "2025Q2"


def test_cases_of_one_price_and_balance_sheet_have_one_set_of_ages(strict: Inputs) -> None:
    cases = {"one": strict, "two": strict.replace(tax_rate=0.1), "later": strict.replace(largest_price_age=1)}
    assert list(ages_by_case(cases, date(2024, 3, 12)).values()) == [["one", "two"], ["later"]]
