"""Which years and quarters there are: all of it from the rows of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from tests.inputs import nine_months
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.base_year import announced, base_quarters
from xlwings_addin.inputs.calendar import calendar_of, previous, quarters_of
from xlwings_addin.inputs.tables import Basis, Row, Tables, load_tables

tables = nine_months.tables
UNITS = {"revenue": "CNY m", "vehicle_deliveries": "units"}


def row(key: str, period: str, value: float = 1.0, *, basis: Basis = "reported", line: int = 2) -> Row:
    return Row(
        key=key, period=period, unit=UNITS.get(key, "CNY m"), value=value, text=str(value), basis=basis,
        source="a filing", as_of=date(2027, 1, 1), note="", file="history.csv", line=line,
    )  # fmt: skip


def test_the_project_s_tables_report_seven_quarters_and_eight_years(tables: Tables) -> None:
    calendar = tables.calendar
    # The announcements of 2024 and of the first nine months of 2025; annual reports since the listing's.
    assert calendar.reported_quarters == (*quarters_of(2024), "2025Q1", "2025Q2", "2025Q3")
    assert calendar.reported_years == tuple(f"FY{year}" for year in range(2017, 2025))
    assert (calendar.last_quarter, calendar.last_year) == ("2025Q3", 2024)


def test_a_figure_beyond_the_reported_quarters_has_a_column(tables: Tables) -> None:
    """A result of the first quarter of 2026 that is known before any revenue of it."""
    tables = tables.replace({("vehicle_segment_result", "2026Q1"): -3100.0})
    assert tables.calendar.quarters == (*quarters_of(2024), *quarters_of(2025), *quarters_of(2026))
    assert "2026Q1" not in tables.calendar.reported_quarters
    assert tables.calendar.years[-1] == "FY2025"


@pytest.mark.parametrize(
    ("figures", "quarters", "reported"),
    [
        ({("revenue", "2025Q4"): 1.0}, 8, 8),
        ({("revenue", f"202{year}Q{n}"): 1.0 for year in (5, 6) for n in (1, 2, 3, 4)}, 12, 12),
        ({("vehicle_deliveries", "2028Q3"): 1.0}, 20, 7),
        ({("revenue", "2025Q3"): None}, 8, 6),
        ({("vehicle_segment_result", "2026Q1"): 1.0}, 12, 7),
    ],
)
def test_columns_follow_the_rows(
    tables: Tables, figures: Mapping[tuple[str, str], float | None], quarters: int, reported: int
) -> None:
    calendar = tables.replace(figures).calendar
    assert (len(calendar.quarters), len(calendar.reported_quarters)) == (quarters, reported)


def test_the_base_year_says_which_quarters_are_reported_and_which_assumed(tables: Tables) -> None:
    nine_months = tables.calendar.base(2025)
    assert nine_months.reported == ("2025Q1", "2025Q2", "2025Q3")
    assert nine_months.assumed == ("2025Q4",)
    whole = tables.calendar.base(2024)
    assert (whole.reported, whole.assumed) == (quarters_of(2024), ())
    none = tables.calendar.base(2026)
    assert (none.reported, none.assumed, none.started) == ((), (), False)


def test_quarters_before_a_year_begin_with_the_first_column(tables: Tables) -> None:
    assert tables.calendar.quarters_before(2026) == (*quarters_of(2024), *quarters_of(2025))
    assert tables.calendar.quarters_before(2024) == ()


def test_no_figure_gives_no_period() -> None:
    empty = calendar_of([])
    assert (empty.years, empty.quarters, empty.last_year, empty.last_quarter) == ((), (), None, None)
    assert calendar_of([row("revenue", "2025Q1", 0.0)]) == empty


def test_a_lower_bound_of_revenue_reports_no_period() -> None:
    bound = calendar_of([row("revenue", "2031Q1", basis="lower_bound")])
    assert (bound.reported_quarters, bound.quarters) == ((), quarters_of(2031))


def test_a_quarter_counts_from_the_day_it_was_announced() -> None:
    # The results of 2025 were announced on 2026-03-24: ir.mi.com, presentation of that day.
    tables = load_tables()
    assert announced(tables, "2025Q4") == date(2026, 3, 24)
    assert base_quarters(tables, 2025, date(2026, 3, 23)).assumed == ("2025Q4",)
    assert base_quarters(tables, 2025, date(2026, 3, 24)).reported == quarters_of(2025)
    assert base_quarters(tables, 2025, date(2025, 1, 1)).started is False


@pytest.mark.parametrize("basis", ["guidance", "consensus"])
def test_what_may_come_reports_no_period(basis: str) -> None:
    assert calendar_of([row("revenue", "2031Q1", basis=basis)]) == calendar_of([])


@pytest.mark.parametrize(
    ("periods", "gap", "missing", "last", "name"),
    [
        (("2025Q4", "2026Q2"), "2026Q2", "2026Q1", "2025Q4", "quarter"),
        (("2025Q3", "2026Q1"), "2026Q1", "2025Q4", "2025Q3", "quarter"),
        (("FY2022", "FY2024"), "FY2024", "FY2023", "FY2022", "year"),
    ],
)
def test_a_period_without_its_neighbour_is_named_by_its_row(
    periods: tuple[str, ...], gap: str, missing: str, last: str, name: str
) -> None:
    rows = [row("revenue", period, line=number) for number, period in enumerate(periods, 2)]
    with pytest.raises(InputError) as caught:
        calendar_of(rows)
    assert str(caught.value) == (
        f"history.csv line 3 revenue of {gap} '1.0' must have the {name} before it, {missing}: "
        f"reported {name}s follow on each other, and the last before it is {last}"
    )


def test_a_gap_is_refused_when_tables_load(folder: Path) -> None:
    history = folder / "inputs" / "history.csv"
    text = history.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("revenue,2025Q2,")]
    assert len(kept) == len(text.splitlines()) - 1
    history.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^history\.csv line \d+ revenue of 2025Q3 '113100' must have the "):
        load_tables(folder)


def test_the_period_before_a_first_quarter_is_a_fourth() -> None:
    assert [previous(period) for period in ("2026Q1", "2026Q4", "FY2026")] == ["2025Q4", "2026Q3", "FY2025"]
