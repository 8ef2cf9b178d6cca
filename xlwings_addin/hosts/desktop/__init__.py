"""Excel on the desktop: an add-in whose functions and buttons call Python through open-source xlwings.

vba             the add-in's VBA, generated from the registry
ribbon          its tab
addin           both in one .xlam, with the modules and xlwings' configuration beside it
ovba            a VBA project as a file
compound_file   the container of that file
functions       what the functions call
buttons         what the buttons call
excel_book      the workbook that is open in Excel
mac_book        the same on a Mac
cell_values     what its cells hold, by COM and by AppleScript
kept_record     where the record of the last refresh is kept in it
install         the add-in where Excel finds it
"""

from __future__ import annotations

from typing import Final

from xlwings_addin.hosts.host import Host

HOST: Final = Host(
    name="desktop",
    label="Excel for Windows, with the ribbon add-in",
    longest_name=255,  # [MS-VBAL] 3.3.5
)
