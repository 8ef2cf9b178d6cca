"""What multiples make a share worth, beside the model: methods and peers are rows of tables, no code.

Every method has a low, a middle and a high value per share; those of the model itself are among them, one for
each case. Together they are the rows of a football field. What was printed or known after a case's valuation
date is marked: it is hindsight there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlwings_addin.analytics.figures import Figures, last_twelve_months
from xlwings_addin.analytics.identity import Identity, identity_of
from xlwings_addin.analytics.question import TARGET, VALUE_PER_SHARE, lever
from xlwings_addin.core.errors import InputError
from xlwings_addin.core.multiples import multiple_value
from xlwings_addin.inputs.cases import Inputs, load_inputs, load_sound_cases
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.drivers import DriverBook, read_drivers
from xlwings_addin.inputs.expressions import Formula, read_formula
from xlwings_addin.inputs.multiples import (
    BOUND,
    QUARTILES,
    UNCOUNTED,
    MultipleTables,
    Peer,
    Term,
    read_multiples,
)
from xlwings_addin.valuation.parts import rate_key

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
PROFIT = "adjusted_net_profit"
"""The profit that article 002's bound is held against, of the last twelve months."""
SUM = {
    "shares": "sotp.shares",
    "cash": "sotp.net_cash + associates - minority_interest",
}


@dataclass(frozen=True)
class FieldRow:
    """A row of the football field: values per share by one method, or by the model in one case.

    `later` says that its figures were known only after the valuation date; `multiple_of_profit` is the price
    to earnings ratio that its values imply, `above_bound` whom that is dearer than.
    """

    method: str
    label: str
    low: float
    middle: float
    high: float
    basis: str
    source: str
    as_of: date
    later: bool
    note: str
    multiple_of_profit: tuple[float, float, float] | None = None
    above_bound: tuple[str, ...] = ()


@dataclass(frozen=True)
class PeerStatistics:
    """A multiple over the peers of a group that count: negative and unverified ones do not."""

    group: str
    key: str
    low_quartile: float
    median: float
    high_quartile: float
    counted: tuple[Peer, ...]
    left_out: tuple[Peer, ...]


@dataclass(frozen=True)
class ImpliedMultiple:
    """What the model's value and the price are to a figure."""

    label: str
    figure: float
    unit: str
    at_value: float | None
    at_price: float | None


@dataclass(frozen=True)
class Multiples:
    """All methods for a case, beside the model in every case, and the peers behind them.

    `refused` says why a method, by its label, has no value in this case.
    """

    identity: Identity
    price: float
    rows: tuple[FieldRow, ...]
    peers: tuple[PeerStatistics, ...]
    implied: tuple[ImpliedMultiple, ...]
    bounds: tuple[Peer, ...]
    bound_note: str
    refused: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<Multiples of {self.identity.case}: {len(self.rows)} rows, {len(self.peers)} peer multiples>"

    def summary(self) -> dict[str, Any]:
        """Plain data, for a program to read."""
        return {
            **self.identity.summary(),
            "price": self.price,
            "rows": [
                {
                    "method": row.method,
                    "label": row.label,
                    "low": row.low,
                    "middle": row.middle,
                    "high": row.high,
                    "basis": row.basis,
                    "source": row.source,
                    "as_of": row.as_of.isoformat(),
                    "later": row.later,
                    "note": row.note,
                    "above_bound": list(row.above_bound),
                    "multiple_of_profit": None
                    if row.multiple_of_profit is None
                    else list(row.multiple_of_profit),
                }
                for row in self.rows
            ],
            "peers": [_plain_peers(statistics) for statistics in self.peers],
            "implied": [vars(one) for one in self.implied],
            "bound": {"companies": [_plain_peer(peer) for peer in self.bounds], "note": self.bound_note},
            "refused": dict(self.refused),
        }

    def to_frame(self) -> pd.DataFrame:
        """The rows of the football field."""
        import pandas as pd

        return pd.DataFrame([vars(row) for row in self.rows]).set_index("method")


def _plain_peer(peer: Peer) -> dict[str, Any]:
    return {**vars(peer), "as_of": peer.as_of.isoformat()}


def _plain_peers(statistics: PeerStatistics) -> dict[str, Any]:
    return {
        "group": statistics.group,
        "key": statistics.key,
        "low_quartile": statistics.low_quartile,
        "median": statistics.median,
        "high_quartile": statistics.high_quartile,
        "counted": [_plain_peer(peer) for peer in statistics.counted],
        "left_out": [_plain_peer(peer) for peer in statistics.left_out],
    }


