"""Refresh and check through the real server, with what the client sends of a whole edited workbook."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import xlwings_addin as xa
from tests.hosts.open_excel import OURS, OpenExcel
from tests.hosts.server_process import Server, running
from tests.refresh.refreshing import refresh_file, type_into
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.renamed import former
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import state_from_text
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets import sheets
from xlwings_addin.valuation.verdict import verdict
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import CellKey, read_values

PLACES = Book(load_context())
CASES = PLACES.context.cases
SENT = [title for sheet in sheets() for title in (sheet.title, *former("sheet", sheet.title))]
"""The sheets by their names of today and of former releases: a book that nobody refreshed has those."""
VALUE = PLACES.at("{sotp.value_per_share}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables, with another tax rate of the house view and another share price."""
    tables = tmp_path_factory.mktemp("tables")
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, tables / part)
    assumptions = tables / "inputs" / "assumptions.csv"
    changed = re.sub(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text())
    assumptions.write_text(re.sub(r"(?m)^price_hkd,,38\.86,", "price_hkd,,40,", changed))
    return tables


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "logs", "--inputs", str(folder)) as started:
        yield started


@pytest.fixture
def excel(delivered: Path) -> OpenExcel:
    return OpenExcel(delivered)


def of(key: str, case: str = "base") -> CellKey:
    return PLACES.at(f"{{inputs.{key}:cases[{CASES.index(case) + 1}]}}")


