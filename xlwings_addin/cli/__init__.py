"""The command line: `xiaomi-model COMMAND`; `xiaomi-model --help` lists the commands.

    app         the application, its exit statuses
    options     options that several commands share
    model       value, build, check
    companies   new
    answers     implied, sensitivity, tornado, multiples
    conventions conventions, replicate, fit-ramp
    simulation  simulate
    batch       batch
    reports     report
    workbook    refresh, diff, recalc, export case
    roll        roll
    watch       watch
    history     history, as-of, index
    scorecard   scorecard
    hosts       functions, serve, install, uninstall, export desktop, export libreoffice
    printing    what is printed; print_answers and print_simulation for those of answers

Exit status: 0 when all is well, 1 when a check fails, 2 for bad input.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from contextlib import suppress

from xlwings_addin.cli.app import BAD_INPUT, app, export_app

# Each module adds its commands; the order is that of the help.
from xlwings_addin.cli import (  # isort: skip
    model, companies, reports, answers, conventions, simulation, batch, workbook, roll, history, scorecard,
    watch, facts, hosts, assistants,
)  # fmt: skip

__all__ = [
    "answers", "app", "assistants", "batch", "companies", "conventions", "facts", "history", "hosts", "main",
    "model", "reports", "roll", "run", "scorecard", "simulation", "watch", "workbook",
]  # fmt: skip

app.add_typer(export_app, name="export", rich_help_panel="Workbook")


LASTING = frozenset(("batch", "mcp", "serve"))
"""Commands that go on, so that circular garbage would add up; all others end before it matters."""
MANY_OBJECTS = 2_000_000
"""New objects after which Python looks for circular garbage: a look takes a fifth of a second."""


def main() -> None:
    """Run the command line; bad input is one sentence on standard error and exit status 2."""
    from xlwings_addin.core.errors import ValuationError

    logger = logging.getLogger("xlwings_addin.cli")  # the module's name may be __main__
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: it is asked for no matrices
    is_lasting = not LASTING.isdisjoint(sys.argv[1:2])
    gc.set_threshold(100_000 if is_lasting else MANY_OBJECTS, 50, 100)  # a workbook is little garbage
    try:
        app()
    except ValuationError as error:
        logger.info("answered bad input with: %s", error)
        print(f"xiaomi-model: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except Exception:
        logger.exception("xiaomi-model failed")
        raise


def run() -> None:
    """`main` as a program of its own, which leaves its memory to the system: freeing it takes longer."""
    status: int | str | None = 0
    try:
        main()
    except SystemExit as stop:
        status = stop.code
    if not isinstance(status, int):
        sys.exit(status)
    logging.shutdown()
    with suppress(BrokenPipeError):  # who reads the output may have had enough
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)
