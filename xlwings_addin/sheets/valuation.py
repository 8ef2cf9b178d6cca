"""The lines that every sheet with a discounted cash flow shares: from a flow per year to a value."""

from __future__ import annotations

from collections.abc import Sequence

from xlwings_addin.inputs.company import Business, Company
from xlwings_addin.segments.stream import VALUE_DRIVER
from xlwings_addin.sheets.function_lines import TIMING, flows_to_horizon, function_line, where
from xlwings_addin.sheets.spec import Block, Line, OfModel, constant, every_year, yearly


def horizon_lines(horizon: str, *, started: str | None = None) -> list[Line]:
    """The years a block forecasts, and flags for them and for the last one; none is a pure capitalisation.

    A block that has no base year to start from, `started` being 0, forecasts none.
    """
    years = f"{{inputs.{horizon}}}" + (f"*{started}" if started else "")
    return [
        constant(
            "horizon",
            years,
            note="none where the base year has no reported quarter to start from" if started else "",
        ),
        yearly("in_horizon", "IF({capital.year_number}<={horizon},1,0)"),
        yearly(
            "is_final",
            "IF({capital.year_number}={horizon},1,0)",
            opening="IF({capital.year_number:opening}={horizon},1,0)",
        ),
    ]


def fade(start: str, end: str, position: str) -> str:
    """The formula of a path from `start` to `end`, where the line `position` goes from 0 to 1."""
    return f"({start}+({end}-{start})*{{{position}}})*{{in_horizon}}"


def growth_line(company: Company, key: str, path: str, label: str = "") -> Line:
    """A growth that fades from the first rate to the last; `path` is its line in the model.

    The first year may differ from the fade by a shock.
    """
    fading = fade(f"{{inputs.{key}_growth_start}}", f"{{inputs.{key}_growth_end}}", "growth_position")
    if company.parameters.has(f"{key}_growth_shock"):
        shock = f"IF({{capital.year_number}}=1,{{inputs.{key}_growth_shock}},0)"
        fading = f"{fading}+{shock}*{{in_horizon}}"
    return yearly(f"{key}_growth", fading, OfModel(path), label=label)


def grown_line(key: str, path: str, growth: str, opening: str, label: str = "") -> Line:
    """A figure that grows from the base year's by the line `growth`_growth."""
    formula = f"{{{key}[-1]}}*(1+{{{growth}_growth}})*{{in_horizon}}"
    return yearly(key, formula, OfModel(path), opening=opening, label=label)


def over_usd(company: Company) -> str:
    """What turns money of the accounts into US dollars in a formula; nothing where they are kept in them."""
    key = company.per_usd(company.currency.reporting)
    return "" if key is None else f"/{{inputs.{key}}}"


def ratio_line(key: str, above: str, *, of: str = "revenue") -> Line:
    """One line of the sheet over another, 0 where there is nothing to divide by."""
    return every_year(key, f"IF({{{of}}}=0,0,{{{above}}}/{{{of}}})")


def operating_profit_lines(company: Company, prefix: str, started: str) -> list[Line]:
    """From the line `gross_profit` to the operating profit."""
    shock, shocked = [], ""
    if company.parameters.has(key := f"{prefix}_ebit_shock"):
        formula = f"IF({{capital.year_number}}=1,{{inputs.{key}}},0)*{{in_horizon}}"
        shock, shocked = [yearly("ebit_shock", formula, opening="0")], "+{ebit_shock}"
    overhead = f"{{inputs.{prefix}_overhead_ratio_start}}"
    return [
        yearly(
            "overhead_ratio",
            fade(overhead, f"{{inputs.{prefix}_overhead_ratio_end}}", "fade_position"),
            opening=f"{overhead}*{started}",
        ),
        every_year("overhead", "{revenue}*{overhead_ratio}"),
        yearly(
            "research_ratio",
            fade("{research_ratio:opening}", f"{{inputs.{prefix}_research_ratio_end}}", "fade_position"),
            opening=f"IF({{revenue}}=0,0,{{base_year.{prefix}_research:year}}/{{revenue}})",
        ),
        every_year("research", "{revenue}*{research_ratio}"),
        *shock,
        every_year("ebit", f"{{gross_profit}}-{{overhead}}-{{research}}{shocked}", total=True),
        ratio_line("ebit_margin", "ebit"),
    ]


