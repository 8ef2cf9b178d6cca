"""What article 004 prints, held against the model: a block of Checks."""

from __future__ import annotations

from collections.abc import Callable

from xlwings_addin.inputs.tables import Row
from xlwings_addin.sheets.spec import FIRST_COLUMN, Block, Columns, Context, Entry, Layout, Line
from xlwings_addin.valuation.xiaomi import Results

COLUMNS: Layout = {
    "model": Columns(FIRST_COLUMN, ("Model",), 15.0),
    "printed": Columns(FIRST_COLUMN + 1, ("Printed",), 14.0),
    "status": Columns(FIRST_COLUMN + 2, ("Status",), 12.0, align="centre"),
    "low": Columns(FIRST_COLUMN + 3, ("At least",), 12.0),
    "high": Columns(FIRST_COLUMN + 4, ("At most",), 12.0),
}

_PRINTED: tuple[tuple[str, str, str, Callable[[Results], float]], ...] = (
    (
        "vehicle_final_revenue",
        "Vehicles: revenue in 2039",
        "{vehicle_ramp.final_revenue_usd}",
        lambda r: r.vehicle_ramp.final_revenue_usd,
    ),
    (
        "vehicle_final_operating_income",
        "Vehicles: operating income in 2039",
        "{vehicle_ramp.final_operating_income_usd}",
        lambda r: r.vehicle_ramp.final_operating_income_usd,
    ),
    (
        "vehicle_value_usd",
        "Vehicles: value",
        "{sotp.vehicle:usd}",
        lambda r: r.sotp.vehicle.usd,
    ),
    (
        "vehicle_value_per_share_usd",
        "Vehicles: value a share",
        "{sotp.vehicle:per_share_usd}",
        lambda r: r.sotp.vehicle.per_share_usd,
    ),
    (
        "vehicle_value_per_share_hkd",
        "Vehicles: value a share",
        "{sotp.vehicle:per_share}",
        lambda r: r.sotp.vehicle.per_share,
    ),
    (
        "devices_value_per_share_hkd",
        "Devices: value a share",
        "{sotp.devices:per_share}",
        lambda r: r.sotp.devices.per_share,
    ),
    (
        "devices_and_net_cash_per_share_hkd",
        "Devices and net cash a share",
        "{sotp.devices_and_net_cash_per_share}",
        lambda r: r.sotp.devices_and_net_cash_per_share,
    ),
)
PRINTED = "printed_"
"""What the keys of these lines begin with."""
PRINTED_KEYS = {f"article_004_{key}" for key, *_ in _PRINTED}
DEVICES_ALLOWANCE = 0.01
"""The article averages cash flows it does not list: its value of devices is matched within 1%."""
NEARLY = 0.5
"""How far under a figure printed as "nearly" so much the model's may lie."""

THOUSAND = {"USD bn": ("USD m", 1000.0)}


def blocks(context: Context) -> list[Block]:
    """The block, where the company has cases that replicate the article."""
    if "article_004" not in context.company.replicates:
        return []
    return [Block("Article 004, as printed", lines(context), COLUMNS)]


def lines(context: Context) -> list[Line]:
    """Figures article 004 prints, against the model; they bind only a case that replicates the article."""

    def line(key: str, label: str, formula: str, model: Callable[[Results], float]) -> Line:
        row = _printed_row(context, key)
        unit, scale = THOUSAND.get(row.unit, (row.unit, 1.0))
        low, high, how = _match(key, row)
        low, high = low * scale, high * scale

        def status(r: Results) -> str:
            if r.inputs.text("replicates") != "article_004":
                return "n/a"
            return "OK" if low <= model(r) <= high else "FAIL"

        own = f"{PRINTED}{key}"
        within = f"AND({{{own}:model}}>={{{own}:low}},{{{own}:model}}<={{{own}:high}})"
        limit_unit = f"limit {unit}"
        return Line(
            own,
            label,
            unit,
            {
                "model": Entry(model, formula),
                "printed": Entry(lambda r: row.number * scale, kind="text"),
                "low": Entry(lambda r: low, kind="text", unit=limit_unit),
                "high": Entry(lambda r: high, kind="text", unit=limit_unit),
                "status": Entry(
                    status,
                    f'IF({{inputs.replicates}}="article_004",IF({within},"OK","FAIL"),"n/a")',
                    unit="status",
                ),
            },
            note=f"{row.note or f'printed as {row.text} {row.unit}'}; {how}",
        )

    return [line(*printed) for printed in _PRINTED]


def _printed_row(context: Context, key: str) -> Row:
    """The row of a printed figure, whichever period it is for."""
    name = f"article_004_{key}"
    periods = context.tables.periods(name) or ("",)
    return context.tables.row(name, periods[0])


def _match(key: str, row: Row) -> tuple[float, float, str]:
    """Where the model's figure must lie to match a printed one, and what that is called."""
    printed, half_digit = row.number, 0.5 * 10.0**-row.decimals
    if key == "devices_value_per_share_hkd":
        off = DEVICES_ALLOWANCE * printed
        return printed - off, printed + off, "matched within 1%, for the averaged years are not listed"
    if "nearly" in row.note:
        return printed - NEARLY, printed, "matched from half a dollar under it"
    return printed - half_digit, printed + half_digit, "matched to half its last digit"
