"""What moved the value of a share: the change between two sets of inputs, split by driver.

A driver is a changed scalar or a changed row of the history, or, from `FEW` of them on, a line of the
business (`business_lines`): phones, a margin, deliveries, net cash, shares, rates. A quarter that was assumed
and is reported counts from its assumption on (`assumed_quarters`). The part of a driver is its Shapley value
in the game whose players are the drivers and whose coalitions are mixes of the inputs: the drivers of a
coalition are as they are after, the others as they were before. The parts sum to the change, do not depend on
an order of the changes, and change sign when before and after are exchanged.

A mix may break a rule that neither set of inputs breaks (the old WACC, the new growth above it). The two
drivers that cannot be mixed then become one, which names the rule.

Sources: Shapley, A value for n-person games, in Contributions to the Theory of Games II (1953), 307-317;
Shorrocks, Decomposition procedures for distributional analysis, Journal of Economic Inequality 11 (2013),
99-126, for drivers as players. `shapley` has the mathematics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from itertools import chain, product
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from xlwings_addin.analytics.assumed_quarters import start_of_split
from xlwings_addin.analytics.business_lines import line_of
from xlwings_addin.analytics.seen import SeenInputs
from xlwings_addin.analytics.shapley import (
    SAMPLES,
    SEED,
    Estimate,
    all_coalitions,
    check_sample,
    orders_of,
    prefixes,
    sampled_shapley,
    shapley,
)
from xlwings_addin.core.errors import ChoiceError, ValuationError
from xlwings_addin.inputs.calendar import REPORTED_BY
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.mixed_tables import TableMixer
from xlwings_addin.inputs.parameter import Parameter, Value
from xlwings_addin.inputs.parameters import PARAMETERS, parameter
from xlwings_addin.inputs.tables import Tables, period_end
from xlwings_addin.valuation.xiaomi import evaluate

if TYPE_CHECKING:
    import pandas as pd

FEW = 12
"""From so many changed inputs on, a driver is a line of the business."""
EXACT_UP_TO = 12
"""Drivers over which all coalitions are valued: 4,096 at most, about ten seconds."""
OF_LINES, OF_QUARTERS = (8, 12), (5, 2)
"""Lines of which all coalitions are valued where "auto" has chosen them, and the pairs of orders drawn of
more: a refresh is not to wait. A quarter in the tables takes five times as long to mix as inputs."""
WITNESSES, REMEMBERED = 24, 1024
"""Broken mixes looked into before two drivers are joined; mixes kept from the check of rules to the value."""
REPORTED = "Reported"

Grouping = Literal["auto", "input", "line", "section"]
GROUPINGS: tuple[Grouping, ...] = ("auto", "input", "line", "section")
Progress = Callable[[int, int], object]
Rule = Callable[[int], str]
"""The rule that a mix breaks, or nothing."""


# --- what differs -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InputChange:
    """An input that differs: a scalar, or with a period a figure of the tables; None where there is none."""

    key: str
    period: str
    label: str
    before: Value | None
    after: Value | None
    parameter: Parameter | None = field(default=None, compare=False)

    @property
    def is_scalar(self) -> bool:
        """Whether a case sets it; otherwise it is a figure of the tables."""
        return self.parameter is not None or (not self.period and PARAMETERS.has(self.key))

    @property
    def scalar(self) -> Parameter:
        """The input that a case sets; only where `is_scalar`."""
        return self.parameter or parameter(self.key)


@dataclass(frozen=True)
class Driver:
    """Changes that count as one, and their part of the change in value per share, HKD.

    `error` is the part's standard error, nothing where it is exact. `joined` names the rules that mixes of
    the driver's own changes break, where it is made of several for that reason.
    """

    label: str
    changes: tuple[InputChange, ...]
    part: float
    error: float = 0.0
    joined: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bridge:
    """From one value per share to another: the drivers, the largest part first; `unit` is that of a share.

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
    unit: str = "HKD a share"

    @property
    def change(self) -> float:
        """What a share is worth more after than before; the drivers' parts sum to it up to rounding."""
        return self.after - self.before

    def __repr__(self) -> str:
        cases = f"{self.before_case} {self.before:.2f} to {self.after_case} {self.after:.2f}"
        return f"<Bridge {cases}: {len(self.drivers)} drivers>"

    def to_frame(self) -> pd.DataFrame:
        """One row for each driver, the largest part first; the column `part` sums to the change."""
        import pandas as pd

        rows = [
            {
                "driver": driver.label,
                "inputs": ", ".join(dict.fromkeys(change.key for change in driver.changes)),
                "part": driver.part,
                "error": driver.error,
            }
            for driver in self.drivers
        ]
        return pd.DataFrame(rows, columns=["driver", "inputs", "part", "error"])

    def as_dict(self) -> dict[str, Any]:
        """The bridge as plain data, for a program to read; dates in ISO form."""
        data = {**asdict(self), "change": self.change, "exact": not self.samples}
        for driver in data["drivers"]:
            for change in driver["changes"]:
                del change["parameter"]
                for side in ("before", "after"):
                    if hasattr(change[side], "isoformat"):
                        change[side] = change[side].isoformat()
        return data


