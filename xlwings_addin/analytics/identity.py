"""What an answer rests on: the case, its date, a fingerprint of its inputs, its conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.fingerprint import hash_of


@dataclass(frozen=True)
class Identity:
    """The company and the case of an answer; `conventions` are its choices, by key."""

    company: str
    case: str
    valuation_date: date
    inputs_hash: str
    conventions: Mapping[str, str]

    def summary(self) -> dict[str, object]:
        """Plain data, for a program to read."""
        return {
            "company": self.company,
            "case": self.case,
            "valuation_date": self.valuation_date.isoformat(),
            "inputs_hash": self.inputs_hash,
            "conventions": dict(self.conventions),
        }

    def __str__(self) -> str:
        return f"{self.case} of {self.valuation_date}, inputs {self.inputs_hash[:8]}"


def identity_of(inputs: Inputs) -> Identity:
    """The identity of what is computed from a case's inputs."""
    conventions = {
        parameter.key: str(inputs[parameter.key])
        for parameter in inputs.tables.company.parameters
        if parameter.kind == "choice" or parameter.section == "Conventions"
    }
    company, day = inputs.tables.company.key, inputs.day("valuation_date")
    return Identity(company, inputs.case, day, hash_of(inputs), conventions)
