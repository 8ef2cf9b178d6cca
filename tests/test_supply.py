"""What the project brings along: every licence is named, and none that restricts comes unasked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply import licences
from supply.licences import BASE, DEFAULT, EXTRAS, TABLE, Dependency, dependencies
from supply.lock import LOCKS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def by_package() -> dict[str, Dependency]:
    return {canonicalize_name(dependency.name): dependency for dependency in dependencies()}


def _declared() -> dict[str, list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {BASE: project["dependencies"], **project["optional-dependencies"]}
    return {extra: [Requirement(line) for line in lines] for extra, lines in groups.items()}


def test_every_extra_is_looked_at(by_package: dict[str, Dependency]) -> None:
    declared = _declared()
    assert declared.keys() == {BASE, *EXTRAS}
    for extra, requirements in declared.items():
        for requirement in requirements:
            assert extra in by_package[canonicalize_name(requirement.name)].extras


def test_dependencies_of_dependencies_count(by_package: dict[str, Dependency]) -> None:
    """httpx brings httpcore, and oletools pcodedmp, as their own metadata say."""
    assert BASE in by_package["httpcore"].extras
    assert by_package["pcodedmp"].extras == ("dev",)


def test_nothing_restricted_comes_with_a_default_extra(by_package: dict[str, Dependency]) -> None:
    asked = {
        name: dependency
        for name, dependency in by_package.items()
        if dependency.version and not set(DEFAULT).isdisjoint(dependency.extras)
    }
    assert {"numpy", "openpyxl", "xlwings"} <= asked.keys()
    assert [str(dependency) for dependency in asked.values() if dependency.is_restricted] == []


def test_what_is_restricted_is_where_it_is_meant_to_be(by_package: dict[str, Dependency]) -> None:
    restricted = {name: entry.extras for name, entry in by_package.items() if entry.is_restricted}
    assert restricted == {"pcodedmp": ("dev",), "xlwings-server": ("server", "dev")}


@pytest.mark.parametrize(
    ("licence", "restricted"),
    [
        ("GPL", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("AGPL-3.0-only", True),
        ("LGPL-2.1", True),
        ("xlwings PRO License OR PolyForm Noncommercial License 1.0.0", True),
        ("MIT OR Apache-2.0", False),
        ("MPL-2.0", False),
        ("BSD 3-clause", False),
    ],
)
def test_a_licence_that_restricts_is_recognised(licence: str, restricted: bool) -> None:
    assert Dependency("name", "1", licence, (BASE,)).is_restricted is restricted


def test_the_table_of_licences_is_that_of_this_environment() -> None:
    """`python -m supply.licences` writes it after a change of what is installed."""
    assert TABLE.read_text(encoding="utf-8") == licences.table()


def test_the_lock_names_everything_installed(by_package: dict[str, Dependency]) -> None:
    locked = _locked("requirements-dev.lock")
    assert len(locked) > 50
    missing = {name: entry.version for name, entry in by_package.items() if entry.version} | locked
    assert missing == locked


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_file_has_its_hash_and_both_locks_agree(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) == len(re.findall(r"^[\w.-]+(?:\[.*\])?==", text, re.MULTILINE)) > 40
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert _locked("requirements.lock").items() <= _locked("requirements-dev.lock").items()
    assert {"hatchling", "numpy", "xlwings"} <= _locked(name).keys()


def test_the_lock_that_users_install_brings_nothing_restricted(by_package: dict[str, Dependency]) -> None:
    brought = [by_package[name] for name in _locked("requirements.lock") if name in by_package]
    assert len(brought) > 30
    assert [str(dependency) for dependency in brought if dependency.is_restricted] == []


def _locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    by_package = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in by_package}


@pytest.mark.slow
def test_a_bill_of_materials_names_every_dependency(
    by_package: dict[str, Dependency], tmp_path: Path
) -> None:
    """As `make sbom` writes it, read back as CycloneDX JSON."""
    bill = tmp_path / "sbom.cdx.json"
    make = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = [line.strip() for line in make.splitlines() if "cyclonedx_py" in line]
    options = line.partition("cyclonedx_py ")[2].replace("$(BIN)/python", sys.executable)
    command = [sys.executable, "-m", "cyclonedx_py", *options.replace("sbom.cdx.json", str(bill)).split()]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    components = json.loads(bill.read_text(encoding="utf-8"))["components"]
    named = {canonicalize_name(component["name"]): component["version"] for component in components}
    installed = {name: entry.version for name, entry in by_package.items() if entry.version}
    assert installed.items() <= named.items()
