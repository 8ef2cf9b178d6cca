"""One seed gives one answer, bit for bit, whoever draws: threads, processes, and after a worker has died."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.drawing import drawing_of
from xlwings_addin.analytics.streams import PORTION, cuts, portions, portions_of
from xlwings_addin.cluster import dask
from xlwings_addin.cluster.agreement import require_agreement, versions
from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.cases import load_inputs

DRAWS = 8 * PORTION + 1_000


def figures(**options: Any) -> str:
    return json.dumps(xa.simulate(DRAWS, seed=7, **options).summary())


@pytest.fixture(scope="module")
def alone() -> str:
    return figures()


def test_any_number_of_threads_gives_the_same_answer(alone: str) -> None:
    assert figures(cluster="threads:1") == alone
    assert figures(cluster="threads:2") == alone


@pytest.mark.slow
def test_two_worker_processes_give_the_same_answer(alone: str, client: Any) -> None:
    assert figures(cluster=client) == alone


@contextmanager
def scheduler_of_threads() -> Iterator[Any]:
    """A scheduler with an address and a worker, in this process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


@pytest.mark.slow
def test_an_address_leads_to_the_same_answer(alone: str) -> None:
    with scheduler_of_threads() as cluster:
        assert figures(cluster=cluster.scheduler_address) == alone


@pytest.mark.slow
def test_a_scheduler_that_goes_is_one_sentence_and_nothing_half_written(tmp_path: Path) -> None:
    with scheduler_of_threads() as cluster:
        address = cluster.scheduler_address
        with pytest.raises(InputError, match=f"cluster {address} is not there any more"):
            figures(cluster=address, progress=lambda *_: cluster.close(), save=tmp_path / "run.json")
    assert not os.listdir(tmp_path)


@pytest.mark.slow
def test_a_worker_that_is_killed_half_way_changes_nothing(alone: str, client: Any, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(done: int, total: int) -> None:
        if not killed and done > total / 4:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    assert figures(cluster=client, progress=kill, out=tmp_path / "draws.npy") == alone
    assert killed
    xa.simulate(DRAWS, seed=7, out=tmp_path / "alone.npy")
    assert (tmp_path / "draws.npy").read_bytes() == (tmp_path / "alone.npy").read_bytes()


@pytest.mark.slow
def test_scrambled_points_are_the_same_in_processes(client: Any) -> None:
    options: dict[str, Any] = {"seed": 7, "method": "sobol"}
    assert xa.simulate(40_000, **options).value == xa.simulate(40_000, cluster=client, **options).value


@pytest.mark.slow
def test_an_executor_gives_the_same_answer_and_stays_open(alone: str) -> None:
    with ProcessPoolExecutor(2) as executor:
        assert figures(cluster=executor) == alone
        assert executor.submit(int, "1").result() == 1


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_a_portion_is_the_same_whoever_draws_the_one_before(method: Any) -> None:
    options: dict[str, Any] = {"seed": 7, "method": method}
    draws = 32 * PORTION
    whole = list(portions(2, draws, **options))
    for cut in reversed(list(cuts(draws, method, most=2))):
        first = cut.scrambling * (len(whole) // 16) if method == "sobol" else 0
        for place, portion in enumerate(portions_of(cut, 2, draws, **options)):
            assert np.array_equal(portion.normals, whole[first + cut.first + place].normals)


def test_ctrl_c_keeps_the_first_portions_that_are_done() -> None:
    def stop(done: int, total: int) -> None:
        if done == 2 * PORTION:
            signal.raise_signal(signal.SIGINT)

    answer = xa.simulate(DRAWS, seed=7, cluster="threads:2", progress=stop)
    assert (answer.interrupted, answer.draws) == (True, 2 * PORTION)
    assert answer.value == xa.simulate(2 * PORTION, seed=7).value


@contextmanager
def mute_program() -> Iterator[str]:
    """A program that accepts connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_a_cluster_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask, "CONNECT", 0.5)
    rule = "must be threads, local or the address of a Dask scheduler that answers in 0 s"
    with mute_program() as mute:
        for address in ("tcp://127.0.0.1:1", "nonsense", mute):
            with pytest.raises(InputError, match=f"cluster {address} {rule}"):
                xa.simulate(10, cluster=address)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ("threads:0", "cluster threads:0 must name 1 to 1024 workers, as in local:4"),
        ("local:many", "cluster local:many must name 1 to 1024 workers, as in local:4"),
        (7, "cluster 7 must be threads, local, the address of a scheduler, a client of Dask or an executor"),
    ],
)
def test_workers_that_are_none_are_refused(cluster: object, message: str) -> None:
    with pytest.raises(InputError) as raised:
        xa.simulate(10, cluster=cluster)
    assert str(raised.value) == message


def test_a_worker_with_another_version_is_refused() -> None:
    require_agreement(versions())
    with pytest.raises(InputError, match=r"numpy on .* must be 0\.1, as where the draws are added up"):
        require_agreement({**versions(), "numpy": "0.1"})


def test_a_drawing_that_was_used_travels_to_a_worker() -> None:
    drawing = drawing_of(load_inputs("base"))
    normals = np.linspace(-2, 2, 24).reshape(12, 2)
    values = drawing.draws(normals)
    arrived = pickle.loads(pickle.dumps(drawing))
    assert arrived.fingerprint == drawing.fingerprint
    assert all(np.array_equal(arrived.draws(normals)[key], values[key]) for key in drawing.keys)


def test_an_error_of_a_worker_arrives_as_it_was_raised() -> None:
    error = DomainError("wacc", 0.02, "must exceed terminal_growth 3.00%", display="2.00%")
    arrived = pickle.loads(pickle.dumps(error))
    assert (type(arrived), str(arrived), vars(arrived)) == (DomainError, str(error), vars(error))


@pytest.mark.slow
def test_a_batch_has_the_same_rows_from_worker_processes(client: Any, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("xiaomi,base\nxiaomi,bear\nnowhere\n", encoding="utf-8")
    rows = xa.batch(tmp_path / "list.txt").rows
    assert [row.status for row in rows] == ["ok", "ok", "error"]
    assert xa.batch(tmp_path / "list.txt", cluster=client).rows == rows
