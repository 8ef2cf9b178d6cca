"""Valuation mathematics: numbers and numpy arrays in, the same out; no files, no spreadsheet, no company."""
