"""What there is to do: the companies or workbooks of a folder, of a list, or by their names.

A list is a text or CSV file with a company or a workbook a line, and behind a comma the case, where it is one
of several; paths start from the list's own folder:

    path,case
    xiaomi,base
    companies/acme
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from xlwings_addin.core.errors import ChoiceError, InputError
from xlwings_addin.inputs.folders import COMPANY_FILE, company_folder, company_names, unreadable

Action = Literal["value", "check", "refresh"]
LISTS = (".csv", ".txt")
BOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True)
class Item:
    """A company or a workbook, and the cases of it that are asked for; none are all."""

    path: str
    cases: tuple[str, ...] = ()


def items_of(
    source: Path | str | None,
    do: Action,
    *,
    companies: Sequence[Path | str] = (),
    cases: Sequence[str] = (),
) -> list[Item]:
    """The items, in the order of the list or of their paths.

    Raises `ChoiceError` for an unknown action, `InputError` for a source that is not there, where there is
    nothing to do, and for cases of a workbook that is checked or refreshed.
    """
    if do not in get_args(Action):
        raise ChoiceError("do", do, f"must be one of {', '.join(get_args(Action))}")
    items = [Item(str(company_folder(name))) for name in companies]
    if source is not None:
        items += _of_list(Path(source), do) if Path(source).is_file() else _of_folder(Path(source), do)
    elif not items:
        raise InputError("folder", None, "or a company must be named", display="of a batch")
    if do != "value" and (cases or any(item.cases for item in items)):
        raise InputError("case", cases, "is for --do value: a workbook is taken with all its cases")
    return [Item(item.path, item.cases or tuple(cases)) for item in items]


def _of_folder(folder: Path, do: Action) -> list[Item]:
    if not folder.is_dir():
        rule = "must be a folder, or a list of paths in a .csv or .txt file"
        raise InputError("folder", str(folder), rule, display=str(folder))
    paths = sorted(_companies(folder) if do == "value" else _books(folder))
    if not paths:
        sought = f"a company ({COMPANY_FILE})" if do == "value" else f"a workbook ({', '.join(BOOKS)})"
        rule = f"must have {sought}, itself or below it"
        raise InputError("folder", str(folder), rule, display=str(folder))
    return [Item(str(path)) for path in paths]


def _companies(folder: Path) -> Iterator[Path]:
    """The folders with a company, not those within one."""
    for place, names, files in _walk(folder):
        if COMPANY_FILE in files:
            names.clear()
            yield place


def _books(folder: Path) -> Iterator[Path]:
    """The workbooks, without what programs keep beside an open one."""
    for place, _, files in _walk(folder):
        for name in files:
            if name.lower().endswith(BOOKS) and not name.startswith((".", "~")):
                yield place / name


def _walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    def fail(error: OSError) -> None:
        raise unreadable("folder", Path(error.filename or folder), error)

    for place, names, files in os.walk(folder.absolute(), onerror=fail):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield Path(place), names, files


def _of_list(file: Path, do: Action) -> list[Item]:
    if file.suffix.lower() in BOOKS and do != "value":
        return [Item(str(file.absolute()))]
    if file.suffix.lower() not in LISTS:
        rule = f"must be a folder or a list, {' or '.join(LISTS)}"
        raise InputError("folder", str(file), rule, display=str(file))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no text in UTF-8"
        raise InputError("list", str(file), f"cannot be read: {reason}", display=str(file)) from None
    cases: dict[str, list[str]] = {}
    for number, row in enumerate(csv.reader(text.splitlines()), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#") or (number == 1 and cells[0] == "path"):
            continue
        if len(cells) > 2 or not cells[0]:
            rule = "must be a path, or a path and a case"
            raise InputError(f"{file.name} line {number}", ",".join(row), rule)
        name = cells[0] if do == "value" and cells[0] in company_names() else str(file.parent / cells[0])
        cases.setdefault(name, []).extend(cells[1:] if any(cells[1:]) else ())
    if not cases:
        raise InputError("list", str(file), "must name a company or a workbook", display=str(file))
    return [
        Item(name if name in company_names() else os.path.abspath(name), (*of,)) for name, of in cases.items()
    ]
