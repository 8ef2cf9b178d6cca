"""What the command line prints: tables for people, JSON for programs, and what is being done meanwhile."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

    from udfs.registry import Udf
    from xlwings_addin.book.differences import Differences
    from xlwings_addin.book.package import CellKey, CellValue
    from xlwings_addin.book.refresh import Refreshed
    from xlwings_addin.book.report import Finding, Report
    from xlwings_addin.model.bridge import Bridge
    from xlwings_addin.model.xiaomi import Results

SHOWN = 5
"""Lines named before the rest is counted."""


@contextmanager
def progress() -> Iterator[Callable[[str], object]]:
    """What is being done, on standard error, while it is being done; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Starting") as status:
        yield lambda doing: status.update(f"{doing} ...")


def show(what: str | Table) -> None:
    if isinstance(what, str):
        print(what)
        return
    from rich.console import Console

    Console(highlight=False).print(what)


def show_json(data: Any) -> None:
    print(json.dumps(data, indent=2, default=str, ensure_ascii=False))


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: int = 0) -> Table:
    """A table whose last `right` columns are figures."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left")
    for position, heading in enumerate(headings):
        justify: JustifyMethod = "right" if position >= len(headings) - right else "left"
        made.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def value_table(results: Results) -> Table:
    parts = results.sotp
    rows = [
        (label, f"{part.value:,.0f}", f"{part.usd:,.0f}", f"{part.per_share:.2f}")
        for label, part in (
            ("Core business", parts.core),
            ("Electric vehicles", parts.vehicle),
            ("New initiatives", parts.new_initiatives),
            ("Holding discount", parts.discount),
            ("Net cash", parts.net_cash),
            ("Investments", parts.associates),
            ("Minority interests", parts.minority_interest),
            ("Equity value", parts.equity),
        )
        if part.value or part is parts.equity
    ]
    price = results.inputs.number("price_hkd")
    rows.append(("Price", "", "", f"{price:.2f}"))
    rows.append(("Margin of safety", "", "", _percent(parts.margin_of_safety)))
    title = f"{results.case}, {results.inputs['valuation_date']}: {results.inputs['case_title']}"
    return table(title, ("", "CNY m", "USD m", "HKD a share"), rows, right=3)


def show_differences(found: Differences) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items() if count)
    show(f"{found.before} and {found.after}: {counts or 'no difference'}")
    for note in found.notes:
        show(note)
    if found.bridge is not None:
        _show_bridge(found.bridge)


def _show_bridge(bridge: Bridge) -> None:
    rows = [
        (each.label, f"{each.part:+.4f}", f"{each.error:.4f}" if each.error else "")
        for each in bridge.drivers
    ]
    title = f"{bridge.after_case}: {bridge.before:.2f} to {bridge.after:.2f} HKD a share"
    show(table(title, ("Driver", "HKD a share", "Standard error"), rows, right=2))


def show_refreshed(done: Refreshed, *, dry_run: bool, as_json: bool) -> None:
    from xlwings_addin.book.refresh import rows_of

    rows = list(rows_of(done))
    if as_json:
        names = ("what", "where", "before", "after", "tables", "source", "as_of")
        show_json(
            {
                "book": done.book,
                "case": done.case,
                "written": not dry_run,
                "value_per_share_hkd": {"before": done.value_before, "after": done.value_after},
                "tables": done.tables,
                "changes": [dict(zip(names, row, strict=True)) for row in rows],
                "bridge": None if done.bridge is None else done.bridge.as_dict(),
                "notes": list(done.notes),
                "unplaced": done.plan.unplaced,
                "backup": str(done.backup) if done.backup else None,
            }
        )
        return
    if rows:
        shown = [tuple("" if cell is None else str(cell) for cell in row[:5]) for row in rows]
        show(table("Refresh", ("What", "Where", "Before", "After", "Tables"), shown, right=3))
    if done.bridge is not None:
        _show_bridge(done.bridge)
    for note in done.notes:
        show(note)
    if unplaced := done.plan.unplaced:
        more = f" and {len(unplaced) - SHOWN} more" if len(unplaced) > SHOWN else ""
        show(f"no line in this workbook, build a new one to see it: {', '.join(unplaced[:SHOWN])}{more}")
    counts = f"{len(done.plan.updated)} inputs updated, {len(done.plan.overrides)} overrides kept"
    before, after = (
        f"{each:.2f}" if isinstance(each, float) else each for each in (done.value_before, done.value_after)
    )
    verb = "would go" if dry_run else "went"
    show(f"{done.book}: {counts}; {done.case} {verb} from {before} to {after} HKD a share")
    if done.backup:
        show(f"the former version is {done.backup}")


def errors_among(values: Mapping[CellKey, CellValue]) -> str:
    from xlwings_addin.book.package import is_error

    wrong = [f"{sheet}!{cell} {value}" for (sheet, cell), value in values.items() if is_error(value)]
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return f"; errors in {', '.join(wrong[:SHOWN])}{more}" if wrong else ""


def _percent(share: float | str) -> str:
    return share if isinstance(share, str) else f"{share:.1%}"


def show_cases(cases: Mapping[str, Results], *, as_json: bool) -> None:
    from xlwings_addin.model.xiaomi import weighted_value

    weighted = weighted_value(cases.values())
    if as_json:
        summaries = {case: results.summary() for case, results in cases.items()}
        value = None if isinstance(weighted, str) else weighted
        show_json({"cases": summaries, "weighted_value_per_share_hkd": value})
        return
    rows = [
        (
            case,
            *(f"{part.per_share:.2f}" for part in (each.sotp.core, each.sotp.vehicle)),
            *(f"{each.sotp.cash_and_other_per_share:.2f}", f"{each.sotp.value_per_share:.2f}"),
            *(f"{each.inputs.number('price_hkd'):.2f}", _percent(each.sotp.margin_of_safety)),
            f"{each.inputs.number('probability'):.0%}",
        )
        for case, each in cases.items()
    ]
    total = weighted if isinstance(weighted, str) else f"{weighted:.2f}"
    rows.append(("weighted", "", "", "", total, "", "", ""))
    headings = ("Case", "Core", "Vehicles", "Other", "Value", "Price", "Margin", "Weight")
    show(table("HKD a share", headings, rows, right=7))


def function_data(entry: Udf) -> dict[str, Any]:
    from udfs.registry import PREFIXES

    return {
        "name": entry.name,
        "family": entry.family,
        "signature": entry.signature,
        "summary": entry.summary,
        "formula": entry.formula,
        "arguments": [
            {
                "name": each.host_name,
                "kind": each.kind,
                "unit": each.unit,
                "doc": each.doc,
                "optional": each.optional,
                "default": each.default,
                "choices": each.choices,
            }
            for each in entry.parameters
        ],
        "returns": entry.returns,
        "errors": entry.errors,
        "source": entry.source,
        "example": {"formula": entry.example.formula, "result": entry.example.result},
        "spelling": {target: prefix + entry.name for target, prefix in PREFIXES.items()},
    }


def show_function(entry: Udf) -> None:
    from udfs.reference import GIVEN_AS
    from udfs.registry import PREFIXES

    arguments = [(each.host_name, each.unit, GIVEN_AS[each.kind], each.doc) for each in entry.parameters]
    show(f"{entry.signature}\n{entry.summary}\n")
    if arguments:
        show(table("Arguments", ("Argument", "Unit", "Given as", "What it is"), arguments))
    spellings = ", ".join(f"{prefix}{entry.name} ({target})" for target, prefix in PREFIXES.items())
    show(
        f"Formula: {entry.formula}\nReturns: {entry.returns}\nErrors: {entry.errors}\n"
        f"Example: {entry.example.formula} gives {entry.example.result}\nSource: {entry.source}\n"
        f"In a file: {spellings}"
    )


def show_report(report: Report, *, verbose: bool) -> None:
    show(
        f"{report.book}: {report.lines} lines, {report.comparisons} comparisons of a formula with the core "
        f"in {len(report.cases)} cases ({', '.join(report.cases)})"
    )
    show(f"second engine: {report.second_engine}; {report.second_comparisons} comparisons")
    shown = {"failure": "Failures", "warning": "Warnings"} | ({"note": "Notes"} if verbose else {})
    for severity, title in shown.items():
        rows = [_finding_row(each) for each in report.findings if each.severity == severity]
        if rows and sys.stdout.isatty():
            show(table(title, ("Kind", "Case", "Where", "Line", "What"), rows))
        for row in () if sys.stdout.isatty() else rows:
            show(f"{severity}: {' | '.join(cell for cell in row if cell)}")
    counts = report.counts()
    show(
        f"{'OK' if report.ok else 'FAILED'}: {counts.get('failure', 0)} failures, "
        f"{counts.get('warning', 0)} warnings, {counts.get('note', 0)} notes"
    )


def _finding_row(finding: Finding) -> tuple[str, ...]:
    where = f"{finding.sheet}!{finding.cell}" if finding.cell else finding.sheet
    what = f"{finding.message}  {finding.formula}" if finding.formula else finding.message
    return finding.kind, finding.case, where, finding.line, what
