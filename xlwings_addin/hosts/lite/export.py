"""What `export lite` writes: main.py and requirements.txt, the plugin, and a workbook with the code in it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from xlwings_addin.core.errors import BookError
from xlwings_addin.hosts.lite import embedding, plugin
from xlwings_addin.hosts.lite.bundle import has_own_code, main_py, requirements_txt
from xlwings_addin.layout.state import read_state, state_text
from xlwings_addin.xlsx.package import Package, read_package, save

REQUIREMENTS: Final = "requirements.txt"


def export(out: Path, book: Path, *, replace: bool = False) -> list[Path]:
    """Write code, plugin and a copy of the workbook that holds the code into a folder.

    Code that somebody has written, in the workbook or in the folder, stays unless it may be replaced; what
    stood in the workbook is then kept beside the copy. Raises `BookError`, and writes nothing, where that
    is refused, for a signed or encrypted workbook, and where the copy would overwrite the workbook.
    """
    package, copy = _package(book, out)
    former = embedding.code_in(package) or {}
    state = read_state(package)
    files = {
        embedding.MAIN: main_py(None if state is None else state_text(state)),
        REQUIREMENTS: requirements_txt(),
    }
    contents = {
        out / embedding.MAIN: main_py().encode(),
        out / REQUIREMENTS: requirements_txt().encode(),
        out / plugin.FILE: plugin.wheel(),
        copy: embedding.embedded(package, files, replace=replace),
    }
    if has_own_code(code := former.get(embedding.MAIN, "")):
        contents[out / f"{book.stem}_former_main.py"] = code.encode()
    _require_replaceable(out / embedding.MAIN, replace=replace)
    return _written(contents)


def take_out(out: Path, book: Path) -> list[Path]:
    """Write a copy of a workbook without the code for Lite. Raises `BookError` as `export` does."""
    package, copy = _package(book, out)
    return _written({copy: embedding.removed(package)})


def _package(book: Path, out: Path) -> tuple[Package, Path]:
    package, copy = read_package(book), out / book.name
    if copy.exists() and copy.samefile(book):
        raise BookError(
            "folder", str(out), f"holds {book.name} itself: name another with --out", display=str(out)
        )
    return package, copy


def _require_replaceable(path: Path, *, replace: bool) -> None:
    if replace or not path.is_file() or not has_own_code(path.read_text(encoding="utf-8", errors="replace")):
        return
    rule = "holds code of somebody's own: --replace puts ours in its place"
    raise BookError("file", str(path), rule, display=str(path))


def _written(contents: dict[Path, bytes]) -> list[Path]:
    for path, data in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, data)
    return list(contents)
