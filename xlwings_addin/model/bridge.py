"""What moved the value of a share: the change between two sets of inputs, split by driver.

A driver is a changed scalar or a changed row of the history, or, from `FEW` of them on, a section of the
inputs. Its part is its Shapley value in the game whose players are the drivers and whose coalitions are mixes
of the inputs: the drivers of a coalition are as they are after, the others as they were before. The parts sum
to the change, do not depend on an order of the changes, and change sign when before and after are exchanged.

    shapley            exact, over all coalitions
    sampled_shapley    estimated from orders drawn at random, with a standard error
    bridge             the change in value per share between two `Inputs`, split by driver

A mix may break a rule that neither set of inputs breaks (the old WACC, the new growth above it). The two
drivers that cannot be mixed then become one, which names the rule.

Sources: Shapley, A value for n-person games, in Contributions to the Theory of Games II (1953), 307-317;
Shorrocks, Decomposition procedures for distributional analysis, Journal of Economic Inequality 11 (2013),
99-126, for drivers as players; Castro, Gomez and Tejada, Polynomial calculation of the Shapley value based on
sampling, Computers & Operations Research 36 (2009), 1726-1730; Mitchell, Cooper, Frank and Holmes, Sampling
permutations for Shapley value estimation, Journal of Machine Learning Research 23 (2022), for antithetic
orders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from itertools import chain, combinations, product
from math import comb, fsum, sqrt
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from xlwings_addin.core.errors import ChoiceError, DomainError, ValuationError
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.parameter import Value
from xlwings_addin.model.parameters import PARAMETERS, parameter
from xlwings_addin.model.tables import Row, Tables, period_end
from xlwings_addin.model.xiaomi import evaluate

FEW = 12
"""From so many changed inputs on, a driver is a section of them."""
EXACT_UP_TO = 12
"""Drivers over which all coalitions are valued: 4,096 at most, about ten seconds."""
SAMPLES = 64
"""Pairs of orders drawn beyond that."""
SEED = 1810
WITNESSES = 24
"""Broken mixes that are looked into before two drivers are joined."""
HISTORY = "History"

Grouping = Literal["auto", "input", "section"]
GROUPINGS: tuple[Grouping, ...] = ("auto", "input", "section")
Player = TypeVar("Player", bound=Hashable)
Game = Callable[[frozenset[Player]], float]
Progress = Callable[[int, int], object]
Rule = Callable[[int], str]
"""The rule that a mix breaks, or nothing."""


# --- Shapley values -----------------------------------------------------------------------------------


class Estimate(NamedTuple):
    """A Shapley value estimated from a sample, and its standard error."""

    part: float
    error: float


def shapley(value: Game[Player], players: Sequence[Player]) -> dict[Player, float]:
    """Each player's part of what all of them are worth together, exact.

        part_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (value(S + i) - value(S))

    `value` is asked once for each of the 2^n coalitions S. The parts sum to value(all) - value(none), up to
    rounding, in the unit of `value`.
    Source: Shapley (1953). The example is the glove game: of the six orders of two left gloves and a right
    one, the right one completes the pair in four, each left one in one.

    >>> def pairs(gloves):
    ...     return min(len(gloves & {"left", "other left"}), len(gloves & {"right"}))
    >>> {name: round(part, 4) for name, part in shapley(pairs, ["left", "other left", "right"]).items()}
    {'left': 0.1667, 'other left': 0.1667, 'right': 0.6667}
    """
    n = len(players)
    worth = {coalition: value(coalition) for coalition in _coalitions(players)}
    weight = [1 / (n * comb(n - 1, size)) for size in range(n)]
    return {
        player: fsum(
            weight[len(others)] * (worth[others | {player}] - worth[others])
            for others in worth
            if player not in others
        )
        for player in players
    }


def sampled_shapley(
    value: Game[Player], players: Sequence[Player], *, samples: int = SAMPLES, seed: int = SEED
) -> dict[Player, Estimate]:
    """Each player's part, estimated from `samples` random orders, each paired with its reverse.

        part_i = mean over orders of value(those before i, and i) - value(those before i)

    The two orders of a pair err in opposite directions where a player's contribution grows or falls steadily
    with the size of the coalition. The standard error is that of the mean over pairs, in the unit of `value`.
    Within every order the contributions telescope, so that the parts sum to value(all) - value(none) up to
    rounding, whatever was drawn. One seed draws the same orders for the same players.

    Raises `DomainError` for fewer than two samples, as one pair has no spread, and for a negative seed.
    Source: Castro, Gomez and Tejada (2009); Mitchell, Cooper, Frank and Holmes (2022).

    >>> sampled_shapley(len, "abc", samples=2)["a"]
    Estimate(part=1.0, error=0.0)
    """
    _check_sample(samples, seed)
    found = [_contributions(value, order) for order in _orders(players, samples, seed)]
    pairs = list(zip(found[::2], found[1::2], strict=True))
    return {
        player: _estimate([(one[player] + other[player]) / 2 for one, other in pairs]) for player in players
    }


def _check_sample(samples: int, seed: int) -> None:
    if samples < 2:
        raise DomainError("samples", samples, "must be at least 2, for a standard error")
    if seed < 0:
        raise DomainError("seed", seed, "must be at least 0")


def _coalitions(players: Sequence[Player]) -> Iterator[frozenset[Player]]:
    """All subsets of the players, the smallest first."""
    sizes = range(len(players) + 1)
    return map(frozenset, chain.from_iterable(combinations(players, size) for size in sizes))


def _orders(players: Sequence[Player], samples: int, seed: int) -> Iterator[list[Player]]:
    """Orders of the players drawn at random, each followed by its reverse."""
    generator = np.random.default_rng(seed)
    for _ in range(samples):
        order = [players[position] for position in generator.permutation(len(players))]
        yield order
        yield order[::-1]


def _prefixes(order: Sequence[Player]) -> list[frozenset[Player]]:
    """The coalitions an order passes through, from nobody to all."""
    return [frozenset(order[:count]) for count in range(len(order) + 1)]


def _contributions(value: Game[Player], order: Sequence[Player]) -> dict[Player, float]:
    worth = [value(coalition) for coalition in _prefixes(order)]
    return {player: worth[position + 1] - worth[position] for position, player in enumerate(order)}


def _estimate(means: Sequence[float]) -> Estimate:
    mean, count = fsum(means) / len(means), len(means)
    variance = fsum((each - mean) ** 2 for each in means) / (count - 1)
    return Estimate(mean, sqrt(variance / count))


# --- what differs -------------------------------------------------------------------------------------

_SCALARS = frozenset(known.key for known in PARAMETERS)


@dataclass(frozen=True)
class Change:
    """An input that differs: a scalar, or with a period a figure of the tables; None where there is none."""

    key: str
    period: str
    label: str
    before: Value | None
    after: Value | None

    @property
    def is_scalar(self) -> bool:
        """Whether a case sets it; otherwise it is a figure of the tables."""
        return not self.period and self.key in _SCALARS


@dataclass(frozen=True)
class Driver:
    """Changes that count as one, and their part of the change in value per share, HKD.

    `error` is the part's standard error, nothing where it is exact. `joined` names the rules that mixes of
    the driver's own changes break, where it is made of several for that reason.
    """

    label: str
    changes: tuple[Change, ...]
    part: float
    error: float = 0.0
    joined: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bridge:
    """From one value per share to another, HKD: the drivers, the largest part first.

    `samples` is the number of pairs of orders that the parts were estimated from, 0 where they are exact, and
    `evaluations` how often the model was valued.
    """

    before_case: str
    after_case: str
    before: float
    after: float
    drivers: tuple[Driver, ...]
    samples: int
    evaluations: int

    @property
    def change(self) -> float:
        """What a share is worth more after than before, HKD; the drivers' parts sum to it up to rounding."""
        return self.after - self.before

    def as_dict(self) -> dict[str, Any]:
        """The bridge as plain data, for a program to read; dates in ISO form."""
        data = {**asdict(self), "unit": "HKD a share", "change": self.change, "exact": not self.samples}
        for driver in data["drivers"]:
            for change in driver["changes"]:
                for side in ("before", "after"):
                    if hasattr(change[side], "isoformat"):
                        change[side] = change[side].isoformat()
        return data


