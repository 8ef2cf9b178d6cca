"""The names that others depend on, in one list: `python -m supply.public_names` writes docs/public-names.txt.

Python functions with their arguments, functions for cells, commands with their options, and the top-level
fields of what commands print as JSON. A name that is dropped from the list, or changed in it, has to be named
in CHANGELOG.md first; without that the list is not written.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer.main

import xlwings_addin as xa
from xlwings_addin.cli import app
from xlwings_addin.functions.registry import REGISTRY

ROOT: Final = Path(__file__).parents[1]
LIST: Final = ROOT / "docs" / "public-names.txt"
JSON: Final = ROOT / "docs" / "json.md"
_ROW: Final = re.compile(r"^\| `(?P<command>[^`]+)` \| (?P<fields>[^|]+) \|", re.MULTILINE)


def names() -> str:
    """The list, as the file has it."""
    lines = [
        *_of_python(),
        *_of_cells(),
        *_of_commands(typer.main.get_command(app), "xiaomi-model"),
        *_of_json(),
    ]
    return "".join(f"{line}\n" for line in lines)


def _of_python() -> Iterator[str]:
    for name in sorted(xa.__all__):
        item = getattr(xa, name)
        if inspect.isfunction(item):
            parameters = inspect.signature(item).parameters.values()
            arguments = (
                parameter.name if parameter.default is parameter.empty else f"{parameter.name}=..."
                for parameter in parameters
            )
            yield f"python {name}({', '.join(arguments)})"
        else:
            yield f"python {name}"


def _of_cells() -> Iterator[str]:
    yield from (f"cell {entry.signature}" for entry in REGISTRY.values())


def _of_commands(command: Any, words: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name, inner in sorted(command.commands.items()):
            yield from _of_commands(inner, f"{words} {name}")
        return
    parameters = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one.name.upper() for one in parameters if one.param_type_name == "argument"]
    options = sorted(opt for one in parameters if one.param_type_name == "option" for opt in one.opts)
    yield " ".join([f"command {words}", *arguments, *options])


def fields_documented() -> dict[str, list[str]]:
    """The fields that docs/json.md names, by command."""
    rows = _ROW.finditer(JSON.read_text(encoding="utf-8"))
    return {row["command"]: re.findall(r"`([^`]+)`", row["fields"]) for row in rows}


def _of_json() -> Iterator[str]:
    for command, fields in fields_documented().items():
        yield from (f"json {command}: {field}" for field in fields)


def untold(before: str, after: str, changelog: str) -> list[str]:
    """The names that are in one list and no longer in the other, and of which the changelog says nothing.

    >>> untold("cell RAMP_FADE(start)\\n", "", "- RAMP_FADE is gone."), untold("python fade(x)\\n", "", "")
    ([], ['python fade(x)'])
    """
    gone = [line for line in before.splitlines() if line not in after.splitlines()]
    return [line for line in gone if not _is_told(line, after.splitlines(), changelog)]


def _is_told(line: str, after: list[str], changelog: str) -> bool:
    """Whether the changelog names what a line loses: its name, or the words that a longer line still has."""
    kind, _, rest = line.partition(" ")
    head = rest.partition("(")[0] if kind in ("python", "cell") else rest
    words = head.split() if kind == "command" else [head.rpartition(" ")[2]]
    successors = [set(one.partition(" ")[2].split()) for one in after if one.startswith(f"{kind} ")]
    if kind == "command" and any(set(words) <= successor for successor in successors):
        return True
    return words[-1] in changelog


def main() -> None:
    new, old = names(), LIST.read_text(encoding="utf-8") if LIST.is_file() else ""
    if missing := untold(old, new, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")):
        sys.exit(f"CHANGELOG.md must say what became of: {'; '.join(missing)}")
    LIST.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
