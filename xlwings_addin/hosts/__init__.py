"""The programs whose cells call our functions, one package each with its `Host` record: found by folder.

>>> [host.name for host in HOSTS]
['desktop', 'office-js', 'libreoffice', 'lite']
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from xlwings_addin.functions.registry import PREFIXES
from xlwings_addin.hosts.host import Host

__all__ = ["HOSTS", "Host"]


def _records() -> Iterator[Host]:
    """The record of every package in this folder that has one."""
    for module in iter_modules(__path__):
        if module.ispkg:
            record = getattr(import_module(f"{__name__}.{module.name}"), "HOST", None)
            if isinstance(record, Host):
                yield record


def _place(host: Host) -> tuple[int, str]:
    """By what they write before a name, in the order of the registry."""
    return list(PREFIXES).index(host.target), host.name


HOSTS: Final = tuple(sorted(_records(), key=_place))
