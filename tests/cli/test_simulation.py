"""What `simulate` prints, and with which status it ends."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

import xlwings_addin as xa
from tests.cli.answers import sentence
from xlwings_addin.analytics.streams import PORTION
from xlwings_addin.cli import printing
from xlwings_addin.cli.app import CHECK_FAILED
from xlwings_addin.inputs.folders import tables_folder


def test_simulate_prints_distribution_price_and_what_the_world_looks_like(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("simulate", "--draws", "2,000", "--seed", "7")
    assert answer.status == 0
    simulated = xa.simulate(2_000, seed=7)
    text = " ".join(answer.out.split())
    assert f"A share, {simulated.present:.2f} in the case, 2,000 draws, seed 7" in text
    assert f"worth more than the price, 25.24: {simulated.above_price:.2%}" in text
    assert f"a position of {simulated.position:.1%} of a portfolio costs 2.0% of it" in text
    assert "article 003 takes 5% to 10%" in text
    assert f"the {simulated.near} draws have that are worth the price within 2%" in text
    assert "What the variance comes from" not in text


def test_simulate_prints_json_for_a_program(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("simulate", "--draws", 1000, "--method", "sobol", "--loss", "3%", "--case", "bear", "--json")
    data = json.loads(answer.out)
    expected = xa.simulate(1_000, method="sobol", loss=0.03, case="bear").summary()
    assert data == json.loads(json.dumps(expected))


def test_contributions_and_the_file_of_draws_come_when_asked(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "draws.npy"
    answer = run("simulate", "--draws", "1e3", "--contributions", "--out", out)
    assert "What the variance comes from" in answer.out
    assert "Sobol indices, of inputs drawn independently" in answer.out
    assert len(np.load(out)) == 1000


def test_broken_rules_and_repairs_are_printed(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path
    for part in ("inputs", "cases"):
        shutil.copytree(tables_folder() / part, folder / part)
    header = "key,marginal,low,middle,high,deviation,outcomes,basis,reason\n"
    keys = ("vehicle_terminal_growth", "debt", "liquid_funds")
    rows = "".join(f"{key},uniform,0,,0.2,,,assumption,why\n" for key in keys)
    (folder / "inputs" / "distributions.csv").write_text(header + rows, encoding="utf-8")
    pairs = [(keys[0], keys[1], 0.9), (keys[1], keys[2], 0.9), (keys[0], keys[2], -0.9)]
    lines = [f"{one},{other},{number},assumption,why" for one, other, number in pairs]
    table = "\n".join(["key,other,correlation,basis,reason", *lines])
    (folder / "inputs" / "correlations.csv").write_text(f"{table}\n", encoding="utf-8")
    answer = run("simulate", "--draws", 1000, "--repair", "--inputs", folder)
    assert "of 1,000 draws break a rule and are in no figure:" in answer.out
    assert "  vehicle_wacc must exceed vehicle_terminal_growth: " in answer.out
    assert "correlation of liquid_funds and debt: " in answer.out


def test_ctrl_c_ends_with_what_was_drawn_and_status_1(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    from contextlib import contextmanager

    @contextmanager
    def impatient():  # type: ignore[no-untyped-def]
        yield lambda _: signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(printing, "progress", impatient)
    answer = run("simulate", "--draws", 3 * PORTION, "--json")
    assert answer.status == CHECK_FAILED
    assert json.loads(answer.out)["draws"] == PORTION
    assert f"stopped after {PORTION:,} draws of {3 * PORTION:,}: the answer is of those" in answer.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--draws", "0"), "draws 0 must be at least 1"),
        (("--draws", "many"), "--draws many must be a whole number, such as 100000"),
        (("--draws", "1.5"), "--draws 1.5 must be a whole number, such as 100000"),
        (("--draws", "inf"), "--draws inf must be a whole number, such as 100000"),
        (("--seed", "seven"), "--seed seven must be a whole number, such as 100000"),
        (("--seed", "-1"), "seed -1 must be at least 0"),
        (("--method", "halton"), "method 'halton' must be one of random, sobol"),
        (("--loss", "much"), "--loss much must be a number, such as 38.86 or 12.5%"),
        (("--loss", "200%"), "loss 2.0 must be above 0 and below 1, a part of a portfolio"),
        (("--out", "draws.txt"), "out draws.txt must be named .npy or .csv"),
    ],
)
def test_bad_input_to_simulate_is_one_sentence(run, arguments, expected) -> None:  # type: ignore[no-untyped-def]
    assert sentence(run("simulate", *arguments)) == expected
