"""The page that answers at a glance: tiles and sentences say what the core says, in words that follow."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from xlwings_addin.engine.calculate import recalculate
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.valuation.ages import ages_of
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values

OPENS_WITH = "house_2026"


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


@pytest.fixture(scope="module")
def values(delivered: Path) -> dict[CellKey, CellValue]:
    return read_values(delivered)


@pytest.fixture(scope="module")
def tiles(book: Book, values: dict[CellKey, CellValue]) -> dict[str, tuple[CellValue, CellValue]]:
    """The figure of every tile, and what stands below it."""
    placed, _ = book.sheets["cover"].lines["answer"]
    lines = ("answer", "answer_meaning")
    return {
        key.removesuffix("_tile"): tuple(values[book.at(f"{{cover.{line}:{key}}}")] for line in lines)  # type: ignore[misc]
        for key in placed.columns
    }


def test_tiles_say_value_price_and_the_way_between(
    book: Book, tiles: dict[str, tuple[CellValue, CellValue]]
) -> None:
    opened = book.context.results[OPENS_WITH]
    value, price = opened.sotp.value_per_share, opened.inputs.number("price_hkd")
    assert tiles["value"] == (pytest.approx(value, rel=1e-9), f"case {OPENS_WITH}")
    assert tiles["price"][0] == price
    assert tiles["upside"][0] == pytest.approx(value / price - 1, rel=1e-9)
    # What is lacking, before the holding discount, on top of what vehicles are worth.
    lacking = (price - value) / (1 - opened.inputs.number("holding_discount"))
    assert tiles["needs"][0] == pytest.approx(opened.sotp.vehicle.per_share + lacking, rel=1e-9)
    days = opened.inputs.day("valuation_date") - date(2026, 6, 30)
    assert tiles["age"][0] == days.days
    assert tiles["checks"] == ("OK", "0 fail, 0 warn")


def test_tiles_say_what_the_cases_with_a_weight_come_to(
    book: Book, tiles: dict[str, tuple[CellValue, CellValue]]
) -> None:
    weights = {name: r.inputs.number("probability") for name, r in book.context.results.items()}
    # Base, bear and bull have weights too, in the view of another day.
    view = (OPENS_WITH, "house_2026_bear", "house_2026_bull")
    worth = {name: book.context.results[name].sotp.value_per_share for name in view}
    assert len([weight for weight in weights.values() if weight]) == 6 < len(weights)
    weighted = sum(weights[name] * value for name, value in worth.items())
    assert tiles["weighted"] == (pytest.approx(weighted, rel=1e-9), "of 3 cases with a weight")
    assert tiles["low"] == (pytest.approx(min(worth.values()), rel=1e-9), "house 2026 bear")
    assert tiles["high"] == (pytest.approx(max(worth.values()), rel=1e-9), "house 2026 bull")


def test_sentences_speak_of_the_figures_of_the_tiles(
    book: Book, values: dict[CellKey, CellValue], tiles: dict[str, tuple[CellValue, CellValue]]
) -> None:
    own = book.context.results[OPENS_WITH].sotp.vehicle.per_share
    needs, range_of_cases = (
        values[book.at(f"{{cover.{line}}}")] for line in ("price_needs", "range_of_cases")
    )
    wanted = float(tiles["needs"][0])  # type: ignore[arg-type]
    assert own < 0  # of which no other figure is so many times as much
    assert (
        needs == f"At the price, vehicles are worth HKD {wanted:.2f} a share, where the case has {own:.2f}."
    )
    low, high, weighted = (float(tiles[key][0]) for key in ("low", "high", "weighted"))  # type: ignore[arg-type]
    said = f"Cases with a weight run from HKD {low:.2f} to {high:.2f} and weigh {weighted:.2f}; "
    assert str(range_of_cases).startswith(said)


def test_a_sentence_says_how_many_times_as_much_vehicles_that_are_worth_something_must_be(
    book: Book, delivered_at_base: Path
) -> None:
    values, own = read_values(delivered_at_base), book.context.results["base"].sotp.vehicle.per_share
    wanted = float(values[book.at("{cover.answer:needs_tile}")])  # type: ignore[arg-type]
    assert own > 0
    assert values[book.at("{cover.price_needs}")] == (
        f"At the price, vehicles are worth HKD {wanted:.2f} a share, where the case has {own:.2f}, "
        f"{wanted / own:.1f} times as much."
    )


def test_a_sentence_says_how_old_price_facts_and_balance_sheet_are(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    said = values[book.at("{cover.ages}")]
    assert said == "Price of 2026-09-30, facts to 2026Q2, balance sheet of 2026-06-30."


def test_the_sentence_is_red_once_one_of_them_is_past_its_limit(
    book: Book, delivered: Path, tmp_path: Path
) -> None:
    sheet, cell = book.at("{cover.ages}")
    workbook = load_workbook(delivered)
    rules = [rule for area in workbook[sheet].conditional_formatting if cell in area for rule in area.rules]
    (formula,) = (rule.formula[0] for rule in rules)
    inputs = book.context.results[OPENS_WITH].inputs
    days = [date(2026, 10, 1), date(2026, 10, 8), date(2027, 1, 15)]
    expected = [bool(ages_of(inputs, day).old) for day in days]
    assert expected == [False, True, True]
    own = workbook.create_sheet("Mine")
    for row, day in enumerate(days, 1):
        own[f"A{row}"] = "=" + formula.replace("TODAY()", f"DATE({day.year},{day.month},{day.day})")
    workbook.save(tmp_path / "aged.xlsx")
    values = recalculate(tmp_path / "aged.xlsx", callbacks())
    assert [values["Mine", f"A{row}"] for row in (1, 2, 3)] == expected
