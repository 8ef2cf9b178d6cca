"""Ramps of other makers and past paths against what happened: against the published figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.ramp_evidence import Place, aligned
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.ramps import RampYear, read_ramps


def test_the_quarters_are_those_known_on_the_valuation_date() -> None:
    answer = xa.fit_ramp("base", models=["logistic"])
    assert next(iter(answer.quarters.items())) == ("2024Q2", 27_307.0)
    assert list(answer.quarters.items())[-1] == ("2025Q3", 108_796.0)
    assert answer.sentences == (
        "logistic: 6 quarters do not determine it: saturation above 77,573 vehicles a quarter",
    )


def test_other_makers_stand_by_year_since_100_000() -> None:
    answer = xa.fit_ramp("base", models=["logistic"])
    # Tesla delivered 103,181 in 2017, 245,506 in 2018; NIO 122,486 in 2022: years 0, 1 and 0
    assert answer.ramps["Tesla"][0].year == 2017
    assert answer.ramps["NIO"][0].deliveries == 122_486
    assert max(row.year for rows in answer.ramps.values() for row in rows) == 2024
    first = answer.places[0]
    assert (first.year, first.since, first.deliveries) == (2024, 0, 136_854.0)
    assert first.percentile == 1.0
    assert answer.places[1].others["Tesla"] == 245_506
    assert answer.left_out == ("BYD (battery electric)", "Leapmotor")


def test_a_percentile_is_the_share_below_with_half_of_those_equal() -> None:
    assert Place(2025, 1, 20.0, {"a": 10.0, "b": 20.0, "c": 30.0, "d": 40.0}).percentile == 0.375
    assert Place(2025, 1, 20.0, {}).percentile is None


def test_a_maker_without_a_year_below_100_000_has_no_year_0() -> None:
    def row(year: int, deliveries: float) -> RampYear:
        return RampYear("a", "vehicle_deliveries", year, deliveries, "reported", "page", "")

    assert aligned([row(2020, 2e5), row(2021, 3e5)], before=2030) == ({}, ("a",))
    assert aligned([row(2020, 5e4), row(2021, 6e4)], before=2030) == ({}, ("a",))
    ramps, _ = aligned([row(2020, 5e4), row(2021, 1e5), row(2022, 2e5)], before=2022)
    assert [one.year for one in ramps["a"]] == [2021]


def test_the_path_of_march_2024_stands_against_what_happened() -> None:
    outcomes = {(one.case, one.year): one for one in xa.fit_ramp(models=["logistic"]).outcomes}
    one = outcomes["march_2024_replica", 2024]
    # 481,000 cars of 2023 growing by 10%; Xiaomi delivered 136,854 in 2024
    assert one.forecast == pytest.approx(481_000 * 1.10, rel=1e-9)
    assert one.actual == 136_854
    assert "annual report" in outcomes["march_2024_replica", 2025].note


def test_a_day_before_the_first_delivery_is_one_sentence() -> None:
    with pytest.raises(InputError, match="vehicle_deliveries of 2024-03-08 has no quarter that was known"):
        xa.fit_ramp("march_2024_replica")


def test_the_answer_is_plain_data_and_a_table() -> None:
    answer = xa.fit_ramp("base", models=["bass"])
    data = json.loads(json.dumps(answer.summary()))
    assert data["fits"][0]["saturation"]["high"] is None
    assert list(answer.to_frame()["parameter"]) == ["market", "innovation", "imitation"]
    assert repr(answer) == "<RampEvidence base, 6 quarters: bass 1,109,092>"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Tesla,vehicle_deliveries,2013", "Tesla,vehicle_deliveries,2015", "ramps.csv line .* must follow"),
        (",22477,", ",-22477,", "value '-22477' must be a whole number"),
        (",22477,reported", ",22477,rumour", "'rumour' must be one of"),
    ],
)
def test_a_bad_ramp_is_named_with_its_line(folder: Path, old: str, new: str, message: str) -> None:
    path = folder / "inputs" / "ramps.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_ramps(folder)


def test_a_folder_may_lack_ramps(folder: Path) -> None:
    (folder / "inputs" / "ramps.csv").unlink()
    assert xa.fit_ramp("base", models=["logistic"], folder=folder).places == ()
