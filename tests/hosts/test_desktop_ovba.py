"""A VBA project and its container, written here and read by programs that others wrote."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from importlib.resources import files

import olefile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hosts.desktop_vba import decompressed
from xlwings_addin.hosts.desktop.compound_file import MINI_CUTOFF, compound_file
from xlwings_addin.hosts.desktop.ovba import (
    CHUNK,
    Module,
    compress,
    decompress,
    project_file,
    read_project,
)
from xlwings_addin.xlsx.package import read_package

SHIPPED = read_package((files("xlwings") / "quickstart_addin_ribbon.xlam").read_bytes()).parts[
    "xl/vbaProject.bin"
]
SOURCE = (files("xlwings") / "xlwings.bas").read_bytes()

# Names as paths: storages within storages, siblings that differ in case-blind order and in length.
PATHS = ["a", "B", "cc", "DD", "VBA/dir", "VBA/_VBA_PROJECT", "VBA/Module1", "VBA/deep/er/x", "Z" * 31]


def read_streams(data: bytes) -> dict[str, bytes]:
    """All streams of a compound file, by olefile, which complains of whatever breaks the format."""
    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT) as file:
        assert file.parsing_issues == []
        return {"/".join(path): file.openstream(path).read() for path in file.listdir()}


@given(
    st.dictionaries(
        st.sampled_from(PATHS),
        st.sampled_from([0, 1, 63, 64, 65, 511, 512, 513, MINI_CUTOFF - 1, MINI_CUTOFF, 5000, 70_000]),
    )
)
def test_every_stream_is_read_back(sizes: dict[str, int]) -> None:
    streams = {path: bytes(n % 251 for n in range(size)) for path, size in sizes.items()}
    assert read_streams(compound_file(streams)) == streams


def test_every_stream_is_found_by_its_name_whatever_its_case() -> None:
    streams = {f"VBA/Module{number}": str(number).encode() for number in range(40)}
    with olefile.OleFileIO(io.BytesIO(compound_file(streams))) as file:
        assert all(file.exists(path.upper()) for path in streams)
        assert not file.exists("VBA/Module40")


def test_siblings_form_a_search_tree() -> None:
    """Length first, then capitals ([MS-CFB] 2.6.4): the order in which a reader looks for a name."""
    with olefile.OleFileIO(io.BytesIO(compound_file(dict.fromkeys(PATHS, b"x")))) as file:
        entries = file.direntries

        def names(number: int) -> list[str]:
            if number == olefile.NOSTREAM:
                return []
            entry = entries[number]
            return [*names(entry.sid_left), entry.name, *names(entry.sid_right)]

        assert names(file.root.sid_child) == ["a", "B", "cc", "DD", "VBA", "Z" * 31]


def test_a_large_file_fills_more_than_one_table_and_one_too_large_is_refused() -> None:
    large = {"large": bytes(3_000_000)}
    assert read_streams(compound_file(large)) == large
    with pytest.raises(ValueError, match="need 111 tables of sectors, 109 fit"):
        compound_file({"large": bytes(7_200_000)})


@pytest.mark.parametrize("path", ["", "VBA/", "/dir", "x" * 32, f"{'x' * 32}/dir"])
def test_a_name_that_does_not_fit_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"has a name of (0|32) characters, 1 to 31 fit"):
        compound_file({path: b""})


def test_a_damaged_file_is_noticed() -> None:
    data = bytearray(compound_file({"a": bytes(5000)}))
    data[512 + 4] ^= 0xFF
    data[48] ^= 0xFF
    with pytest.raises((OSError, AssertionError)):
        read_streams(bytes(data))


@given(st.binary(max_size=3000) | st.text("ab =\n", max_size=12_000).map(str.encode))
def test_what_is_compressed_is_decompressed_by_oletools_and_by_us(data: bytes) -> None:
    packed = compress(data)
    assert decompress(packed) == data
    assert not data or decompressed(packed) == data


def test_source_of_many_chunks_becomes_smaller_and_comes_back() -> None:
    assert len(SOURCE) > 10 * CHUNK
    packed = compress(SOURCE)
    assert len(packed) < 0.5 * len(SOURCE)
    assert decompressed(packed) == decompress(packed) == SOURCE


# [MS-OVBA] 3.2.1 to 3.2.3: no compression, normal compression, maximum compression.
@pytest.mark.parametrize(
    ("data", "packed"),
    [
        (
            b"abcdefghijklmnopqrstuv.",
            "0119b000616263646566676800696a6b6c6d6e6f70007172737475762e",
        ),
        (
            b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa",
            "012FB000236161616263646582660070616768696A013808616B6C0030"
            "6D6E6F700671027004107273747576107778797A003C",
        ),
        (b"a" * 73, "0103b002614500"),
    ],
)
def test_the_examples_of_the_specification_are_read(data: bytes, packed: str) -> None:
    assert decompress(bytes.fromhex(packed)) == data


def test_a_chunk_that_would_grow_is_stored_as_it_is() -> None:
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(CHUNK // 32))
    packed = compress(noise)
    assert packed[3:] == noise
    assert decompress(packed) == decompressed(packed) == noise


def test_what_is_no_compressed_data_is_refused() -> None:
    with pytest.raises(ValueError, match="compressed data must start with 01, not with 00"):
        decompress(b"\0abc")


def test_the_project_that_xlwings_ships_is_the_same_after_reading_and_writing() -> None:
    project = read_project(SHIPPED)
    assert [module.name for module in project.modules][-1] == "xlwings"
    written = project_file(project)
    assert read_project(written) == project
    assert project_file(read_project(written)) == written
    before, after = read_streams(SHIPPED), read_streams(written)
    assert set(after) == set(before)
    assert decompressed(after["VBA/dir"]).startswith(decompressed(before["VBA/dir"])[:400])


def test_modules_come_and_go() -> None:
    project = read_project(SHIPPED)
    new = Module.standard("Added", "Sub A()\nEnd Sub\n")
    kept = tuple(module for module in project.modules if module.name != "RibbonMyAddin")
    changed = read_project(project_file(replace(project, name="Other", modules=(*kept, new))))
    assert changed.modules == (*kept, new)
    assert changed.name == "Other"