def changes_between(before: Inputs, after: Inputs) -> tuple[Change, ...]:
    """The scalars that differ, in the order of the sheets, then the figures that do, by key and period.

    The names of the cases, and where a number was read, are no inputs: they may differ.

    >>> from xlwings_addin.model.inputs import load_inputs
    >>> base = load_inputs("base")
    >>> [(each.label, each.after) for each in changes_between(base, base.replace(tax_rate=0.2))]
    [('Tax rate', 0.2)]
    """
    scalars = [
        Change(each.key, "", each.label, before[each.key], after[each.key])
        for each in PARAMETERS
        if before[each.key] != after[each.key]
    ]
    if before.tables is after.tables:
        return tuple(scalars)
    one, other = _figures(before.tables), _figures(after.tables)
    differing = [at for at in one.keys() | other.keys() if one.get(at) != other.get(at)]
    figures = [
        Change(*at, f"{_words(at[0])} {at[1]}".strip(), one.get(at), other.get(at))
        for at in sorted(differing, key=_by_key_and_time)
    ]
    return (*scalars, *figures)


def _figures(tables: Tables) -> dict[tuple[str, str], Value]:
    """The figures that stand in the tables, but for the scalars: those are the case's to set."""
    return {
        (key, period): tables.row(key, period).value
        for key, period in tables.figures
        if period or key not in _SCALARS
    }


