"""Ranges, layers and probabilities: what a case file may say, and what the files of the house view do say."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.inputs.nine_months import before_the_year
from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ValuationError
from xlwings_addin.inputs import base_year
from xlwings_addin.inputs.case_files import EXTENDS, case_names
from xlwings_addin.inputs.cases import (
    Inputs,
    load_cases,
    load_inputs,
    load_sound_cases,
    replace_in_cases,
)
from xlwings_addin.inputs.company import packaged_company
from xlwings_addin.inputs.parameters import PARAMETERS, parameter
from xlwings_addin.inputs.tables import (
    RANGED_COLUMNS,
    Row,
    Tables,
    read_ranged_rows,
    tables_folder,
)

HOUSE = ("base", "bear", "bull")
EVENTS = tuple(
    f"event_{name}" for name in ("ai_succeeds", "listing_restriction", "plant_late", "price_war", "recall")
)
OF_2026 = ("house_2026", "house_2026_bear", "house_2026_bull")
ALL = (OF_2026[0], *HOUSE, *EVENTS, *OF_2026[1:], "march_2024_replica", "march_2024_strict")
"""The case that the company opens with, the view of 2025-11-19 (base first), then all others by name."""
NUMERIC = ("number", "rate", "count")
ADDED = "assumption,a source,2025-11-19,a reason"


def needed(business: str) -> tuple[str, ...]:
    """The quarterly figures that a business of Xiaomi starts from."""
    xiaomi = packaged_company()
    return base_year.needed_keys(xiaomi, xiaomi.business(business))


def write_case(folder: Path, name: str, *rows: str) -> None:
    """A case with these rows, each from line 2 on."""
    lines = (",".join(RANGED_COLUMNS), *rows)
    (folder / "cases" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def house_row(folder: Path, row: str) -> str:
    """Set a row of the house view; its place."""
    path = folder / "inputs" / "assumptions.csv"
    return f"assumptions.csv line {set_row(path, row.partition(',')[0], row)}"


def set_row(path: Path, key: str, row: str) -> int:
    """Replace the row of a key; the number of its line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.startswith(f"{key},")]
    lines[number] = row
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return number + 1


def message_of(error: type[ValuationError], folder: Path, case: str = "trial") -> str:
    with pytest.raises(ValuationError) as caught:
        load_inputs(case, folder=folder)
    assert type(caught.value) is error
    return str(caught.value)


# Ranges --------------------------------------------------------------------------------------------------

LOW = "must be a finite number not above the value, or empty like high"
HIGH = "must be a finite number not below the value, or empty like low"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("0.15,0.16,0.25", f"low '0.16' {LOW}"),
        ("0.15,0.25,0.1", f"low '0.25' {LOW}"),
        ("0.15,0.1,0.14", f"high '0.14' {HIGH}"),
        ("0.15,0.1,", f"high '' {HIGH}"),
        ("0.15,,0.25", f"high '0.25' {HIGH}"),
        ("0.15,none,0.25", f"low 'none' {LOW}"),
        ("0.15,0.1,inf", f"high 'inf' {HIGH}"),
        ("0.15,0.1,1e999", f"high '1e999' {HIGH}"),
        ("0.15,nan,0.25", f"low 'nan' {LOW}"),
    ],
)
def test_a_range_that_is_none_is_named_by_its_row(folder: Path, cells: str, message: str):
    write_case(folder, "trial", f"tax_rate,,{cells},ratio,{ADDED}")
    assert message_of(InputError, folder) == f"trial.csv line 2 {message}"


@pytest.mark.parametrize("cells", ["mid,0,1,choice", "mid,0,,choice"])
def test_a_word_has_no_range(folder: Path, cells: str):
    write_case(folder, "trial", f"timing,,{cells},{ADDED}")
    assert message_of(InputError, folder) == f"trial.csv line 2 low '0' {LOW}"


def test_a_date_has_no_range(folder: Path):
    write_case(folder, "trial", f"valuation_date,,2025-11-19,2025,2026,date,{ADDED}")
    assert message_of(InputError, folder) == f"trial.csv line 2 low '2025' {LOW}"


