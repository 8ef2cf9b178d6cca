"""A value read backwards: an answer put in again gives the value, and printed values give printed inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from xlwings_addin.core.dcf import enterprise_value
from xlwings_addin.core.errors import DomainError
from xlwings_addin.core.implied import implied_growth, implied_margin, implied_wacc
from xlwings_addin.core.multiples import multiple_value

FLOWS = st.lists(st.floats(1.0, 1e4), min_size=1, max_size=15)
RATES = st.floats(0.03, 0.4)
SPREADS = st.floats(0.005, 0.2)
TERMS = st.fixed_dictionaries(
    {"timing": st.sampled_from(["end", "mid"]), "first_period": st.floats(0.05, 1.0)}
)
FORMS = st.booleans()


def worth(flows, wacc, growth, grown, terms) -> float:  # type: ignore[no-untyped-def]
    form = "gordon" if grown else "flat"
    return float(enterprise_value(flows, wacc=wacc, terminal_growth=growth, terminal=form, **terms).total)


@for_all(FLOWS, RATES, SPREADS, FORMS, TERMS)
def test_the_growth_put_in_again_gives_the_value(flows, wacc, spread, grown, terms) -> None:  # type: ignore[no-untyped-def]
    value = worth(flows, wacc, wacc - spread, grown, terms)
    growth = implied_growth(flows, wacc=wacc, value=value, grown=grown, **terms)
    assert worth(flows, wacc, growth, grown, terms) == pytest.approx(value, rel=1e-9)
    assert growth == pytest.approx(wacc - spread, abs=1e-7)


@for_all(FLOWS, RATES, SPREADS, FORMS, TERMS)
def test_the_rate_put_in_again_gives_the_value(flows, wacc, spread, grown, terms) -> None:  # type: ignore[no-untyped-def]
    growth = wacc - spread
    value = worth(flows, wacc, growth, grown, terms)
    rate = implied_wacc(flows, terminal_growth=growth, value=value, grown=grown, **terms)
    assert rate == pytest.approx(wacc, rel=1e-9)


@for_all(FLOWS, RATES, SPREADS, st.floats(0.0, 0.5), st.floats(-0.2, 0.6), FORMS, TERMS)
def test_the_margin_put_in_again_gives_the_value(sales, wacc, spread, tax, margin, grown, terms) -> None:  # type: ignore[no-untyped-def]
    spent = [0.03 * figure for figure in sales]
    flows = np.array(sales) * margin * (1 - tax) - spent
    value = worth(flows, wacc, wacc - spread, grown, terms)
    solved = implied_margin(
        sales,
        reinvestment=spent,
        wacc=wacc,
        terminal_growth=wacc - spread,
        value=value,
        tax_rate=tax,
        grown=grown,
        **terms,
    )
    assert solved == pytest.approx(margin, abs=1e-9)


def test_the_article_s_vehicles_imply_its_growth_and_its_rate() -> None:
    # Article 004: operating income rises to 6.6 USD bn in 2039, half of it is cash, 12%, 5% for ever and
    # F / (r - g): 8.00 + 7.69 = 15.69 USD bn, printed as close to 16 (shared reproduction, structure A).
    flows = [0.5 * 6.6 * year / 15 for year in range(16)]
    terms = {"timing": "end", "first_period": 1.0}
    assert worth(flows, 0.12, 0.05, False, terms) == pytest.approx(15.69, abs=0.005)
    assert implied_growth(flows, wacc=0.12, value=15.69, grown=False) == pytest.approx(0.05, abs=5e-4)
    assert implied_wacc(flows, terminal_growth=0.05, value=15.69, grown=False) == pytest.approx(
        0.12, abs=5e-4
    )


def test_several_rates_that_give_the_value_are_named() -> None:
    # -100 now, +230 and -132 later are worth nothing at 10% and at 20%; a last flow of zero has no terminal.
    flows = [-100.0, 230.0, -132.0, 0.0]
    with pytest.raises(DomainError, match=r"value 0 is reached at 2 rates: 10\.00%, 20\.00%"):
        implied_wacc(flows, terminal_growth=0.0, value=0.0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: implied_growth([100.0], wacc=0.1, value=50.0), "value 50 leaves a terminal value of -45"),
        (lambda: implied_growth([0.0], wacc=0.1, value=50.0), "which no growth makes of a last flow of 0"),
        (lambda: implied_growth([100.0], wacc=0.1, value=90.9), "value 90.9 leaves a terminal value of -0.0"),
        (lambda: implied_growth([100.0], wacc=-1.0, value=91.0), "must be above -100"),
        (
            lambda: implied_wacc([100.0], terminal_growth=0.02, value=-5.0),
            "value -5 is reached at no rate from the growth 2.00% to 1,000% above it",
        ),
        (lambda: implied_wacc([0.0], terminal_growth=0.0, value=0.0), "is reached at more than 5 rates"),
        (lambda: implied_wacc([100.0], terminal_growth=-1.0, value=5.0), "must be above -100.00%"),
        (
            lambda: implied_margin([10.0], reinvestment=0, wacc=0.1, terminal_growth=0, value=1, tax_rate=1),
            "tax_rate 100.00% leaves nothing of the revenue",
        ),
        (lambda: implied_growth([0.0], wacc=1e300, value=0.0, first_period=20.0), "to nothing: no growth"),
        (lambda: multiple_value(1.0, multiple=2.0, shares=0.0), "shares 0 must be above 0"),
    ],
)  # fmt: skip
def test_what_no_growth_rate_or_margin_gives_is_one_sentence(call, sentence) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DomainError) as raised:
        call()
    assert sentence in str(raised.value)


def test_a_value_per_share_by_a_multiple_is_that_of_its_parts() -> None:
    # BOC International, 2025-12-17: 22 times 2026 earnings are 35.5 HKD a share, so these are 1.61 HKD.
    assert multiple_value(1.6136, multiple=22.0) == pytest.approx(35.5, abs=0.01)
    assert multiple_value(
        [100.0, 200.0], multiple=2.0, net_cash=50.0, shares=10.0, exchange_rate=1.1
    ).tolist() == (pytest.approx([27.5, 49.5]))
