"""Questions: what article 002 asks before one buys, with live figures, and room for the analyst's answers.

Its checklist names industry, rivals, moat, management, risks and statements, like compared with like, and
bounds that a value should not leave; its worries are about growth and multiples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from xlwings_addin.inputs.company import Business, PartEntry
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import checks
from xlwings_addin.sheets.segments import half_of
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    UNIT,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
)
from xlwings_addin.valuation.parts import implied_part
from xlwings_addin.valuation.xiaomi import Results, weighted_value

COLUMNS: Layout = {
    "figure": Columns(FIRST_COLUMN, ("Figure",), 14.0),
    "answer": Columns(FIRST_COLUMN + 1, ("Your answer",), 72.0, align="left"),
}
LARGEST_MAKER = "largest_maker_deliveries"


class LiveFigure(NamedTuple):
    """A live figure below a question."""

    key: str
    label: str
    unit: str
    value: Callable[[Results], Any]
    formula: str
    note: str = ""


class Question(NamedTuple):
    """A question or a worry, and the figures that speak to it; of a company without them none are shown."""

    key: str
    text: str
    figures: Sequence[LiveFigure]


def _total(r: Results, key: str, context: Context) -> float:
    """What the tables have of a figure in all years together."""
    return float(np.nansum(r.inputs.tables.series(key, context.calendar.years, default=np.nan)))


class _Figures:
    """The figures of a company's questions."""

    def __init__(self, context: Context) -> None:
        self.context, self.company = context, context.company
        self.parts = discounted_parts(self.company)

    def _has_reported(self, key: str) -> bool:
        return any(self.context.tables.has(key, year) for year in self.context.calendar.years)

    def of_parts(
        self, key: str, label: str, unit: str, value: Callable[[Results, PartEntry], Any], formula: str
    ) -> list[LiveFigure]:
        """A figure of the sum of the parts for each part."""
        return [
            LiveFigure(
                f"{key}_{part.key}",
                f"{label}, {part.short}",
                unit,
                lambda r, part=part: value(r, part),  # type: ignore[misc]
                formula.replace("PART", part.key),
            )
            for part in self.parts
        ]

    def growth(self) -> list[LiveFigure]:
        """What the revenue of a part grows by in the first forecast year, by the method that counts."""

        def value(r: Results, part: PartEntry) -> float | str:
            business = next(one for one in self.company.methods_of(part.key) if r.counts(one))
            if not half_of(business.template).has_sales:
                return UNDEFINED
            first, second = (
                r.cells(business.key, "revenue", "opening"),
                r.cells(business.key, "revenue", "years")[0],
            )
            return float(second / first - 1) if first > 0 else UNDEFINED

        def one(business: Business) -> str:
            if not half_of(business.template).has_sales:
                return f'"{UNDEFINED}"'
            revenue = f"{business.key}.revenue"
            return f'IF({{{revenue}:opening}}>0,{{{revenue}:years[1]}}/{{{revenue}:opening}}-1,"{UNDEFINED}")'

        made = []
        for part in self.parts:
            *others, last = self.company.methods_of(part.key)
            formula = one(last)
            for business in reversed(others):
                formula = f'IF({{inputs.{part.method_key}}}="{business.method}",{one(business)},{formula})'
            made.append(
                LiveFigure(
                    f"growth_{part.key}",
                    f"Growth in the first forecast year, {part.short}",
                    "rate",
                    lambda r, part=part: value(r, part),  # type: ignore[misc]
                    formula,
                )
            )
        return made

    def rivals(self) -> list[LiveFigure]:
        """What the part that delivers comes to beside the largest maker."""
        part = implied_part(self.company)
        if part is None or not self.company.parameters.has(LARGEST_MAKER):
            return []
        return [
            LiveFigure(
                "against_largest",
                "Deliveries of the last forecast year, to those of the largest maker",
                "ratio",
                lambda r: r.sotp.final_deliveries / r.inputs.number(LARGEST_MAKER),
                f"{{sotp.final_deliveries}}/{{inputs.{LARGEST_MAKER}}}",
            )
        ]

    def returns(self) -> list[LiveFigure]:
        """What new capital is taken to earn for ever."""
        keys = [(part, f"{part.key}_return_on_new_capital") for part in self.parts]
        return [
            LiveFigure(
                f"return_{part.key}",
                f"Return on new capital after the forecast, {part.short}",
                "ratio",
                lambda r, key=key: r.inputs.number(key),  # type: ignore[misc]
                f"{{inputs.{key}}}",
            )
            for part, key in keys
            if self.company.parameters.has(key)
        ]

    def spending(self) -> list[LiveFigure]:
        """Where the plans of the management take the cash."""
        return [
            LiveFigure(
                "lowest_cash",
                "Lowest net cash of any year",
                "{currency} m",
                lambda r: r.sotp.lowest_net_cash,
                "{sotp.lowest_net_cash}",
            ),
            LiveFigure(
                "lowest_cash_year",
                "Its year",
                "year",
                lambda r: r.sotp.lowest_net_cash_year,
                "{sotp.lowest_net_cash_year}",
                "targets and promises against results stand in claims.csv: see the command scorecard",
            ),
        ]

    def risks(self) -> list[LiveFigure]:
        first, last = self.context.cases[0], self.context.cases[-1]
        counted = f"{{cover.stored_{first}:counts}}:{{cover.stored_{last}:counts}}"

        def lowest(_: Results) -> float | str:
            results = self.context.results
            own = [float(results[case].sotp.value_per_share) for case in self.context.weights]
            return min(own, default=UNDEFINED)

        return [
            LiveFigure(
                "lowest_case",
                "Value in the lowest case with a weight",
                "{listing}",
                lowest,
                f'IF(COUNT({counted})=0,"{UNDEFINED}",MIN({counted}))',
            ),
            LiveFigure(
                "weighted",
                "Value, weighted by probability",
                "{listing}",
                lambda _: weighted_value(self.context.results.values()),
                "{cover.weighted_value:value}",
            ),
            LiveFigure("risk_price", "Price", "{listing}", lambda r: r.price, "{sotp.price}"),
        ]

    def statements(self) -> list[LiveFigure]:
        return [
            LiveFigure(
                "balance_age",
                "Days from the balance sheet to the valuation",
                "days",
                lambda r: float((r.inputs.day("valuation_date") - r.inputs.day("balance_date")).days),
                "{inputs.valuation_date}-{inputs.balance_date}",
            ),
            LiveFigure(
                "failing",
                "Checks that fail",
                "count",
                lambda r: checks.counts(self.context, r)[0],
                "{checks.failures}",
            ),
            LiveFigure(
                "warning",
                "Checks that warn",
                "count",
                lambda r: checks.counts(self.context, r)[1],
                "{checks.warnings}",
            ),
        ]

    def bounds(self) -> list[LiveFigure]:
        """What the whole is worth by the market, and by the model."""
        return [
            LiveFigure(
                "market_value",
                "Market capitalisation",
                "{listing} m",
                lambda r: r.sotp.market_capitalisation,
                "{sotp.market_capitalisation}",
            ),
            LiveFigure("upside", "Value over price", "ratio", lambda r: r.sotp.upside, "{sotp.upside}"),
        ]

    def rising(self) -> list[LiveFigure]:
        if not self._has_reported("revenue"):
            return []

        def fallen(r: Results) -> float:
            revenue = r.inputs.tables.series("revenue", self.context.calendar.years, default=np.nan)
            return float(sum(after < before for before, after in pairwise(revenue)))

        years = "{reported.revenue_growth:periods[all]}"
        return [
            LiveFigure(
                "fallen_years",
                "Reported years in which revenue fell",
                "count",
                fallen,
                f'COUNTIF({years},"<0")',
                "a forecast that only rises has to say why it does",
            )
        ]

    def price_pays(self) -> list[LiveFigure]:
        part = implied_part(self.company)
        if part is None:
            gap = "{sotp.price_less_value}"
            return [
                LiveFigure("gap", "Price less value", "{listing}", lambda r: r.sotp.price_less_value, gap)
            ]
        key, name = part.key, part.short

        def paid(r: Results) -> float:
            gap = r.price - r.sotp.value_per_share
            return float(gap / (1 - r.inputs.number("holding_discount")) + r.sotp.part(key).per_share)

        return [
            LiveFigure(
                "paid",
                f"{name}, a share: the price pays for",
                "{listing}",
                paid,
                f"{{sotp.implied_{key}_per_share}}",
            ),
            LiveFigure(
                "worth",
                f"{name}, a share: the case has",
                "{listing}",
                lambda r: r.sotp.part(key).per_share,
                f"{{sotp.{key}:per_share}}",
            ),
        ]

    def cash_of_profit(self) -> list[LiveFigure]:
        keys = ("free_cash_flow", "adjusted_net_profit")
        if not all(map(self._has_reported, keys)):
            return []
        above, below = (f"SUM({{reported.{key}:periods[all]}})" for key in keys)

        def share(r: Results) -> float | str:
            cash, profit = (_total(r, key, self.context) for key in keys)
            return cash / profit if profit > 0 else UNDEFINED

        return [
            LiveFigure(
                "cash_of_profit",
                "Free cash flow to adjusted profit, all reported years",
                "ratio",
                share,
                f'IF({below}>0,{above}/{below},"{UNDEFINED}")',
            )
        ]


