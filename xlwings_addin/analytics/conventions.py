"""What conventions are worth: every other option of every convention of a case, in money a share.

    conventions("base")                              alone, and all the first options together
    conventions("base", against="march_2024_replica")     the conventions of another case, on this one's facts

Alone, a convention changes and all others are the case's. Together, the change from one set of conventions to
the other is split by Shapley value, as a bridge splits it: the parts sum to the change, whatever the order.

Source: Shapley, A value for n-person games (1953), by `shapley`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.convention_options import (
    Convention,
    Option,
    conventions_of,
    options_of_case,
)
from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.analytics.shapley import all_coalitions, shapley
from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.drivers import DriverBook, read_drivers
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.rules import require_drawable
from xlwings_addin.valuation.draws import evaluate_few
from xlwings_addin.valuation.xiaomi import evaluate

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PricedOption:
    """Another option of a convention, alone: what a share is worth with it, or the rule that it breaks."""

    key: str
    label: str
    own: str
    option: str
    per_share: float | None
    change: float | None
    refused: str = ""
    source: str = ""


@dataclass(frozen=True)
class Together:
    """From the case's conventions to another set: the change, and the part of every convention in it.

    `alone` is what the same options change one at a time, so that `change` less their sum is what they do to
    each other. `left_out` names the rule that the others break together with a convention that has no part.
    """

    options: Mapping[str, str]
    per_share: float
    change: float
    parts: Mapping[str, float]
    alone: Mapping[str, float]
    left_out: Mapping[str, str]

    @property
    def interaction(self) -> float:
        """What the conventions change together beyond the sum of what they change alone."""
        return self.change - fsum(self.alone.values())


@dataclass(frozen=True)
class Conventions:
    """What a share is worth with other conventions; `missing` says which option lacks a figure."""

    identity: Identity
    unit: str
    present: float
    against: str
    options: tuple[PricedOption, ...]
    together: Together
    missing: Mapping[str, str]

    def __repr__(self) -> str:
        change = f"{self.together.change:+.2f} together"
        return f"<Conventions {self.identity.case} {self.present:.2f}: {len(self.options)} options, {change}>"

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        together = self.together
        return {
            **self.identity.summary(),
            "unit": self.unit,
            "in_the_case": self.present,
            "against": self.against,
            "options": [
                {
                    "key": option.key,
                    "label": option.label,
                    "in_the_case": option.own,
                    "option": option.option,
                    "per_share": option.per_share,
                    "change": option.change,
                    "refused": option.refused,
                    "source": option.source,
                }
                for option in self.options
            ],
            "together": {
                "options": dict(together.options),
                "per_share": together.per_share,
                "change": together.change,
                "parts": dict(together.parts),
                "alone": dict(together.alone),
                "interaction": together.interaction,
                "left_out": dict(together.left_out),
            },
            "missing": dict(self.missing),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for every other option: value of a share and change."""
        import pandas as pd

        columns = ["key", "own", "option", "per_share", "change", "refused"]
        return pd.DataFrame(
            [[getattr(row, name) for name in columns] for row in self.options], columns=columns
        )


def conventions(case: str = DEFAULT_CASE, *, against: str = "", folder: Path | None = None) -> Conventions:
    """Every convention of a case priced in money a share, alone and together.

    Args:
        case: the case, whose facts stay as they are.
        against: a case whose conventions are the other set; by default the first other option of each.
        folder: the tables, the project's own by default.

    Raises: `ChoiceError` for an unknown case, `InputError` where the other case has the same conventions.

    >>> answer = conventions("march_2024_replica")
    >>> [f"{row.change:+.2f}" for row in answer.options if row.key == "terminal_form"]
    ['+0.54']
    """
    inputs = load_inputs(case, folder)
    return conventions_in(inputs, read_drivers(folder), load_inputs(against, folder) if against else None)


def conventions_in(inputs: Inputs, book: DriverBook, against: Inputs | None = None) -> Conventions:
    """`conventions` with the inputs and the drivers at hand."""
    declared, prices = conventions_of(inputs, book), _Prices(inputs)
    if against is not None:
        chosen = options_of_case(declared, inputs, against)
        if not chosen:
            rule = f"has the conventions of case {inputs.case}"
            raise InputError("against", against.case, rule, display=against.case)
    else:
        chosen = {one.key: one.options[1] for one in declared if len(one.options) > 1}
    return Conventions(
        identity_of(inputs),
        inputs.tables.company.currency.listing,
        prices.value([]),
        "" if against is None else against.case,
        tuple(_priced(prices, one, option) for one in declared for option in one.options[1:]),
        _together(prices, chosen),
        {one.key: one.missing for one in declared if one.missing},
    )


