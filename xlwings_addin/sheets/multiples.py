"""Multiples: what a share is worth by the methods of the tables, and the companies that they compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from xlwings_addin.inputs.base_year import announced
from xlwings_addin.inputs.calendar import QUARTERS_A_YEAR
from xlwings_addin.inputs.expressions import Formula
from xlwings_addin.inputs.multiples import (
    BOUND,
    METHODS,
    PEERS,
    QUARTILES,
    UNCOUNTED,
    MultipleTables,
    Peer,
    Term,
    read_multiples,
)
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import reported, sheets
from xlwings_addin.sheets.base_year import REPORTED_IN_TIME
from xlwings_addin.sheets.spec import (
    FIRST_COLUMN,
    LABEL,
    UNIT,
    Block,
    Columns,
    Context,
    Entry,
    Layout,
    Line,
    Sheet,
)
from xlwings_addin.sheets.words import slug
from xlwings_addin.valuation.parts import rate_key
from xlwings_addin.valuation.xiaomi import Results

Figure = float | str
Of = Callable[[Results], Figure]
ENDS = ("low", "middle", "high")
COLUMNS: Layout = {
    "figure": Columns(FIRST_COLUMN, ("Figure",), 12.0),
    **{end: Columns(FIRST_COLUMN + n, (end.capitalize(),), 11.0) for n, end in enumerate(ENDS, 1)},
    "since": Columns(FIRST_COLUMN + 4, ("Known on",), 11.0),
    "later": Columns(FIRST_COLUMN + 5, ("Hindsight",), 11.0, align="centre"),
}
LTM = "LTM"
KEYS = {
    "price_to_earnings": "P/E",
    "ev_to_ebit": "EV/EBIT",
    "ev_to_ebitda": "EV/EBITDA",
    "price_to_sales": "P/S",
}


class Metric(NamedTuple):
    """What a multiple is of: its value and its formula."""

    value: Of
    formula: str


# --- the figures of the company ---------------------------------------------------------------------------


def _metric(context: Context, formula: Formula) -> Metric | None:
    """A figure of Reported or of the model, where the workbook has it as a cell."""
    if len(formula.references) != 1 or formula.text.strip() != "@".join(formula.references[0]):
        return None
    name, period = formula.references[0]
    group, _, key = name.rpartition(".")
    if group:
        return _of_model(context, group, key, period)
    if period == LTM:
        return _last_twelve_months(context, name)
    if not (context.tables.has(name, period) and period in context.calendar.years):
        return None
    cell = f"{{reported.{name}:periods[{context.calendar.years.index(period) + 1}]}}"

    def figure(r: Results) -> Figure:
        return (
            float(r.inputs.tables.row(name, period).number)
            if r.inputs.tables.has(name, period)
            else UNDEFINED
        )

    return Metric(figure, f'IF(ISNUMBER({cell}),{cell},"{UNDEFINED}")')


def _of_model(context: Context, sheet: str, key: str, period: str) -> Metric | None:
    """A line of a business in its base year or its first forecast year."""
    own = next((one for one in sheets(context.company) if one.key == sheet), None)
    lines = {} if own is None else {line.key: line for b in own.blocks(context) for line in b.lines}
    group = {"base": "opening", "first": "years"}.get(period, "")
    if key not in lines or group not in lines[key].cells:
        return None
    entry = lines[key].cells[group]
    place = "[1]" if group == "years" else ""
    return Metric(lambda r: float(np.atleast_1d(entry.value(r))[0]), f"{{{sheet}.{key}:{group}{place}}}")


def _last_twelve_months(context: Context, key: str) -> Metric | None:
    """The sum of the last four quarters that were announced on the valuation date."""
    quarters = context.calendar.quarters
    if key not in reported.flows(context.company) or not any(context.tables.has(key, q) for q in quarters):
        return None

    def figure(r: Results) -> Figure:
        tables, day = r.inputs.tables, r.inputs.day("valuation_date")
        there = [
            q for q in quarters if q in tables.calendar.reported_quarters and announced(tables, q) <= day
        ]
        last = there[-QUARTERS_A_YEAR:]
        complete = len(last) == QUARTERS_A_YEAR and all(tables.has(key, quarter) for quarter in last)
        return float(sum(tables.row(key, quarter).number for quarter in last)) if complete else UNDEFINED

    row = f"{{reported.{reported.LAST_TWELVE_MONTHS}{key}:periods[all]}}"
    count = f"SUMPRODUCT({REPORTED_IN_TIME})"
    return Metric(figure, f'IF({count}=0,"{UNDEFINED}",INDEX({row},1,{count}))')


def _words(formula: Formula) -> str:
    """What a multiple is of, in words."""
    name, period = formula.references[0]
    group, _, key = name.rpartition(".")
    when = {LTM: "last twelve months", "first": "first forecast year", "base": "base year"}.get(
        period, period
    )
    words = key.replace("_", " ")
    if key in ("ebit", "nopat"):
        words = key.upper()
    return f"{words[0].upper()}{words[1:]}{' of ' + group.replace('_', ' ') if group else ''}, {when}"


# --- the methods ------------------------------------------------------------------------------------------


class _Maker:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.tables: MultipleTables = read_multiples(context.folder)
        self.quartiles = {
            key for group in self.groups() for key in _quartile_keys(group, self.of_group(group))
        }

    def groups(self) -> list[str]:
        return list(dict.fromkeys(peer.group for peer in self.tables.peers))

    def of_group(self, group: str) -> list[Peer]:
        return [peer for peer in self.tables.peers if peer.group == group]

    def terms(self) -> list[Line]:
        """Every term of every method that the workbook can show live."""
        return [
            self._term(key, n, term, metric)
            for key, made in self._live().items()
            for n, (term, metric) in enumerate(made, 1)
        ]

    def _live(self) -> dict[str, list[tuple[Term, Metric]]]:
        """The methods of which every term has its figure in a cell."""
        live: dict[str, list[tuple[Term, Metric]]] = {}
        for key, terms in self.tables.methods.items():
            if terms[0].kind not in ("equity", "enterprise"):
                continue
            made = [
                (term, metric)
                for term in terms
                if term.metric is not None and (metric := _metric(self.context, term.metric)) is not None
            ]
            if len(made) == len(terms) and all(
                term.peers is None or term.peers in self.quartiles for term in terms
            ):
                live[key] = made
        return live

    def _term(self, key: str, n: int, term: Term, metric: Metric) -> Line:
        cells = {"figure": Entry(metric.value, metric.formula, unit="{currency} m")}
        for place, end in enumerate(ENDS):
            cells[end] = self._multiple(term, place, end)
        assert term.metric is not None
        label = _words(term.metric)
        return Line(
            f"{key}_{n}", label, "multiple", cells, f"{term.label}; {term.source}; {term.note}".strip("; ")
        )

    def _multiple(self, term: Term, place: int, end: str) -> Entry:
        """A multiple that was printed, or the quartile of the peers."""
        if term.numbers is not None:
            number = term.numbers[place]
            return Entry(lambda _: number, kind="text")
        assert term.peers is not None
        group, key = term.peers
        value = _quartile(self.of_group(group), key, place)
        return Entry(lambda _: value, f"{{quartile_{group}_{end}:counted_{key}}}")

    def values(self) -> list[Line]:
        """A share by every method: low, middle and high."""
        live, lines = self._live(), []
        for key, terms in self.tables.methods.items():
            if terms[0].kind == "per_share" and terms[0].numbers is not None:
                numbers = zip(ENDS, terms[0].numbers, strict=True)
                cells = {
                    end: Entry(lambda _, number=number: number, kind="text")  # type: ignore[misc]
                    for end, number in numbers
                }
            elif key in live:
                cells = {end: self._worth(key, live[key], place, end) for place, end in enumerate(ENDS)}
            else:
                continue
            lines.append(self._method(key, terms, cells))
        return [*self._model(), *lines]

    def _method(self, key: str, terms: Sequence[Term], cells: dict[str, Entry]) -> Line:
        latest = max(term.as_of for term in terms)
        cells["since"] = Entry(lambda _: latest, kind="text", unit="date")
        cells["later"] = Entry(
            lambda r: "later" if latest > r.inputs.day("valuation_date") else "-",
            f'IF({{{key}:since}}>{{inputs.valuation_date}},"later","-")',
            unit="text",
        )
        source = "; ".join(dict.fromkeys(term.source for term in terms))
        return Line(key, terms[0].label, "{listing}", cells, source)

    def _worth(self, key: str, terms: list[tuple[Term, Metric]], place: int, end: str) -> Entry:
        """Multiples times figures, a share; net cash is added to what is worth an enterprise."""
        adds_cash, rate = terms[0][0].kind == "enterprise", rate_key(self.context.company)
        multiples = [self._multiple(term, place, end) for term, _ in terms]

        def value(r: Results) -> Figure:
            figures = [metric.value(r) for _, metric in terms]
            times = [multiple.value(r) for multiple in multiples]
            if any(isinstance(x, str) for x in (*figures, *times)):
                return UNDEFINED
            cash = r.sotp.net_cash.value + r.sotp.associates.value + r.sotp.minority_interest.value
            whole = sum(x * y for x, y in zip(times, figures, strict=True)) + (cash if adds_cash else 0.0)
            return float(np.asarray(r.model.sotp.per_share(whole)).item())

        numbers = [f"{{{key}_{n}:{column}}}" for n in range(1, len(terms) + 1) for column in ("figure", end)]
        products = [f"{{{key}_{n}:figure}}*{{{key}_{n}:{end}}}" for n in range(1, len(terms) + 1)]
        if adds_cash:
            products.append("{sotp.net_cash:value}+{sotp.associates:value}+{sotp.minority_interest:value}")
        over = "" if rate is None else f"*{{sotp.{rate}}}"
        there = ",".join(f"ISNUMBER({number})" for number in numbers)
        formula = f'IF(AND({there}),({"+".join(products)}){over}/{{sotp.shares}},"{UNDEFINED}")'
        return Entry(value, formula)

    def _model(self) -> list[Line]:
        """The model itself: the selected case, between the lowest and the highest that carry a weight."""
        cases = self.context.cases
        counted = f"{{cover.stored_{cases[0]}:counts}}:{{cover.stored_{cases[-1]}:counts}}"

        def end(pick: Callable[..., float]) -> Of:
            def value(r: Results) -> Figure:
                results = self.context.results
                own = [float(results[case].sotp.value_per_share) for case in self.context.weights]
                return pick(own, default=float(r.sotp.value_per_share))

            return value

        def formula(function: str) -> str:
            return f"IF(COUNT({counted})=0,{{sotp.value_per_share}},{function}({counted}))"

        cells = {
            "low": Entry(end(min), formula("MIN")),
            "middle": Entry(lambda r: r.sotp.value_per_share, "{sotp.value_per_share}"),
            "high": Entry(end(max), formula("MAX")),
        }
        note = "the selected case, between the lowest and the highest case with a weight"
        price = {"middle": Entry(lambda r: r.price, "{sotp.price}")}
        return [
            Line("model", "The model", "{listing}", cells, note, total=True),
            Line("price", "Price", "{listing}", price),
        ]

    # --- peers --------------------------------------------------------------------------------------------

    def peers(self, group: str) -> Block:
        own = self.of_group(group)
        keys = list(dict.fromkeys(peer.key for peer in own))
        companies = dict.fromkeys(peer.company for peer in own)
        counted = bool(_quartile_keys(group, own))
        lines = [_peer(group, company, own, counted) for company in companies]
        if counted:
            span = (f"peer_{group}_{slug(name)}" for name in (next(iter(companies)), list(companies)[-1]))
            lines += _quartile_lines(group, own, *span)
        titles = {BOUND: "Not to be dearer than", "own": "The company itself"}
        title = titles.get(group, f"Peers: {group}")
        return Block(title, lines, _peer_layout(keys, counted), new_page=group == self.groups()[0])


def _peer_layout(keys: Sequence[str], counted: bool) -> Layout:
    names = {key: KEYS.get(key, key.replace("_", " ")) for key in keys}
    columns = {key: Columns(FIRST_COLUMN + n, (names[key],), 11.0) for n, key in enumerate(keys)}
    if not counted:
        return columns
    after = FIRST_COLUMN + len(keys)
    columns["counts"] = Columns(after, ("Counts",), 11.0, align="centre")
    for n, key in enumerate(keys, 1):
        columns[f"counted_{key}"] = Columns(after + n, (f"{names[key]}, counted",), 11.0)
    columns["quartile"] = Columns(after + len(keys) + 1, ("Percentile",), 11.0)
    return columns


def _counts(peer: Peer) -> bool:
    return peer.counts and peer.basis not in UNCOUNTED


def _peer(group: str, company: str, peers: Sequence[Peer], counted: bool) -> Line:
    """A company: its multiples, whether they count, and those that do."""
    own, line = [peer for peer in peers if peer.company == company], f"peer_{group}_{slug(company)}"
    counts = any(peer.counts for peer in own)
    cells = {
        peer.key: Entry(lambda _, value=peer.value: value, kind="text")  # type: ignore[misc]
        for peer in own
    }
    if counted:
        cells["counts"] = Entry(lambda _: "yes" if counts else "no", kind="text", unit="text")
        for peer in (peer for peer in own if peer.basis not in UNCOUNTED):
            cells[f"counted_{peer.key}"] = Entry(
                lambda _, x=peer.value: x if counts and x > 0 else UNDEFINED,  # type: ignore[misc]
                f'IF(AND({{{line}:counts}}="yes",{{{line}:{peer.key}}}>0),{{{line}:{peer.key}}},"{UNDEFINED}")',
            )
    unverified = ", ".join(KEYS.get(peer.key, peer.key) for peer in own if peer.basis in UNCOUNTED)
    about = f"not verified, not counted: {unverified}; " if unverified else ""
    about += "; ".join(dict.fromkeys(f"{peer.why}; {peer.as_of.isoformat()}; {peer.source}" for peer in own))
    return Line(line, company, "multiple", cells, about)


def _quartile_keys(group: str, peers: Sequence[Peer]) -> set[tuple[str, str]]:
    """The multiples of a group that have a peer which counts."""
    if group == BOUND:
        return set()
    return {(group, peer.key) for peer in peers if _counts(peer) and peer.value > 0}


def _quartile(peers: Sequence[Peer], key: str, place: int) -> float:
    values = [peer.value for peer in peers if peer.key == key and _counts(peer) and peer.value > 0]
    return float(np.percentile(values, QUARTILES[place]))


def _quartile_lines(group: str, peers: Sequence[Peer], first: str, last: str) -> list[Line]:
    """Quartiles of what counts; a loss has no multiple, and what is not verified does not count."""
    keys = [key for _, key in sorted(_quartile_keys(group, peers))]
    labels = ("Lower quartile", "Median", "Upper quartile")
    lines = []
    for place, (end, label) in enumerate(zip(ENDS, labels, strict=True)):
        line = f"quartile_{group}_{end}"
        cells = {
            f"counted_{key}": Entry(
                lambda _, key=key, place=place: _quartile(peers, key, place),  # type: ignore[misc]
                f"PERCENTILE({{{first}:counted_{key}}}:{{{last}:counted_{key}}},{{{line}:quartile}})",
            )
            for key in keys
        }
        cells["quartile"] = Entry(lambda _, n=place: QUARTILES[n] / 100, kind="text", unit="ratio")  # type: ignore[misc]
        lines.append(Line(line, label, "multiple", cells, total=place == 1))
    return lines


def blocks(context: Context) -> list[Block]:
    make = _Maker(context)
    made = [Block("A share, by every method", make.values())]
    if terms := make.terms():
        made.append(Block("Multiples, and the figures they are of", terms))
    else:
        missing = f"No methods yet: rows of inputs/{METHODS} and inputs/{PEERS} fill this sheet"
        made.append(Block("Multiples", [Line("no_methods", missing, "", {})]))
    return [*made, *map(make.peers, make.groups())]


SHEET = Sheet(
    "multiples",
    "Multiples",
    "What would a share be worth at the multiples of others? What was known later is marked.",
    blocks,
    columns=lambda _: COLUMNS,
    note_heading="Source",
    widths={LABEL: 48.0, UNIT: 9.0},
    only_answers=True,
    place=72,
)
