"""The wheel and the source distribution, and the wheel at work where there is no checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def program(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the wheel, and of this environment what the wheel depends on."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    (wheel,) = built.glob("*.whl")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (own,) = (folder / "lib").glob("python*/site-packages")
    (own / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    return python


def run(program: Path, *arguments: str, folder: Path) -> str:
    done = subprocess.run([str(program), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_code_tables_types_licence_and_methodology(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [name for name in names if name.endswith("METADATA")]
        text = archive.read(metadata).decode()
    assert {
        "xlwings_addin/py.typed",
        "udfs/py.typed",
        "udfs/dcf.py",
        "xlwings_addin/docs/methodology.md",
        "xlwings_addin/companies/xiaomi/company.toml",
        "xlwings_addin/companies/xiaomi/cases/base.csv",
        "xlwings_addin/companies/tesla/company.toml",
        "xlwings_addin/companies/tesla/cases/bear.csv",
    } <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests/")]
    assert "License-Expression: MIT" in text
    requirements = [
        line for line in text.splitlines() if line.startswith("Requires-Dist") and "extra" not in line
    ]
    bound = [line for line in requirements if "sys_platform != 'emscripten'" in line.replace('"', "'")]
    assert set(requirements) - set(bound) == {"Requires-Dist: numpy>=1.26"}


def test_the_source_distribution_has_what_builds_it(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "workbook/xiaomi/company.toml", "udfs/dcf.py"} <= names


def test_the_installed_wheel_values_and_builds_from_another_folder(program: Path, tmp_path: Path) -> None:
    place = run(program, "-c", "import xlwings_addin; print(xlwings_addin.__file__)", folder=tmp_path)
    assert Path(place.strip()).is_relative_to(program.parents[1])
    answer = run(
        program, "-m", "xlwings_addin", "value", "--case", "march_2024_replica", "--json", folder=tmp_path
    )
    assert round(json.loads(answer)["value_per_share_hkd"], 2) == 16.65
    other = run(program, "-m", "xlwings_addin", "value", "--company", "tesla", "--json", folder=tmp_path)
    assert json.loads(other)["company"] == "tesla"
    assert run(program, "-m", "xlwings_addin", "--version", folder=tmp_path).startswith("xiaomi-model ")
    built = run(program, "-m", "xlwings_addin", "build", "--json", folder=tmp_path)
    assert (tmp_path / json.loads(built)["book"]).is_file()
    assert run(
        program, "-c", "import udfs; print(udfs.FACT_VALUE('revenue', 'FY2023'))", folder=tmp_path
    ) == ("270970.0\n")
