"""Cases, methods and weights: what the cover's selector, a method and a probability change."""

from __future__ import annotations

import pytest

import xlwings_addin as xa
from tests.sheets.live_book import LiveBook
from xlwings_addin.inputs.parameters import PARAMETERS
from xlwings_addin.proof.context import load_context

HOUSE_2026 = ("house_2026", "house_2026_bear", "house_2026_bull")
CASES = (
    "house_2026",
    *("base", "bear", "bull"),
    *("house_2026_bear", "house_2026_bull"),
    *("march_2024_replica", "march_2024_strict"),
)


@pytest.mark.parametrize("case", CASES)
def test_the_selector_switches_to_a_case(live: LiveBook, case: str) -> None:
    live.select(case)
    expected = xa.value(case).sotp
    assert live["{sotp.value_per_share}"] == pytest.approx(expected.value_per_share, rel=1e-9)
    assert live["{cover.value_per_share}"] == live["{sotp.value_per_share}"]
    assert live[f"{{cover.stored_{case}:value}}"] == pytest.approx(expected.value_per_share, rel=1e-9)
    assert live["{inputs.case_name:live}"] == case
    assert live["{checks.stored_cases:status}"] == "OK"
    assert not live.differences()


def test_the_selector_reaches_every_sheet_but_those_of_facts(live: LiveBook) -> None:
    before = live.calculation.values()
    live.select("march_2024_replica")
    after = live.calculation.values()
    sheets = {sheet for sheet, _ in before}
    changed = {sheet for (sheet, cell), value in before.items() if after[sheet, cell] != value}
    assert sheets - changed == {"Reported", "Scorecard"}  # what was said and what came is of no case
    assert len(changed) == 22


def test_every_case_is_on_the_cover_and_on_inputs(live: LiveBook) -> None:
    assert tuple(live.results) == CASES
    for position, case in enumerate(CASES, 1):
        assert live[f"{{inputs.case_name:cases[{position}]}}"] == case
        weight = live[f"{{inputs.probability:cases[{position}]}}"]
        # Of the views that the workbook shows, the one that it opens with is weighed.
        counted = weight if case in HOUSE_2026 else 0
        assert live[f"{{cover.stored_{case}:probability}}"] == counted


@pytest.mark.parametrize(
    ("values", "said"),
    [
        # A half goes up in a spreadsheet, whatever the binary fraction behind it.
        ({"price_hkd": 39.995}, "a price of HKD 40.00"),
        ({"price_hkd": 38.855}, "a price of HKD 38.86"),
        # Little less than nothing is nothing, without a sign.
        (
            {"liquid_funds": 33_000.0, "debt": 33_010.0, "associates": 0.0, "minority_interest": 0.0},
            "cash and other 0.00)",
        ),
    ],
)
def test_the_sentence_rounds_as_a_spreadsheet_does(
    live: LiveBook, values: dict[str, float], said: str
) -> None:
    live.select("base")
    live.change("base", **values)
    live.keep_results()
    (headline,) = [cell for cell in live.formulas if cell.group == "headline"]
    assert said in str(live.calculation.value(*headline.at))
    assert not live.differences()


# --- methods ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("business", "methods"),
    [("devices", ("segments", "average")), ("vehicle", ("units", "ramp"))],
)
def test_a_method_switches_the_sum_and_both_stay_shown(
    live: LiveBook, business: str, methods: tuple[str, str]
) -> None:
    live.select("base")
    lines = {method: f"{{sotp.method_{business}_{method}" for method in methods}
    by_method = {method: live[f"{line}:value}}"] for method, line in lines.items()}
    assert by_method[methods[0]] != by_method[methods[1]]
    for method in (*methods, methods[0]):
        results = live.change("base", **{f"{business}_method": method})
        part = getattr(results.sotp, business)
        assert live[f"{{sotp.{business}:value}}"] == pytest.approx(part.value, rel=1e-9)
        assert live[f"{{sotp.{business}:value}}"] == by_method[method]
        assert {name: live[f"{line}:value}}"] for name, line in lines.items()} == by_method
        assert {name: live[f"{line}:used}}"] for name, line in lines.items()} == {
            name: float(name == method) for name in methods
        }
        live.keep_results()
        assert not live.differences()


