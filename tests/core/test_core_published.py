"""Worked examples of the field, from textbooks, papers, standards and the manuals of other programs."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy_financial
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xlwings_addin.core.capital import blume_beta, cost_of_equity, relever_beta, unlever_beta, wacc
from xlwings_addin.core.dcf import asset_base, enterprise_value, fcff, loss_carry_forward
from xlwings_addin.core.discounting import (
    discount_factors,
    exit_multiple_terminal_value,
    gordon_terminal_value,
    present_value,
    value_driver_terminal_value,
    xirr,
    xnpv,
)
from xlwings_addin.core.growth import (
    bass_cumulative,
    geometric_fade,
    gompertz,
    h_model_value,
    linear_fade,
    logistic,
    logistic_midpoint,
)
from xlwings_addin.core.sotp import equity_bridge, margin_of_safety, treasury_stock_shares, value_per_share
from xlwings_addin.core.vehicle import operating_income, revenue_ramp, unit_cost

LEVELS = st.floats(0.01, 1e6)
MICROSOFT_FLOWS = [-10000, 2750, 4250, 3250, 2750]
MICROSOFT_DAYS = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]


@pytest.mark.parametrize(
    ("rate", "flows", "expected", "places"),
    [
        # Microsoft, NPV function, example 1
        (0.10, [-10000, 3000, 4200, 6800], 1188.44, 2),
        # Adobe, LiveCycle FormCalc reference, NPV: three examples
        (0.065, [5000], 4694.83568075117, 10),
        (0.10, [500, 1500, 4000, 10000], 11529.60863329007, 10),
        (0.0275 / 12, [50, 60, 40, 100, 25], 273.14193838457, 10),
        # numpy-financial, npv: a project worth 3065.22267 after an outlay of 40,000 today
        (0.08, [5000, 8000, 12000, 30000], 40000 + 3065.22267, 5),
    ],
)
def test_present_value_is_the_published_one(
    rate: float, flows: list[float], expected: float, places: int
) -> None:
    assert round(present_value(flows, rate=rate), places) == pytest.approx(expected, abs=10.0**-places / 2)


def test_present_value_discounts_the_first_flow_where_numpy_financial_does_not() -> None:
    # numpy.npv documentation: npv(0.281, [-100, 39, 59, 55, 20]) is -0.0084785916384548798
    ours = present_value([-100, 39, 59, 55, 20], rate=0.281)
    assert ours * 1.281 == pytest.approx(-0.0084785916384548798, abs=1e-13)


@pytest.mark.parametrize(
    ("grown", "final_flow", "expected"),
    [
        # Damodaran, Narrative and Numbers (2017), table 9.7, Amazon: the terminal year's flow of 9,766
        # million, cost of capital 8.00%, growth 2.20%: terminal value 168,379
        (False, 9766.0, 168379.0),
        (True, 9766.0 / 1.022, 168379.0),
    ],
)
def test_gordon_value_is_that_of_amazon_in_damodaran(grown: bool, final_flow: float, expected: float) -> None:
    value = gordon_terminal_value(final_flow, rate=0.08, growth=0.022, grown=grown)
    assert round(value) == expected


def test_value_driver_is_that_of_the_book_on_valuation() -> None:
    # adapted from Koller, Goedhart and Wessels (2020), exhibit 14.13: operating profit after tax of next
    # year 19.875 (26.5 less 25%), growth 6%, return on new capital 15%, cost of capital 10%: 298.1 million
    value = value_driver_terminal_value(26.5 * 0.75, rate=0.10, growth=0.06, roic=0.15)
    assert round(value, 1) == 298.1


def test_exit_multiple_value_discounts_to_the_published_one() -> None:
    # SolutionInn, question 11833479, on the multiple method: EBITDA of $800 million in year 5, sold at 11
    # times, is worth $5.5 billion today at a discount rate of 9.7%
    value = exit_multiple_terminal_value(800.0, multiple=11.0)
    assert value == 8800.0
    assert round(value * discount_factors(0.097, years=5)[-1] / 1000, 1) == 5.5


def test_xnpv_is_excels() -> None:
    # Microsoft, XNPV function
    assert round(xnpv(MICROSOFT_FLOWS, MICROSOFT_DAYS, rate=0.09), 2) == 2086.65
    # excelfunctions.net, XNPV: monthly and longer gaps of 2016, a leap year
    days = ["2016-01-01", "2016-02-01", "2016-05-01", "2016-07-01", "2016-11-01", "2017-01-01"]
    assert round(xnpv([-10000, 2000, 2400, 2900, 3500, 4100], days, rate=0.05), 2) == 4447.94


def test_xirr_of_yearly_flows_is_the_irr_of_numpy_financial() -> None:
    # ClickHouse, financialInternalRateOfReturn([-100, 39, 59, 55, 20]) = 0.2809484211599611; the days are
    # 365 apart, so that a year is a year
    days = [date(2001, 1, 1) + timedelta(days=365 * k) for k in range(5)]
    flows = [-100, 39, 59, 55, 20]
    assert xirr(flows, days) == pytest.approx(0.2809484211599611, rel=1e-12)
    assert xirr(flows, days) == pytest.approx(float(numpy_financial.irr(flows)), rel=1e-9)


def test_xnpv_takes_scenarios_of_flows_and_of_rates() -> None:
    flows = np.transpose([MICROSOFT_FLOWS, [-5000, 1375, 2125, 1625, 1375]])
    assert xnpv(flows, MICROSOFT_DAYS, rate=0.09).round(2).tolist() == [2086.65, 1043.32]
    by_rate = xnpv(MICROSOFT_FLOWS, MICROSOFT_DAYS, rate=[0.0, 0.09])
    assert by_rate.round(2).tolist() == [3000.0, 2086.65]


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        # AnalystNotes, CFA practice question: a regression beta of 1.5 for Microsoft becomes 1.33
        (1.5, 1.33),
        # Seeking Alpha 4676592: an average raw beta of 1.15 becomes 1.1
        (1.15, 1.10),
    ],
)
def test_blume_beta_is_the_published_one(raw: float, adjusted: float) -> None:
    assert round(blume_beta(raw), 2) == adjusted


def test_unlevered_beta_is_that_of_disney_in_damodaran() -> None:
    # Damodaran, corporate finance slides, "Effects of leverage on betas: Disney"
    assert round(unlever_beta(1.01, debt_to_equity=0.275, tax_rate=0.373), 4) == 0.8615


# Damodaran, corporate finance slides, "Estimating Cost of Equity" of Disney: unlevered beta 1.0674, tax rate
# 37.3%, bond rate 4.00%, market premium 4.82%; debt ratio, levered beta and cost of equity as printed.
DISNEY = [
    (0.00, 1.0674, 0.0915),
    (0.10, 1.1418, 0.0950),
    (0.20, 1.2348, 0.0995),
    (0.30, 1.3543, 0.1053),
    (0.40, 1.5136, 0.1130),
    (0.50, 1.7367, 0.1237),
    (0.60, 2.0714, 0.1398),
    (0.70, 2.6291, 0.1667),
    (0.80, 3.7446, 0.2205),
    (0.90, 7.0911, 0.3818),
]


@pytest.mark.parametrize(("debt_ratio", "levered", "cost"), DISNEY)
def test_relevered_betas_and_costs_of_equity_are_disneys(
    debt_ratio: float, levered: float, cost: float
) -> None:
    # to half a unit of the last digit printed, of the result and of the asset beta or premium it follows from
    gearing = debt_ratio / (1 - debt_ratio)
    beta = relever_beta(1.0674, debt_to_equity=gearing, tax_rate=0.373)
    assert beta == pytest.approx(levered, abs=5e-5 * (1 + levered / 1.0674))
    value = cost_of_equity(risk_free=0.04, beta=levered, equity_risk_premium=0.0482)
    assert value == pytest.approx(cost, abs=5e-5 * (1 + levered))


@pytest.mark.parametrize(
    ("equity", "debt", "expected"),
    [
        # Brealey, Myers and Allen, Principles of Corporate Finance, chapter 19, Sangria Corporation: $500
        # million of debt, $750 million of equity, tax 35%. In recent editions 12.4% and 6%: WACC 9.0%
        (0.124, 0.06, 0.090),
        # in earlier editions 14.6% and 8%: WACC 10.84%
        (0.146, 0.08, 0.1084),
    ],
)
def test_wacc_is_that_of_sangria(equity: float, debt: float, expected: float) -> None:
    value = wacc(cost_of_equity=equity, cost_of_debt=debt, tax_rate=0.35, equity_weight=750 / 1250)
    assert value == pytest.approx(expected, abs=1e-12)


def test_linear_fade_is_that_of_the_numpy_documentation() -> None:
    # numpy.linspace documentation: linspace(2.0, 3.0, num=5)
    assert linear_fade(2.0, 3.0, years=5).tolist() == [2.0, 2.25, 2.5, 2.75, 3.0]


def test_linear_fade_gives_the_growth_of_amazon_in_damodaran() -> None:
    # Damodaran, Narrative and Numbers (2017), table 9.7: growth of 15% in years 1 to 5 falls to 2.20% by
    # year 10; revenues in millions as printed, from which the growth of years 6 to 10 follows
    revenues = np.array([171460, 192790, 211837, 227344, 238166, 243405])
    growth = linear_fade(0.15, 0.022, years=6)[1:]
    assert growth == pytest.approx(revenues[1:] / revenues[:-1] - 1, abs=5e-6)


def test_geometric_fade_is_that_of_the_numpy_documentation() -> None:
    # numpy.geomspace documentation: geomspace(1, 1000, num=4)
    assert geometric_fade(1.0, 1000.0, years=4) == pytest.approx([1.0, 10.0, 100.0, 1000.0], rel=1e-14)


def test_logistic_is_the_curve_of_pearl_and_reed() -> None:
    # Pearl and Reed (1920), PNAS 6(6), 275-288: the population of the United States in thousands as fitted by
    # 2,930,300.9 / (0.014854 + exp(-0.0313395 x)), x in years from 1780
    years = np.arange(1790, 1911, 10)
    printed = [3929, 5336, 7228, 9757, 13109, 17506, 23192, 30412, 39372, 50177, 62769, 76870, 91972]
    midpoint = 1780 - np.log(0.014854) / 0.0313395
    curve = logistic(years, saturation=2930.3009 / 0.014854, midpoint=midpoint, steepness=0.0313395)
    assert curve == pytest.approx(printed, abs=1.1)
    # the same paper: the point of inflection lies in 1914, half of the upper limit of 197,274 thousand
    assert midpoint == pytest.approx(1914.3, abs=0.1)
    assert logistic(midpoint, saturation=197274.0, midpoint=midpoint, steepness=0.0313395) == 98637.0


@pytest.mark.parametrize(("year", "population"), [(1790, 3929), (1850, 23192), (1910, 91972)])
def test_logistic_midpoint_is_that_of_pearl_and_reed(year: int, population: int) -> None:
    # Pearl and Reed (1920), as above: from the curve's population of any census, half of 197,274 thousand is
    # reached about 1 April 1914
    wait = logistic_midpoint(population, saturation=197274, steepness=0.0313395)
    assert year + wait == pytest.approx(1914.25, abs=0.1)


@given(t=st.floats(-20, 40), level=LEVELS, shift=st.floats(0.01, 50), speed=st.floats(0.01, 3))
def test_gompertz_agrees_with_scipy(t: float, level: float, shift: float, speed: float) -> None:
    # exp(-b exp(-c t)) is the distribution function of the Gumbel law at ln(b) / c with scale 1 / c
    theirs = level * stats.gumbel_r.cdf(t, loc=np.log(shift) / speed, scale=1 / speed)
    assert gompertz(t, saturation=level, displacement=shift, rate=speed) == pytest.approx(
        theirs, rel=1e-9, abs=1e-300
    )


def test_gompertz_turns_at_36_8_percent_of_its_saturation() -> None:
    # Winsor (1932), PNAS 18(1): the curve's inflection is at 1/e, about 37%, of the upper limit
    times = np.linspace(0.0, 20.0, 20001)
    curve = gompertz(times, saturation=100.0, displacement=8.0, rate=0.4)
    turning = int(np.argmax(np.diff(curve)))
    assert curve[turning] == pytest.approx(36.8, abs=0.05)


# Bass (1969), Management Science 15(5): market in thousands, p and q as fitted; time and size, in millions a
# year, of the predicted peak of sales.
DURABLES = {
    "black and white television": (96717, 0.027877, 0.25105, 7.8, 7.5),
    "water softeners": (5793, 0.017703, 0.29695, 8.9, 0.5),
    "room air conditioners": (16895, 0.010399, 0.41861, 8.6, 1.8),
    "clothes dryers": (15092, 0.017206, 0.35688, 8.1, 1.5),
    "power lawnmowers": (44751, 0.0091837, 0.33790, 10.3, 4.0),
    "record players": (21937, 0.024796, 0.65410, 4.8, 3.8),
}


@pytest.mark.parametrize("durable", DURABLES)
def test_bass_sales_peak_when_and_where_bass_predicts(durable: str) -> None:
    market, p, q, peak_time, peak_sales = DURABLES[durable]
    times = np.linspace(0.0, 20.0, 20001)
    adopters = bass_cumulative(times, innovation=p, imitation=q, market=market / 1000)
    sales = np.gradient(adopters, times)
    assert times[np.argmax(sales)] == pytest.approx(peak_time, abs=0.1)
    assert sales.max() == pytest.approx(peak_sales, abs=0.1)


@pytest.mark.parametrize(
    ("dividend", "rate", "growth_short", "growth_long", "half_life", "expected"),
    [
        # AnalystNotes, CFA practice questions on the H-model: 20% falls to 6% over 8 years
        (4.0, 0.12, 0.20, 0.06, 4.0, 108.00),
        # 15% falls to 6% over 6 years; required return 4% + 1.2 x 6%
        (5.0, 0.112, 0.15, 0.06, 3.0, 127.88),
    ],
)
def test_h_model_value_is_the_published_one(
    dividend: float, rate: float, growth_short: float, growth_long: float, half_life: float, expected: float
) -> None:
    value = h_model_value(
        dividend, rate=rate, growth_short=growth_short, growth_long=growth_long, half_life=half_life
    )
    assert round(value, 2) == expected


def test_fcff_is_that_of_cane_distribution() -> None:
    # CFA Program curriculum, Free Cash Flow Valuation, Cane Distribution, thousands, 2008 to 2010: EBIT of
    # 155.00, 170.50 and 187.55 at 30% tax: FCFF of 97.50, 107.25 and 117.98
    flows = fcff(
        ebit=[155.0, 170.5, 187.55],
        tax_rate=0.30,
        depreciation=[45.0, 49.5, 54.45],
        capex=[0.0, 50.0, 55.0],
        change_in_nwc=[56.0, 11.6, 12.76],
    )
    assert flows == pytest.approx([97.50, 107.25, 117.98], abs=0.0051)


def test_fcff_is_amazons_in_damodaran() -> None:
    # Damodaran, Narrative and Numbers (2017), table 9.7, millions, years 1, 5 and 10: operating income after
    # tax of 31.80%, less reinvestment (capital expenditure less depreciation, and working capital)
    after_tax, reinvested = np.array([776.0, 4589.0, 12251.0]), np.array([3474.0, 6076.0, 1424.0])
    flows = fcff(
        ebit=after_tax / (1 - 0.318),
        tax_rate=0.318,
        depreciation=500.0,
        capex=500.0 + reinvested,
        change_in_nwc=0.0,
    )
    assert flows == pytest.approx([-2698.0, -1487.0, 10827.0])


def test_losses_shelter_the_income_of_sirius_as_in_damodaran() -> None:
    # Damodaran on Valuation (2006), illustrations 3.5 and 4.10, Sirius Satellite Radio, millions: 824 brought
    # forward, revenues as printed. The margins are rebuilt: from -419.92%, a loss of 787 on revenues of 187,
    # each year covers half the distance to 20%. Printed: losses for four years, no tax for eight; in year 9
    # the remaining 327 are used and tax, at 35%, is 28.05% of income; then it is 35%.
    revenues = np.array([562, 1125, 2025, 3239, 4535, 5669, 6803, 7823, 8605, 9035])
    income = revenues * (0.20 - (0.20 + 4.1992) * 0.5 ** np.arange(1, 11))
    losses = loss_carry_forward(income, opening_losses=824.0)
    assert ((income < 0) == (np.arange(1, 11) <= 4)).all()
    assert not losses.taxable[:8].any()
    assert losses.balance[7] == losses.used[8] == pytest.approx(327, abs=0.5)
    assert 0.35 * losses.taxable[8:] / income[8:] == pytest.approx([0.2805, 0.35], abs=1e-4)


def test_asset_base_is_the_double_declining_balance_of_a_textbook() -> None:
    # Newnan, Eschenbach and Lavelle, Engineering Economic Analysis, chapter 11: $900 over five years
    assets = asset_base(np.zeros(5), opening=900.0, depreciation_rate=2 / 5)
    assert assets.depreciation == pytest.approx([360, 216, 130, 78, 46], abs=1)
    assert assets.closing == pytest.approx([540, 324, 194, 116, 70], abs=1)


def test_enterprise_value_with_a_value_driver_is_that_of_the_book_on_valuation() -> None:
    # adapted from Koller, Goedhart and Wessels (2020), exhibit 14.13: revenue of 265 next year, growing at
    # 6%, margin 10%, tax 25%, return on new capital 15%, cost of capital 10%: operations worth 298.1
    nopat = 26.5 * 0.75 * 1.06 ** np.arange(6)
    flows = nopat[:5] * (1 - 0.06 / 0.15)
    # as printed: free cash flow of 11.9, 12.6, 13.4, 14.2 and 15.1
    assert flows.round(1).tolist() == [11.9, 12.6, 13.4, 14.2, 15.1]
    value = enterprise_value(
        flows, wacc=0.10, terminal_growth=0.06, terminal="value_driver", nopat_next=nopat[5], roic=0.15
    )
    assert round(value.total, 1) == 298.1


def test_an_exit_multiple_is_worth_the_published_amount() -> None:
    # SolutionInn, question 11833479, as in the test of the multiple itself
    value = enterprise_value(
        [0.0] * 5, wacc=0.097, terminal_growth=0.0, terminal="exit_multiple", metric=800.0, multiple=11.0
    )
    assert round(value.terminal / 1000, 1) == 5.5
    assert value.explicit == 0.0


def test_revenue_ramp_is_amazons_in_damodaran() -> None:
    # Damodaran, Narrative and Numbers (2017), table 9.7: revenues in millions from a base of 85,246; the
    # rates are printed to two digits, the revenues rounded each year
    growth = [*[0.15] * 5, *linear_fade(0.15, 0.022, years=6)[1:]]
    printed = [98033, 112738, 129649, 149096, 171460, 192790, 211837, 227344, 238166, 243405]
    assert revenue_ramp(85246.0, growth=growth) == pytest.approx(printed, abs=1.5)


# Heizer, Render and Munson, Operations Management, module E, table E.3: learning-curve coefficients, the time
# of a unit over the time of the first, as printed.
COEFFICIENTS = {
    0.30: [1.000, 0.700, 0.568, 0.490, 0.437, 0.398, 0.367, 0.343, 0.323, 0.306],
    0.25: [1.000, 0.750, 0.634, 0.562, 0.513, 0.475, 0.446, 0.422, 0.402, 0.385],
    0.20: [1.000, 0.800, 0.702, 0.640, 0.596, 0.562, 0.534, 0.512, 0.493, 0.477],
    0.15: [1.000, 0.850, 0.773, 0.723, 0.686, 0.657, 0.634, 0.614, 0.597, 0.583],
    0.10: [1.000, 0.900, 0.846, 0.810, 0.783, 0.762, 0.744, 0.729, 0.716, 0.705],
}


@pytest.mark.parametrize("learning_rate", COEFFICIENTS)
def test_unit_costs_are_those_of_a_table_of_learning_curves(learning_rate: float) -> None:
    costs = unit_cost(1.0, cumulative=np.arange(1, 11), base_cumulative=1, learning_rate=learning_rate)
    assert costs == pytest.approx(COEFFICIENTS[learning_rate], abs=0.00051)  # 0.7225 is printed as 0.723


@pytest.mark.parametrize(
    ("base_cost", "unit", "base_unit", "learning_rate", "expected", "precision"),
    [
        # Krajewski, Malhotra and Ritzman, Operations Management, supplement I: 1,000 hours for the first unit
        # on an 80% curve are 310 for the 38th
        (1000.0, 38, 1, 0.20, 310.0, 0.5),
        # Kerzner, Project Management, chapter 18: a standard of 120 hours at the 100th unit on a 75% curve
        # is 812 for the first, in "approximate agreement"
        (120.0, 1, 100, 0.25, 812.0, 1.0),
    ],
)
def test_unit_cost_is_the_published_one(
    base_cost: float, unit: int, base_unit: int, learning_rate: float, expected: float, precision: float
) -> None:
    cost = unit_cost(base_cost, cumulative=[unit], base_cumulative=base_unit, learning_rate=learning_rate)
    assert cost == pytest.approx([expected], abs=precision)


def test_operating_income_is_amazons_in_damodaran() -> None:
    # Damodaran, Narrative and Numbers (2017), table 9.7, year 1: revenues of 98,033 at a margin that goes
    # from 0.47% to 7.38% in ten equal steps, after 31.80% tax: 776 million
    margin = linear_fade(0.0047, 0.0738, years=11)[1]
    assert round(operating_income(98033.0, margin=margin) * (1 - 0.318)) == pytest.approx(776, abs=1)


def test_equity_value_and_value_per_share_are_amazons_in_damodaran() -> None:
    # Damodaran, Narrative and Numbers (2017), table 9.7, in millions: operating assets 80,093, debt 9,202,
    # cash 10,252, equity 81,143, 463.01 shares, 175.25 a share
    bridge = equity_bridge([80093.0], net_cash=10252.0 - 9202.0)
    assert bridge.equity_value == 81143.0
    assert round(value_per_share(bridge.equity_value, diluted_shares=463.01), 2) == 175.25


@pytest.mark.parametrize(
    ("basic", "options", "strike", "price", "expected"),
    [
        # IAS 33, illustrative example 5: 100,000 options at 15.00, average price 20.00; 75,000 shares would
        # be issued at the average price, which leaves 525,000 for diluted earnings
        (500_000, 100_000, 15.0, 20.0, 525_000),
        # IFRS Practical Implementation Guide and Workbook, chapter 26, case study 5: 2 million options at
        # $6, average fair value $8, of which 1.5 million would be issued at fair value
        (10_000_000, 2_000_000, 6.0, 8.0, 10_500_000),
    ],
)
def test_diluted_shares_are_those_of_the_standard(
    basic: float, options: float, strike: float, price: float, expected: float
) -> None:
    assert treasury_stock_shares(basic, options=options, strike=strike, price=price) == expected


def test_margin_of_safety_is_the_published_one() -> None:
    # calculator.7search.cc, intrinsic value calculator: a value of 779.51 and a price of 500 give 35.86%
    assert round(margin_of_safety(779.51, price=500.0), 4) == 0.3586