def _by_key_and_time(figure: tuple[str, str]) -> tuple[str, bool, str]:
    key, period = figure
    return key, bool(period), period_end(period).isoformat() + period if period else ""


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()


# --- the bridge ---------------------------------------------------------------------------------------


def bridge(
    before: Inputs,
    after: Inputs,
    *,
    by: Grouping = "auto",
    exact_up_to: int = EXACT_UP_TO,
    samples: int = SAMPLES,
    seed: int = SEED,
    progress: Progress = lambda done, total: None,
) -> Bridge:
    """The change in value per share from `before` to `after`, split by driver, HKD.

    `by` says what a driver is: each changed scalar and each row of the history ("input"), their section
    ("section"), or the one while there are fewer than `FEW` and the other beyond ("auto"). The parts are
    exact up to `exact_up_to` drivers; beyond, they are estimated from `samples` pairs of orders. `progress`
    is told how many mixes are valued, of how many.

    Both sets of inputs keep every rule; drivers of which a mix breaks one are joined (`Driver.joined`).
    Raises `ChoiceError` for an unknown `by`, `DomainError` for fewer than two samples or a negative seed, and
    `ValuationError` where one of the two sets of inputs cannot be valued.
    Source: Shapley (1953); Shorrocks (2013).

    >>> from xlwings_addin.model.inputs import load_inputs
    >>> base = load_inputs("base")
    >>> found = bridge(base, base.replace(new_initiatives_value=base.number("new_initiatives_value") + 1e4))
    >>> [driver.label for driver in found.drivers], found.drivers[0].part == found.change
    (['AI and other new initiatives'], True)
    """
    if by not in GROUPINGS:
        raise ChoiceError("by", by, f"must be one of {', '.join(GROUPINGS)}")
    _check_sample(samples, seed)
    mixes = _Mixes(before, after)

    def plan(players: Sequence[int]) -> Iterable[frozenset[int]]:
        if len(players) <= exact_up_to:
            return _coalitions(players)
        return chain.from_iterable(map(_prefixes, _orders(players, samples, seed)))

    groups = _playable(mixes, _grouped(mixes.changes, by), plan, progress)
    players = range(len(groups))
    exact = len(groups) <= exact_up_to

    def value(coalition: frozenset[int]) -> float:
        return mixes.value(_made(groups, coalition))

    estimates = (
        {player: Estimate(part, 0.0) for player, part in shapley(value, players).items()}
        if exact
        else sampled_shapley(value, players, samples=samples, seed=seed)
    )
    drivers = [
        Driver(group.label, mixes.chosen(group.changes), *estimates[player], group.rules)
        for player, group in enumerate(groups)
    ]
    return Bridge(
        before.case,
        after.case,
        value(frozenset()),
        value(frozenset(players)),
        tuple(sorted(drivers, key=lambda driver: -abs(driver.part))),
        0 if exact else samples,
        mixes.evaluations,
    )


