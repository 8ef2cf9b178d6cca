"""A case of a snapshot, valued again from the inputs that the ledger has of it."""

from __future__ import annotations

import math
from datetime import date

from xlwings_addin.core.errors import ValuationError
from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.renamed import current
from xlwings_addin.ledger.snapshot import CaseRecord
from xlwings_addin.valuation.xiaomi import Results, evaluate

SAME = 1e-9
"""How far apart, relative, two values may be that are one."""


def valued_again(record: CaseRecord, inputs: Inputs) -> Results | None:
    """The results of a recorded case, by its scalars over the `inputs` of the case as they are now.

    None where the model and the tables of today do not give the value that was recorded: the years between
    would then be another model's.
    """
    parameters = inputs.tables.company.parameters
    values: dict[str, object] = {}
    try:
        for scalar in record.scalars:
            key = current("key", scalar.key)
            if parameters.has(key):
                values[key] = _value(parameters.named(key).kind, scalar.value)
        results = evaluate(inputs.replace(**values))
    except ValuationError:
        return None
    same = math.isclose(results.sotp.value_per_share, record.value_per_share, rel_tol=SAME)
    return results if same else None


def _value(kind: str, text: str) -> object:
    if kind == "date":
        return date.fromisoformat(text)
    return text if kind in ("choice", "text") else float(text)
