"""The delivered workbook: complete, proven, and the same bytes every time."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from lxml import etree
from openpyxl import load_workbook

import xlwings_addin as xa
import xlwings_addin.sheets as sheets_module
from xlwings_addin.core.errors import BookError, ChoiceError
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.layout.charts import charted_cells
from xlwings_addin.layout.references import Book
from xlwings_addin.proof import build as build_module
from xlwings_addin.proof.build import build
from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.segments import averaged_cash_flow
from xlwings_addin.sheets.spec import Block, Context, Sheet
from xlwings_addin.xlsx.agreement import disagreement
from xlwings_addin.xlsx.package import formula_cells, is_error, read_values

REPOSITORY = Path(__file__).parents[2]


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_formula_cell_carries_its_value(delivered: Path) -> None:
    values, formulas = read_values(delivered), formula_cells(delivered)
    assert len(formulas) > 3000
    for formula in formulas:
        value = values[formula.sheet, formula.cell]
        assert value is not None, formula
        assert value != "", formula
        assert not is_error(value), formula


def test_a_reader_that_does_not_calculate_sees_the_printed_figures(built: Callable[..., Path]) -> None:
    cover = load_workbook(built("replica", case="march_2024_replica"), data_only=True)["Cover"]
    # Seeking Alpha article 4676592 prints 4.91 HKD for vehicles and a price of about 13 HKD.
    assert "vehicles 4.91" in cover["A2"].value
    assert "price of HKD 13.00" in cover["A2"].value


def test_the_delivered_workbook_opens_with_the_house_view(delivered: Path) -> None:
    values, book = read_values(delivered), Book(load_context())
    house = xa.value("house_2026").sotp
    assert values[book.at("{cover.selected_case}")] == "house_2026"
    assert values[book.at("{sotp.value_per_share}")] == pytest.approx(house.value_per_share, rel=1e-9)
    assert f"a share is worth HKD {house.value_per_share:.2f}" in str(values["Cover", "A2"])


def test_nothing_asks_for_recalculation_on_load(delivered: Path) -> None:
    workbook = parts(delivered)["xl/workbook.xml"].decode()
    assert re.search(r'<calcPr[^>]*calcId="191029"', workbook)
    assert "fullCalcOnLoad" not in workbook


def test_building_twice_gives_identical_bytes(delivered: Path, tmp_path: Path) -> None:
    again = xa.build(tmp_path / "again.xlsx")
    assert again.read_bytes() == delivered.read_bytes()


def test_the_committed_workbook_is_what_the_build_gives(delivered: Path) -> None:
    # Values to 1e-9, not to the last bit: processors differ in the last digit of a power.
    committed = REPOSITORY / "workbook" / "Xiaomi_Model.xlsx"
    old, new = parts(committed), parts(delivered)
    assert old.keys() == new.keys()
    assert [name for name in old if "worksheets/sheet" not in name and old[name] != new[name]] == []
    assert formula_cells(committed) == formula_cells(delivered)
    values, fresh = read_values(committed), read_values(delivered)
    assert values.keys() == fresh.keys()
    assert [at for at in values if disagreement(values[at], fresh[at])] == []


def test_the_workbook_has_no_merged_cells_hidden_sheets_macros_or_array_formulas(delivered: Path) -> None:
    workbook = load_workbook(delivered)
    assert workbook.sheetnames == [sheet.title for sheet in sheets()]
    for worksheet in workbook:
        assert worksheet.sheet_state == "visible"
        assert not worksheet.merged_cells.ranges
        assert worksheet.freeze_panes == "B5"
        assert worksheet.page_setup.orientation == "landscape"
        # Cases side by side: on one page of A3 their print would be too small.
        assert worksheet.page_setup.fitToWidth == (2 if worksheet.title == "Inputs" else 1)
        # Their second pages have headings of their own: those of the first are not repeated above them.
        answering = ("Implied", "Sensitivities", "Simulation", "Conventions")
        own_headings = worksheet.title in ("Reported", "SOTP", "Multiples", "Market", *answering)
        assert worksheet.print_title_rows == ("$1:$2" if own_headings else "$1:$4")
    # The what-if table of the cases: one formula, and the cells that it fills.
    kinds = Counter(formula.kind for formula in formula_cells(delivered))
    assert kinds.keys() == {"normal", "dataTable", "member"}
    assert (kinds["dataTable"], kinds["member"]) == (1, 47)
    assert not any("vba" in name.lower() for name in parts(delivered))


def test_charts_are_native_and_keep_the_values_of_the_cells_they_show(delivered: Path) -> None:
    charts = {name: data for name, data in parts(delivered).items() if name.startswith("xl/charts/chart")}
    assert len(charts) >= 5
    values = read_values(delivered)
    for data in charts.values():
        kept = [point.text for point in etree.fromstring(data).iter("{*}v") if point.getparent().get("idx")]
        # A word among figures is a gap in the picture.
        charted = [value for cell in charted_cells(data) if (value := values.get(cell)) is not None]
        cell_values = [value for value in charted if value not in ("n/a", "none")]
        assert len(charted) >= 8
        assert len(kept) == len(cell_values) > len(charted) / 2
        for text, value in zip(kept, cell_values, strict=True):
            assert (float(text) if isinstance(value, float) else text) == value


def test_inputs_are_blue_formulas_black_and_links_green(delivered: Path) -> None:
    workbook, book = load_workbook(delivered), Book(load_context())

    def colour(sheet: str, key: str, column: str) -> str:
        row = book.sheets[sheet].lines[key][0].rows[key]
        return str(workbook[book.sheets[sheet].sheet.title][f"{column}{row}"].font.color.rgb)[-6:]

    assert colour("inputs", "risk_free", "E") == "0000FF"
    assert colour("capital", "cost_of_equity", "D") == "000000"
    assert colour("sotp", "price", "D") == "00703C"


def test_the_case_that_is_asked_for_is_the_one_it_opens_with(tmp_path: Path) -> None:
    path = xa.build(tmp_path / "strict.xlsx", case="march_2024_strict")
    values = read_values(path)
    book = Book(load_context())
    assert values[book.at("{cover.selected_case}")] == "march_2024_strict"
    strict = xa.value("march_2024_strict").sotp.value_per_share
    assert values[book.at("{sotp.value_per_share}")] == pytest.approx(strict, rel=1e-9)


@pytest.mark.parametrize("name", ["model.csv", "model.xlsm", "model"])
def test_a_workbook_is_named_as_what_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("what the analyst had")
    with pytest.raises(BookError, match=r"must be named \.xlsx"):
        xa.build(tmp_path / name)
    assert (tmp_path / name).read_text() == "what the analyst had"


def test_an_unknown_case_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="case 'moon' must be one of house_2026, base, bear, bull, "):
        xa.build(tmp_path / "book.xlsx", case="moon")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extended", ["base", "march_2024_replica"])
def test_extreme_inputs_still_build(tables: Path, tmp_path: Path, extended: str) -> None:
    (tables / "cases" / "nothing.csv").write_text(
        "key,period,value,low,high,unit,basis,source,as_of,note\n"
        f"extends,,{extended},,,choice,assumption,test,2024-03-08,\n"
        "replicates,,none,,,choice,assumption,test,2024-03-08,\n"
        "probability,,0,,,ratio,assumption,test,2024-03-08,not weighted\n"
        "vehicle_method,,ramp,,,choice,assumption,test,2024-03-08,the method without quarters\n"
        "vehicle_base_deliveries,,0,,,m vehicles,reported,test,2024-03-08,no vehicles\n"
        "debt,,1000000,,,CNY m,reported,test,2024-03-08,more debt than value\n"
    )
    path = xa.build(tmp_path / "book.xlsx", case="nothing", folder=tables)
    assert "nothing is left for the shares" in str(read_values(path)["Cover", "A2"])
    assert xa.check(path, folder=tables, second_opinion="skip").ok


def _with_formula(monkeypatch: pytest.MonkeyPatch, key: str, old: str, new: str) -> None:
    """Spoil one formula of the template behind Devices Average, as a careless edit would."""
    honest = averaged_cash_flow.HALF
    make = honest.sheet
    assert make is not None

    def blocks(sheet: Sheet, context: Context) -> list[Block]:
        return [
            dataclasses.replace(
                block,
                lines=[
                    dataclasses.replace(
                        line,
                        cells={
                            group: dataclasses.replace(entry, formula=(entry.formula or "").replace(old, new))
                            for group, entry in line.cells.items()
                        },
                    )
                    if line.key == key
                    else line
                    for line in block.lines
                ],
            )
            for block in sheet.blocks(context)
        ]

    def spoiled(company: Company, business: Business) -> Sheet:
        sheet = make(company, business)
        return dataclasses.replace(sheet, blocks=partial(blocks, sheet))

    monkeypatch.setattr(averaged_cash_flow, "HALF", dataclasses.replace(honest, sheet=spoiled))
    # The sheets of a company are made once: those made before would still be honest.
    monkeypatch.setattr(sheets_module, "_sheets", cache(sheets_module._sheets.__wrapped__))


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("fcff", "(1+{inputs.devices_terminal_growth})", "(1-{inputs.devices_terminal_growth})"),
        ("terminal_value", '"grown"', '"flat"'),
        ("discount_factor", "{capital.flow_exponent}", "{capital.year_number}"),
        ("enterprise_value", "+", "-"),
    ],
)
def test_a_wrong_formula_is_not_delivered_and_is_named_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str, old: str, new: str
) -> None:
    _with_formula(monkeypatch, key, old, new)
    # The first cell whose inputs agree is named, not the headline of the Cover that shows the wrong sum.
    with pytest.raises(BookError, match=rf"must agree with the core in case .* \(line {key}\)$"):
        build(tmp_path / "book.xlsx", functions=callbacks())
    assert not list(tmp_path.iterdir())


def test_a_function_that_differs_from_the_native_formula_is_not_delivered(tmp_path: Path) -> None:
    functions = {**callbacks(), "DCF_TERMINAL_VALUE": lambda *_: 1.0}
    with pytest.raises(BookError, match="must agree with the core"):
        build(tmp_path / "book.xlsx", functions=functions)


def test_a_function_that_fails_is_not_delivered(tmp_path: Path) -> None:
    functions = {**callbacks(), "DCF_TERMINAL_VALUE": lambda *_: "#NUM!"}
    with pytest.raises(BookError, match="must agree with the core"):
        build(tmp_path / "book.xlsx", functions=functions)


def test_a_failed_save_leaves_the_old_file_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"what the analyst had")

    def full(*_: object) -> None:
        raise BookError("file", str(path), "cannot be written: no space left on device")

    monkeypatch.setattr(build_module, "save", full)
    with pytest.raises(BookError, match="no space left"):
        build(path, functions=callbacks())
    assert path.read_bytes() == b"what the analyst had"