class _Prices:
    """Values of a share of one case under options, every rule checked."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.results = evaluate(inputs)
        self._values: dict[frozenset[tuple[str, Value]], float] = {}

    def value(self, options: Sequence[Option]) -> float:
        settings = self._settings(options)
        asked = frozenset(settings.items())
        if asked not in self._values:
            inputs = self.inputs.replace(**settings)
            self._values[asked] = float(evaluate(inputs).sotp.value_per_share)
        return self._values[asked]

    def _settings(self, options: Sequence[Option]) -> dict[str, Value]:
        settings: dict[str, Value] = {}
        for option in options:
            settings |= option.settings
            for key, (share, line) in option.of_final_income.items():
                settings[key] = share * self._line(line)
        return settings

    def values(self, players: Mapping[str, Option]) -> dict[frozenset[str], float]:
        """Values of a share under every mix of options; NaN for one that breaks a rule.

        Options that set numbers alone are valued together for each mix of the others.
        """
        drawn = {key: option for key, option in players.items() if self._is_drawn(option)}
        others = [key for key in players if key not in drawn]
        coalitions = list(all_coalitions(list(drawn)))
        own = self._settings(list(drawn.values()))
        draws = {key: np.full(len(coalitions), self.inputs.number(key)) for key in own}
        for place, coalition in enumerate(coalitions):
            settings = self._settings([option for key, option in drawn.items() if key in coalition])
            for key, number in settings.items():
                draws[key][place] = number
        worth: dict[frozenset[str], float] = {}
        for mix in all_coalitions(others):
            values = self._drawn([players[key] for key in others if key in mix], draws, len(coalitions))
            worth |= {
                mix | coalition: value for coalition, value in zip(coalitions, values.tolist(), strict=True)
            }
        return worth

    def _is_drawn(self, option: Option) -> bool:
        try:
            require_drawable((*option.settings, *option.of_final_income), self.inputs.tables.company)
        except ValuationError:
            return False
        return True

    def _drawn(self, options: Sequence[Option], draws: Mapping[str, Floats], count: int) -> Floats:
        """Values of a share under options, for draws of other inputs."""
        try:
            inputs = self.inputs.replace(**self._settings(options))
            if not draws:
                return np.full(count, evaluate(inputs).sotp.value_per_share)
            return evaluate_few(inputs, draws, VALUE_PER_SHARE)
        except ValuationError:
            return np.full(count, np.nan)

    def _line(self, name: str) -> float:
        group, _, key = name.rpartition(".")
        figure = getattr(self.results.model.groups()[group], key)
        return float(np.ravel(figure)[0])

    def rule(self, options: Sequence[Option]) -> str:
        """The rule that options break together, or nothing."""
        try:
            self.value(options)
        except ValuationError as error:
            return str(error)
        return ""


def _priced(prices: _Prices, convention: Convention, option: Option) -> PricedOption:
    refused = prices.rule([option])
    value = None if refused else prices.value([option])
    return PricedOption(
        convention.key,
        convention.label,
        convention.options[0].label,
        option.label,
        value,
        None if value is None else value - prices.value([]),
        refused,
        option.source,
    )


def _together(prices: _Prices, chosen: Mapping[str, Option]) -> Together:
    """The Shapley parts of the options that can stand together in every mix."""
    players, left_out = dict(chosen), dict[str, str]()
    worth = prices.values(players)
    while refused := [one for one in all_coalitions(list(players)) if not np.isfinite(worth[one])]:
        out = next(key for key in reversed(players) if key in refused[0])
        left_out[out] = prices.rule([option for key, option in players.items() if key in refused[0]])
        del players[out]
        worth = prices.values(players)
    none, everyone = worth[frozenset()], worth[frozenset(players)]
    return Together(
        {key: option.label for key, option in players.items()},
        everyone,
        everyone - none,
        shapley(worth.__getitem__, list(players)),
        {key: worth[frozenset([key])] - none for key in players},
        left_out,
    )
