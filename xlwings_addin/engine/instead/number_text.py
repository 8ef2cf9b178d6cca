"""Numbers as texts: with 15 significant digits, or in a number format as TEXT applies it.

A format has up to four sections, for positive and negative numbers, zero and text, or with conditions of
their own: `[<100]0" Small";0`. Placeholders 0, #, ?; thousands by a comma between them and scaling by commas
behind; per cent, exponents, fractions of a given number of digits, dates and times, `[h]` counting on;
literals in quotes and behind a backslash; `_x` a space as wide as x; `*x`, which fills a cell, is nothing in
TEXT's result.

Source: ECMA-376 Part 1, 18.8.31 (numFmts); Microsoft, "Number format codes" and the documentation of TEXT.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from xlwings_addin.engine.instead.values import CellError

__all__ = ["formatted", "general", "in_a_cell", "pieces_of", "sections_of"]


def general(value: float) -> str:
    """A number as Excel makes it a text: 15 significant digits, an exponent for very large and small ones.

    >>> [general(x) for x in (0.1 + 0.2, 1 / 3, 12.0, 1e20, 1.5e-7, 123456789012.0)]
    ['0.3', '0.333333333333333', '12', '1E+20', '1.5E-07', '123456789012']
    """
    if value == 0:
        return "0"
    digits = f"{value:.14e}"
    mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    if power < -5 or power > 20 or (power < 0 and _needs_exponent(mantissa, power)) or power >= 20:
        short = mantissa.rstrip("0").rstrip(".")
        return f"{short}E{'-' if power < 0 else '+'}{abs(power):02d}"
    plain = f"{Decimal(digits):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _needs_exponent(mantissa: str, power: int) -> bool:
    """Whether a small number, written out, would be longer than General allows."""
    significant = len(mantissa.rstrip("0").rstrip(".").lstrip("-").replace(".", ""))
    return power < -4 and significant - power > 20


def in_a_cell(value: float) -> str:
    """A number in the format General, as a cell and TEXT show it: in 11 characters at most.

    >>> [in_a_cell(x) for x in (1 / 3, 123456789012.0, 12.5, 1 / 8e6)]
    ['0.333333333', '1.23457E+11', '12.5', '1.25E-07']
    """
    size = abs(value)
    if size >= 1e11 or (0 < size < 1e-4 and len(f"{Decimal(general(size)):f}") > 11):
        mantissa, _, exponent = f"{value:.5E}".partition("E")
        short = mantissa.rstrip("0").rstrip(".")
        return f"{short}E{exponent[0]}{int(exponent[1:]):02d}"
    decimals = max(0, 10 - len(str(int(size))))
    exact = Decimal(f"{value:.14e}").quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    plain = f"{exact:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


class Section(NamedTuple):
    """One section of a format without its condition, colours and languages; the condition beside it."""

    code: str
    condition: str
    limit: float


_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")
_ASIDE = re.compile(
    r"\[(?:Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color\s*\d+|DBNum\d|\$-[0-9A-Fa-f,]*)\]", re.I
)
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")


def formatted(value: float | str, code: str, *, from_1904: bool = False) -> str:
    """A number or text in a number format; `from_1904` says when the days of a book begin.

    A book that counts from 1904 knows dates and times below zero.

    >>> formatted(-3, "0_);(0)"), formatted(0.1234, "0.0%"), formatted(45359, "d mmm yyyy")
    ('(3)', '12.3%', '8 Mar 2024')
    """
    sections = sections_of(code)
    if isinstance(value, str):
        return _text_section(sections, value)
    section, absolute = _choose(sections, value)
    return _apply(section.code, abs(value) if absolute else value, value, from_1904)


def sections_of(code: str) -> list[Section]:
    """The sections of a format; a text in it that does not end is the cell's error."""
    sections, current, quoted, at = [], "", False, 0
    while at < len(code):
        mark = code[at]
        if mark == '"':
            quoted = not quoted
        if mark in "\\_*" and not quoted and at + 1 < len(code):
            current += code[at : at + 2]
            at += 2
            continue
        if mark == ";" and not quoted:
            sections.append(current)
            current = ""
        else:
            current += mark
        at += 1
    if quoted:
        raise CellError("#VALUE!")
    return [_section(part) for part in [*sections, current]]


def _section(part: str) -> Section:
    match = _CONDITION.search(part)
    plain = _ASIDE.sub("", _CONDITION.sub("", part))
    plain = _CURRENCY.sub(lambda symbol: f'"{symbol[1]}"', plain)
    return Section(plain, match[1] if match else "", float(match[2]) if match else 0.0)