def test_the_same_rules_hold_in_the_house_view(folder: Path):
    place = house_row(folder, f"tax_rate,,0.15,0.2,0.25,ratio,{ADDED}")
    assert message_of(InputError, folder, "base") == f"{place} low '0.2' {LOW}"


@pytest.mark.parametrize("cells", ["0.15,0.15,0.15", "0.15,0.15,0.25", "0.15,0,0.15"])
def test_a_value_may_stand_at_an_end_of_its_range(folder: Path, cells: str):
    write_case(folder, "trial", f"tax_rate,,{cells},ratio,{ADDED}")
    row = load_inputs("trial", folder=folder).row("tax_rate")
    assert (row.value, row.low, row.high) == tuple(float(cell) for cell in cells.split(","))


def test_an_assumption_without_a_range_is_refused(folder: Path):
    place = house_row(folder, f"tax_rate,,0.15,,,ratio,{ADDED}")
    assert message_of(InputError, folder, "base") == (
        f"{place} tax_rate '0.15' is an assumption: must have low and high"
    )


def test_a_reported_figure_needs_no_range_and_inherits_none(folder: Path):
    write_case(folder, "trial", "tax_rate,,0.3,,,ratio,reported,a source,2025-11-19,outside 15% to 25%")
    row = load_inputs("trial", folder=folder).row("tax_rate")
    assert (row.value, row.low, row.high) == (0.3, None, None)


def test_an_assumption_in_place_of_a_reported_figure_needs_a_range_of_its_own(folder: Path):
    write_case(folder, "trial", f"risk_free,,0.04,,,ratio,{ADDED}")
    assert message_of(InputError, folder) == (
        "trial.csv line 2 risk_free '0.04' is an assumption: must have low and high"
    )


@pytest.mark.parametrize("value", [0.15, 0.2, 0.25])
def test_an_override_has_the_range_of_the_row_it_replaces(folder: Path, value: float):
    house_row(folder, f"tax_rate,,0.18,0.15,0.25,ratio,{ADDED}")
    write_case(folder, "trial", f"tax_rate,,{value},,,ratio,{ADDED}")
    row = load_inputs("trial", folder=folder).row("tax_rate")
    assert (row.value, row.low, row.high) == (value, 0.15, 0.25)
    assert (row.file, row.line) == ("trial.csv", 2)


@pytest.mark.parametrize("value", ["0.1499", "0.2501"])
def test_an_override_outside_the_range_of_the_row_it_replaces_names_both(folder: Path, value: str):
    place = house_row(folder, f"tax_rate,,0.18,0.15,0.25,ratio,{ADDED}")
    write_case(folder, "trial", f"tax_rate,,{value},,,ratio,{ADDED}")
    rule = f"must be from 0.15 to 0.25 ({place}), or have low and high"
    assert message_of(DomainError, folder) == f"trial.csv line 2 tax_rate {value} {rule}"


def test_an_override_outside_it_may_have_a_range_of_its_own(folder: Path):
    write_case(folder, "trial", f"tax_rate,,0.3,0.28,0.33,ratio,{ADDED}")
    row = load_inputs("trial", folder=folder).row("tax_rate")
    assert (row.value, row.low, row.high) == (0.3, 0.28, 0.33)


def test_a_range_is_inherited_through_every_layer(folder: Path):
    write_case(folder, "first", f"tax_rate,,0.3,0.28,0.33,ratio,{ADDED}")
    write_case(folder, "second", f"extends,,first,,,choice,{ADDED}", f"tax_rate,,0.32,,,ratio,{ADDED}")
    row = load_inputs("second", folder=folder).row("tax_rate")
    assert (row.value, row.low, row.high) == (0.32, 0.28, 0.33)
    write_case(folder, "second", f"extends,,first,,,choice,{ADDED}", f"tax_rate,,0.2,,,ratio,{ADDED}")
    assert message_of(DomainError, folder, "second") == (
        "second.csv line 3 tax_rate 0.2 must be from 0.28 to 0.33 (first.csv line 2), or have low and high"
    )


