"""What the command line says of bad input: one sentence, status 2, nothing lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlwings_addin as xa
from tests.cli.answers import replace_in, sentence, set_cells
from xlwings_addin.cli.app import BAD_INPUT
from xlwings_addin.inputs.case_files import case_names
from xlwings_addin.xlsx.package import formula_cells, read_values


def test_an_unknown_case(run) -> None:  # type: ignore[no-untyped-def]
    message = sentence(run("value", "--case", "moon"))
    assert message == f"case 'moon' must be one of {', '.join(case_names())}"


def test_an_unknown_company(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "must be one of xiaomi" in sentence(run("value", "--company", "acme")).replace("tesla, ", "")
    beside = sentence(run("value", "--company", "xiaomi", "--inputs", tmp_path))
    assert (
        beside
        == "--company xiaomi must not stand beside --inputs: the folder of a company has its own tables"
    )


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
        ("tax_rate,,0.15,", "tax_rate,,0.15,extra,", "assumptions.csv line 26 11 columns must be 10"),
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
            "vehicle_wacc 0.10%, at parity -2.47%, must exceed vehicle_terminal_growth ",
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
            "devices_horizon",
            {"value": "17", "high": "18"},
            "{place} devices_horizon 17 must be at most 16",
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
            "{place} extends 'moon' must be one of house_2026, base, bear, bull, ",
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
        assert message.endswith(" must add to 1 over all cases of 2025-11-19")
    assert not (tmp_path / "book.xlsx").exists()


def test_a_text_typed_over_an_input(run, book_file: Path) -> None:  # type: ignore[no-untyped-def]
    workbook = load_workbook(book_file)
    row = next(cell.row for cell in workbook["Inputs"]["V"] if cell.value == "price_hkd")
    workbook["Inputs"][f"E{row}"] = "thirteen"
    workbook.save(book_file)
    before = book_file.read_bytes()
    expected = f"Inputs!E{row} price_hkd of house_2026 'thirteen' must be a number"
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

    monkeypatch.setattr("xlwings_addin.xlsx.saving.tempfile.NamedTemporaryFile", refuse)
    monkeypatch.setattr("xlwings_addin.xlsx.saving.tempfile.mkstemp", refuse)
    message = sentence(run("build", "--out", path))
    assert "book.xlsx" in message
    assert path.read_bytes() == b"what the analyst had"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_while_writing(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"what the analyst had")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("xlwings_addin.xlsx.saving.os.fsync", full)
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
        # A compiled module that the limit cuts off would stop every later process that reads it.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        check=False,
    )
    assert done.returncode == BAD_INPUT, done.stderr
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
    assert run("value", "--cases", "x").status == BAD_INPUT


def test_python_callers_get_the_same(tmp_path: Path) -> None:
    path = xa.build(tmp_path / "book.xlsx")
    stored = read_values(path)
    assert xa.recalculate(path) == {at: stored[at] for at in ((f.sheet, f.cell) for f in formula_cells(path))}
    assert xa.check(path, second_opinion="skip").ok
