"""The pictures of the Cover and the figures behind them: the football field, and the way from parts to price.

Both begin at nought: what lies below it is not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from xlwings_addin.inputs.company import Company
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Series,
)
from xlwings_addin.sheets.words import money, rounded
from xlwings_addin.valuation.xiaomi import Results

Of = Callable[[Results], float]

WORTH = "{sotp.equity_value:per_share}"
"""The value of a share in a picture: where there is none it is #N/A, which no program draws."""
VALUE, PRICE, RISE, FALL = "1F3864", "C55A11", "2E75B6", "F4B183"
"""Dark blue, orange, blue, pale orange: they differ in print without colour, too."""


def _columns(*groups: tuple[str, str]) -> Layout:
    return {
        key: Columns(FIRST_COLUMN + place, (heading,), 11.0) for place, (key, heading) in enumerate(groups)
    }


FIELD = _columns(
    ("low", "Low"),
    ("middle", "Middle"),
    ("high", "High"),
    ("space", "Not drawn"),
    ("below", "To the middle"),
    ("above", "Above the middle"),
    ("price", "Price"),
)
STEPS = _columns(
    ("caption", "Caption"),
    ("step", "Step"),
    ("level", "Level"),
    ("space", "Not drawn"),
    ("rise", "Rise"),
    ("fall", "Fall"),
    ("whole", "Value"),
    ("market", "Price"),
)


class Range(NamedTuple):
    """A row of the football field: its three figures, by value and by formula."""

    key: str
    label: str
    low: tuple[Of, str]
    middle: tuple[Of, str]
    high: tuple[Of, str]
    note: str = ""


def field(ranges: Sequence[Range]) -> Block:
    """The figures of the football field, and the pieces that are drawn of them."""
    return Block("Behind the football field", [_range(one) for one in ranges], FIELD)


def _drawn(value: float) -> float:
    return max(0.0, value)


def _range(one: Range) -> Line:
    low, middle, high = one.low[0], one.middle[0], one.high[0]
    return Line(
        f"field_{one.key}",
        one.label,
        "{listing}",
        {
            "low": Entry(*one.low),
            "middle": Entry(*one.middle),
            "high": Entry(*one.high),
            "space": Entry(lambda r: _drawn(low(r)), f"MAX(0,{{field_{one.key}:low}})"),
            "below": Entry(
                lambda r: _drawn(middle(r)) - _drawn(low(r)),
                f"MAX(0,{{field_{one.key}:middle}})-{{field_{one.key}:space}}",
            ),
            "above": Entry(
                lambda r: _drawn(high(r)) - _drawn(middle(r)),
                f"MAX(0,{{field_{one.key}:high}})-MAX(0,{{field_{one.key}:middle}})",
            ),
            "price": Entry(lambda r: r.price, "{sotp.price}"),
        },
        note=one.note,
    )


def field_chart(
    context: Context, ranges: Sequence[Range], anchor: tuple[str, str], until: tuple[str, str, int]
) -> Chart:
    """Ranges of value as columns that stand in the air, the price as a line across."""
    first, last = ranges[0].key, ranges[-1].key

    def column(group: str) -> str:
        return f"{{field_{first}:{group}}}:{{field_{last}:{group}}}"

    return Chart(
        title="What a share is worth, by what one believes",
        series=(
            Series("Not drawn", column("space"), "space"),
            Series("Low to middle", column("below"), colour=VALUE),
            Series("Middle to high", column("above"), colour=RISE),
            Series("Low", column("low"), "label below", labels="0.0"),
            Series("High", column("high"), "label", labels="0.0"),
            Series("Price", column("price"), "line", PRICE),
        ),
        categories=column("label"),
        anchor=anchor,
        axis=f"{context.company.currency.listing} a share",
        number_format="0",
        stacked=True,
        below=1,
        until=until,
    )


class Step(NamedTuple):
    """A step from the parts to the price: what it adds, or the total that it comes to."""

    key: str
    label: str
    of: Of
    formula: str
    total: str = ""


