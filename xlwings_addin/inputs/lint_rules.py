"""The rules of lint: each reads tables and yields what looks wrong, or what was settled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from statistics import median

from xlwings_addin.inputs.calendar import LOWER_BOUND, is_quarter, is_year
from xlwings_addin.inputs.findings import Finding, Severity, at_row, figure_of
from xlwings_addin.inputs.oddity_checks import ODDITIES
from xlwings_addin.inputs.tables import Oddity, Row, Tables, period_end, same_figure

Rule = Callable[[Tables, date], Iterator[Finding]]

TABLE_UNITS = frozenset(("CNY bn", "HKD bn", "USD bn", "USD per share", "CNY per share", "count"))
"""Units of figures that no input is measured in."""

TWIN_KEYS = {
    "revenue_vehicle": "vehicle_segment_revenue",
    "gross_margin_vehicle": "gross_margin_vehicle_segment",
}
"""One figure under two keys: a segment's name among the segments, and its name among the vehicles."""
OTHER_SHARE = (-0.003, 0.03)
"""Revenue outside the named segments, as a share of the group's: the company reported 0.6% to 1.9% in
FY2017 to 2025Q3; below zero only rounding of four segments to 0.1 CNY bn is possible."""

CASH_FLOW_TOLERANCE = 15.0
"""CNY m: half a unit of the last digit of three figures printed to 0.01 CNY bn."""

VEHICLE_REVENUE_TOLERANCE = 50.0
"""CNY m: half a unit of the last digit of a vehicle revenue printed to 0.1 CNY bn."""

SMARTPHONE_REVENUE_TOLERANCE = 0.003
"""Relative: half a unit of the last digit of shipments printed to 0.1 m (0.12% of 41 m) and of a revenue
printed to 0.1 CNY bn (0.11% of 46)."""

QUARTERS_TOLERANCE = 250.0
"""CNY m: half a unit of the last digit of four quarters and a year printed to 0.1 CNY bn."""

COUNT_TOLERANCE = 0.001
"""Relative: the announced quarters of 2024 count 60 vehicles of 136,854 fewer than the year, and 0.1 m
smartphones of 168.5 m more."""
COUNTS = ("units", "m units")

SCALE_FACTOR = 50.0
"""Distance from the median of its series at which a value is more likely in another scale (100, 1,000)
than true: no series in the tables comes within half of it."""

RATIO_TOLERANCE = 0.01
"""Relative distance at which the ratio of two conflicting values is taken for an exchange rate."""

EXCHANGE_RATES = {"hkd_per_usd": (7.75, 7.85), "cny_per_usd": (6.0, 8.3)}
"""The convertibility zone of the Hong Kong Monetary Authority since 2005; the renminbi since 1994."""

MAXIMUM_AGE_DAYS = {
    "price_hkd": 7,
    "hkd_per_usd": 31,
    "cny_per_usd": 31,
    "risk_free": 31,
    "equity_risk_premium": 183,
    "raw_beta": 183,
    "liquid_funds": 183,
    "cash_resources": 183,
    "debt": 183,
    "associates": 183,
    "diluted_shares": 183,
    "basic_shares": 183,
}
"""A market price ages in a week, a rate in a month, a balance sheet when the next half-year is out."""

_MIXED_CURRENCY = re.compile(
    r"\$\s?[\d.,]+\s*(?:thousand|million|billion|trillion|m|bn|tn)?\s*(?:yuan|rmb|cny|hkd)\b"
    r"|(?:¥|\brmb|\bcny|\bhk\$|\bhkd)\s?[\d.,]+\s*(?:thousand|million|billion|trillion|m|bn|tn)?\s*"
    r"(?:us\s?dollars?|usd)\b",
    re.IGNORECASE,
)
_MONEY_KEY = re.compile(r"(?<!_per)_(?P<currency>cny|hkd|usd)$")


def _value(tables: Tables, key: str, period: str) -> float | None:
    return tables.row(key, period).number if tables.has(key, period) else None


