"""A group built up, from the revenue of its segments to a value."""

from __future__ import annotations

from functools import partial

from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.inputs.parameters import TIMELINE_YEARS
from xlwings_addin.sheets.segments import half_of
from xlwings_addin.sheets.segments.half import Half, growth
from xlwings_addin.sheets.spec import (
    Block,
    Chart,
    Context,
    Line,
    OfModel,
    Series,
    Sheet,
    constant,
    every_year,
    yearly,
)
from xlwings_addin.sheets.valuation import (
    cross_check_block,
    enterprise_value_function,
    fade,
    horizon_lines,
    operating_profit_lines,
    ratio_line,
    valuation_blocks,
)

STARTED = "{base_year.started:reported}"


def _revenue(company: Company, business: Business) -> list[Line]:
    segments: list[Line] = []
    for entry in business.members:
        own = half_of(entry.template).revenue
        assert own is not None
        segments += own(company, entry)
    return [
        yearly(
            "growth_position",
            "IF({horizon}>1,({capital.year_number}-1)/({horizon}-1),0)*{in_horizon}",
            OfModel("positions.growth_position"),
        ),
        *segments,
        every_year(
            "revenue",
            "+".join(f"{{revenue_{entry.key}}}" for entry in business.members),
            label=f"{business.label} revenue",
            total=True,
        ),
        yearly(
            "revenue_growth", "IF({revenue[-1]}=0,0,({revenue}-{revenue[-1]})/{revenue[-1]})*{in_horizon}"
        ),
    ]


def _gross_profit(company: Company, business: Business) -> list[Line]:
    def margin(key: str, label: str) -> Line:
        base = f"{{base_year.margin_{key}:gross_margin}}"
        return yearly(
            f"gross_margin_{key}",
            fade(base, f"{{inputs.{key}_gross_margin_end}}", "fade_position"),
            OfModel(f"{key}.gross_margin"),
            opening=base,
            label=f"Gross margin, {label}",
        )

    def profit(key: str, label: str) -> Line:
        formula = f"{{revenue_{key}}}*{{gross_margin_{key}}}"
        return yearly(
            f"gross_profit_{key}",
            formula,
            OfModel(f"{key}.gross_profit"),
            opening=formula,
            label=f"Gross profit, {label}",
        )

    total = "+".join(f"{{gross_profit_{entry.key}}}" for entry in business.members)
    other = []
    if company.parameters.has(key := f"{business.prefix}_other_gross_profit_ratio"):
        other = [every_year("other_gross_profit", f"{{revenue}}*{{inputs.{key}}}")]
        total += "+{other_gross_profit}"
    return [
        yearly(
            "fade_position",
            f"MIN(1,{{capital.year_number}}/{{inputs.{business.prefix}_fade_years}})*{{in_horizon}}",
            OfModel("positions.fade_position"),
        ),
        *[margin(entry.key, entry.label) for entry in business.members],
        *[profit(entry.key, entry.label) for entry in business.members],
        *other,
        every_year("gross_profit", total, total=True),
        ratio_line("gross_margin", "gross_profit"),
    ]


def _costs(company: Company, prefix: str) -> list[Line]:
    days = f"{{inputs.{prefix}_working_capital_days}}"
    return [
        *operating_profit_lines(company, prefix, STARTED),
        *_tax(company, prefix),
        every_year("nopat", "{ebit}-{tax}"),
        every_year("depreciation", f"{{revenue}}*{{inputs.{prefix}_depreciation_ratio}}"),
        every_year("ebitda", "{ebit}+{depreciation}"),
        _capex(company, prefix),
        every_year("working_capital", f"{{revenue}}*{days}/{{inputs.days_per_year}}"),
        yearly("change_in_working_capital", "({working_capital}-{working_capital[-1]})*{in_horizon}"),
        yearly(
            "fcff",
            "{nopat}+{depreciation}-{capex}-{change_in_working_capital}",
            opening="{nopat}+{depreciation}-{capex}",
            total=True,
        ),
    ]


