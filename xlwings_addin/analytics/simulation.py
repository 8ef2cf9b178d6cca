"""What a share may be worth: the model valued for draws of its inputs, as a company's tables distribute them.

    simulate(1_000_000, seed=7)                      pseudo-random draws of the base case
    simulate(1_000_000, seed=7, method="sobol")      points that fill the space evenly, with their own error

One seed gives one answer on any machine with the same numpy. Draws that break a rule of the inputs are not
valued; they are counted by rule. All figures but those counts are over the draws that are valued. An
interrupted simulation keeps what was drawn, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from xlwings_addin.analytics.contributions import Contribution, contributions_of
from xlwings_addin.analytics.copula import Repaired
from xlwings_addin.analytics.draw_file import DrawFile, draw_file
from xlwings_addin.analytics.drawing import Drawing, drawing_of
from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.quantiles import EXACT, RELATIVE_ERROR, Bin, Distribution
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.analytics.streams import PORTION, Method, check_draws, cuts, draws_made
from xlwings_addin.analytics.tally import Drawer, Tally, tally_of
from xlwings_addin.cluster.agreement import versions
from xlwings_addin.cluster.stopping import stopped_by_user
from xlwings_addin.cluster.workers import Workers, open_workers
from xlwings_addin.core.errors import DomainError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.distributions import Marginal, Pair
from xlwings_addin.inputs.run_file import run_file
from xlwings_addin.valuation.xiaomi import evaluate

if TYPE_CHECKING:
    import pandas as pd

DRAWS, SEED = 100_000, 1810
LOSS = 0.02
"""What part of a portfolio a position may lose at the 5th percentile, unless said otherwise."""
PROBABILITIES = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
TAIL = 0.05
MOST_PORTIONS = 4
"""Portions of a task where there are several workers: beside so much work a task itself costs little."""
STEPS = 1000
"""Quantiles of a run file."""
POSITIONS = ("article_003_position_size_low", "article_003_position_size_high")


@dataclass(frozen=True)
class Spread:
    """The distribution of a figure: `error` is the standard error of its mean, quantiles by probability."""

    mean: float
    error: float
    deviation: float
    least: float
    most: float
    quantiles: Mapping[float, float]


@dataclass(frozen=True)
class Scenario:
    """An input over all draws, and over those whose value is near the price."""

    key: str
    label: str
    unit: str
    in_the_case: float
    mean: float
    deviation: float
    near_the_price: float | None

    @property
    def shift(self) -> float | None:
        """How far the mean near the price is from that of all draws, in standard deviations."""
        if self.near_the_price is None or not self.deviation > 0:
            return None
        return (self.near_the_price - self.mean) / self.deviation


@dataclass(frozen=True)
class Simulation:
    """What draws of a case's inputs are worth. A share's currency; probabilities and losses as parts of 1.

    `asked` is how many draws were asked for, `draws` how many were made, `valued` how many keep all rules and
    `broken` by which rule the others fall. `loss` is what is lost of the price at the 5th percentile, none
    where that is above the price; `position` the part of a portfolio that then costs `stated_loss` of it.
    `bins` count the values in equal steps.
    """

    identity: Identity
    distributions_hash: str
    asked: int
    draws: int
    seed: int
    method: Method
    interrupted: bool
    valued: int
    broken: Mapping[str, int]
    present: float
    price: float
    value: Spread
    parts: Mapping[str, Spread]
    exact: bool
    above_price: float
    above_price_error: float
    loss: float | None
    stated_loss: float
    position: float | None
    position_stated: tuple[float, float] | None
    near: int
    scenarios: tuple[Scenario, ...]
    marginals: tuple[Marginal, ...]
    pairs: tuple[Pair, ...]
    repaired: tuple[Repaired, ...]
    contributions: tuple[Contribution, ...]
    bins: tuple[Bin, ...] = ()

    def __repr__(self) -> str:
        low, high = self.value.quantiles[0.05], self.value.quantiles[0.95]
        return f"<Simulation of {self.identity.case}: {self.draws:,} draws, {low:.2f} to {high:.2f} a share>"

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return {
            **self.identity.summary(),
            "distributions_hash": self.distributions_hash,
            **{name: getattr(self, name) for name in ("asked", "draws", "seed", "method", "interrupted")},
            "valued": self.valued,
            "broken": dict(self.broken),
            "in_the_case": self.present,
            "price": self.price,
            "value_per_share": _plain(self.value),
            "parts": {name: _plain(spread) for name, spread in self.parts.items()},
            "quantiles_exact": self.exact,
            "quantiles_relative_error": 0.0 if self.exact else RELATIVE_ERROR,
            "probability_above_price": self.above_price,
            "probability_error": _defined(self.above_price_error),
            "loss_at_5th_percentile": self.loss,
            "stated_loss": self.stated_loss,
            "position": self.position,
            "position_stated": self.position_stated,
            "near_the_price": self.near,
            "inputs": [self._input(*pair) for pair in zip(self.marginals, self.scenarios, strict=True)],
            "correlations": [vars(pair) for pair in self.pairs],
            "repaired": [vars(change) for change in self.repaired],
            "contributions": [vars(one) for one in self.contributions],
        }

    def _input(self, marginal: Marginal, scenario: Scenario) -> dict[str, Any]:
        shape = ("low", "middle", "high", "deviation", "outcomes", "basis", "reason")
        return {
            "key": marginal.key,
            "marginal": marginal.kind,
            **{name: getattr(marginal, name) for name in shape},
            "in_the_case": scenario.in_the_case,
            "mean": scenario.mean,
            "standard_deviation": _defined(scenario.deviation),
            "mean_near_the_price": scenario.near_the_price,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for value per share and for each part, with mean, deviation and quantiles as columns."""
        import pandas as pd

        spreads = {"value_per_share": self.value, **self.parts}
        return pd.DataFrame(
            [
                {
                    "line": name,
                    "mean": spread.mean,
                    "standard_deviation": spread.deviation,
                    **{f"p{100 * probability:g}": figure for probability, figure in spread.quantiles.items()},
                }
                for name, spread in spreads.items()
            ]
        )


