"""The proofs of functions: formulas whose values Excel stored or Microsoft documents, and the tables of them.

    python -m tests.engine.proofs        writes xlwings_addin/engine/proven.csv and docs/calculation.md anew

`proofs.csv` has a formula, the cells it reads (as JSON), whether it is an array formula, the value that Excel
shows (as JSON) and the source. `counterproofs.csv` has the same for values that the engine does not give:
what they show wrong is not proven, whatever else is right. There `wrong` is `form` where the form of the call
is not believed, `kinds` where it is not for texts, truth values, errors or empty cells, `values` where it
hangs on the values themselves. A proof that `proves` `kinds` is of kinds of values, not of the form.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula

from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.forms import Call, calls_of
from xlwings_addin.engine.kinds import EXPECTED, NOT_TOLD, Argument, arguments_of
from xlwings_addin.engine.trees import Node, tree_of
from xlwings_addin.xlsx.addresses import area_size, cells_in
from xlwings_addin.xlsx.package import CellValue

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TABLE = ROOT / "xlwings_addin" / "engine" / "proven.csv"
DISPROVEN = ROOT / "xlwings_addin" / "engine" / "disproven.csv"
KINDS = ROOT / "xlwings_addin" / "engine" / "proven_kinds.csv"
PAGE = ROOT / "docs" / "calculation.md"
PLACE = "Z30"
"""Where a proof's formula stands: away from the cells that it reads."""

_INTRODUCTION = """# What is calculated, and what proves it

`recalc` and `refresh` believe the values that a workbook stores: what the embedded engine does not reproduce
is not calculated anew, but named. Where no value is stored, only functions are to be believed that are proven
here: in the same form of arguments they give values that Excel stored, or that Microsoft documents.

A form says for each argument what it is: `value` (one value, one cell), `range` (several cells), `array` (an
array constant, or what an operator or function makes of several cells), `none` (left out), or the constant
itself where it chooses among calculations: `MATCH(value, range, 0)`. Functions whose arguments repeat are
proven for any number of them. Operators count as functions. All other forms are not proven.

A form is proven for numbers, empty cells and errors in an argument, and for what else a proof has there:
truth values, texts, texts that read like a number, a date or a truth value. Those are not believed
elsewhere, and for the functions that take any number of values a constant in the formula is a kind of its
own. TEXT is proven in these formats: digits that stand together (`#,##0.00`, `0.0%`, `0.00E+00`, commas
behind that scale), dates and times, hours that count on (`[h]:mm`), General, `@`; up to four sections, with
literals, colours and currency signs around; American signs for decimals and thousands. Fractions, `?`, `*`,
conditions and other languages are not.

Other calls are believed where a second engine agrees, but not where a counterexample is at hand: two
engines can share a fault. The last table has those. Where the form of the call is wrong it is not believed
at all; where it is wrong for some kinds of values it is not believed for them; where it hangs on the
values, the rules of `engine/disproven_values.py` say for which: XIRR below -40%, IRR and XIRR of flows that
change their sign more than once, approximate lookups in data that are not sorted, COUNTIF of whole columns
with a criterion that is no plain number or text, POWER of zero to zero, and others.

IRR, XIRR, RATE and YIELD are iterated. Microsoft documents them to 1e-7 or 1e-8, and Excel's own values
differ from the true rate by as much: XIRR halves an interval until it is some 1e-8 wide. Here they are the
true rate.

Every proof is run by `tests/engine/test_proven_functions.py`, with the source of its value beside it in
`tests/engine/proofs.csv`; this page and the table that the programs read are made from them
(`python -m tests.engine.proofs`).
"""


