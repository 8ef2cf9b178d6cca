"""How the answers of `implied` and its kin are printed for people."""

from __future__ import annotations

import re
from math import isclose
from typing import TYPE_CHECKING

from xlwings_addin.cli.printing import show, table

if TYPE_CHECKING:
    from xlwings_addin.analytics.identity import Identity
    from xlwings_addin.analytics.implied import Answer, Implied, Solution
    from xlwings_addin.analytics.iso import IsoCurve
    from xlwings_addin.analytics.multiples import Multiples
    from xlwings_addin.analytics.sensitivity import Sensitivity
    from xlwings_addin.analytics.tornado import Bar, RankStability, Tornado

SHARES = ("ratio", "rate")


def spelled(value: float | None, unit: str) -> str:
    """A figure with its unit: shares as percentages, years without decimals."""
    if value is None:
        return "none" if unit == "year" else "n/a"
    if unit in SHARES:
        return f"{value:.2%}"
    if unit == "year":
        return f"{value:.0f}"
    if unit == "multiple":
        return f"{value:.2f}x"
    if re.fullmatch("[A-Z]{3}", unit):  # money a share
        return f"{value:,.2f} {unit}"
    unit = "" if unit == "plain" else unit
    digits = max(0, 3 - len(f"{abs(value):.0f}"))
    return f"{value:,.{digits if abs(value) >= 1 else 4}f} {unit}".strip()


def title(identity: Identity, what: str) -> str:
    return f"{what}, {identity}"


def show_implied(answers: list[Implied]) -> None:
    """A row for each solution, then what each of them means."""
    first = answers[0]
    present = spelled(first.present, first.line_unit)
    rows = [row for answered in answers for answer in answered.answers for row in _rows(answered, answer)]
    heading = title(first.identity, f"{first.line}: {present} in the case")
    settings = ", ".join(f"{key} {value:g}" for key, value in first.settings.items())
    if settings:
        show(f"with {settings}")
    columns = ("Solved for", "In the case", "To reach", "It must be", "Which gives")
    show(table(heading, columns, rows, right=4))
    for answered in answers:
        for answer in answered.answers:
            for solution in answer.solutions:
                for line in _meaning(answered, solution):
                    show(line)
            if not answer.solutions:
                show(unsolved(answered, answer))
    figures = {row.place: row for answered in answers if answered.solved for row in answered.figures}
    for row in figures.values():
        later = ", known after the valuation date" if row.as_of > first.identity.valuation_date else ""
        show(f"{row.key} {row.period}: {row.text} {row.unit}, {row.source}, {row.as_of}{later}")


def _rows(answered: Implied, answer: Answer) -> list[tuple[str, ...]]:
    target = spelled(answer.target, answered.line_unit)
    start = spelled(answered.start, answered.unit)
    if not answer.solutions:
        return [(answered.key, start, target, "no value does", "")]
    unit = answered.result_unit
    return [
        (
            *(answered.key, start, target, spelled(solution.value, answered.unit)),
            "" if solution.result is None else spelled(solution.result, unit),
        )
        for solution in answer.solutions
    ]


def unsolved(answered: Implied, answer: Answer) -> str:
    """The sentence for a target that is not reached."""
    low, high = (spelled(end, answered.unit) for end in answered.looked_in)
    reach = spelled(answer.target, answered.line_unit)
    side = "jumps across it" if answer.stays == "across" else f"stays {answer.stays} it"
    nearest = spelled(answer.nearest_value, answered.line_unit)
    at = spelled(answer.nearest_at, answered.unit)
    return (
        f"{answered.key}: no value from {low} to {high} brings {answered.line} to {reach}: the model {side}, "
        f"nearest is {nearest} at {at}"
    )


def _meaning(answered: Implied, solution: Solution) -> list[str]:
    """What a solution means, one thought a line: the figures that it moves."""
    head = f"{answered.key} {spelled(solution.value, answered.unit)}:"
    lines = [
        f"  {label}: {spelled(solution.meaning[key], unit)}, in the case "
        f"{spelled(answered.in_the_case[key], unit)}"
        for key, (label, unit) in answered.labels.items()
        if solution.meaning[key] != answered.in_the_case[key]
    ]
    if solution.outside:
        lines.append(f"  outside the range of its own row: {', '.join(solution.outside)}")
    return [head, *lines] if lines else []


def show_curves(curves: list[IsoCurve]) -> None:
    for curve in curves:
        rows = [
            (
                spelled(point.against, curve.against_unit),
                point.refused
                if point.answer is None
                else ", ".join(spelled(solution.value, curve.unit) for solution in point.answer.solutions)
                or f"none: stays {point.answer.stays}",
            )
            for point in curve.points
        ]
        heading = title(curve.identity, f"{curve.line} = {curve.target:g}")
        show(table(heading, (curve.against, curve.key), rows, right=2))