class _Group(NamedTuple):
    """Changes that count as one driver, as the bits of their positions, and the rules that made them one."""

    label: str
    changes: int
    rules: tuple[str, ...] = ()


def _grouped(changes: Sequence[Change], by: Grouping) -> list[_Group]:
    """One group for each scalar and each row of the history, or for each section."""
    rows: dict[object, list[int]] = {}
    sections: dict[object, list[int]] = {}
    for position, each in enumerate(changes):
        rows.setdefault((each.key, each.is_scalar), []).append(position)
        sections.setdefault(_section(each), []).append(position)
    if by == "section" or (by == "auto" and len(rows) >= FEW):
        return [_Group(str(section), _bits(positions)) for section, positions in sections.items()]
    return [
        _Group(_label([changes[position] for position in positions]), _bits(positions))
        for positions in rows.values()
    ]


def _bits(positions: Iterable[int]) -> int:
    return sum(1 << position for position in positions)


def _section(change: Change) -> str:
    return parameter(change.key).section if change.is_scalar else HISTORY


def _label(row: Sequence[Change]) -> str:
    return row[0].label if len(row) == 1 else f"{_words(row[0].key)}, {len(row)} periods"


def _made(groups: Sequence[_Group], coalition: Iterable[int]) -> int:
    """The changes that a coalition of groups makes."""
    return sum(groups[player].changes for player in coalition)


def _playable(
    mixes: _Mixes,
    groups: Sequence[_Group],
    plan: Callable[[Sequence[int]], Iterable[frozenset[int]]],
    progress: Progress,
) -> Sequence[_Group]:
    """The groups, joined until no mix that `plan` asks for breaks a rule; those mixes are then valued.

    Rules of the inputs come first: they are checked many times as fast as a mix is valued.
    """
    while True:
        coalitions = list(dict.fromkeys(plan(range(len(groups)))))
        rule = mixes.input_rule
        broken = _broken(groups, coalitions, rule)
        if not broken:
            rule = mixes.rule
            broken = _broken(groups, coalitions, rule, progress)
        if not broken:
            return groups
        groups = _joined(groups, broken, rule)


def _broken(
    groups: Sequence[_Group],
    coalitions: Sequence[frozenset[int]],
    rule: Rule,
    progress: Progress = lambda done, total: None,
) -> dict[frozenset[int], str]:
    """The coalitions whose mix breaks a rule, with the rule."""
    found = {}
    for done, coalition in enumerate(coalitions, 1):
        message = rule(_made(groups, coalition))
        if message:
            found[coalition] = message
        progress(done, len(coalitions))
    return found


def _joined(groups: Sequence[_Group], broken: Mapping[frozenset[int], str], rule: Rule) -> list[_Group]:
    """The groups with two of them as one: the two that most often are what a broken mix cannot do without.

    Of a broken mix those are, each in the order of the inputs, the changes that remain when all others are
    undone as far as it stays broken, and the changes still missing when all others are made as far as it
    stays broken. Seen from the other end the two trade places, so that the pair is the same in both
    directions.
    """
    everyone = frozenset(range(len(groups)))
    found: Counter[tuple[int, int]] = Counter()
    rules: dict[tuple[int, int], list[str]] = {}
    for made in _witnesses(broken, everyone):
        needed = missing = made
        for player in sorted(made):
            if rule(_made(groups, needed - {player})):
                needed = needed - {player}
        for player in sorted(everyone - made):
            if rule(_made(groups, missing | {player})):
                missing = missing | {player}
        for one, other in product(needed, everyone - missing):
            pair = (min(one, other), max(one, other))
            found[pair] += 1
            rules.setdefault(pair, []).append(broken[made])
    one, other = min(found, key=lambda pair: (-found[pair], pair))
    first, second = groups[one], groups[other]
    joined = _Group(
        f"{first.label} + {second.label}",
        first.changes | second.changes,
        tuple(dict.fromkeys((*first.rules, *second.rules, min(rules[one, other])))),
    )
    return [joined if n == one else group for n, group in enumerate(groups) if n != other]


