"""The distribution of figures that come in portions: moments, and quantiles without holding them in memory.

Figures are counted in buckets whose width is a fixed part of the figure, whatever comes; up to ten million of
them are kept in a temporary file as well. A quantile is the order statistic: the bucket that has it is known
from the counts, and a pass over the file takes the figures of that bucket, so that it is exact; a bucket with
more of them than memory should hold, as where a figure hardly varies, is counted again in finer parts. Beyond
ten million it is the middle of its bucket, off by at most `RELATIVE_ERROR` of itself.

A portion is counted wherever it was drawn (`Counts`) and merged here. Nothing depends on the size of a
portion but the last bits of the moments, which are folded in the order of the portions.
Source: Chan, Golub and LeVeque, The American Statistician 37 (1983), 242-247, for the moments.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core.errors import DomainError, InputError

Floats = NDArray[np.float64]

EXACT = 10_000_000
"""Figures up to which quantiles are exact."""
BITS = 10
RELATIVE_ERROR = 0.5 ** (BITS + 1)
LEAST_EXPONENT, MOST_EXPONENT = -20, 60
"""Figures nearer to zero than two to the first power count as zero, none may exceed two to the second."""
_SHIFT = 52 - BITS
_FIRST = (1023 + LEAST_EXPONENT) << BITS
_MOST = ((1023 + MOST_EXPONENT) << BITS) - _FIRST
_CHUNK = 1 << 17
_IN_MEMORY = 1 << 20
"""Figures that a pass takes from the file."""
_SPOOLED = 1 << 21
"""Bytes of figures up to which no file is made."""
_PART_BITS = 14
"""Into two to this power parts the figures of a crowded bucket are cut at a time."""


BINS, OUTER = 20, 0.005
"""The equal steps of a picture, and the part of all figures that lies beyond them at each end."""


class Bin(NamedTuple):
    """Figures from one edge to the next; those of the first and the last bin have no end on one side."""

    low: float
    high: float
    number: int


class Moments:
    """Count, mean and spread of figures, folded portion by portion.

    >>> moments = Moments()
    >>> moments.add(np.array([1.0, 2.0])); moments.add(np.array([3.0, 4.0]))
    >>> moments.count, moments.mean, round(moments.deviation, 6)
    (4, 2.5, 1.290994)
    """

    def __init__(self, count: int = 0, mean: float = 0.0, squares: float = 0.0) -> None:
        self.count, self.mean, self.squares = count, mean, squares

    def add(self, figures: Floats) -> None:
        self.merge(moments_of(figures))

    def merge(self, other: Moments) -> None:
        """Fold the moments of further figures."""
        if not other.count:
            return
        total, step = self.count + other.count, other.mean - self.mean
        self.squares += other.squares + step * step * self.count * other.count / total
        self.mean += step * other.count / total
        self.count = total

    @property
    def deviation(self) -> float:
        """The standard deviation of a sample; NaN for fewer than two figures."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else math.nan

    @property
    def error(self) -> float:
        """The standard error of the mean of independent figures."""
        return self.deviation / math.sqrt(self.count) if self.count > 1 else math.nan


def moments_of(figures: Floats) -> Moments:
    """The moments of one portion."""
    if not len(figures):
        return Moments()
    mean = float(figures.mean())
    # Not a dot product: a library for matrices starts threads for it, and sums in an order of its own.
    return Moments(len(figures), mean, float(np.square(figures - mean).sum()))


@dataclass(frozen=True)
class Counts:
    """A portion of figures as it is counted: moments, ends, how many are in which bucket.

    `figures` are the figures themselves, where quantiles are to be exact.
    """

    moments: Moments
    least: float
    most: float
    buckets: NDArray[np.int64]
    counts: NDArray[np.int64]
    figures: Floats | None


def counts_of(figures: Floats, *, keep: bool = True) -> Counts:
    """Count a portion of finite figures; `DomainError` for one that is too great to count."""
    if not len(figures):
        none = np.zeros(0, dtype=np.int64)
        return Counts(Moments(), math.inf, -math.inf, none, none, figures if keep else None)
    least, most = float(figures.min()), float(figures.max())
    if not max(-least, most) < 2.0**MOST_EXPONENT:
        raise DomainError("figure", max(-least, most), f"must be finite and below 2^{MOST_EXPONENT}")
    buckets = _buckets(figures)
    first = int(buckets.min())
    counts = np.bincount(buckets - first)
    used = np.flatnonzero(counts)
    kept = np.ascontiguousarray(figures) if keep else None
    return Counts(moments_of(figures), least, most, used + first, counts[used], kept)