@pytest.mark.parametrize(
    ("cells", "end", "printed"), [("0.5,0.4,1.2", "high", "120"), ("0,-0.1,1", "low", "-10")]
)
def test_a_range_reaches_no_further_than_the_parameter_allows(
    folder: Path, cells: str, end: str, printed: str
):
    write_case(folder, "trial", f"equity_weight,,{cells},ratio,{ADDED}")
    rule = "at most 100.00%" if end == "high" else "at least 0.00%"
    assert (
        message_of(DomainError, folder)
        == f"trial.csv line 2 equity_weight {end} {printed}.00% must be {rule}"
    )


def test_a_changed_scalar_has_no_range(cases: dict[str, Inputs]):
    row = cases["base"].replace(tax_rate=0.3).row("tax_rate")
    assert (row.basis, row.low, row.high) == ("assumption", None, None)


# Layers --------------------------------------------------------------------------------------------------


def test_a_case_overrides_what_it_extends_and_that_the_house_view(folder: Path, tables: Tables):
    write_case(
        folder, "first", f"tax_rate,,0.2,0,0.3,ratio,{ADDED}", f"cost_of_debt,,0.04,0,0.1,ratio,{ADDED}"
    )
    write_case(folder, "second", f"extends,,first,,,choice,{ADDED}", f"tax_rate,,0.25,,,ratio,{ADDED}")
    inputs = load_inputs("second", folder=folder)
    assert (inputs["tax_rate"], inputs["cost_of_debt"]) == (0.25, 0.04)
    assert inputs["risk_free"] == tables.row("risk_free").value
    files = {inputs.row(key).file for key in ("tax_rate", "cost_of_debt", "risk_free")}
    assert files == {"second.csv", "first.csv", "assumptions.csv"}


def test_where_the_row_that_extends_stands_does_not_matter(folder: Path):
    write_case(folder, "first", f"tax_rate,,0.2,0,0.3,ratio,{ADDED}")
    write_case(
        folder, "second", f"cost_of_debt,,0.04,0,0.1,ratio,{ADDED}", f"extends,,first,,,choice,{ADDED}"
    )
    inputs = load_inputs("second", folder=folder)
    assert (inputs["tax_rate"], inputs["cost_of_debt"]) == (0.2, 0.04)


def test_a_case_may_not_extend_an_unknown_one(folder: Path):
    write_case(folder, "trial", f"extends,,bass,,,choice,{ADDED}")
    assert message_of(InputError, folder) == (
        f"trial.csv line 2 extends 'bass' must be one of {', '.join(case_names(folder))}"
    )


def test_a_case_may_not_extend_itself(folder: Path):
    write_case(folder, "trial", f"extends,,trial,,,choice,{ADDED}")
    assert message_of(InputError, folder) == (
        "trial.csv line 2 extends 'trial' must name one case, and no circle of them"
    )


def test_a_circle_of_cases_is_refused_where_it_closes(folder: Path):
    write_case(folder, "one", f"extends,,two,,,choice,{ADDED}")
    write_case(folder, "two", f"extends,,three,,,choice,{ADDED}")
    write_case(folder, "three", f"tax_rate,,0.2,0,0.3,ratio,{ADDED}", f"extends,,one,,,choice,{ADDED}")
    assert message_of(InputError, folder, "one") == (
        "three.csv line 3 extends 'one' must name one case, and no circle of them"
    )


@pytest.mark.parametrize("second", ["base", "bull"])
def test_a_case_extends_one_case_only(folder: Path, second: str):
    write_case(folder, "trial", f"extends,,base,,,choice,{ADDED}", f"extends,,{second},,,choice,{ADDED}")
    assert message_of(InputError, folder) == (
        f"trial.csv line 3 extends {second!r} must name one case, and no circle of them"
    )


def test_an_error_in_what_a_case_extends_names_that_file(folder: Path):
    write_case(folder, "first", f"tax_rate,,2,0,3,ratio,{ADDED}")
    write_case(folder, "second", f"extends,,first,,,choice,{ADDED}")
    assert message_of(DomainError, folder, "second") == (
        "first.csv line 2 tax_rate 200.00% must be below 100.00%"
    )


def test_the_house_view_itself_extends_nothing(folder: Path):
    path = folder / "inputs" / "assumptions.csv"
    text = path.read_text(encoding="utf-8") + f"extends,,base,,,choice,{ADDED}\n"
    path.write_text(text, encoding="utf-8")
    line = text.count("\n")
    message = message_of(InputError, folder, "base")
    assert message.startswith(f"assumptions.csv line {line} key 'extends' is not one of the model's")


