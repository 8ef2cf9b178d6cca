"""The application that the modules of this package add their commands to, and its exit statuses."""

from __future__ import annotations

from typing import Annotated, Final

import typer

CHECK_FAILED: Final = 1
BAD_INPUT: Final = 2

app = typer.Typer(
    name="xiaomi-model",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
export_app = typer.Typer(no_args_is_help=True, help="Write what other programs, or the next build, read.")


def _version(asked: bool) -> None:
    if asked:
        from xlwings_addin.version import __version__

        print(f"xiaomi-model {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the log on standard error as well.")
    ] = False,
) -> None:
    """Xiaomi's sum-of-the-parts valuation: a workbook that proves its own numbers."""
    from xlwings_addin import log

    log.start(verbose=verbose)
