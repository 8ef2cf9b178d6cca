"""Which conventions reproduce printed figures: a set whose figures are printed is found again."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.valuation.xiaomi import evaluate

HEADER = "figure,printed,unit,half_width\n"
ARTICLE = Path(__file__).parents[2] / "docs" / "published" / "article_004.csv"
VARY = {"vehicle_terminal_growth": [0.02, 0.03, 0.04, 0.05], "diluted_shares": [24950, 25000, 25060, 25330]}


def written(folder: Path, *rows: str) -> Path:
    path = folder / "figures.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("seed", range(12))
def test_figures_printed_from_a_set_are_found_again(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    chosen = {
        "timing": draw.choice(["end", "mid"]),
        "terminal_form": draw.choice(["flat", "grown"]),
        "tax_rate": draw.choice([0.0, 0.15, 0.25]),
        "net_cash_definition": draw.choice(["strict", "company"]),
        "share_basis": draw.choice(["diluted", "treasury_stock"]),
        "devices_wacc_basis": draw.choice(["printed", "computed"]),
    }
    sums = evaluate(load_inputs("march_2024_replica").replace(**chosen)).sotp
    path = written(
        tmp_path,
        f"sotp.value_per_share,{sums.value_per_share:.2f},HKD,",
        f"sotp.vehicle.usd,{sums.vehicle.usd:.0f},USD m,",
    )
    answer = xa.replicate(path)
    labels = {**chosen, "tax_rate": f"{chosen['tax_rate']:.0%}"}
    assert any(labels.items() <= one.options.items() for one in answer.sets)


def test_the_replica_is_the_nearest_set_of_article_004() -> None:
    answer = xa.replicate(ARTICLE, vary=VARY)
    # 4.91 HKD, 0.63 USD and 16 USD bn as printed; the recommended replica has year-end flows, F/(r-g), no tax
    assert (len(answer.sets), answer.valued) == (5, 3456)
    assert set(answer.idle) == {"net_cash_definition", "devices_wacc_basis"}
    assert answer.possible["terminal_form"] == ("flat",)
    assert {"timing", "tax_rate", "ramp_start", "vehicle_terminal_growth"} <= set(answer.undetermined)
    replica = {"timing": "end", "first_period": "none, whole", "tax_rate": "0%", "ramp_start": "0 in 2024"}
    assert any(replica.items() <= one.options.items() for one in answer.sets)


def test_several_dozen_sets_come_within_one_percent(tmp_path: Path) -> None:
    path = written(tmp_path, "sotp.vehicle.per_share,4.91,HKD,0.0491", "sotp.vehicle.usd / 1000,16,USD bn,")
    assert 24 <= len(xa.replicate(path, vary=VARY).sets) <= 200


def test_figures_nothing_reproduces_are_one_sentence_with_the_nearest_set(tmp_path: Path) -> None:
    answer = xa.replicate(written(tmp_path, "sotp.vehicle.per_share,49.1,HKD,"))
    assert answer.sets == ()
    assert answer.sentence.startswith("none of ")
    assert "nearest is timing mid" in answer.sentence
    assert answer.sentence.endswith("printed 49.1")
    json.dumps(answer.summary())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("sotp.vehicle.per_share,about five,HKD,", "line 2 printed 'about five' must be a number"),
        ("sotp.vehicle.per_share,4.91,HKD,0", "half_width .* must be above 0"),
        ("sotp.vehicle.per_shares,4.91,HKD,", "nearest: sotp.vehicle.per_share"),
    ],
)
def test_a_bad_figure_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises((InputError, DomainError, ValueError), match=message):
        xa.replicate(written(tmp_path, row))


def test_no_file_no_rows_and_too_many_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv"):
        xa.replicate(tmp_path / "none.csv")
    with pytest.raises(InputError, match="must have a row"):
        xa.replicate(written(tmp_path))
    many = {"vehicle_wacc": [0.1 + number / 1e4 for number in range(400)]}
    with pytest.raises(DomainError, match="more sets of conventions than 200,000"):
        xa.replicate(ARTICLE, vary=many)
