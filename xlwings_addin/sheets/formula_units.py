"""What the formulas of the sheets measure: the unit that follows from a formula's text, against the declared
one.

A formula is read as it is declared, its references in braces, and its units follow by the algebra of
`core.units`: one unit on both sides of a sum or a comparison, products and ratios of units, plain numbers in
powers, logarithms and rates. The model's lines are checked apart, with numbers that carry units:
`segments.unit_check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from xlwings_addin.core.errors import InputError
from xlwings_addin.core.measured import UnitError
from xlwings_addin.core.units import PLAIN_NUMBER, Unit, parse
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.segments.unit_check import check_units
from xlwings_addin.sheets.spec import Context, Entry, Line, Sheet
from xlwings_addin.valuation.model import Model

Measure = Unit | None
"""The unit of a part of a formula; None fits any: text, nothing, and what cannot be told."""

TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<reference>\{[^}]*\})|(?P<number>\d+(?:\.\d+)?)'
    r"|(?P<name>[A-Z][A-Z0-9_.]*)(?=\()|(?P<word>TRUE|FALSE)|(?P<sign><>|<=|>=|[-+*/^&=<>(),:]))"
)
REFERENCE = re.compile(r"\{(?:(\w+)\.)?(\*|\w+)(?::(\w+)(?:\.\.\w+)?)?(?:\[[^\]]*\])?\}")
COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">="))
OWN_FUNCTIONS = re.compile(r"(DCF|RAMP|SOTP|WACC|VAL|CAPITAL)_\w+")
"""Our functions, whose units their documentation says."""
PER_MILLION = Unit([("m", -1)])
UNITS_OF = {
    ("inputs", "units_per_million"): PER_MILLION,
    ("summary", "per_billion"): Unit([("k", -1)]),
}
"""What is declared in plain units and turns them into millions, or millions into billions."""


Declared = tuple[tuple[object, ...], ...]
_FINDINGS: dict[Declared, tuple[str, ...]] = {}
"""What was found in formulas and units that were declared before, most often those of the same tables."""
MOST_KEPT = 8


class Part(NamedTuple):
    """A part of a formula: its unit, and whether it is a typed number, which is a bound in any unit."""

    unit: Measure
    literal: bool = False


def unit_findings(context: Context, every_sheet: Sequence[Sheet]) -> list[str]:
    """What is wrong with the units of the sheets' formulas, and of the model's lines in any of the cases."""
    units = FormulaUnits(every_sheet, context)
    declared = units.declared()
    of_formulas = _FINDINGS.get(declared)
    if of_formulas is None:
        if len(_FINDINGS) >= MOST_KEPT:
            _FINDINGS.clear()
        of_formulas = _FINDINGS[declared] = tuple(units.findings())
    findings = list(of_formulas)
    for results in context.results.values():
        findings += _of_lines(results.inputs)
    return list(dict.fromkeys(findings))


def _of_lines(inputs: Inputs) -> list[str]:
    """What is wrong with the units of the model's lines for some inputs; for the same ones asked once."""
    worked_out, key = inputs.tables.worked_out, (_of_lines, inputs.case)
    asked: Inputs | None
    findings: list[str]
    asked, findings = worked_out.get(key, (None, []))
    if asked is not inputs:
        findings = check_units(inputs.values, inputs.tables, Model)
        worked_out[key] = inputs, findings
    return findings


