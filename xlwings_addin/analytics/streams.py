"""Standard normal numbers in portions of a fixed size: pseudo-random, or from Sobol points.

Each portion has a stream of its own, of the seed and its number, so that no number depends on who draws it
and when, and the first draws are the same however many follow. Sobol points come in independent scramblings
of a power of two; the spread between them is the error of what is averaged over them.

Source: O'Neill, PCG (Harvey Mudd College, HMC-CS-2014-0905), the generator; Owen, Journal of Complexity 14
(1998), 466-489, for scrambling; Joe and Kuo, SIAM Journal on Scientific Computing 30 (2008), 2635-2654, for
the directions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import local
from typing import Literal, get_args

import numpy as np
from numpy.random import PCG64DXSM, Generator, SeedSequence
from numpy.typing import NDArray
from scipy.special import ndtri

from xlwings_addin.core.errors import ChoiceError, DomainError

Floats = NDArray[np.float64]
Method = Literal["random", "sobol"]

PORTION = 1 << 15
"""Draws of a portion. Which numbers are drawn depends on it, so it stays."""
SCRAMBLINGS = 16
BITS = 30


@dataclass(frozen=True)
class Portion:
    """Normal numbers, one row for each input, and the scrambling they are of; 0 for pseudo-random ones."""

    normals: Floats
    scrambling: int


def check_draws(draws: int, seed: int, method: str) -> None:
    """Raise `DomainError` for no draws or a negative seed, `ChoiceError` for an unknown method."""
    if draws < 1:
        raise DomainError("draws", draws, "must be at least 1")
    if seed < 0:
        raise DomainError("seed", seed, "must be at least 0")
    if method not in get_args(Method):
        raise ChoiceError("method", method, f"must be one of {', '.join(get_args(Method))}")


def draws_made(draws: int, method: Method) -> int:
    """How many draws there will be: Sobol points fill sixteen scramblings, each a power of two.

    >>> draws_made(1_000_000, "random"), draws_made(1_000_000, "sobol")
    (1000000, 1048576)
    """
    if method == "random":
        return draws
    points = max(2, -(-draws // SCRAMBLINGS))
    return SCRAMBLINGS << (points - 1).bit_length()


@dataclass(frozen=True)
class Cut:
    """Successive portions of a simulation: of which scrambling, the first and how many."""

    scrambling: int
    first: int
    portions: int


def cuts(draws: int, method: Method, most: int = 1) -> Iterator[Cut]:
    """A simulation cut into pieces of at most so many portions, in their order.

    >>> list(cuts(3 * PORTION, "random", most=2))
    [Cut(scrambling=0, first=0, portions=2), Cut(scrambling=0, first=2, portions=1)]
    """
    scramblings = 1 if method == "random" else SCRAMBLINGS
    portions = -(-draws_made(draws, method) // scramblings // PORTION)
    for scrambling in range(scramblings):
        for first in range(0, portions, most):
            yield Cut(scrambling, first, min(most, portions - first))


def portions(inputs: int, draws: int, *, seed: int, method: Method) -> Iterator[Portion]:
    """The portions of a simulation, in their order."""
    for cut in cuts(draws, method):
        yield from portions_of(cut, inputs, draws, seed=seed, method=method)


def portions_of(cut: Cut, inputs: int, draws: int, *, seed: int, method: Method) -> Iterator[Portion]:
    """The portions of one piece, whoever draws it."""
    count = draws_made(draws, method)
    if method == "random":
        for number in range(cut.first, cut.first + cut.portions):
            generator = Generator(PCG64DXSM(SeedSequence(seed, spawn_key=(number,))))
            left = count - number * PORTION
            yield Portion(generator.standard_normal((inputs, PORTION))[:, :left], 0)
        return
    points = min(count // SCRAMBLINGS, PORTION)
    for number in range(cut.first, cut.first + cut.portions):
        uniform = _sobol(inputs, seed, cut.scrambling, number * points, points)
        # The middle of a point's cell, so that none is 0, whose normal number is not finite.
        yield Portion(ndtri(np.ascontiguousarray(uniform.T) + 0.5**BITS / 2), cut.scrambling)


_engine = local()
"""The Sobol points that a thread was at: going on from there is quicker than from the first."""


def _sobol(inputs: int, seed: int, scrambling: int, start: int, count: int) -> Floats:
    from scipy.stats.qmc import Sobol

    name = (inputs, seed, scrambling)
    if getattr(_engine, "name", None) != name or _engine.points.num_generated > start:
        generator = Generator(PCG64DXSM(SeedSequence(seed, spawn_key=(scrambling,))))
        _engine.name, _engine.points = name, Sobol(inputs, bits=BITS, seed=generator)
    engine = _engine.points
    if engine.num_generated < start:
        engine.fast_forward(start - engine.num_generated)
    uniform: Floats = engine.random(count)
    return uniform