def _standing(tables: Tables) -> Iterator[Row]:
    """The row that stands for each figure."""
    return (tables.row(key, period) for key, period in tables.figures)


def conflicts(tables: Tables, _today: date) -> Iterator[Finding]:
    """Rows that disagree on one figure: an error until one is chosen."""
    for rows in tables.figures.values():
        chosen = [row for row in rows if row.chosen]
        if same_figure(rows):
            continue
        rivals = " and ".join(f"{row.text} {row.unit} ({row.place})" for row in rows)
        message = f"{figure_of(rows[0])}: {rivals} disagree{_mix_up(rows)}"
        if len(chosen) == 1:
            yield at_row(chosen[0], "info", "conflicts", f"{message}; {chosen[0].note}")
        else:
            yield at_row(
                rows[0], "error", "conflicts", f"{message}; {len(chosen)} rows are chosen, must be 1"
            )


def _mix_up(rows: tuple[Row, ...]) -> str:
    """What the ratio of two rival values looks like, if anything."""
    values = [abs(row.value) for row in rows if isinstance(row.value, float) and row.value]
    if len(values) < 2:
        return ""
    ratio = max(values) / min(values)
    usual = {name: sum(band) / 2 for name, band in EXCHANGE_RATES.items()}
    guesses = {
        "HKD against CNY": usual["hkd_per_usd"] / 7.2,
        "CNY against USD": 7.2,
        "HKD against USD": usual["hkd_per_usd"],
        "a scale of 10": 10.0,
        "a scale of 100": 100.0,
        "a scale of 1,000": 1000.0,
    }
    for name, guess in guesses.items():
        if abs(ratio / guess - 1) <= RATIO_TOLERANCE:
            return f" by {ratio:.3g}, which looks like {name}"
    return ""


def _segments(tables: Tables, _today: date) -> Iterator[Finding]:
    """The named segments leave a plausible rest of the group's revenue."""
    low, high = OTHER_SHARE
    for period in tables.periods("revenue"):
        own = [f"revenue_{segment.key}" for segment in tables.company.grouped]
        parts = [_value(tables, key, period) for key in own]
        if None in parts:
            continue
        group = tables.row("revenue", period)
        named = sum(part for part in parts if part) + (
            _value(tables, f"{tables.company.delivering}_segment_revenue", period) or 0.0
        )
        share = (group.number - named) / group.number
        if not low <= share <= high:
            message = (
                f"segments of {period} leave {share:.1%} of revenue, must be from {low:.1%} to {high:.1%}"
            )
            yield at_row(group, "error", "segments", message)


def _twin_keys(tables: Tables, _today: date) -> Iterator[Finding]:
    """A figure that two keys name has one value."""
    for key, other in TWIN_KEYS.items():
        for period in tables.periods(key):
            row, rival = tables.row(key, period), _value(tables, other, period)
            if rival is not None and rival != row.number:
                message = f"{figure_of(row)} {row.text} is not {other} {period} {rival:g}"
                yield at_row(row, "error", "twin_keys", message)


def _free_cash_flow(tables: Tables, _today: date) -> Iterator[Finding]:
    """Operating cash flow less capex is free cash flow."""
    for period in tables.periods("free_cash_flow"):
        cash, capex = (_value(tables, key, period) for key in ("operating_cash_flow", "capex"))
        row = tables.row("free_cash_flow", period)
        if cash is None or capex is None or abs(cash - capex - row.number) <= CASH_FLOW_TOLERANCE:
            continue
        message = (
            f"free_cash_flow {period} {row.number:,.0f} is not operating_cash_flow {cash:,.0f} "
            f"less capex {capex:,.0f}"
        )
        yield at_row(row, "error", "free_cash_flow", message)


