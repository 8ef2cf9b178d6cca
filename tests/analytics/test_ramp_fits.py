"""Fits of S-curves: against curves of known parameters and against scipy's own curve_fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from xlwings_addin.analytics.ramp_fits import MODELS, _Fitting, fit
from xlwings_addin.core.errors import ChoiceError, DomainError

XIAOMI = [27_307, 39_790, 69_697, 75_869, 81_302, 108_796]
"""Deliveries of 2024Q2 to 2025Q3, from history.csv."""
TRUE = {
    "logistic": (5e5, 8.0, 0.5),
    "gompertz": (5e5, 5.0, 0.25),
    "bass": (4e6, 0.01, 0.35),
}


def curves(key: str, quarters: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(MODELS[key].curve(np.arange(1.0, quarters + 1), TRUE[key]))


@pytest.mark.parametrize("key", TRUE)
def test_parameters_of_a_curve_without_noise_are_recovered(key: str) -> None:
    fitted = fit(key, curves(key, 20).tolist())
    assert list(fitted.values().values()) == pytest.approx(TRUE[key], rel=1e-5)
    assert fitted.profile.determined
    assert fitted.profile.low == pytest.approx(TRUE[key][0], rel=1e-3)
    assert max(abs(forecast.relative_error) for forecast in fitted.forecasts[-5:]) < 1e-3


@pytest.mark.parametrize("key", TRUE)
def test_parameters_and_errors_are_those_of_curve_fit(key: str) -> None:
    noise = 1 + 0.03 * np.random.default_rng(1810).standard_normal(16)
    observed = curves(key, 16) * noise
    scale = observed.max()

    def scaled(t, *p):  # type: ignore[no-untyped-def]
        return np.asarray(MODELS[key].curve(t, (p[0] * scale, *p[1:]))) / scale

    start = (TRUE[key][0] / scale, *TRUE[key][1:])
    values, covariance = curve_fit(
        scaled, np.arange(1.0, 17.0), observed / scale, p0=start, xtol=1e-13, ftol=1e-13, gtol=1e-13
    )
    sizes = np.array([scale, 1.0, 1.0])
    fitted = fit(key, observed.tolist())
    assert list(fitted.values().values()) == pytest.approx((values * sizes).tolist(), rel=1e-4)
    errors = (np.sqrt(np.diag(covariance)) * sizes).tolist()
    assert [entry.error for entry in fitted.parameters] == pytest.approx(errors, rel=1e-2)


def test_the_range_of_a_saturation_covers_the_true_one_about_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(7), 0
    for _ in range(20):
        noise = 1 + 0.02 * rng.standard_normal(14)
        fitting = _Fitting(MODELS["logistic"], curves("logistic", 14) * noise)
        profile = fitting._profile(fitting.best())
        low, high = profile.low or 0.0, profile.high or np.inf
        covered += low <= 5e5 <= high
    # 95% of 20 are 19; 15 or fewer would happen once in 400 seeds, and 20 is no proof of too wide a range
    assert covered >= 16


@pytest.mark.parametrize("key", TRUE)
def test_six_quarters_do_not_determine_the_saturation(key: str) -> None:
    profile = fit(key, XIAOMI).profile
    assert not profile.determined
    assert profile.high is None
    assert profile.low is not None


def test_a_profile_is_least_at_the_fit_and_each_forecast_knows_earlier_quarters_only() -> None:
    fitted = fit("logistic", XIAOMI)
    best = int(np.argmin(fitted.profile.excess))
    assert fitted.profile.levels[best] == pytest.approx(fitted.parameters[0].value)
    changed = fit("logistic", [*XIAOMI[:-1], 200_000])
    assert changed.forecasts[-1].forecast == pytest.approx(fitted.forecasts[-1].forecast, rel=1e-9)
    assert [forecast.quarter for forecast in fitted.forecasts] == [5, 6]


@pytest.mark.parametrize(
    ("key", "quarters", "error", "message"),
    [
        ("cubic", XIAOMI, ChoiceError, "must be one of logistic, gompertz, bass"),
        ("bass", XIAOMI[:3], DomainError, "too few for the 3 parameters"),
        ("bass", [1.0, 0.0, 2.0, 3.0], DomainError, "deliveries 0.* must be above 0"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(
    key: str, quarters: list[float], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fit(key, quarters)
