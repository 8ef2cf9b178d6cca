"""A book that gains the rows and columns which the tables, or a new version of the model, have by now."""