def _vehicle_revenue(tables: Tables, _today: date) -> Iterator[Finding]:
    """Deliveries times average price is the revenue from vehicles."""
    for period in tables.periods("vehicle_average_selling_price"):
        units, revenue = (_value(tables, key, period) for key in ("vehicle_deliveries", "vehicle_revenue"))
        price = tables.row("vehicle_average_selling_price", period)
        if units is None or revenue is None:
            continue
        product = units * price.number / 1e6
        if abs(product - revenue) > VEHICLE_REVENUE_TOLERANCE:
            message = (
                f"{units:,.0f} vehicles of {period} at {price.number:,.0f} CNY are {product:,.0f} CNY m, "
                f"not vehicle_revenue {revenue:,.0f}"
            )
            yield at_row(tables.row("vehicle_revenue", period), "error", "vehicle_revenue", message)


def _smartphone_revenue(tables: Tables, _today: date) -> Iterator[Finding]:
    """Shipments times average price is the revenue from smartphones."""
    for period in tables.periods("smartphone_average_selling_price"):
        units, revenue = (
            _value(tables, key, period) for key in ("smartphone_shipments", "revenue_smartphone")
        )
        price = tables.row("smartphone_average_selling_price", period)
        if units is None or revenue is None:
            continue
        product = units * price.number
        if abs(product - revenue) > SMARTPHONE_REVENUE_TOLERANCE * revenue:
            message = (
                f"{units:g} m smartphones of {period} at {price.number:,.1f} CNY are {product:,.0f} CNY m, "
                f"not revenue_smartphone {revenue:,.0f}"
            )
            yield at_row(tables.row("revenue_smartphone", period), "error", "smartphone_revenue", message)


def _quarters(tables: Tables, _today: date) -> Iterator[Finding]:
    """Four quarters sum to their year."""
    for row in _standing(tables):
        if not row.period.startswith("FY") or row.unit not in ("CNY m", *COUNTS):
            continue
        quarters = [_value(tables, row.key, f"{row.period[2:]}Q{quarter}") for quarter in (1, 2, 3, 4)]
        reported = [quarter for quarter in quarters if quarter is not None]
        tolerance = COUNT_TOLERANCE * row.number if row.unit in COUNTS else QUARTERS_TOLERANCE
        if len(reported) == 4 and abs(sum(reported) - row.number) > tolerance:
            digits = ",.1f" if row.unit == "m units" else ",.0f"
            total = f"{sum(reported):{digits}}"
            message = f"{figure_of(row)} {row.number:{digits}} is not the sum of its quarters {total}"
            yield at_row(row, "error", "quarters", message)


def _units(tables: Tables, _today: date) -> Iterator[Finding]:
    """Units are known, agree with the key's currency and with the other periods of the key."""
    first: dict[str, Row] = {}
    units = TABLE_UNITS | {parameter.unit for parameter in tables.company.parameters}
    for row in tables.rows:
        like = first.setdefault(row.key, row)
        money = _MONEY_KEY.search(row.key)
        if row.unit not in units:
            yield at_row(row, "error", "units", f"{figure_of(row)} unit {row.unit!r} is not a known unit")
        elif money and not row.unit.startswith(money["currency"].upper()):
            message = f"{figure_of(row)} unit {row.unit!r} is not the {money['currency'].upper()} of its key"
            yield at_row(row, "error", "units", message)
        elif row.unit != like.unit:
            message = f"{figure_of(row)} unit {row.unit!r} differs from {like.unit!r} of {figure_of(like)}"
            yield at_row(row, "error", "units", message)


def _mixed_currency(tables: Tables, _today: date) -> Iterator[Finding]:
    """No text gives one number two currencies, unless that is a recorded oddity."""
    recorded = {key for oddity in tables.oddities for key, _ in oddity.operands}
    for row in tables.rows:
        match = _MIXED_CURRENCY.search(f"{row.source} {row.note}")
        if match and row.key not in recorded:
            message = f"{figure_of(row)} is described as {match[0]!r}, which has two currencies"
            yield at_row(row, "error", "mixed_currency", message)


