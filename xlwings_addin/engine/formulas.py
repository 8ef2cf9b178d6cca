"""What formulas say, read token by token, and how the engine has to be told it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain
from sys import intern

from xlwings_addin.engine.structured_references import Place, tables_of, with_plain_ranges
from xlwings_addin.xlsx.addresses import split_address
from xlwings_addin.xlsx.package import CellKey, Package, Source, formula_cells, read_package

LINK = re.compile(r"\[[0-9]+\]!")
"""How Excel marks, in a file, a function that it took from an add-in file: `[1]!DCF_FCFF(`."""
OMITTED = "VAL_OMITTED_ARGUMENT"
"""The function by which the engine is told an argument left out."""
_QUOTED = re.compile(r""" "[^"]*" | '[^']*' """, re.VERBOSE)
_FUNCTION = re.compile(r"[A-Za-z_\\][\w.\\]*(?=\()")
_MAY_OMIT = re.compile(r"[(,]\s*,|,\s*\)")
_RELATIVE = re.compile(r"(?<![$\w.])[A-Za-z]{1,3}\$?[0-9]+(?![\w.])|\$[A-Za-z]{1,3}[0-9]")
WORD = re.compile(r"[A-Z_\\][\w.\\]*")
_ONE_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?[0-9]+")
_TAKE_RANGES = frozenset(
    (
        *("SUM", "SUMPRODUCT", "SUMIF", "SUMIFS", "COUNT", "COUNTA", "COUNTIF", "COUNTIFS", "AVERAGE"),
        *("MIN", "MAX", "MEDIAN", "NPV", "IRR", "XNPV", "XIRR", "INDEX", "MATCH", "ROWS", "COLUMNS"),
        *("VLOOKUP", "HLOOKUP", "LOOKUP"),
    )
)


_ADDRESS = re.compile(r"(?<![\w.\\$])\$?(?:[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D])\$?[0-9]+(?![\w.(!])")


def pattern_of(text: str) -> str:
    """A formula with every cell called A1: formulas of one pattern call the same functions and names.

    >>> pattern_of("SUM(B$2:C7)*Rate+YTD2024")
    'SUM(A1:A1)*Rate+YTD2024'
    """
    return intern(_ADDRESS.sub("A1", text))


def told_alike(one: str, told: str) -> Callable[[str], str] | None:
    """What tells any formula of one pattern as the first of them is told: its cells in their places.

    None where what is told spells other cells, or in another order.

    >>> again = told_alike("IF(B2=1,C2,0)", "IF(VAL_EQUAL(B2,1),C2,0)")
    >>> again("IF(B3=1,$C$7,0)")
    'IF(VAL_EQUAL(B3,1),$C$7,0)'
    """
    if _ADDRESS.findall(one) != _ADDRESS.findall(told):
        return None
    between = _ADDRESS.split(told)

    def again(text: str) -> str:
        return "".join(chain.from_iterable(zip(between, [*_ADDRESS.findall(text), ""], strict=True)))

    return again


_ROW, _ROW_ABOVE = "\x01", "\x02"
_SOME_ROWS = str.maketrans({_ROW: "7919317", _ROW_ABOVE: "7919319"})


def patterns_of(
    texts: Mapping[CellKey, str], places: Mapping[CellKey, tuple[int, int]]
) -> dict[CellKey, str]:
    """`pattern_of` of the formulas in many cells, told once for a formula that is filled down.

    Formulas are alike that differ in the numbers of their own row and of the one above. They are of one
    pattern if those numbers stand in addresses only, so that the pattern has none of them.
    """
    patterns: dict[CellKey, str] = {}
    seen: set[str] = set()
    filled_down: dict[str, str | None] = {}
    for key, text in texts.items():
        row = places[key][0]
        alike = text.replace(str(row), _ROW).replace(str(row - 1), _ROW_ABOVE)
        pattern = filled_down.get(alike)
        if pattern is None:
            pattern = pattern_of(text)
            if alike in seen and alike not in filled_down:
                anywhere = pattern_of(alike.translate(_SOME_ROWS))
                filled_down[alike] = pattern if "79193" not in anywhere else None
            seen.add(alike)
        patterns[key] = pattern
    return patterns