def actions(server: Server, name: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
    response = server.run(name, payload)
    assert response.status_code == 200, response.text
    body = json.loads(response.text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    return list(body["actions"])


def refresh(server: Server, excel: OpenExcel) -> dict[str, Any]:
    """Refresh as the task pane does it; the calls of the pane's functions."""
    payload = excel.payload(excel.formulas(), excel.state_text())
    calls = excel.apply(actions(server, "refresh", payload))
    excel.state = state_from_text(calls["keepState"], name="the test")
    return calls


def check(server: Server, excel: OpenExcel) -> dict[str, Any]:
    calls = excel.apply(actions(server, "check", excel.payload(excel.formulas())))
    return dict(calls["showFigures"])


def value_with(key: str, number: float) -> float:
    """A share of the base case with one input of another value."""
    return float(evaluate(load_inputs("base").replace(**{key: number})).sotp.value_per_share)


def is_listed(excel: OpenExcel, *cells: object) -> bool:
    """Whether a row of the sheet Changes holds all of these."""
    return any(all(cell in line for cell in cells) for line in excel.grid("Changes", "values"))


# --- refresh ---------------------------------------------------------------------------------------------


def test_a_refresh_ends_with_the_values_that_the_refresh_of_a_file_gives(
    server: Server, excel: OpenExcel, delivered: Path, folder: Path, tmp_path: Path
) -> None:
    excel.type({of("tax_rate"): 0.2, of("vehicle_wacc", "bull"): 0.13})
    file = Path(shutil.copy(delivered, tmp_path / "file.xlsx"))
    edits = {of("tax_rate"): 0.2, of("vehicle_wacc", "bull"): 0.13}
    type_into(file, edits)
    refresh_file(file, folder)
    refresh(server, excel)
    stored = read_values(file)
    compared = 0
    for sheet in OURS:
        for address in excel.typed[sheet]:
            expected = stored.get((sheet, address))
            if isinstance(expected, float):
                expected = pytest.approx(expected, rel=1e-9, abs=1e-12)
            assert excel.display(sheet, address) == expected, (sheet, address)
            compared += 1
    assert compared > 5000


def test_overrides_are_kept_and_listed_and_all_else_follows(server: Server, excel: OpenExcel) -> None:
    excel.type({of("tax_rate"): 0.2})
    calls = refresh(server, excel)
    assert excel.display(*of("tax_rate")) == 0.2
    assert excel.display(*of("tax_rate", "bull")) == 0.2  # a formula to base, which bull extends
    assert excel.display(*of("price_hkd")) == 40
    assert calls["showRefreshed"].startswith("Inputs updated: 1; changes of yours kept: 1.")
    assert is_listed(excel, "!".join(of("tax_rate")), "base", 0.2, 0.17)
    assert is_listed(excel, "!".join(of("price_hkd")), "base", 38.86, 40)
    assert not is_listed(excel, "!".join(of("tax_rate", "march_2024_strict")))


def test_a_second_refresh_finds_nothing_new(server: Server, excel: OpenExcel) -> None:
    excel.type({of("tax_rate"): 0.2})
    refresh(server, excel)
    again = refresh(server, excel)
    assert again["showRefreshed"].startswith("Inputs updated: 0; changes of yours kept: 1.")
    assert "Changes 2" in excel.typed


def test_the_record_is_the_one_that_the_file_keeps(server: Server, delivered: Path, folder: Path) -> None:
    excel = OpenExcel(delivered)
    refresh(server, excel)
    assert excel.state is not None
    assert excel.state.values["inputs.tax_rate.cases.base"] == 0.17
    assert excel.state.arrivals["inputs.tax_rate.cases.base"].as_of


def test_a_changed_formula_and_an_input_that_is_a_link_are_kept(server: Server, excel: OpenExcel) -> None:
    formula, link = PLACES.at("{sotp.price}"), of("tax_rate")
    excel.typed[formula[0]][formula[1]] = "=@Inputs!E10+1"
    excel.typed[link[0]][link[1]] = "=Mine!A1"
    excel.values[link] = 0.15
    calls = excel.apply(actions(server, "refresh", excel.payload(excel.formulas(), excel.state_text())))
    assert "changes of yours kept: 2." in calls["showRefreshed"]
    assert excel.typed[link[0]][link[1]] == "=Mine!A1"
    assert is_listed(excel, "!".join(formula), "=Inputs!E10+1")
    assert is_listed(excel, "!".join(link), "=Mine!A1", 0.17)


def test_an_at_sign_that_excel_adds_is_no_change(server: Server, excel: OpenExcel) -> None:
    sheet, address = PLACES.at("{sotp.price}")
    excel.typed[sheet][address] = "=@" + str(excel.typed[sheet][address])[1:]
    calls = excel.apply(actions(server, "refresh", excel.payload(excel.formulas(), excel.state_text())))
    assert "changes of yours kept: 0." in calls["showRefreshed"]


def test_without_the_record_nothing_is_overwritten_and_what_differs_is_listed(
    server: Server, excel: OpenExcel
) -> None:
    calls = excel.apply(actions(server, "refresh", excel.payload(excel.formulas(), None)))
    assert calls["showRefreshed"].startswith("Inputs updated: 0; changes of yours kept: 2.")
    assert excel.display(*of("tax_rate")) == 0.15
    assert is_listed(excel, "Overrides kept: 2")


def test_started_without_the_task_pane_it_keeps_what_it_cannot_judge(
    server: Server, excel: OpenExcel
) -> None:
    calls = excel.apply(actions(server, "refresh", excel.payload()))
    assert calls["showRefreshed"].startswith("Inputs updated: 0; changes of yours kept: 2.")
    assert "Formulas were not sent, so that none was judged." in calls["showRefreshed"]
    assert "keepState" not in calls, "the record that the workbook carries is the better one"
    assert excel.display(*of("tax_rate")) == 0.15


def test_a_text_is_typed_as_text(server: Server, excel: OpenExcel) -> None:
    answered = actions(server, "refresh", excel.payload(excel.formulas(), excel.state_text()))
    texts = [
        cell
        for action in answered
        if action["func"] == "setValues"
        for line in action["values"]
        for cell in line
        if isinstance(cell, str)
    ]
    assert texts
    assert all(text == "" or text.startswith("'") for text in texts)


def test_an_analyst_s_own_sheets_are_not_sent(server: Server, excel: OpenExcel) -> None:
    (first, cover), *others = excel.typed.items()
    excel.typed = {first: cover, "Mine": {"A1": "private"}, **dict(others)}
    meta = {entry["function_name"]: entry for entry in server.get("/xlwings/custom-scripts-meta.json").json()}
    assert meta.keys() == {"check", "implied", "preview", "refresh"}
    for script in meta.values():
        assert script["include"].split(",") == SENT
    payload = excel.payload(excel.formulas(), excel.state_text())
    assert "private" not in json.dumps(payload)
    excel.apply(actions(server, "refresh", payload))
    assert excel.display(*of("tax_rate")) == 0.17
    assert excel.display("Mine", "A1") == "private"


def test_two_books_at_once_get_their_own_answers(server: Server, delivered: Path) -> None:
    books = [OpenExcel(delivered) for _ in range(2)]
    for number, book in enumerate(books):
        book.type({of("tax_rate", "bear"): 0.2 + number / 100, PLACES.at("{cover.selected_case}"): "bear"})
    with ThreadPoolExecutor(2) as pool:
        figures = list(pool.map(lambda book: check(server, book), books))
        assert [figure["value"] for figure in figures] == [book.display(*VALUE) for book in books]
        calls = list(pool.map(lambda book: refresh(server, book), books))
    for number, (book, call) in enumerate(zip(books, calls, strict=True)):
        assert book.display(*of("tax_rate", "bear")) == 0.2 + number / 100
        assert state_from_text(call["keepState"], name="").values["inputs.tax_rate.cases.bear"] == 0.15


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda excel: excel.typed.pop("Capital"),
            "sheet 'Capital' is missing, or lacks the keys of its lines",
        ),
        (
            lambda excel: excel.type({PLACES.at("{cover.selected_case}"): "bare"}),
            "selected_case 'bare' must be",
        ),
    ],
)
def test_a_book_that_cannot_be_refreshed_is_said_and_not_changed(
    server: Server, excel: OpenExcel, spoil: Any, message: str
) -> None:
    spoil(excel)
    response = server.run("refresh", excel.payload(excel.formulas(), excel.state_text()))
    assert response.status_code == 400
    assert message in response.text


