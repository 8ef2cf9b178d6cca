"""Every input at both ends of its own range, one at a time: which of them the value of a share hangs on.

All ends are valued by the model itself, those that may be drawn together; counts, years and the like, of
which a batch has one for all, by themselves. An end that breaks a rule is not valued, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.pictures.bars import Bars
from xlwings_addin.pictures.bars import tornado as picture_of_swings
from xlwings_addin.pictures.numbers import number_text
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import Segment
from xlwings_addin.valuation.draws import Batch
from xlwings_addin.valuation.model import Model, find

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
MOST_BARS = 9
"""Inputs that a picture shows."""
LEAST = 1e-9
"""HKD: a swing below it is rounding."""
DRAWN = ("number", "rate")


@dataclass(frozen=True)
class End:
    """An input at one end of its range: the value per share there, and of each business; None with a rule."""

    value: float
    per_share: float | None
    parts: Mapping[str, float]
    refused: str = ""


@dataclass(frozen=True)
class Bar:
    """An input and its two ends. HKD a share.

    `start` and `present` are the input and the value per share in the case; `shares` says how much of the
    swing is in which business, the rest being cash, discount, shares and currency.
    """

    key: str
    label: str
    unit: str
    start: float
    present: float
    low: End
    high: End

    @property
    def swing(self) -> float:
        """From the lower to the higher value per share; an end without one counts as the case."""
        ends = [end.per_share if end.per_share is not None else self.present for end in (self.low, self.high)]
        return max(*ends, self.present) - min(*ends, self.present)

    @property
    def change(self) -> float:
        """The value at the high end less that at the low end; an end without one counts as the case."""
        low, high = (
            end.per_share if end.per_share is not None else self.present for end in (self.low, self.high)
        )
        return high - low

    @property
    def shares(self) -> dict[str, float]:
        """What part of the change from low to high is in each business; it may lie outside 0 to 1."""
        change = self.change
        if not self.low.parts or not self.high.parts or abs(change) < LEAST:
            return {}
        return {key: (self.high.parts[key] - self.low.parts[key]) / change for key in self.high.parts}

    @property
    def range_text(self) -> str:
        """The ends of the input as a reader has them: shares in per cent."""
        return " to ".join(number_text(end.value, self.unit) for end in (self.low, self.high))

    @property
    def elasticity(self) -> float | None:
        """Relative change of the value from end to end, to that of the input; None where either is 0."""
        width = self.high.value - self.low.value
        if not self.start or not self.present or self.low.per_share is None or self.high.per_share is None:
            return None
        return self.change / self.present / (width / self.start)


@dataclass(frozen=True)
class Tornado:
    """All inputs with a range, those that the value hangs on most first; `still` move nothing.

    `currency` is that of the price of a share.
    """

    identity: Identity
    present: float
    bars: tuple[Bar, ...]
    still: tuple[str, ...]
    currency: str

    def __repr__(self) -> str:
        first = self.bars[0].key if self.bars else "none"
        return f"<Tornado of {self.identity.case}: {len(self.bars)} inputs, {first} first>"

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return {
            **self.identity.summary(),
            "line": VALUE_PER_SHARE,
            "in_the_case": self.present,
            "inputs": [
                {
                    "key": bar.key,
                    "label": bar.label,
                    "unit": bar.unit,
                    "in_the_case": bar.start,
                    "low": _plain(bar.low),
                    "high": _plain(bar.high),
                    "swing": bar.swing,
                    "shares": bar.shares,
                    "elasticity": bar.elasticity,
                }
                for bar in self.bars
            ],
            "moves_nothing": list(self.still),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each input, the widest swing first."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "key": bar.key,
                    "low": bar.low.value,
                    "in_the_case": bar.start,
                    "high": bar.high.value,
                    "at_low": bar.low.per_share,
                    "at_high": bar.high.per_share,
                    "swing": bar.swing,
                    **{f"share_{key}": share for key, share in bar.shares.items()},
                    "elasticity": bar.elasticity,
                }
                for bar in self.bars
            ]
        )

    def picture(self, most: int = MOST_BARS, labels: Mapping[str, str] | None = None) -> Bars:
        """The widest swings as bars around the value of the case; `labels` names inputs otherwise, by key.

        Raises `DomainError` where no input moves the value.
        """
        swings = [
            (
                f"{(labels or {}).get(bar.key, bar.label)}, {bar.range_text}",
                self.present if bar.low.per_share is None else bar.low.per_share,
                self.present if bar.high.per_share is None else bar.high.per_share,
            )
            for bar in self.bars[:most]
        ]
        title = f"What moves the value: the first {len(swings)} of {len(self.bars)} inputs"
        return picture_of_swings(swings, self.present, unit=f"{self.currency} a share", title=title)

    def plot(self, axes: Axes | None = None) -> Axes:
        """The same picture on axes of matplotlib, new ones by default (extra `plots`)."""
        return self.picture().plot(axes)


def _plain(end: End) -> dict[str, Any]:
    return {
        "input": end.value,
        "value_per_share": end.per_share,
        "businesses": dict(end.parts),
        "refused": end.refused,
    }


def tornado(case: str = DEFAULT_CASE, *, folder: Path | None = None) -> Tornado:
    """Every input of a case at the low and at the high end of its own row, the others as they are.

    Raises `InputError` for an unknown case and for a case without an input that has a range.

    >>> tornado("base").bars[0].key
    'iot_gross_margin_end'
    """
    return tornado_of(load_inputs(case, folder))


def tornado_of(inputs: Inputs) -> Tornado:
    """`tornado` with the inputs at hand."""
    ranged = {
        key: (float(row.low), float(row.high))
        for key, row in inputs.rows.items()
        if row.low is not None and row.high is not None and row.low < row.high and key != "probability"
    }
    if not ranged:
        raise InputError("case", inputs.case, "must have an input with a range", display=inputs.case)
    model = Model(Scalars(inputs.values, inputs.tables))
    valued = [key for key, part in model.businesses.items() if isinstance(part, Segment)]
    lines = {key: f"sotp.{key}.per_share" for key in valued}
    names = (VALUE_PER_SHARE, *lines.values())
    drawn = [key for key in ranged if _is_drawn(inputs, key)]
    ends = _drawn_ends(inputs, {key: ranged[key] for key in drawn}, names)
    for key in ranged:
        if key not in ends:
            ends[key] = [_end(inputs, key, value, names) for value in ranged[key]]
    groups = model.groups()
    present = float(np.asarray(_line(groups, VALUE_PER_SHARE)).item())
    bars = [
        Bar(parameter.key, parameter.label, parameter.printed_unit, inputs.number(key), present, *ends[key])
        for key, parameter in ((key, inputs.parameter(key)) for key in ranged)
    ]
    bars.sort(key=lambda bar: -bar.swing)
    moving = tuple(bar for bar in bars if bar.swing > LEAST or bar.low.refused or bar.high.refused)
    still = tuple(bar.key for bar in bars if bar not in moving)
    return Tornado(identity_of(inputs), present, moving, still, inputs.tables.company.currency.listing)


def _is_drawn(inputs: Inputs, key: str) -> bool:
    parameter = inputs.parameter(key)
    return parameter.kind in DRAWN and parameter.section != "Conventions"


def _line(groups: Mapping[str, Any], name: str) -> Any:
    group, line = find(dict(groups), name)
    return getattr(group, line.key)


def _drawn_ends(
    inputs: Inputs, ranged: Mapping[str, tuple[float, float]], names: Sequence[str]
) -> dict[str, list[End]]:
    """All ends of inputs that may be drawn: two draws for each, with all other inputs as they are."""
    if not ranged:
        return {}
    count = 2 * len(ranged)
    draws = {key: np.full(count, inputs.number(key)) for key in ranged}
    for place, (key, ends) in enumerate(ranged.items()):
        draws[key][2 * place : 2 * place + 2] = ends
    drawn = Batch(inputs, tuple(ranged), names)(draws)
    made: dict[str, list[End]] = {}
    for place, (key, ends) in enumerate(ranged.items()):
        made[key] = [
            _read_end(names, drawn.lines, column, value)
            if drawn.valid[column]
            else End(value, None, {}, _refusal(inputs, key, value))
            for column, value in enumerate(ends, 2 * place)
        ]
    return made


def _read_end(names: Sequence[str], lines: Mapping[str, Floats], column: int, value: float) -> End:
    parts = {name.split(".")[1]: float(lines[name][column]) for name in names[1:]}
    return End(value, float(lines[names[0]][column]), parts)


def _end(inputs: Inputs, key: str, value: float, names: Sequence[str]) -> End:
    """An end of an input that a batch has once: a case of its own."""
    try:
        changed = inputs.replace(**{key: value})
    except ValuationError as error:
        return End(value, None, {}, str(error))
    groups = Model(Scalars(changed.values, changed.tables)).groups()
    lines = {name: np.atleast_1d(np.asarray(_line(groups, name), dtype=float)) for name in names}
    return _read_end(names, lines, 0, value)


def _refusal(inputs: Inputs, key: str, value: float) -> str:
    try:
        inputs.replace(**{key: value})
    except ValuationError as error:
        return str(error)
    return "has no value"


@dataclass(frozen=True)
class RankStability:
    """How alike the order of the inputs is between cases.

    `ranks` is the place of an input in each case, 1 the widest swing, None where it moves nothing or has no
    range; `correlation` is Spearman's, over the inputs that have a range in both cases and move one of them.
    """

    cases: tuple[str, ...]
    ranks: Mapping[str, tuple[int | None, ...]]
    correlation: Floats

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read; None for a pair of cases without two inputs in common."""
        plain = self.correlation.astype(object)
        plain[~np.isfinite(self.correlation)] = None
        return {
            "cases": list(self.cases),
            "ranks": {key: list(ranks) for key, ranks in self.ranks.items()},
            "rank_correlation": plain.tolist(),
        }


