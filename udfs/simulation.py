"""SIMULATION: what a simulation that was run says of the value of a share, in a cell."""

from __future__ import annotations

from xlwings_addin.functions.registry import Number, Text, udf
from xlwings_addin.inputs.run_file import Run, read_run


@udf
def SIMULATION_QUANTILE(file: Text, probability: Number, model: Text = "") -> Number:
    """Value of a share that this part of a simulation's draws does not exceed.

    Formula: the least value that at least this part of the draws does not exceed

    Args:
        file (text): the run file that `xiaomi-model simulate --save` wrote; "example" is the numbers 1 to 100
        probability (share): from 0 to 1; 5% is the value that all but the worst twentieth exceed
        model (text): the company, or company/case, that the run must be of; not checked if left out

    Returns: money per share, exact for every 0.1%, within 0.05% of the draw between two of them.

    Errors: #N/A for a file that is not there, no run file, or of another model; #NUM! for a probability
        outside 0 to 1.

    Source: Hyndman and Fan, The American Statistician 50 (1996), 361-365, definition 1.

    Example:
        >>> SIMULATION_QUANTILE("example", 0.05)
        5.0
    """
    return _run(file, model).quantile(probability)


@udf
def SIMULATION_PROBABILITY(file: Text, value: Number, model: Text = "") -> Number:
    """Part of a simulation's draws in which a share is worth more than a value.

    Formula: draws worth more than value / draws that keep the rules

    Args:
        file (text): the run file that `xiaomi-model simulate --save` wrote; "example" is the numbers 1 to 100
        value (money): a price or another value of a share, in the currency of the run
        model (text): the company, or company/case, that the run must be of; not checked if left out

    Returns: a share of 1, exact for the price of the run, else for a value within 0.1% of the one asked for.

    Errors: #N/A for a file that is not there, no run file, or of another model.

    Source: the empirical distribution function; Wasserman, All of Statistics, ch. 7.

    Example:
        >>> SIMULATION_PROBABILITY("example", 60)
        0.4
    """
    return _run(file, model).probability(value)


def _run(file: str, model: str) -> Run:
    run = read_run(file)
    if model:
        run.require_of(model)
    return run
