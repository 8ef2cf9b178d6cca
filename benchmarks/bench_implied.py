"""How long questions take beside the valuations that they need, in processor time of one thread.

- prices: a driver solved for 10,000 prices, beside one valuation of 10,000 draws of the same inputs;
- one price as a command, beside the command `value`, both whole processes in turns;
- the tornado of all inputs, beside one valuation of as many draws of them plus reading the tables.

    python -m benchmarks.bench_implied
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.bench_value import processor_time
from benchmarks.measure import Measurement, print_table
from xlwings_addin.analytics.implied import solve_for
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.analytics.tornado import tornado_of
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.drivers import read_drivers
from xlwings_addin.valuation.draws import evaluate_many

PRICES, ROUNDS, PROCESSES = 10_000, 5, 7
PRICES_LIMIT, COMMAND_LIMIT, TORNADO_LIMIT = 100.0, 1.5, 5.0
DRIVER = "vehicle_deliveries"


def in_turns(*works: Callable[[], object]) -> list[float]:
    """The median processor time of each, the works taking turns, after a round that warms up."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(ROUNDS + 1):
        for work, taken in zip(works, times, strict=True):
            started = time.process_time()
            work()
            if number:
                taken.append(time.process_time() - started)
    return [statistics.median(taken) for taken in times]


def many_prices() -> list[Measurement]:
    inputs, book = load_inputs(), read_drivers()
    prices, level = np.linspace(25.0, 55.0, PRICES), np.linspace(1.0, 10.0, PRICES)
    draws = {"demand_saturation": level, "plant_5_capacity": level}
    valued, solved = in_turns(
        lambda: evaluate_many(inputs, draws, lines=[VALUE_PER_SHARE]),
        lambda: solve_for(inputs, book, prices, DRIVER),
    )
    ratio, limit = solved / valued, f"at most {PRICES_LIMIT:.0f} times it"
    return [
        Measurement(f"One valuation of {PRICES:,} draws", valued, 1.0),
        Measurement(f"implied over {PRICES:,} prices", solved, ratio, limit, ratio <= PRICES_LIMIT),
    ]


def one_price() -> list[Measurement]:
    program = str(Path(sys.executable).parent / "xiaomi-model")
    commands = {
        "value": [program, "value"],
        "implied": [program, "implied", "--price", "38.86", "--solve", DRIVER],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(PROCESSES):
        for name, command in commands.items():
            times[name].append(processor_time(command))
    value, implied = (statistics.median(times[name]) for name in commands)
    ratio, limit = implied / value, f"at most {COMMAND_LIMIT} times it"
    return [
        Measurement("xiaomi-model value, whole process", value, 1.0),
        Measurement("xiaomi-model implied, whole process", implied, ratio, limit, ratio <= COMMAND_LIMIT),
    ]


def all_inputs() -> list[Measurement]:
    inputs = load_inputs()
    bars = tornado_of(inputs).bars
    keys = [bar.key for bar in bars if inputs.parameter(bar.key).kind in ("number", "rate")]
    keys = [key for key in keys if inputs.parameter(key).section != "Conventions"]
    draws = {key: np.full(2 * len(bars), inputs.number(key)) for key in keys}

    def valued_and_read() -> object:
        return evaluate_many(load_inputs(), draws, lines=[VALUE_PER_SHARE])

    valued, made = in_turns(valued_and_read, lambda: tornado_of(load_inputs()))
    ratio, limit = made / valued, f"at most {TORNADO_LIMIT:.0f} times it"
    return [
        Measurement(f"One valuation of {2 * len(bars)} draws, with reading", valued, 1.0),
        Measurement(
            f"Tornado of {len(bars)} inputs, with reading", made, ratio, limit, ratio <= TORNADO_LIMIT
        ),
    ]


def measure() -> list[Measurement]:
    return [*many_prices(), *one_price(), *all_inputs()]


if __name__ == "__main__":
    sys.exit(0 if print_table("Questions beside valuations", measure()) else 1)