class Distribution:
    """Figures as they come, within a `with`: moments, ends and quantiles.

    Quantiles are exact up to `exact` figures; with 0 none are kept.
    """

    def __init__(self, exact: int = EXACT) -> None:
        self.moments, self.least, self.most = Moments(), math.inf, -math.inf
        self.exact = exact
        self._counts = np.zeros(2 * _MOST + 1, dtype=np.int64)
        self._kept = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - closed at the end of a `with`

    @property
    def is_exact(self) -> bool:
        return self.moments.count <= self.exact

    def add(self, figures: Floats) -> None:
        """Add a portion of finite figures; `DomainError` for one that is too great to count."""
        self.merge(counts_of(figures, keep=self.exact > 0))

    def merge(self, portion: Counts) -> None:
        """Add a portion that is counted."""
        self.least, self.most = min(self.least, portion.least), max(self.most, portion.most)
        self.moments.merge(portion.moments)
        self._counts[portion.buckets] += portion.counts
        try:
            if self.is_exact and portion.figures is not None:
                self._kept.write(portion.figures.tobytes())
            else:
                self._kept.truncate(0)
        except OSError as error:
            folder = tempfile.gettempdir()
            rule = f"cannot take the draws: {error.strerror or error}"
            raise InputError("temporary folder", folder, rule, display=folder) from None

    def bins(self) -> tuple[Bin, ...]:
        """How many figures lie in equal steps; the outer bins take all that lie beyond."""
        if not self.moments.count:
            return ()
        low, high = self.quantiles((OUTER, 1 - OUTER))
        edges = np.linspace(low, max(high, low + 2.0**LEAST_EXPONENT), BINS + 1)
        limits = np.concatenate([[-np.inf], edges[1:-1], [np.inf]])
        counts = self._counted_between(limits).tolist()
        return tuple(map(Bin, edges[:-1].tolist(), edges[1:].tolist(), counts))

    def _counted_between(self, limits: Floats) -> NDArray[np.int64]:
        """How many figures are in each of the ranges between limits."""
        if not self.is_exact:
            middles, counts = zip(
                *((_middle(int(one)), self._counts[one]) for one in np.flatnonzero(self._counts)), strict=True
            )
            return np.histogram(middles, limits, weights=counts)[0].astype(np.int64)
        total = np.zeros(len(limits) - 1, dtype=np.int64)
        self._kept.seek(0)
        while data := self._kept.read(8 * _IN_MEMORY):
            places = np.searchsorted(limits, np.frombuffer(data), side="right") - 1
            total += np.bincount(places, minlength=len(total))
        return total

    def histogram(self) -> Iterator[tuple[float, float, int]]:
        """The buckets that have figures, from the least: both ends and how many."""
        for bucket in np.flatnonzero(self._counts):
            yield (*_ends(int(bucket)), int(self._counts[bucket]))

    def quantiles(self, probabilities: Sequence[float]) -> list[float]:
        """The least figure that at least this part of all figures does not exceed, for each probability.

        Raises `DomainError` for a probability outside 0 to 1 and where there are no figures.
        """
        count = self.moments.count
        if not count:
            raise DomainError("figures", 0, "must be at least one for a quantile")
        ranks = []
        for probability in probabilities:
            if not 0 <= probability <= 1:
                raise DomainError("probability", probability, "must lie from 0 to 1")
            ranks.append(min(max(math.ceil(probability * count), 1), count))
        ends = np.cumsum(self._counts)
        buckets = np.searchsorted(ends, ranks)
        if not self.is_exact:
            return [min(max(_middle(int(bucket)), self.least), self.most) for bucket in buckets]
        places = [
            (int(bucket), rank - int(ends[bucket] - self._counts[bucket]) - 1)
            for bucket, rank in zip(buckets, ranks, strict=True)
        ]
        used = np.unique(buckets)
        is_crowded = self._counts[used] > _IN_MEMORY
        figures: dict[tuple[int, int], float] = {}
        for bucket in map(int, used[is_crowded]):
            within = sorted({place for one, place in places if one == bucket})
            first, last = (_key(end) for end in _ends(bucket))
            crowd = self._in_crowd(first, last, np.array(within))
            figures |= {(bucket, place): crowd[place] for place in within}
        for wanted in _passes(used[~is_crowded], self._counts):
            chosen = self._of_buckets(wanted)
            figures |= {place: float(chosen[place[0]][place[1]]) for place in places if place[0] in chosen}
        return [figures[place] for place in places]

    def _in_crowd(self, first: int, last: int, places: NDArray[np.int64]) -> dict[int, float]:
        """Figures by their places, in order, among those whose keys lie from `first` to `last`."""
        step = max((last - first).bit_length() - _PART_BITS, 0)
        counts = np.zeros(2**_PART_BITS, dtype=np.int64)
        for keys in self._keys(first, last):
            counts += np.bincount((keys - first) >> step, minlength=len(counts))
        ends = np.cumsum(counts)
        parts = np.searchsorted(ends, places, side="right")
        before = ends - counts
        if not step:
            return {int(place): _figure(first + int(part)) for place, part in zip(places, parts, strict=True)}
        figures: dict[int, float] = {}
        used = np.unique(parts)
        is_crowded = counts[used] > _IN_MEMORY
        for part in map(int, used[is_crowded]):
            start, within = first + (part << step), places[parts == part]
            crowd = self._in_crowd(start, min(start + (1 << step) - 1, last), within - before[part])
            figures |= {int(place): crowd[int(place - before[part])] for place in within}
        for wanted in _passes(used[~is_crowded], counts):
            is_wanted = np.zeros(len(counts), dtype=np.bool_)
            is_wanted[wanted] = True
            pieces = [keys[is_wanted.take((keys - first) >> step)] for keys in self._keys(first, last)]
            inside = np.sort(np.concatenate(pieces))
            offsets = np.cumsum(counts[wanted]) - counts[wanted]
            for part, offset in zip(wanted, offsets, strict=True):
                for place in places[parts == part]:
                    figures[int(place)] = _figure(int(inside[place - before[part] + offset]))
        return figures

    def _chunks(self) -> Iterator[Floats]:
        """The kept figures, as they came."""
        self._kept.seek(0)
        while data := self._kept.read(8 * _CHUNK):
            yield np.frombuffer(data)

    def _keys(self, first: int, last: int) -> Iterator[NDArray[np.int64]]:
        """The keys of the kept figures that lie from `first` to `last`."""
        for figures in self._chunks():
            keys = _keys(figures)
            yield keys[(keys >= first) & (keys <= last)]

    def _of_buckets(self, wanted: NDArray[np.intp]) -> dict[int, Floats]:
        """The kept figures of some buckets, in order."""
        pieces: dict[int, list[Floats]] = {int(bucket): [] for bucket in wanted}
        is_wanted = np.zeros(len(self._counts), dtype=np.bool_)
        is_wanted[wanted] = True
        for figures in self._chunks():
            buckets = _buckets(figures)
            inside = is_wanted.take(buckets)
            figures, buckets = figures[inside], buckets[inside]
            for bucket in np.unique(buckets):
                pieces[int(bucket)].append(figures[buckets == bucket])
        return {bucket: np.sort(np.concatenate(figures)) for bucket, figures in pieces.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the temporary file."""
        self._kept.close()


def _buckets(figures: Floats) -> NDArray[np.int64]:
    """The bucket of a figure: exponent and leading bits; buckets rise with figures, zero is in the middle."""
    size = (np.abs(figures).view(np.int64) >> _SHIFT) - (_FIRST - 1)
    np.maximum(size, 0, out=size)
    return np.where(figures < 0, _MOST - size, _MOST + size)


def _passes(parts: NDArray[np.intp], counts: NDArray[np.int64]) -> Iterator[NDArray[np.intp]]:
    """Parts for one pass over the file after the other: as many as memory takes, at least one."""
    passes = np.cumsum(counts[parts]) // _IN_MEMORY
    for number in np.unique(passes):
        yield parts[passes == number]


def _keys(figures: Floats) -> NDArray[np.int64]:
    """Whole numbers in the order of the figures: their bits, those of negative ones turned round."""
    bits = figures.view(np.int64)
    return np.where(bits < 0, bits ^ np.iinfo(np.int64).max, bits)


def _key(figure: float) -> int:
    return int(_keys(np.array([figure]))[0])


def _figure(key: int) -> float:
    """The figure of a key; turning the bits round twice gives them back."""
    return float(_keys(np.array([key]).view(np.float64)).view(np.float64)[0]) + 0.0


def _ends(bucket: int) -> tuple[float, float]:
    """The figures between which a bucket lies, the lower first."""
    size = abs(bucket - _MOST)
    if not size:
        return -(2.0**LEAST_EXPONENT), 2.0**LEAST_EXPONENT
    near, far = (float(np.int64((size + _FIRST - 1 + step) << _SHIFT).view(np.float64)) for step in (0, 1))
    return (near, far) if bucket > _MOST else (-far, -near)


def _middle(bucket: int) -> float:
    lower, upper = _ends(bucket)
    return (lower + upper) / 2
