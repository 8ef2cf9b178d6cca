"""What the command roll prints for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from xlwings_addin.cli.printing import show, table


def show_rolled(summary: Mapping[str, Any]) -> None:
    """Steps, businesses, cash and quarters of a roll, from its summary."""
    listing = summary["currency"]
    rows = [("as it was", "", f"{summary['value_per_share']['before']:.2f}", "")]
    rows += [
        (step["name"], step["about"], f"{step['value_per_share']:.2f}", f"{step['change']:+.4f}")
        for step in summary["steps"]
    ]
    title = f"{summary['case']} from {summary['from']} to {summary['to']}"
    show(table(title, ("Step", "What", f"{listing} a share", "Change"), rows, right=2))
    _show_businesses(summary["businesses"])
    cash = summary["net_cash"]
    show(
        f"net cash {cash['before']:,.0f} + flows {cash['flows']:,.0f} - payouts {cash['payouts']:,.0f} "
        f"= {cash['after']:,.0f}"
    )
    for row in summary["payouts"]:
        show(f"paid out: {row['key']} {row['period']} {row['value']:,.0f} ({row['source']}; {row['note']})")
    show_quarters(summary["quarters"], listing)
    for key, (before, after) in summary["inputs"].items():
        show(f"{key}: {_input(before)} to {_input(after)}")
    if summary["to_renew"]:
        show(f"figures of the base year, to be renewed: {', '.join(summary['to_renew'])}")


def show_rolled_book(summaries: Mapping[str, Mapping[str, Any]]) -> None:
    """The case of a workbook that was rolled, and in a line those that follow it."""
    first, *others = summaries.values()
    show_rolled(first)
    for other in others:
        before, after = (other["value_per_share"][when] for when in ("before", "after"))
        show(f"{other['case']} with it: {before:.2f} to {after:.2f} {other['currency']} a share")


def _input(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


def _show_businesses(businesses: Iterable[Mapping[str, Any]]) -> None:
    columns = ("before", "growth", "flows", "dating", "after")
    rows = [
        (item["label"], f"{item['wacc']:.2%}", *(f"{item[key]:,.0f}" for key in columns))
        for item in businesses
    ]
    headings = ("Business", "WACC", "Before", "+ return", "- flows", "- dating", "After")
    show(table("Enterprise values", headings, rows, right=6))


def show_quarters(worths: Iterable[Mapping[str, Any]], listing: str) -> None:
    """What assumed quarters were worth against the facts, by line."""
    rows = []
    for worth in worths:
        first, *others = worth["figures"] or [None]
        rows.append((worth["line"], *_figure(first), f"{worth['per_share']:+.4f}"))
        rows += [("", *_figure(figure), "") for figure in others]
    if rows:
        headings = ("Line", "Figure", "Quarter", "Assumed", "Reported", f"{listing} a share")
        show(table("Assumed quarters that are reported now", headings, rows, right=3))


def _figure(figure: Mapping[str, Any] | None) -> tuple[str, str, str, str]:
    if figure is None:
        return "", "", "", ""
    return (
        figure["key"],
        figure["quarter"],
        f"{figure['assumed']:,.6g}",
        f"{figure['reported']:,.6g}",
    )
