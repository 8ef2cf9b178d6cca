"""A report to its files: all of them, or none."""

from __future__ import annotations

import os
from pathlib import Path

from xlwings_addin.core.errors import BookError, InputError
from xlwings_addin.report.make import report_of
from xlwings_addin.xlsx.saving import require_replaceable, save


def write_report(
    case: str,
    *,
    html: Path | None,
    pdf: Path | None,
    book: Path | None,
    certificate: Path | None,
    fonts: Path | None,
    ledger: Path | None,
    folder: Path | None,
) -> tuple[Path, ...]:
    """Write the report of a case; see `xlwings_addin.report`."""
    targets = [path for path in (html, pdf) if path is not None]
    if not targets:
        raise InputError("report", "nothing", "is to be written: name --html or --pdf", display="nothing")
    for path in targets:
        _require_writable(path)
    if len({os.path.realpath(path) for path in targets}) < len(targets):
        raise InputError("report", str(pdf), "must be another file than that of the page", display=str(pdf))
    document = report_of(case, book=book, folder=folder, certificate=certificate, ledger=ledger)
    contents = {}
    if html is not None:
        from xlwings_addin.report.html import html as as_html

        contents[html] = as_html(document)
    if pdf is not None:
        from xlwings_addin.report.pdf import pdf as as_pdf

        contents[pdf] = as_pdf(document, fonts=fonts)
    for path, data in contents.items():
        save(path, data)
    return tuple(contents)


def _require_writable(path: Path) -> None:
    """Raise `BookError` for a target that cannot be replaced, before anything is worked out."""
    require_replaceable(path)
    if path.is_dir():
        raise BookError("file", str(path), "must be a file, not a folder or a device", display=str(path))
    if not path.parent.is_dir():
        rule = "cannot be written: the folder does not exist"
        raise BookError("file", str(path), rule, display=str(path))
