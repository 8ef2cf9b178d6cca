"""The file of a simulation that was run: what it is of, and the distribution of value per share.

JSON, for cells and other readers: `quantiles` are pairs of probability and value, `buckets` both ends of an
interval and how many draws lie in it. The reader needs nothing but Python, so that it runs wherever cells do.

>>> run = read_run("example")
>>> run.quantile(0.05), run.probability(60.0)
(5.0, 0.4)
"""

from __future__ import annotations

import json
import math
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EISDIR
from functools import lru_cache, partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.folders import stamp

FORMAT: Final = "xiaomi-model simulation"
VERSION: Final = 1
FOLDER: Final = "XIAOMI_MODEL_RUNS"
"""The environment variable that names the folder of run files; then no other file is read."""
EXAMPLE: Final = "example"
MOST_BYTES: Final = 16 << 20
IDENTITY: Final = {"company", "case", "valuation_date", "valued", "price", "probability_above_price"}
"""What a cell needs to have of a simulation."""


@dataclass(frozen=True)
class Run:
    """The distribution of value per share of a simulation, as its file has it.

    `identity` says what it is of. `quantiles` are exact if the simulation's are; `buckets` are both ends of
    an interval and the draws in it, from the least to the greatest.
    """

    identity: Mapping[str, Any]
    quantiles: Sequence[tuple[float, float]]
    buckets: Sequence[tuple[float, float, int]]

    def quantile(self, probability: float) -> float:
        """The value that this part of the draws does not exceed: of the file, or of the nearest bucket.

        A probability of the file (every 0.1%) has the value of the file; one between two is the middle of its
        bucket, within 0.05% of the draw. Raises `DomainError` outside 0 to 1.
        """
        if not 0 <= probability <= 1:
            raise DomainError("probability", probability, "must lie from 0 to 1")
        place = bisect_left(self.quantiles, probability - 1e-12, key=lambda pair: pair[0])
        above, value = self.quantiles[min(place, len(self.quantiles) - 1)]
        if abs(above - probability) <= 1e-12:
            return value
        counts = list(accumulate(number for *_, number in self.buckets))
        rank = min(max(math.ceil(probability * counts[-1]), 1), counts[-1])
        lower, upper, _ = self.buckets[bisect_left(counts, rank)]
        return min(max((lower + upper) / 2, self.quantiles[place - 1][1]), value)

    def probability(self, value: float) -> float:
        """The part of the draws worth more than a value; within its bucket draws are taken to lie evenly.

        The price of the simulation has its own probability, exactly. A bucket is 0.1% of its value wide.
        """
        if value == self.identity["price"]:
            return float(self.identity["probability_above_price"])
        total = sum(number for *_, number in self.buckets)
        above = 0.0
        for lower, upper, number in self.buckets:
            if value < lower:
                above += number
            elif value < upper:
                above += number * (upper - value) / (upper - lower)
        return above / total

    def require_of(self, model: str) -> None:
        """Raise `InputError` where the run is not of a company, or company/case, that is named."""
        company, case = str(self.identity["company"]), str(self.identity["case"])
        if model.casefold() not in (company.casefold(), f"{company}/{case}".casefold()):
            rule = f"must be the model of the run file, {company}/{case} of {self.identity['valuation_date']}"
            raise InputError("model", model, rule, display=model)


def read_run(name: str) -> Run:
    """A run file by its path, or by its name in the folder that XIAOMI_MODEL_RUNS names.

    Raises `InputError` for a file that is not there, that is no run file, or of a later version.
    """
    if name == EXAMPLE:
        return _example()
    path = _path(name)
    try:
        if not any(status := stamp(path)):
            raise InputError("file", name, f"must be a run file; none is at {path}", display=name)
        return _read(path, status)
    except OSError as error:
        raise InputError("file", name, f"cannot be read: {error.strerror or error}", display=name) from None


