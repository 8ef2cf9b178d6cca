"""Every printed figure is that of its line: in the workbook's formulas, or worked out again."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.scorecard import scorecard
from xlwings_addin.analytics.vintages import vintage_of
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.report.document import Document, Figure
from xlwings_addin.report.from_book import places_of_lines
from xlwings_addin.valuation.cases import CaseValues
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values


@pytest.fixture(scope="module")
def cases() -> CaseValues:
    return xa.values()


@pytest.fixture(scope="module")
def stored(delivered_at_base: Path) -> dict[CellKey, CellValue]:
    """What the workbook's formulas give in base."""
    return read_values(delivered_at_base)


@pytest.fixture(scope="module")
def stored_as_delivered(delivered: Path) -> dict[CellKey, CellValue]:
    """What the delivered workbook's formulas give in the case it opens with."""
    return read_values(delivered)


def figures_of(document: Document, *prefixes: str) -> list[Figure]:
    return [figure for figure in document.figures() if figure.line.startswith(prefixes)]


def test_the_report_has_figures_of_every_kind(document: Document) -> None:
    kinds = {figure.line.partition(".")[0] for figure in document.figures()}
    assert kinds == {
        *("sotp", "devices", "vehicle_units", "inputs", "weighted_value"),
        *("implied", "tornado", "scorecard"),
    }
    assert len(list(document.figures())) > 100


def test_every_figure_of_a_line_is_what_the_workbooks_formula_gives(
    document: Document,
    opening: Document,
    stored: dict[CellKey, CellValue],
    stored_as_delivered: dict[CellKey, CellValue],
) -> None:
    for case, report, values in (
        ("base", document, stored),
        ("house_2026", opening, stored_as_delivered),
    ):
        places = places_of_lines(Book(load_context()), xa.value(case))
        compared = 0
        for figure in figures_of(report, "sotp.", "devices.", "vehicle_units."):
            if figure.case == case:
                value = values[places[figure.line, figure.year]]
                assert figure.value == pytest.approx(value, rel=1e-9), figure
                compared += 1
        assert compared > 40


@pytest.mark.parametrize(
    ("report", "case", "others"),
    [
        ("document", "base", ("bear", "bull")),
        ("opening", "house_2026", ("house_2026_bear", "house_2026_bull")),
    ],
)
def test_figures_of_the_other_cases_are_those_of_their_lines(
    request: pytest.FixtureRequest, cases: CaseValues, report: str, case: str, others: tuple[str, ...]
) -> None:
    figures = figures_of(request.getfixturevalue(report), "sotp.")
    beside = [figure for figure in figures if figure.case != case]
    assert {figure.case for figure in beside} == set(others)
    for figure in beside:
        _, key, *column = figure.line.split(".")
        line = getattr(cases[figure.case].sotp, key)
        assert figure.value == (getattr(line, column[0]) if column else line)


def test_figures_of_inputs_are_the_inputs(document: Document, cases: CaseValues) -> None:
    inputs = figures_of(document, "inputs.")
    assert len(inputs) > 8
    for figure in inputs:
        assert figure.value == cases[figure.case].inputs.number(figure.line.removeprefix("inputs."))


def test_the_ends_of_an_input_are_cases_of_their_own(document: Document, cases: CaseValues) -> None:
    """Valued one by one here, where the report has them from draws."""
    from xlwings_addin.valuation.xiaomi import evaluate

    base, ends = cases["base"].inputs, figures_of(document, "tornado.")
    assert len(ends) == 18
    for figure in ends:
        _, key, end = figure.line.split(".")
        bound = getattr(base.row(key), end)
        value = evaluate(base.replace(**{key: bound})).sotp.value_per_share
        assert figure.value == pytest.approx(value, rel=1e-9), figure


