"""FACT_VALUE, FACT_SOURCE and FACT_AS_OF against the rows of the tables as they stand in their files."""

from __future__ import annotations

import csv
from datetime import date

import pytest

import udfs
from xlwings_addin.core.errors import ChoiceError, InputError, ShapeError
from xlwings_addin.functions.registry import callbacks
from xlwings_addin.inputs.folders import tables_folder


def rows(name: str) -> list[dict[str, str]]:
    with (tables_folder() / "inputs" / name).open(encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert len(read) > 50
    return read


@pytest.mark.parametrize("name", ["history.csv", "articles.csv", "assumptions.csv"])
def test_every_number_of_the_tables_comes_into_a_cell_with_its_source(name: str) -> None:
    counts: dict[tuple[str, str], int] = {}
    for row in (read := rows(name)):
        counts[row["key"], row["period"]] = counts.get((row["key"], row["period"]), 0) + 1
    seen = 0
    for row in read:
        if counts[row["key"], row["period"]] > 1 or row["unit"] in ("text", "choice", "date"):
            continue
        key, period = row["key"], row["period"]
        assert udfs.FACT_VALUE(key, period) == float(row["value"])
        assert udfs.FACT_SOURCE(key, period) == f"{row['source']} ({row['basis']}, {row['unit']})"
        assert date.fromordinal(int(udfs.FACT_AS_OF(key, period)) + date(1899, 12, 30).toordinal()) == (
            date.fromisoformat(row["as_of"])
        )
        seen += 1
    assert seen > 30


def test_a_date_of_the_tables_is_its_serial_number() -> None:
    # Excel shows 45980 as 2025-11-19, the valuation date of the house view.
    assert udfs.FACT_VALUE("valuation_date") == 45980.0


def test_what_the_tables_lack_is_not_available_and_says_why() -> None:
    with pytest.raises(InputError, match="key 'revenu' has no row in the tables; revenue has"):
        udfs.FACT_VALUE("revenu", "FY2023")
    with pytest.raises(InputError, match=r"period of revenue FY1999 must be one of FY2017, .*2025Q3"):
        udfs.FACT_SOURCE("revenue", "FY1999")
    with pytest.raises(InputError, match=r"period of revenue \(blank\) must be one of"):
        udfs.FACT_AS_OF("revenue")
    assert callbacks()["FACT_VALUE"]("revenu", "FY2023") == "#N/A"


def test_a_text_and_another_company_are_refused() -> None:
    with pytest.raises(ShapeError, match="stands for a text, not for a number: House view"):
        udfs.FACT_VALUE("case_title")
    with pytest.raises(ChoiceError, match=r"company 'apple' must be one of .*xiaomi"):
        udfs.FACT_VALUE("revenue", "FY2023", "apple")
    assert udfs.FACT_VALUE("revenue", "FY2023", "Xiaomi") == udfs.FACT_VALUE("revenue", "FY2023")
