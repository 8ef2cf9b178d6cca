"""The documentation of a function, read from its docstring.

The layout is fixed, and every part is there:

    One sentence that says what the function gives.

    Formula: how, on one or more lines.

    Args:
        name (unit): what it is, on one or more lines
        ...          or the single word none

    Returns: what, in which unit and shape.

    Errors: which error value a cell shows, and when.

    Source: book and page, paper, or standard.

    Example:
        the prompt of a doctest and one call with plain values
        what it gives

The example is run, and compared at the precision that is written.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass

PARTS = ("Formula", "Args", "Returns", "Errors", "Source", "Example")
ARGUMENT = re.compile(r"(?P<name>\w+) \((?P<unit>[^)]+)\): (?P<doc>.+)")


class DocstringError(ValueError):
    """A docstring that leaves the layout; the message says where."""


@dataclass(frozen=True)
class ArgumentDoc:
    """What a docstring says of one argument."""

    name: str
    unit: str
    doc: str


@dataclass(frozen=True)
class Example:
    """A documented call: its arguments, and the result as it is written."""

    function: str
    arguments: tuple[object, ...]
    written: str

    @property
    def formula(self) -> str:
        """The call as a cell formula, ranges as array constants.

        >>> Example("DCF_PRESENT_VALUE", ([[100, 100]], 0.1, "mid"), "182.02").formula
        '=DCF_PRESENT_VALUE({100,100},0.1,"mid")'
        """
        return f"={self.function}({','.join(map(_constant, self.arguments))})"

    @property
    def result(self) -> object:
        """The documented result as a value."""
        return ast.literal_eval(self.written)

    def agrees(self, value: object) -> bool:
        """Whether a result is the documented one; numbers agree to half a unit of their last written digit.

        "..." stands for any part of a text.

        >>> Example("DCF_PRESENT_VALUE", ([[100, 100]], 0.1), "173.55").agrees(173.5537)
        True
        >>> Example("DCF_PRESENT_VALUE", ([[100, 100]], 0.1), "173.55").agrees(173.5561)
        False
        """
        return _agrees(ast.parse(self.written, mode="eval").body, value, self.written)


@dataclass(frozen=True)
class Documentation:
    """A docstring, taken apart."""

    summary: str
    formula: str
    arguments: tuple[ArgumentDoc, ...]
    returns: str
    errors: str
    source: str
    example: Example


def parse(docstring: str | None) -> Documentation:
    """Take a docstring apart. Raises `DocstringError` where a part is missing, empty or out of order."""
    if not docstring:
        raise DocstringError("has no docstring")
    summary, parts = _parts(inspect.cleandoc(docstring))
    return Documentation(
        summary=summary,
        formula=_joined(parts["Formula"]),
        arguments=_arguments(parts["Args"]),
        returns=_joined(parts["Returns"]),
        errors=_joined(parts["Errors"]),
        source=_joined(parts["Source"]),
        example=_example(parts["Example"]),
    )


def _joined(text: str) -> str:
    return " ".join(text.split())


def _parts(docstring: str) -> tuple[str, dict[str, str]]:
    pieces = re.split(rf"^({'|'.join(PARTS)}):", docstring, flags=re.MULTILINE)
    summary, names, texts = pieces[0].strip(), tuple(pieces[1::2]), pieces[2::2]
    for expected in PARTS:
        if expected not in names:
            raise DocstringError(f"has no part {expected!r} in its docstring")
    if names != PARTS:
        raise DocstringError(f"must have the parts {', '.join(PARTS)} once each, in this order")
    for name, text in zip(names, texts, strict=True):
        if not text.strip():
            raise DocstringError(f"has nothing under {name!r} in its docstring")
    if not summary.endswith(".") or "\n" in summary:
        raise DocstringError("must open with one sentence on one line, ending in a full stop")
    return summary, dict(zip(names, texts, strict=True))


def _arguments(text: str) -> tuple[ArgumentDoc, ...]:
    block = inspect.cleandoc(text)
    if block == "none":
        return ()
    entries = [_joined(entry) for entry in re.split(r"\n(?=\S)", block)]
    return tuple(_argument(entry) for entry in entries)


def _argument(entry: str) -> ArgumentDoc:
    match = ARGUMENT.fullmatch(entry)
    if match is None:
        raise DocstringError(f"documents an argument as {entry!r}, not as 'name (unit): what it is'")
    return ArgumentDoc(**match.groupdict())


def _example(text: str) -> Example:
    lines = inspect.cleandoc(text).splitlines()
    prompts = [line for line in lines if line.startswith((">>> ", "... "))]
    call = "\n".join(prompt[4:] for prompt in prompts).split("  # doctest:")[0]
    written = "\n".join(lines[len(prompts) :])
    try:
        tree = ast.parse(call, mode="eval").body
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.keywords:
            raise DocstringError(f"has the example {call!r}, which is not one call with positional values")
        arguments = tuple(ast.literal_eval(argument) for argument in tree.args)
        ast.literal_eval(written)
    except DocstringError:
        raise
    except (SyntaxError, ValueError):
        rule = f"has an example that is not one call and one result: {text.strip()!r}"
        raise DocstringError(rule) from None
    return Example(tree.func.id, arguments, written)


def _constant(value: object) -> str:
    if isinstance(value, list):
        rows = value if isinstance(value[0], list) else [value]
        return "{" + ";".join(",".join(map(_constant, row)) for row in rows) + "}"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return "" if value is None else str(value)


def _agrees(written: ast.expr, value: object, source: str) -> bool:
    if isinstance(written, ast.List):
        return (
            isinstance(value, list)
            and len(value) == len(written.elts)
            and all(_agrees(part, item, source) for part, item in zip(written.elts, value, strict=True))
        )
    expected = ast.literal_eval(written)
    if isinstance(expected, str):
        pattern = ".*".join(map(re.escape, expected.split("...")))
        return isinstance(value, str) and re.fullmatch(pattern, value) is not None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    digits = (ast.get_source_segment(source, written) or "").partition(".")[2]
    return bool(abs(value - expected) <= 0.5 * 10.0 ** -len(digits) * (1 + 1e-9))
