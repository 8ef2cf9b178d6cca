"""Numbers that others have printed, through the functions of a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from xlwings_addin.functions.registry import callbacks

CALL: Mapping[str, Callable[..., Any]] = callbacks()

# Printed as text so that the precision of the print is the precision of the test.
PUBLISHED = [
    # Microsoft support, XNPV function.
    (
        "DCF_XNPV",
        (
            0.09,
            [[-10000.0], [2750.0], [4250.0], [3250.0], [2750.0]],
            [["2008-01-01"], ["2008-03-01"], ["2008-10-30"], ["2009-02-15"], ["2009-04-01"]],
        ),
        "2086.65",
    ),
    # Microsoft support, XIRR function.
    (
        "DCF_XIRR",
        (
            [[-10000.0], [2750.0], [4250.0], [3250.0], [2750.0]],
            [["2008-01-01"], ["2008-03-01"], ["2008-10-30"], ["2009-02-15"], ["2009-04-01"]],
        ),
        "0.3734",  # printed as 37.34%
    ),
    # Article 002: a profit of 1.5 USD bn at Apple's 18 times.
    ("MULTIPLES_VALUE", (1.5, 18.0), "27"),
    # Microsoft support, NPV function, example 1: the cost, a year from now, is the first of the flows.
    ("DCF_PRESENT_VALUE", ([[-10000.0, 3000.0, 4200.0, 6800.0]], 0.1), "1188.44"),
    # Microsoft support, NPV function, example 2: 1,922.06 after a cost of 40,000 today.
    ("DCF_PRESENT_VALUE", ([[8000.0, 9200.0, 10000.0, 12000.0, 14500.0]], 0.08), "41922.06"),
    # numpy-financial, npv: 3065.22267 at 8% for -40000, 5000, 8000, 12000, 30000, the first not discounted.
    ("DCF_PRESENT_VALUE", ([[5000.0, 8000.0, 12000.0, 30000.0]], 0.08), "43065.22267"),
    # IAS 33, illustrative example 1: CU100 in three years at 7 per cent.
    ("DCF_PRESENT_VALUE", ([[0.0, 0.0, 100.0]], 0.07), "81.63"),
    # IAS 33, illustrative example 5: 500,000 shares, 100,000 options at CU15, average price CU20.
    ("SOTP_DILUTED_SHARES", (500_000.0, 100_000.0, 15.0, 20.0), "525000"),
    # Article 004: risk-free 4.4%, beta 1.1, premium 6.3%, printed rounded to 11%.
    ("CAPITAL_COST_OF_EQUITY", (0.044, 1.1, 0.063), "0.11"),
    # Article 004: a beta of 1.1, said to be adjusted after Blume from a regression beta of about 1.15.
    ("CAPITAL_BLUME_BETA", (1.15,), "1.1"),
]


@pytest.mark.parametrize(("name", "arguments", "printed"), PUBLISHED)
def test_a_published_number_is_met_at_its_printed_precision(
    name: str, arguments: tuple[object, ...], printed: str
) -> None:
    decimals = len(printed.partition(".")[2])
    assert CALL[name](*arguments) == pytest.approx(float(printed), abs=0.5 * 10.0**-decimals)


def test_article_004_is_met_by_a_chain_of_cells() -> None:
    # Printed in the article: revenue of $55bn in 2039, operating income of $6.6bn at 12%, a value of
    # $0.63 and HKD 4.91 a share. 17.32 = 0.481m cars at $36,000; in March 2024 there were HKD 7.823 to the
    # dollar and 25bn shares.
    revenue = CALL["RAMP_REVENUE"](17.32, CALL["RAMP_FADE"](0.10, 0.05, 16))
    assert isinstance(revenue, list)
    assert revenue[0][-1] == pytest.approx(55, abs=0.5)
    assert revenue[0][-1] * 0.12 == pytest.approx(6.6, abs=0.05)
    flows = CALL["RAMP_FADE"](0.0, 6.6 * 0.5, 16)
    value = CALL["DCF_ENTERPRISE_VALUE"](flows, 0.12, 0.05, "end", 1.0, "flat")
    assert CALL["SOTP_VALUE_PER_SHARE"](value, 25.0) == pytest.approx(0.63, abs=0.005)
    assert CALL["SOTP_VALUE_PER_SHARE"](value, 25.0, 7.823) == pytest.approx(4.91, abs=0.005)


def test_the_bass_curve_solves_the_equation_of_its_paper() -> None:
    # Bass (1969): the rate of adoption is (p + q N / m)(m - N). Coefficients of the size that Sultan, Farley
    # and Lehmann (1990) average over 213 applications: p = 0.03, q = 0.38.
    p, q, market = 0.03, 0.38, 100.0
    times = np.array([1.0, 5.0, 10.0, 20.0])
    solved = solve_ivp(
        lambda _, n: (p + q * n / market) * (market - n), (0, 20), [0.0], t_eval=times, rtol=1e-10, atol=1e-10
    )
    assert CALL["RAMP_BASS"](times, p, q, market)[0] == pytest.approx(solved.y[0], rel=1e-8)


def test_the_logistic_and_gompertz_curves_solve_their_equations() -> None:
    times, rate, saturation = np.array([2.0, 6.0, 12.0]), 0.4, 50.0
    for name, shape, slope in [
        ("RAMP_LOGISTIC", (5.0, rate), lambda _, n: rate * n * (1 - n / saturation)),
        ("RAMP_GOMPERTZ", (3.0, rate), lambda _, n: rate * n * np.log(saturation / n)),
    ]:
        start = CALL[name](0.0, saturation, *shape)
        solved = solve_ivp(slope, (0, 12), [start], t_eval=times, rtol=1e-10, atol=1e-10)
        assert CALL[name](times, saturation, *shape)[0] == pytest.approx(solved.y[0], rel=1e-8)
    # The moment that fixes each curve: half at the midpoint, exp(-displacement) of saturation at the start.
    assert CALL["RAMP_LOGISTIC"](5.0, saturation, 5.0, rate) == 25.0
    assert CALL["RAMP_GOMPERTZ"](0.0, saturation, 3.0, rate) == pytest.approx(50 * np.exp(-3))


def test_a_logistic_curve_starts_at_the_level_of_its_midpoint() -> None:
    # Pearl and Reed (1920), PNAS 6(6): from 3,929 thousand in 1790 to half of 197,274 about 1 April 1914.
    midpoint = CALL["RAMP_LOGISTIC_MIDPOINT"](3929.0, 197274.0, 0.0313395)
    assert 1790 + midpoint == pytest.approx(1914.25, abs=0.1)
    assert CALL["RAMP_LOGISTIC"](0.0, 197274.0, midpoint, 0.0313395) == pytest.approx(3929)


def test_unit_costs_fall_as_a_textbook_has_them() -> None:
    # Krajewski, Malhotra and Ritzman, Operations Management, supplement I: 1,000 hours for the first unit are
    # 310 for the 38th on an 80% curve.
    costs = CALL["RAMP_UNIT_COST"](1000.0, [[1.0], [38.0]], 1.0, 0.2)
    assert [round(cost) for (cost,) in costs] == [1000, 310]


def test_losses_brought_forward_shelter_income_as_in_damodaran() -> None:
    # Damodaran on Valuation (2006), illustration 3.5, Sirius in year 9: income of 19.14% of 8,605, 327 of
    # losses left, tax at 35%: 28.05% of income.
    income = 0.1914 * 8605
    taxable = CALL["DCF_TAXABLE_INCOME"]([[income]], 327.0)
    assert 0.35 * taxable[0][0] / income == pytest.approx(0.2805, abs=0.00005)


def test_losses_brought_forward_are_nothing_if_left_out() -> None:
    # by hand: the loss of 20 shelters 20 of the 30
    column = [[-20.0], [30.0], [50.0]]
    assert CALL["DCF_TAXABLE_INCOME"](column) == [[0.0], [10.0], [50.0]]
    assert CALL["DCF_TAXABLE_INCOME"](column, None) == CALL["DCF_TAXABLE_INCOME"](column, 0.0)


def test_levering_undoes_unlevering() -> None:
    beta = CALL["CAPITAL_UNLEVER_BETA"](1.3, 0.4, 0.25)
    assert CALL["CAPITAL_RELEVER_BETA"](beta, 0.4, 0.25) == pytest.approx(1.3)
    assert CALL["CAPITAL_UNLEVER_BETA"](1.3, 0.0, 0.25) == 1.3


def test_an_enterprise_value_is_its_flows_and_its_discounted_terminal_value() -> None:
    flows = [[80.0, 90.0, 100.0]]
    for timing, form in [("end", "grown"), ("end", "flat"), ("mid", "grown"), ("mid", "flat")]:
        factors = CALL["DCF_DISCOUNT_FACTORS"](0.1, 3, timing, 0.8)
        explicit = CALL["DCF_PRESENT_VALUE"](flows, 0.1, timing, 0.8)
        terminal = CALL["DCF_TERMINAL_VALUE"](100.0, 0.1, 0.03, form)
        total = CALL["DCF_ENTERPRISE_VALUE"](flows, 0.1, 0.03, timing, 0.8, form)
        assert total == pytest.approx(explicit + terminal * factors[0][-1])
