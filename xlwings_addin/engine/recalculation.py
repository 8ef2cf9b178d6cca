"""Any workbook recalculated by the rules of `witness`; where the engine has no answer, LibreOffice may."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine.exchange import Udf
from xlwings_addin.engine.libreoffice import values_instead
from xlwings_addin.engine.limits import progressed
from xlwings_addin.engine.loading import LoadedBook
from xlwings_addin.engine.second_opinion import disproven, doubted
from xlwings_addin.engine.witness import Distrust, Doubted, Outcome, UntrustedError, Witness, is_reproduced
from xlwings_addin.xlsx.collecting import collection_paused
from xlwings_addin.xlsx.package import CellKey, CellValue, Package, Source, parts_with_values, read_package
from xlwings_addin.xlsx.writing import parts_recalculated_on_load


class Recalculated(dict[CellKey, CellValue]):
    """The value of every formula cell of a workbook, by sheet and address, and how it came about.

    `outcome` tells which were calculated, which the engine reproduced and which are as the file stores them.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.values)
        self.outcome = outcome

    @property
    def reproduced(self) -> int:
        """How many stored values the engine reproduces."""
        return self.outcome.reproduced

    @property
    def calculated(self) -> int:
        """How many cells got a calculated value."""
        return self.outcome.calculated

    @property
    def kept(self) -> list[Distrust]:
        """The formulas that should have been calculated and could not be."""
        return self.outcome.kept

    @property
    def doubted(self) -> list[Distrust]:
        """The formulas that keep their stored values, which the engine does not reproduce."""
        return self.outcome.doubted


def recalculated(
    source: Source,
    udfs: Mapping[str, Udf],
    *,
    keep_uncalculated: bool = False,
    stored_values_are_old: bool = False,
    own_sheets: Collection[str] = (),
    timeout: float = 120.0,
) -> Recalculated:
    """The values that a workbook's formula cells should show; `udfs` as for `calculate.recalculate`.

    A stored value that the engine reproduces, or that nothing makes due, stays. A formula that is due and
    that the engine cannot calculate with certainty stops the run, unless LibreOffice answers for it (see
    `libreoffice.values_instead`) and agrees with every value that is certain; or `keep_uncalculated` says to
    leave it, and all that hang on it, as stored. On `own_sheets` functions need no proof: there stands
    a model that is held against another computation when it is built and checked.
    Raises UntrustedError, which names the formulas; BookError for a workbook that cannot be read.
    """
    with collection_paused():
        package = read_package(source)
        witness = Witness(package, udfs, stored_values_are_old=stored_values_are_old)
        doubts = partial(_doubted_elsewhere, own_sheets, timeout)
        wrong = partial(_disproven_elsewhere, own_sheets)
        return Recalculated(_outcome(package, udfs, witness, keep_uncalculated, doubts, wrong, timeout))


def _doubted_elsewhere(
    own_sheets: Collection[str],
    timeout: float,
    book: LoadedBook,
    cells: Iterable[CellKey],
    values: Mapping[CellKey, CellValue],
) -> Mapping[CellKey, str]:
    return doubted(book, [key for key in cells if key[0] not in own_sheets], values, timeout)


def _disproven_elsewhere(
    own_sheets: Collection[str],
    book: LoadedBook,
    cells: Iterable[CellKey],
    values: Mapping[CellKey, CellValue],
) -> Mapping[CellKey, str]:
    return disproven(book, [key for key in cells if key[0] not in own_sheets], values)


def _outcome(
    package: Package,
    udfs: Mapping[str, Udf],
    witness: Witness,
    keep: bool,
    doubts: Doubted,
    wrong: Doubted,
    timeout: float,
) -> Outcome:
    """What the witness lets stand, with LibreOffice's values where it may answer and nothing is `wrong`."""
    try:
        outcome = witness.outcome()
    except UntrustedError as refusal:
        outcome = witness.outcome(keep=True)
        second = _second(package, udfs, witness, outcome, refusal, timeout)
        if second is not None:
            return witness.believed(second, wrong, keep=keep)
        if not keep:
            raise
    return witness.believed(outcome, doubts, keep=keep)


def _second(
    package: Package,
    udfs: Mapping[str, Udf],
    witness: Witness,
    outcome: Outcome,
    refusal: UntrustedError,
    timeout: float,
) -> Outcome | None:
    """The outcome with LibreOffice's values where the engine has none; None if they are not certain."""
    progressed(2 * timeout)
    try:
        values = values_instead(package, udfs, refusal, timeout)
    except BookError as failure:
        refusal.__cause__ = failure
        return None
    if values is None:
        return None
    certain = {key: witness.stored[key] for key in witness.reproduced} | outcome.new
    if not all(is_reproduced(value, values.get(key)) for key, value in certain.items()):
        return None
    instead = {key: values[key] for key in outcome.stale if key in values}
    return replace(
        outcome,
        values={**outcome.values, **instead},
        new={**outcome.new, **instead},
        kept=[],
        stale=frozenset(),
    )


def file_with(source: Source, values: Recalculated) -> bytes:
    """The workbook with new values stored; where some could not be calculated, programs are told to do so."""
    package = read_package(source)
    changed: dict[str, bytes | None] = {**parts_with_values(package, values.outcome.new, only_formulas=True)}
    if values.kept:
        changed |= parts_recalculated_on_load(package)
    return package.with_parts(changed) if changed else package.original
