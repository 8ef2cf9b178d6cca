"""A second opinion on a workbook's values without a program to install: IronCalc, a wheel from PyPI.

    recalculate_with_ironcalc({"model.xlsx": data})

The same answer as `libreoffice.recalculate_with_libreoffice` gives, from another code base (Rust, MIT or
Apache-2.0). IronCalc runs in a child process, because a workbook that it cannot read may end the process, and
one that it does not finish can only be stopped from outside.

What it gets wrong (0.9.1), measured against values that Excel stored: `FAULTY`. A caller freezes the cells
that `faulty_cells` lists, as it freezes those that call functions IronCalc does not have; it does not know
ours. It opens no file whose relationships are absolute, as openpyxl writes them, and reads no 1904 dates: the
former are rewritten here, the latter are refused.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import json
import posixpath
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.contents import contents_of
from xlwings_addin.engine.forms import Call, calls_of
from xlwings_addin.engine.trees import tree_of
from xlwings_addin.xlsx.addresses import join_address
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    Source,
    formula_cells,
    read_package,
)

__all__ = ["FAULTY", "faulty_cells", "has_opinion", "ironcalc_version", "recalculate_with_ironcalc"]

FAULTY = frozenset(
    ("AGGREGATE", "CELL", "FORMULATEXT", "INFO", "SUBTOTAL", "TREND", "GROWTH", "LINEST", "LOGEST")
)
"""Functions whose results IronCalc 0.9.1 gets wrong or does not have, in any form."""
_FAULTY_OVER_ARRAYS = frozenset(("PRODUCT", "SUMPRODUCT"))
"""Functions it gets wrong over what other functions make of several cells: SUMPRODUCT(--ISERROR(A1:A9))."""
_FAULTY_ACROSS_SHEETS = frozenset(("SUMX2MY2", "SUMX2PY2", "SUMXMY2"))
"""Functions that answer #VALUE! where their two ranges stand on two sheets: SUMXMY2(Model!A1:C1,A1:C1)."""
_NO_OPINION = frozenset(("#N/IMPL!", "#ERROR!", "#NAME?", "#CIRC!", "#SPILL!", "#CALC!"))


def ironcalc_version() -> str | None:
    """The version of IronCalc that is installed; None if none is."""
    if importlib.util.find_spec("ironcalc") is None:
        return None
    return importlib.metadata.version("ironcalc")


def has_opinion(value: CellValue) -> bool:
    """Whether a value of IronCalc's is one: not an error that says that it could not calculate.

    >>> has_opinion(1.5), has_opinion("#DIV/0!"), has_opinion("#N/IMPL!")
    (True, True, False)
    """
    return not (isinstance(value, str) and value in _NO_OPINION)


def faulty_cells(source: Source) -> set[CellKey]:
    """The formula cells that IronCalc gets wrong, to be frozen before it is asked.

    It refuses a workbook with a what-if table, whose formula stands in its first cell.
    """
    package = read_package(source)
    of_tables = {(table.sheet, table.area.partition(":")[0]) for table in data_tables(package)}
    return of_tables | {
        (cell.sheet, cell.cell) for cell in formula_cells(package) if cell.text and _is_faulty(cell.text)
    }


def _is_faulty(text: str) -> bool:
    upper = text.upper()
    if not any(name in upper for name in FAULTY | _FAULTY_OVER_ARRAYS | _FAULTY_ACROSS_SHEETS):
        return False
    if "!" in text and any(name in upper for name in _FAULTY_ACROSS_SHEETS):
        return True
    try:
        return any(_is_faulty_call(call) for call in calls_of(tree_of(text)))
    except ValueError:
        return True


def _is_faulty_call(call: Call) -> bool:
    return call.function in FAULTY or (call.function in _FAULTY_OVER_ARRAYS and "array" in call.form)


def recalculate_with_ironcalc(
    files: Sequence[Path | str] | Mapping[str, bytes], *, timeout: float = 120.0
) -> list[dict[CellKey, CellValue]]:
    """The values of each workbook as IronCalc computes them, by sheet and address, in the order given.

    `files` are paths, or names with the bytes of workbooks. Every cell that is not empty is listed, inputs
    too; dates are serial numbers, errors strings such as `#N/A`. `timeout` is in seconds, for each file.
    Raises BookError if IronCalc is not installed, takes longer, or does not read a file.
    """
    if ironcalc_version() is None:
        rule = "is not installed; `pip install ironcalc` brings it"
        raise BookError("program", "IronCalc", rule, display="IronCalc")
    return [_answer(name, data, timeout) for name, data in contents_of(files)]


def _answer(name: str, data: bytes, timeout: float) -> dict[CellKey, CellValue]:
    package = read_package(data)
    if package.uses_1904_dates:
        raise BookError("workbook", name, "counts days from 1904, which IronCalc does not", display=name)
    with tempfile.TemporaryDirectory(prefix="ironcalc-") as folder:
        path = Path(folder) / "workbook.xlsx"
        path.write_bytes(as_ironcalc_reads(data))
        program = f"from {__name__} import main; main()"
        try:
            child = subprocess.run(
                [sys.executable, "-c", program, str(path)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            rule = "is how long IronCalc may take, and it was not done"
            raise BookError("timeout", timeout, rule, display=f"{timeout:g} s") from None
    try:
        cells = json.loads(child.stdout)
    except ValueError:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        rule = f"was not calculated by IronCalc: {said[-1][:200] if said else 'it said nothing'}"
        raise BookError("workbook", name, rule, display=name) from None
    return _keyed(cells, list(package.sheets()))


def _keyed(cells: Sequence[Any], sheets: Sequence[str]) -> dict[CellKey, CellValue]:
    return {
        (sheets[sheet], join_address(row, column)): value
        for sheet, row, column, value in cells
        if sheet < len(sheets)
    }


_EMPTY_CELL = re.compile(rb"<(?:\w+:)?c(?:\s[^<>]*)?(?:/>|></(?:\w+:)?c>)")


def as_ironcalc_reads(data: bytes) -> bytes:
    """The workbook with relationships relative to the parts that have them, and without empty cells."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".rels"):
                content = _relative(name, content)
            elif name.endswith(".xml"):
                # IronCalc 0.9.1 takes an empty cell that says t="n" for a number: ISNUMBER gives TRUE.
                content = _EMPTY_CELL.sub(b"", content)
            new.writestr(name, content)
    return changed.getvalue()


def _relative(name: str, content: bytes) -> bytes:
    if b'="/' not in content and b"='/" not in content:
        return content
    folder = posixpath.dirname(posixpath.dirname(name))
    tree = etree.fromstring(content)
    for relation in tree.iter("{*}Relationship"):
        target = relation.get("Target", "")
        if target.startswith("/") and relation.get("TargetMode") != "External":
            relation.set("Target", posixpath.relpath(target.lstrip("/"), folder or "."))
    relative: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
    return relative


def main() -> None:
    """What the child process does: read the workbook named on the command line, print its values as JSON."""
    import ironcalc

    model = ironcalc.load_from_xlsx(sys.argv[1], "en", "UTC", "en")
    model.evaluate()
    cells = []
    for sheet, row, column in model.get_all_cells():
        value = model.get_cell_value(sheet, row, column)
        if value is not None:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            cells.append([sheet, row, column, float(value) if number else value])
    sys.stdout.write(json.dumps(cells))
