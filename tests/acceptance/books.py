"""The files that the project writes for Excel, but for those that a refresh or another company's build makes.

These are looked at where their tests make them, by the same rules.
"""

from __future__ import annotations

from pathlib import Path

import xlwings_addin as xa
from xlwings_addin.hosts.desktop.addin import export_desktop
from xlwings_addin.hosts.lite.export import export

ROOT = Path(__file__).parents[2]
DELIVERED = ROOT / "workbook" / "Xiaomi_Model.xlsx"


def written_files(folder: Path) -> dict[str, Path]:
    """By kind: the workbooks of both companies, one with live cases, the examples, Lite, both add-ins."""
    addin, mac = (path for path in export_desktop(folder / "desktop") if path.suffix == ".xlam")
    (lite,) = (path for path in export(folder / "lite", DELIVERED) if path.suffix == ".xlsx")
    examples = {path.stem: path for path in sorted((ROOT / "examples").glob("*.xlsx"))}
    second = ROOT / "workbook" / "Tesla_Model.xlsx"
    live = xa.build(folder / "live_cases.xlsx", live="cases")
    own = {"delivered": DELIVERED, "second_company": second, "live_cases": live, "lite": lite}
    return {**own, "addin": addin, "addin_for_mac": mac, **examples}
