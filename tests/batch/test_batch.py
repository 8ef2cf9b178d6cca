"""Many companies and workbooks: every one gets its row, and one that fails stops no other."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from pathlib import Path

import pytest

import xlwings_addin as xa
from tests.cli.conftest import run  # noqa: F401 - a fixture
from xlwings_addin.batch.items import Item, items_of
from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.folders import tables_folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three companies, one with a broken case, one without its parameters, and two workbooks, one broken."""
    folder = tmp_path_factory.mktemp("many")
    for name in ("sound", "deep/broken_case", "deep/no_parameters"):
        shutil.copytree(tables_folder(), folder / name)
    (folder / "deep/broken_case/cases/bear.csv").write_text("nonsense\n", encoding="utf-8")
    (folder / "deep/no_parameters/parameters.csv").unlink()
    shutil.copy(tables_folder().parent / "Xiaomi_Model.xlsx", folder / "sound.xlsx")
    (folder / "deep/broken.xlsx").write_text("no workbook", encoding="utf-8")
    (folder / "deep/~$broken.xlsx").write_text("the lock of a program", encoding="utf-8")
    return folder


def test_every_case_of_every_company_has_its_row(many: Path) -> None:
    answer = xa.batch(many)
    values = xa.values()
    rows = {(Path(row.path).name, row.case): row for row in answer.rows}
    for case, results in values.items():
        row = rows["sound", case]
        assert (row.status, row.value_per_share) == ("ok", results.sotp.value_per_share)
        assert (row.price, row.currency, len(row.inputs_hash)) == (results.sotp.price, "HKD", 64)
    assert rows["broken_case", "base"].status == "ok"
    assert rows["broken_case", "bear"].status == "error"
    assert "header 'nonsense' must be" in rows["broken_case", "bear"].message
    assert rows["no_parameters", ""].message == "table 'parameters.csv' is not in no_parameters/"
    assert (answer.items, answer.left, answer.ok) == (3, 0, False)
    assert (answer.count("ok"), answer.count("error")) == (2 * len(values) - 1, 2)


def test_rows_come_in_the_order_of_the_items_whoever_works(many: Path) -> None:
    rows = xa.batch(many).rows
    assert xa.batch(many, cluster="threads:2").rows == rows
    paths = [Path(row.path).name for row in rows]
    assert list(dict.fromkeys(paths)) == ["broken_case", "no_parameters", "sound"]


@pytest.mark.slow
def test_a_broken_workbook_of_several_is_reported_and_the_other_checked(many: Path, tmp_path: Path) -> None:
    options = ["--second-engine", "skip"]
    out = tmp_path / "rows.csv"
    answer = xa.batch(many, do="check", options=options, cluster="threads:2", out=out)
    broken, sound = answer.rows
    assert (broken.status, sound.status) == ("error", "ok")
    assert broken.message.endswith("broken.xlsx is no zip package, so it is no xlsx file")
    assert sound.message.startswith("0 failures, ")
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [broken.path, sound.path]
    assert answer.to_frame()["status"].tolist() == ["error", "ok"]


def test_a_refresh_on_trial_says_the_value_and_leaves_the_file(many: Path) -> None:
    before = (many / "sound.xlsx").read_bytes()
    (row,) = xa.batch(many / "sound.xlsx", do="refresh", options=["--dry-run"]).rows
    assert (row.status, row.case) == ("ok", "house_2026")
    assert row.value_per_share == pytest.approx(xa.value("house_2026").sotp.value_per_share, rel=1e-9)
    assert row.message.startswith("on trial, 0 lines, 0 conflicts")
    assert (many / "sound.xlsx").read_bytes() == before


def test_a_list_names_companies_with_their_cases(many: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        f"path,case\n# a remark\nxiaomi,bear\n\n{many / 'sound'}\nxiaomi,base\nnowhere\n", encoding="utf-8"
    )
    items = items_of(tmp_path / "list.csv", "value")
    assert items == [
        Item("xiaomi", ("bear", "base")),
        Item(str(many / "sound")),
        Item(str(tmp_path / "nowhere")),
    ]
    answer = xa.batch(tmp_path / "list.csv", cases=["bull"])
    assert [(row.case, row.status) for row in answer.rows] == [
        ("bear", "ok"),
        ("base", "ok"),
        ("bull", "ok"),
        ("bull", "error"),
    ]
    assert "must be one of tesla, xiaomi, or a folder with company.toml" in answer.rows[-1].message


def test_ctrl_c_keeps_what_is_done(many: Path) -> None:
    answer = xa.batch(many, progress=lambda done, items, bad: signal.raise_signal(signal.SIGINT))
    assert (answer.items, answer.left, answer.ok) == (3, 2, False)
    assert {Path(row.path).name for row in answer.rows} == {"broken_case"}


@pytest.mark.parametrize(
    ("source", "do", "rule"),
    [
        ("nowhere", "value", "must be a folder, or a list of paths in a .csv or .txt file"),
        ("empty", "value", r"must have a company \(company.toml\), itself or below it"),
        ("empty", "check", r"must have a workbook \(.xlsx, .xlsm\), itself or below it"),
        ("list.csv", "value", "must name a company or a workbook"),
        ("wide.txt", "value", "wide.txt line 1 'a,b,c' must be a path, or a path and a case"),
        ("book.pdf", "check", "must be a folder or a list, .csv or .txt"),
        ("empty", "sell", "do 'sell' must be one of value, check, refresh"),
    ],
)
def test_a_batch_that_cannot_begin_is_one_sentence(tmp_path: Path, source: str, do: str, rule: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.csv").write_text("path,case\n", encoding="utf-8")
    (tmp_path / "wide.txt").write_text("a,b,c\n", encoding="utf-8")
    (tmp_path / "book.pdf").write_text("", encoding="utf-8")
    with pytest.raises(ValuationError, match=rule):
        xa.batch(tmp_path / source, do=do)  # type: ignore[arg-type]


def test_cases_of_workbooks_and_places_that_take_no_file_are_refused(many: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is for --do value: a workbook is taken with all its cases"):
        xa.batch(many, do="check", cases=["base"])
    for place, rule in ((tmp_path / "rows.txt", "must be named .csv"), (tmp_path / "no/rows.csv", "a place")):
        with pytest.raises(InputError, match=rule):
            xa.batch(many, out=place, progress=lambda done, items, bad: pytest.fail("something was done"))


def test_the_command_prints_rows_and_ends_with_status_1_where_one_is_not_ok(  # type: ignore[no-untyped-def]
    run,  # noqa: F811
) -> None:
    answer = run("batch", "--company", "xiaomi", "--case", "base", "--case", "nope", "--json")
    data = json.loads(answer.out)
    assert answer.status == 1
    assert (data["do"], data["items"], data["ok"], data["error"]) == ("value", 1, 1, 1)
    assert "case 'nope' must be one of house_2026, base, bear" in data["rows"][1]["message"]
    answer = run("batch", "--company", "xiaomi", "--case", "base", "--cluster", "threads:1")
    assert answer.status == 0
    assert "31.47 HKD" in answer.out
    assert "1 company: 1 ok, 0 failed, 0 error" in answer.out
    answer = run("batch")
    assert (answer.status, answer.err) == (2, "xiaomi-model: folder of a batch or a company must be named\n")
    answer = run("batch", ".", "--do", "check", "--company", "xiaomi", "--company", "acme")
    assert answer.status == 2
    assert "--company 2 times must be named once with --do check" in answer.err
