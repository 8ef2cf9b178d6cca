"""SOTP: from the parts to the value of a share, and what the price says about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from xlwings_addin.inputs.company import Business, Company, PartEntry
from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import markets, profit
from xlwings_addin.sheets.segments import half_of
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    OWN,
    TIMELINE,
    Block,
    Chart,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Series,
    Sheet,
    constant,
    yearly,
)
from xlwings_addin.sheets.valuation import over_usd
from xlwings_addin.valuation.parts import NOT_FREE, REQUIRED_KEY, SHARE_KEY, implied_part, rate_key
from xlwings_addin.valuation.verdict import BETWEEN, CHEAP, DEAR, verdict
from xlwings_addin.valuation.xiaomi import Results


def _parts_layout(company: Company) -> Layout:
    """Columns of the sum: money, US dollars where neither currency is one, a share, and of the equity."""
    names = {"value": "{currency} m", "usd": "USD m", "per_share": "{listing} a share"}
    names |= {"per_share_usd": "USD a share", "share": "of equity"}
    left_out = [key for key in ("usd", "per_share_usd") if not over_usd(company)]
    headings = {key: heading for key, heading in names.items() if key not in left_out}
    return {
        key: Columns(FIRST_COLUMN + place, (heading,), 15.0 if not place else 12.0)
        for place, (key, heading) in enumerate(headings.items())
    }


METHODS: Layout = {
    "value": Columns(FIRST_COLUMN, ("{currency} m",), 15.0),
    "per_share": Columns(FIRST_COLUMN + 1, ("{listing} a share",), 12.0),
    "terminal_share": Columns(FIRST_COLUMN + 2, ("terminal",)),
    "used": Columns(FIRST_COLUMN + 3, ("counts",), align="centre"),
}


def _multiples_layout(parts: Sequence[PartEntry]) -> Layout:
    return {
        part.key: Columns(FIRST_COLUMN + place, (part.short,), 15.0 if not place else 12.0)
        for place, part in enumerate(parts)
    }


BARS: Layout = {
    "of_value": Columns(FIRST_COLUMN, ("Value",), 15.0),
    "of_price": Columns(FIRST_COLUMN + 1, ("Price",), 12.0),
}


def per_share(company: Company, amount: str) -> str:
    """Money as money a share: over the shares, in the currency of the listing."""
    rate = rate_key(company)
    return f"{amount}/{{shares}}" if rate is None else f"{amount}*{{{rate}}}/{{shares}}"


def _part(company: Company, key: str, formula: str, *, total: bool = False, name: str | None = None) -> Line:
    dollars = over_usd(company)
    usd = {
        "usd": Entry(OWN, f"{{{key}:value}}{dollars}", unit="USD m"),
        "per_share_usd": Entry(OWN, f"{{{key}:usd}}/{{shares}}", unit="USD"),
    }
    cells = {
        "value": Entry(OWN, formula),
        "per_share": Entry(OWN, per_share(company, f"{{{key}:value}}"), unit="{listing}"),
        "share": Entry(
            OWN, f"IF({{equity_value:value}}=0,0,{{{key}:value}}/{{equity_value:value}})", unit="ratio"
        ),
        **(usd if dollars else {}),
    }
    order = _parts_layout(company)
    return Line(key, "", "", {column: cells[column] for column in order}, total=total, name=name)


def _chosen(company: Company, part: PartEntry, reference: Callable[[Business], str]) -> str:
    """What the business that counts for a part has, of several by the choice of the case."""
    *others, last = company.methods_of(part.key)
    formula = reference(last)
    for business in reversed(others):
        formula = f'IF({{inputs.{part.method_key}}}="{business.method}",{reference(business)},{formula})'
    return formula


def _method(company: Company, business: Business) -> Line:
    """A business by one of its methods, and whether that is the one the case counts."""
    key, sheet, choice = _method_key(business), business.key, business.part.method_key
    half, label = half_of(business.template), business.part.short
    used = "1" if choice is None else f'IF({{inputs.{choice}}}="{business.method}",1,0)'

    def a_share(r: Results) -> float:
        return float(r.model.sotp.per_share(r.segments[sheet].valuation.enterprise_value))

    return Line(
        key,
        f"{label}, {half.phrase}",
        "{currency} m",
        {
            "value": Entry(lambda r: r.segments[sheet].valuation.enterprise_value, half.value(business)),
            "per_share": Entry(a_share, per_share(company, f"{{{key}:value}}"), unit="{listing}"),
            "terminal_share": Entry(
                lambda r: r.segments[sheet].valuation.terminal_share,
                f"{{{sheet}.terminal_share}}",
                unit="ratio",
            ),
            "used": Entry(lambda r: float(r.counts(business)), used, unit="used"),
        },
        f"{half.about}: {business.sheet}",
    )


def _method_key(business: Business) -> str:
    return f"method_{business.part.key}_{business.method}"


def _discounted(company: Company) -> list[Business]:
    """The businesses that discount flows."""
    return [business for business in company.businesses if half_of(business.template).discounts]


def _multiple(company: Company, key: str, label: str, line: str, index: str, note: str = "") -> Line:
    """Each part over a figure of the method that counts; none over nothing or a loss."""

    def entry(part: PartEntry) -> Entry:
        def multiple(business: Business) -> str:
            figure = f"{{{business.key}.{line}:{index}}}"
            if not half_of(business.template).has_sales:
                return '"n/a"'
            return f'IF({figure}>0,{{{part.key}:value}}/{figure},"n/a")'

        formula = f'IF(ISNA({{{part.key}:value}}),"{UNDEFINED}",{_chosen(company, part, multiple)})'
        return Entry(lambda r: getattr(r.sotp.multiples(part.key), key), formula)

    return Line(key, label, "multiple", {part.key: entry(part) for part in discounted_parts(company)}, note)


def _multiples(company: Company) -> list[Line]:
    first = "value of a segment without debt over its operating profit after tax"
    return [
        _multiple(company, "base_sales", "Enterprise value to sales, base year", "revenue", "opening"),
        _multiple(
            company, "first_sales", "Enterprise value to sales, first forecast year", "revenue", "years[1]"
        ),
        _multiple(
            company,
            "first_earnings",
            "Price to earnings, first forecast year",
            "nopat",
            "years[1]",
            first,
        ),
        _multiple(company, "third_earnings", "Price to earnings, third forecast year", "nopat", "years[3]"),
    ]


def _sum(company: Company) -> list[Line]:
    parts = [
        _part(
            company,
            part.key,
            _chosen(company, part, lambda business: half_of(business.template).value(business)),
            name=f"{part.key}_enterprise_value" if part in discounted_parts(company) else None,
        )
        for part in company.parts
    ]
    total = "+".join(f"{{{part.key}:value}}" for part in company.parts)
    definition = (
        'IF({inputs.net_cash_definition}="company",{net_cash_company},{net_cash_strict})+{cash_since_counted}'
    )
    return [
        *parts,
        _part(company, "segments", total, total=True),
        _part(company, "discount", "-{inputs.holding_discount}*{segments:value}"),
        _part(company, "net_cash", definition),
        _part(company, "associates", "{inputs.associates}"),
        _part(company, "minority_interest", "-{inputs.minority_interest}"),
        _part(
            company,
            "equity_value",
            "{segments:value}+{discount:value}+{net_cash:value}+{associates:value}+{minority_interest:value}",
            total=True,
        ),
    ]


def _flows_since(company: Company, part: PartEntry) -> str:
    """What the flows of a part have brought since the cash was counted, by the method that counts."""
    return _chosen(
        company,
        part,
        lambda business: (
            f"SUMPRODUCT({{{business.key}.fcff[0:]}},{{capital.cash_share[0:]}})"
            if half_of(business.template).discounts
            else "0"
        ),
    )


def _net_cash_and_shares(company: Company) -> list[Line]:
    counted, strict = [], "{inputs.liquid_funds}"
    if company.parameters.has(SHARE_KEY):
        rest = "{inputs.cash_resources}-{inputs.liquid_funds}-{inputs.restricted_cash}"
        counted.append(constant("long_term_deposits", f"MAX({rest},0)*{{inputs.{SHARE_KEY}}}"))
        strict += "+{long_term_deposits}"
    if not_free := [key for key in NOT_FREE if company.parameters.has(key)]:
        counted.append(constant("cash_not_free", "+".join(f"{{inputs.{key}}}" for key in not_free)))
        strict += "-{cash_not_free}"
    strict += "-{inputs.debt}"
    strike = f"{{inputs.award_strike_{company.currency.listing.lower()}}}"
    awards = f"{{inputs.share_awards}}*MAX(0,1-{strike}/{{inputs.{company.price_key}}})"
    lines = [
        *counted,
        constant("net_cash_strict", strict),
        constant("net_cash_company", "{inputs.cash_resources}-{inputs.debt}"),
        constant(
            "flows_since", "+".join(_flows_since(company, part) for part in discounted_parts(company)) or "0"
        ),
        constant(
            "cash_since_counted", "{flows_since}+{inputs.cash_rolled}-{inputs.payouts_since}", total=True
        ),
        constant(
            "shares",
            f'IF({{inputs.share_basis}}="treasury_stock",{{inputs.basic_shares}}+{awards},'
            "{inputs.diluted_shares})",
        ),
    ]
    if (key := rate_key(company)) is not None:
        currencies = (company.currency.listing, company.currency.reporting)
        above, below = (company.per_usd(currency) for currency in currencies)
        top = "1" if above is None else f"{{inputs.{above}}}"
        lines.append(constant(key, top if below is None else f"{top}/{{inputs.{below}}}"))
    return lines


def _if_valued(formula: str) -> str:
    """A formula of the value of a share, "n/a" where it has none."""
    return f'IF(ISTEXT({{value_per_share}}),"{UNDEFINED}",{formula})'


def _a_share(company: Company) -> list[Line]:
    first, others = company.parts[0].key, [part.key for part in discounted_parts(company)]
    terminal = "+".join(
        f"{{{key}:value}}*{{{key}:terminal_share}}*{{{key}:used}}"
        for key in map(_method_key, _discounted(company))
    )
    return [
        constant(f"{first}_and_net_cash_per_share", f"{{{first}:per_share}}+{{net_cash:per_share}}"),
        constant(
            "cash_and_other_per_share",
            "-".join(["{equity_value:per_share}", *(f"{{{key}:per_share}}" for key in others)]),
        ),
        constant(
            "value_per_share",
            f'IF(ISNA({{equity_value:per_share}}),"{UNDEFINED}",{{equity_value:per_share}})',
            total=True,
            name=f"value_per_share_{company.currency.listing.lower()}",
        ),
        constant("price", f"{{inputs.{company.price_key}}}"),
        constant(
            "margin_of_safety",
            f'IF(N({{value_per_share}})>0,1-{{price}}/{{value_per_share}},"{UNDEFINED}")',
            name="margin_of_safety",
        ),
        constant("upside", _if_valued("{value_per_share}/{price}-1")),
        *_verdict(company),
        constant("market_capitalisation", "{price}*{shares}"),
        constant(
            "terminal_share",
            f'IF(ISNA({{segments:value}}),"{UNDEFINED}",'
            f"IF({{segments:value}}=0,0,({terminal})/{{segments:value}}))",
        ),
    ]


def _verdict(company: Company) -> list[Line]:
    """The price to buy below, and what the price is in words, where a margin of safety is required."""
    if not company.parameters.has(REQUIRED_KEY):
        return []
    below = f'IF(N({{value_per_share}})>0,{{value_per_share}}*(1-{{inputs.{REQUIRED_KEY}}}),"{UNDEFINED}")'
    words = f'IF({{value_per_share}}<={{price}},"{DEAR}",IF({{price}}<={{buy_below}},"{CHEAP}","{BETWEEN}"))'
    words = _if_valued(words)
    return [
        constant("buy_below", below),
        constant("verdict", words, verdict, label="Verdict", unit="text"),
    ]


def _implied(company: Company, part: PartEntry) -> list[Line]:
    """What the price implies for a part that delivers."""

    def final(business: Business) -> str:
        if business.template == "capacity_ramp":
            return f"{{{business.key}.final_deliveries}}"
        deliveries = f"{{{business.key}.deliveries_at_base_price[all]}}"
        return f"SUMPRODUCT({{{business.key}.is_final[all]}},{deliveries})"

    key, ramps = part.key, [b for b in company.methods_of(part.key) if b.template == "revenue_ramp"]
    own = f"{{{key}:per_share}}"
    counts = [f'{{inputs.{part.method_key}}}="{ramp.method}"' for ramp in ramps if part.method_key]
    proportional = f"AND({','.join([*counts, f'{own}>0'])})"
    implied = f'IF({proportional},{{final_deliveries}}*{{implied_{key}_per_share}}/{own},"n/a")'
    return [
        constant("final_deliveries", _chosen(company, part, final)),
        constant(
            f"implied_{key}_per_share",
            _if_valued(f"({{price}}-{{value_per_share}})/(1-{{inputs.holding_discount}})+{own}"),
        ),
        constant("implied_final_deliveries", _if_valued(implied) if ramps else f'"{UNDEFINED}"'),
    ]


def _bars(company: Company) -> list[Line]:
    parts = [
        _bar(
            f"bar_{part.key}",
            part.short,
            "of_value",
            f"{{{part.key}:per_share}}",
            lambda r, key=part.key: r.sotp.part(key).per_share,  # type: ignore[misc]
        )
        for part in discounted_parts(company)
    ]
    return [
        *parts,
        _bar(
            "bar_cash",
            "Cash and other",
            "of_value",
            "{cash_and_other_per_share}",
            lambda r: r.sotp.cash_and_other_per_share,
        ),
        _bar("bar_price", "Price", "of_price", "{price}", lambda r: r.price),
    ]


def blocks(context: Context) -> list[Block]:
    company = context.company
    part, discounted = implied_part(company), discounted_parts(company)
    methods = [_method(company, business) for business in _discounted(company)]
    label = f"What the market pays for {company.beyond}" if company.beyond else ""
    beyond = [constant("price_less_value", _if_valued("{price}-{value_per_share}"), label=label)]
    implied = Block("What the price implies", beyond if part is None else _implied(company, part))
    return [
        Block("Sum of the parts", _sum(company), _parts_layout(company)),
        Block("Per share", _a_share(company)),
        Block("Every method of each business", methods, METHODS),
        Block("Multiples the value implies", _multiples(company), _multiples_layout(discounted)),
        Block("Net cash, shares and currency", _net_cash_and_shares(company)),
        implied,
        Block("Net cash by year", _cash_by_year(context), TIMELINE),
        *profit.blocks(context),
        *markets.blocks(context),
        Block("Value against price", _bars(company), BARS),
    ]


def _cash_by_year(context: Context) -> list[Line]:
    """Net cash as the flows of all businesses move it, its lowest year, and the plan of research."""
    company, keys = context.company, [part.key for part in discounted_parts(context.company)]
    flows = [
        _chosen(company, part, lambda business: f"{{{business.key}.fcff}}")
        for part in company.parts
        if part.key in keys
    ]
    lowest = "MATCH({lowest_net_cash},{net_cash_by_year[0:]},0)"
    return [
        yearly(
            "cash_year",
            "{capital.year}",
            lambda r: r.timeline.year,
            opening=("{capital.year:opening}", lambda r: r.inputs.count("base_year")),
            label="Year",
            unit="year",
        ),
        yearly("group_fcff", "+".join(flows)),
        yearly(
            "net_cash_by_year", "{net_cash_by_year[-1]}+{group_fcff}", opening="{net_cash:value}", total=True
        ),
        constant("lowest_net_cash", "MIN({net_cash_by_year[0:]})"),
        constant("lowest_net_cash_year", f"INDEX({{capital.year:years[0:]}},1,{lowest})"),
        *_research_plan(context),
    ]


PLAN_YEARS = 5


def _research_plan(context: Context) -> list[Line]:
    """What the company has announced to spend on research in five years, and what the build-ups spend."""
    tables, key = context.tables, "research_plan"
    built = [one.key for one in context.company.businesses if half_of(one.template).cross_checks]
    if not tables.periods(key) or not built:
        return []
    row = tables.row(key, tables.periods(key)[-1])
    until = int(row.period[2:])

    def spent(r: Results) -> float:
        years = np.concatenate([[r.inputs.count("base_year")], r.timeline.year])
        counted = (years > until - PLAN_YEARS) & (years <= until)
        return float(sum(np.asarray(r.segments[sheet].research)[counted].sum() for sheet in built))

    research = "+".join(f"{{{sheet}.research:years[0:]}}" for sheet in built)
    years = "{capital.year:years[0:]}"
    formula = f"SUMPRODUCT(({years}>{{plan_until}}-{{plan_years}})*({years}<={{plan_until}})*({research}))"
    note = f"{row.basis}, {row.source}, known {row.as_of.isoformat()}; {row.note}"
    return [
        Line("plan_until", "Announced plan of research: last year", "year", _typed(float(until))),
        Line("plan_years", "Announced plan of research: years", "years", _typed(float(PLAN_YEARS))),
        Line("plan_amount", "Announced plan of research", row.unit, _typed(row.number), note),
        constant(
            "plan_modelled",
            formula,
            spent,
            label="Research of the build-ups in those years",
            unit=row.unit,
            note="capital expenditure is beside it, on the sheets of the businesses",
        ),
    ]


def _typed(value: float) -> dict[str, Entry]:
    return {"constant": Entry(lambda _: value, kind="text")}


def _bar(key: str, label: str, stack: str, formula: str, of: Callable[[Results], float]) -> Line:
    """A piece of one of the two bars of the chart; the other bar has none of it."""
    return Line(key, label, "{listing}", {stack: Entry(of, formula)})


def charts(context: Context) -> list[Chart]:
    company = context.company
    bars = {part.short: part.key for part in discounted_parts(company)}
    bars |= {"Cash and other": "cash", "Price": "price"}
    first = company.parts[0].key
    return [
        Chart(
            title="A share: value and price",
            stacked=True,
            series=[
                Series(label, f"{{bar_{key}:of_value..of_price}}", labels="0.00")
                for label, key in bars.items()
            ],
            categories=f"{{bar_{first}:heading}}",
            anchor=("E", f"{first}_and_net_cash_per_share"),
            axis=f"{company.currency.listing} a share",
            number_format="0",
            size=(9.0, 5.2),
        )
    ]


SHEET = Sheet(
    "sotp",
    "SOTP",
    "What are the parts worth together, a share, and against the price?",
    blocks,
    columns=lambda _: {"constant": Columns(FIRST_COLUMN, ("",), 15.0)},
    charts=charts,
    place=70,
)
