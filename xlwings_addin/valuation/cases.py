"""Every case valued, whatever is wrong with some of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import ChoiceError, ValuationError
from xlwings_addin.inputs.case_files import named_among
from xlwings_addin.inputs.cases import check_weights, load_sound_cases
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.inputs.tables import Tables
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.valuation.drawn import case_ranges, upside_text
from xlwings_addin.valuation.frames import cases_frame, html_table, listing_unit
from xlwings_addin.valuation.xiaomi import Results, evaluate, weighted_value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from xlwings_addin.pictures.bars import Bars


class CaseValues(dict[str, Results]):
    """The results of every case that can be valued, by its name; `broken` says what is wrong with the others.

    A file whose name is no case name is among them under that name.
    """

    def __init__(self, results: Mapping[str, Results], broken: Mapping[str, ValuationError]) -> None:
        super().__init__(results)
        self.broken = dict(broken)

    @property
    def weighted_value(self) -> float | str:
        """Value per share by the weights of the view that the company opens with: of the first case's date.

        None while a case, and its weight, is missing.
        """
        return UNDEFINED if self.broken else weighted_value(self.values())

    @property
    def weighted_by_date(self) -> dict[date, float]:
        """The weighted value of every view, by its valuation date; none while a case is missing."""
        days = sorted({results.inputs.day("valuation_date") for results in self.values()})
        views = {day: [r for r in self.values() if r.inputs.day("valuation_date") == day] for day in days}
        weighed = {day: UNDEFINED if self.broken else weighted_value(view) for day, view in views.items()}
        return {day: value for day, value in weighed.items() if isinstance(value, float)}

    @property
    def _unit(self) -> str:
        return next((listing_unit(results) for results in self.values()), "a share")

    def __repr__(self) -> str:
        values = ", ".join(f"{case} {results.sotp.value_per_share:.2f}" for case, results in self.items())
        return f"<CaseValues {values} {self._unit}>"

    def _repr_html_(self) -> str:
        """The cases side by side, as notebooks show them."""
        rows = [
            (
                case,
                f"{results.sotp.value_per_share:.2f}",
                f"{results.sotp.price:.2f}",
                upside_text(results),
                f"{results.inputs.number('probability'):.0%}",
            )
            for case, results in self.items()
        ]
        headings = ("Case", "Value", "Price", "Upside", "Weight")
        return html_table(headings, rows, self._unit)

    def to_frame(self) -> pd.DataFrame:
        """One row for each case: value, its parts and price a share, upside and weight."""
        return cases_frame(self)

    def picture(self, case: str = DEFAULT_CASE) -> Bars:
        """The football field: what the cases span, beside the street, with value and price of one case.

        Raises `ChoiceError` for a case that is not among them, and `InputError` where fewer than two carry
        weight.
        """
        if self:
            case = named_among(case, self, next(iter(self.values())).company)
        if case not in self:
            raise ChoiceError("case", case, one_of(case, self))
        return case_ranges(self, case)

    def plot(self, case: str = DEFAULT_CASE, axes: Axes | None = None) -> Axes:
        """The same picture on axes of matplotlib, new ones by default (extra `plots`)."""
        return self.picture(case).plot(axes)


def value_cases(folder: Path | None = None, tables: Tables | None = None) -> CaseValues:
    """Value every case; one that is broken stops no other.

    Raises `ValuationError` for tables that do not load, for weights that do not add to one, and for the first
    case where none can be valued.
    """
    cases, broken = load_sound_cases(folder, tables)
    results: dict[str, Results] = {}
    for inputs in cases:
        try:
            results[inputs.case] = evaluate(inputs)
        except ValuationError as error:
            broken[inputs.case] = error
    if not results:
        raise next(iter(broken.values()))
    if not broken:
        check_weights(cases)
    return CaseValues(results, broken)
