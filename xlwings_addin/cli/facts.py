"""Commands on facts that an analyst types: a form, its figures into the tables, and what a workbook has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlwings_addin.cli import printing
from xlwings_addin.cli.app import app, export_app
from xlwings_addin.cli.options import HISTORY, Company, Inputs, Json, folder_of
from xlwings_addin.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from xlwings_addin.inputs.tables import Row

Author = Annotated[
    str | None, typer.Option("--author", help="Who typed them; the user of this machine by default.")
]
Out = Annotated[
    Path | None, typer.Option("--out", help="A new file to write, in place of the company's own table.")
]


@app.command(rich_help_panel=HISTORY)
def facts(
    form: Annotated[
        Path | None, typer.Argument(help="A form that is filled in: its figures go into the tables.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template", metavar="<2026Q2 or FY2026>", help="Write a form of this period to fill in."
        ),
    ] = None,
    author: Author = None,
    out: Out = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Facts before any source has them: a form to fill in, and its figures into the company's tables."""
    from xlwings_addin.inputs.tables import load_tables
    from xlwings_addin.refresh.typed_facts import fact_form, facts_in_form
    from xlwings_addin.xlsx.package import save

    if (form is None) == (template is None):
        raise InputError(
            "facts", template or "", "needs a form that is filled in, or --template with a period"
        )
    folder = folder_of(inputs, company)
    if template is not None:
        data = fact_form(load_tables(folder), template, author=_author(author), day=_today())
        target = out or Path(f"facts_{template}.csv")
        if target.exists():
            raise InputError("file", str(target), "is there already", display=str(target))
        save(target, data)
        printing.show(f"{target}: {len(data.splitlines()) - 1} figures of {template} to fill in")
        return
    assert form is not None
    _add(facts_in_form(form), folder, out, as_json=as_json)


@export_app.command("facts")
def export_facts(
    book: Annotated[Path, typer.Argument(help="A workbook with figures typed on its sheet Reported.")],
    author: Author = None,
    out: Out = None,
    inputs: Inputs = None,
    company: Company = None,
    as_json: Json = False,
) -> None:
    """Write figures typed on Reported into the company's tables, with who typed them as their source."""
    from xlwings_addin.refresh.typed_facts import facts_in_book

    folder = folder_of(inputs, company)
    typed = facts_in_book(book, author=_author(author), day=_today(), folder=folder)
    if not typed.rows:
        raise InputError("workbook", str(book), "has no figure that the tables lack", display=str(book))
    _add(typed.rows, folder, out, as_json=as_json, differing=typed.differing)


def _add(
    rows: Sequence[Row],
    folder: Path | None,
    out: Path | None,
    *,
    as_json: bool,
    differing: Sequence[str] = (),
) -> None:
    from xlwings_addin.inputs.folders import tables_folder
    from xlwings_addin.inputs.tables import load_tables
    from xlwings_addin.refresh.typed_facts import HISTORY as TABLE
    from xlwings_addin.refresh.typed_facts import add_facts

    own = folder or tables_folder()
    added = add_facts(own, load_tables(folder), rows, out=out)
    target = out or own / "inputs" / TABLE
    if as_json:
        figures = [{"key": row.key, "period": row.period, "value": row.value} for row in added]
        printing.show_json({"file": str(target), "added": figures, "differing": list(differing)})
        return
    periods = ", ".join(dict.fromkeys(row.period for row in added))
    printing.show(f"{target}: {len(added)} facts added{f' of {periods}' if periods else ''}")
    for difference in differing:
        printing.show(f"not a new fact: {difference}")


def _author(author: str | None) -> str:
    import getpass

    return author if author is not None else getpass.getuser()


def _today() -> date:
    from datetime import UTC, datetime

    return datetime.now(UTC).date()
