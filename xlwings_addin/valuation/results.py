"""What people and sheets see of the model: one scenario, its axis taken off, on the timeline of the sheets.

A path has zeros after its horizon, and what is not defined is a word, "n/a" for most; the model knows
neither. Each figure is worked out when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.parameters import PLANTS
from xlwings_addin.inputs.renamed import former_attribute
from xlwings_addin.segments.build_up import BuildUp
from xlwings_addin.segments.lines import Lines, ModelLine
from xlwings_addin.segments.stream import Segment
from xlwings_addin.valuation.model import Model
from xlwings_addin.valuation.parts import Multiples, Part, sum_keys


def for_sheet(name: str, declared: ModelLine[Any], value: Any, years: int) -> Any:
    """A value of one scenario as sheets have it: a float, a word, a date, or an array over the timeline."""
    if declared.span == "once":
        return _single(name, declared, value)
    path = np.asarray(value)[:, 0]
    if not np.isfinite(path).all():
        raise DomainError(name, path.tolist(), "must be finite in every year")
    length = years if declared.span == "years" else years + 1
    beyond = declared.beyond if declared.beyond != "last" else path[-1] if len(path) else 0.0
    padded = np.full(length, beyond)
    padded[: len(path)] = path
    return padded


def _single(name: str, declared: ModelLine[Any], value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.item()
    if not isinstance(value, int | float):
        return value
    if math.isnan(value) and declared.undefined:
        return declared.word
    if not math.isfinite(value):
        raise DomainError(name, value, "must be a finite number")
    return float(value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)


class View:
    """The lines of a group, each as sheets have it, as attributes; kept once they are asked for.

    Paths begin with the base year, but for the lines in `from_first`, which begin with the year after it.
    """

    from_first: frozenset[str] = frozenset()

    def __init__(self, lines: Lines, years: int, *, called: str = "") -> None:
        self._lines, self._years, self._called = lines, years, called
        self._wholes: dict[str, Any] = {}

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        if key not in self._lines.lines() and self._called:
            return former_attribute(self, self._called, key)
        value = self._whole(key)
        if key in self.from_first:
            value = value[1:]
        self.__dict__[key] = value
        return value

    def _whole(self, key: str) -> Any:
        wholes: dict[str, Any] = self._wholes
        if key not in wholes:
            lines: Lines = self._lines
            if key not in lines.lines():
                raise AttributeError(f"{lines.name} has no line {key}")
            declared = lines.lines()[key]
            wholes[key] = for_sheet(f"{lines.name}.{key}", declared, getattr(lines, key), self._years)
        return wholes[key]

    def as_dict(self) -> dict[str, Any]:
        """All lines by key, each part of a sum as a dictionary itself."""
        values = {
            key: getattr(self, key)
            for key in self._lines.lines()
            if self._lines.lines()[key].unit != "record"
        }
        return {key: value.as_dict() if isinstance(value, View) else value for key, value in values.items()}

    def __reduce__(self) -> tuple[type[Kept], tuple[dict[str, Any]]]:
        """A copy, or what another process is handed, has the figures and not the model behind them."""
        return Kept, (self.as_dict(),)

    def __eq__(self, other: object) -> bool:
        """Whether all lines are the same."""
        if not isinstance(other, View):
            return NotImplemented
        return _same(self.as_dict(), other.as_dict())

    __hash__ = None  # type: ignore[assignment]

    def has(self, key: str) -> bool:
        """Whether the group has a line of this key."""
        return key in self._lines.lines()

    def cells(self, key: str, column: str) -> Any:
        """A line's value for a column of a sheet: `opening` is the base year, `years` what follows it."""
        value = self._whole(key)
        if column == "opening":
            return float(value[0])
        return value[-self._years :] if column == "years" else value