@pytest.mark.parametrize(
    ("key", "words", "lines"),
    [
        ("net_cash_definition", ("strict", "company"), ("net_cash_strict", "net_cash_company")),
        ("devices_wacc_basis", ("printed", "computed"), None),
        ("share_basis", ("diluted", "treasury_stock"), None),
    ],
)
def test_a_named_definition_switches_the_value(
    live: LiveBook, key: str, words: tuple[str, str], lines: tuple[str, str] | None
) -> None:
    live.select("base")
    values = []
    for position, word in enumerate(words):
        results = live.change("base", **{key: word})
        values.append(live["{sotp.value_per_share}"])
        assert values[-1] == pytest.approx(results.sotp.value_per_share, rel=1e-9)
        if lines is not None:
            assert live["{sotp.net_cash:value}"] == live[f"{{sotp.{lines[position]}}}"]
    assert values[0] != values[1]


# --- weights and the street ---------------------------------------------------------------------------


def test_the_weighted_value_is_the_sum_of_value_times_probability(live: LiveBook) -> None:
    house = {case: xa.value(case) for case in HOUSE_2026}
    weights = {case: results.inputs.number("probability") for case, results in house.items()}
    assert sum(weights.values()) == pytest.approx(1.0)
    of_2024 = [xa.value(case).inputs.number("probability") for case in CASES[-2:]]
    assert of_2024 == [0, 0]
    by_hand = (
        weights["house_2026"] * house["house_2026"].sotp.value_per_share
        + weights["house_2026_bear"] * house["house_2026_bear"].sotp.value_per_share
        + weights["house_2026_bull"] * house["house_2026_bull"].sotp.value_per_share
    )
    assert live["{cover.weighted_value:value}"] == pytest.approx(by_hand, rel=1e-9)
    assert live["{cover.weighted_value:probability}"] == pytest.approx(1.0)
    for case in CASES:
        live.select(case)
        assert live["{cover.weighted_value:value}"] == pytest.approx(by_hand, rel=1e-9)


def test_the_weighted_value_follows_the_probabilities(live: LiveBook) -> None:
    live.change("house_2026", probability=0.0)
    live.change("house_2026_bear", probability=0.0)
    live.change("house_2026_bull", probability=1.0)
    assert live["{cover.weighted_value:value}"] == live["{cover.stored_house_2026_bull:value}"]
    live.change("house_2026_bull", probability=0.0)
    assert live["{cover.weighted_value:value}"] == "n/a"
    assert live["{checks.probabilities:status}"] == "OK"


def test_the_street_stands_on_the_cover_as_the_tables_have_it(live: LiveBook) -> None:
    tables = load_context().tables
    rows = [tables.row("street_sum_of_parts", period) for period in tables.periods("street_sum_of_parts")]
    assert rows
    for number, row in enumerate(rows, 1):
        _, line = live.book.sheets["cover"].lines[f"street_{number}"]
        assert live[f"{{cover.street_{number}:street}}"] == row.number
        assert row.period in line.label
        assert row.source in line.note


# --- ranges and sources -------------------------------------------------------------------------------


def test_inputs_show_the_range_of_the_selected_case(live: LiveBook) -> None:
    count = 0
    for case in ("house_2026", "base", "march_2024_replica"):
        live.select(case)
        for parameter in PARAMETERS:
            row = live.results[case].inputs.row(parameter.key)
            ends = live[f"{{inputs.{parameter.key}:low}}"], live[f"{{inputs.{parameter.key}:high}}"]
            assert ends == (("n/a", "n/a") if row.low is None else (row.low, row.high)), parameter.key
            assert live[f"{{inputs.{parameter.key}:outside}}"] == 0
            count += row.low is not None
    assert count > 150


def test_sources_says_of_the_row_of_every_input_what_the_table_says_of_the_selected_case(
    live: LiveBook,
) -> None:
    live.select("bear")
    expected, said = [], []
    for parameter in PARAMETERS:
        row = live.results["bear"].inputs.row(parameter.key)
        expected.append((parameter.label, row.basis, row.source))
        number = live[f"{{sources.{parameter.key}__1:row}}"]
        assert isinstance(number, float)
        line = f"sources.{parameter.key}__{number:.0f}"
        label = live.book.sheets["sources"].lines[line.partition(".")[2]][1].label
        said.append((label, *(live[f"{{{line}:{column}}}"] for column in ("basis", "source"))))
    assert len(expected) == len(PARAMETERS) > 150
    assert said == expected


def test_sources_has_one_row_for_every_distinct_source_of_an_input(live: LiveBook) -> None:
    lines = live.book.sheets["sources"].blocks[0].block.lines
    distinct = set()
    for parameter in PARAMETERS:
        for results in live.results.values():
            row = results.inputs.row(parameter.key)
            said = row.basis, row.as_of, row.low, row.high, row.source, row.note
            distinct.add((parameter.key, said))
    assert len(lines) - 2 == len(distinct) < len(PARAMETERS) * len(live.results) / 3
