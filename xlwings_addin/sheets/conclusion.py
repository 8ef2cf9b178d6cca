"""The sentences of the Cover, by formula: value and price, what the price needs, the cases, how old it is."""

from __future__ import annotations

from xlwings_addin.inputs.company import Company
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets.base_year import REPORTED_IN_TIME
from xlwings_addin.sheets.spec import LABEL, Block, Columns, Context, Entry, Layout, Line
from xlwings_addin.sheets.words import day, money, per_cent, percent, rounded
from xlwings_addin.valuation.ages import last_quarter
from xlwings_addin.valuation.parts import REQUIRED_KEY, implied_part
from xlwings_addin.valuation.verdict import verdict
from xlwings_addin.valuation.xiaomi import Results, weighted_value

NO_WEIGHT = "No case carries a weight: a row probability in the file of a case gives it one"
NO_VALUE = "ISTEXT({sotp.value_per_share})"
"""Where a share has no value: only in a workbook, for the core stops at such inputs."""
UNDEFINED_WORTH = (
    "the value of a share is n/a, for a business grows for ever as fast as it is discounted or faster."
)
COLUMNS: Layout = {"sentence": Columns(LABEL, ("What follows",), align="over")}


def headline(company: Company) -> Entry:
    """The sentence that says what a share is worth."""
    return Entry(_worth, _worth_formula(company))


def _worth(r: Results) -> str:
    upside = r.sotp.upside
    gap = f"the value is {percent(abs(upside))} {'above' if upside >= 0 else 'below'} the price."
    if r.sotp.value_per_share <= 0:
        gap = "nothing is left for the shares."
    listing, sums = r.company.currency.listing, r.sotp
    parts = [
        f"{part.short.lower()} {rounded(sums.part(part.key).per_share)}"
        for part in discounted_parts(r.company)
    ]
    worth = ", ".join([*parts, f"cash and other {rounded(sums.cash_and_other_per_share)}"])
    return (
        f"{r.inputs['case_title']}: a share is worth {listing} {rounded(sums.value_per_share)} "
        f"({worth}) against a price of {listing} {rounded(r.price)}: {gap}"
    )


def _worth_formula(company: Company) -> str:
    listing = company.currency.listing
    parts = "".join(
        f'&"{"" if not place else ", "}{part.short.lower()} "&{money(f"{{sotp.{part.key}:per_share}}")}'
        for place, part in enumerate(discounted_parts(company))
    )
    worth = (
        f'{{inputs.case_title}}&": a share is worth {listing} "&{money("{sotp.value_per_share}")}&" ("'
        f'{parts}&", cash and other "&{money("{sotp.cash_and_other_per_share}")}'
        f'&") against a price of {listing} "&{money("{sotp.price}")}&": "'
        '&IF({sotp.value_per_share}>0,"the value is "&TEXT(ABS({sotp.upside}),"0%")'
        '&IF({sotp.upside}>=0," above"," below")&" the price.","nothing is left for the shares.")'
    )
    return f'IF({NO_VALUE},{{inputs.case_title}}&": {UNDEFINED_WORTH}",{worth})'


def block(context: Context) -> Block:
    """The sentences below the first."""
    company = context.company
    lines = [*_advice(company), _needs(company), _range(context), _ages(context)]
    return Block("What follows", lines, COLUMNS)


def _advice(company: Company) -> list[Line]:
    """The verdict and the price to buy below, of a company that says which margin of safety it requires."""
    if not company.parameters.has(REQUIRED_KEY):
        return []
    listing, required = company.currency.listing, f"{{inputs.{REQUIRED_KEY}:live}}"

    def advice(r: Results) -> str:
        margin, below = percent(r.inputs.number(REQUIRED_KEY)), r.sotp.buy_below
        price = "no price to buy below."
        if not isinstance(below, str):
            price = f"buy below {listing} {rounded(below)}, the value less {margin}."
        return f"Verdict: {verdict(r)}; {price}"

    price = f'"buy below {listing} "&{money("{sotp.buy_below}")}&", the value less "&{per_cent(required)}&"."'
    below = f'IF(ISNUMBER({{sotp.buy_below}}),{price},"no price to buy below.")'
    return [_sentence("advice", advice, f'"Verdict: "&{{sotp.verdict}}&"; "&{below}')]


