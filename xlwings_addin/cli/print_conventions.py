"""How conventions and what reproduces printed figures are printed for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlwings_addin.cli.print_answers import title
from xlwings_addin.cli.printing import show, table

if TYPE_CHECKING:
    from xlwings_addin.analytics.conventions import Conventions
    from xlwings_addin.analytics.ramp_evidence import RampEvidence
    from xlwings_addin.analytics.replicate import Replicated


def show_conventions(answer: Conventions) -> None:
    """A row for every other option, then the parts of the whole change."""
    rows = [
        (option.label, option.own, option.option, *_worth(option.per_share, option.change))
        for option in answer.options
    ]
    heading = title(answer.identity, f"{answer.present:.2f} {answer.unit} a share in the case")
    columns = ("Convention", "In the case", "Instead", "A share", "Alone")
    show(table(heading, columns, rows, right=2))
    together, labels = answer.together, {option.key: option.label for option in answer.options}
    parts = [
        (labels.get(key, key), option, f"{together.alone[key]:+.2f}", f"{together.parts[key]:+.2f}")
        for key, option in together.options.items()
    ]
    other = f"the conventions of {answer.against}" if answer.against else "the first other option of each"
    heading = f"Together: {other}, {together.per_share:.2f} a share, {together.change:+.2f}"
    show(table(heading, ("Convention", "Instead", "Alone", "Part"), parts, right=2))
    show(f"beyond the sum of what they change alone: {together.interaction:+.2f}")
    for option in answer.options:
        if option.refused:
            show(f"{option.label}, {option.option}: {option.refused}")
        if option.source:
            show(f"{option.label}, {option.option}: {option.source}")
    for key, rule in together.left_out.items():
        show(f"{labels.get(key, key)} has no part, the others break a rule with it: {rule}")
    for reason in answer.missing.values():
        show(f"not priced: {reason}")


def _worth(per_share: float | None, change: float | None) -> tuple[str, str]:
    if per_share is None or change is None:
        return "refused", ""
    return f"{per_share:.2f}", f"{change:+.2f}"


def show_replicated(answer: Replicated) -> None:
    """The sets that reproduce the figures, nearest first, and what stays undetermined."""
    show(f"{answer.identity}: {answer.sentence}")
    if answer.sets:
        keys = [key for key, options in answer.possible.items() if len(options) > 1]
        texts = list(answer.sets[0].figures)
        rows = [
            (*(one.options[key] for key in keys), *(f"{value:.4g}" for value in one.figures.values()))
            for one in answer.sets
        ]
        show(table("Sets that reproduce them, nearest first", (*keys, *texts), rows, right=len(texts)))
    for key, options in answer.possible.items():
        show(f"{key}: {'undetermined' if len(options) > 1 else 'determined'}, {'; '.join(options)}")
    for key in answer.idle:
        show(f"{key}: undetermined, it moves none of the figures")
    if answer.refused:
        show(f"{answer.refused} sets break a rule and have no value")


def show_ramp(answer: RampEvidence) -> None:
    """The fits with what they leave open, the path among other ramps, and paths against what happened."""
    first, *_, last = answer.quarters
    rows = [
        (
            *(one.model if not place else "", f"{entry.key}, {entry.unit}", _number(entry.value)),
            "not determined" if entry.error is None else _number(entry.error),
        )
        for one in answer.fits
        for place, entry in enumerate(one.parameters)
    ]
    heading = title(answer.identity, f"Curves fitted to {len(answer.quarters)} quarters, {first} to {last}")
    show(table(heading, ("Curve", "Parameter", "Value", "Error"), rows, right=2))
    for sentence in answer.sentences:
        show(sentence)
    for one in answer.fits:
        if one.mean_absolute_error is not None:
            count = len(one.forecasts)
            miss = f"{one.mean_absolute_error:.0%} on average, {count} times"
            show(f"{one.model}: the next quarter was missed by {miss}")
    ranks = [
        (
            *(str(place.since), str(place.year), f"{place.deliveries:,.0f}"),
            "n/a" if place.percentile is None else f"{place.percentile:.0%}",
            ", ".join(f"{maker} {value:,.0f}" for maker, value in place.others.items()),
        )
        for place in answer.places
    ]
    if ranks:
        columns = ("Since 100,000", "Year", "Path", "Above", "Other makers")
        show(table("The path among other makers' ramps, by year since 100,000", columns, ranks, right=4))
    for maker in answer.left_out:
        show(f"{maker} does not count: the table has no year of it below 100,000 before one above")
    outcomes = [
        (one.case, str(one.year), f"{one.forecast:,.0f}", f"{one.actual:,.0f}", f"{one.ratio:.2f}x", one.note)
        for one in answer.outcomes
    ]
    if outcomes:
        headings = ("Case", "Year", "Forecast", "Happened", "Ratio", "Note")
        show(table("Paths against what was reported since", headings, outcomes, right=4))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
