"""The company valued with what was known on a day, and with nothing learnt later.

Two questions hide in "as of": what did a valuation say, and could it have been made that day? So a case is
valued twice, and the rows that were known too late are listed:

    as written   the case with its own rows, those known too late among them
    known        the case with rows known on the day only; none where that cannot be valued

A case counts from its valuation date on. It is valued at that date: time that has passed since is not rolled
forward, and facts learnt since do not enter, because a case states what it rests on.

What was known too late, as `lint` finds it among the rows a value rests on, is treated so:

    scalar                    the figure of the same key and unit in the history that was known on the day and
                              ends last stands for it; the period may differ, and so may what is counted, as
                              the note of the row says
    scalar without a figure   nothing stands for it: the case's own row stays, and `complete` is False
    year of the devices average  the average ends with the last year known
    quarter of the base year  counts as not reported: the case's own assumption for a quarter stands for it

Words (a method, a convention) and thresholds state no fact, so they cannot be known too late. What only a
check rests on, such as reported_shares, is listed with the rest.

>>> replica = value_as_of(date(2024, 3, 8))["march_2024_replica"]
>>> f"{replica.as_written.sotp.value_per_share:.2f}"
'16.65'
>>> [late.figure for late in replica.late]
['hkd_per_usd', 'cny_per_usd', 'liquid_funds', 'restricted_cash', 'debt', 'reported_shares',
 'free_cash_flow FY2023']
>>> value_as_of(date(2024, 5, 3))["march_2024_replica"].late
()
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.cases import Inputs, load_cases
from xlwings_addin.inputs.lint import used_rows
from xlwings_addin.inputs.parameter import Value
from xlwings_addin.inputs.renamed import FormerAttributes
from xlwings_addin.inputs.tables import (
    CHOSEN,
    Oddity,
    Row,
    Tables,
    by_figure,
    load_tables,
    period_end,
    same_figure,
    standing_row,
)
from xlwings_addin.valuation.xiaomi import Results, evaluate

if TYPE_CHECKING:
    import pandas as pd

HISTORY_KEYS = {"reported_shares": "shares_outstanding"}
"""Scalars whose figures have another key in the history, beside the price of a share."""
FACTS = ("reported", "derived")
"""The bases of figures that may stand for a scalar known too late."""
AVERAGED = "free_cash_flow"


@dataclass(frozen=True)
class LateInput(FormerAttributes):
    """A row a case rests on that was known after the day, and the row that stands for it, if there is one."""

    row: Row
    substitute: Row | None

    @property
    def figure(self) -> str:
        """Key and period."""
        return f"{self.row.key} {self.row.period}".strip()

    @property
    def treatment(self) -> str:
        """What the case was valued with, in words."""
        if self.substitute is not None:
            period = f" of {self.substitute.period}" if self.substitute.period else ""
            when = f"known on {self.substitute.as_of.isoformat()}, {self.substitute.place}"
            return f"{self.substitute.text}{period} stands for it ({when})"
        if not self.row.period:
            return "no earlier figure: the case's own stays"
        if self.row.key == AVERAGED:
            return "left out: the average ends with the last year known"
        return "not reported yet: the case's assumption stands for it"

    def __str__(self) -> str:
        when = f"known on {self.row.as_of.isoformat()}, {self.row.place}"
        return f"{self.figure} {self.row.text} {self.row.unit} ({when}): {self.treatment}"


@dataclass(frozen=True)
class CaseAsOf(FormerAttributes):
    """A case on a day: as written, with rows known on the day only, and what was known too late.

    `on_day` is None where the case cannot be valued so, and `refusal` says why.
    """

    case: str
    day: date
    as_written: Results
    on_day: Results | None
    refusal: str
    late: tuple[LateInput, ...]

    @property
    def complete(self) -> bool:
        """Whether `on_day` rests on nothing that was known too late."""
        return self.on_day is not None and not any(
            late.substitute is None and not late.row.period for late in self.late
        )

    def as_dict(self) -> dict[str, object]:
        """For a program to read."""
        return {
            "case": self.case,
            "day": self.day.isoformat(),
            "as_written": self.as_written.summary(),
            "known": None if self.on_day is None else self.on_day.summary(),
            "refusal": self.refusal or None,
            "complete": self.complete,
            "late": self._late_rows(),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each input that was known too late, and what the case was valued with."""
        import pandas as pd

        columns = ["key", "period", "value", "unit", "as_of", "source", "treatment"]
        return pd.DataFrame(self._late_rows(), columns=columns)

    def _late_rows(self) -> list[dict[str, str | None]]:
        return [
            {
                "key": late.row.key,
                "period": late.row.period or None,
                "value": late.row.text,
                "unit": late.row.unit,
                "as_of": late.row.as_of.isoformat(),
                "source": late.row.source,
                "treatment": late.treatment,
            }
            for late in self.late
        ]


def tables_as_of(tables: Tables, day: date) -> Tables:
    """The tables with the rows known on `day` only.

    Conflicts are resolved again among the rows left. A chosen row that is left still stands. Where it was
    known later, the newest of the others stands, as it did on that day; two of one day that disagree are an
    `InputError`, as they are when tables load. An oddity stays while the rows it names, and some of its
    article, were known.
    """
    history, articles, assumptions = (
        _rows_of_day(rows, day) for rows in (tables.history, tables.articles, tables.assumptions)
    )
    visible = Tables(history, articles, assumptions, ())
    for rows in visible.figures.values():
        standing_row(rows)
    return replace(visible, oddities=tuple(oddity for oddity in tables.oddities if _applies(oddity, visible)))


