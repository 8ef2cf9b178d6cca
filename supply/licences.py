"""The licences of all dependencies, read from the environment: `python -m supply.licences` writes the table.

A distribution comes with the base install, or with the extras that lead to it, directly or through others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "xiaomi-model"
BASE = "base"
EXTRAS = ("desktop", "docs", "ledger", "market", "mcp", "plots", "report", "scale", "server", "wasm", "dev")
DEFAULT = (BASE, "desktop", "ledger", "market", "mcp", "plots", "report", "scale")
"""What a user installs for the main job: commercial use is free, and nothing is asked of one's own code."""
TABLE = Path(__file__).parents[1] / "docs" / "licences.md"
RESTRICTED = re.compile(r"GPL|GNU|PolyForm|non-?commercial|proprietary|xlwings PRO", re.IGNORECASE)
"""Copyleft of the GPL family, and what may not be used commercially."""
_FROM_FILES = {"aiocache": "BSD-3-Clause", "axe-playwright-python": "MIT, with axe-core (MPL-2.0)"}
"""Read in the licence file, where the metadata say nothing."""
_LONGEST = 70
_HEADING = """# Licences of the dependencies

Made from the installed environment by `python -m supply.licences`; not to be edited. `base` is the install
without extras. `make sbom` writes the same environment as a bill of materials (CycloneDX).

Everything installed of base and of the extras desktop, market, plots, report and scale may be used
commercially. The extra server brings xlwings-server, which needs a paid key for that. The extra dev, which no
user installs, brings it too, and with oletools pcodedmp, which is under the GPL. What is not installed here
was not looked at.

| Package | Version | Licence | Comes with |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Dependency:
    """A distribution that the project leads to; `version` and `licence` are empty if it is not installed."""

    name: str
    version: str
    licence: str
    extras: tuple[str, ...]

    @property
    def is_restricted(self) -> bool:
        """Whether it is copyleft of the GPL family, or not free for commercial use."""
        return RESTRICTED.search(self.licence) is not None


def dependencies() -> list[Dependency]:
    """All of them, by name."""
    reached: dict[str, list[str]] = {}
    for extra in (BASE, *EXTRAS):
        for name in sorted(_closure("" if extra == BASE else extra)):
            reached.setdefault(name, []).append(extra)
    return [_dependency(name, tuple(extras)) for name, extras in sorted(reached.items())]


def _dependency(name: str, extras: tuple[str, ...]) -> Dependency:
    installed = _installed(name)
    if installed is None:
        return Dependency(name, "", "", extras)
    return Dependency(installed.name, installed.version, licence(installed), extras)


def licence(installed: Distribution) -> str:
    """What a distribution says of its licence: the expression, a short text, or the classifiers."""
    metadata = installed.metadata
    if expression := "".join(metadata.get_all("License-Expression") or []):
        return expression
    text = "".join(metadata.get_all("License") or []).strip()
    if text and text != "UNKNOWN" and "\n" not in text and len(text) <= _LONGEST:
        return text
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    if classifiers:
        return ", ".join(line.rpartition(" :: ")[2] for line in classifiers)
    return _FROM_FILES[canonicalize_name(installed.name)]


def _closure(extra: str) -> set[str]:
    """The names that the project with an extra leads to, in this environment."""
    names: set[str] = set()
    waiting = [(PROJECT, frozenset({extra}))]
    while waiting:
        name, extras = waiting.pop()
        for requirement in _requirements(name, extras):
            required = canonicalize_name(requirement.name)
            if required not in names or requirement.extras:
                names.add(required)
                waiting.append((required, frozenset({"", *requirement.extras})))
    return names


def _requirements(name: str, extras: Iterable[str]) -> list[Requirement]:
    installed = _installed(name)
    declared = [Requirement(line) for line in (installed.requires if installed is not None else None) or []]
    return [
        requirement
        for requirement in declared
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def table() -> str:
    """The page of `docs/licences.md`."""
    rows = (
        f"| {used.name} | {used.version or 'not installed'} | {used.licence or 'not installed'} | "
        f"{', '.join(used.extras)} |\n"
        for used in dependencies()
    )
    return _HEADING + "".join(rows)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
