"""As of a day: only rows known then stand, and what was known too late is listed, not hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from xlwings_addin.analytics.as_of import CaseAsOf, tables_as_of, value_as_of
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.tables import Row, Tables, load_tables
from xlwings_addin.valuation.xiaomi import evaluate

ARTICLE_DAY = date(2024, 3, 8)
RESULTS_DAY = date(2024, 3, 19)
"""The announcement of FY2023."""
MARCH_CASES = ("march_2024_replica", "march_2024_strict")


@pytest.fixture(scope="module")
def march() -> dict[str, CaseAsOf]:
    return value_as_of(ARTICLE_DAY)


def late_row(key: str, tables: Tables, period: str, **updates: object) -> Row:
    return replace(tables.row(key, period), **updates)


def with_conflict(tables: Tables, *rows: Row) -> Tables:
    """Tables in which other rows state the figure of the first one."""
    figure = (rows[0].key, rows[0].period)
    kept = tuple(row for row in tables.history if (row.key, row.period) != figure)
    return replace(tables, history=kept + rows)


def edit(path: Path, mark: str, old: str, new: str) -> None:
    """In the lines that hold `mark`, `new` for `old`; there must be such a line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    edited = [line.replace(old, new) if mark in line else line for line in lines]
    assert edited != lines
    path.write_text("\n".join([*edited, ""]), encoding="utf-8")


# --- tables -------------------------------------------------------------------------------------------


def test_only_rows_known_on_the_day_are_left(tables: Tables):
    earlier = tables_as_of(tables, ARTICLE_DAY)
    assert earlier.rows
    assert max(row.as_of for row in earlier.rows) <= ARTICLE_DAY
    assert len(earlier.rows) == sum(row.as_of <= ARTICLE_DAY for row in tables.rows)


def test_a_row_is_known_on_the_day_it_is_dated(tables: Tables):
    day = tables.row("revenue", "FY2023").as_of
    assert day == RESULTS_DAY
    assert tables_as_of(tables, day).has("revenue", "FY2023")
    assert not tables_as_of(tables, day - timedelta(days=1)).has("revenue", "FY2023")


def test_once_everything_is_known_the_tables_are_the_tables(tables: Tables):
    earlier = tables_as_of(tables, date.max)
    assert (earlier.rows, earlier.oddities) == (tables.rows, tables.oddities)


def test_before_everything_there_is_nothing(tables: Tables):
    earlier = tables_as_of(tables, date(2000, 1, 1))
    assert (earlier.rows, earlier.oddities) == ((), ())


def test_a_chosen_row_that_was_known_still_stands(tables: Tables):
    earlier = tables_as_of(tables, date(2024, 3, 19))
    assert earlier.row("free_cash_flow", "FY2023").number == 35_030
    assert earlier.row("free_cash_flow", "FY2020").number == 18_850


def test_where_the_chosen_row_came_later_the_newest_known_stands(tables: Tables):
    first, second, chosen = (
        late_row("capex", tables, "FY2022", value=value, text=str(value), as_of=as_of, note=note)
        for value, as_of, note in (
            (1.0, date(2023, 3, 24), ""),
            (2.0, date(2023, 4, 24), "a revision"),
            (3.0, date(2024, 4, 24), "chosen: restated"),
        )
    )
    conflict = with_conflict(tables, first, second, chosen)
    assert conflict.row("capex", "FY2022").number == 3
    row = tables_as_of(conflict, ARTICLE_DAY).row("capex", "FY2022")
    assert row.number == 2
    assert row.note == "chosen: the newest known on 2024-03-08; a revision"
    assert tables_as_of(conflict, date(2023, 4, 1)).row("capex", "FY2022").number == 1
    assert tables_as_of(conflict, date(2024, 4, 24)).row("capex", "FY2022").number == 3


def test_two_rows_of_one_day_that_disagree_without_a_choice_are_refused(tables: Tables):
    conflict = with_conflict(
        tables,
        late_row("capex", tables, "FY2022", value=1.0, text="1"),
        late_row("capex", tables, "FY2022", value=2.0, text="2"),
        late_row(
            "capex", tables, "FY2022", value=3.0, text="3", as_of=date(2024, 4, 24), note="chosen: restated"
        ),
    )
    with pytest.raises(InputError, match=r"capex FY2022 1 CNY m .* and 2 CNY m .* disagree"):
        tables_as_of(conflict, ARTICLE_DAY)


def test_an_oddity_stays_while_its_rows_were_known(tables: Tables):
    earlier = tables_as_of(tables, date(2024, 12, 31))
    articles = {oddity.article for oddity in earlier.oddities}
    assert articles == {"001", "002", "004"}  # 003 was written in 2025
    assert {oddity.article for oddity in tables.oddities} == {"001", "002", "003", "004"}