def test_a_case_may_not_override_an_unknown_key(folder: Path):
    write_case(folder, "trial", f"demand_saturatoin,,1.6,1,2,m vehicles,{ADDED}")
    assert message_of(InputError, folder) == (
        "trial.csv line 2 key 'demand_saturatoin' is not one of the model's (nearest: demand_saturation)"
    )


def test_the_replica_extends_the_strict_case(cases: dict[str, Inputs]):
    replica, strict = cases["march_2024_replica"], cases["march_2024_strict"]
    inherited = [key for key in replica if replica.row(key).file == "march_2024_strict.csv"]
    assert len(inherited) > 20
    assert all(replica.row(key) == strict.row(key) for key in inherited)


# Rules across rows ---------------------------------------------------------------------------------------


def test_probabilities_that_do_not_add_to_one_name_their_rows(folder: Path):
    for case, value in {"base": 0.5, "bear": 0.25, "bull": 0.35}.items():
        line = set_row(
            folder / "cases" / f"{case}.csv", "probability", f"probability,,{value},0,1,ratio,{ADDED}"
        )
    with pytest.raises(DomainError) as caught:
        load_cases(folder)
    places = {case: load_inputs(case, folder).row("probability").place for case in HOUSE}
    assert places["bull"] == f"bull.csv line {line}"
    assert str(caught.value) == (
        f"probability 0.5 ({places['base']}) + 0.25 ({places['bear']}) + 0.35 ({places['bull']}) = 1.1 "
        "must add to 1 over all cases of 2025-11-19"
    )


def test_a_case_may_be_left_out_of_the_weights_and_all_may(folder: Path):
    for case, value in {"base": 0.5, "bear": 0.5, "bull": 0}.items():
        path = folder / "cases" / f"{case}.csv"
        set_row(path, "probability", f"probability,,{value},0,1,ratio,{ADDED}")
    weights = {entry.case: entry.number("probability") for entry in load_cases(folder)}
    view_2026 = {"house_2026": 0.5, "house_2026_bear": 0.33, "house_2026_bull": 0.17}  # a view by itself
    assert weights == dict.fromkeys(ALL, 0) | {"base": 0.5, "bear": 0.5} | view_2026
    for case in ("base", "bear"):
        path = folder / "cases" / f"{case}.csv"
        set_row(path, "probability", f"probability,,0,0,1,ratio,{ADDED}")
    weights = {entry.case: entry.number("probability") for entry in load_cases(folder)}
    assert weights == dict.fromkeys(ALL, 0) | view_2026


def test_one_case_alone_loads_whatever_the_others_weigh(folder: Path):
    set_row(folder / "cases" / "bull.csv", "probability", f"probability,,0.9,0,1,ratio,{ADDED}")
    assert load_inputs("bull", folder)["probability"] == 0.9


@pytest.mark.parametrize("value", ["1.5", "-0.1"])
def test_a_probability_is_between_nothing_and_one(folder: Path, value: str):
    line = set_row(folder / "cases" / "bull.csv", "probability", f"probability,,{value},-1,2,ratio,{ADDED}")
    assert message_of(DomainError, folder, "bull").startswith(f"bull.csv line {line} probability ")


def test_capacity_below_the_base_year_s_deliveries_is_refused(folder: Path, cases: dict[str, Inputs]):
    # 75,869 + 81,302 + 108,796 vehicles and the assumed quarter, against plant 1 and plant 2.
    deliveries = 0.265967 + cases["base"].number("assumed_vehicle_deliveries")
    capacity = 0.1 + 0.15
    rows = [f"plant_{n}_capacity,,{entry},0,1,m vehicles,{ADDED}" for n, entry in ((1, 0.1), (2, 0.15))]
    write_case(folder, "trial", *rows)
    assert message_of(DomainError, folder) == (
        f"capacity open in 2025 {capacity:.3f} must not be below the deliveries of 2025, "
        f"{deliveries:.3f} m vehicles: plant_1_capacity (trial.csv line 2), "
        "plant_2_capacity (trial.csv line 3)"
    )


