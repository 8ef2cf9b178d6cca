"""Excel on the desktop: an add-in whose functions and buttons call Python through open-source xlwings.

vba             the add-in's VBA, generated from the registry
ribbon          its tab
addin           both in one .xlam, with the modules and xlwings' configuration beside it
ovba            a VBA project as a file
compound_file   the container of that file
functions       what the functions call
buttons         what the buttons call
excel_book      the workbook that is open in Excel
cell_errors     error values as VBA and COM have them
install         the add-in where Excel finds it
"""