def _plain(spread: Spread) -> dict[str, Any]:
    return {
        "mean": spread.mean,
        "error_of_mean": _defined(spread.error),
        "standard_deviation": _defined(spread.deviation),
        "least": spread.least,
        "most": spread.most,
        "quantiles": {f"{probability:g}": figure for probability, figure in spread.quantiles.items()},
    }


def _defined(number: float) -> float | None:
    return number if math.isfinite(number) else None


def simulate(
    draws: int = DRAWS,
    *,
    seed: int = SEED,
    method: Method = "random",
    case: str = DEFAULT_CASE,
    loss: float = LOSS,
    contributions: bool = False,
    repair: bool = False,
    out: Path | str | None = None,
    save: Path | str | None = None,
    cluster: object = None,
    progress: Callable[[int, int], object] | None = None,
    folder: Path | None = None,
) -> Simulation:
    """The distribution of value per share where a case's inputs are drawn as `inputs/distributions.csv` says.

    Args:
        draws: how many; with Sobol points rounded up to sixteen scramblings of a power of two.
        seed: one seed, one answer.
        method: "random", or "sobol".
        loss: what part of a portfolio a position may lose at the 5th percentile.
        contributions: also what of the variance comes from which input, which takes some seconds more.
        repair: replace correlations that cannot hold together by the nearest that can.
        out: a file for the draws, `.npy` or `.csv`.
        save: a run file, which SIMULATION_QUANTILE and SIMULATION_PROBABILITY read.
        cluster: who draws: this thread by default, `threads:4`, `local:4` or the address of a Dask scheduler
            (extra `scale`), or an executor of `concurrent.futures`; the answer is the same, bit for bit.
        progress: called with the draws done and the draws there will be.

    Raises `ValuationError` for no draws, a negative seed, an unknown method, a loss outside 0 to 1, marginals
    or correlations that cannot be, a company without distributions, a cluster that does not answer, and where
    every draw breaks a rule.

    >>> answer = simulate(2_000, seed=7)
    >>> answer.draws, answer.value.least < answer.value.quantiles[0.05] < answer.value.mean
    (2000, True)
    """
    check_draws(draws, seed, method)
    if not 0 < loss < 1:
        raise DomainError("loss", loss, "must be above 0 and below 1, a part of a portfolio")
    drawing = drawing_of(load_inputs(case, folder), folder, repair=repair)
    return simulation_of(
        drawing,
        draws,
        seed=seed,
        method=method,
        loss=loss,
        contributions=contributions,
        out=out,
        save=save,
        cluster=cluster,
        progress=progress,
    )


