"""Ramp: deliveries by year since the first 100,000, reported and expected, beside those of other makers."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from xlwings_addin.inputs.company import Business, PartEntry
from xlwings_addin.inputs.ramps import RAMP_STARTS_AT, RAMPS, RampYear, read_ramps
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    UNIT,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Series,
    Sheet,
)
from xlwings_addin.sheets.words import slug
from xlwings_addin.valuation.parts import implied_part
from xlwings_addin.valuation.xiaomi import Results

YEARS = 11
COLUMNS: Layout = {
    "ramp": Columns(FIRST_COLUMN, [f"Year {n}" for n in range(YEARS)], 9.5),
}
COLOURS = ("C55A11", "595959", "2E75B6", "BF9000", "70AD47", "7F6000", "A6A6A6")
Figure = float | str


def _key(part: PartEntry) -> str:
    return f"{part.key}_deliveries"


def _first_year(context: Context, part: PartEntry) -> int | None:
    """The first reported year with the deliveries that begin a ramp."""
    key = _key(part)
    for year in context.calendar.years:
        if context.tables.has(key, year) and context.tables.row(key, year).number >= RAMP_STARTS_AT:
            return int(year[2:])
    return None


def _ramps(context: Context, part: PartEntry) -> dict[str, list[RampYear]]:
    """The years of other makers, by maker."""
    ramps: dict[str, list[RampYear]] = defaultdict(list)
    for row in read_ramps(context.folder):
        if row.key == _key(part):
            ramps[row.maker].append(row)
    return dict(ramps)


def _from_start(rows: list[RampYear]) -> list[RampYear]:
    """A maker's years from the first with 100,000; none where its table begins above that."""
    if rows[0].deliveries >= RAMP_STARTS_AT:
        return []
    return [row for row in rows if row.deliveries >= RAMP_STARTS_AT or row.year > _started(rows)]


def _started(rows: list[RampYear]) -> int:
    return next((row.year for row in rows if row.deliveries >= RAMP_STARTS_AT), rows[-1].year)


def _maker(maker: str, rows: list[RampYear]) -> Line:
    own = _from_start(rows)[:YEARS]
    if not own:
        label = f"{maker}: no year 0"
        note = f"the tables begin with {rows[0].year}, above 100,000"
        return Line(f"maker_{slug(maker)}", label, "m vehicles", {}, note)
    values = [row.deliveries / 1e6 for row in own]
    padded = [*values, *([None] * (YEARS - len(values)))]
    note = f"year 0 is {own[0].year}; the source of every year stands in inputs/{RAMPS}"
    cells = {"ramp": Entry(lambda _: padded, kind="text")}
    return Line(f"maker_{slug(maker)}", maker, "m vehicles", cells, note)


def _calendar(first: int) -> list[Line]:
    return [
        Line(
            "ramp_year",
            "Years since the first 100,000",
            "count",
            {"ramp": Entry(lambda _: [float(n) for n in range(YEARS)], kind="text")},
        ),
        Line(
            "ramp_start",
            "The company's year 0",
            "year",
            {"ramp": Entry(lambda _: [float(first)] * YEARS, kind="text")},
            "the first reported year with 100,000 or more",
        ),
        Line(
            "calendar_year",
            "Its calendar year",
            "year",
            {"ramp": Entry(lambda _: [float(first + n) for n in range(YEARS)], "{ramp_start}+{ramp_year}")},
        ),
    ]


def _reported(context: Context, part: PartEntry, first: int) -> Line:
    """What was reported, by calendar year."""
    years, key = "{reported.fiscal_year:periods[all]}", _key(part)

    def values(r: Results) -> list[Figure]:
        own = [f"FY{first + n}" for n in range(YEARS)]
        series = r.inputs.tables.series(key, own, default=np.nan)
        million, there = r.inputs.number("units_per_million"), context.calendar.years
        return [
            float(x / million) if year in there and not np.isnan(x) else UNDEFINED
            for year, x in zip(own, series, strict=True)
        ]

    cell = f"INDEX({{reported.{key}:periods[all]}},1,MATCH({{calendar_year}},{years},0))"
    formula = (
        f'IF(COUNTIF({years},{{calendar_year}})=0,"{UNDEFINED}",'
        f'IF(ISNUMBER({cell}),{cell}/{{inputs.units_per_million}},"{UNDEFINED}"))'
    )
    label = f"{context.company.name.short}, reported"
    return Line("reported", label, "m vehicles", {"ramp": Entry(values, formula)}, "as on Reported")


