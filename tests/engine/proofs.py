"""The proofs of functions: formulas whose values Excel stored or Microsoft documents, and the tables of them.

    python -m tests.engine.proofs        writes xlwings_addin/engine/proven.csv and docs/calculation.md anew

`proofs.csv` has a formula, the cells it reads (as JSON), whether it is an array formula, the value that Excel
shows (as JSON) and the source. `counterproofs.csv` has the same for values that the engine does not give:
what they show wrong is not proven, whatever else is right.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula

from xlwings_addin.engine.calculate import Calculation
from xlwings_addin.engine.forms import Call, calls_of
from xlwings_addin.engine.trees import tree_of
from xlwings_addin.xlsx.package import CellValue

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TABLE = ROOT / "xlwings_addin" / "engine" / "proven.csv"
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

    @property
    def calls(self) -> set[Call]:
        """The functions and operators it proves, with the forms of their arguments."""
        return set(calls_of(tree_of(self.formula)))


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
    proven_calls: dict[Call, list[Proof]] = defaultdict(list)
    for proof in proofs:
        for call in proof.calls:
            proven_calls[call].append(proof)
    for proof in against:
        proven_calls.pop(next(calls_of(tree_of(proof.formula))), None)
    return dict(sorted(proven_calls.items()))


def table(proven_calls: dict[Call, list[Proof]]) -> str:
    """The table that the engine reads."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("function", "form", "proofs"))
    for call, proofs in proven_calls.items():
        writer.writerow((call.function, "|".join(call.form), len(proofs)))
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
    lines += ["These forms are not proven, because Excel shows another value.", ""]
    lines += ["| Formula | Excel shows | Source |", "| --- | --- | --- |"]
    lines += [
        f"| `{_plain(proof.formula)}` | {_plain(str(proof.value))} | {_plain(proof.source)} |"
        for proof in against
    ]
    return "\n".join(lines) + "\n"


def _key(proof: Proof) -> tuple[str, str, str]:
    return proof.formula, json.dumps(proof.cells), proof.source


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the table and the page."""
    against = read("counterproofs.csv")
    proven_calls = proven(read(), against)
    TABLE.write_text(table(proven_calls), encoding="utf-8")
    PAGE.write_text(page(proven_calls, against), encoding="utf-8")


if __name__ == "__main__":
    main()
