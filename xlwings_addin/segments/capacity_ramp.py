"""Vehicles built up: deliveries under capacity, price, cost by learning, tax after losses, reinvestment."""

from __future__ import annotations

import numpy as np

from xlwings_addin.core.dcf import asset_balances, loss_balances
from xlwings_addin.core.growth import logistic_midpoint_from, logistic_path
from xlwings_addin.core.vehicle import learnt_cost
from xlwings_addin.core.years import (
    Figure,
    after,
    changes,
    compounded,
    fade_positions,
    faded,
    floored,
    last,
    ratio,
    running_sum,
    total,
)
from xlwings_addin.inputs.parameters import PLANTS
from xlwings_addin.segments.lines import ModelLine, Scalar, WithBaseYear, Years, line
from xlwings_addin.segments.needs import ASSUMED, GROWTH, HORIZON, Need, number, rate, year, years
from xlwings_addin.segments.stream import CrossChecked

NEVER = "never"
"""What stands for the year capacity binds in, where demand never exceeds it."""


def _plant(n: int) -> ModelLine[WithBaseYear]:
    """The capacity of a plant: all of it from its first year on."""

    def plant(self: CapacityRamp) -> WithBaseYear:
        return self.plant_open(n) * self.number(f"plant_{n}_capacity")

    plant.__name__ = f"plant_{n}"
    return line(f"Capacity of plant {n}", unit="m vehicles")(plant)


def _recurring(flow: Figure, new_plants: Figure, tax_saved: Figure) -> Figure:
    """Free cash flow as if no plant opened, and no losses of earlier years saved tax."""
    return flow + new_plants - tax_saved


