"""The colours of pictures by what they stand for, as hexadecimal RGB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal["total", "rise", "fall", "gap", "range", "other", "price", "value", "actual"]


@dataclass(frozen=True)
class Paint:
    """How an area or line is drawn: on paper, and on a dark screen."""

    fill: str
    edge: str
    dark_fill: str
    dark_edge: str


PAINTS: Mapping[Role, Paint] = {
    "total": Paint("1F3864", "1F3864", "9DB7E8", "9DB7E8"),
    "rise": Paint("2F6FAB", "2F6FAB", "5B9BD5", "5B9BD5"),
    "fall": Paint("F8CBAD", "C55A11", "7A3A0C", "F4A268"),
    "gap": Paint("FFFFFF", "C55A11", "1B1F27", "F4A268"),
    "range": Paint("2F6FAB", "2F6FAB", "5B9BD5", "5B9BD5"),
    "other": Paint("BFBFBF", "7F7F7F", "5A6270", "A0A8B5"),
    "price": Paint("C55A11", "C55A11", "F4A268", "F4A268"),
    "value": Paint("1F3864", "1F3864", "9DB7E8", "9DB7E8"),
    "actual": Paint("222222", "222222", "E6E8EC", "E6E8EC"),
}
"""Blue and orange, dark and pale: told apart without red and green, and in print without colour."""
INK, QUIET, GRID = "222222", "595959", "D9D9D9"
DARK_INK, DARK_QUIET, DARK_GRID, DARK_PAPER = "E6E8EC", "A9B0BC", "3A404B", "14171D"
