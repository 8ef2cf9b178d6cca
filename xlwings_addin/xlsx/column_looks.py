"""Columns that look like the one beside them.

Source: ECMA-376 Part 1, 18.3.1.13 (`col`): runs of columns with width, style and level of outline, in order.
"""

from __future__ import annotations

from xlwings_addin.xlsx.moving.grid import rows_of
from xlwings_addin.xlsx.moving.markup import Markup
from xlwings_addin.xlsx.parts import Package

TAKEN = ("width", "customWidth", "style", "bestFit", "outlineLevel")
"""What a new column takes over. It is not hidden, nor folded away: what is new is seen."""


def with_columns_like_the_one_before(package: Package, sheet: str, first: int, count: int) -> Package:
    """The workbook in which `count` columns from `first` on look like the column before them.

    So they join the outline group that it is in. Where they have a look of their own, or it has none, nothing
    changes.
    """
    part = package.sheets()[sheet]
    data = package.parts[part]
    markup = Markup(data, rows_of(data))
    runs = [element for element in markup.root.iter("col") if element.get("min") and element.get("max")]
    spans = [(int(run.attributes["min"]), int(run.attributes["max"])) for run in runs]
    last = first + count - 1
    model = next((run for run, (low, high) in zip(runs, spans, strict=True) if low < first <= high + 1), None)
    if model is None or any(low <= last and high >= first for low, high in spans):
        return package
    tag = data[model.start : model.start + data[model.start :].index(b"col") + 3]
    looks = "".join(f' {name}="{value}"' for name in TAKEN if (value := model.get(name)) is not None)
    markup.insert(model.end, tag + f' min="{first}" max="{last}"{looks}/>'.encode())
    return package.edited({part: markup.result()})
