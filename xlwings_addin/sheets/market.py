"""Market: the makers of each market in their order, ours among them, and what the case makes of our share.

Sizes, other makers and paths are those of the block of SOTP (`markets`); no value depends on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

from xlwings_addin.inputs.drivers import MARKETS
from xlwings_addin.inputs.tables import Row
from xlwings_addin.sheets.markets import FIFTH, Market, maker_name, markets_of
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
from xlwings_addin.sheets.words import rounded
from xlwings_addin.valuation.xiaomi import Results

OURS, OTHERS, SHARE = "C55A11", "8FAADC", "2E75B6"
SOURCE = FIRST_COLUMN + 5
"""The column of the sources; above them, beside the makers, stand the charts."""
SOURCE_LETTER, NOTE_LETTER = "I", "J"
SAYS: Layout = {"says": Columns(FIRST_COLUMN, ("",), 15.0, align="over")}
NOTHING: Layout = {"says": Columns(FIRST_COLUMN, ("",), 60.0, align="over")}
"""Of a company without a market: room for the question in print."""
FIGURES: Layout = {
    "figure": Columns(FIRST_COLUMN, ("Figure",), 15.0),
    "share": Columns(FIRST_COLUMN + 1, ("Of the market",), 12.0),
    "year": Columns(FIRST_COLUMN + 2, ("Year",), 12.0),
    "as_of": Columns(FIRST_COLUMN + 3, ("As of",), 12.0, align="centre"),
    "basis": Columns(FIRST_COLUMN + 4, ("Basis",), 12.0, align="left"),
    "source": Columns(SOURCE, ("Source",), 60.0, align="left"),
    "remark": Columns(SOURCE + 1, ("Note",), 74.0, align="left"),
}
OWN: Layout = {
    "year": Columns(FIRST_COLUMN, ("Year",), 15.0),
    "units": Columns(FIRST_COLUMN + 1, ("Units",), 12.0),
    "share": Columns(FIRST_COLUMN + 2, ("Of the market",), 12.0),
    "rank": Columns(FIRST_COLUMN + 3, ("Rank",), 12.0),
}
PLACES: Layout = {
    "caption": Columns(FIRST_COLUMN, ("Maker",), 15.0, align="left"),
    "place": Columns(FIRST_COLUMN + 1, ("Place",), 12.0),
    "share": Columns(FIRST_COLUMN + 2, ("Of the market",), 12.0),
    "ours": Columns(FIRST_COLUMN + 3, ("Ours",), 12.0),
    "others": Columns(FIRST_COLUMN + 4, ("Others",), 12.0),
}
NO_MARKET = (
    f"Rows of inputs/{MARKETS} fill this sheet: BUSINESS_market, BUSINESS_market_growth, and other makers as "
    "BUSINESS_share_MAKER or BUSINESS_sales_MAKER"
)


def _typed(value: Any, unit: str = "text") -> Entry:
    return Entry(lambda _: value, kind="text", unit=unit)


def _share_text(share: float) -> str:
    return f"{rounded(share * 100, 1)}%"


def _share(reference: str) -> str:
    """The formula's half of `_share_text`."""
    return f'TEXT({reference},"0.0%")'


