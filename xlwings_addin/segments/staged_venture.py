"""A venture in stages: what is spent, how likely each stage succeeds, and what it is worth if all do.

Stages follow one another from the valuation date on; one of no years is left out. Whoever may stop does so
when a stage has failed, and does not begin one that costs more than it promises; whoever may not spends on
all stages, come what may. Spending is after tax and falls at the end of a year, or in its middle where the
case says so; whether a stage has succeeded is known at its end.

Sources: Damodaran, The Dark Side of Valuation, ch. 4 (decision trees); Dixit and Pindyck, Investment under
Uncertainty (1994), ch. 10 (investment in stages).
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any, Final

from xlwings_addin.core.years import floored, power, total
from xlwings_addin.segments.lines import ModelLine, Scalar, line, named_line
from xlwings_addin.segments.needs import Need, choice, number, rate, years
from xlwings_addin.segments.stream import Valued

STAGES: Final = (1, 2, 3, 4)
MAY_STOP, COMMITTED = "may_stop", "committed"
"""Whether there is a right to stop: the words of the choice `KEY_stopping`."""


class Venture(Valued):
    """Stages from the last to the first: a stage is worth its chance of the next one, less its cost."""

    def length(self, stage: int) -> int:
        """The years of a stage, one number for all scenarios."""
        return self.inputs.count(f"{self.prefix}_stage_{stage}_years")

    def chance_of(self, stage: int) -> Scalar:
        """How likely a stage succeeds; a stage that is left out does."""
        return self.own(f"stage_{stage}_probability") if self.length(stage) else 1.0

    def factor(self, wait: float) -> Scalar:
        """What money loses over so many years."""
        return power(1 / (1 + self.own("discount_rate")), wait)

    def cost_of(self, stage: int) -> Scalar:
        """The spending of a stage at its beginning."""
        length, early = self.length(stage), 0.5 if self.timeline.timing == "mid" else 0.0
        if not length:
            return 0.0
        factors: Scalar = total([self.factor(year - early) for year in range(1, length + 1)])
        return self.own(f"stage_{stage}_spending") * factors

    def worth_of(self, stage: int) -> Scalar:
        """A stage at its beginning, with the right not to begin it."""
        following: Scalar = (
            self.own("success_value") if stage == STAGES[-1] else getattr(self, f"stage_{stage + 1}_worth")
        )
        if not self.length(stage):
            return following
        promise = self.chance_of(stage) * following * self.factor(float(self.length(stage)))
        worth: Scalar = floored(promise - getattr(self, f"stage_{stage}_cost"))
        return worth

    def until(self, stage: int) -> int:
        """The years before a stage."""
        return sum(self.length(earlier) for earlier in STAGES if earlier < stage)

    @line("Years to success", unit="years")
    def years_to_success(self) -> Scalar:
        return float(self.until(STAGES[-1] + 1))

    @line("Chance of success", unit="ratio")
    def chance(self) -> Scalar:
        """that every stage succeeds"""
        return prod((self.chance_of(stage) for stage in STAGES), start=1.0)

    @line("Value with the right to stop", unit="{currency} m")
    def stopping_value(self) -> Scalar:
        """of the first stage: after a failure nothing more is spent"""
        worth: Scalar = getattr(self, f"stage_{STAGES[0]}_worth")
        return worth

    @line("Value without it", unit="{currency} m")
    def committed_value(self) -> Scalar:
        """chance of success x value then, less the spending of all stages"""
        promise = self.chance * self.own("success_value") * self.factor(float(self.until(STAGES[-1] + 1)))
        costs: Scalar = total(
            [getattr(self, f"stage_{stage}_cost") * self.factor(float(self.until(stage))) for stage in STAGES]
        )
        return promise - costs

    @line("Worth of the right to stop", unit="{currency} m")
    def right_to_stop(self) -> Scalar:
        return self.stopping_value - self.committed_value

    @line("Value", unit="{currency} m")
    def enterprise_value(self) -> Scalar:
        """with the right to stop or without it, as the case says"""
        may_stop = self.inputs.text(f"{self.prefix}_stopping") == MAY_STOP
        return self.stopping_value if may_stop else self.committed_value

    @property
    def terminal_present_value(self) -> Scalar:
        """Nothing of it lies beyond a forecast."""
        return 0.0


def _cost(venture: Any, *, stage: int) -> Scalar:
    cost: Scalar = venture.cost_of(stage)
    return cost


def _worth(venture: Any, *, stage: int) -> Scalar:
    worth: Scalar = venture.worth_of(stage)
    return worth


def _of_stage(stage: int) -> dict[str, ModelLine[Any]]:
    cost, worth = f"stage_{stage}_cost", f"stage_{stage}_worth"
    unit, note = "{currency} m", "its chance of the next stage less its cost; nothing where that is a loss"
    return {
        cost: named_line(
            cost, f"Spending of stage {stage}, at its start", partial(_cost, stage=stage), unit=unit
        ),
        worth: named_line(
            worth, f"Worth of stage {stage}, at its start", partial(_worth, stage=stage), unit=unit, note=note
        ),
    }


StagedVenture = type(
    "StagedVenture", (Venture,), {key: line for stage in STAGES for key, line in _of_stage(stage).items()}
)


def _needs(stage: int) -> tuple[Need, ...]:
    key, label = f"{{part}}_stage_{stage}", f"Stage {stage} of {{label}}"
    spent, succeeds = "A year, after tax.", "That it succeeds, if the stages before have."
    return (
        years(f"{key}_years", f"{label}, years", "0 leaves the stage out."),
        number(f"{key}_spending", f"{label}, spending", "{currency} m", spent, least=0),
        rate(f"{key}_probability", f"{label}, probability", succeeds, least=0, most=1),
    )


TEMPLATE = StagedVenture
NEEDS: tuple[Need, ...] = (
    rate("{part}_discount_rate", "Discount rate, {label}", "Of money spent and won.", above=0, most=1),
    *(need for stage in STAGES for need in _needs(stage)),
    number(
        "{part}_success_value",
        "Value of {label} if it succeeds",
        "{currency} m",
        "At the end of the last stage.",
        least=0,
    ),
    choice(
        "{part}_stopping",
        "Right to stop, {label}",
        "may_stop: nothing is spent after a failure, or on a stage that does not pay; committed: all of it.",
        MAY_STOP,
        COMMITTED,
    ),
)
