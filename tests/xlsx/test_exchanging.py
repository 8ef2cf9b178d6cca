"""Two writers of one file at once: what was moved out is looked at, and nothing is lost in silence."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from xlwings_addin.core.errors import BookError
from xlwings_addin.xlsx import exchanging
from xlwings_addin.xlsx.exchanging import replace_if, swapped
from xlwings_addin.xlsx.locking import lock_file, locked
from xlwings_addin.xlsx.saving import LEFT_OVER_AFTER, TEMPORARY, save

PAIRS = 50


def test_the_new_version_takes_the_place_of_the_one_that_was_read(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"former")
    replace_if(path, b"new", former=b"former")
    assert path.read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["book.xlsx"]


def test_a_file_that_is_not_what_was_read_stays(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"another's")
    with pytest.raises(BookError, match=r"was changed by another program meanwhile; nothing is written$"):
        replace_if(path, b"new", former=b"former")
    assert path.read_bytes() == b"another's"
    assert [file.name for file in tmp_path.iterdir()] == ["book.xlsx"]


@pytest.mark.skipif(exchanging._rename() is None, reason="the system cannot exchange two names")
def test_what_is_saved_between_the_look_and_the_exchange_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"former")

    def saved_first(one: Path, other: Path) -> bool:
        if path.read_bytes() == b"former":
            save(path, b"another's")
        return swapped(one, other)

    monkeypatch.setattr(exchanging, "swapped", saved_first)
    with pytest.raises(BookError, match="was changed by another program meanwhile"):
        replace_if(path, b"new", former=b"former")
    assert path.read_bytes() == b"another's"
    assert [file.name for file in tmp_path.iterdir()] == ["book.xlsx"]


@pytest.mark.skipif(exchanging._rename() is None, reason="the system cannot exchange two names")
def test_two_versions_saved_during_the_exchange_are_both_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"former")
    versions = [b"first", b"second"]

    def saved_first(one: Path, other: Path) -> bool:
        if versions:
            save(path, versions.pop(0))
        return swapped(one, other)

    monkeypatch.setattr(exchanging, "swapped", saved_first)
    with pytest.raises(
        BookError, match=r"one of two versions saved at the same time is kept as \.xiaomi"
    ) as e:
        replace_if(path, b"new", former=b"former")
    kept = tmp_path / str(e.value).rpartition(" ")[2]
    assert (path.read_bytes(), kept.read_bytes()) == (b"second", b"first")


@pytest.mark.skipif(exchanging._rename() is None, reason="the system cannot exchange two names")
def test_of_fifty_pairs_at_once_no_saved_version_is_lost(tmp_path: Path) -> None:
    refused = 0
    for pair in range(PAIRS):
        path = tmp_path / f"{pair}.xlsx"
        path.write_bytes(b"former")
        barrier, errors = threading.Barrier(2), []

        def refresh(
            path: Path = path, barrier: threading.Barrier = barrier, errors: list[str] = errors
        ) -> None:
            barrier.wait()
            try:
                replace_if(path, b"refreshed", former=b"former")
            except BookError as error:
                errors.append(str(error))

        thread = threading.Thread(target=refresh)
        thread.start()
        barrier.wait()
        save(path, b"analyst's")
        thread.join()
        refused += len(errors)
        assert path.read_bytes() == b"analyst's"
    assert 0 <= refused <= PAIRS
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_runs_on_one_file_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"")

    def run() -> None:
        with locked(path):
            former = path.read_bytes()
            time.sleep(0.001)
            replace_if(path, former + b"+", former=former)

    threads = [threading.Thread(target=run) for _ in range(2 * PAIRS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == b"+" * 2 * PAIRS
    assert not lock_file(path).exists()


def test_a_run_that_waits_too_long_says_for_what(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with (
        locked(path),
        pytest.raises(BookError, match=r"is being refreshed by another run; .*lock beside it is its lock"),
        locked(path, longest_wait=0.0),
    ):
        pytest.fail("two runs are in one block")


def test_the_lock_of_a_killed_run_locks_nothing_and_is_swept_after_a_day(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    lock_file(path).write_bytes(b"")
    with locked(path, longest_wait=0.0):
        pass
    other = lock_file(tmp_path / "other.xlsx")
    other.write_bytes(b"")
    old = time.time() - LEFT_OVER_AFTER - 60
    os.utime(other, (old, old))
    save(path, b"new")
    assert not other.exists()