def functions_called(formulas: Iterable[str]) -> set[str]:
    """The functions that formulas call, as the formulas spell them.

    >>> sorted(functions_called(['IFERROR(_xlfn.AGGREGATE(9,6,B1:B3),"none (yet)")', "SUM(A1)"]))
    ['IFERROR', 'SUM', '_xlfn.AGGREGATE']
    """
    return {name for text in formulas for name in _FUNCTION.findall(_QUOTED.sub("", text))}


def words_in(text: str) -> list[str]:
    r"""The words of a formula outside its texts and quoted names, in capitals: functions, names, references.

    >>> words_in('IF(A1,"now and "&Rate,\'My sheet\'!B2)')
    ['IF', 'A1', 'RATE', 'B2']
    """
    return WORD.findall(_QUOTED.sub("", text).upper())


def calls_in(text: str) -> Iterator[tuple[str, int]]:
    """The functions that a formula calls, as it spells them, and where in it each name begins.

    >>> list(calls_in('IF(A1,"SUM(",[1]!DCF_FCFF(B1))'))
    [('IF', 0), ('[1]!DCF_FCFF', 13)]

    Raises ValueError for a text that is no formula.
    """
    from formualizer import TokenizerError

    at = 0
    try:
        for value, kind, subtype in tokens(text):
            if kind == "Func" and subtype == "Open":
                yield value[:-1], at
            at += len(value)
    except TokenizerError as error:
        raise ValueError(str(error)) from error
    if at != len(text):
        raise ValueError("its pieces do not add up to the whole")


def own_functions(formulas: Iterable[str], names: Collection[str]) -> set[str]:
    """Which of the functions that formulas call are among `names`, in any letter case.

    >>> own_functions(["SUM(val.dcf_xnpv(A1,B1,C1))", "DCF_XNPV_OF_MINE(1)"], ["DCF_XNPV", "VAL.DCF_XNPV"])
    {'val.dcf_xnpv'}
    """
    own = {name.upper() for name in names}
    return {name for name in functions_called(formulas) if name.upper() in own}


def plain_formulas(source: Source) -> dict[CellKey, str]:
    """The formulas that a workbook stores, by cell, with structured references as the cells they mean.

    The formulas of defined names are listed under no sheet and the name. A reference whose cells are not
    certain, or not the same for all cells that share its formula, stays as it is.
    """
    package = read_package(source)
    tables = tables_of(package)
    texts = {("", name): text for name, text in defined_names(package)}
    for formula in formula_cells(package):
        if formula.text:
            place = Place(formula.sheet, *split_address(formula.cell))
            own = None if formula.kind == "shared" else place
            texts[formula.sheet, formula.cell] = with_plain_ranges(formula.text, tables, own)
    return texts


@lru_cache(maxsize=50_000)
def functions_in(text: str) -> frozenset[str]:
    """The functions that a formula calls, in capitals; with LAMBDA it may call names of its own: none."""
    names = {name.upper() for name in functions_called([text])}
    return frozenset() if any(name.endswith("LAMBDA") for name in names) else frozenset(names)


@cache
def is_builtin(name: str) -> bool:
    """Whether the engine knows a function; of those it does not know, a call without arguments is #NAME?."""
    import formualizer as engine

    scratch = engine.Workbook()
    scratch.add_sheet("Scratch")
    scratch.set_formula("Scratch", 1, 1, f"={name}()")
    try:
        value = scratch.evaluate_cell("Scratch", 1, 1)
    except engine.ExcelEvaluationError:
        return False
    return not (isinstance(value, dict) and value.get("kind") == "Name")


