"""All benchmarks, one table each; exit status 1 when a requirement is missed. `make bench`."""

from __future__ import annotations

import sys

from benchmarks import (
    bench_build,
    bench_calc_functions,
    bench_cluster,
    bench_draws,
    bench_enterprise_value,
    bench_implied,
    bench_ledger,
    bench_recalculate,
    bench_refresh,
    bench_server,
    bench_simulation,
    bench_value,
    bench_what_if,
)
from benchmarks.measure import print_table

BENCHMARKS = {
    "Building the workbook, whole processes": bench_build.measure,
    "Refreshing the workbook, whole processes": bench_refresh.measure,
    bench_what_if.TITLE: bench_what_if.measure,
    "Functions in LibreOffice Calc, whole processes": bench_calc_functions.measure,
    "Recalculation, in process": bench_recalculate.measure,
    bench_cluster.TITLE: bench_cluster.measure,
    bench_server.TITLE: bench_server.measure,
    bench_ledger.TITLE: bench_ledger.measure,
    "Draws through the sum of the parts": lambda: [*bench_draws.measure(), *bench_draws.compare()],
    "Simulation, end to end": bench_simulation.measure,
    "One valuation": bench_value.measure,
    "Questions beside valuations": bench_implied.measure,
    "Enterprise value, a million scenarios of 15 years": bench_enterprise_value.measure,
}


def main() -> int:
    met = [print_table(title, measure()) for title, measure in BENCHMARKS.items()]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
