"""Simulation: what a share may be worth where inputs are drawn as the tables distribute them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xlwings_addin.analytics.quantiles import BINS
from xlwings_addin.inputs.distributions import DISTRIBUTIONS, Marginal, read_distributions
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import made
from xlwings_addin.sheets.made import answer
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

if TYPE_CHECKING:
    from xlwings_addin.analytics.answers import Answers
    from xlwings_addin.analytics.simulation import Scenario, Simulation

QUANTILES = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
FIGURE: Layout = {
    "figure": Columns(FIRST_COLUMN, ("Figure",), 14.0),
    "hash": Columns(FIRST_COLUMN, ("Figure",), 14.0, align="over"),
}
BARS: Layout = {
    "caption": Columns(FIRST_COLUMN, ("Value from",), 14.0),
    "end": Columns(FIRST_COLUMN + 1, ("To",), 12.0),
    "count": Columns(FIRST_COLUMN + 2, ("Draws",), 12.0),
    "share": Columns(FIRST_COLUMN + 3, ("Share",), 12.0),
}
INPUTS: Layout = {
    key: Columns(FIRST_COLUMN + place, (heading,), width)
    for place, (key, heading, width) in enumerate(
        (
            ("marginal", "Distribution", 14.0),
            ("case", "In the case", 12.0),
            ("mean", "Mean", 12.0),
            ("deviation", "Standard deviation", 12.0),
            ("near", "Mean near the price", 12.0),
            ("first", "Alone, of the variance", 12.0),
            ("first_error", "Error", 12.0),
            ("total", "With all others", 12.0),
            ("total_error", "Error", 12.0),
        )
    )
}
NOTE_ON_PARTS = (
    "parts of the variance with the inputs drawn independently, of 8 x 512 points drawn at random; the "
    "command simulate --contributions has points that lie evenly, and the parts of inputs tied together"
)


def _of(context: Context, value: Callable[[Simulation], object], unit: str | None = None) -> Entry:
    """A figure of the simulation; n/a where no draw keeps the rules."""

    def figure(answers: Answers) -> object:
        if answers.simulation is None:
            return UNDEFINED
        one = value(answers.simulation)
        return UNDEFINED if one is None else one

    return answer(context, figure, unit)


def _figure(
    context: Context,
    key: str,
    label: str,
    unit: str,
    value: Callable[[Simulation], object],
    note: str = "",
) -> Line:
    return Line(key, label, unit, {"figure": _of(context, value)}, note)


def _value(context: Context) -> Block:
    listing = "{listing}"
    lines = [
        _figure(context, "above_price", "Draws worth more than the price", "ratio", lambda s: s.above_price),
        _figure(context, "above_price_error", "Its standard error", "ratio", lambda s: s.above_price_error),
        _figure(context, "mean", "Mean", listing, lambda s: s.value.mean),
        _figure(context, "mean_error", "Standard error of the mean", listing, lambda s: s.value.error),
        _figure(context, "deviation", "Standard deviation", listing, lambda s: s.value.deviation),
        _figure(context, "least", "Least", listing, lambda s: s.value.least),
    ]
    for probability in QUANTILES:
        lines.append(
            _figure(
                context,
                f"percentile_{probability * 100:.0f}",
                f"Percentile {probability * 100:.0f}",
                listing,
                lambda s, p=probability: s.value.quantiles[p],  # type: ignore[misc]
            )
        )
    lines += [
        _figure(context, "most", "Most", listing, lambda s: s.value.most),
        _figure(
            context,
            "loss",
            "Loss of the price at percentile 5",
            "ratio",
            lambda s: s.loss,
            "n/a where that is above the price",
        ),
        _figure(
            context,
            "position",
            "Part of a portfolio that then loses 2% of it",
            "ratio",
            lambda s: s.position,
        ),
    ]
    return Block("What a share may be worth", lines, FIGURE)


def _draws(context: Context) -> Block:
    lines = [
        _figure(context, "draws", "Draws", "count", lambda s: float(s.draws)),
        _figure(context, "seed", "Seed", "plain", lambda s: float(s.seed), "one seed, one answer"),
        _figure(context, "valued", "Draws that keep all rules", "count", lambda s: float(s.valued)),
        Line(
            "not_drawn",
            "Why nothing is drawn",
            "",
            {"hash": answer(context, lambda answers: answers.not_drawn or None, "text")},
            "empty where a share is drawn",
        ),
        Line(
            "distributions",
            "Fingerprint of the distributions",
            "",
            {"hash": _of(context, lambda s: s.distributions_hash, "text")},
            f"SHA-256 of what inputs/{DISTRIBUTIONS} and the correlations say in the case",
        ),
    ]
    return Block("How it was drawn", lines, FIGURE)


def _bin(context: Context, place: int) -> Line:
    def value(of: Callable[[Simulation], object]) -> Callable[[Simulation], object]:
        return lambda s: of(s) if place < len(s.bins) else UNDEFINED

    cells = {
        "caption": _of(context, value(lambda s: f"{s.bins[place].low:,.1f}"), "text"),
        "end": _of(context, value(lambda s: s.bins[place].high), "{listing}"),
        "count": _of(context, value(lambda s: float(s.bins[place].number)), "units"),
        "share": _of(context, value(lambda s: s.bins[place].number / s.valued), "ratio"),
    }
    return Line(f"bin_{place + 1}", "", "", cells)


def _input(context: Context, marginal: Marginal) -> Line:
    key, parameter = marginal.key, context.company.parameter(marginal.key)

    def of(value: Callable[[Scenario], object]) -> Callable[[Simulation], object]:
        return lambda s: value(next(one for one in s.scenarios if one.key == key))

    def part(which: int, error: bool) -> Callable[[Answers], object]:
        def figure(answers: Answers) -> object:
            if key not in answers.contributions:
                return UNDEFINED
            estimate = answers.contributions[key][which]
            return estimate.error if error else estimate.part

        return figure

    unit = parameter.printed_unit
    cells = {
        "marginal": _of(context, lambda s: marginal.kind, "text"),
        "case": _of(context, of(lambda one: one.in_the_case), unit),
        "mean": _of(context, of(lambda one: one.mean), unit),
        "deviation": _of(context, of(lambda one: one.deviation), unit),
        "near": _of(context, of(lambda one: one.near_the_price), unit),
        "first": answer(context, part(0, False), "ratio"),
        "first_error": answer(context, part(0, True), "ratio"),
        "total": answer(context, part(1, False), "ratio"),
        "total_error": answer(context, part(1, True), "ratio"),
    }
    return Line(f"drawn_{key}", parameter.label, parameter.unit, cells, marginal.reason)


def blocks(context: Context) -> list[Block]:
    marginals = read_distributions(context.folder).marginals
    if not marginals:
        missing = (
            f"No distributions yet: a row of inputs/{DISTRIBUTIONS} for every input to draw fills this sheet"
        )
        return [Block("Simulation", [Line("no_distributions", missing, "", {})])]
    bars = [_bin(context, place) for place in range(BINS)]
    inputs = [_input(context, marginal) for marginal in marginals.values()]
    inputs.append(Line("about_parts", "What alone and with all others mean", "", {}, NOTE_ON_PARTS))
    return [
        made.sentence(context),
        _value(context),
        _draws(context),
        made.block(context),
        Block("The inputs that are drawn", inputs, INPUTS, new_page=True),
        Block("Draws by value", bars, BARS),
    ]


def charts(context: Context) -> list[Chart]:
    if not read_distributions(context.folder).marginals:
        return []

    def column(group: str) -> str:
        return f"{{bin_1:{group}}}:{{bin_{BINS}:{group}}}"

    return [
        Chart(
            title="Draws by value of a share",
            series=(Series("Share of draws", column("share"), colour="2E75B6"),),
            categories=column("caption"),
            anchor=("H", "bin_1"),
            axis="Share of draws",
            number_format="0%",
            size=(11.6, 9.0),
            legend=False,
        )
    ]


SHEET = Sheet(
    "simulation",
    "Simulation",
    "How sure is the value, if inputs are as uncertain as the tables say?",
    blocks,
    columns=lambda _: made.SENTENCE,
    charts=charts,
    widths={LABEL: 46.0, UNIT: 10.0},
    only_answers=True,
    old_when=made.OLD_WHEN,
    place=73,
)
