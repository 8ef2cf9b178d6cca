"""What the command line prints and returns."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

import xlwings_addin as xa
from xlwings_addin.cli.app import CHECK_FAILED
from xlwings_addin.functions import reference
from xlwings_addin.functions.registry import PREFIXES, REGISTRY
from xlwings_addin.hosts import HOSTS
from xlwings_addin.xlsx.package import formula_cells, read_values, write_values

CASES = [
    *("house_2026", "base", "bear", "bull", "house_2026_bear", "house_2026_bull"),
    *("march_2024_replica", "march_2024_strict"),
]
"""Those that stand in the workbook, the one that it opens with first."""


def test_value_prints_the_keys_a_program_reads(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--case", "march_2024_replica", "--json")
    data = json.loads(answer.out)
    assert answer.status == 0
    assert data["case"] == "march_2024_replica"
    assert data["valuation_date"] == "2024-03-08"
    assert data["price_hkd"] == 13.0
    vehicle, devices = data["segments"]["vehicle"], data["segments"]["devices"]
    # As printed in Seeking Alpha article 4676592.
    assert f"{vehicle['per_share_usd']:.2f}" == "0.63"
    assert f"{vehicle['per_share_hkd']:.2f}" == "4.91"
    assert devices["per_share_hkd"] == pytest.approx(8.35, rel=0.01)
    assert devices["enterprise_value_cny_m"] / devices["enterprise_value_usd_m"] == pytest.approx(7.2015)
    assert 11.5 <= devices["per_share_hkd"] + data["net_cash"]["per_share_hkd"] <= 12.0
    assert data["net_cash"]["cny_m"] == 77_200.0
    assert data["margin_of_safety"] == pytest.approx(1 - 13.0 / data["value_per_share_hkd"])


def test_value_prints_a_table_for_people(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("value", "--case", "march_2024_replica")
    assert answer.status == 0
    assert "Electric vehicles" in answer.out
    assert "4.91" in answer.out


def test_the_house_view_is_the_case_by_default(run) -> None:  # type: ignore[no-untyped-def]
    data = json.loads(run("value", "--json").out)
    assert (data["case"], data["valuation_date"], data["price_hkd"]) == ("house_2026", "2026-09-30", 25.24)
    methods = {"devices": "segments", "core": "segments", "vehicle": "units", "new_initiatives": "stated"}
    assert data["methods"] == methods
    assert data["value_per_share_hkd"] == xa.value("house_2026").sotp.value_per_share
    assert "House view" in run("value").out


def test_build_writes_the_workbook_and_says_so(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "model.xlsx"
    answer = run("build", "--out", path)
    assert answer.status == 0
    assert path.exists()
    assert "formula cells agree with the core in all 8 cases" in answer.out
    data = json.loads(run("build", "--out", path, "--json").out)
    assert data["formulas"] == len(formula_cells(path))
    assert data["cases"] == CASES


def test_check_proves_the_delivered_workbook(run, delivered: Path) -> None:  # type: ignore[no-untyped-def]
    answer = run("check", delivered, "--second-engine", "skip")
    assert answer.status == 0
    assert "OK: 0 failures" in answer.out
    assert f"in 8 cases ({', '.join(CASES)})" in answer.out
    assert "warning: check warns | march_2024_replica" in answer.out
    assert "known oddity" in run("check", delivered, "--second-engine", "skip", "--verbose").out


def test_check_fails_with_status_1_and_names_the_cell(run, book_file: Path) -> None:  # type: ignore[no-untyped-def]
    book_file.write_bytes(write_values(book_file, {("SOTP", "D8"): 1.0}))
    answer = run("check", book_file, "--second-engine", "skip", "--json")
    report = json.loads(answer.out)
    assert answer.status == CHECK_FAILED
    assert report["ok"] is False
    (failure,) = [finding for finding in report["findings"] if finding["severity"] == "failure"]
    assert (failure["kind"], failure["sheet"], failure["cell"]) == ("wrong stored value", "SOTP", "D8")
    assert failure["formula"].startswith("=")
    assert failure["actual"] == failure["found"] == "1.0"
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
    assert [entry["name"] for entry in listed] == list(REGISTRY)
    assert "DCF_XNPV(rate, flows, dates)" in run("functions").out
    (one,) = json.loads(run("functions", "dcf_present_value", "--json").out)
    assert one["signature"] == "DCF_PRESENT_VALUE(flows, rate, [timing], [first_period])"
    assert one["spelling"]["libreoffice"] == "VAL.DCF_PRESENT_VALUE"
    text = run("functions", "DCF_PRESENT_VALUE").out
    assert "Arguments" in text
    assert "Source:" in text


def test_functions_writes_the_page_that_explains_them(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert run("functions", "--markdown", tmp_path / "functions.md").status == 0
    assert (tmp_path / "functions.md").read_text(encoding="utf-8") == reference.markdown(HOSTS)


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
    outcome = run("recalc", tmp_path / "book.xlsx")
    first = ", ".join(f"Sheet!A{row} #NUM!" for row in range(1, 6))
    assert outcome.out.endswith(f"7 formula cells calculated; errors in {first} and 2 more\n")
    assert outcome.status == 0


def test_recalc_refuses_an_unknown_host_and_names_those_it_knows(run, book_file: Path) -> None:  # type: ignore[no-untyped-def]
    before = book_file.read_bytes()
    answer = run("recalc", book_file, "--target", "lotus")
    assert answer.status == 2
    assert answer.err == "xiaomi-model: target 'lotus' must be one of desktop, office-js, libreoffice, lite\n"
    assert book_file.read_bytes() == before
    text = run("recalc", "--help").out
    assert [target for target in PREFIXES if target not in text] == []


def test_help_says_what_each_command_does(run) -> None:  # type: ignore[no-untyped-def]
    text = run("--help").out
    assert all(command in text for command in ("value", "build", "recalc", "check", "functions"))


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
