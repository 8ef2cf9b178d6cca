"""Tables and cases: what loads, what is refused and in which words, and that the facts are the sources'."""

import dataclasses
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from xlwings_addin.core.errors import ChoiceError, DomainError, InputError, ValuationError
from xlwings_addin.inputs.case_files import case_names, read_case
from xlwings_addin.inputs.cases import Inputs, load_cases, load_inputs, load_sound_cases
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.parameters import PARAMETERS
from xlwings_addin.inputs.tables import COLUMNS, Row, Tables, load_tables, period_end, tables_folder

REPLICA, STRICT = "march_2024_replica", "march_2024_strict"
GOOD = "capex,FY2030,1,CNY m,reported,a source,2031-03-20,"


@pytest.fixture(scope="module")
def replica(tables: Tables) -> Inputs:
    return load_inputs(REPLICA, tables=tables)


def append(path: Path, *lines: str) -> int:
    """Add lines to a table; the number of the last one."""
    text = path.read_text(encoding="utf-8") + "".join(f"{line}\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return text.count("\n")


def change(path: Path, old: str, new: str) -> int:
    """Replace a text that stands once in a table; the number of its line."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def message_of(error: type[ValuationError], folder: Path, case: str = DEFAULT_CASE) -> str:
    with pytest.raises(error) as caught:
        load_inputs(case, folder=folder)
    return str(caught.value)


# The facts -----------------------------------------------------------------------------------------------


def test_a_balance_of_the_first_quarter_of_2024_is_the_announced_one(tables: Tables):
    # Announcement of 2024-05-23: revenue RMB 75,506,822 thousand, adjusted net profit RMB 6.49 billion.
    assert tables.row("revenue", "2024Q1").number == pytest.approx(75_506.822, abs=0.5)
    assert tables.row("adjusted_net_profit", "2024Q1").number == 6490


def test_the_replica_s_devices_meet_the_printed_value_within_one_percent(replica: Inputs):
    # Article 004 prints 8.35 HKD for devices and nearly 12 with net cash.
    first, last = replica.count("devices_average_first_year"), replica.count("devices_average_last_year")
    years = [f"FY{year}" for year in range(first, last + 1)]
    average = replica.tables.series("free_cash_flow", years).mean()
    hkd = replica.number("hkd_per_usd") / replica.number("cny_per_usd") / replica.number("diluted_shares")
    devices = (
        average / (replica.number("devices_wacc_printed") - replica.number("devices_terminal_growth")) * hkd
    )
    net_cash = (replica.number("liquid_funds") - replica.number("debt")) * hkd
    assert devices == pytest.approx(8.35, rel=0.01)
    assert round(devices + net_cash) == 12


def test_the_replica_s_ramp_ends_at_the_printed_revenue_and_income(replica: Inputs):
    # Article 004 prints 55 USD bn of revenue and 6.6 USD bn of operating income in 2039.
    start, end = replica.number("vehicle_growth_start"), replica.number("vehicle_growth_end")
    growth = np.linspace(start, end, replica.count("vehicle_horizon"))
    base = replica.number("vehicle_base_deliveries") * replica.number("vehicle_base_price_usd")
    revenue = base * np.prod(1 + growth) / 1000
    assert round(revenue) == 55
    assert round(revenue * replica.number("vehicle_operating_margin_end"), 1) == 6.6


def test_blume_s_adjustment_of_the_raw_beta_is_the_printed_beta(replica: Inputs):
    # Article 004 prints a beta of 1.1.
    weight = replica.number("blume_weight")
    assert weight * replica.number("raw_beta") + (1 - weight) * 1 == pytest.approx(1.1, rel=1e-12)


def test_printed_figures_keep_their_printed_precision(tables: Tables):
    # Article 004 prints $0.63, 4.91 HKD and nearly 12 HKD.
    keys = [
        "vehicle_value_per_share_usd",
        "vehicle_value_per_share_hkd",
        "devices_and_net_cash_per_share_hkd",
    ]
    rows = [tables.row(f"article_004_{key}") for key in keys]
    assert [(row.text, row.decimals) for row in rows] == [("0.63", 2), ("4.91", 2), ("12", 0)]


def test_a_real_conflict_is_settled_by_its_chosen_row(tables: Tables):
    # One page gives operating cash flow as free cash flow; 21.88 less capex of 3.03 is 18.85 CNY bn.
    rows = tables.figures["free_cash_flow", "FY2020"]
    assert sorted(row.value for row in rows) == [18850, 21880]
    assert tables.row("free_cash_flow", "FY2020").value == 21880 - 3030


def test_a_row_that_repeats_a_figure_confirms_it(tables: Tables):
    rows = tables.figures["revenue_smartphone", "2024Q1"]
    assert len({row.source for row in rows}) == 2
    assert {row.value for row in rows} == {46500}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda entry: entry.key)
def test_every_scalar_has_a_unit_a_source_and_a_date(parameter, replica: Inputs):
    row = replica.row(parameter.key)
    assert row.unit == parameter.unit
    assert row.source
    assert isinstance(row.as_of, date)


@pytest.mark.parametrize("case", case_names())
def test_a_row_of_a_case_says_that_it_is_the_default_exactly_where_it_is(case: str, tables: Tables):
    # The default is what the case extends. A fact is its own, even where it equals what is assumed elsewhere.
    inputs = load_inputs(case, tables=tables)
    below = read_case(tables_folder(), case).extends
    layer = load_inputs(below, tables=tables).rows if below else {row.key: row for row in tables.assumptions}
    overrides = [row for row in inputs.rows.values() if row.file == f"{case}.csv"]
    assert {"case_title"} < {row.key for row in overrides}
    for row in overrides:
        chosen = row.basis == "assumption" and row.key != "case_title"
        same = chosen and row.value == layer[row.key].value
        assert row.note.startswith("same as the default: ") == same, row.place


def test_the_replica_and_the_strict_case_share_their_facts(tables: Tables):
    replica, strict = (
        load_inputs(REPLICA, tables=tables),
        load_inputs(STRICT, tables=tables),
    )
    facts = [
        parameter.key for parameter in PARAMETERS if parameter.section in ("Currency", "Devices", "Vehicles")
    ]
    facts.remove("devices_horizon")
    assert facts
    assert [replica[key] for key in facts] == [strict[key] for key in facts]


def test_a_convention_the_article_leaves_open_says_so(replica: Inputs):
    for key in ("timing", "stub", "terminal_form", "tax_rate", "devices_horizon", "diluted_shares"):
        assert "not determined by the article" in replica.row(key).note


# Reading -------------------------------------------------------------------------------------------------


def test_the_newest_house_view_is_the_default_case_and_comes_first():
    assert case_names()[0] == load_inputs(DEFAULT_CASE).case == load_inputs().case == "house_2026"


def test_scalars_come_typed(replica: Inputs):
    assert replica["valuation_date"] == replica.day("valuation_date") == date(2024, 3, 8)
    assert replica["base_year"] == replica.count("base_year") == 2023
    assert replica.number("base_year") == 2023.0
    assert replica["timing"] == replica.text("timing") == "end"
    assert set(replica) == {parameter.key for parameter in PARAMETERS}


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda inputs: inputs.number("timing"), "timing 'end' must be a number"),
        (lambda inputs: inputs.count("price_hkd"), "price_hkd 13.0 must be a whole number"),
        (lambda inputs: inputs.text("price_hkd"), "price_hkd 13.0 must be a text"),
        (lambda inputs: inputs.day("base_year"), "base_year 2023 must be a date"),
        (lambda inputs: inputs["wacc"], "parameter 'wacc' is not one of the model's"),
    ],
)
def test_a_scalar_read_as_another_kind_is_refused(replica: Inputs, read, message: str):
    with pytest.raises(InputError, match=message):
        read(replica)


def test_periods_come_in_order_and_a_year_follows_its_last_quarter(tables: Tables):
    periods = tables.periods("revenue")
    assert periods[:2] == ("FY2017", "FY2018")
    assert periods.index("2024Q4") + 1 == periods.index("FY2024")
    assert tables.periods("case_title") == ()


def test_a_period_ends_on_its_last_day():
    ends = [period_end(period) for period in ("FY2024", "2024Q1", "2024Q4", "2024-02-29")]
    assert ends == [date(2024, 12, 31), date(2024, 3, 31), date(2024, 12, 31), date(2024, 2, 29)]


def test_a_series_takes_a_default_only_where_one_is_given(tables: Tables):
    values = tables.series("vehicle_deliveries", ["2023Q4", "2024Q4"], default=0.0)
    assert values.tolist() == [0.0, 69697.0]
    with pytest.raises(
        InputError, match=r"^vehicle_deliveries 2023Q4 is not in the tables \(they have 2024Q1 to"
    ):
        tables.series("vehicle_deliveries", ["2023Q4", "2024Q4"])


def test_a_series_of_words_is_refused(tables: Tables):
    with pytest.raises(InputError, match=r"^assumptions\.csv line \d+ timing 'mid' must be a number$"):
        tables.series("timing", [""])


def test_an_unknown_key_is_named(tables: Tables):
    message = r"^key 'phones' has no row in history\.csv, articles\.csv or assumptions\.csv$"
    for period in ("", "FY2024"):
        with pytest.raises(InputError, match=message):
            tables.row("phones", period)


def test_a_key_read_in_the_wrong_kind_of_period_is_told_what_there_is(tables: Tables):
    with pytest.raises(InputError, match=r"^capex without a period is not in the tables \(they have FY20"):
        tables.row("capex")
    message = r"^risk_free FY2024 is not in the tables \(they have it without a period\)$"
    with pytest.raises(InputError, match=message):
        tables.row("risk_free", "FY2024")


def test_a_new_figure_of_an_unknown_key_is_refused(tables: Tables):
    with pytest.raises(InputError, match=r"^key 'phones' has no row in history\.csv"):
        tables.replace({("phones", "FY2024"): 1.0})


def test_a_byte_order_mark_is_accepted(folder: Path, tables: Tables):
    path = folder / "inputs" / "history.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert load_tables(folder).history == tables.history


def test_the_module_imports_no_heavy_library():
    heavy = "{'pandas', 'openpyxl', 'scipy', 'formualizer', 'xlwings'}"
    program = f"import sys, xlwings_addin.inputs.cases; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# Refusing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",1,CNY m", ",1e999,CNY m", "value '1e999' must be a finite number"),
        (
            ",1,CNY m",
            ",1 000,CNY m",
            "value '1 000' must be a finite number, or a date or word where the unit says so",
        ),
        (
            ",1,CNY m",
            ",1_000,CNY m",
            "value '1_000' must be a finite number, or a date or word where the unit says so",
        ),
        (
            ",1,CNY m",
            ",nan,CNY m",
            "value 'nan' must be a finite number, or a date or word where the unit says so",
        ),
        (",1,CNY m", ",,CNY m", "value '' must be a finite number, or a date or word where the unit says so"),
        (",1,CNY m", ",2024-02-30,date", "value '2024-02-30' must be a finite number, or a date"),
        (",CNY m,", ",,", "unit '' must not be empty"),
        (",CNY m,", ", ,", "unit ' ' must not be empty"),
        ("a source", "", "source '' must not be empty"),
        (
            "reported",
            "guessed",
            "basis 'guessed' must be one of reported, derived, lower_bound, guidance, consensus, assumption, "
            "unverified",
        ),
        ("reported", "", "basis '' must be one of"),
        (
            "FY2030",
            "2030",
            "period '2030' must be empty, a year (FY2024), a quarter (2024Q3) or a date (2024-03-08)",
        ),
        ("FY2030", "2030Q5", "period '2030Q5' must be empty, a year"),
        ("FY2030", "2030-13-01", "period '2030-13-01' must be empty, a year"),
        ("2031-03-20", "20.3.2031", "as_of '20.3.2031' must be a date (2024-03-08)"),
        ("2031-03-20", "20310320", "as_of '20310320' must be a date (2024-03-08)"),
        ("2031-03-20", "", "as_of '' must be a date (2024-03-08)"),
        ("capex", "Capex", "key 'Capex' must be lower-case words joined by underscores"),
    ],
)
def test_a_malformed_cell_is_named_by_file_line_column_value_and_rule(
    folder: Path, old: str, new: str, message: str
):
    line = append(folder / "inputs" / "history.csv", GOOD.replace(old, new))
    assert message_of(InputError, folder).startswith(f"history.csv line {line} {message}")


def test_the_good_row_the_malformed_ones_are_made_from_loads(folder: Path):
    append(folder / "inputs" / "history.csv", GOOD)
    assert load_tables(folder).row("capex", "FY2030").number == 1


@pytest.mark.parametrize(("row", "count"), [(GOOD + ",more", 9), (GOOD.removesuffix(","), 7)])
def test_a_row_of_another_length_is_refused(folder: Path, row: str, count: int):
    line = append(folder / "inputs" / "history.csv", row)
    assert message_of(InputError, folder) == f"history.csv line {line} {count} columns must be 8"


def test_another_header_is_refused(folder: Path):
    change(folder / "inputs" / "history.csv", "key,period,value", "key,value,period")
    message = message_of(InputError, folder)
    assert message.startswith("history.csv line 1 header 'key,value,period,unit")
    assert message.endswith(f"must be {','.join(COLUMNS)}")


def test_an_empty_file_has_no_header(folder: Path):
    (folder / "inputs" / "history.csv").write_text("")
    assert message_of(InputError, folder).startswith("history.csv line 1 header '' must be key,period")


def test_a_missing_table_is_named(folder: Path):
    (folder / "inputs" / "articles.csv").unlink()
    assert message_of(InputError, folder) == "table 'articles.csv' is not in inputs/"


def test_articles_with_a_header_alone_load_and_their_figures_are_named_as_missing(folder: Path):
    (folder / "inputs" / "articles.csv").write_text(",".join(COLUMNS) + "\n")
    tables = load_tables(folder)
    assert tables.articles == ()
    with pytest.raises(InputError, match=r"^key 'article_004_vehicle_value_per_share_hkd' has no row in "):
        tables.row("article_004_vehicle_value_per_share_hkd")


def test_a_history_without_capex_loads_and_capex_is_named_as_missing(folder: Path):
    path = folder / "inputs" / "history.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("capex,")]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")
    tables = load_tables(folder)
    assert tables.periods("capex") == ()
    with pytest.raises(InputError, match=r"^key 'capex' has no row in history\.csv, "):
        tables.series("capex", ["FY2023"])


@pytest.mark.parametrize("table", ["inputs/articles.csv", "inputs/assumptions.csv", "cases/base.csv"])
def test_a_folder_where_a_table_belongs_is_named_by_its_path(folder: Path, table: str):
    path = folder / table
    path.unlink()
    path.mkdir()
    reason = os.strerror(errno.EISDIR)
    assert message_of(InputError, folder) == f"file {str(path)!r} must be a file that can be read: {reason}"


@pytest.mark.parametrize(
    ("operation", "argument", "part"),
    [
        ("open", "file", "inputs/history.csv"),
        ("is_dir", "folder", "."),
        ("iterdir", "folder", "cases"),
    ],
)
def test_what_may_not_be_read_is_named_by_its_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch, operation: str, argument: str, part: str
):
    # Permissions do not bind a superuser, so the refusal is the operating system's error itself.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patched:
        patched.setattr(Path, operation, refuse)
        message = message_of(InputError, folder)
    reason = os.strerror(errno.EACCES)
    assert message == f"{argument} {str(folder / part)!r} must be a {argument} that can be read: {reason}"


def test_a_table_in_another_encoding_is_refused(folder: Path):
    (folder / "inputs" / "articles.csv").write_bytes("schätzung".encode("latin-1"))
    expected = "table 'articles.csv' must be UTF-8 text: save it as \"CSV UTF-8 (comma delimited)\""
    assert message_of(InputError, folder) == expected


def test_a_broken_quotation_is_refused(folder: Path):
    append(folder / "inputs" / "history.csv", '"capex"s,FY2030')
    assert message_of(InputError, folder).startswith("table 'history.csv' must be a CSV file: ")


def test_an_oddity_without_a_resolution_is_refused(folder: Path):
    line = append(folder / "inputs" / "oddities.csv", "z_new,004,a claim,a finding,,")
    assert message_of(InputError, folder) == f"oddities.csv line {line} resolution '' must not be empty"


def rivals(*notes: str) -> Iterator[str]:
    for value, note in enumerate(notes, start=1):
        yield f"capex,FY2030,{value},CNY m,reported,source {value},2031-03-20,{note}"


def test_an_open_conflict_names_both_rows(folder: Path):
    last = append(folder / "inputs" / "history.csv", *rivals("", ""))
    assert message_of(InputError, folder) == (
        f"capex FY2030 1 CNY m (history.csv line {last - 1}) and 2 CNY m (history.csv line {last}) disagree: "
        "mark the note of exactly one with 'chosen: <reason>'"
    )


def test_a_conflict_with_two_chosen_rows_is_open(folder: Path):
    append(folder / "inputs" / "history.csv", *rivals("chosen: newer", "chosen: audited"))
    assert "disagree: mark the note of exactly one" in message_of(InputError, folder)


def test_a_marked_choice_settles_a_conflict(folder: Path):
    append(folder / "inputs" / "history.csv", *rivals("", "chosen: audited"))
    assert load_tables(folder).row("capex", "FY2030").number == 2


def test_rows_that_differ_in_unit_alone_are_a_conflict(folder: Path):
    append(folder / "inputs" / "history.csv", GOOD, GOOD.replace("CNY m", "HKD m"))
    message = message_of(InputError, folder)
    assert "1 CNY m" in message
    assert "1 HKD m" in message


@pytest.mark.parametrize("read", [case_names, load_tables], ids=lambda entry: entry.__name__)
@pytest.mark.parametrize("place", ["nowhere", "inputs", "inputs/history.csv"])
def test_a_path_that_is_no_folder_of_tables_is_refused(folder: Path, place: str, read):
    path = folder / place
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == f"folder {str(path)!r} must be a folder with inputs/ and cases/"


@pytest.mark.parametrize("read", [case_names, load_tables], ids=lambda entry: entry.__name__)
@pytest.mark.parametrize("part", ["inputs", "cases"])
def test_a_folder_with_one_part_missing_is_refused(folder: Path, part: str, read):
    shutil.rmtree(folder / part)
    with pytest.raises(InputError) as caught:
        read(folder)
    assert str(caught.value) == f"folder {str(folder)!r} must be a folder with inputs/ and cases/"


def test_a_folder_without_a_case_is_refused(folder: Path):
    for path in (folder / "cases").iterdir():
        path.unlink()
    (folder / "cases" / "notes.txt").write_text("no case")
    named = f"folder {str(folder / 'cases')!r}"
    assert message_of(InputError, folder) == f"{named} must hold a case: a CSV file of overrides"


@pytest.mark.parametrize(
    "name",
    ["Ox.csv", "bull case.csv", "bull-case.csv", "2024.csv", "_bull.csv", "ox.CSV", "a" * 32 + ".csv"],
)
def test_a_case_file_is_named_like_a_key(folder: Path, name: str):
    (folder / "cases" / name).write_text("")
    with pytest.raises(InputError) as caught:
        load_cases(folder)
    assert str(caught.value) == (
        f"case file {name!r} must be lower-case words joined by underscores, 31 characters at most, then .csv"
    )
    assert load_inputs("bull", folder)["case_title"] == load_inputs("bull")["case_title"]


@pytest.mark.parametrize("name", ["Bull.csv", "bull.CSV"])
def test_two_cases_may_not_have_one_name(folder: Path, name: str):
    (folder / "cases" / name).write_text("")
    with pytest.raises(InputError) as caught:
        load_cases(folder)
    assert str(caught.value) == f"case file {name!r} must not be a second case of the name bull"


def test_a_case_name_of_31_characters_is_accepted(folder: Path):
    longest = "a" * 31
    shutil.copy(folder / "cases" / "base.csv", folder / "cases" / f"{longest}.csv")
    assert load_inputs(longest, folder=folder).case == longest


def add_cases(folder: Path, count: int) -> None:
    """Add cases until there are `count`."""
    for number in range(count - len(case_names(folder))):
        shutil.copy(folder / "cases" / "base.csv", folder / "cases" / f"copy_{number}.csv")


def test_any_number_of_cases_loads(folder: Path):
    add_cases(folder, 100)
    cases, broken = load_sound_cases(folder)
    assert (len(case_names(folder)), len(cases), broken) == (100, 100, {})


def test_a_case_may_not_set_an_unknown_key(folder: Path):
    line = append(folder / "cases" / f"{REPLICA}.csv", "tax_rte,,0.1,,,ratio,assumption,a source,2024-03-08,")
    assert message_of(InputError, folder, REPLICA) == (
        f"march_2024_replica.csv line {line} key 'tax_rte' is not one of the model's (nearest: tax_rate)"
    )


def test_a_case_may_not_set_a_period(folder: Path):
    row = "risk_free,FY2024,0.04,,,ratio,assumption,a source,2024-03-08,"
    line = append(folder / "cases" / f"{REPLICA}.csv", row)
    assert message_of(InputError, folder, REPLICA) == (
        f"march_2024_replica.csv line {line} period 'FY2024' must be empty for a scalar"
    )


def test_a_case_may_not_change_a_unit(folder: Path):
    row = "price_hkd,,1.7,,,USD per share,assumption,a source,2024-03-08,"
    line = append(folder / "cases" / f"{REPLICA}.csv", row)
    assert message_of(InputError, folder, REPLICA) == (
        f"march_2024_replica.csv line {line} unit 'USD per share' must be 'HKD per share' for price_hkd"
    )


def test_a_value_out_of_range_is_named_by_its_row(folder: Path):
    row = "diluted_shares,,0,,,m shares"
    line = change(folder / "cases" / f"{REPLICA}.csv", "diluted_shares,,25000,,,m shares", row)
    assert message_of(DomainError, folder, REPLICA) == (
        f"march_2024_replica.csv line {line} diluted_shares 0.0 must be above 0"
    )


def test_a_choice_that_does_not_exist_is_named_by_its_row(folder: Path):
    line = change(folder / "cases" / f"{REPLICA}.csv", "timing,,end", "timing,,middle")
    assert message_of(ChoiceError, folder, REPLICA) == (
        f"march_2024_replica.csv line {line} timing 'middle' must be one of end, mid"
    )


def test_a_parameter_without_a_row_is_named(folder: Path):
    path = folder / "inputs" / "assumptions.csv"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("tolerance,")]
    path.write_text("\n".join(kept) + "\n")
    assert message_of(InputError, folder) == "parameter 'tolerance' must have a row in assumptions.csv"


def test_an_unknown_case_is_answered_with_the_known_ones():
    with pytest.raises(ChoiceError, match=r"^case '\.\./secret' must be one of house_2026, base, bear, "):
        load_inputs("../secret")


# What if -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"vehicle_wacc": 0.02, "vehicle_terminal_growth": 0.03},
            "vehicle_wacc 2.00% must exceed vehicle_terminal_growth 3.00%",
        ),
        (
            {"devices_terminal_growth": 0.11},
            "devices_wacc_printed 11.00% must exceed devices_terminal_growth 11.00%",
        ),
        (
            {"devices_wacc_basis": "computed", "devices_terminal_growth": 0.12},
            "devices WACC, computed, 11.33% must exceed devices_terminal_growth 12.00%",
        ),
        (
            {"devices_average_first_year": 2024},
            "devices_average_first_year 2024 must not be after devices_average_last_year 2023",
        ),
        (
            {"valuation_date": date(2025, 3, 8)},
            "valuation_date 2025-03-08 must be from 2023-01-01 to 2024-12-30: "
            "in base_year 2023 or the year after",
        ),
        (
            {"valuation_date": date(2022, 12, 31)},
            "valuation_date 2022-12-31 must be from 2023-01-01 to 2024-12-30: "
            "in base_year 2023 or the year after",
        ),
        (
            {"valuation_date": date(2024, 12, 31)},
            "valuation_date 2024-12-31 must be from 2023-01-01 to 2024-12-30: "
            "in base_year 2023 or the year after",
        ),
    ],
)
def test_scalars_that_do_not_hold_together_are_refused(
    replica: Inputs, values: dict[str, object], message: str
):
    with pytest.raises(DomainError) as caught:
        replica.replace(**values)
    assert str(caught.value) == message


def test_the_computed_rate_may_carry_a_growth_the_printed_one_may_not(replica: Inputs):
    # 4.4% + 1.1 x 6.3% = 11.33%, above a growth of 11.2% that the printed 11% does not exceed.
    assert (
        replica.replace(devices_wacc_basis="computed", devices_terminal_growth=0.112)[
            "devices_terminal_growth"
        ]
        == 0.112
    )


def test_a_changed_scalar_names_the_caller_and_its_former_value(replica: Inputs):
    changed = replica.replace(price_hkd=16.28, valuation_date=datetime(2024, 4, 2))
    row = changed.row("price_hkd")
    assert (row.value, row.basis, row.source) == (16.28, "assumption", "changed by the caller")
    assert row.note.startswith("was 13 (march_2024_strict.csv line ")
    assert changed["valuation_date"] == date(2024, 4, 2)
    assert replica["price_hkd"] == 13


def test_an_equal_scalar_keeps_its_row(replica: Inputs):
    assert replica.replace(price_hkd=13).row("price_hkd") is replica.row("price_hkd")


def test_an_unknown_scalar_cannot_be_replaced(replica: Inputs):
    with pytest.raises(InputError, match=r"parameter 'price' is not one of the model's"):
        replica.replace(price=13)


def test_inputs_and_rows_cannot_be_changed_in_place(replica: Inputs):
    with pytest.raises(TypeError):
        replica.values["price_hkd"] = 14.0  # type: ignore[index]
    row: Row = replica.row("price_hkd")
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.value = 14.0  # type: ignore[misc]
