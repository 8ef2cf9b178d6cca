"""What new tables change is listed with both rows; what contradicts a reported figure is not swallowed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from xlwings_addin.model.inputs import load_cases
from xlwings_addin.model.tables import Row, Tables, load_tables
from xlwings_addin.sources import (
    Fetched,
    case_changes,
    changes,
    conflicts_with_reported,
    fetch,
    load,
)

FETCHED = Fetched(Path("copy"), "https://example.org/tables/", datetime(2026, 3, 20, 9, tzinfo=UTC))
CAPEX = ("capex", "FY2023")


@pytest.fixture(scope="module")
def shipped() -> Tables:
    return load_tables()


def with_row(tables: Tables, key: str, period: str = "", **updates: object) -> Tables:
    """Tables in which every row of a figure is one with these fields altered."""
    new = tables.row(key, period).model_copy(update=updates)

    def altered(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        others = tuple(row for row in rows if (row.key, row.period) != (key, period))
        return others if others == rows else (*others, new)

    return replace(
        tables,
        history=altered(tables.history),
        articles=altered(tables.articles),
        assumptions=altered(tables.assumptions),
    )


def without(tables: Tables, key: str, period: str) -> Tables:
    kept = tuple(row for row in tables.history if (row.key, row.period) != (key, period))
    assert len(kept) < len(tables.history)
    return replace(tables, history=kept)


# --- changes ------------------------------------------------------------------------------------------


def test_equal_tables_have_no_change_and_no_conflict(shipped: Tables):
    assert changes(shipped, load_tables(), fetched=FETCHED) == []
    assert conflicts_with_reported(shipped, load_tables()) == []


def test_a_change_has_both_values_their_source_and_the_time(shipped: Tables):
    new = with_row(
        shipped,
        *CAPEX,
        value=6300.0,
        text="6300",
        source="annual report 2023",
        as_of=date(2024, 4, 25),
    )
    (change,) = changes(shipped, new, fetched=FETCHED)
    assert (change.key, change.period) == CAPEX
    assert (change.old_value, change.new_value, change.unit) == (6270.0, 6300.0, "CNY m")
    assert (change.source, change.as_of) == ("annual report 2023", date(2024, 4, 25))
    assert change.fetched_at == FETCHED.fetched_at
    assert change.old == shipped.row(*CAPEX)
    assert json.loads(json.dumps(change.as_dict())) == {
        "case": "",
        "key": "capex",
        "period": "FY2023",
        "old": 6270.0,
        "new": 6300.0,
        "unit": "CNY m",
        "basis": "reported",
        "source": "annual report 2023",
        "as_of": "2024-04-25",
        "tables": "https://example.org/tables/",
        "fetched_at": "2026-03-20T09:00:00+00:00",
    }


def test_a_figure_that_is_new_or_gone_is_a_change(shipped: Tables):
    fewer = without(shipped, *CAPEX)
    (gone,) = changes(shipped, fewer, fetched=FETCHED)
    (new,) = changes(fewer, shipped, fetched=FETCHED)
    assert (gone.old_value, gone.new_value, gone.source, gone.as_of, gone.unit) == (
        6270.0,
        None,
        "",
        None,
        "CNY m",
    )
    assert (new.old_value, new.new_value, new.source) == (None, 6270.0, shipped.row(*CAPEX).source)


def test_another_unit_is_a_change(shipped: Tables):
    assert len(changes(shipped, with_row(shipped, *CAPEX, unit="HKD m"), fetched=FETCHED)) == 1


def test_another_source_or_note_for_the_same_value_is_none(shipped: Tables):
    new = with_row(shipped, *CAPEX, source="annual report 2023", note="seen twice", as_of=date(2024, 4, 25))
    assert changes(shipped, new, fetched=FETCHED) == []


def test_the_row_that_stands_counts_where_several_state_a_figure(shipped: Tables):
    rival = shipped.row(*CAPEX).model_copy(update={"value": 9.0, "text": "9"})
    chosen = rival.model_copy(update={"note": "chosen: the audited figure"})
    kept = shipped.row(*CAPEX).model_copy(update={"note": "chosen: the audited figure"})
    rejected = replace(with_row(shipped, *CAPEX, note=kept.note), articles=(*shipped.articles, rival))
    assert changes(shipped, rejected, fetched=FETCHED) == []
    preferred = replace(shipped, articles=(*shipped.articles, chosen))
    (change,) = changes(shipped, preferred, fetched=FETCHED)
    assert change.new == chosen


def test_changes_of_cases_name_the_case(tables: Path):
    old = load_cases(tables)
    bear = tables / "cases" / "bear.csv"
    text = bear.read_text(encoding="utf-8")
    bear.write_text(text.replace("probability,,0.25,", "probability,,0.2,"), encoding="utf-8")
    base = tables / "cases" / "base.csv"
    text = base.read_text(encoding="utf-8")
    base.write_text(text.replace("probability,,0.5,", "probability,,0.55,"), encoding="utf-8")
    fetched = fetch(tables)
    found = case_changes(old, load(fetched)[1], fetched=fetched)
    assert [(each.case, each.key, each.old_value, each.new_value) for each in found] == [
        ("base", "probability", 0.5, 0.55),
        ("bear", "probability", 0.25, 0.2),
    ]
    assert {each.fetched for each in found} == {fetched}


def test_a_new_case_is_a_change_of_all_its_scalars():
    cases = load_cases()
    found = case_changes(cases[1:], cases, fetched=FETCHED)
    assert {each.case for each in found} == {cases[0].case}
    assert len(found) == len(list(cases[0]))


# --- conflicts with reported figures ------------------------------------------------------------------


def test_a_reported_figure_of_a_period_that_differs_is_a_conflict_with_both_rows(shipped: Tables):
    new = with_row(shipped, *CAPEX, value=6300.0, text="6300", as_of=date(2026, 1, 1))
    (conflict,) = conflicts_with_reported(shipped, new)
    assert (conflict.old, conflict.new) == (shipped.row(*CAPEX), new.row(*CAPEX))
    message = str(conflict)
    for row in (conflict.old, conflict.new):
        assert row
        for part in (row.text, row.unit, row.place, row.source, row.as_of.isoformat()):
            assert part in message


def test_another_basis_for_the_same_value_is_no_conflict(shipped: Tables):
    assert conflicts_with_reported(shipped, with_row(shipped, *CAPEX, basis="unverified")) == []


def test_a_reported_figure_that_is_gone_is_a_conflict(shipped: Tables):
    (conflict,) = conflicts_with_reported(shipped, without(shipped, *CAPEX))
    assert conflict.new is None
    assert str(conflict).endswith(", is not in the new tables")


def test_what_was_not_reported_may_change(shipped: Tables):
    old = with_row(shipped, *CAPEX, basis="derived")
    new = with_row(shipped, *CAPEX, value=1.0, text="1")
    assert conflicts_with_reported(old, new) == []
    assert len(changes(old, new, fetched=FETCHED)) == 1


def test_a_price_of_a_later_day_supersedes_one_of_an_earlier(shipped: Tables):
    price = shipped.row("price_hkd")
    assert price.basis == "reported"
    later = {"value": 41.2, "text": "41.2", "as_of": date(2025, 11, 20)}
    assert conflicts_with_reported(shipped, with_row(shipped, "price_hkd", **later)) == []
    for altered in (
        later | {"as_of": price.as_of},
        later | {"as_of": date(2025, 11, 18)},
        later | {"basis": "assumption"},
    ):
        assert len(conflicts_with_reported(shipped, with_row(shipped, "price_hkd", **altered))) == 1
