"""What looks like a slip of the keyboard is calculated, and the log says so."""

from __future__ import annotations

import logging

import pytest

from xlwings_addin.functions.registry import callbacks


@pytest.mark.parametrize(
    ("name", "arguments", "warned"),
    [
        (
            "DCF_PRESENT_VALUE",
            ([[110, 121]], 8),
            "DCF_PRESENT_VALUE: rate 8 is 800%: a percentage is typed 8% or 0.08",
        ),
        (
            "DCF_FCFF",
            ([[100, 120]], 0.25, [[20, 20]], [[30, -35]], [[5, 0]]),
            "DCF_FCFF: capex -35 is negative: a positive amount is subtracted, this one is added",
        ),
        ("DCF_PRESENT_VALUE", ([[110, 121]], 0.08), None),
        ("DCF_PRESENT_VALUE", ([[110, 121]], 1.0), None),
        ("DCF_FCFF", (100, 0.25, 20, 0, -5), None),
        ("RAMP_FADE", (80, 52, 5, "geometric"), None),
    ],
)
def test_a_likely_typo_is_told_to_the_log_once(
    name: str, arguments: tuple[object, ...], warned: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="xlwings_addin.functions.typos"):
        answer = callbacks()[name](*arguments)
    assert not isinstance(answer, str)
    assert [record.getMessage() for record in caplog.records] == ([] if warned is None else [warned])
