"""The value bridge: Shapley values against the literature, their axioms, and the model's own mixes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlwings_addin.core.errors import ChoiceError, DomainError
from xlwings_addin.model.bridge import (
    FEW,
    HISTORY,
    Bridge,
    bridge,
    changes_between,
    sampled_shapley,
    shapley,
)
from xlwings_addin.model.inputs import Inputs
from xlwings_addin.model.xiaomi import evaluate

ROUNDING = 1e-12
Coalition = frozenset[Hashable]


# --- Shapley values against the literature ------------------------------------------------------------


def test_the_glove_game_has_its_known_parts() -> None:
    # Two left gloves, one right; a pair is worth 1. The value is (1/6, 1/6, 4/6): of the six orders the
    # right glove completes the pair in four, each left one in one.
    parts = shapley(lambda made: min(len(made & {1, 2}), len(made & {3})), [1, 2, 3])
    assert parts == pytest.approx({1: 1 / 6, 2: 1 / 6, 3: 2 / 3}, abs=ROUNDING)


def test_the_security_council_has_its_published_power() -> None:
    # Shapley and Shubik, A Method for Evaluating the Distribution of Power in a Committee System, American
    # Political Science Review 48 (1954), 787-792: of eleven members the five with a veto hold 98.7% of the
    # power; a motion needs seven votes. A small member is pivotal as the seventh, behind all five and one
    # other of six: 5 * 6! * 4! / 11! = 1/462.
    permanent, small = {f"p{n}" for n in range(5)}, {f"s{n}" for n in range(6)}

    def carried(voters: Coalition) -> float:
        return float(permanent <= voters and len(voters) >= 7)

    power = shapley(carried, sorted(permanent | small))
    assert round(sum(power[each] for each in permanent), 3) == 0.987
    assert {each: power[each] for each in small} == pytest.approx(dict.fromkeys(small, 1 / 462), rel=1e-12)


def test_the_airport_game_shares_each_stretch_among_those_who_need_it() -> None:
    # Littlechild and Owen, A Simple Expression for the Shapley Value in a Special Case, Management Science 20
    # (1973), 370-372: the part of type k is the sum over the types i up to k of (cost_i - cost_{i-1}) / r_i,
    # r_i being how many need the runway of type i.
    cost = {"small": 8.0, "medium": 11.0, "large": 13.0, "jumbo": 18.0}
    parts = shapley(lambda made: max((cost[str(each)] for each in made), default=0.0), list(cost))
    small, medium, large = 8 / 4, 8 / 4 + 3 / 3, 8 / 4 + 3 / 3 + 2 / 2
    published = {"small": small, "medium": medium, "large": large, "jumbo": large + 5}
    assert parts == pytest.approx(published, abs=ROUNDING)


def test_every_coalition_is_asked_once() -> None:
    asked: list[Coalition] = []
    shapley(lambda made: asked.append(made) or 0.0, "abcde")  # type: ignore[func-returns-value]
    assert len(asked) == len(set(asked)) == 2**5


# --- the axioms ---------------------------------------------------------------------------------------

PLAYERS = "abcd"
COALITIONS = [frozenset(some) for size in range(5) for some in combinations(PLAYERS, size)]
figures = st.floats(-1e6, 1e6, allow_subnormal=False)
games = st.fixed_dictionaries(dict.fromkeys(COALITIONS, figures))
Game = Mapping[frozenset[str], float]


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(games)
def test_efficiency_the_parts_sum_to_the_whole(game: Game) -> None:
    whole = game[frozenset(PLAYERS)] - game[frozenset()]
    assert math.fsum(shapley(game.__getitem__, PLAYERS).values()) == near(whole)
    sampled = sampled_shapley(game.__getitem__, PLAYERS, samples=2)
    assert math.fsum(each.part for each in sampled.values()) == near(whole)


@settings(deadline=None)
@given(games)
def test_symmetry_players_who_add_alike_have_equal_parts(game: Game) -> None:
    exchange = str.maketrans("ab", "ba")
    alike = {
        made: (game[made] + game[frozenset("".join(made).translate(exchange))]) / 2 for made in COALITIONS
    }
    parts = shapley(alike.__getitem__, PLAYERS)
    assert parts["a"] == near(parts["b"])


@settings(deadline=None)
@given(games)
def test_a_player_who_adds_nothing_has_nothing(game: Game) -> None:
    parts = shapley(lambda made: game[made - {"d"}], PLAYERS)
    assert parts["d"] == 0
    others = shapley(game.__getitem__, PLAYERS[:3])
    assert {name: parts[name] for name in others} == {name: near(part) for name, part in others.items()}


@settings(deadline=None)
@given(games, games)
def test_additivity_the_parts_of_a_sum_are_the_sums_of_the_parts(one: Game, other: Game) -> None:
    parts = shapley(lambda made: one[made] + other[made], PLAYERS)
    first, second = shapley(one.__getitem__, PLAYERS), shapley(other.__getitem__, PLAYERS)
    assert parts == {name: near(first[name] + second[name]) for name in PLAYERS}


@settings(deadline=None)
@given(games, st.permutations(PLAYERS))
def test_the_order_of_the_players_does_not_matter(game: Game, order: list[str]) -> None:
    assert shapley(game.__getitem__, order) == shapley(game.__getitem__, PLAYERS)


# --- sampling -----------------------------------------------------------------------------------------


def test_sampled_parts_are_near_the_exact_ones_by_their_own_error() -> None:
    def carried(voters: Coalition) -> float:
        weight = sum(int(str(each)) for each in voters)
        return float(weight >= 20) * weight

    players = [str(n) for n in range(1, 9)]
    exact = shapley(carried, players)
    sampled = sampled_shapley(carried, players, samples=400, seed=7)
    assert all(each.error > 0 for each in sampled.values())
    distances = [abs(sampled[each].part - exact[each]) / sampled[each].error for each in players]
    assert max(distances) < 4
    assert min(distances) > 0


def test_the_standard_error_falls_with_the_root_of_the_sample() -> None:
    def pairs(made: Coalition) -> float:
        return min(len(made & {1, 2}), len(made & {3}))

    few, many = (sampled_shapley(pairs, [1, 2, 3], samples=n, seed=1)[3].error for n in (100, 10_000))
    assert few / many == pytest.approx(10, rel=0.2)


def test_one_seed_draws_one_sample() -> None:
    def pairs(made: Coalition) -> float:
        return min(len(made & {1, 2}), len(made & {3}))

    one, same, other = (sampled_shapley(pairs, [1, 2, 3], samples=5, seed=n) for n in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize("wrong", [{"samples": 1}, {"seed": -1}])
def test_a_sample_that_cannot_be_drawn_is_refused(base: Inputs, wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(DomainError, match=rf"^{name} -?1 must be at least"):
        sampled_shapley(len, "ab", **wrong)
    with pytest.raises(DomainError, match=rf"^{name} -?1 must be at least"):
        bridge(base, base, **wrong)  # type: ignore[arg-type]


# --- the bridge ---------------------------------------------------------------------------------------


def parts(found: Bridge) -> dict[str, float]:
    return {driver.label: driver.part for driver in found.drivers}


def total(found: Bridge) -> float:
    return math.fsum(driver.part for driver in found.drivers)


def per_share(inputs: Inputs) -> float:
    return evaluate(inputs).sotp.value_per_share


def test_two_drivers_split_as_a_pocket_calculator_splits_them(base: Inputs) -> None:
    # value = equity * hkd_per_usd / (cny_per_usd * shares). Of a product each factor's part is its own change
    # at the mean of the other factor: (h1 - h0) * (1/n0 + 1/n1) / 2 and (1/n1 - 1/n0) * (h0 + h1) / 2.
    base = base.replace(share_basis="diluted")
    after = base.replace(hkd_per_usd=8.0, diluted_shares=27_000.0)
    usd = evaluate(base).sotp.equity.value / base.number("cny_per_usd")
    h0, h1 = base.number("hkd_per_usd"), 8.0
    n0, n1 = base.number("diluted_shares"), 27_000.0
    assert parts(bridge(base, after)) == pytest.approx(
        {
            "HKD per USD": usd * (h1 - h0) * (1 / n0 + 1 / n1) / 2,
            "Diluted shares": usd * (1 / n1 - 1 / n0) * (h0 + h1) / 2,
        },
        rel=1e-12,
    )


def test_a_single_driver_has_the_whole_change(base: Inputs) -> None:
    after = base.replace(tax_rate=0.2)
    found = bridge(base, after)
    assert found.before == per_share(base)
    assert found.after == per_share(after)
    assert parts(found) == {"Tax rate": found.change}
    assert found.evaluations == 2


def test_nothing_changed_is_no_driver(base: Inputs) -> None:
    found = bridge(base, base.replace())
    assert (found.change, found.drivers, found.evaluations) == (0.0, (), 1)


def test_what_the_valuation_never_reads_costs_no_valuation(base: Inputs) -> None:
    after = base.replace(case_title="Mine", probability=0.1, tax_rate=0.2, risk_free=0.03)
    found = bridge(base, after)
    assert found.evaluations == 4
    assert parts(found)["Case"] == parts(found)["Probability"] == 0.0


KEYS = ("risk_free", "tax_rate", "vehicle_wacc", "holding_discount", "demand_saturation", "hkd_per_usd")


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0.8, 1.2), min_size=1, max_size=4))
def test_parts_sum_to_the_change_and_turn_sign_with_the_direction(
    cases: Mapping[str, Inputs], factors: dict[str, float]
) -> None:
    base = cases["base"]
    after = base.replace(**{key: base.number(key) * factor for key, factor in factors.items()})
    there, back = bridge(base, after), bridge(after, base)
    assert total(there) == pytest.approx(there.change, abs=ROUNDING)
    assert parts(back) == {label: -part for label, part in parts(there).items()}
    assert (back.before, back.after) == (there.after, there.before)


@pytest.mark.parametrize("case", ["bull", "bear", "march_2024_replica", "march_2024_strict"])
def test_from_case_to_case_the_parts_sum_and_turn_sign(cases: Mapping[str, Inputs], case: str) -> None:
    there, back = bridge(cases["base"], cases[case]), bridge(cases[case], cases["base"])
    assert (there.before, there.after) == (per_share(cases["base"]), per_share(cases[case]))
    assert total(there) == pytest.approx(there.change, abs=ROUNDING)
    assert parts(back) == {label: -part for label, part in parts(there).items()}
    assert there.samples == 0
    changed = sum(len(driver.changes) for driver in there.drivers)
    assert changed == len(changes_between(cases["base"], cases[case])) >= FEW


def test_drivers_are_inputs_while_few_and_sections_from_a_dozen_on(cases: Mapping[str, Inputs]) -> None:
    base, bull = cases["base"], cases["bull"]
    changed = [each.key for each in changes_between(base, bull)]
    few = {key: bull[key] for key in changed[: FEW - 1]}
    assert len(bridge(base, base.replace(**few)).drivers) == FEW - 1
    many = bridge(base, base.replace(**{key: bull[key] for key in changed[:FEW]}))
    assert {"Core segments", "Vehicle units"} < set(parts(many)) <= {"Case", "Core segments", "Vehicle units"}
    assert set(parts(bridge(base, base.replace(risk_free=0.03), by="section"))) == {"Cost of capital"}
    assert len(bridge(base, bull, by="input", exact_up_to=0, samples=2).drivers) == len(changed)


def test_the_part_of_a_section_is_that_of_its_inputs_where_sections_do_not_interact(
    cases: Mapping[str, Inputs],
) -> None:
    # Core and vehicles are added: what their inputs do together within a section is the section's part.
    base = cases["base"]
    after = base.replace(iot_growth_start=0.2, internet_growth_start=0.2, vehicle_wacc=0.2)
    single, whole = parts(bridge(base, after)), parts(bridge(base, after, by="section"))
    vehicles = single["Vehicle WACC"]
    assert whole["Core segments"] == pytest.approx(sum(single.values()) - vehicles, abs=ROUNDING)


# --- the history --------------------------------------------------------------------------------------


def with_figures(inputs: Inputs, figures: Mapping[tuple[str, str], float | None]) -> Inputs:
    return replace(inputs, tables=inputs.tables.replace(figures)).replace()


def test_a_changed_figure_of_the_history_is_a_driver_by_its_key(cases: Mapping[str, Inputs]) -> None:
    before = cases["march_2024_replica"]
    after = with_figures(
        before,
        {
            ("free_cash_flow", "FY2023"): 40_000.0,
            ("free_cash_flow", "FY2022"): -9_000.0,
            ("vehicle_deliveries", "2024Q3"): None,
        },
    )
    found = bridge(before, after.replace(vehicle_wacc=0.13))
    assert set(parts(found)) == {"Free cash flow, 2 periods", "Vehicle deliveries 2024Q3", "Vehicle WACC"}
    assert total(found) == pytest.approx(found.change, abs=ROUNDING)
    assert parts(found)["Vehicle deliveries 2024Q3"] == 0.0
    flow = next(driver for driver in found.drivers if driver.label.startswith("Free"))
    assert [(each.period, each.before, each.after) for each in flow.changes] == [
        ("FY2022", -10_190.0, -9_000.0),
        ("FY2023", 35_030.0, 40_000.0),
    ]
    # An average that vehicles have no share in: the flows' part is what they change alone.
    assert flow.part == pytest.approx(per_share(after) - per_share(before), abs=ROUNDING)
    assert set(parts(bridge(before, after, by="section"))) == {HISTORY}


def test_a_figure_that_both_tables_state_alike_is_no_change(base: Inputs) -> None:
    row = base.tables.row("free_cash_flow", "FY2023")
    assert changes_between(base, with_figures(base, {("free_cash_flow", "FY2023"): row.number})) == ()


def test_a_figure_blanked_from_the_quarters_is_valued_both_ways(base: Inputs) -> None:
    after = with_figures(base, {("vehicle_deliveries", "2025Q1"): 80_000.0, ("revenue_iot", "2025Q1"): 1e4})
    there, back = bridge(base, after), bridge(after, base)
    assert there.change != 0
    assert parts(back) == {label: -part for label, part in parts(there).items()}


# --- mixes that break a rule --------------------------------------------------------------------------


def test_drivers_that_cannot_be_mixed_become_one_and_say_why(base: Inputs) -> None:
    low = base.replace(vehicle_wacc=0.05, vehicle_terminal_growth=0.01)
    high = base.replace(vehicle_wacc=0.13, vehicle_terminal_growth=0.055, tax_rate=0.2)
    there, back = bridge(low, high), bridge(high, low)
    joined = next(driver for driver in there.drivers if driver.joined)
    assert {each.key for each in joined.changes} == {"vehicle_wacc", "vehicle_terminal_growth"}
    assert joined.joined == ("vehicle_wacc 5.00% must exceed vehicle_terminal_growth 5.50%",)
    assert len(there.drivers) == 2
    assert total(there) == pytest.approx(there.change, abs=ROUNDING)
    assert parts(back) == {label: -part for label, part in parts(there).items()}


def test_a_rule_over_three_inputs_joins_only_what_it_must(base: Inputs) -> None:
    # The computed core WACC is above the new growth with either the new risk-free rate or the new premium.
    base = base.replace(core_wacc_basis="computed", risk_free=0.02, equity_risk_premium=0.03, raw_beta=0.8)
    wacc = evaluate(base).capital.core_wacc
    after = base.replace(risk_free=0.06, equity_risk_premium=0.07, core_terminal_growth=wacc + 0.005)
    found = bridge(base, after)
    sizes = sorted(len(driver.changes) for driver in found.drivers)
    assert sizes == [1, 2]
    joined = next(driver for driver in found.drivers if driver.joined)
    assert "core_terminal_growth" in {each.key for each in joined.changes}
    assert total(found) == pytest.approx(found.change, abs=ROUNDING)


def test_methods_that_need_the_quarters_of_their_year_move_together_and_nothing_else_does(
    cases: Mapping[str, Inputs],
) -> None:
    # Even where few orders are drawn, of the 44 inputs that differ only those that a rule binds are joined.
    found = bridge(cases["march_2024_replica"], cases["base"], by="input", samples=2)
    (joined,) = (driver for driver in found.drivers if driver.joined)
    assert {each.key for each in joined.changes} == {
        "valuation_date",
        "base_year",
        "core_method",
        "vehicle_method",
    }
    assert any("must be from" in rule for rule in joined.joined)
    assert any("needs 3 reported quarters" in rule for rule in joined.joined)
    assert total(found) == pytest.approx(found.change, abs=ROUNDING)


def test_a_rule_that_only_the_core_knows_joins_drivers_too(
    base: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strict(inputs: Inputs) -> object:
        if inputs.number("tax_rate") > inputs.number("raw_beta") * 0.2:
            raise DomainError("tax_rate", inputs.number("tax_rate"), "must not exceed a fifth of raw_beta")
        return evaluate(inputs)

    before = base.replace(tax_rate=0.15, raw_beta=0.8)
    after = before.replace(tax_rate=0.2, raw_beta=1.1, risk_free=0.02, demand_saturation=2.0)
    free = bridge(before, after)
    monkeypatch.setattr("xlwings_addin.model.bridge.evaluate", strict)
    there, back = bridge(before, after), bridge(after, before)
    (joined,) = (driver for driver in there.drivers if driver.joined)
    assert {each.key for each in joined.changes} == {"tax_rate", "raw_beta"}
    assert joined.joined == ("tax_rate 0.2 must not exceed a fifth of raw_beta",)
    assert (len(free.drivers), len(there.drivers)) == (4, 3)
    assert parts(back) == {label: -part for label, part in parts(there).items()}


def test_inputs_that_break_a_rule_on_their_own_are_an_error(base: Inputs) -> None:
    broken = replace(base, values={**base.values, "vehicle_wacc": 0.0})
    for pair in ((base, broken), (broken, base)):
        with pytest.raises(DomainError, match=r"vehicle_wacc 0.00% must"):
            bridge(*pair)


# --- beyond a dozen -----------------------------------------------------------------------------------


def test_beyond_the_limit_parts_are_sampled_with_an_error_and_still_sum(cases: Mapping[str, Inputs]) -> None:
    base, bull = cases["base"], cases["bull"]
    exact = bridge(base, bull)
    sampled = bridge(base, bull, exact_up_to=2, samples=6)
    assert (exact.samples, sampled.samples) == (0, 6)
    assert total(sampled) == pytest.approx(sampled.change, abs=ROUNDING)
    # These sections are added, not multiplied: every order gives the exact parts.
    assert parts(sampled) == pytest.approx(parts(exact), abs=1e-9)
    single = bridge(base, bull, by="input", exact_up_to=2, samples=6)
    assert any(driver.error > 1e-4 for driver in single.drivers)
    assert total(single) == pytest.approx(single.change, abs=ROUNDING)
    back = bridge(bull, base, by="input", exact_up_to=2, samples=6)
    assert parts(back) == {label: -part for label, part in parts(single).items()}


def test_progress_counts_the_mixes(base: Inputs) -> None:
    told: list[tuple[int, int]] = []
    after = base.replace(tax_rate=0.2, risk_free=0.03, hkd_per_usd=8.0)
    bridge(base, after, progress=lambda done, of: told.append((done, of)))
    assert told == [(done, 8) for done in range(1, 9)]


def test_a_bridge_is_plain_data(cases: Mapping[str, Inputs]) -> None:
    import json

    found = bridge(cases["base"], cases["march_2024_replica"])
    data = json.loads(json.dumps(found.as_dict()))
    assert data["exact"] is True
    assert data["unit"] == "HKD a share"
    assert data["change"] == found.after - found.before
    dates = {each["key"]: each["after"] for driver in data["drivers"] for each in driver["changes"]}
    assert dates["valuation_date"] == "2024-03-08"


def test_another_grouping_is_refused(base: Inputs) -> None:
    with pytest.raises(ChoiceError, match="by 'sheet' must be one of auto, input, section"):
        bridge(base, base, by="sheet")  # type: ignore[arg-type]
