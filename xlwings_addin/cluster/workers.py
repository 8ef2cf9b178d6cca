"""Tasks for workers: a function of a state and an item, called for item after item.

    with open_workers("threads:2") as workers:
        for place, outcome in workers.run(function, state, items):
            ...

The state goes to a worker once. At no time are more items under way than keep the workers busy, so that
neither a long list of items nor its results fill a memory. With `ordered` the results come in the order of
the items, else as they are done.
"""

from __future__ import annotations

import copyreg
import os
import pickle
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from xlwings_addin.core.errors import InputError

State = TypeVar("State")
Item = TypeVar("Item")
Result = TypeVar("Result")
Task = Callable[[State, Item], Result]

AHEAD = 3
"""Items under way for each worker: one at work, the others on their way."""


def _view(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


# Inputs of a case hold read-only views of dictionaries, which Python does not pickle by itself.
copyreg.pickle(MappingProxyType, lambda view: (_view, (dict(view),)))


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What came of an item: a result, or the error that it ended with."""

    value: Result | None
    error: Exception | None = None

    def result(self) -> Result:
        """The result; raises the error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


class Workers(ABC):
    """Who does tasks; `count` at a time."""

    count: int = 1

    @abstractmethod
    def share(self, state: Any) -> Any:
        """The state as tasks take it, brought to every worker once."""

    @abstractmethod
    def submit(self, function: Task[Any, Any, Any], shared: Any, item: Any) -> Any:
        """Begin a task; its future."""

    @abstractmethod
    def any_done(self, futures: Iterable[Any]) -> set[Any]:
        """Wait until one of some futures is done; those that are."""

    def outcome(self, future: Any) -> Outcome[Any]:
        """What came of a future that is done."""
        try:
            return Outcome(future.result())
        except Exception as error:
            return Outcome(None, error)

    def run(
        self,
        function: Task[State, Item, Result],
        state: State,
        items: Iterable[Item],
        *,
        ordered: bool = True,
    ) -> Generator[tuple[int, Outcome[Result]], None, None]:
        """The place of an item in the list, and what came of it, one after the other.

        Whoever stops asking ends what is not begun.
        """
        shared, left = self.share(state), enumerate(items)
        pending: dict[Any, int] = {}
        done: dict[int, Outcome[Result]] = {}
        next_place, more = 0, True
        try:
            while True:
                while more and len(pending) + len(done) < AHEAD * self.count:
                    if more := (following := next(left, None)) is not None:
                        pending[self.submit(function, shared, following[1])] = following[0]
                if not pending and not done:
                    return
                for future in self.any_done(pending) if next_place not in done else ():
                    done[pending.pop(future)] = self.outcome(future)
                for place in sorted(done):
                    if ordered and place != next_place:
                        break
                    yield place, done.pop(place)
                    next_place += 1
        finally:
            for future in pending:
                future.cancel()


class Here(Workers):
    """This thread."""

    def share(self, state: Any) -> Any:
        return state

    def submit(self, function: Task[Any, Any, Any], shared: Any, item: Any) -> Any:
        future: Future[Any] = Future()
        try:
            future.set_result(function(shared, item))
        except Exception as error:
            future.set_exception(error)
        return future

    def any_done(self, futures: Iterable[Any]) -> set[Any]:
        return set(futures)

    def run(
        self,
        function: Task[State, Item, Result],
        state: State,
        items: Iterable[Item],
        *,
        ordered: bool = True,
    ) -> Generator[tuple[int, Outcome[Result]], None, None]:
        """One item after the other, each when it is asked for."""
        for place, item in enumerate(items):
            yield place, self.outcome(self.submit(function, state, item))


class Threads(Workers):
    """Threads of this process."""

    def __init__(self, executor: Executor, count: int) -> None:
        self.executor, self.count = executor, count

    def share(self, state: Any) -> Any:
        return state

    def submit(self, function: Task[Any, Any, Any], shared: Any, item: Any) -> Any:
        return self.executor.submit(function, shared, item)

    def any_done(self, futures: Iterable[Any]) -> set[Any]:
        return wait(futures, return_when=FIRST_COMPLETED).done


class Processes(Threads):
    """Any executor of `concurrent.futures`, whose tasks may be done in another process."""

    def share(self, state: Any) -> Any:
        packed = pickle.dumps(state, protocol=pickle.HIGHEST_PROTOCOL)
        return sha256(packed).hexdigest(), packed

    def submit(self, function: Task[Any, Any, Any], shared: Any, item: Any) -> Any:
        name, packed = shared
        return self.executor.submit(_unpacked, function, name, packed, item)


def _unpacked(function: Task[Any, Any, Any], name: str, packed: bytes, item: Any) -> Any:
    return function(_state(name, packed), item)


@lru_cache(maxsize=2)
def _state(name: str, packed: bytes) -> Any:
    return pickle.loads(packed)


@contextmanager
def open_workers(cluster: object = None) -> Iterator[Workers]:
    """Workers by what names them, for as long as they are needed.

    None is this thread, `threads` or `threads:4` so many threads, `local` or `local:4` processes of a Dask
    cluster on this machine, any other text the address of a Dask scheduler. A client of Dask or an executor
    of `concurrent.futures` stays open.
    Raises `InputError` for what is none of these, a scheduler that does not answer in time, and where Dask is
    asked for and not installed.
    """
    if cluster is None:
        yield Here()
    elif isinstance(cluster, Executor):
        yield Processes(cluster, getattr(cluster, "_max_workers", None) or os.cpu_count() or 1)
    elif isinstance(cluster, str) and (match := re.fullmatch(r"(threads|local)(?::(.*))?", cluster)):
        kind, count = match.group(1), _count(cluster, match.group(2))
        if kind == "threads":
            with ThreadPoolExecutor(count) as executor:
                yield Threads(executor, count)
        else:
            from xlwings_addin.cluster.dask import local_workers

            with local_workers(cluster, count) as workers:
                yield workers
    elif isinstance(cluster, str):
        from xlwings_addin.cluster.dask import workers_at

        with workers_at(cluster) as workers:
            yield workers
    else:
        from xlwings_addin.cluster.dask import workers_of

        yield workers_of(cluster)


def _count(cluster: str, text: str | None) -> int:
    if text is None:
        return os.cpu_count() or 1
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1024):
        raise InputError("cluster", cluster, "must name 1 to 1024 workers, as in local:4", display=cluster)
    return int(text)