def _path(context: Context, part: PartEntry, first: int) -> Line:
    """What the selected case expects, by the method that counts, from its base year on."""
    company = context.company

    def line(business: Business) -> str:
        return "deliveries" if business.template == "capacity_ramp" else "deliveries_at_base_price"

    def values(r: Results) -> list[Figure]:
        business = next(one for one in company.methods_of(part.key) if r.counts(one))
        opening = r.cells(business.key, line(business), "opening")
        path = [float(opening), *map(float, r.cells(business.key, line(business), "years"))]
        places = [first + n - r.inputs.count("base_year") for n in range(YEARS)]
        return [path[place] if 0 <= place < len(path) else UNDEFINED for place in places]

    def cell(business: Business) -> str:
        row = f"{{{business.key}.{line(business)}[0:]}}"
        return f"INDEX({row},1,{{calendar_year}}-{{capital.year:opening}}+1)"

    *others, last = company.methods_of(part.key)
    chosen = cell(last)
    for business in reversed(others):
        chosen = f'IF({{inputs.{part.method_key}}}="{business.method}",{cell(business)},{chosen})'
    formula = f'IF({{calendar_year}}<{{capital.year:opening}},"{UNDEFINED}",{chosen})'
    note = "the selected case, by the method that counts, from its base year on"
    label = f"{company.name.short}, the case"
    return Line("path", label, "m vehicles", {"ramp": Entry(values, formula)}, note, total=True)


def _growth(of: Line) -> Line | None:
    """What a row grows by from year to year."""
    if "ramp" not in of.cells:
        return None
    entry = of.cells["ramp"]

    def values(r: Results) -> list[Figure]:
        row = [x if isinstance(x, float) else None for x in entry.value(r)]
        pairs = zip([None, *row], row, strict=False)
        return [UNDEFINED if not one or other is None else other / one - 1 for one, other in pairs]

    cell = f"{{{of.key}}}"
    before = f"{{{of.key}[-1]}}"
    formula = f'IF(AND(N({before})>0,ISNUMBER({cell})),{cell}/{before}-1,"{UNDEFINED}")'
    return Line(f"growth_{of.key}", of.label, "rate", {"ramp": Entry(values, formula)})


def blocks(context: Context) -> list[Block]:
    part = implied_part(context.company)
    first = None if part is None else _first_year(context, part)
    if part is None or first is None:
        missing = (
            "No part of the company delivers vehicles, or none are reported: history.csv fills this sheet"
        )
        return [Block("Ramp", [Line("no_ramp", missing, "", {})])]
    own = [_reported(context, part, first), _path(context, part, first)]
    makers = [_maker(maker, rows) for maker, rows in _ramps(context, part).items()]
    if not makers:
        makers = [Line("no_makers", f"Other makers: rows of inputs/{RAMPS} fill these lines", "", {})]
    grown = [line for line in map(_growth, [*own, *makers]) if line is not None]
    return [
        Block("Years", _calendar(first)),
        Block("The company", own),
        Block("Other makers, from their own year 0", makers),
        Block("Growth from year to year", grown),
    ]


def charts(context: Context) -> list[Chart]:
    lines = {line.key: line for block in blocks(context) for line in block.lines}
    if "path" not in lines:
        return []
    makers = [key for key in lines if key.startswith("maker_") and lines[key].cells]
    series = [Series(lines["path"].label, "{path:ramp[all]}", colour="8FAADC")]
    series += [
        Series(lines[key].label, f"{{{key}:ramp[all]}}", "line", COLOURS[place % len(COLOURS)])
        for place, key in enumerate(makers)
    ]
    return [
        Chart(
            title="Vehicles delivered by year of the ramp",
            series=series,
            categories="{ramp_year:ramp[all]}",
            anchor=("A", [*lines][-1]),
            axis="m vehicles",
            number_format="0.0",
            size=(28.0, 6.6),
            below=1,
        )
    ]


SHEET = Sheet(
    "ramp",
    "Ramp",
    "Has any maker grown as the selected case does? Year 0 is the first with 100,000 vehicles.",
    blocks,
    columns=lambda _: COLUMNS,
    charts=charts,
    note_heading="Source",
    widths={LABEL: 34.0, UNIT: 10.0},
    only_answers=True,
    place=74,
)
