"""How long two Dask workers take beside a pool of two processes, and what a task of Dask costs.

Both draw the same simulation through the same code and give the same answer; they are started before the
clock. Wall time, medians, in turns: to be read on a machine whose processors have nothing else to do.

    python -m benchmarks.bench_cluster [DRAWS [ROUNDS]]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import xlwings_addin as xa
from benchmarks.measure import Measurement, print_table
from xlwings_addin.analytics.streams import PORTION
from xlwings_addin.cluster.dask import local_client

DRAWS, ROUNDS, WORKERS, TASKS = 10_000_000, 5, 2, 1_000
LIMIT = 1.10
"""What Dask may take, in times of the pool."""
TITLE = "Two workers of Dask beside a pool of two processes"


def measure(draws: int = DRAWS, rounds: int = ROUNDS) -> list[Measurement]:
    """The simulation by both in turns, and the cost of a task."""
    with ProcessPoolExecutor(WORKERS) as pool, local_client(WORKERS) as client:
        by_pool, by_dask = in_turns(draws, rounds, pool, client)
        task = cost_of_a_task(client)
    ratio = by_dask / by_pool
    limit = f"at most {LIMIT} times the pool"
    return [
        Measurement(f"Pool of {WORKERS} processes, {draws:,} draws", by_pool, 1.0),
        Measurement(f"{WORKERS} workers of Dask, {draws:,} draws", by_dask, ratio, limit, ratio <= LIMIT),
        Measurement(f"A task of Dask, of {TASKS:,} that do nothing", task),
    ]


def in_turns(draws: int, rounds: int, *workers: object) -> list[float]:
    """The median wall time of the simulation for each of some workers; a first round loads what they need."""
    times: list[list[float]] = [[] for _ in workers]
    answers = {repr(xa.simulate(8 * PORTION, cluster=one).value) for one in workers}
    assert len(answers) == 1, "one seed must give one answer"
    for _ in range(rounds):
        for one, taken in zip(workers, times, strict=True):
            taken.append(wall(lambda one=one: xa.simulate(draws, cluster=one)))  # type: ignore[misc]
    return [statistics.median(taken) for taken in times]


def cost_of_a_task(client: Any) -> float:
    """Seconds of a task that does nothing, of many at once."""
    return wall(lambda: client.gather(client.map(abs, range(TASKS), pure=False))) / TASKS


def wall(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    sys.exit(0 if print_table(TITLE, measure(*numbers)) else 1)
