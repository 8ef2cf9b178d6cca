"""What the buttons of xlwings Lite do to the open workbook; each prints to Lite's output what it has done.

An error is one sentence, and the workbook is as it was: what a script writes reaches Excel once it has ended.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import xlwings as xw
from xlwings import script

from xlwings_addin.analytics.implied import solve_for, targets
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.hosts.foreseen import in_words
from xlwings_addin.hosts.lite.address import named_address, tables_from
from xlwings_addin.hosts.lite.medium import LiteMedium
from xlwings_addin.hosts.server.book import Formulas
from xlwings_addin.inputs.drivers import read_drivers
from xlwings_addin.inputs.renamed import former
from xlwings_addin.layout.record_sheet import RECORD_SHEET
from xlwings_addin.proof.check_open import check_open
from xlwings_addin.proof.report import Report
from xlwings_addin.proof.valued_book import valued_book
from xlwings_addin.refresh.refresh import refresh as refresh_medium
from xlwings_addin.refresh.refreshed import Refreshed, rows_of
from xlwings_addin.refresh.request import RefreshRequest
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.sheets import sheets
from xlwings_addin.valuation.frames import listing_unit

OURS: Final = [title for sheet in sheets() for title in (sheet.title, *former("sheet", sheet.title))]
"""The sheets whose cells are read; an analyst's own stay where they are."""
TABLES: Final = "the tables that came with this code"
LISTED: Final = 40


@script(name="Refresh model", include=[*OURS, RECORD_SHEET])
async def refresh(book: xw.Book) -> None:
    """New facts from an address or this code; what the analyst has changed stays, and is listed."""
    medium = LiteMedium(book, await _formulas(book))
    with _told(), tempfile.TemporaryDirectory() as folder:
        done = refresh_medium(medium, await _request(Path(folder)))
        _print(_refreshed(done, sees_formulas=medium.sees_formulas))


@script(name="Preview refresh", include=[*OURS, RECORD_SHEET])
async def preview(book: xw.Book) -> None:
    """What a refresh would do to the open workbook; nothing is written."""
    medium = LiteMedium(book, await _formulas(book))
    with _told(), tempfile.TemporaryDirectory() as folder:
        foreseen = refresh_medium(medium, replace(await _request(Path(folder)), dry_run=True))
        _print(in_words(foreseen, most=LISTED))
        _print(_unseen(sees_formulas=medium.sees_formulas))


@script(name="Value", include=OURS)
async def value(book: xw.Book) -> None:
    """What a share is worth by the core, from the inputs as the workbook holds them."""
    medium = LiteMedium(book, await _formulas(book))
    with _told():
        _print(_valued(medium))


@script(name="Implied", include=OURS)
async def implied(book: xw.Book) -> None:
    """What each driver must be for the price of the selected case, from the inputs of the workbook."""
    medium = LiteMedium(book, await _formulas(book))
    with _told():
        _print(_implied(medium))


@script(name="Check model", include=OURS)
async def check(book: xw.Book) -> None:
    """What the open workbook shows in its selected case, against the core."""
    medium = LiteMedium(book, await _formulas(book))
    with _told():
        _print(_checked(check_open(medium)))


async def _formulas(book: xw.Book) -> Formulas | None:
    """The formulas of our sheets; None where the program does not give them, which only Lite does."""
    if sys.platform != "emscripten":
        return None
    titles = {sheet.name for sheet in book.sheets}
    return {title: await _formulas_of(book.sheets[title]) for title in OURS if title in titles}


async def _formulas_of(sheet: xw.Sheet) -> list[list[Any]]:
    values = sheet.api["values"]
    area = sheet["A1"].resize(len(values), max(len(values[0]), 1))
    return cast(list[list[Any]], await area.options(ndim=2).get_formula())


async def _request(folder: Path) -> RefreshRequest:
    """What a refresh is to take: the tables of the address that is named, put into a folder, else our own."""
    address = named_address()
    if not address:
        return RefreshRequest(tables=TABLES)
    return RefreshRequest(folder=await tables_from(address, folder), tables=address)


class _told:  # noqa: N801
    """A block whose `ValuationError` becomes the message that xlwings shows."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ValuationError):
            raise xw.XlwingsError(str(error)) from error


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)


def _refreshed(done: Refreshed, *, sees_formulas: bool) -> Iterator[str]:
    plan = done.plan
    kept = len(plan.overrides) + len(plan.formulas) + len(plan.texts_kept)
    yield f"Inputs updated: {len(plan.updated)}; changes of yours kept: {kept}."
    before, after = _figure(done.value_before), _figure(done.value_after)
    yield f"A share in {done.case}: from {before} to {after} {done.listing}."
    rows = list(rows_of(done))
    for kind, where, before, after, tables, source, _ in rows[:LISTED]:
        yield f"  {kind}: {where}: {_figure(before)} -> {_figure(after)} (tables {_figure(tables)}, {source})"
    if len(rows) > LISTED:
        yield f"  and {len(rows) - LISTED} more"
    yield from (f"not in this workbook: {missing}" for missing in done.growth.missing)
    yield from done.notes
    yield from _unseen(sees_formulas=sees_formulas)


def _unseen(*, sees_formulas: bool) -> Iterator[str]:
    if not sees_formulas:
        yield "Formulas could not be read, so that none was judged."


def _implied(medium: LiteMedium) -> Iterator[str]:
    valued, drivers = valued_book(medium), read_drivers()
    inputs, selected = valued.chosen.inputs, valued.selected
    price = inputs.number(inputs.tables.company.price_key)
    yield f"For {price:g} {listing_unit(valued.chosen)} in {selected}, all else as it is:"
    for key in drivers.drivers:
        try:
            done = solve_for(inputs, drivers, targets(price, "", None), key)
        except ValuationError as error:
            yield f"  {key}: {error}"
        else:
            yield f"  {done.label} ({done.unit}), now {done.start:.4g}: {done.answers[0]}"


def _valued(medium: LiteMedium) -> Iterator[str]:
    valued = valued_book(medium)
    for case, result in valued.results.items():
        sotp = result.sotp
        parts = [
            f"{part.short.lower()} {sotp.part(part.key).per_share:.2f}"
            for part in discounted_parts(result.company)
        ]
        mark = "> " if case == valued.selected else "  "
        yield (
            f"{mark}{case}: {sotp.value_per_share:.2f} {listing_unit(result)} "
            f"({', '.join([*parts, f'other {sotp.cash_and_other_per_share:.2f}'])})"
        )


def _checked(report: Report) -> Iterator[str]:
    failures = [finding for finding in report.findings if finding.severity == "failure"]
    yield (
        f"{'OK' if report.ok else 'FAILED'}: {report.comparisons} formula cells compared with the core in "
        f"{', '.join(report.cases)}; {len(failures)} failures."
    )
    for finding in failures[:LISTED]:
        yield f"  {finding.sheet}!{finding.cell} {finding.line}: {finding.message}"
    if len(failures) > LISTED:
        yield f"  and {len(failures) - LISTED} more"
    for finding in report.findings:
        if finding.kind in ("not evaluated", "stored result is old"):
            yield f"  {finding.kind}: {finding.message}"


def _figure(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else "nothing" if value is None else str(value)
