"""Serial numbers of days in the two date systems of a spreadsheet.

Source: support.microsoft.com, "Date systems in Excel"; Excel specifications and limits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

SERIAL_ORIGIN: Final = datetime(1899, 12, 30)
"""Day 0 of the 1900 system, as it agrees with the calendar from 1900-03-01 on."""
SERIAL_ORIGIN_1904: Final = datetime(1904, 1, 1)
"""Day 0 of the 1904 system, 1,462 days later."""
FIRST_SERIAL: Final = 61
"""1900-03-01: serial 60 of the 1900 system is a 29 February 1900 that never was."""
LAST_SERIAL: Final = 2_958_465
"""9999-12-31 in the 1900 system."""
