"""A stated value: the sum of the parts shows the input itself."""

from __future__ import annotations

from xlwings_addin.sheets.segments.half import Half

HALF = Half(value=lambda business: f"{{inputs.{business.prefix}_value}}", discounts=False)