class _Ranked:
    """One market as lines: our share in words, the makers in order, the figures with their sources."""

    def __init__(self, context: Context, market: Market) -> None:
        self.market, self.key, self.label = market, market.key, market.label
        self.company = context.company.name.short
        self.rivals = [f"{self.key}_{maker}" for maker, _ in market.rivals]

    def _of_rivals(self, column: str) -> str:
        return f"{{{self.rivals[0]}:{column}}}:{{{self.rivals[-1]}:{column}}}"

    def blocks(self, *, new_page: bool) -> list[Block]:
        return [self._findings(new_page), self._own(), self._places(), self._figures()]

    # --- what the core says -------------------------------------------------------------------------------

    def _horizon(self, r: Results) -> int:
        """The last forecast year of the business, counted from the base year."""
        return int(r.cells(self.market.sheet, "horizon", "constant"))

    def _our_share(self, r: Results, at: int = 0) -> float:
        return float(self.market.shares(r)[at])

    @staticmethod
    def _year(r: Results, at: int) -> int:
        return r.inputs.count("base_year") + at

    @cached_property
    def _shares(self) -> list[tuple[str, float]]:
        """The other makers with their parts of the market."""
        return [(maker_name(maker), self._share_of(row)) for maker, row in self.market.rivals]

    def _share_of(self, row: Row) -> float:
        """Of the market in the maker's year, which is that of the tables, grown or shrunk to it."""
        market = self.market
        if market.in_shares:
            return row.number
        years = int(row.period[2:]) - int(market.size.period[2:])
        return float(row.number / (market.size.number * (1 + market.growth.number) ** years))

    def _place_of_ours(self, r: Results) -> int:
        """One more than the makers with a larger share; without a unit we are the last."""
        ours = self._our_share(r)
        return 1 + sum(share > ours for _, share in self._shares)

    def _at(self, r: Results, place: int) -> tuple[str, float]:
        """The maker at a place and its part of the market."""
        makers = list(self._shares)
        makers.insert(self._place_of_ours(r) - 1, (self.company, self._our_share(r)))
        return makers[place - 1]

    # --- in words -----------------------------------------------------------------------------------------

    def _findings(self, new_page: bool) -> Block:
        cells = {"place": self._place_in_words(), "path": self._path_in_words()}
        lines = [Line(f"{self.key}_finding_{name}", "", "", {"says": cell}) for name, cell in cells.items()]
        return Block(f"{self.label}: what the figures say", lines, SAYS, new_page=new_page)

    def _place_in_words(self) -> Entry:
        beginning, middle = (
            f"{self.company} is number ",
            f" of these {len(self.rivals) + 1} makers of {self.label.lower()}",
        )

        def says(r: Results) -> str:
            place, share = self._place_of_ours(r), _share_text(self._our_share(r))
            return f"{beginning}{place}{middle}, with {share} of the market in {self._year(r, 0)}"

        own = f"{self.key}_first"
        formula = (
            f'"{beginning}"&{{{self.key}_place:place}}&"{middle}, with "&{_share(f"{{{own}:share}}")}'
            f'&" of the market in "&{{{own}:year}}'
        )
        return Entry(says, formula, unit="text")

    def _path_in_words(self) -> Entry:
        first, last = f"{self.key}_first", f"{self.key}_last"
        fifth = f"{{sotp.market_{self.key}_place_year}}"

        def says(r: Results) -> str:
            (start, begins), (end, ends) = (
                (_share_text(self._our_share(r, at)), self._year(r, at)) for at in (0, self._horizon(r))
            )
            places = [at for at, rank in enumerate(self.market.ranks(r)) if 0 < rank <= FIFTH]
            when = f"is reached in {self._year(r, places[0])}" if places else "is not in the forecast"
            return f"{self.label}: {start} of the market in {begins}, {end} in {ends}; place {FIFTH} {when}"

        formula = (
            f'"{self.label}: "&{_share(f"{{{first}:share}}")}&" of the market in "&{{{first}:year}}&", "'
            f'&{_share(f"{{{last}:share}}")}&" in "&{{{last}:year}}&"; place {FIFTH} "'
            f'&IF(ISTEXT({fifth}),"is not in the forecast","is reached in "&{fifth})'
        )
        return Entry(says, formula, unit="text")

    # --- in figures ---------------------------------------------------------------------------------------

    def _own(self) -> Block:
        """What we sell in the base year of the case and in its last forecast year."""
        lines = [self._of_ours("first", "Base year of the case"), self._of_ours("last", "Last forecast year")]
        return Block(f"{self.label}: {self.company}", lines, OWN)

    def _of_ours(self, name: str, label: str) -> Line:
        market, paths = self.market, f"sotp.market_{self.key}"
        is_last, horizon = name == "last", f"{{{market.sheet}.horizon}}"

        def at(r: Results) -> int:
            return self._horizon(r) if is_last else 0

        def cell(value: Callable[[Results], float], line: str, unit: str) -> Entry:
            path = f"INDEX({{{line}[0:]}},1,{horizon}+1)"
            return Entry(value, path if is_last else f"{{{line}:opening}}", unit=unit)

        year = f"{{capital.year:opening}}+{horizon}" if is_last else "{capital.year:opening}"
        cells = {
            "year": Entry(lambda r: float(self._year(r, at(r))), year, unit="year"),
            "units": cell(
                lambda r: float(market.sold(r)[at(r)]), f"{market.sheet}.{market.units}", market.unit
            ),
            "share": cell(lambda r: self._our_share(r, at(r)), f"{paths}_share", "ratio"),
            "rank": cell(lambda r: float(market.ranks(r)[at(r)]), f"{paths}_rank", "count"),
        }
        return Line(f"{self.key}_{name}", label, market.unit, cells)

    def _places(self) -> Block:
        """The makers in order, ours where it belongs."""
        own = f"{{{self.key}_first:share}}"
        note = (
            "the makers of the tables in their year, ours in the base year of the case; "
            "smaller makers are not in the tables"
        )
        place = Entry(
            lambda r: float(self._place_of_ours(r)), f"1+SUMPRODUCT(({self._of_rivals('share')}>{own})*1)"
        )
        ours = Line(f"{self.key}_place", f"{self.company} stands at", "count", {"place": place}, note)
        lines = [self._place(number) for number in range(1, len(self.rivals) + 2)]
        return Block(f"{self.label}: the makers in order", [ours, *lines], PLACES)

    def _place(self, number: int) -> Line:
        key, own, first = f"{self.key}_rank_{number}", f"{{{self.key}_place:place}}", f"{self.key}_first"
        at = f"{{{key}:place}}"

        def chosen(column: str, ours: str) -> str:
            others = self._of_rivals(column)
            return f"IF({at}<{own},INDEX({others},{at}),IF({at}={own},{ours},INDEX({others},{at}-1)))"

        def drawn(r: Results, *, ours: bool) -> float:
            return self._at(r, number)[1] if ours == (number == self._place_of_ours(r)) else 0.0

        before = f"{{{self.key}_rank_{number - 1}:place}}+1" if number > 1 else "1"
        cells = {
            "caption": Entry(
                lambda r: self._at(r, number)[0], chosen("label", f'"{self.company}"'), unit="text"
            ),
            "place": Entry(lambda _: float(number), before, unit="count"),
            "share": Entry(lambda r: self._at(r, number)[1], chosen("share", f"{{{first}:share}}")),
            "ours": Entry(lambda r: drawn(r, ours=True), f"IF({at}={own},{{{key}:share}},0)"),
            "others": Entry(lambda r: drawn(r, ours=False), f"IF({at}={own},0,{{{key}:share}})"),
        }
        return Line(key, f"Place {number}", "ratio", cells)

    # --- where they come from -----------------------------------------------------------------------------

    def _figures(self) -> Block:
        """The figures of the tables, each with its year, day and source."""
        market, sotp = self.market, f"sotp.market_{self.key}"
        unit = "ratio" if market.in_shares else market.unit
        lines = [
            _figure(f"{self.key}_size", "Market", market.unit, market.size, f"{{{sotp}}}"),
            _figure(f"{self.key}_growth", "Growth a year", "rate", market.growth, f"{{{sotp}_growth}}"),
            *(self._maker(f"{self.key}_{maker}", maker, unit, row) for maker, row in market.rivals),
        ]
        return Block(f"{self.label}: the figures and where they come from", lines, FIGURES)

    def _maker(self, key: str, maker: str, unit: str, row: Row) -> Line:
        sotp = f"sotp.market_{self.key}"
        line = _figure(key, maker_name(maker), unit, row, f"{{{sotp}_{maker}}}")
        years = f"({{{key}:year}}-{{{sotp}_year}})"
        of_size = f"{{{key}:figure}}/({{{sotp}}}*(1+{{{sotp}_growth}})^{years})"
        formula = f"{{{key}:figure}}" if self.market.in_shares else of_size
        share = Entry(lambda _: self._share_of(row), formula, unit="ratio")
        return replace(line, cells={**line.cells, "share": share})