def test_a_plant_that_opens_after_the_base_year_is_no_capacity_of_it(folder: Path):
    rows = [f"plant_{n}_capacity,,0.25,0,1,m vehicles,{ADDED}" for n in (1, 2)]
    write_case(folder, "trial", *rows)
    assert load_inputs("trial", folder=folder)
    write_case(folder, "trial", *rows, f"plant_2_year,,2026,2026,2027,year,{ADDED}")
    message = message_of(DomainError, folder)
    assert message.startswith("capacity open in 2025 0.250 must not be below the deliveries of 2025")
    assert message.endswith("m vehicles: plant_1_capacity (trial.csv line 2)")


def test_capacity_equal_to_the_base_year_s_deliveries_is_enough(cases: dict[str, Inputs]):
    base = cases["base"]
    deliveries = base_year.deliveries(base.tables, 2025, base.number, base.day("valuation_date"))
    enough = base.replace(plant_1_capacity=deliveries, plant_2_capacity=0.0)
    assert enough.number("plant_1_capacity") == deliveries
    with pytest.raises(DomainError, match=r"^capacity "):
        base.replace(plant_1_capacity=deliveries * (1 - 1e-12), plant_2_capacity=0.0)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_demand_that_ends_no_higher_than_the_base_year_is_refused(cases: dict[str, Inputs], share: float):
    base = cases["base"]
    deliveries = base_year.deliveries(base.tables, 2025, base.number, base.day("valuation_date"))
    rule = rf"must exceed the deliveries of 2025, {deliveries:.3f} m vehicles$"
    message = rf"^assumptions\.csv line \d+ demand_saturation [\d.]+ {rule}"
    with pytest.raises(DomainError, match=message):
        base.replace(demand_saturation=deliveries * share)
    assert base.replace(demand_saturation=deliveries * 1.001)


@pytest.mark.parametrize(
    "key",
    [
        entry.key
        for entry in PARAMETERS
        if entry.kind == "rate" and "margin" in entry.key and entry.maximum == 1
    ],
)
def test_a_margin_over_a_hundred_percent_is_refused(folder: Path, key: str):
    write_case(folder, "trial", f"{key},,1.01,0,2,ratio,{ADDED}")
    word = "below" if key == "required_margin_of_safety" else "at most"
    assert message_of(DomainError, folder) == f"trial.csv line 2 {key} 101.00% must be {word} 100.00%"


@pytest.mark.parametrize(
    "key", ["devices_horizon", "vehicle_horizon", "devices_fade_years", "vehicle_fade_years"]
)
def test_a_horizon_longer_than_the_timeline_is_refused(folder: Path, key: str):
    write_case(folder, "trial", f"{key},,17,10,17,years,{ADDED}")
    assert message_of(DomainError, folder) == f"trial.csv line 2 {key} 17 must be at most 16"


@pytest.mark.parametrize(("method", "built"), [("devices_method", "segments"), ("vehicle_method", "units")])
def test_a_build_up_needs_quarters_of_its_base_year(cases: dict[str, Inputs], method: str, built: str):
    with pytest.raises(DomainError) as caught:
        cases["march_2024_replica"].replace(**{method: built})
    assert str(caught.value) == (
        f"{method} {built} needs a quarter of base_year 2023 with reported revenue; the last one in the "
        "tables is 2026Q2"
    )


def test_one_reported_quarter_is_the_least_that_starts_a_build_up(tables: Tables):
    tables = before_the_year(tables)
    one = tables.replace({("revenue", f"2025Q{n}"): None for n in (2, 3)})
    assert load_inputs("base", tables=one).count("base_year") == 2025
    with pytest.raises(DomainError) as caught:
        load_inputs("base", tables=one.replace({("revenue", "2025Q1"): None}))
    assert str(caught.value) == (
        f"{tables.row('devices_method').place} devices_method segments needs a quarter of base_year 2025 "
        "with reported revenue; the last one in the tables is 2024Q4"
    )


def test_no_revenue_is_no_reported_quarter_and_said_in_one_sentence(tables: Tables):
    tables = before_the_year(tables)
    rows = tuple(
        replace(row, value=0.0, text="0") if (row.key, row.period[:4]) == ("revenue", "2025") else row
        for row in tables.history
    )
    with pytest.raises(DomainError) as caught:
        load_inputs("base", tables=replace(tables, history=rows))
    assert str(caught.value) == (
        f"{tables.row('devices_method').place} devices_method segments needs a quarter of base_year 2025 "
        "with reported revenue; the last one in the tables is 2024Q4"
    )


