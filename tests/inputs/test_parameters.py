"""Parameters: each value is read as its kind, within its range, or refused in one sentence."""

from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ValuationError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.parameters import PARAMETERS, TIMELINE_YEARS, Parameter, parameter


def test_the_timeline_holds_the_article_s_sixteen_years():
    # Article 004: growth fades from 2024 to 2039.
    assert len(range(2024, 2039 + 1)) == TIMELINE_YEARS


def test_keys_and_labels_are_unique():
    assert len({entry.key for entry in PARAMETERS}) == len(PARAMETERS) > 40
    assert len({entry.label for entry in PARAMETERS}) == len(PARAMETERS)


def test_a_section_is_one_block():
    sections = [entry.section for entry in PARAMETERS]
    changes = sum(before != after for before, after in pairwise(sections))
    assert changes + 1 == len(set(sections))


def test_tables_without_a_row_take_the_default_and_say_so(folder: Path):
    path = folder / "inputs" / "assumptions.csv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if not row.startswith(("rate_parity,", "operating_cash,"))]
    assert len(kept) == len(rows) - 2
    path.write_text("".join(kept), encoding="utf-8")
    inputs = load_inputs("base", folder)
    assert (inputs["rate_parity"], inputs["operating_cash"]) == ("none", 0.0)
    assert inputs.row("operating_cash").source == "default of parameters.csv"


def test_no_key_says_a_bare_ev():
    assert not [entry.key for entry in PARAMETERS if "ev" in entry.key.split("_")]


@pytest.mark.parametrize("entry", PARAMETERS, ids=lambda entry: entry.key)
def test_a_parameter_says_what_it_is(entry: Parameter):
    assert entry.help.endswith(".")
    assert entry.label
    assert bool(entry.choices) == (entry.kind == "choice")
    assert (entry.unit in ("date", "year", "choice", "text")) == (
        entry.kind in ("date", "year", "choice", "text")
    )
    assert entry.minimum is None or entry.maximum is None or entry.minimum <= entry.maximum


@pytest.mark.parametrize(
    ("key", "cell", "read"),
    [
        ("base_year", 2023.0, 2023),
        ("devices_horizon", 0, 0),
        ("valuation_date", datetime(2024, 3, 8), date(2024, 3, 8)),
        ("valuation_date", date(2024, 3, 8), date(2024, 3, 8)),
        ("vehicle_wacc", 1, 1.0),
        ("timing", "mid", "mid"),
    ],
)
def test_a_value_is_read_as_its_kind(key: str, cell: object, read: object):
    value = parameter(key).read(cell)
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize(
    ("key", "value", "error", "message"),
    [
        ("price_hkd", 0, DomainError, "price_hkd 0.0 must be above 0"),
        ("price_hkd", float("nan"), InputError, "price_hkd nan must be a finite number"),
        ("price_hkd", "13", InputError, "price_hkd '13' must be a number"),
        ("price_hkd", True, InputError, "price_hkd True must be a number"),
        ("price_hkd", None, InputError, "price_hkd None must be a number"),
        ("diluted_shares", -25000, DomainError, "diluted_shares -25000.0 must be above 0"),
        ("equity_weight", 1.2, DomainError, "equity_weight 120.00% must be at most 100.00%"),
        ("equity_weight", -0.1, DomainError, "equity_weight -10.00% must be at least 0.00%"),
        ("tax_rate", 1, DomainError, "tax_rate 100.00% must be below 100.00%"),
        ("vehicle_horizon", 17, DomainError, "vehicle_horizon 17 must be at most 16"),
        ("vehicle_horizon", 1, DomainError, "vehicle_horizon 1 must be at least 2"),
        ("devices_horizon", 2.5, InputError, "devices_horizon 2.5 must be a whole number"),
        ("timing", "middle", ChoiceError, "timing 'middle' must be one of end, mid"),
        ("timing", 1, ChoiceError, "timing 1 must be one of end, mid"),
        ("valuation_date", "2024-03-08", InputError, "valuation_date '2024-03-08' must be a date"),
        (
            "valuation_date",
            datetime(2024, 3, 8, 12),
            InputError,
            "valuation_date 2024-03-08T12:00:00 must be a date without a time of day",
        ),
        ("case_title", " ", InputError, "case_title ' ' must be a text that is not empty"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_in_one_sentence(
    key: str, value: object, error: type[ValuationError], message: str
):
    with pytest.raises(ValuationError) as caught:
        parameter(key).read(value)
    assert type(caught.value) is error
    assert str(caught.value) == message


def test_a_reader_may_name_where_the_value_stands():
    with pytest.raises(DomainError, match=r"^base\.csv line 4 tax_rate 150\.00% must be below 100\.00%$"):
        parameter("tax_rate").read(1.5, argument="base.csv line 4 tax_rate")


def test_a_misspelt_key_is_answered_with_the_nearest():
    with pytest.raises(
        InputError, match=r"'diluted_share' is not one of the model's \(nearest: diluted_shares\)"
    ):
        parameter("diluted_share")
