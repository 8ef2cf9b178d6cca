"""Every case side by side in a narrow terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.cli.answers import Answer
from xlwings_addin.cli.print_cases import fitted
from xlwings_addin.valuation.cases import value_cases

EDGES = re.compile(r"[┃│]")
Printed = tuple[list[str], dict[str, list[str]], list[str]]


@pytest.fixture
def printed(run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Printed]:
    """The headings, the figures by the whole name of their row, and every line of the output."""

    def at(width: int) -> Printed:
        monkeypatch.setenv("COLUMNS", str(width))
        lines = run("value", "--all").out.splitlines()
        rows = [[cell.strip() for cell in EDGES.split(line)[1:-1]] for line in lines if EDGES.match(line)]
        figures: dict[str, list[str]] = {}
        name = ""
        for piece, *further in rows[1:]:
            if any(further):
                name, figures[piece] = piece, further
            else:
                figures[name + piece] = figures.pop(name)
                name += piece
        return rows[0], figures, lines

    return at


@pytest.mark.parametrize("width", [200, 80, 60, 40])
def test_names_are_broken_at_underscores_and_figures_never(
    printed: Callable[[int], Printed], width: int
) -> None:
    valued = value_cases()
    headings, figures, lines = printed(width)
    assert max(len(line) for line in lines if line[:1] in "┃│┏┡└") <= width
    cases = {name: row for name, row in figures.items() if not name.startswith("weighted")}
    assert list(cases) == list(valued)
    assert len(figures) > len(cases) > 3
    for case, row in cases.items():
        shares, figure = valued[case].sotp, dict(zip(headings[1:], row, strict=True))
        assert figure["Value"] == f"{shares.value_per_share:.2f}"
        assert figure["Price"] == f"{valued[case].price:.2f}"
        assert figure["Upside"] == f"{shares.upside:+.1%}"


def test_at_80_columns_nothing_is_left_out_and_at_60_what_is_has_its_name_below(
    printed: Callable[[int], Printed],
) -> None:
    parts = ["Devices", "Vehicles", "Other"]
    headings, _, lines = printed(80)
    assert headings == ["Case", *parts, "Value", "Price", "Upside", "Weight"]
    assert not [line for line in lines if "Left out" in line]
    headings, _, lines = printed(60)
    assert headings == ["Case", "Value", "Price", "Upside", "Weight"]
    assert "Left out for want of width: Devices, Vehicles, Other." in lines


@pytest.mark.parametrize(
    ("width", "headings"),
    [(46, ["Case", "A", "B", "C"]), (45, ["Case", "B", "C"]), (35, ["Case", "B"]), (9, ["Case", "B"])],
)
def test_a_name_without_a_place_to_break_takes_the_width_of_columns(width: int, headings: list[str]) -> None:
    name = "averylongnameofacase"  # with borders 20 + 3 + 1; the figures 5 + 3, 4 + 3 and 4 + 3: 46 in all
    rows = [(name, "1.00", "2.00", "3.00"), ("other", "10.00", "2.00", "3.00")]
    made, left_out = fitted("", ("Case", "A", "B", "C"), rows, ("A",), width)
    assert [column.header for column in made.columns] == headings
    assert left_out == [heading for heading in "ABC" if heading not in headings]
