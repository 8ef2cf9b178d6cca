"""One more of everything, done on a copy of the house, in as many files as CONTRIBUTING.md says."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.companies.test_new_company import SEGMENTS as NEW_SEGMENTS
from tests.companies.test_new_company import fill
from xlwings_addin.sheets import sheet_modules
from xlwings_addin.sheets.spec import Sheet

ROOT = Path(__file__).parents[1]
SEGMENTS = ",".join(f"{key}:{template}" for key, template in NEW_SEGMENTS)
MOST = {
    "line": 2,
    "input": 2,
    "sheet": 1,
    "function of cells": 1,
    "case": 1,
    "template of a business": 2,
    "company": 1,
    "host": 1,
}
"""Files; a company is one folder, a host one package."""

TEMPLATE_NUMBERS = '''"""Revenue that stays what it was."""

from __future__ import annotations

import numpy as np

from xlwings_addin.segments.lines import WithBaseYear, line
from xlwings_addin.segments.member import MARGIN, Member
from xlwings_addin.segments.needs import ASSUMED, Need, number


class FlatRevenue(Member):
    """The revenue of the base year, every year."""

    @line(override=True)
    def revenue(self) -> WithBaseYear:
        return self.base.of(f"{self.key}_revenue") * np.ones((self.positions.years_forecast + 1, 1))


TEMPLATE = FlatRevenue
NEEDS: tuple[Need, ...] = (
    number("assumed_{key}_revenue", "{label} of a quarter not reported", "{currency} m", ASSUMED, least=0),
    MARGIN,
)
'''
TEMPLATE_FORMULAS = '''"""Revenue that stays what it was: its line on the sheet of the group."""

from __future__ import annotations

from xlwings_addin.inputs.company import Company, SegmentEntry
from xlwings_addin.sheets.segments.half import Half
from xlwings_addin.sheets.spec import Line, OfModel, yearly


def revenue(company: Company, entry: SegmentEntry) -> list[Line]:
    base, path = f"{{base_year.revenue_{entry.key}:year}}", OfModel(f"{entry.key}.revenue")
    return [yearly(f"revenue_{entry.key}", f"{base}*{{in_horizon}}", path, opening=base, label=entry.label)]


HALF = Half(revenue=revenue)
'''
LINE_NUMBERS = '''    @line("Royalties", unit="{currency} m")
    def royalties(self) -> WithBaseYear:
        """a share of revenue"""
        key = f"{self.prefix}_royalty_ratio"
        return self.revenue * (self.number(key) if self.inputs.has(key) else 0.0)

'''
LINE_FORMULAS = """        *(
            [every_year("royalties", f"{{revenue}}*{{inputs.{prefix}_royalty_ratio}}")]
            if company.parameters.has(f"{prefix}_royalty_ratio")
            else []
        ),
