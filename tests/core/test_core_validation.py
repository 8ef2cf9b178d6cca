"""The checks that the core's functions share: what they let pass, and what they say about the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from xlwings_addin.core import validation
from xlwings_addin.core.errors import ChoiceError, DomainError, ShapeError, ValuationError


@pytest.mark.parametrize(
    ("check", "passing"),
    [
        (validation.as_numbers, [-1e300, 0, 1e300]),
        (validation.as_rates, [-0.999, 0.0, 5.0]),
        (validation.fractions, [0.0, 0.5, 1.0]),
        (validation.positive, [1e-300, 1.0]),
        (validation.not_negative, [0.0, 1.0]),
    ],
)
def test_a_check_gives_back_numbers_that_keep_its_rule(
    check: Callable[..., np.ndarray], passing: list[float]
) -> None:
    array = check("figure", passing)
    assert array.dtype == np.float64
    assert array.tolist() == passing


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: validation.as_numbers("figure", ["x"]),
            ShapeError,
            "figure ['x'] must be a number or an array of numbers",
        ),
        (
            lambda: validation.as_numbers("figure", [[1.0], [1.0, 2.0]]),
            ShapeError,
            "figure [[1.0], [1.0, 2.0]] must be a number or an array of numbers",
        ),
        (lambda: validation.as_numbers("figure", np.nan), DomainError, "figure nan must be finite"),
        (lambda: validation.as_rates("figure", -1.0), DomainError, "figure -100.00% must be above -100.00%"),
        (
            lambda: validation.fractions("figure", [0.2, 1.01]),
            DomainError,
            "figure[1] 101.00% must be from 0.00% to 100.00%",
        ),
        (lambda: validation.positive("figure", 0.0), DomainError, "figure 0 must be above 0"),
        (
            lambda: validation.not_negative("figure", [[1.0, 2.0], [3.0, -4.0]]),
            DomainError,
            "figure[1, 1] -4 must not be negative",
        ),
        (
            lambda: validation.choice("figure", 3, ("end", "mid")),
            ChoiceError,
            "figure 3 must be one of end, mid",
        ),
        (
            lambda: validation.year_count("figure", "5"),
            DomainError,
            "figure '5' must be a whole number of years, at least 1",
        ),
        (
            lambda: validation.flows_of("figure", np.empty((2, 0)).tolist()),
            ShapeError,
            "figure [[], []] must have at least one period along its last axis",
        ),
    ],
)
def test_a_number_that_breaks_the_rule_is_named_by_its_place(
    call: Callable[[], object], error: type[ValuationError], message: str
) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_the_first_of_several_bad_values_is_named() -> None:
    with pytest.raises(DomainError, match=r"^figure\[1\] -1 "):
        validation.not_negative("figure", [1.0, -1.0, -2.0])


def test_a_bound_that_is_an_array_is_named_at_the_place_it_is_broken() -> None:
    with pytest.raises(DomainError, match=r"^wacc\[1, 0\] 3\.00% must exceed growth 4\.00%$"):
        validation.require_exceeds("wacc", np.array([0.03]), "growth", np.array([[0.01], [0.04]]))


def test_a_bound_on_a_number_that_is_no_rate_is_shown_as_it_is() -> None:
    with pytest.raises(DomainError, match=r"^saturation 10 must exceed level 12$"):
        validation.require_exceeds(
            "saturation", np.array(10.0), "level", np.array(12.0), show=validation.plain
        )


def test_shapes_that_fit_give_their_common_shape() -> None:
    assert validation.broadcastable(a=np.ones((3, 1)), b=np.ones(4), c=np.ones(())) == (3, 4)


def test_a_year_count_of_numpy_is_a_whole_number() -> None:
    assert validation.year_count("years", np.int64(5)) == 5


def test_a_scalar_result_is_a_plain_float_and_an_array_stays_one() -> None:
    assert type(validation.result(np.float64(1.5))) is float
    assert type(validation.result(np.array(1.5))) is float
    assert validation.result(np.array([1.5])).tolist() == [1.5]
