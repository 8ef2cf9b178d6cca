"""Cells as the rectangles that a program reads and writes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlwings_addin.xlsx.package import CellValue

Rows = list[list[Any]]


def rectangles(cells: Mapping[tuple[int, int], CellValue]) -> list[tuple[int, int, Rows]]:
    """Cells as few rectangles, each by its first row and column: runs along rows, equal ones together.

    >>> rectangles({(1, 1): 1.0, (1, 2): 2.0, (2, 1): 3.0, (2, 2): 4.0, (5, 5): 5.0})
    [(1, 1, [[1.0, 2.0], [3.0, 4.0]]), (5, 5, [[5.0]])]
    """
    runs: list[tuple[int, int, list[Any]]] = []
    for row, column in sorted(cells):
        if runs and runs[-1][0] == row and runs[-1][1] + len(runs[-1][2]) == column:
            runs[-1][2].append(cells[row, column])
        else:
            runs.append((row, column, [cells[row, column]]))
    areas: list[tuple[int, int, Rows]] = []
    for row, column, line in sorted(runs, key=lambda run: (run[1], len(run[2]), run[0])):
        top, left, rows = areas[-1] if areas else (0, 0, [[]])
        if (top + len(rows), left, len(rows[0])) == (row, column, len(line)):
            rows.append(line)
        else:
            areas.append((row, column, [line]))
    return areas
