"""The tables as they were while the fourth quarter of 2025 was an assumption, and the cases on them.

Tests of a base year that is reported in part take them: what is reported since has come to the tables' own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from xlwings_addin.inputs.cases import Inputs, load_cases
from xlwings_addin.inputs.tables import Tables, load_tables

ANNOUNCED = date(2026, 3, 24)
"""The day of the results of 2025."""


def before_the_year(tables: Tables) -> Tables:
    """The tables without what became known with the results of 2025 or later."""
    return replace(tables, history=tuple(row for row in tables.history if row.as_of < ANNOUNCED))


@pytest.fixture(scope="session")
def tables() -> Tables:
    return before_the_year(load_tables())


@pytest.fixture(scope="session")
def cases(tables: Tables) -> dict[str, Inputs]:
    return {inputs.case: inputs for inputs in load_cases(tables=tables)}


@pytest.fixture(scope="session")
def base(cases: dict[str, Inputs]) -> Inputs:
    return cases["base"]
