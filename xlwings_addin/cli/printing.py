"""What the command line prints: tables for people, JSON for programs, and what is being done meanwhile."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import JustifyMethod
    from rich.table import Table
    from rich.text import Text

    from xlwings_addin.analytics.bridge import Bridge
    from xlwings_addin.diff.result import Differences
    from xlwings_addin.engine.recalculation import Recalculated
    from xlwings_addin.engine.witness import Distrust
    from xlwings_addin.functions.registry import Udf
    from xlwings_addin.proof.report import Finding, Report
    from xlwings_addin.refresh.medium import Account
    from xlwings_addin.refresh.refreshed import Refreshed
    from xlwings_addin.valuation.ages import Ages
    from xlwings_addin.valuation.xiaomi import Results
    from xlwings_addin.xlsx.package import CellKey, CellValue

LISTED = 5
"""Lines named before the rest is counted."""
GAINED = ("added", "formula updated", "formula extended")
"""Changes of a refresh that are counted, not listed one below the other."""


@contextmanager
def progress() -> Iterator[Callable[[str], object]]:
    """What is being done, on standard error, while it is being done; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Starting") as status:
        yield lambda doing: status.update(f"{doing} ...")


def warn(warning: str) -> None:
    """Say on standard error what a user has to know."""
    print(f"xiaomi-model: {warning}", file=sys.stderr)


def show(what: str | Table | Text) -> None:
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
    from xlwings_addin.valuation.frames import listing_unit, part_rows
    from xlwings_addin.valuation.verdict import verdict

    parts, money = results.sotp, results.company.money
    usd = ["USD m"] if money != "USD m" else []
    blank = ["" for _ in (money, *usd)]
    rows: list[tuple[str, ...]] = [
        (row.label, f"{row.value:,.0f}", *(f"{row.usd:,.0f}" for _ in usd), f"{row.per_share:.2f}")
        for row in part_rows(results)
    ]
    rows.append(("Price", *blank, f"{results.price:.2f}"))
    rows.append(("Upside", *blank, f"{parts.upside:+.1%}"))
    below = parts.buy_below
    rows.append(("Buy below", *blank, below if isinstance(below, str) else f"{below:.2f}"))
    rows.append((f"Verdict: {verdict(results)}", *blank, ""))
    title = f"{results.case}, {results.inputs['valuation_date']}: {results.inputs['case_title']}"
    headings = ("", money, *usd, listing_unit(results))
    return table(title, headings, rows, right=len(headings) - 1)


def show_ages(ages: Ages, before: str = "") -> None:
    """How old price, facts and balance sheet are; in red on a screen where one is past its limit."""
    if not (ages.old and sys.stdout.isatty()):
        show(f"{before}{ages}")
        return
    from rich.text import Text

    show(Text(f"{before}{ages}", style="red"))


def show_differences(differences: Differences) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in differences.counts.items() if count)
    show(f"{differences.before} and {differences.after}: {counts or 'no difference'}")
    for note in differences.notes:
        show(note)
    if differences.bridge is not None:
        _show_bridge(differences.bridge)


def _show_bridge(bridge: Bridge) -> None:
    if not bridge.drivers:
        show(f"{bridge.after_case}: {bridge.after:.2f} {bridge.unit}, as before")
        return
    rows = [
        (driver.label, f"{driver.part:+.4f}", f"{driver.error:.4f}" if driver.error else "")
        for driver in bridge.drivers
    ]
    title = f"{bridge.after_case}: {bridge.before:.2f} to {bridge.after:.2f} {bridge.unit}"
    show(table(title, ("Driver", bridge.unit, "Standard error"), rows, right=2))


