"""What somebody who mistyped a name may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: object, names: Iterable[str]) -> str:
    """The end of a sentence that refuses a name: the most similar of those there are; empty if none is.

    >>> nearest("bul", ["base", "bear", "bull"])
    '; the nearest is bull'
    >>> nearest("moon", ["base", "bear", "bull"])
    ''
    """
    matches = get_close_matches(str(name), list(names), n=1)
    return f"; the nearest is {matches[0]}" if matches else ""


def one_of(name: object, names: Iterable[str]) -> str:
    """The rule that a name breaks which is none of those there are.

    >>> one_of("bul", ["base", "bear", "bull"])
    'must be one of base, bear, bull; the nearest is bull'
    """
    there = list(names)
    return f"must be one of {', '.join(there)}{nearest(name, there)}"