def test_vehicles_need_the_deliveries_of_every_quarter_before_the_base_year(tables: Tables):
    with pytest.raises(DomainError) as caught:
        load_inputs("base", tables=tables.replace({("vehicle_deliveries", "2024Q3"): None}))
    assert str(caught.value) == (
        f"{tables.row('vehicle_method').place} vehicle_method units needs vehicle_deliveries of 2024Q3, for "
        "its cost follows all vehicles ever made"
    )


@pytest.mark.parametrize(
    ("key", "method"),
    [(key, "devices_method segments") for key in needed("devices")]
    + [(key, "vehicle_method units") for key in needed("vehicle_units")],
)
def test_a_build_up_names_the_figure_a_reported_quarter_lacks(
    tables: Tables, cases: dict[str, Inputs], key: str, method: str
):
    lacking = tables.replace({(key, "2025Q2"): None})
    with pytest.raises(DomainError) as caught:
        load_inputs("base", tables=lacking)
    place = tables.row(method.partition(" ")[0]).place
    assert str(caught.value) == f"{place} {method} needs {key} of 2025Q2"
    others = cases["base"].replace(devices_method="average", vehicle_method="ramp")
    assert replace(others, tables=lacking).replace(tax_rate=0.2)["tax_rate"] == 0.2


# The files of the house view -----------------------------------------------------------------------------


def overrides(case: str) -> dict[str, Row]:
    """The rows of a case file, without the one that says what it extends."""
    rows = read_ranged_rows(tables_folder() / "cases" / f"{case}.csv")
    return {row.key: row for row in rows if row.key != EXTENDS}


def test_the_cases_are_the_house_views_events_and_two_of_march_2024(cases: dict[str, Inputs]):
    assert case_names() == ALL
    listed = [case for case, inputs in cases.items() if inputs.origin.in_workbook]
    assert listed == [case for case in ALL if case not in EVENTS]


def test_every_case_has_a_title_of_its_own(cases: dict[str, Inputs]):
    assert all("case_title" in overrides(case) for case in cases)
    assert len({entry.text("case_title") for entry in cases.values()}) == len(cases)


def test_the_weights_are_those_of_the_house_cases(cases: dict[str, Inputs]):
    assert all(cases[case].number("probability") > 0 for case in HOUSE)
    assert sum(cases[case].number("probability") for case in HOUSE) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("case", ["bear", "bull"])
def test_bear_and_bull_differ_from_base_by_their_listed_rows_only(cases: dict[str, Inputs], case: str):
    base, other, listed = cases["base"], cases[case], overrides(case)
    assert {key for key in other if other[key] != base[key]} == set(listed) - (
        {"probability"} if other["probability"] == base["probability"] else set()
    )
    assert all(other.row(key) == base.row(key) for key in other if key not in listed)
    assert len(listed) > 5


@pytest.mark.parametrize("case", HOUSE)
def test_every_row_of_a_house_case_has_its_reason(case: str):
    rows = overrides(case)
    assert rows
    for key, row in rows.items():
        assert row.basis == "assumption", row.place
        assert row.note.strip() or key == "case_title", row.place


@pytest.mark.parametrize("case", ["bear", "bull"])
def test_bear_and_bull_stay_within_the_ranges_of_base_or_their_own(cases: dict[str, Inputs], case: str):
    checked = 0
    for key, row in overrides(case).items():
        if parameter(key).kind not in NUMERIC:
            continue
        own = row.low is not None
        low, high = (row.low, row.high) if own else (cases["base"].row(key).low, cases["base"].row(key).high)
        assert low is not None, row.place
        assert high is not None, row.place
        assert low <= row.number <= high, row.place
        checked += 1
    assert checked > 5


