"""How many two-way tables a case has, how large they are, and what they may set: sheets have that room."""

PLANS = ("first_rate", "volume_margin", "second_rate", "first_two")
"""The tables by key: cost of capital and growth of two parts, volume and margin, the tornado's two."""
SIZE = 7
"""Values of an axis; the case is in the middle."""
MOST_MOVED = 3
"""Inputs that one axis may set."""
