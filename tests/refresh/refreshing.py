"""A refresh of a file, as the tests ask for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlwings_addin as xa
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.refresh.file import FileMedium
from xlwings_addin.refresh.refresh import refresh
from xlwings_addin.refresh.refreshed import Refreshed
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    formula_cells,
    freeze_formulas,
    read_package,
    write_values,
)


def refresh_file(
    path: Path,
    folder: Path | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    stored_values_are_old: bool = False,
    **options: Any,
) -> Refreshed:
    """Refresh a file from the tables in `folder`; `options` are those of `RefreshRequest`."""
    medium = FileMedium(path, callbacks(), stored_values_are_old=stored_values_are_old)
    return refresh(medium, RefreshRequest(folder, **options), now=now)


def type_into(path: Path, values: Mapping[CellKey, CellValue]) -> None:
    """Type values as an analyst does, over formulas too, in a program that recalculates."""
    package = read_package(path)
    formulas = {(cell.sheet, cell.cell) for cell in formula_cells(package)} & values.keys()
    data = freeze_formulas(package, formulas) if formulas else path.read_bytes()
    path.write_bytes(write_values(data, values, only_formulas=False, add_cells=True))
    xa.recalculate(path, out=path, stored_values_are_old=True)
