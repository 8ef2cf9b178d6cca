"""How a simulation is printed for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlwings_addin.cli.print_answers import spelled, title
from xlwings_addin.cli.printing import show, table

if TYPE_CHECKING:
    from xlwings_addin.analytics.contributions import Contribution
    from xlwings_addin.analytics.simulation import Simulation

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)


def show_simulation(answer: Simulation) -> None:
    """The distribution and its parts, the price in it, the inputs near the price, the rules broken."""
    _show_spreads(answer)
    _show_price(answer)
    _show_inputs(answer)
    _show_contributions(answer)
    left_out = answer.draws - answer.valued
    if left_out:
        show(f"{left_out:,} of {answer.draws:,} draws break a rule and are in no figure:")
    for rule, number in answer.broken.items():
        show(f"  {rule}: {number:,}")
    for change in answer.repaired:
        show(f"correlation of {change.key} and {change.other}: {change.used:.4f} for {change.stated:g}")
    if not answer.exact:
        show("quantiles are the middles of buckets, within 0.05% of themselves")


def _show_spreads(answer: Simulation) -> None:
    rows = [
        (
            *(name.replace("_", " "), f"{spread.mean:.2f}", f"{spread.deviation:.2f}"),
            *(f"{spread.quantiles[probability]:.2f}" for probability in QUANTILES),
        )
        for name, spread in {"value per share": answer.value, **answer.parts}.items()
        if spread.least or spread.most
    ]
    points = f"{answer.draws:,} {'Sobol points' if answer.method == 'sobol' else 'draws'}, seed {answer.seed}"
    heading = title(answer.identity, f"A share, {answer.present:.2f} in the case, {points}")
    headings = ("", "Mean", "Deviation", *(f"{probability:.0%}" for probability in QUANTILES))
    show(table(heading, headings, rows, right=len(headings) - 1))


def _show_price(answer: Simulation) -> None:
    error = answer.value.error
    of_mean = f", {answer.value.mean:.4f} give or take {error:.4f}" if error == error else ""
    show(f"mean{of_mean}: the error of drawing, not of the assumptions")
    probability, give = answer.above_price, answer.above_price_error
    show(f"worth more than the price, {answer.price:.2f}: {probability:.2%}, give or take {give:.2%}")
    if answer.loss is None or answer.position is None:
        show("at the 5th percentile a share is worth the price or more: no loss")
        return
    stated = ""
    if answer.position_stated is not None:
        low, high = answer.position_stated
        stated = f"; article 003 takes {low:.0%} to {high:.0%}"
    show(
        f"at the 5th percentile {answer.loss:.1%} of the price is lost: a position of {answer.position:.1%} "
        f"of a portfolio costs {answer.stated_loss:.1%} of it{stated}"
    )


def _show_inputs(answer: Simulation) -> None:
    rows = [
        (
            *(one.key, spelled(one.in_the_case, one.unit), spelled(one.mean, one.unit)),
            spelled(one.near_the_price, one.unit),
            "" if one.shift is None else f"{one.shift:+.2f}",
        )
        for one in answer.scenarios
    ]
    heading = (
        f"What is drawn, and what the {answer.near:,} draws have that are worth the price within 2%"
        if answer.near
        else "What is drawn; no draw is worth the price within 2%"
    )
    columns = ("Input", "In the case", "Mean", "Near the price", "Shift")
    show(table(heading, columns, rows, right=4))
    if answer.near:
        show("the shift is in standard deviations of the input")


def _show_contributions(answer: Simulation) -> None:
    if not answer.contributions:
        return
    rows = [
        (
            one.key,
            *(f"{part:.1%} ± {error:.1%}" for part, error in _parts(one)),
        )
        for one in sorted(answer.contributions, key=lambda one: -one.shapley)
    ]
    columns = ("Input", "Alone*", "With others*", "As correlated")
    show(table("What the variance comes from", columns, rows, right=3))
    show("* Sobol indices, of inputs drawn independently; as correlated: Shapley effects, which add to 100%")


def _parts(one: Contribution) -> tuple[tuple[float, float], ...]:
    return (
        (one.first_order, one.first_order_error),
        (one.total, one.total_error),
        (one.shapley, one.shapley_error),
    )
