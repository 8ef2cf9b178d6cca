"""Programs killed at a random moment: what they wrote is the old or the new, and the next run ends well.

Half of them are killed after a random time, the other half before a random one of their own file operations,
of which few take any time. Everything runs in forks of a process that has done nothing itself.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import xlwings_addin as xa
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.xlsx.saving import LEFT_OVER_AFTER

DONE, FAILED, OLD, NEW = 0, 1, 10, 11
"""How a fork ends that is not killed: work that is done or has failed, what a reader sees."""
ROOMS = ("proof.build", "refresh.refresh", "refresh.file", "engine.recalculation", "engine.respell", "ledger")
OPERATIONS = frozenset({"open", "os.rename", "os.remove", "os.link", "os.chmod", "os.mkdir", "os.rmdir"})
"""The events of Python's audit that are file operations."""
LONGER = 1.2
"""Up to so many times what an undisturbed run takes, so that some are killed after they have ended."""
BOOK, TABLES, LEDGER = "book.xlsx", "tables", "ledger.duckdb"
ROOT = Path(__file__).parents[2]
OWN, EXAMPLE = ROOT / "workbook" / "Xiaomi_Model.xlsx", ROOT / "examples" / "two_stage_dcf.xlsx"


@dataclass(frozen=True)
class Work:
    """What is killed: `prepare` makes its folder, `run` works in it, `state` is what a reader sees there."""

    prepare: Callable[[Path], object]
    run: Callable[[Path], object]
    state: Callable[[Path], object]


@dataclass(frozen=True)
class Undisturbed:
    """A run to its end: how long it takes, its file operations, what it leaves and what a reader sees."""

    seconds: float
    operations: int
    files: frozenset[str]
    states: tuple[object, object]


class BrokenError(AssertionError):
    """What a killed program leaves is neither old nor new, or the next run does not put it right."""


def _bytes(place: Path) -> bytes:
    return (place / BOOK).read_bytes()


def _values(place: Path) -> object:
    from xlwings_addin.xlsx.package import read_values

    return read_values(place / BOOK)


def _foreign(place: Path) -> None:
    shutil.copy(EXAMPLE, place / BOOK)


def _own(place: Path) -> None:
    """The delivered workbook, and tables with another price of the share."""
    shutil.copy(OWN, place / BOOK)
    shutil.copytree(tables_folder(), place / TABLES)
    assumptions = place / TABLES / "inputs" / "assumptions.csv"
    lines = assumptions.read_text(encoding="utf-8").splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if line.startswith("price_hkd,"))
    key, period, _, rest = lines[number].split(",", 3)
    lines[number] = f"{key},{period},40.25,{rest}"
    assumptions.write_text("".join(lines), encoding="utf-8")


def _append(place: Path, book: str = BOOK) -> None:
    from xlwings_addin.ledger import Ledger, snapshot_of

    Ledger(place / LEDGER).append(snapshot_of({"base": xa.value()}, command="build", book=book))


def _snapshots(place: Path) -> object:
    """Whether the ledger has its first snapshot, and more than that, all of them whole."""
    from xlwings_addin.ledger import Ledger

    snapshots = Ledger(place / LEDGER).snapshots()
    for snapshot in snapshots:
        (case,) = snapshot.cases
        assert case.scalars
        assert case.forecasts
    first = sum(snapshot.book == "first.xlsx" for snapshot in snapshots)
    return first, len(snapshots) > first


def _respell(place: Path) -> None:
    xa.recalculate(place / BOOK, place / BOOK, target="libreoffice")


WORKS = {
    "recalc": Work(_foreign, _respell, _bytes),
    "build": Work(_foreign, lambda place: xa.build(place / BOOK), _bytes),
    "refresh": Work(_own, lambda place: xa.refresh(place / BOOK, folder=place / TABLES), _values),
    "append": Work(lambda place: _append(place, "first.xlsx"), _append, _snapshots),
    "first append": Work(lambda place: None, _append, _snapshots),
}
WEIGHTS = {"recalc": 6, "build": 1, "refresh": 2, "append": 6, "first append": 5}
"""How often one is chosen: the slow ones write no other way than the quick ones."""


