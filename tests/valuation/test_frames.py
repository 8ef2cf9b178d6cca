"""Results as tables hold what the workbook's formulas give, line by line."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.layout.references import Book
from xlwings_addin.pictures.bars import Bars
from xlwings_addin.pictures.curves import Curves
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets.spec import OfModel
from xlwings_addin.valuation.cases import CaseValues
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.xlsx.dates import SERIAL_ORIGIN
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values


@pytest.fixture(scope="module")
def base() -> Results:
    return xa.value("base")


@pytest.fixture(scope="module")
def cases() -> CaseValues:
    return xa.values()


@pytest.fixture(scope="module")
def stored(delivered_at_base: Path) -> dict[CellKey, CellValue]:
    """What the formulas of the workbook give in base, as the spreadsheet engine evaluated them."""
    return read_values(delivered_at_base)


def test_every_line_of_the_frame_that_a_sheet_shows_is_what_its_formula_gives(
    base: Results, stored: dict[CellKey, CellValue]
) -> None:
    frame, compared = base.to_frame(), 0
    first = base.inputs.count("base_year")
    for cell in Book(load_context()).cells():
        value = cell.entry.value
        if not isinstance(value, OfModel) or value.column not in ("constant", "opening", "years"):
            continue
        group, _, line = f"{value.sheet}.{value.path}".rpartition(".")
        if (group, line) not in frame.index:
            group = "timeline" if group == "capital" else group
        row = frame.loc[(group, line)]
        column = {"constant": "value", "opening": first, "years": first + 1 + cell.index}[value.column]
        actual, expected = row[column], stored[cell.at]
        if isinstance(actual, date):
            actual = (actual - SERIAL_ORIGIN.date()).days
        if isinstance(expected, str):
            assert actual == expected, (group, line)
        else:
            assert actual == pytest.approx(expected, rel=1e-9, abs=1e-9), (group, line, column)
        compared += 1
    assert compared > 2000


def test_a_frame_has_labels_units_and_a_column_for_each_year(base: Results) -> None:
    frame = base.to_frame()
    assert frame.index.names == ["group", "line"]
    assert list(frame.columns[:3]) == ["label", "unit", "value"]
    assert list(frame.columns[3:]) == list(range(2025, 2025 + TIMELINE_YEARS + 1))
    assert frame.loc[("vehicle_units", "deliveries"), "unit"] == "m vehicles"
    assert frame.loc[("vehicle_units", "deliveries"), "label"] == "Deliveries"
    assert frame.attrs["case"] == "base"
    assert all(frame[year].dtype == np.float64 for year in frame.columns[3:])
    assert frame.index.is_unique
    assert not frame["unit"].isna().any()


def test_results_say_in_a_line_what_they_are(base: Results, cases: CaseValues) -> None:
    assert repr(base) == "<Results base 2025-11-19: 31.47 HKD a share, price 38.86>"
    assert "\n" not in repr(cases)
    assert "bear 19.84" in repr(cases)


def test_a_notebook_shows_the_summary_as_a_table(base: Results, cases: CaseValues) -> None:
    table = ElementTree.fromstring(base._repr_html_())
    texts = ["".join(row.itertext()) for row in table.iter("tr")]
    assert "Equity value770,260108,18331.47" in texts
    assert texts[-1] == "Upside-19.0%"  # 31.467 / 38.86 - 1
    rows = list(ElementTree.fromstring(cases._repr_html_()).iter("tr"))
    assert len(rows) == 1 + len(cases)


def test_a_summary_escapes_what_a_case_calls_itself(base: Results) -> None:
    from xlwings_addin.valuation.xiaomi import evaluate

    html = evaluate(base.inputs.replace(case_title="<script>alert(1)</script>"))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_cases_side_by_side_add_up(cases: CaseValues) -> None:
    frame = cases.to_frame()
    assert list(frame.index) == list(cases)
    parts = frame.loc[:, "devices":"minority_interest"]  # type: ignore[misc]
    assert parts.sum(axis=1).tolist() == pytest.approx(frame["value_per_share"].tolist())
    for case, worth in (
        ("house_2026", cases.weighted_value),
        ("base", cases.weighted_by_date[date(2025, 11, 19)]),
    ):
        view = frame[frame["valuation_date"] == frame.loc[case, "valuation_date"]]
        weighted = (view["value_per_share"] * view["probability"]).sum()
        assert weighted == pytest.approx(worth)


def test_the_picture_of_the_parts_ends_at_value_and_price(base: Results) -> None:
    picture = base.picture()
    assert isinstance(picture, Bars)
    by_label = {row.label: row for row in picture.rows}
    assert by_label["Value"].bars[0].end == pytest.approx(base.sotp.value_per_share)
    assert by_label["Price"].bars[0].end == 38.86
    assert by_label["Gap to price"].after == "+7.39"
    assert by_label["Devices"].after == "+19.20"


def test_the_picture_of_the_ramp_is_what_was_reported_and_what_is_modelled(base: Results) -> None:
    picture = base.picture("ramp")
    assert isinstance(picture, Curves)
    reported, model = picture.curves
    assert reported.values[reported.years.index(2024)] == pytest.approx(0.136854)
    frame = base.to_frame().loc[("vehicle_units", "deliveries")]
    assert list(model.values) == pytest.approx([frame[year] for year in model.years])


def test_the_picture_of_the_cases_runs_from_the_lowest_to_the_highest(cases: CaseValues) -> None:
    (first, *_), marks = cases.picture().rows, cases.picture().marks
    bear, bull = (cases[f"house_2026_{name}"].sotp.value_per_share for name in ("bear", "bull"))
    assert (first.before, first.after) == (f"{bear:.1f}", f"{bull:.1f}")
    opened = cases["house_2026"]
    value, price = opened.sotp.value_per_share, opened.price
    assert [mark.label for mark in marks] == [f"value {value:.2f}", f"price {price:.2f}"]


def test_the_picture_of_a_case_runs_through_the_cases_of_its_own_view(cases: CaseValues) -> None:
    (first, *_), marks = cases.picture("base").rows, cases.picture("base").marks
    assert (first.before, first.after) == ("19.8", "46.1")
    assert [mark.label for mark in marks] == ["value 31.47", "price 38.86"]


def test_pictures_and_cases_of_another_name_are_refused(base: Results, cases: CaseValues) -> None:
    with pytest.raises(ChoiceError, match="picture 'pie' must be one of waterfall, ramp"):
        base.picture("pie")
    with pytest.raises(ChoiceError, match="case 'none' must be one of house_2026, base"):
        cases.picture("none")
    with pytest.raises(InputError, match="cases with a weight 0 must be at least 2"):
        CaseValues({"base": xa.value("march_2024_strict")}, {}).picture("base")


def test_results_that_another_process_is_handed_have_their_figures(base: Results) -> None:
    assert pickle.loads(pickle.dumps(base.sotp)).value_per_share == base.sotp.value_per_share


def test_valuing_a_case_does_without_pandas_and_matplotlib() -> None:
    code = (
        "import sys; sys.modules['pandas'] = sys.modules['matplotlib'] = None\n"
        "import xlwings_addin as xa\n"
        "results = xa.value('base'); print(results); assert results._repr_html_()\n"
        "assert results.picture().svg()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_frame_is_what_pandas_users_expect(base: Results) -> None:
    years = base.to_frame().loc["vehicle_units"].loc[["deliveries", "revenue"], 2026:2030].T  # type: ignore[misc]
    assert isinstance(years, pd.DataFrame)
    assert (years["deliveries"].diff().dropna() > 0).all()
