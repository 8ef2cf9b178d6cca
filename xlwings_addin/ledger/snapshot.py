"""What the ledger keeps of a build or refresh."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from xlwings_addin.analytics.vintages import Forecast, Vintage, vintage_of
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.fingerprint import Scalar, hash_of, scalars_of, sha256
from xlwings_addin.inputs.renamed import FormerAttributes, with_former_fields
from xlwings_addin.valuation.xiaomi import Results
from xlwings_addin.version import __version__

PACKAGE = "xiaomi-model"

Command = Literal["build", "refresh"]
COMMANDS: tuple[Command, ...] = ("build", "refresh")


@dataclass(frozen=True)
class PartRecord:
    """A part of the sum: its value in money of the listing a share, and the method where it has several."""

    key: str
    method: str
    per_share: float


@dataclass(frozen=True)
class CaseRecord(FormerAttributes):
    """One case of a snapshot. Money of the listing a share; `margin_of_safety` is None where there is none.

    `cash_and_other` is the value less the parts that are businesses: net cash, stated values, discount.
    """

    case: str
    valuation_date: date
    value_per_share: float
    cash_and_other: float
    price: float
    margin_of_safety: float | None
    inputs_hash: str
    parts: tuple[PartRecord, ...]
    scalars: tuple[Scalar, ...]
    forecasts: tuple[Forecast, ...]

    def part(self, key: str) -> PartRecord:
        """A part of it; `InputError` with the keys there are."""
        for part in self.parts:
            if part.key == key:
                return part
        raise InputError("part", key, f"must be one of {', '.join(part.key for part in self.parts)}")

    @property
    def methods(self) -> dict[str, str]:
        """The method of every part that has several."""
        return {part.key: part.method for part in self.parts if part.method}

    @property
    def devices(self) -> float:
        """Xiaomi's devices, as records of the first release had them."""
        return self.part("devices").per_share

    @property
    def vehicle(self) -> float:
        """Xiaomi's vehicles, as records of the first release had them."""
        return self.part("vehicle").per_share

    @property
    def devices_method(self) -> str:
        """The method of Xiaomi's devices, as records of the first release had it."""
        return self.part("devices").method

    @property
    def vehicle_method(self) -> str:
        """The method of Xiaomi's vehicles, as records of the first release had it."""
        return self.part("vehicle").method


@dataclass(frozen=True)
class Snapshot:
    """One build or refresh: when (UTC), who, with which program and inputs, what of, and what came out.

    `company` is the key of the company, `currency` that of its listing, which money a share is in.
    """

    id: str
    time: datetime
    who: str
    version: str
    command: str
    book: str
    inputs_hash: str
    cases: tuple[CaseRecord, ...]
    company: str
    currency: str

    def case(self, name: str) -> CaseRecord:
        """A case of it; `InputError` with the names there are."""
        for record in self.cases:
            if record.case == name:
                return record
        raise InputError("case", name, f"must be one of {', '.join(record.case for record in self.cases)}")

    def vintage(self, case: str) -> Vintage:
        """What a case of it expected, for a scorecard."""
        record = self.case(case)
        return Vintage(f"{case} of snapshot {self.id[:8]}", record.valuation_date, record.forecasts)

    def as_dict(self) -> dict[str, object]:
        """For a program to read, without the inputs and forecasts themselves."""
        cases = {case.case: _case_as_dict(case, self.company) for case in self.cases}
        return {
            "id": self.id,
            "time": self.time.isoformat(),
            "who": self.who,
            "version": self.version,
            "command": self.command,
            "book": self.book,
            "company": self.company,
            "currency": self.currency,
            "inputs_hash": self.inputs_hash,
            "cases": cases,
        }


def _case_as_dict(case: CaseRecord, company: str) -> dict[str, object]:
    """Neutral fields, and for Xiaomi those of the first release beside them."""
    neutral: dict[str, object] = {
        "valuation_date": case.valuation_date.isoformat(),
        "price": case.price,
        "value_per_share": case.value_per_share,
        "margin_of_safety": case.margin_of_safety,
        "methods": case.methods,
        "segments": {part.key: {"per_share": part.per_share} for part in case.parts},
        "other_per_share": case.value_per_share - sum(part.per_share for part in case.parts),
        "inputs_hash": case.inputs_hash,
    }
    if company != "xiaomi":
        return neutral
    first_release = {
        "value_per_share_hkd": case.value_per_share,
        "devices_hkd": case.devices,
        "vehicle_hkd": case.vehicle,
        "cash_and_other_hkd": case.cash_and_other,
        "price_hkd": case.price,
    }
    return with_former_fields({**neutral, **first_release}, "history.cases")


def snapshot_of(
    results: Mapping[str, Results],
    *,
    command: Command,
    book: Path | str,
    at: datetime | None = None,
    who: str | None = None,
    version: str | None = None,
) -> Snapshot:
    """The snapshot of a build or refresh: now, by the login name and the installed version unless given.

    `book` is a file, or the name of a workbook that is open in a program.
    Raises `InputError` for no case, another command, a time without a zone and cases of several companies.
    """
    if not results:
        raise InputError("results", 0, "must hold a case")
    if command not in COMMANDS:
        raise InputError("command", command, f"must be one of {', '.join(COMMANDS)}")
    at = at or datetime.now(UTC)
    if at.tzinfo is None:
        raise InputError("at", at, "must have a time zone", display=at.isoformat())
    companies = {case.company.key: case.company for case in results.values()}
    if len(companies) > 1:
        raise InputError("results", ", ".join(companies), "must be cases of one company")
    (company,) = companies.values()
    cases = tuple(_record(case) for case in results.values())
    return Snapshot(
        id=uuid.uuid4().hex,
        time=at.astimezone(UTC),
        who=_login() if who is None else who,
        version=__version__ if version is None else version,
        command=command,
        book=os.path.abspath(book) if isinstance(book, Path) else book,
        inputs_hash=sha256([case.case, case.inputs_hash] for case in cases),
        cases=cases,
        company=company.key,
        currency=company.currency.listing,
    )


def _record(results: Results) -> CaseRecord:
    inputs, sums = results.inputs, results.sotp
    margin = sums.margin_of_safety
    parts = (
        PartRecord(
            part.key,
            inputs.text(part.method_key) if part.method_key is not None else "",
            sums.part(part.key).per_share,
        )
        for part in results.company.parts
    )
    return CaseRecord(
        case=results.case,
        valuation_date=inputs.day("valuation_date"),
        value_per_share=sums.value_per_share,
        cash_and_other=sums.cash_and_other_per_share,
        price=results.price,
        margin_of_safety=None if isinstance(margin, str) else margin,
        inputs_hash=hash_of(inputs),
        parts=tuple(parts),
        scalars=scalars_of(inputs),
        forecasts=vintage_of(results).forecasts,
    )


def _login() -> str:
    """The login name; nothing where the system does not tell."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
