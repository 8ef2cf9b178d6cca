"""A VBA project: its modules read from the file that keeps them, and written back.

`read_project` takes a `vbaProject.bin` apart, `project_file` puts one together. What describes the project
(code page, references to type libraries, protection) stays as it was read; modules come and go. Nothing
compiled is kept, so Excel compiles the source anew.

Source: [MS-OVBA], Office VBA File Format Structure; each function names its section.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from xlwings_addin.hosts.desktop.compound_file import compound_file

CHUNK: Final = 4096
# Records of the stream `dir` (2.3.4.2).
CODE_PAGE, NAME, VERSION, MODULES, COOKIE, END = 0x03, 0x04, 0x09, 0x0F, 0x13, 0x10
MODULE_NAME, MODULE_STREAM, MODULE_OFFSET = 0x19, 0x1A, 0x31
# The stream `_VBA_PROJECT` without a version, so that no compiled code is looked for (2.3.4.1).
NOTHING_COMPILED: Final = bytes.fromhex("CC61FFFF000000")

Record = tuple[int, bytes]


@dataclass(frozen=True)
class Module:
    """A module of code, and the line that declares it: `Module=`, `Class=` or `Document=` with its name."""

    name: str
    source: str
    declaration: str

    @classmethod
    def standard(cls, name: str, source: str) -> Module:
        """A module that belongs to no workbook, sheet or class."""
        return cls(name, f'Attribute VB_Name = "{name}"\n{source}', f"Module={name}")


@dataclass(frozen=True)
class Project:
    """A VBA project: `records` and `properties` are what its streams say beside the modules."""

    name: str
    modules: tuple[Module, ...]
    records: tuple[Record, ...]
    properties: tuple[str, ...]
    encoding: str


def read_project(data: bytes) -> Project:
    """Take a `vbaProject.bin` apart."""
    import olefile

    with olefile.OleFileIO(io.BytesIO(data)) as file:
        streams = {"/".join(path): file.openstream(path).read() for path in file.listdir()}
    records = list(_records(decompress(streams["VBA/dir"])))
    first_of_modules = next(n for n, (kind, _) in enumerate(records) if kind == MODULES)
    about = dict(records[:first_of_modules])
    encoding = f"cp{int.from_bytes(about[CODE_PAGE], 'little')}"
    lines = streams["PROJECT"].decode(encoding).partition("[Workspace]")[0].splitlines()
    declarations = {
        name.partition("/")[0]: f"{kind}={name}"
        for kind, _, name in (line.partition("=") for line in lines)
        if kind in ("Module", "Class", "Document")
    }
    modules = []
    for kind, payload in records[first_of_modules:]:
        if kind == MODULE_NAME:
            name = payload.decode(encoding)
        elif kind == MODULE_STREAM:
            stream = streams[f"VBA/{payload.decode(encoding)}"]
        elif kind == MODULE_OFFSET:
            source = decompress(stream[int.from_bytes(payload, "little") :]).decode(encoding)
            modules.append(Module(name, source.replace("\r\n", "\n"), declarations[name]))
    return Project(
        about[NAME].decode(encoding),
        tuple(modules),
        tuple(records[:first_of_modules]),
        tuple(line for line in lines if line not in declarations.values()),
        encoding,
    )


def project_file(project: Project) -> bytes:
    """A project as the bytes of a `vbaProject.bin` (2.2.1)."""
    encoding = project.encoding
    streams = {
        "PROJECT": _project_stream(project).encode(encoding),
        "PROJECTwm": _names_stream(project),
        "VBA/_VBA_PROJECT": NOTHING_COMPILED,
        "VBA/dir": compress(_dir_stream(project)),
    }
    for module in project.modules:
        source = module.source.replace("\n", "\r\n").encode(encoding)
        streams[f"VBA/{module.name}"] = compress(source)
    return compound_file(streams)


def _records(data: bytes) -> Iterator[Record]:
    """The records of the stream `dir`: a number, a length, and so many bytes (2.3.4.2).

    The version alone says 4 and takes 6 (2.3.4.2.1.11).
    """
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<HI", data, at)
        end = at + 6 + (6 if kind == VERSION else size)
        yield kind, data[at + 6 : end]
        at = end


def _packed(records: Iterable[Record]) -> bytes:
    return b"".join(
        struct.pack("<HI", kind, 4 if kind == VERSION else len(payload)) + payload
        for kind, payload in records
    )


def _dir_stream(project: Project) -> bytes:
    """What the project is, and which modules it has (2.3.4.2)."""
    name = project.name.encode(project.encoding)
    records = [(kind, name if kind == NAME else payload) for kind, payload in project.records]
    records += [(MODULES, struct.pack("<H", len(project.modules))), (COOKIE, b"\xff\xff")]
    for module in project.modules:
        records += _module_records(module, project.encoding)
    return _packed([*records, (END, b"")])


def _module_records(module: Module, encoding: str) -> list[Record]:
    """One module: name and stream in both encodings, no description, source from the start (2.3.4.2.3.2)."""
    name, wide = module.name.encode(encoding), module.name.encode("utf-16-le")
    kind = 0x21 if module.declaration.startswith("Module=") else 0x22
    return [
        *((MODULE_NAME, name), (0x47, wide), (MODULE_STREAM, name), (0x32, wide), (0x1C, b""), (0x48, b"")),
        *((MODULE_OFFSET, bytes(4)), (0x1E, bytes(4)), (0x2C, b"\xff\xff"), (kind, b""), (0x2B, b"")),
    ]


def _project_stream(project: Project) -> str:
    """The project as its editor sees it: modules before the name, their windows last (2.3.1)."""
    lines = []
    for line in project.properties:
        if line.startswith("Name="):
            lines += [module.declaration for module in project.modules]
            line = f'Name="{project.name}"'
        lines.append(line)
    windows = [f"{module.name}=0, 0, 0, 0, C" for module in project.modules]
    return "\r\n".join([*lines, "[Workspace]", *windows, ""])


def _names_stream(project: Project) -> bytes:
    """The names of the modules in both encodings (2.3.3)."""
    names = (
        module.name.encode(project.encoding) + b"\0" + module.name.encode("utf-16-le") + b"\0\0"
        for module in project.modules
    )
    return b"".join(names) + b"\0\0"


# --- compression --------------------------------------------------------------------------------------


def compress(data: bytes) -> bytes:
    """Data in a compressed container: chunks of 4,096 bytes, each with its length (2.4.1.3.6, 2.4.1.3.7).

    A chunk that would not get shorter is stored as it is, filled up with zero bytes if it is the last.

    >>> decompress(compress(b"= " * 5000)) == b"= " * 5000
    True
    """
    container = bytearray(b"\x01")
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        packed, flags = _compressed_chunk(chunk), 0xB000
        if len(packed) >= CHUNK:
            packed, flags = chunk.ljust(CHUNK, b"\0"), 0x3000
        container += struct.pack("<H", flags | (len(packed) - 1)) + packed
    return bytes(container)


def _compressed_chunk(chunk: bytes) -> bytes:
    """A chunk as tokens in groups of eight, each group led by a byte of flags (2.4.1.3.8)."""
    packed, at = bytearray(), 0
    while at < len(chunk):
        flags, tokens = 0, bytearray()
        for bit in range(8):
            if at == len(chunk):
                break
            bits = _length_bits(at)
            start, length = _match(chunk, at, longest=(1 << bits) + 2)
            if length:
                flags |= 1 << bit
                tokens += struct.pack("<H", (at - start - 1) << bits | (length - 3))
                at += length
            else:
                tokens.append(chunk[at])
                at += 1
        packed += bytes([flags]) + tokens
    return bytes(packed)


def _length_bits(at: int) -> int:
    """How many bits of a copy token say the length; the offset takes what reaches back (2.4.1.3.19.1)."""
    return 16 - max((at - 1).bit_length(), 4)


def _match(chunk: bytes, at: int, longest: int) -> tuple[int, int]:
    """Where the longest earlier copy of what follows starts, and its length; 0 where none has 3 bytes."""
    best, length = 0, 0
    for size in range(3, min(longest, len(chunk) - at) + 1):
        place = chunk.find(chunk[at : at + size], best, at + size - 1)
        if place < 0:
            break
        best, length = place, size
    return best, length


def decompress(container: bytes) -> bytes:
    """The data in a compressed container (2.4.1.3.1). Raises `ValueError` for what is none."""
    if container[:1] != b"\x01":
        raise ValueError(f"compressed data must start with 01, not with {container[:1].hex() or 'nothing'}")
    data, at = bytearray(), 1
    while at < len(container):
        (header,) = struct.unpack_from("<H", container, at)
        packed = container[at + 2 : at + 3 + (header & 0xFFF)]
        data += _expanded_chunk(packed) if header & 0x8000 else packed
        at += 2 + len(packed)
    return bytes(data)


def _expanded_chunk(packed: bytes) -> bytes:
    """The bytes of one chunk (2.4.1.3.3)."""
    chunk, at = bytearray(), 0
    while at < len(packed):
        flags, at = packed[at], at + 1
        for bit in range(8):
            if at >= len(packed):
                break
            if not flags >> bit & 1:
                chunk.append(packed[at])
                at += 1
                continue
            (token,) = struct.unpack_from("<H", packed, at)
            bits = _length_bits(len(chunk))
            start = len(chunk) - (token >> bits) - 1
            for n in range((token & (1 << bits) - 1) + 3):
                chunk.append(chunk[start + n])
            at += 2
    return bytes(chunk)
