"""How long a simulation takes from end to end, beside drawing the normal numbers it is made from.

Twelve inputs with all seven marginals, copula, the whole sum of the parts, moments and quantiles. The peer is
numpy's generator of standard normal numbers. All times are processor time of one thread, the least of three.

    python -m benchmarks.bench_simulation [DRAWS]
"""

from __future__ import annotations

import resource
import sys

import numpy as np

import xlwings_addin as xa
from benchmarks.bench_draws import timed
from benchmarks.measure import Measurement, print_table
from xlwings_addin.analytics.streams import PORTION, Method, draws_made

DRAWS, RUNS = 1_000_000, 3
INPUTS = 12
LIMITS: dict[Method, float] = {"random": 18.0, "sobol": 22.0}
"""The most a simulation may take, in times of the numbers it is made from."""
MEMORY_LIMIT = 512.0
"""The most memory of the process, MB, however many draws there are."""


def numbers(draws: int) -> None:
    """The normal numbers alone, in portions as a simulation draws them."""
    generator, normals = np.random.default_rng(1810), np.empty((INPUTS, PORTION))
    for _ in range(0, draws, PORTION):
        generator.standard_normal(out=normals)


def measure(draws: int = DRAWS) -> list[Measurement]:
    """Both methods beside the numbers, in turns; a first run loads what a process loads once."""
    rows = []
    for method, limit in LIMITS.items():
        xa.simulate(1_000, method=method)
        count = draws_made(draws, method)
        pairs = [
            (
                timed(lambda count=count: numbers(count)),  # type: ignore[misc]
                timed(lambda method=method: xa.simulate(draws, method=method)),  # type: ignore[misc]
            )
            for _ in range(RUNS)
        ]
        drawing, whole = (min(times) for times in zip(*pairs, strict=True))
        ratio = whole / drawing
        what = f"simulate, {method}, {count:,} draws"
        rows.append(Measurement(what, whole, ratio, f"at most {limit:.0f} times the numbers", ratio <= limit))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append(
        Measurement(
            "Memory of the process, MB", 0.0, memory, f"at most {MEMORY_LIMIT:.0f}", memory <= MEMORY_LIMIT
        )
    )
    return rows


if __name__ == "__main__":
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS
    sys.exit(0 if print_table("A simulation from end to end", measure(draws)) else 1)