def test_what_the_price_needs_makes_a_share_worth_its_price(document: Document, cases: CaseValues) -> None:
    from xlwings_addin.valuation.xiaomi import evaluate

    needed = {figure.line: figure.value for figure in figures_of(document, "implied.")}
    demand, base = needed["implied.vehicle_deliveries"], cases["base"].inputs
    plants = sum(base.number(f"plant_{number}_capacity") for number in range(1, 5))
    changed = base.replace(demand_saturation=demand, plant_5_capacity=max(demand - plants, 0.0))
    assert evaluate(changed).sotp.value_per_share == pytest.approx(38.86, rel=1e-9)
    assert demand == pytest.approx(5.2, abs=0.05)
    overhead = base.number("devices_overhead_ratio_end") - needed["implied.devices_margin_points"]
    lower = base.replace(devices_overhead_ratio_end=overhead)
    assert evaluate(lower).sotp.value_per_share == pytest.approx(38.86, rel=1e-9)


def test_the_weighted_value_is_the_sum_of_the_cases_by_weight(document: Document, cases: CaseValues) -> None:
    (figure,) = figures_of(document, "weighted_value")
    assert figure.value == pytest.approx(0.5 * 31.467286 + 0.25 * 19.839274 + 0.25 * 46.082960, abs=1e-3)
    assert figure.value == cases.weighted_by_date[date(2025, 11, 19)]


def test_the_weighted_value_of_the_view_that_is_meant_is_that_of_all_values(
    opening: Document, cases: CaseValues
) -> None:
    (figure,) = figures_of(opening, "weighted_value")
    own, bear, bull = (
        cases[case].sotp.value_per_share for case in ("house_2026", "house_2026_bear", "house_2026_bull")
    )
    assert figure.value == pytest.approx(0.5 * own + 0.33 * bear + 0.17 * bull, rel=1e-12)
    assert figure.value == cases.weighted_value


def test_the_scorecard_is_the_scorecard(document: Document, cases: CaseValues) -> None:
    scores = {
        (case, score.key, score.period): score
        for case in ("base", "march_2024_replica")
        for score in scorecard(vintage_of(cases[case]), cases[case].inputs.tables)
    }
    figures = figures_of(document, "scorecard.")
    assert len(figures) > 15
    for figure in figures:
        _, key, period, name = figure.line.split(".")
        assert figure.value == getattr(scores[figure.case, key, period], name)


def test_every_text_is_its_number_rounded(document: Document) -> None:
    for figure in document.figures():
        match = re.fullmatch(r"([+-]?[\d,]*\.?\d+)(%| points| m vehicles)?", figure.text)
        assert match, figure
        number, unit = float(match[1].replace(",", "")), match[2] or ""
        decimals = len(match[1].partition(".")[2])
        factor = {"%": 100.0, " points": 100.0}.get(unit, 1.0)
        half = 0.5000001 * 10.0**-decimals
        wanted = [figure.value * factor, figure.value / 1000.0, abs(figure.value) * factor]
        assert any(abs(number - value) <= half for value in wanted), figure


def test_the_upside_and_its_sentence_say_the_same(document: Document) -> None:
    sentence = "".join(cell if isinstance(cell, str) else cell.text for cell in document.conclusion)
    assert sentence.startswith("A share is worth HKD 31.47 against a price of HKD 38.86: 19.0% below it.")
    assert "5.17 m vehicles" in sentence


def test_the_sentence_of_the_view_that_is_meant_names_its_value_its_price_and_what_that_needs(
    opening: Document,
) -> None:
    sentence = "".join(cell if isinstance(cell, str) else cell.text for cell in opening.conclusion)
    results = xa.value("house_2026")
    value, price = results.sotp.value_per_share, results.price
    said = (
        f"A share is worth HKD {value:.2f} against a price of HKD {price:.2f}: {1 - value / price:.1%} below"
    )
    assert sentence.startswith(said)
    needed = xa.implied(price, solve="vehicle_operating_margin").solution.value
    assert f"operating margin of vehicles in the long run must be {needed:.1%}" in sentence