def value_as_of(day: date, folder: Path | None = None) -> dict[str, CaseAsOf]:
    """Every case whose valuation date is on or before `day`, by its name.

    Raises `InputError` where there is none, and `ValuationError` for tables or cases that do not load.
    """
    tables = load_tables(folder)
    cases = load_cases(folder, tables)
    dates = {inputs.case: inputs.day("valuation_date") for inputs in cases}
    if day < min(dates.values()):
        first = min(dates, key=lambda case: dates[case])
        rule = f"is before every valuation date; the first is {dates[first].isoformat()}, of {first}"
        raise InputError("day", day, rule, display=day.isoformat())
    visible = tables_as_of(tables, day)
    return {inputs.case: _case_as_of(inputs, visible, day) for inputs in cases if dates[inputs.case] <= day}


def _rows_of_day(rows: tuple[Row, ...], day: date) -> tuple[Row, ...]:
    visible = tuple(row for row in rows if row.as_of <= day)
    newest = {}
    for figure, group in by_figure(visible).items():
        if not same_figure(group) and not any(row.chosen for row in group):
            last = max(row.as_of for row in group)
            latest = [row for row in group if row.as_of == last]
            if same_figure(latest):
                newest[figure] = latest[0]
    note = f"{CHOSEN}the newest known on {day.isoformat()}"
    return tuple(
        replace(row, note=f"{note}; {row.note}" if row.note else note)
        if newest.get((row.key, row.period)) is row
        else row
        for row in visible
    )


def _applies(oddity: Oddity, visible: Tables) -> bool:
    article = f"article_{oddity.article}_"
    return any(row.key.startswith(article) for row in visible.articles) and all(
        visible.has(*operand) for operand in oddity.operands
    )


def _case_as_of(inputs: Inputs, visible: Tables, day: date) -> CaseAsOf:
    late = tuple(
        LateInput(row, None if row.period else _newest_figure(row, visible))
        for row in used_rows(inputs)
        if row.as_of > day
    )
    written, results, refusal = evaluate(inputs), None, ""
    try:
        results = evaluate(_inputs_of_day(inputs, visible, late)) if late else written
    except ValuationError as error:
        refusal = str(error)
    return CaseAsOf(inputs.case, day, written, results, refusal, late)


def _newest_figure(row: Row, visible: Tables) -> Row | None:
    """The figure that stands for a scalar: same key and unit, known on the day, its period the last one."""
    keys = {**HISTORY_KEYS, visible.company.price_key: "share_price"}
    key = keys.get(row.key, row.key)
    history = {(figure.key, figure.period) for figure in visible.history}
    standing = (visible.row(key, period) for period in visible.periods(key) if (key, period) in history)
    candidates = [
        candidate for candidate in standing if candidate.unit == row.unit and candidate.basis in FACTS
    ]
    return max(
        candidates, key=lambda candidate: (period_end(candidate.period), candidate.as_of), default=None
    )


def _inputs_of_day(inputs: Inputs, visible: Tables, late: tuple[LateInput, ...]) -> Inputs:
    """The inputs with rows known on the day, every rule checked again."""
    rows: dict[str, Row] = {}
    for late_input in late:
        if late_input.substitute is not None:
            rows[late_input.row.key] = _standing_for(late_input)
    values = {key: inputs.parameter(key).read(row.value) for key, row in rows.items()}
    for key, row, value in _shorter_average(inputs, visible, late):
        rows[key], values[key] = row, value
    changed = replace(
        inputs,
        values={**inputs.values, **values},
        rows={**inputs.rows, **rows},
        tables=visible,
    )
    return changed.replace()


def _standing_for(late: LateInput) -> Row:
    assert late.substitute is not None
    note = (
        f"{late.substitute.key} of {late.substitute.period}; the case has {late.row.text} ({late.row.place})"
    )
    return replace(late.substitute, key=late.row.key, period="", note=note)


def _shorter_average(
    inputs: Inputs, visible: Tables, late: tuple[LateInput, ...]
) -> Iterator[tuple[str, Row, Value]]:
    """The last year of the average, where some of its years were not known: the last one before a gap."""
    if not any(late_input.row.key == AVERAGED for late_input in late):
        return
    first, last = inputs.count("devices_average_first_year"), inputs.count("devices_average_last_year")
    years: list[int] = []
    for year in range(first, last + 1):
        if not visible.has(AVERAGED, f"FY{year}"):
            break
        years.append(year)
    if not years:
        raise InputError("devices_average_first_year", first, f"must have {AVERAGED} known on the day")
    key, row = "devices_average_last_year", inputs.row("devices_average_last_year")
    note = f"{AVERAGED} of FY{years[-1] + 1} was not known; the case has {last} ({row.place})"
    shorter = replace(
        row, value=float(years[-1]), text=str(years[-1]), low=None, high=None, basis="derived", note=note
    )
    yield key, shorter, years[-1]
