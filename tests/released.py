"""Version 0.1.0: its workbook, tables and values, with the names they had (fixtures/README.md)."""

from __future__ import annotations

from pathlib import Path

_FIXTURES = Path(__file__).with_name("fixtures")

WORKBOOK = _FIXTURES / "release_0_1_0.xlsx"
TABLES = _FIXTURES / "release_0_1_0_tables"
VALUES = _FIXTURES / "release_0_1_0_values.csv"
