"""Tables with quarters that no company has reported: made up, for tests that time follows from the rows.

Each figure is that of the quarter a year before, times a growth that is the same for all of a kind: what
matters is that they are there, not what they are.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from tests.inputs.nine_months import ANNOUNCED
from xlwings_addin.inputs.tables import period_end

KEYS = {
    "revenue_smartphone": 1.02,
    "revenue_iot": 1.08,
    "revenue_internet": 1.1,
    "smartphone_shipments": 1.01,
    "smartphone_average_selling_price": 1.0099,
    "gross_margin_smartphone": 1.0,
    "gross_margin_iot": 1.0,
    "gross_margin_internet": 1.0,
    "research_and_development": 1.2,
    "adjusted_net_profit": 1.1,
    "vehicle_deliveries": 1.4,
    "vehicle_revenue": 1.4,
    "vehicle_segment_revenue": 1.4,
    "gross_margin_vehicle_segment": 1.0,
}
"""What a quarter reports, and how it grows over a year."""
SEGMENTS = ("revenue_smartphone", "revenue_iot", "revenue_internet", "vehicle_segment_revenue")
OTHER_SHARE = 0.01
"""Revenue of the group that is in no segment, over that which is."""
REST_OF_2025 = 410_000 - (75_869 + 81_302 + 108_796)
"""Deliveries of the year that the tables have, less those of the quarters they have."""
DECIMALS = {"gross_margin": 4, "smartphone_shipments": 1, "smartphone_average_selling_price": 2}


def history_of(folder: Path) -> Path:
    return folder / "inputs" / "history.csv"


def figure(folder: Path, key: str, period: str) -> float:
    """A figure of the tables in a folder."""
    match = re.search(rf"(?m)^{key},{period},([^,]+),", history_of(folder).read_text(encoding="utf-8"))
    assert match is not None, f"{key} {period}"
    return float(match[1])


def add_rows(folder: Path, rows: Iterable[str]) -> None:
    with history_of(folder).open("a", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)


def row(folder: Path, key: str, period: str, value: float) -> str:
    """A row of the history, its unit that of the key's other rows, known a month after its period."""
    text = history_of(folder).read_text(encoding="utf-8")
    unit = re.search(rf"(?m)^{key},[^,]*,[^,]*,([^,]*),", text)
    assert unit is not None, key
    return f"{key},{period},{value:.12g},{unit[1]},reported,test figure,{known_on(period)},made up"


def known_on(period: str) -> str:
    return (period_end(period) + timedelta(days=30)).isoformat()


def leave_out_the_year(folder: Path) -> None:
    """The tables as they were before the results of 2025: three quarters of it, and no year."""
    with history_of(folder).open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    earlier = [cells for cells in rows if cells[heading.index("as_of")] < ANNOUNCED.isoformat()]
    assert 0 < len(earlier) < len(rows)
    with history_of(folder).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([heading, *earlier])


def has(folder: Path, key: str, period: str) -> bool:
    return re.search(rf"(?m)^{key},{period},", history_of(folder).read_text(encoding="utf-8")) is not None


def take_out(folder: Path, keys: Iterable[str], period: str) -> None:
    """The tables without these figures of a period; `keys` may be patterns."""
    rows = re.compile(rf"(?m)^(?:{'|'.join(keys)}),{period},.*\n")
    history_of(folder).write_text(rows.sub("", history_of(folder).read_text(encoding="utf-8")), "utf-8")


def add_quarter(folder: Path, quarter: str) -> None:
    """A whole quarter, grown from the one a year before; margins are those of the third quarter of 2025.

    One that the tables have whole stays; what they have of another gives way, so that its sums add up.
    """
    if all(has(folder, key, quarter) for key in (*KEYS, "revenue")):
        return
    take_out(folder, [r"\w+"], quarter)
    before = f"{int(quarter[:4]) - 1}{quarter[4:]}"
    figures = {}
    for key, growth in KEYS.items():
        period = before if not key.startswith("gross_margin") else "2025Q3"
        decimals = next((digits for name, digits in DECIMALS.items() if key.startswith(name)), 0)
        figures[key] = round(figure(folder, key, period) * growth, decimals)
    if quarter == "2025Q4":
        figures["vehicle_deliveries"] = REST_OF_2025
    figures["revenue"] = round(sum(figures[key] for key in SEGMENTS) * (1 + OTHER_SHARE))
    add_rows(folder, [row(folder, key, quarter, value) for key, value in figures.items()])


def set_house_view(folder: Path, **values: object) -> None:
    """Other values in assumptions.csv, by key; of an assumption value, low and high with commas between."""
    path = folder / "inputs" / "assumptions.csv"
    text = path.read_text(encoding="utf-8")
    for key, value in values.items():
        value_and_range = str(value) if "," in str(value) else f"{value},,"
        text, count = re.subn(rf"(?m)^{key},,[^,]*,[^,]*,[^,]*,", f"{key},,{value_and_range},", text)
        assert count == 1, key
    path.write_text(text, encoding="utf-8")


def start_from_2026(folder: Path, day: str = "2026-11-18") -> None:
    """The house view with base year 2026, valued in November of it."""
    set_house_view(folder, base_year=2026, valuation_date=day)
