"""LibreOffice Calc: an extension with the functions and two commands, and what answers them.

    extension.py   the extension file (.oxt), made from the registry
    inside/        what runs in LibreOffice's own Python: UNO on one side, the service on the other
    service.py     what the project answers: a function's value, why a cell shows an error, a command
    commands.py    refresh and check of the open workbook
    pipe.py        the service as a program, where LibreOffice's Python cannot import it

Nothing here needs LibreOffice but what is in `inside/`.
"""

from __future__ import annotations

from typing import Final

from xlwings_addin.hosts.host import Host

HOST: Final = Host(
    name="libreoffice",
    label="LibreOffice Calc, with the extension",
    longest_name=255,  # of a name in a formula that Excel is to read, too
)
