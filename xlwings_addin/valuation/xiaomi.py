"""A company, valued: `Inputs` in, `Results` out.

`Results` shows the lines of the model for one case as sheets have them; `valuation.draws` runs the same lines
for many draws. Money is in millions of the reporting currency
unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from xlwings_addin.inputs.base_year import BaseYear
from xlwings_addin.inputs.cases import Inputs, house_weights
from xlwings_addin.inputs.company import Business
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.inputs.renamed import former_attribute, with_former_fields
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.valuation.cash import largest_gap
from xlwings_addin.valuation.first_release import first_release_fields
from xlwings_addin.valuation.frames import results_frame, summary_html
from xlwings_addin.valuation.model import Model
from xlwings_addin.valuation.results import (
    VIEWS,
    SegmentView,
    SumView,
    TimelineView,
    ValuationView,
    View,
)
from xlwings_addin.valuation.verdict import verdict

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from xlwings_addin.pictures.bars import Bars
    from xlwings_addin.pictures.curves import Curves


class Results:
    """One case, valued: every part by every method, and the sum of the parts by those that count.

    A figure is worked out when it is asked for, and kept. A business is an attribute by the key of its sheet,
    or by part and method: `devices_segments.revenue` is an array over the timeline of the sheets that begins
    with the base year, `sotp.value_per_share` a float.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.case, self.inputs, self.company = inputs.case, inputs, inputs.tables.company
        self.model = Model(Scalars(inputs.values, inputs.tables))

    @cached_property
    def timeline(self) -> TimelineView:
        """The years of the forecast, and how long each flow is from the valuation date."""
        return TimelineView(self.model.timeline, TIMELINE_YEARS)

    @cached_property
    def capital(self) -> View:
        """What each business must earn."""
        return View(self.model.capital, TIMELINE_YEARS, called="Capital")

    @cached_property
    def segments(self) -> dict[str, SegmentView]:
        """The businesses by the keys of their sheets, whichever method counts."""
        of_key = self.model.segments
        return {
            business.key: VIEWS.get(business.template, SegmentView)(of_key[business.key], TIMELINE_YEARS)
            for business in self.company.businesses
        }

    @cached_property
    def sotp(self) -> SumView:
        """The sum of the parts."""
        return SumView(self.model, TIMELINE_YEARS)

    def __repr__(self) -> str:
        value, price = self.sotp.value_per_share, self.sotp.price
        day, listing = self.inputs.day("valuation_date"), self.company.currency.listing
        return f"<Results {self.case} {day}: {value:.2f} {listing} a share, price {price:.2f}>"

    def _repr_html_(self) -> str:
        """The summary table, as notebooks show it."""
        return summary_html(self)

    def to_frame(self) -> pd.DataFrame:
        """Every line as a DataFrame: a row for each line, with label and unit, a column for each year.

        Index: `group` and `line`. A line without a year stands in the column `value`.
        """
        return results_frame(self)

    def picture(self, name: str = "waterfall") -> Bars | Curves:
        """A picture of the case: `waterfall`, from the parts to the price, or `ramp`, vehicles by year.

        Its `svg()`, `plot()` and `to_frame()` give it as SVG, on axes of matplotlib and as figures. Raises
        `ChoiceError` for another name.
        """
        from xlwings_addin.valuation.drawn import picture_of  # most valuations are not drawn

        return picture_of(self, name)

    def plot(self, name: str = "waterfall", axes: Axes | None = None) -> Axes:
        """The same picture on axes of matplotlib, new ones by default (extra `plots`)."""
        return self.picture(name).plot(axes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "model" not in self.__dict__:
            raise AttributeError(name)
        if name in self.segments:
            return self.segments[name]
        for business in self.company.businesses:
            if name == f"{business.part.key}_{business.method}":
                return self.segments[business.key]
            if name == f"{business.part.key}_valuation":
                return self.valuation(business.part.key)
        return former_attribute(self, "Results", name)

    @property
    def price(self) -> float:
        """The price of a share that the value is compared with."""
        return self.inputs.number(self.company.price_key)

    @property
    def base_year(self) -> BaseYear:
        """What the build-ups start from, reported and assumed figures apart."""
        base: BaseYear = self.model.base.figures
        return base

    def valuation(self, part: str) -> ValuationView:
        """A part by the method the case chooses."""
        return self.segments[self.model.businesses[part].name].valuation

    def counts(self, business: Business) -> bool:
        """Whether a business is the one that counts for its part."""
        return self.model.businesses[business.part.key].name == business.key

    @property
    def cash_gap(self) -> float:
        """The largest gap of closing cash to what it must be, by any method in any year, to net cash."""
        return float(np.asarray(largest_gap(self.model.cash)).item())

    def cells(self, sheet: str, line: str, column: str) -> Any:
        """A line of the model for one column of a sheet; `line` may be of a segment, `iot.revenue`."""
        views: dict[str, Any] = {"capital": self.capital, "sotp": self.sotp, **self.segments}
        view = views[sheet]
        *parts, key = line.split(".")
        if sheet == "capital" and not view.has(key):
            view = self.timeline
        for part in parts:
            view = getattr(view, part)
        return view.cells(key, column)

    def summary(self) -> dict[str, object]:
        """The key results as plain numbers, for a program to read: neutral fields, and the company's own."""
        sums, currency = self.sotp, self.company.currency
        neutral: dict[str, object] = {
            "company": self.company.key,
            "case": self.case,
            "valuation_date": self.inputs.day("valuation_date").isoformat(),
            "currency": currency.listing,
            "reporting_currency": currency.reporting,
            "price": self.price,
            "value_per_share": sums.value_per_share,
            "upside": sums.upside,
            "buy_below": None if sums.buy_below == UNDEFINED else sums.buy_below,
            "verdict": verdict(self),
            "margin_of_safety": None if sums.margin_of_safety == UNDEFINED else sums.margin_of_safety,
            "methods": {
                part.key: self.model.businesses[part.key].business.method
                for part in self.company.parts
                if part.method_key is not None
            },
            "segments": {
                part.key: {
                    "enterprise_value": sums.part(part.key).value,
                    "per_share": sums.part(part.key).per_share,
                }
                for part in self.company.parts
            },
            "net_cash": {"value": sums.net_cash.value, "per_share": sums.net_cash.per_share},
            "terminal_share": sums.terminal_share,
        }
        return with_former_fields(first_release_fields(self, neutral), "value")


def weighted_value(cases: Iterable[Results]) -> float | str:
    """Value per share over the cases valued on the day of the first, by their weights; none without any."""
    cases = list(cases)
    weights = house_weights(results.inputs for results in cases)
    if not weights:
        return UNDEFINED
    return float(sum(weights.get(results.case, 0.0) * results.sotp.value_per_share for results in cases))


def evaluate(inputs: Inputs) -> Results:
    """Value the company under one case: the value of a share now, every other figure when it is asked for.

    The inputs keep the rules of the model: those that come from `load_inputs` or `replace` do. Raises
    `DomainError` where a figure is no finite number all the same.
    """
    results = Results(inputs)
    results.sotp.value_per_share  # noqa: B018  # computed here, so that a case without one is known at once
    return results
