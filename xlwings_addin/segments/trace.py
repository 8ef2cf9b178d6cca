"""What each line reads: one traced valuation tells which lines a draw of some inputs can move."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlwings_addin.segments.lines import Lines, ModelLine


class Trace:
    """Lines in the order they were finished, and which lines and inputs each has read.

    A line reads the same whatever the numbers are, as no line branches on a figure that can be drawn; so the
    trace of one case holds for all draws around it.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.reads: dict[str, dict[str, None]] = {}
        self.inputs: dict[str, set[str]] = {}
        self._open: list[str] = []

    def line(self, owner: Lines, declared: ModelLine[Any]) -> Any:
        """The value of a line, noted as read by the line that is being computed."""
        name = f"{owner.name}.{declared.key}"
        if self._open:
            self.reads[self._open[-1]][name] = None
        if name not in self.values:
            self.reads[name], self.inputs[name] = {}, set()
            self._open.append(name)
            try:
                value = self.computed(owner, declared)
            finally:
                self._open.pop()
            self.values[name] = value
        return self.values[name]

    def computed(self, owner: Lines, declared: ModelLine[Any]) -> Any:
        return declared.method(owner)

    def input(self, key: str) -> None:
        """Note that the line which is being computed reads an input."""
        if self._open:
            self.inputs[self._open[-1]].add(key)

    @property
    def order(self) -> tuple[str, ...]:
        """The lines, each after those it reads."""
        return tuple(self.values)

    def moved_by(self, inputs: Collection[str]) -> set[str]:
        """The lines that read one of the inputs, or a line that does."""
        moved: set[str] = set()
        for name in self.order:
            if not self.inputs[name].isdisjoint(inputs) or not moved.isdisjoint(self.reads[name]):
                moved.add(name)
        return moved

    def needed_for(self, wanted: Iterable[str]) -> set[str]:
        """Lines, and all that they rest on."""
        needed: set[str] = set()
        waiting = list(wanted)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += self.reads[name]
        return needed
