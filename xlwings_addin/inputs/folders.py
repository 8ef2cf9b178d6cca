"""Where companies and their tables are: beside the installed package, or in `workbook/` of a checkout.

<companies>/<name>/company.toml      what the company is, its groups, segments and parts
<companies>/<name>/parameters.csv    its inputs, one row each
<companies>/<name>/inputs/*.csv      figures with their sources
<companies>/<name>/cases/*.csv       what each case overrides
"""

from __future__ import annotations

from pathlib import Path

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.defaults import DEFAULT_COMPANY

COMPANY_FILE = "company.toml"
PARAMETERS_FILE = "parameters.csv"


def companies_folder() -> Path:
    """The folder of the companies that come with the project."""
    package = Path(__file__).parents[1]
    installed = package / "companies"
    return installed if installed.is_dir() else package.parent / "workbook"


def company_names() -> tuple[str, ...]:
    """The companies that come with the project, by the names of their folders.

    >>> "xiaomi" in company_names()
    True
    """
    files = companies_folder().glob(f"*/{COMPANY_FILE}")
    return tuple(sorted(file.parent.name for file in files))


def company_folder(name_or_folder: str | Path) -> Path:
    """The folder of a company: one of the project's own by its name, or any folder with a company.toml.

    >>> company_folder("xiaomi").name
    'xiaomi'
    """
    folder = Path(name_or_folder)
    if str(name_or_folder) in company_names():
        return companies_folder() / name_or_folder
    try:
        is_company = (folder / COMPANY_FILE).is_file()
    except OSError as error:
        raise unreadable("folder", folder, error) from None
    if not is_company:
        names = ", ".join(company_names())
        raise InputError("company", str(folder), f"must be one of {names}, or a folder with {COMPANY_FILE}")
    return folder


def tables_folder() -> Path:
    """The folder of the company that is meant where none is named."""
    return companies_folder() / DEFAULT_COMPANY


def checked_folder(folder: Path | None) -> Path:
    """The folder of the tables, the project's own by default; `InputError` where a part of it is missing."""
    folder = folder or tables_folder()
    try:
        complete = all((folder / part).is_dir() for part in ("inputs", "cases"))
    except OSError as error:
        raise unreadable("folder", folder, error) from None
    if not complete:
        raise InputError("folder", str(folder), "must be a folder with inputs/ and cases/")
    return folder


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def unreadable(argument: str, path: Path, error: OSError) -> InputError:
    rule = f"must be a {argument} that can be read: {error.strerror or error}"
    return InputError(argument, str(path), rule)
