"""Rules of cells: limits of formats, validations and texts, and formulas that need no Ctrl+Shift+Enter.

Source of the limits: Microsoft, "Excel specifications and limits" and "Data validation"; of the formulas:
"Guidelines and examples of array formulas" (a function that takes a single value, given a range).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token

from xlwings_addin.xlsx.package import Package, formula_cells

ARRAYS = frozenset({"SUMPRODUCT", "LOOKUP", "INDEX", "AGGREGATE"})
"""Functions that calculate a whole array by themselves; but an IF within them does not."""
SINGLE = frozenset(
    [
        "IF",
        "ABS",
        "ROUND",
        "ROUNDUP",
        "ROUNDDOWN",
        "EXP",
        "LN",
        "LOG",
        "SQRT",
        "INT",
        "ISNUMBER",
        "ISERROR",
        "ISBLANK",
        "ISTEXT",
        "TEXT",
        "LEFT",
        "RIGHT",
        "MID",
        "LEN",
        "VALUE",
        "YEAR",
        "MONTH",
        "DAY",
        "POWER",
        "SIGN",
        "MOD",
    ]
)
"""Functions whose arguments are single values."""
SPILLS = frozenset(["TRANSPOSE", "MMULT", "FREQUENCY", "LINEST", "LOGEST", "TREND", "GROWTH", "MINVERSE"])
"""Functions of before dynamic arrays that answer with an array; TRANSPOSE asks for it wherever it stands."""
LIMITS = {
    r'<dataValidation\b[^>]*? promptTitle="([^"]*)"': 32,
    r'<dataValidation\b[^>]*? prompt="([^"]*)"': 255,
    r'<dataValidation\b[^>]*? errorTitle="([^"]*)"': 32,
    r'<dataValidation\b[^>]*? error="([^"]*)"': 255,
    r"<formula1>(\"[^<]*\")</formula1>": 257,  # a list of texts, with its quotes
    r"<(?:odd|even|first)(?:Header|Footer)>([^<]*)<": 255,
    r"<f\b[^>/]*>([^<]*)</f>": 8192,
    r"<(?:t|v)\b[^>/]*>([^<]*)</(?:t|v)>": 32_767,
}
VALIDATIONS = re.compile(r'<dataValidations\b[^>]*?count="(\d+)"[^>]*>(.*?)</dataValidations>', re.DOTALL)
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);")


def limits(package: Package) -> Iterator[str]:
    """No text, number format, height or width is larger than Excel takes."""
    for title, part in package.sheets().items():
        text = package.parts[part].decode()
        for pattern, most in LIMITS.items():
            longest = max((len(ENTITY.sub("x", match)) for match in re.findall(pattern, text)), default=0)
            if longest > most:
                yield f"{title}: {longest} characters where {most} are the most ({pattern})"
        if max(map(float, re.findall(r'<row\b[^>]*? ht="([\d.]+)"', text)), default=0) > 409:
            yield f"{title}: a row is higher than 409 points"
        if max(map(float, re.findall(r'<col\b[^>]*? width="([\d.]+)"', text)), default=0) > 255:
            yield f"{title}: a column is wider than 255 characters"
        if text.count("<hyperlink ") > 65_530:
            yield f"{title}: more hyperlinks than Excel takes"
        for count, validations in VALIDATIONS.findall(text):
            if int(count) != len(re.findall(r"<dataValidation\b", validations)):
                yield f"{title}: validations are not as many as they count"
    styles = package.related(package.workbook_part, "styles")
    for code in re.findall(rb'formatCode="([^"]*)"', package.parts[styles] if styles else b""):
        format_code = ENTITY.sub("x", code.decode())
        if len(format_code) > 255 or re.sub(r'"[^"]*"|\\.', "", format_code).count(";") > 3:
            yield f"a number format has more than 255 characters or four sections: {format_code}"


def plain_formulas(package: Package) -> Iterator[str]:
    """No formula needs Ctrl+Shift+Enter, and none that is entered so stands in the file."""
    for cell in formula_cells(package):
        if cell.kind in ("array", "dynamic"):
            yield f"{cell.sheet}!{cell.cell} is an array formula"
        elif cell.text and (reason := needs_array_entry(f"={cell.text}")):
            yield f"{cell.sheet}!{cell.cell}: {reason}"


def needs_array_entry(formula: str) -> str:
    """Why a formula needs Ctrl+Shift+Enter in an Excel without dynamic arrays; empty if it does not."""
    tokens = [token for token in Tokenizer(formula).items if token.type != Token.WSPACE]
    open_functions: list[str] = []
    for place, token in enumerate(tokens):
        if token.subtype == Token.OPEN:
            open_functions.append(token.value.removesuffix("(").removeprefix("_xlfn.").upper())
            name = open_functions[-1]
            if name == "TRANSPOSE" or (name in SPILLS and not _calculates_arrays(open_functions[:-1])):
                return f"{name} answers with an array"
        elif token.subtype == Token.CLOSE:
            open_functions.pop()
        elif token.subtype == Token.RANGE and ":" in token.value:
            functions = [name for name in open_functions if name]
            beside = tokens[max(place - 1, 0)], tokens[min(place + 1, len(tokens) - 1)]
            operated = any(other.type in (Token.OP_IN, Token.OP_PRE, Token.OP_POST) for other in beside)
            single = not functions or functions[-1] in SINGLE
            if (operated or single) and not _calculates_arrays(functions):
                return f"{token.value} stands where a single value does"
    return ""


def _calculates_arrays(functions: list[str]) -> bool:
    """Whether the innermost function that decides about arrays is one that takes them."""
    deciding = [name for name in functions if name in ARRAYS or name == "IF"]
    return bool(deciding) and deciding[-1] != "IF"