def _witnesses(broken: Iterable[frozenset[int]], everyone: frozenset[int]) -> list[frozenset[int]]:
    """Some of the broken mixes, the same ones seen from either end."""

    def either_way(made: frozenset[int]) -> tuple[tuple[int, ...], ...]:
        return tuple(sorted((tuple(sorted(made)), tuple(sorted(everyone - made)))))

    taken = set(sorted(set(map(either_way, broken)))[:WITNESSES])
    return [made for made in broken if either_way(made) in taken]


class _Seen(Mapping[str, Value]):
    """Scalars that remember which of them were asked for."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values, self.keys_seen = values, set[str]()

    def __getitem__(self, key: str) -> Value:
        self.keys_seen.add(key)
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Mixes:
    """Inputs with some of the changes made and the others not; the bits of a number say which are made.

    Two mixes that differ only in scalars the valuation of the first never read have one value: the second is
    not valued again.
    """

    def __init__(self, before: Inputs, after: Inputs) -> None:
        self.before, self.after = before, after
        self.changes = changes_between(before, after)
        self.evaluations = 0
        self._values: dict[int, dict[int, float]] = {}
        self._tables = lru_cache(maxsize=64)(partial(_mixed, before.tables, after.tables))

    def chosen(self, made: int) -> tuple[Change, ...]:
        """The changes whose bits are set."""
        return tuple(each for position, each in enumerate(self.changes) if made >> position & 1)

    def inputs(self, made: int) -> Inputs:
        """The mix, every rule checked."""
        chosen = self.chosen(made)
        values = {each.key: each.after for each in chosen if each.is_scalar}
        figures = frozenset((each.key, each.period) for each in chosen if not each.is_scalar)
        return replace(self.before, tables=self._tables(figures)).replace(**values)

    def value(self, made: int) -> float:
        """Value per share of the mix, HKD."""
        for read, known in self._values.items():
            if made & read in known:
                return known[made & read]
        inputs = self.inputs(made)
        seen = _Seen(inputs.values)
        value = evaluate(replace(inputs, values=seen)).sotp.value_per_share
        self.evaluations += 1
        read = sum(
            1 << position
            for position, each in enumerate(self.changes)
            if not each.is_scalar or each.key in seen.keys_seen
        )
        self._values.setdefault(read, {})[made & read] = value
        return value

    def input_rule(self, made: int) -> str:
        """The rule of the inputs that the mix breaks, or nothing."""
        return self._rule(self.inputs, made)

    def rule(self, made: int) -> str:
        """The rule of the inputs or of the core that valuing the mix breaks, or nothing."""
        return self._rule(self.value, made)

    def _rule(self, step: Callable[[int], object], made: int) -> str:
        try:
            step(made)
        except ValuationError as error:
            if made in (0, (1 << len(self.changes)) - 1):
                raise
            return str(error)
        return ""


def _mixed(before: Tables, after: Tables, figures: frozenset[tuple[str, str]]) -> Tables:
    """The tables before, but for some figures: all rows that state those are the rows after."""
    if not figures:
        return before

    def mixed(old: tuple[Row, ...], new: tuple[Row, ...]) -> tuple[Row, ...]:
        kept = (row for row in old if (row.key, row.period) not in figures)
        return (*kept, *(row for row in new if (row.key, row.period) in figures))

    return replace(
        before,
        history=mixed(before.history, after.history),
        articles=mixed(before.articles, after.articles),
        assumptions=mixed(before.assumptions, after.assumptions),
    )
