"""Multiples, Ramp, Scorecard and Questions show what the tables have, beside live figures of the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets import multiples, questions, ramp, scorecard
from xlwings_addin.sheets.spec import Context
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values


@pytest.fixture(scope="module")
def delivered(delivered_at_base: Path) -> Path:
    """The workbook, opened with the view whose figures these tests name."""
    return delivered_at_base


@pytest.fixture(scope="module")
def context() -> Context:
    return load_context()


@pytest.fixture(scope="module")
def book(context: Context) -> Book:
    return Book(context)


@pytest.fixture(scope="module")
def values(delivered: Path) -> dict[CellKey, CellValue]:
    return read_values(delivered)


def test_a_multiple_of_earnings_is_worth_profit_times_multiple_a_share(
    context: Context, book: Book, values: dict[CellKey, CellValue]
) -> None:
    # adjusted net profit of 2024Q4 to 2025Q3, as announced, CNY bn: 8.3, 10.7, 10.8, 11.3
    profit = values[book.at("{multiples.price_earnings_article_001_1:figure}")]
    assert profit == pytest.approx(41_100, abs=60)
    results = context.results["base"]
    for end, times in (("low", 14), ("high", 30)):
        worth = times * 41_100 * results.sotp.hkd_per_cny / results.sotp.shares
        cell = values[book.at(f"{{multiples.price_earnings_article_001:{end}}}")]
        assert cell == pytest.approx(worth, rel=2e-3)


def test_quartiles_are_those_of_the_peers_that_count(book: Book, values: dict[CellKey, CellValue]) -> None:
    # price to earnings of Gree, Haier, Midea, Lenovo, Dell and Samsung; Apple does not count
    ordered = [6.8, 11.5, 13.6, 13.7, 23.54, 33.8]
    expected = {"low": 11.5 + 0.25 * (13.6 - 11.5), "middle": (13.6 + 13.7) / 2}
    assert ordered == sorted(ordered)
    for end, quartile in expected.items():
        cell = values[book.at(f"{{multiples.quartile_devices_{end}:counted_price_to_earnings}}")]
        assert cell == pytest.approx(quartile, rel=1e-12)
    assert values[book.at("{multiples.peer_vehicles_xpeng:counted_price_to_earnings}")] == "n/a"  # a loss


def test_a_ramp_begins_with_the_first_hundred_thousand(
    context: Context, book: Book, values: dict[CellKey, CellValue]
) -> None:
    def row(key: str) -> list[CellValue]:
        return [values.get(book.at(f"{{ramp.{key}:ramp[{n}]}}")) for n in range(1, 12)]

    assert row("calendar_year")[:2] == [2024, 2025]
    assert row("reported")[:3] == [pytest.approx(0.136854), pytest.approx(0.411, abs=0.001), "n/a"]
    assert row("maker_tesla")[:3] == [0.103181, 0.245506, 0.3675]  # 2017 to 2019
    path = context.results["base"].vehicle_units.deliveries
    assert row("path") == ["n/a", *map(pytest.approx, path[:10])]
    assert row("growth_maker_tesla")[1] == pytest.approx(0.245506 / 0.103181 - 1, rel=1e-12)


def test_targets_stand_against_what_was_delivered(book: Book, values: dict[CellKey, CellValue]) -> None:
    key = "2024_fourth_target_for_2024_130_thousand_vehicles"
    low, result, gap, verdict = (
        values[book.at(f"{{scorecard.{key}:{column}}}")] for column in ("low", "result", "gap", "verdict")
    )
    assert (low, result, verdict) == (130_000, 136_854, "met")
    assert gap == pytest.approx(136_854 / 130_000 - 1, rel=1e-12)
    assert values[book.at("{scorecard.2026_550_thousand_vehicles_in_2026:verdict}")] == "open"


def test_every_question_has_figures_and_an_empty_cell_for_an_answer(
    context: Context, book: Book, values: dict[CellKey, CellValue]
) -> None:
    blocks = questions.SHEET.blocks(context)
    assert len(blocks) == 12
    for block in blocks:
        *figures, answer = block.lines
        assert figures
        assert (answer.yours, dict(answer.cells)) == ("answer", {})
    fallen = values[book.at("{questions.fallen_years:figure}")]
    assert fallen == 2  # revenue fell in 2022 and in 2023
    assert values[book.at("{questions.upside:figure}")] == values[book.at("{sotp.upside}")]


def test_sheets_say_what_would_fill_them_where_a_table_is_missing(context: Context, tmp_path: Path) -> None:
    for name in ("inputs", "cases"):
        (tmp_path / name).mkdir()
    bare = replace(context, folder=tmp_path)
    for sheet, table in (
        (multiples, "multiples.csv"),
        (ramp, "ramps.csv"),
        (scorecard, "claims.csv"),
    ):
        labels = [line.label for block in sheet.SHEET.blocks(bare) for line in block.lines]
        assert any(f"inputs/{table}" in label for label in labels)