def test_bear_and_bull_lie_on_the_two_sides_of_base(cases: dict[str, Inputs]):
    # A key both of them change: one goes up, the other down.
    both = [key for key in overrides("bear") if key in overrides("bull") and parameter(key).kind == "rate"]
    both.remove("probability")
    assert len(both) > 5
    for key in both:
        bear, base, bull = (cases[case].number(key) for case in ("bear", "base", "bull"))
        assert bear < base < bull or bull < base < bear, key


def test_every_assumption_of_the_house_view_has_a_range_and_a_reason(tables: Tables):
    rows = [row for row in tables.assumptions if row.basis == "assumption"]
    numeric = [row for row in rows if parameter(row.key).kind in NUMERIC]
    assert len(numeric) > 60
    for row in numeric:
        assert row.low is not None, row.place
        assert row.high is not None, row.place
        assert row.low <= row.number <= row.high, row.place
    assert [row.place for row in numeric if not row.note.strip()] == []


def test_a_figure_that_is_no_assumption_has_no_range(tables: Tables):
    others = [row for row in tables.assumptions if row.basis != "assumption"]
    assert others
    assert [row.place for row in others if row.low is not None or row.high is not None] == []


def test_every_end_of_every_range_is_a_value_the_model_takes(cases: dict[str, Inputs]):
    tried = 0
    for inputs in cases.values():
        for key in inputs:
            row, bounds = inputs.row(key), parameter(key)
            for end in (row.low, row.high):
                if end is not None:
                    bounds.read(end)
                    tried += 1
    assert tried > 500


def test_an_unknown_case_is_answered_with_all_of_them_and_the_nearest():
    names = ", ".join(ALL)
    with pytest.raises(ChoiceError) as caught:
        load_inputs("basis")
    assert str(caught.value) == f"case 'basis' must be one of {names}; the nearest is base"


def test_segments_need_a_gross_margin_of_the_base_year(cases: dict[str, Inputs]):
    base = cases["base"]
    reported = base.tables.periods("gross_margin_iot")
    without = base.tables.replace(
        {("gross_margin_iot", quarter): None for quarter in reported if quarter.startswith("2025Q")}
    )
    with pytest.raises(DomainError) as caught:
        replace(base, tables=without).replace(probability=0.4)
    assert str(caught.value) == (
        "devices_method segments needs gross_margin_iot of a reported quarter of base_year 2025"
    )


# Weights, and where a value comes from --------------------------------------------------------------------


def test_no_case_inherits_a_weight(folder: Path):
    write_case(folder, "heir", f"extends,,bull,,,choice,{ADDED}")
    heir = load_inputs("heir", folder)
    assert (load_inputs("bull", folder)["probability"], heir["probability"]) == (0.25, 0)
    assert heir.row("probability").file == "assumptions.csv"
    assert heir["demand_saturation"] == load_inputs("bull", folder)["demand_saturation"]
    assert len(load_cases(folder)) == len(ALL) + 1  # the weights still add to one


def test_the_house_view_weighs_nothing(folder: Path):
    place = house_row(folder, f"probability,,0.2,0,1,ratio,{ADDED}")
    assert message_of(DomainError, folder, "bull") == (
        f"{place} probability 0.2 must be 0: a weight belongs to a case's own file"
    )


def test_a_change_reaches_the_cases_that_inherit_it(cases: dict[str, Inputs]):
    changed = replace_in_cases(cases, "base", tax_rate=0.2, holding_discount=0.05)
    rates = {name: changed[name]["tax_rate"] for name in (*HOUSE, "march_2024_replica", "march_2024_strict")}
    assert rates == {
        "base": 0.2, "bear": 0.2, "bull": 0.2, "march_2024_replica": 0.0, "march_2024_strict": 0.15,
    }  # fmt: skip
    assert changed["house_2026"]["tax_rate"] == cases["house_2026"]["tax_rate"]  # its own
    # Bear has a holding discount of its own, 10%.
    assert [changed[case]["holding_discount"] for case in HOUSE] == [0.05, 0.1, 0.05]
    assert changed["march_2024_strict"] is cases["march_2024_strict"]
    assert changed["bull"].row("tax_rate") == changed["base"].row("tax_rate")


