"""Mixes of two states of the tables, against tables that are made of the same rows anew."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.mixed_tables import TableMixer
from xlwings_addin.inputs.tables import Row, Tables, load_tables

QUARTER = "2026Q3"
KEYS = ("revenue", "vehicle_deliveries", "revenue_iot")


def like(tables: Tables, key: str, period: str, value: float) -> Row:
    """A row as the first that a key has, for another period."""
    first = next(row for row in tables.history if row.key == key)
    return replace(first, period=period, value=value, text=str(value), note="")


@pytest.fixture(scope="module")
def before() -> Tables:
    return load_tables()


@pytest.fixture(scope="module")
def after(before: Tables) -> Tables:
    """The tables with a quarter more, an assumption of another value, and a figure less."""
    added = [like(before, key, QUARTER, 1000.0 + number) for number, key in enumerate(KEYS)]
    dropped = next(row for row in before.history if row.key == "buyback_cash")
    history = [row for row in before.history if (row.key, row.period) != (dropped.key, dropped.period)]
    assumptions = [
        replace(row, value=row.number + 0.001) if row.key == "holding_discount" else row
        for row in before.assumptions
    ]
    return replace(before, history=(*history, *added), assumptions=tuple(assumptions))


def made_anew(before: Tables, after: Tables, figures: set[tuple[str, str]]) -> Tables:
    def rows(old: tuple[Row, ...], new: tuple[Row, ...]) -> tuple[Row, ...]:
        return (
            *(row for row in old if (row.key, row.period) not in figures),
            *(row for row in new if (row.key, row.period) in figures),
        )

    return replace(
        before,
        history=rows(before.history, after.history),
        articles=rows(before.articles, after.articles),
        assumptions=rows(before.assumptions, after.assumptions),
    )


def test_every_mix_has_the_figures_and_periods_of_its_rows(before: Tables, after: Tables) -> None:
    mixer = TableMixer(before, after)
    moving = [(key, QUARTER) for key in KEYS] + [("holding_discount", "")]
    moving += [(row.key, row.period) for row in before.history if row.key == "buyback_cash"][:1]
    for count in range(len(moving) + 1):
        for figures in itertools.combinations(moving, count):
            mixed, anew = mixer.mixed(figures), made_anew(before, after, set(figures))
            assert mixed.figures == anew.figures
            assert mixed.calendar == anew.calendar
            assert {(row.key, row.period): row for row in mixed.rows}.keys() == anew.figures.keys()
            for key, period in anew.figures:
                assert mixed.row(key, period) == anew.row(key, period)
                assert mixed.periods(key) == anew.periods(key)
    assert QUARTER in mixer.mixed(moving).calendar.reported_quarters
    assert QUARTER not in mixer.mixed(()).calendar.reported_quarters


def test_a_mix_of_nothing_is_the_tables_before(before: Tables, after: Tables) -> None:
    assert TableMixer(before, after).mixed(()) is before


def test_a_mix_with_a_gap_between_reported_quarters_is_refused(before: Tables) -> None:
    later = [like(before, "revenue", period, 1000.0) for period in (QUARTER, "2026Q4")]
    mixer = TableMixer(before, replace(before, history=(*before.history, *later)))
    with pytest.raises(InputError, match=f"must have the quarter before it, {QUARTER}"):
        mixer.mixed({("revenue", "2026Q4")}).calendar  # noqa: B018 - it is worked out when it is asked for