def tokens(text: str) -> Iterator[tuple[str, str, str]]:
    """The tokens of a formula: value, type and subtype, such as `("SUM(", "Func", "Open")`."""
    from formualizer import tokenize

    for token in tokenize(f"={text}").tokens():
        yield token.value, str(token.token_type), str(token.subtype)


def with_names_replaced(text: str, names: Mapping[str, str]) -> str:
    """A formula with defined names replaced by what they stand for."""
    if not any(name in text.upper() for name in names):
        return text
    pieces = []
    for value, _, subtype in tokens(text):
        name = value.upper()
        if subtype == "Range" and name in names:
            others = {other: definition for other, definition in names.items() if other != name}
            value = f"({with_names_replaced(names[name], others)})"
        pieces.append(value)
    return "".join(pieces)


def means_the_same_everywhere(definition: str) -> bool:
    """Whether all references of a defined name are absolute; of one that cannot be read nobody knows.

    >>> means_the_same_everywhere("Sheet!$A$1"), means_the_same_everywhere('"cut off')
    (True, False)
    """
    from formualizer import TokenizerError

    try:
        ranges = [value.rpartition("!")[2] for value, _, subtype in tokens(definition) if subtype == "Range"]
    except TokenizerError:
        return False
    return not any(_RELATIVE.search(reference) for reference in ranges)


def without_links(text: str, own_names: frozenset[str]) -> str:
    """A formula in which Python functions are called without the link to the add-in file they came from."""
    if not LINK.search(text):
        return text
    for called, at in reversed(list(calls_in(text))):
        plain = LINK.sub("", called)
        if plain.upper() in own_names:
            text = text[:at] + plain + text[at + len(called) :]
    return text


_NOTHING_BETWEEN = {("Open", "Arg"), ("Sep", "Arg"), ("Sep", "Close")}


def with_omitted_arguments(text: str, own_names: frozenset[str]) -> str:
    """A formula in which arguments left out of calls of Python functions are written out."""
    if not _MAY_OMIT.search(text):
        return text
    pieces: list[str] = []
    calls: list[bool] = []
    before = ""
    for value, kind, subtype in tokens(text):
        if (before, subtype) in _NOTHING_BETWEEN and calls[-1]:
            pieces.append(f"{OMITTED}()")
        pieces.append(value)
        if subtype == "Open":
            calls.append(kind == "Func" and value[:-1].upper() in own_names)
        elif subtype == "Close":
            calls.pop()
        if kind != "Whitespace":
            before = "Open" if subtype == "Open" else kind
    return "".join(pieces)


def single_valued(text: str, own_names: frozenset[str], single_cells: frozenset[str]) -> str | None:
    """A formula that gives the one value it means where it is no array formula; None if that is not certain.

    A range on its own means its cell in the formula's row or column; the result of a Python function its
    first element. A range within another function may mean either.
    """
    pieces: list[str] = []
    calls: list[str] = []
    for value, kind, subtype in tokens(text):
        if subtype == "Open":
            calls.append(value[:-1].upper())
        elif subtype == "Close":
            calls.pop()
        elif subtype == "Range" and not is_single_cell(value, single_cells):
            functions = [call for call in calls if call]
            if not functions:
                value = f"@{value}"
            elif functions[-1] not in _TAKE_RANGES and not own_names.intersection(functions):
                return None
        elif kind == "OpPostfix" and value == "#":
            return None
        pieces.append(value)
    return f"@({''.join(pieces)})"


def is_single_cell(reference: str, single_cells: frozenset[str]) -> bool:
    place = reference.rpartition("!")[2]
    return _ONE_CELL.fullmatch(place) is not None or place.upper() in single_cells


def defined_names(package: Package) -> Iterator[tuple[str, str]]:
    for name in package.tree(package.workbook_part).iterfind("{*}definedNames/{*}definedName"):
        yield name.get("name", ""), name.text or ""