def test_a_record_that_is_none_is_said(server: Server, excel: OpenExcel) -> None:
    response = server.run("refresh", excel.payload(excel.formulas(), "no record"))
    assert response.status_code == 400
    assert "its refresh record is damaged" in response.text


def test_what_is_no_number_in_json_is_not_handed_back(server: Server, excel: OpenExcel) -> None:
    excel.values[PLACES.at("{cover.value_per_share}")] = math.nan
    body = json.dumps(excel.payload(excel.formulas()))
    assert "NaN" in body
    answer = server.post_text("custom-scripts-call/check", body)
    assert answer.status_code == 400
    assert "NaN" not in answer.text


# --- check -----------------------------------------------------------------------------------------------


def test_a_check_hands_over_the_figures_that_the_cells_show(server: Server, excel: OpenExcel) -> None:
    figures = check(server, excel)
    base = xa.value("base")
    assert [entry["label"] for entry in figures["cases"] if entry["selected"]] == ["base"]
    assert figures["value"] == excel.display(*VALUE) == pytest.approx(base.sotp.value_per_share)
    assert figures["price"] == 38.86
    assert {entry["label"]: entry["value"] for entry in figures["cases"]} == {
        case: excel.display(*PLACES.at(f"{{cover.stored_{case}:value}}")) for case in CASES
    }
    assert sum(part["value"] for part in figures["parts"] if not part["total"]) == pytest.approx(
        base.sotp.value_per_share
    )
    assert figures["headline"] == excel.display("Cover", "A2")
    assert figures["verdict"] == verdict(base)
    assert figures["weighted"] == excel.display(*PLACES.at("{cover.weighted_value:value}"))
    assert figures["upside"] == pytest.approx(figures["value"] / 38.86 - 1)
    assert figures["priceDate"] == "2025-11-19"  # inputs/assumptions.csv
    assert figures["low"] < figures["weighted"] < figures["high"]
    swings = [abs(bar["high"] - bar["low"]) for bar in figures["tornado"]]
    assert len(swings) == 9
    assert swings == sorted(swings, reverse=True)
    widest = xa.tornado("base").bars[0]
    assert figures["tornado"][0] == {
        "label": widest.label,
        "range": widest.range_text,
        "present": pytest.approx(figures["value"]),
        "low": pytest.approx(value_with(widest.key, widest.low.value)),
        "high": pytest.approx(value_with(widest.key, widest.high.value)),
        "cell": [*PLACES.at(f"{{inputs.{widest.key}:live}}")],
    }
    assert figures["ok"] is True
    assert figures["checks"].startswith("OK")


