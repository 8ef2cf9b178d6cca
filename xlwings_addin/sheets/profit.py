"""Blocks of SOTP: from operating profit to reported profit, and what the street expects of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.reported import STREET_COLUMNS
from xlwings_addin.inputs.tables import Row
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets.base_year import IN_YEAR
from xlwings_addin.sheets.segments import half_of
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    TIMELINE,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    OfModel,
    constant,
    every_year,
    yearly,
)
from xlwings_addin.valuation.profit import ADJUSTED, OPERATING, bridged_parts, yield_key
from xlwings_addin.valuation.xiaomi import Results

STREET: Layout = {
    "low": Columns(FIRST_COLUMN, ("Low",), 15.0),
    "mean": Columns(FIRST_COLUMN + 1, ("Mean",), 12.0),
    "high": Columns(FIRST_COLUMN + 2, ("High",)),
    "analysts": Columns(FIRST_COLUMN + 3, ("Analysts",)),
    "year": Columns(FIRST_COLUMN + 4, ("Year",)),
    "model": Columns(FIRST_COLUMN + 5, ("Model",)),
    "against_mean": Columns(FIRST_COLUMN + 6, ("Model to mean",)),
    "adjusted": Columns(FIRST_COLUMN + 7, ("Adjusted",)),
    "adjusted_against": Columns(FIRST_COLUMN + 8, ("Adj. to mean",)),
}
BY_YEAR = {
    "net_profit": ("Adjusted net profit", "{currency} m", "net_profit", "adjusted_net_profit"),
    "earnings": ("Adjusted earnings a share", "{currency}", "earnings", "adjusted_earnings"),
}
"""What the street expects by year: label, unit, and the lines of the bridge beside it."""
TARGET = "target"
NO_CONSENSUS = "no consensus with a source"


def blocks(context: Context) -> list[Block]:
    """The bridge of the company's build-ups, if it has any, and the street beside it."""
    if not bridged_parts(context.company):
        return []
    return [
        Block("Bridge to reported profit: no value depends on it", _bridge(context), TIMELINE, new_page=True),
        Block("What the street expects: no value depends on it", _street(context), STREET),
    ]


def _of(key: str) -> OfModel:
    return OfModel(f"profit.{key}")


def _bridge(context: Context) -> list[Line]:
    company, parts = context.company, bridged_parts(context.company)
    flags = "*".join(f"{{{sheet}.in_horizon}}" for _, sheet in parts)
    lines = [
        yearly(
            "profit_in_horizon",
            flags,
            _forecast,
            label="Year is forecast by every build-up",
            unit="flag",
        ),
        *(_operating(part.key, sheet) for part, sheet in parts),
        every_year(
            "profit_operating_profit",
            "+".join(f"{{profit_{part.key}}}" for part, _ in parts),
            _of("operating_profit"),
            total=True,
        ),
        _interest(company),
        _tax(context),
        every_year(
            "profit_net_profit",
            "{profit_operating_profit}+{profit_interest}-{profit_tax}",
            _of("net_profit"),
            total=True,
        ),
        every_year("profit_earnings", "{profit_net_profit}/{shares}", _of("earnings")),
    ]
    return [*lines, *_reported(context)]


def _forecast(r: Results) -> object:
    flags = [r.segments[sheet].in_horizon for _, sheet in bridged_parts(r.company)]
    return np.prod(flags, axis=0)


def _operating(part: str, sheet: str) -> Line:
    return yearly(
        f"profit_{part}",
        f"{{{sheet}.ebit}}*{{profit_in_horizon}}",
        _of(part),
        opening=f"{{{sheet}.ebit}}",
    )


def _interest(company: Company) -> Line:
    earned = "{inputs.cash_resources}+{net_cash_by_year[-1]}-{net_cash:value}"
    rate, on_debt = f"{{inputs.{yield_key(company)}}}", "{inputs.debt}*{inputs.cost_of_debt}"
    return yearly(
        "profit_interest",
        f"(({earned})*{rate}-{on_debt})*{{profit_in_horizon}}",
        _of("interest"),
        opening=f"{{inputs.cash_resources}}*{rate}-{on_debt}",
    )


def _tax(context: Context) -> Line:
    """Tax of the build-ups and on interest; a sheet without a tax in the base year pays none in it."""
    parts = [sheet for _, sheet in bridged_parts(context.company)]
    on_interest = "{profit_interest}*{inputs.tax_rate}"
    by_year = "+".join(f"{{{sheet}.tax}}" for sheet in parts)
    in_base = [
        f"{{{sheet}.tax}}"
        for sheet in parts
        if half_of(context.company.business(sheet).template).taxes_base_year
    ]
    return yearly(
        "profit_tax",
        f"({by_year})*{{profit_in_horizon}}+{on_interest}",
        _of("tax"),
        opening="+".join([*in_base, on_interest]),
    )