def multiples(case: str = DEFAULT_CASE, *, folder: Path | None = None) -> Multiples:
    """Values per share by every method of the tables for a case, and by the model in every case.

    Raises `InputError` for an unknown case, a table that cannot be read and a figure that is not in them.

    >>> [row.label for row in multiples("base").rows if row.method == "dcf"][0]
    'Model, WACC a point up and down: base'
    """
    inputs = load_inputs(case, folder)
    return multiples_of(inputs, folder, _cases(inputs, folder))


def multiples_of(inputs: Inputs, folder: Path | None, cases: Sequence[Inputs]) -> Multiples:
    """`multiples` with the inputs at hand; the model itself values `cases`."""
    book, tables = read_drivers(folder), read_multiples(folder)
    statistics = peer_statistics(tables.peers)
    missing: dict[str, str] = {}
    figures = _case_figures(inputs, book, _formulas(inputs, tables), missing)
    rows: list[FieldRow] = []
    refused: dict[str, str] = {}
    for terms in tables.methods.values():
        try:
            if terms[0].kind == "dcf":
                rows += [_by_the_model(one, book, terms[0]) for one in cases]
            else:
                rows.append(_by_multiples(inputs, terms, figures, statistics))
        except KeyError as error:
            refused[terms[0].label] = missing[str(error.args[0])]
    bounds = tuple(peer for peer in tables.peers if peer.group == BOUND and peer.counts)
    profit = figures.get(PROFIT)
    rows = [_bounded(row, bounds, profit, figures) for row in rows]
    return Multiples(
        *(identity_of(inputs), inputs.number(inputs.tables.company.price_key), tuple(rows), statistics),
        *(_implied(inputs, figures), bounds, _bound_note(inputs, bounds), refused),
    )


def _cases(inputs: Inputs, folder: Path | None) -> list[Inputs]:
    """The case itself first, then the others that load and that the workbook shows."""
    loaded = load_sound_cases(folder)[0]
    others = [other for other in loaded if other.case != inputs.case and other.origin.in_workbook]
    return [inputs, *others]


def _formulas(inputs: Inputs, tables: MultipleTables) -> dict[str, Formula]:
    """Everything that a method multiplies, and what makes a value per share of it."""
    metrics = {
        term.metric.text: term.metric
        for terms in tables.methods.values()
        for term in terms
        if term.metric is not None and term.kind != "dcf"
    }
    rate = rate_key(inputs.tables.company)
    of_sum = SUM if rate is None else {**SUM, "rate": f"sotp.{rate}"}
    needed = {key: read_formula(text) for key, text in of_sum.items()}
    asked = {**metrics, **needed, VALUE_PER_SHARE: read_formula(VALUE_PER_SHARE)}
    for key in (PROFIT, "revenue"):
        if inputs.tables.periods(key):
            asked[key] = read_formula(f"{key}@LTM")
    return asked


def _case_figures(
    inputs: Inputs, book: DriverBook, formulas: Mapping[str, Formula], missing: dict[str, str]
) -> dict[str, float]:
    """The formulas in the case itself; why one has no value there is noted in `missing`."""
    parameters = inputs.tables.company.parameters
    still = next(one.key for one in parameters if one.kind == "number" and one.section != "Conventions")
    prepared = Figures(inputs, book, formulas, [still])
    values = prepared({still: np.array([inputs.number(still)])}, refused=missing)
    return {key: float(figure[0]) for key, figure in values.items()}


# --- peers --------------------------------------------------------------------------------------------------


def peer_statistics(peers: Sequence[Peer]) -> tuple[PeerStatistics, ...]:
    """Median and quartiles of every multiple of every group, over the peers that count.

    Quartiles are those of Excel's QUARTILE.INC: linear between the ranks. A multiple of a loss is none, and
    one that is not verified is not counted.
    """
    made = []
    for group, key in dict.fromkeys((peer.group, peer.key) for peer in peers if peer.group != BOUND):
        own = [peer for peer in peers if (peer.group, peer.key) == (group, key)]
        counted = tuple(
            peer for peer in own if peer.counts and peer.value > 0 and peer.basis not in UNCOUNTED
        )
        if not counted:
            continue
        low, middle, high = np.percentile([peer.value for peer in counted], QUARTILES).tolist()
        left_out = tuple(peer for peer in own if peer not in counted)
        made.append(PeerStatistics(group, key, low, middle, high, counted, left_out))
    return tuple(made)


