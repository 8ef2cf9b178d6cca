"""The workbooks that a second engine is asked about, read before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xlwings_addin.core.errors import BookError

__all__ = ["contents_of"]


def contents_of(files: Sequence[Path | str] | Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """Names and bytes of workbooks, handed over as paths or as names with bytes.

    Raises BookError for a file that cannot be read.
    """
    if isinstance(files, Mapping):
        return list(files.items())
    contents = []
    for path in map(Path, files):
        try:
            contents.append((str(path), path.read_bytes()))
        except OSError as error:
            rule = f"cannot be read: {error.strerror or error}"
            raise BookError("workbook", str(path), rule, display=str(path)) from error
    return contents
