"""The lock files, with hashes for Python 3.11 and later on Linux, macOS and Windows: `python -m supply.lock`.

    requirements.lock       the base install with the extras that may be used commercially, and what builds it
    requirements-dev.lock   the tests and the server besides
    requirements-docs.lock  what makes the pages of docs/ a site, beside the base install

What is locked stays at its version where pyproject.toml allows it; `python -m supply.lock --upgrade` takes
the latest. uv (extra `dev`) resolves.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final[Mapping[str, Sequence[str]]] = {
    "requirements.lock": ("desktop", "ledger", "mcp", "plots", "report", "scale"),
    "requirements-dev.lock": ("dev",),
    "requirements-docs.lock": ("docs",),
}
BUILD: Final = "supply/build.in"
_OPTIONS: Final = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"),
    *("--no-emit-index-url", "--no-emit-find-links", "--quiet"),
)


def commands(*further: str) -> list[list[str]]:
    """What is run for each lock file."""
    return [
        [
            *(sys.executable, "-m", "uv", "pip", "compile", *_OPTIONS, *further),
            *(option for extra in extras for option in ("--extra", extra)),
            *("pyproject.toml", BUILD, "--output-file", lock),
        ]
        for lock, extras in LOCKS.items()
    ]


def main() -> None:
    for command in commands(*sys.argv[1:]):
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
