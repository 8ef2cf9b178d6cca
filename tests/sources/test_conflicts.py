"""What contradicts a reported figure is told with both rows, and not swallowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from xlwings_addin.inputs.tables import Row, Tables, load_tables
from xlwings_addin.sources import conflicts_with_reported

CAPEX = ("capex", "FY2023")


@pytest.fixture(scope="module")
def shipped() -> Tables:
    return load_tables()


def with_row(tables: Tables, key: str, period: str = "", **updates: object) -> Tables:
    """Tables in which every row of a figure is one with these fields altered."""
    new = replace(tables.row(key, period), **updates)

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


def test_equal_tables_have_no_conflict(shipped: Tables):
    assert conflicts_with_reported(shipped, load_tables()) == []


def test_another_unit_is_a_conflict(shipped: Tables):
    assert len(conflicts_with_reported(shipped, with_row(shipped, *CAPEX, unit="HKD m"))) == 1


def test_another_source_or_note_for_the_same_value_is_none(shipped: Tables):
    new = with_row(shipped, *CAPEX, source="annual report 2023", note="seen twice", as_of=date(2024, 4, 25))
    assert conflicts_with_reported(shipped, new) == []


def test_the_row_that_stands_counts_where_several_state_a_figure(shipped: Tables):
    rival = replace(shipped.row(*CAPEX), value=9.0, text="9")
    chosen = replace(rival, note="chosen: the audited figure")
    kept = replace(shipped.row(*CAPEX), note="chosen: the audited figure")
    rejected = replace(with_row(shipped, *CAPEX, note=kept.note), articles=(*shipped.articles, rival))
    assert conflicts_with_reported(shipped, rejected) == []
    preferred = replace(shipped, articles=(*shipped.articles, chosen))
    (conflict,) = conflicts_with_reported(shipped, preferred)
    assert conflict.new == chosen


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
