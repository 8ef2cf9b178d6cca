"""Capital: the timeline every sheet follows, and what each business must earn."""

from __future__ import annotations

from xlwings_addin.inputs.company import Company
from xlwings_addin.inputs.rates import wacc_source
from xlwings_addin.segments.capital import discounted_parts, rounding_key
from xlwings_addin.sheets.spec import Block, Context, Line, Sheet, constant, yearly


def blocks(context: Context) -> list[Block]:
    parts = discounted_parts(context.company)
    timeline = [
        yearly("year_number", "{year_number[-1]}+1", opening="0"),
        yearly("year", "{year[-1]}+1", opening="{inputs.base_year}"),
        constant("base_year_end", "DATE({year:opening}+1,1,1)-1"),
        constant("first_year_end", "DATE({year:years[1]}+1,1,1)-1"),
        constant(
            "opening_period",
            'IF({inputs.stub}="date",'
            "MAX(0,({base_year_end}-{inputs.valuation_date})/{inputs.days_per_year}),0)",
        ),
        constant(
            "first_period",
            'IF({inputs.stub}="date",IF({opening_period}>0,1+{opening_period},'
            "({first_year_end}-{inputs.valuation_date})/{inputs.days_per_year}),1)",
        ),
        constant("opening_flow_share", 'IF({inputs.first_flow}="stub",MIN({opening_period},1),0)'),
        constant("first_flow_share", 'IF({inputs.first_flow}="stub",MIN({first_period},1),1)'),
        yearly(
            "year_end_exponent",
            "IF({year_number}=1,{first_period},{year_end_exponent[-1]}+1)",
            opening="{opening_period}",
        ),
        yearly(
            "flow_exponent",
            'IF({inputs.timing}="mid",AVERAGE({year_end_exponent[-1]},{year_end_exponent}),{year_end_exponent})',
            opening='IF({inputs.timing}="mid",AVERAGE(0,{year_end_exponent}),{year_end_exponent})',
        ),
        yearly(
            "cash_share",
            "IF({year_number}=1," + _became_cash("{first_year_end}") + ",0)",
            opening=_became_cash("{base_year_end}"),
        ),
        constant("stream_offset", "IF({opening_period}>0,0,1)"),
        constant("stream_first_period", "IF({opening_period}>0,{opening_period},{first_period})"),
    ]
    has = context.company.parameters.has
    raw_beta = "{inputs.raw_beta}" + ("/(1-{inputs.beta_cash_share})" if has("beta_cash_share") else "")
    cost_of_capital = [
        constant("beta", f"{{inputs.blume_weight}}*{raw_beta}+(1-{{inputs.blume_weight}})"),
        constant(
            "cost_of_equity",
            "{inputs.risk_free}+{beta}*{inputs.equity_risk_premium}+{inputs.country_risk}",
            name="cost_of_equity",
        ),
        constant("after_tax_cost_of_debt", "{inputs.cost_of_debt}*(1-{inputs.tax_rate})"),
        constant(
            "wacc_computed",
            "{inputs.equity_weight}*{cost_of_equity}+(1-{inputs.equity_weight})*{after_tax_cost_of_debt}",
        ),
        *(line for part in parts for line in _of_part(context.company, part.key)),
        *(
            constant(f"{part.key}_spread", f"{{{part.key}_wacc}}-{{inputs.{part.key}_terminal_growth}}")
            for part in parts
        ),
    ]
    return [
        Block("Timeline", timeline),
        Block("Cost of capital", cost_of_capital),
    ]


def _became_cash(end: str) -> str:
    """What fell of a year's flow between two days: what was left of it on the first less on the second."""
    counted, now = (
        f"MIN(MAX(({end}-{{inputs.{key}}})/{{inputs.days_per_year}},0),1)"
        for key in ("cash_since", "valuation_date")
    )
    return f'IF(AND({{inputs.first_flow}}="stub",{{inputs.stub}}="date"),{counted}-{now},0)'


def _of_part(company: Company, part: str) -> list[Line]:
    """The rate of a part: chosen between printed and computed, typed, or computed."""
    key, source = f"{part}_wacc", wacc_source(company, part)

    def used(rate: str) -> str:
        """The rate in the currency of the flows, where the case converts it."""
        if not company.parameters.has("rate_parity"):
            return rate
        parity = "(1+{inputs.risk_free_local})/(1+{inputs.risk_free})"
        return f'IF({{inputs.rate_parity}}="yields",(1+{rate})*{parity}-1,{rate})'

    if source == "chosen":
        printed = f"{{inputs.{part}_wacc_printed}}"
        chosen = f'IF({{inputs.{part}_wacc_basis}}="printed",{printed},{{wacc_computed}})'
        return [
            constant(rounding_key(company, part), f"{printed}-{{wacc_computed}}"),
            constant(key, used(chosen), total=True, name=key),
        ]
    if source == "computed":
        return [constant(key, used("{wacc_computed}"), total=True)]
    beta = f"({{inputs.{key}}}-{{inputs.risk_free}}-{{inputs.country_risk}})/{{inputs.equity_risk_premium}}"
    return [
        constant(key, used(f"{{inputs.{key}}}"), total=True),
        constant(f"{part}_implied_beta", beta),
    ]


SHEET = Sheet(
    "capital",
    "Capital",
    "When do the flows fall, and what must each business earn?",
    blocks,
    tab="business",
    place=50,
)
