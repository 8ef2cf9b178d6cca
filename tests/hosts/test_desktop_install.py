"""Installing on a machine that is described, not there: folders of a test in place of a user's."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from xlwings_addin.core.errors import BookError, InputError
from xlwings_addin.hosts.desktop import install as installing
from xlwings_addin.hosts.desktop.addin import addin_bytes, dll_names, modules
from xlwings_addin.hosts.desktop.install import Machine, install, uninstall
from xlwings_addin.hosts.desktop.vba import FUNCTIONS_ON_A_MAC


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine on which everything is in its place."""
    environment = tmp_path / "venv"
    environment.mkdir()
    for name in dll_names():
        (environment / name).touch()
    with_versions(monkeypatch, {"xlwings": version("xlwings"), "pywin32": "312"})
    return Machine(
        True, tmp_path / "Roaming", tmp_path / "home", environment / "Scripts" / "python.exe", environment
    )


def with_versions(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]) -> None:
    def version_of(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(installing, "version", version_of)


def files_of(machine: Machine) -> set[Path]:
    root = machine.environment.parent
    return {path for path in root.rglob("*") if path.is_file()}


def settings_of(machine: Machine) -> dict[str, str]:
    return dict(csv.reader(machine.settings.read_text().splitlines()))  # type: ignore[arg-type]


def test_install_puts_the_add_in_where_excel_looks_and_tells_it_which_python(windows: Machine) -> None:
    said = list(install(windows))
    assert windows.addin.parts[-4:] == ("Microsoft", "Excel", "XLSTART", "Xiaomi_Model_AddIn.xlam")
    assert windows.addin.read_bytes() == addin_bytes()
    assert windows.settings == windows.home / ".xiaomi_model" / "xiaomi_model.conf"
    assert settings_of(windows)["INTERPRETER_WIN"] == str(windows.python)
    assert said[0].startswith(f"Python {windows.python}, xlwings {version('xlwings')} with its DLL")
    assert [line for line in said if "Macro Settings" in line]


def test_what_the_user_has_set_stays(windows: Machine) -> None:
    windows.settings.parent.mkdir(parents=True)
    windows.settings.write_text('"SHOW CONSOLE","True"\n"INTERPRETER_WIN","C:\\old\\python.exe"\n')
    list(install(windows))
    assert settings_of(windows)["SHOW CONSOLE"] == "True"
    assert settings_of(windows)["INTERPRETER_WIN"] == str(windows.python)


@pytest.mark.parametrize("act", [install, uninstall])
def test_a_dry_run_says_the_same_and_changes_nothing(windows: Machine, act: Callable[..., Any]) -> None:
    list(install(windows))
    if act is install:
        list(uninstall(windows))
    before = files_of(windows)
    planned = [line.replace("would write", "written") for line in act(windows, dry_run=True)]
    assert files_of(windows) == before
    done = [line.replace("removed", "would remove") for line in act(windows)]
    assert [line.replace("would remove", "removed") for line in done] == [
        line.replace("would remove", "removed") for line in planned
    ]
    assert files_of(windows) != before


def test_uninstall_removes_what_install_wrote_and_nothing_else(windows: Machine) -> None:
    before = files_of(windows)
    list(install(windows))
    assert files_of(windows) - before == {windows.addin, windows.settings}
    assert [line.split(":")[0] for line in uninstall(windows)] == ["removed", "removed"]
    assert files_of(windows) == before
    assert [line.split(":")[0] for line in uninstall(windows)] == ["not there", "not there"]


def lose_dll(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine.environment / dll_names()[1]).unlink()


def other_xlwings(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with_versions(monkeypatch, {"xlwings": "0.36.0", "pywin32": "312"})


def no_xlwings(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with_versions(monkeypatch, {"pywin32": "312"})


def no_pywin32(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with_versions(monkeypatch, {"xlwings": version("xlwings")})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lose_dll, r"DLL 'xlwings64-[\d.]+dll' is not in .*venv; reinstall xlwings"),
        (other_xlwings, r"DLL 'xlwings32-[\d.]+dll' is not of xlwings 0\.36\.0"),
        (no_xlwings, r"package xlwings is not installed; pip install \"xiaomi-model\[desktop\]\""),
        (no_pywin32, r"package pywin32 is not installed; reinstall xlwings with pip"),
    ],
)
def test_what_does_not_agree_is_named_and_nothing_is_written(
    windows: Machine,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Machine, pytest.MonkeyPatch], None],
    message: str,
) -> None:
    spoil(windows, monkeypatch)
    before = files_of(windows)
    with pytest.raises(InputError, match=message):
        list(install(windows))
    assert files_of(windows) == before


