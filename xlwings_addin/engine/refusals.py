"""Formulas that are known not to be calculable with certainty before anything is calculated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from xlwings_addin.engine.forms import Call, is_several_cells
from xlwings_addin.engine.formulas import WORD, functions_in, is_builtin
from xlwings_addin.engine.instead import BUILT_IN
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.one_value import over_several_cells
from xlwings_addin.engine.structured_references import structured_references
from xlwings_addin.engine.trees import tree_of
from xlwings_addin.engine.unevaluated import Unevaluated
from xlwings_addin.xlsx.data_tables import data_tables
from xlwings_addin.xlsx.package import CellKey

_SEVERAL = re.compile(r"[:{#\[]")


def refusals(book: LoadedBook) -> list[Unevaluated]:
    """The formulas of a loaded workbook that the engine would not answer, or not rightly."""
    return [
        *_not_loaded(book),
        *_references_to_no_cells(book),
        *_calls_of_unknown_functions(book),
        *_functions_over_several_cells(book),
    ]


def _not_loaded(book: LoadedBook) -> Iterator[Unevaluated]:
    certain = {(table.sheet, table.area) for table in data_tables(book.package) if table.is_certain}
    for key, formula in book.formulas.items():
        if formula.kind == "dataTable" and (key[0], formula.area) not in certain:
            yield Unevaluated(*key, f"the data table {formula.area}", "has lost one of its input cells")
    for key, pattern in book.patterns.items():
        if not pattern and book.formulas[key].kind not in ("dataTable", "member"):
            yield Unevaluated(*key, "its formula", "was not understood by the engine")
    for key, reference in book.dangling.items():
        reason = f"reads {reference} of another workbook, of which the file keeps nothing"
        yield Unevaluated(*key, f"={book.texts[key]}", reason)
    for key, refusal in book.untold.items():
        yield Unevaluated(*key, f"={book.texts[key]}", f"is not taken by the engine: {refusal}")


def _references_to_no_cells(book: LoadedBook) -> Iterator[Unevaluated]:
    if not any("[" in pattern for pattern in set(book.patterns.values())):
        return
    for key, pattern in book.patterns.items():
        text = book.texts[key] if "[" in pattern else ""
        left = structured_references(book.with_plain_ranges(key, text)) if text else []
        if left:
            yield Unevaluated(*key, f"={text}", f"refers to {left[0]}, which is no cells of a table here")


def _calls_of_unknown_functions(book: LoadedBook) -> Iterator[Unevaluated]:
    patterns = set(book.patterns.values())
    reasons = {pattern: _unknown_function(book, pattern, None) for pattern in patterns if "[" not in pattern}
    if len(reasons) < len(patterns) or any(reasons.values()):
        for key, pattern in book.patterns.items():
            in_table = pattern not in reasons
            reason = _unknown_function(book, book.texts[key], key) if in_table else reasons[pattern]
            if reason is not None:
                yield Unevaluated(*key, f"={book.texts[key]}", reason)
    for name, text in book.names.items():
        reason = _unknown_function(book, text, ("", name))
        if reason is not None:
            yield Unevaluated("", name, f"={text}", reason)


def _unknown_function(book: LoadedBook, text: str, key: CellKey | None) -> str | None:
    plain = book.with_plain_ranges(key or ("", ""), text)
    for name in functions_in(plain) - book.own_names:
        called = name.removeprefix("_XLFN.").removeprefix("_XLWS.")
        if not is_builtin(name) and called not in BUILT_IN:
            return f"calls {called}, which the engine does not know"
    return None


def _functions_over_several_cells(book: LoadedBook) -> Iterator[Unevaluated]:
    """Formulas that hand a function of one value several cells, where nothing proves that this is right."""
    from formualizer import TokenizerError

    def is_several(reference: str) -> bool:
        place = reference.rpartition("!")[2].upper()
        if place in book.name_words:
            return place not in book.single_cell_names
        return is_several_cells(reference)

    handed: dict[tuple[str, bool], Call | None] = {}
    clearer, harmless = book.clear_texts, set[str]()
    for key, shape in book.patterns.items():
        if shape in harmless and key not in clearer:
            continue
        text = book.texts[key]
        told = clearer.get(key, text)
        pattern = shape, told is text or told == text
        try:
            if pattern not in handed or "[" in told:
                handed[pattern] = _handed_several(book, told, is_several)
        except TokenizerError as error:
            yield Unevaluated(*key, f"={text}", f"cannot be parsed: {error}")
            continue
        call = handed[pattern]
        if call is None and pattern[1] and "[" not in told:
            harmless.add(shape)
        if call is not None:
            reason = f"applies {call.function} to several cells, and nothing proves {call}"
            yield Unevaluated(*key, f"={text}", reason)


def _handed_several(book: LoadedBook, told: str, is_several: Callable[[str], bool]) -> Call | None:
    """The first call of a formula, as the engine is told it, with several values where one is taken."""
    if not _SEVERAL.search(told) and book.name_words.isdisjoint(WORD.findall(told.upper())):
        return None
    try:
        return over_several_cells(tree_of(told), is_several, book.own_names)
    except ValueError:
        return None
