"""Implied: what has to happen for today's price, or for a price that the analyst types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from xlwings_addin.analytics.implied_answers import (
    CURVE_POINTS,
    FEWEST_POINTS,
    GOAL_DRIVERS,
    MOST,
    goal_of,
    plants_of,
)
from xlwings_addin.inputs.drivers import DRIVERS, DriverBook, read_drivers
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import made
from xlwings_addin.sheets.made import ASKED, answer
from xlwings_addin.sheets.sensitivities import RATES, figure_text, with_unit
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
    from xlwings_addin.analytics.implied import Answer, Implied
    from xlwings_addin.analytics.implied_answers import Asked, ImpliedAnswers
    from xlwings_addin.inputs.drivers import Measure

Of = Callable[["ImpliedAnswers"], object]
MOVES_NOTHING = "moves nothing in this case"


def _layout(case: str, needed: str) -> Layout:
    return {
        "caption": Columns(FIRST_COLUMN, ("What is asked",), 46.0, align="left"),
        "case": Columns(FIRST_COLUMN + 1, (case,), 13.0),
        "needed": Columns(FIRST_COLUMN + 2, (needed,), 13.0),
        "result": Columns(FIRST_COLUMN + 3, ("Which makes",), 20.0),
        "says": Columns(FIRST_COLUMN + 4, ("In words",), 66.0, align="left"),
    }


ANSWERS = _layout("In the case", "For the price")
PRICE: Layout = {
    "asked": Columns(FIRST_COLUMN + 1, ("Your price",), 13.0),
    "price": Columns(FIRST_COLUMN + 2, ("Asked about",), 13.0),
}
CURVE: Layout = {
    "axes": Columns(FIRST_COLUMN, ("",), align="over"),
    "caption": Columns(FIRST_COLUMN, ("",), 46.0),
    "needed": Columns(FIRST_COLUMN + 2, ("For the price",), 13.0),
}


def _kept(context: Context, of: Of, unit: str) -> Entry:
    """A cell of the answers to the price asked about."""

    def value(answers: Answers) -> object:
        return of(answers.implied(context.asked or float(context.made_for.price)))

    return answer(context, value, unit)


def _price(context: Context) -> Block:
    formula = f"IF(N({{{ASKED}:asked}})>0,{{{ASKED}:asked}},{{sotp.price}})"
    line = Line(
        ASKED,
        "Another price to ask about",
        "{listing}",
        {"price": Entry(lambda r: context.asked or float(r.price), formula)},
        "type a price into the shaded cell and refresh; empty for today's",
        yours="asked",
    )
    return Block("Which price", [line], PRICE)


# --- the answers ----------------------------------------------------------------------------------


def sentence(asked: Asked) -> str:
    """An answer in words: the values, what comes of them, or on which side the model stays."""
    implied = asked.answer
    if implied is None:
        return MOVES_NOTHING if " moves nothing " in asked.refused else f"not asked: {asked.refused}"
    (answer_,) = implied.answers
    if not answer_.solutions:
        return _without(implied, answer_)
    said = []
    for solution in answer_.solutions:
        beyond = len(solution.outside)
        where = f", {beyond} input{'s' if beyond > 1 else ''} beyond the own range" if beyond else ""
        said.append(f"{in_unit(solution.value, implied.unit)}{where}")
    return " or ".join(said)


def _without(implied: Implied, answer_: Answer) -> str:
    near = f"{answer_.nearest_value:,.2f} at {in_unit(answer_.nearest_at or 0.0, implied.unit)}"
    side = "jumps across" if answer_.stays == "across" else f"stays {answer_.stays}"
    return f"no solution: the model {side} {answer_.target:,.2f}, nearest {near}"


def in_unit(value: float, unit: str) -> str:
    """A value of a driver as a reader has it.

    >>> in_unit(9.0, "multiple"), in_unit(0.085, "ratio"), in_unit(1.6, "m vehicles")
    ('9.0x', '8.50%', '1.6 m vehicles')
    """
    if unit == "multiple":
        return f"{value:,.1f}x"
    text = figure_text(value, unit)
    return text if unit in (*RATES, "", "year") else f"{text} {unit}"


def _first(asked: Asked) -> float | str:
    """The value that is needed, the first of several."""
    if asked.answer is None or not asked.answer.answers[0].solutions:
        return "none"
    return asked.answer.answers[0].solutions[0].value


def _result(asked: Asked) -> str | None:
    """What comes of it."""
    if asked.answer is None or not asked.answer.answers[0].solutions:
        return None
    result = asked.answer.answers[0].solutions[0].result
    return None if result is None else in_unit(result, asked.answer.result_unit)


def _row(context: Context, key: str, pick: Callable[[ImpliedAnswers], Asked | None], unit: str) -> Line:
    def of(value: Callable[[Asked], object], lacking: object = None) -> Of:
        def figure(answers: ImpliedAnswers) -> object:
            asked = pick(answers)
            return lacking if asked is None else value(asked)

        return figure

    def start(asked: Asked) -> object:
        return UNDEFINED if asked.answer is None else told(asked, asked.answer.start)

    def needed(asked: Asked) -> object:
        first = _first(asked)
        return first if isinstance(first, str) else told(asked, first)

    def told(asked: Asked, value: float) -> float | str:
        """A number where its unit is the same in every case, else a text."""
        return value if unit != "text" or asked.answer is None else in_unit(value, asked.answer.unit)

    cells = {
        "caption": _kept(context, of(lambda asked: asked.label, "no further input has a range"), "text"),
        "case": _kept(context, of(start), unit),
        "needed": _kept(context, of(needed), unit),
        "result": _kept(context, of(_result), "text"),
        "says": _kept(context, of(sentence), "text"),
    }
    return Line(key, "", "" if unit == "text" else unit, cells)


def _units(book: DriverBook) -> Iterator[str]:
    """The unit of every question, in its order."""
    for driver in book.drivers.values():
        yield driver.unit
        if plants_of(driver):
            yield driver.unit
    if not book.drivers:
        yield from ["text"] * MOST


def _asked(place: int) -> Callable[[ImpliedAnswers], Asked | None]:
    return lambda answers: answers.asked[place] if place < len(answers.asked) else None


def _answers(context: Context, book: DriverBook) -> Block:
    lines = [
        _row(context, f"asked_{place}", _asked(place - 1), unit) for place, unit in enumerate(_units(book), 1)
    ]
    title = "One at a time, all else as in the case"
    if not book.drivers:
        lines.append(Line("no_drivers", f"Rows of inputs/{DRIVERS} name what else can be asked", "", {}))
    return Block(title, lines, ANSWERS)


# --- what they mean ---------------------------------------------------------------------------------


def _measure(context: Context, measure: Measure) -> Line:
    def in_case(answers: ImpliedAnswers) -> object:
        asked = next((one.answer for one in answers.asked if one.answer is not None), None)
        return UNDEFINED if asked is None else _defined(asked.in_the_case.get(measure.key))

    def for_price(answers: ImpliedAnswers) -> object:
        asked = answers.deliveries
        if asked is None or not asked.answers[0].solutions:
            return UNDEFINED
        return _defined(asked.answers[0].solutions[0].meaning.get(measure.key))

    unit = measure.unit
    cells = {"case": _kept(context, in_case, unit), "needed": _kept(context, for_price, unit)}
    return Line(f"means_{measure.key}", measure.label, unit, cells, measure.note)


def _defined(value: float | None) -> float | str:
    return UNDEFINED if value is None else value


def _meaning(context: Context, book: DriverBook) -> list[Block]:
    measures = [*book.of_kind("meaning"), *book.of_kind("year")]
    if not measures:
        return []
    layout = {key: ANSWERS[key] for key in ("case", "needed")}
    lines = [_measure(context, measure) for measure in measures]
    return [Block("What the deliveries for the price mean", lines, layout)]


def _goal(context: Context, book: DriverBook) -> list[Block]:
    """What has to happen for the revenue that an article names for a year to come."""
    row = goal_of(context.tables, book)
    if row is None:
        return []

    def pick(place: int) -> Callable[[ImpliedAnswers], Asked | None]:
        return lambda answers: answers.goal[place] if place < len(answers.goal) else None

    keys = [key for key in GOAL_DRIVERS if key in book.drivers]
    lines = [
        _row(context, f"goal_{place}", pick(place - 1), book.drivers[key].unit)
        for place, key in enumerate(keys, 1)
    ]
    year = row.period.removeprefix("FY")
    title = f"For revenue of {row.unit.partition(' ')[0]} {row.number:g} bn in {year}"
    return [Block(title, lines, _layout("In the case", "Needed"))]


# --- pairs --------------------------------------------------------------------------------------------


def _curve(context: Context, book: DriverBook) -> Block:
    def axes(answers: ImpliedAnswers) -> str:
        curve = answers.curve
        if curve is None:
            return "the case has no two drivers that are worth the price together"
        down = with_unit(book.driver(curve.against).label, curve.against_unit)
        across = with_unit(book.driver(curve.key).label, curve.unit)
        return f"Down: {down}. For the price: {across}."

    def against(place: int) -> Of:
        def text(answers: ImpliedAnswers) -> object:
            curve = answers.curve
            if curve is None:
                return UNDEFINED
            return figure_text(curve.points[place].against, curve.against_unit)

        return text

    def needed(place: int) -> Of:
        def value(answers: ImpliedAnswers) -> object:
            values = () if answers.curve is None else answers.curve.points[place].values
            return values[0] if values else "none"

        return value

    lines = [
        Line("pair_axes", "What varies", "", {"axes": _kept(context, axes, "text")}),
        Line("pair_finding", "In words", "", {"axes": _kept(context, _finding(context, book), "text")}),
    ]
    for place in range(CURVE_POINTS):
        cells = {
            "caption": _kept(context, against(place), "text"),
            "needed": _kept(context, needed(place), PAIR_UNIT),
        }
        lines.append(Line(f"pair_{place + 1}", "", "", cells))
    return Block("Pairs of two that are worth the price", lines, CURVE, new_page=True)


def _finding(context: Context, book: DriverBook) -> Of:
    """What the pairs say: the first and the last of them."""

    def text(answers: ImpliedAnswers) -> object:
        curve, price = answers.curve, f"{context.company.currency.listing} {answers.price:,.2f}"
        points = [] if curve is None else [point for point in curve.points if point.values]
        if curve is None or len(points) < FEWEST_POINTS:
            return f"Fewer than {FEWEST_POINTS} pairs of these are worth {price}"
        first, last = (
            f"{in_unit(point.against, curve.against_unit)} needs {in_unit(point.values[0], curve.unit)}"
            for point in (points[0], points[-1])
        )
        return f"{book.driver(curve.against).label}: {first}, {last} for {price} a share"

    return text


PAIR_UNIT = "per year"
"""Two decimals, whatever it is of."""


def blocks(context: Context) -> list[Block]:
    book = read_drivers(context.folder)
    return [
        made.sentence(context, asks=True),
        _price(context),
        _answers(context, book),
        *_goal(context, book),
        *_meaning(context, book),
        made.block(context, asks=True),
        _curve(context, book),
    ]


def charts(context: Context) -> list[Chart]:
    curve = context.answers.implied(context.asked or float(context.made_for.price)).curve
    if curve is None or sum(bool(point.values) for point in curve.points) < FEWEST_POINTS:
        return []

    def column(group: str) -> str:
        return f"{{pair_1:{group}}}:{{pair_{CURVE_POINTS}:{group}}}"

    return [
        Chart(
            title="{pair_finding:axes}",
            series=(Series("For the price", column("needed"), colour="2E75B6", labels="#,##0.0"),),
            categories=column("caption"),
            anchor=("A", f"pair_{CURVE_POINTS}"),
            axis=with_unit("For the price", curve.unit),
            number_format="#,##0",
            size=(24.0, 6.8),
            legend=False,
            below=1,
            from_zero=True,
        )
    ]


SHEET = Sheet(
    "implied",
    "Implied",
    "What has to happen for the price?",
    blocks,
    columns=lambda _: made.SENTENCE,
    charts=charts,
    widths={LABEL: 47.0, UNIT: 11.0, FIRST_COLUMN: 44.0},
    only_answers=True,
    old_when=made.OLD_WHEN,
    place=73,
)
