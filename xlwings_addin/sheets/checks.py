"""Checks: does the workbook hold together, is the economics plausible, does it replicate what was printed?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from xlwings_addin.inputs.company import Business, Company, PartEntry
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED, Years
from xlwings_addin.sheets import functions, inputs, replication, reported, sheets
from xlwings_addin.sheets.segments import half_of
from xlwings_addin.sheets.segments.half import before
from xlwings_addin.sheets.spec import FIRST_COLUMN, NOTE, Block, Columns, Context, Entry, Layout, Line, Sheet
from xlwings_addin.valuation.parts import rate_key, sum_keys
from xlwings_addin.valuation.xiaomi import Results

Severity = Literal["FAIL", "WARN"]

WORTH = "{sotp.equity_value:value}"
"""What is #N/A where a business has no finite value."""

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
    rests_on: str = "",
    may_tie: bool = False,
) -> Line:
    """A figure against a limit it must not exceed (or fall below, with `minimum`).

    Both are "n/a" where the value that the figure rests on is. A figure that `may_tie` with its limit is
    within it up to the tolerance: of two equal figures no two programs keep the same last digits.
    """

    def threshold(r: Results) -> float:
        return 0.0 if limit == "0" else r.inputs.number(limit)

    def status(r: Results) -> str:
        low, high = (threshold(r), value(r)) if minimum else (value(r), threshold(r))
        slack = r.inputs.number("tolerance") if may_tie else 0.0
        return "OK" if low <= high + slack else severity

    comparison = "{%s:value}>={%s:threshold}" if minimum else "{%s:value}<={%s:threshold}"
    comparison += "+{inputs.tolerance}" if may_tie else ""
    compared = f'IF({comparison % (key, key)},"OK","{severity}")'
    if rests_on:
        formula = f'IF(ISNA({rests_on}),"{UNDEFINED}",{formula})'
        compared = f'IF({{{key}:value}}="{UNDEFINED}","{UNDEFINED}",{compared})'
    return Line(
        key,
        label,
        unit,
        {
            "value": Entry(value, formula),
            "threshold": Entry(threshold, "0" if limit == "0" else f"{{inputs.{limit}}}"),
            "status": Entry(status, compared, unit="status"),
        },
        note=sentence,
    )


def _relative_gap(one: str, other: str) -> str:
    return f"ABS({one}-({other}))/MAX(ABS({other}),1)"


def _cash_gap(company: Company) -> str:
    """What a method's flows miss the balances behind them by: the root of the years' squares, to net cash.

    The embedded engine takes no ABS of a row inside SUMPRODUCT. What is left of a sum that closes is
    rounding, of which no two programs keep the same digits: below the tolerance of the checks it is 0.
    """
    gaps = {
        business.key: of(business)
        for business in company.businesses
        if (of := half_of(business.template).cash_gap) is not None
    }
    cash = "MAX(ABS({sotp.net_cash:value}),1)"
    squares = (f"SUMPRODUCT(({gap})*({gap})*{{{sheet}.in_horizon[all]}})" for sheet, gap in gaps.items())
    gap = f"SQRT(MAX({','.join(squares)})/({cash}*{cash}))"
    return f"IF({gap}<{{inputs.tolerance}},0,{gap})"


def _discounted(company: Company) -> list[Business]:
    """The businesses that discount flows."""
    return [business for business in company.businesses if half_of(business.template).discounts]


def _by_npv(sheet: str, part: str) -> str:
    flows, factors, exponents = f"{sheet}.counted_fcff", f"{sheet}.discount_factor", "capital.flow_exponent"
    rate = f"{{capital.{part}_wacc}}"
    return (
        f"ABS({{{flows}:opening}}*{{{factors}:opening}}+{{{flows}:years[1]}}*{{{factors}:years[1]}}"
        f"+NPV({rate},{{{flows}:years[2:]}})*(1+{rate})^(1-{{{exponents}:years[2]}})"
        f"-{{{sheet}.explicit_value}})/MAX(ABS({{{sheet}.enterprise_value}}),1)"
    )


