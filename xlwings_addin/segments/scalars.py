"""The scalars of a case as the model reads them: plain numbers, or arrays where they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from xlwings_addin.core.years import Scalar
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.segments.trace import Trace


class Scalars:
    """Values by key, with the tables behind them; `drawn` are arrays, one figure for each scenario.

    What has no scenarios of its own (choices, dates, counts) is one for all. The loader has checked the
    values: nothing is checked here.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        tables: Tables,
        *,
        drawn: Mapping[str, Any] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.tables, self.trace = tables, trace
        self.values: Mapping[str, Any] = {**values, **drawn} if drawn else values
        self._read = self.values.__getitem__ if trace is None else self._traced

    def _traced(self, key: str) -> Any:
        assert self.trace is not None
        self.trace.input(key)
        return self.values[key]

    @property
    def company(self) -> Company:
        """Whose scalars they are."""
        return self.tables.company

    def has(self, key: str) -> bool:
        """Whether the company has this input: some it may leave out, and the model does without."""
        return self.company.parameters.has(key)

    def per_usd(self, currency: str) -> Scalar:
        """What a US dollar costs in a currency; 1 for the US dollar itself."""
        key = self.company.per_usd(currency)
        return self.measured(1.0, "USD per USD") if key is None else self.number(key)

    def number(self, key: str) -> Scalar:
        """A number, rate, count or year: plain, or an array of draws."""
        number: Scalar = self._read(key)
        return number

    def measured(self, value: float, unit: str) -> Scalar:
        """A figure that comes from elsewhere, a table or a date, and its unit."""
        return value

    def count(self, key: str) -> int:
        """A count or a year: one for all scenarios."""
        value: int = self._read(key)
        return value

    def text(self, key: str) -> str:
        """A choice or a text: one for all scenarios."""
        value: str = self._read(key)
        return value

    def day(self, key: str) -> date:
        """A date: one for all scenarios."""
        value: date = self._read(key)
        return value