def _text_section(sections: list[Section], value: str) -> str:
    code = sections[3].code if len(sections) > 3 else ""
    if not code:
        with_text = [section.code for section in sections if "@" in _bare(section.code)]
        if not with_text:
            return value
        code = with_text[-1]
    return "".join(
        value if kind == "text" else piece for kind, piece in pieces_of(code) if kind in ("literal", "text")
    )


_HOLDS = {
    "<": lambda value, limit: value < limit,
    ">": lambda value, limit: value > limit,
    "<=": lambda value, limit: value <= limit,
    ">=": lambda value, limit: value >= limit,
    "=": lambda value, limit: value == limit,
    "<>": lambda value, limit: value != limit,
}


def _choose(sections: list[Section], value: float) -> tuple[Section, bool]:
    """The section for a number, and whether it shows the number without its sign."""
    numeric = sections[:3]
    if any(section.condition for section in numeric):
        for section in numeric:
            if not section.condition or _HOLDS[section.condition](value, section.limit):
                hides = section.condition in ("<", "<=") and section.limit <= 0
                return section, hides
        if len(numeric) == 1:
            return Section("General", "", 0.0), False
        raise CellError("#VALUE!")
    if len(numeric) == 1:
        return numeric[0], False
    if value < 0:
        return numeric[1], True
    if value == 0 and len(numeric) > 2:
        return numeric[2], False
    return numeric[0], False


def pieces_of(code: str) -> list[tuple[str, str]]:
    """A section's pieces: literals, placeholders, and letters that may be parts of dates."""
    pieces: list[tuple[str, str]] = []
    at = 0
    while at < len(code):
        mark = code[at]
        if mark == '"':
            end = code.index('"', at + 1)
            pieces.append(("literal", code[at + 1 : end]))
            at = end + 1
        elif mark == "\\" or mark == "!":
            pieces.append(("literal", code[at + 1 : at + 2]))
            at += 2
        elif mark == "_":
            pieces.append(("literal", " "))
            at += 2
        elif mark == "*":
            at += 2
        elif mark == "@":
            pieces.append(("text", "@"))
            at += 1
        elif code[at : at + 7].lower() == "general":
            pieces.append(("general", "General"))
            at += 7
        elif elapsed := re.match(r"\[(h+|m+|s+)\]", code[at:], re.I):
            pieces.append(("elapsed", elapsed[1].lower()))
            at += len(elapsed[0])
        elif half := re.match(r"AM/PM|A/P", code[at:], re.I):
            pieces.append(("half", half[0]))
            at += len(half[0])
        elif run := re.match(r"([ymdhsYMDHS])\1*", code[at:]):
            pieces.append(("date", run[0].lower()))
            at += len(run[0])
        elif power := re.match(r"[Ee][+-]", code[at:]):
            pieces.append(("power", power[0]))
            at += 2
        elif mark in "0#?.,%/":
            pieces.append(("place", mark))
            at += 1
        else:
            pieces.append(("literal", mark))
            at += 1
    return pieces


def _bare(code: str) -> str:
    return re.sub(r'"[^"]*"|\\.|_.|\*.', "", code)


def _apply(code: str, value: float, signed: float, from_1904: bool) -> str:
    if not code:
        return "-" if signed < 0 and value < 0 else ""
    pieces = pieces_of(code)
    kinds = {kind for kind, _ in pieces}
    if kinds & {"date", "elapsed", "half"}:
        if not from_1904:
            return _moment(pieces, value)
        return f"{'-' if value < 0 else ''}{_moment(pieces, abs(value), _FROM_1904)}"
    if "place" in kinds or "power" in kinds:
        return _number(pieces, value)
    text = "".join(in_a_cell(abs(value)) if kind in ("general", "text") else piece for kind, piece in pieces)
    return f"-{text}" if value < 0 else text


def _number(pieces: list[tuple[str, str]], value: float) -> str:
    places = [(at, mark) for at, (kind, mark) in enumerate(pieces) if kind == "place"]
    if any(kind == "power" for kind, _ in pieces):
        return _scientific(pieces, value)
    slash = [at for at, mark in places if mark == "/"]
    if slash and any(mark in "0#?" for _, mark in places):
        return _fraction(pieces, value, slash[0])
    digits = [at for at, mark in places if mark in "0#?"]
    if not digits:
        text = "".join(mark for _, mark in pieces)
        return f"-{text}" if value < 0 else text
    point = next((at for at, mark in places if mark == "."), len(pieces))
    last = max(digits)
    scale = sum(
        1
        for at, mark in places
        if mark == ","
        and at > max((d for d in digits if d < point), default=-1)
        and (at < point or at > last)
    )
    grouped = any(
        mark == "," and min(digits) < at < max((d for d in digits if d < point), default=-1)
        for at, mark in places
    )
    percent = sum(1 for _, mark in places if mark == "%")
    decimals = sum(1 for at in digits if at > point)
    exact = _rounded(value, percent * 2 - scale * 3, decimals)
    sign = "-" if exact < 0 else ""
    whole, _, rest = f"{abs(exact):.{decimals}f}".partition(".")
    return sign + _filled(pieces, [d for d in digits if d < point], whole, rest, point, grouped)


