"""What a comparison finds: one `Finding` for each thing to know, and the `Report` that holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from xlwings_addin.book.agreement import plain
from xlwings_addin.book.references import Cell

Kind = Literal[
    "missing sheet",
    "missing line",
    "overwritten formula",
    "changed formula",
    "changed text",
    "changed name",
    "error cell",
    "core disagrees",
    "wrong stored value",
    "second engine disagrees",
    "not evaluated",
    "check fails",
    "check warns",
    "input changed",
    "stored result is old",
    "lint",
]
Severity = Literal["failure", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing to know about one cell: where, what, and both values."""

    severity: Severity
    kind: Kind
    message: str
    case: str = ""
    sheet: str = ""
    line: str = ""
    cell: str = ""
    formula: str = ""
    found: str = ""
    expected: str = ""


@dataclass
class Report:
    """What was compared and what was found; `ok` when nothing failed."""

    book: str
    cases: tuple[str, ...] = ()
    lines: int = 0
    comparisons: int = 0
    second_engine: str = "not run"
    second_comparisons: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not any(finding.severity == "failure" for finding in self.findings)

    def counts(self) -> Mapping[str, int]:
        return Counter(finding.severity for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for a program to read."""
        return {**asdict(self), "ok": self.ok}

    def add(
        self,
        kind: Kind,
        cell: Cell,
        message: str,
        formula: str = "",
        case: str = "",
        found: object = "",
        expected: object = "",
        severity: Severity = "failure",
    ) -> None:
        """Add a finding about a cell of a line."""
        line = cell.line.key if cell.line else "heading"
        shown = ["" if value is None else str(plain(value)) for value in (found, expected)]
        title = cell.sheet.title
        self.findings.append(
            Finding(severity, kind, message, case, title, line, cell.address, formula, *shown)
        )