class FormulaUnits:
    """The units of all lines of the sheets, and what is wrong with the formulas of theirs."""

    def __init__(self, sheets: Sequence[Sheet], context: Context) -> None:
        self.lines: dict[tuple[str, str], Line] = {}
        for sheet in sheets:
            for block in sheet.blocks(context):
                self.lines |= {(sheet.key, line.key): line for line in block.lines}

    def declared(self) -> Declared:
        """All that the findings follow from."""
        return tuple(
            (sheet, key, line.unit, column, entry.kind, entry.unit, entry.formula)
            for (sheet, key), line in self.lines.items()
            for column, entry in line.cells.items()
        )

    def findings(self) -> list[str]:
        """One sentence for each formula whose unit is not the declared one, or whose units do not fit."""
        findings = []
        for (sheet, _), line in self.lines.items():
            for column, entry in line.cells.items():
                if entry.kind == "formula" and (sheet, line.key) not in UNITS_OF:
                    problem = self.problem(sheet, line, entry)
                    if problem:
                        findings.append(f"{sheet}.{line.key}:{column} {problem}: ={entry.formula}")
        return findings

    def problem(self, sheet: str, line: Line, entry: Entry) -> str:
        """What is wrong with the units of a formula, or nothing."""
        try:
            declared = parse(entry.unit or line.unit)
        except InputError:
            return f"is declared in {entry.unit or line.unit}, which is no unit"
        try:
            follows = Reader(self, sheet, entry.formula or "").measure()
        except UnitError as error:
            return str(error)
        if follows is None or follows == declared:
            return ""
        return f"is declared in {entry.unit or line.unit}, but {follows} follows"

    def unit_of(self, sheet: str, key: str, column: str | None) -> Measure:
        """The unit of a reference; nothing certain of labels and headings."""
        if (sheet, key) in UNITS_OF and column in (None, "live", "cases"):
            return UNITS_OF[sheet, key]
        line = self.lines.get((sheet, key))
        if line is None or column in ("label", "heading"):
            return None
        entry = line.cells.get(column or "live") or (None if column else next(iter(line.cells.values())))
        text = (entry.unit if entry is not None else None) or line.unit
        try:
            return None if text in ("text", "choice", "status", "plain") else parse(text)
        except InputError:
            return None


class Reader:
    """A formula read from left to right, in Excel's order of operators."""

    def __init__(self, units: FormulaUnits, sheet: str, formula: str) -> None:
        self.units, self.sheet = units, sheet
        self.tokens = list(TOKEN.finditer(formula))
        if "".join(token.group() for token in self.tokens) != formula:
            raise UnitError("formula", formula, "cannot be read", display=repr(formula))
        self.at = 0

    def measure(self) -> Measure:
        """The unit of the whole formula."""
        return self._comparison().unit

    def _sign(self) -> str:
        """The operator or bracket that comes next."""
        return (self.tokens[self.at].group("sign") or "") if self.at < len(self.tokens) else ""

    def _take(self, *signs: str) -> str:
        """The sign that comes next, read, if it is one of these."""
        sign = self._sign()
        if sign in signs:
            self.at += 1
            return sign
        return ""

    def _comparison(self) -> Part:
        part = self._joined()
        while sign := self._take(*COMPARISONS):
            _common(f"compared by {sign}", [part, self._joined()])
            part = Part(PLAIN_NUMBER)
        return part

    def _joined(self) -> Part:
        part = self._sum()
        while self._take("&"):
            self._sum()
            part = Part(None)
        return part

    def _sum(self) -> Part:
        part = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            if other.literal and part.unit == parse("date"):
                continue  # a day more or less
            part = Part(_common("added" if sign == "+" else "subtracted", [part, other]))
        return part

    def _product(self) -> Part:
        part = self._power()
        while sign := self._take("*", "/"):
            other = self._power()
            if part.unit is None or other.unit is None:
                part = Part(None)
            else:
                part = Part(part.unit * other.unit if sign == "*" else part.unit / other.unit)
        return part

    def _power(self) -> Part:
        part = self._signed()
        while self._take("^"):
            _plain("a power", [part, self._signed()])
            part = Part(PLAIN_NUMBER)
        return part

    def _signed(self) -> Part:
        if self._take("-", "+"):
            return self._signed()
        return self._ranged()

    def _ranged(self) -> Part:
        part = self._atom()
        while self._take(":"):
            part = Part(_common("one range", [part, self._atom()]))
        return part

    def _atom(self) -> Part:
        token = self.tokens[self.at]
        self.at += 1
        if token.group("number"):
            return Part(None if float(token.group("number")) == 0 else PLAIN_NUMBER, literal=True)
        if token.group("reference"):
            return Part(self._reference(token.group("reference")))
        if token.group("name"):
            self.at += 1
            return Part(_function(token.group("name"), self._arguments()))
        if token.group("sign") == "(":
            part = self._comparison()
            self.at += 1
            return part
        return Part(None)

    def _arguments(self) -> list[Part]:
        """The arguments of a function, its closing bracket read too."""
        parts: list[Part] = []
        while not self._take(")"):
            parts.append(self._comparison())
            self._take(",")
        return parts

    def _reference(self, text: str) -> Measure:
        match = REFERENCE.fullmatch(text)
        if match is None:
            raise UnitError("reference", text, "cannot be read", display=text)
        sheet, key, column = match.groups()
        return self.units.unit_of(sheet or self.sheet, key, column)


