"""A venture in stages: its sheet, from the last stage to the first."""

from __future__ import annotations

from functools import partial

from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.segments.staged_venture import MAY_STOP, STAGES
from xlwings_addin.sheets.segments.half import Half
from xlwings_addin.sheets.spec import Block, Context, Line, Sheet, constant


def _stage(inputs: str, stage: int) -> list[Line]:
    """Cost and worth of a stage at its start; one of no years passes on what follows it."""
    own, rate = f"{inputs}_stage_{stage}", f"{{{inputs}_discount_rate}}"
    length = f"{{{own}_years}}"
    following = f"{{{inputs}_success_value}}" if stage == STAGES[-1] else f"{{stage_{stage + 1}_worth}}"
    early = f'(1+{rate})^IF({{inputs.timing}}="mid",AVERAGE(0,1),0)'
    annuity = f"(1-(1+{rate})^-{length})/{rate}"
    promise = f"{{{own}_probability}}*{following}/(1+{rate})^{length}"
    return [
        constant(f"stage_{stage}_cost", f"{{{own}_spending}}*{annuity}*{early}"),
        constant(
            f"stage_{stage}_worth", f"IF({length}=0,{following},MAX(0,{promise}-{{stage_{stage}_cost}}))"
        ),
    ]


def _value(inputs: str) -> list[Line]:
    """With the right to stop and without it."""
    rate = f"{{{inputs}_discount_rate}}"
    lengths = [f"{{{inputs}_stage_{stage}_years}}" for stage in STAGES]
    chances = [
        f"IF({length}=0,1,{{{inputs}_stage_{stage}_probability}})"
        for stage, length in zip(STAGES, lengths, strict=True)
    ]
    costs = [
        f"{{stage_{stage}_cost}}/(1+{rate})^({'+'.join(lengths[:place]) or 0})"
        for place, stage in enumerate(STAGES)
    ]
    won = f"{{chance}}*{{{inputs}_success_value}}/(1+{rate})^{{years_to_success}}"
    return [
        constant("years_to_success", "+".join(lengths)),
        constant("chance", "*".join(chances)),
        constant("stopping_value", f"{{stage_{STAGES[0]}_worth}}"),
        constant("committed_value", f"{won}-({'+'.join(costs)})"),
        constant("right_to_stop", "{stopping_value}-{committed_value}"),
        constant(
            "enterprise_value",
            f'IF({{{inputs}_stopping}}="{MAY_STOP}",{{stopping_value}},{{committed_value}})',
            total=True,
        ),
    ]


def _blocks(business: Business, _: Context) -> list[Block]:
    inputs = f"inputs.{business.prefix}"
    stages = [line for stage in reversed(STAGES) for line in _stage(inputs, stage)]
    return [Block("Stages, the last one first", stages), Block("Value", _value(inputs))]


def sheet(company: Company, business: Business) -> Sheet:
    """The sheet of a venture."""
    return Sheet(business.key, business.sheet, business.question, partial(_blocks, business))


HALF = Half(
    sheet,
    phrase="in stages",
    short="staged",
    about="what is spent, how likely it succeeds, and what it is worth then",
    discounts=False,
)
