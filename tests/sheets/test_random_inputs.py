"""Inputs drawn at random within their ranges: every formula cell still gives what the core gives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.sheets.live_book import LiveBook
from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.parameters import PARAMETERS

DRAWS, MOST_REJECTED = 8, 10
"""In every case; a draw that breaks a rule between inputs is rejected."""
FIXED = ("replicates",)
"""Choices that are no assumption: a drawn case replicates nothing."""
NEED_QUARTERS = {"devices_method": "segments", "vehicle_method": "units"}
"""Methods that start from reported quarters of the base year; the cases of 2024 have none."""
AT_ENDS = 2
"""The first draws of a case are of ends of ranges only: of any ends, then of the other ones."""


def drawn(
    inputs: Inputs, generator: np.random.Generator, *, at_ends: bool, before: Mapping[str, Value]
) -> dict[str, Value]:
    """Every input that has a range, within it or at one of its ends, and every choice among its words.

    At the ends it is the other one where an input stood at an end in the draw before.
    """
    values: dict[str, Value] = {}
    has_quarters = bool(inputs.tables.calendar.base(inputs.count("base_year")).reported)
    for parameter in PARAMETERS:
        row = inputs.row(parameter.key)
        if parameter.choices and parameter.key not in FIXED:
            without = "" if has_quarters else NEED_QUARTERS.get(parameter.key, "")
            words = [word for word in parameter.choices if word != without]
            values[parameter.key] = str(generator.choice(words))
        elif row.low is not None and row.high is not None:
            is_whole = parameter.kind in ("count", "year")
            if at_ends and before.get(parameter.key) in (row.low, row.high):
                number = row.high if before[parameter.key] == row.low else row.low
            elif at_ends:
                number = float(generator.choice((row.low, row.high)))
            elif is_whole:
                number = float(generator.integers(int(row.low), int(row.high), endpoint=True))
            else:
                number = float(generator.uniform(row.low, row.high))
            values[parameter.key] = int(number) if is_whole else number
    return values


def test_every_formula_agrees_with_the_core_on_inputs_drawn_at_random(live: LiveBook) -> None:
    generator = np.random.default_rng(1810)
    # A case before those that extend it: a cell that was typed over no longer follows its parent.
    cases = sorted(live.results, key=lambda case: len(live.results[case].inputs.origin.lineage))
    taken: dict[str, set[Value]] = {}
    ends: set[tuple[str, Value]] = set()
    accepted, rejected, comparisons = dict.fromkeys(cases, 0), 0, 0
    before: dict[str, Value] = {}
    while case := next((case for case in cases if accepted[case] < DRAWS), ""):
        inputs, at_ends = live.results[case].inputs, accepted[case] < AT_ENDS
        values = drawn(inputs, generator, at_ends=at_ends, before=before if accepted[case] else {})
        before_change = dict(live.results)
        try:
            live.change(case, **values)
        except DomainError:
            rejected += 1
            assert rejected <= MOST_REJECTED
            continue
        live.select(case)
        # Of the last draw of a case every case: what is another one's would show in the weighted value.
        changed = [name for name, results in live.results.items() if results is not before_change[name]]
        live.keep_results(None if accepted[case] + 1 == DRAWS else changed)
        differences = live.differences()
        assert not differences, summary(differences, values)
        accepted[case], before = accepted[case] + 1, values
        comparisons += len(live.formulas)
        for key, value in values.items():
            taken.setdefault(key, set()).add(value)
            ends |= {(key, value)} if at_ends else set()
    assert comparisons >= 300_000
    # Nearly every input moves, and every word of every choice is taken.
    assert len([key for key, seen in taken.items() if len(seen) > 1]) > 90
    for parameter in PARAMETERS:
        if parameter.choices and parameter.key not in FIXED:
            assert taken[parameter.key] == set(parameter.choices)
    # Both ends of every range are tried, in one case or another.
    for case in cases:
        for parameter in PARAMETERS:
            row = live.results[case].inputs.row(parameter.key)
            if not parameter.choices and row.low is not None and row.high is not None:
                assert {(parameter.key, row.low), (parameter.key, row.high)} <= ends


def summary(differences: list[str], values: Mapping[str, Value]) -> str:
    """The first differences of a draw, and the draw, to repeat it."""
    return "\n".join([f"{len(differences)} differences", *differences[:20], repr(dict(values))])


def test_an_input_that_only_the_book_has_makes_cells_differ(live: LiveBook) -> None:
    live.select("base")
    assert not live.differences()
    before = live.results["base"]
    live.change("base", tax_rate=0.2)
    live.results["base"] = before
    differing = "\n".join(live.differences())
    assert "Devices" in differing
    assert "(value_per_share): " in differing
