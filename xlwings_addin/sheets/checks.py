"""Checks: does the workbook hold together, is the economics plausible, does it replicate what was printed?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from xlwings_addin.model.parameters import PARAMETERS
from xlwings_addin.model.valuation import Path, Valuation
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets import functions, history, inputs, replication
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
            f"ABS({{{flows}:opening}}*{{{factors}:opening}}+{{{flows}:years[1]}}*{{{factors}:years[1]}}"
            f"+NPV({rate},{{{flows}:years[2:]}})*(1+{rate})^(1-{{{exponents}:years[2]}})"
            f"-{{{sheet}.explicit_value}})/MAX(ABS({{{sheet}.enterprise_value}}),1)"
        )

    def no_error(sheet: str, title: str) -> Line:
        return _check(
            f"errors_{sheet}",
            f"Errors on {title}",
            "flag",
            f"No cell of {title} may show an error: the sum of them all would be one.",
            f"IF(ISERROR(SUM({{{sheet}.*}})),1,0)",
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
                "{sotp.value_per_share}*{sotp.shares}/{sotp.hkd_per_cny}",
                "SUM({sotp.core:value},{sotp.vehicle:value},{sotp.new_initiatives:value},{sotp.discount:value},"
                "{sotp.net_cash:value},{sotp.associates:value},{sotp.minority_interest:value})",
            ),
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
        ),
        _check(
            "probabilities",
            "Probabilities of the cases add to one",
            "difference",
            "Weights that do not add to one make a weighted value of nothing in particular.",
            "IF(SUM({inputs.probability:cases[all]})=0,0,ABS(SUM({inputs.probability:cases[all]})-1))",
            lambda r: _probability_gap(context),
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
        *[
            _check(
                f"npv_{sheet}",
                f"{title}: forecast years by NPV()",
                "difference",
                "The spreadsheet's own NPV of the flows must give the same value.",
                by_npv(sheet, wacc),
                lambda r: 0.0,
                limit="tolerance",
                severity="FAIL",
            )
            for sheet, title, wacc in (
                ("core_segments", "Core, built up", "core_wacc"),
                ("core_average", "Core, averaged", "core_wacc"),
                ("vehicle_units", "Vehicles, built up", "vehicle_wacc"),
                ("vehicle_ramp", "Vehicles, ramp", "vehicle_wacc"),
            )
        ],
        _check(
            "vehicle_revenue",
            "Vehicle ramp: revenue is the base, compounded",
            "difference",
            "The last year's revenue must be the base times the product of all growth factors.",
            _relative_gap(
                "{vehicle_ramp.revenue:opening}*PRODUCT({vehicle_ramp.growth_factor[all]})",
                "SUMPRODUCT({vehicle_ramp.is_final[all]},{vehicle_ramp.revenue[all]})",
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
        *[
            no_error(sheet, title)
            for sheet, title in (
                ("inputs", "Inputs"),
                ("history", "History"),
                ("base_year", "Base Year"),
                ("capital", "Capital"),
                ("core_segments", "Core Segments"),
                ("core_average", "Core Average"),
                ("vehicle_units", "Vehicle Units"),
                ("vehicle_ramp", "Vehicle Ramp"),
                ("sotp", "SOTP"),
                ("sources", "Sources"),
            )
        ],
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
            "inputs_in_range",
            "Inputs outside their range",
            "count",
            "Every assumption has a range on Inputs; outside it, its reason no longer holds.",
            f"SUM({{inputs.{PARAMETERS[0].key}:outside}}:{{inputs.{PARAMETERS[-1].key}:outside}})",
            lambda r: float(sum(inputs.out_of_range(r, known.key) for known in PARAMETERS)),
            limit="0",
            severity="WARN",
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


def _probability_gap(context: Context) -> float:
    total = sum(results.inputs.number("probability") for results in context.results.values())
    return abs(total - 1) if total else 0.0


def _economics(_: Context) -> list[Line]:
    def business(prefix: str, title: str, chosen: Callable[[Results], Valuation]) -> list[Line]:
        methods = ("segments", "average") if prefix == "core" else ("units", "ramp")
        shares = [f"{{sotp.method_{prefix}_{method}:terminal_share}}" for method in methods]
        return [
            _check(
                f"{prefix}_growth",
                f"{title}: terminal growth",
                "rate",
                "Above the risk-free rate, the business would outgrow the economy for ever.",
                f"{{inputs.{prefix}_terminal_growth}}",
                lambda r: r.inputs.number(f"{prefix}_terminal_growth"),
                limit="risk_free",
                severity="WARN",
            ),
            _check(
                f"{prefix}_spread",
                f"{title}: WACC less terminal growth",
                "rate",
                "Under this spread, a small change of either moves the value beyond reason.",
                f"{{capital.{prefix}_spread}}",
                lambda r: r.capital.core_spread if prefix == "core" else r.capital.vehicle_spread,
                limit="warning_minimum_spread",
                severity="WARN",
                minimum=True,
            ),
            _check(
                f"{prefix}_terminal_share",
                f"{title}: terminal share of value",
                "ratio",
                "Above this share, the value rests on what comes after the forecast.",
                f'IF({{inputs.{prefix}_method}}="{methods[0]}",{shares[0]},{shares[1]})',
                lambda r: chosen(r).terminal_share,
                limit="warning_maximum_terminal_share",
                severity="WARN",
            ),
        ]

    def cross_check(
        sheet: str, key: str, title: str, sentence: str, of: Callable[[Results], float | str]
    ) -> Line:
        difference = f"{{{sheet}.{key}}}"
        return _check(
            f"{sheet}_{key}",
            title,
            "ratio",
            sentence,
            f"IF(ISNUMBER({difference}),ABS({difference}),0)",
            lambda r: abs(gap) if isinstance(gap := of(r), float) else 0.0,
            limit="warning_cross_check",
            severity="WARN",
        )

    def growth_step(
        sheet: str, prefix: str, title: str, of: Callable[[Results], tuple[Path, Valuation]]
    ) -> Line:
        """Terminal growth less the growth of the last forecast year; nothing where there is no such year."""

        def value(r: Results) -> float:
            revenue, valuation = of(r)
            last = int(valuation.in_horizon.sum())
            if not last or not revenue[last - 1]:
                return 0.0
            growth = float(revenue[last] / revenue[last - 1]) - 1
            return r.inputs.number(f"{prefix}_terminal_growth") - growth

        final, before = (
            f"INDEX({{{sheet}.revenue[0:]}},1,{{{sheet}.horizon}}{offset})" for offset in ("+1", "")
        )
        return _check(
            f"{sheet}_growth_step",
            f"{title}: terminal growth above the last year's",
            "rate",
            "Growth that rises after the forecast is growth that nobody has forecast.",
            f"IF({{{sheet}.horizon}}=0,0,IF({before}=0,0,{{inputs.{prefix}_terminal_growth}}-({final}/{before}-1)))",
            value,
            limit="warning_growth_step",
            severity="WARN",
        )

    driver = "A gap says that the flows after the forecast reinvest less, or more, than their growth needs."
    multiple = "A gap says that the market's multiple and the discounted flows do not believe the same."
    return [
        *business("core", "Core", lambda r: r.core_valuation),
        *business("vehicle", "Vehicles", lambda r: r.vehicle_valuation),
        growth_step(
            "core_segments", "core", "Core", lambda r: (r.core_segments.revenue, r.core_segments.valuation)
        ),
        growth_step(
            "vehicle_units", "vehicle", "Vehicles",
            lambda r: (r.vehicle_units.revenue, r.vehicle_units.valuation),
        ),
        cross_check(
            "core_segments", "driver_difference", "Core: value driver against Gordon", driver,
            lambda r: r.core_segments.checks.driver_difference,
        ),
        cross_check(
            "core_segments", "multiple_difference", "Core: exit multiple against Gordon", multiple,
            lambda r: r.core_segments.checks.multiple_difference,
        ),
        cross_check(
            "vehicle_units", "driver_difference", "Vehicles: value driver against Gordon", driver,
            lambda r: r.vehicle_units.checks.driver_difference,
        ),
        cross_check(
            "vehicle_units", "multiple_difference", "Vehicles: exit multiple against Gordon", multiple,
            lambda r: r.vehicle_units.checks.multiple_difference,
        ),
    ]  # fmt: skip


def _double_counting(_: Context) -> list[Line]:
    company = '{inputs.net_cash_definition}="company"'

    def if_company(r: Results, amount: float) -> float:
        return amount if r.inputs.text("net_cash_definition") == "company" else 0.0

    return [
        _check(
            "twice_vehicle_costs",
            "Vehicles: margin of the base year above the reported one",
            "ratio",
            "Vehicle losses belong to vehicles: a better margin than reported leaves their costs in the "
            "core's margins, or nowhere.",
            "{vehicle_units.ebit_margin:opening}-{base_year.segment_margin:reported}",
            lambda r: float(r.vehicle_units.ebit_margin[0]) - r.base_year.vehicle_result_margin,
            limit="warning_margin_gap",
            severity="WARN",
        ),
        _check(
            "twice_revenue",
            "Revenue: core and vehicle segment above the group's",
            "CNY m",
            "A yuan of revenue, with its margin, is in one segment: together they do not exceed the group.",
            "MAX(0,{base_year.revenue_smartphone:reported}+{base_year.revenue_iot:reported}"
            "+{base_year.revenue_internet:reported}+{base_year.margin_vehicle:revenue}"
            "-{base_year.group_revenue:reported})",
            lambda r: max(
                0.0,
                sum(segment.revenue.reported for segment in r.base_year.segments.values())
                + r.base_year.vehicle_margin.revenue_with_margin
                - r.base_year.group_revenue,
            ),
            limit="history_rounding",
            severity="FAIL",
        ),
        _check(
            "twice_restricted",
            "Cash: restricted cash counted as free",
            "CNY m",
            "Pledged cash pays no dividend: the company's cash resources hold it, the strict ones do not.",
            f"IF({company},{{inputs.restricted_cash}},0)",
            lambda r: if_company(r, r.inputs.number("restricted_cash")),
            limit="0",
            severity="WARN",
        ),
        _check(
            "twice_liquid",
            "Cash: liquid funds above what is not restricted",
            "CNY m",
            "Liquid funds are a part of the cash resources, and restricted cash is none of them.",
            "MAX(0,{inputs.liquid_funds}+{inputs.restricted_cash}-{inputs.cash_resources})",
            lambda r: max(
                0.0,
                r.inputs.number("liquid_funds")
                + r.inputs.number("restricted_cash")
                - r.inputs.number("cash_resources"),
            ),
            limit="0",
            severity="FAIL",
        ),
        _check(
            "twice_placement",
            "Shares: outstanding with the cash, less those used",
            "m shares",
            "The cash of a placement comes with its shares: the value is divided by no fewer than were "
            "outstanding when the cash was reported.",
            "MAX(0,{inputs.reported_shares}-{sotp.shares})",
            lambda r: max(0.0, r.inputs.number("reported_shares") - r.sotp.shares),
            limit="0",
            severity="FAIL",
        ),
        _check(
            "twice_investments",
            "Investments: counted beside cash resources",
            "CNY m",
            "The company's cash resources may hold long-term investments: stakes may count twice.",
            f"IF({company},{{inputs.associates}},0)",
            lambda r: if_company(r, r.inputs.number("associates")),
            limit="0",
            severity="WARN",
        ),
    ]


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
        Block("Economics", _economics(context)),
        Block("Nothing counted twice", _double_counting(context)),
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
