"""Runs the cases of a surface in a process that may be killed, and counts what came of them."""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from tests.fuzz.surfaces import SURFACES, ChangedError
from xlwings_addin.core.errors import ValuationError

MEMORY = 1 << 30
SECONDS = 60.0
"""What one case may take. A machine with other work to do gets more time, not more memory."""
LONGEST_SENTENCE = 4_000
BAD = ("traceback", "hang", "over the limits", "original changed", "no sentence")
GOOD = ("answered", "refused")


@dataclass
class Tally:
    """How often a surface had each outcome, and what the first bad ones were."""

    surface: str
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    @property
    def bad(self) -> int:
        return sum(self.counts[outcome] for outcome in BAD)

    def __str__(self) -> str:
        counts = ", ".join(f"{self.counts[outcome]:,} {outcome}" for outcome in (*GOOD, *BAD))
        return f"{self.surface:<10} {sum(self.counts.values()):>8,} cases: {counts}"


def run(surface: str, *, seed: int, cases: int, start: int = 0, patience: float = 1.0) -> Tally:
    """`cases` of a surface, from number `start` on; a number and the seed make a case again."""
    tally = Tally(surface)
    number, end = start, start + cases
    while number < end:
        number = _stretch(tally, surface, seed, number, end, SECONDS * patience)
    return tally


def _stretch(tally: Tally, surface: str, seed: int, number: int, end: int, seconds: float) -> int:
    """Cases in one process, up to the first that ends it; the number to go on with."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sending, surface, seed, number, end))
    process.start()
    sending.close()
    try:
        while number < end:
            outcome, detail = _outcome(receiving, seconds)
            tally.counts[outcome] += 1
            if outcome in BAD:
                tally.findings.append(f"{surface} seed {seed} case {number}: {outcome}\n{detail}")
            number += 1
            if outcome in ("hang", "over the limits"):
                break
    finally:
        _end(process)
        receiving.close()
    return number


def _outcome(receiving: Connection, seconds: float) -> tuple[str, str]:
    if not receiving.poll(seconds):
        return "hang", f"no answer in {seconds:g} s"
    try:
        outcome, detail = receiving.recv()
    except EOFError:
        return "over the limits", "the process ended"
    return str(outcome), str(detail)


def _end(process: BaseProcess) -> None:
    process.join(5)
    if process.is_alive():
        process.kill()
        process.join()


def _work(sending: Connection, surface: str, seed: int, number: int, end: int) -> None:
    os.environ.update(XIAOMI_MODEL_LEDGER="off", XIAOMI_MODEL_LOG="off")
    logging.getLogger().addHandler(logging.NullHandler())  # warnings are for the log, not for the counts
    os.environ["PATH"] = ""  # without LibreOffice, which takes seconds to start
    limit = MEMORY + _memory_of_parent()
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with tempfile.TemporaryDirectory() as folder, SURFACES[surface](Path(folder)) as attack:
        for case in range(number, end):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                sending.send(_tried(attack, Random(f"{seed} {surface} {case}"), Path(place)))


def _memory_of_parent() -> int:
    """What this process has from the one it was forked from, in bytes: no case asked for it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:")), 0)


def _tried(attack, random: Random, place: Path) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    try:
        attack(random, place)
    except ValuationError as refusal:
        sentence = str(refusal)
        clear = len(sentence) <= LONGEST_SENTENCE and len(sentence.splitlines()) == 1
        return ("refused", "") if clear else ("no sentence", sentence[: LONGEST_SENTENCE // 4])
    except MemoryError:
        return "over the limits", traceback.format_exc()
    except ChangedError as change:
        return "original changed", str(change)[:1000]
    except Exception:
        return "traceback", traceback.format_exc()
    return "answered", ""
