"""The tables, the parameters, the cases and their rules."""
