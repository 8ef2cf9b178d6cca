"""What a valuation asks of its inputs, and what a bridge need not value again for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.quarters_of_2026 import add_quarter
from xlwings_addin.analytics.bridge import bridge
from xlwings_addin.analytics.seen import SeenInputs, SeenTables
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.valuation.xiaomi import evaluate

READ, UNREAD = ("gross_margin_iot", "2025Q2"), ("gross_margin_iot", "2024Q2")
"""A figure of the base year of the case, and one of the year before."""


def with_figures(inputs: Inputs, *figures: tuple[str, str], times: float = 1.01) -> Inputs:
    tables = inputs.tables
    changed = {figure: tables.row(*figure).number * times for figure in figures}
    return replace(inputs, tables=tables.replace(changed)).replace()


def test_a_valuation_is_the_same_and_says_what_it_read(base: Inputs) -> None:
    seen = SeenInputs(base)
    assert evaluate(seen.inputs).sotp.value_per_share == evaluate(base).sotp.value_per_share
    assert seen.has_seen_figure(*READ)
    assert not seen.has_seen_figure(*UNREAD)
    assert seen.has_seen_scalar("tax_rate")
    assert not seen.has_seen_scalar("case_title")
    assert seen.has_seen_calendar


@pytest.mark.parametrize(
    ("ask", "of_others"),
    [
        (lambda tables: tables.row(*READ), False),
        (lambda tables: tables.has(*READ), False),
        (lambda tables: tables.figures[READ], False),
        (lambda tables: tables.series(READ[0], [READ[1]]), False),
        (lambda tables: tables.periods(READ[0]), True),
        (lambda tables: list(tables.figures), True),
        (lambda tables: tables.history, True),
    ],
)
def test_every_way_to_ask_for_a_figure_is_seen(
    base: Inputs, ask: Callable[[SeenTables], object], of_others: bool
) -> None:
    seen = SeenInputs(base)
    assert not seen.has_seen_figure(*READ)
    tables = seen.inputs.tables
    assert not isinstance(tables, Tables)
    ask(tables)
    assert seen.has_seen_figure(*READ)
    assert seen.has_seen_figure(*UNREAD) is of_others


def test_a_mix_that_differs_in_what_was_not_read_is_not_valued_again(base: Inputs) -> None:
    moved = bridge(base, with_figures(base, UNREAD))
    assert (moved.change, moved.evaluations) == (0.0, 1)
    moved = bridge(base, with_figures(base, UNREAD, READ), by="input")
    assert moved.change != 0.0
    assert moved.evaluations == 2


def test_of_a_new_quarter_only_the_mixes_that_differ_in_what_is_read_are_valued(folder: Path) -> None:
    before = load_inputs("base", folder)
    add_quarter(folder, "2026Q3")
    after = load_inputs("base", folder)
    moved = bridge(before, after)
    assert moved.before == evaluate(before).sotp.value_per_share
    assert moved.after == evaluate(after).sotp.value_per_share
    assert len(moved.drivers) > 5
    # The case's year ends before the quarter: only the revenue, which makes the calendar, is read, and of
    # deliveries which quarters have some.
    assert moved.evaluations <= 2**2
