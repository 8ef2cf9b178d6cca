"""What a benchmark reports, and how it is printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Measurement:
    """One row: what was timed, its median, the ratio to its peer, what is required and whether it is met."""

    name: str
    seconds: float
    ratio: float | None = None
    requirement: str = ""
    met: bool = True


def median_time(work: Callable[[], object], repeats: int) -> float:
    """The median of `repeats` runs, after one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def print_table(title: str, measurements: Iterable[Measurement]) -> bool:
    """Print the rows; whether every requirement is met."""
    table = Table(title=title, title_justify="left")
    for heading in ("What", "Time", "Ratio", "Required", "Met"):
        table.add_column(heading, justify="right" if heading in ("Time", "Ratio") else "left")
    met = True
    for measurement in measurements:
        met = met and measurement.met
        duration = f"{measurement.seconds * 1e3:,.3g} ms"
        ratio = "" if measurement.ratio is None else f"{measurement.ratio:,.2f}"
        table.add_row(
            measurement.name,
            duration,
            ratio,
            measurement.requirement,
            ("yes" if measurement.met else "NO") if measurement.requirement else "",
        )
    Console(width=110).print(table)
    return met
