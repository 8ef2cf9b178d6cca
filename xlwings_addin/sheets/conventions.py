"""Conventions: what other ways of valuing the same facts are worth a share, alone and together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xlwings_addin.analytics.convention_options import Convention, conventions_of
from xlwings_addin.inputs.drivers import read_drivers
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
    Layout,
    Line,
    Series,
    Sheet,
)

if TYPE_CHECKING:
    from xlwings_addin.analytics.answers import Answers
    from xlwings_addin.analytics.conventions import PricedOption, Together

ALONE: Layout = {
    "caption": Columns(FIRST_COLUMN, ("Convention and option",), 52.0, align="left"),
    "own": Columns(FIRST_COLUMN + 1, ("In the case",), 30.0, align="left"),
    "per_share": Columns(FIRST_COLUMN + 2, ("Value of a share",), 13.0),
    "change": Columns(FIRST_COLUMN + 3, ("Change",), 13.0),
    "why": Columns(FIRST_COLUMN + 4, ("Why there is no value",), 40.0, align="left"),
}
TOGETHER: Layout = {
    "option": Columns(FIRST_COLUMN, ("Option",), 52.0, align="left"),
    "part": Columns(FIRST_COLUMN + 2, ("Part of the change",), 13.0),
    "alone": Columns(FIRST_COLUMN + 3, ("Change alone",), 13.0),
    "why": Columns(FIRST_COLUMN + 4, ("Why it has no part",), 40.0, align="left"),
}


def _declared(context: Context) -> dict[str, Convention]:
    """The conventions of the company by key; which there are hangs on no case."""
    results = next(iter(context.results.values()))
    return {one.key: one for one in conventions_of(results.inputs, read_drivers(context.folder))}


def _option(context: Context, place: int) -> Line:
    def of(value: Callable[[PricedOption], object]) -> Callable[[Answers], object]:
        def figure(answers: Answers) -> object:
            options = answers.conventions.options
            return value(options[place]) if place < len(options) else None

        return figure

    def defined(value: float | None) -> object:
        return UNDEFINED if value is None else value

    money = "{listing}"
    cells = {
        "caption": answer(context, of(lambda one: f"{one.label}: {one.option}"), "text"),
        "own": answer(context, of(lambda one: one.own), "text"),
        "per_share": answer(context, of(lambda one: defined(one.per_share)), money),
        "change": answer(context, of(lambda one: defined(one.change)), money),
        "why": answer(context, of(lambda one: one.refused or None), "text"),
    }
    return Line(f"option_{place + 1}", "", "", cells)


def _together(context: Context) -> Block:
    def of(value: Callable[[Together], object]) -> Callable[[Answers], object]:
        return lambda answers: value(answers.conventions.together)

    def line(key: str, label: str) -> Line:
        def why(answers: Answers) -> object:
            priced = answers.conventions
            return priced.together.left_out.get(key) or priced.missing.get(key)

        cells = {
            "option": answer(context, of(lambda one: one.options.get(key, "as in the case")), "text"),
            "part": answer(context, of(lambda one: one.parts.get(key, 0.0)), "{listing}"),
            "alone": answer(context, of(lambda one: one.alone.get(key, 0.0)), "{listing}"),
            "why": answer(context, why, "text"),
        }
        return Line(f"together_{key}", label, "{listing} a share", cells)

    def total(key: str, label: str, value: Callable[[Together], float], note: str) -> Line:
        cells = {"part": answer(context, of(value), "{listing}")}
        return Line(key, label, "{listing} a share", cells, note, total=True)

    lines = [line(key, one.label) for key, one in _declared(context).items()]
    lines += [
        total("together_change", "All together", lambda one: one.change, "the parts add up to it"),
        total(
            "together_interaction",
            "Of it, what they do to one another",
            lambda one: one.interaction,
            "all together less the sum of what every one changes alone",
        ),
        total("together_per_share", "A share is then worth", lambda one: one.per_share, ""),
    ]
    return Block("The first other option of every convention, together", lines, TOGETHER, new_page=True)


def blocks(context: Context) -> list[Block]:
    most = sum(one.most for one in _declared(context).values())
    options = [_option(context, place) for place in range(most)]
    return [
        made.sentence(context),
        Block("Every other option, alone", options, ALONE),
        made.block(context),
        _together(context),
    ]


def charts(context: Context) -> list[Chart]:
    keys = list(_declared(context))

    def column(group: str) -> str:
        return f"{{together_{keys[0]}:{group}}}:{{together_{keys[-1]}:{group}}}"

    return [
        Chart(
            title="What other conventions are worth a share, alone and as a part of all together",
            series=(
                Series("Alone", column("alone"), colour="8FAADC"),
                Series("Part of all together", column("part"), colour="1F3864"),
            ),
            categories=column("label"),
            anchor=("A", "together_per_share"),
            axis=f"{context.company.currency.listing} a share",
            number_format="+0;-0;0",
            size=(27.0, 6.8),
            below=1,
        )
    ]


SHEET = Sheet(
    "conventions",
    "Conventions",
    "What of the value is fact, and what is the way of valuing it?",
    blocks,
    columns=lambda _: made.SENTENCE,
    charts=charts,
    widths={LABEL: 34.0, UNIT: 12.0, FIRST_COLUMN: 52.0, FIRST_COLUMN + 1: 28.0},
    only_answers=True,
    old_when=made.OLD_WHEN,
    place=74,
)
