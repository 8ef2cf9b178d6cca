"""The functions and the refresh in Excel on Mac, web and Windows, through xlwings Server (extra `server`).

    serve       what is checked and set before the server starts
    app         what is served: the application of xlwings-server, behind the gate and within the limits
    gate        who may call
    limits      what one request may cost in bytes, cells and time
    protocol    deadlines of a connection
    functions   the registry as custom functions
    scripts     refresh and check of the open workbook, and what else the task pane asks
    book        the open workbook, as the client of xlwings sends it
    figures     what the task pane shows
    questions   what a price needs, and what a refresh would do, as the task pane has it
    help        the page that help links lead to
    pyodide     why an argument is read quickly
    project/    what xlwings-server finds by its path: functions, scripts, sign-in, the pages

xlwings-server is licensed under PolyForm Noncommercial, or by a key that its makers sell.
"""

from __future__ import annotations

from typing import Final

from xlwings_addin.hosts.host import Host

HOST: Final = Host(
    name="office-js",
    label="Excel on the web, for Mac and Windows, through xlwings Server",
    longest_name=255,  # of a name in a formula: "Excel specifications and limits"
    recalculates=False,
)
