"""When two texts of a formula are the same formula, whichever program wrote them."""

from __future__ import annotations

from xlwings_addin.functions.registry import PREFIXES
from xlwings_addin.inputs.renamed import current_text
from xlwings_addin.xlsx.agreement import normal_formula


def is_same_formula(one: str, other: str) -> bool:
    """Whether two texts say the same, whichever hosts wrote them."""
    return one == other or host_neutral(one) == host_neutral(other)


def host_neutral(formula: str) -> str:
    """A formula's text without what hosts write differently, and with words of ours as they are now.

    Hosts differ in spaces, letter case and prefixes.

    >>> host_neutral("=val.DCF_XNPV( a1 )") == host_neutral("=DCF_XNPV(A1)")
    True
    """
    return normal_formula(current_text(formula), PREFIXES.values())
