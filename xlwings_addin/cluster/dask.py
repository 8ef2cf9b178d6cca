"""Workers of a Dask scheduler (extra `scale`): of this machine, or wherever its address leads.

Dask gives the tasks of a worker that dies to another. What is made here is what it leaves open: a scheduler
that does not answer, or loses all its workers, ends a run with one sentence in bounded time.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from threading import Thread
from typing import Any

from xlwings_addin.cluster.workers import Outcome, Task, Workers
from xlwings_addin.core.errors import InputError

CONNECT = 10.0
"""Seconds in which a scheduler has to answer."""
FIRST_WORKER = 30.0
"""Seconds in which a scheduler has to have a worker, at the start and after it has lost all of them."""
POLL = 1.0
CANCELLED = (CancelledError, asyncio.CancelledError)
ENVIRONMENT = "distributed.nanny.pre-spawn-environ"
# Dask has its workers give memory back at once (64 KiB), which makes a valuation four times as slow.
MEMORY = {"MALLOC_TRIM_THRESHOLD_": 1 << 28, "MALLOC_MMAP_THRESHOLD_": 1 << 25}
# Nor does anybody look at what Dask's workers note of themselves, a hundred times a second.
UNWATCHED = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.gil.enabled": False,
}


class DaskWorkers(Workers):
    """The workers of a scheduler, through a client of it."""

    def __init__(self, client: Any, name: str) -> None:
        self.client, self.name = client, name
        self._require_workers()
        self.count = max(1, sum(client.nthreads().values()))

    def share(self, state: Any) -> Any:
        # A task, not scattered data: if the worker that has the state dies, another makes it again.
        packed = pickle.dumps(state, protocol=pickle.HIGHEST_PROTOCOL)
        return self.client.submit(pickle.loads, packed, pure=False)

    def submit(self, function: Task[Any, Any, Any], shared: Any, item: Any) -> Any:
        return self.client.submit(function, shared, item, pure=False)

    def any_done(self, futures: Iterable[Any]) -> set[Any]:
        wait: Any = _distributed(self.name).wait
        waiting, alone = list(futures), 0.0
        while True:
            try:
                with self.client.as_current():
                    return set(wait(waiting, timeout=POLL, return_when="FIRST_COMPLETED").done)
            except CANCELLED:
                raise _lost(self.name, "is not there any more") from None
            except TimeoutError:
                if self.client.status != "running":
                    raise _lost(self.name, "is not there any more") from None
                alone = 0.0 if self._has_workers() else alone + POLL
                if alone > FIRST_WORKER:
                    rule = f"has had no worker for {FIRST_WORKER:.0f} s"
                    raise _lost(self.name, rule) from None

    def outcome(self, future: Any) -> Outcome[Any]:
        distributed = _distributed(self.name)
        try:
            return Outcome(future.result())
        except CANCELLED:
            raise _lost(self.name, "is not there any more") from None
        except distributed.KilledWorker as error:
            rule = f"has a task that {error.allowed_failures + 1} workers died of, for want of memory perhaps"
            return Outcome(None, _lost(self.name, rule))
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) or "deserializ" in str(error):
                reason = str(error.__cause__ or error)
                rule = f"must have this program, in the same version, on scheduler and workers: {reason}"
                raise _lost(self.name, rule) from None
            return Outcome(None, error)

    def _require_workers(self) -> None:
        start = time.monotonic()
        while not self._has_workers():
            if time.monotonic() - start > FIRST_WORKER:
                rule = f"must have a worker within {FIRST_WORKER:.0f} s"
                raise InputError("cluster", self.name, rule, display=self.name)
            time.sleep(POLL / 10)

    def _has_workers(self) -> bool:
        try:
            return bool(self.client.nthreads())
        except (OSError, TimeoutError):
            return False


def _lost(name: str, rule: str) -> InputError:
    return InputError("cluster", name, rule, display=name)


def workers_of(client: Any) -> DaskWorkers:
    """The workers of a client of Dask that is open already."""
    if not (hasattr(client, "submit") and hasattr(client, "nthreads")):
        rule = "must be threads, local, the address of a scheduler, a client of Dask or an executor"
        raise InputError("cluster", client, rule)
    return DaskWorkers(client, client.scheduler.address)


@contextmanager
def local_client(count: int, *, name: str = "local") -> Iterator[Any]:
    """A client of a Dask cluster on this machine: processes of one thread, to which nobody else can talk."""
    distributed = _distributed(name)
    from dask import config

    environment = {**config.get(ENVIRONMENT), **MEMORY}
    with (
        config.set({ENVIRONMENT: environment, **UNWATCHED}),
        distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            security=True,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, direct_to_workers=True, set_as_default=False) as client,
    ):
        client.wait_for_workers(count, timeout=FIRST_WORKER)
        yield client


@contextmanager
def local_workers(name: str, count: int) -> Iterator[DaskWorkers]:
    """Processes of a Dask cluster on this machine."""
    with local_client(count, name=name) as client:
        yield DaskWorkers(client, name)


@contextmanager
def workers_at(address: str) -> Iterator[DaskWorkers]:
    """The workers of the scheduler at an address, such as tcp://10.0.0.5:8786."""
    distributed = _distributed(address)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    opening: Future[Any] = Future()
    # In a thread: Dask waits for ever for a program that accepts a connection and says nothing.
    Thread(target=_open_client, args=(distributed.Client, address, opening), daemon=True).start()
    try:
        client = opening.result(timeout=CONNECT + 2)
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        why = f": {error}" if str(error) else ""
        rule = (
            f"must be threads, local or the address of a Dask scheduler that answers in {CONNECT:.0f} s{why}"
        )
        raise InputError("cluster", address, rule, display=address) from None
    with client:
        yield DaskWorkers(client, address)


def _open_client(kind: Any, address: str, opening: Future[Any]) -> None:
    try:
        opening.set_result(kind(address, timeout=CONNECT, set_as_default=False))
    except Exception as error:
        opening.set_exception(error)


def _distributed(name: str) -> Any:
    try:
        import distributed
    except ImportError:
        rule = "needs Dask, which is not installed: pip install 'xiaomi-model[scale]'"
        raise InputError("cluster", name, rule, display=name) from None
    return distributed
