"""What LibreOffice asks of the project: the value of a function, why a cell shows an error, a command.

LibreOffice's own Python imports this, or asks it over a pipe (`pipe`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlwings_addin import log
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.functions.boundary import calling, last_error
from xlwings_addin.functions.cells import first_error
from xlwings_addin.functions.memory import forget, remember
from xlwings_addin.functions.registry import REGISTRY, Kind, callbacks

if TYPE_CHECKING:
    from xlwings_addin.hosts.libreoffice.medium import Workbook

NO_ADDRESS = "a cell that is not known"

logger = logging.getLogger(__name__)
log.start()
_FUNCTIONS = callbacks()
_TEXTS = {
    entry.name: places
    for entry in REGISTRY.values()
    if (places := {at for at, parameter in enumerate(entry.parameters) if parameter.kind is Kind.TEXT})
}
"""Which arguments of a function are texts."""


def call(name: str, arguments: Sequence[object]) -> object:
    """What a cell shows that calls a function: a value, rows of values, or the text of an error value."""
    if name not in _FUNCTIONS:
        logger.warning("%s is no function of this version; export the extension again", name)
        return "#NAME?"
    if name in _TEXTS and 0.0 in arguments:  # what Calc gives for a blank cell
        texts = _TEXTS[name]
        arguments = [None if at in texts and value == 0.0 else value for at, value in enumerate(arguments)]
    return _FUNCTIONS[name](*arguments)


def explain(name: str, cell: str, calls: Sequence[tuple[str, Sequence[object]]], complete: bool) -> object:
    """What the function `name` says of the error in a cell.

    Calc does not say which cell calls, so the `calls` of the cell are made again, with its address.
    `complete` is false where the cell shows an error and makes calls that cannot be made again.
    """
    with calling(cell):
        for function in REGISTRY:
            forget(function)
        for function, arguments in calls:
            call(function, arguments)
            _explain_errors_in_ranges(function, arguments)
    explains = complete or last_error(cell) is not None
    with calling():
        return call(name, (cell if explains else NO_ADDRESS,))


def _explain_errors_in_ranges(name: str, arguments: Sequence[object]) -> None:
    """Where an error stands in a range, Calc does not call the function at all."""
    for parameter, value in zip(REGISTRY[name].parameters, arguments, strict=False):
        if not isinstance(value, str) and (error := first_error(value)):
            remember(name, error, f"{parameter.name} holds {error}, for which Calc shows Err:504")


def run(command: str, workbook: Workbook) -> str:
    """Refresh, preview or check an open workbook; what came of it, in words. Raises `CommandError`."""
    from xlwings_addin.hosts.libreoffice import commands

    try:
        by_name = {"refresh": commands.refresh, "preview": commands.preview, "check": commands.check}
        return by_name[command](workbook)
    except ValuationError as error:
        raise CommandError(str(error)) from error
    except Exception as error:
        logger.exception("%s failed", command)
        raise CommandError(
            f"{command} failed: {type(error).__name__}: {error}\nThe log is {log.start()}"
        ) from error


class CommandError(Exception):
    """A command that was not carried out; the message says why."""