def _rounded(value: float, shift: int, decimals: int) -> Decimal:
    exact = Decimal(f"{value:.14e}").scaleb(shift)
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _filled(
    pieces: list[tuple[str, str]], before: list[int], whole: str, rest: str, point: int, grouped: bool
) -> str:
    """The pieces with the digits of a number in their places."""
    whole = "" if whole == "0" else whole
    needed = sum(1 for at in before if pieces[at][1] in "0")
    width = max(len(whole), len(before))
    digits = whole.rjust(width)
    digits_at: dict[int, str] = {}
    for order, at in enumerate(reversed(before)):
        is_first = order == len(before) - 1
        own = digits[: width - order] if is_first else digits[width - order - 1 : width - order]
        own = own.strip() or {"0": "0", "?": " ", "#": ""}[pieces[at][1]]
        if own == "" and any(pieces[other][1] == "0" for other in before[: before.index(at)]):
            own = "0"
        digits_at[at] = own
    if grouped:
        _group(digits_at, before, pieces, needed)
    return _assembled(pieces, digits_at, rest, point)


def _group(digits_at: dict[int, str], before: list[int], pieces: list[tuple[str, str]], needed: int) -> None:
    count = 0
    for at in reversed(before):
        run = ""
        for digit in reversed(digits_at[at]):
            if count and count % 3 == 0 and digit != " ":
                run = "," + run
            run = digit + run
            count += 1
        digits_at[at] = run


def _assembled(pieces: list[tuple[str, str]], digits_at: dict[int, str], rest: str, point: int) -> str:
    optional = len(rest)
    marks = [
        mark for at, (kind, mark) in enumerate(pieces) if at > point and kind == "place" and mark in "0#?"
    ]
    while optional and marks[optional - 1] != "0" and rest[optional - 1] == "0":
        optional -= 1
    text, place = "", 0
    for at, (kind, mark) in enumerate(pieces):
        if kind != "place":
            text += "" if kind == "general" else mark
        elif mark == "." and at == point:
            text += "."
        elif mark in "0#?" and at < point:
            text += digits_at[at]
        elif mark in "0#?":
            text += rest[place] if place < optional else (" " if mark == "?" else "")
            place += 1
        elif mark == "%":
            text += "%"
    return text


def _scientific(pieces: list[tuple[str, str]], value: float) -> str:
    power_at = next(at for at, (kind, _) in enumerate(pieces) if kind == "power")
    before, after = pieces[:power_at], pieces[power_at + 1 :]
    point = next((at for at, piece in enumerate(before) if piece == ("place", ".")), len(before))
    step = max(1, sum(1 for kind, mark in before[:point] if kind == "place" and mark in "0#?"))
    decimals = sum(1 for kind, mark in before[point:] if kind == "place" and mark in "0#?")
    exponent = 0
    if value:
        exponent = Decimal(f"{abs(value):.14e}").adjusted() // step * step
        if _rounded(abs(value), -exponent, decimals) >= Decimal(10) ** step:
            exponent += step
    mantissa = f"{_rounded(abs(value), -exponent, decimals):f}"
    whole, _, rest = mantissa.partition(".")
    digits = [at for at, (kind, mark) in enumerate(before[:point]) if kind == "place" and mark in "0#?"]
    mantissa = _filled(before, digits, whole, rest, point, False)
    width = sum(1 for kind, mark in after if kind == "place" and mark in "0#?")
    sign = "-" if exponent < 0 else ("+" if pieces[power_at][1].endswith("+") else "")
    tail = "".join(mark for kind, mark in after if kind == "literal")
    letter = pieces[power_at][1][0]
    return f"{'-' if value < 0 else ''}{mantissa}{letter}{sign}{abs(exponent):0{width}d}{tail}"


def _fraction(pieces: list[tuple[str, str]], value: float, slash: int) -> str:
    from fractions import Fraction

    numerator = [at for at in range(slash) if pieces[at][0] == "place" and pieces[at][1] in "0#?"]
    gaps = [at for at in range(slash) if pieces[at][0] == "literal" and pieces[at][1] == " "]
    split = max(gaps) if gaps else -1
    has_whole = any(at < split for at in numerator)
    width = sum(1 for at in numerator if at > split)
    after = pieces[slash + 1 :]
    fixed = "".join(mark for kind, mark in after if kind == "literal" and mark.isdigit())
    digits = sum(1 for kind, mark in after if kind == "place" and mark in "0#?")
    amount = Fraction(abs(value)).limit_denominator(10**15)
    whole = int(amount) if has_whole else 0
    part = amount - whole
    if fixed:
        raise CellError("#VALUE!")
    near = part.limit_denominator(10 ** max(digits, 1) - 1)
    if near == 1 and has_whole:
        whole, near = whole + 1, Fraction(0)
    sign = "-" if value < 0 else ""
    if near == 0 and has_whole:
        return f"{sign}{whole}{' ' * (width + digits + 2)}"
    top = str(near.numerator).rjust(width)
    bottom = str(near.denominator).ljust(digits)
    lead = f"{whole if whole else ''} " if has_whole else ""
    return f"{sign}{lead}{top}/{bottom}"


