"""What a worker must have in common with whoever asks, so that both compute the same figures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from platform import node

from xlwings_addin.core.errors import InputError

ROOMS = ("core", "inputs", "segments", "valuation", "analytics")
"""The rooms whose code makes figures."""


@cache
def versions() -> Mapping[str, str]:
    """The libraries that make figures, and a hash of the code that does, by name.

    >>> list(versions())
    ['numpy', 'scipy', 'code of the model']
    """
    package = Path(__file__).parents[1]
    digest = sha256()
    for room in ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.read_bytes())
    libraries = {name: version(name) for name in ("numpy", "scipy")}
    return {**libraries, "code of the model": digest.hexdigest()[:12]}


def require_agreement(expected: Mapping[str, str]) -> None:
    """Raise `InputError`, which names this machine, where a version is another one."""
    for name, here in versions().items():
        if here != expected[name]:
            rule = f"must be {expected[name]}, as where the draws are added up"
            raise InputError(f"{name} on {node() or 'a worker'}", here, rule, display=here)