def _tax(company: Company, prefix: str) -> list[Line]:
    """Tax, after losses of earlier years where the company has an input for them."""
    if not company.parameters.has(key := f"{prefix}_opening_losses"):
        return [every_year("tax", "MAX({ebit},0)*{inputs.tax_rate}")]
    return [
        yearly("losses", "MAX({losses[-1]}-{ebit},0)*{in_horizon}", opening=f"{{inputs.{key}}}*{STARTED}"),
        yearly("losses_used", "MIN({losses[-1]},MAX({ebit},0))*{in_horizon}"),
        yearly(
            "tax",
            "(MAX({ebit},0)-{losses_used})*{inputs.tax_rate}",
            opening="MAX({ebit},0)*{inputs.tax_rate}",
        ),
    ]


def _capex(company: Company, prefix: str) -> Line:
    """In proportion to revenue, or what is worn out and what growth needs."""
    spent = f"{{revenue}}*{{inputs.{prefix}_capex_ratio}}"
    if not company.parameters.has(key := f"{prefix}_sales_to_capital"):
        return every_year("capex", spent)
    growth = f"({{revenue}}-{{revenue[-1]}})/{{inputs.{key}}}"
    return yearly("capex", f"({{depreciation}}+{growth})*{{in_horizon}}", opening=spent)


def _lasting(company: Company, prefix: str) -> list[Line]:
    """What of the last year's flow does not last: tax that losses save, profit above a ceiling."""
    saved = "SUMPRODUCT({is_final[all]},{losses_used[all]})*{inputs.tax_rate}"
    lines = [constant("passing_tax", saved)] if company.parameters.has(f"{prefix}_opening_losses") else []
    return [*lines, *_above_ceiling(company, prefix)]


def _above_ceiling(company: Company, prefix: str) -> list[Line]:
    if not company.parameters.has(key := f"{prefix}_operating_margin_ceiling"):
        return []
    margin, sales = (f"SUMPRODUCT({{is_final[0:]}},{{{line}[0:]}})" for line in ("ebit_margin", "revenue"))
    excess = f"MAX({margin}-{{inputs.{key}}},0)"
    return [constant("passing_profit", f"{excess}*{sales}*(1-{{inputs.tax_rate}})")]


def _blocks(company: Company, business: Business, _: Context) -> list[Block]:
    lasting = _lasting(company, business.prefix)
    passing = tuple(line.key for line in lasting)
    return [
        Block("Forecast", horizon_lines(f"{business.prefix}_horizon", started=STARTED)),
        Block("Revenue", _revenue(company, business)),
        Block("Gross profit", _gross_profit(company, business)),
        Block("Costs, tax and cash", _costs(company, business.prefix)),
        *([Block("What lasts", lasting)] if lasting else []),
        *valuation_blocks(company, business, passing=passing, cross_checked=True, new_page=True),
        cross_check_block(business.prefix, passing=passing),
    ]


def _charts(company: Company, business: Business, _: Context) -> list[Chart]:
    """Revenue of the segments, and of the other parts that are built up."""
    others = [other for other in company.businesses if other.part != business.part]
    built = [other for other in others if half_of(other.template).cross_checks]
    return [
        Chart(
            title="Revenue by segment",
            stacked=True,
            series=(
                *(Series(entry.label, f"{{revenue_{entry.key}[:10]}}") for entry in business.members),
                *(Series(other.part.short, f"{{{other.key}.revenue[:10]}}") for other in built),
            ),
            categories="{capital.year:years[:10]}",
            anchor=("F", "explicit_value"),
            axis=company.money,
            number_format="#,##0",
        )
    ]


def sheet(company: Company, business: Business) -> Sheet:
    """The sheet of a group."""
    return Sheet(
        business.key,
        business.sheet,
        business.question,
        partial(_blocks, company, business),
        charts=partial(_charts, company, business),
    )


def _cash_gap(business: Business) -> str:
    key = business.key
    return (
        f"{{{key}.nopat[all]}}-({{{key}.capex[all]}}-{{{key}.depreciation[all]}})"
        f"-{growth(f'{key}.working_capital', TIMELINE_YEARS)}-{{{key}.fcff[all]}}"
    )


def _functions(company: Company, business: Business) -> list[Line]:
    return [
        enterprise_value_function(
            company,
            business,
            f"{business.part.key}_{business.method}_enterprise_value",
            f"{business.part.short}, enterprise value",
        )
    ]


HALF = Half(
    sheet,
    phrase="built up by segment",
    short="built up",
    about="revenue, margins, costs and reinvestment by segment",
    cash_gap=_cash_gap,
    has_sales=True,
    cross_checks=True,
    functions=_functions,
    functions_title="The build-ups",
)