"""
SHEET = '''"""Once More: the value of a share, once more."""

from __future__ import annotations

from xlwings_addin.sheets.spec import Block, Context, Sheet, constant


def blocks(_: Context) -> list[Block]:
    value = constant(
        "value_again", "{sotp.value_per_share}", lambda r: r.sotp.value_per_share, label="Value", unit="USD"
    )
    return [Block("A share", [value])]


SHEET = Sheet("once_more", "Once More", "What is a share worth?", blocks, place=75)
'''
FUNCTION = '''"""ROYALTY: what a share of revenue is."""

from __future__ import annotations

from xlwings_addin.functions.registry import Number, udf


@udf
def ROYALTY_DUE(revenue: Number, ratio: Number) -> Number:
    """Royalties on a revenue.

    Formula: revenue * ratio

    Args:
        revenue (money): of the year
        ratio (share): of revenue, from 0 to 1

    Returns: money, in the unit of the revenue.

    Errors: #VALUE! for text.

    Source: the contract.

    Example:
        >>> ROYALTY_DUE(200, 0.05)  # doctest: +NUMBER
        10.0
    """
    return revenue * ratio
'''
HOST = '''"""A made-up program that writes functions as Excel on the desktop does."""

from xlwings_addin.hosts.host import Host

HOST = Host(name="sheetless", label="A made-up program", longest_name=255, spells_as="desktop")
'''
ASK = """
import json, sys
from pathlib import Path
import xlwings_addin as xa
from xlwings_addin.functions.registry import REGISTRY
from xlwings_addin.hosts import HOSTS
from xlwings_addin.xlsx.package import read_values
acme = xa.company("acme").folder
values = read_values(xa.build(Path(sys.argv[1]), folder=acme))
cases = xa.values(folder=acme)
base = cases["base"]
print(json.dumps({
    "code": xa.__file__, "folder": str(acme), "functions": list(REGISTRY),
    "hosts": {host.name: host.prefix for host in HOSTS},
    "sheets": sorted({sheet for sheet, _ in values}),
    "labels": sorted({str(value) for (sheet, _), value in values.items() if sheet == "Operations"}),
    "summary": [value for (sheet, _), value in values.items() if sheet == "Once More"],
    "licences": [float(member.revenue[year, 0]) for year in (0, 5)
                 for member in base.model.segments["operations"].members if member.key == "licences"],
    "royalties": [float(base.operations.royalties[0]), float(base.operations.revenue[0])],
    "input": base.inputs.number("operations_royalty_ratio"),
    "worth": {case: results.sotp.value_per_share for case, results in cases.items()},
}))
"""


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def before(path: Path, mark: str, text: str) -> None:
    """Insert text before a mark that stands once in a file."""
    whole = path.read_text(encoding="utf-8")
    assert whole.count(mark) == 1, (path, mark)
    path.write_text(whole.replace(mark, text + mark), encoding="utf-8")


def add(path: Path, row: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")


def add_line(house: Path) -> None:
    numbers = house / "xlwings_addin/segments/build_up.py"
    before(numbers, '    @line("Operating profit (EBIT)"', LINE_NUMBERS)
    formulas = house / "xlwings_addin/sheets/segments/build_up.py"
    before(formulas, "        *_tax(company, prefix),", LINE_FORMULAS)


def add_input(house: Path) -> None:
    acme = house / "workbook/acme"
    declared = "operations_royalty_ratio,Royalties,ratio,Operations,rate,,0,1,closed,Over revenue.,"
    first = "operations_horizon,"  # a section is one block of rows
    before(acme / "parameters.csv", first, declared + "\n")
    row = "operations_royalty_ratio,,0.02,0.01,0.03,ratio,assumption,an example,2026-01-31,"
    add(acme / "inputs/assumptions.csv", row)


def add_sheet(house: Path) -> None:
    put(house / "xlwings_addin/sheets/once_more.py", SHEET)


def add_function(house: Path) -> None:
    put(house / "udfs/royalty.py", FUNCTION)


def add_case(house: Path) -> None:
    rows = (
        "key,period,value,low,high,unit,basis,source,as_of,note",
        "extends,,base,,,choice,assumption,an example,2026-01-31,",
        "case_title,,An optimist,,,text,assumption,an example,2026-01-31,",
        "stake_value,,5500,2000,6000,USD m,assumption,an example,2026-01-31,",
    )
    put(house / "workbook/acme/cases/optimist.csv", "\n".join(rows) + "\n")


def add_template(house: Path) -> None:
    put(house / "xlwings_addin/segments/flat_revenue.py", TEMPLATE_NUMBERS)
    put(house / "xlwings_addin/sheets/segments/flat_revenue.py", TEMPLATE_FORMULAS)


def add_company(house: Path) -> None:
    """By the command, with the template of this test among its own."""
    run(
        house,
        "-m",
        "xlwings_addin",
        "new",
        "workbook/acme",
        "--segments",
        f"{SEGMENTS},licences:flat_revenue",
    )
    fill(
        house / "workbook/acme",
        more={"revenue_licences": (500, "USD m"), "gross_margin_licences": (0.9, "ratio")},
    )


def add_host(house: Path) -> None:
    put(house / "xlwings_addin/hosts/sheetless/__init__.py", HOST)


STEPS: dict[str, Callable[[Path], None]] = {
    "template of a business": add_template,
    "company": add_company,
    "line": add_line,
    "input": add_input,
    "sheet": add_sheet,
    "function of cells": add_function,
    "case": add_case,
    "host": add_host,
}


def run(house: Path, *arguments: str) -> str:
    """What a Python says that has the copy, and nothing else of the project."""
    environment = os.environ | {"PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=house, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def contents(house: Path) -> dict[str, bytes]:
    files = (path for path in house.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(house).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("contributing") / "house"
    for folder in ("xlwings_addin", "udfs", "workbook/xiaomi"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def touched(house: Path) -> dict[str, set[str]]:
    """The files that every step has written, in the order of the steps."""
    written = {}
    for name, step in STEPS.items():
        before_it = contents(house)
        step(house)
        written[name] = {path for path, data in contents(house).items() if before_it.get(path) != data}
    return written


@pytest.fixture(scope="module")
def answer(house: Path, touched: dict[str, set[str]]) -> dict[str, Any]:
    """What the copy says once it has one more of everything; its build proves every cell of every case."""
    said: dict[str, Any] = json.loads(run(house, "-c", ASK, str(house / "acme.xlsx")))
    assert Path(said["code"]).is_relative_to(house)
    return said


def test_one_more_of_everything_is_few_files(touched: dict[str, set[str]]) -> None:
    assert set(touched) == set(MOST)
    # A company is the folder it stands in, a host its package.
    units = {
        name: {path.rpartition("/")[0] if name == "host" else path for path in paths}
        if name != "company"
        else {"/".join(path.split("/")[:2]) for path in paths}
        for name, paths in touched.items()
    }
    too_many = {name: sorted(paths) for name, paths in units.items() if len(paths) > MOST[name]}
    assert not too_many
    assert all(units.values())
    assert units["company"] == {"workbook/acme"}


def test_the_page_says_as_many_files_for_as_many_things() -> None:
    rows = re.findall(
        r"^\| ([a-z ]+) \| (\S+)(?: \w+)? \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    said = {name: 1 if count == "a" else int(count) for name, count in rows}
    assert said == MOST


def test_a_line_and_an_input_are_in_the_workbook_and_in_the_core(answer: dict[str, Any]) -> None:
    royalties, revenue = answer["royalties"]
    assert answer["input"] == 0.02
    assert royalties == pytest.approx(0.02 * revenue, rel=1e-12)
    assert "Royalties" in answer["labels"]


def test_a_template_is_a_segment_of_a_company_written_by_new(answer: dict[str, Any]) -> None:
    # Four quarters of 500 USD m, and no growth.
    assert answer["licences"] == [2000.0, 2000.0]
    assert Path(answer["folder"]).name == "acme"


def test_a_sheet_is_found_by_its_file(answer: dict[str, Any]) -> None:
    assert "Once More" in answer["sheets"]
    worth = pytest.approx(answer["worth"]["base"], rel=1e-9)
    assert worth in [value for value in answer["summary"] if isinstance(value, float)]


def test_a_case_is_a_file(answer: dict[str, Any]) -> None:
    # 3,500 USD m more, 3,500 m shares, a holding discount of 4%.
    assert answer["worth"]["optimist"] - answer["worth"]["base"] == pytest.approx(0.96, rel=1e-9)


def test_a_function_and_a_host_are_found_by_their_files(answer: dict[str, Any]) -> None:
    assert "ROYALTY_DUE" in answer["functions"]
    assert answer["hosts"]["sheetless"] == answer["hosts"]["desktop"] == ""


def unlisted(folder: Path, listed: tuple[str, ...]) -> list[str]:
    """The modules that make a sheet and are not among those that are one."""
    names = []
    for path in sorted(folder.glob("*.py")):
        makes = (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", "") == Sheet.__name__
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
        if any(makes) and path.stem not in listed:
            names.append(path.stem)
    return names


def test_every_module_that_makes_a_sheet_is_one() -> None:
    assert len(sheet_modules()) == 19
    assert unlisted(ROOT / "xlwings_addin/sheets", sheet_modules()) == []


def test_a_sheet_that_nobody_lists_is_named(tmp_path: Path) -> None:
    put(tmp_path / "once_more.py", SHEET.replace("SHEET = ", "PAGE = "))
    put(tmp_path / "words.py", "WORDS = dict(one=1)\n")
    assert unlisted(tmp_path, sheet_modules()) == ["once_more"]