def test_a_change_goes_down_the_whole_line_and_not_up(folder: Path):
    write_case(folder, "child", f"extends,,bull,,,choice,{ADDED}")
    own = f"tax_rate,,0.22,0,0.3,ratio,{ADDED}"
    write_case(folder, "grandchild", f"extends,,child,,,choice,{ADDED}", own)
    cases = {inputs.case: inputs for inputs in load_cases(folder)}
    changed = replace_in_cases(cases, "bull", tax_rate=0.2, cost_of_debt=0.04)
    rates = {case: changed[case]["tax_rate"] for case in ("base", "bull", "child", "grandchild")}
    assert rates == {"base": 0.15, "bull": 0.2, "child": 0.2, "grandchild": 0.22}
    assert changed["grandchild"]["cost_of_debt"] == 0.04
    again = replace_in_cases(changed, "base", tax_rate=0.18)
    assert [again[case]["tax_rate"] for case in ("bull", "child", "bear")] == [0.2, 0.2, 0.18]


def test_a_change_that_breaks_a_rule_of_an_heir_is_refused(cases: dict[str, Inputs]):
    """Bull's demand is its own; its plants are base's."""
    with pytest.raises(DomainError, match=r"^capacity open in 2025 "):
        replace_in_cases(cases, "base", plant_1_capacity=0.1, plant_2_capacity=0.1)


def test_the_nearest_case_with_a_column_is_the_parent(folder: Path):
    write_case(folder, "hidden", f"extends,,base,,,choice,{ADDED}", f"tax_rate,,0.2,0,0.3,ratio,{ADDED}")
    write_case(folder, "child", f"extends,,hidden,,,choice,{ADDED}")
    child = load_inputs("child", folder)
    assert (child.parent("tax_rate", ("base",)), child.parent("cost_of_debt", ("base",))) == (None, "base")
    assert child.parent("tax_rate", ("base", "hidden")) == "hidden"
    assert child.parent("probability", ("base", "hidden")) is None


# Broken cases ---------------------------------------------------------------------------------------------

BROKEN = {
    "tax_rate,,x,,,ratio,assumption,a source,2025-11-19,": (
        "trial.csv line 2 value 'x' must be a finite number, or a date or word where the unit says so"
    ),
    "tax_rte,,0.2,0,1,ratio,assumption,a source,2025-11-19,": (
        "trial.csv line 2 key 'tax_rte' is not one of the model's (nearest: tax_rate)"
    ),
    "vehicle_wacc,,0.01,0.01,1,ratio,assumption,a source,2025-11-19,": (
        "trial.csv line 2 vehicle_wacc 1.00% must exceed vehicle_terminal_growth 1.50%"
    ),
    "extends,,trial,,,choice,assumption,a source,2025-11-19,": (
        "trial.csv line 2 extends 'trial' must name one case, and no circle of them"
    ),
    "in_workbook,,perhaps,,,choice,assumption,a source,2025-11-19,": (
        "trial.csv line 2 in_workbook 'perhaps' must be one of yes, no"
    ),
}


@pytest.mark.parametrize("row", BROKEN)
def test_a_broken_case_is_named_and_stops_no_other(folder: Path, row: str):
    write_case(folder, "trial", row)
    cases, broken = load_sound_cases(folder)
    assert [inputs.case for inputs in cases] == list(ALL)
    assert {name: str(error) for name, error in broken.items()} == {"trial": BROKEN[row]}
    assert load_inputs("base", folder)["base_year"] == 2025
    with pytest.raises(ValuationError) as caught:
        load_cases(folder)
    assert str(caught.value) == BROKEN[row]


def test_a_case_that_extends_a_broken_one_is_broken_with_it(folder: Path):
    write_case(folder, "first", f"tax_rate,,2,0,3,ratio,{ADDED}")
    write_case(folder, "second", f"extends,,first,,,choice,{ADDED}")
    _, broken = load_sound_cases(folder)
    assert set(broken) == {"first", "second"}
    assert str(broken["second"]) == "first.csv line 2 tax_rate 200.00% must be below 100.00%"


def test_a_mark_for_the_workbook_belongs_to_one_file(folder: Path):
    write_case(folder, "trial", f"in_workbook,,no,,,choice,{ADDED}")
    write_case(folder, "heir", f"extends,,trial,,,choice,{ADDED}")
    assert not load_inputs("trial", folder).origin.in_workbook
    assert load_inputs("heir", folder).origin.in_workbook
