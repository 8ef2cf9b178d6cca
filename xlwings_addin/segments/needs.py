"""What a template needs of the inputs of a company: the rows that its parameters.csv must have.

Keys and texts have `{key}` and `{label}` for those of the segment, `{part}` for the part it values, and
`{currency}` and `{listing}` for the currencies of the company.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xlwings_addin.inputs.parameter import InputKind, Parameter
from xlwings_addin.inputs.parameters import TIMELINE_YEARS


@dataclass(frozen=True)
class Need:
    """An input that must be among those of a company, its key and texts still to be filled in."""

    parameter: Parameter

    def filled(self, names: Mapping[str, str], section: str = "") -> Parameter:
        """The input of one segment of a company."""

        def text(pattern: str) -> str:
            for name, value in names.items():
                pattern = pattern.replace(f"{{{name}}}", value)
            return pattern

        own = self.parameter
        return replace(
            own,
            key=text(own.key),
            label=text(own.label),
            unit=text(own.unit),
            section=own.section or section,
            help=text(own.help),
            default=text(own.default),
        )


def need(
    kind: InputKind,
    key: str,
    label: str,
    unit: str,
    help: str,
    *choices: str,
    section: str = "",
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Need:
    """`least` and `most` belong to the range, `above` and `below` do not."""
    return Need(
        Parameter(
            *(key, label, unit, section, kind, help, choices),
            minimum=least if above is None else above,
            maximum=most if below is None else below,
            above_minimum=above is not None,
            below_maximum=below is not None,
        )
    )


def number(
    key: str, label: str, unit: str, help: str, *, section: str = "", default: str = "", **bounds: float
) -> Need:
    made = need("number", key, label, unit, help, section=section, **bounds)
    return Need(replace(made.parameter, default=default))


def rate(key: str, label: str, help: str, *, section: str = "", **bounds: float) -> Need:
    return need("rate", key, label, "ratio", help, section=section, **bounds)


def years(key: str, label: str, help: str, *, section: str = "", least: int = 0) -> Need:
    return need("count", key, label, "years", help, section=section, least=least, most=TIMELINE_YEARS)


def year(key: str, label: str, help: str, *, section: str = "") -> Need:
    return need("year", key, label, "year", help, section=section, least=2010, most=2100)


def day(key: str, label: str, help: str, *, section: str = "", default: str = "") -> Need:
    return Need(replace(need("date", key, label, "date", help, section=section).parameter, default=default))


def choice(key: str, label: str, help: str, *choices: str, section: str = "") -> Need:
    return need("choice", key, label, "choice", help, *choices, section=section)


ASSUMED = "Stands for each quarter of the base year that is not reported yet."
HORIZON = years("{part}_horizon", "Explicit years, {label}", "Explicit forecast years.")
GROWTH = rate(
    "{part}_terminal_growth",
    "Terminal growth, {label}",
    "Growth for ever after the explicit years.",
    least=-0.5,
    most=0.5,
)
