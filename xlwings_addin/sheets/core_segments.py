"""Core Segments: phones, home devices and internet services built up, from revenue to a value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xlwings_addin.model.core_business import CoreSegments
from xlwings_addin.model.valuation import Path
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.history import SEGMENTS
from xlwings_addin.sheets.spec import Block, Chart, Context, Line, Sheet, every_year, path, yearly
from xlwings_addin.sheets.valuation import (
    cross_check_block,
    fade,
    horizon_lines,
    operating_profit_lines,
    ratio_line,
    valuation_blocks,
)


def of(read: Callable[[CoreSegments], Path]) -> Callable[[Results], Path]:
    return lambda r: read(r.core_segments)


def _growth(key: str, label: str) -> Line:
    return yearly(
        f"{key}_growth",
        label,
        "rate",
        fade(f"{{inputs.{key}_growth_start}}", f"{{inputs.{key}_growth_end}}", "growth_position"),
        lambda r: r.core_segments.growth[key],
        note="fades in equal steps from the first rate to the last",
    )


def _grown(
    key: str, label: str, unit: str, growth: str, opening: str, value: Callable[[Results], Path]
) -> Line:
    return path(
        key,
        label,
        unit,
        f"{{{key}[-1]}}*(1+{{{growth}_growth}})*{{in_horizon}}",
        value,
        opening=opening,
    )


def _revenue() -> list[Line]:
    return [
        yearly(
            "growth_position",
            "Position between first and last growth",
            "ratio",
            "IF({horizon}>1,({capital.year_number}-1)/({horizon}-1),0)*{in_horizon}",
            lambda r: r.core_segments.growth_position,
            note="0 in the first forecast year, 1 in the last",
        ),
        _growth("smartphone_shipment", "Growth of smartphones shipped"),
        _grown(
            "shipments",
            "Smartphones shipped",
            "m units",
            "smartphone_shipment",
            "{base_year.shipments:year}",
            of(lambda c: c.shipments),
        ),
        _growth("smartphone_price", "Growth of the average price"),
        _grown(
            "price",
            "Average price",
            "CNY per unit",
            "smartphone_price",
            "{base_year.smartphone_price:year}",
            of(lambda c: c.price),
        ),
        every_year(
            "revenue_smartphone",
            SEGMENTS["smartphone"],
            "CNY m",
            "{shipments}*{price}",
            of(lambda c: c.segments["smartphone"].revenue),
            note="units x average price",
        ),
        _growth("iot", "Growth of IoT and lifestyle"),
        _grown(
            "revenue_iot",
            SEGMENTS["iot"],
            "CNY m",
            "iot",
            "{base_year.revenue_iot:year}",
            of(lambda c: c.segments["iot"].revenue),
        ),
        _growth("internet", "Growth of internet services"),
        _grown(
            "revenue_internet",
            SEGMENTS["internet"],
            "CNY m",
            "internet",
            "{base_year.revenue_internet:year}",
            of(lambda c: c.segments["internet"].revenue),
        ),
        every_year(
            "revenue",
            "Core revenue",
            "CNY m",
            "{revenue_smartphone}+{revenue_iot}+{revenue_internet}",
            of(lambda c: c.revenue),
            total=True,
        ),
        yearly(
            "revenue_growth",
            "Growth",
            "rate",
            "IF({revenue[-1]}=0,0,({revenue}-{revenue[-1]})/{revenue[-1]})*{in_horizon}",
            lambda r: r.core_segments.revenue_growth,
        ),
    ]


def _gross_profit() -> list[Line]:
    def margin(segment: str) -> Line:
        base = f"{{base_year.margin_{segment}:gross_margin}}"
        return path(
            f"gross_margin_{segment}",
            f"Gross margin, {SEGMENTS[segment]}",
            "ratio",
            fade(base, f"{{inputs.{segment}_gross_margin_end}}", "fade_position"),
            of(lambda c: c.segments[segment].gross_margin),
            opening=base,
        )

    def profit(segment: str) -> Line:
        formula = f"{{revenue_{segment}}}*{{gross_margin_{segment}}}"
        return path(
            f"gross_profit_{segment}",
            f"Gross profit, {SEGMENTS[segment]}",
            "CNY m",
            formula,
            of(lambda c: c.segments[segment].gross_profit),
            opening=formula,
        )

    segments = ("smartphone", "iot", "internet")
    total = "+".join(f"{{gross_profit_{segment}}}" for segment in segments)
    return [
        yearly(
            "fade_position",
            "Position between base year and long run",
            "ratio",
            "MIN(1,{capital.year_number}/{inputs.core_fade_years})*{in_horizon}",
            lambda r: r.core_segments.fade_position,
            note="0 in the base year, 1 from the end of the fade on; margins and cost ratios follow it",
        ),
        *[margin(segment) for segment in segments],
        *[profit(segment) for segment in segments],
        every_year(
            "gross_profit",
            "Gross profit",
            "CNY m",
            total,
            of(lambda c: c.gross_profit),
            total=True,
        ),
        ratio_line("gross_margin", "Gross margin", "gross_profit", of(lambda c: c.gross_margin)),
    ]


def _costs() -> list[Line]:
    return [
        *operating_profit_lines(
            "core",
            "{base_year.started:reported}",
            lambda r: r.core_segments,
            research="without what is charged to vehicles and new initiatives",
            ebit="no other income: grants, interest and gains on investments are left out",
        ),
        every_year(
            "tax", "Tax on operating profit", "CNY m", "MAX({ebit},0)*{inputs.tax_rate}", of(lambda c: c.tax)
        ),
        every_year("nopat", "NOPAT", "CNY m", "{ebit}-{tax}", of(lambda c: c.nopat)),
        every_year(
            "depreciation",
            "Depreciation and amortisation",
            "CNY m",
            "{revenue}*{inputs.core_depreciation_ratio}",
            of(lambda c: c.depreciation),
            note="within the costs above",
        ),
        every_year("ebitda", "EBITDA", "CNY m", "{ebit}+{depreciation}", of(lambda c: c.ebitda)),
        every_year(
            "capex",
            "Capital expenditure",
            "CNY m",
            "{revenue}*{inputs.core_capex_ratio}",
            of(lambda c: c.capex),
        ),
        every_year(
            "working_capital",
            "Net working capital",
            "CNY m",
            "{revenue}*{inputs.core_working_capital_days}/{inputs.days_per_year}",
            of(lambda c: c.working_capital),
            note="days of revenue; negative where suppliers pay for stocks",
        ),
        path(
            "change_in_working_capital",
            "Increase of working capital",
            "CNY m",
            "({working_capital}-{working_capital[-1]})*{in_horizon}",
            of(lambda c: c.change_in_working_capital),
        ),
        path(
            "fcff",
            "Free cash flow to firm",
            "CNY m",
            "{nopat}+{depreciation}-{capex}-{change_in_working_capital}",
            _fcff,
            opening="{nopat}+{depreciation}-{capex}",
            note="NOPAT + depreciation - capital expenditure - increase of working capital",
            total=True,
        ),
    ]


def _fcff(r: Results) -> Path:
    valuation = r.core_segments.valuation
    return np.concatenate([[valuation.opening_fcff], valuation.fcff])


def blocks(_: Context) -> list[Block]:
    horizon = horizon_lines(
        "core_horizon", lambda r: r.core_segments.valuation, started="{base_year.started:reported}"
    )
    return [
        Block("Forecast", horizon),
        Block("Revenue", _revenue()),
        Block("Gross profit", _gross_profit()),
        Block("Costs, tax and cash", _costs()),
        *valuation_blocks(
            "core",
            "core business",
            lambda r: r.core_segments.valuation,
            enterprise_value_name="core_segments_enterprise_value",
            new_page=True,
        ),
        cross_check_block("core", lambda r: r.core_segments.checks),
    ]


def charts(_: Context) -> list[Chart]:
    return [
        Chart(
            title="Revenue by segment",
            kind="stacked",
            series=(
                ("Smartphones", "{revenue_smartphone[:10]}"),
                ("IoT and lifestyle", "{revenue_iot[:10]}"),
                ("Internet services", "{revenue_internet[:10]}"),
                ("Vehicles", "{vehicle_units.revenue[:10]}"),
            ),
            categories="{capital.year:years[:10]}",
            anchor=("F", "explicit_value"),
            axis="CNY m",
            number_format="#,##0",
        )
    ]


SHEET = Sheet(
    "core_segments",
    "Core Segments",
    "What are phones, home devices and internet services worth, built up segment by segment?",
    blocks,
    charts=charts,
)
