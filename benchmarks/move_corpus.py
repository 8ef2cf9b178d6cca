"""Our insertion of rows and columns against LibreOffice's own, over a folder of workbooks.

    python -m benchmarks.move_corpus FOLDER [--books 200] [--show 3]

Each workbook gets rows and columns inserted into a sheet, at a place that its name decides, once by
LibreOffice and once by us; LibreOffice then reads, recalculates and saves both. What only one of them says
counts as a difference.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tests.hosts.calc_office import running_office
from tests.xlsx.calc_insertion import Move, differences, inserted_by_calc, saved_by_calc
from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.libreoffice import find_soffice
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.moving import move
from xlwings_addin.xlsx.package import Package, read_package

SECONDS = 60
"""How long LibreOffice may take for one book."""
LARGEST = 3_000_000
"""Bytes of the largest book."""


def moves(package: Package, name: str) -> Iterator[Move]:
    """Rows and columns into a sheet of the book, where its cells are."""
    chance = random.Random(name)
    sheets = [(title, part) for title, part in package.sheets().items() if package.cells(part)]
    if not sheets:
        return
    title, part = chance.choice(sheets)
    places = [split_address(cell.address) for cell in package.cells(part)]
    rows, columns = ([place[at] for place in places] for at in (0, 1))
    yield title, chance.randint(min(rows), max(rows)), chance.randint(1, 3), "rows"
    yield title, chance.randint(min(columns), max(columns)), chance.randint(1, 3), "columns"


def books(folder: Path, count: int) -> list[Path]:
    """So many of the folder's workbooks, from its folders in turn, in an order that no name decides."""
    paths = sorted([*folder.rglob("*.xlsx"), *folder.rglob("*.xlsm")])
    random.Random(0).shuffle(paths)
    piles: dict[Path, list[Path]] = {}
    for path in paths:
        if path.stat().st_size < LARGEST:
            piles.setdefault(path.parent, []).append(path)
    in_turn = zip_longest(*piles.values())
    return [path for layer in in_turn for path in layer if path is not None][:count]


class Comparison:
    """The counts, and LibreOffice, which is started anew after it hung."""

    def __init__(self, show: int) -> None:
        self.show = show
        self.counts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.folder = Path(tempfile.mkdtemp(prefix="move-"))
        self._stack, self._office = ExitStack(), None

    def office(self) -> Any:
        soffice = find_soffice()
        if soffice is None:
            sys.exit("LibreOffice is not installed")
        if self._office is None:
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            self._office = self._stack.enter_context(running_office(soffice, folder, extension=False))
        return self._office

    def restart(self) -> None:
        self._stack.close()
        self._office = None

    def compare(self, path: Path) -> None:
        try:
            package = read_package(path)
            choices = list(moves(package, path.name))
        except BookError:
            self.counts["books that are refused on reading"] += 1
            return
        self.counts["books"] += 1
        for choice in choices:
            self.counts["moves"] += 1
            outcome = self.outcome(path, choice)
            self.counts[outcome] += 1

    def outcome(self, path: Path, choice: Move) -> str:
        try:
            ours = move(path, *choice)
        except BookError as refusal:
            print(f"REFUSED {path.name} {choice}: {refusal}")
            return "refused by us"
        signal.alarm(SECONDS)
        try:
            expected = inserted_by_calc(self.office(), path, self.folder, choice)
            unlike = differences(expected, saved_by_calc(self.office(), ours, self.folder), choice)
        except Exception as error:
            print(f"NO ANSWER {path.name} {choice}: {type(error).__name__} {str(error)[:120]}")
            if not isinstance(error, AssertionError):
                self.restart()
            return "LibreOffice gave no answer"
        finally:
            signal.alarm(0)
        if not unlike:
            return "same"
        self.kinds.update(dict.fromkeys(unlike, 1))
        print(
            f"DIFFERS {path} {choice}: {', '.join(f'{kind} {len(texts)}' for kind, texts in unlike.items())}"
        )
        for kind, texts in unlike.items():
            signs = [[text for text in texts if text[0] == sign][: self.show] for sign in "-+"]
            for text in (*signs[0], *signs[1]):
                print(f"    {kind} {text[:200]}")
        return "different"

    def close(self) -> None:
        self._stack.close()


def _too_late(*_: object) -> None:
    raise TimeoutError("too late")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--books", type=int, default=200)
    parser.add_argument("--from", dest="start", type=int, default=0)
    parser.add_argument("--show", type=int, default=3)
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_late)
    comparison = Comparison(options.show)
    try:
        for path in books(options.folder, options.start + options.books)[options.start :]:
            comparison.compare(path.resolve())
    finally:
        comparison.close()
    for name, count in comparison.counts.items():
        print(f"{count:6} {name}")
    for kind, count in comparison.kinds.most_common():
        print(f"{count:6} moves differ in {kind}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
