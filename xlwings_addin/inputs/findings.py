"""What lint finds: one thing that looks wrong, or was settled, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xlwings_addin.inputs.tables import Row

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong, or was settled, and where it stands."""

    severity: Severity
    rule: str
    key: str
    period: str
    message: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.severity} {self.rule}: {self.message} ({self.file} line {self.line})"


def at_row(row: Row, severity: Severity, rule: str, message: str) -> Finding:
    return Finding(severity, rule, row.key, row.period, message, row.file, row.line)


def figure_of(row: Row) -> str:
    return f"{row.key} {row.period}".strip()
