"""The answers of a valuation: what a share is worth, against what, what the price needs, in pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xlwings_addin.analytics.implied import Implied, solve_for
from xlwings_addin.analytics.multiples import multiples_of
from xlwings_addin.analytics.question import Question, lever, target_of
from xlwings_addin.analytics.tornado import Tornado, tornado_of
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.drivers import DriverBook, read_drivers
from xlwings_addin.pictures.bars import Bars, football_field
from xlwings_addin.pictures.curves import Curves
from xlwings_addin.pictures.numbers import printed
from xlwings_addin.report.document import Cell, Figure, Section, Sentence, Table, Tile
from xlwings_addin.report.lines import LineReader, input_label
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.valuation.cases import CaseValues
from xlwings_addin.valuation.drawn import (
    Range,
    case_range,
    deliveries,
    marks_of,
    parts_to_price,
    street_range,
    weighted_view,
)
from xlwings_addin.valuation.draws import TracedCase
from xlwings_addin.valuation.frames import listing_unit
from xlwings_addin.valuation.xiaomi import Results, weighted_value

MOST_NEEDS = 3
"""Ways to the price that are told."""
STEPS = (
    ("wacc_points", 0.01, "Cost of capital, one point either way"),
    ("terminal_growth", 0.005, "Terminal growth, half a point"),
)
"""Drivers that the football field moves, and how far."""


@dataclass(frozen=True)
class Answers:
    """One case among all, and what was asked about it."""

    chosen: Results
    cases: CaseValues
    drivers: DriverBook
    needs: tuple[Implied, ...]
    swings: Tornado | None
    others: tuple[Range, ...]

    @property
    def lines(self) -> LineReader:
        """The lines of the chosen case."""
        return LineReader(self.chosen)

    @property
    def weighted(self) -> dict[str, Results]:
        """The cases that carry a weight in the view of the chosen one."""
        return weighted_view(self.cases, self.chosen.case)


def answers_of(chosen: Results, cases: CaseValues, folder: Path | None) -> Answers:
    """Everything that is asked about a case; what it has no answer to is left out."""
    try:
        swings = tornado_of(chosen.inputs)
    except ValuationError:
        swings = None
    drivers = read_drivers(folder)
    needs = tuple(_needs(chosen, drivers))
    return Answers(chosen, cases, drivers, needs, swings, tuple(_others(chosen, folder)))


def _others(chosen: Results, folder: Path | None) -> list[Range]:
    """What multiples and other people make a share worth, with what was known on the valuation date."""
    try:
        rows = multiples_of(chosen.inputs, folder, ()).rows
    except ValuationError:
        return []  # a company without the figures that its methods multiply
    return [
        (row.label, row.low, row.middle, row.high) for row in rows if row.low < row.high and not row.later
    ]


def _needs(chosen: Results, book: DriverBook) -> list[Implied]:
    """The first ways to the price that the company's drivers name and the model allows."""
    needs: list[Implied] = []
    price = np.array([chosen.sotp.price])
    for key, driver in book.drivers.items():
        if driver.price or len(needs) == MOST_NEEDS:
            continue
        try:
            answer = solve_for(chosen.inputs, book, price, key)
        except ValuationError:
            continue  # a driver of a method that this case does not use
        if answer.solved:
            needs.append(answer)
    return needs


# --- tiles and conclusion -----------------------------------------------------------------------------


def conclusion(answers: Answers) -> Sentence:
    """Value against price, in a sentence of figures."""
    lines, unit = answers.lines, listing_unit(answers.chosen).removesuffix(" a share")
    upside = lines.value("sotp.upside")
    value, price = lines.figure("sotp.value_per_share"), lines.figure("sotp.price")
    said: list[Cell] = [f"A share is worth {unit} ", value, f" against a price of {unit} ", price]
    if isinstance(upside, float):
        way = "above" if upside >= 0 else "below"
        gap = Figure(printed(abs(upside), ".1%"), upside, "sotp.upside", answers.chosen.case)
        said += [": ", gap, f" {way} it."]
    for need in answers.needs[:1]:
        said += [" For the price, ", *_need_text(need, answers), "."]
    return tuple(said)


def _need_text(need: Implied, answers: Answers) -> Sentence:
    label = need.label[0].lower() + need.label[1:]
    needed, present = _need_figures(need, answers)
    return (f"{label} must be ", needed, ", where the case has ", present)


def _need_figures(need: Implied, answers: Answers) -> tuple[Cell, Cell]:
    case, name = answers.chosen.case, f"implied.{need.key}"
    solution = need.answers[0].solutions[0].value
    return (
        Figure(_quantity(solution, need.unit), solution, name, case),
        Figure(_quantity(need.start, need.unit), need.start, f"{name}.start", case),
    )


def _quantity(value: float, unit: str) -> str:
    """A driver's value with its unit: shares in per cent."""
    if unit == "ratio":
        return printed(value, ".1%")
    text = printed(value, ",.3g" if abs(value) < 100 else ",.0f")
    return text if unit == "plain" else f"{text} {unit}"


def tiles(answers: Answers) -> tuple[Tile, ...]:
    """Value, price, upside, weighted, the range of cases, and what the price needs."""
    lines, chosen = answers.lines, answers.chosen
    unit, day = listing_unit(chosen), chosen.inputs.row(_price_key(chosen)).as_of
    made = [
        Tile("Value", (lines.figure("sotp.value_per_share"),), (f"{unit}, case {chosen.case}",)),
        Tile("Price", (lines.figure("sotp.price"),), (f"{unit}, {day.isoformat()}",)),
        Tile("Upside", (lines.figure("sotp.upside", "+.1%"),), ("value over price less one",)),
        _weighted_tile(answers),
    ]
    ends = _ends(answers.weighted)
    if ends:
        low, high = ends
        figures = (_value(low), " to ", _value(high))
        made.append(Tile(f"{low.case} to {high.case}".replace("_", " ").capitalize(), figures, (unit,)))
    for need in answers.needs[:1]:
        needed, present = _need_figures(need, answers)
        made.append(Tile("What the price needs", (needed,), (f"{need.label}; the case has ", present)))
    return tuple(made)


