"""The command line: what it prints, what it returns, and what it says of bad input."""

from __future__ import annotations

import csv
import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

import xlwings_addin as xa
from udfs import reference
from udfs.registry import PREFIXES, REGISTRY
from xlwings_addin import cli
from xlwings_addin.book.package import formula_cells, read_values, write_values


class Answer:
    """What a run of the command line left: status, standard output, standard error."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Run the command line in this process."""

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["xiaomi-model", *map(str, arguments)])
        status = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Answer(status, out, err)

    return call


def set_cells(path: Path, key: str, /, **cells: str) -> str:
    """Change cells of the row of a table that has `key`; where the row stands, as messages name it."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (number,) = [number for number, row in enumerate(rows, 2) if row["key"] == key]
    rows[number - 2] |= cells
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return f"{path.name} line {number}"


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def sentence(answer: Answer) -> str:
    """The one sentence that bad input is answered with; status 2 and nothing on standard output."""
    assert answer.status == cli.BAD_INPUT
    assert answer.out == ""
    (line,) = answer.err.splitlines()
    assert line.startswith("xiaomi-model: ")
    return line.removeprefix("xiaomi-model: ")


# --- what it prints -----------------------------------------------------------------------------------


def test_value_prints_the_keys_a_program_reads(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--case", "march_2024_replica", "--json")
    data = json.loads(answer.out)
    assert answer.status == 0
    assert data["case"] == "march_2024_replica"
    assert data["valuation_date"] == "2024-03-08"
    assert data["price_hkd"] == 13.0
    vehicle, core = data["segments"]["vehicle"], data["segments"]["core"]
    # As printed in Seeking Alpha article 4676592.
    assert f"{vehicle['per_share_usd']:.2f}" == "0.63"
    assert f"{vehicle['per_share_hkd']:.2f}" == "4.91"
    assert core["per_share_hkd"] == pytest.approx(8.35, rel=0.01)
    assert core["enterprise_value_cny_m"] / core["enterprise_value_usd_m"] == pytest.approx(7.2015)
    assert 11.5 <= core["per_share_hkd"] + data["net_cash"]["per_share_hkd"] <= 12.0
    assert data["net_cash"]["cny_m"] == 77_200.0
    assert data["margin_of_safety"] == pytest.approx(1 - 13.0 / data["value_per_share_hkd"])


def test_value_prints_a_table_for_people(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--case", "march_2024_replica")
    assert answer.status == 0
    assert "Electric vehicles" in answer.out
    assert "4.91" in answer.out


def test_the_house_view_is_the_case_by_default(run) -> None:  # type: ignore[no-untyped-def]
    data = json.loads(run("value", "--json").out)
    assert (data["case"], data["valuation_date"], data["price_hkd"]) == ("base", "2025-11-19", 38.86)
    assert data["methods"] == {"core": "segments", "vehicle": "units"}
    assert data["value_per_share_hkd"] == xa.value("base").sotp.value_per_share
    assert "House view" in run("value").out


def test_build_writes_the_workbook_and_says_so(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "model.xlsx"
    answer = run("build", "--out", path)
    assert answer.status == 0
    assert path.exists()
    assert "formula cells agree with the core in each of 5 cases" in answer.out
    data = json.loads(run("build", "--out", path, "--json").out)
    assert data["formulas"] == len(formula_cells(path))
    assert data["cases"] == ["base", "bear", "bull", "march_2024_replica", "march_2024_strict"]


def test_check_proves_the_delivered_workbook(run, delivered: Path) -> None:  # type: ignore[no-untyped-def]
    answer = run("check", delivered, "--second-engine", "skip")
    assert answer.status == 0
    assert "OK: 0 failures" in answer.out
    assert "in 5 cases (base, bear, bull, march_2024_replica, march_2024_strict)" in answer.out
    assert "warning: check warns | march_2024_replica" in answer.out
    assert "known oddity" in run("check", delivered, "--second-engine", "skip", "--verbose").out


def test_check_fails_with_status_1_and_names_the_cell(run, book_file: Path) -> None:  # type: ignore[no-untyped-def]
    book_file.write_bytes(write_values(book_file, {("SOTP", "D8"): 1.0}))
    answer = run("check", book_file, "--second-engine", "skip", "--json")
    report = json.loads(answer.out)
    assert answer.status == cli.CHECK_FAILED
    assert report["ok"] is False
    (failure,) = [each for each in report["findings"] if each["severity"] == "failure"]
    assert (failure["kind"], failure["sheet"], failure["cell"]) == ("wrong stored value", "SOTP", "D8")
    assert failure["formula"].startswith("=")
    assert failure["found"] == "1.0"
    lines = run("check", book_file, "--second-engine", "skip").out.splitlines()
    (told,) = [line for line in lines if line.startswith("failure: ")]
    assert "SOTP!D8" in told


def test_recalc_writes_values_into_any_workbook(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "own.xlsx"
    workbook = Workbook()
    worksheet = workbook.active
    assert worksheet is not None
    worksheet["A1"] = "=IFERROR(1+DCF_TERMINAL_VALUE(100,0.1,0.02),0)"
    workbook.save(path)
    answer = run("recalc", path, "--out", tmp_path / "filled.xlsx")
    assert answer.status == 0
    # 100 x 1.02 / (0.10 - 0.02), by hand.
    assert read_values(tmp_path / "filled.xlsx")["Sheet", "A1"] == pytest.approx(1276.0)
    assert json.loads(run("recalc", path, "--json").out)["values"]["Sheet!A1"] == pytest.approx(1276.0)
    assert read_values(path)["Sheet", "A1"] == pytest.approx(1276.0)


def test_recalc_asks_libreoffice_where_the_embedded_engine_gives_up(
    run, tmp_path: Path, libreoffice: Path
) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "own.xlsx"
    workbook = Workbook()
    worksheet = workbook.active
    assert worksheet is not None
    for row in ([1, 3], [7, 2], [2, 0]):
        worksheet.append([*row, None, *([2, 0] if row[0] != 2 else [])])
    worksheet["G1"] = "=SUM(MMULT(A1:B2,D1:E2))"
    workbook.save(path)
    assert run("recalc", path).status == 0
    # Microsoft's example of MMULT: {1,3;7,2} times {2,0;2,0} is {8,0;18,0}.
    assert read_values(path)["Sheet", "G1"] == 26.0


def test_functions_lists_all_and_explains_one(run) -> None:  # type: ignore[no-untyped-def]
    listed = json.loads(run("functions", "--json").out)
    assert [each["name"] for each in listed] == list(REGISTRY)
    assert "DCF_XNPV(rate, flows, dates)" in run("functions").out
    (one,) = json.loads(run("functions", "dcf_present_value", "--json").out)
    assert one["signature"] == "DCF_PRESENT_VALUE(flows, rate, [timing], [first_period])"
    assert one["spelling"]["libreoffice"] == "VAL.DCF_PRESENT_VALUE"
    shown = run("functions", "DCF_PRESENT_VALUE").out
    assert "Arguments" in shown
    assert "Source:" in shown


def test_functions_writes_the_page_that_explains_them(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert run("functions", "--markdown", tmp_path / "functions.md").status == 0
    assert (tmp_path / "functions.md").read_text(encoding="utf-8") == reference.markdown()


def test_recalc_writes_a_workbook_for_each_host_and_back_again(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path, first = tmp_path / "book.xlsx", tmp_path / "first.xlsx"
    book = Workbook()
    book.active["A1"] = "=IFERROR(DCF_TERMINAL_VALUE(100,0.1,0.05),0)"
    book.save(path)
    assert run("recalc", path, "--out", first).status == 0
    shutil.copy(first, path)
    for target in ("office-js", "libreoffice", "desktop"):
        assert run("recalc", path, "--target", target).status == 0
        assert formula_cells(path)[0].text == f"IFERROR({PREFIXES[target]}DCF_TERMINAL_VALUE(100,0.1,0.05),0)"
    assert path.read_bytes() == first.read_bytes()


def test_recalc_names_the_cells_that_show_an_error(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    book = Workbook()
    for row in range(1, 8):
        book.active[f"A{row}"] = "=DCF_TERMINAL_VALUE(100,0.02,0.03)"
    book.save(tmp_path / "book.xlsx")
    shown = run("recalc", tmp_path / "book.xlsx")
    first = ", ".join(f"Sheet!A{row} #NUM!" for row in range(1, 6))
    assert shown.out.endswith(f"7 formula cells calculated; errors in {first} and 2 more\n")
    assert shown.status == 0


def test_recalc_refuses_an_unknown_host_and_names_those_it_knows(run, book_file: Path) -> None:  # type: ignore[no-untyped-def]
    before = book_file.read_bytes()
    answer = run("recalc", book_file, "--target", "lotus")
    assert answer.status == 2
    assert answer.err == "xiaomi-model: target 'lotus' must be one of desktop, office-js, libreoffice\n"
    assert book_file.read_bytes() == before
    shown = run("recalc", "--help").out
    assert [target for target in PREFIXES if target not in shown] == []


def test_help_says_what_each_command_does(run) -> None:  # type: ignore[no-untyped-def]
    shown = run("--help").out
    assert all(command in shown for command in ("value", "build", "recalc", "check", "functions"))


@pytest.mark.parametrize(("arguments", "status"), [(("functions", "--json"), 0), (("functions", "NOPE"), 2)])
def test_as_a_program_it_says_everything_before_it_ends(arguments: tuple[str, ...], status: int) -> None:
    command = [sys.executable, "-m", "xlwings_addin.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status
    if status:
        assert done.stderr.startswith("xiaomi-model: function 'NOPE'")
    else:
        assert {entry["name"] for entry in json.loads(done.stdout)} == set(REGISTRY)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['xiaomi-model', '--help']\n"
        "from xlwings_addin import cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'openpyxl', 'pydantic', 'scipy', 'formualizer'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


# --- bad input ----------------------------------------------------------------------------------------


def test_an_unknown_case(run) -> None:  # type: ignore[no-untyped-def]
    message = sentence(run("value", "--case", "moon"))
    assert message == "case 'moon' must be one of base, bear, bull, march_2024_replica, march_2024_strict"


def test_a_missing_workbook(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "none.xlsx" in sentence(run("check", tmp_path / "none.xlsx"))
    assert "none.xlsx" in sentence(run("recalc", tmp_path / "none.xlsx"))


def test_a_missing_table(run, tables: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tables / "inputs" / "history.csv").unlink()
    message = sentence(run("build", "--out", tmp_path / "book.xlsx", "--inputs", tables))
    assert message == "table 'history.csv' is not in inputs/"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("price_hkd,,38.86,", "price_hkd,,38.86,extra,", "assumptions.csv line 5 11 columns must be 10"),
        (
            "price_hkd,,38.86,",
            "price_hkd,,thirteen,",
            "assumptions.csv line 5 value 'thirteen' must be a finite number",
        ),
        (
            "price_hkd,,38.86,,,HKD per share,reported",
            "price_hkd,,38.86,,,HKD per share,rumour",
            "'rumour' must be one of",
        ),
        ("diluted_shares,,25501,", "diluted_shares,,0,", "diluted_shares 0.0 must be above 0"),
        (
            "vehicle_wacc,,0.12,0.105,",
            "vehicle_wacc,,0.001,0.001,",
            "vehicle_wacc 0.10% must exceed vehicle_terminal_growth ",
        ),
    ],
    ids=["malformed row", "text for a number", "unknown basis", "zero shares", "wacc not above growth"],
)
def test_a_bad_row(run, tables: Path, tmp_path: Path, old: str, new: str, message: str) -> None:  # type: ignore[no-untyped-def]
    replace_in(tables / "inputs" / "assumptions.csv", old, new)
    answer = run("build", "--out", tmp_path / "book.xlsx", "--inputs", tables)
    assert message in sentence(answer)
    assert not (tmp_path / "book.xlsx").exists()


@pytest.mark.parametrize(
    ("table", "key", "cells", "rule"),
    [
        (
            "inputs/assumptions.csv",
            "iot_gross_margin_end",
            {"value": "1.01", "high": "1.02"},
            "{place} iot_gross_margin_end 101.00% must be at most 100.00%",
        ),
        (
            "cases/bear.csv",
            "vehicle_gross_margin_ceiling",
            {"value": "1.2", "low": "0.1", "high": "1.3"},
            "{place} vehicle_gross_margin_ceiling 120.00% must be at most 100.00%",
        ),
        (
            "inputs/assumptions.csv",
            "vehicle_operating_margin_end",
            {"high": "1.01"},
            "{place} vehicle_operating_margin_end high 101.00% must be at most 100.00%",
        ),
        (
            "inputs/assumptions.csv",
            "core_horizon",
            {"value": "17", "high": "18"},
            "{place} core_horizon 17 must be at most 16",
        ),
        (
            "inputs/assumptions.csv",
            "vehicle_horizon",
            {"value": "20", "high": "20"},
            "{place} vehicle_horizon 20 must be at most 16",
        ),
        (
            "inputs/assumptions.csv",
            "raw_beta",
            {"low": "1.21", "high": "0.94"},
            "{place} low '1.21' must be a finite number not above the value",
        ),
        (
            "inputs/assumptions.csv",
            "raw_beta",
            {"high": "0.95"},
            "{place} high '0.95' must be a finite number not below the value",
        ),
        (
            "cases/bull.csv",
            "demand_saturation",
            {"key": "demand_saturatoin"},
            "{place} key 'demand_saturatoin' is not one of the model's (nearest: demand_saturation)",
        ),
        (
            "cases/bull.csv",
            "extends",
            {"value": "moon"},
            "{place} extends 'moon' must be one of base, bear, bull, ",
        ),
    ],
)
def test_a_row_that_breaks_a_rule(  # type: ignore[no-untyped-def]
    run, tables: Path, tmp_path: Path, table: str, key: str, cells: dict[str, str], rule: str
) -> None:
    place = set_cells(tables / table, key, **cells)
    answer = run("build", "--out", tmp_path / "book.xlsx", "--inputs", tables)
    assert sentence(answer).startswith(rule.format(place=place))
    assert not (tmp_path / "book.xlsx").exists()


def test_an_override_outside_the_range_of_what_it_replaces(run, tables: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    replaced = set_cells(tables / "inputs" / "assumptions.csv", "demand_saturation", low="1", high="2.4")
    place = set_cells(tables / "cases" / "bull.csv", "demand_saturation", value="2.5", low="", high="")
    message = sentence(run("build", "--out", tmp_path / "book.xlsx", "--inputs", tables))
    assert (
        message == f"{place} demand_saturation 2.5 must be from 1 to 2.4 ({replaced}), or have low and high"
    )


def test_capacity_below_what_the_base_year_delivers(run, tables: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = set_cells(tables / "inputs" / "assumptions.csv", "plant_1_capacity", value="0.1", low="0.05")
    message = sentence(run("build", "--out", tmp_path / "book.xlsx", "--inputs", tables))
    assert message.startswith("capacity open in 2025 ")
    assert "must not be below the deliveries of 2025, 0." in message
    assert f"plant_1_capacity ({place})" in message
    assert not (tmp_path / "book.xlsx").exists()


def test_demand_below_what_the_base_year_delivers(run, tables: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = set_cells(tables / "inputs" / "assumptions.csv", "demand_saturation", value="0.3", low="0.2")
    message = sentence(run("build", "--out", tmp_path / "book.xlsx", "--inputs", tables))
    assert message.startswith(f"{place} demand_saturation 0.3 must exceed the deliveries of 2025, 0.")
    assert not (tmp_path / "book.xlsx").exists()


def test_probabilities_that_do_not_add_to_one(run, tables: Path, delivered: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place = set_cells(tables / "cases" / "base.csv", "probability", value="0.4")
    for arguments in (["build", "--out", tmp_path / "book.xlsx"], ["check", delivered]):
        message = sentence(run(*arguments, "--inputs", tables))
        assert message.startswith(f"probability 0.4 ({place}) + ")
        assert message.endswith(" must add to 1 over all cases")
    assert not (tmp_path / "book.xlsx").exists()


def test_a_text_typed_over_an_input(run, book_file: Path) -> None:  # type: ignore[no-untyped-def]
    workbook = load_workbook(book_file)
    row = next(cell.row for cell in workbook["Inputs"]["V"] if cell.value == "price_hkd")
    workbook["Inputs"][f"E{row}"] = "thirteen"
    workbook.save(book_file)
    before = book_file.read_bytes()
    expected = f"Inputs!E{row} price_hkd of base 'thirteen' must be a number"
    assert sentence(run("check", book_file)) == expected
    assert book_file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"", "workbook"), (b"not a zip", "workbook"), (b"PK\x03\x04 cut off", "workbook")],
    ids=["empty", "text", "truncated"],
)
def test_a_file_that_is_no_workbook(run, tmp_path: Path, content: bytes, rule: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    for command in ("check", "recalc"):
        message = sentence(run(command, path))
        assert "book.xlsx" in message
        assert rule in message
    assert path.read_bytes() == content


@pytest.mark.parametrize("lock", ["~$book.xlsx", ".~lock.book.xlsx#"], ids=["Excel", "LibreOffice"])
def test_a_file_open_elsewhere(run, tmp_path: Path, lock: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"what the analyst had")
    (tmp_path / lock).touch()
    message = sentence(run("build", "--out", path))
    assert "is open in another program" in message
    assert lock in message
    assert path.read_bytes() == b"what the analyst had"


def test_a_folder_that_does_not_exist(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "nowhere" in sentence(run("build", "--out", tmp_path / "nowhere" / "book.xlsx"))


def test_a_folder_that_cannot_be_written(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    # Permissions do not bind a superuser, so the refusal is the operating system's error itself.
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"what the analyst had")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("xlwings_addin.book.package.tempfile.NamedTemporaryFile", refuse)
    monkeypatch.setattr("xlwings_addin.book.package.tempfile.mkstemp", refuse)
    message = sentence(run("build", "--out", path))
    assert "book.xlsx" in message
    assert path.read_bytes() == b"what the analyst had"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_while_writing(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"what the analyst had")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("xlwings_addin.book.package.os.fsync", full)
    assert (
        sentence(run("build", "--out", path))
        == f"file {path} cannot be written: the disk is full; it is unchanged"
    )
    assert path.read_bytes() == b"what the analyst had"
    assert list(tmp_path.iterdir()) == [path]


def test_a_temporary_folder_that_fills_up(tmp_path: Path) -> None:
    # A limit on the size of files makes the write itself fail halfway, as a full disk does.
    resource = pytest.importorskip("resource", reason="POSIX only")
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"what the analyst had")
    done = subprocess.run(
        [sys.executable, "-m", "xlwings_addin.cli", "build", "--out", str(path)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        check=False,
    )
    assert done.returncode == cli.BAD_INPUT, done.stderr
    assert "xiaomi-model: temporary folder" in done.stderr
    assert path.read_bytes() == b"what the analyst had"
    assert list(tmp_path.iterdir()) == [path]


def test_recalc_keeps_the_kind_of_file(run, book_file: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    message = sentence(run("recalc", book_file, "--out", tmp_path / "notes.csv"))
    assert message.endswith("must be named .xlsx, as the workbook is")
    assert not (tmp_path / "notes.csv").exists()


def test_a_folder_of_tables_that_is_none(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "none" in sentence(run("value", "--inputs", tmp_path / "none"))


def test_an_unknown_function(run) -> None:  # type: ignore[no-untyped-def]
    assert sentence(run("functions", "DCF_MAGIC")).startswith("function 'DCF_MAGIC' is not one of")


def test_an_unknown_option_is_bad_input_too(run) -> None:  # type: ignore[no-untyped-def]
    assert run("value", "--cases", "x").status == cli.BAD_INPUT


def test_python_callers_get_the_same(tmp_path: Path) -> None:
    path = xa.build(tmp_path / "book.xlsx")
    stored = read_values(path)
    assert xa.recalculate(path) == {at: stored[at] for at in ((f.sheet, f.cell) for f in formula_cells(path))}
    assert xa.check(path, second_opinion="skip").ok


# --- what an analyst's own workbook goes through ----------------------------------------------------------


def test_every_case_is_printed_side_by_side(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--all")
    assert answer.status == 0
    assert all(case in answer.out for case in ("base", "bear", "bull", "weighted"))
    data = json.loads(run("value", "--all", "--json").out)
    weights = {"base": 0.5, "bear": 0.25, "bull": 0.25}
    by_hand = sum(weight * data["cases"][case]["value_per_share_hkd"] for case, weight in weights.items())
    assert data["weighted_value_per_share_hkd"] == pytest.approx(by_hand, rel=1e-12)


def test_a_refresh_says_what_it_did_and_diff_says_what_moved(  # type: ignore[no-untyped-def]
    run, delivered: Path, tmp_path: Path, tables: Path
) -> None:
    book = tmp_path / "book.xlsx"
    book.write_bytes(delivered.read_bytes())
    set_cells(tables / "inputs" / "assumptions.csv", "tax_rate", value="0.17")
    planned = json.loads(run("refresh", book, "--inputs", tables, "--dry-run", "--json").out)
    assert planned["written"] is False
    done = json.loads(run("refresh", book, "--inputs", tables, "--json").out)
    assert done["changes"] == planned["changes"]
    assert {each["what"] for each in done["changes"]} == {"updated"}
    assert {each["as_of"] for each in done["changes"]} == {"2025-11-19"}
    assert done["tables"] == str(tables)
    assert [driver["label"] for driver in done["bridge"]["drivers"]] == ["Tax rate"]
    assert Path(done["backup"]).read_bytes() == delivered.read_bytes()
    page, picture = tmp_path / "moved.html", tmp_path / "moved.svg"
    moved = run("diff", delivered, book, "--inputs", tables, "--html", page, "--chart", picture, "--json")
    assert moved.status == 0, moved.err
    assert run("diff", delivered, book, "--inputs", tables, "--changes").status == 0
    assert {"Tax rate", "Input changed: 3"} <= {
        v for at, v in read_values(book).items() if at[0] == "Changes"
    }
    found = json.loads(moved.out)
    assert found["bridge"]["change"] == pytest.approx(
        done["value_per_share_hkd"]["after"] - done["value_per_share_hkd"]["before"], rel=1e-9
    )
    assert [driver["label"] for driver in found["bridge"]["drivers"]] == ["Tax rate"]
    assert "<html" in page.read_text(encoding="utf-8")
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_a_build_is_remembered_and_its_forecasts_are_scored(  # type: ignore[no-untyped-def]
    run, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.duckdb"
    assert run("build", "--out", tmp_path / "book.xlsx", "--ledger", ledger).status == 0
    (snapshot,) = json.loads(run("history", "--ledger", ledger, "--json").out)
    assert snapshot["command"] == "build"
    scored = run("scorecard", "--ledger", ledger, "--snapshot", snapshot["id"], "--json")
    assert json.loads(scored.out) != []
    assert run("history").status == 2  # the tests turn the user's own ledger off


def test_a_refresh_is_remembered_with_what_the_book_holds(  # type: ignore[no-untyped-def]
    run, book_file: Path, tmp_path: Path, tables: Path
) -> None:
    ledger = tmp_path / "ledger.duckdb"
    set_cells(tables / "inputs" / "assumptions.csv", "tax_rate", value="0.17")
    assert run("refresh", book_file, "--inputs", tables, "--ledger", ledger, "--dry-run").status == 0
    assert not ledger.exists()
    answer = run("refresh", book_file, "--inputs", tables, "--ledger", ledger, "--changes")
    assert "Tax rate" in answer.out
    (snapshot,) = json.loads(run("history", "--ledger", ledger, "--json").out)
    assert snapshot["command"] == "refresh"
    expected = xa.value("base", folder=tables).sotp.value_per_share
    assert snapshot["cases"]["base"]["value_per_share_hkd"] == pytest.approx(expected, rel=1e-12)


def test_a_reported_figure_that_differs_is_told(run, book_file: Path, tables: Path) -> None:  # type: ignore[no-untyped-def]
    figure = "research_and_development,FY2023,"
    replace_in(tables / "inputs" / "history.csv", f"{figure}19100,", f"{figure}19200,")
    answer = run("refresh", book_file, "--inputs", tables, "--dry-run")
    assert answer.status == 0
    assert (
        "a reported figure differs: research_and_development FY2023 was reported as 19100 CNY m" in answer.err
    )


def test_without_yfinance_quotes_are_refused_and_nothing_is_lost(  # type: ignore[no-untyped-def]
    run, book_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yfinance", None)
    before = book_file.read_bytes()
    assert "pip install xiaomi-model[market]" in sentence(run("refresh", book_file, "--market"))
    assert book_file.read_bytes() == before


def test_a_ledger_that_cannot_be_written_does_not_stop_a_build(  # type: ignore[no-untyped-def]
    run, tmp_path: Path
) -> None:
    no_ledger = tmp_path / "notes.txt"
    no_ledger.write_text("mine")
    answer = run("build", "--out", tmp_path / "book.xlsx", "--ledger", no_ledger)
    assert answer.status == 0
    assert "not in the ledger" in answer.err
    assert no_ledger.read_text() == "mine"


def test_a_day_is_valued_with_what_was_known_on_it(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("as-of", "2024-03-08")
    assert answer.status == 0
    assert "march_2024_replica: 16.65 HKD a share as written" in answer.out
    assert "free_cash_flow FY2023" in answer.out
    assert "base" not in answer.out.split("march")[0]


def test_an_override_becomes_a_case(run, delivered: Path, tmp_path: Path, tables: Path) -> None:  # type: ignore[no-untyped-def]
    book = tmp_path / "book.xlsx"
    workbook = load_workbook(delivered)
    (row,) = [cell.row for cell in workbook["Inputs"]["V"] if cell.value == "tax_rate"]
    workbook["Inputs"].cell(row, 5, 0.2)
    workbook.save(book)
    answer = run("export", "case", book, "mine", "--author", "desk", "--inputs", tables)
    assert answer.status == 0, answer.err
    assert "1 overrides of base (tax_rate)" in answer.out
    assert "tax_rate,,0.2," in (tables / "cases" / "mine.csv").read_text()


@pytest.mark.parametrize("command", ["refresh", "diff"])
def test_a_file_that_is_no_workbook_is_bad_input(run, tmp_path: Path, command: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "notes.xlsx"
    path.write_text("notes")
    answer = run(command, path, *([path] if command == "diff" else []))
    assert answer.status == 2
    assert "notes.xlsx" in answer.err
    assert path.read_text() == "notes"


def test_tables_may_come_from_an_address(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--inputs", "http://example.org/tables")
    assert answer.status == 2
    assert "https" in answer.err
