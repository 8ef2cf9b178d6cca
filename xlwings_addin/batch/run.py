"""A batch from its beginning to its end: every item is done, and one that fails stops no other."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlwings_addin.batch.items import Action, items_of
from xlwings_addin.batch.work import Job, Row, failure
from xlwings_addin.cluster.agreement import versions
from xlwings_addin.cluster.stopping import stopped_by_user
from xlwings_addin.cluster.workers import open_workers
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = tuple(field.name for field in fields(Row))
Progress = Callable[[int, int, int], object]


@dataclass(frozen=True)
class Batched:
    """What came of a batch: its rows in the order of the items; `left` are those that were not begun."""

    do: Action
    items: int
    rows: tuple[Row, ...]
    left: int

    @property
    def ok(self) -> bool:
        return not self.left and all(row.status == "ok" for row in self.rows)

    def count(self, status: str) -> int:
        """How many rows have a status."""
        return sum(row.status == status for row in self.rows)

    def __repr__(self) -> str:
        good = self.count("ok")
        return f"<Batched {self.do}: {self.items:,} items, {good:,} of {len(self.rows):,} rows ok>"

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return {
            "do": self.do,
            "items": self.items,
            "left": self.left,
            **{status: self.count(status) for status in ("ok", "failed", "error")},
            "rows": [row.as_dict() for row in self.rows],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a case of a company, or a workbook."""
        import pandas as pd

        return pd.DataFrame([row.as_dict() for row in self.rows], columns=list(COLUMNS))

    def to_csv(self) -> str:
        """The rows as a table with a heading."""
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(row.as_dict() for row in self.rows)
        return text.getvalue()


def run_batch(
    source: Path | str | None = None,
    *,
    do: Action = "value",
    companies: Sequence[Path | str] = (),
    cases: Sequence[str] = (),
    options: Sequence[str] = (),
    out: Path | str | None = None,
    cluster: object = None,
    progress: Progress | None = None,
) -> Batched:
    """Value the companies, or check or refresh the workbooks, of a folder or a list.

    Args:
        source: a folder, searched to its depths, or a list, .csv or .txt.
        do: "value", "check" or "refresh".
        companies: further companies, by name or folder.
        cases: the cases to value; all by default.
        options: further options of the commands check and refresh.
        out: a .csv file for the rows.
        cluster: who works, as `simulate` takes it.
        progress: called with the items done, all items and the rows so far that are not ok.

    Raises `ValuationError` for a batch that cannot begin; what goes wrong with an item is a row. Ctrl-C lets
    the items at work end and keeps their rows.
    """
    items = items_of(source, do, companies=companies, cases=cases)
    out = _checked_place(out)
    rows: dict[int, list[Row]] = {}
    bad = 0
    with open_workers(cluster) as workers, stopped_by_user() as stop:
        job = Job(do, tuple(options), versions())
        with closing(workers.run(Job.__call__, job, items, ordered=False)) as outcomes:
            for place, outcome in outcomes:
                rows[place] = outcome.value or [failure(items[place], outcome.error or RuntimeError())]
                bad += sum(row.status != "ok" for row in rows[place])
                if progress is not None:
                    progress(len(rows), len(items), bad)
                if stop.is_set():
                    break
    in_order = tuple(row for place in sorted(rows) for row in rows[place])
    batched = Batched(do, len(items), in_order, len(items) - len(rows))
    if out is not None:
        _write(out, batched.to_csv())
    return batched


def _checked_place(out: Path | str | None) -> Path | None:
    """The file for the rows; `InputError` before anything is done where it cannot be one."""
    if out is None:
        return None
    path = Path(out)
    if path.suffix.lower() != ".csv":
        raise InputError("out", str(path), "must be named .csv", display=str(path))
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError("out", str(path), "must be a place for a file", display=str(path))
    return path


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        rule = f"must be a place for a file: {error.strerror or error}"
        raise InputError("out", str(path), rule, display=str(path)) from None
    finally:
        beside.unlink(missing_ok=True)