def rank_stability(tornados: Sequence[Tornado]) -> RankStability:
    """The places of the inputs in each of several cases, and how alike two cases order them.

    Source: Spearman, American Journal of Psychology 15 (1904), 72-101.
    """
    swings = [
        {**dict.fromkeys(one.still, 0.0), **{bar.key: bar.swing for bar in one.bars}} for one in tornados
    ]
    places = [{bar.key: place for place, bar in enumerate(one.bars, 1)} for one in tornados]
    moving = dict.fromkeys(bar.key for one in tornados for bar in one.bars)
    ranks = {key: tuple(place.get(key) for place in places) for key in moving}
    correlation = np.array([[_correlation(one, other) for other in swings] for one in swings])
    return RankStability(tuple(one.identity.case for one in tornados), ranks, correlation)


def _correlation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    common = [key for key in one if key in other and (one[key] or other[key])]
    if len(common) < 2:
        return np.nan
    first, second = (_ranks(np.array([swings[key] for key in common])) for swings in (one, other))
    if not np.ptp(first) or not np.ptp(second):
        return np.nan
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(swings: Floats) -> Floats:
    """1 for the widest; ties share the mean of their places."""
    wider = (swings[None, :] > swings[:, None]).sum(axis=1)
    ties = (swings[None, :] == swings[:, None]).sum(axis=1)
    ranks: Floats = wider + (ties + 1) / 2
    return ranks
