"""Whether the unit a line declares is what follows from the units of what it reads.

Every line is computed once with numbers that carry their unit (`core.measured`); lines and inputs it reads
have the unit they declare, so that a wrong line is named and those that read it are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from xlwings_addin.core.errors import InputError
from xlwings_addin.core.measured import UnitError, measured, unit_of
from xlwings_addin.core.units import parse
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.segments.base import BaseFigures
from xlwings_addin.segments.lines import FIGURES, Lines, ModelLine
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.trace import Trace


class UnitTrace(Trace):
    """A trace that gives each value the unit its line declares, and notes where another one follows."""

    def __init__(self) -> None:
        super().__init__()
        self.findings: dict[str, str] = {}
        self.reads_tables = False
        self.failed = False

    def computed(self, owner: Lines, declared: ModelLine[Any]) -> Any:
        before, self.reads_tables = self.reads_tables, isinstance(owner, BaseFigures)
        name = f"{owner.name}.{declared.key}"
        try:
            value = declared.method(owner)
        except UnitError as error:
            if not self.failed:  # what reads a line that fails, fails with it
                self.findings[name] = f"{name}: {error}"
            self.failed = True
            raise
        finally:
            self.reads_tables = before
        if declared.returns not in FIGURES:
            return value
        return self._labelled(name, owner, declared, value)

    def _labelled(self, name: str, owner: Lines, declared: ModelLine[Any], value: Any) -> Any:
        is_read = isinstance(owner, BaseFigures)  # its units are those of the tables
        unit, follows = parse(owner.inputs.company.text(declared.unit)), unit_of(value)
        if not is_read and follows is not None and follows != unit:
            self.findings[name] = f"{name} is declared in {unit}, but {follows} follows"
        return measured(np.asarray(value), unit)


class MeasuredScalars(Scalars):
    """Scalars whose numbers carry the unit of their parameter."""

    def __init__(self, values: Mapping[str, Any], tables: Tables, trace: UnitTrace) -> None:
        super().__init__(values, tables, trace=trace)
        self.unit_trace = trace

    def number(self, key: str) -> Any:
        value = super().number(key)
        return (
            value
            if self.unit_trace.reads_tables
            else measured(value, self.tables.company.parameter(key).unit)
        )

    def measured(self, value: Any, unit: str) -> Any:
        return measured(value, unit)


class Grouped(Protocol):
    """A model: groups of lines by name."""

    def groups(self) -> dict[str, Lines]: ...


def check_units(values: Mapping[str, Any], tables: Tables, model: Callable[[Scalars], Grouped]) -> list[str]:
    """What does not fit in the lines of a model with these scalars, one sentence a line."""
    trace = UnitTrace()
    for group in model(MeasuredScalars(values, tables, trace)).groups().values():
        for key in group.lines():
            trace.failed = False
            try:
                getattr(group, key)
            except UnitError:
                continue
            except InputError as error:
                trace.findings[f"{group.name}.{key}"] = f"{group.name}.{key}: {error}"
    return list(trace.findings.values())
