"""What may take more than one thread: `simulate` and `batch`, which the package offers as its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xlwings_addin.inputs.defaults import DEFAULT_CASE

if TYPE_CHECKING:
    from xlwings_addin.analytics.simulation import Simulation
    from xlwings_addin.analytics.streams import Method
    from xlwings_addin.batch.items import Action
    from xlwings_addin.batch.run import Batched

__all__ = ["batch", "simulate"]


def simulate(
    draws: int = 100_000,
    *,
    seed: int = 1810,
    method: Method = "random",
    case: str = DEFAULT_CASE,
    loss: float = 0.02,
    contributions: bool = False,
    repair: bool = False,
    out: Path | str | None = None,
    save: Path | str | None = None,
    cluster: object = None,
    progress: Callable[[int, int], object] | None = None,
    folder: Path | None = None,
) -> Simulation:
    """What a share may be worth where a case's inputs are drawn as `inputs/distributions.csv` says.

    `method` is "random" or "sobol"; `loss` is what part of a portfolio a position may lose at the 5th
    percentile; `contributions` adds what of the variance comes from which input; `repair` replaces
    correlations that cannot hold together by the nearest that can; `out` is a file for the draws, .npy or
    .csv, `save` a run file for the functions SIMULATION_*; `cluster` is who draws: threads:4, local:4, the
    address of a Dask scheduler (extra `scale`), or an executor; `progress` is called with the draws done and
    those there will be. Ctrl-C keeps what was drawn.
    Raises `ValuationError` for no draws, impossible distributions, a company without any, and a cluster that
    does not answer.
    """
    from xlwings_addin.analytics.simulation import simulate as draw

    return draw(
        draws,
        seed=seed,
        method=method,
        case=case,
        loss=loss,
        contributions=contributions,
        repair=repair,
        out=out,
        save=save,
        cluster=cluster,
        progress=progress,
        folder=folder,
    )


def batch(
    source: Path | str | None = None,
    *,
    do: Action = "value",
    companies: Sequence[Path | str] = (),
    cases: Sequence[str] = (),
    options: Sequence[str] = (),
    out: Path | str | None = None,
    cluster: object = None,
    progress: Callable[[int, int, int], object] | None = None,
) -> Batched:
    """Value the companies, or check or refresh the workbooks, of a folder or a list; none stops another.

    `source` is a folder, searched to its depths, or a list of paths, .csv or .txt; `do` is "value", "check"
    or "refresh"; `companies` are further ones to value, `cases` those to value, all by default; `options` are
    those of the commands check and refresh; `out` is a .csv file for the rows; `cluster` is who works, as for
    `simulate`; `progress` is called with the items done, all items and the rows that are not ok.
    Raises `ValuationError` for a batch that cannot begin; what goes wrong with an item is a row.
    """
    from xlwings_addin.batch.run import run_batch

    return run_batch(
        source,
        do=do,
        companies=companies,
        cases=cases,
        options=options,
        out=out,
        cluster=cluster,
        progress=progress,
    )
