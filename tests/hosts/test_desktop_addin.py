"""The add-in as a file: its parts, its ribbon, what stands beside it."""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest
from lxml import etree
from packaging.requirements import Requirement

from tests.hosts.desktop_vba import Parameter, modules_of, procedures
from xlwings_addin.functions.registry import REGISTRY
from xlwings_addin.hosts.desktop import buttons
from xlwings_addin.hosts.desktop.addin import (
    FILE,
    FILE_FOR_MAC,
    SETTINGS_FILE,
    addin_bytes,
    dll_names,
    export_desktop,
)
from xlwings_addin.hosts.desktop.ribbon import BUTTONS, MODULE, TAB, ribbon_xml
from xlwings_addin.hosts.desktop.vba import FUNCTIONS_ON_A_MAC, NOT_OPENED
from xlwings_addin.xlsx.package import read_package, read_values

ROOT = Path(__file__).parents[2]
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("ribbon.rng")))
ADDIN = read_package(addin_bytes())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("desktop") / "new" / "folder"
    export_desktop(out)
    return out


def test_the_same_add_in_is_written_every_time(exported: Path, tmp_path: Path) -> None:
    again = export_desktop(tmp_path)
    assert [path.name for path in again] == [
        *(FILE, SETTINGS_FILE, "xlwings.bas", f"{MODULE}.bas"),
        *("Xiaomi_Model_AddIn_Mac.xlam", f"{MODULE}_Mac.bas"),
    ]
    assert {path.name: path.read_bytes() for path in again} == {
        path.name: path.read_bytes() for path in exported.iterdir()
    }


def test_the_modules_beside_the_add_in_are_those_inside_it(exported: Path) -> None:
    inside = modules_of((exported / FILE).read_bytes())
    for name in ("xlwings", MODULE):
        data = (exported / f"{name}.bas").read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n")  # what Excel's editor imports
        assert data.decode().rstrip().splitlines() == inside[name].rstrip().splitlines()


def test_the_add_in_for_a_mac_has_the_buttons_and_no_function(exported: Path) -> None:
    mac = (exported / FILE_FOR_MAC).read_bytes()
    inside = modules_of(mac)
    data = (exported / f"{MODULE}_Mac.bas").read_bytes()
    assert data.decode().rstrip().splitlines() == inside[MODULE].rstrip().splitlines()
    windows, here = (procedures(modules_of(addin)[MODULE]) for addin in (addin_bytes(), mac))
    assert here.keys() <= windows.keys() - REGISTRY.keys()
    for button in BUTTONS:
        assert here[button.procedure] == windows[button.procedure]
        assert here[button.callback] == windows[button.callback]
    assert here["RunButton"] == windows["RunButton"]
    assert FUNCTIONS_ON_A_MAC in "\n".join(here["AboutText"].body)
    assert "XLPy" not in inside[MODULE]
    assert "RegisterHelp" not in inside[MODULE] + inside["ThisWorkbook"]
    other = read_package(mac)
    same = {name for name in other.parts if other.parts[name] == ADDIN.parts.get(name)}
    assert other.parts.keys() == ADDIN.parts.keys()
    assert "customUI/customUI.xml" in same
    assert FUNCTIONS_ON_A_MAC in read_values(other).values()


def test_the_file_says_that_excel_has_not_opened_it() -> None:
    values = read_values(ADDIN)
    assert NOT_OPENED in values.values()
    assert list(ADDIN.sheets()) == ["About"]
    assert not [value for value in values.values() if value and "Conda" in str(value)]


def test_nothing_of_the_machine_it_comes_from_is_left() -> None:
    for name, data in ADDIN.parts.items():
        assert b"felix" not in data.lower() or name == "xl/vbaProject.bin", name


def test_the_package_leads_to_the_ribbon_and_the_project() -> None:
    relations = dict(ADDIN.relations("").values())
    ribbon = relations["http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"]
    assert ADDIN.parts[ribbon] == ribbon_xml()
    assert ADDIN.related(ADDIN.workbook_part, "vbaProject") == "xl/vbaProject.bin"
    types = ADDIN.parts["[Content_Types].xml"].decode()
    assert "application/vnd.ms-excel.addin.macroEnabled.main+xml" in types


# --- the ribbon ----------------------------------------------------------------------------------------


