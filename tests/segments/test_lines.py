"""Lines: what is declared, computed, kept and released, and what is refused when a class is made."""

from __future__ import annotations

import numpy as np
import pytest

from xlwings_addin.inputs.cases import Inputs
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.segments.lines import Lines, ModelLine, Scalar, WithBaseYear, Years, line
from xlwings_addin.segments.scalars import Scalars
from xlwings_addin.segments.trace import Trace

CALLS: list[str] = []


class Shop(Lines):
    """A business as small as one can be."""

    @line("Customers", unit="count")
    def customers(self) -> Years:
        """those who come"""
        CALLS.append("customers")
        return np.array([[1.0], [2.0]]) * self.number("busy")

    @line("Revenue", unit="CNY m")
    def revenue(self) -> Years:
        """customers x what
        one spends
        """
        CALLS.append("revenue")
        return self.customers * self.number("spending")

    @line("Rent", unit="CNY m")
    def rent(self) -> Scalar:
        return self.number("rent")

    @line("Profit", unit="CNY m")
    def profit(self) -> Years:
        return self.revenue - self.rent


class Kiosk(Shop):
    """A shop that pays no rent."""

    @line(override=True)
    def rent(self) -> Scalar:
        return 0.0

    @line("Queue", unit="count")
    def queue(self) -> WithBaseYear:
        return np.zeros((3, 1))


def scalars(trace: Trace | None = None, **drawn: object) -> Scalars:
    values = {"busy": 10.0, "spending": 3.0, "rent": 7.0, **drawn}
    return Scalars(values, load_tables(), trace=trace)


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CALLS.clear()


def test_a_line_is_its_method_s_name_docstring_and_type() -> None:
    declared = Shop.lines()["revenue"]
    assert (declared.key, declared.label, declared.unit) == ("revenue", "Revenue", "CNY m")
    assert declared.note == "customers x what one spends"
    assert declared.span == "years"
    assert Kiosk.lines()["queue"].span == "base year and years"
    assert Shop.lines()["rent"].span == "once"
    assert isinstance(Shop.revenue, ModelLine)


def test_lines_walk_the_order_of_classes() -> None:
    assert list(Shop.lines()) == ["customers", "revenue", "rent", "profit"]
    assert list(Kiosk.lines()) == ["customers", "revenue", "rent", "profit", "queue"]


def test_an_override_keeps_what_it_does_not_say() -> None:
    declared = Kiosk.lines()["rent"]
    assert (declared.label, declared.unit) == ("Rent", "CNY m")
    assert Kiosk("kiosk", scalars()).profit.tolist() == [[30.0], [60.0]]
    assert Shop("shop", scalars()).profit.tolist() == [[23.0], [53.0]]


def test_a_line_is_computed_when_asked_for_once_and_again_after_its_release() -> None:
    shop = Shop("shop", scalars())
    assert CALLS == []
    assert shop.rent == 7.0
    assert CALLS == []
    assert shop.revenue is shop.revenue
    assert CALLS == ["revenue", "customers"]
    shop.release("revenue", "rent", "queue")
    assert shop.revenue.tolist() == [[30.0], [60.0]]
    assert CALLS == ["revenue", "customers", "revenue"]


def test_two_instances_share_nothing() -> None:
    one, other = Shop("one", scalars()), Shop("other", scalars(busy=1.0))
    assert one.revenue[0] == 10 * other.revenue[0]


def test_the_same_lines_take_one_figure_or_one_for_each_scenario() -> None:
    busy = np.array([10.0, 20.0, 30.0])
    many = Shop("shop", scalars(busy=busy)).profit
    assert many.shape == (2, 3)
    for column, figure in enumerate(busy):
        alone = Shop("shop", scalars(busy=float(figure))).profit
        assert many[:, column].tolist() == alone[:, 0].tolist()


def test_a_trace_tells_what_each_line_reads_and_what_an_input_moves() -> None:
    trace = Trace()
    shop = Shop("shop", scalars(trace))
    assert shop.profit.tolist() == [[23.0], [53.0]]
    assert list(trace.reads["shop.profit"]) == ["shop.revenue", "shop.rent"]
    assert trace.inputs["shop.revenue"] == {"spending"}
    assert trace.moved_by(["busy"]) == {"shop.customers", "shop.revenue", "shop.profit"}
    assert trace.moved_by(["rent"]) == {"shop.rent", "shop.profit"}
    assert trace.needed_for(["shop.revenue"]) == {"shop.revenue", "shop.customers"}
    order = trace.order
    assert all(order.index(read) < order.index(name) for name in order for read in trace.reads[name])


def test_an_override_that_does_not_say_so_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Market.rent overrides Shop's and must say override=True$"):

        class Market(Shop):
            @line("Rent", unit="CNY m")
            def rent(self) -> Scalar:
                return 1.0


def test_a_method_that_hides_a_line_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Market.rent hides the line of Shop$"):

        class Market(Shop):
            def rent(self) -> Scalar:  # type: ignore[override]
                return 1.0


def test_an_override_of_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Market.rnet overrides no line$"):

        class Market(Shop):
            @line(override=True)
            def rnet(self) -> Scalar:
                return 1.0


def test_a_line_named_as_something_else_of_its_class_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Market.number overrides Lines's and must say override=True$"):

        class Market(Lines):
            @line("Number", unit="count")
            def number(self) -> Scalar:  # type: ignore[override]
                return 1.0


def test_a_line_that_two_bases_declare_is_refused() -> None:
    class Stall(Lines):
        @line("Rent", unit="CNY m")
        def rent(self) -> Scalar:
            return 2.0

    with pytest.raises(
        TypeError, match=r"^Market has the line rent from Shop and Stall: it must override it$"
    ):

        class Market(Shop, Stall):
            pass

    class Both(Shop, Stall):
        @line(override=True)
        def rent(self) -> Scalar:
            return 3.0

    assert Both("both", scalars()).rent == 3.0


def test_a_line_without_a_kind_of_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"returns float, must be one of Years, WithBaseYear, Scalar"):

        @line("Rent", unit="CNY m")
        def rent(self: Lines) -> float:
            return 1.0


def test_a_line_without_a_label_or_unit_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^a line needs a label and a unit, or override=True$"):
        line("Rent")


def test_every_line_of_the_model_can_be_read_in_every_case(cases: dict[str, Inputs]) -> None:
    from xlwings_addin.valuation.model import Model

    for inputs in cases.values():
        groups = Model(Scalars(inputs.values, inputs.tables)).groups()
        assert len(groups) > 20
        for group in groups.values():
            for key in group.lines():
                assert getattr(group, key) is not None
