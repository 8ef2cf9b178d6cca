"""All benchmarks, one table each; exit status 1 when a requirement is missed. `make bench`."""

from __future__ import annotations

import sys

from benchmarks import (
    bench_build,
    bench_calc_functions,
    bench_enterprise_value,
    bench_recalculate,
    bench_refresh,
    bench_server,
)
from benchmarks.measure import print_table

BENCHMARKS = {
    "Building the workbook, whole processes": bench_build.measure,
    "Refreshing the workbook, whole processes": bench_refresh.measure,
    "Functions in LibreOffice Calc, whole processes": bench_calc_functions.measure,
    "Recalculation, in process": bench_recalculate.measure,
    bench_server.TITLE: bench_server.measure,
    "Enterprise value, a million scenarios of 15 years": bench_enterprise_value.measure,
}


def main() -> int:
    met = [print_table(title, measure()) for title, measure in BENCHMARKS.items()]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
