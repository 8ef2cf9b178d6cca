"""The extension file, and what runs inside LibreOffice, as far as both can be looked at without it."""

from __future__ import annotations

import ast
import dataclasses
import io
import json
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from xlwings_addin import cli
from xlwings_addin.functions import registry
from xlwings_addin.functions.registry import REGISTRY, Kind
from xlwings_addin.hosts.libreoffice import extension
from xlwings_addin.hosts.libreoffice.extension import FILE_NAME

INSIDE = extension.INSIDE
MANIFEST = "{http://openoffice.org/2001/manifest}"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(INSIDE / "pythonpath")
    return import_module("xiaomi_model_calc.environment")


def parts() -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(extension.extension())) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


# --- the file -----------------------------------------------------------------------------------------


def test_the_command_writes_the_extension_and_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["xiaomi-model", "export", "libreoffice", "--out", str(tmp_path / "new"), "--json"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert done.value.code in (0, None)
    written = tmp_path / "new" / FILE_NAME
    assert json.loads(capsys.readouterr().out) == {"file": str(written), "python": sys.executable}
    assert written.read_bytes() == extension.extension()


def test_the_same_registry_gives_the_same_bytes_and_another_text_gives_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = extension.extension()
    assert extension.extension() == before
    changed = dataclasses.replace(REGISTRY["DCF_XNPV"], summary="Another summary.")
    monkeypatch.setitem(registry.REGISTRY, "DCF_XNPV", changed)
    assert extension.extension() != before


def test_the_manifest_names_every_file_that_libreoffice_must_register() -> None:
    files = parts()
    manifest = ElementTree.fromstring(files["META-INF/manifest.xml"])
    listed = {entry.attrib[f"{MANIFEST}full-path"] for entry in manifest}
    assert listed < set(files)
    registered = {name for name in files if name.endswith((".xcu", ".idl")) or name == "component.py"}
    assert listed == registered


@pytest.mark.parametrize("name", REGISTRY)
def test_a_function_has_a_method_with_its_arguments(name: str) -> None:
    entry = REGISTRY[name]
    (method,) = (line for line in parts()["functions.idl"].splitlines() if f" {name}(" in line)
    assert method.count("[in]") == len(entry.parameters)
    several = entry.returns_kind in (Kind.ROW, Kind.NUMBERS, Kind.TABLE, Kind.DATES)
    assert method.strip().startswith("sequence< sequence<any> >" if several else "any")
    assert "_" not in method.partition("(")[2]  # which UNOIDL does not allow in an argument


def test_no_two_arguments_of_a_function_get_one_name() -> None:
    for entry in REGISTRY.values():
        names = [extension._identifier(parameter) for parameter in entry.parameters]
        assert len(set(names)) == len(names)


# --- what runs inside ---------------------------------------------------------------------------------


def test_what_runs_inside_is_written_for_python_3_8_and_its_library_alone() -> None:
    files = sorted(INSIDE.rglob("*.py"))
    assert len(files) == 5
    importable = {*sys.stdlib_module_names, "uno", "unohelper", "com", "xiaomi", "xiaomi_model_calc"}
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                imported = str(module).partition(".")[0]
                inner = "xlwings_addin" if file.name == "environment.py" else ""  # once it has been found
                assert imported in {*importable, inner}, f"{file.name}:{node.lineno}"


def test_the_folder_of_an_environment_means_its_interpreter(environment: ModuleType, tmp_path: Path) -> None:
    assert environment.interpreter(str(tmp_path)) is None
    python = tmp_path / "Scripts" / "python.exe"
    python.parent.mkdir()
    python.touch()
    assert environment.interpreter(str(tmp_path)) == environment.interpreter(str(python)) == str(python)


def test_a_process_that_has_ended_is_missed(environment: ModuleType) -> None:
    service = environment.ProcessOfItsOwn(sys.executable)
    assert service.call("CAPITAL_BLUME_BETA", (1.15,)) == pytest.approx(1.1)
    service._process.kill()
    service._process.wait()
    with pytest.raises(environment.MissingEnvironmentError, match="the project's Python has ended"):
        service.call("CAPITAL_BLUME_BETA", (1.15,))
