"""Whether a file is byte for byte as this version of the project left it, every value calculated.

The mark stands in the part with the record of the last refresh and is made of all other parts, this version
and the engine's. Whoever changes the file, be it by one byte, or calculates it with another version, finds no
mark that fits: then the values are held against the engine's, as those of any file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.metadata import version

from xlwings_addin.layout.state import NAMESPACE
from xlwings_addin.version import __version__
from xlwings_addin.xlsx.package import Package

_START = f'<state xmlns="{NAMESPACE}"'.encode()
_ATTRIBUTE = b' left="'


def marked_as_left(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """All parts of a workbook, with the mark in the one that keeps the record; without a record, none."""
    name = _record_in(parts)
    if name is None:
        return dict(parts)
    start, _, rest = parts[name].partition(_START)
    if rest.startswith(_ATTRIBUTE):
        rest = rest[len(_ATTRIBUTE) :].partition(b'"')[2]
    return {**parts, name: start + _START + _ATTRIBUTE + _mark(parts, name) + b'"' + rest}


def is_as_left(package: Package) -> bool:
    """Whether nobody has changed a file since this version of the project wrote it."""
    name = _record_in(package.parts)
    if name is None:
        return False
    rest = package.parts[name].partition(_START)[2]
    return rest.startswith(_ATTRIBUTE + _mark(package.parts, name) + b'"')


def _record_in(parts: Mapping[str, bytes]) -> str | None:
    return next((name for name in parts if name.startswith("customXml/") and _START in parts[name]), None)


def _mark(parts: Mapping[str, bytes], record: str) -> bytes:
    mark = blake2b(_versions(), digest_size=16)
    for name in sorted(parts.keys() - {record}):
        mark.update(f"\n{name} {len(parts[name])}\n".encode())
        mark.update(parts[name])
    return mark.hexdigest().encode()


@cache
def _versions() -> bytes:
    return f"{__version__} {version('formualizer')}".encode()
