"""The project's side in LibreOffice: its environment, the open workbook, the calls a cell makes.

It runs in the Python that LibreOffice brings, 3.8 or later, with nothing but the standard library.
"""
