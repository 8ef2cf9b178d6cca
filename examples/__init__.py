"""Three workbooks an analyst may start from, each built by a script beside it."""
