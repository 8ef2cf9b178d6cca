"""The number formats in which TEXT is proven; a format outside of them is believed only from a stored value.

    is_proven_format('#,##0.0_);(#,##0.0)')     True
    is_proven_format("# ?/?")                   False: a fraction

A format is proven that has up to four sections, each of which is one of

- digits without anything between them: `0`, `#`, thousands by commas between, decimals, commas behind that
  scale, `E+00`, per cent before or behind;
- a date or time of `y m d h s` with `AM/PM`, decimals of seconds, hours that count on: `[h]:mm`;
- General, `@`, or nothing but literals

with literals around them: in quotes, behind a backslash, `_x`, or one of the signs that need neither.
Currency signs and colours in brackets may stand there too. Fractions, `?`, `*`, conditions, other languages
and letters that stand for nothing are not proven: there Excel shows what nobody would guess.
"""

from __future__ import annotations

import re
from functools import lru_cache

from xlwings_addin.engine.instead.number_text import pieces_of, sections_of
from xlwings_addin.engine.instead.values import CellError

__all__ = ["has_decimal_comma", "is_proven_format"]

_DIGITS = re.compile(r"(?:#*0+|#+|#,##0|#,###|0,000|0+(?:,000)+|#(?:,###)+)(?:\.0*#*)?,*(?:E[+-]0+)?")
_DECIMAL_COMMA = re.compile(r"[0#],(?:0|00)(?![0#])")
_MOMENT = re.compile(r"(?:y{1,4}|m{1,5}|d{1,4}|h{1,2}|s{1,2})")
_IN_BRACKETS = re.compile(
    r"\[(?:Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color\d+"
    r"|\$[^\[\]\d-]+(?:-[0-9A-F]+)?|\$-409|h+)\]",
    re.IGNORECASE,
)
_LITERALS = re.compile(r'"[^"]*"|\\.|_.')
_PLAIN = frozenset(" $-+()!:'&~{}<>=/^€£¥")
"""Signs that stand for themselves without quotes."""


@lru_cache(maxsize=4096)
def is_proven_format(code: str) -> bool:
    """Whether TEXT is proven in a number format.

    >>> [is_proven_format(code) for code in ("0.0%", "d mmm yyyy", "[h]:mm", '0.0"x"', "[<9]0", "0*-")]
    [True, True, True, True, False, False]
    """
    bare = _LITERALS.sub("", code)
    if set("?*[]") & set(_IN_BRACKETS.sub("", bare)):
        return False
    try:
        sections = sections_of(code)
    except (CellError, ValueError):
        return False
    return len(sections) <= 4 and all(_is_proven(section.code) for section in sections)


def has_decimal_comma(formula: str) -> bool:
    """Whether a formula formats with a comma before the decimals, as where Excel's settings are not American.

    >>> has_decimal_comma('TEXT(A1,"0,00")'), has_decimal_comma('TEXT(A1,"#,##0.00")')
    (True, False)
    """
    return "TEXT(" in formula.upper() and _DECIMAL_COMMA.search(formula) is not None


def _is_proven(code: str) -> bool:
    if any(mark not in _PLAIN for kind, mark in _unquoted(code) if kind == "literal"):
        return False
    kinds = [kind for kind, _ in pieces_of(code)]
    if {"date", "half", "elapsed"} & set(kinds):
        return _is_moment(pieces_of(code))
    if "place" in kinds or "power" in kinds:
        return _is_number(pieces_of(code))
    return len([kind for kind in kinds if kind in ("general", "text")]) <= 1


def _unquoted(code: str) -> list[tuple[str, str]]:
    return pieces_of(_LITERALS.sub("", code))


def _is_number(pieces: list[tuple[str, str]]) -> bool:
    """Whether the digits stand together and only signs and literals around them."""
    if any(kind in ("general", "text") for kind, _ in pieces):
        return False
    run, inside, ended = "", False, False
    for kind, mark in pieces:
        if kind == "power" or (kind == "place" and mark not in "%"):
            if ended:
                return False
            inside, run = True, run + mark
        else:
            ended = ended or inside
    return _DIGITS.fullmatch(run) is not None and ("E" not in run or all(mark != "%" for _, mark in pieces))


def _is_moment(pieces: list[tuple[str, str]]) -> bool:
    elapsed = [at for at, (kind, _) in enumerate(pieces) if kind == "elapsed"]
    if elapsed and (len(elapsed) > 1 or any(kind == "date" for kind, _ in pieces[: elapsed[0]])):
        return False
    for at, (kind, mark) in enumerate(pieces):
        before = pieces[at - 1] if at else ("", "")
        after = "".join(piece for _, piece in pieces[at + 1 : at + 2])
        if kind in ("power", "general", "text") or (kind == "date" and not _MOMENT.fullmatch(mark)):
            return False
        is_decimal = before[1].startswith("s") or before in (("place", "."), ("place", "0"))
        if kind == "place" and mark not in "/." and not (mark == "0" and is_decimal):
            return False
        if (kind, mark, after) == ("place", ".", "0") and not before[1].startswith("s"):
            return False
        if elapsed and kind == "date" and mark[0] not in "ms":
            return False
    return True
