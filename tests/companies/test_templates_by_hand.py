"""Users and revenue of one, and a venture in stages, against loops that share nothing with either half."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

import xlwings_addin as xa
from tests.companies.test_new_company import filled
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.valuation.draws import evaluate_many
from xlwings_addin.valuation.xiaomi import Results, evaluate


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return load_inputs("base", filled(tmp_path_factory.mktemp("templates") / "acme"))


@pytest.fixture(scope="module")
def results(inputs: Inputs) -> Results:
    return evaluate(inputs)


def test_users_grow_and_so_does_what_one_brings(results: Results) -> None:
    users, spending = 120.0, 4 * 400 / 120
    member = next(one for one in results.model.segments["operations"].members if one.key == "web")  # type: ignore[attr-defined]
    expected = [users * spending]
    for year in range(10):
        users *= 1 + 0.08 + (0.04 - 0.08) * year / 9
        spending *= 1 + 0.05 + (0.04 - 0.05) * year / 9
        expected.append(users * spending)
    assert member.revenue.ravel().tolist() == pytest.approx(expected, rel=1e-12)
    assert member.users[0, 0] * member.revenue_per_user[0, 0] == pytest.approx(1600, rel=1e-12)


STAGES = ((2, 500.0, 0.5), (1, 1500.0, 0.6), (3, 4000.0, 0.8))
"""Years, spending a year, probability; the third of four has no years and is left out."""
SUCCESS, RATE = 60000.0, 0.12


def outcomes(*, may_stop: bool, success: float = SUCCESS) -> float:
    """The mean over every way the stages may end, year by year, money in the middle of a year."""
    worth = 0.0
    for ends in product((True, False), repeat=len(STAGES)):
        chance, flows, year, alive = 1.0, 0.0, 0, True
        for succeeds, (length, spending, probability) in zip(ends, STAGES, strict=True):
            chance *= probability if succeeds else 1 - probability
            for _ in range(length):
                year += 1
                if alive or not may_stop:
                    flows -= spending / (1 + RATE) ** (year - 0.5)
            alive = alive and succeeds
        flows += success / (1 + RATE) ** year if alive else 0.0
        worth += chance * flows
    return worth


def test_a_venture_is_worth_the_mean_of_all_its_ends(results: Results) -> None:
    venture = results.robots
    assert venture.chance == pytest.approx(0.5 * 0.6 * 0.8, rel=1e-12)
    assert venture.years_to_success == 6
    assert venture.stopping_value == pytest.approx(outcomes(may_stop=True), rel=1e-12)
    assert venture.committed_value == pytest.approx(outcomes(may_stop=False), rel=1e-12)
    assert venture.right_to_stop > 0
    assert results.sotp.robots.value == venture.stopping_value


def test_who_is_committed_has_the_value_without_the_right(inputs: Inputs) -> None:
    committed = evaluate(inputs.replace(robots_stopping="committed"))
    assert committed.sotp.robots.value == pytest.approx(outcomes(may_stop=False), rel=1e-12)


def test_a_stage_that_does_not_pay_is_not_begun(inputs: Inputs) -> None:
    poor = evaluate(inputs.replace(robots_success_value=5000.0)).robots
    # The last stage costs more than it promises, so no stage before it is begun either.
    assert (poor.stage_4_worth, poor.stopping_value) == (0, 0)
    assert poor.committed_value == pytest.approx(outcomes(may_stop=False, success=5000.0), rel=1e-12)
    assert poor.right_to_stop == -poor.committed_value


def test_flows_at_the_end_of_a_year_cost_less(inputs: Inputs) -> None:
    late = evaluate(inputs.replace(timing="end")).robots
    early = evaluate(inputs.replace(timing="mid")).robots
    assert late.stage_1_cost == pytest.approx(500 / 1.12 + 500 / 1.12**2, rel=1e-12)
    assert early.stage_1_cost == pytest.approx(late.stage_1_cost * 1.12**0.5, rel=1e-12)


def test_many_draws_are_worth_what_each_is_alone(inputs: Inputs) -> None:
    worth, odds = np.array([2e3, 2e4, 9e4]), np.array([0.1, 0.5, 0.9])
    draws = {"robots_success_value": worth, "robots_stage_2_probability": odds}
    drawn = evaluate_many(inputs, draws, lines=["robots.stopping_value", "robots.committed_value"])
    alone = [
        evaluate(inputs.replace(robots_success_value=value, robots_stage_2_probability=chance)).robots
        for value, chance in zip(worth.tolist(), odds.tolist(), strict=True)
    ]
    assert drawn["robots.stopping_value"].tolist() == [one.stopping_value for one in alone]
    assert drawn["robots.committed_value"].tolist() == [one.committed_value for one in alone]
    assert alone[0].stopping_value == 0 < alone[2].stopping_value


def test_a_history_without_a_year_is_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = filled(tmp_path / "acme")
    table = folder / "inputs" / "history.csv"
    rows = [row for row in table.read_text(encoding="utf-8").splitlines() if ",FY20" not in row]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^revenue 'no year' must have a row of a fiscal year"):
        xa.build(tmp_path / "book.xlsx", folder=folder)
    assert not (tmp_path / "book.xlsx").exists()


@pytest.fixture(scope="module")
def xiaomi() -> Inputs:
    return load_inputs("bull")


BY_STAGE = {
    "new_initiatives_method": "stages",
    "new_initiatives_discount_rate": RATE,
    "new_initiatives_success_value": SUCCESS,
    "timing": "mid",
} | {
    f"new_initiatives_stage_{number}_{what}": value
    for number, stage in zip((1, 2, 4), STAGES, strict=True)
    for what, value in zip(("years", "spending", "probability"), stage, strict=True)
}


@pytest.mark.parametrize("may_stop", [True, False])
def test_new_initiatives_of_xiaomi_may_be_valued_by_stage(xiaomi: Inputs, may_stop: bool) -> None:
    stopping = "may_stop" if may_stop else "committed"
    results = evaluate(xiaomi.replace(**BY_STAGE, new_initiatives_stopping=stopping))
    assert results.sotp.new_initiatives.value == pytest.approx(outcomes(may_stop=may_stop), rel=1e-12)


def test_a_typed_value_of_new_initiatives_stays_what_it_was(xiaomi: Inputs) -> None:
    typed = evaluate(xiaomi)
    assert typed.sotp.new_initiatives.value == 50_000.0
    no_stages = {"new_initiatives_method": "stages", "new_initiatives_success_value": 50_000.0}
    staged = evaluate(xiaomi.replace(**no_stages))
    assert staged.sotp.value_per_share == typed.sotp.value_per_share


def test_nothing_of_new_initiatives_counts_in_base() -> None:
    base = xa.value("base")
    assert base.inputs["new_initiatives_method"] == "stated"
    assert base.sotp.new_initiatives.value == base.venture.enterprise_value == 0.0
