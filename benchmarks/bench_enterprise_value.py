"""How fast `enterprise_value` is beside the usual ways to write it: a million scenarios of fifteen years.

Each way yields the value of the forecast and of the terminal value, with a WACC and a growth of its own for
every scenario. Ways that loop over scenarios are timed on a sample. A ratio is how many times as long as ours
a way takes; all ways take turns, so that a busy machine is busy for each of them.

    python -m benchmarks.bench_enterprise_value
"""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import numpy_financial as npf  # type: ignore[import-untyped]
from numpy.typing import NDArray

from benchmarks.measure import Measurement, print_table
from xlwings_addin.core.dcf import enterprise_value

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

SCENARIOS, SAMPLE, YEARS, ROUNDS = 1_000_000, 10_000, 15, 7
OURS = "enterprise_value, years first in memory"
SCENARIOS_FIRST = "enterprise_value, scenarios first in memory"
REQUIRED = {"numpy, matrix of powers": 4.5, "Python, a loop over scenarios": 50.0}
"""How many times as long as ours a peer must take."""
MEMORY_REQUIRED = 0.10
"""The most memory a valuation may take beside its results, in sizes of the flows."""


def ours(flows: Floats, wacc: Floats, growth: Floats) -> Pair:
    value = enterprise_value(flows, wacc=wacc, terminal_growth=growth)
    return value.explicit, value.terminal


def matrix_of_powers(flows: Floats, wacc: Floats, growth: Floats) -> Pair:
    rows = flows.T  # scenarios first, as such a matrix is usually laid out
    explicit = (rows * (1 + wacc)[:, None] ** -np.arange(1, YEARS + 1)).sum(1)
    return explicit, rows[:, -1] * (1 + growth) / (wacc - growth) * (1 + wacc) ** -YEARS


def python_loop(flows: Floats, wacc: Floats, growth: Floats) -> Pair:
    explicit, terminal = [], []
    for row, r, g in zip(flows.T.tolist(), wacc.tolist(), growth.tolist(), strict=True):
        explicit.append(sum(flow / (1 + r) ** year for year, flow in enumerate(row, start=1)))
        terminal.append(row[-1] * (1 + g) / (r - g) / (1 + r) ** YEARS)
    return np.array(explicit), np.array(terminal)


def numpy_financial_loop(flows: Floats, wacc: Floats, growth: Floats) -> Pair:
    first = np.zeros(1)
    explicit = [float(npf.npv(r, np.concatenate([first, row]))) for row, r in zip(flows.T, wacc, strict=True)]
    return np.array(explicit), flows[-1] * (1 + growth) / (wacc - growth) * (1 + wacc) ** -YEARS


WAYS: dict[str, tuple[Callable[[Floats, Floats, Floats], Pair], int]] = {
    OURS: (ours, SCENARIOS),
    SCENARIOS_FIRST: (ours, SCENARIOS),
    "numpy, matrix of powers": (matrix_of_powers, SCENARIOS),
    "Python, a loop over scenarios": (python_loop, SAMPLE),
    "numpy-financial, a loop over scenarios": (numpy_financial_loop, SAMPLE),
}


def scenarios(count: int = SCENARIOS) -> tuple[Floats, Floats, Floats]:
    """Flows (YEARS, count), a WACC and a growth for each; the same at every call."""
    rng = np.random.default_rng(20240308)
    flows = rng.normal(100.0, 20.0, (YEARS, count))
    return flows, rng.uniform(0.08, 0.13, count), rng.uniform(0.0, 0.05, count)


def measure() -> list[Measurement]:
    """Each way's time for all scenarios, and the memory ours takes. Raises if the ways disagree."""
    times = medians()
    rows = []
    for name, seconds in times.items():
        ratio, least = seconds / times[OURS], REQUIRED.get(name)
        requirement = "" if least is None else f"at least {least:g} times ours"
        rows.append(Measurement(name, seconds, ratio, requirement, least is None or ratio >= least))
    return [*rows, measure_memory()]


def medians() -> dict[str, float]:
    """Seconds for all scenarios by each way: the median of rounds, after one that compares their values."""
    flows, wacc, growth = scenarios()
    by_scenario = np.asfortranarray(flows)  # what a table of scenarios is, turned
    layouts = {name: by_scenario for name in WAYS if name != OURS}
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for round_number in range(ROUNDS + 1):
        for name, (way, count) in WAYS.items():
            data = layouts.get(name, flows)[:, :count], wacc[:count], growth[:count]
            started = time.process_time()
            values = way(*data)
            elapsed = time.process_time() - started
            if round_number == 0:
                np.testing.assert_allclose(values, matrix_of_powers(*data), rtol=1e-9)
            else:
                times[name].append(elapsed * SCENARIOS / count)
    return {name: statistics.median(runs) for name, runs in times.items()}


def measure_memory() -> Measurement:
    """A valuation whose memory is traced: its peak beside the results, in sizes of the flows."""
    flows, wacc, growth = scenarios()
    tracemalloc.start()
    started = time.process_time()
    explicit, terminal = ours(flows, wacc, growth)
    elapsed = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    share = (peak - explicit.nbytes - terminal.nbytes) / flows.nbytes
    requirement = f"at most {MEMORY_REQUIRED:.2f} of the flows"
    name = "enterprise_value, memory beside its results"
    return Measurement(name, elapsed, share, requirement, share <= MEMORY_REQUIRED)


if __name__ == "__main__":
    title = f"Enterprise value of {SCENARIOS:,} scenarios of {YEARS} years"
    sys.exit(0 if print_table(title, measure()) else 1)
