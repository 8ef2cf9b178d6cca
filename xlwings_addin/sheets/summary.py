"""Summary: ten years on a page, what was reported beside what the selected case expects, in billions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from xlwings_addin.inputs.company import Business, PartEntry
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import reported
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
from xlwings_addin.sheets.ten_years import (
    AHEAD,
    BACK,
    COLUMNS,
    EBIT,
    MILLIONS,
    Figure,
    Row,
    counted,
    divided,
    is_reported,
    lines_of_businesses,
    quotient,
    reported_amount,
    reported_figures,
    reported_share,
    summed,
)
from xlwings_addin.valuation.parts import rate_key
from xlwings_addin.valuation.xiaomi import Results

COLOURS = ("1F3864", "8FAADC", "C55A11", "A6A6A6", "F4B183", "595959")
ALONE: Layout = {"actual": Columns(FIRST_COLUMN, ("Figure",), 10.5)}


# --- lines ------------------------------------------------------------------------------------------------


def _line(key: str, label: str, unit: str, row: Row, note: str = "", *, total: bool = False) -> Line:
    cells = {group: entry for group, entry in row._asdict().items() if entry is not None}
    return Line(key, label, unit, cells, note, total)


BILLION = "{currency} bn"


def _years() -> list[Line]:
    typed = {
        group: Entry(lambda _, own=own: list(own), kind="text")  # type: ignore[misc]
        for group, own in (("actual", BACK), ("model", AHEAD))
    }

    def years(own: Sequence[float]) -> Callable[[Results], list[float]]:
        return lambda r: [r.inputs.count("base_year") + n for n in own]

    return [
        Line("offset", "Years from the base year", "count", typed, "of the selected case"),
        Line(
            "year",
            "Year",
            "year",
            {
                group: Entry(years(own), "{capital.year:opening}+{offset}")
                for group, own in (("actual", BACK), ("model", AHEAD))
            },
        ),
    ]


def _place(context: Context) -> Line:
    def place(r: Results) -> list[float]:
        periods = [f"FY{r.inputs.count('base_year') + int(n)}" for n in BACK]
        own = list(context.calendar.years)
        return [float(own.index(period) + 1) if period in own else 0.0 for period in periods]

    years = "{reported.fiscal_year:periods[all]}"
    formula = f"IF(COUNTIF({years},{{year}})=0,0,MATCH({{year}},{years},0))"
    return Line("place", "Its column on Reported", "count", {"actual": Entry(place, formula)})


class _Maker:
    """The lines of the sheet for one context."""

    def __init__(self, context: Context) -> None:
        self.context, self.company, self.lines = context, context.company, lines_of_businesses(context)
        self.parts = discounted_parts(self.company)

    def own(self, part: PartEntry, *keys: str, scale: bool = True) -> Entry | None:
        """The first of some lines that a business of a part has, by the method that counts."""

        def pick(business: Business) -> Line | None:
            there = self.lines.get(business.key, {})
            return next((there[key] for key in keys if key in there), None)

        return counted(self.company, part, pick, scale=scale)

    def by_part(self, stem: str, label: str, *keys: str) -> tuple[list[Line], Entry | None]:
        """A line for every part, and the sum of them."""
        rows = [(part, self.own(part, *keys)) for part in self.parts]
        made = [
            _line(f"{stem}_{part.key}", f"{label}, {part.short}", BILLION, Row(None, entry))
            for part, entry in rows
            if entry is not None
        ]
        return made, summed([(f"{stem}_{part.key}", entry) for part, entry in rows])

    def revenue(self) -> list[Line]:
        context, labels = self.context, reported.segment_labels(self.company)
        made = [self._member(part, key, labels[key]) for part, key in self._members()]
        for part in self.parts:
            has_members = any(business.members for business in self.company.methods_of(part.key))
            actual = None if has_members else reported_amount(context, f"revenue_{part.key}")
            label = f"{part.short}, together" if has_members else part.short
            row = Row(actual, self.own(part, "revenue"))
            if any(row):
                made.append(_line(f"revenue_{part.key}", label, BILLION, row))
        total = summed([(f"revenue_{part.key}", self.own(part, "revenue")) for part in self.parts])
        row = Row(reported_amount(context, "revenue"), total)
        note = "reported with what is in no segment, expected without"
        return [*made, _line("revenue", "Revenue", BILLION, row, note, total=True), self._growth(row)]

    def _members(self) -> list[tuple[PartEntry, str]]:
        return [
            (business.part, segment.key)
            for business in self.company.businesses
            for segment in business.members
        ]

    def _member(self, part: PartEntry, key: str, label: str) -> Line:
        row = Row(reported_amount(self.context, f"revenue_{key}"), self.own(part, f"revenue_{key}"))
        return _line(f"revenue_{key}", label, BILLION, row)

    def _growth(self, revenue: Row) -> Line:
        """What revenue grows by a year, from column to column."""

        def values(r: Results) -> list[Figure]:
            row = [*(revenue.actual.value(r) if revenue.actual else [UNDEFINED] * len(BACK))]
            row += revenue.model.value(r) if revenue.model else [UNDEFINED] * len(AHEAD)
            offsets = (*BACK, *AHEAD)
            made: list[Figure] = [UNDEFINED]
            for place in range(1, len(row)):
                times, years = quotient(row[place], row[place - 1]), offsets[place] - offsets[place - 1]
                made.append(times if isinstance(times, str) else times ** (1 / years) - 1)
            return made

        formula = (
            "IF(AND(ISNUMBER({revenue}),N({revenue[-1]})>0),({revenue}/{revenue[-1]})^(1/({offset}-{offset[-1]}))"
            f'-1,"{UNDEFINED}")'
        )
        cells = Row(
            Entry(lambda r: values(r)[: len(BACK)], formula), Entry(lambda r: values(r)[len(BACK) :], formula)
        )
        return _line("revenue_growth", "Growth a year", "rate", cells, "over the years from column to column")

    def margins(self) -> list[Line]:
        labels = reported.segment_labels(self.company)
        made = []
        for part, key in self._members():
            line = f"gross_margin_{key}"
            row = Row(reported_share(self.context, line), self.own(part, line, scale=False))
            made.append((line, f"Gross margin, {labels[key]}", row))
        for part in self.parts:
            line = f"gross_margin_{part.key}"
            expected = self.own(part, "gross_margin", scale=False)
            row = Row(reported_share(self.context, line), expected)
            made.append((line, f"Gross margin, {part.short}", row))
            ebit = self.own(part, *EBIT)
            over = divided((f"ebit_{part.key}", ebit), (f"revenue_{part.key}", self.own(part, "revenue")))
            made.append((f"ebit_margin_{part.key}", f"Operating margin, {part.short}", Row(None, over)))
        lines = [_line(key, label, "ratio", row) for key, label, row in made if any(row)]
        profit = Row(reported_share(self.context, "adjusted_net_profit"), None)
        if profit.actual is not None:
            actual = divided(
                ("adjusted_net_profit", reported_amount(self.context, "adjusted_net_profit")),
                ("revenue", reported_amount(self.context, "revenue")),
            )
            lines.append(_line("adjusted_net_margin", "Adjusted net margin", "ratio", Row(actual, None)))
        return lines

    def profit(self) -> list[Line]:
        ebit, all_ebit = self.by_part("ebit", "EBIT", *EBIT)
        nopat, all_nopat = self.by_part("nopat", "NOPAT", "nopat")
        adjusted = Row(reported_amount(self.context, "adjusted_net_profit"), None)
        return [
            *ebit,
            _line(
                "ebit",
                "EBIT",
                BILLION,
                Row(None, all_ebit),
                "of the businesses, with their research",
                total=True,
            ),
            *nopat,
            _line("nopat", "NOPAT", BILLION, Row(None, all_nopat), "EBIT less tax", total=True),
            *(
                [_line("adjusted_net_profit", "Adjusted net profit", BILLION, adjusted)]
                if any(adjusted)
                else []
            ),
        ]

    def cash(self) -> list[Line]:
        by_part, total = self.by_part("free_cash_flow", "Free cash flow", "fcff")
        row = Row(reported_amount(self.context, "free_cash_flow"), total)
        note = "reported: of the group, after interest; expected: of the businesses, to the firm"
        return [
            *by_part,
            _line("free_cash_flow", "Free cash flow", BILLION, row, note, total=True),
            *self._average(),
            *self._returns(),
        ]

    def _average(self) -> list[Line]:
        """The average of the free cash flows reported, the same in every year."""
        if not is_reported(self.context, "free_cash_flow"):
            return []

        def average(r: Results) -> float:
            series = r.inputs.tables.series("free_cash_flow", self.context.calendar.years, default=np.nan)
            return float(np.nanmean(series)) / MILLIONS

        formula = "AVERAGE({reported.free_cash_flow:periods[all]})/{per_billion}"
        row = Row(
            Entry(lambda r: [average(r)] * len(BACK), formula),
            Entry(lambda r: [average(r)] * len(AHEAD), formula),
        )
        note = "what article 004 goes by, because the flows fluctuate: the average of all reported years"
        return [_line("average_free_cash_flow", "Average reported", BILLION, row, note)]

    def _returns(self) -> list[Line]:
        """What plant and working capital of a business earn after tax, where the model has both."""
        made: list[Line] = []
        for part in self.parts:
            plant, working = self.own(part, "net_assets"), self.own(part, "working_capital")
            if plant is None or working is None:
                continue
            key = part.key
            both = summed([(f"plant_{key}", plant), (f"working_capital_{key}", working)])
            earned = divided((f"nopat_{key}", self.own(part, "nopat")), (f"invested_{key}", both))
            made += [
                _line(f"plant_{key}", f"Plant, net, {part.short}", BILLION, Row(None, plant)),
                _line(
                    f"working_capital_{key}", f"Working capital, {part.short}", BILLION, Row(None, working)
                ),
                _line(f"invested_{key}", f"Capital invested, {part.short}", BILLION, Row(None, both)),
                _line(
                    f"return_{key}",
                    f"ROIC, {part.short}",
                    "ratio",
                    Row(None, earned),
                    "NOPAT over what is invested at the end of the year; none where suppliers pay for it",
                ),
            ]
        return made

    def multiples(self) -> list[Line]:
        revenue = Row(
            reported_amount(self.context, "revenue"),
            summed([(f"revenue_{part.key}", self.own(part, "revenue")) for part in self.parts]),
        )
        nopat = summed([(f"nopat_{part.key}", self.own(part, "nopat")) for part in self.parts])
        ebit = summed([(f"ebit_{part.key}", self.own(part, *EBIT)) for part in self.parts])
        adjusted = reported_amount(self.context, "adjusted_net_profit")
        sales = Row(
            self._times("enterprise_value", _enterprise, "revenue", revenue.actual),
            self._times("enterprise_value", _enterprise, "revenue", revenue.model),
        )
        return [
            _line("enterprise_value_to_sales", "Enterprise value to sales", "multiple", sales),
            _line(
                "enterprise_value_to_ebit",
                "Enterprise value to EBIT",
                "multiple",
                Row(None, self._times("enterprise_value", _enterprise, "ebit", ebit)),
            ),
            _line(
                "enterprise_value_to_nopat",
                "Enterprise value to NOPAT",
                "multiple",
                Row(None, self._times("enterprise_value", _enterprise, "nopat", nopat)),
            ),
            *(
                [
                    _line(
                        "price_to_earnings",
                        "Price to adjusted earnings",
                        "multiple",
                        Row(self._times("market_value", _market, "adjusted_net_profit", adjusted), None),
                    )
                ]
                if adjusted is not None
                else []
            ),
        ]

    @staticmethod
    def _times(key: str, of: Callable[[Results], float], below: str, entry: Entry | None) -> Entry | None:
        """What the price is to a line of this sheet; none over nothing or a loss."""
        if entry is None:
            return None
        return Entry(
            lambda r: [quotient(of(r), x) for x in entry.value(r)],
            f'IF(N({{{below}}})>0,{{{key}:actual[1]}}/{{{below}}},"{UNDEFINED}")',
        )

    def price(self) -> list[Line]:
        """What the price of today makes of the whole, in billions."""
        rate = rate_key(self.company)
        over = "" if rate is None else f"/{{sotp.{rate}}}"
        market = f"{{sotp.market_capitalisation}}{over}/{{per_billion}}"
        enterprise = (
            "{market_value}-({sotp.net_cash:value}+{sotp.associates:value}+{sotp.minority_interest:value})"
            "/{per_billion}"
        )
        return [
            Line(
                "per_billion",
                "Millions in a billion",
                "count",
                {"actual": Entry(lambda _: MILLIONS, kind="text")},
            ),
            Line("market_value", "Market value", BILLION, {"actual": Entry(_market, market)}),
            Line(
                "enterprise_value",
                "Enterprise value at the price",
                BILLION,
                {"actual": Entry(_enterprise, enterprise)},
                "less net cash and investments, with minority interests",
            ),
        ]

    def net_cash(self) -> list[Line]:
        context = self.context
        keys = ("cash_resources", "debt")
        actual = None
        if all(is_reported(context, key) for key in keys):

            def value(r: Results) -> list[Figure]:
                rows = zip(*(reported_figures(context, r, key) for key in keys), strict=True)
                return [
                    UNDEFINED if isinstance(a, str) or isinstance(b, str) else (a - b) / MILLIONS
                    for a, b in rows
                ]

            cells = [f"INDEX({{reported.{key}:periods[all]}},1,{{place}})" for key in keys]
            actual = Entry(
                value,
                f'IF({{place}}=0,"{UNDEFINED}",IF(AND(ISNUMBER({cells[0]}),ISNUMBER({cells[1]})),'
                f'({cells[0]}-{cells[1]})/{{per_billion}},"{UNDEFINED}"))',
            )

        def expected(r: Results) -> list[Figure]:
            path = r.sotp.net_cash_by_year
            return [float(path[int(n)]) / MILLIONS for n in AHEAD]

        model = Entry(expected, "INDEX({sotp.net_cash_by_year[0:]},1,{offset}+1)/{per_billion}")
        note = "reported: cash resources less debt; expected: what the case counts, and all flows"
        return [_line("net_cash", "Net cash", BILLION, Row(actual, model), note, total=True)]


def _market(r: Results) -> float:
    rate = r.model.sotp.listing_per_reporting
    value = r.sotp.market_capitalisation / MILLIONS
    return float(value if rate is None else value / np.asarray(rate).item())


def _enterprise(r: Results) -> float:
    cash = r.sotp.net_cash.value + r.sotp.associates.value + r.sotp.minority_interest.value
    return float(_market(r) - cash / MILLIONS)


def blocks(context: Context) -> list[Block]:
    make = _Maker(context)
    return [
        Block("Years", [*_years(), _place(context)]),
        Block("Revenue", make.revenue()),
        Block("Margins", make.margins()),
        Block("Profit", make.profit()),
        Block("Cash and returns", make.cash(), new_page=True),
        Block("Net cash at the end of the year", make.net_cash()),
        Block("What the price is to these figures", make.multiples()),
        Block("Behind the multiples", make.price(), ALONE),
    ]


def charts(context: Context) -> list[Chart]:
    make, last = _Maker(context), "enterprise_value"
    labels = {line.key: line.label for line in make.revenue()}
    members = [
        key for key in labels if key not in ("revenue", "revenue_growth") and "together" not in labels[key]
    ]
    currency = context.company.currency.reporting
    flows = [Series("Free cash flow", "{free_cash_flow:actual..model}", colour=COLOURS[1])]
    if is_reported(context, "free_cash_flow"):
        average = "{average_free_cash_flow:actual..model}"
        flows.append(Series("Average reported", average, "line", COLOURS[2]))
    return [
        Chart(
            title="Revenue by segment",
            series=[
                Series(labels[key], f"{{{key}:actual..model}}", colour=COLOURS[place % len(COLOURS)])
                for place, key in enumerate(members)
            ],
            categories="{year:actual..model}",
            anchor=("A", last),
            axis=f"{currency} bn",
            number_format="#,##0",
            size=(16.0, 6.4),
            stacked=True,
            below=1,
        ),
        Chart(
            title="Free cash flow, and the average of what was reported",
            series=flows,
            categories="{year:actual..model}",
            anchor=("F", last),
            axis=f"{currency} bn",
            number_format="#,##0",
            size=(15.4, 6.4),
            below=1,
        ),
    ]


SHEET = Sheet(
    "summary",
    "Summary",
    "What has {short_name} earned, and what does the selected case expect? A reported, E expected.",
    blocks,
    columns=lambda _: COLUMNS,
    charts=charts,
    widths={LABEL: 36.0, UNIT: 9.0},
    only_answers=True,
    place=15,
)