def _steps(company: Company) -> list[Step]:
    def part(key: str, label: str) -> Step:
        return Step(
            key,
            label,
            lambda r: float(getattr(r.sotp, key).per_share),
            f"{{sotp.{key}:per_share}}",
        )

    valued = discounted_parts(company)

    def rest(r: Results) -> float:
        own = sum(r.sotp.part(one.key).per_share for one in valued)
        return float(r.sotp.segments.per_share + r.sotp.discount.per_share - own)

    minus = "".join(f"-{{sotp.{one.key}:per_share}}" for one in valued)
    return [
        *(part(one.key, one.short) for one in valued),
        Step(
            "rest",
            "Others, discount",
            rest,
            f"{{sotp.segments:per_share}}+{{sotp.discount:per_share}}{minus}",
        ),
        part("net_cash", "Net cash"),
        Step(
            "investments",
            "Stakes, minorities",
            lambda r: float(r.sotp.associates.per_share + r.sotp.minority_interest.per_share),
            "{sotp.associates:per_share}+{sotp.minority_interest:per_share}",
        ),
        Step("value", "Value", lambda r: r.sotp.value_per_share, WORTH, "whole"),
        Step("gap", "Gap", lambda r: r.price - r.sotp.value_per_share, f"{{sotp.price}}-{WORTH}"),
        Step("price", "Price", lambda r: r.price, "{sotp.price}", "market"),
    ]


def waterfall(company: Company) -> Block:
    """The steps from the parts to the value and from there to the price, and the pieces drawn of them."""
    steps = _steps(company)
    lines = [_step(steps, place) if not step.total else _total(step) for place, step in enumerate(steps)]
    return Block("Behind the way from the parts to the price", lines, STEPS)


def _level(steps: Sequence[Step], place: int) -> Of:
    """Where the steps up to one have come to."""

    def level(r: Results) -> float:
        reached = 0.0
        for step in steps[: place + 1]:
            reached = step.of(r) if step.total else reached + step.of(r)
        return reached

    return level


def _step(steps: Sequence[Step], place: int) -> Line:
    step, before = steps[place], f"{{step_{steps[place - 1].key}:level}}" if place else "0"
    start, end = (_level(steps, place - 1) if place else lambda r: 0.0), _level(steps, place)
    own = f"{{step_{step.key}:level}}"
    return Line(
        f"step_{step.key}",
        step.label,
        "{listing}",
        {
            "caption": _caption(step, f"{{step_{step.key}:step}}"),
            "step": Entry(step.of, step.formula),
            "level": Entry(end, f"{before}+{{step_{step.key}:step}}"),
            "space": Entry(
                lambda r: min(_drawn(start(r)), _drawn(end(r))), f"MIN(MAX(0,{before}),MAX(0,{own}))"
            ),
            "rise": Entry(
                lambda r: _drawn(_drawn(end(r)) - _drawn(start(r))), f"MAX(0,MAX(0,{own})-MAX(0,{before}))"
            ),
            "fall": Entry(
                lambda r: _drawn(_drawn(start(r)) - _drawn(end(r))), f"MAX(0,MAX(0,{before})-MAX(0,{own}))"
            ),
        },
    )


def _caption(step: Step, cell: str) -> Entry:
    """What stands below a column: its name and its amount."""
    return Entry(
        lambda r: f"{step.label} {rounded(step.of(r))}", f'"{step.label} "&{money(cell)}', unit="text"
    )


def _total(step: Step) -> Line:
    return Line(
        f"step_{step.key}",
        step.label,
        "{listing}",
        {
            "caption": _caption(step, f"{{step_{step.key}:level}}"),
            "level": Entry(step.of, step.formula),
            step.total: Entry(lambda r: _drawn(step.of(r)), f"MAX(0,{{step_{step.key}:level}})"),
        },
    )


def waterfall_chart(context: Context, anchor: tuple[str, str], until: tuple[str, str, int]) -> Chart:
    """The parts one upon the other up to the value, and the gap from there to the price."""
    steps = _steps(context.company)

    def column(group: str) -> str:
        return f"{{step_{steps[0].key}:{group}}}:{{step_{steps[-1].key}:{group}}}"

    return Chart(
        title="From the parts to the price",
        series=(
            Series("Not drawn", column("space"), "space"),
            Series("Adds", column("rise"), colour=RISE),
            Series("Takes away", column("fall"), colour=FALL),
            Series("Value", column("whole"), colour=VALUE),
            Series("Price", column("market"), colour=PRICE),
        ),
        categories=column("caption"),
        anchor=anchor,
        axis=f"{context.company.currency.listing} a share",
        number_format="0",
        stacked=True,
        legend=False,
        below=1,
        until=until,
    )
