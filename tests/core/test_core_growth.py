"""Fades, S-curves and the H-model: published figures, differential equations, identities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import expit

from xlwings_addin.core.errors import DomainError, ShapeError, ValuationError
from xlwings_addin.core.growth import (
    bass_adoptions,
    bass_cumulative,
    geometric_fade,
    gompertz,
    h_model_value,
    linear_fade,
    logistic,
    logistic_midpoint,
)

BASS = {"innovation": 0.03, "imitation": 0.38, "market": 60_630.0}


@pytest.mark.parametrize(
    ("growth_short", "printed"), [(0.18, 58.00), (0.14, 51.33), (0.10, 44.67)], ids=["18%", "14%", "10%"]
)
def test_h_model_gives_the_values_of_a_published_sensitivity(growth_short: float, printed: float) -> None:
    # AcadiFi, "How sensitive is the H-model": dividend 2.00, required return 10%, long growth 4%, half-life
    # 5.
    value = h_model_value(2.0, rate=0.10, growth_short=growth_short, growth_long=0.04, half_life=5.0)
    assert value == pytest.approx(printed, abs=0.005)


@pytest.mark.parametrize(
    ("base", "years", "printed"), [(17.0, 15, 50.2), (18.0, 15, 53.2), (1.0, 16, 3.1756)]
)
def test_linear_fades_compound_to_what_was_reckoned_for_article_004(
    base: float, years: int, printed: float
) -> None:
    # 15 rates from 10% to 5% take 17.0 to 50.2 and 18.0 to 53.2; 16 rates multiply by 3.1756.
    final = base * np.prod(1 + linear_fade(0.10, 0.05, years=years))
    assert final == pytest.approx(printed, abs=0.05 if years == 15 else 0.00005)


def test_bass_adoptions_peak_where_bass_says() -> None:
    # Bass (1969), Management Science 15(5): sales peak at ln(q/p) / (p + q), when 1/2 - p/(2q) of all have
    # adopted, at a rate of m (p + q)**2 / (4q).
    p, q, market = BASS["innovation"], BASS["imitation"], BASS["market"]
    peak = np.log(q / p) / (p + q)
    assert bass_cumulative(peak, **BASS) == pytest.approx(market * (0.5 - p / (2 * q)), rel=1e-12)
    rate = (bass_cumulative(peak + 1e-4, **BASS) - bass_cumulative(peak - 1e-4, **BASS)) / 2e-4
    assert rate == pytest.approx(market * (p + q) ** 2 / (4 * q), rel=1e-7)


@pytest.mark.parametrize(
    ("curve", "slope"),
    [
        (
            lambda t: bass_cumulative(t, innovation=0.03, imitation=0.38, market=1.0),
            lambda _, y: (0.03 + 0.38 * y) * (1 - y),
        ),
        (
            lambda t: logistic(t, saturation=2.0, midpoint=4.0, steepness=0.7),
            lambda _, y: 0.7 * y * (1 - y / 2.0),
        ),
        (
            lambda t: gompertz(t, saturation=2.0, displacement=5.0, rate=0.3),
            lambda _, y: 0.3 * y * np.log(2.0 / y),
        ),
    ],
    ids=["Bass", "logistic", "Gompertz"],
)
def test_each_curve_solves_its_differential_equation(
    curve: Callable[[object], object], slope: Callable[[float, float], float]
) -> None:
    times = np.linspace(0.0, 15.0, 16)
    solved = solve_ivp(slope, (0.0, 15.0), [curve(0.0)], t_eval=times, rtol=1e-11, atol=1e-13)
    assert curve(times) == pytest.approx(solved.y[0], rel=1e-8, abs=1e-10)


def test_logistic_is_scipys_expit_and_keeps_its_tail() -> None:
    times = np.linspace(-30, 30, 61)
    ours = logistic(times, saturation=3.0, midpoint=1.0, steepness=0.9)
    assert ours == pytest.approx(3.0 * expit(0.9 * (times - 1.0)), rel=1e-12, abs=0.0)


def test_logistic_is_nothing_long_before_its_midpoint() -> None:
    assert logistic(-1e6, saturation=1.0, midpoint=0.0, steepness=1.0) == 0.0


@given(st.floats(1e-9, 1 - 1e-9), st.floats(0.01, 1e6), st.floats(0.01, 5))
def test_a_logistic_curve_with_the_midpoint_of_a_level_starts_at_it(
    share: float, saturation: float, steepness: float
) -> None:
    level = share * saturation
    midpoint = logistic_midpoint(level, saturation=saturation, steepness=steepness)
    start = logistic(0.0, saturation=saturation, midpoint=midpoint, steepness=steepness)
    assert start == pytest.approx(level, rel=1e-12, abs=0.0)


@given(st.floats(0.001, 0.999), st.floats(0.01, 5))
def test_a_logistic_curve_is_as_far_before_its_midpoint_as_after_it(share: float, steepness: float) -> None:
    ahead = logistic_midpoint(share, saturation=1.0, steepness=steepness)
    behind = logistic_midpoint(1 - share, saturation=1.0, steepness=steepness)
    assert ahead == pytest.approx(-behind, rel=1e-9, abs=1e-9)


def test_half_the_saturation_is_reached_at_its_midpoint_and_more_after_it() -> None:
    midpoints = logistic_midpoint([2.0, 5.0, 8.0], saturation=10.0, steepness=0.5)
    assert midpoints == pytest.approx([np.log(4.0) / 0.5, 0.0, -np.log(4.0) / 0.5])


def test_midpoints_of_many_scenarios_are_those_of_each_alone() -> None:
    levels, steepness = np.array([1.0, 2.0]), np.array([[0.3], [0.6], [0.9]])
    midpoints = logistic_midpoint(levels, saturation=10.0, steepness=steepness)
    assert midpoints.shape == (3, 2)
    alone = logistic_midpoint(2.0, saturation=10.0, steepness=0.9)
    assert type(alone) is float
    assert midpoints[2, 1] == pytest.approx(alone)


def test_gompertz_turns_at_one_over_e_of_its_saturation() -> None:
    # Winsor (1932), PNAS 18(1): the point of inflection is at ln(displacement) / rate, 37% of the saturation.
    turn = np.log(5.0) / 0.3
    assert gompertz(turn, saturation=100.0, displacement=5.0, rate=0.3) == pytest.approx(36.79, abs=0.005)


def test_gompertz_is_nothing_long_before_its_start() -> None:
    assert gompertz(-1e6, saturation=1.0, displacement=1.0, rate=1.0) == 0.0


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(2, 50))
def test_a_linear_fade_has_its_ends_and_equal_steps(start: float, end: float, years: int) -> None:
    path = linear_fade(start, end, years=years)
    assert path.shape == (years,)
    assert (path[0], path[-1]) == (start, end)
    assert np.diff(path) == pytest.approx(np.full(years - 1, (end - start) / (years - 1)), abs=1e-12)


@given(st.floats(0.001, 10), st.floats(0.001, 10), st.integers(2, 50))
def test_a_geometric_fade_has_its_ends_and_equal_ratios(start: float, end: float, years: int) -> None:
    path = geometric_fade(start, end, years=years)
    assert path[[0, -1]] == pytest.approx([start, end], rel=1e-12)
    assert path[1:] / path[:-1] == pytest.approx(np.full(years - 1, path[1] / path[0]), rel=1e-9)


def test_a_fade_of_one_year_is_its_start() -> None:
    assert linear_fade(0.10, 0.05, years=1).tolist() == [0.10]
    assert geometric_fade(0.10, 0.05, years=1).tolist() == [0.10]


def test_fades_of_many_scenarios_have_the_year_first() -> None:
    paths = linear_fade([0.10, 0.20], [[0.05], [0.04], [0.03]], years=4)
    assert paths.shape == (4, 3, 2)
    assert paths[:, 2, 1] == pytest.approx(linear_fade(0.20, 0.03, years=4))


@given(st.floats(0.001, 0.2), st.floats(0, 0.9), st.integers(1, 40))
def test_bass_adoptions_add_up_to_the_cumulative(innovation: float, imitation: float, years: int) -> None:
    parameters = {"innovation": innovation, "imitation": imitation, "market": 1_000.0}
    yearly = bass_adoptions(np.arange(1, years + 1), **parameters)
    assert yearly.sum() == pytest.approx(bass_cumulative(float(years), **parameters), rel=1e-12)
    assert (yearly >= 0).all()


def test_bass_adoptions_of_a_part_of_the_first_year_count_from_launch() -> None:
    assert bass_adoptions(0.25, **BASS) == bass_cumulative(0.25, **BASS)
    assert bass_cumulative(0.0, **BASS) == 0.0


@given(st.floats(1, 100), st.floats(0.05, 0.3), st.floats(-0.2, 0.04))
def test_an_h_model_without_a_fade_is_gordons(dividend: float, rate: float, growth: float) -> None:
    value = h_model_value(dividend, rate=rate, growth_short=0.5, growth_long=growth, half_life=0.0)
    assert value == pytest.approx(dividend * (1 + growth) / (rate - growth), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: linear_fade(0.1, 0.05, years=True),
            DomainError,
            "years True must be a whole number of years, at least 1",
        ),
        (
            lambda: linear_fade([0.1, 0.2], [0.1, 0.2, 0.3], years=3),
            ShapeError,
            "end of shape (3,) does not fit the shape (2,) of start",
        ),
        (lambda: linear_fade(0.1, np.nan, years=3), DomainError, "end nan must be finite"),
        (lambda: geometric_fade(0.1, 0.0, years=3), DomainError, "end 0 must be above 0"),
        (
            lambda: logistic(1.0, saturation=0.0, midpoint=1.0, steepness=1.0),
            DomainError,
            "saturation 0 must be above 0",
        ),
        (
            lambda: logistic(1.0, saturation=1.0, midpoint=1.0, steepness=-1.0),
            DomainError,
            "steepness -1 must be above 0",
        ),
        (
            lambda: logistic_midpoint([1.0, 0.0], saturation=10.0, steepness=0.5),
            DomainError,
            "level[1] 0 must be above 0",
        ),
        (
            lambda: logistic_midpoint(10.0, saturation=10.0, steepness=0.5),
            DomainError,
            "saturation 10 must exceed level 10",
        ),
        (
            lambda: logistic_midpoint(12.0, saturation=[20.0, 10.0], steepness=0.5),
            DomainError,
            "saturation[1] 10 must exceed level 12",
        ),
        (
            lambda: logistic_midpoint(1.0, saturation=10.0, steepness=0.0),
            DomainError,
            "steepness 0 must be above 0",
        ),
        (
            lambda: logistic_midpoint([1.0, 2.0], saturation=[10.0, 20.0, 30.0], steepness=0.5),
            ShapeError,
            "saturation of shape (3,) does not fit the shape (2,) of level",
        ),
        (lambda: bass_cumulative([1.0, -2.0], **BASS), DomainError, "t[1] -2 must not be negative"),
        (lambda: bass_adoptions(-0.5, **BASS), DomainError, "t -0.5 must not be negative"),
        (
            lambda: bass_cumulative(1.0, **BASS | {"innovation": 0.0}),
            DomainError,
            "innovation 0 must be above 0",
        ),
        (
            lambda: gompertz(1.0, saturation=1.0, displacement=0.0, rate=1.0),
            DomainError,
            "displacement 0 must be above 0",
        ),
        (
            lambda: h_model_value(2.0, rate=0.04, growth_short=0.1, growth_long=0.05, half_life=5.0),
            DomainError,
            "rate 4.00% must exceed growth_long 5.00%",
        ),
        (
            lambda: h_model_value(2.0, rate=0.1, growth_short=0.1, growth_long=0.05, half_life=-1.0),
            DomainError,
            "half_life -1 must not be negative",
        ),
    ],
)
def test_bad_input_is_named_with_its_value_and_the_rule(
    refused: Callable[..., None], call: Callable[[], object], error: type[ValuationError], message: str
) -> None:
    refused(call, error, message)
