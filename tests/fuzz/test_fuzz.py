"""Spoilt inputs in the suite: a few of every surface, and that a campaign sees what it is there to see."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.fuzz import campaign, kills, mutants
from tests.fuzz.surfaces import SURFACES, Attack, untouched_if_refused
from tests.xlsx.foreign_books import openpyxl_book
from xlwings_addin.core.errors import BookError

SEED = 20240308
CASES = {"books": 60, "tables": 40, "arguments": 2000, "bodies": 100, "answers": 30, "kills": 10}
"""So many that the suite spends seconds on them; `make fuzz` runs thousands."""
PATIENCE = 10.0
"""A busy machine is no hang."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a case needs a process that can be limited")


def test_every_surface_is_in_the_suite() -> None:
    assert CASES.keys() == SURFACES.keys()


@pytest.mark.parametrize("surface", CASES)
@pytest.mark.slow
def test_spoilt_inputs_are_answered_or_refused(surface: str) -> None:
    tally = campaign.run(surface, seed=SEED, cases=CASES[surface], patience=PATIENCE)
    assert not tally.bad, "\n".join([str(tally), *tally.findings])
    assert sum(tally.counts.values()) == CASES[surface]
    assert tally.counts["answered"] > 0


def test_the_seed_decides_what_is_spoilt() -> None:
    book = openpyxl_book()
    first, again, other = (mutants.spoilt_book(Random(seed), book) for seed in (1, 1, 2))
    assert first == again != other
    assert {first, other}.isdisjoint({book})


def _traceback(random: Random, place: Path) -> None:
    raise ZeroDivisionError


def _hang(random: Random, place: Path) -> None:
    time.sleep(600)


def _memory(random: Random, place: Path) -> None:
    bytearray(2 << 30)


def _exit(random: Random, place: Path) -> None:
    os._exit(3)


class _UnclearError(BookError):
    """An error whose words are not those that `ValuationError` cuts and joins to one sentence."""

    def __init__(self, text: str) -> None:
        Exception.__init__(self, text)


def _page(random: Random, place: Path) -> None:
    raise _UnclearError("workbook 'book.xlsx' is bad\nand worse")


def _novel(random: Random, place: Path) -> None:
    raise _UnclearError("x" * 5000)


def _change(random: Random, place: Path) -> None:
    (place / "book.xlsx").write_bytes(b"sound")
    with untouched_if_refused(place):
        (place / "book.xlsx").write_bytes(b"spoilt")
        raise BookError("workbook", "book.xlsx", "is bad")


def _left_over(random: Random, place: Path) -> None:
    with untouched_if_refused(place):
        (place / ".book.tmp").write_bytes(b"half")
        raise BookError("workbook", "book.xlsx", "is bad")


@pytest.mark.parametrize(
    ("attack", "outcome"),
    [
        (_traceback, "traceback"),
        (_hang, "hang"),
        (_memory, "over the limits"),
        (_exit, "over the limits"),
        (_page, "no sentence"),
        (_novel, "no sentence"),
        (_change, "original changed"),
        (_left_over, "original changed"),
    ],
)
def test_a_campaign_sees(
    attack: Callable[[Random, Path], None], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def surface(folder: Path) -> Iterator[Attack]:
        def third_is_bad(random: Random, place: Path) -> None:
            marks = len(list(folder.glob("*.seen")))
            (folder / f"{marks}.seen").touch()
            if marks == 2:
                attack(random, place)

        yield third_is_bad

    monkeypatch.setitem(SURFACES, "stub", surface)
    if attack is _hang:
        monkeypatch.setattr(campaign, "SECONDS", 5.0)
    tally = campaign.run("stub", seed=SEED, cases=5)
    assert tally.counts == {"answered": 4, outcome: 1}, tally.findings
    assert tally.bad == len(tally.findings) == 1
    assert f"stub seed {SEED} case 2: {outcome}" in tally.findings[0]


def _old(place: Path) -> None:
    (place / "book.xlsx").write_bytes(b"old")


def _read(place: Path) -> bytes:
    return (place / "book.xlsx").read_bytes()


def _in_place(place: Path) -> None:
    with (place / "book.xlsx").open("wb", buffering=0) as file:
        file.write(b"half")
        time.sleep(0.3)
        file.write(b"and half")


def _beside(place: Path) -> None:
    beside = place / f".{time.time_ns()}.new"
    beside.write_bytes(b"new")
    time.sleep(0.3)
    beside.replace(place / "book.xlsx")


@pytest.mark.parametrize(("run", "said"), [(_in_place, ": read: 1"), (_beside, ".new left over or gone")])
@pytest.mark.slow
def test_kills_are_seen_where_they_do_harm(
    run: Callable[[Path], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "WORKS", {"careless": kills.Work(_old, run, _read)})
    monkeypatch.setattr(kills, "WEIGHTS", {"careless": 1})
    tally = campaign.run("kills", seed=SEED, cases=6, patience=PATIENCE)
    assert tally.bad
    assert any("careless killed" in finding and said in finding for finding in tally.findings)