def refreshed_data(done: Refreshed, *, dry_run: bool) -> dict[str, Any]:
    """What a refresh did, as JSON has it."""
    from xlwings_addin.refresh.refreshed import rows_of

    names = ("what", "where", "before", "after", "tables", "source", "as_of")
    values = {"before": done.value_before, "after": done.value_after}
    return {
        "book": done.book,
        "case": done.case,
        "written": not dry_run,
        "currency": done.listing,
        "value_per_share": values,
        **({"value_per_share_hkd": values} if done.listing == "HKD" else {}),
        "tables": done.tables,
        "changes": [dict(zip(names, row, strict=True)) for row in rows_of(done)],
        "bridge": None if done.bridge is None else done.bridge.as_dict(),
        "notes": list(done.notes),
        "unplaced": done.plan.unplaced,
        "conflicts": [
            {
                "cell": change.place,
                "key": change.key,
                "case": change.case,
                "written": change.written,
                "book": change.after,
                "tables": change.tables,
            }
            for change in done.plan.conflicts
        ],
        "growth": {
            "added": done.growth.added,
            "formulas": [f"{sheet}!{cell}" for sheet, cell in done.growth.rewritten],
            "extended": done.growth.extended,
            "missing": done.growth.missing,
        },
        "backup": str(done.backup) if done.backup else None,
        "cells": None if done.account is None else account_data(done.account),
    }


def show_refreshed(done: Refreshed, *, dry_run: bool, as_json: bool, whole: bool = False) -> None:
    """What a refresh did or would do; `whole` names everything that the book gains."""
    from xlwings_addin.cli.print_growth import show_growth
    from xlwings_addin.refresh.refreshed import rows_of

    if as_json:
        show_json(refreshed_data(done, dry_run=dry_run))
        return
    rows = [row for row in rows_of(done) if row[0] not in GAINED]
    if rows:
        texts = [tuple("" if cell is None else str(cell) for cell in row[:5]) for row in rows]
        show(table("Refresh", ("What", "Where", "Before", "After", "Tables"), texts, right=3))
    if done.bridge is not None:
        _show_bridge(done.bridge)
    for note in done.notes:
        show(note)
    if done.account is not None:
        _show_account(done.account)
    for change in done.plan.conflicts:
        of_case = f" of {change.case}" if change.case else ""
        show(
            f"conflict: {change.place} {change.key}{of_case}: {change.written} was written, the book has "
            f"{change.after}, the tables {change.tables}: --keep-mine or --take-new {change.key}"
        )
    show_growth(done.growth, dry_run=dry_run, whole=whole)
    if unplaced := done.plan.unplaced:
        more = f" and {len(unplaced) - LISTED} more" if len(unplaced) > LISTED else ""
        show(f"without a place in this workbook: {', '.join(unplaced[:LISTED])}{more}")
    counts = f"{len(done.plan.updated)} inputs updated, {len(done.plan.overrides)} overrides kept"
    before, after = (
        f"{value:.2f}" if isinstance(value, float) else value
        for value in (done.value_before, done.value_after)
    )
    verb = "would go" if dry_run else "went"
    show(f"{done.book}: {counts}; {done.case} {verb} from {before} to {after} {done.listing} a share")
    if done.backup:
        show(f"the former version is {done.backup}")


def show_recalculated(book: Path, values: Recalculated, *, as_json: bool) -> None:
    """What was calculated, reproduced and kept; all cells with JSON, the first few otherwise."""
    if as_json:
        show_json(
            {
                "book": str(book),
                "values": {f"{sheet}!{cell}": value for (sheet, cell), value in values.items()},
                "calculated": values.calculated,
                "reproduced": values.reproduced,
                "kept": distrusted(values.kept),
                "stale": sorted(f"{sheet}!{cell}" for sheet, cell in values.outcome.stale),
                "doubted": distrusted(values.doubted),
            }
        )
        return
    counts = [f"{values.calculated:,} formula cells calculated"]
    counts += [f"{values.reproduced:,} reproduced"] if values.reproduced else []
    kept = len(values.outcome.stale) + len(values.doubted)
    counts += [f"{kept:,} kept as stored"] if kept else []
    show(f"{book}: {', '.join(counts)}{errors_among(values.outcome.new)}")
    _show_distrusted("not calculated, and kept with all that hang on them", values.kept)
    _show_distrusted("kept as stored, for the engine does not reproduce them", values.doubted)
    if values.doubted:
        show("Where the file was edited after its values were stored: --stored-values-are-old")


