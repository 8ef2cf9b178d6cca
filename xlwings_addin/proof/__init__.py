"""The workbook built and checked: formulas against the core, line by line."""