# --- cases --------------------------------------------------------------------------------------------


def test_a_case_counts_from_its_valuation_date_on(march: dict[str, CaseAsOf]):
    assert tuple(march) == MARCH_CASES
    assert len(value_as_of(date(2025, 11, 18))) == 2
    assert len(value_as_of(date(2025, 11, 19))) == 5


def test_a_day_before_every_case_is_refused():
    with pytest.raises(InputError, match=r"day 2024-03-07 is before every .* is 2024-03-08, of march_2024"):
        value_as_of(date(2024, 3, 7))


def test_the_article_as_written_meets_its_printed_figures(march: dict[str, CaseAsOf]):
    written = march["march_2024_replica"].as_written.sotp
    assert written.vehicle.per_share == pytest.approx(4.91, abs=5e-3)
    assert written.value_per_share == pytest.approx(16.65, abs=5e-3)


def test_what_was_announced_after_the_article_is_listed(march: dict[str, CaseAsOf]):
    late = {entry.figure: entry.row.as_of for entry in march["march_2024_replica"].late}
    announced = {figure for figure, day in late.items() if day == RESULTS_DAY}
    assert announced == {"liquid_funds", "restricted_cash", "debt", "free_cash_flow FY2023"}
    month_end = {figure for figure, day in late.items() if day == date(2024, 3, 31)}
    assert month_end == {"hkd_per_usd", "cny_per_usd"}
    assert set(late) - announced - month_end == {"reported_shares"}


def test_the_newest_earlier_figure_stands_for_a_late_one(march: dict[str, CaseAsOf]):
    case = march["march_2024_replica"]
    assert case.on_day is not None
    inputs = case.on_day.inputs
    assert inputs.number("liquid_funds") == 98_100  # 30 September 2023
    assert inputs.number("debt") == 23_600  # FY2022, borrowings
    assert inputs.number("cny_per_usd") == 7.081  # mean of 2023
    assert inputs.row("liquid_funds").as_of == date(2023, 11, 20)
    assert inputs.row("liquid_funds").basis == "reported"
    assert inputs.row("liquid_funds").note.startswith("liquid_funds of 2023-09-30; the case has 107100")


def test_what_the_case_knew_stays_as_it_is(march: dict[str, CaseAsOf]):
    case = march["march_2024_replica"]
    assert case.on_day is not None
    late = {entry.row.key for entry in case.late} | {"devices_average_last_year"}
    for key in case.as_written.inputs:
        if key not in late:
            assert case.on_day.inputs[key] == case.as_written.inputs[key]


def test_a_year_not_yet_reported_is_left_out_of_the_average(march: dict[str, CaseAsOf]):
    """FY2020 to FY2022: 18,850, 2,620 and -10,190; capitalised at 11% less 5%, per share at 7.829 / 7.081."""
    case = march["march_2024_replica"]
    assert case.on_day is not None
    average = (18_850 + 2_620 - 10_190) / 3
    assert case.on_day.devices_average.normalised_fcff == pytest.approx(average)
    per_share = average / (0.11 - 0.05) / 25_000 * 7.829 / 7.081
    assert case.on_day.sotp.devices.per_share == pytest.approx(per_share)
    assert case.on_day.inputs.row("devices_average_last_year").note.startswith(
        "free_cash_flow of FY2023 was not"
    )


def test_what_no_earlier_figure_stands_for_is_kept_and_leaves_the_value_incomplete(
    march: dict[str, CaseAsOf],
):
    """Here it is what only a check reads, so the value would be the same without it."""
    for case in march.values():
        assert not case.complete
        kept = [entry.figure for entry in case.late if entry.substitute is None and not entry.row.period]
        assert kept == ["reported_shares"]
        assert case.on_day is not None
        assert max(row.as_of for row in case.on_day.inputs.tables.rows) <= ARTICLE_DAY
        assert evaluate(case.on_day.inputs.replace(reported_shares=1.0)).sotp == case.on_day.sotp


def test_each_late_input_says_what_stands_for_it(march: dict[str, CaseAsOf]):
    said = {row.figure: str(row) for row in march["march_2024_replica"].late}
    assert "98100 of 2023-09-30 stands for it (known on 2023-11-20, history.csv line" in said["liquid_funds"]
    assert said["reported_shares"].endswith("no earlier figure: the case's own stays")
    assert said["free_cash_flow FY2023"].endswith("the average ends with the last year known")


def test_once_a_fact_is_announced_it_is_late_no_more():
    late = {row.figure for row in value_as_of(RESULTS_DAY)["march_2024_replica"].late}
    assert late == {"hkd_per_usd", "cny_per_usd", "reported_shares"}
    assert value_as_of(date(2024, 3, 31))["march_2024_replica"].late[0].figure == "reported_shares"