def valuation_blocks(
    company: Company,
    business: Business,
    *,
    recurring: str = "fcff",
    passing: Sequence[str] = (),
    cross_checked: bool = False,
    new_page: bool = False,
) -> list[Block]:
    """Discounting of the line `fcff`, and the enterprise value it gives.

    The terminal value rests on the last figure of the line `recurring`, less the lines `passing`; where it is
    cross-checked, by Gordon or by the value driver.
    """
    prefix, title = business.prefix, business.part.short.lower()
    enterprise_value_name = f"{business.part.key}_{business.method}_enterprise_value"
    dollars = over_usd(company)
    wacc, growth = f"{{capital.{prefix}_wacc}}", f"{{inputs.{prefix}_terminal_growth}}"
    gordon = _gordon(wacc, growth)
    factor = f"1/(1+{wacc})^{{capital.flow_exponent}}"
    discounting = [
        yearly(
            "counted_fcff",
            "{fcff}*IF({capital.year_number}=1,{capital.first_flow_share},1)",
            opening="{fcff}*{capital.opening_flow_share}",
        ),
        every_year("discount_factor", factor),
        every_year("present_value", "{counted_fcff}*{discount_factor}"),
    ]
    value = [
        constant("explicit_value", "SUM({present_value[0:]})"),
        constant("final_fcff", f"SUMPRODUCT({{is_final[0:]}},{{{recurring}[0:]}}){less(*passing)}"),
        constant("terminal_value", _terminal_value(company, prefix, gordon, cross_checked=cross_checked)),
        constant("terminal_factor", "SUMPRODUCT({is_final[0:]},{discount_factor[0:]})"),
        constant("terminal_present_value", "{terminal_value}*{terminal_factor}"),
        constant(
            "enterprise_value",
            "{explicit_value}+{terminal_present_value}",
            label=f"Enterprise value, {title}",
            total=True,
            name=enterprise_value_name,
        ),
        *([constant("enterprise_value_usd", f"{{enterprise_value}}{dollars}")] if dollars else []),
        constant("terminal_share", "IF({enterprise_value}=0,0,{terminal_present_value}/{enterprise_value})"),
    ]
    return [
        Block("Discounting", discounting, new_page=new_page),
        Block("Value", value),
    ]


def less(*lines: str) -> str:
    """Lines taken off, if there are any."""
    return "".join(f"-{{{line}}}" for line in lines if line)


def _lasting(wacc: str, growth: str, worth: str) -> str:
    """What lasts for ever is worth; nothing that a number says where it grows as fast as it is discounted."""
    return f"IF({wacc}>{growth},{worth}/({wacc}-{growth}),NA())"


def _gordon(wacc: str, growth: str) -> str:
    """The last flow, grown or flat, as a perpetuity that grows."""
    return _lasting(wacc, growth, f'{{final_fcff}}*IF({{inputs.terminal_form}}="grown",1+{growth},1)')


def _terminal_value(company: Company, prefix: str, gordon: str, *, cross_checked: bool) -> str:
    """By Gordon, or by the value driver where the case says so."""
    if not cross_checked:
        return gordon
    if not company.parameters.has(f"{prefix}_terminal_value"):
        return "{gordon_terminal_value}"
    by_driver = f'{{inputs.{prefix}_terminal_value}}="{VALUE_DRIVER}"'
    return f"IF({by_driver},{{driver_terminal_value}},{{gordon_terminal_value}})"