def test_figures_follow_what_is_typed_into_the_book(server: Server, excel: OpenExcel) -> None:
    excel.type({of("price_hkd"): 50.0, of("tax_rate"): 0.3})
    figures = check(server, excel)
    assert figures["price"] == 50.0
    assert figures["value"] == excel.display(*VALUE)
    assert figures["value"] < xa.value("base").sotp.value_per_share
    assert figures["ok"] is True


def test_a_formula_overwritten_by_a_number_fails_the_check(server: Server, excel: OpenExcel) -> None:
    excel.typed[VALUE[0]][VALUE[1]] = 99.0
    figures = check(server, excel)
    assert figures["ok"] is False
    assert any(
        finding["cell"] == [*VALUE] and "where a formula belongs" in finding["text"]
        for finding in figures["findings"]
    )


def test_a_check_without_formulas_still_compares_values(server: Server, excel: OpenExcel) -> None:
    excel.typed[VALUE[0]][VALUE[1]] = 99.0
    figures = dict(excel.apply(actions(server, "check", excel.payload()))["showFigures"])
    assert figures["ok"] is False
    assert [*VALUE] in [finding["cell"] for finding in figures["findings"]]


def test_a_preview_says_what_a_refresh_does_and_a_price_what_it_needs(
    server: Server, excel: OpenExcel
) -> None:
    excel.type({of("tax_rate", "bull"): 0.2})
    sent = excel.payload(excel.formulas(), excel.state_text())
    answered = actions(server, "preview", sent)
    assert [answer["func"] for answer in answered] == ["runMacro"]
    preview = excel.apply(answered)["showPreview"]
    price = 45.0
    needs = excel.apply(actions(server, "implied", excel.payload(excel.formulas(), price)))["showImplied"]
    calls = refresh(server, excel)
    assert {group["title"]: group["count"] for group in preview["groups"]} == {
        "Inputs to update": 2,
        "Overrides that stay": 1,
    }
    updated, kept = (group["changes"] for group in preview["groups"])
    texts = {tuple(change["cell"]): change["text"] for change in updated}
    assert texts[of("tax_rate")].startswith("Tax rate of base: 15.00% to 17.00% (")
    assert texts[of("price_hkd")].startswith("Share price of base: 38.86 to 40 (")
    assert kept == [
        {"cell": [*of("tax_rate", "bull")], "text": "Tax rate of bull: 20.00%; the tables have 17.00%"}
    ]
    assert preview["after"] == pytest.approx(excel.display(*VALUE), rel=1e-9)
    assert calls["showRefreshed"].startswith("Inputs updated: 2; changes of yours kept: 1.")
    solved = {answer["label"]: answer["needs"] for answer in needs["answers"]}
    wacc = next(need for label, need in solved.items() if label.startswith("Cost of capital"))
    share = xa.implied(price, solve="wacc_points", case="base").solution.value
    assert wacc.startswith(f"{share:.2%}")


def test_a_price_that_is_none_is_said(server: Server, excel: OpenExcel) -> None:
    for price in ("45", True, None, -1, 0, 1e999):
        response = server.run("implied", excel.payload(None, price, include=()))
        assert response.status_code == 400
        assert re.match(r"price .* must be (a number|above 0|a finite number)", response.text)


def test_a_check_writes_nothing(server: Server, excel: OpenExcel) -> None:
    answered = actions(server, "check", excel.payload(excel.formulas()))
    assert [answer["func"] for answer in answered] == ["runMacro"]