def _common(what: str, parts: Sequence[Part]) -> Measure:
    """The one unit of parts."""
    units = [part.unit for part in parts if part.unit is not None]
    if len(set(units)) > 1:
        raise UnitError("units", units, f"are {what}", display=" and ".join(map(str, dict.fromkeys(units))))
    return units[0] if units else None


def _plain(what: str, parts: Sequence[Part]) -> None:
    for part in parts:
        if part.unit:
            raise UnitError(what, part.unit, "must be of plain numbers", display=f"of {part.unit}")


def _first(parts: Sequence[Part]) -> Measure:
    return parts[0].unit


def _bounded(parts: Sequence[Part]) -> Measure:
    """The larger or smaller of figures; a number typed among them is a bound in their unit."""
    return _common("held against each other", [part for part in parts if not part.literal])


def _alternatives(parts: Sequence[Part]) -> Measure:
    """What a choice gives: a number typed in among others stands for one of theirs."""
    return _bounded(parts) if any(not part.literal for part in parts) else PLAIN_NUMBER


def _times(parts: Sequence[Part]) -> Measure:
    product: Measure = PLAIN_NUMBER
    for part in parts:
        product = None if product is None or part.unit is None else product * part.unit
    return product


def _of_plain(parts: Sequence[Part]) -> Measure:
    _plain("a function", parts)
    return PLAIN_NUMBER


FUNCTIONS: Mapping[str, Callable[[Sequence[Part]], Measure]] = {
    "IF": lambda parts: _alternatives(parts[1:]),
    "IFERROR": lambda parts: _alternatives(parts),
    **dict.fromkeys(("SUM", "AVERAGE"), lambda parts: _common("added", parts)),
    **dict.fromkeys(("MAX", "MIN"), _bounded),
    **dict.fromkeys(("ABS", "INDEX", "INT", "LOOKUP", "MOD", "N", "PERCENTILE", "ROUND"), _first),
    **dict.fromkeys(("LN", "EXP", "PRODUCT", "SQRT"), _of_plain),
    "SUMPRODUCT": _times,
    "NPV": lambda parts: _common("added", parts[1:]),
    **dict.fromkeys(("DATE", "NOW"), lambda _: parse("date")),
    "YEAR": lambda _: parse("year"),
    **dict.fromkeys(
        (
            "FIND",
            "ISNUMBER",
            "ISERROR",
            "ISNA",
            "ISTEXT",
            "AND",
            "OR",
            "NOT",
            "MATCH",
            "ROWS",
            "COLUMNS",
            "COUNTIF",
            "COUNT",
            "ERROR.TYPE",
            "MONTH",
            "DAY",
        ),
        lambda _: PLAIN_NUMBER,
    ),
    **dict.fromkeys(("TEXT", "SUBSTITUTE", "HYPERLINK", "NA", "CHOOSE"), lambda _: None),
}
"""What a function of the spreadsheet measures, by the units of its arguments."""


def _function(name: str, parts: Sequence[Part]) -> Measure:
    if name in FUNCTIONS:
        return FUNCTIONS[name](parts)
    if OWN_FUNCTIONS.fullmatch(name):
        return None
    raise UnitError("function", name, "has no rule of units", display=name)