def _times(term: Term, statistics: Sequence[PeerStatistics]) -> tuple[float, float, float]:
    """Low, middle and high of a term: its own numbers, or the quartiles of its peers."""
    if term.numbers is not None:
        return term.numbers
    for one in statistics:
        if (one.group, one.key) == term.peers:
            return one.low_quartile, one.median, one.high_quartile
    rule = "must have a peer that counts, with a positive multiple that is verified"
    raise InputError(f"{term.method} peers", term.peers, rule, display=" ".join(term.peers or ()))


# --- values per share ---------------------------------------------------------------------------------------


def _by_multiples(
    inputs: Inputs, terms: Sequence[Term], figures: Mapping[str, float], statistics: Sequence[PeerStatistics]
) -> FieldRow:
    first = terms[0]
    if first.kind == "per_share":
        low, middle, high = _times(first, statistics)
    else:
        values = [
            np.array(_times(term, statistics)) * figures[term.metric.text] for term in terms if term.metric
        ]
        cash = figures["cash"] if first.kind == "enterprise" else 0.0
        shares, rate = figures["shares"], figures.get("rate", 1.0)
        worth = multiple_value(sum(values), multiple=1.0, net_cash=cash, shares=shares, exchange_rate=rate)
        low, middle, high = worth.tolist()
    latest = max(term.as_of for term in terms)
    return FieldRow(
        *(first.method, first.label, low, middle, high, first.basis),
        "; ".join(dict.fromkeys(term.source for term in terms)),
        *(latest, latest > inputs.day("valuation_date")),
        "; ".join(dict.fromkeys(term.note for term in terms if term.note)),
    )


def _by_the_model(inputs: Inputs, book: DriverBook, term: Term) -> FieldRow:
    """The model in one case, where the driver of the row has its three values."""
    assert term.metric is not None
    assert term.numbers is not None
    moved = lever(inputs, book, term.metric.text)
    figures = Figures(inputs, book, {TARGET: read_formula(VALUE_PER_SHARE)}, tuple(moved.moves))
    points = moved.start + np.array(term.numbers) if moved.start == 0 else np.array(term.numbers)
    low, middle, high = figures(moved.draws(inputs, points))[TARGET].tolist()
    label, day = f"{term.label}: {inputs.case}", inputs.day("valuation_date")
    return FieldRow(
        *(term.method, label, low, middle, high, "derived", f"the model, case {inputs.case}", day, False),
        term.note,
    )


# --- the bound, of Xiaomi's article 002 or of the tables ----------------------------------------------------


def _bounded(
    row: FieldRow, bounds: Sequence[Peer], profit: float | None, figures: Mapping[str, float]
) -> FieldRow:
    """The row with the price to earnings ratio it implies, and whom it is dearer than."""
    if not profit or profit < 0:
        return row
    each_profit = profit * figures.get("rate", 1.0) / figures["shares"]
    ratios = (row.low / each_profit, row.middle / each_profit, row.high / each_profit)
    above = tuple(
        peer.company for peer in bounds if peer.key == "price_to_earnings" and ratios[2] > peer.value
    )
    return replace(row, multiple_of_profit=ratios, above_bound=above)


def _bound_note(inputs: Inputs, bounds: Sequence[Peer]) -> str:
    """What the tables have for the bound; nothing for a company that is to have none."""
    sourced = [peer for peer in bounds if peer.key == "price_to_earnings"]
    of_article = inputs.tables.company.key == "xiaomi"
    if not sourced and not of_article:
        return ""
    if not sourced:
        return "article 002's bound, not dearer than Tencent or Alibaba, has no sourced figure in peers.csv"
    stated = ", ".join(f"{peer.company} {peer.value:g} times ({peer.as_of})" for peer in sourced)
    if not of_article:
        return f"not to be dearer than {stated}"
    return f"article 002's bound: not dearer than {stated}; its lower one, Meizu, has no sourced figure"


def _implied(inputs: Inputs, figures: Mapping[str, float]) -> tuple[ImpliedMultiple, ...]:
    """What value and price are to the figures of the last twelve months."""
    shares, rate, cash = figures["shares"], figures.get("rate", 1.0), figures["cash"]
    price = inputs.tables.company.price_key
    equities = [value * shares / rate for value in (figures[VALUE_PER_SHARE], inputs.number(price))]
    made = []
    for key, label, less in (
        (PROFIT, "Price to adjusted earnings", 0.0),
        ("revenue", "Price to sales", 0.0),
        ("revenue", "Enterprise value to sales", cash),
    ):
        figure = figures.get(key)
        if figure is None:
            continue
        period = last_twelve_months(inputs, key)[1]
        at_value, at_price = ((equity - less) / figure if figure > 0 else None for equity in equities)
        made.append(ImpliedMultiple(f"{label}, {period}", figure, "CNY m", at_value, at_price))
    return tuple(made)
