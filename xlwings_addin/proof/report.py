"""What a comparison finds: a `Finding` for everything to know, and the `Report` that holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from xlwings_addin.inputs.renamed import FormerAttributes
from xlwings_addin.layout.references import PlacedCell
from xlwings_addin.valuation.ages import Ages
from xlwings_addin.xlsx.agreement import plain

FindingKind = Literal[
    "missing sheet",
    "renamed sheet",
    "missing line",
    "missing column",
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
class Finding(FormerAttributes):
    """One thing to know about one cell: where, what, the actual and the expected value."""

    severity: Severity
    kind: FindingKind
    message: str
    case: str = ""
    sheet: str = ""
    line: str = ""
    cell: str = ""
    formula: str = ""
    actual: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Engine:
    """A program that has calculated the workbook, or its lines: core, embedded or second."""

    role: Literal["core", "embedded", "second"]
    name: str
    version: str


@dataclass(frozen=True)
class Coverage:
    """What a check has covered: file and inputs by their SHA-256, cells by class, and what it has not."""

    sha256: str
    size: int
    inputs: Mapping[str, str]
    cells: Mapping[str, int]
    table_cells: int
    stored_errors: int
    not_covered: tuple[str, ...]


@dataclass
class Report:
    """What was compared and what was found; `ok` when nothing failed.

    `ages` say how old the inputs of the selected case are.
    """

    book: str
    cases: tuple[str, ...] = ()
    lines: int = 0
    comparisons: int = 0
    second_engine: str = "not run"
    second_comparisons: int = 0
    without_answer: int = 0
    has_all_tables: bool = False
    tables_refused: int = 0
    embedded: Engine | None = None
    second: Engine | None = None
    coverage: Coverage | None = None
    ages: Ages = field(default_factory=Ages)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not any(finding.severity == "failure" for finding in self.findings)

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The engines that have calculated the workbook."""
        return tuple(engine for engine in (self.embedded, self.second) if engine is not None)

    def counts(self) -> Mapping[str, int]:
        return Counter(finding.severity for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for a program to read."""
        data = asdict(self)
        for finding in data["findings"]:
            finding["found"] = finding["actual"]  # the former name, for one release
        return {**data, "ages": self.ages.as_dict(), "ok": self.ok}

    def add(
        self,
        kind: FindingKind,
        cell: PlacedCell,
        message: str,
        formula: str = "",
        case: str = "",
        actual: object = "",
        expected: object = "",
        severity: Severity = "failure",
    ) -> None:
        """Add a finding about a cell of a line."""
        line = cell.line.key if cell.line else "heading"
        texts = ["" if value is None else str(plain(value)) for value in (actual, expected)]
        title = cell.sheet.title
        self.findings.append(
            Finding(severity, kind, message, case, title, line, cell.address, formula, *texts)
        )
