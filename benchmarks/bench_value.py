"""What one valuation takes: in process with its inputs at hand, and as a command beside importing numpy.

A whole process is held against `python -c "import numpy"`, with one thread of OpenBLAS on both sides, which
the command sets for itself. Processor time; the two take turns.

    python -m benchmarks.bench_value [FORMER]

FORMER is a checkout of release 0.1.0, which values the same inputs in turns with this one: milliseconds say
little on a machine that others use.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Measurement, print_table
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.valuation.xiaomi import evaluate

ROUNDS, REPEATS = 9, 300
PROCESS_LIMIT = 3.0
"""The most the command may take, in times of importing numpy."""
VALUATION_LIMIT = 1.2e-3
"""Seconds of one valuation, its inputs at hand, on two quiet cores."""
FORMER_LIMIT = 1.2 / 2.05
"""The same in times of release 0.1.0, which took 2.05 ms where that limit was set."""
FORMER = ("model.inputs", "model.xiaomi")
PRESENT = ("inputs.cases", "valuation.xiaomi")
"""Where a release has `load_inputs` and `evaluate`."""
ONE_VALUATION = """
import statistics, time
from xlwings_addin.{} import load_inputs
from xlwings_addin.{} import evaluate
inputs, times = load_inputs(), []
for _ in range(300):
    started = time.process_time()
    evaluate(inputs).sotp.value_per_share
    times.append(time.process_time() - started)
print(statistics.median(times))
"""


def processor_time(command: Sequence[str]) -> float:
    """Seconds of processor time of a whole process."""
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "XIAOMI_MODEL_LEDGER": "off",
        "XIAOMI_MODEL_LOG": "off",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode, as numpy has
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def value_per_share(inputs: Inputs) -> float:
    return float(evaluate(inputs).sotp.value_per_share)


def summary(inputs: Inputs) -> None:
    """All that `value --json` prints."""
    evaluate(inputs).summary()


def every_line(inputs: Inputs) -> None:
    for group in evaluate(inputs).model.groups().values():
        for key in group.lines():
            getattr(group, key)


def measure() -> list[Measurement]:
    """Whole processes in turns, then valuations in turns."""
    program = Path(sys.executable).parent / "xiaomi-model"
    commands = {"numpy": [sys.executable, "-c", "import numpy"], "value": [str(program), "value"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        processor_time(command)
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(processor_time(command))
    numpy, value = (statistics.median(times[name]) for name in commands)
    inputs = load_inputs()
    ways = {
        "value per share": value_per_share,
        "all that is printed": summary,
        "every line, the method not counted too": every_line,
    }
    valued: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            started = time.process_time()
            way(inputs)
            valued[name].append(time.process_time() - started)
    ratio = value / numpy
    limit = f"at most {PROCESS_LIMIT:.0f} times it"
    rows = [
        Measurement('python -c "import numpy", whole process', numpy, 1.0),
        Measurement("xiaomi-model value, whole process", value, ratio, limit, ratio <= PROCESS_LIMIT),
    ]
    for name, seconds in valued.items():
        taken = statistics.median(seconds)
        limit = "" if ways[name] is every_line else f"at most {VALUATION_LIMIT * 1e3:.1f} ms"
        met = not limit or taken <= VALUATION_LIMIT
        rows.append(Measurement(f"One valuation: {name}", taken, None, limit, met))
    return rows


def beside_former(former: Path, rounds: int = 5) -> list[Measurement]:
    """One valuation by release 0.1.0 and by this one, whole processes in turns."""
    checkouts = {former: FORMER, Path(__file__).parents[1]: PRESENT}
    times: dict[Path, list[float]] = {checkout: [] for checkout in checkouts}
    for _ in range(rounds):
        for checkout, modules in checkouts.items():
            command = [sys.executable, "-c", ONE_VALUATION.format(*modules)]
            environment = os.environ | {"PYTHONPATH": str(checkout), "OPENBLAS_NUM_THREADS": "1"}
            answer = subprocess.run(command, check=True, capture_output=True, env=environment, cwd=checkout)
            times[checkout].append(float(answer.stdout))
    before, now = map(statistics.median, times.values())
    limit = f"at most {FORMER_LIMIT:.2f} times it"
    return [
        Measurement("One valuation by release 0.1.0", before, 1.0),
        Measurement("One valuation", now, now / before, limit, now / before <= FORMER_LIMIT),
    ]


if __name__ == "__main__":
    rows = beside_former(Path(sys.argv[1])) if len(sys.argv) > 1 else measure()
    sys.exit(0 if print_table("One valuation", rows) else 1)
