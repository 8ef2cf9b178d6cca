"""The timeline, the fades and the value of a stream, against exponents and sums worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from xlwings_addin.core.errors import DomainError
from xlwings_addin.core.years import fade_positions, faded, ratio
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.company import packaged_company
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.segments.base import BaseFigures
from xlwings_addin.segments.capital import Capital
from xlwings_addin.segments.lines import Scalar, WithBaseYear, line
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.stream import Segment
from xlwings_addin.segments.timeline import Timeline
from xlwings_addin.valuation.results import SegmentView, TimelineView, ValuationView

FLOWS = np.array([100.0, 110.0, 120.0])


class Stream(Segment):
    """Flows as they are handed in, at 10% and 2%."""

    flows: np.ndarray = FLOWS
    opening = 50.0

    @property
    def years_forecast(self) -> int:
        return len(self.flows)

    @property
    def wacc(self) -> Scalar:
        return 0.10

    def own(self, key: str) -> Scalar:
        assert key == "terminal_growth"
        return 0.02

    @line(override=True)
    def fcff(self) -> WithBaseYear:
        return np.array([self.opening, *self.flows])[:, None]


def stream_of(inputs: Inputs, flows: np.ndarray, opening: float) -> SegmentView:
    scalars = Scalars(inputs.values, inputs.tables)
    timeline, base = Timeline("timeline", scalars, years=TIMELINE_YEARS), BaseFigures("base", scalars)
    business, capital = packaged_company().business("devices"), Capital("capital", scalars)
    stream = Stream(business, scalars, timeline=timeline, base=base, capital=capital)
    stream.flows, stream.opening = flows, opening
    return SegmentView(stream, TIMELINE_YEARS)


def valued(inputs: Inputs, flows: np.ndarray = FLOWS, opening: float = 50.0) -> ValuationView:
    return stream_of(inputs, flows, opening).valuation


def timeline_of(inputs: Inputs) -> TimelineView:
    timeline = Timeline("timeline", Scalars(inputs.values, inputs.tables), years=TIMELINE_YEARS)
    return TimelineView(timeline, TIMELINE_YEARS)


# Timeline ------------------------------------------------------------------------------------------------


def test_a_date_in_the_base_year_leaves_an_opening_period(base: Inputs) -> None:
    # 19 November to 31 December 2025: 11 days of November and 31 of December.
    line = timeline_of(base)
    assert line.opening_period == line.opening_flow_share == pytest.approx(42 / 365, rel=1e-15)
    assert line.first_period == pytest.approx(42 / 365 + 1, rel=1e-15)
    assert line.first_flow_share == 1.0
    assert line.opening_flow_exponent == pytest.approx(21 / 365, rel=1e-15)
    assert line.flow_exponent[:3] == pytest.approx([42 / 365 + 0.5, 42 / 365 + 1.5, 42 / 365 + 2.5])
    assert line.year_end_exponent[:3] == pytest.approx([42 / 365 + 1, 42 / 365 + 2, 42 / 365 + 3])
    assert line.year[:2].tolist() == [2026.0, 2027.0]
    assert (line.base_year_end, line.first_year_end) == (date(2025, 12, 31), date(2026, 12, 31))


def test_a_date_after_the_base_year_leaves_a_stub_of_the_first(base: Inputs) -> None:
    # 9 March to 31 December 2026: 22 days of March, then 30 + 31 + 30 + 31 + 31 + 30 + 31 + 30 + 31.
    line = timeline_of(base.replace(valuation_date=date(2026, 3, 9)))
    assert line.opening_period == line.opening_flow_share == line.opening_flow_exponent == 0.0
    assert line.first_period == line.first_flow_share == pytest.approx(297 / 365, rel=1e-15)
    assert line.flow_exponent[:3] == pytest.approx([297 / 730, 297 / 365 + 0.5, 297 / 365 + 1.5])
    assert line.year_end_exponent[:2] == pytest.approx([297 / 365, 297 / 365 + 1])


def test_at_the_end_of_the_base_year_every_year_is_whole(base: Inputs) -> None:
    line = timeline_of(base.replace(valuation_date=date(2025, 12, 31)))
    assert (line.opening_period, line.first_period, line.first_flow_share) == (0.0, 1.0, 1.0)
    assert line.flow_exponent.tolist() == [year + 0.5 for year in range(TIMELINE_YEARS)]
    assert line.year_end_exponent.tolist() == [year + 1.0 for year in range(TIMELINE_YEARS)]


def test_year_end_flows_wait_for_their_year_end(base: Inputs) -> None:
    line = timeline_of(base.replace(timing="end"))
    assert (line.flow_exponent == line.year_end_exponent).all()
    assert line.opening_flow_exponent == line.opening_period


def test_without_a_stub_the_date_does_not_matter(base: Inputs) -> None:
    timelines = [
        timeline_of(base.replace(stub="none", valuation_date=day))
        for day in (date(2025, 6, 1), date(2025, 12, 31), date(2026, 6, 1))
    ]
    for timeline in timelines:
        assert (timeline.opening_period, timeline.opening_flow_share) == (0.0, 0.0)
        assert (timeline.first_period, timeline.first_flow_share) == (1.0, 1.0)
        assert timeline.flow_exponent.tolist() == timelines[0].flow_exponent.tolist()


def test_a_whole_first_flow_leaves_out_the_base_year(base: Inputs) -> None:
    line = timeline_of(base.replace(first_flow="whole"))
    assert (line.opening_flow_share, line.first_flow_share) == (0.0, 1.0)
    assert line.opening_period == pytest.approx(42 / 365, rel=1e-15)


def test_exponents_move_by_a_day_with_the_date_across_the_year_end(base: Inputs) -> None:
    # Year ends come a day nearer each day, in the base year and after it, with no jump between them.
    day, before = date(2025, 12, 1), None
    for _ in range(60):
        line = timeline_of(base.replace(valuation_date=day))
        if before is not None:
            assert before - line.year_end_exponent == pytest.approx(1 / 365, rel=1e-9)
        before, day = line.year_end_exponent, day + timedelta(days=1)


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2026, 12, 30)])
def test_the_first_and_the_last_day_a_case_may_have(base: Inputs, day: date) -> None:
    """Without build-ups, which need a quarter of the base year that was announced by then."""
    top_down = base.replace(devices_method="average", vehicle_method="ramp")
    line = timeline_of(top_down.replace(valuation_date=day))
    assert line.first_period > 0
    assert (np.diff(line.flow_exponent) > 0).all()


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2026, 12, 31)])
def test_a_day_outside_them_is_refused(base: Inputs, day: date) -> None:
    with pytest.raises(DomainError, match=r"must be from 2025-01-01 to 2026-12-30: in base_year 2025 or the"):
        base.replace(valuation_date=day)


# Value of a stream ---------------------------------------------------------------------------------------


def test_a_stream_from_within_the_base_year_counts_what_is_left_of_it(base: Inputs) -> None:
    left = 42 / 365
    explicit = 50 * left / 1.1 ** (left / 2)
    explicit += 100 / 1.1 ** (left + 0.5) + 110 / 1.1 ** (left + 1.5) + 120 / 1.1 ** (left + 2.5)
    terminal = 120 * 1.02 / 0.08 / 1.1 ** (left + 2.5)
    value = valued(base)
    assert value.explicit_value == pytest.approx(explicit, rel=1e-14)
    assert value.terminal_present_value == pytest.approx(terminal, rel=1e-14)
    assert value.enterprise_value == pytest.approx(explicit + terminal, rel=1e-14)
    assert value.terminal_share == pytest.approx(terminal / (explicit + terminal), rel=1e-14)
    assert value.enterprise_value_usd == pytest.approx((explicit + terminal) / base.number("cny_per_usd"))


def test_a_stream_from_after_the_base_year_counts_what_is_left_of_the_first(base: Inputs) -> None:
    stub = 297 / 365
    explicit = 100 * stub / 1.1 ** (stub / 2) + 110 / 1.1 ** (stub + 0.5) + 120 / 1.1 ** (stub + 1.5)
    terminal = 120 * 1.02 / 0.08 / 1.1 ** (stub + 1.5)
    value = valued(base.replace(valuation_date=date(2026, 3, 9)))
    assert value.explicit_value == pytest.approx(explicit, rel=1e-14)
    assert value.enterprise_value == pytest.approx(explicit + terminal, rel=1e-14)
    assert value.counted_fcff[:2].tolist() == [0.0, 100 * stub]


def test_the_terminal_flow_is_the_whole_last_year_s_even_where_that_is_the_first(base: Inputs) -> None:
    later = base.replace(valuation_date=date(2026, 3, 9))
    value = valued(later, flows=np.array([100.0]))
    assert value.final_fcff == 100.0
    assert value.terminal_value == pytest.approx(100 * 1.02 / 0.08, rel=1e-14)


def test_without_explicit_years_the_base_year_is_capitalised(base: Inputs) -> None:
    left = 42 / 365
    value = valued(base, flows=np.zeros(0))
    factor = 1.1 ** -(left / 2)
    assert value.final_fcff == 50.0
    assert value.opening_is_final == 1.0
    assert value.enterprise_value == pytest.approx((50 * left + 50 * 1.02 / 0.08) * factor, rel=1e-14)


@pytest.mark.parametrize("horizon", [1, 5, TIMELINE_YEARS])
def test_the_horizon_does_not_change_a_perpetuity(base: Inputs, horizon: int) -> None:
    # The flow of year k waits 42/365 + k - 0.5 years: F (1+g) / (r-g) half a year before the first year ends.
    grown = 50 * 1.02 ** np.arange(1, horizon + 1)
    value = valued(base, flows=grown)
    after_base_year = value.enterprise_value - value.present_value[0]
    assert after_base_year == pytest.approx(50 * 1.02 / 0.08 / 1.1 ** (42 / 365 - 0.5), rel=1e-12)


def test_the_lines_of_a_stream_add_up_to_it(base: Inputs) -> None:
    value = valued(base)
    assert value.present_value.sum() == pytest.approx(value.explicit_value, rel=1e-14)
    assert (value.present_value == value.counted_fcff * value.discount_factor).all()
    assert value.in_horizon.tolist() == [1.0] * 3 + [0.0] * (TIMELINE_YEARS - 3)
    assert value.is_final.tolist() == [0.0, 0.0, 1.0] + [0.0] * (TIMELINE_YEARS - 3)
    assert value.terminal_factor == value.discount_factor[3]
    assert value.terminal_value * value.terminal_factor == value.terminal_present_value


def test_a_stream_worth_nothing_has_no_terminal_share(base: Inputs) -> None:
    value = valued(base, flows=np.zeros(3), opening=0.0)
    assert (value.enterprise_value, value.terminal_share) == (0.0, 0.0)


# Paths ---------------------------------------------------------------------------------------------------


def test_a_fade_reaches_its_end_after_its_years_and_stays() -> None:
    assert fade_positions(5, 4).ravel().tolist() == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert fade_positions(2, 4).ravel().tolist() == [0.0, 0.25, 0.5]
    assert fade_positions(0, 4).ravel().tolist() == [0.0]
    assert faded(0.10, 0.20, fade_positions(3, 2)).ravel() == pytest.approx(
        [0.10, 0.15, 0.20, 0.20], rel=1e-15
    )


def test_a_line_has_zeros_after_its_horizon_on_a_sheet_and_none_in_the_model(base: Inputs) -> None:
    stream = stream_of(base, FLOWS, 50.0)
    assert stream.fcff.tolist() == [50.0, 100.0, 110.0, 120.0] + [0.0] * (TIMELINE_YEARS - 3)
    assert stream._lines.fcff.shape == (4, 1)  # type: ignore[attr-defined]


def test_a_ratio_to_nothing_is_zero_on_a_path() -> None:
    assert ratio(np.array([1.0, 2.0, 0.0]), np.array([4.0, 0.0, 0.0])).tolist() == [0.25, 0.0, 0.0]