def show_sensitivity(answer: Sensitivity) -> None:
    """The table, the first key down and the second across; the case's own values are marked."""
    first, *others = answer.axes
    present = spelled(answer.present, answer.line_unit)
    heading = title(answer.identity, f"{answer.line}: {present} in the case (*)")
    if not others:
        columns = [first.key, answer.line]
        table_rows: list[tuple[str, ...]] = [
            (
                _marked(value, first.start, first.unit),
                spelled(figure, answer.line_unit) if figure == figure else "n/a",
            )
            for value, figure in zip(first.values, answer.table.tolist(), strict=True)
        ]
    else:
        (second,) = others
        corner = f"{first.key}, {second.key} across"
        columns = [corner, *(_marked(value, second.start, second.unit) for value in second.values)]
        table_rows = [
            (_marked(value, first.start, first.unit), *(_plain_figure(figure) for figure in row))
            for value, row in zip(first.values, answer.table.tolist(), strict=True)
        ]
    show(table(heading, columns, table_rows, right=len(columns)))
    for axis, elasticity in zip(answer.axes, answer.elasticity, strict=True):
        if elasticity is not None:
            show(f"{axis.key}: 1% more of it is {elasticity:+.2f}% of {answer.line}, over these values")


def _plain_figure(figure: float) -> str:
    return f"{figure:,.2f}" if figure == figure else "n/a"


def _marked(value: float, start: float, unit: str) -> str:
    return spelled(value, unit) + ("*" if isclose(value, start, rel_tol=1e-12) else "")


def show_tornado(answer: Tornado, most: int) -> None:
    rows = [
        (
            *(bar.key, spelled(bar.low.value, bar.unit), spelled(bar.high.value, bar.unit)),
            *(_reached(bar.low.per_share), _reached(bar.high.per_share), f"{bar.swing:.2f}"),
            ", ".join(f"{key} {share:.0%}" for key, share in bar.shares.items() if abs(share) >= 0.005),
        )
        for bar in answer.bars[:most]
    ]
    heading = title(answer.identity, f"{answer.present:.2f} a share in the case")
    columns = ("Input", "Low", "High", "At low", "At high", "Swing", "In which business")
    show(table(heading, columns, rows, right=6))
    if len(answer.bars) > most:
        show(f"and {len(answer.bars) - most} more; {len(answer.still)} inputs with a range move nothing")
    for bar in answer.bars:
        for sentence in _refused(bar):
            show(sentence)


def _reached(value: float | None) -> str:
    return "refused" if value is None else f"{value:.2f}"


def _refused(bar: Bar) -> list[str]:
    return [
        f"{bar.key} at {spelled(end.value, bar.unit)}: {end.refused}"
        for end in (bar.low, bar.high)
        if end.refused
    ]


def show_ranks(answer: RankStability, most: int) -> None:
    """The place of each input in each case, and how alike the orders are."""
    ordered = sorted(answer.ranks.items(), key=lambda item: min(rank for rank in item[1] if rank))
    rows = [(key, *("-" if rank is None else str(rank) for rank in ranks)) for key, ranks in ordered[:most]]
    show(table("Place of each input by its swing", ("Input", *answer.cases), rows, right=len(answer.cases)))
    correlation = [
        (case, *(_plain_figure(figure) for figure in row))
        for case, row in zip(answer.cases, answer.correlation.tolist(), strict=True)
    ]
    heading = "Rank correlation of the swings"
    show(table(heading, ("", *answer.cases), correlation, right=len(answer.cases)))


def show_multiples(answer: Multiples) -> None:
    """The football field's rows, then peers, implied multiples and the bound."""
    rows = [
        (
            *(row.label, f"{row.low:.2f}", f"{row.middle:.2f}", f"{row.high:.2f}"),
            "" if row.multiple_of_profit is None else f"{row.multiple_of_profit[1]:.1f}x",
            f"{row.as_of}, later" if row.later else str(row.as_of),
        )
        for row in answer.rows
    ]
    heading = title(answer.identity, f"A share, price {answer.price:.2f}")
    columns = ("Method", "Low", "Middle", "High", "Middle to earnings", "Known on")
    show(table(heading, columns, rows, right=5))
    for label, reason in answer.refused.items():
        show(f"{label}: no value in this case, {reason}")
    peer_rows = [
        (
            *(f"{one.group}, {one.key.replace('_', ' ')}", f"{one.low_quartile:.2f}", f"{one.median:.2f}"),
            *(f"{one.high_quartile:.2f}", ", ".join(peer.company for peer in one.counted)),
        )
        for one in answer.peers
    ]
    if peer_rows:
        headings = ("Peers that count", "Quartile", "Median", "Quartile", "Which")
        show(table("Multiples of peers", headings, peer_rows, right=4))
    for peer in {
        peer.company: peer for one in answer.peers for peer in one.left_out if not peer.counts
    }.values():
        show(f"{peer.company} does not count: {peer.why}")
    for one in answer.implied:
        at_value, at_price = _times(one.at_value), _times(one.at_price)
        show(f"{one.label}: {at_value} at the model's value, {at_price} at the price")
    if answer.bound_note:
        show(answer.bound_note)
    for row in answer.rows:
        if row.above_bound:
            show(f"warning: the high end of '{row.label}' is dearer than {' and '.join(row.above_bound)}")


def _times(multiple: float | None) -> str:
    return "n/a" if multiple is None else f"{multiple:.1f}x"