def _price_key(chosen: Results) -> str:
    return chosen.inputs.tables.company.price_key


def _value(results: Results) -> Cell:
    return LineReader(results).figure("sotp.value_per_share")


def _ends(cases: Mapping[str, Results]) -> tuple[Results, Results] | None:
    if len(cases) < 2:
        return None
    ordered = sorted(cases.values(), key=lambda results: float(results.sotp.value_per_share))
    return ordered[0], ordered[-1]


def _weighted_tile(answers: Answers) -> Tile:
    value = UNDEFINED if answers.cases.broken else weighted_value(answers.weighted.values())
    if isinstance(value, str):
        return Tile("Weighted", (UNDEFINED,), ("no case has a weight",))
    note: list[Cell] = []
    for name, results in answers.weighted.items():
        weight = results.inputs.number("probability")
        figure = Figure(printed(weight, ".0%"), weight, "inputs.probability", name)
        note += [", " if note else "", figure, f" {name}"]
    figure = Figure(printed(value, ".2f"), value, "weighted_value", "")
    return Tile("Weighted", (figure,), tuple(note))


# --- pictures -----------------------------------------------------------------------------------------


def pictures(answers: Answers) -> tuple[Bars | Curves, ...]:
    """Football field, from the parts to the price, tornado and ramp; what a case lacks is left out."""
    made: list[Bars | Curves] = []
    ranges, others = ranges_of(answers), answers.others or street_range(answers.chosen)
    if ranges or others:
        made.append(
            football_field(
                [*ranges, *others],
                unit=listing_unit(answers.chosen),
                marks=marks_of(answers.chosen),
                others=[label for label, *_ in others],
            )
        )
    made.append(parts_to_price(answers.chosen))
    if answers.swings is not None and answers.swings.bars:
        labels = {bar.key: input_label(answers.chosen, bar.key) for bar in answers.swings.bars}
        made.append(answers.swings.picture(labels=labels))
    if "vehicle" in answers.chosen.model.businesses:
        made.append(deliveries(answers.chosen))
    return tuple(made)


def ranges_of(answers: Answers) -> list[Range]:
    """The ranges of value that the model itself gives: its cases, and one driver a step either way."""
    ranges: list[Range] = []
    if len(answers.weighted) > 1:
        ranges.append(case_range(answers.cases, answers.chosen.case))
    present, case = float(answers.chosen.sotp.value_per_share), TracedCase(answers.chosen.inputs)
    for key, step, label in STEPS:
        if key not in answers.drivers.drivers:
            continue
        try:
            moved = lever(answers.chosen.inputs, answers.drivers, key)
            formula = target_of(answers.drivers, key, "")
            question = Question(case, answers.drivers, moved, formula)
            values = question.values(np.array([moved.start - step, moved.start + step]))
        except ValuationError:
            continue  # a driver of a method that this case does not use
        if np.isfinite(values).all():
            ranges.append((label, float(min(*values, present)), present, float(max(*values, present))))
    return ranges


# --- tables -------------------------------------------------------------------------------------------


def cases_section(answers: Answers) -> Section:
    """Every case with a weight, and the chosen one, side by side."""
    beside = {**answers.weighted, answers.chosen.case: answers.chosen}
    if len(beside) < 2:
        sentence = (f"There is only the case {answers.chosen.case}: another one with a row probability",)
        return Section("cases", "Cases", ((*sentence, " would stand beside it."),))
    parts = [(part.key, part.label) for part in answers.chosen.inputs.tables.company.parts]
    rows = []
    for name, results in beside.items():
        lines = LineReader(results)
        weight = results.inputs.number("probability")
        rows.append(
            (
                f"{name}: {results.inputs.text('case_title')}",
                *(lines.figure(f"sotp.{key}.per_share") for key, _ in parts),
                lines.figure("sotp.cash_and_other_per_share"),
                lines.figure("sotp.value_per_share"),
                Figure(printed(weight, ".0%"), weight, "inputs.probability", name),
            )
        )
    headings = ("Case", *(label for _, label in parts), "Cash and other", "Value", "Weight")
    return Section(
        "cases", f"The cases, {listing_unit(answers.chosen)}", (), Table(headings, tuple(rows), 1, 0)
    )


def needs_section(answers: Answers) -> Section:
    """Ways in which the price would be right, one at a time with all else as in the case."""
    title = "What the price needs"
    if not answers.needs:
        sentence = "No driver of the company's drivers.csv alone leads to the price in this case."
        return Section("needs", title, ((sentence,),), page=True)
    rows = []
    for need in answers.needs:
        needed, present = _need_figures(need, answers)
        outside = need.answers[0].solutions[0].outside
        beyond = "beyond the range of its assumption" if outside else "within the range of its assumption"
        note = answers.drivers.driver(need.key).note.partition(";")[0]
        rows.append((need.label, present, needed, "; ".join(filter(None, (note, beyond)))))
    sentence = "Any one of these, with all else as in the case, makes a share worth its price."
    return Section(
        "needs",
        title,
        ((sentence,),),
        Table(("Driver", "In the case", "For the price", "What that means"), tuple(rows), 1, 3),
        page=True,
    )
