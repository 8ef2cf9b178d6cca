"""The rates a case discounts at, from its scalars; rules of the inputs and valuation both ask here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from xlwings_addin.core.capital import at_parity, capm, operating_beta, weighted_cost
from xlwings_addin.core.years import Scalar

if TYPE_CHECKING:
    from xlwings_addin.inputs.company import Company
    from xlwings_addin.inputs.tables import Tables


class Scalars(Protocol):
    """What has the scalars of a case, such as `Inputs`; numbers may be arrays of draws."""

    @property
    def tables(self) -> Tables: ...

    def number(self, key: str) -> Any: ...

    def text(self, key: str) -> str: ...


@dataclass(frozen=True)
class ComputedWacc:
    """The weighted average cost of capital that the CAPM gives, and its steps; decimals."""

    beta: Scalar
    cost_of_equity: Scalar
    after_tax_cost_of_debt: Scalar
    wacc: Scalar


def computed_wacc(scalars: Scalars) -> ComputedWacc:
    """WACC by the CAPM: the raw beta weighted with 1 (Blume), cost of equity, cost of debt after tax.

    The ranges of the parameters keep the rates in the domain of `core.capital`.
    """
    weight = scalars.number("blume_weight")
    raw = scalars.number("raw_beta")
    if scalars.tables.company.parameters.has("beta_cash_share"):
        raw = operating_beta(raw, cash_share=scalars.number("beta_cash_share"))
    beta = weight * raw + (1 - weight)
    premium, country = scalars.number("equity_risk_premium"), scalars.number("country_risk")
    equity = capm(scalars.number("risk_free"), beta, premium, country)
    debt = scalars.number("cost_of_debt") * (1 - scalars.number("tax_rate"))
    return ComputedWacc(beta, equity, debt, weighted_cost(equity, debt, scalars.number("equity_weight")))


def wacc_source(company: Company, part: str) -> Literal["chosen", "typed", "computed"]:
    """Where the rate of a part comes from: chosen between printed and computed, typed, or computed.

    >>> from xlwings_addin.inputs.company import packaged_company
    >>> [wacc_source(packaged_company(), part) for part in ("devices", "vehicle")]
    ['chosen', 'typed']
    """
    if company.parameters.has(f"{part}_wacc_basis"):
        return "chosen"
    return "typed" if company.parameters.has(f"{part}_wacc") else "computed"


def wacc(scalars: Scalars, part: str) -> tuple[str, Scalar]:
    """What a message calls the rate that a part is discounted at, and the rate."""
    name, rate = _as_measured(scalars, part)
    parameters = scalars.tables.company.parameters
    if parameters.has("rate_parity") and scalars.text("rate_parity") == "yields":
        yields = {"from_yield": scalars.number("risk_free"), "to_yield": scalars.number("risk_free_local")}
        rate = at_parity(rate, **yields)
    return name, rate


def _as_measured(scalars: Scalars, part: str) -> tuple[str, Scalar]:
    """The rate of a part in the currency of the risk-free rate."""
    source = wacc_source(scalars.tables.company, part)
    if source == "typed":
        typed: Scalar = scalars.number(f"{part}_wacc")
        return f"{part}_wacc", typed
    if source == "chosen" and scalars.text(f"{part}_wacc_basis") == "printed":
        printed: Scalar = scalars.number(f"{part}_wacc_printed")
        return f"{part}_wacc_printed", printed
    return f"{part} WACC, computed,", computed_wacc(scalars).wacc
