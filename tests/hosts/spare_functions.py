"""The command line with two more functions in its registry: one that takes its time, one that breaks."""

from __future__ import annotations

import time

from xlwings_addin import cli
from xlwings_addin.functions.registry import Number, udf


def SPARE_PAUSE(seconds: Number) -> Number:  # noqa: N802
    """Wait.

    Formula: none

    Args:
        seconds (seconds): how long

    Returns: what it was given.

    Errors: none of its own.

    Source: these tests.

    Example:
        >>> SPARE_PAUSE(0)  # doctest: +SKIP
        0.0
    """
    time.sleep(seconds)
    return seconds


def SPARE_BREAK(number: Number) -> Number:  # noqa: N802
    """Break in a way that nobody has foreseen.

    Formula: none

    Args:
        number (number): any

    Returns: nothing.

    Errors: always.

    Source: these tests.

    Example:
        >>> SPARE_BREAK(0)  # doctest: +SKIP
        0.0
    """
    raise RuntimeError("a spare part broke")


if __name__ == "__main__":
    for entry in (SPARE_PAUSE, SPARE_BREAK):
        udf(entry)
    cli.main()
