"""Inputs drawn at random within their ranges: every formula cell still gives what the core gives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from live_book import LiveBook

from xlwings_addin.core.errors import DomainError
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameter import Value
from xlwings_addin.model.parameters import PARAMETERS

DRAWS, MOST_REJECTED = 100, 5
FIXED = ("replicates",)
"""Choices that are no assumption: a drawn case replicates nothing."""


def drawn(inputs: Inputs, generator: np.random.Generator) -> dict[str, Value]:
    """Every input that has a range, uniformly within it, and every choice among its words."""
    values: dict[str, Value] = {}
    for known in PARAMETERS:
        row = inputs.row(known.key)
        if known.choices and known.key not in FIXED:
            values[known.key] = str(generator.choice(known.choices))
        elif row.low is not None and row.high is not None:
            values[known.key] = (
                int(generator.integers(int(row.low), int(row.high), endpoint=True))
                if known.kind in ("count", "year")
                else float(generator.uniform(row.low, row.high))
            )
    return values


def test_every_formula_agrees_with_the_core_on_inputs_drawn_at_random(live: LiveBook) -> None:
    generator = np.random.default_rng(1810)
    taken: dict[str, set[Value]] = {}
    accepted = rejected = comparisons = 0
    while accepted < DRAWS:
        values = drawn(live.results["base"].inputs, generator)
        try:
            live.change("base", **values)
        except DomainError:
            rejected += 1
            assert rejected <= MOST_REJECTED
            continue
        live.keep_results()
        differences = live.differences()
        assert not differences, shown(differences, values)
        accepted += 1
        comparisons += len(live.formulas)
        for key, value in values.items():
            taken.setdefault(key, set()).add(value)
    assert comparisons >= 300_000
    # Nearly every input moves, and every word of every choice is taken.
    assert len([key for key, seen in taken.items() if len(seen) > 1]) > 90
    for known in PARAMETERS:
        if known.choices and known.key not in FIXED:
            assert taken[known.key] == set(known.choices)


def shown(differences: list[str], values: Mapping[str, Value]) -> str:
    """The first differences of a draw, and the draw, to repeat it."""
    return "\n".join([f"{len(differences)} differences", *differences[:20], repr(dict(values))])


def test_an_input_that_only_the_book_has_makes_cells_differ(live: LiveBook) -> None:
    assert not live.differences()
    before = live.results["base"]
    live.change("base", tax_rate=0.2)
    live.results["base"] = before
    differing = "\n".join(live.differences())
    assert "Core Segments" in differing
    assert "(value_per_share): " in differing
