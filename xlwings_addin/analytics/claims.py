"""Targets and talk against results: what was said, what came, and by how much it was missed or beaten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from xlwings_addin.analytics.actuals import HAPPENED
from xlwings_addin.inputs.claims import Claim
from xlwings_addin.inputs.tables import Tables, period_end

Verdict = Literal["met", "missed", "above", "open", "no figure"]


@dataclass(frozen=True)
class JudgedClaim:
    """A claim, what came, and the gap to the nearer end of what was said, relative; None while it is open.

    `verdict` is "open" where a figure of the result is not in the tables yet, "no figure" where the claim has
    none.
    """

    claim: Claim
    result: float | None
    gap: float | None
    verdict: Verdict
    note: str

    def as_dict(self) -> dict[str, Any]:
        """For a program to read."""
        claim = self.claim
        return {
            "day": claim.day.isoformat(),
            "who": claim.who,
            "claim": claim.claim,
            "key": claim.key,
            "low": claim.low,
            "high": claim.high,
            "unit": claim.unit,
            "result": self.result,
            "gap": self.gap,
            "verdict": self.verdict,
            "basis": claim.basis,
            "source": claim.source,
            "note": "; ".join(filter(None, (claim.note, self.note))),
        }


def judged(claims: Iterable[Claim], tables: Tables) -> tuple[JudgedClaim, ...]:
    """Every claim beside what the tables say has come."""
    return tuple(_judged(claim, tables) for claim in claims)


def _judged(claim: Claim, tables: Tables) -> JudgedClaim:
    if claim.result is None:
        return JudgedClaim(claim, None, None, "no figure", "")
    missing = [f"{key} {period}" for key, period in claim.result.references if not _has(tables, key, period)]
    if missing or claim.low is None:
        note = f"not in the tables: {', '.join(missing)}" if missing else ""
        return JudgedClaim(claim, None, None, "open", note)
    result = float(claim.result.value(lambda key, period: tables.row(key, period).number))
    bases = {tables.row(*reference).basis for reference in claim.result.references}
    note = "the result is a lower bound" if "lower_bound" in bases else ""
    if result < claim.low:
        return JudgedClaim(claim, result, result / claim.low - 1, "missed", note)
    if claim.high is not None and result > claim.high:
        return JudgedClaim(claim, result, result / claim.high - 1, "above", note)
    gap = result / claim.low - 1 if claim.high is None else 0.0
    return JudgedClaim(claim, result, gap, "met", note)


def _has(tables: Tables, key: str, period: str) -> bool:
    return tables.has(key, period) and tables.row(key, period).basis in HAPPENED


def by_period(claims: Iterable[JudgedClaim]) -> list[JudgedClaim]:
    """The claims by the time they are about, then by the day they were made."""

    def about(judged_claim: JudgedClaim) -> tuple[str, str]:
        formula = judged_claim.claim.result
        periods = [period for _, period in formula.references if period] if formula is not None else []
        last = max((period_end(period).isoformat() for period in periods), default="9999")
        return last, judged_claim.claim.day.isoformat()

    return sorted(claims, key=about)
