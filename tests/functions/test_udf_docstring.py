"""The layout of docstrings: complete ones are read, others refused with what is wrong."""

from __future__ import annotations

import pytest

from xlwings_addin.functions.docstring import DocstringError, parse

DOCSTRING = """Present value of flows.

    Formula: sum of
        flow * factor

    Args:
        flows (money): first forecast
            year first
        rate (rate): per year

    Returns: money.

    Errors: #NUM! for a rate of -100%.

    Source: Brealey.

    Example:
        >>> DCF_VALUE([[100,
        ...             100]], 0.1)  # doctest: +NUMBER
        173.55
"""


def test_every_part_is_read_and_lines_are_joined() -> None:
    documentation = parse(DOCSTRING)
    assert documentation.summary == "Present value of flows."
    assert documentation.formula == "sum of flow * factor"
    assert [(a.name, a.unit, a.doc) for a in documentation.arguments] == [
        ("flows", "money", "first forecast year first"),
        ("rate", "rate", "per year"),
    ]
    assert documentation.returns == "money."
    assert documentation.errors == "#NUM! for a rate of -100%."
    assert documentation.source == "Brealey."
    assert documentation.example.function == "DCF_VALUE"
    assert documentation.example.arguments == ([[100, 100]], 0.1)
    assert documentation.example.written == "173.55"
    assert documentation.example.result == 173.55


def test_no_arguments_are_written_as_none() -> None:
    arguments = DOCSTRING[DOCSTRING.index("Args:") : DOCSTRING.index("Returns:")]
    assert parse(DOCSTRING.replace(arguments, "Args: none\n\n    ")).arguments == ()


def test_a_missing_docstring_is_refused() -> None:
    with pytest.raises(DocstringError, match="has no docstring"):
        parse(None)


@pytest.mark.parametrize("part", ["Formula", "Args", "Returns", "Errors", "Source", "Example"])
def test_a_missing_part_is_named(part: str) -> None:
    with pytest.raises(DocstringError, match=f"has no part '{part}' in its docstring"):
        parse(DOCSTRING.replace(f"{part}:", "Else"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Source: Brealey.", "Source:", "has nothing under 'Source'"),
        ("of flows.", "of flows", "must open with one sentence on one line"),
        ("of flows.", "of\n    flows.", "must open with one sentence on one line"),
        ("Returns: money.", "Returns: money.\n\n    Formula: again.", "must have the parts .* in this order"),
        ("rate (rate): per year", "rate: per year", "documents an argument as 'rate: per year'"),
        ("[[100,\n        ...             100]], 0.1", "flows, rate", "is not one call and one result"),
        ("0.1)", "rate=0.1)", "is not one call with positional values"),
        ("        173.55\n", "", "is not one call and one result"),
        ("173.55", "173.55\n        >>> DCF_VALUE(1)\n        1", "is not one call and one result"),
    ],
)
def test_a_departure_from_the_layout_is_explained(old: str, new: str, message: str) -> None:
    assert old in DOCSTRING
    with pytest.raises(DocstringError, match=message):
        parse(DOCSTRING.replace(old, new))
