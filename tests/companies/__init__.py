"""A company from nothing: its folder, its figures, its workbook."""