# --- dates and times ----------------------------------------------------------------------------------

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)


class _Moment(NamedTuple):
    year: int
    month: int
    day: int
    weekday: int
    seconds: Decimal


def _split(value: float, decimals: int) -> _Moment:
    days = int(value // 1)
    quantum = Decimal(1).scaleb(-decimals)
    seconds = (Decimal(f"{value - days:.14e}") * 86400).quantize(quantum, rounding=ROUND_HALF_UP)
    if seconds >= 86400:
        days, seconds = days + 1, seconds - 86400
    if days == 60:
        return _Moment(1900, 2, 29, 3, seconds)
    if days == 0:
        return _Moment(1900, 1, 0, 6, seconds)
    day = date(1899, 12, 31 if days < 60 else 30) + timedelta(days=days)
    return _Moment(day.year, day.month, day.day, (days - 1) % 7, seconds)


_FROM_1904 = 1462
"""Days from the first day of a usual book to that of one that counts from 1904."""


def _moment(pieces: list[tuple[str, str]], value: float, days: int = 0) -> str:
    """A date or time that lies so many days behind a number's; what has elapsed is the number's own."""
    if value < 0 or value + days >= 2958466:
        raise CellError("#VALUE!")
    decimals = _second_decimals(pieces)
    when = _split(value + days, decimals)
    halved = any(kind == "half" for kind, _ in pieces)
    text, at = "", 0
    while at < len(pieces):
        kind, piece = pieces[at]
        if kind == "date":
            text += _date_part(piece, when, halved, _is_minute(pieces, at))
        elif kind == "elapsed":
            text += _elapsed(piece, value)
        elif kind == "half":
            late = int(when.seconds) // 3600 >= 12
            text += piece.split("/")[1 if late else 0].upper() if len(piece) > 3 else piece.split("/")[late]
        elif (kind, piece) == ("place", ".") and decimals:
            text += "." + f"{when.seconds % 60:.{decimals}f}".partition(".")[2]
            at += decimals
        elif kind in ("literal", "place"):
            text += piece
        at += 1
    return text


def _second_decimals(pieces: list[tuple[str, str]]) -> int:
    for at, (kind, piece) in enumerate(pieces):
        if (
            kind in ("date", "elapsed")
            and piece.startswith("s")
            and pieces[at + 1 : at + 2] == [("place", ".")]
        ):
            count = 0
            while pieces[at + 2 + count : at + 3 + count] == [("place", "0")]:
                count += 1
            return count
    return 0


def _is_minute(pieces: list[tuple[str, str]], at: int) -> bool:
    """Whether an m means minutes: behind hours or before seconds."""
    around = [(kind, piece[0]) for kind, piece in pieces[:at] if kind in ("date", "elapsed")]
    after = [piece[0] for kind, piece in pieces[at + 1 :] if kind in ("date", "elapsed")]
    return bool(around and around[-1][1] == "h") or bool(after and after[0] == "s")


def _date_part(piece: str, when: _Moment, halved: bool, minute: bool) -> str:
    letter, width = piece[0], len(piece)
    total = int(when.seconds)
    if letter == "y":
        return f"{when.year:04d}" if width > 2 else f"{when.year % 100:02d}"
    if letter == "m" and minute and width < 3:
        return f"{total // 60 % 60:0{width}d}"
    if letter == "m":
        name = _MONTHS[when.month - 1]
        return {1: str(when.month), 2: f"{when.month:02d}", 3: name[:3], 5: name[0]}.get(width, name)
    if letter == "d":
        name = _DAYS[when.weekday]
        return {1: str(when.day), 2: f"{when.day:02d}", 3: name[:3]}.get(width, name)
    if letter == "h":
        hours = total // 3600
        hours = (hours % 12 or 12) if halved else hours
        return f"{hours:0{min(width, 2)}d}"
    return f"{total % 60:0{min(width, 2)}d}"


def _elapsed(piece: str, value: float) -> str:
    seconds = int((Decimal(f"{value:.14e}") * 86400).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    unit = {"h": 3600, "m": 60, "s": 1}[piece[0]]
    return f"{seconds // unit:0{len(piece)}d}"
