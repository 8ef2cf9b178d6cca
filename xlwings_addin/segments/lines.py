"""A line: one quantity of the model, written as a small method.

    class Shop(Lines):
        @line("Revenue", unit="{currency} m")
        def revenue(self) -> Years:
            '''customers x what one spends'''
            return self.customers * self.spending

The method's name is the line's key, its docstring the note beside it on the sheet, its unit is said once. A
line is computed when it is asked for, kept from then on and released on request. What it returns is one of

    Years           (years, scenarios), the first forecast year first
    WithBaseYear    (1 + years, scenarios), the base year before them
    Scalar          (scenarios,), or a plain number where no scenario differs
    Word, Day       one of each for all scenarios
    Record          several figures at once, for other lines to read

so that one way of writing values one case, which is one scenario, or a million draws. Where there is nothing
to say a line holds NaN, and `undefined` is the reason.

A subclass overrides a line with `@line(override=True)`; one that does not say so is a `TypeError` when the
class is made, as is a line that two bases declare. `functools.cached_property` is not used: before Python
3.12 it holds one lock for all instances, `vars(cls)` does not show inherited lines, and it lets overrides
pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast, overload

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core.years import Scalar as Scalar
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.trace import Trace

Years = NDArray[np.float64]
WithBaseYear = NDArray[np.float64]
Word = str
Day = date
Record = Any
"""Several figures at once, for other lines to read."""

Span = Literal["years", "base year and years", "once"]
SPANS: Mapping[str, Span] = {
    "Years": "years",
    "WithBaseYear": "base year and years",
    "Scalar": "once",
    "Word": "once",
    "Day": "once",
    "Record": "once",
    "BaseYear": "once",
    "ComputedWacc": "once",
}
"""What a line covers, by the name of the type its method returns."""

FIGURES = ("Scalar", "Years", "WithBaseYear")
"""What is a figure with a unit; the rest are words, days and records."""

UNDEFINED = "n/a"
"""What presentation shows for a line that is not defined, unless the line says otherwise."""

T = TypeVar("T")


class ModelLine(Generic[T]):
    """A line as it is declared; on an instance it is its value."""

    key: str
    label: str
    unit: str

    def __init__(
        self,
        method: Callable[[Any], T],
        label: str,
        unit: str,
        *,
        undefined: str = "",
        word: str = UNDEFINED,
        beyond: float | Literal["last"] = 0.0,
        override: bool = False,
    ) -> None:
        returns = method.__annotations__.get("return")
        if not isinstance(returns, str) or returns not in SPANS:
            raise TypeError(
                f"line {method.__qualname__} returns {returns}, must be one of {', '.join(SPANS)}"
            )
        self.method = method
        self.key, self.label, self.unit = method.__name__, label, unit
        self.docstring = method.__doc__ or ""
        self.returns, self.span = returns, SPANS[returns]
        self.undefined, self.word, self.beyond = undefined, word, beyond
        self.override = override

    def __set_name__(self, owner: type, name: str) -> None:
        if name != self.key:
            raise TypeError(f"{owner.__name__}.{name} is the line {self.key} under another name")

    @overload
    def __get__(self, owner: None, cls: type) -> ModelLine[T]: ...
    @overload
    def __get__(self, owner: Lines, cls: type) -> T: ...
    def __get__(self, owner: Lines | None, cls: type) -> ModelLine[T] | T:
        """The value, computed and kept; kept values stand in the instance and do not come here again."""
        if owner is None:
            return self
        if owner.trace is not None:
            return cast(T, owner.trace.line(owner, self))
        value = owner.__dict__[self.key] = self.method(owner)
        return value

    @property
    def note(self) -> str:
        """What stands beside the line on the sheet: its docstring, in one line."""
        return " ".join(self.docstring.split())

    def inherit(self, overridden: ModelLine[Any]) -> None:
        """Take over what the declaration leaves to the line it overrides."""
        self.label = self.label or overridden.label
        self.unit = self.unit or overridden.unit
        self.docstring = self.docstring or overridden.docstring
        self.undefined = self.undefined or overridden.undefined


def line(
    label: str = "",
    *,
    unit: str = "",
    undefined: str = "",
    word: str = UNDEFINED,
    beyond: float | Literal["last"] = 0.0,
    override: bool = False,
) -> Callable[[Callable[[Any], T]], ModelLine[T]]:
    """Declare a method as a line; with `override`, label, unit and note are those of the line overridden.

    `undefined` says why the line may hold NaN, and `word` what presentation shows then. `beyond` is what a
    sheet shows in the years after the horizon, which the line itself does not have.
    """
    if not override and not (label and unit):
        raise TypeError("a line needs a label and a unit, or override=True")
    options: dict[str, Any] = {"undefined": undefined, "word": word, "beyond": beyond, "override": override}
    return lambda method: ModelLine(method, label, unit, **options)


def named_line(
    key: str,
    label: str,
    method: Callable[[Any], Any],
    *,
    unit: str,
    returns: str = "Scalar",
    note: str = "",
    undefined: str = "",
) -> ModelLine[Any]:
    """A line of a key that only a company's tables know, for a class that is made for the company."""

    def computed(self: Any) -> Any:
        return method(self)

    computed.__name__, computed.__doc__ = key, note
    computed.__annotations__["return"] = returns
    return line(label, unit=unit, undefined=undefined)(computed)


