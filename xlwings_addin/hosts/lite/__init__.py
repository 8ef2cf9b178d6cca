"""The functions and the commands in xlwings Lite: Excel on Windows, Mac and the web, with nothing installed.

Lite is a free add-in from Excel's store, which runs Python (Pyodide) inside Excel.

    scripts     Refresh, Value, Implied and Check as Lite runs them
    medium      the open workbook, and the record of the last refresh in it
    bundle      code and tables as one constant in main.py, and the requirements beside it
    plugin      the same as a wheel that Lite installs
    embedding   both inside a workbook, in the part where Lite keeps them
    export      all of it in a folder
"""

from __future__ import annotations

from typing import Final

from xlwings_addin.hosts.host import Host

HOST: Final = Host(
    name="lite",
    label="Excel on Windows, Mac and the web, with xlwings Lite",
    longest_name=255,  # of a name in a formula: "Excel specifications and limits"
    recalculates=False,
)
