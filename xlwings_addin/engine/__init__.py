"""The values of a workbook's formulas: the embedded engine, LibreOffice, and what each gets wrong."""
