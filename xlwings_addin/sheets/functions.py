"""Functions: the key results a third time, through the add-in's own functions in cells.

A program without the add-in shows the numbers the file was saved with. Once it recalculates, it shows #NAME?,
and the sheet says that the add-in is missing; no native figure depends on these cells.
"""

from __future__ import annotations

from xlwings_addin.inputs.company import Company
from xlwings_addin.sheets.function_lines import NO_ADD_IN as NO_ADD_IN
from xlwings_addin.sheets.function_lines import function_line, where
from xlwings_addin.sheets.segments import half_of
from xlwings_addin.sheets.spec import FIRST_COLUMN, NOTE, Block, Columns, Context, Entry, Line, Sheet
from xlwings_addin.valuation.parts import rate_key

COLUMNS = {
    "native": Columns(FIRST_COLUMN, ("Native formula",), 15.0),
    "function": Columns(FIRST_COLUMN + 1, ("Function",), 15.0),
    "difference": Columns(FIRST_COLUMN + 2, ("Relative difference",), 20.0),
    "status": Columns(FIRST_COLUMN + 3, ("Status",), 14.0, align="centre"),
}
UNKNOWN_FUNCTION = 5.0


def _of_businesses(company: Company) -> list[Block]:
    """The lines that templates have for their businesses, those of one title in one block."""
    by_title: dict[str, list[Line]] = {}
    for business in company.businesses:
        half = half_of(business.template)
        if lines := half.functions(company, business):
            title = half.functions_title.replace("{part}", business.part.short)
            by_title.setdefault(title, []).extend(lines)
    ordered = sorted(by_title, key=lambda title: title == "The build-ups")
    return [Block(title, by_title[title]) for title in ordered]


def blocks(context: Context) -> list[Block]:
    company = context.company
    capital = [
        function_line(
            "cost_of_equity",
            "Cost of equity",
            "rate",
            native="{capital.cost_of_equity}",
            function="CAPITAL_COST_OF_EQUITY({inputs.risk_free},{capital.beta},"
            "{inputs.equity_risk_premium},{inputs.country_risk})",
            value=lambda r: r.capital.cost_of_equity,
        ),
        function_line(
            "wacc",
            "WACC, computed",
            "rate",
            native="{capital.wacc_computed}",
            function="CAPITAL_WACC({capital.cost_of_equity},{inputs.cost_of_debt},{inputs.tax_rate},"
            "{inputs.equity_weight})",
            value=lambda r: r.capital.wacc_computed,
        ),
    ]
    first, last = company.parts[0].key, company.parts[-1].key
    strike = f"award_strike_{company.currency.listing.lower()}"
    rate = "1" if rate_key(company) is None else f"{{sotp.{rate_key(company)}}}"
    sotp = [
        function_line(
            "shares",
            "Shares",
            "m shares",
            native="{sotp.shares}",
            function=where(
                '{inputs.share_basis}="treasury_stock"',
                f"SOTP_DILUTED_SHARES({{inputs.basic_shares}},{{inputs.share_awards}},{{inputs.{strike}}},"
                f"{{inputs.{company.price_key}}})",
                "{inputs.diluted_shares}",
            ),
            value=lambda r: r.sotp.shares,
        ),
        function_line(
            "equity_value",
            "Equity value",
            "{currency} m",
            native="{sotp.equity_value:value}",
            function=f"SOTP_EQUITY_VALUE({{sotp.{first}:value}}:{{sotp.{last}:value}},"
            "{sotp.net_cash:value}+{sotp.associates:value},{inputs.minority_interest},{inputs.holding_discount})",
            value=lambda r: r.sotp.equity.value,
        ),
        function_line(
            "value_per_share",
            "Value per share",
            "{listing}",
            native="{sotp.value_per_share}",
            function=f"SOTP_VALUE_PER_SHARE({{sotp.equity_value:value}},{{sotp.shares}},{rate})",
            value=lambda r: r.sotp.value_per_share,
        ),
    ]
    unknown = Line(
        "unknown_function",
        "ERROR.TYPE of an unknown function",
        "count",
        {"native": Entry(lambda r: UNKNOWN_FUNCTION, kind="text")},
        note="#NAME?, as Microsoft documents ERROR.TYPE; tells a missing add-in from a failing function",
    )
    return [
        Block("Cost of capital", capital),
        *_of_businesses(company),
        Block("Sum of the parts", sotp),
        Block("Without the add-in", [unknown]),
    ]


def function_keys(context: Context) -> list[str]:
    """The lines with a function cell, in the order of the sheet."""
    return [line.key for block in blocks(context) for line in block.lines if "function" in line.cells]


SHEET = Sheet(
    "functions",
    "Functions",
    "Do the add-in's functions, typed into cells, give what the native formulas give?",
    blocks,
    columns=lambda _: COLUMNS,
    note_heading="Function",
    note_column=NOTE,
    tab="behind",
    place=80,
)
