"""A case whose inputs are drawn: distributions, correlations and the model, prepared once.

normal numbers -> Gaussian copula -> marginals -> the model
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.copula import Repaired, correlated, matrix_of, root_of, tied
from xlwings_addin.analytics.distributions import Quantile, quantile_of
from xlwings_addin.analytics.question import VALUE_PER_SHARE
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.distributions import DISTRIBUTIONS, Marginal, Pair, read_distributions
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import Segment
from xlwings_addin.valuation.draws import Batch
from xlwings_addin.valuation.model import Model

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawing:
    """The inputs of a case that are drawn, their marginals there, and the matrix that ties them together."""

    inputs: Inputs
    marginals: tuple[Marginal, ...]
    pairs: tuple[Pair, ...]
    matrix: Floats
    repaired: tuple[Repaired, ...]

    def __reduce__(self) -> tuple[object, ...]:
        """What travels to a worker, which prepares the rest anew."""
        return Drawing, (self.inputs, self.marginals, self.pairs, self.matrix, self.repaired)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(marginal.key for marginal in self.marginals)

    @cached_property
    def parts(self) -> dict[str, str]:
        """The lines that value per share is the sum of, by name; values that are stated are in the last."""
        counted = Model(Scalars(self.inputs.values, self.inputs.tables)).businesses
        keys = [key for key, business in counted.items() if isinstance(business, Segment)]
        businesses = {key: f"sotp.{key}.per_share" for key in keys}
        return {**businesses, "cash_and_other": "sotp.cash_and_other_per_share"}

    @cached_property
    def root(self) -> Floats:
        return root_of(self.matrix)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the distributions and correlations."""
        return sha256(repr((self.marginals, self.matrix.tolist())).encode()).hexdigest()

    def batch(self, lines: Sequence[str] = (VALUE_PER_SHARE,)) -> Batch:
        return Batch(self.inputs, self.keys, lines)

    @cached_property
    def _inverses(self) -> list[Quantile]:
        return [quantile_of(marginal) for marginal in self.marginals]

    def draws(self, normals: Floats) -> dict[str, Floats]:
        """The inputs' values for independent standard normal numbers, a row for each input."""
        return self.values(tied(self.root, normals) if self.pairs else normals)

    def values(self, normals: Floats) -> dict[str, Floats]:
        """The inputs' values for normal numbers that are tied together already."""
        return {
            key: inverse(row) for key, inverse, row in zip(self.keys, self._inverses, normals, strict=True)
        }


def drawing_of(inputs: Inputs, folder: Path | None = None, *, repair: bool = False) -> Drawing:
    """The distributions of a company's tables in one case.

    Raises `InputError` for a company without distributions, `DomainError` for an impossible marginal, an
    input that cannot be drawn and correlations that cannot hold together, unless `repair`.
    """
    tables = read_distributions(folder)
    if not tables.marginals:
        raise InputError("table", DISTRIBUTIONS, "must be in inputs/ to say how inputs are distributed")
    marginals = tuple(marginal.in_case(inputs) for marginal in tables.marginals.values())
    keys = tuple(tables.marginals)
    matrix, repaired = correlated(keys, matrix_of(keys, tables.pairs), repair=repair)
    return Drawing(inputs, marginals, tables.pairs, matrix, repaired)
