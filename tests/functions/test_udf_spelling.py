"""One neutral name, and how each host writes it."""

from __future__ import annotations

from typing import get_args

import pytest

from xlwings_addin.core.errors import ChoiceError
from xlwings_addin.functions.registry import REGISTRY, Target, callbacks, neutral, spelling


# The forms that each host stores: VBA the bare name; Office.js as described in
# OfficeDev/Excel-Custom-Functions issue 108; LibreOffice as written and read back by LibreOffice 7.4.
@pytest.mark.parametrize(
    ("target", "written"),
    [
        ("desktop", "DCF_PRESENT_VALUE"),
        ("office-js", "_xldudf_VAL_DCF_PRESENT_VALUE"),
        ("libreoffice", "VAL.DCF_PRESENT_VALUE"),
    ],
)
def test_a_function_is_spelled_as_its_host_stores_it(target: Target, written: str) -> None:
    assert spelling("DCF_PRESENT_VALUE", target) == written


@pytest.mark.parametrize("name", REGISTRY)
@pytest.mark.parametrize("target", get_args(Target))
def test_every_spelling_is_read_back_in_either_case(name: str, target: Target) -> None:
    assert neutral(spelling(name, target)) == name
    assert neutral(spelling(name, target).lower()) == name


def test_the_engine_reads_the_spellings_that_the_hosts_store() -> None:
    stored = {spelling("DCF_XNPV", target) for target in get_args(Target)}
    assert {name for name in callbacks() if name.endswith("DCF_XNPV")} == stored


@pytest.mark.parametrize(
    "name", ["SUM", "", "VAL.SUM", "VAL.", "VERSION", "_xldudf_OTHER_DCF_XNPV", "_xll.DCF_XNPV"]
)
def test_any_other_function_has_no_neutral_name(name: str) -> None:
    assert neutral(name) is None


def test_an_unknown_function_or_target_is_named() -> None:
    with pytest.raises(ChoiceError, match="function 'SUM' must be one of CAPITAL_COST_OF_EQUITY, "):
        spelling("SUM", "desktop")
    with pytest.raises(ChoiceError, match="target 'lotus' must be one of desktop, office-js, libreoffice"):
        spelling("DCF_XNPV", "lotus")  # type: ignore[arg-type]