def _reported(context: Context) -> list[Line]:
    """What was reported of the base year, and what of it the model does not explain."""
    quarters = context.calendar.quarters
    if not any(context.tables.has(OPERATING, quarter) for quarter in quarters):
        lines = []
    else:
        lines = [
            constant("reported_operating_profit", _in_full(OPERATING), _of("reported_operating_profit")),
            constant(
                "profit_other_income",
                _beyond("reported_operating_profit", "profit_operating_profit"),
                _of("other_income"),
            ),
        ]
    return [
        *lines,
        constant("reported_net_profit", _in_full(ADJUSTED), _of("reported_net_profit")),
        constant(
            "profit_unexplained",
            _beyond("reported_net_profit", "profit_net_profit"),
            _of("unexplained"),
            total=True,
        ),
        yearly(
            "profit_adjusted_net_profit",
            "({profit_net_profit}+N({profit_unexplained}))*{profit_in_horizon}",
            _of("adjusted_net_profit"),
            opening="{profit_net_profit}+N({profit_unexplained})",
        ),
        every_year(
            "profit_adjusted_earnings", "{profit_adjusted_net_profit}/{shares}", _of("adjusted_earnings")
        ),
    ]


def _in_full(key: str) -> str:
    """A figure of the base year where all its quarters have it and were known in time."""
    figures = f"{{reported.quarterly_{key}[all]}}"
    there = f"SUMPRODUCT({IN_YEAR}*({figures}<>0))"
    whole = "AND({base_year.quarters:reported}>0,{base_year.quarters:assumed}=0"
    return (
        f'IF({whole},{there}={{base_year.quarters:reported}}),SUMPRODUCT({IN_YEAR}*{figures}),"{UNDEFINED}")'
    )


def _beyond(reported: str, modelled: str) -> str:
    return f'IF(ISNUMBER({{{reported}}}),{{{reported}}}-{{{modelled}:opening}},"{UNDEFINED}")'


# The street ----------------------------------------------------------------------------------------------


def _street(context: Context) -> list[Line]:
    tables = context.tables
    lines = [
        _expected(context, figure, period)
        for figure in BY_YEAR
        for period in tables.periods(f"street_{figure}_mean")
    ]
    lines += [_target(context, period) for period in tables.periods(f"street_{TARGET}_mean")]
    if lines:
        return lines
    nothing = {"mean": Entry(lambda _: UNDEFINED, kind="text", unit="text")}
    return [Line("street_none", NO_CONSENSUS, "", nothing, "the tables have no estimate with a source")]


def _rows(context: Context, figure: str, period: str) -> dict[str, Row]:
    keys = {column: f"street_{figure}_{column}" for column in STREET_COLUMNS}
    return {
        column: context.tables.row(key, period)
        for column, key in keys.items()
        if context.tables.has(key, period)
    }


def _typed(rows: dict[str, Row], unit: str) -> dict[str, Entry]:
    """What was published; n/a for an end that nobody has published with a source."""

    def entry(column: str) -> Entry:
        value = rows[column].number if column in rows else UNDEFINED
        return Entry(lambda _: value, kind="text", unit="count" if column == "analysts" else unit)

    return {column: entry(column) for column in STREET_COLUMNS}


def _said(rows: dict[str, Row]) -> str:
    mean = rows["mean"]
    without = [column for column in STREET_COLUMNS if column not in rows]
    missing = f"no {', '.join(without)} with a source" if without else ""
    said = f"{mean.basis}, {mean.source}, known {mean.as_of.isoformat()}"
    return "; ".join(filter(None, (said, mean.note, missing)))


def _expected(context: Context, figure: str, period: str) -> Line:
    """What the street expects of a year, beside the model's, without and with what is not explained."""
    label, unit, own, adjusted = BY_YEAR[figure]
    year, key = int(period[2:]), f"consensus_{figure}_{period[2:]}"
    rows = _rows(context, figure, period)
    mean = rows["mean"].number

    def model(line: str) -> Callable[[Results], float]:
        def of_year(r: Results) -> float:
            years = np.concatenate([[r.inputs.count("base_year")], r.timeline.year])
            return float(getattr(r.sotp.profit, line)[years == year].sum())

        return of_year

    def cells(column: str, against: str, line: str) -> dict[str, Entry]:
        of_year = model(line)
        return {
            column: Entry(
                of_year,
                f"SUMPRODUCT(({{capital.year:years[0:]}}={{{key}:year}})*{{profit_{line}:years[0:]}})",
                unit=unit,
            ),
            against: Entry(
                lambda r: of_year(r) / mean - 1, f"{{{key}:{column}}}/{{{key}:mean}}-1", unit="ratio"
            ),
        }

    return Line(
        key,
        f"{label}, {year}",
        unit,
        {
            **_typed(rows, unit),
            "year": Entry(lambda _: year, kind="text", unit="year"),
            **cells("model", "against_mean", own),
            **cells("adjusted", "adjusted_against", adjusted),
        },
        _said(rows),
    )


def _target(context: Context, period: str) -> Line:
    """What brokers want for a share, beside the value of the case."""
    rows, key = _rows(context, TARGET, period), f"consensus_target_{period.replace('-', '_')}"
    mean = rows["mean"].number
    return Line(
        key,
        f"Target price, {period}",
        "{listing}",
        {
            **_typed(rows, "{listing}"),
            "model": Entry(lambda r: r.sotp.value_per_share, "{value_per_share}", unit="{listing}"),
            "against_mean": Entry(
                lambda r: r.sotp.value_per_share / mean - 1,
                f'IF(ISTEXT({{{key}:model}}),"{UNDEFINED}",{{{key}:model}}/{{{key}:mean}}-1)',
                unit="ratio",
            ),
        },
        _said(rows),
    )
