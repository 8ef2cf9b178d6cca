"""What stands for an input that the tables of a case leave out (`inputs.optional` says how it is written).

A default that stands for another input has the source, file and line of its row, and belongs to the case that
sets it: a case that overrides it has a default of its own, one that inherits it inherits the default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.folders import PARAMETERS_FILE
from xlwings_addin.inputs.optional import AS, reference_of
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.tables import Row

DEFAULT_SOURCE = f"default of {PARAMETERS_FILE}"


def default_rows(
    parameters: Iterable[Parameter], rows: Mapping[str, Row], owners: Mapping[str, str]
) -> Iterator[tuple[Row, str | None]]:
    """A row for each input that lacks one and has a default, with the case that owns it.

    There is none where the input that it refers to lacks a row itself. Raises `InputError` for a default that
    refers to no input.
    """
    parameters = tuple(parameters)
    keys = {parameter.key for parameter in parameters}
    for line, parameter in enumerate(parameters, 2):
        if not parameter.default or parameter.key in rows:
            continue
        other = reference_of(parameter.default)
        if other is None and "valuation_date" in rows:
            yield _row(parameter, line, rows["valuation_date"].as_of), None
        if other is None:
            continue
        if other not in keys:
            rule = f"refers to {other}, which is not one of the inputs"
            raise InputError(f"{PARAMETERS_FILE} {parameter.key} default", parameter.default, rule)
        if other not in rows:
            continue
        row = rows[other]
        value = row.value if parameter.default.startswith(AS) else row.as_of
        text = value.isoformat() if isinstance(value, date) else row.text
        note = f"{parameter.default}, {row.place}"
        standing = replace(row, key=parameter.key, unit=parameter.unit, value=value, text=text, note=note)
        yield replace(standing, low=None, high=None, basis="derived", stands_in=True), owners.get(other)


def default_value(parameter: Parameter) -> float | str | date:
    """The value that a default is itself, where it refers to no other input."""
    text = parameter.default
    try:
        if parameter.kind == "date":
            return date.fromisoformat(text)
        return text if parameter.kind in ("choice", "text") else float(text)
    except ValueError:
        rule = f"must be {parameter.rule}"
        raise InputError(f"{PARAMETERS_FILE} {parameter.key} default", text, rule) from None


def _row(parameter: Parameter, line: int, as_of: date) -> Row:
    text, value = parameter.default, default_value(parameter)
    return Row(
        key=parameter.key,
        period="",
        unit=parameter.unit,
        value=value,
        text=text,
        basis="derived",
        source=DEFAULT_SOURCE,
        as_of=as_of,
        note="",
        file=PARAMETERS_FILE,
        line=line,
        stands_in=True,
    )
