"""What a run of the command line left, and what the tests do to tables before it."""

from __future__ import annotations

import csv
from pathlib import Path

from xlwings_addin.cli.app import BAD_INPUT


class Answer:
    """What a run of the command line left: status, standard output, standard error."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


def set_cells(path: Path, key: str, /, **cells: str) -> str:
    """Change cells of the row of a table that has `key`; where the row stands, as messages name it."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (number,) = [number for number, row in enumerate(rows, 2) if row["key"] == key]
    rows[number - 2] |= cells
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return f"{path.name} line {number}"


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def sentence(answer: Answer) -> str:
    """The one sentence that bad input is answered with; status 2 and nothing on standard output."""
    assert answer.status == BAD_INPUT
    assert answer.out == ""
    (line,) = answer.err.splitlines()
    assert line.startswith("xiaomi-model: ")
    return line.removeprefix("xiaomi-model: ")