def _forked(work: Callable[[], object], place: Path, *, killed_after: float | None = None) -> int:
    """The exit status of a fork that does some work, -9 where it was killed; an error goes into a file."""
    child = os.fork()
    if not child:
        try:
            answer = work()
            os._exit(answer if type(answer) is int else DONE)
        except BaseException:
            (place.parent / f"{place.name}.trace").write_text(traceback.format_exc())
            os._exit(FAILED)
    if killed_after is not None:
        time.sleep(killed_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _watch(place: Path, told: Callable[[], None]) -> None:
    """Tell of every file operation of this process in a folder, before it is done."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        path = arguments[0] if event in OPERATIONS else None
        if isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(str(place)):
            told()

    sys.addaudithook(hook)


def _killed_before(operation: int, work: Work, place: Path) -> None:
    """Run, and end before the operation of this number without a word."""
    left = operation

    def told() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _watch(place, told)
    work.run(place)


def _files(place: Path) -> frozenset[str]:
    return frozenset(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def _measured(work: Work, place: Path, answer: Path) -> None:
    """Run to the end, and write down what it was."""
    work.prepare(place)
    before, operations = work.state(place), 0

    def told() -> None:
        nonlocal operations
        operations += 1

    _watch(place, told)
    started = time.monotonic()
    work.run(place)
    taken, counted = time.monotonic() - started, operations
    undisturbed = Undisturbed(taken, counted, _files(place), (before, work.state(place)))
    answer.write_bytes(pickle.dumps(undisturbed))


def _seen(work: Work, place: Path, states: tuple[object, object]) -> int:
    state = work.state(place)
    return NEW if state == states[1] else OLD if state == states[0] else FAILED


def _require(status: int, wanted: tuple[int, ...], place: Path, said: str) -> None:
    if status not in wanted:
        trace = place.parent / f"{place.name}.trace"
        raise BrokenError(f"{said}: {status} {trace.read_text() if trace.exists() else ''}")


def _age(place: Path) -> None:
    """Make what was left there old enough to be swept."""
    long_ago = time.time() - 2 * LEFT_OVER_AFTER
    for path in place.iterdir():
        if path.name.startswith("."):
            os.utime(path, (long_ago, long_ago))


@contextmanager
def kills(folder: Path) -> Iterator[Callable[[Random, Path], None]]:
    """Build, refresh, recalc and ledger, killed at a random moment and then run once more."""
    for room in ROOMS:  # once, not in every fork
        import_module(f"xlwings_addin.{room}")
    undisturbed: dict[str, Undisturbed] = {}

    def measured(name: str, place: Path) -> Undisturbed:
        if name not in undisturbed:
            place.mkdir()
            answer = folder / f"{name}.pickle"
            _require(_forked(partial(_measured, WORKS[name], place, answer), place), (DONE,), place, name)
            undisturbed[name] = pickle.loads(answer.read_bytes())
        return undisturbed[name]

    def attack(random: Random, place: Path) -> None:
        name = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        work, usual = WORKS[name], measured(name, folder / f"{name} undisturbed")
        _require(_forked(partial(work.prepare, place), place), (DONE,), place, f"{name} prepared")
        if random.random() < 0.5:
            moment = random.uniform(0, LONGER * usual.seconds)
            status = _forked(partial(work.run, place), place, killed_after=moment)
            said = f"{name} killed after {moment:.3f} s"
        else:
            operation = random.randrange(usual.operations + 1)
            status = _forked(partial(_killed_before, operation, work, place), place)
            said = f"{name} killed before file operation {operation} of {usual.operations}"
        _require(status, (DONE, -signal.SIGKILL), place, said)
        seen = partial(_seen, work, place, usual.states)
        _require(_forked(seen, place), (OLD, NEW), place, f"{said}: read")
        _age(place)
        _require(_forked(partial(work.run, place), place), (DONE,), place, f"{said}: run again")
        _require(_forked(seen, place), (NEW,), place, f"{said}: read again")
        if left := _files(place) ^ usual.files:
            raise BrokenError(f"{said}: {', '.join(sorted(left))} left over or gone")

    yield attack
