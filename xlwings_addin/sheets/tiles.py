"""The tiles of the Cover: the figures that answer in five seconds, what each means below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from xlwings_addin.inputs.company import Company
from xlwings_addin.segments.lines import UNDEFINED
from xlwings_addin.sheets import checks
from xlwings_addin.sheets.spec import LABEL, Block, Columns, Context, Entry, Layout, Line
from xlwings_addin.sheets.words import money, rounded
from xlwings_addin.valuation.parts import implied_part
from xlwings_addin.valuation.xiaomi import Results, weighted_value

Of = Callable[[Results], Any]


class Tile(NamedTuple):
    """A tile: its title, its figure by value, formula and unit, and what stands below, the same."""

    key: str
    title: str
    figure: tuple[Of, str, str]
    meaning: tuple[Of, str, str]


def block(context: Context) -> Block:
    """All tiles side by side."""
    made = _tiles(context)
    columns: Layout = {
        tile.key: Columns(LABEL + place, (tile.title,), align="centre") for place, tile in enumerate(made)
    }
    return Block(
        made[0].title,
        [
            Line("answer", "", "", {tile.key: _entry(tile.figure) for tile in made}, total=True),
            Line("answer_meaning", "", "", {tile.key: _entry(tile.meaning) for tile in made}),
        ],
        columns,
        tiles=True,
    )


def _entry(of: tuple[Of, str, str]) -> Entry:
    value, formula, unit = of
    return Entry(value, formula, unit=unit)


def _tiles(context: Context) -> list[Tile]:
    company = context.company
    price_key = company.price_key
    return [
        Tile(
            "value_tile",
            "Value of a share",
            (lambda r: r.sotp.value_per_share, "{sotp.value_per_share}", "{listing}"),
            (lambda r: f"case {r.case}", '"case "&{selected_case}', "text"),
        ),
        Tile(
            "upside_tile",
            "Upside",
            (lambda r: r.sotp.upside, "{sotp.upside}", "ratio"),
            (lambda r: "value over price, less 1", '"value over price, less 1"', "text"),
        ),
        Tile(
            "price_tile",
            "Price",
            (lambda r: r.price, "{sotp.price}", "{listing}"),
            (lambda r: r.inputs.row(price_key).as_of or "n/a", f"{{inputs.{price_key}:as_of}}", "date"),
        ),
        *_of_cases(context),
        _needs(company),
        _age(),
        _trust(context),
    ]


def _of_cases(context: Context) -> list[Tile]:
    """The value weighted by probability, and the cases with a weight that are lowest and highest."""
    counted = f"{{stored_{context.cases[0]}:counts}}:{{stored_{context.cases[-1]}:counts}}"
    names = counted.replace(":counts", ":case" if context.live_cases else ":label")

    def values() -> dict[str, float]:
        return {case: float(context.results[case].sotp.value_per_share) for case in context.weights}

    def end(key: str, title: str, function: str, pick: Callable[..., Any]) -> Tile:
        of = f"{function}({counted})"
        # A long name breaks at spaces only: with its underscores it would break within a word.
        name = f'SUBSTITUTE(INDEX({names},MATCH({of},{counted},0)),"_"," ")'
        name = f'IF(COUNT({counted})=0,"no case has a weight",{name})'
        return Tile(
            key,
            title,
            (
                lambda r: pick(values().values(), default=UNDEFINED),
                f'IF(COUNT({counted})=0,"{UNDEFINED}",{of})',
                "{listing}",
            ),
            (
                lambda r: pick(values(), key=values().__getitem__, default="no case has a weight").replace(
                    "_", " "
                ),
                name,
                "text",
            ),
        )

    return [
        Tile(
            "weighted_tile",
            "Weighted",
            (lambda r: weighted_value(context.results.values()), "{weighted_value:value}", "{listing}"),
            (
                lambda r: f"of {len(values())} cases with a weight",
                f'"of "&COUNT({counted})&" cases with a weight"',
                "text",
            ),
        ),
        end("low_tile", "Lowest case", "MIN", min),
        end("high_tile", "Highest case", "MAX", max),
    ]


def _needs(company: Company) -> Tile:
    """What the part that delivers must be worth a share for the price; without one, what the price lacks."""
    part = implied_part(company)
    if part is None:
        return Tile(
            "needs_tile",
            "Price less value",
            (lambda r: r.price - r.sotp.value_per_share, "{sotp.price_less_value}", "{listing}"),
            (lambda r: "a share", '"a share"', "text"),
        )
    key, name = part.key, part.short.lower()

    def wanted(r: Results) -> float:
        gap = r.price - r.sotp.value_per_share
        return float(gap / (1 - r.inputs.number("holding_discount")) + r.sotp.part(key).per_share)

    return Tile(
        "needs_tile",
        "Price needs",
        (wanted, f"{{sotp.implied_{key}_per_share}}", "{listing}"),
        (
            lambda r: f"a share from {name}; the case has {rounded(r.sotp.part(key).per_share)}",
            f'IF(ISNA({{sotp.{key}:per_share}}),"a share from {name}",'
            f'"a share from {name}; the case has "&{money(f"{{sotp.{key}:per_share}}")})',
            "text",
        ),
    )


def _age() -> Tile:
    """How old the balance sheet was on the valuation date, and the day it is from."""

    def days(r: Results) -> float:
        return float((r.inputs.day("valuation_date") - r.inputs.day("balance_date")).days)

    return Tile(
        "age_tile",
        "Days since balance",
        (days, "{inputs.valuation_date}-{inputs.balance_date}", "days"),
        (lambda r: r.inputs.day("balance_date"), "{inputs.balance_date}", "date"),
    )


def _trust(context: Context) -> Tile:
    """The worst word of the checks, and how many say it."""

    def word(r: Results) -> str:
        failures, warnings = checks.counts(context, r)
        return "FAIL" if failures else "WARN" if warnings else "OK"

    def counted(r: Results) -> str:
        failures, warnings = checks.counts(context, r)
        return f"{failures} fail, {warnings} warn"

    return Tile(
        "checks_tile",
        "Checks",
        (word, 'IF({checks.failures}>0,"FAIL",IF({checks.warnings}>0,"WARN","OK"))', "status"),
        (
            counted,
            '{checks.failures}&" fail, "&{checks.warnings}&" warn"',
            "text",
        ),
    )