def simulation_of(
    drawing: Drawing,
    draws: int = DRAWS,
    *,
    seed: int = SEED,
    method: Method = "random",
    loss: float = LOSS,
    contributions: bool = False,
    out: Path | str | None = None,
    save: Path | str | None = None,
    cluster: object = None,
    progress: Callable[[int, int], object] | None = None,
) -> Simulation:
    """`simulate` with the distributions of a case at hand."""
    agreed = {} if cluster is None else versions()
    drawer = Drawer(uuid4().hex, drawing, draws, seed, method, out is not None, agreed)
    with tally_of(drawing, exact=drawer.is_exact) as tally:
        columns = (*drawing.keys, VALUE_PER_SHARE, *drawing.parts.values())
        with (
            run_file(save) as write,
            draw_file(out, columns, draws_made(draws, method)) as file,
            open_workers(cluster) as workers,
        ):
            interrupted = _run(tally, drawer, workers, file, progress or (lambda done, total: None))
            if not tally.value.moments.count:
                broken = "; ".join(f"{rule}: {number:,}" for rule, number in tally.broken.items())
                raise DomainError(
                    "draws", tally.draws, f"must keep the rules of the inputs, none does: {broken}"
                )
            shares = contributions_of(drawing, seed=seed) if contributions and not interrupted else ()
            answer = _answer(tally, draws, seed, method, loss, interrupted, shares)
            if save is not None:
                write((answer.summary(), _grid(tally.value), list(tally.value.histogram())))
    return answer


def _grid(value: Distribution) -> list[tuple[float, float]]:
    """Value per share by probability, for a run file: every 0.1%, and both ends."""
    probabilities = [number / STEPS for number in range(1, STEPS)]
    quantiles = zip(probabilities, value.quantiles(probabilities), strict=True)
    return [(0.0, value.least), *quantiles, (1.0, value.most)]


def _run(
    tally: Tally,
    drawer: Drawer,
    workers: Workers,
    file: DrawFile,
    progress: Callable[[int, int], object],
) -> bool:
    """Draw and value all portions; True where the user stopped it before the last one."""
    total = draws_made(drawer.draws, drawer.method)
    pieces = list(cuts(drawer.draws, drawer.method, _portions_of_a_task(total, workers.count)))
    with stopped_by_user() as stop, closing(workers.run(Drawer.__call__, drawer, pieces)) as outcomes:
        for _, outcome in outcomes:
            for portion in outcome.result():
                tally.add(portion, file)
                progress(tally.draws, total)
                if stop.is_set() and tally.draws < total:
                    return True
    return False


def _portions_of_a_task(draws: int, workers: int) -> int:
    """As many as make the cost of a task small, and leave every worker several; one where there is one."""
    most = MOST_PORTIONS if draws <= EXACT else 4 * MOST_PORTIONS  # no values come back with them
    return 1 if workers == 1 else min(max(draws // (PORTION * workers * 4), 1), most)


def _answer(
    tally: Tally,
    asked: int,
    seed: int,
    method: Method,
    stated_loss: float,
    interrupted: bool,
    contributions: tuple[Contribution, ...],
) -> Simulation:
    inputs = tally.drawing.inputs
    price = inputs.number(inputs.tables.company.price_key)
    value = _spread(tally.value, tally.error("value", method))
    (tail,) = tally.value.quantiles([TAIL])
    loss = 1 - tail / price if tail < price else None
    valued = tally.value.moments.count
    return Simulation(
        identity=identity_of(inputs),
        distributions_hash=tally.drawing.fingerprint,
        asked=asked,
        draws=tally.draws,
        seed=seed,
        method=method,
        interrupted=interrupted,
        valued=valued,
        broken=tally.broken,
        present=evaluate(inputs).sotp.value_per_share,
        price=price,
        value=value,
        parts={name: _spread(part, tally.error(name, method)) for name, part in tally.parts.items()},
        exact=tally.value.is_exact,
        above_price=tally.above / valued,
        above_price_error=tally.error("above", method),
        loss=loss,
        stated_loss=stated_loss,
        position=None if loss is None else min(stated_loss / loss, 1.0),
        position_stated=_position_stated(inputs),
        near=tally.near,
        scenarios=tuple(_scenario(tally, key) for key in tally.drawing.keys),
        marginals=tally.drawing.marginals,
        pairs=tally.drawing.pairs,
        repaired=tally.drawing.repaired,
        contributions=contributions,
        bins=tally.value.bins(),
    )


def _spread(figures: Distribution, error: float) -> Spread:
    moments = figures.moments
    quantiles = dict(zip(PROBABILITIES, figures.quantiles(PROBABILITIES), strict=True))
    return Spread(moments.mean, error, moments.deviation, figures.least, figures.most, quantiles)


def _scenario(tally: Tally, key: str) -> Scenario:
    inputs, every, near = tally.drawing.inputs, tally.inputs[key], tally.near_inputs[key]
    parameter = inputs.parameter(key)
    return Scenario(
        key,
        parameter.label,
        parameter.printed_unit,
        inputs.number(key),
        every.mean,
        every.deviation,
        near.mean if near.count else None,
    )


def _position_stated(inputs: Inputs) -> tuple[float, float] | None:
    """What an article says of the size of a position, where the tables have it."""
    if not all(inputs.tables.has(key, "") for key in POSITIONS):
        return None
    low, high = (inputs.tables.row(key, "").number for key in POSITIONS)
    return low, high