def _npv_checks(company: Company) -> list[Line]:
    lines = [
        _check(
            f"npv_{business.key}",
            f"{business.part.short}, {half_of(business.template).short}: forecast years by NPV()",
            "difference",
            "The spreadsheet's own NPV of the flows must give the same value.",
            _by_npv(business.key, business.part.key),
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
            rests_on=f"{{{business.key}.enterprise_value}}",
        )
        for business in _discounted(company)
    ]
    for ramp in company.by_template("revenue_ramp"):
        lines.append(
            _check(
                f"{ramp.part.key}_revenue",
                f"{ramp.part.short.removesuffix('s')} ramp: revenue is the base, compounded",
                "difference",
                "The last year's revenue must be the base times the product of all growth factors.",
                _relative_gap(
                    f"{{{ramp.key}.revenue:opening}}*PRODUCT({{{ramp.key}.growth_factor[all]}})",
                    f"SUMPRODUCT({{{ramp.key}.is_final[all]}},{{{ramp.key}.revenue[all]}})",
                ),
                lambda r: 0.0,
                limit="tolerance",
                severity="FAIL",
            )
        )
    return lines


def _largest(values: Years) -> float:
    """The largest of a row without what is missing; 0 of nothing."""
    there = values[np.isfinite(values)]
    return float(there.max()) if len(there) else 0.0


def _integrity(context: Context) -> list[Line]:
    keys = functions.function_keys(context)

    def function_cells(column: str) -> str:
        return f"{{functions.{keys[0]}:{column}}}:{{functions.{keys[-1]}:{column}}}"

    stored = f"{{cover.stored_{context.cases[0]}:value}}:{{cover.stored_{context.cases[-1]}:value}}"

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

    weights = (
        "SUMPRODUCT({inputs.probability:cases[all]}"
        "*({inputs.valuation_date:cases[all]}={inputs.valuation_date:cases[1]}))"
    )
    years, company = context.calendar.years, context.company
    parameters, rate = company.parameters, rate_key(company)
    bridged = "{sotp.value_per_share}*{sotp.shares}" + ("" if rate is None else f"/{{sotp.{rate}}}")
    added = [key for key in sum_keys(company) if key not in ("segments", "equity_value")]
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
            "Value per share, times shares, must be the sum of the parts.",
            _relative_gap(
                bridged,
                f"SUM({','.join(f'{{sotp.{key}:value}}' for key in added)})",
            ),
            lambda r: 0.0,
            limit="tolerance",
            severity="FAIL",
            rests_on=WORTH,
        ),
        _check(
            "probabilities",
            "Probabilities of the cases add to one",
            "difference",
            "Weights that do not add to one make a weighted value of nothing in particular.",
            f"IF({weights}=0,0,ABS({weights}-1))",
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
            rests_on=WORTH,
        ),
        _check(
            "cash",
            "Cash: opening + free cash flow + financing and payouts against closing",
            "difference",
            "Profit after tax, less what plant and working capital grow by, is what is valued and paid out: "
            "cash closes every year as it opened.",
            _cash_gap(company),
            lambda r: 0.0 if r.cash_gap < r.inputs.number("tolerance") else r.cash_gap,
            limit="tolerance",
            severity="FAIL",
        ),
        *_npv_checks(company),
        _check(
            "history_segments",
            "Reported: segments against group revenue",
            "{currency} m",
            "What the segments of any year exceed group revenue by: nothing but rounding.",
            "MAX(0,-MIN({reported.revenue_other[all]}))",
            lambda r: max(0.0, _largest(-reported.other_revenue(r, years))),
            limit="history_rounding",
            severity="FAIL",
        ),
        _check(
            "free_cash_flow",
            "Reported: cash flow less capex against free cash flow",
            "{currency} m",
            "Largest gap in any reported year; the limit is what rounding of published figures leaves.",
            "MAX(MAX({reported.free_cash_flow_gap[all]}),-MIN({reported.free_cash_flow_gap[all]}))",
            lambda r: max(0.0, _largest(np.abs(reported.free_cash_flow_gap(r, years)))),
            limit="history_rounding",
            severity="FAIL",
        ),
        *[no_error(sheet, title) for sheet, title in _figures(company)],
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
            f"SUM({{inputs.{parameters[0].key}:outside}}:{{inputs.{parameters[-1].key}:outside}})",
            lambda r: float(sum(inputs.out_of_range(r, parameter.key) for parameter in parameters)),
            limit="0",
            severity="WARN",
        ),
        _check(
            "stored_cases",
            "Cover: the selected case among all",
            "difference",
            _SELECTED_AMONG_ALL[context.live_cases],
            f"ABS(INDEX({stored},{{cover.case_index}})/{{sotp.value_per_share}}-1)",
            lambda r: 0.0,
            limit="tolerance",
            severity="WARN",
            rests_on=WORTH,
        ),
    ]