def account_data(account: Account) -> dict[str, Any]:
    """How the values of formulas came about, as JSON has it."""
    return {
        "as_left": account.as_left,
        "reproduced": account.reproduced,
        "calculated": account.calculated,
        "kept": distrusted(account.kept),
        "stale": [f"{sheet}!{cell}" for sheet, cell in account.stale],
        "doubted": distrusted(account.doubted),
    }


def _show_account(account: Account) -> None:
    kept = len(account.stale) + len(account.doubted)
    reproduced = "as this version left them" if account.as_left else "reproduced"
    show(
        f"formula cells: {account.reproduced:,} {reproduced}, {account.calculated:,} calculated, "
        f"{kept:,} kept as stored"
    )
    _show_distrusted("not calculated, and kept with all that hang on it", account.kept)
    _show_distrusted("kept as stored, for the engine does not reproduce it", account.doubted)


def _show_distrusted(title: str, cells: Sequence[Distrust]) -> None:
    for cell in cells[:LISTED]:
        show(f"{title}: {cell.place} {cell.formula[:80]} {cell.reason}")
    if len(cells) > LISTED:
        show(f"{title}: and {len(cells) - LISTED:,} more; --json names all")


def distrusted(cells: Iterable[Distrust]) -> list[dict[str, CellValue]]:
    """Formulas that are not trusted, as JSON has them."""
    return [
        {
            "cell": cell.place,
            "formula": cell.formula,
            "stored": cell.stored,
            "computed": cell.computed,
            "reason": cell.reason,
        }
        for cell in cells
    ]


def errors_among(values: Mapping[CellKey, CellValue]) -> str:
    from xlwings_addin.xlsx.package import is_error

    wrong = [f"{sheet}!{cell} {value}" for (sheet, cell), value in values.items() if is_error(value)]
    more = f" and {len(wrong) - LISTED} more" if len(wrong) > LISTED else ""
    return f"; errors in {', '.join(wrong[:LISTED])}{more}" if wrong else ""


def function_data(entry: Udf) -> dict[str, Any]:
    from xlwings_addin.functions.registry import PREFIXES

    return {
        "name": entry.name,
        "family": entry.family,
        "signature": entry.signature,
        "summary": entry.summary,
        "formula": entry.formula,
        "arguments": [
            {
                "name": argument.host_name,
                "kind": argument.kind,
                "unit": argument.unit,
                "doc": argument.doc,
                "optional": argument.optional,
                "default": argument.default,
                "choices": argument.choices,
            }
            for argument in entry.parameters
        ],
        "returns": entry.returns,
        "errors": entry.errors,
        "source": entry.source,
        "example": {"formula": entry.example.formula, "result": entry.example.result},
        "spelling": {target: prefix + entry.name for target, prefix in PREFIXES.items()},
    }


def show_function(entry: Udf) -> None:
    from xlwings_addin.functions.reference import ARGUMENT_FORMS
    from xlwings_addin.functions.registry import PREFIXES

    arguments = [
        (argument.host_name, argument.unit, ARGUMENT_FORMS[argument.kind], argument.doc)
        for argument in entry.parameters
    ]
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
    titles = {"failure": "Failures", "warning": "Warnings"} | ({"note": "Notes"} if verbose else {})
    for severity, title in titles.items():
        rows = [_finding_row(finding) for finding in report.findings if finding.severity == severity]
        if rows and sys.stdout.isatty():
            show(table(title, ("Kind", "Case", "Where", "Line", "What"), rows))
        for row in () if sys.stdout.isatty() else rows:
            show(f"{severity}: {' | '.join(cell for cell in row if cell)}")
    if report.ages:
        show_ages(report.ages)
    counts = report.counts()
    show(
        f"{'OK' if report.ok else 'FAILED'}: {counts.get('failure', 0)} failures, "
        f"{counts.get('warning', 0)} warnings, {counts.get('note', 0)} notes"
    )


def _finding_row(finding: Finding) -> tuple[str, ...]:
    where = f"{finding.sheet}!{finding.cell}" if finding.cell else finding.sheet
    what = f"{finding.message}  {finding.formula}" if finding.formula else finding.message
    return finding.kind, finding.case, where, finding.line, what
