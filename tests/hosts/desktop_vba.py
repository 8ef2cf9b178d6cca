"""VBA taken apart, as far as the tests of the desktop add-in ask: whole statements and their procedures."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

with warnings.catch_warnings():  # oletools calls pyparsing by names that it is about to drop
    warnings.simplefilter("ignore", DeprecationWarning)
    from oletools.olevba import VBA_Parser, decompress_stream

_DECLARED = re.compile(r"^(?:(Public|Private) )?(Function|Sub) (\w+)\((.*)\)(?: As (\w+))?$")
_PARAMETER = re.compile(r"^(Optional )?(?:ByVal |ByRef |ParamArray )?(\w+)(?:\(\))?(?: As (\w+))?$")


@dataclass(frozen=True)
class Parameter:
    """An argument as a procedure declares it."""

    name: str
    optional: bool
    type: str


@dataclass(frozen=True)
class Procedure:
    """A function or sub: how it is declared, and the statements in it."""

    name: str
    kind: str
    is_public: bool
    parameters: tuple[Parameter, ...]
    type: str
    body: tuple[str, ...]


def statements(source: str) -> list[str]:
    """The lines of a module with continued ones joined, without comments, indents and blank lines."""
    joined = re.sub(r" _\r?\n\s*", " ", source)
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("'")]


def procedures(source: str) -> dict[str, Procedure]:
    """The procedures of a module by name. Two of one name, or one that does not end, fail."""
    by_name: dict[str, Procedure] = {}
    head: tuple[str, str, bool, tuple[Parameter, ...], str] | None = None
    body: list[str] = []
    for line in statements(source):
        if declared := _DECLARED.match(line):
            assert head is None, f"{line} stands inside {head}"
            scope, kind, name, listed, type_ = declared.groups()
            head, body = (name, kind, scope != "Private", _parameters(listed), type_ or ""), []
        elif head is not None and line == f"End {head[1]}":
            assert head[0].lower() not in {name.lower() for name in by_name}, f"{head[0]} stands there twice"
            by_name[head[0]] = Procedure(*head, tuple(body))
            head = None
        else:
            body.append(line)
    assert head is None, f"{head} does not end"
    return by_name


def _parameters(listed: str) -> tuple[Parameter, ...]:
    if not listed:
        return ()
    matches = [_PARAMETER.match(word.strip()) for word in listed.split(",")]
    assert all(matches), listed
    return tuple(Parameter(m[2], bool(m[1]), m[3] or "") for m in matches if m)


def modules_of(addin: bytes) -> dict[str, str]:
    """The sources of an .xlam's modules, read by oletools."""
    parser = VBA_Parser("addin.xlam", data=addin)
    try:
        return {
            name.rpartition(".")[0]: "\n".join(code.splitlines())
            for _, _, name, code in parser.extract_macros()
        }
    finally:
        parser.close()


def decompressed(container: bytes) -> bytes:
    """A compressed container, decompressed by oletools."""
    return bytes(decompress_stream(bytearray(container)))
