"""The spreadsheet functions, one thin definition each; importing the package fills `registry.REGISTRY`."""

from udfs import capital, dcf, ramp, sotp, val

__all__ = ["capital", "dcf", "ramp", "sotp", "val"]
