"""A second company that comes with the project, without any Python: its figures, its sum, its workbook.

Published figures are those of Tesla's 10-K FY2025 (sec.gov 000162828026003952) and 10-Q of June 2026
(sec.gov 000162828026049270).
"""

from __future__ import annotations

import csv
import statistics
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlwings_addin as xa
from xlwings_addin.analytics.drawing import drawing_of
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.folders import company_folder, company_names
from xlwings_addin.inputs.tables import Tables, load_tables
from xlwings_addin.sheets import sheets
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.xlsx.package import read_values

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "workbook" / "Tesla_Model.xlsx"


@pytest.fixture(scope="module")
def folder() -> Path:
    return company_folder("tesla")


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return load_tables(folder)


@pytest.fixture(scope="module")
def base(folder: Path) -> Results:
    return xa.value(folder=folder)


def test_it_is_a_folder_of_tables_and_no_python(folder: Path) -> None:
    assert "tesla" in company_names()
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "index.csv"]
    assert {path.suffix for path in files} == {".toml", ".csv"}
    code = [*(ROOT / "xlwings_addin").rglob("*.py"), *(ROOT / "udfs").rglob("*.py")]
    named = [path.name for path in code if '"tesla"' in path.read_text(encoding="utf-8").lower()]
    assert len(code) > 200
    assert named == []


def test_three_lines_of_business_by_two_templates_and_three_cases(folder: Path) -> None:
    company = xa.company(folder)
    templates = {entry.key: entry.template for entry in company.segments if entry.group}
    assert len(templates) == 3
    assert set(templates.values()) == {"units_and_price", "growth_fade"}
    assert {entry.group for entry in company.segments if entry.group} == {"vehicles", "energy"}
    weights = {name: load_inputs(name, folder).number("probability") for name in ("base", "bull", "bear")}
    assert sum(weights.values()) == 1


def test_the_lines_add_up_to_the_printed_year(base: Results) -> None:
    groups = (base.vehicles, base.energy)
    assert sum(group.revenue[0] for group in groups) == pytest.approx(94827, abs=1e-6)
    # Margins of quarters stand to six digits: a millionth of 94,827.
    assert sum(group.gross_profit[0] for group in groups) == pytest.approx(17094, abs=0.1)
    assert sum(group.research[0] for group in groups) == pytest.approx(6411, abs=1e-6)
    price = next(
        member for member in base.model.segments["vehicles"].members if member.key == "automotive"
    ).price  # type: ignore[attr-defined]
    # 69,526 USD m of automotive revenue over 1,636,129 vehicles.
    assert float(price[0, 0]) == pytest.approx(69526e6 / 1636129, rel=1e-9)


def test_quarters_add_up_to_years(tables: Tables) -> None:
    for key in (
        "revenue",
        "revenue_automotive",
        "revenue_services",
        "revenue_storage",
        "automotive_shipments",
    ):
        for year in (2024, 2025):
            quarters = [f"{year}Q{quarter}" for quarter in (1, 2, 3, 4)]
            whole = tables.row(key, f"FY{year}").number
            assert sum(tables.row(key, quarter).number for quarter in quarters) == pytest.approx(
                whole, rel=1e-9
            )


def test_an_assumption_says_why(tables: Tables, folder: Path) -> None:
    kept = {one.key for one in tables.company.parameters if one.section in ("Check thresholds",)}
    cases = [load_inputs(name, folder) for name in ("base", "bull", "bear")]
    rows = [case.row(one.key) for case in cases for one in tables.company.parameters if one.key not in kept]
    silent = {f"{row.place} {row.key}" for row in rows if row.basis == "assumption" and not row.note}
    assert len(rows) > 200
    assert silent == set()
    assert all(row.source for row in rows)


def energy_alone(number: Any, base: dict[str, float]) -> float:
    """The worth of the energy business by a plain loop over its years: middle of the year, from the 28th of
    September 2026 on.
    """
    left = (date(2026, 12, 31) - date(2026, 9, 28)).days / 365
    beta = 1.89 * 2 / 3 + 1 / 3
    equity, debt = 0.0447 + beta * 0.0446, 0.041 * (1 - 0.23)
    wacc = 0.993 * equity + 0.007 * debt
    units, price, capital = base["units"], base["price"], base["revenue"] * 14 / 365
    worth = flow = 0.0
    for year in range(1, 11):
        along, faded = (year - 1) / 9, min(year / 6, 1)
        units *= 1 + 0.18 + (0.05 - 0.18) * along
        price *= 1 - 0.08 + (-0.01 + 0.08) * along
        revenue = units * price
        margin = base["margin"] + (0.22 - base["margin"]) * faded
        overhead = 0.0615 + (0.05 - 0.0615) * faded
        research = base["research"] + (0.02 - base["research"]) * faded
        ebit = revenue * (margin - overhead - research)
        before, capital = capital, revenue * 14 / 365
        flow = ebit - max(ebit, 0) * 0.23 + revenue * (0.04 - 0.05) - (capital - before)
        end = left + year - 1
        middle = left / 2 if year == 1 else end - 0.5
        worth += flow * (left if year == 1 else 1) / (1 + wacc) ** middle
    return worth + flow * 1.025 / (wacc - 0.025) / (1 + wacc) ** (left + 9 - 0.5)