def _questions(context: Context) -> list[Question]:
    make = _Figures(context)
    sales = make.of_parts(
        "sales", "Enterprise value to sales", "multiple", _multiple("first_sales"), "{sotp.first_sales:PART}"
    )
    first = make.of_parts(
        "first",
        "Price to earnings, first year",
        "multiple",
        _multiple("first_earnings"),
        "{sotp.first_earnings:PART}",
    )
    third = make.of_parts(
        "third",
        "Price to earnings, third year",
        "multiple",
        _multiple("third_earnings"),
        "{sotp.third_earnings:PART}",
    )
    terminal = LiveFigure(
        "terminal",
        "Share of the businesses' value beyond the forecast",
        "ratio",
        lambda r: r.sotp.terminal_share,
        "{sotp.terminal_share}",
    )
    return [
        Question(
            "industry",
            "1 Industry: does the market grow, and how long can the company grow faster?",
            make.growth(),
        ),
        Question(
            "rivals", "2 Rivals: who sells the same, and what must they lose?", [*make.rivals(), *sales]
        ),
        Question("moat", "3 Moat: what keeps the returns from being competed away?", make.returns()),
        Question("management", "4 Management: does it do what it says, and spend well?", make.spending()),
        Question("risks", "5 Risks: what is it worth if things go wrong?", make.risks()),
        Question(
            "statements",
            "6 Statements: can the figures be relied upon, and how old are they?",
            make.statements(),
        ),
        Question(
            "like", "7 Like with like: which companies are of the same kind, and what do they cost?", first
        ),
        Question("bounds", "8 Bounds: dearer than whom can it not be, nor cheaper than whom?", make.bounds()),
        Question(
            "worry_twice",
            "Worry 1: growth is counted in the profit, and once more in the multiple",
            [*third, terminal],
        ),
        Question("worry_rising", "Worry 2: the forecast only rises, where the past did not", make.rising()),
        Question("worry_paid", "Worry 3: the price pays for what is still to come", make.price_pays()),
        Question("worry_cash", "Worry 4: the profit is no cash", make.cash_of_profit()),
    ]


def _multiple(key: str) -> Callable[[Results, PartEntry], Any]:
    return lambda r, part: getattr(r.sotp.multiples(part.key), key)


def _block(question: Question) -> Block:
    lines = [
        Line(one.key, one.label, one.unit, {"figure": Entry(one.value, one.formula)}, one.note)
        for one in question.figures
    ]
    lacking = "" if lines else "the tables have no figure for it"
    answer = Line(f"answer_{question.key}", "Your answer", "", {}, lacking, yours="answer")
    return Block(question.text, [*lines, answer])


def blocks(context: Context) -> list[Block]:
    return [_block(question) for question in _questions(context)]


SHEET = Sheet(
    "questions",
    "Questions",
    "What would one have to answer before buying? A refresh leaves what is written into the shaded cells.",
    blocks,
    columns=lambda _: COLUMNS,
    widths={LABEL: 52.0, UNIT: 9.0},
    only_answers=True,
    place=78,
)