def cross_check_block(prefix: str, *, nopat: str = "nopat", passing: Sequence[str] = ()) -> Block:
    """The value with three terminal values, from a line of NOPAT and the line `ebitda`."""
    wacc, growth = f"{{capital.{prefix}_wacc}}", f"{{inputs.{prefix}_terminal_growth}}"

    def difference(key: str) -> str:
        return f'IF({{gordon_enterprise_value}}=0,"n/a",{{{key}}}/{{gordon_enterprise_value}}-1)'

    return Block(
        "Cross-checks of the terminal value",
        [
            constant("gordon_terminal_value", _gordon(wacc, growth)),
            constant("gordon_enterprise_value", "{explicit_value}+{gordon_terminal_value}*{terminal_factor}"),
            constant("final_nopat", f"SUMPRODUCT({{is_final[0:]}},{{{nopat}[0:]}}){less(*passing)}"),
            constant(
                "driver_terminal_value",
                _lasting(
                    wacc,
                    growth,
                    f'{{final_nopat}}*IF({{inputs.terminal_form}}="grown",1+{growth},1)'
                    f"*(1-{growth}/{{inputs.{prefix}_return_on_new_capital}})",
                ),
            ),
            constant("driver_enterprise_value", "{explicit_value}+{driver_terminal_value}*{terminal_factor}"),
            constant("driver_difference", difference("driver_enterprise_value")),
            constant("final_ebitda", "SUMPRODUCT({is_final[0:]},{ebitda[0:]})"),
            constant(
                "year_end_factor",
                f"1/(1+{wacc})^SUMPRODUCT({{is_final[0:]}},{{capital.year_end_exponent[0:]}})",
            ),
            constant("multiple_terminal_value", f"{{final_ebitda}}*{{inputs.{prefix}_exit_multiple}}"),
            constant(
                "multiple_enterprise_value", "{explicit_value}+{multiple_terminal_value}*{year_end_factor}"
            ),
            constant("multiple_difference", difference("multiple_enterprise_value")),
            constant(
                "implied_multiple",
                'IF({final_ebitda}=0,"n/a",'
                "{gordon_terminal_value}*{terminal_factor}/{year_end_factor}/{final_ebitda})",
            ),
        ],
    )


def terminal_value_function(company: Company, business: Business) -> str:
    """The terminal value through a function: by Gordon, or by the value driver where the case says so."""
    sheet, part = business.key, business.part.key
    wacc, growth = f"{{capital.{part}_wacc}}", f"{{inputs.{part}_terminal_growth}}"
    gordon = f"DCF_TERMINAL_VALUE({{{sheet}.final_fcff}},{wacc},{growth},{{inputs.terminal_form}})"
    if not company.parameters.has(f"{part}_terminal_value"):
        return gordon
    profit = f'{{{sheet}.final_nopat}}*IF({{inputs.terminal_form}}="grown",1+{growth},1)'
    capital = f"{{inputs.{part}_return_on_new_capital}}"
    driver = f"DCF_VALUE_DRIVER_TERMINAL({profit},{wacc},{growth},{capital})"
    return f'IF({{inputs.{part}_terminal_value}}="{VALUE_DRIVER}",{driver},{gordon})'


def enterprise_value_function(company: Company, business: Business, key: str, label: str) -> Line:
    """The enterprise value of a business through functions of its flows; of one flow the native one."""
    sheet, part = business.key, business.part.key
    explicit = f"DCF_PRESENT_VALUE({flows_to_horizon(sheet)},{{capital.{part}_wacc}},{TIMING})"
    terminal = f"{terminal_value_function(company, business)}*{{{sheet}.terminal_factor}}"
    return function_line(
        key,
        label,
        "{currency} m",
        native=f"{{{sheet}.enterprise_value}}",
        function=where(
            f"{{{sheet}.horizon}}>1",
            f"{explicit}+{terminal}",
            f"{{{sheet}.enterprise_value}}",
        ),
        value=lambda r: r.segments[sheet].valuation.enterprise_value,
    )
