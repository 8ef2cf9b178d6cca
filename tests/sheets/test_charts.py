"""The charts an analyst looks for are there, each with its series, over the figures the core gives."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from xlwings_addin.book.context import load_context
from xlwings_addin.model.xiaomi import Results
from xlwings_addin.sheets.spec import Context

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
    found = [dict(series_of(etree.fromstring(part))) for part in parts]
    return {tuple(chart): chart for chart in found}


@pytest.fixture(scope="module")
def context() -> Context:
    return load_context()


@pytest.fixture(scope="module")
def base(context: Context) -> Results:
    return context.results["base"]


def years(results: Results, count: int) -> tuple[str, ...]:
    return tuple(str(float(year)) for year in results.timeline.year[:count])


def same(shown: Sequence[float | None], expected: Sequence[float]) -> bool:
    return list(shown) == pytest.approx(list(expected), rel=1e-9)


def test_deliveries_stand_against_capacity(
    charts: dict[tuple[str, ...], dict[str, Series]], base: Results
) -> None:
    chart = charts["Deliveries", "Capacity"]
    deliveries, capacity = chart["Deliveries"], chart["Capacity"]
    assert (deliveries.plot, capacity.plot) == ("barChart", "lineChart")
    assert deliveries.along == capacity.along == years(base, 15)
    assert same(deliveries.values, base.vehicle_units.deliveries[1:16])
    assert same(capacity.values, base.vehicle_units.capacity[1:16])
    assert all(one <= most for one, most in zip(deliveries.values, capacity.values, strict=True))  # type: ignore[operator]


def test_revenue_is_stacked_by_segment(
    charts: dict[tuple[str, ...], dict[str, Series]], base: Results
) -> None:
    (chart,) = [chart for names, chart in charts.items() if "Smartphones" in names]
    assert len(chart) == len(SEGMENTS) + 1
    *core, vehicles = chart.values()
    for segment, series in zip(SEGMENTS, core, strict=True):
        assert same(series.values, base.core_segments.segments[segment].revenue[1:11])
    assert same(vehicles.values, base.vehicle_units.revenue[1:11])
    assert {(series.plot, series.grouping) for series in chart.values()} == {("barChart", "stacked")}
    assert {series.along for series in chart.values()} == {years(base, 10)}


def test_value_a_share_stands_by_case_beside_the_price_and_the_street(
    charts: dict[tuple[str, ...], dict[str, Series]], context: Context
) -> None:
    (chart,) = [chart for names, chart in charts.items() if "Street" in names]
    cases, brokers = len(context.cases), context.tables.periods("street_sum_of_parts")
    assert brokers
    (along,) = {series.along for series in chart.values()}
    assert along[:cases] == context.cases
    assert len(along) == cases + len(brokers)
    parts = [series for name, series in chart.items() if name not in ("Street", "Price")]
    assert {(series.plot, series.grouping) for series in parts} == {("barChart", "stacked")}
    stacks = [sum(float(series.values[case] or 0) for series in parts) for case in range(cases)]
    assert same(stacks, [results.sotp.value_per_share for results in context.results.values()])
    prices = [results.inputs.number("price_hkd") for results in context.results.values()]
    assert same(chart["Price"].values[:cases], prices)
    street = [context.tables.row("street_sum_of_parts", broker).number for broker in brokers]
    assert same(chart["Street"].values[cases:], street)
    # Each column shows a case or a broker, not both.
    assert chart["Street"].values[:cases] == (None,) * cases
    assert {series.values[cases:] for series in [*parts, chart["Price"]]} == {(None,) * len(brokers)}
