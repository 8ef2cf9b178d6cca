"""What must happen for a price: against the answers asked for, and against the model itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.implied import Implied, solve_for
from xlwings_addin.analytics.implied_answers import CURVE_POINTS, FURTHEST, MARGIN_STEP, ImpliedAnswers
from xlwings_addin.analytics.iso import curve_for, points_at
from xlwings_addin.analytics.question import lever, with_settings
from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.drivers import read_drivers
from xlwings_addin.valuation.xiaomi import evaluate


def implied(*prices: float, **options: object) -> Implied:
    """The answer for the view of 2025-11-19, where no other case is named."""
    return xa.implied(*prices, **{"case": "base", **options})  # type: ignore[arg-type]


def deliveries(price: float, **options: object) -> Implied:
    return implied(price, solve="vehicle_deliveries", **options)


# The answers of the valuation of 2025-11-19 that were asked for, as "about" so many m vehicles a year, the
# last plant following demand: 38.86 HKD 5.2, at an operating margin of 12.5% 3.0; 35.56 3.5; 50 12.
@pytest.mark.parametrize(
    ("price", "margin", "about", "within"),
    [(38.86, None, 5.2, 0.05), (35.56, None, 3.5, 0.05), (50.0, None, 12.0, 0.5), (38.86, 0.125, 3.0, 0.2)],
)
def test_a_price_needs_about_so_many_vehicles(
    price: float, margin: float | None, about: float, within: float
) -> None:
    settings = None if margin is None else {"vehicle_operating_margin": margin}
    assert deliveries(price, settings=settings).solution.value == pytest.approx(about, abs=within)


def test_the_model_itself_has_1_6_m_vehicles() -> None:
    answered = deliveries(38.86)
    assert f"{answered.start:.1f}" == "1.6"
    assert f"{answered.start_result:.1f}" == "1.6"
    assert answered.present == pytest.approx(xa.value("base").sotp.value_per_share, rel=1e-12)


def test_gross_margin_alone_reaches_35_4_at_most() -> None:
    (answer,) = implied(38.86, solve="vehicle_gross_margin_ceiling").answers
    assert answer.solutions == ()
    assert answer.stays == "below"
    assert f"{answer.nearest_value:.1f}" == "35.4"


@pytest.mark.parametrize(
    "key",
    [
        *("vehicle_wacc", "devices_terminal_growth", "raw_beta", "iot_growth_start", "associates"),
        *("vehicle_deliveries", "vehicle_price_points", "devices_margin_points", "devices_growth_points"),
        *("terminal_growth", "wacc_points"),
    ],
)
def test_a_case_with_the_solution_is_worth_the_price(key: str) -> None:
    solutions = implied(36.0, solve=key).answers[0].solutions
    assert solutions
    for solution in solutions:
        results = evaluate(load_inputs("base").replace(**solution.inputs))
        assert results.sotp.value_per_share == pytest.approx(36.0, rel=1e-10)
        assert solution.meaning["final_deliveries"] == pytest.approx(results.sotp.final_deliveries, rel=1e-12)


def test_an_exit_multiple_is_held_against_the_value_with_exit_multiples() -> None:
    answered = implied(38.86, solve="exit_multiple")
    results = evaluate(load_inputs("base").replace(**answered.solution.inputs))
    devices, vehicles = results.devices_segments, results.vehicle_units
    businesses = devices.multiple_enterprise_value + vehicles.multiple_enterprise_value
    other = sum(results.inputs.number(key) for key in ("new_initiatives_value", "associates"))
    equity = businesses + other + results.sotp.net_cash.value - results.inputs.number("minority_interest")
    assert answered.line == "value_by_exit_multiple"
    assert equity * results.sotp.hkd_per_cny / results.sotp.shares == pytest.approx(38.86, rel=1e-9)


def test_the_ramp_of_article_004_gives_what_its_closed_form_does() -> None:
    answered = implied(13.0, solve="vehicle_ramp_deliveries", case="march_2024_replica")
    closed = xa.value("march_2024_replica").sotp.implied_final_deliveries
    assert answered.solution.result == pytest.approx(closed, rel=1e-10)


def test_plants_that_are_held_do_not_follow_demand() -> None:
    (answer,) = deliveries(38.86, hold=["plant_5_capacity"]).answers
    assert answer.solutions == ()
    assert answer.nearest_value is not None
    assert 31.46 < answer.nearest_value < 32.0


def test_any_line_can_be_the_target() -> None:
    answered = implied(target="group_revenue_usd@2028", value=100_000.0, solve="devices_growth_points")
    results = evaluate(load_inputs("base").replace(**answered.solution.inputs))
    year = 2028 - results.inputs.count("base_year")
    revenue = results.devices_segments.revenue[year] + results.vehicle_units.revenue[year]
    assert revenue / results.inputs.number("cny_per_usd") == pytest.approx(100_000.0, rel=1e-9)


def test_the_deliveries_at_which_vehicles_break_even_are_those_without_profit() -> None:
    answered = implied(
        target="vehicle_units.ebit@2026",
        value=0.0,
        solve="vehicle_overhead_ratio_start",
    )
    results = evaluate(load_inputs("base").replace(**answered.solution.inputs))
    assert abs(results.vehicle_units.ebit[1]) < 1e-6


def test_years_in_which_vehicles_pass_phones_are_those_of_the_paths() -> None:
    solution = deliveries(38.86).solution
    results = evaluate(load_inputs("base").replace(**solution.inputs))
    vehicles, phones = results.vehicle_units.revenue, results.devices_segments.smartphone.revenue
    years = [2025 + year for year in range(11) if vehicles[year] > phones[year]]
    assert solution.meaning["vehicles_pass_phones_in_revenue"] == years[0]
    assert solution.meaning["capacity_binds"] == results.vehicle_units.binding_year


def test_what_it_means_comes_from_figures_with_a_source() -> None:
    answered = deliveries(38.86)
    toyota = next(row for row in answered.figures if row.key == "vehicle_sales_toyota")
    assert toyota.text == "10.82"  # Kyodo, 2025-01-30
    solution = answered.solution
    assert solution.result is not None
    assert solution.meaning["times_largest_maker"] == pytest.approx(solution.result / 10.82)
    assert solution.meaning["share_of_all_vehicles"] == pytest.approx(solution.result / 85.12)
    assert all(row.source and row.as_of for row in answered.figures)


def test_several_solutions_are_all_reported() -> None:
    # Far beyond any market the value falls again.
    (answer,) = deliveries(38.86, between=(1.0, 1000.0)).answers
    assert len(answer.solutions) == 2
    for solution in answer.solutions:
        changed = load_inputs("base").replace(**solution.inputs)
        assert evaluate(changed).sotp.value_per_share == pytest.approx(38.86, rel=1e-9)


def test_the_demand_at_which_vehicles_pass_phones_in_a_year_is_a_target_too() -> None:
    target = "vehicles_pass_phones_in_revenue@2028"
    solution = implied(target=target, value=0.0, solve="vehicle_deliveries").solution
    results = evaluate(load_inputs("base").replace(**solution.inputs))
    vehicles, phones = results.vehicle_units.revenue[3], results.devices_segments.smartphone.revenue[3]
    assert vehicles == pytest.approx(phones, rel=1e-9)


def test_many_prices_have_the_answers_that_each_has_alone() -> None:
    prices = np.linspace(20.0, 60.0, 41).tolist()
    together = deliveries(prices)  # type: ignore[arg-type]
    assert len(together.answers) == len(prices)
    for price, answer in zip(prices[::8], together.answers[::8], strict=True):
        alone = deliveries(price).answers[0]
        assert [solution.value for solution in answer.solutions] == pytest.approx(
            [solution.value for solution in alone.solutions], rel=1e-11
        )
        assert answer.stays == alone.stays


def test_an_answer_says_what_it_rests_on() -> None:
    data = deliveries(38.86).summary()
    assert json.loads(json.dumps(data)) == data
    assert (data["case"], data["valuation_date"]) == ("base", "2025-11-19")
    assert len(data["inputs_hash"]) == 64
    assert data["conventions"]["timing"] == "mid"
    assert data["answers"][0]["solutions"][0]["outside_their_range"] == [
        "demand_saturation",
        "plant_5_capacity",
    ]
    other = deliveries(38.86, settings={"tax_rate": 0.2}).summary()
    assert other["inputs_hash"] != data["inputs_hash"]


def test_an_answer_is_a_frame_and_one_line() -> None:
    answered = deliveries([20.0, 38.86])  # type: ignore[arg-type]
    frame = answered.to_frame()
    assert frame["target"].tolist() == [20.0, 38.86]
    assert frame["stays"].tolist() == ["above", ""]
    assert np.isnan(frame["vehicle_deliveries"][0])
    assert repr(answered).count("\n") == 0


def test_a_curve_of_equal_value_is_worth_the_price_at_every_point() -> None:
    curve = xa.iso_curve(
        38.86, solve="vehicle_deliveries", against="vehicle_wacc", values=[0.11, 0.12, 0.13], case="base"
    )
    values = [point.values for point in curve.points]
    assert values[0] < values[1] < values[2]
    for point in curve.points:
        assert point.answer is not None
        changed = {**point.answer.solutions[0].inputs, "vehicle_wacc": point.against}
        assert evaluate(load_inputs("base").replace(**changed)).sotp.value_per_share == pytest.approx(38.86)
    assert curve.to_frame()["vehicle_wacc"].tolist() == [0.11, 0.12, 0.13]
    assert json.loads(json.dumps(curve.summary()))["target"] == 38.86


def test_a_curve_names_the_rule_that_a_point_breaks() -> None:
    curve = xa.iso_curve(
        38.86, solve="vehicle_deliveries", against="vehicle_wacc", values=[0.01, 0.12], case="base"
    )
    assert curve.points[0].refused == "vehicle_wacc 1.00% must exceed vehicle_terminal_growth 1.50%"
    assert curve.points[0].values == ()


# --- bad input: one sentence each -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"price": 0.0, "solve": "tax_rate"}, DomainError, "price 0 must be above 0"),
        ({"price": -3.0, "solve": "tax_rate"}, DomainError, "price -3 must be above 0"),
        ({"price": float("nan"), "solve": "tax_rate"}, DomainError, "price nan must be a finite number"),
        (
            {"price": 40.0, "solve": "vehicle_delivery"},
            InputError,
            "key 'vehicle_delivery' is no input and no driver of drivers.csv (nearest: vehicle_deliveries)",
        ),
        (
            {"price": 40.0, "solve": "tax_rat"},
            InputError,
            "parameter 'tax_rat' is not one of the model's (nearest: tax_rate)",
        ),
        (
            {"price": 40.0, "solve": "vehicle_wacc", "between": (0.5, 2.0)},
            DomainError,
            "vehicle_wacc 200.00% must be at most 100.00%",
        ),
        (
            {"price": 40.0, "solve": "vehicle_wacc", "between": (0.001, 0.01)},
            DomainError,
            "between 0.001 0.01 has no value of vehicle_wacc that keeps the rules: "
            "vehicle_wacc must exceed vehicle_terminal_growth",
        ),
        (
            {"price": 40.0, "solve": "vehicle_wacc", "between": (0.2, 0.1)},
            DomainError,
            "between 0.2 0.1 must be two numbers, the lower first",
        ),
        (
            {"price": 40.0, "solve": "timing"},
            DomainError,
            "timing (choice) cannot be drawn: all draws have the same conventions, choices, dates and counts",
        ),
        (
            {"price": 40.0, "solve": "vehicle_exit_multiple"},
            InputError,
            "solve vehicle_exit_multiple moves nothing in sotp.value_per_share in case base",
        ),
        (
            {"price": 40.0, "solve": "vehicle_wacc", "hold": ["tax_rate"]},
            InputError,
            "hold tax_rate is not moved by vehicle_wacc, which moves vehicle_wacc",
        ),
        (
            {"target": "vehicle_units.ebit", "value": 0.0, "solve": "vehicle_wacc"},
            InputError,
            "target vehicle_units.ebit is a path: name a year, as in vehicle_units.ebit@2026",
        ),
        (
            {"target": "vehicle_units.ebit@2099", "value": 0.0, "solve": "vehicle_deliveries"},
            DomainError,
            "year 2099 must be from 2025 to 2040 for vehicle_units.ebit",
        ),
        (
            {"target": "group_revenue@2028", "value": 0.0, "solve": "vehicle_deliveries"},
            InputError,
            "target 'group_revenue' is no line, input or measure of the tables (nearest: group_revenue_usd)",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(arguments, error, sentence) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error) as raised:
        implied(**arguments)
    assert str(raised.value) == sentence


def test_a_driver_that_moves_what_the_other_moves_is_refused() -> None:
    with pytest.raises(InputError, match="moves demand_saturation, as vehicle_deliveries does"):
        xa.iso_curve(40.0, solve="vehicle_deliveries", against="demand_saturation")


def test_tables_without_drivers_have_inputs_only(folder: Path) -> None:
    for name in ("drivers", "markets"):
        (folder / "inputs" / f"{name}.csv").unlink()
    assert read_drivers(folder).drivers == {}
    answered = implied(36.0, solve="vehicle_wacc", folder=folder)
    assert answered.solution.meaning == {}


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("formula", "demand_saturation = x +", "must be a formula of"),
        ("formula", "demand_saturation = __import__('os')", "must be a formula of"),
        ("formula", "demand = x", "must be `input = formula of x`"),
        ("kind", "lever", "must be one of driver, measure, year, meaning"),
        ("key", "Vehicle deliveries", "must be lower-case words"),
        ("price", "no_such_measure", "must be a measure of it"),
    ],
)
def test_a_table_that_cannot_be_read_names_line_and_column(
    folder: Path, column: str, value: str, rule: str
) -> None:
    from tests.cli.answers import set_cells

    set_cells(folder / "inputs" / "drivers.csv", "vehicle_deliveries", **{column: value})
    with pytest.raises(InputError, match=rule) as raised:
        read_drivers(folder)
    assert "drivers.csv" in str(raised.value)


@pytest.mark.parametrize(("case", "price"), [("house_2026", 15.0), ("base", 38.86)])
def test_pairs_are_the_nearest_to_the_case_of_which_all_are_worth_the_price(case: str, price: float) -> None:
    inputs, book = load_inputs(case), read_drivers()
    curve = ImpliedAnswers(inputs, book, price, None).curve
    assert curve is not None
    start = lever(inputs, book, curve.against).start
    steps = [start + MARGIN_STEP * place for place in range(-FURTHEST, FURTHEST + 1)]
    wide = curve_for(inputs, book, np.array([price]), curve.key, curve.against, values=steps).points
    windows = [wide[first : first + CURVE_POINTS] for first in range(len(wide) - CURVE_POINTS + 1)]
    full = [window for window in windows if all(point.values for point in window)]
    assert full
    nearest = min(full, key=lambda window: round(abs(window[CURVE_POINTS // 2].against - start), 9))
    assert curve.points == nearest


def test_points_that_are_solved_at_once_are_those_that_are_solved_alone() -> None:
    inputs, book = load_inputs("base"), read_drivers()
    about = (inputs, book, np.array([38.86]), "vehicle_deliveries", "vehicle_operating_margin")
    margins = [0.01 * step for step in range(-2, 16, 3)]
    at_once = points_at(margins, *about)
    assert any(point.values for point in at_once)
    assert any(not point.values for point in at_once)
    for margin, point in zip(margins, at_once, strict=True):
        assert points_at([margin], *about) == [point]


def test_a_pair_is_what_the_case_with_the_one_set_says_of_the_other() -> None:
    inputs, book = load_inputs("base"), read_drivers()
    asked = (np.array([38.86]), "vehicle_deliveries")
    (point,) = points_at([0.1], inputs, book, *asked, "vehicle_operating_margin")
    alone = solve_for(with_settings(inputs, book, {"vehicle_operating_margin": 0.1}), book, *asked)
    assert point.answer == alone.answers[0]
    assert point.values
