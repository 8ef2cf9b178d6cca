"""A file's days and the core's are counted from one day on, within the same bounds."""

from __future__ import annotations

from datetime import timedelta

from xlwings_addin.core import serials
from xlwings_addin.xlsx import dates


def test_the_file_and_the_core_count_days_alike() -> None:
    assert dates.SERIAL_ORIGIN.date() == serials.SERIAL_ORIGIN
    assert (dates.FIRST_SERIAL, dates.LAST_SERIAL) == (serials.FIRST_SERIAL, serials.LAST_SERIAL)


def test_the_date_systems_are_1462_days_apart() -> None:
    # support.microsoft.com, "Date systems in Excel".
    assert timedelta(days=1462) == dates.SERIAL_ORIGIN_1904 - dates.SERIAL_ORIGIN
