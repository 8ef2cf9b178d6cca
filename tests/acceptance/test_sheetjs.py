"""SheetJS sees the values that our files store.

Two differences are SheetJS's own. It has no cell for one that holds a formula and no value, nor for an empty
text. It gives an error by its number, which `sheetjs_reader` turns into its text.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.books import written_files
from tests.acceptance.sheetjs_reader import ERRORS, SheetJs, installed
from xlwings_addin.xlsx.package import CellKey, CellValue, read_package, read_values, write_values

KINDS = (
    *("delivered", "second_company", "live_cases", "lite", "addin", "addin_for_mac"),
    *("two_stage_dcf", "car_maker_ramp", "conglomerate_sotp"),
)


@pytest.fixture(scope="module")
def sheetjs() -> SheetJs:
    return installed()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written_files(tmp_path_factory.mktemp("written"))


def stored(path: Path) -> dict[CellKey, CellValue]:
    """What a file stores; dates are serial numbers in it."""
    return {at: value for at, value in read_values(path).items() if value not in (None, "")}


def differences(sheetjs: SheetJs, path: Path) -> dict[CellKey, tuple[object, object]]:
    """Cells that SheetJS reads as another value, or of another type, than the file stores."""
    ours, theirs = stored(path), {at: value for at, value in sheetjs.values(path).items() if value != ""}
    return {
        at: (ours.get(at), theirs.get(at))
        for at in ours.keys() | theirs.keys()
        if ours.get(at) != theirs.get(at)
        or isinstance(ours.get(at), bool) is not isinstance(theirs.get(at), bool)
    }


def test_every_kind_of_file_is_read(files: dict[str, Path]) -> None:
    assert set(files) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_sheetjs_sees_the_values_that_are_stored(kind: str, sheetjs: SheetJs, files: dict[str, Path]) -> None:
    assert len(stored(files[kind])) > (3 if kind.startswith("addin") else 100)
    assert differences(sheetjs, files[kind]) == {}


def test_sheetjs_sees_errors_booleans_dates_and_texts_as_they_are(
    sheetjs: SheetJs, files: dict[str, Path], tmp_path: Path
) -> None:
    """Values of every type, stored in cells that the workbook did not have."""
    numbers = (0.1 + 0.2, 5e-324, -1.7976931348623157e308, 2.0**53 + 2, 45359.0, 45359.75)
    texts = ("小米 <&>", "  two  blanks\nand a line", "#N/A?", "007", "=1+1", "TRUE")
    values: tuple[CellValue, ...] = (*ERRORS.values(), True, False, *numbers, *texts)
    package = read_package(files["two_stage_dcf"])
    cells = {(package.titles[0], f"AA{row}"): value for row, value in enumerate(values, start=1)}
    path = tmp_path / "types.xlsx"
    path.write_bytes(write_values(package.original, cells, only_formulas=False, add_cells=True))
    seen = sheetjs.values(path)
    assert {at: seen.get(at) for at in cells} == cells
    assert differences(sheetjs, path) == {}


def test_a_value_that_sheetjs_sees_otherwise_is_named(
    sheetjs: SheetJs, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = next(at for at, value in stored(files["delivered"]).items() if isinstance(value, float))
    seen = sheetjs.values(files["delivered"])
    monkeypatch.setattr(sheetjs, "values", lambda _: {**seen, at: float(str(seen[at])) * (1 + 1e-15)})
    assert differences(sheetjs, files["delivered"]).keys() == {at}
