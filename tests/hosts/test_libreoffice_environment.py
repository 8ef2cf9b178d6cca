"""The project's Python, found from inside LibreOffice or not, in its process or in one of its own."""

from __future__ import annotations

import shlex
import shutil
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

import xlwings_addin as xa
from tests.hosts.calc_office import Office, running_office

pytestmark = pytest.mark.libreoffice
SETTING = "XIAOMI_MODEL_PYTHON"


@pytest.fixture(scope="module")
def without_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment in which nothing is installed."""
    folder = tmp_path_factory.mktemp("empty environment")
    venv.create(folder)
    return folder


@pytest.mark.parametrize("place", ["nowhere", "without package", "no Python"])
def test_a_missing_environment_is_said_in_words_and_never_as_a_figure(
    libreoffice: Path, tmp_path: Path, delivered: Path, without_package: Path, place: str
) -> None:
    text = tmp_path / "text"
    text.write_text("no program", encoding="utf-8")
    named, message = {
        "nowhere": (tmp_path / "none", "there is no Python at"),
        "without package": (without_package, "has no xiaomi-model; install it there"),
        "no Python": (text, "does not run as a Python"),
    }[place]
    with running_office(libreoffice, tmp_path, {SETTING: str(named)}) as office:
        office.open(shutil.copy(delivered, tmp_path), True)
        first = office.titles()[0]
        office.put({f"Z{row}": "=VAL.CAPITAL_BLUME_BETA(1.15)" for row in range(1, 21)}, first)
        office.put({"Y1": "=SUM(VAL.DCF_DISCOUNT_FACTORS(0.1;3))", "Y2": "=VAL.VAL_VERSION()"}, first)
        assert {value for (value,) in office.values("Z1:Z20", first)} == {"#NAME?"}
        (array,), (version,) = office.values("Y1:Y2", first)
        assert array == "#NAME?"
        assert message in version
        assert str(named) in version
        done, answer = office.dispatch("refresh")
        assert not done
        assert answer == f"Nothing was changed: {version}"
        assert office.titles()[-1] != "Changes"
        assert [version in line for line in office.log().splitlines()] == [True, True]  # cells, then command


# --- an interpreter of another version ----------------------------------------------------------------

OTHER_VERSION = r"""#!/bin/sh
if [ "$1" = -S ]
then PYTHON "$@" | sed 's/"version": \[[0-9, ]*\]/"version": [3, 99]/'
else exec PYTHON "$@"
fi
"""
"""The project's interpreter, which says that it is of another version; nothing else is different."""


@pytest.fixture(scope="module")
def office(libreoffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("other version")
    python = folder / "python"
    python.write_text(OTHER_VERSION.replace("PYTHON", shlex.quote(sys.executable)), encoding="utf-8")
    python.chmod(0o755)
    with running_office(libreoffice, folder, {SETTING: str(python)}) as office:
        yield office


def test_functions_run_in_a_process_of_their_own(office: Office) -> None:
    office.open()
    office.put({"A1": 100.0, "B1": 110.0, "D1": "=1/0"})
    office.put(
        {
            "A2": "=VAL.DCF_PRESENT_VALUE(A1:B1;0.1)",
            "A3": "=SUM(VAL.DCF_DISCOUNT_FACTORS(0.25;3))",
            "A4": "=VAL.DCF_TERMINAL_VALUE(100;0.02;0.03)",
            "A5": "=VAL.VAL_LAST_ERROR(A4)",
        }
    )
    # 100 / 1.1 + 110 / 1.21, and the factors 0.8, 0.64 and 0.512, by hand.
    (value,), (factors,), (error,), (message,) = office.values("A2:A5")
    assert value == pytest.approx(181.8181818181818)
    assert factors == pytest.approx(1.952)
    assert (error, message) == ("#NUM!", "rate 2.00% must exceed growth 3.00%")


def test_commands_work_from_a_process_of_their_own(office: Office, delivered: Path, tmp_path: Path) -> None:
    book = tmp_path / "for calc.xlsx"
    xa.recalculate(delivered, book, target="libreoffice")
    office.open(str(book), True)
    done, text = office.dispatch("refresh")
    assert done, text
    assert text.startswith("Inputs updated: 0; changes of yours kept: 0.")
    assert office.titles()[-1] == "Changes"
    done, text = office.dispatch("check")
    assert done, text
    assert text.startswith("OK: ")
