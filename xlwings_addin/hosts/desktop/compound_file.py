"""Streams into one file: a writer of the Compound File Binary format, in which a VBA project is kept.

Version 3 of the format: sectors of 512 bytes, and mini sectors of 64 for streams below 4,096 bytes. Nothing
in the file says when it was written, so the same streams give the same bytes.

Source: [MS-CFB], Compound File Binary File Format; each function names its section.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SECTOR: Final = 512
MINI_SECTOR: Final = 64
MINI_CUTOFF: Final = 4096
FAT_SECTOR, END_OF_CHAIN, FREE = 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF
NO_ENTRY: Final = 0xFFFFFFFF
TABLES_IN_HEADER: Final = 109
LONGEST_NAME: Final = 31
STORAGE, STREAM, ROOT = 1, 2, 5
BLACK: Final = 1
UNUSED_ENTRY: Final = bytes(68) + struct.pack("<3I", NO_ENTRY, NO_ENTRY, NO_ENTRY) + bytes(48)


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """The file that holds `streams`, each under its path, such as `VBA/dir`.

    Raises `ValueError` for a name of no or more than 31 characters, and for more than the 6.8 MB that the
    header can index.
    """
    root = _tree(streams)
    entries = _in_order(root)
    sectors, mini_sectors = _Sectors(SECTOR), _Sectors(MINI_SECTOR)
    for entry in entries:
        if entry.kind == STREAM:
            place = mini_sectors if len(entry.data) < MINI_CUTOFF else sectors
            entry.start, entry.size = place.add(entry.data), len(entry.data)
    root.start, root.size = sectors.add(bytes(mini_sectors.data)), len(mini_sectors.data)
    mini_table = _packed_table(mini_sectors.following)
    first_of_mini_table = sectors.add(mini_table)
    first_of_directory = sectors.add(_packed_directory(entries))
    tables = _add_tables(sectors)
    header = struct.pack(
        "<8s16s6H10I",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, 0),
        *(0, 0, len(tables), first_of_directory, 0, MINI_CUTOFF),
        *(first_of_mini_table, len(mini_table) // SECTOR, END_OF_CHAIN, 0),
    )
    listed = [*tables, *[FREE] * (TABLES_IN_HEADER - len(tables))]
    return header + struct.pack(f"<{TABLES_IN_HEADER}I", *listed) + bytes(sectors.data)


@dataclass
class _Sectors:
    """Sectors of one size, and for each the number of the one that follows it in its chain (2.3, 2.4)."""

    size: int
    data: bytearray = field(default_factory=bytearray)
    following: list[int] = field(default_factory=list)

    def add(self, data: bytes) -> int:
        """Put data into a chain of its own; gives the number of its first sector."""
        if not data:
            return END_OF_CHAIN
        first, count = len(self.following), -(-len(data) // self.size)
        self.data += data.ljust(count * self.size, b"\0")
        self.following += [*range(first + 1, first + count), END_OF_CHAIN]
        return first


@dataclass
class _Entry:
    """A storage or a stream in the directory (2.6.1); `left`, `right` and `child` are numbers of entries."""

    name: str
    kind: int
    data: bytes = b""
    inside: dict[str, _Entry] = field(default_factory=dict)
    left: int = NO_ENTRY
    right: int = NO_ENTRY
    child: int = NO_ENTRY
    start: int = 0
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le")
        return struct.pack(
            "<64sHBB3I16sI2QIQ",
            *(name, len(name) + 2, self.kind, BLACK, self.left, self.right, self.child),
            *(bytes(16), 0, 0, 0, self.start, self.size),
        )


def _tree(streams: Mapping[str, bytes]) -> _Entry:
    root = _Entry("Root Entry", ROOT)
    for path, data in streams.items():
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            at = at.inside.setdefault(folder, _Entry(folder, STORAGE))
        at.inside[name] = _Entry(name, STREAM, data)
        for part in (*folders, name):
            if not 0 < len(part) <= LONGEST_NAME:
                raise ValueError(f"stream {path!r} has a name of {len(part)} characters, 1 to 31 fit")
    return root


def _in_order(root: _Entry) -> list[_Entry]:
    """All entries in the order of their numbers, linked to one another.

    Those of one storage form a binary tree by length of name, then by name in capitals (2.6.4); with every
    node black it is a red-black tree, as that section allows.
    """
    entries = [root]

    def link(siblings: Sequence[_Entry]) -> int:
        if not siblings:
            return NO_ENTRY
        middle = len(siblings) // 2
        entry, number = siblings[middle], len(entries)
        entries.append(entry)
        entry.left, entry.right = link(siblings[:middle]), link(siblings[middle + 1 :])
        entry.child = link(_sorted(entry.inside.values()))
        return number

    root.child = link(_sorted(root.inside.values()))
    return entries


def _sorted(entries: Iterable[_Entry]) -> list[_Entry]:
    return sorted(entries, key=lambda entry: (len(entry.name), entry.name.upper()))


def _packed_directory(entries: Sequence[_Entry]) -> bytes:
    """The directory, filled to whole sectors with unused entries (2.6)."""
    packed = b"".join(entry.packed() for entry in entries)
    return packed + UNUSED_ENTRY * (-len(packed) % SECTOR // len(UNUSED_ENTRY))


def _packed_table(numbers: Sequence[int]) -> bytes:
    """Numbers of sectors, filled to whole sectors (2.3)."""
    free = [FREE] * (-len(numbers) % (SECTOR // 4))
    return struct.pack(f"<{len(numbers) + len(free)}I", *numbers, *free)


def _add_tables(sectors: _Sectors) -> list[int]:
    """Put the table of sectors behind them, its own sectors counted in (2.3); gives where it stands."""
    used, per_table = len(sectors.following), SECTOR // 4
    count = -(-used // (per_table - 1))
    if count > TABLES_IN_HEADER:
        raise ValueError(f"{used * SECTOR:,} bytes need {count} tables of sectors, {TABLES_IN_HEADER} fit")
    sectors.data += _packed_table([*sectors.following, *[FAT_SECTOR] * count])
    return list(range(used, used + count))
