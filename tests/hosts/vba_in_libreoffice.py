"""Opens a workbook with macros in LibreOffice, in the Python that has UNO, and prints what its cells show.

Arguments: LibreOffice's program, a folder for its profile, the workbook, and the areas to read.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.document.MacroExecMode import ALWAYS_EXECUTE_NO_WARN
from com.sun.star.lang import DisposedException

SECONDS = 90


def connected(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    end = time.monotonic() + SECONDS
    while True:
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def shown(context, workbook, areas):
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    options = (
        PropertyValue("Hidden", 0, True, 0),
        PropertyValue("MacroExecutionMode", 0, ALWAYS_EXECUTE_NO_WARN, 0),
    )
    document = desktop.loadComponentFromURL(Path(workbook).as_uri(), "_blank", 0, options)
    document.calculateAll()
    sheet = document.Sheets.getByIndex(0)
    rows = {}
    for area in areas:
        found = sheet.getCellRangeByName(area)
        count = range(found.Columns.Count)
        rows[area] = [
            [found.getCellByPosition(column, row).String for column in count]
            for row in range(found.Rows.Count)
        ]
    document.close(True)
    with contextlib.suppress(DisposedException):
        desktop.terminate()
    return rows


def main():
    soffice, profile, workbook, *areas = sys.argv[1:]
    pipe = f"vba{time.time_ns()}"
    office = subprocess.Popen(
        [
            *(soffice, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--norestore"),
            f"--accept=pipe,name={pipe};urp",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        json.dump(shown(connected(pipe), workbook, areas), sys.stdout)
        office.wait(SECONDS)
    finally:
        office.kill()


if __name__ == "__main__":
    main()
