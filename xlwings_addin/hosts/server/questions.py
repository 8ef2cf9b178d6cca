"""What the task pane asks about the open workbook: what a price needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xlwings_addin.analytics.answers import answers_of
from xlwings_addin.analytics.implied import targets
from xlwings_addin.core.errors import InputError
from xlwings_addin.proof.valued_book import ValuedBook
from xlwings_addin.sheets.implied import in_unit, sentence


def checked_price(price: object) -> float:
    """A price of a share to ask about.

    Raises `InputError` for one that is no number, `DomainError` for one that is not finite or not above zero.
    """
    if isinstance(price, bool) or not isinstance(price, int | float):
        raise InputError("price", price, "must be a number")
    return float(targets(float(price), "", None)[0])


def implied_for(valued: ValuedBook, price: float, *, folder: Path | None = None) -> dict[str, Any]:
    """What every driver must be for a price of a share, all else as in the selected case."""
    answers = answers_of(valued.chosen.inputs, folder).implied(price)
    return {
        "price": price,
        "currency": valued.book.context.company.currency.listing,
        "case": valued.selected,
        "answers": [
            {
                "label": asked.label,
                "needs": sentence(asked),
                "present": "" if asked.answer is None else in_unit(asked.answer.start, asked.answer.unit),
            }
            for asked in answers.asked
        ],
    }
