"""Block of SOTP: what the forecast makes of the markets of phones and vehicles, and of the other makers.

The markets and the other makers are rows of `inputs/markets.csv`; no value depends on any of them. The other
makers stay where they were in the year of their row, and the markets grow by the rate of their own row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.drivers import read_drivers
from xlwings_addin.inputs.tables import Row
from xlwings_addin.segments.lines import Years
from xlwings_addin.sheets.spec import TIMELINE, Block, Context, Entry, Line, constant, yearly
from xlwings_addin.valuation.xiaomi import Results

NEVER = "not in the forecast"
FIFTH = 5
"""The place whose year is looked for."""


@dataclass(frozen=True)
class Market:
    """A market: what is sold in it, the line of the model's units, the size, its growth, the other makers.

    `rivals` are units or, where `in_shares`, shares of the market.
    """

    key: str
    label: str
    unit: str
    sheet: str
    units: str
    path: str
    size: Row
    growth: Row
    rivals: tuple[tuple[str, Row], ...]
    in_shares: bool

    def sold(self, r: Results) -> Years:
        """Units of the base year and the years after it."""
        opening, years = (r.cells(self.sheet, self.path, column) for column in ("opening", "years"))
        return np.concatenate([[opening], years])

    def sizes(self, r: Results) -> Years:
        years = np.concatenate([[r.inputs.count("base_year")], r.timeline.year])
        return self.size.number * (1 + self.growth.number) ** (years - int(self.size.period[2:]))

    def shares(self, r: Results) -> Years:
        return self.sold(r) / self.sizes(r)

    def ranks(self, r: Results) -> Years:
        """One more than the makers that sell more; 0 in a year without a unit."""
        own = self.shares(r) if self.in_shares else self.sold(r)
        larger = sum((row.number > own).astype(float) for _, row in self.rivals)
        return np.where(own > 0, 1.0 + larger, 0.0)


def blocks(context: Context) -> list[Block]:
    """The markets that the tables know."""
    lines = [line for market in markets_of(context.company) for line in _lines(market)]
    return [Block("Markets: no value depends on them", lines, TIMELINE, new_page=True)] if lines else []


def markets_of(company: Company) -> list[Market]:
    """The markets that the tables know, of the businesses that sell by the piece."""
    figures = _Figures(company)
    markets = []
    for business in company.businesses:
        for entry in business.members:
            if company.sold_by_unit(entry.key):
                lines = entry.line("shipments"), f"{entry.key}.shipments"
                markets.append(figures.market(entry.key, entry.label, "m units", business.key, lines))
        if business.template == "capacity_ramp":
            key, name, lines = business.part.key, business.part.short, ("deliveries", "deliveries")
            markets.append(figures.market(key, name, "m vehicles", business.key, lines))
    return [market for market in markets if market is not None]


class _Figures:
    """The figures of markets, the newest of each."""

    def __init__(self, company: Company) -> None:
        self.company, self.newest = company, dict[str, Row]()
        for (key, period), row in sorted(read_drivers(company.folder).markets.items()):
            if period.startswith("FY"):
                self.newest[key] = row

    def market(self, key: str, label: str, unit: str, sheet: str, lines: tuple[str, str]) -> Market | None:
        """The market of a business, where the tables have its size, its growth and other makers."""
        size, growth = self.newest.get(f"{key}_market"), self.newest.get(f"{key}_market_growth")
        shares, sales = self._makers(f"{key}_share_"), self._makers(f"{key}_sales_")
        if size is None or growth is None or not (shares or sales):
            return None
        return Market(key, label, unit, sheet, *lines, size, growth, sales or shares, not sales)

    def _makers(self, beginning: str) -> tuple[tuple[str, Row], ...]:
        """The other makers, the largest first."""
        makers = {
            key.removeprefix(beginning): row for key, row in self.newest.items() if key.startswith(beginning)
        }
        makers.pop(self.company.key, None)
        return tuple(sorted(makers.items(), key=lambda maker: -maker[1].number))


def maker_name(maker: str) -> str:
    """The name of a maker, by the end of its key.

    A word without a vowel is an abbreviation.

    >>> maker_name("hyundai_kia"), maker_name("byd")
    ('Hyundai Kia', 'BYD')
    """
    words = maker.split("_")
    return " ".join(word.capitalize() if {*word} & {*"aeiou"} else word.upper() for word in words)


def _typed(value: float, unit: str = "") -> dict[str, Entry]:
    return {"constant": Entry(lambda _: value, kind="text", unit=unit or None)}


def _said(row: Row) -> str:
    said = f"{row.basis}, {row.source}, known {row.as_of.isoformat()}"
    return f"{said}; {row.note}" if row.note else said


def _lines(market: Market) -> list[Line]:
    key, name, size = market.key, market.label, market.size
    unit = "ratio" if market.in_shares else market.unit
    year = int(size.period[2:])
    rivals = [
        Line(
            f"market_{key}_{maker}",
            f"{name}: {maker.replace('_', ' ').title()}, {row.period[2:]}",
            unit,
            _typed(row.number),
            _said(row),
        )
        for maker, row in market.rivals
    ]
    return [
        Line(f"market_{key}", f"{name}: market of {year}", market.unit, _typed(size.number), _said(size)),
        Line(f"market_{key}_year", f"{name}: year of that", "year", _typed(float(year))),
        Line(
            f"market_{key}_growth",
            f"{name}: growth of the market a year",
            "rate",
            _typed(market.growth.number),
            _said(market.growth),
        ),
        *rivals,
        *_by_year(market, rivals),
        *_fifth(market),
    ]


def _by_year(market: Market, rivals: list[Line]) -> list[Line]:
    key, name = market.key, market.label
    units = f"{{{market.sheet}.{market.units}}}"
    own = f"{{market_{key}_share}}" if market.in_shares else units
    makers = f"{{{rivals[0].key}}}:{{{rivals[-1].key}}}"
    years = f"({{capital.year}}-{{market_{key}_year}})"
    synergies = "of the model's units; synergies with the other businesses are not counted"
    return [
        _path(
            f"market_{key}_size",
            f"{{market_{key}}}*(1+{{market_{key}_growth}})^{years}",
            market.sizes,
            f"{name}: market",
            market.unit,
        ),
        _path(
            f"market_{key}_share",
            f"{units}/{{market_{key}_size}}",
            market.shares,
            f"{name}: share of the market",
            "ratio",
            synergies,
        ),
        _path(
            f"market_{key}_rank",
            f"IF({own}>0,1+SUMPRODUCT(({makers}>{own})*1),0)",
            market.ranks,
            f"{name}: rank among these makers",
            "count",
            "the others stay where they were; smaller makers are not in the tables",
        ),
    ]


def _fifth(market: Market) -> list[Line]:
    """The first year with a rank of five or better."""
    key, name = market.key, market.label
    rank, place, flag = f"{{market_{key}_rank}}", f"{{market_{key}_place}}", f"market_{key}_in_place"

    def flags(r: Results) -> Years:
        ranks = market.ranks(r)
        return ((ranks > 0) & (ranks <= FIFTH)).astype(float)

    def first(r: Results) -> float | str:
        years = np.concatenate([[r.inputs.count("base_year")], r.timeline.year])[flags(r) > 0]
        return float(years[0]) if len(years) else NEVER

    return [
        Line(f"market_{key}_place", f"{name}: place looked for", "count", _typed(float(FIFTH))),
        _path(flag, f"IF(AND({rank}>0,{rank}<={place}),1,0)", flags, f"{name}: year has that place", "flag"),
        constant(
            f"market_{key}_place_year",
            f'IF(SUM({{{flag}[0:]}})=0,"{NEVER}",INDEX({{capital.year:years[0:]}},1,MATCH(1,{{{flag}[0:]}},0)))',
            first,
            label=f"{name}: year in which it is reached",
            unit="year",
        ),
    ]


def _path(
    key: str, formula: str, of: Callable[[Results], Years], label: str, unit: str, note: str = ""
) -> Line:
    """A line over the base year and the years after it."""
    return yearly(
        key,
        formula,
        lambda r: of(r)[1:],
        opening=(formula, lambda r: float(of(r)[0])),
        label=label,
        unit=unit,
        note=note,
    )
