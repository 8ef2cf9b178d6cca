"""Figures of a case, by the full name of their line, as a reader has them."""

from __future__ import annotations

import numpy as np

from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.pictures.numbers import number_text, printed
from xlwings_addin.report.document import Cell, Figure
from xlwings_addin.valuation.model import find
from xlwings_addin.valuation.results import for_sheet
from xlwings_addin.valuation.xiaomi import Results

THOUSAND = 1000.0


class LineReader:
    """The lines of one case."""

    def __init__(self, results: Results) -> None:
        self.results, self.case = results, results.case
        self._groups = results.model.groups()
        self.base_year = results.inputs.count("base_year")

    def has(self, name: str) -> bool:
        """Whether the model has a line of this name."""
        group, _, key = name.rpartition(".")
        return group in self._groups and key in self._groups[group].lines()

    def value(self, name: str, year: int | None = None) -> float | str:
        """A line, of a year where it has years; a word where it is not defined."""
        group, declared = find(self._groups, name)
        value = for_sheet(name, declared, getattr(group, declared.key), TIMELINE_YEARS)
        if year is None or isinstance(value, str):
            return value if isinstance(value, str) else float(value)
        first = self.base_year + (TIMELINE_YEARS + 1 - len(value))
        return float(np.asarray(value)[year - first])

    def figure(self, name: str, spec: str = ".2f", year: int | None = None, scale: float = 1.0) -> Cell:
        """A line as it is printed; the word alone where it is not defined."""
        value = self.value(name, year)
        if isinstance(value, str):
            return value
        return Figure(printed(value / scale, spec), value, name, self.case, year)

    def input(self, key: str) -> Cell:
        """An input of the case as its parameter shows it."""
        value = self.results.inputs[key]
        if isinstance(value, float | int):
            text = number_text(float(value), self.results.inputs.parameter(key).printed_unit)
            return Figure(text, float(value), f"inputs.{key}", self.case)
        return value.isoformat() if not isinstance(value, str) else value


def input_label(results: Results, key: str) -> str:
    """What an input is called, after the business whose key it begins with, unless its label says so itself.

    >>> from xlwings_addin.inputs.cases import load_inputs
    >>> from xlwings_addin.valuation.xiaomi import evaluate
    >>> base = evaluate(load_inputs("base"))
    >>> input_label(base, "vehicle_gross_margin_ceiling"), input_label(base, "vehicle_wacc")
    ('Electric vehicles: gross margin, ceiling', 'Vehicle WACC')
    """
    label, company = results.inputs.parameter(key).label, results.inputs.tables.company
    businesses = [(segment.key, segment.label) for segment in company.segments]
    businesses += [(part.key, part.label) for part in company.parts]
    for business, called in businesses:
        named = (business, called.lower())
        if key.startswith(f"{business}_") and not any(name in label.lower() for name in named):
            lower = label[0] if label[1:2].isupper() else label[0].lower()
            return f"{called}: {lower}{label[1:]}"
    return label