def _needs(company: Company) -> Line:
    """What the price makes of the part that delivers; without one, what lies between price and value."""
    part, listing = implied_part(company), company.currency.listing
    if part is None:
        return _gap(company)
    key, name = part.key, part.short.lower()
    own, implied = f"{{sotp.{key}:per_share}}", f"{{sotp.implied_{key}_per_share}}"

    def needs(r: Results) -> str:
        has = r.sotp.part(key).per_share
        wanted = (r.price - _value(r)) / (1 - r.inputs.number("holding_discount")) + has
        times = f", {rounded(wanted / has, 1)} times as much" if has > 0 else ""
        return (
            f"At the price, {name} are worth {listing} {rounded(wanted)} a share, "
            f"where the case has {rounded(has)}{times}."
        )

    return _sentence(
        "price_needs",
        needs,
        f'IF({NO_VALUE},"{UNDEFINED}",'
        f'"At the price, {name} are worth {listing} "&{money(implied)}&" a share, where the case has "'
        f'&{money(own)}&IF({own}>0,", "&TEXT({implied}/{own},"0.0")&" times as much","")&".")',
    )


def _gap(company: Company) -> Line:
    """How far the price lies from the value of a share, and what it pays for beyond."""
    listing = company.currency.listing
    paid = f": what the market pays for {company.beyond}." if company.beyond else "."

    def gap(r: Results) -> str:
        over = r.price - _value(r)
        side, end = ("above", paid) if over > 0 else ("below", ".")
        return f"The price is {listing} {rounded(abs(over))} {side} the value{end}"

    over = "{sotp.price_less_value}"
    side, end = f'IF({over}>0,"above","below")', '" the value."'
    if company.beyond:
        end = f'IF({over}>0," the value{paid}",{end})'
    words = f'"The price is {listing} "&{money(f"ABS({over})")}&" "&{side}&{end}'
    return _sentence("price_needs", gap, f'IF({NO_VALUE},"{UNDEFINED}",{words})')


def _range(context: Context) -> Line:
    """The cases that carry weight, and how much of the value lies beyond the years of the forecast."""
    listing = context.company.currency.listing

    def spread(r: Results) -> str:
        weighted = weighted_value(context.results.values())
        beyond = f"{percent(r.sotp.terminal_share)} of the businesses' value lies beyond the forecast years."
        if isinstance(weighted, str):
            return f"{NO_WEIGHT}; {beyond}"
        values = [_value(context.results[case]) for case in context.weights]
        return (
            f"Cases with a weight run from {listing} {rounded(min(values))} to {rounded(max(values))} "
            f"and weigh {rounded(weighted)}; {beyond}"
        )

    of_value = (
        f'{per_cent("{sotp.terminal_share}")}&" of the businesses\' value lies beyond the forecast years."'
    )
    beyond = f'IF({NO_VALUE},"the selected case has no value.",{of_value})'
    counted = f"{{stored_{context.cases[0]}:counts}}:{{stored_{context.cases[-1]}:counts}}"
    return _sentence(
        "range_of_cases",
        spread,
        f'IF({{weighted_value:value}}="{UNDEFINED}","{NO_WEIGHT}; ",'
        f'"Cases with a weight run from {listing} "&{money(f"MIN({counted})")}&" to "'
        f'&{money(f"MAX({counted})")}&" and weigh "&{money("{weighted_value:value}")}&"; ")&{beyond}',
    )


def _ages(context: Context) -> Line:
    """The days of the price and of the balance sheet and the last reported quarter; red once one is old."""
    year, number = "0", "0"
    if context.calendar.quarters:
        year = f"SUMPRODUCT(MAX({REPORTED_IN_TIME}*{{reported.quarter_year[all]}}))"
        of_year = f"({{reported.quarter_year[all]}}={year})"
        number = f"SUMPRODUCT(MAX({REPORTED_IN_TIME}*{of_year}*{{reported.quarter_number[all]}}))"
    facts = f'IF({year}=0,"of no reported quarter","to "&{year}&"Q"&{number})'
    price, balance = "{inputs.price_date}", "{inputs.balance_date}"

    def ages(r: Results) -> str:
        quarter, of = last_quarter(r.inputs), r.inputs.day
        facts = f"to {quarter}" if quarter else "of no reported quarter"
        return f"Price of {of('price_date')}, facts {facts}, balance sheet of {of('balance_date')}."

    formula = f'"Price of "&{day(price)}&", facts "&{facts}&", balance sheet of "&{day(balance)}&"."'
    end_of_last = f"DATE({year},3*{number}+1,0)"
    is_old = (
        f"OR(TODAY()-{price}>{{inputs.largest_price_age}},TODAY()-{balance}>{{inputs.largest_balance_age}},"
        f"AND({year}>0,TODAY()-{end_of_last}>{{inputs.largest_facts_age}}))"
    )
    return Line("ages", "", "", {"sentence": Entry(ages, formula, unit="text", red_when=is_old)})


def _value(r: Results) -> float:
    return float(r.sotp.value_per_share)


def _sentence(key: str, value: object, formula: str) -> Line:
    return Line(key, "", "", {"sentence": Entry(value, formula, unit="text")})  # type: ignore[arg-type]