_SELECTED_AMONG_ALL = {
    False: "The cover keeps each case's result from the last build; a gap says that inputs changed since.",
    True: "The cover's table follows every input; a gap says that it was not calculated: press F9 in Excel.",
}


def _probability_gap(context: Context) -> float:
    total = sum(context.weights.values())
    return abs(total - 1) if total else 0.0


def _figures(company: Company) -> list[tuple[str, str]]:
    """Key and title of the sheets whose cells are figures."""
    own = ("inputs", "reported", "base_year", "capital")
    return [
        (sheet.key, sheet.title)
        for sheet in sheets(company)
        if sheet.key in (*own, "sotp", "sources") or sheet.key in {one.key for one in company.businesses}
    ]


def _terminal_checks(company: Company, part: PartEntry) -> list[Line]:
    key, title = part.key, part.short
    shares = {
        one.method: f"{{sotp.method_{key}_{one.method}:terminal_share}}" for one in company.methods_of(key)
    }
    *others, last = shares
    share = shares[last]
    for method in reversed(others):
        share = f'IF({{inputs.{part.method_key}}}="{method}",{shares[method]},{share})'
    return [
        _check(
            f"{key}_growth",
            f"{title}: terminal growth",
            "rate",
            "Above the risk-free rate, the business would outgrow the economy for ever.",
            f"{{inputs.{key}_terminal_growth}}",
            lambda r: r.inputs.number(f"{key}_terminal_growth"),
            limit="risk_free",
            severity="WARN",
        ),
        _check(
            f"{key}_finite",
            f"{title}: terminal growth not below WACC",
            "flag",
            "A flow that grows for ever as fast as it is discounted, or faster, has no finite value: "
            "the value of a share is n/a.",
            f"IF({{capital.{key}_wacc}}>{{inputs.{key}_terminal_growth}},0,1)",
            lambda r: 0.0,
            limit="0",
            severity="FAIL",
        ),
        _check(
            f"{key}_spread",
            f"{title}: WACC less terminal growth",
            "rate",
            "Under this spread, a small change of either moves the value beyond reason.",
            f"{{capital.{key}_spread}}",
            lambda r: float(getattr(r.capital, f"{key}_spread")),
            limit="warning_minimum_spread",
            severity="WARN",
            minimum=True,
        ),
        _check(
            f"{key}_terminal_share",
            f"{title}: terminal share of value",
            "ratio",
            "Above this share, the value rests on what comes after the forecast.",
            share,
            lambda r: float(r.valuation(key).terminal_share),
            limit="warning_maximum_terminal_share",
            severity="WARN",
            rests_on=f"{{sotp.{key}:value}}",
        ),
    ]


