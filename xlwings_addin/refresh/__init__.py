"""New facts into a workbook, and nothing of the analyst's lost."""
