"""A folder of workbooks that others wrote, run through recalculation and counted, in files and formula cells.

    python -m benchmarks.corpus FOLDER                       as the files are
    python -m benchmarks.corpus FOLDER --mode no-values      with all stored values taken out
    python -m benchmarks.corpus FOLDER --mode changed        with one numeric constant changed by 1%

The folder is given, none is shipped. Every file runs in a child process with limits of memory and time.
Wrong is: as it is, a cell shown otherwise than stored; without values, a calculated cell that is not what
Excel stored (`corpus_judging` says which differences are not wrong, and they are counted); changed, a cell
that was calculated and on which LibreOffice and IronCalc agree against it.
Counted are cells with a formula of their own; what an array formula or a what-if table fills counts with it.
Cells that hang on the day or on random numbers are left out. The time is that of the processor, without that
of a second engine. Required: 0 wrong, 0 failed, 0 over a minute.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.corpus_judging import KINDS, Judge, agree
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.engine.ironcalc import faulty_cells, has_opinion, recalculate_with_ironcalc
from xlwings_addin.engine.libreoffice import find_soffice, recalculate_with_libreoffice
from xlwings_addin.engine.recalculation import recalculated
from xlwings_addin.engine.second_opinion import doubted
from xlwings_addin.engine.witness import Outcome, Witness
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Package,
    formula_cells,
    freeze_formulas,
    read_package,
    read_values,
    write_values,
)

MODES = ("as-is", "no-values", "changed")
MEMORY = 4 << 30
"""Bytes of address space that a child process may use."""
SECONDS = 60.0
STEP = 1.01
_VOLATILE = ("NOW(", "TODAY(", "RAND(", "RANDBETWEEN(", "RANDARRAY(", "INFO(")
_COUNTS = ("formulas", "reproduced", "calculated", "kept", "named", "wrong", *KINDS, "other parts")

Counts = dict[str, object]


def run_one(path: Path, mode: str) -> Counts:
    """What becomes of one workbook."""
    original = read_package(path)
    stored = read_values(original)
    cells = list(formula_cells(original))
    formulas = [(cell.sheet, cell.cell) for cell in cells]
    if not formulas:
        return {"formulas": 0}
    own = {(cell.sheet, cell.cell) for cell in cells if cell.kind != "member"}
    started, package = time.process_time(), original
    if mode == "no-values":
        package = read_package(write_values(original, dict.fromkeys(formulas)))
    # What `recalc` makes of a file; a witness of its own judges that.
    outcome = None if mode == "changed" else _recalculated(package)
    took = time.process_time() - started
    witness = Witness(package, callbacks())
    changes: dict[CellKey, CellValue] = {}
    if outcome is None:
        changes = _change(witness, package)
        if not changes:
            return {"formulas": len(own), "refused": "no numeric constant that a formula hangs on"}
        started = time.process_time()
        outcome = _refreshed(witness, changes)
        took = time.process_time() - started
    counts: Counts = {
        "formulas": len(own),
        "stored": sum(stored.get(key) is not None for key in own),
        "took": round(took, 1),
    }
    if outcome.kept:
        counts["refused"] = f"names {_kind(outcome.kept[0].reason)}"
    others: dict[str, int] = {}
    judge: dict[str, Callable[[], list[str]]] = {
        "as-is": lambda: _wrong_as_stored(witness, outcome, stored),
        "no-values": lambda: _wrong_without(original, witness, outcome, stored, others),
        "changed": lambda: _wrong_changed(package, witness, outcome, changes),
    }
    wrong = judge[mode]()
    return {
        **counts,
        **dict.fromkeys(KINDS, 0),
        **others,
        "reproduced": len((witness.reproduced - witness.affected(changes)) & own),
        "calculated": len(outcome.new.keys() & own),
        "kept": len(outcome.stale & own),
        "named": len(outcome.kept) + len(outcome.doubted),
        "doubted": [f"{cell.place} {cell.formula[:80]} {cell.reason[:120]}" for cell in outcome.doubted[:20]],
        "blocked": [f"{cell.place} {cell.formula[:80]} {cell.reason[:120]}" for cell in outcome.kept[:20]],
        "wrong": len(wrong),
        "wrong cells": wrong[:20],
        "other parts": 0 if changes else _other_parts(package, outcome),
    }


def _recalculated(package: Package) -> Outcome:
    return recalculated(package, callbacks(), keep_uncalculated=True, timeout=SECONDS).outcome


def _refreshed(witness: Witness, changes: Mapping[CellKey, CellValue]) -> Outcome:
    """What a refresh makes of a file in which something changes."""
    outcome = witness.outcome(changes, keep=True)
    return witness.believed(outcome, partial(doubted, timeout=SECONDS), keep=True)


def _kind(reason: str) -> str:
    """A reason without the cells and values in it."""
    words = [word for word in reason.split() if not any(mark.isdigit() for mark in word) and "'" not in word]
    return " ".join(words[:8])


def _moving(witness: Witness) -> set[CellKey]:
    """The cells that hang on the day or on random numbers."""
    texts = witness.calculation.book.texts
    start = {key for key, text in texts.items() if any(name in text.upper() for name in _VOLATILE)}
    names = witness.calculation.book.names
    words = {name.upper() for name, text in names.items() if any(mark in text.upper() for mark in _VOLATILE)}
    start |= {key for key, text in texts.items() if any(word in text.upper() for word in words)}
    return witness.dependencies.hanging_on(start) if start else set()


def _wrong_as_stored(witness: Witness, outcome: Outcome, stored: Mapping[CellKey, CellValue]) -> list[str]:
    moving = _moving(witness)
    return [
        _told(witness, key, value, stored.get(key))
        for key, value in outcome.new.items()
        if stored.get(key) not in (None, "#NAME?") and key not in moving and not agree(value, stored.get(key))
    ]


def _wrong_without(
    package: Package,
    witness: Witness,
    outcome: Outcome,
    stored: Mapping[CellKey, CellValue],
    others: dict[str, int],
) -> list[str]:
    """The wrong cells; how many differ for another reason goes into `others`."""
    kinds = Judge(package, witness, stored).differences(outcome.new, _moving(witness))
    others |= {kind: len(cells) for kind, cells in kinds.items() if kind != "wrong"}
    return [_told(witness, key, outcome.new[key], stored[key]) for key in kinds["wrong"]]


def _told(witness: Witness, key: CellKey, ours: CellValue, right: CellValue) -> str:
    text = witness.calculation.book.texts.get(key, "")
    return f"{key[0]}!{key[1]} ={text[:90]}: {ours!r}, should be {right!r}"


def _other_parts(package: Package, outcome: Outcome) -> int:
    """The parts of the written file that changed although no value stands in them."""
    written = read_package(write_values(package, outcome.new, only_formulas=True))
    sheets = set(package.sheets().values()) | {package.workbook_part}
    names = written.parts.keys() | package.parts.keys()
    return sum(
        written.parts.get(name) != package.parts.get(name)
        for name in names - sheets
        if "calcChain" not in name
    )


def _change(witness: Witness, package: Package) -> dict[CellKey, CellValue]:
    """The numeric constant, of the first 400, on which most formulas hang, and what it is changed to."""
    formulas = witness.calculation.book.formulas
    values = read_values(package)
    constants = [key for key, value in values.items() if key not in formulas and _is_changeable(value)]
    best: tuple[int, CellKey] | None = None
    for key in constants[:400]:
        count = len(witness.dependencies.hanging_on({key}))
        if best is None or count > best[0]:
            best = count, key
    if best is None or best[0] < 2:
        return {}
    value = values[best[1]]
    assert isinstance(value, float)
    return {best[1]: value * STEP}


def _is_changeable(value: CellValue) -> bool:
    return isinstance(value, float) and not isinstance(value, bool) and value not in (0.0, 1.0, -1.0)


def _wrong_changed(
    package: Package, witness: Witness, outcome: Outcome, changes: Mapping[CellKey, CellValue]
) -> list[str]:
    data = write_values(package, dict(changes), only_formulas=False)
    answers = list(_second_answers(data, package))
    if len(answers) < 2:
        return []
    moving = _moving(witness)
    wrong = []
    for key, ours in outcome.new.items():
        one, other = (answer.get(key) for answer in answers)
        answered = one is not None and has_opinion(one) and has_opinion(other)
        is_stored = isinstance(ours, str) and ours == witness.stored[key]  # an error that Excel shows, too
        if answered and key not in moving and agree(one, other, 1e-8) and not agree(ours, one, 1e-8):
            if is_stored:
                continue
            wrong.append(_told(witness, key, ours, one))
    return wrong


def _second_answers(data: bytes, package: Package) -> Iterator[Mapping[CellKey, CellValue]]:
    if find_soffice() is None:
        return
    try:
        yield recalculate_with_libreoffice({"changed.xlsx": data}, timeout=SECONDS)[0]
        frozen = freeze_formulas(data, faulty_cells(package))
        yield recalculate_with_ironcalc({"changed.xlsx": frozen}, timeout=SECONDS)[0]
    except ValuationError:
        return


def in_child(path: Path, mode: str, seconds: float) -> Counts:
    """What becomes of one workbook in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.corpus", "--one", str(path), "--mode", mode]
    started = time.monotonic()
    limit = 3 * seconds  # for the second engines, and for what judges
    try:
        child = subprocess.run(command, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {"over": seconds}
    took = time.monotonic() - started
    try:
        counts: Counts = {**json.loads(child.stdout), "seconds": round(took, 1)}
    except ValueError:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        return {"failed": said[-1][:200] if said else f"ended with {child.returncode}"}
    own = counts.get("took", 0.0)
    return {**counts, "over": own} if isinstance(own, float) and own > seconds else counts


def _child(path: Path, mode: str) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except ImportError:
        pass
    try:
        counts = run_one(path, mode)
    except ValuationError as refusal:
        counts = {"refused": f"{type(refusal).__name__}: {_kind(str(refusal).replace(str(path), 'FILE'))}"}
        counts["said"] = str(refusal)[:300]
    sys.stdout.write(json.dumps(counts))


def report(results: Mapping[str, Counts], mode: str) -> bool:
    """Print what the files came to; whether nothing is wrong, failed or over the time."""
    totals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    bad: list[str] = []
    for name, counts in results.items():
        totals["files"] += 1
        totals["files with formulas"] += bool(counts.get("formulas"))
        for count in _COUNTS:
            value = counts.get(count, 0)
            totals[count] += value if isinstance(value, int) else 0
        for state in ("failed", "over"):
            totals[state] += state in counts
        if "refused" in counts:
            totals["refused"] += 1
            reasons[str(counts["refused"])] += 1
        if counts.get("wrong") or "failed" in counts or "over" in counts:
            cells = counts.get("wrong cells")
            bad.append(f"{name}: {counts.get('failed') or counts.get('over') or ''}")
            bad += [f"    {cell}" for cell in cells] if isinstance(cells, list) else []
    print(f"mode {mode}")
    for count in ("files", "files with formulas", "refused", "failed", "over", *_COUNTS):
        print(f"  {count:22}{totals[count]:>10,}")
    for reason, count in reasons.most_common():
        print(f"  refused {count:4}  {reason}")
    print("\n".join(bad))
    return not (totals["wrong"] or totals["failed"] or totals["over"])


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if nothing is wrong, failed or over the time, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--mode", choices=MODES, default="as-is")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="limit for each file")
    parser.add_argument("--json", type=Path, help="where to write the counts of every file")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        _child(options.one, options.mode)
        return 0
    if options.folder is None or not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    paths = sorted(path for path in options.folder.rglob("*.xls[xm]") if not path.name.startswith("~$"))
    results: dict[str, Counts] = {}
    for path in paths:
        results[path.name] = in_child(path, options.mode, options.seconds)
        if options.json:
            options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0 if report(results, options.mode) else 1


if __name__ == "__main__":
    raise SystemExit(main())