def _exchange_rates(tables: Tables, _today: date) -> Iterator[Finding]:
    """Exchange rates lie where these currencies have been, so that swapped ones show."""
    for row in _standing(tables):
        low, high = EXCHANGE_RATES.get(row.key, (float("-inf"), float("inf")))
        if row.key in EXCHANGE_RATES and not low <= row.number <= high:
            message = f"{figure_of(row)} {row.number:g} must be from {low:g} to {high:g}"
            yield at_row(row, "error", "exchange_rates", message)


def _scale(tables: Tables, _today: date) -> Iterator[Finding]:
    """A value is within reach of its own series: years are compared with years, quarters with quarters."""
    rows = [row for row in tables.history if isinstance(row.value, float) and row.value]

    def series(row: Row) -> tuple[str, bool, bool]:
        return row.key, row.period.startswith("FY"), "Q" in row.period

    for _, group in groupby(sorted(rows, key=series), key=series):
        members = list(group)
        middle = median(abs(row.number) for row in members)
        for row in members:
            factor = max(abs(row.number) / middle, middle / abs(row.number))
            if factor > SCALE_FACTOR:
                message = f"{figure_of(row)} {row.text} {row.unit} is {factor:,.0f} times off its series"
                yield at_row(row, "error", "scale", message)


def stale(tables: Tables, today: date) -> Iterator[Finding]:
    """Numbers that the market moves are not older than they may be.

    A vintage is as old as it is: `lint` asks the rows of the view that counts where none is named.
    """
    limits = {**MAXIMUM_AGE_DAYS, tables.company.price_key: MAXIMUM_AGE_DAYS["price_hkd"]}
    for row in tables.assumptions:
        age, limit = (today - row.as_of).days, limits.get(row.key)
        if limit is not None and age > limit:
            message = f"{row.key} is {age} days old on {today.isoformat()}, must be at most {limit}"
            yield at_row(row, "warning", "stale", message)


def _ranges(tables: Tables, _today: date) -> Iterator[Finding]:
    """Assumptions that do not move within their range; years and probabilities need not."""
    for row in tables.assumptions:
        if row.low is not None and row.low == row.high and row.unit != "year" and row.key != "probability":
            message = f"{row.key} is an assumption whose range is the point {row.text}"
            yield at_row(row, "info", "ranges", message)


def _known_too_early(tables: Tables, _today: date) -> Iterator[Finding]:
    """What is reported was known after its period ended."""
    for row in tables.history:
        if row.basis in ("reported", "derived") and row.period and row.as_of < period_end(row.period):
            message = (
                f"{figure_of(row)} is {row.basis} as of {row.as_of.isoformat()}, before its period ended"
            )
            yield at_row(row, "error", "known_too_early", message)


def _without_place(tables: Tables, _today: date) -> Iterator[Finding]:
    """Figures of the history that stand on no sheet, one finding a key.

    What is known of a day or of nine months stands behind an assumption; a year or a quarter should be shown.
    """
    homeless: dict[str, list[Row]] = {}
    for key, period in dict.fromkeys((row.key, row.period) for row in tables.history):
        if not tables.calendar.has_place(key, period, tables.company):
            homeless.setdefault(key, []).append(tables.row(key, period))
    for key, members in homeless.items():
        periods = ", ".join(row.period for row in members)
        on_calendar = any(is_year(row.period) or is_quarter(row.period) for row in members)
        message = f"{key} of {periods} stands in the tables and on no sheet"
        yield at_row(members[0], "warning" if on_calendar else "info", "without_place", message)


def _lower_bounds(tables: Tables, _today: date) -> Iterator[Finding]:
    """A lower bound is named where it stands for a figure, and is not above the figure itself."""
    for rows in tables.figures.values():
        standing = tables.row(rows[0].key, rows[0].period)
        if standing.basis == LOWER_BOUND:
            message = f"{figure_of(standing)} is a lower bound: more than {standing.text} {standing.unit}"
            yield at_row(standing, "warning", "lower_bounds", message)
            continue
        for row in rows:
            if row.basis == LOWER_BOUND and row.unit == standing.unit and standing.number < row.number:
                message = (
                    f"{figure_of(standing)} {standing.text} is below its lower bound {row.text} ({row.place})"
                )
                yield at_row(standing, "error", "lower_bounds", message)