def _economics(context: Context) -> list[Line]:
    company = context.company
    checked = [one for one in company.businesses if half_of(one.template).cross_checks]

    def cross_check(business: Business, key: str, against: str, sentence: str) -> Line:
        sheet, title = business.key, f"{business.part.short}: {against} against Gordon"
        difference = f"{{{sheet}.{key}}}"
        return _check(
            f"{sheet}_{key}",
            title,
            "ratio",
            sentence,
            f"IF(ISNUMBER({difference}),ABS({difference}),0)",
            lambda r: abs(gap) if isinstance(gap := getattr(r.segments[sheet], key), float) else 0.0,
            limit="warning_cross_check",
            severity="WARN",
        )

    def growth_step(business: Business) -> Line:
        """Terminal growth less the growth of the last forecast year; nothing where there is no such year."""
        sheet, prefix, title = business.key, business.prefix, business.part.short

        def value(r: Results) -> float:
            view = r.segments[sheet]
            revenue, last = view.revenue, int(view.valuation.in_horizon.sum())
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
            may_tie=True,
        )

    driver = "A gap says that the flows after the forecast reinvest less, or more, than their growth needs."
    multiple = "A gap says that the market's multiple and the discounted flows do not believe the same."
    return [
        *(line for part in discounted_parts(company) for line in _terminal_checks(company, part)),
        *(growth_step(business) for business in checked),
        *_demand_checks(company),
        _check(
            "cash_runs_out",
            "Cash: what the lowest year lacks",
            "{currency} m",
            "Below zero in any year, net cash has to come from somewhere: debt, or new shares.",
            "MAX(0,-{sotp.lowest_net_cash})",
            lambda r: max(0.0, -float(r.sotp.lowest_net_cash)),
            limit="0",
            severity="WARN",
        ),
        *_only_rises(company),
        *(
            line
            for business in checked
            for line in (
                cross_check(business, "driver_difference", "value driver", driver),
                cross_check(business, "multiple_difference", "exit multiple", multiple),
            )
        ),
    ]


def _demand_checks(company: Company) -> list[Line]:
    """Of a part built up from deliveries: what its plants and its market make of its demand."""
    lines = []
    for business in company.by_template("capacity_ramp"):
        name, key = business.part.short, business.key
        final = f"{{{key}.final_deliveries}}"
        demand = f"SUMPRODUCT({{{key}.is_final[0:]}},{{{key}.demand[0:]}})"

        def unmet(r: Results, key: str = key) -> float:
            view = r.segments[key]
            last = int(view.valuation.in_horizon.sum())
            return float(view.unmet_demand[last] / view.demand[last]) if view.demand[last] else 0.0

        if company.parameters.has("warning_unmet_demand"):
            lines.append(
                _check(
                    f"{key}_unmet_demand",
                    f"{name}: share of the last year's demand that plants leave",
                    "ratio",
                    "More demand is worth nothing where the plants of the case cannot make it.",
                    f"IF({demand}=0,0,1-{final}/{demand})",
                    unmet,
                    limit="warning_unmet_demand",
                    severity="WARN",
                )
            )
        if company.parameters.has("largest_maker_deliveries"):
            lines.append(
                _check(
                    f"{key}_largest_maker",
                    f"{name}: deliveries of the last year against the largest maker's",
                    "m vehicles",
                    "More than the largest maker of today sells is a share of the market that nobody has.",
                    final,
                    lambda r, key=key: float(r.segments[key].final_deliveries),  # type: ignore[misc]
                    limit="largest_maker_deliveries",
                    severity="WARN",
                )
            )
    return lines


def _has_fallen(r: Results) -> bool:
    """Whether the group's revenue of a reported year is below that of the year before."""
    tables = r.inputs.tables
    years = [year for year in tables.calendar.years if tables.has("revenue", year)]
    return bool(np.any(np.diff(tables.series("revenue", years)) < 0))


def _only_rises(company: Company) -> list[Line]:
    """Of a group: a forecast whose revenue rises in every year, where a reported year has fallen."""
    lines = []
    for business in company.businesses:
        if not business.members or not company.parameters.has("warning_rising_years"):
            continue
        key = business.key
        rising = f"({{{key}.revenue[all]}}>{before(f'{key}.revenue', TIMELINE_YEARS)})"
        years = f"SUMPRODUCT({rising}*{{{key}.in_horizon[all]}})"
        horizon, fallen = f"{{{key}.horizon}}", "MIN({reported.revenue_growth[all]})<0"

        def rises(r: Results, key: str = key) -> float:
            revenue = r.segments[key].revenue
            last = int(r.segments[key].valuation.in_horizon.sum())
            rising = bool(np.all(np.diff(revenue[: last + 1]) > 0))
            return float(last) if rising and _has_fallen(r) else 0.0

        lines.append(
            _check(
                f"{key}_only_rises",
                f"{business.part.short}: years of a forecast whose revenue only rises",
                "years",
                "Where a reported year has fallen, a forecast that only rises has no bad year in it.",
                f"IF(AND({years}={horizon},{fallen}),{horizon},0)",
                rises,
                limit="warning_rising_years",
                severity="WARN",
            )
        )
    return lines


