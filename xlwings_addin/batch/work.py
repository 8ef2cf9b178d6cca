"""What is done with one company or workbook, on whichever worker it comes to.

A company is valued in the worker itself. A workbook is checked or refreshed by the command of that name, in a
process of its own with its limits of memory and time, so that a bad file ends neither worker nor batch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from xlwings_addin.batch.items import Action, Item
from xlwings_addin.cluster.agreement import require_agreement
from xlwings_addin.core.errors import ValuationError, shortened
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.folders import company_folder
from xlwings_addin.valuation.cases import value_cases
from xlwings_addin.valuation.xiaomi import Results, evaluate

Status = Literal["ok", "failed", "error"]
LONGEST = 1_200.0
"""Seconds after which a command is ended, which its own limits of time have failed to do."""
FAILED = 1
LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Row:
    """What came of a case of a company, or of a workbook.

    `failed` is a check that fails or a refresh that had to keep something; `error` what could not be done.
    """

    path: str
    case: str
    status: Status
    value_per_share: float | None = None
    price: float | None = None
    currency: str = ""
    inputs_hash: str = ""
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return asdict(self)


@dataclass(frozen=True)
class Job:
    """What is to be done, with the options of its command, by workers of the same versions."""

    do: Action
    options: Sequence[str]
    versions: Mapping[str, str]

    def __call__(self, item: Item) -> list[Row]:
        """Do it; what goes wrong with the item is a row."""
        try:
            require_agreement(self.versions)
            return _valued(item) if self.do == "value" else [self._commanded(item)]
        except ValuationError as error:
            return [failure(item, error)]

    def _commanded(self, item: Item) -> Row:
        command = [sys.executable, "-m", "xlwings_addin", self.do, item.path, *self.options, "--json"]
        package = str(Path(__file__).parents[2])
        paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=LONGEST,
                check=False,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C lets it end what it is at
                env=os.environ | {"PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"},
            )
        except subprocess.TimeoutExpired:
            return Row(item.path, "", "error", message=f"took longer than {LONGEST:.0f} s")
        status: Status = "ok" if not done.returncode else "failed" if done.returncode == FAILED else "error"
        try:
            data = json.loads(done.stdout)
            return _checked(item, status, data) if self.do == "check" else _refreshed(item, status, data)
        except (ValueError, KeyError):
            lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
            text = lines[-1].removeprefix("xiaomi-model: ")
            return Row(item.path, "", "error", message=shortened(text, LONGEST_MESSAGE))


def failure(item: Item, error: Exception) -> Row:
    """The row of an item that could not be done."""
    text = str(error) if isinstance(error, ValuationError) else f"{type(error).__name__}: {error}"
    return Row(item.path, ", ".join(item.cases), "error", message=shortened(text, LONGEST_MESSAGE))


def _valued(item: Item) -> list[Row]:
    folder = company_folder(item.path)
    if not item.cases:
        values = value_cases(folder)
        rows = [_valued_row(item, results) for results in values.values()]
        return rows + [failure(Item(item.path, (case,)), error) for case, error in values.broken.items()]
    rows = []
    for case in item.cases:
        try:
            rows.append(_valued_row(item, evaluate(load_inputs(case, folder))))
        except ValuationError as error:
            rows.append(failure(Item(item.path, (case,)), error))
    return rows


def _valued_row(item: Item, results: Results) -> Row:
    from xlwings_addin.inputs.fingerprint import hash_of

    summary = results.summary()
    value, price, currency = results.sotp.value_per_share, results.sotp.price, str(summary["currency"])
    return Row(item.path, results.case, "ok", float(value), float(price), currency, hash_of(results.inputs))


def _checked(item: Item, status: Status, data: Mapping[str, Any]) -> Row:
    findings = data["findings"]
    failures = [finding for finding in findings if finding["severity"] == "failure"]
    warnings = sum(finding["severity"] == "warning" for finding in findings)
    message = f"{len(failures)} failures, {warnings} warnings, {data['comparisons']:,} comparisons"
    if failures:
        first = failures[0]
        place = f"{first['sheet']}!{first['cell']}" if first["cell"] else first["sheet"]
        message += f"; {first['kind']} {place}: {first['message']}"
    return Row(item.path, ", ".join(data["cases"]), status, message=shortened(message, LONGEST_MESSAGE))


def _refreshed(item: Item, status: Status, data: Mapping[str, Any]) -> Row:
    values = data["value_per_share"]
    after = values["after"] if isinstance(values["after"], int | float) else None
    conflicts = len(data["conflicts"])
    verb = "written" if data["written"] else "on trial"
    message = f"{verb}, {len(data['changes'])} lines, {conflicts} conflicts; before {values['before']}"
    return Row(item.path, data["case"], status, after, message=shortened(message, LONGEST_MESSAGE))
