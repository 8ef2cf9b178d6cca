"""What a comparison of two workbooks gives: every cell that differs, and the bridge between their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from xlwings_addin.diff.difference import KINDS, Difference, DifferenceKind

if TYPE_CHECKING:
    from xlwings_addin.analytics.bridge import Bridge


@dataclass(frozen=True)
class Differences:
    """All cells that differ between two workbooks, and the bridge between their values per share.

    `notes` say what could not be compared, and why there is no bridge where there is none.
    """

    before: str
    after: str
    cells: tuple[Difference, ...]
    bridge: Bridge | None
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[DifferenceKind, int]:
        """How many cells there are of each class."""
        counts = Counter(cell.kind for cell in self.cells)
        return {kind: counts[kind] for kind in KINDS}

    def to_json(self) -> dict[str, Any]:
        """The differences as plain data, for `json.dumps`."""
        return {
            "before": self.before,
            "after": self.after,
            "counts": self.counts,
            "bridge": None if self.bridge is None else self.bridge.as_dict(),
            "notes": list(self.notes),
            "cells": [asdict(cell) for cell in self.cells],
        }

    def to_html(self) -> str:
        """The differences as one page without scripts or links, `MOST_LISTED` cells of each class."""
        from xlwings_addin.diff.page import page

        return page(self.before, self.after, self.cells, self.counts, self.bridge, self.notes)