def ribbon() -> etree._Element:
    return etree.fromstring(ribbon_xml())


def test_the_ribbon_is_valid() -> None:
    assert SCHEMA.validate(ribbon()), SCHEMA.error_log


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ('size="large"', 'size="huge"'),
        ('imageMso="', 'imageMso="1 '),
        (' onAction="', ' onClick="'),
        ("<ribbon>", "<ribbon><button/>"),
        ("2009/07", "2006/01"),
        ('label="Refresh model"', 'label=""'),
    ],
)
def test_a_ribbon_that_leaves_the_schema_is_found(change: str, to: str) -> None:
    text = ribbon_xml().decode()
    assert change in text
    assert not SCHEMA.validate(etree.fromstring(text.replace(change, to).encode()))


def repeated_ids(root: etree._Element) -> list[str]:
    return [identifier for identifier, count in Counter(root.xpath("//@id")).items() if count > 1]


def without_procedure(root: etree._Element, source: str) -> list[str]:
    """Callbacks for which the module has no public sub that takes the control and nothing else."""
    control = (Parameter("control", False, "IRibbonControl"),)
    fitting = {
        name
        for name, procedure in procedures(source).items()
        if procedure.kind == "Sub" and procedure.is_public and procedure.parameters == control
    }
    return [
        element
        for element in root.xpath("//@onAction")
        if element not in {f"{MODULE}.{name}" for name in fitting}
    ]


def test_ids_are_unique_and_every_callback_has_its_procedure() -> None:
    source = modules_of(addin_bytes())[MODULE]
    assert repeated_ids(ribbon()) == []
    assert len(ribbon().xpath("//@onAction")) == len(BUTTONS) == 6
    assert without_procedure(ribbon(), source) == []


def test_a_repeated_id_and_a_callback_without_its_procedure_are_found() -> None:
    source = modules_of(addin_bytes())[MODULE]
    root = ribbon()
    first, second = root.xpath("//*[local-name()='button']")[:2]
    second.set("id", first.get("id"))
    assert repeated_ids(root) == [first.get("id")]
    for change, to in (
        ("OnCheckModel(control As IRibbonControl)", "OnCheckModel(control As Object)"),
        ("Public Sub OnCheckModel", "Private Sub OnCheckModel"),
        ("Sub OnCheckModel", "Sub CheckTheModel"),
    ):
        assert change in source
        assert without_procedure(ribbon(), source.replace(change, to)) == [f"{MODULE}.OnCheckModel"]


def test_the_tab_has_the_buttons_in_their_order() -> None:
    assert ribbon().xpath("string(//@label)") == TAB
    labels = ribbon().xpath("//*[local-name()='button']/@label")
    assert labels[:3] == ["Refresh model", "Preview refresh", "Check model"]
    assert labels[3:] == ["Insert function list", "Log", "About"]


def test_every_button_runs_python_that_exists() -> None:
    source = modules_of(addin_bytes())[MODULE]
    run = dict(re.findall(r'Sub (\w+)\(\)\n\s*RunButton "(\w+)"\n', source))
    assert run == {button.procedure: button.action for button in BUTTONS if button.action}
    assert f'RunPython "from {buttons.__name__} import " & Action & "; " & Action & "()"' in source
    assert all(callable(getattr(buttons, action)) for action in run.values())


# --- versions and settings -----------------------------------------------------------------------------


def test_the_add_in_calls_the_dll_of_the_xlwings_that_the_project_pins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (pinned,) = [Requirement(line) for line in project["dependencies"] if line.startswith("xlwings==")]
    number = str(pinned.specifier).removeprefix("==")
    assert version("xlwings") == number
    assert dll_names() == [f"xlwings32-{number}.dll", f"xlwings64-{number}.dll"]


def test_xlwings_reads_the_settings_that_stand_beside_the_add_in(exported: Path) -> None:
    rows = list(csv.reader((exported / SETTINGS_FILE).read_text().splitlines()))
    assert dict(rows) == {"ADD_WORKBOOK_TO_PYTHONPATH": "false"}
    source = modules_of((exported / FILE).read_bytes())["xlwings"]
    assert 'Public Const PROJECT_NAME As String = "xiaomi_model"' in source
    assert all(f'GetConfig("{name}"' in source for name, _ in rows)
