"""Sheets keep what the core answers, say for which model, and go pale when that is another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xlwings_addin as xa
from tests.sheets.live_book import LiveBook
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.answered import compare_answers, old_sheets
from xlwings_addin.proof.context import load_context
from xlwings_addin.proof.report import Report
from xlwings_addin.sheets import implied, sensitivities, simulation
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values

EXACT = 1e-9
OPENS_WITH = "house_2026"


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


@pytest.fixture(scope="module")
def at_base(delivered_at_base: Path) -> tuple[Book, dict[CellKey, CellValue]]:
    """The workbook whose answers are those of the view of 2025-11-19, which deliveries alone can reach."""
    context = load_context()
    return Book(replace(context, made=context.results["base"])), read_values(delivered_at_base)


@pytest.fixture(scope="module")
def values(delivered: Path) -> dict[CellKey, CellValue]:
    return read_values(delivered)


def table(book: Book, values: dict[CellKey, CellValue], key: str) -> list[list[CellValue]]:
    across, rows = sensitivities.ACROSS, range(1, sensitivities.SIZE + 1)
    return [[values[book.at(f"{{sensitivities.{key}_{row}:{column}}}")] for column in across] for row in rows]


def test_tables_are_those_of_the_command(book: Book, values: dict[CellKey, CellValue]) -> None:
    steps = [-0.015, -0.01, -0.005, 0.0, 0.005, 0.01, 0.015]
    wacc, growth = (load_inputs().number(key) for key in ("vehicle_wacc", "vehicle_terminal_growth"))
    own = xa.sensitivity(
        "vehicle_wacc",
        "vehicle_terminal_growth",
        values=[wacc + step for step in steps],
        other_values=[growth + step for step in steps],
    )
    for stored, row in zip(table(book, values, "second_rate"), own.table, strict=True):
        assert stored == pytest.approx(row.tolist(), rel=EXACT)


def test_the_rate_of_a_part_moves_that_part_alone(book: Book, values: dict[CellKey, CellValue]) -> None:
    own = load_inputs()
    parity = (1 + own.number("risk_free")) / (1 + own.number("risk_free_local"))
    computed = (1 + evaluate(own).capital.devices_wacc) * parity - 1  # a rate is printed in dollars
    stored = table(book, values, "first_rate")
    for place, step in ((0, -0.015), (3, 0.0), (6, 0.015)):
        changed = own.replace(devices_wacc_basis="printed", devices_wacc_printed=computed + step)
        assert stored[place][3] == pytest.approx(evaluate(changed).sotp.value_per_share, rel=EXACT)


@pytest.mark.parametrize("key", ["first_rate", "volume_margin", "second_rate", "first_two"])
def test_the_middle_of_every_table_is_the_case(
    book: Book, values: dict[CellKey, CellValue], at_base: tuple[Book, dict[CellKey, CellValue]], key: str
) -> None:
    assert table(*at_base, key)[3][3] == pytest.approx(xa.value("base").sotp.value_per_share, rel=EXACT)
    assert table(book, values, key)[3][3] == pytest.approx(xa.value().sotp.value_per_share, rel=EXACT)


def test_the_tornado_is_that_of_the_command(book: Book, values: dict[CellKey, CellValue]) -> None:
    for place, bar in enumerate(xa.tornado().bars[: sensitivities.BARS], 1):
        row = {
            column: values[book.at(f"{{sensitivities.bar_{place}:{column}}}")]
            for column in ("caption", "at_low", "at_high", "share_vehicle")
        }
        assert row["caption"] == bar.label
        assert row["at_low"] == pytest.approx(bar.low.per_share, rel=EXACT)
        assert row["at_high"] == pytest.approx(bar.high.per_share, rel=EXACT)
        assert row["share_vehicle"] == pytest.approx(bar.shares["vehicle"], rel=EXACT, abs=EXACT)


def test_answers_are_old_once_an_input_moves_the_value_or_another_case_is_chosen(live: LiveBook) -> None:
    flag, says = "{sensitivities.made_same:same}", "{sensitivities.made_sentence:sentence}"
    assert live[flag] == 1
    assert str(live[says]).endswith("as the model stands.")
    live.change(OPENS_WITH, tax_rate=0.2)
    assert live[flag] == 0
    value = xa.value(OPENS_WITH).sotp.value_per_share
    assert str(live[says]).startswith(f"OLD: made for case {OPENS_WITH}, value HKD {value:.2f}")
    live.change(OPENS_WITH, tax_rate=load_inputs(OPENS_WITH).number("tax_rate"))
    assert live[flag] == 1
    live.select("base")
    assert live[flag] == 0
    assert not live.differences()


def test_a_check_finds_an_answer_that_was_typed_over(book: Book, values: dict[CellKey, CellValue]) -> None:
    at = book.at("{sensitivities.first_rate_1:across_1}")
    report = Report("")
    compare_answers(book, values, old_sheets(book, values), report)
    assert not report.findings
    compare_answers(book, {**values, at: 40.0}, (), report)
    (finding,) = report.findings
    assert (finding.kind, finding.severity, finding.cell) == ("wrong stored value", "failure", at[1])


def test_a_check_says_that_answers_are_to_other_inputs(book: Book, values: dict[CellKey, CellValue]) -> None:
    other = {**values, book.at("{sensitivities.made_value:made}"): 30.0}
    assert old_sheets(book, other) == {"sensitivities"}
    report = Report("")
    compare_answers(book, other, {"sensitivities"}, report)
    assert [finding.kind for finding in report.findings if finding.severity == "warning"] == [
        "stored result is old"
    ]
    assert not [finding for finding in report.findings if finding.severity == "failure"]


def row(book: Book, values: dict[CellKey, CellValue], line: str, *columns: str) -> list[CellValue]:
    return [values.get(book.at(f"{{{line}:{column}}}")) for column in columns]


def test_a_price_implies_what_the_command_says(at_base: tuple[Book, dict[CellKey, CellValue]]) -> None:
    book, values = at_base
    price = xa.value("base").price
    asked = xa.implied(price, solve="vehicle_deliveries", case="base")
    follow = row(book, values, "implied.asked_1", "case", "needed")
    assert follow == pytest.approx([asked.start, asked.solution.value], rel=EXACT)
    kept = xa.implied(price, solve="vehicle_deliveries", hold=["plant_5_capacity"], case="base")
    needed, says = row(book, values, "implied.asked_2", "needed", "says")
    assert not kept.solved
    assert needed == "none"
    assert f"the model stays below {price:.2f}, nearest {kept.answers[0].nearest_value:.2f}" in str(says)
    for key in ("share_of_all_vehicles", "vehicles_pass_phones_in_revenue"):
        meaning = [asked.in_the_case[key], asked.solution.meaning[key]]
        stored = row(book, values, f"implied.means_{key}", "case", "needed")
        assert stored == pytest.approx(meaning, rel=EXACT)


def test_a_price_that_deliveries_do_not_reach_is_said_to_be_out_of_reach(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    price = xa.value().price
    asked = xa.implied(price, solve="vehicle_deliveries")
    kept = xa.implied(price, solve="vehicle_deliveries", hold=["plant_5_capacity"])
    for line, own in (("asked_1", asked), ("asked_2", kept)):
        start, needed, says = row(book, values, f"implied.{line}", "case", "needed", "says")
        assert (start, needed, own.solved) == (pytest.approx(own.start, rel=EXACT), "none", False)
        assert f"the model stays below {price:.2f}, nearest {own.answers[0].nearest_value:.2f}" in str(says)
    means = row(book, values, "implied.means_share_of_all_vehicles", "case", "needed")
    assert means == [pytest.approx(asked.in_the_case["share_of_all_vehicles"], rel=EXACT), "n/a"]
    margin = xa.implied(price, solve="vehicle_operating_margin")
    by_driver = {row(book, values, f"implied.asked_{place}", "caption")[0]: place for place in range(1, 8)}
    needed = row(book, values, f"implied.asked_{by_driver[margin.label]}", "needed")
    assert needed == [pytest.approx(margin.solution.value, rel=EXACT)]


def test_pairs_and_the_revenue_of_2028_are_those_of_the_command(
    book: Book, values: dict[CellKey, CellValue], at_base: tuple[Book, dict[CellKey, CellValue]]
) -> None:
    for case, where in (("base", at_base), (OPENS_WITH, (book, values))):
        ceiling = load_inputs(case).number("vehicle_gross_margin_ceiling")
        # At the margin that the house view of 2026 has, no number of vehicles is worth the price.
        margins = (0.0, 0.02) if case == "base" else (0.0, 0.02, 0.04)
        curve = xa.iso_curve(
            xa.value(case).price,
            solve="vehicle_deliveries",
            against="vehicle_operating_margin",
            values=[ceiling - 0.135 + step for step in margins],
            case=case,
        )
        places = (3, 5) if case == "base" else (1, 3, 5)
        stored = [row(*where, f"implied.pair_{place}", "needed")[0] for place in places]
        expected = [pytest.approx(point.values[0], rel=EXACT) for point in curve.points if point.values]
        assert stored == (expected if case == "base" else ["none", *expected])
        goal = xa.implied(
            target="group_revenue_usd@2028", value=100_000.0, solve="devices_growth_points", case=case
        )
        assert row(*where, "implied.goal_2", "needed")[0] == pytest.approx(goal.solution.value, rel=EXACT)


def test_what_varies_is_named_by_its_label_and_not_by_its_key(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    keys = [key for key in book.sheets["sensitivities"].lines if key.endswith("_axes")]
    texts = [str(values[book.at(f"{{sensitivities.{key}:axes}}")]) for key in keys]
    texts.append(str(values[book.at("{implied.pair_axes:axes}")]))
    assert len(texts) == 5
    for text in texts:
        assert "_" not in text
    assert "Operating margin of vehicles in the long run" in texts[1]


def test_the_picture_of_pairs_says_what_they_say_and_is_left_out_below_three(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    (chart,) = implied.charts(book.context)
    assert chart.title == "{pair_finding:axes}"
    needed = [row(book, values, f"implied.pair_{place}", "needed")[0] for place in (2, 5)]
    price = book.context.made_for.price
    assert values[book.at(chart.title, "implied")] == (
        f"Operating margin of vehicles in the long run: 7.50% needs {needed[0]:.2f} m vehicles, "
        f"10.50% needs {needed[1]:.2f} m vehicles for HKD {price:.2f} a share"
    )
    bear = replace(book.context, made=book.context.results["house_2026_bear"])
    assert implied.charts(bear) == []


def test_the_simulation_is_that_of_the_command(book: Book, values: dict[CellKey, CellValue]) -> None:
    own = xa.simulate(20_000)
    for key, figure in (
        ("mean", own.value.mean),
        ("percentile_5", own.value.quantiles[0.05]),
        ("above_price", own.above_price),
        ("seed", own.seed),
    ):
        assert row(book, values, f"simulation.{key}", "figure") == [pytest.approx(figure, rel=EXACT)]
    counts = [row(book, values, f"simulation.bin_{place}", "count")[0] for place in range(1, 21)]
    assert counts == [one.number for one in own.bins]
    assert row(book, values, "simulation.distributions", "hash") == [own.distributions_hash]


def test_parts_of_the_variance_are_those_of_a_linear_model_nearly(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    totals = {
        one.key: row(book, values, f"simulation.drawn_{one.key}", "total", "total_error")
        for one in xa.simulate(2_000).marginals
    }
    assert len(totals) == 12
    assert np.sum([total for total, _ in totals.values()]) == pytest.approx(1.0, abs=0.1)  # few interactions
    # Where deposits count in full, how much of the cash is liquid moves nothing.
    assert load_inputs().number("long_term_deposits_share") == 1
    assert totals.pop("liquid_funds") == [0, 0]
    assert all(0 < error < 0.02 for _, error in totals.values())


def test_conventions_are_priced_as_the_command_prices_them(
    book: Book, values: dict[CellKey, CellValue]
) -> None:
    own = xa.conventions()
    for place, option in enumerate(own.options, 1):
        caption, change = row(book, values, f"conventions.option_{place}", "caption", "change")
        assert caption == f"{option.label}: {option.option}"
        assert change == pytest.approx(option.change, rel=EXACT, abs=EXACT)
    for key, part in own.together.parts.items():
        stored = row(book, values, f"conventions.together_{key}", "part", "alone")
        assert stored == pytest.approx([part, own.together.alone[key]], rel=EXACT, abs=EXACT)
    total = row(book, values, "conventions.together_change", "part")
    assert total == [pytest.approx(own.together.change, rel=EXACT)]


def test_a_company_without_distributions_and_drivers_reads_what_would_fill_the_sheets(
    tmp_path: Path,
) -> None:
    for name in ("inputs", "cases"):
        (tmp_path / name).mkdir()
    bare = replace(load_context(), folder=tmp_path)
    for sheet, table in ((simulation, "distributions.csv"), (implied, "drivers.csv")):
        labels = [line.label for block in sheet.SHEET.blocks(bare) for line in block.lines]
        assert any(f"inputs/{table}" in label for label in labels)


def test_a_case_that_lacks_what_a_table_needs_says_so() -> None:
    context = load_context()
    book = Book(replace(context, made=context.results["march_2024_replica"]))
    cells = {cell.line.key: cell for cell in book.cells() if cell.sheet.key == "implied" and cell.line}
    distributions = {
        cell.line.key: cell for cell in book.cells() if cell.sheet.key == "simulation" and cell.line
    }
    why = str(book.expected(distributions["not_drawn"], context.results["base"]))
    assert "equity_risk_premium low empty must be in distributions.csv" in why
    assert book.expected(distributions["mean"], context.results["base"]) == "n/a"
    pair = book.expected(cells["pair_axes"], context.results["base"])
    assert pair == "the case has no two drivers that are worth the price together"