def _unverified(tables: Tables, _today: date) -> Iterator[Finding]:
    """Keys that rest on unverified numbers, one finding each."""
    rows = sorted((row for row in _standing(tables) if row.basis == "unverified"), key=lambda row: row.key)
    for key, group in groupby(rows, key=lambda row: row.key):
        members = list(group)
        periods = ", ".join(row.period for row in members)
        yield at_row(members[0], "warning", "unverified", f"{key} is unverified in {periods}")


def _single_source(tables: Tables, _today: date) -> Iterator[Finding]:
    """Reported history that only one publication gives, one finding for each key.

    Publications are what a row's source names between semicolons; a rejected rival is not one of them.
    """
    alone: dict[str, list[Row]] = {}
    for key, period in dict.fromkeys((row.key, row.period) for row in tables.history):
        standing = tables.row(key, period)
        agreeing = [row for row in tables.figures[key, period] if same_figure((row, standing))]
        publications = {name.strip() for row in agreeing for name in row.source.split(";")}
        if standing.basis == "reported" and len(publications) == 1:
            alone.setdefault(key, []).append(standing)
    for key, members in alone.items():
        periods = ", ".join(row.period for row in members)
        yield at_row(members[0], "info", "single_source", f"{key} has one source only in {periods}")


def _former_keys(tables: Tables, _today: date) -> Iterator[Finding]:
    """Keys that have been renamed are read under their new name; a table had better have it, too."""
    for row in tables.rows:
        if row.former_key:
            yield at_row(row, "info", "former_keys", f"{row.former_key} is read as {row.key}, its name now")


def _formula_text(tables: Tables, _today: date) -> Iterator[Finding]:
    """No text begins like a formula, which a spreadsheet would calculate."""
    for row in tables.rows:
        texts = {"unit": row.unit, "source": row.source, "note": row.note}
        if isinstance(row.value, str):
            texts["value"] = row.value
        for column, text in texts.items():
            if text.startswith(("=", "+", "-", "@")):
                message = f"{figure_of(row)} {column} {text!r} begins like a formula"
                yield at_row(row, "warning", "formula_text", message)


def _oddities(tables: Tables, _today: date) -> Iterator[Finding]:
    """The articles' recorded oddities still show in the numbers, and are resolved."""
    for oddity in tables.oddities:
        missing = [
            f"{key} {period}".strip() for key, period in oddity.operands if not tables.has(key, period)
        ]
        if missing:
            yield _of(oddity, "error", f"{oddity.id} needs {', '.join(missing)}, not in the tables")
        elif oddity.operands and oddity.id not in ODDITIES:
            yield _of(oddity, "error", f"{oddity.id} names rows but has no check")
        elif oddity.operands and not ODDITIES[oddity.id](
            *(tables.row(*operand).number for operand in oddity.operands)
        ):
            yield _of(oddity, "warning", f"{oddity.id}: the recorded oddity does not hold any more")
        else:
            yield _of(oddity, "info", f"known oddity, resolved: {oddity.finding}; {oddity.resolution}")


def _of(oddity: Oddity, severity: Severity, message: str) -> Finding:
    return Finding(severity, "oddities", oddity.id, "", message, oddity.file, oddity.line)


RULES: tuple[Rule, ...] = (
    _segments,
    _twin_keys,
    _free_cash_flow,
    _vehicle_revenue,
    _smartphone_revenue,
    _quarters,
    _units,
    _mixed_currency,
    _exchange_rates,
    _scale,
    _ranges,
    _known_too_early,
    _without_place,
    _lower_bounds,
    _unverified,
    _single_source,
    _former_keys,
    _formula_text,
    _oddities,
)

ROW_RULES: tuple[Rule, ...] = (_units, _mixed_currency, _exchange_rates, _ranges, _former_keys, _formula_text)
"""Rules that ask each row by itself, so that they hold for the rows of a case too."""