def changes_between(before: Inputs, after: Inputs) -> tuple[InputChange, ...]:
    """The scalars that differ, in the order of the sheets, then the figures that do, by key and period.

    The names of the cases, and where a number was read, are no inputs: they may differ.

    >>> from xlwings_addin.inputs.cases import load_inputs
    >>> base = load_inputs("base")
    >>> [(each.label, each.after) for each in changes_between(base, base.replace(tax_rate=0.2))]
    [('Tax rate', 0.2)]
    """
    scalars = [
        InputChange(entry.key, "", entry.label, before[entry.key], after[entry.key], entry)
        for entry in after.tables.company.parameters
        if before[entry.key] != after[entry.key]
    ]
    if before.tables is after.tables:
        return tuple(scalars)
    one, other = _figures(before.tables), _figures(after.tables)
    differing = [at for at in one.keys() | other.keys() if one.get(at) != other.get(at)]
    figures = [
        InputChange(*at, f"{_words(at[0])} {at[1]}".strip(), one.get(at), other.get(at))
        for at in sorted(differing, key=_by_key_and_time)
    ]
    return (*scalars, *figures)


def _figures(tables: Tables) -> dict[tuple[str, str], Value]:
    """The figures that stand in the tables, but for the scalars: those are the case's to set."""
    return {
        (key, period): tables.row(key, period).value
        for key, period in tables.figures
        if period or not tables.company.parameters.has(key)
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

    `by` says what a driver is: each changed scalar and each row of the history ("input"), the line of the
    business it belongs to ("line"), its section on Inputs ("section"), or inputs while there are fewer than
    `FEW` and no quarter is new, and lines else ("auto"). The parts are exact up to `exact_up_to` drivers and
    beyond estimated from `samples` pairs of orders; fewer of both where "auto" has chosen lines. `progress`
    is told how many mixes are valued, of how many.

    Both sets of inputs keep every rule; drivers of which a mix breaks one are joined (`Driver.joined`).
    Raises `ChoiceError` for an unknown `by`, `DomainError` for fewer than two samples or a negative seed, and
    `ValuationError` where one of the two sets of inputs cannot be valued.
    Source: Shapley (1953); Shorrocks (2013).

    >>> from xlwings_addin.inputs.cases import load_inputs
    >>> base = load_inputs("base")
    >>> found = bridge(base, base.replace(new_initiatives_value=base.number("new_initiatives_value") + 1e4))
    >>> [driver.label for driver in found.drivers], found.drivers[0].part == found.change
    (['AI and other new initiatives'], True)
    """
    if by not in GROUPINGS:
        raise ChoiceError("by", by, f"must be one of {', '.join(GROUPINGS)}")
    check_sample(samples, seed)
    mixes = _Mixes(start_of_split(before, after), after)
    is_quarter = mixes.before is not before
    if by == "auto" and (is_quarter or _rows(mixes.changes) >= FEW):
        exact, drawn = OF_QUARTERS if is_quarter else OF_LINES
        by, exact_up_to, samples = "line", min(exact_up_to, exact), min(samples, drawn)

    def plan(players: Sequence[int]) -> Iterable[frozenset[int]]:
        if len(players) <= exact_up_to:
            return all_coalitions(players)
        return chain.from_iterable(map(prefixes, orders_of(players, samples, seed)))

    groups = _playable(mixes, _grouped(mixes.changes, by, after.tables.company), plan, progress)
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
        *(before.case, after.case),
        *(value(frozenset()), value(frozenset(players))),
        tuple(sorted(drivers, key=lambda driver: -abs(driver.part))),
        0 if exact else samples,
        mixes.evaluations,
        f"{after.tables.company.currency.listing} a share",
    )


class _Group(NamedTuple):
    """Changes that count as one driver, as the bits of their positions, and the rules that made them one."""

    label: str
    changes: int
    rules: tuple[str, ...] = ()


def _grouped(changes: Sequence[InputChange], by: Grouping, company: Company) -> list[_Group]:
    """One group for each scalar and each row of the history, or for each line or section."""
    rows: dict[object, list[int]] = {}
    sections: dict[object, list[int]] = {}
    group = _section if by == "section" else partial(_line, company)
    for position, change in enumerate(changes):
        rows.setdefault((change.key, change.is_scalar), []).append(position)
        sections.setdefault(group(change), []).append(position)
    if by in ("line", "section"):
        return [_Group(str(section), _bits(positions)) for section, positions in sections.items()]
    return [
        _Group(_label([changes[position] for position in positions]), _bits(positions))
        for positions in rows.values()
    ]


def _rows(changes: Sequence[InputChange]) -> int:
    """Changed scalars and changed rows of the history."""
    return len({(change.key, change.is_scalar) for change in changes})


def _bits(positions: Iterable[int]) -> int:
    return sum(1 << position for position in positions)


def _section(change: InputChange) -> str:
    return change.scalar.section if change.is_scalar else REPORTED


def _line(company: Company, change: InputChange) -> str:
    return line_of(change.key, company, change.scalar if change.is_scalar else None)


def _label(row: Sequence[InputChange]) -> str:
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
    broken = {}
    for done, coalition in enumerate(coalitions, 1):
        message = rule(_made(groups, coalition))
        if message:
            broken[coalition] = message
        progress(done, len(coalitions))
    return broken


def _joined(groups: Sequence[_Group], broken: Mapping[frozenset[int], str], rule: Rule) -> list[_Group]:
    """The groups with two of them as one: the two that most often are what a broken mix cannot do without.

    Of a broken mix those are, each in the order of the inputs, the changes that remain when all others are
    undone as far as it stays broken, and the changes still missing when all others are made as far as it
    stays broken. Seen from the other end the two trade places, so that the pair is the same in both
    directions.
    """
    everyone = frozenset(range(len(groups)))
    pairs: Counter[tuple[int, int]] = Counter()
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
            pairs[pair] += 1
            rules.setdefault(pair, []).append(broken[made])
    one, other = min(pairs, key=lambda pair: (-pairs[pair], pair))
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


class _Mixes:
    """Inputs with some of the changes made and the others not; the bits of a number say which are made.

    Two mixes that differ only in what the valuation of the first never read have one value: the second is
    not valued again. The same goes for the rules of the inputs.
    """

    def __init__(self, before: Inputs, after: Inputs) -> None:
        self.before, self.after = before, after
        self.changes = changes_between(before, after)
        self.evaluations = 0
        self._values: dict[int, dict[int, float]] = {}
        self._sound: dict[int, set[int]] = {}
        self._mixer = TableMixer(before.tables, after.tables)
        self._tables = lru_cache(maxsize=REMEMBERED)(self._mixer.mixed)
        self.inputs = lru_cache(maxsize=REMEMBERED)(self._inputs)

    def chosen(self, made: int) -> tuple[InputChange, ...]:
        """The changes whose bits are set."""
        return tuple(change for position, change in enumerate(self.changes) if made >> position & 1)

    def _mixed(self, made: int) -> Tables:
        return self._tables(
            frozenset((one.key, one.period) for one in self.chosen(made) if not one.is_scalar)
        )

    def _inputs(self, made: int) -> SeenInputs:
        """The mix, every rule checked."""
        values = {one.key: one.after for one in self.chosen(made) if one.is_scalar}
        return SeenInputs(replace(self.before, tables=self._mixed(made))).replace(**values)

    def value(self, made: int) -> float:
        """Value per share of the mix, HKD."""
        for read, remembered in self._values.items():
            if made & read in remembered:
                return remembered[made & read]
        seen = self.inputs(made).with_unread_scalars()
        value = float(evaluate(seen.inputs).sotp.value_per_share)
        self.evaluations += 1
        read = self._read(seen)
        self._values.setdefault(read, {})[made & read] = value
        return value

    def _read(self, seen: SeenInputs, *, all_scalars: bool = False) -> int:
        """The changes of which something was read, as bits."""
        moving = seen.has_seen_calendar and self._mixer.moves_span
        return sum(
            1 << position
            for position, change in enumerate(self.changes)
            if (
                all_scalars or seen.has_seen_scalar(change.key)
                if change.is_scalar
                else moving
                or (seen.has_seen_calendar and change.key == REPORTED_BY)
                or seen.has_seen_figure(change.key, change.period)
            )
        )

    def input_rule(self, made: int) -> str:
        """The rule of the inputs that the mix breaks, or nothing."""
        if any(made & read in sound for read, sound in self._sound.items()):
            return ""
        broken = self._rule(self.inputs, made)
        if not broken:
            read = self._read(self.inputs(made), all_scalars=True)
            self._sound.setdefault(read, set()).add(made & read)
        return broken

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
