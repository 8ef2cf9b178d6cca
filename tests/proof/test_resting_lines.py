"""What rests on results that the build keeps is let off after a changed input, and nothing else is."""

from __future__ import annotations

from pathlib import Path

from tests.proof.checking import findings_of, input_at, run, spoil
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.compare import STORED_LINES, resting_on
from xlwings_addin.proof.context import load_context

BOOK = Book(load_context())


def test_what_reads_a_kept_result_rests_on_it() -> None:
    kept = Book(load_context(live="none"))
    resting = resting_on(STORED_LINES, kept.cells())
    at = kept.at
    assert {
        at("{cover.answer:weighted_tile}"),
        at("{cover.field_cases:high}"),
        at("{checks.warnings}"),
    } <= resting
    live = {at("{cover.answer:value_tile}"), at("{sotp.value_per_share}"), at("{checks.failures}")}
    assert live.isdisjoint(resting)


def test_a_wrong_tile_is_still_found_beside_a_changed_input(book_file: Path) -> None:
    sheet, cell = BOOK.at("{cover.answer:upside_tile}")
    spoil(book_file, sheet, lambda worksheet: worksheet.__setitem__(cell, f"{worksheet[cell].value}+1"))
    inputs, rate = input_at(BOOK, "tax_rate", "base")
    spoil(book_file, inputs, lambda worksheet: worksheet.__setitem__(rate, 0.2))
    report = run(book_file)
    assert findings_of(report, "input changed")
    assert {(finding.sheet, finding.cell) for finding in findings_of(report, "core disagrees")} >= {
        (sheet, cell)
    }