class Kept(View):
    """The figures of a view without the model they came from."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        values_for_sheet = {
            key: Kept(value) if isinstance(value, dict) else value for key, value in values.items()
        }
        self.__dict__.update(values_for_sheet, _values=dict(values))

    def __getattr__(self, key: str) -> Any:
        raise AttributeError(f"no figure {key} is kept")

    def as_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = self._values
        return values


class TimelineView(View):
    """The timeline; what is left of the base year by itself."""

    from_first = frozenset(("year_number", "year", "year_end_exponent", "flow_exponent"))

    @property
    def opening_flow_exponent(self) -> float:
        return float(self.cells("flow_exponent", "opening"))


class SegmentView(View):
    """A business by one method; its valuation and the cross-checks of that by themselves."""

    @property
    def valuation(self) -> ValuationView:
        view = self.__dict__["_valuation"] = self.__dict__.get("_valuation") or ValuationView(self)
        return view

    @property
    def checks(self) -> SegmentView:
        return self


class ValuationView:
    """The lines of a discounted stream; of its flows, those of the forecast years."""

    def __init__(self, segment: SegmentView) -> None:
        self._segment = segment

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        return getattr(self._segment, key)

    @property
    def fcff(self) -> NDArray[np.float64]:
        flows: NDArray[np.float64] = self._segment.fcff[1:]
        return flows

    @property
    def opening_fcff(self) -> float:
        return float(self._segment.fcff[0])

    @property
    def is_final(self) -> NDArray[np.float64]:
        flags: NDArray[np.float64] = self._segment.is_final[1:]
        return flags

    @property
    def opening_is_final(self) -> float:
        return float(self._segment.is_final[0])


class RampView(SegmentView):
    """The ramp; the revenue it starts from by itself."""

    from_first = frozenset(("revenue", "revenue_usd", "deliveries_at_base_price"))

    @property
    def base_revenue(self) -> float:
        return float(self.cells("revenue", "opening"))

    @property
    def base_revenue_usd(self) -> float:
        return float(self.cells("revenue_usd", "opening"))


class UnitsView(SegmentView):
    """Vehicles built up, with their plants by number."""

    from_first = frozenset(("fade_position", "price_change", "learnt_margin", "margin_ceiling"))

    @property
    def plants(self) -> dict[int, NDArray[np.float64]]:
        return {n: getattr(self, f"plant_{n}") for n in PLANTS}


class PositionsView(View):
    """How far each forecast year is along the fades."""

    from_first = frozenset(("fade_position",))


class BuildUpView(SegmentView):
    """A group built up, with the segments in it as attributes."""

    def __init__(self, group: BuildUp, years: int) -> None:
        super().__init__(group, years)
        self.positions = PositionsView(group.positions, years)
        self.segments: dict[str, View] = {member.key: View(member, years) for member in group.members}
        self.__dict__.update(self.segments)

    @property
    def growth(self) -> dict[str, NDArray[np.float64]]:
        """What grows by itself: units and price of some segments, revenue of others."""
        return {
            f"{key}_{line.removesuffix('growth')}".strip("_"): getattr(view, line)
            for key, view in self.segments.items()
            for line in ("shipment_growth", "price_growth", "growth")
            if view.has(line)
        }

    def __getattr__(self, key: str) -> Any:
        if key in ("shipments", "price"):
            return getattr(next(view for view in self.segments.values() if view.has(key)), key)
        return getattr(self.positions, key) if key.endswith("_position") else super().__getattr__(key)


VIEWS: dict[str, type[SegmentView]] = {
    "build_up": BuildUpView,
    "capacity_ramp": UnitsView,
    "revenue_ramp": RampView,
}
"""Views of templates with something by itself."""


class SumView(View):
    """The sum of the parts, each part in the ways the sheet shows it."""

    def __init__(self, model: Model, years: int) -> None:
        super().__init__(model.sotp, years, called="SumOfParts")
        self._model, self._parts = model, sum_keys(model.company)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        group = self._group(key)
        if group is None:
            return super().__getattr__(key)
        view = self.__dict__[key] = View(group, self._years)
        return view

    def _group(self, key: str) -> Lines | None:
        """The group of lines that a part, its multiples or the bridge is a view of."""
        model, name = self._model, f"sotp.{key}"
        if key in self._parts:
            return Part(name, model.inputs, whole=model.sotp, key=key)
        if key == "profit":
            return model.profit
        business = model.businesses.get(key.removesuffix("_multiples"))
        if key.endswith("_multiples") and isinstance(business, Segment):
            return Multiples(name, model.inputs, business=business)
        return None

    @property
    def equity(self) -> View:
        """The equity value in the ways the sheet shows it."""
        return self.part("equity_value")

    def part(self, key: str) -> View:
        """A part by its key."""
        view: View = getattr(self, key)
        return view

    def multiples(self, key: str) -> View:
        """The multiples of a part by its key."""
        view: View = getattr(self, f"{key}_multiples")
        return view

    def as_dict(self) -> dict[str, Any]:
        """The lines of the sum, its parts, the multiples of the businesses and the bridge to profit."""
        own = [f"{key}_multiples" for key in self._model.businesses if self._group(f"{key}_multiples")]
        own += ["profit"] * (self._model.profit is not None)
        return super().as_dict() | {key: getattr(self, key).as_dict() for key in own}

    def cells(self, key: str, column: str) -> Any:
        if key in self._parts:
            return getattr(self.part(key), column)
        return super().cells(key, column)
