"""Texts, workbooks and values spoilt at random; the same random numbers spoil them the same way."""

from __future__ import annotations

import math
import re
from random import Random

from tests.xlsx.foreign_books import packed, parts_of

WORDS = (
    *("", "0", "-1", "1e308", "-1e-320", "nan", "inf", "NaN", "TRUE", "1,234", "4%", "2024-02-30", "FY9999"),
    *("1048577", "XFE1", "A0", "A1:XFD1048576", "B9:A1", "$A$1", "#REF!", "#N/A", "Sheet1!A1", "[1]Sheet!A1"),
    *("\0", "\x1b[2J", "\x85", "\ufeff", "\u202e", "\U0001f4c8", "小米" * 40, "x" * 40_000, "=1/0", "'", '"'),
    *(
        "<",
        "&",
        "&#0;",
        "&lt;",
        "]]>",
        "<!DOCTYPE x>",
        "<x>",
        "--",
        ";",
        "\r",
        "\n\n",
        ",",
        ",,,,",
        "../../x",
    ),
)
FORMULAS = (
    *(
        "1/0",
        "A1",
        "SUM(A:A)",
        "SUM(A1:XFD1048576)",
        "OFFSET(A1,1E9,0)",
        "INDIRECT(&quot;A&quot;&amp;1)",
        "((",
    ),
    *(
        "REPT(&quot;x&quot;,1E9)",
        "SEQUENCE(1E6,1E3)",
        "IRR({1,2})",
        "A1#",
        "[1]X!A1",
        "X[[#This Row],[y]]",
        "{1;2}",
    ),
    *(
        "1" + "+1" * 5000,
        "(" * 300 + "1" + ")" * 300,
        "VAL.DCF_XNPV()",
        "DCF_PRESENT_VALUE(A1,A1:A9)",
        "@A1:A9",
    ),
    *(
        "_xlfn.LET(x,1,x)",
        "LAMBDA(x,x)(1)",
        "FACT(1E9)",
        "COMBIN(1E9,5E8)",
        "TEXT(1,&quot;@&quot;)",
        "10^400",
        "=",
    ),
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_QUOTED = re.compile(r'"[^"<>]{0,60}"')
_FORMULA = re.compile(r"(<f[^>/]*>)([^<]*)(</f>)")


def spoilt_text(random: Random, text: str) -> str:
    """A text with one to three spoilt places."""
    for _ in range(random.randint(1, 3)):
        text = random.choice((_cut, _repeated, _inserted, _other_number, _other_attribute, _other_formula))(
            random, text
        )
    return text


def _cut(random: Random, text: str) -> str:
    start = random.randrange(len(text) + 1)
    return text[:start] + text[start + random.choice((1, 5, 100, len(text))) :]


def _repeated(random: Random, text: str) -> str:
    start = random.randrange(len(text) + 1)
    piece = text[start : start + random.choice((1, 20, 200))]
    return text[:start] + piece * random.choice((2, 3, 50)) + text[start + len(piece) :]


def _inserted(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(WORDS) + text[place:]


def _replaced(random: Random, pattern: re.Pattern[str], text: str, new: str) -> str:
    places = [match.span() for match in pattern.finditer(text)]
    if not places:
        return _inserted(random, text)
    start, end = random.choice(places)
    return text[:start] + new + text[end:]


def _other_number(random: Random, text: str) -> str:
    return _replaced(random, _NUMBER, text, random.choice((*WORDS[:12], "99999999999", "-0.0", "65536")))


def _other_attribute(random: Random, text: str) -> str:
    return _replaced(random, _QUOTED, text, f'"{random.choice(WORDS)}"')


def _other_formula(random: Random, text: str) -> str:
    return _replaced(random, _FORMULA, text, f"<f>{random.choice(FORMULAS)}</f>")


def spoilt_book(random: Random, book: bytes) -> bytes:
    """A workbook spoilt in its bytes, in its list of parts, or in the text of a part."""
    kind = random.random()
    if kind < 0.15:
        data = bytearray(book)
        for _ in range(random.choice((1, 8, 64))):
            data[random.randrange(len(data))] = random.randrange(256)
        return bytes(data[: random.choice((len(data), len(data), random.randrange(len(data))))])
    parts = parts_of(book)
    name = random.choice([name for name in parts if name.endswith((".xml", ".rels"))])
    if kind < 0.25:
        del parts[name]
    elif kind < 0.3:
        parts[random.choice((name.upper(), f"../{name}", f"/{name}", f"{name}2"))] = parts.pop(name)
    elif kind < 0.35:
        parts[name] = random.choice((b"", b"<x/>", b"\0" * 1000, parts[name].decode().encode("utf-16")))
    else:
        sheets = [part for part in parts if "worksheets/sheet" in part and part.endswith(".xml")]
        name = random.choice(sheets) if sheets and random.random() < 0.7 else name
        parts[name] = spoilt_text(random, parts[name].decode(errors="replace")).encode(errors="replace")
    return packed(parts)


def value(random: Random, depth: int = 0) -> object:
    """What a host may pass for an argument: cells, rows of cells, and what no host should."""
    kind = random.random()
    if depth < 2 and kind < 0.35:
        width, height = random.choice((0, 1, 2, 5, 30)), random.choice((0, 1, 2, 5, 30))
        if depth == 0 and random.random() < 0.7:
            return [[value(random, 2) for _ in range(width)] for _ in range(height)]
        return [value(random, depth + 1) for _ in range(width)]
    if kind < 0.55:
        return random.choice(
            (0.1, 0.05, 1.0, 5, 100.0, 2024, -0.5, random.uniform(-2, 2), random.gauss(0, 1e4))
        )
    if kind < 0.7:
        return random.choice((0, -1, 1e308, -1e308, 5e-324, 2**70, 10**400, 1e6, 46_000, -0.0))
    if kind < 0.75:
        return random.choice((math.nan, math.inf, -math.inf))
    return random.choice((None, True, False, "end", "mid", "gordon", *WORDS))
