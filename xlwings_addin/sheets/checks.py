"""Checks: does the workbook hold together, is the economics plausible, does it replicate what was printed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets import functions, history, replication
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Layout, Line, Sheet

Severity = Literal["FAIL", "WARN"]

COLUMNS: Layout = {
    "value": Columns(FIRST_COLUMN, ("Value",), 24.0),
    "threshold": Columns(FIRST_COLUMN + 1, ("Limit",), 14.0),
    "status": Columns(FIRST_COLUMN + 2, ("Status",), 12.0, align="centre"),
}


def _check(
    key: str,
    label: str,
    unit: str,
    sentence: str,
    formula: str,
    value: Callable[[Results], float],
    *,
    limit: str,
    severity: Severity,
    minimum: bool = False,
) -> Line:
    """A figure against a limit it must not exceed (or fall below, with `minimum`)."""

    def threshold(r: Results) -> float:
        return 0.0 if limit == "0" else r.inputs.number(limit)

    def status(r: Results) -> str:
        low, high = (threshold(r), value(r)) if minimum else (value(r), threshold(r))
        return "OK" if low <= high else severity

    comparison = "{%s:value}>={%s:threshold}" if minimum else "{%s:value}<={%s:threshold}"
    return Line(
        key,
        label,
        unit,
        {
            "value": Entry(value, formula),
            "threshold": Entry(threshold, "0" if limit == "0" else f"{{inputs.{limit}}}"),
            "status": Entry(status, f'IF({comparison % (key, key)},"OK","{severity}")', unit="status"),
        },
        note=sentence,
    )


def _relative_gap(one: str, other: str) -> str:
    return f"ABS({one}-({other}))/MAX(ABS({other}),1)"


def _integrity(context: Context) -> list[Line]:
    keys = functions.function_keys(context)

    def function_cells(column: str) -> str:
        return f"{{functions.{keys[0]}:{column}}}:{{functions.{keys[-1]}:{column}}}"

    stored = f"{{cover.stored_{context.cases[0]}:value}}:{{cover.stored_{context.cases[-1]}:value}}"

    def by_npv(sheet: str, wacc: str) -> str:
        flows, factors, exponents = (
            f"{sheet}.counted_fcff",
            f"{sheet}.discount_factor",
            "capital.flow_exponent",
        )
        rate = f"{{capital.{wacc}}}"
        return (
            f"ABS({{{flows}[1]}}*{{{factors}[1]}}"
            f"+NPV({rate},{{{flows}[2:]}})*(1+{rate})^(1-{{{exponents}[2]}})"
            f"-{{{sheet}.explicit_value}})/MAX(ABS({{{sheet}.enterprise_value}}),1)"
        )

    def no_error(sheet: str, title: str) -> Line:
        return _check(
            f"errors_{sheet}",
            f"Error cells on {title}",
            "count",
            f"No cell of {title} may show an error.",
            f"SUMPRODUCT(--ISERROR({{{sheet}.*}}))",
            lambda r: 0.0,
            limit="0",
            severity="FAIL",
        )

    return [
        _check(
            "selected_case",
            "Selected case is unknown",
            "count",
            "The case named on the cover must be one of the cases on Inputs.",
            "IF(ISNUMBER({cover.case_index}),0,1)",
            lambda r: 0.0,
            limit="0",
            severity="FAIL",
        ),
        _check(
            "bridge",
            "Bridge: shares x value per share against the parts",
            "difference",
            "Value per share, times shares, in yuan, must be the sum of the parts.",
            _relative_gap(
                "{sotp.value_per_share}*{inputs.diluted_shares}/{sotp.hkd_per_cny}",
                "SUM({sotp.core:value},{sotp.vehicle:value},{sotp.discount:value},{sotp.net_cash:value},"
                "{sotp.associates:value},{sotp.minority_interest:value})",
            ),
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
        ),
        _check(
            "segments",
            "Segments: shares of equity add to one",
            "difference",
            "Segments, discount, cash, associates and minorities together are all of the equity.",
            "ABS({sotp.segments:share}+{sotp.discount:share}+{sotp.net_cash:share}+{sotp.associates:share}"
            "+{sotp.minority_interest:share}-1)",
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
        ),
        _check(
            "core_npv",
            "Core: forecast years by NPV()",
            "difference",
            "The spreadsheet's own NPV of the flows must give the same value.",
            by_npv("core_dcf", "core_wacc"),
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
        ),
        _check(
            "vehicle_npv",
            "Vehicles: forecast years by NPV()",
            "difference",
            "The spreadsheet's own NPV of the flows must give the same value.",
            by_npv("vehicle", "vehicle_wacc"),
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
        ),
        _check(
            "vehicle_revenue",
            "Vehicles: revenue is the base, compounded",
            "difference",
            "The last year's revenue must be the base times the product of all growth factors.",
            _relative_gap(
                "{vehicle.revenue:opening}*PRODUCT({vehicle.growth_factor[all]})",
                "SUMPRODUCT({vehicle.is_final[all]},{vehicle.revenue[all]})",
            ),
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
        ),
        _check(
            "history_segments",
            "History: segments against group revenue",
            "CNY m",
            "What the segments of any year exceed group revenue by: nothing but rounding.",
            "MAX(0,-MIN({history.revenue_other[all]}))",
            lambda r: max(0.0, -float(np.nanmin(history.other_revenue(r)))),
            limit="history_rounding",
            severity="FAIL",
        ),
        _check(
            "free_cash_flow",
            "History: cash flow less capex against free cash flow",
            "CNY m",
            "Largest gap in any reported year; published figures are rounded to 10 CNY m.",
            "MAX(MAX({history.free_cash_flow_gap[all]}),-MIN({history.free_cash_flow_gap[all]}))",
            lambda r: float(np.nanmax(np.abs(history.free_cash_flow_gap(r)))),
            limit="history_rounding",
            severity="FAIL",
        ),
        no_error("inputs", "Inputs"),
        no_error("history", "History"),
        no_error("capital", "Capital"),
        no_error("core_dcf", "Core DCF"),
        no_error("vehicle", "Vehicle"),
        no_error("sotp", "SOTP"),
        no_error("sources", "Sources"),
        _check(
            "function_cells",
            "Function cells that are not a number",
            "count",
            "Every function cell must show a number, where the add-in is there to answer.",
            f'COUNTIF({function_cells("status")},"FAIL")',
            lambda r: 0.0,
            limit="0",
            severity="FAIL",
        ),
        _check(
            "add_in",
            "Function cells that wait for the add-in",
            "count",
            "Without the add-in they show #NAME? once recalculated; no native figure depends on them.",
            f'COUNTIF({function_cells("status")},"{functions.NO_ADD_IN}")',
            lambda r: 0.0,
            limit="0",
            severity="WARN",
        ),
        _check(
            "function_difference",
            "Functions against native formulas",
            "difference",
            "Largest relative difference between a function cell and the native formula beside it.",
            f"MAX(MAX({function_cells('difference')}),-MIN({function_cells('difference')}))",
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
        ),
        _check(
            "stored_cases",
            "Cover: stored result of the selected case",
            "difference",
            "The cover keeps each case's result from the last build; a gap says that inputs changed since.",
            f"ABS(INDEX({stored},{{cover.case_index}})/{{sotp.value_per_share}}-1)",
            lambda r: 0.0,
            limit="tolerance",
            severity="WARN",
        ),
    ]


def _economics(_: Context) -> list[Line]:
    def business(prefix: str, title: str, sheet: str) -> list[Line]:
        def growth(r: Results) -> float:
            return r.inputs.number(f"{prefix}_terminal_growth")

        def spread(r: Results) -> float:
            return r.capital.core_spread if prefix == "core" else r.capital.vehicle_spread

        def terminal_share(r: Results) -> float:
            return (r.core if prefix == "core" else r.vehicle).valuation.terminal_share

        return [
            _check(
                f"{prefix}_growth",
                f"{title}: terminal growth",
                "rate",
                "Above the risk-free rate, the business would outgrow the economy for ever.",
                f"{{inputs.{prefix}_terminal_growth}}",
                growth,
                limit="risk_free",
                severity="WARN",
            ),
            _check(
                f"{prefix}_spread",
                f"{title}: WACC less terminal growth",
                "rate",
                "Under this spread, a small change of either moves the value beyond reason.",
                f"{{capital.{prefix}_spread}}",
                spread,
                limit="warning_minimum_spread",
                severity="WARN",
                minimum=True,
            ),
            _check(
                f"{prefix}_terminal_share",
                f"{title}: terminal share of value",
                "ratio",
                "Above this share, the value rests on what comes after the forecast.",
                f"{{{sheet}.terminal_share}}",
                terminal_share,
                limit="warning_maximum_terminal_share",
                severity="WARN",
            ),
        ]

    return [*business("core", "Core", "core_dcf"), *business("vehicle", "Vehicles", "vehicle")]


def overall(context: Context, r: Results) -> str:
    """The one status the cover shows."""
    statuses = [line.cells["status"].value(r) for block in _checked(context) for line in block.lines]
    failures, warnings = statuses.count("FAIL"), statuses.count("WARN")
    if failures:
        return f"FAIL: {failures} of the checks"
    return f"OK, with {warnings} warnings" if warnings else "OK"


def _checked(context: Context) -> list[Block]:
    return [
        Block("Integrity", _integrity(context)),
        Block("Economics", _economics(context), new_page=True),
        Block("Article 004, as printed", replication.lines(context), replication.COLUMNS),
    ]


def blocks(context: Context) -> list[Block]:
    checked = _checked(context)

    statuses = [f"{{{b.lines[0].key}:status}}:{{{b.lines[-1].key}:status}}" for b in checked]

    def count(word: str) -> str:
        return "+".join(f'COUNTIF({cells},"{word}")' for cells in statuses)

    every = "+".join(f"ROWS({cells})" for cells in statuses)
    failed = f"{every}-({count('OK')}+{count('WARN')}+{count('n/a')})"

    def counted(word: str) -> Callable[[Results], float]:
        return lambda r: float(
            sum(line.cells["status"].value(r) == word for block in checked for line in block.lines)
        )

    summary = [
        Line(
            "failures",
            "Failed",
            "count",
            {"value": Entry(counted("FAIL"), failed)},
            note="every status that is not OK, WARN or n/a, an error among them",
        ),
        Line("warnings", "Warnings", "count", {"value": Entry(counted("WARN"), count("WARN"))}),
        Line(
            "overall",
            "All checks",
            "status",
            {
                "value": Entry(
                    lambda r: overall(context, r),
                    'IF({failures:value}>0,"FAIL: "&{failures:value}&" of the checks",'
                    'IF({warnings:value}>0,"OK, with "&{warnings:value}&" warnings","OK"))',
                )
            },
            total=True,
        ),
    ]
    return [Block("Summary", summary), *checked]


SHEET = Sheet(
    "checks",
    "Checks",
    "Does the workbook hold together, is the economics plausible, does it give what was printed?",
    blocks,
    columns=lambda _: COLUMNS,
    note_heading="What it means",
)
