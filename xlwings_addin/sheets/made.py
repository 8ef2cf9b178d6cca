"""What the answers on a sheet were made for, beside what the model shows now.

No spreadsheet formula gives these answers: the build and every refresh work them out and keep them. A block
of the sheet says for which case and which figures; where one of these is another by now, the sheet says so,
and the answers are pale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from xlwings_addin.segments.capital import discounted_parts
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Layout, Line
from xlwings_addin.sheets.words import money, rounded
from xlwings_addin.valuation.xiaomi import Results

if TYPE_CHECKING:
    from xlwings_addin.analytics.answers import Answers

MADE = "made_"
"""How the keys of the lines begin that say what the answers were made for."""
MADE_CASE, MADE_INPUTS, SAME, LIMIT = (f"{MADE}{key}" for key in ("case", "inputs", "same", "limit"))
OLD_WHEN = f"{{{SAME}:same}}=0"
"""While this formula of a sheet is true, its answers are to other inputs than those of the model."""
TOLERANCE = 1e-9
NO_FORMULA = "no formula gives what this sheet shows: the build and every refresh work it out and keep it"
ASKED = "price_asked"
"""The line with the price that an analyst asks about."""
WAY_OUT = "A refresh or a build works these figures out anew."
COLUMNS: Layout = {
    "made": Columns(FIRST_COLUMN, ("Made for",), 12.0),
    "now": Columns(FIRST_COLUMN + 1, ("Now",), 12.0),
    "same": Columns(FIRST_COLUMN + 2, ("Same",), 12.0),
    "hash": Columns(FIRST_COLUMN, ("Made for",), 12.0, align="over"),
}
SENTENCE: Layout = {"sentence": Columns(FIRST_COLUMN, ("",), 12.0, align="over")}
Of = Callable[[Results], Any]


class Mark(NamedTuple):
    """A figure by which answers know their model: what it is, and the formula of what it is now."""

    key: str
    label: str
    unit: str
    of: Of
    formula: str


def answer(context: Context, value: Callable[[Answers], Any], unit: str | None = None) -> Entry:
    """A cell with an answer of the core."""
    return Entry(lambda _: value(context.answers), kind="answer", unit=unit)


def _marks(context: Context, *, asks: bool) -> Iterator[Mark]:
    yield Mark(MADE_CASE, "Case", "text", lambda r: r.case, "{cover.selected_case}")
    yield Mark("made_value", "Value of a share", "{listing}", _value, "{sotp.value_per_share}")
    yield Mark("made_price", "Price", "{listing}", _price, "{sotp.price}")
    if asks:
        yield Mark(
            "made_asked",
            "Price asked about",
            "{listing}",
            lambda r: context.asked or _price(r),
            f"{{{ASKED}:price}}",
        )
    for part in discounted_parts(context.company):
        yield Mark(
            f"made_{part.key}",
            f"{part.short}, a share",
            "{listing}",
            lambda r, key=part.key: float(r.sotp.part(key).per_share),  # type: ignore[misc]
            f"{{sotp.{part.key}:per_share}}",
        )
    yield Mark(
        "made_date",
        "Valuation date",
        "date",
        lambda r: r.inputs.day("valuation_date"),
        "{inputs.valuation_date}",
    )


def _value(r: Results) -> float:
    return float(r.sotp.value_per_share)


def _price(r: Results) -> float:
    return float(r.price)


def _is_same(mark: Mark, context: Context, r: Results) -> bool:
    made, now = mark.of(context.made_for), mark.of(r)
    if isinstance(now, float):
        return bool(abs(made - now) <= TOLERANCE * abs(now))
    return bool(made == now)


def _mark(mark: Mark, context: Context) -> Line:
    made, now = (f"{{{mark.key}:{column}}}" for column in ("made", "now"))
    same = f"IF({made}={now},1,0)"
    if mark.unit not in ("text", "date"):
        near = f"IF(ABS({made}-{now})<={{{LIMIT}:made}}*ABS({now}),1,0)"
        same = f"IF(ISNUMBER({now}),{near},0)"
    return Line(
        mark.key,
        mark.label,
        mark.unit,
        {
            "made": Entry(lambda _: mark.of(context.made_for), kind="answer"),
            "now": Entry(mark.of, mark.formula),
            "same": Entry(lambda r: float(_is_same(mark, context, r)), same, unit="flag"),
        },
    )


def block(context: Context, *, asks: bool = False) -> Block:
    """The figures that the answers were made for and what they are now, and whether all are the same."""
    marks = list(_marks(context, asks=asks))
    cells = f"{{{marks[0].key}:same}}:{{{marks[-1].key}:same}}"
    lines = [_mark(mark, context) for mark in marks]
    lines += [
        Line(
            SAME,
            "All are the same",
            "flag",
            {
                "same": Entry(
                    lambda r: float(all(_is_same(mark, context, r) for mark in marks)), f"MIN({cells})"
                )
            },
            total=True,
        ),
        Line(
            LIMIT,
            "Relative difference that is none",
            "difference",
            {"made": Entry(lambda _: TOLERANCE, kind="text")},
        ),
        Line(
            MADE_INPUTS,
            "Fingerprint of all inputs",
            "text",
            {"hash": Entry(lambda _: context.answers.hash, kind="answer")},
            note="SHA-256; a check holds the inputs of the book against it",
        ),
    ]
    return Block("What the answers were made for", lines, COLUMNS)


def sentence(context: Context, *, asks: bool = False) -> Block:
    """Whether the answers are of the model as it stands."""
    listing, marks = context.company.currency.listing, list(_marks(context, asks=asks))

    def of(r: Results) -> str:
        asked = f", asked about {rounded(context.asked or _price(r))}" if asks else ""
        return f"case {r.case}, value {listing} {rounded(_value(r))}, price {rounded(_price(r))}{asked}"

    def says(r: Results) -> str:
        made = of(context.made_for)
        if all(_is_same(mark, context, r) for mark in marks):
            return f"Made for {made}: as the model stands."
        return f"OLD: made for {made}. The model now has {of(r)}. {WAY_OUT}"

    def cells(column: str) -> str:
        asked = f'&", asked about "&{money(f"{{made_asked:{column}}}")}' if asks else ""
        return (
            f'"case "&{{{MADE_CASE}:{column}}}&", value {listing} "&{money(f"{{made_value:{column}}}")}'
            f'&", price "&{money(f"{{made_price:{column}}}")}{asked}'
        )

    formula = (
        f'IF({{{SAME}:same}}=1,"Made for "&{cells("made")}&": as the model stands.",'
        f'"OLD: made for "&{cells("made")}&". The model now has "&{cells("now")}&". {WAY_OUT}")'
    )
    entry = Entry(says, formula, unit="text", red_when=OLD_WHEN)
    return Block(
        "Of which model these answers are",
        [Line("made_sentence", "", "", {"sentence": entry}, NO_FORMULA)],
        SENTENCE,
    )
