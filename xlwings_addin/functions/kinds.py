"""What a spreadsheet function takes and gives, said in its annotations.

    Number    one number                                   the function receives a float
    Count     one whole number                             an int
    Numbers   one number, or a row or a column of them     a float, or an array with the year last
    Row       a row or a column of numbers                 an array with the year last
    Table     a rectangle of numbers                       an array, rows first
    Dates     a row or a column of dates                   an array of days (datetime64)
    Text      one text                                     a str
    Cell      one cell itself, not what it holds           its address as a str, "" where it is not told

`OneOf` lists the words a text may be, `HostName` is the name a parameter bears where its own is reserved:

>>> Shape = Annotated[str, Kind.TEXT, OneOf(("linear", "geometric"))]
>>> End = Annotated[float, Kind.SCALAR, HostName("end_value")]
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray


class Kind(StrEnum):
    """How cells become an argument, and a result becomes cells."""

    SCALAR = "scalar"
    COUNT = "count"
    NUMBERS = "numbers"
    ROW = "row"
    TABLE = "table"
    DATES = "dates"
    TEXT = "text"
    CELL = "cell"


@dataclass(frozen=True)
class OneOf:
    """The words a text argument may be; case does not matter, as nowhere in a spreadsheet."""

    choices: tuple[str, ...]


@dataclass(frozen=True)
class HostName:
    """The name of a parameter in the hosts, where its own is a reserved word of one of them."""

    name: str


@dataclass(frozen=True)
class UdfArgument:
    """One argument of a function: how it is read, what it means, and what a blank stands for."""

    name: str
    kind: Kind
    unit: str
    doc: str
    optional: bool = False
    default: float | str | None = None
    choices: tuple[str, ...] = ()
    host_name: str = ""


# Numbers are Any to the type checker, as they are in the core's own results.
Number = Annotated[Any, Kind.SCALAR]
Count = Annotated[int, Kind.COUNT]
Numbers = Annotated[Any, Kind.NUMBERS]
Row = Annotated[Any, Kind.ROW]
Table = Annotated[Any, Kind.TABLE]
Dates = Annotated[NDArray[np.datetime64], Kind.DATES]
Text = Annotated[str, Kind.TEXT]
Cell = Annotated[str | None, Kind.CELL]
