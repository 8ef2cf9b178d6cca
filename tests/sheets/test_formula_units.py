"""Units follow from operands: in every formula, in every line of the model, and not in one that is spoilt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import xlwings_addin as xa
from xlwings_addin.inputs.company import packaged_company
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.segments.capacity_ramp import CapacityRamp
from xlwings_addin.segments.capital import capital
from xlwings_addin.segments.lines import ModelLine
from xlwings_addin.segments.stream import Segment
from xlwings_addin.segments.unit_check import check_units
from xlwings_addin.sheets import sheets
from xlwings_addin.sheets.formula_units import FormulaUnits, unit_findings
from xlwings_addin.sheets.spec import Context
from xlwings_addin.valuation.model import Model
from xlwings_addin.valuation.parts import SumOfParts, sum_of_parts


@pytest.fixture(scope="module")
def context() -> Context:
    return Context(load_tables(), xa.values())


@pytest.fixture(scope="module")
def units(context: Context) -> FormulaUnits:
    return FormulaUnits(sheets(), context)


def formulas(units: FormulaUnits) -> Iterator[tuple[str, str, str]]:
    for (sheet, key), line in units.lines.items():
        for column, entry in line.cells.items():
            if entry.kind == "formula":
                yield sheet, key, column


def test_units_follow_in_every_formula_and_every_line_of_every_case(context: Context) -> None:
    assert unit_findings(context, sheets()) == []


def test_the_units_of_most_formulas_are_told_and_not_only_taken(units: FormulaUnits) -> None:
    # None fits any unit, so a reader that knows nothing would find nothing.
    from xlwings_addin.sheets.formula_units import Reader

    keys = [key for key in formulas(units) if key[0] in ("devices", "vehicle_units", "vehicle_ramp", "sotp")]
    entries = [(sheet, units.lines[sheet, key].cells[column].formula) for sheet, key, column in keys]
    told = [entry for entry in entries if Reader(units, entry[0], entry[1] or "").measure() is not None]
    assert len(keys) > 300
    assert len(told) > 0.95 * len(keys)


@pytest.mark.parametrize(
    ("sheet", "key", "column", "formula", "message"),
    [
        (  # CNY m swapped for USD m
            "sotp", "devices", "value", "{devices.enterprise_value_usd}",
            "is declared in CNY m, but USD m follows",
        ),
        (  # a rate for an amount
            "devices", "ebit", "years", "{gross_profit}-{overhead}-{research_ratio}",
            "units CNY m and a plain number are subtracted",
        ),
        (  # an amount for a rate
            "devices", "tax", "years", "MAX({ebit},0)*{inputs.debt}",
            "is declared in CNY m, but CNY^2 m^2 follows",
        ),
        (  # days that nobody divides by the days of a year
            "vehicle_units", "working_capital", "years", "{revenue}*{inputs.vehicle_working_capital_days}",
            "is declared in CNY m, but CNY day m follows",
        ),
        (  # Hong Kong dollars for yuan in a sum
            "sotp", "equity_value", "value", "{segments:value}+{market_capitalisation}",
            "units CNY m and HKD m are added",
        ),
        (  # a power of money
            "vehicle_units", "discount_factor", "years", "1/(1+{revenue})^{capital.flow_exponent}",
            "units a plain number and CNY m are added",
        ),
        (  # a unit price for a revenue
            "vehicle_units", "vehicle_revenue", "years", "MIN({price},{deliveries}*{price})",
            "units CNY per unit and CNY m are held against each other",
        ),
        ("vehicle_units", "midpoint", "constant", "LN({revenue:opening})", "CNY m must be of plain"),
        ("sotp", "upside", "constant", "WEBSERVICE({price})", "function WEBSERVICE has no rule of units"),
    ],
)  # fmt: skip
def test_a_formula_that_is_spoilt_is_named(
    units: FormulaUnits, sheet: str, key: str, column: str, formula: str, message: str
) -> None:
    line = units.lines[sheet, key]
    assert units.problem(sheet, line, line.cells[column]) == ""
    assert message in units.problem(sheet, line, replace(line.cells[column], formula=formula))


def spoilt(monkeypatch: pytest.MonkeyPatch, owner: type, key: str, method: Any) -> None:
    declared: ModelLine[Any] = owner.lines()[key]  # type: ignore[attr-defined]
    monkeypatch.setattr(declared, "method", method)


@pytest.mark.parametrize(
    ("owner", "key", "method", "message"),
    [
        (
            sum_of_parts(packaged_company()),
            "devices",
            lambda self: self.businesses["devices"].enterprise_value_usd,
            "USD m follows",
        ),
        (capital(packaged_company()), "vehicle_wacc", lambda self: self.number("debt"), "but CNY m follows"),
        (CapacityRamp, "revenue", lambda self: self.price, "but CNY per unit follows"),
        (CapacityRamp, "ebit", lambda self: self.gross_profit - self.overhead_ratio, "CNY m and a plain"),
        (Segment, "enterprise_value_usd", lambda self: self.enterprise_value, "but CNY m follows"),
        (
            SumOfParts,
            "net_cash_strict",
            lambda self: self.number("debt") - self.number("tax_rate"),
            "CNY m and",
        ),
    ],
)
def test_a_line_that_is_spoilt_is_named(
    monkeypatch: pytest.MonkeyPatch, context: Context, owner: type, key: str, method: Any, message: str
) -> None:
    spoilt(monkeypatch, owner, key, method)
    inputs = context.results["base"].inputs
    findings = check_units(inputs.values, inputs.tables, Model)
    assert findings
    assert all(f".{key}" in finding and message in finding for finding in findings)
