"""The followers of shared formulas, as Excel stores a formula that is filled down.

The file has the text once, and the engine knows what the followers say. It is asked only about those whose
text somebody needs: their functions and names are those of the cell that they follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from xlwings_addin.xlsx.addresses import corners
from xlwings_addin.xlsx.package import CellKey, FormulaCell

__all__ = ["Texts", "followers"]


class Texts(Mapping[CellKey, str]):
    """The formulas of cells; those of `following` are asked for once they are needed, and kept.

    A follower has to be asked about before anything else is put into its cell.
    """

    def __init__(
        self, texts: dict[CellKey, str], following: Mapping[CellKey, CellKey], ask: Callable[[CellKey], str]
    ) -> None:
        self._texts, self._following, self._ask = texts, following, ask

    def __getitem__(self, key: CellKey) -> str:
        text = self._texts.get(key)
        if text is None:
            if key not in self._following:
                raise KeyError(key)
            text = self._texts[key] = self._ask(key)
        return text

    def __contains__(self, key: object) -> bool:
        return key in self._texts or key in self._following

    def __iter__(self) -> Iterator[CellKey]:
        return iter({**self._texts, **self._following})

    def __len__(self) -> int:
        return len(self._texts.keys() | self._following.keys())


def followers(
    formulas: Mapping[CellKey, FormulaCell], places: Mapping[CellKey, tuple[int, int]]
) -> dict[CellKey, CellKey]:
    """The cells that follow another cell's formula for certain: they stand behind it, in its area."""
    following: dict[CellKey, CellKey] = {}
    masters: dict[tuple[str, str], tuple[CellKey, int, int, int, int]] = {}
    for key, formula in formulas.items():
        if formula.kind != "shared":
            continue
        group = key[0], formula.shared
        if formula.text:
            masters.pop(group, None)
            if formula.area:
                (top, left), (bottom, right) = corners(formula.area)
                masters[group] = key, top, left, bottom, right
        elif group in masters:
            master, top, left, bottom, right = masters[group]
            row, column = places[key]
            if top <= row <= bottom and left <= column <= right:
                following[key] = master
    return following