class CapacityRamp(CrossChecked):
    """From what the market asks for, as far as plants can make it, to cash.

    Without deliveries in the base year there is nothing to start from, and no year is forecast.
    """

    @property
    def years_forecast(self) -> int:
        return self.inputs.count(f"{self.prefix}_horizon") if self.base.has_deliveries else 0

    @line("There are deliveries to start from", unit="flag")
    def started(self) -> Scalar:
        return float(self.base.has_deliveries)

    # Deliveries -------------------------------------------------------------------------------------------

    @line("Year in which demand is half its level", unit="years")
    def midpoint(self) -> Scalar:
        """counted from the base year, so that the curve passes through its deliveries"""
        if not self.started:
            return 0.0
        level = self.base.of("deliveries")
        return logistic_midpoint_from(
            level, self.number("demand_saturation"), self.number("demand_steepness")
        )

    @line("Demand", unit="m vehicles")
    def demand(self) -> WithBaseYear:
        """logistic: level / (1 + exp(steepness x (midpoint - year)))"""
        if not self.started:
            return after(self.base.of("deliveries"), np.zeros((0, 1)))
        saturation, steepness = self.number("demand_saturation"), self.number("demand_steepness")
        return logistic_path(self.base.of("deliveries"), saturation, steepness, years=self.years_forecast)

    def plant_open(self, n: int) -> WithBaseYear:
        """1 in the years in which a plant counts, 0 before."""
        years = self.timeline.year[: self.years_forecast + 1]
        open_in = (years >= self.inputs.count(f"plant_{n}_year")).astype(float)
        open_in[0] *= self.started
        return open_in

    plant_1, plant_2, plant_3, plant_4, plant_5 = map(_plant, PLANTS)

    @line("Capacity", unit="m vehicles")
    def capacity(self) -> WithBaseYear:
        return total([self.plant_1, self.plant_2, self.plant_3, self.plant_4, self.plant_5])

    @line("Deliveries", unit="m vehicles")
    def deliveries(self) -> WithBaseYear:
        """the smaller of demand and capacity"""
        served: WithBaseYear = np.minimum(self.demand, self.capacity)
        return served

    @line("Demand not met", unit="m vehicles")
    def unmet_demand(self) -> WithBaseYear:
        """lost, not carried over"""
        return self.demand - self.deliveries

    @line("Utilisation", unit="ratio")
    def utilisation(self) -> WithBaseYear:
        return ratio(self.deliveries, self.capacity)

    @line("Capacity binds", unit="flag")
    def capacity_binds(self) -> Years:
        return (self.unmet_demand[1:] > 0).astype(np.float64)

    @line(
        "First year in which capacity binds",
        unit="year",
        undefined="demand never exceeds capacity",
        word=NEVER,
    )
    def binding_year(self) -> Scalar:
        binds = self.capacity_binds > 0
        if not len(binds):
            return np.nan
        first = self.number("base_year") + 1 + np.argmax(binds, axis=0)
        return np.where(binds.any(axis=0), first, np.nan)

    @line("Deliveries of the last forecast year", unit="m vehicles")
    def final_deliveries(self) -> Scalar:
        return last(self.deliveries)

    # Revenue ----------------------------------------------------------------------------------------------

    @line("Position between base year and long run", unit="ratio")
    def fade_position(self) -> WithBaseYear:
        """0 in the base year, 1 from the end of the fade on; price, margin and costs follow it"""
        return fade_positions(self.years_forecast, self.inputs.count(f"{self.prefix}_fade_years"))

    @line("Change of the average price", unit="rate")
    def price_change(self) -> WithBaseYear:
        return faded(self.own("price_change_start"), self.own("price_change_end"), self.fade_position)

    @line("Average price", unit="{currency} per vehicle")
    def price(self) -> WithBaseYear:
        return compounded(self.base.of(f"{self.prefix}_price"), self.price_change[1:])

    @line("Revenue from vehicles", unit="{currency} m")
    def vehicle_revenue(self) -> WithBaseYear:
        """deliveries x average price"""
        return self.deliveries * self.price

    @line("Other revenue of the segment", unit="{currency} m")
    def other_revenue(self) -> WithBaseYear:
        return self.vehicle_revenue * self.own("other_revenue_share")

    @line("Revenue", unit="{currency} m")
    def revenue(self) -> WithBaseYear:
        return self.vehicle_revenue * (1 + self.own("other_revenue_share"))

    # Gross profit: each doubling of everything made takes a share off the cost of one more ------------------

    @line("All vehicles delivered", unit="m vehicles", beyond="last")
    def cumulative_deliveries(self) -> WithBaseYear:
        return running_sum(self.deliveries, self.base.of("earlier_deliveries"))

    @line("Cost of one vehicle", unit="{currency} per vehicle")
    def unit_cost(self) -> WithBaseYear:
        """Wright: each doubling of all vehicles made takes the learning rate off"""
        revenue_per_vehicle = self.base.of(f"{self.prefix}_price") * (1 + self.own("other_revenue_share"))
        first = revenue_per_vehicle * (1 - self.base.of(f"{self.prefix}_gross_margin"))
        if not self.started:
            return after(first, np.zeros((0, 1)))
        made = self.cumulative_deliveries
        return learnt_cost(first, made, made[0], self.own("learning_rate"))

    @line("Gross margin that learning allows", unit="ratio")
    def learnt_margin(self) -> WithBaseYear:
        revenue_per_vehicle = self.price * (1 + self.own("other_revenue_share"))
        return 1 - ratio(self.unit_cost, revenue_per_vehicle)

    @line("Gross margin that competition leaves", unit="ratio")
    def margin_ceiling(self) -> WithBaseYear:
        """from the base year's margin to the ceiling"""
        start = self.base.of(f"{self.prefix}_gross_margin")
        return faded(start, self.own("gross_margin_ceiling"), self.fade_position)

    @line("Gross margin", unit="ratio")
    def gross_margin(self) -> WithBaseYear:
        """the smaller of the two"""
        margins: WithBaseYear = np.minimum(self.learnt_margin, self.margin_ceiling)
        margins[0] = self.base.of(f"{self.prefix}_gross_margin") * self.started
        return margins

    @line("Plants that run", unit="count")
    def plants_running(self) -> WithBaseYear:
        plants = (self.plant_1, self.plant_2, self.plant_3, self.plant_4, self.plant_5)
        return total([(plant > 0).astype(float) for plant in plants])

    @line("Transport", unit="{currency} m")
    def transport(self) -> WithBaseYear:
        """deliveries x cost of one with one plant / plants that run; the base year's is in its margin"""
        key = f"{self.prefix}_transport_cost"
        cost = self.number(key) if self.inputs.has(key) else 0.0
        path = ratio(self.deliveries, self.plants_running) * cost
        path[0] = 0.0
        return path

    @line("Gross profit", unit="{currency} m")
    def gross_profit(self) -> WithBaseYear:
        return self.gross_margin * self.revenue - self.transport

    # Costs below it, from the base year's ratios to the long run's ------------------------------------------

    @line("Selling and administrative costs to revenue", unit="ratio")
    def overhead_ratio(self) -> WithBaseYear:
        start, end = self.own("overhead_ratio_start"), self.own("overhead_ratio_end")
        return faded(start * self.started, end, self.fade_position)

    @line("Selling and administrative costs", unit="{currency} m")
    def overhead(self) -> WithBaseYear:
        return self.revenue * self.overhead_ratio

    @line("Research and development to revenue", unit="ratio")
    def research_ratio(self) -> WithBaseYear:
        """AI and other new initiatives among it"""
        start = ratio(self.base.of(f"{self.prefix}_research"), self.revenue[0])
        return faded(start, self.own("research_ratio_end"), self.fade_position)

    @line("Research and development", unit="{currency} m")
    def research(self) -> WithBaseYear:
        return self.revenue * self.research_ratio

    @line("Operating profit (EBIT)", unit="{currency} m")
    def ebit(self) -> WithBaseYear:
        """may be a loss"""
        return self.gross_profit - self.overhead - self.research + self.ebit_shock

    @line("Operating margin", unit="ratio")
    def ebit_margin(self) -> WithBaseYear:
        return ratio(self.ebit, self.revenue)

    # Tax, once the losses of earlier years are used up ------------------------------------------------------

    @line("Losses carried forward", unit="{currency} m")
    def losses(self) -> WithBaseYear:
        """at the end of the year; they do not expire here"""
        return loss_balances(self.own("opening_losses") * self.started, self.ebit[1:])

    @line("Losses used", unit="{currency} m")
    def losses_used(self) -> Years:
        used: Years = np.minimum(self.losses[:-1], floored(self.ebit[1:]))
        return used

    @line("Taxable income", unit="{currency} m")
    def taxable_income(self) -> Years:
        return floored(self.ebit[1:]) - self.losses_used

    @line("Tax", unit="{currency} m")
    def tax(self) -> Years:
        return self.taxable_income * self.number("tax_rate")

    @line("NOPAT", unit="{currency} m")
    def nopat(self) -> WithBaseYear:
        """after the tax that is paid"""
        return after(0.0, self.ebit[1:] - self.tax)

    @line("NOPAT, fully taxed", unit="{currency} m")
    def recurring_nopat(self) -> WithBaseYear:
        """without the tax that losses of earlier years save"""
        return after(0.0, self.nopat[1:] - self.losses_used * self.number("tax_rate"))

    # Reinvestment and cash ----------------------------------------------------------------------------------

    @line("New capacity", unit="m vehicles")
    def new_capacity(self) -> Years:
        return floored(changes(self.capacity))

    @line("Capital expenditure for it", unit="{currency} m")
    def growth_capex(self) -> Years:
        """in the year the plant opens"""
        return self.new_capacity * self.own("capex_per_capacity")

    @line("Other capital expenditure", unit="{currency} m")
    def maintenance_capex(self) -> Years:
        return self.own("maintenance_capex_ratio") * self.revenue[1:]

    @line("Plant and tools, net", unit="{currency} m")
    def net_assets(self) -> WithBaseYear:
        spent = self.growth_capex + self.maintenance_capex
        return asset_balances(self.own("opening_assets") * self.started, spent, self.own("depreciation_rate"))

    @line("Depreciation", unit="{currency} m")
    def depreciation(self) -> Years:
        """within the costs above"""
        return self.net_assets[:-1] * self.own("depreciation_rate")

    @line(override=True)
    def ebitda(self) -> WithBaseYear:
        return after(0.0, self.ebit[1:] + self.depreciation)

    @line("Net working capital", unit="{currency} m")
    def working_capital(self) -> WithBaseYear:
        """days of revenue; negative where suppliers pay for stocks"""
        return self.revenue * self.own("working_capital_days") / self.number("days_per_year")

    @line("Increase of working capital", unit="{currency} m")
    def change_in_working_capital(self) -> Years:
        return changes(self.working_capital)

    @line(override=True)
    def fcff(self) -> WithBaseYear:
        """NOPAT + depreciation - capital expenditure - increase of working capital; what is left of the base
        year counts for nothing: the segment about breaks even in it
        """
        spent = self.growth_capex + self.maintenance_capex
        return after(0.0, self.nopat[1:] + self.depreciation - spent - self.change_in_working_capital)

    @line("Free cash flow that recurs", unit="{currency} m")
    def recurring_fcff(self) -> WithBaseYear:
        """without that tax and without a plant that opens: the terminal value rests on it"""
        saved = self.losses_used * self.number("tax_rate")
        return after(0.0, _recurring(self.fcff[1:], self.growth_capex, saved))

    @line(override=True)
    def cash_earned(self) -> Years:
        return self.nopat[1:] - changes(self.net_assets) - changes(self.working_capital)

    def lasting_flow(self) -> Scalar:
        if not self.started:
            return 0.0
        saved = last(self.losses_used) * self.number("tax_rate")
        return _recurring(last(self.fcff), last(self.growth_capex), saved)

    def lasting_profit(self) -> Scalar:
        return last(self.recurring_nopat)

    @property
    def profits(self) -> WithBaseYear:
        return self.nopat


