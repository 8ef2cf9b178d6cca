"""The charts an analyst looks for are there, each with its series, over the figures the core gives."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from xlwings_addin.proof.context import load_context
from xlwings_addin.sheets.spec import Context
from xlwings_addin.valuation.xiaomi import Results

STREET = "street_sum_of_parts"
SEGMENTS = ("smartphone", "iot", "internet")


@dataclass(frozen=True)
class Series:
    """A series as a viewer draws it: how, along what, and its values, None where there is none."""

    plot: str
    grouping: str
    along: tuple[str, ...]
    values: tuple[float | None, ...]


def points(reference: etree._Element) -> tuple[str | None, ...]:
    """The values kept inside a chart for the cells it shows."""
    kept = {int(point.get("idx", "")): point.findtext("{*}v") for point in reference.iter("{*}pt")}
    (count,) = reference.iter("{*}ptCount")
    return tuple(kept.get(index) for index in range(int(count.get("val", ""))))


def series_of(chart: etree._Element) -> Iterator[tuple[str, Series]]:
    for plot in chart.iter("{*}barChart", "{*}lineChart"):
        (grouping,) = plot.iter("{*}grouping")
        for series in plot.iter("{*}ser"):
            (name,), (along,), (values,) = (series.iter(f"{{*}}{part}") for part in ("tx", "cat", "val"))
            numbers = tuple(None if text is None else float(text) for text in points(values))
            labels = tuple(str(text) for text in points(along))
            drawn = Series(etree.QName(plot).localname, grouping.get("val", ""), labels, numbers)
            yield "".join(name.itertext()), drawn


@pytest.fixture(scope="module")
def charts(delivered: Path) -> dict[tuple[str, ...], dict[str, Series]]:
    """Every chart of the delivered workbook by the names of its series."""
    with zipfile.ZipFile(delivered) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.startswith("xl/charts/chart")]
    all_series = [dict(series_of(etree.fromstring(part))) for part in parts]
    return {tuple(chart): chart for chart in all_series}


@pytest.fixture(scope="module")
def context() -> Context:
    return load_context()


@pytest.fixture(scope="module")
def opened(context: Context) -> Results:
    """The case that the delivered workbook opens with."""
    return context.results["house_2026"]


def years(results: Results, count: int) -> tuple[str, ...]:
    return tuple(str(float(year)) for year in results.timeline.year[:count])


def same(actual: Sequence[float | None], expected: Sequence[float]) -> bool:
    return list(actual) == pytest.approx(list(expected), rel=1e-9)


def test_deliveries_stand_against_capacity(
    charts: dict[tuple[str, ...], dict[str, Series]], opened: Results
) -> None:
    chart = charts["Deliveries", "Capacity"]
    deliveries, capacity = chart["Deliveries"], chart["Capacity"]
    assert (deliveries.plot, capacity.plot) == ("barChart", "lineChart")
    assert deliveries.along == capacity.along == years(opened, 15)
    assert same(deliveries.values, opened.vehicle_units.deliveries[1:16])
    assert same(capacity.values, opened.vehicle_units.capacity[1:16])
    assert all(one <= most for one, most in zip(deliveries.values, capacity.values, strict=True))  # type: ignore[operator]


def test_revenue_is_stacked_by_segment(
    charts: dict[tuple[str, ...], dict[str, Series]], opened: Results
) -> None:
    (chart,) = [chart for names, chart in charts.items() if "Smartphones" in names]
    assert len(chart) == len(SEGMENTS) + 1
    *devices, vehicles = chart.values()
    for segment, series in zip(SEGMENTS, devices, strict=True):
        assert same(series.values, opened.devices_segments.segments[segment].revenue[1:11])
    assert same(vehicles.values, opened.vehicle_units.revenue[1:11])
    assert {(series.plot, series.grouping) for series in chart.values()} == {("barChart", "stacked")}
    assert {series.along for series in chart.values()} == {years(opened, 10)}


def test_the_football_field_spans_the_cases_the_methods_and_the_street(
    charts: dict[tuple[str, ...], dict[str, Series]], context: Context
) -> None:
    (chart,) = [chart for names, chart in charts.items() if "Low to middle" in names]
    view = ("house_2026", "house_2026_bear", "house_2026_bull")
    cases = [context.results[case].sotp.value_per_share for case in view]
    assert sum(context.results[case].inputs.number("probability") for case in view) == pytest.approx(1)
    street = [context.tables.row(STREET, broker).number for broker in context.tables.periods(STREET)]
    assert len(cases) > 1 < len(street)
    low, high = chart["Low"].values, chart["High"].values
    assert (low[0], high[0]) == pytest.approx((min(cases), max(cases)), rel=1e-9)
    assert (low[-1], high[-1]) == pytest.approx((min(street), max(street)), rel=1e-9)
    assert chart["Low"].along == (
        *("Cases with a weight", "Devices by 2 methods", "Vehicles by 2 methods"),
        "Street's sums of the parts",
    )
    pieces = [chart[name].values for name in ("Not drawn", "Low to middle", "Middle to high")]
    assert same([sum(map(float, column)) for column in zip(*pieces, strict=True)], list(map(float, high)))  # type: ignore[arg-type]
    assert {chart[name].grouping for name in ("Not drawn", "Low to middle")} == {"stacked"}
    assert chart["Price"].plot == "lineChart"
    assert set(chart["Price"].values) == {context.results["house_2026"].inputs.number("price_hkd")}


def test_the_parts_lead_to_the_value_and_the_gap_to_the_price(
    charts: dict[tuple[str, ...], dict[str, Series]], opened: Results
) -> None:
    (chart,) = [chart for names, chart in charts.items() if "Takes away" in names]
    sums, price = opened.sotp, opened.inputs.number("price_hkd")
    steps = [
        *(part.per_share for part in (sums.devices, sums.vehicle)),
        sums.new_initiatives.per_share + sums.discount.per_share,
        sums.net_cash.per_share,
        sums.associates.per_share + sums.minority_interest.per_share,
    ]
    assert sum(steps) == pytest.approx(sums.value_per_share, rel=1e-12)
    drawn = [
        float(rise or 0) - float(fall or 0)
        for rise, fall in zip(chart["Adds"].values, chart["Takes away"].values, strict=True)
    ]
    assert drawn == pytest.approx([*steps, 0.0, price - sums.value_per_share, 0.0], rel=1e-9, abs=1e-12)
    assert chart["Value"].values[-3] == pytest.approx(sums.value_per_share, rel=1e-9)
    assert chart["Price"].values[-1] == price
    assert chart["Adds"].along[0] == f"Devices {sums.devices.per_share:.2f}"
    assert chart["Adds"].along[-2:] == (f"Gap {price - sums.value_per_share:.2f}", f"Price {price:.2f}")


def test_a_reader_takes_the_format_of_labels_from_the_chart(delivered: Path) -> None:
    with zipfile.ZipFile(delivered) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.startswith("xl/charts/chart")]
    formats = [shape for part in parts for shape in etree.fromstring(part).iterfind(".//{*}dLbls/{*}numFmt")]
    assert formats
    assert {shape.get("sourceLinked") for shape in formats} == {"0"}