def _costs_twice(company: Company) -> list[Line]:
    """Of a part whose segment result is reported: its margin of the base year must not be a better one."""
    lines = []
    for business in company.by_template("capacity_ramp"):
        name, key = business.part.short, business.key

        def better(r: Results, key: str = key) -> float:
            return float(r.segments[key].ebit_margin[0]) - r.base_year.vehicle_result_margin

        lines.append(
            _check(
                f"twice_{business.part.key}_costs",
                f"{name}: margin of the base year above the reported one",
                "ratio",
                f"{name.removesuffix('s')} losses belong to {name.lower()}: a better margin than reported "
                "leaves their costs in other margins, or nowhere.",
                f"{{{key}.ebit_margin:opening}}-{{base_year.segment_margin:reported}}",
                better,
                limit="warning_margin_gap",
                severity="WARN",
            )
        )
    return lines


def _revenue_twice(company: Company) -> Line:
    segments = "+".join(f"{{base_year.revenue_{entry.key}:reported}}" for entry in company.grouped) or "0"
    if (part := company.delivering) is not None:
        segments += f"+{{base_year.margin_{part}:revenue}}"
    return _check(
        "twice_revenue",
        "Revenue: segments above the group's",
        "{currency} m",
        "An amount of revenue, with its margin, is in one segment: together they do not exceed the group.",
        f"MAX(0,{segments}-{{base_year.group_revenue:reported}})",
        lambda r: max(
            0.0,
            sum(segment.revenue.reported for segment in r.base_year.segments.values())
            + r.base_year.vehicle_margin.revenue_with_margin
            - r.base_year.group_revenue,
        ),
        limit="history_rounding",
        severity="FAIL",
    )


def _double_counting(company: Company) -> list[Line]:
    by_company = '{inputs.net_cash_definition}="company"'

    def if_company(r: Results, amount: float) -> float:
        return amount if r.inputs.text("net_cash_definition") == "company" else 0.0

    return [
        *_costs_twice(company),
        _revenue_twice(company),
        _check(
            "twice_restricted",
            "Cash: restricted cash counted as free",
            "{currency} m",
            "Pledged cash pays no dividend: the company's cash resources hold it, the strict ones do not.",
            f"IF({by_company},{{inputs.restricted_cash}},0)",
            lambda r: if_company(r, r.inputs.number("restricted_cash")),
            limit="0",
            severity="WARN",
        ),
        _check(
            "twice_liquid",
            "Cash: liquid funds above what is not restricted",
            "{currency} m",
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
            "{currency} m",
            "The company's cash resources may hold long-term investments: stakes may count twice.",
            f"IF({by_company},{{inputs.associates}},0)",
            lambda r: if_company(r, r.inputs.number("associates")),
            limit="0",
            severity="WARN",
        ),
    ]


def overall(context: Context, r: Results) -> str:
    """The one status the cover shows."""
    failures, warnings = counts(context, r)
    if failures:
        return f"FAIL: {failures} of the checks"
    return f"OK, with {warnings} warnings" if warnings else "OK"


def counts(context: Context, r: Results) -> tuple[int, int]:
    """How many of the checks fail, and how many warn."""
    statuses = [line.cells["status"].value(r) for block in _checked(context) for line in block.lines]
    return statuses.count("FAIL"), statuses.count("WARN")


def _checked(context: Context) -> Sequence[Block]:
    """The blocks of checks; of one context they are made once."""
    if _checked not in context.blocks:
        context.blocks[_checked] = [
            Block("Integrity", _integrity(context)),
            Block("Economics", _economics(context)),
            Block("Nothing counted twice", _double_counting(context.company)),
            *replication.blocks(context),
        ]
    return context.blocks[_checked]


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
    note_column=NOTE,
    tab="behind",
    place=90,
)
