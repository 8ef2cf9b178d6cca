"""A file of draws, written as they come: numpy's own form with named columns, or CSV.

The file has its name once it is whole; until then, and where something goes wrong, it stands under another
beside it and is taken away. Draws that break a rule are in it, with no value (NaN).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.core.errors import InputError

Floats = NDArray[np.float64]
SUFFIXES = (".npy", ".csv")


class DrawFile(Protocol):
    """Where draws go."""

    def write(self, columns: Mapping[str, Floats]) -> None:
        """Add a portion of draws: a row of figures for each column."""


class _Nowhere:
    def write(self, columns: Mapping[str, Floats]) -> None:
        """Leave it."""


class _Numpy:
    """A structured array; the number of rows in its header is set once it is known."""

    def __init__(self, file: IO[bytes], names: Sequence[str], rows: int) -> None:
        self.file, self.names, self.rows = file, tuple(names), 0
        self.type = np.dtype([(name, "<f8") for name in names])
        self._header(rows)
        self.start = file.tell()

    def _header(self, rows: int) -> None:
        header = {"descr": self.type.descr, "fortran_order": False, "shape": (rows,)}
        np.lib.format.write_array_header_2_0(self.file, header)

    def write(self, columns: Mapping[str, Floats]) -> None:
        table = np.column_stack([columns[name] for name in self.names])
        self.file.write(table.astype("<f8", copy=False).tobytes())
        self.rows += len(table)

    def finish(self) -> None:
        self.file.seek(0)
        self._header(self.rows)
        assert self.file.tell() == self.start  # numpy leaves room for a number of rows


class _Csv:
    def __init__(self, file: IO[bytes], names: Sequence[str]) -> None:
        self.file, self.names = file, tuple(names)
        self.file.write((",".join(names) + "\n").encode())

    def write(self, columns: Mapping[str, Floats]) -> None:
        rows = zip(*(columns[name].tolist() for name in self.names), strict=True)
        lines = (",".join("" if figure != figure else repr(figure) for figure in row) for row in rows)
        self.file.write("".join(f"{line}\n" for line in lines).encode())

    def finish(self) -> None:
        """Nothing is left to be said."""


@contextmanager
def draw_file(out: Path | str | None, names: Sequence[str], rows: int) -> Iterator[DrawFile]:
    """The file that draws go to; without a path they go nowhere.

    Raises `InputError` for a name that ends in neither .npy nor .csv and a place that takes no file.
    """
    if out is None:
        yield _Nowhere()
        return
    path = Path(out)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError("out", str(path), f"must be named {' or '.join(SUFFIXES)}", display=str(path))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            writer = _Csv(file, names) if path.suffix.lower() == ".csv" else _Numpy(file, names, rows)
            yield writer
            writer.finish()
        os.replace(beside, path)
    except OSError as error:
        rule = f"must be a place for a file: {error.strerror or error}"
        raise InputError("out", str(path), rule, display=str(path)) from None
    finally:
        beside.unlink(missing_ok=True)
