"""What one case answers beside its value: tables, tornado, what a price implies, conventions, draws.

Nothing is worked out before it is asked for, and nothing twice: the same inputs have the same `Answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.analytics.conventions import Conventions, conventions_in
from xlwings_addin.analytics.identity import identity_of
from xlwings_addin.analytics.implied_answers import ImpliedAnswers
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.analytics.sensitivity import Sensitivity
from xlwings_addin.analytics.shapley import Estimate
from xlwings_addin.analytics.table_plans import planned
from xlwings_addin.analytics.table_sizes import PLANS
from xlwings_addin.analytics.tornado import Tornado, tornado_of
from xlwings_addin.core.errors import InputError, LibraryError, ValuationError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.distributions import CORRELATIONS, DISTRIBUTIONS
from xlwings_addin.inputs.drivers import DRIVERS, MARKETS, DriverBook, read_drivers
from xlwings_addin.inputs.fingerprint import hash_of, sha256
from xlwings_addin.inputs.folders import COMPANY_FILE, PARAMETERS_FILE, checked_folder, stamp
from xlwings_addin.version import __version__

if TYPE_CHECKING:
    from xlwings_addin.analytics.drawing import Drawing
    from xlwings_addin.analytics.simulation import Simulation

FILES = (DRIVERS, MARKETS, DISTRIBUTIONS, CORRELATIONS)
"""The tables that inputs do not carry."""
DRAWS, POINTS = 20_000, 512
"""Draws of a simulation, and points of every batch that says what contributes: a build must be quick."""
KEPT = 8
"""Cases whose answers are kept: a check asks for one, a refresh for another."""


class Answers:
    """The answers of one case."""

    def __init__(self, inputs: Inputs, folder: Path | None) -> None:
        self.inputs, self.folder = inputs, folder
        self._implied: dict[float, ImpliedAnswers] = {}
        self._not_drawn = ""

    @cached_property
    def book(self) -> DriverBook:
        return read_drivers(self.folder)

    @cached_property
    def hash(self) -> str:
        """The fingerprint of the inputs."""
        return identity_of(self.inputs).inputs_hash

    @cached_property
    def rests_on(self) -> str:
        """SHA-256 of all that the answers rest on: inputs, their ranges, tables beside them, release."""
        tables, company = checked_folder(self.folder) / "inputs", self.inputs.tables.company.folder
        ranges = [[key, repr(row.low), repr(row.high)] for key, row in self.inputs.rows.items()]
        paths = [*(tables / name for name in FILES), company / COMPANY_FILE, company / PARAMETERS_FILE]
        files = [[path.name, path.read_bytes().hex()] for path in paths if path.is_file()]
        return sha256([[__version__, self.inputs.case, self.hash], *ranges, *files])

    @cached_property
    def tornado(self) -> Tornado | None:
        """Every input at both ends of its range; None where no input has one."""
        try:
            return tornado_of(self.inputs)
        except InputError:
            return None

    @cached_property
    def tables(self) -> Mapping[str, Sensitivity | None]:
        """The two-way tables by key; None for one that the case has no two inputs for."""
        return {key: planned(key, self.inputs, self.book, self.tornado) for key in PLANS}

    @cached_property
    def conventions(self) -> Conventions:
        return conventions_in(self.inputs, self.book)

    @cached_property
    def drawing(self) -> Drawing | None:
        """The distributions of the case; None where the tables or the case have none.

        Raises `LibraryError` where scipy is not installed, as in xlwings Lite.
        """
        with _libraries_of_draws():
            from xlwings_addin.analytics.drawing import drawing_of
        try:
            return drawing_of(self.inputs, self.folder)
        except ValuationError as error:
            self._not_drawn = str(error)
            return None

    @cached_property
    def simulation(self) -> Simulation | None:
        """What `DRAWS` draws are worth; None where there are none that keep the rules."""
        if self.drawing is None:
            return None
        with _libraries_of_draws():
            from xlwings_addin.analytics.simulation import SEED, simulation_of
        try:
            return simulation_of(self.drawing, DRAWS, seed=SEED)
        except ValuationError as error:
            self._not_drawn = str(error)
            return None

    @property
    def not_drawn(self) -> str:
        """Why there is no simulation; nothing where there is one."""
        return "" if self.simulation is not None else self._not_drawn

    @cached_property
    def contributions(self) -> Mapping[str, tuple[Estimate, Estimate]]:
        """First-order and total parts of the variance, inputs drawn independently; none without variance."""
        if self.drawing is None:
            return {}
        with _libraries_of_draws():
            from xlwings_addin.analytics.contributions import sobol_indices
            from xlwings_addin.analytics.simulation import SEED
        batch, keys = self.drawing.batch(), self.drawing.keys
        values = self.drawing.values
        try:
            first, total = sobol_indices(
                lambda normals: batch(values(normals))[VALUE_PER_SHARE],
                len(keys),
                seed=SEED,
                points=POINTS,
                evenly=False,
            )
        except ValuationError:
            return {}
        return dict(zip(keys, zip(first, total, strict=True), strict=True))

    def implied(self, price: float) -> ImpliedAnswers:
        """What has to happen for a price."""
        if price not in self._implied:
            self._implied[price] = ImpliedAnswers(self.inputs, self.book, price, self.tornado)
        return self._implied[price]


@contextmanager
def _libraries_of_draws() -> Iterator[None]:
    """Draws need scipy; everything else is answered without, as where Excel runs Python itself."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise LibraryError("library", "scipy", "is not installed: draws need it") from error


@dataclass(frozen=True)
class _Key:
    """What answers hang on, and what they are made from."""

    rests_on: tuple[object, ...]
    inputs: Inputs = field(compare=False)
    folder: Path | None = field(compare=False)


def answers_of(inputs: Inputs, folder: Path | None = None) -> Answers:
    """The answers of a case; `folder` has the tables that inputs do not carry, such as drivers."""
    own = checked_folder(folder) / "inputs"
    ranges = tuple((key, row.low, row.high) for key, row in inputs.rows.items())
    company = inputs.tables.company
    rests_on = (inputs.case, hash_of(inputs), ranges, company, *(stamp(own / name) for name in FILES), own)
    return _answers(_Key(rests_on, inputs, folder))


@lru_cache(maxsize=KEPT)
def _answers(key: _Key) -> Answers:
    return Answers(key.inputs, key.folder)
