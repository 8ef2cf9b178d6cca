"""How many draws lie where: a distribution as columns, with marks across it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from xlwings_addin.core.errors import ShapeError
from xlwings_addin.pictures.bars import Mark

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = 40
TAIL = 0.005
"""The share of draws at either end that share the outermost column."""


@dataclass(frozen=True)
class Columns:
    """Shares of all draws between neighbouring `edges`. `description` says what the picture says."""

    key: str
    title: str
    unit: str
    description: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    marks: tuple[Mark, ...]

    def svg(self) -> str:
        """The picture as SVG, for a page or a file: the same bytes each time."""
        from xlwings_addin.pictures.svg import columns_svg

        return columns_svg(self)

    def plot(self, axes: Axes | None = None) -> Axes:
        """The picture on axes of matplotlib, new ones by default (extra `plots`)."""
        from xlwings_addin.pictures.axes import plot_columns

        return plot_columns(self, axes)

    def to_frame(self) -> pd.DataFrame:
        """One row for each column: from, to and the share of draws between them."""
        import pandas as pd

        return pd.DataFrame({"low": self.edges[:-1], "high": self.edges[1:], "share": self.shares})


def distribution(
    values: ArrayLike,
    *,
    unit: str,
    marks: Sequence[Mark] = (),
    columns: int = COLUMNS,
    title: str = "Distribution of the value of a share",
) -> Columns:
    """Draws as columns: shares of all draws, the outermost half per cent at either end in the last column.

    Draws that are NaN, which break a rule of the inputs, are left out. Raises `ShapeError` without two draws
    that are finite, and for fewer than one column.

    >>> picture = distribution([1.0, 2.0, 2.0, 3.0], unit="HKD a share", columns=2)
    >>> picture.shares, sum(picture.shares)
    ((0.25, 0.75), 1.0)
    """
    draws = np.asarray(values, dtype=np.float64).ravel()
    draws = draws[np.isfinite(draws)]
    if len(draws) < 2:
        raise ShapeError("draws", len(draws), "must be at least two that are finite")
    if columns < 1:
        raise ShapeError("columns", columns, "must be at least 1")
    low, middle, high = np.quantile(draws, (TAIL, 0.5, 1 - TAIL))
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(np.clip(draws, low, high), bins=columns, range=(low, high))
    tenth, ninth = np.quantile(draws, (0.1, 0.9))
    said = f"median {middle:.1f}, eight in ten from {tenth:.1f} to {ninth:.1f}"
    across = f". Marked: {', '.join(mark.label for mark in marks)}" if marks else ""
    return Columns(
        "distribution",
        title,
        unit,
        f"{title}, {unit}: {said}{across}.",
        tuple(edges.tolist()),
        tuple((counts / len(draws)).tolist()),
        tuple(marks),
    )
