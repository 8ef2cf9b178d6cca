"""A simulation against the model valued draw by draw, and what it says of rules, prices and interruption."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import xlwings_addin as xa
from xlwings_addin.analytics.drawing import drawing_of
from xlwings_addin.analytics.simulation import Simulation
from xlwings_addin.analytics.streams import PORTION, draws_made, portions
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.valuation.xiaomi import evaluate

HEADER = "key,marginal,low,middle,high,deviation,outcomes,basis,reason\n"
PAIRS = "key,other,correlation,basis,reason\n"


def rewrite(folder: Path, rows: str, pairs: str = "") -> Path:
    (folder / "inputs" / "distributions.csv").write_text(HEADER + rows, encoding="utf-8")
    (folder / "inputs" / "correlations.csv").write_text(PAIRS + pairs, encoding="utf-8")
    return folder


def simulate(draws: int, **options: Any) -> Simulation:
    """The draws of the view of 2025-11-19, where no other case is named."""
    return xa.simulate(draws, **{"case": "base", **options})


def test_a_draw_is_worth_what_the_model_says_of_its_inputs(tmp_path: Path) -> None:
    simulate(40, seed=7, out=tmp_path / "draws.npy")
    table, inputs = np.load(tmp_path / "draws.npy"), load_inputs("base")
    keys = drawing_of(inputs).keys
    assert len(table) == 40
    for row in table[::8]:
        results = evaluate(inputs.replace(**{key: float(row[key]) for key in keys}))
        assert row["sotp.value_per_share"] == pytest.approx(results.sotp.value_per_share, rel=1e-12)
        assert row["sotp.vehicle.per_share"] == pytest.approx(results.sotp.vehicle.per_share, rel=1e-12)


def test_the_figures_are_those_of_the_draws(tmp_path: Path) -> None:
    answer = simulate(PORTION + 5_000, seed=7, out=tmp_path / "draws.npy", loss=0.03)
    table = np.load(tmp_path / "draws.npy")
    values, price = table["sotp.value_per_share"], 38.86  # assumptions.csv
    assert (answer.draws, answer.valued, answer.exact) == (len(table), len(table), True)
    for probability, quantile in answer.value.quantiles.items():
        assert quantile == np.quantile(values, probability, method="inverted_cdf")
    assert answer.value.mean == pytest.approx(values.mean(), rel=1e-12)
    assert answer.value.deviation == pytest.approx(values.std(ddof=1), rel=1e-9)
    assert answer.value.error == pytest.approx(stats.sem(values), rel=1e-9)
    assert answer.above_price == np.mean(values > price)
    tail = np.quantile(values, 0.05, method="inverted_cdf")
    assert answer.loss == pytest.approx((price - tail) / price, rel=1e-12)
    assert answer.position is not None
    assert answer.position * answer.loss == pytest.approx(0.03, rel=1e-12)
    near = np.abs(values - price) <= 0.02 * price
    assert answer.near == near.sum() > 100
    for scenario in answer.scenarios:
        assert scenario.near_the_price == pytest.approx(table[scenario.key][near].mean(), rel=1e-12)
    assert sum(part.mean for part in answer.parts.values()) == pytest.approx(values.mean(), rel=1e-12)
    assert answer.position_stated == (0.05, 0.10)  # article 003


def test_inputs_are_distributed_and_tied_as_the_tables_say(tmp_path: Path) -> None:
    count = 60_000
    simulate(count, seed=11, out=tmp_path / "draws.npy")
    table = np.load(tmp_path / "draws.npy")
    expected = {
        "equity_risk_premium": stats.triang(0.5, 0.043, 0.02),
        "smartphone_gross_margin_end": stats.norm(0.115, 0.015),
        "iot_growth_start": stats.truncnorm(-1.75, 2, 0.07, 0.04),
        "vehicle_wacc": stats.beta(1 + 4 * 0.015 / 0.035, 1 + 4 * 0.02 / 0.035, 0.105, 0.035),
        "demand_saturation": stats.lognorm(0.27, scale=1.6),
        "vehicle_price_change_start": stats.uniform(-0.06, 0.06),
    }
    for key, distribution in expected.items():
        assert stats.kstest(table[key], distribution.cdf).pvalue > 1e-4, key
    # Spearman's rank correlation of a Gaussian copula: 6 / pi arcsin(rho / 2), Kruskal (1958).
    rank = stats.spearmanr(table["equity_risk_premium"], table["vehicle_wacc"]).statistic
    assert rank == pytest.approx(6 / math.pi * math.asin(0.3), abs=4 / math.sqrt(count))


def test_one_seed_gives_one_answer_and_the_first_draws_stay() -> None:
    assert simulate(3_000, seed=7).summary() == simulate(3_000, seed=7).summary()
    assert simulate(3_000, seed=7).value != simulate(3_000, seed=8).value
    few = next(portions(12, 100, seed=7, method="random")).normals
    many = next(portions(12, 3 * PORTION, seed=7, method="random")).normals
    assert (many[:, :100] == few).all()


def test_sobol_points_agree_with_random_draws_and_err_less() -> None:
    random = simulate(20_000, seed=7)
    sobol = simulate(20_000, seed=7, method="sobol")
    assert sobol.draws == draws_made(20_000, "sobol") == 32_768
    assert abs(random.value.mean - sobol.value.mean) < 4 * random.value.error
    assert sobol.value.error < random.value.error / 5
    assert abs(random.above_price - sobol.above_price) < 4 * random.above_price_error


def test_the_spread_of_scramblings_is_the_error_of_their_mean() -> None:
    means = [simulate(1_000, seed=seed, method="sobol").value.mean for seed in range(24)]
    told = simulate(1_000, seed=0, method="sobol").value.error
    assert 0.4 < np.std(means, ddof=1) / told < 2.5


def test_draws_that_break_a_rule_are_counted_by_the_rule(folder: Path, tmp_path: Path) -> None:
    rewrite(
        folder,
        "vehicle_wacc,uniform,0.005,,0.12,,,assumption,why\n"
        "tax_rate,discrete,,,,,0.15: 0.9; 1.5: 0.1,assumption,why\n",
    )
    answer = simulate(5_000, seed=7, folder=folder, out=tmp_path / "draws.csv")
    rows = np.genfromtxt(tmp_path / "draws.csv", delimiter=",", names=True, deletechars="")
    low, taxed = rows["vehicle_wacc"] <= 0.015, rows["tax_rate"] > 1
    assert sorted(answer.broken.values()) == sorted([taxed.sum(), (low & ~taxed).sum()])
    assert "vehicle_wacc must exceed vehicle_terminal_growth" in answer.broken
    assert answer.draws - answer.valued == (low | taxed).sum()
    assert (np.isnan(rows["sotp.value_per_share"]) == (low | taxed)).all()
    assert answer.value.mean == pytest.approx(np.nanmean(rows["sotp.value_per_share"]), rel=1e-12)


def test_where_no_draw_keeps_the_rules_the_error_says_which(folder: Path) -> None:
    rewrite(folder, "tax_rate,discrete,,,,,1.5: 1,assumption,why\n")
    with pytest.raises(ValuationError, match=r"draws 100 must keep the rules .* tax_rate must be .*: 100"):
        simulate(100, folder=folder)


def test_an_input_with_one_outcome_has_no_shift(folder: Path) -> None:
    rewrite(folder, "tax_rate,discrete,,,,,0.15: 1,assumption,why\n")
    answer = simulate(10, folder=folder)
    assert answer.value.mean == pytest.approx(xa.value("base").sotp.value_per_share, rel=1e-12)
    assert [scenario.shift for scenario in answer.scenarios] == [None]


def test_a_share_worth_more_than_the_price_loses_nothing(folder: Path) -> None:
    rewrite(folder, "liquid_funds,uniform,900000,,1000000,,,assumption,why\n")
    answer = simulate(100, folder=folder)
    assert (answer.loss, answer.position, answer.above_price) == (None, None, 1.0)


def test_correlations_are_repaired_only_when_asked(folder: Path) -> None:
    rows = "".join(f"{key},uniform,,,,,,assumption,why\n" for key in ("tax_rate", "debt", "liquid_funds"))
    pairs = "tax_rate,debt,0.9,assumption,why\ndebt,liquid_funds,0.9,assumption,why\n"
    rewrite(folder, rows, f"{pairs}tax_rate,liquid_funds,-0.9,assumption,why\n")
    with pytest.raises(ValuationError, match=r"correlations\.csv -0\.8000 is the least eigenvalue"):
        simulate(10, folder=folder)
    answer = simulate(10, folder=folder, repair=True)
    assert {(one.key, one.other, one.stated) for one in answer.repaired} == {
        ("debt", "tax_rate", 0.9),
        ("liquid_funds", "tax_rate", -0.9),
        ("liquid_funds", "debt", 0.9),
    }


def test_contributions_name_every_input_and_add_to_the_variance() -> None:
    answer = simulate(1_000, seed=7, contributions=True)
    assert [one.key for one in answer.contributions] == [marginal.key for marginal in answer.marginals]
    assert math.fsum(one.shapley for one in answer.contributions) == pytest.approx(1, abs=1e-9)
    assert all(one.total > one.first_order - 4 * one.first_order_error for one in answer.contributions)


def test_ctrl_c_keeps_what_was_drawn_and_whole_files(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2 * PORTION:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    out = tmp_path / "draws.npy"
    answer = simulate(10 * PORTION, seed=7, progress=stop, out=out, contributions=True)
    assert (answer.interrupted, answer.draws, answer.asked) == (True, 2 * PORTION, 10 * PORTION)
    assert len(np.load(out)) == 2 * PORTION
    assert answer.value == simulate(2 * PORTION, seed=7).value
    assert signal.getsignal(signal.SIGINT) is before
    assert os.listdir(tmp_path) == ["draws.npy"]


def test_a_file_that_is_not_finished_is_not_there(tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError

    (tmp_path / "draws.npy").write_text("what was there")
    with pytest.raises(RuntimeError):
        simulate(10, out=tmp_path / "draws.npy", progress=fail)
    assert (tmp_path / "draws.npy").read_text() == "what was there"
    assert os.listdir(tmp_path) == ["draws.npy"]


def test_the_summary_is_json_and_the_frame_has_every_part() -> None:
    answer = simulate(1, seed=7)
    assert json.loads(json.dumps(answer.summary(), allow_nan=False))["draws"] == 1
    assert answer.to_frame()["line"].tolist() == ["value_per_share", *answer.parts]
    assert repr(answer).startswith("<Simulation of base: 1 draws")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"draws": 0}, "draws 0 must be at least 1"),
        ({"seed": -1}, "seed -1 must be at least 0"),
        ({"method": "halton"}, "method 'halton' must be one of random, sobol"),
        ({"loss": 0}, "loss 0 must be above 0 and below 1, a part of a portfolio"),
        ({"out": "draws.txt"}, "out draws.txt must be named .npy or .csv"),
        (
            {"out": "nowhere/draws.npy"},
            "out nowhere/draws.npy must be a place for a file: No such file or directory",
        ),
    ],
)
def test_bad_input_is_one_sentence(options, expected) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValuationError) as raised:
        simulate(**{"draws": 10, **options})
    assert str(raised.value) == expected


def test_a_company_without_distributions_is_told_so(folder: Path) -> None:
    (folder / "inputs" / "correlations.csv").unlink()
    (folder / "inputs" / "distributions.csv").unlink()
    with pytest.raises(ValuationError) as raised:
        simulate(10, folder=folder)
    assert str(raised.value) == (
        "table 'distributions.csv' must be in inputs/ to say how inputs are distributed"
    )


def test_memory_does_not_grow_with_the_draws() -> None:
    # VmHWM and not `ru_maxrss`, which in a started program begins at what its parent used, on Linux.
    code = (
        "import re, pathlib, xlwings_addin as xa\n"
        "status = pathlib.Path('/proc/self/status')\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1]) // 1024\n"
        "xa.simulate(50_000); few = peak(); xa.simulate(400_000); print(few, peak())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    few, many = map(int, done.stdout.split())
    assert many < 400
    assert many - few < 25


def test_draws_of_this_process_ask_for_no_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> dict[str, str]:
        raise AssertionError("nobody else draws")

    monkeypatch.setattr("xlwings_addin.analytics.simulation.versions", refuse)
    assert xa.simulate(1_000, case="base").draws == 1_000
    with pytest.raises(AssertionError, match="nobody else draws"):
        xa.simulate(1_000, case="base", cluster="threads:2")
