"""Serial numbers of days in a spreadsheet's 1900 system, as cells of functions and lists of dates have them.

`xlsx/dates.py` says the same of files, whose room imports nothing of the mathematics; a test compares both.

Source: support.microsoft.com, "Date systems in Excel"; Excel specifications and limits.

>>> from datetime import timedelta
>>> SERIAL_ORIGIN + timedelta(days=FIRST_SERIAL), SERIAL_ORIGIN + timedelta(days=LAST_SERIAL)
(datetime.date(1900, 3, 1), datetime.date(9999, 12, 31))
"""

from __future__ import annotations

from datetime import date
from typing import Final

SERIAL_ORIGIN: Final = date(1899, 12, 30)
"""Day 0, as it agrees with the calendar from 1900-03-01 on."""
FIRST_SERIAL: Final = 61
"""1900-03-01: serial 60 is a 29 February 1900 that never was."""
LAST_SERIAL: Final = 2_958_465
"""9999-12-31."""