class Proof(NamedTuple):
    """A formula, what it reads, and the value that Excel shows."""

    formula: str
    cells: dict[str, CellValue]
    is_array: bool
    value: CellValue
    source: str
    wrong: str = ""
    proves: str = ""

    @property
    def calls(self) -> set[Call]:
        """The functions and operators it proves, with the forms of their arguments."""
        return set(calls_of(tree_of(self.formula)))

    @property
    def arguments(self) -> list[list[Argument]]:
        """What the calls are handed, outer calls first."""
        return list(arguments_of(tree_of(self.formula), self.value_of))

    def look(self, node: Node) -> list[list[CellValue]] | None:
        """The cells of an area that it reads; of whole columns and rows none, which it has a few cells of."""
        reference = node["reference"].replace("$", "") if node["node_type"] == "Reference" else ""
        if not reference or not reference[-1].isdigit() or reference[0].isdigit():
            return None
        rows, columns = area_size(reference)
        cells = iter(cells_in(reference))
        return [[self.cells.get(next(cells)) for _ in range(columns)] for _ in range(rows)]

    def value_of(self, reference: str) -> object:
        """The value of a cell that it reads."""
        return NOT_TOLD if ":" in reference else self.cells.get(reference.replace("$", ""))


def read(name: str = "proofs.csv") -> list[Proof]:
    """The proofs of a file beside this one."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return [
            Proof(
                row["formula"],
                json.loads(row["cells"]),
                row["array"] == "yes",
                json.loads(row["value"]),
                row["source"],
                row.get("wrong") or "",
                row.get("proves") or "",
            )
            for row in csv.DictReader(file)
        ]


def calculated(proofs: Sequence[Proof], each_book: int = 150) -> list[CellValue]:
    """What the engine gives for each proof, in workbooks of one sheet a proof."""
    values: list[CellValue] = []
    for start in range(0, len(proofs), each_book):
        chosen = proofs[start : start + each_book]
        book = openpyxl.Workbook()
        book.remove(book.active)
        for number, proof in enumerate(chosen):
            sheet = book.create_sheet(f"P{number}")
            for cell, value in proof.cells.items():
                sheet[cell] = value
                if isinstance(value, str):
                    sheet[cell].data_type = "e" if value.startswith("#") else "s"
            text = f"={proof.formula}"
            sheet[PLACE] = ArrayFormula(PLACE, text) if proof.is_array else text
        buffer = io.BytesIO()
        book.save(buffer)
        results, _ = Calculation(buffer.getvalue(), {}).attempt()
        values += [results.get((f"P{number}", PLACE)) for number in range(len(chosen))]
    return values


def proven(proofs: Iterable[Proof], against: Iterable[Proof]) -> dict[Call, list[Proof]]:
    """The calls that proofs prove, without those that a counterproof shows wrong."""
    proofs = list(proofs)
    proven_calls: dict[Call, list[Proof]] = defaultdict(list)
    for proof in proofs:
        for call in proof.calls if proof.proves != "kinds" else ():
            proven_calls[call].append(proof)
    for disproof in disproofs(against, kinds(proofs)):
        if disproof.call is not None:
            proven_calls.pop(disproof.call, None)
    return dict(sorted(proven_calls.items()))


def kinds(proofs: Iterable[Proof]) -> dict[tuple[str, int], set[str]]:
    """The kinds of values that need a proof and have one, by function and place of the argument."""
    own: dict[tuple[str, int], set[str]] = defaultdict(set)
    for proof in proofs:
        for argument in (argument for arguments in proof.arguments for argument in arguments):
            if argument.kind not in EXPECTED:
                own[argument.function, argument.place].add(argument.kind)
    return dict(sorted(own.items()))


class Disproof(NamedTuple):
    """What a counterproof shows wrong: a form, a kind of value in an argument, or neither but some values."""

    function: str
    call: Call | None = None
    place: int = 0
    kind: str = ""


def disproofs(
    against: Iterable[Proof], proven_kinds: Mapping[tuple[str, int], set[str]]
) -> Iterator[Disproof]:
    """What counterproofs show wrong of the outermost calls of their formulas.

    `wrong` says whether the form is wrong in general, or for the kinds of values that no proof has in it, or
    for some values, which `engine.disproven` tells.
    """
    for proof in against:
        call, arguments = next(calls_of(tree_of(proof.formula))), proof.arguments[0]
        if proof.wrong == "form":
            yield Disproof(call.function, call)
        elif proof.wrong == "values":
            yield Disproof(call.function)
        else:
            yield from (
                Disproof(call.function, None, argument.place, argument.kind)
                for argument in arguments
                if argument.kind not in ("number", "")
                and argument.kind not in proven_kinds.get((argument.function, argument.place), ())
            )


def table(proven_calls: dict[Call, list[Proof]]) -> str:
    """The table that the engine reads."""
    rows = ((call.function, "|".join(call.form), len(proofs)) for call, proofs in proven_calls.items())
    return _csv(("function", "form", "proofs"), rows)


def table_of_kinds(proven_kinds: Mapping[tuple[str, int], set[str]]) -> str:
    """The table of the kinds of values that proofs have in an argument."""
    rows = (
        (function, place, kind) for (function, place), own in proven_kinds.items() for kind in sorted(own)
    )
    return _csv(("function", "argument", "kind"), rows)


def table_of_disproofs(faults: Iterable[Disproof]) -> str:
    """The table of what is known to be wrong."""
    rows = {
        (one.function, "|".join(one.call.form) if one.call else "", one.place if one.kind else "", one.kind)
        if one.call or one.kind
        else (one.function, "by value", "", "")
        for one in faults
    }
    return _csv(("function", "form", "argument", "kind"), sorted(rows, key=lambda row: tuple(map(str, row))))


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return buffer.getvalue()


def page(proven_calls: dict[Call, list[Proof]], against: Sequence[Proof]) -> str:
    """The page that people read."""
    by_function: dict[str, list[tuple[Call, list[Proof]]]] = defaultdict(list)
    for call, proofs in proven_calls.items():
        by_function[call.function].append((call, proofs))
    lines = [_INTRODUCTION, f"{len(by_function)} functions and operators in {len(proven_calls)} forms.\n"]
    lines += ["| Function | Proven forms | Proofs | Values from |", "| --- | --- | ---: | --- |"]
    for function, forms in by_function.items():
        written = "; ".join(f"`({', '.join(call.form)})`" for call, _ in forms)
        proofs = {proof for _, own in forms for proof in map(_key, own)}
        sources = sorted({source.split(",")[0] for _, _, source in proofs})
        lines.append(f"| `{_plain(function)}` | {_plain(written)} | {len(proofs)} | {', '.join(sources)} |")
    lines += ["", "## What the engine is known to get wrong", ""]
    lines += [
        "Here Excel shows another value than the engine; none of it is believed without a stored value.",
        "",
    ]
    lines += ["| Formula | of | Excel shows | Not believed | Source |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| `{_plain(proof.formula)}` | {_plain(_read_by(proof))} | {_plain(str(proof.value))} "
        f"| {_NOT_BELIEVED[proof.wrong]} | {_plain(proof.source)} |"
        for proof in against
    ]
    return "\n".join(lines) + "\n"


_NOT_BELIEVED = {"form": "the form", "kinds": "such a kind of value", "values": "such values"}


def _read_by(proof: Proof) -> str:
    """The values of a few cells, where they say what is wrong."""
    if proof.wrong == "form" or len(proof.cells) > 3:
        return ""
    return ", ".join(f"`{value}`" for value in proof.cells.values())


def _key(proof: Proof) -> tuple[str, str, str]:
    return proof.formula, json.dumps(proof.cells), proof.source


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the table and the page."""
    proofs, against = read(), read("counterproofs.csv")
    proven_calls, proven_kinds = proven(proofs, against), kinds(proofs)
    KINDS.write_text(table_of_kinds(proven_kinds), encoding="utf-8")
    DISPROVEN.write_text(table_of_disproofs(disproofs(against, proven_kinds)), encoding="utf-8")
    TABLE.write_text(table(proven_calls), encoding="utf-8")
    PAGE.write_text(page(proven_calls, against), encoding="utf-8")


if __name__ == "__main__":
    main()
