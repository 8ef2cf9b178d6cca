"""What the commands on conventions print, and with which status they end."""

from __future__ import annotations

import json

import xlwings_addin as xa
from tests.cli.answers import sentence


def test_conventions_prints_every_option_and_the_parts(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("conventions", "--case", "march_2024_replica")
    assert answer.status == 0
    text = " ".join(answer.out.split())
    assert "Form of the terminal value" in text
    assert "+0.54" in text
    assert "not priced: no government_bond_yield_cny_10y in markets.csv was known on 2024-03-08" in text


def test_conventions_prints_json_for_a_program(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("conventions", "--against", "march_2024_replica", "--json")
    assert json.loads(answer.out) == json.loads(
        json.dumps(xa.conventions(against="march_2024_replica").summary())
    )


def test_fit_ramp_says_what_quarters_leave_open(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("fit-ramp", "--case", "base", "--model", "logistic")
    assert answer.status == 0
    text = " ".join(answer.out.split())
    assert "logistic: 6 quarters do not determine it: saturation above 77,573 vehicles a quarter" in text
    assert "Leapmotor does not count" in text
    assert "529,100" in text


def test_fit_ramp_prints_json_for_a_program(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("fit-ramp", "--model", "bass", "--json")
    assert json.loads(answer.out) == json.loads(json.dumps(xa.fit_ramp(models=["bass"]).summary()))


def test_fit_ramp_refuses_an_unknown_curve_in_one_sentence(run) -> None:  # type: ignore[no-untyped-def]
    assert sentence(run("fit-ramp", "--model", "cubic")) == (
        "model 'cubic' must be one of logistic, gompertz, bass"
    )


def test_replicate_prints_the_sets_and_what_stays_open(run, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "figures.csv"
    path.write_text("figure,printed,unit,half_width\nsotp.vehicle.per_share,4.91,HKD,\n", encoding="utf-8")
    answer = run("replicate", path, "--vary", "vehicle_terminal_growth=4%,5%")
    assert answer.status == 0
    assert "sets of conventions reproduce all printed figures" in " ".join(answer.out.split())
    assert "net_cash_definition: undetermined, it moves none of the figures" in answer.out
    path.write_text("figure,printed,unit,half_width\nsotp.vehicle.per_share,49.1,HKD,\n", encoding="utf-8")
    answer = run("replicate", path)
    assert answer.status == 1
    assert "reproduces the figures; nearest is" in " ".join(answer.out.split())
    assert "--vary growth must be KEY=A,B,C" in sentence(run("replicate", path, "--vary", "growth"))