@pytest.mark.parametrize("day", [date(2024, 5, 3), date(2025, 6, 30), date(2026, 6, 30)])
def test_time_that_passes_afterwards_changes_no_value(day: date):
    """A case states what it rests on: later facts do not enter, and nothing is rolled forward."""
    for case in MARCH_CASES:
        then = value_as_of(day)[case]
        assert (then.late, then.complete) == ((), True)
        assert then.on_day is then.as_written
        assert then.as_written.sotp.value_per_share == pytest.approx(16.64, abs=0.02)


def test_the_house_view_was_made_of_what_was_known(tables: Tables):
    then = value_as_of(date(2025, 11, 19))["base"]
    assert (then.late, then.complete) == ((), True)


def test_a_quarter_reported_later_counts_as_not_reported(folder: Path):
    """The third quarter, dated a day after the valuation: the build-ups start from two quarters."""
    edit(folder / "inputs" / "history.csv", ",2025Q3,", "2025-11-18", "2025-11-20")
    then = value_as_of(date(2025, 11, 19), folder)["base"]
    assert (then.late, then.complete) == ((), True)
    base_year = then.as_written.base_year
    assert (base_year.quarters_reported, base_year.quarters_missing) == (2, 2)
    assert base_year.segments["iot"].revenue.reported == 32_300 + 38_700


def test_a_figure_of_a_reported_quarter_that_was_known_later_is_named(folder: Path):
    history = folder / "inputs" / "history.csv"
    edit(history, "vehicle_deliveries,2025Q3,", "2025-11-18", "2025-11-20")
    then = value_as_of(date(2025, 11, 19), folder)["base"]
    assert [late.figure for late in then.late] == ["vehicle_deliveries 2025Q3"]
    assert then.on_day is None
    assert "needs vehicle_deliveries of 2025Q3" in then.refusal


def test_a_case_whose_average_was_not_known_at_all_has_no_known_value(folder: Path):
    edit(folder / "inputs" / "history.csv", "free_cash_flow,FY2020", "2021-03-24", "2024-03-24")
    then = value_as_of(ARTICLE_DAY, folder)["march_2024_replica"]
    assert then.on_day is None
    assert then.refusal == "devices_average_first_year 2020 must have free_cash_flow known on the day"


def test_a_late_price_is_replaced_by_the_last_one_paid(folder: Path):
    edit(folder / "cases" / "march_2024_strict.csv", "price_hkd", "2024-03-08", "2024-03-20")
    case = value_as_of(ARTICLE_DAY, folder)["march_2024_strict"]
    assert case.on_day is not None
    assert case.on_day.inputs.number("price_hkd") == 15.6  # 2 January 2024
    assert case.as_written.inputs.number("price_hkd") == 13


@pytest.mark.parametrize("basis", ["guidance", "consensus", "unverified", "assumption"])
def test_only_facts_stand_for_a_late_figure(folder: Path, basis: str):
    edit(folder / "inputs" / "history.csv", "liquid_funds,2023-09-30", ",reported,", f",{basis},")
    case = value_as_of(ARTICLE_DAY, folder)["march_2024_replica"]
    assert case.on_day is not None
    assert case.on_day.inputs.number("liquid_funds") == 107_100
    assert "liquid_funds" in {
        entry.figure for entry in case.late if entry.substitute is None and not entry.row.period
    }


def test_a_figure_in_another_unit_does_not_stand_for_a_late_one(folder: Path):
    edit(folder / "inputs" / "history.csv", "liquid_funds,2023-09-30", ",98100,CNY m,", ",98.1,CNY bn,")
    case = value_as_of(ARTICLE_DAY, folder)["march_2024_replica"]
    assert case.on_day is not None
    assert case.on_day.inputs.number("liquid_funds") == 107_100


def test_tables_that_do_not_load_are_an_input_error(folder: Path):
    edit(folder / "inputs" / "history.csv", "revenue,FY2017", "114620", "x")
    with pytest.raises(InputError, match=r"history.csv line 2 value 'x'"):
        value_as_of(ARTICLE_DAY, folder)


def test_a_program_can_read_it_all(march: dict[str, CaseAsOf]):
    read = json.loads(json.dumps(march["march_2024_replica"].as_dict()))
    assert read["day"] == "2024-03-08"
    assert read["complete"] is False
    assert read["refusal"] is None
    assert read["as_written"]["value_per_share_hkd"] != read["known"]["value_per_share_hkd"]
    assert {"key", "period", "value", "unit", "as_of", "source", "treatment"} == set(read["late"][0])
    assert np.isfinite(read["known"]["value_per_share_hkd"])


def test_the_tables_themselves_are_left_alone():
    before = load_tables()
    tables_as_of(before, ARTICLE_DAY)
    assert before == load_tables()