def _figure(key: str, label: str, unit: str, row: Row, formula: str) -> Line:
    cells = {
        "figure": Entry(lambda _: row.number, formula),
        "year": _typed(float(row.period[2:]), "year"),
        "as_of": _typed(row.as_of, "date"),
        "basis": _typed(row.basis),
        "source": _typed(row.source),
        "remark": _typed(row.note or None),
    }
    return Line(key, label, unit, cells)


def _ranked(context: Context) -> list[_Ranked]:
    return [_Ranked(context, market) for market in markets_of(context.company)]


def blocks(context: Context) -> list[Block]:
    ranked = _ranked(context)
    if not ranked:
        return [Block("Markets", [Line("no_market", NO_MARKET, "", {})], NOTHING)]
    return [block for number, one in enumerate(ranked) for block in one.blocks(new_page=number > 0)]


def charts(context: Context) -> list[Chart]:
    return [chart for one in _ranked(context) for chart in (_of_makers(one), _of_years(one))]


def _height(one: _Ranked) -> float:
    """Centimetres of the rows from our own to the last maker: what follows has its sources there."""
    return min(0.5 * (len(one.rivals) + 6), 8.0)


def _of_makers(one: _Ranked) -> Chart:
    def column(group: str) -> str:
        return f"{{{one.key}_rank_1:{group}}}:{{{one.key}_rank_{len(one.rivals) + 1}:{group}}}"

    return Chart(
        title=f"{{{one.key}_finding_place:says}}",
        series=(
            Series("Other makers", column("others"), colour=OTHERS, labels="0.0%;;"),
            Series(one.company, column("ours"), colour=OURS, labels="0.0%;;"),
        ),
        categories=column("caption"),
        anchor=(SOURCE_LETTER, f"{one.key}_first"),
        axis="of the market",
        number_format="0%",
        size=(11.3, _height(one)),
        stacked=True,
        legend=False,
        flat=True,
        from_zero=True,
    )


def _of_years(one: _Ranked) -> Chart:
    share = f"{{sotp.market_{one.key}_share:opening..years}}"
    return Chart(
        title=f"{{{one.key}_finding_path:says}}",
        series=(Series(f"{one.company}, share of the market", share, colour=SHARE),),
        categories="{capital.year:opening..years}",
        anchor=(NOTE_LETTER, f"{one.key}_first"),
        axis="of the market",
        number_format="0.0%",
        size=(14.0, _height(one)),
        legend=False,
        from_zero=True,
    )


SHEET = Sheet(
    "market",
    "Market",
    "How large are the markets, who sells most in them, and where does {short_name} stand?",
    blocks,
    columns=lambda context: SAYS if markets_of(context.company) else NOTHING,
    charts=charts,
    widths={LABEL: 34.0, UNIT: 11.0},
    only_answers=True,
    place=74,
)