TEMPLATE = CapacityRamp
NEEDS: tuple[Need, ...] = (
    HORIZON,
    GROWTH,
    years("{part}_fade_years", "Years to the long run, {label}", "Of prices and cost ratios.", least=1),
    number(
        "demand_saturation",
        "Demand a year, in the end",
        "m vehicles",
        "Level the logistic curve of demand approaches.",
        above=0,
    ),
    number("demand_steepness", "Steepness of demand", "per year", "Of the logistic curve.", above=0, most=5),
    number(
        "assumed_{part}_deliveries", "Deliveries of a quarter not reported", "m vehicles", ASSUMED, least=0
    ),
    number(
        "assumed_{part}_price",
        "Average price in a quarter not reported",
        "{currency} per vehicle",
        ASSUMED,
        least=0,
    ),
    number(
        "units_per_million",
        "Units in a million",
        "units",
        "Turns millions over units into money a unit.",
        least=1_000_000,
        most=1_000_000,
    ),
    rate(
        "{part}_price_change_start",
        "Change of price a year, start of the fade",
        "Of the average price.",
        above=-1,
        most=1,
    ),
    rate(
        "{part}_price_change_end",
        "Change of price a year, long run",
        "Of the average price.",
        above=-1,
        most=1,
    ),
    rate(
        "{part}_other_revenue_share",
        "Other revenue of the segment",
        "Over revenue from vehicles.",
        least=0,
        most=1,
    ),
    rate(
        "{part}_learning_rate",
        "Learning rate",
        "What each doubling takes off the cost of one more.",
        least=0,
        below=1,
    ),
    rate(
        "{part}_gross_margin_ceiling",
        "Gross margin, ceiling",
        "What is learnt beyond it goes to the buyer.",
        least=-1,
        most=1,
    ),
    rate(
        "{part}_overhead_ratio_start",
        "Overheads, base year, {label}",
        "Over segment revenue.",
        least=0,
        most=1,
    ),
    rate(
        "{part}_overhead_ratio_end", "Overheads, long run, {label}", "Over segment revenue.", least=0, most=1
    ),
    rate(
        "{part}_research_ratio_end", "Research, long run, {label}", "Over segment revenue.", least=0, most=1
    ),
    number(
        "{part}_opening_losses",
        "Losses brought forward, {label}",
        "{currency} m",
        "Set against the first profits.",
        least=0,
    ),
    number(
        "{part}_opening_assets",
        "Plant and tools at the start, {label}",
        "{currency} m",
        "Net book value.",
        least=0,
    ),
    rate(
        "{part}_depreciation_rate",
        "Depreciation rate, {label}",
        "On net plant at the start of the year.",
        least=0,
        most=1,
    ),
    number(
        "{part}_capex_per_capacity",
        "Capital expenditure for new capacity",
        "{currency} per vehicle",
        "In the year it opens.",
        least=0,
    ),
    rate(
        "{part}_maintenance_capex_ratio",
        "Other capital expenditure, {label}",
        "Over segment revenue.",
        least=0,
        most=1,
    ),
    number(
        "{part}_working_capital_days",
        "Working capital, {label}",
        "days",
        "Net, in days of revenue.",
        least=-365,
        most=365,
    ),
    rate(
        "{part}_return_on_new_capital",
        "Return on new capital, {label}",
        "After tax, for ever.",
        above=0,
        most=5,
    ),
    number(
        "{part}_exit_multiple", "Exit multiple, {label}", "multiple", "Enterprise value over EBITDA.", least=0
    ),
    *(
        need
        for n in PLANTS
        for need in (
            number(
                f"plant_{n}_capacity", f"Plant {n}, capacity", "m vehicles", "A year; 0 for none.", least=0
            ),
            year(f"plant_{n}_year", f"Plant {n}, first year", "The first year its whole capacity counts."),
        )
    ),
)
