"""Refresh, its preview and check of a workbook that is open in Calc."""

from __future__ import annotations

from typing import Final

from xlwings_addin.hosts import answers
from xlwings_addin.hosts.libreoffice.medium import OTHER_HOSTS, CalcMedium, Workbook
from xlwings_addin.proof.check_open import check_open
from xlwings_addin.refresh.refresh import refresh as refresh_book

UNDO: Final = "One step of Undo takes all of it back."
UNKNOWN: Final = (
    "Functions that Calc does not know are #NAME?: where they have the names of another program, "
    "Refresh model gives them those of Calc."
)


def refresh(workbook: Workbook) -> str:
    """New facts into the workbook, a new sheet that says what was done, and functions as Calc calls them."""
    facts = answers.facts()
    workbook.rename_calls(OTHER_HOSTS)
    refreshed = refresh_book(CalcMedium(workbook), answers.request(facts), progress=workbook.progress)
    return answers.refreshed(refreshed, UNDO, *facts.warnings)


def preview(workbook: Workbook) -> str:
    """What a refresh would do to the workbook, in words; nothing is written."""
    facts = answers.facts()
    foreseen = refresh_book(CalcMedium(workbook), answers.trial(facts), progress=workbook.progress)
    return answers.previewed(foreseen, *facts.warnings)


def check(workbook: Workbook) -> str:
    """What the workbook shows against the core, and its own checks."""
    workbook.progress("Comparing with the core")
    report = check_open(CalcMedium(workbook), folder=answers.facts().folder)
    unknown = any(finding.actual == "#NAME?" for finding in report.findings if finding.severity == "failure")
    return answers.checked(report) + (f"\n{UNKNOWN}" if unknown else "")