def test_an_add_in_that_excel_has_open_is_not_removed_and_that_is_said(
    windows: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(install(windows))

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(BookError, match="cannot be removed: used by another process; close Excel first"):
        list(uninstall(windows))


# --- on a Mac ------------------------------------------------------------------------------------------


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A Mac on which everything is in its place."""
    versions = {"xlwings": version("xlwings"), "appscript": "1.5.0", "psutil": "7.2.2"}
    with_versions(monkeypatch, versions)
    environment = tmp_path / "venv"
    return Machine(
        False, tmp_path, tmp_path / "home", environment / "bin" / "python", environment, is_mac=True
    )


def test_on_a_mac_the_add_in_its_settings_and_the_script_stand_in_excels_folders(mac: Machine) -> None:
    """The folders are those of xlwings' VBA module and of `xlwings runpython install`."""
    said = list(install(mac))
    library = mac.home / "Library"
    startup = "Group Containers/UBF8T346G9.Office/User Content.localized/Startup.localized/Excel"
    assert mac.addin == library / startup / "Xiaomi_Model_AddIn_Mac.xlam"
    assert mac.addin.read_bytes() == addin_bytes(for_mac=True)
    assert mac.settings == library / "Containers/com.microsoft.Excel/Data/xiaomi_model.conf"
    assert settings_of(mac) == {
        "ADD_WORKBOOK_TO_PYTHONPATH": "false",
        "INTERPRETER_MAC": str(mac.python),
    }
    assert mac.script.parent == library / "Application Scripts/com.microsoft.Excel"
    called = 'AppleScriptTask("xlwings-" & XLWINGS_VERSION & ".applescript", "VbaHandler"'
    (module,) = (module.source for module in modules(for_mac=True) if module.name == "xlwings")
    assert called in module
    assert f'XLWINGS_VERSION As String = "{version("xlwings")}"' in module
    assert mac.script.name == f"xlwings-{version('xlwings')}.applescript"
    assert "on VbaHandler(" in mac.script.read_text()
    assert said[0] == f"Python {mac.python}, xlwings {version('xlwings')}, appscript 1.5.0"
    assert FUNCTIONS_ON_A_MAC in said
    assert [line for line in said if "No Mac was there" in line]


def test_on_a_mac_uninstall_leaves_the_script_that_other_add_ins_use(mac: Machine) -> None:
    list(install(mac))
    assert [line.split(":")[0] for line in uninstall(mac)] == [
        *("removed", "removed"),
        "stays, for other add-ins of xlwings",
    ]
    assert files_of(mac) == {mac.script}


def test_on_a_mac_a_dry_run_changes_nothing(mac: Machine) -> None:
    assert [line for line in install(mac, dry_run=True) if line.startswith("would write: ")] == [
        f"would write: {path}" for path in (mac.addin, mac.settings, mac.script)
    ]
    assert files_of(mac) == set()


@pytest.mark.parametrize("python", ["/Users/a b/venv/bin/python", "/Users/o'neil/bin/python", "/a/$x/python"])
def test_on_a_mac_a_python_that_no_shell_starts_without_quotes_is_refused(mac: Machine, python: str) -> None:
    with pytest.raises(InputError, match="must have neither blanks nor quotes in its path"):
        list(install(replace(mac, python=Path(python))))
    assert files_of(mac) == set()


@pytest.mark.parametrize("package", ["xlwings", "appscript", "psutil"])
def test_on_a_mac_a_package_that_is_missing_is_named(
    mac: Machine, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    present = {name: "1" for name in ("xlwings", "appscript", "psutil") if name != package}
    with_versions(monkeypatch, present)
    with pytest.raises(InputError, match=f"package {package} is not installed"):
        list(install(mac))


@pytest.mark.parametrize("act", [install, uninstall])
def test_on_other_systems_it_says_what_to_do_there(tmp_path: Path, act: Callable[..., Any]) -> None:
    machine = Machine(False, tmp_path, tmp_path, tmp_path / "python", tmp_path)
    said = "\n".join(act(machine))
    assert "export libreoffice" in said
    assert "xiaomi-model serve" in said
    assert not list(tmp_path.iterdir())


def test_this_machine_is_described_by_where_its_things_are() -> None:
    machine = Machine.here()
    assert machine.python.exists()
    assert machine.environment.is_dir()
    assert machine.home == Path.home()