def test_energy_is_worth_what_a_plain_loop_says(base: Results) -> None:
    start = {
        # GWh, and USD m a GWh, of FY2025; a twentieth of 6,411 USD m of research.
        "units": 46.7,
        "price": 12771 / 46.7,
        "revenue": 12771,
        "research": 0.05 * 6411 / 12771,
        # Revenue less cost of the quarters: 785, 846, 1,073 and 1,098 of 12,771.
        "margin": 3802 / 12771,
    }
    # The margins of quarters stand to six digits.
    assert base.sotp.energy.value == pytest.approx(energy_alone(base, start), rel=1e-5)


def test_what_the_market_pays_for_autonomy_is_the_price_less_the_parts(base: Results) -> None:
    sums = base.sotp
    parts = sums.vehicles.value + sums.energy.value + 3007 + 0
    # Cash 15,219 and short-term investments 28,305 less debt of 1,418 and 7,924; digital assets; minorities.
    since = base.sotp.cash_since_counted
    equity = parts + 15219 + 28305 - 1418 - 7924 + since + 1008 - 670 - 58
    assert sums.value_per_share == pytest.approx(equity / 3540, rel=1e-12)
    assert sums.price_less_value == pytest.approx(357.45 - equity / 3540, rel=1e-12)


def test_its_workbook_is_what_its_folder_says(folder: Path) -> None:
    report = xa.check(BOOK, folder=folder, second_opinion="skip")
    assert report.ok, [str(one) for one in report.findings if one.severity == "failure"]
    assert report.cases == ("base", "bear", "bull")
    assert report.comparisons > 8000


def test_its_workbook_speaks_of_tesla_in_dollars(base: Results) -> None:
    values = read_values(BOOK)
    texts = [str(value) for value in values.values() if isinstance(value, str)]
    assert len(texts) > 100
    assert not [text for text in texts if "HKD" in text or "Xiaomi" in text]
    gap = f"The price is USD {base.sotp.price_less_value:.2f} above the value: "
    assert f"{gap}what the market pays for autonomy and robots." in texts
    titles = [sheet.title for sheet in sheets(base.company)]
    assert {sheet for sheet, _ in values} <= set(titles)
    assert titles.index("Vehicles") + 1 == titles.index("Energy")


def test_multiples_of_peers_value_its_two_businesses(folder: Path, base: Results) -> None:
    made = xa.multiples(folder=folder)
    with (folder / "inputs" / "peers.csv").open(encoding="utf-8", newline="") as file:
        peers = list(csv.DictReader(file))
    worth = base.sotp.net_cash.value + base.sotp.associates.value + base.sotp.minority_interest.value
    for group in ("vehicles", "energy"):
        times = [
            float(peer["value"])
            for peer in peers
            if (peer["group"], peer["key"], peer["counts"]) == (group, "price_to_sales", "yes")
        ]
        revenue = float(getattr(base, group).revenue[1])
        worth += statistics.quantiles(times, n=4, method="inclusive")[1] * revenue
    (row,) = (row for row in made.rows if row.method == "enterprise_to_sales_peers")
    assert row.middle == pytest.approx(worth / 3540, rel=1e-9)
    assert row.low < row.middle < row.high < 357.45
    assert [one.source for one in made.rows if one.later] == []
    assert made.bound_note == ""


def test_a_simulation_adds_up_and_draws_within_the_ranges(folder: Path, base: Results) -> None:
    drawn = xa.simulate(2000, folder=folder, seed=7)
    means = [spread.mean for spread in drawn.parts.values()]
    assert set(drawn.parts) == {"vehicles", "energy", "cash_and_other"}
    assert sum(means) == pytest.approx(drawn.value.mean, rel=1e-9)
    assert drawn.above_price == 0
    drawing = drawing_of(base.inputs, folder)
    values = drawing.draws(np.random.default_rng(7).standard_normal((len(drawing.keys), 2000)))
    assert len(values) == 13
    for key, numbers in values.items():
        row = base.inputs.row(key)
        assert row.low is not None
        assert row.high is not None
        assert row.low <= numbers.min() < numbers.max() <= row.high


@pytest.mark.parametrize("case", ["bull", "bear"])
def test_stated_values_are_not_counted_twice_in_a_simulation(folder: Path, case: str) -> None:
    drawn = xa.simulate(500, case=case, folder=folder)
    assert sum(spread.mean for spread in drawn.parts.values()) == pytest.approx(drawn.value.mean, rel=1e-9)
