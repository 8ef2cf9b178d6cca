"""Growth for ever at or above the rate has no value: the workbook says n/a and FAIL, the core refuses it."""

from __future__ import annotations

import pytest

from tests.sheets.live_book import LiveBook
from xlwings_addin.core.errors import DomainError

NO_VALUE = (
    *("{sotp.value_per_share}", "{sotp.margin_of_safety}", "{sotp.upside}", "{sotp.buy_below}"),
    *("{sotp.verdict}", "{sotp.implied_vehicle_per_share}", "{sotp.implied_final_deliveries}"),
    *("{sotp.terminal_share}", "{cover.answer:value_tile}", "{cover.answer:upside_tile}"),
    *("{cover.answer:needs_tile}", "{cover.price_needs:sentence}", "{cover.value_per_share}"),
    *("{checks.bridge:status}", "{checks.segments:status}", "{checks.stored_cases:status}"),
)
"""Everything that hangs on the value of a share and is read by people."""


@pytest.fixture
def typed(live: LiveBook, part: str, over: float) -> LiveBook:
    """The workbook with a terminal growth typed into its own case, so far above the rate of its business."""
    wacc = live[f"{{capital.{part}_wacc}}"]
    assert isinstance(wacc, float)
    live.type({live.book.at(f"{{inputs.{part}_terminal_growth:cases[1]}}"): wacc + over})
    return live


@pytest.mark.parametrize(("part", "over"), [("vehicle", 0.05), ("devices", 0.0)])
def test_growth_at_or_above_wacc_leaves_no_value_and_fails(typed: LiveBook, part: str) -> None:
    assert {key: typed[key] for key in NO_VALUE} == dict.fromkeys(NO_VALUE, "n/a")
    assert typed[f"{{checks.{part}_finite:status}}"] == "FAIL"
    assert typed[f"{{checks.{part}_terminal_share:status}}"] == "n/a"
    assert typed["{cover.answer:checks_tile}"] == "FAIL"
    assert str(typed["{cover.overall}"]).startswith("FAIL")
    title = typed["{inputs.case_title}"]
    said = f"{title}: the value of a share is n/a, for a business grows for ever as fast as it is "
    assert str(typed.calculation.value("Cover", "A2")).startswith(said)
    other = "devices" if part == "vehicle" else "vehicle"
    assert typed[f"{{checks.{other}_finite:status}}"] == "OK"


@pytest.mark.parametrize(("part", "over"), [("vehicle", 0.05)])
def test_no_case_but_the_one_that_is_typed_into_loses_its_value(typed: LiveBook) -> None:
    typed.select("march_2024_replica")  # has a terminal growth of its own
    assert typed["{sotp.value_per_share}"] == pytest.approx(
        typed.results["march_2024_replica"].sotp.value_per_share, rel=1e-9
    )
    assert typed["{checks.vehicle_finite:status}"] == "OK"


@pytest.mark.parametrize(
    ("case", "rate"),
    # 1.12 x 1.0179 / 1.0447 - 1: dollars as renminbi, by the yields of the house view of 2026
    [("base", "12.00%"), ("house_2026", "12.00%, at parity 9.13%,")],
)
def test_the_core_refuses_the_same_inputs_with_one_sentence(live: LiveBook, case: str, rate: str) -> None:
    with pytest.raises(
        DomainError, match=rf"vehicle_wacc {rate} must exceed vehicle_terminal_growth 12.00%$"
    ):
        live.change(case, vehicle_terminal_growth=0.12)
