"""How long draws take through the whole sum of the parts, beside drawing the numbers they are made from.

A million draws of twelve inputs, both businesses built up, value per share. The peer is numpy's generator of
standard normal numbers, for the twelve numbers a draw needs: both take turns, portion by portion, so that a
busy machine is busy for both. All times are processor time of one thread.

    python -m benchmarks.bench_draws [DRAWS]
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Measurement, print_table
from xlwings_addin.inputs.case_files import case_names
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.valuation.draws import Batch
from xlwings_addin.valuation.xiaomi import evaluate

Floats = NDArray[np.float64]

DRAWS, PORTION = 1_000_000, 100_000
VALUE = "sotp.value_per_share"
LIMIT, AIM = 15.0, 10.0
"""The most the draws may take, in times of the numbers they are made from; and what is aimed at."""
MEMORY_LIMIT = 400.0
"""The most memory of the process, MB, however many draws there are."""
COMPARED = 300
WIDTHS = {
    "equity_risk_premium": 0.003,
    "devices_terminal_growth": 0.002,
    "smartphone_shipment_growth_start": 0.01,
    "smartphone_gross_margin_end": 0.005,
    "iot_growth_start": 0.02,
    "internet_gross_margin_end": 0.01,
    "demand_saturation": 0.1,
    "vehicle_price_change_start": 0.01,
    "vehicle_learning_rate": 0.004,
    "vehicle_gross_margin_ceiling": 0.01,
    "vehicle_opening_losses": 1_500.0,
    "vehicle_wacc": 0.004,
}
"""The twelve inputs, and the standard deviation of what is drawn around the case."""


def draws_of(inputs: Inputs, normals: Floats) -> dict[str, Floats]:
    """Twelve rows of standard normal numbers, cut at three, as draws around a case."""
    cut = np.clip(normals, -3.0, 3.0)
    return {
        key: inputs.number(key) + width * row for (key, width), row in zip(WIDTHS.items(), cut, strict=True)
    }


def timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure(draws: int = DRAWS, *, block: int | None = None) -> list[Measurement]:
    """Draws and the numbers they are made from, in turns; then draws against single valuations."""
    inputs, generator = load_inputs(), np.random.default_rng(1810)
    batch = Batch(inputs, tuple(WIDTHS), [VALUE], **({} if block is None else {"block": block}))
    ratios, values, numbers = [], 0.0, 0.0
    normals = np.empty((len(WIDTHS), PORTION))
    for _ in range(draws // PORTION):
        drawing = timed(lambda: generator.standard_normal(out=normals))
        made = draws_of(inputs, normals)
        valuing = timed(lambda made=made: batch(made))  # type: ignore[misc]
        ratios.append(valuing / drawing)
        values, numbers = values + valuing, numbers + drawing
    ratio = statistics.median(ratios)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"{draws:,} draws of {len(WIDTHS)} inputs, one thread"
    return [
        Measurement(f"Generator.standard_normal for {draws * len(WIDTHS):,} numbers", numbers, 1.0),
        Measurement(what, values, ratio, f"at most {LIMIT:.0f} times it, aim {AIM:.0f}", ratio <= LIMIT),
        Measurement(
            "Memory of the process, MB", 0.0, memory, f"at most {MEMORY_LIMIT:.0f}", memory <= MEMORY_LIMIT
        ),
    ]


def compare() -> list[Measurement]:
    """The largest relative difference between draws and the case valued with their inputs, in every case."""
    rows = []
    for case in case_names():
        inputs, generator = load_inputs(case), np.random.default_rng(1810)
        made = draws_of(inputs, generator.standard_normal((len(WIDTHS), 20 * COMPARED)))
        started = time.process_time()
        drawn = Batch(inputs, tuple(made), [VALUE], block=512)(made)
        worst = 0.0
        for draw in np.flatnonzero(drawn.valid)[:: max(int(drawn.valid.sum()) // COMPARED, 1)]:
            alone = evaluate(inputs.replace(**{key: float(row[draw]) for key, row in made.items()}))
            value = alone.sotp.value_per_share
            worst = max(worst, abs(drawn[VALUE][draw] / value - 1))
        seconds = time.process_time() - started
        rows.append(
            Measurement(
                f"{case}: largest difference", seconds, worst / 1e-12, "at most 1e-12", worst <= 1e-12
            )
        )
    return rows


if __name__ == "__main__":
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS
    sys.exit(0 if print_table("Draws through the sum of the parts", [*measure(draws), *compare()]) else 1)
