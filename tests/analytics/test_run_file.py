"""A run file and the cells that read it, against the draws of the same simulation."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import udfs
import xlwings_addin as xa
from xlwings_addin.core.errors import DomainError, InputError, ValuationError
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.run_file import read_run

DRAWS = 5_000


@pytest.fixture(scope="module")
def folder_of_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    xa.simulate(DRAWS, seed=7, save=folder / "base.json", out=folder / "draws.npy", case="base")
    return folder


@pytest.fixture
def run(folder_of_run: Path) -> str:
    return str(folder_of_run / "base.json")


@pytest.fixture(scope="module")
def values(folder_of_run: Path) -> np.ndarray:
    return np.load(folder_of_run / "draws.npy")["sotp.value_per_share"]


def test_a_quantile_in_a_cell_is_that_of_the_draws(run: str, values: np.ndarray) -> None:
    for probability in (0.001, 0.05, 0.5, 0.95, 0.999, 0.0, 1.0):
        expected = np.quantile(values, probability, method="inverted_cdf")
        assert udfs.SIMULATION_QUANTILE(run, probability) == expected
    for probability in (0.0004, 0.05033, 0.77777, 0.99999):
        expected = np.quantile(values, probability, method="inverted_cdf")
        assert udfs.SIMULATION_QUANTILE(run, probability) == pytest.approx(expected, rel=0.5**11)


def test_quantiles_never_fall_as_the_probability_rises(run: str) -> None:
    read = read_run(run)
    quantiles = [read.quantile(probability) for probability in np.linspace(0, 1, 3_001)]
    assert all(one <= other for one, other in pairwise(quantiles))


def test_a_probability_in_a_cell_is_that_of_the_draws(run: str, values: np.ndarray) -> None:
    assert udfs.SIMULATION_PROBABILITY(run, 38.86) == np.mean(values > 38.86)  # the price of the case
    for value in (20.0, 31.4, 40.0, 55.5):
        most, least = np.mean(values > value * (1 - 0.5**10)), np.mean(values > value * (1 + 0.5**10))
        assert least <= udfs.SIMULATION_PROBABILITY(run, value) <= most
    assert udfs.SIMULATION_PROBABILITY(run, values.min() * 0.99) == 1
    assert udfs.SIMULATION_PROBABILITY(run, values.max() * 1.01) == 0


def test_a_file_says_what_it_is_of_and_all_that_is_printed(run: str, values: np.ndarray) -> None:
    content = json.loads(Path(run).read_text(encoding="utf-8"))
    assert content["simulation"] == json.loads(json.dumps(xa.simulate(DRAWS, seed=7, case="base").summary()))
    assert {"company", "case", "valuation_date", "inputs_hash", "seed"} <= set(content["simulation"])
    assert sum(number for *_, number in content["buckets"]) == DRAWS
    lower, upper, number = content["buckets"][len(content["buckets"]) // 2]
    assert number == np.count_nonzero((values >= lower) & (values < upper))


def test_the_model_of_a_run_is_checked_where_it_is_named(run: str) -> None:
    for model in ("xiaomi", "Xiaomi/base"):
        assert udfs.SIMULATION_QUANTILE(run, 0.5, model) == udfs.SIMULATION_QUANTILE(run, 0.5)
    with pytest.raises(InputError) as raised:
        udfs.SIMULATION_PROBABILITY(run, 30, "xiaomi/bear")
    assert str(raised.value) == (
        "model xiaomi/bear must be the model of the run file, xiaomi/base of 2025-11-19"
    )
    assert callbacks()["SIMULATION_QUANTILE"](run, 0.5, "acme") == "#N/A"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "must be a run file; none is at "),
        ("a,b\n1,2\n", "must be a run file, as `simulate --save` writes it"),
        ('{"format": "another"}', "must be a run file, as `simulate --save` writes it"),
        ('{"format": "xiaomi-model simulation", "version": 2}', "is a run file of version 2; this program"),
        ('{"format": "xiaomi-model simulation", "version": 1}', "is a damaged run file: run the simulation"),
    ],
)
def test_what_is_no_run_file_is_refused_in_one_sentence(
    tmp_path: Path, content: str | None, rule: str
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rule):
        udfs.SIMULATION_QUANTILE(str(tmp_path / "run.json"), 0.5)


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="must be a path of printable characters"):
        udfs.SIMULATION_QUANTILE("run\0.json", 0.5)


@pytest.mark.parametrize("change", ["quantiles", "buckets", "valued"])
def test_a_damaged_run_file_is_never_read(run: str, tmp_path: Path, change: str) -> None:
    content = json.loads(Path(run).read_text(encoding="utf-8"))
    if change == "valued":
        content["simulation"]["valued"] += 1
    else:
        content[change] = content[change][::-1]
    (tmp_path / "run.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        read_run(str(tmp_path / "run.json"))


def test_a_probability_outside_its_range_is_refused(run: str) -> None:
    with pytest.raises(DomainError, match=r"probability 5\.0 must lie from 0 to 1"):
        udfs.SIMULATION_QUANTILE(run, 5)


def test_a_folder_of_runs_is_the_only_place_that_is_read(
    folder_of_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIAOMI_MODEL_RUNS", str(folder_of_run))
    assert udfs.SIMULATION_QUANTILE("base.json", 1) > 0
    for name in ("../secret.json", "/etc/passwd"):
        with pytest.raises(InputError, match="must be in the folder that XIAOMI_MODEL_RUNS names"):
            udfs.SIMULATION_QUANTILE(name, 0.5)
    for name in ("//server/share/run.json", r"\\server\share\run.json", "https://a.example/run.json"):
        with pytest.raises(InputError, match="must be on this machine"):
            udfs.SIMULATION_QUANTILE(name, 0.5)


def test_a_place_that_takes_no_run_file_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere" / "run.json"):
        with pytest.raises(InputError, match=r"save .* must be a place for a file"):
            xa.simulate(10, save=place, progress=lambda done, total: pytest.fail("something was drawn"))


def test_a_run_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError

    (tmp_path / "run.json").write_text("what was there")
    with pytest.raises(RuntimeError):
        xa.simulate(10, save=tmp_path / "run.json", progress=fail)
    assert (tmp_path / "run.json").read_text() == "what was there"
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_run_without_workers_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValuationError, match="cluster threads:0 must name 1 to 1024 workers"):
        xa.simulate(10, save=tmp_path / "run.json", cluster="threads:0")
    assert not os.listdir(tmp_path)
