"""What distinguishes one program that calls our functions from another, in one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xlwings_addin.core.errors import ChoiceError
from xlwings_addin.functions.registry import PREFIXES, Target

NAMESPACE = PREFIXES["libreoffice"].removesuffix(".")
"""Of the functions: the component that Calc asks for them, and the add-in of Office.js."""


@dataclass(frozen=True)
class Host:
    """A program whose cells call our functions.

    name          what the command line calls it
    spells_as     the target of the registry whose prefix stands before its functions; the name by default
    label         what a reader calls it
    longest_name  the characters that it allows in a function's name, prefix included
    recalculates  whether formulas follow what is written at once; elsewhere only after a refresh has ended
    """

    name: str
    label: str
    longest_name: int
    recalculates: bool = True
    spells_as: Target | None = None

    def __post_init__(self) -> None:
        if self.target not in PREFIXES:
            rule = f"must be one of {', '.join(PREFIXES)}, or spells_as one of them"
            raise ChoiceError("host", self.name, rule)

    @property
    def target(self) -> Target:
        """The target of the registry that it reads."""
        return self.spells_as or cast("Target", self.name)

    @property
    def prefix(self) -> str:
        """What stands before a function's name in the file it reads."""
        return PREFIXES[self.target]