def _path(name: str) -> Path:
    """Where a run file is; never a place on another machine that only a cell names."""
    folder = os.environ.get(FOLDER, "")
    if not name.isprintable():
        raise InputError("file", name, "must be a path of printable characters")
    if name.startswith(("\\\\", "//")) or "://" in name:
        rule = f"must be on this machine, or a name in the folder that {FOLDER} names"
        raise InputError("file", name, rule, display=name)
    if not folder:
        return Path(name).absolute()
    path = (Path(folder) / name).resolve()
    if not path.is_relative_to(Path(folder).resolve()):
        raise InputError("file", name, f"must be in the folder that {FOLDER} names", display=name)
    return path


@lru_cache(maxsize=8)
def _read(path: Path, status: tuple[int, int]) -> Run:
    name = path.name
    if status[1] > MOST_BYTES:
        raise InputError("file", name, f"must be a run file of at most {MOST_BYTES >> 20} MB", display=name)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        rule = "must be a run file, as `simulate --save` writes it"
        raise InputError("file", name, rule, display=name)
    if content.get("version") != VERSION:
        rule = f"is a run file of version {content.get('version')!r}; this program reads version {VERSION}"
        raise InputError("file", name, rule, display=name)
    try:
        return _checked(content)
    except (KeyError, TypeError, ValueError, IndexError):
        raise InputError(
            "file", name, "is a damaged run file: run the simulation again", display=name
        ) from None


def _checked(content: Mapping[str, Any]) -> Run:
    identity = dict(content["simulation"])
    if not identity.keys() >= IDENTITY:
        raise KeyError
    quantiles = [(float(probability), float(value)) for probability, value in content["quantiles"]]
    buckets = [(float(lower), float(upper), int(number)) for lower, upper, number in content["buckets"]]
    rising = all(one <= other for one, other in pairwise(quantiles))
    numbers = [
        *(figure for pair in quantiles for figure in pair),
        *(end for row in buckets for end in row[:2]),
    ]
    ordered = all(one[1] <= other[0] for one, other in pairwise(buckets))
    whole = rising and ordered and all(map(math.isfinite, numbers)) and quantiles[0][0] == 0
    if not (whole and quantiles[-1][0] == 1 and all(row[0] < row[1] and row[2] > 0 for row in buckets)):
        raise ValueError
    if sum(row[2] for row in buckets) != identity["valued"]:
        raise ValueError
    return Run(identity, quantiles, buckets)


def _example() -> Run:
    """The numbers 1 to 100, once each, to try a function with."""
    identity = {
        "company": EXAMPLE,
        "case": "base",
        "valuation_date": "2025-11-19",
        "valued": 100,
        "price": 50.0,
        "probability_above_price": 0.5,
    }
    quantiles = [(0.0, 1.0), *((number / 100, float(number)) for number in range(1, 101))]
    return Run(identity, quantiles, [(number - 1.0, float(number), 1) for number in range(1, 101)])


Contents = tuple[Mapping[str, Any], Sequence[tuple[float, float]], Sequence[tuple[float, float, int]]]
"""What a run file has: the simulation's summary, quantiles by probability, buckets with their counts."""


@contextmanager
def run_file(path: Path | str | None) -> Iterator[Callable[[Contents], None]]:
    """A place for the file of a run, tried before the run: call it with the contents.

    The file has its name once it is whole. Raises `InputError` for a place that takes no file.
    """
    if path is None:
        yield lambda contents: None
        return
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        beside.touch()
        yield partial(_write, beside, target)
    except OSError as error:
        rule = f"must be a place for a file: {error.strerror or error}"
        raise InputError("save", str(path), rule, display=str(path)) from None
    finally:
        beside.unlink(missing_ok=True)


def _write(beside: Path, target: Path, contents: Contents) -> None:
    names = ("simulation", "quantiles", "buckets")
    content = {"format": FORMAT, "version": VERSION, **dict(zip(names, contents, strict=True))}
    with beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(content, allow_nan=False, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, target)
