"""What the commands that answer questions print, and with which status they end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import xlwings_addin as xa
from tests.cli.answers import sentence
from xlwings_addin.cli.app import CHECK_FAILED
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.valuation.xiaomi import evaluate


def test_implied_prints_the_answer_and_what_it_means(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("implied", "--case", "base", "--price", "38.86", "--solve", "vehicle_deliveries")
    assert answer.status == 0
    assert "vehicle_deliveries 5.17 m vehicles:" in answer.out
    assert "Multiple of the largest maker's sales of 2024: 0.46x, in the case 0.15x" in answer.out
    assert "automundochina.com (Kyodo), 2025-01-30" in answer.out


def test_implied_prints_json_for_a_program(run) -> None:  # type: ignore[no-untyped-def]
    answer = run(
        "implied", "--price", 38.86, "--solve", "vehicle_deliveries", "--solve", "wacc_points", "--json"
    )
    first, second = json.loads(answer.out)
    assert first == json.loads(json.dumps(xa.implied(38.86, solve="vehicle_deliveries").summary()))
    assert second["solve"] == "wacc_points"


def test_the_price_is_the_cases_own_by_default(run) -> None:  # type: ignore[no-untyped-def]
    (data,) = json.loads(run("implied", "--solve", "vehicle_deliveries", "--json").out)
    assert [answer["target"] for answer in data["answers"]] == [25.24]  # of house_2026


def test_a_market_value_is_a_price_of_all_shares(run) -> None:  # type: ignore[no-untyped-def]
    # Article 001: a trillion HKD, which at its 25.094 bn shares is 39.85 a share.
    arguments = ("implied", "--market-value", "1000", "--solve", "vehicle_deliveries", "--json")
    (data,) = json.loads(run(*arguments).out)
    shares = xa.value().sotp.shares
    assert data["answers"][0]["target"] * shares == pytest.approx(1e6)


def test_a_price_that_is_not_reached_ends_with_status_1_and_a_sentence(run) -> None:  # type: ignore[no-untyped-def]
    arguments = ("--case", "base", "--price", "38.86", "--solve", "vehicle_gross_margin_ceiling")
    answer = run("implied", *arguments)
    assert answer.status == CHECK_FAILED
    assert (
        "vehicle_gross_margin_ceiling: no value from -100.00% to 100.00% brings sotp.value_per_share to "
        "38.86 HKD: the model stays below it, nearest is 35.42 HKD at"
    ) in " ".join(answer.out.split())


def test_implied_takes_settings_lines_and_held_inputs(run) -> None:  # type: ignore[no-untyped-def]
    arguments = (
        "implied",
        "--solve",
        "vehicle_deliveries",
        "--set",
        "vehicle_operating_margin=12.5%",
        "--json",
    )
    (data,) = json.loads(run(*arguments, "--price", "38.86").out)
    assert data["settings"] == {"vehicle_operating_margin": 0.125}
    answer = run("implied", "--solve", "vehicle_wacc", "--target", "sotp.vehicle=100000", "--json")
    (data,) = json.loads(answer.out)
    assert (data["line"], data["line_unit"]) == ("sotp.vehicle", "CNY m")
    with_plant_fixed = run("implied", "--solve", "vehicle_deliveries", "--hold", "plant_5_capacity")
    assert with_plant_fixed.status == CHECK_FAILED


def test_pairs_worth_the_same_are_printed(run) -> None:  # type: ignore[no-untyped-def]
    arguments = ("--case", "base", "--solve", "vehicle_deliveries", "--against", "vehicle_operating_margin")
    answer = run("implied", *arguments)
    assert answer.status == 0
    assert "5.17 m vehicles" in answer.out
    assert "8.50%" in answer.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--price", "0", "--solve", "tax_rate"), "price 0 must be above 0"),
        (("--price", "dear", "--solve", "tax_rate"), "--price dear must be a number, such as 38.86 or 12.5%"),
        (
            ("--solve", "tax_rate", "--set", "tax_rate"),
            "--set tax_rate must be KEY=VALUE, such as tax_rate=20%",
        ),
        (
            ("--solve", "vehicle_wacc", "--between", "50%", "200%"),
            "vehicle_wacc 200.00% must be at most 100.00%",
        ),
        (
            ("--solve", "vehicle_delivery"),
            "key 'vehicle_delivery' is no input and no driver of drivers.csv (nearest: vehicle_deliveries)",
        ),
        (
            ("--solve", "tax_rate", "--target", "sotp.vehicle=1", "--price", "40"),
            "--target sotp.vehicle=1 and a price exclude each other",
        ),
        (
            ("--solve", "tax_rate", "--target", "sotp.vehicles=1"),
            "line 'sotp.vehicles' is not one of the model's (nearest: sotp.vehicle)",
        ),
    ],
)
def test_bad_input_to_implied_is_one_sentence(run, arguments, expected) -> None:  # type: ignore[no-untyped-def]
    assert sentence(run("implied", *arguments)) == expected


def test_sensitivity_prints_a_table_with_the_cases_own_values_marked(run) -> None:  # type: ignore[no-untyped-def]
    keys = ("vehicle_wacc", "vehicle_terminal_growth")
    answer = run("sensitivity", *keys, "--case", "base", "--values", "10%:13%:4", "--values", "1%,2%")
    assert answer.status == 0
    assert "12.00%*" in answer.out
    assert "31.37" in answer.out
    data = json.loads(run("sensitivity", "vehicle_wacc", "--values", "11%,12%", "--json").out)
    assert data == json.loads(json.dumps(xa.sensitivity("vehicle_wacc", values=[0.11, 0.12]).summary()))


def test_tornado_prints_the_widest_swings(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("tornado", "--case", "base", "--most", "3")
    assert answer.status == 0
    assert "devices 100%" in answer.out
    assert json.loads(run("tornado", "--json").out) == json.loads(json.dumps(xa.tornado().summary()))


def test_tornado_of_all_cases_prints_the_places(run) -> None:  # type: ignore[no-untyped-def]
    assert "Rank correlation of the swings" in run("tornado", "--all", "--most", "3").out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("vehicle_wacc", "--values", "1:2:1"),
            "--values 1:2:1 must be numbers with commas between them, "
            "or LOW:HIGH:STEPS with two steps or more",
        ),
        (("vehicle_wacc", "--values", "dear"), "--values dear must be a number, such as 38.86 or 12.5%"),
        (
            ("vehicle_wacc", "--values", "1%", "--values", "2%"),
            "--values 2 times must be there once for each key",
        ),
    ],
)
def test_bad_values_for_a_table_are_one_sentence(run, arguments, expected) -> None:  # type: ignore[no-untyped-def]
    assert sentence(run("sensitivity", *arguments)) == expected


def test_multiples_prints_the_rows_of_a_football_field(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("multiples", "--case", "base")
    assert answer.status == 0
    assert "50.37" in answer.out  # 30 times the profit of the last twelve months
    assert "Tesla does not count: priced for autonomy" in answer.out
    assert "warning: the high end of 'Price to earnings of article 002' is dearer than" in answer.out
    assert json.loads(run("multiples", "--json").out) == json.loads(json.dumps(xa.multiples().summary()))


def test_value_takes_settings_and_says_so(run) -> None:  # type: ignore[no-untyped-def]
    printed = json.loads(run("value", "--case", "base", "--set", "tax_rate=20%", "--json").out)
    by_replacing = evaluate(load_inputs("base").replace(tax_rate=0.2))
    assert printed["value_per_share"] == pytest.approx(by_replacing.sotp.value_per_share, rel=1e-12)
    assert printed["settings"] == {"tax_rate": 0.2}
    assert "with tax_rate 0.2\n" in run("value", "--case", "base", "--set", "tax_rate=0.2").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--set", "vehicle_terminal_growth=12%"),
            "vehicle_wacc 12.00%, at parity 9.13%, must exceed vehicle_terminal_growth 12.00%",
        ),
        (("--all", "--set", "tax_rate=0.2"), "--set tax_rate=0.2 changes one case: leave out --all"),
    ],
)
def test_value_refuses_settings_with_one_sentence(run, arguments: tuple[str, ...], told: str) -> None:  # type: ignore[no-untyped-def]
    assert sentence(run("value", *arguments)) == told


PAGE = Path(__file__).parents[2] / "docs" / "analytics.md"
PRINTED = re.findall(r"```text\n\$ xiaomi-model (.+)\n((?:.|\n)+?)```", PAGE.read_text(encoding="utf-8"))
FINGERPRINT = re.compile(r"inputs [0-9a-f]{8}")
"""It changes with every row of the tables, which is not what the page shows."""


def test_the_page_has_the_commands() -> None:
    assert {command.split()[0] for command, _ in PRINTED} == {
        "implied",
        "sensitivity",
        "tornado",
        "multiples",
    }


@pytest.mark.parametrize(("command", "printed"), PRINTED)
def test_the_page_shows_what_the_command_prints(run, monkeypatch, command: str, printed: str) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("COLUMNS", "110")
    lines = [line.rstrip() for line in run(*command.split()).out.splitlines()]
    assert FINGERPRINT.sub("", "\n".join(lines)) == FINGERPRINT.sub("", printed.rstrip("\n"))
