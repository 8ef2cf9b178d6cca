"""Formulas that no stored value witnesses: believed where they are proven, or where a second engine agrees.

Proven is what `engine.proven` lists, and a function of ours. The second engine is LibreOffice where it is
installed, else IronCalc; cells that call our functions, or what it is known to get wrong, are frozen for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.believing import Doubt, Doubts
from xlwings_addin.engine.formulas import functions_in
from xlwings_addin.engine.ironcalc import (
    faulty_cells,
    has_opinion,
    recalculate_with_ironcalc,
)
from xlwings_addin.engine.libreoffice import find_soffice, recalculate_with_libreoffice
from xlwings_addin.engine.limits import progressed
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.witness import in_message, is_reproduced
from xlwings_addin.xlsx.package import (
    CellKey,
    CellValue,
    freeze_formulas,
    parts_with_values,
    read_package,
)

__all__ = ["disproven", "doubted"]


def doubted(
    book: LoadedBook, cells: Iterable[CellKey], values: Mapping[CellKey, CellValue], timeout: float
) -> dict[CellKey, str]:
    """Those of `cells` whose `values` are not certain, with the reason.

    `timeout` is how many seconds the second engine may take. It is not asked about calls for which a
    counterexample is at hand.
    """
    doubts = _doubts(book, cells, values)
    if not doubts:
        return {}
    open_ones = {key: doubt for key, doubt in doubts.items() if not doubt.is_certain}
    name, answers = _asked(book, values, timeout) if open_ones else ("", {})
    reasons = {key: f"calls {doubt.call}, {doubt.why}" for key, doubt in doubts.items()}
    return {
        key: f"{reason}, and {_said(name, answers, key, values[key])}" if key in open_ones else reason
        for key, reason in reasons.items()
        if key not in open_ones or key not in answers or not is_reproduced(answers[key], values[key])
    }


def disproven(
    book: LoadedBook, cells: Iterable[CellKey], values: Mapping[CellKey, CellValue]
) -> dict[CellKey, str]:
    """Those of `cells` for whose calls a counterexample is at hand, with the reason; nobody else is asked."""
    doubts = _doubts(book, cells, values)
    return {key: f"calls {doubt.call}, {doubt.why}" for key, doubt in doubts.items() if doubt.is_certain}


def _doubts(
    book: LoadedBook, cells: Iterable[CellKey], values: Mapping[CellKey, CellValue]
) -> dict[CellKey, Doubt]:
    about = Doubts(book, values).about
    return {key: doubt for key in cells if (doubt := about(key)) is not None}


def _asked(
    book: LoadedBook, values: Mapping[CellKey, CellValue], timeout: float
) -> tuple[str, Mapping[CellKey, CellValue]]:
    """The second engine's name, and its values of all formula cells on which it has an opinion."""
    by_libreoffice = find_soffice() is not None
    name = "LibreOffice" if by_libreoffice else "IronCalc"
    stored = {key: value for key, value in values.items() if key in book.formulas}
    package = read_package(book.package.with_parts(parts_with_values(book.package, stored)))
    frozen = _calling_ours(book) | (set() if by_libreoffice else faulty_cells(package))
    ask = recalculate_with_libreoffice if by_libreoffice else recalculate_with_ironcalc
    progressed(2 * timeout)
    try:
        [answers] = ask({"workbook.xlsx": freeze_formulas(package, frozen)}, timeout=timeout)
    except BookError as failure:
        return f"no second engine answers ({failure})", {}
    # A frozen cell comes back as it was put in, which is no opinion.
    opinions = {key: value for key, value in answers.items() if key not in frozen and has_opinion(value)}
    return f"{name} computes", opinions


def _calling_ours(book: LoadedBook) -> set[CellKey]:
    return {
        key
        for key, formula in book.formulas.items()
        if formula.kind != "member" and not functions_in(book.patterns[key]).isdisjoint(book.own_names)
    }


def _said(name: str, answers: Mapping[CellKey, CellValue], key: CellKey, value: CellValue) -> str:
    if not answers:
        return name
    return f"{name} {in_message(answers.get(key))} where the engine computes {in_message(value)}"