class Lines:
    """Quantities that belong together: lines over scalars, and over the lines of others passed in.

    `name` is what the lines are called from outside, `name.key`. A trace, where there is one, is told what is
    read, and keeps the values.
    """

    def __init__(self, name: str, inputs: Scalars) -> None:
        self.name, self.inputs = name, inputs
        self.trace: Trace | None = inputs.trace

    _declared: ClassVar[Mapping[str, ModelLine[Any]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own, declared = vars(cls), _walked(cls)
        for key in dict.fromkeys([*own, *declared]):
            bases = [base for base in cls.__mro__[1:] if key in vars(base)]
            if key in own:
                _check_own(cls, key, own[key], bases)
            elif not all(issubclass(bases[0], base) for base in bases):
                names = " and ".join(base.__name__ for base in bases)
                raise TypeError(f"{cls.__name__} has the line {key} from {names}: it must override it")
        cls._declared = MappingProxyType(declared)

    @classmethod
    def lines(cls) -> Mapping[str, ModelLine[Any]]:
        """The lines by key, inherited ones first, each as the class that is nearest declares it."""
        return cls._declared

    def number(self, key: str) -> Scalar:
        """A number, rate or count of the inputs: plain, or one for each scenario."""
        return self.inputs.number(key)

    def release(self, *keys: str) -> None:
        """Forget kept values; they are computed again when they are asked for."""
        for key in keys:
            self.__dict__.pop(key, None)


def _walked(cls: type) -> dict[str, ModelLine[Any]]:
    """The lines in the order of classes, the most general first."""
    members: dict[str, ModelLine[Any]] = {}
    for base in reversed(cls.__mro__):
        members |= {key: member for key, member in vars(base).items() if isinstance(member, ModelLine)}
    return members


def _check_own(cls: type, key: str, member: object, declared: list[type]) -> None:
    """Raise where what a class calls `key` overrides a line, or is one, without saying so."""
    overridden = [base for base in declared if isinstance(vars(base)[key], ModelLine)]
    if not isinstance(member, ModelLine):
        if overridden:
            raise TypeError(f"{cls.__name__}.{key} hides the line of {overridden[0].__name__}")
        return
    if member.override:
        if not overridden:
            raise TypeError(f"{cls.__name__}.{key} overrides no line")
        member.inherit(vars(overridden[0])[key])
    elif declared:
        raise TypeError(f"{cls.__name__}.{key} overrides {declared[0].__name__}'s and must say override=True")
