"""How successful a business must be for the price: the table of volume and margin of Sensitivities, on Cover.

Nothing is worked out here: the cells are links to the answers that Sensitivities keeps. They are pale while
those are old, and bold where a share is worth its price.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from xlwings_addin.analytics.table_sizes import SIZE
from xlwings_addin.sheets import made, sensitivities
from xlwings_addin.sheets.spec import FIRST_COLUMN, LABEL, NOTE, Block, Columns, Context, Entry, Layout, Line
from xlwings_addin.sheets.words import money, rounded
from xlwings_addin.valuation.xiaomi import Results

TABLE = "volume_margin"
ROWS = range(1, SIZE + 1)
ACROSS = ("across_1", "across_3", "across_4", "across_5", "across_7")
"""The columns that there is room for: both ends, the case in the middle and its neighbours."""
TITLE = "How successful must the business be to be worth the price?"
NO_TABLE = (
    "No two inputs of volume and margin move the value in this case: a business that has both and counts, as "
    "by the templates units_and_price and capacity_ramp, fills this grid."
)
THERE, SAME, PRICE, FIRST = "success_there", "success_same", "success_price", "success_axes"
LAYOUT: Layout = {
    "says": Columns(LABEL, (TITLE,), align="over"),
    "down": Columns(NOTE, ("",), align="right"),
    **{name: Columns(FIRST_COLUMN + place, ("",), 11.0) for place, name in enumerate(ACROSS)},
}
LAST = "success_made"
Of = Callable[[Results], Any]


def _row(number: int) -> str:
    return f"success_{number}"


GRID = f"{{{_row(ROWS[0])}:{ACROSS[0]}}}:{{{_row(ROWS[-1])}:{ACROSS[-1]}}}"


def block(context: Context) -> Block:
    """The grid with its axes, what is marked in it, and the case that it is of."""
    return Block(TITLE, list(_Grid(context).lines()), LAYOUT, room=2, with_a_build=True)


def behind(context: Context) -> Block:
    """What the marks of the grid hang on."""
    return Block("Behind the success that the price needs", list(_Grid(context).behind()), with_a_build=True)


class _Grid:
    """The lines of the grid: links, and what the core has where they lead."""

    def __init__(self, context: Context) -> None:
        self.context, self.listing = context, context.company.currency.listing

    def lines(self) -> list[Line]:
        marks = {"says": Entry(self._says_marks, self._marks_formula(), unit="text")}
        return [
            Line(FIRST, "", "", {"says": Entry(self._axes, self._axes_formula(), unit="text")}, NOTE_OF_ALL),
            Line("success_across", "", "", marks | self._axis(f"{TABLE}_across", ACROSS)),
            *(self._values(number) for number in ROWS),
            Line(LAST, "", "", {"says": self._made()}),
        ]

    def behind(self) -> list[Line]:
        linked = ",".join(f"{_linked(number, ROWS[0])}:{_linked(number, ROWS[-1])}" for number in ACROSS)
        of_case = (
            f"INDEX({{inputs.{self.context.company.price_key}:cases[all]}},"
            f"MATCH({_made(made.MADE_CASE)},{{inputs.case_name:cases[all]}},0))"
        )
        same = f"{{sensitivities.{made.SAME}:same}}"
        flags = [
            (THERE, "The table has a figure", "flag", self.there, f"IF(COUNT({linked})>0,1,0)"),
            (SAME, "It is of the model as it stands", "flag", self.same, f"IF(ISERROR({same}),0,{same})"),
            (
                PRICE,
                "Price of the case that it is of",
                "{listing}",
                self.price,
                f"IF(ISERROR({of_case}),{{sotp.price}},{of_case})",
            ),
        ]
        return [
            Line(key, label, unit, {"constant": Entry(value, formula)})
            for key, label, unit, value, formula in flags
        ]

    # --- what the core has -----------------------------------------------------------------------------

    def _answer(self, line: str, group: str) -> Of:
        """The value of a cell of Sensitivities."""

        return lambda r: self._linked[line].cells[group].value(r)

    @cached_property
    def _linked(self) -> dict[str, Line]:
        """The lines of Sensitivities by key."""
        blocks = sensitivities.SHEET.blocks(self.context)
        return {line.key: line for block in blocks for line in block.lines}

    def figures(self, r: Results) -> list[float]:
        """The values of the grid that are numbers."""
        values = [self._answer(f"{TABLE}_{number}", name)(r) for number in ROWS for name in ACROSS]
        return [value for value in values if not isinstance(value, str)]

    def there(self, r: Results) -> float:
        return float(bool(self.figures(r)))

    def same(self, r: Results) -> float:
        return float(self._answer(made.SAME, "same")(r))

    def price(self, r: Results) -> float:
        """What the case that the answers are of has as its price by now."""
        return float(self.context.results.get(self.context.made_for.case, r).price)

    # --- lines ------------------------------------------------------------------------------------------

    def _axis(self, line: str, groups: tuple[str, ...]) -> dict[str, Entry]:
        """Links to values of inputs, pale where there is no table, too.

        They are texts such as 9.50%, which programs take for numbers in different functions: none is called.
        """
        pale = f"OR({{{THERE}}}=0,{{{SAME}}}=0)"
        return {
            group: Entry(
                self._answer(line, group), f"{{sensitivities.{line}:{group}}}", unit="text", pale_when=pale
            )
            for group in groups
        }

    def _figure(self, line: str, group: str) -> Entry:
        """A link to a value of a share, blank where there is no table."""
        answer = self._answer(line, group)
        return Entry(
            lambda r: answer(r) if self.there(r) else "",
            f'IF({{{THERE}}}=1,{{sensitivities.{line}:{group}}},"")',
            unit="{listing}",
            marked_when=f"AND(ISNUMBER({{here}}),{{here}}>={{{PRICE}}})",
            pale_when=f"{{{SAME}}}=0",
        )

    def _values(self, number: int) -> Line:
        line = f"{TABLE}_{number}"
        cells = self._axis(line, ("down",)) | {group: self._figure(line, group) for group in ACROSS}
        if number == sensitivities.MIDDLE:
            text = "The case is in the middle."
            cells["says"] = Entry(
                lambda r: text if self.there(r) else "", f'IF({{{THERE}}}=1,"{text}","")', unit="text"
            )
        return Line(_row(number), "", "", cells)

    def _axes(self, r: Results) -> str:
        return str(self._answer(f"{TABLE}_axes", "axes")(r)) if self.there(r) else NO_TABLE

    def _axes_formula(self) -> str:
        return f'IF({{{THERE}}}=1,{{sensitivities.{TABLE}_axes:axes}},"{NO_TABLE}")'

    def _says_marks(self, r: Results) -> str:
        figures, price = self.figures(r), self.price(r)
        if not figures:
            return ""
        of, most = f"the price, {self.listing} {rounded(price)}", max(figures)
        if most < price:
            return f"None is worth {of}: at most {rounded(most)}."
        return f"Bold and shaded: worth {of}, or more."

    def _marks_formula(self) -> str:
        price, most = money(f"{{{PRICE}}}"), f"MAX({GRID})"
        none = f'"None is worth the price, {self.listing} "&{price}&": at most "&{money(most)}&"."'
        some = f'"Bold and shaded: worth the price, {self.listing} "&{price}&", or more."'
        return f'IF({{{THERE}}}=1,IF({most}<{{{PRICE}}},{none},{some}),"")'

    def _made(self) -> Entry:
        """For which case the grid is, red once that is not the model as it stands."""
        listing = self.listing

        def says(r: Results) -> str:
            made_for = self.context.made_for
            if not self.there(r):
                return ""
            if self.same(r):
                return f"For case {made_for.case}, as the model stands; the whole table is on Sensitivities."
            return (
                f"OLD: for case {made_for.case}, worth {listing} {rounded(_worth(made_for))}; "
                f"the model has case {r.case}, worth {rounded(_worth(r))}. {made.WAY_OUT}"
            )

        case, value = _made(made.MADE_CASE), _made("made_value")
        new = f'"For case "&{case}&", as the model stands; the whole table is on Sensitivities."'
        old = (
            f'"OLD: for case "&{case}&", worth {listing} "&{money(value)}&"; the model has case "'
            f'&{{selected_case}}&", worth "&{money("{sotp.value_per_share}")}&". {made.WAY_OUT}"'
        )
        return Entry(
            says,
            f'IF({{{THERE}}}=1,IF({{{SAME}}}=1,{new},{old}),"")',
            unit="text",
            red_when=f"AND({{{THERE}}}=1,{{{SAME}}}=0)",
        )


NOTE_OF_ALL = "links to Sensitivities, which keeps these answers; they are pale while those are old"


def _linked(group: str, number: int) -> str:
    return f"{{sensitivities.{TABLE}_{number}:{group}}}"


def _made(line: str) -> str:
    return f"{{sensitivities.{line}:made}}"


def _worth(r: Results) -> float:
    return float(r.sotp.value_per_share)
