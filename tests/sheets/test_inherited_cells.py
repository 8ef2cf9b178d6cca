"""Cells of Inputs that follow the case their case extends, in the workbook as in the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from tests.sheets.live_book import LiveBook
from xlwings_addin.inputs.parameters import PARAMETERS
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout import styles
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets.inputs import DIFFERS, EXTENDS, HOUSE_VIEW

PARENTS = {
    "house_2026": "base",
    "base": HOUSE_VIEW,
    "bear": "base",
    "bull": "base",
    "house_2026_bear": "house_2026",
    "house_2026_bull": "house_2026",
    "march_2024_replica": "march_2024_strict",
    "march_2024_strict": HOUSE_VIEW,
}


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(load_context())


def test_changing_base_changes_bear_and_bull_as_in_the_tables(live: LiveBook) -> None:
    live.change("base", tax_rate=0.2, holding_discount=0.05, demand_saturation=1.9)
    for case in PARENTS:
        live.select(case)
        expected = live.results[case].sotp.value_per_share
        assert live["{sotp.value_per_share}"] == pytest.approx(expected, rel=1e-9)
    assert live.results["bear"].inputs["tax_rate"] == live.results["bull"].inputs["tax_rate"] == 0.2
    # Bear sets its own discount and both set their own demand.
    assert [live.results[case].inputs["holding_discount"] for case in ("bear", "bull")] == [0.1, 0.05]
    # What the view of 2026 leaves to base goes on to its own two cases.
    view = ("house_2026", "house_2026_bear", "house_2026_bull")
    assert [live.results[case].inputs["tax_rate"] for case in view] == [0.165, 0.2, 0.165]
    assert [live.results[case].inputs["holding_discount"] for case in view] == [0.05, 0.1, 0.05]
    assert xa.value("march_2024_strict").sotp.value_per_share == pytest.approx(
        live.results["march_2024_strict"].sotp.value_per_share, rel=1e-12
    )
    live.select("base")
    live.keep_results()
    assert not live.differences()


def test_what_is_typed_over_a_link_is_the_case_s_own(live: LiveBook) -> None:
    live.change("bear", vehicle_wacc=0.13)
    live.change("base", vehicle_wacc=0.11)
    rates = [live[f"{{inputs.vehicle_wacc:cases[{position}]}}"] for position in range(1, 6)]
    assert rates == [0.11, 0.11, 0.13, 0.11, 0.13]  # the bear case of 2026 has its own as well
    live.keep_results()
    assert not live.differences()


def rows_of_its_own(case: str) -> int:
    """How many inputs the file of a case sets besides its weight, two dates that follow others among them."""
    lines = (tables_folder() / "cases" / f"{case}.csv").read_text(encoding="utf-8").splitlines()[1:]
    keys = {line.partition(",")[0] for line in lines} - {"extends", "probability"}
    # Without rows of their own, the day of the price is that of the value, and cash counts since the balance.
    keys |= {"price_date"} if "valuation_date" in keys else set()
    return len(keys | ({"cash_since"} if "balance_date" in keys else set()))


def test_a_cell_is_a_formula_where_the_case_file_says_nothing(book: Book, delivered: Path) -> None:
    sheet = load_workbook(delivered)["Inputs"]
    links = typed = shaded = 0
    for cell in book.cells():
        if cell.sheet.key != "inputs" or cell.entry.kind != "input" or cell.line is None:
            continue
        case = book.context.cases[cell.index]
        own = cell.line.key in book.context.results[case].inputs.origin.owners
        content = sheet[cell.address]
        parent = PARENTS[case]
        if parent == HOUSE_VIEW or cell.line.key == "probability":
            assert not str(content.value).startswith("=")
        elif book.context.results[case].inputs.origin.owners.get(cell.line.key) == case:
            assert not str(content.value).startswith("=")
            typed += 1
        else:
            position = book.context.cases.index(parent) + 1
            _, address = book.at(f"{{inputs.{cell.line.key}:cases[{position}]}}")
            assert content.value == f"=${address}"
            links += 1
        shade = content.fill.start_color.rgb[2:] if content.fill.fill_type else ""
        assert (shade == styles.OVERRIDE) == (own and not str(content.value).startswith("="))
        shaded += shade == styles.OVERRIDE
    extending = [case for case, parent in PARENTS.items() if parent != HOUSE_VIEW]
    assert len(extending) == 6
    assert links + typed == 6 * (len(PARAMETERS) - 1)
    assert typed == sum(map(rows_of_its_own, extending))
    assert shaded > typed


def test_inputs_and_cover_say_in_how_many_rows_a_case_differs(live: LiveBook) -> None:
    for position, (case, parent) in enumerate(PARENTS.items(), 1):
        assert live[f"{{inputs.{EXTENDS}:cases[{position}]}}"] == parent
        differing = live[f"{{inputs.{DIFFERS}:cases[{position}]}}"]
        assert live[f"{{cover.stored_{case}:differs}}"] == differing
        if parent == HOUSE_VIEW:
            assert differing == "n/a"
            continue
        own, other = live.results[case].inputs, live.results[parent].inputs
        by_hand = sum(own[parameter.key] != other[parameter.key] for parameter in PARAMETERS)
        assert differing == by_hand > 5
    position = list(PARENTS).index("bear") + 1
    before = live[f"{{inputs.{DIFFERS}:cases[{position}]}}"]
    live.change("bear", vehicle_wacc=0.13)
    assert live[f"{{inputs.{DIFFERS}:cases[{position}]}}"] == float(str(before)) + 1


def test_a_cell_typed_later_is_shaded_as_well(delivered: Path) -> None:
    rules = load_workbook(delivered)["Inputs"].conditional_formatting
    shading = {
        rule.formula[0] for area in rules for rule in area.rules if rule.dxf and "<>" in rule.formula[0]
    }
    # The house view of 2026, bear and bull follow base in column F, the replica follows column L.
    assert {(rule[0], rule.partition("<>$")[2][0]) for rule in shading} == {
        *(("E", "F"), ("G", "F"), ("H", "F")),
        *(("I", "E"), ("J", "E")),
        ("K", "L"),
    }
