"""What stands as the source of a figure that somebody has typed."""

from __future__ import annotations

from datetime import date

from xlwings_addin.core.errors import InputError


def source_of_typed(author: str, day: date) -> str:
    """The source of figures that an author has typed on a day; `InputError` for no name.

    >>> source_of_typed("A. Analyst", date(2026, 3, 24))
    'typed by A. Analyst, 2026-03-24'
    """
    if not author.strip():
        raise InputError("author", author, "must be a name")
    return f"typed by {author.strip()}, {day.isoformat()}"
