"""The export for xlwings Lite: what is embedded, what is refused, and main.py run by xlwings' own code.

Excel and Lite themselves are not here. The structure is that of workbooks which Excel saved with Lite, as
public repositories have them (amararun/xlwings-lite-apps-codes-docs, November 2026).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lxml import etree

from tests.hosts.open_excel import OpenExcel
from xlwings_addin.cli import main
from xlwings_addin.core.errors import BookError
from xlwings_addin.functions.registry import REGISTRY
from xlwings_addin.hosts.lite import bundle, embedding, medium, plugin
from xlwings_addin.hosts.lite.export import export, take_out
from xlwings_addin.inputs.folders import tables_folder
from xlwings_addin.layout.record_sheet import RECORD_SHEET, cells_with
from xlwings_addin.layout.references import Book
from xlwings_addin.layout.state import State, state_text
from xlwings_addin.layout.what_if import tables_of
from xlwings_addin.proof.context import load_context
from xlwings_addin.xlsx.package import Package, read_package, with_child

STAND_IN = Path(__file__).with_name("lite_stand_in.py")
LIBRARIES = ("numpy", "lxml", "xlwings")
WE = "{http://schemas.microsoft.com/office/webextensions/webextension/2010/11}"

# As Excel saved it, shortened; another's code.
SAVED_BY_EXCEL = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<we:webextension xmlns:we="http://schemas.microsoft.com/office/webextensions/webextension/2010/11" '
    'id="{DEF15F1F-8550-4167-ADEB-CF61B4F11547}"><we:reference id="wa200008175" version="1.0.0.0" '
    'store="en-IN" storeType="OMEX"/><we:alternateReferences><we:reference id="WA200008175" '
    'version="1.0.0.0" store="WA200008175" storeType="OMEX"/></we:alternateReferences><we:properties>'
    '<we:property name="main.py" value="&quot;import xlwings as xw\\n&quot;"/>'
    '<we:property name="pyodideVersion" value="&quot;0.27.5&quot;"/>'
    '<we:property name="addinVersion" value="&quot;1.0.0.0-18&quot;"/>'
    '<we:property name="requirements.txt" value="&quot;xlwings==0.33.11  # required\\n&quot;"/>'
    "</we:properties><we:bindings/><we:snapshot "
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/></we:webextension>'
)


@pytest.fixture(scope="module")
def package(delivered: Path) -> Package:
    return read_package(delivered)


@pytest.fixture(scope="module")
def others(package: Package) -> Package:
    """A workbook with somebody's own code in it."""
    book = read_package(embedding.embedded(package, {"main.py": "", "requirements.txt": ""}))
    part = embedding._lite_part(book)
    assert part is not None
    return read_package(book.with_parts({part: SAVED_BY_EXCEL.encode()}))


def shape(element: etree._Element) -> Any:
    """Names and attributes of an element and what is in it, values left out but for those that are fixed."""
    fixed = ("version", "storeType", "uri")
    attributes = {name: value if name in fixed else "" for name, value in element.attrib.items()}
    return element.tag, attributes, [shape(child) for child in element]


def test_the_extension_has_the_structure_of_one_that_excel_saved(package: Package) -> None:
    made = etree.fromstring(embedding._extension({"main.py": "x", "requirements.txt": "y"}))
    saved = etree.fromstring(SAVED_BY_EXCEL.encode())
    for left_to_lite in saved.findall(f".//{WE}property[@name='pyodideVersion']") + saved.findall(
        f".//{WE}property[@name='addinVersion']"
    ):
        left_to_lite.getparent().remove(left_to_lite)
    functions = made.find(f"{WE}extLst")  # only books with functions have it
    assert functions is not None
    assert [one.get("uri") for one in functions] == [
        "{D87F86FE-615C-45B5-9D79-34F1136793EB}",
        "{7C84B067-C214-45C3-A712-C9D94CD141B2}",
    ]
    made.remove(functions)
    assert shape(made) == shape(saved)
    assert re.fullmatch(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", made.get("id", ""))


def test_an_embedded_book_leads_to_the_code_and_keeps_every_other_byte(package: Package) -> None:
    files = {"main.py": 'print("<&>")\n', "requirements.txt": "numpy\n"}
    book = read_package(embedding.embedded(package, files))
    assert embedding.code_in(book) == files
    kind, panes = next(item for item in book.relations("").values() if "webextension" in item[1])
    assert kind == "http://schemas.microsoft.com/office/2011/relationships/webextensiontaskpanes"
    ((kind, part),) = book.relations(panes).values()
    assert kind == "http://schemas.microsoft.com/office/2011/relationships/webextension"
    types = book.tree("[Content_Types].xml")
    named = {override.get("PartName"): override.get("ContentType") for override in types}
    assert named[f"/{panes}"] == "application/vnd.ms-office.webextensiontaskpanes+xml"
    assert named[f"/{part}"] == "application/vnd.ms-office.webextension+xml"
    led = {"_rels/.rels", "[Content_Types].xml"}
    assert {name for name, data in package.parts.items() if book.parts[name] != data} == led
    assert embedding.embedded(package, files) == embedding.embedded(package, files)


def test_what_is_put_in_is_taken_out_again_to_the_byte(package: Package) -> None:
    book = read_package(embedding.embedded(package, {"main.py": "x"}))
    assert dict(read_package(embedding.removed(book)).parts) == dict(package.parts)
    with pytest.raises(BookError, match="holds no code for xlwings Lite"):
        embedding.removed(package)


def test_another_add_in_keeps_its_pane(package: Package) -> None:
    book = read_package(embedding.embedded(package, {"main.py": "x"}))
    part = embedding._lite_part(book)
    assert part is not None
    other = book.parts[part].replace(b"wa200008175", b"wa100000001").replace(b"WA200008175", b"WA100000001")
    beside = read_package(book.with_parts({part: other}))
    both = read_package(embedding.embedded(beside, {"main.py": "y"}))
    assert embedding.code_in(both) == {"main.py": "y"}
    assert both.parts[part] == other
    panes = both.related("", "webextensiontaskpanes")
    assert panes is not None
    assert len(both.tree(panes)) == len(both.relations(panes)) == 2
    assert dict(read_package(embedding.removed(both)).parts) == dict(beside.parts)


def test_somebodys_code_is_kept_unless_it_may_be_replaced(others: Package) -> None:
    with pytest.raises(BookError, match=r"holds code for xlwings Lite already .*--replace"):
        embedding.embedded(others, {"main.py": "ours"})
    replaced = read_package(embedding.embedded(others, {"main.py": "ours"}, replace=True))
    assert embedding.code_in(replaced) == {"main.py": "ours"}


def test_our_own_code_is_renewed_but_not_over_somebodys_lines_below_it(package: Package) -> None:
    text = bundle.main_py()
    assert not bundle.has_own_code(text)
    assert bundle.has_own_code(text + "\n@func\ndef mine(): ...\n")
    assert bundle.has_own_code("import xlwings as xw")
    once = read_package(embedding.embedded(package, {"main.py": text}))
    embedding.embedded(once, {"main.py": text})
    longer = read_package(embedding.embedded(package, {"main.py": f"{text}\nmine = 1\n"}))
    with pytest.raises(BookError, match="--replace"):
        embedding.embedded(longer, {"main.py": text})


def test_a_signed_and_an_encrypted_workbook_are_refused(tmp_path: Path, package: Package) -> None:
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    relation = f'<Relationship Id="rIdSigned" Type="{kind}" Target="_xmlsignatures/origin.sigs"/>'
    signed = tmp_path / "signed.xlsx"
    signed.write_bytes(
        package.with_parts(
            {
                "_rels/.rels": with_child(package.parts["_rels/.rels"], relation),
                "_xmlsignatures/origin.sigs": b"",
            }
        )
    )
    with pytest.raises(BookError, match="is digitally signed"):
        export(tmp_path / "out", signed)
    encrypted = tmp_path / "encrypted.xlsx"
    encrypted.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(BookError, match="is encrypted with a password"):
        export(tmp_path / "out", encrypted)
    assert not (tmp_path / "out").exists()


def test_a_refusal_writes_nothing_and_a_replacement_keeps_what_stood_there(
    tmp_path: Path, others: Package
) -> None:
    book, out = tmp_path / "own.xlsx", tmp_path / "out"
    book.write_bytes(others.original)
    with pytest.raises(BookError, match="holds code"):
        export(out, book)
    assert not out.exists()
    written = export(out, book, replace=True)
    assert (out / "own_former_main.py").read_text() == "import xlwings as xw\n"
    assert {path.name for path in written} == {
        "main.py",
        "requirements.txt",
        plugin.FILE,
        "own.xlsx",
        "own_former_main.py",
    }
    assert book.read_bytes() == others.original
    with pytest.raises(BookError, match=r"holds own\.xlsx itself: name another with --out"):
        export(tmp_path, book)
    (out / "main.py").write_text("mine = 1")
    take_out(tmp_path / "plain", out / "own.xlsx")
    plain = (out / "own.xlsx").replace(tmp_path / "renamed.xlsx")
    with pytest.raises(BookError, match=r"main\.py holds code of somebody's own"):
        export(out, plain)


def test_the_command_writes_and_takes_out(
    tmp_path: Path, delivered: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["xiaomi-model", "export", "lite", *arguments, "--json"])
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == 0
        return dict(json.loads(capsys.readouterr().out))

    files = run(str(delivered), "--out", str(tmp_path / "a"))["files"]
    assert [Path(file).name for file in files] == [
        "main.py", "requirements.txt", plugin.FILE, delivered.name,
    ]  # fmt: skip
    (plain,) = run(files[-1], "--out", str(tmp_path / "b"), "--remove")["files"]
    assert dict(read_package(Path(plain)).parts) == dict(read_package(delivered).parts)


def test_requirements_name_only_what_lite_pyodide_or_the_index_has() -> None:
    names = [re.split(r"[=\s]", line)[0] for line in bundle.requirements_txt().splitlines()]
    assert names == ["xlwings", "python-dotenv", "pyodide-http", "black", "numpy", "lxml"]


def test_the_wheel_is_one_by_its_own_record_and_installs(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(plugin.wheel())) as wheel:
        (record,) = [name for name in wheel.namelist() if name.endswith("RECORD")]
        listed = list(csv.reader(io.StringIO(wheel.read(record).decode())))
        assert {name for name, _, _ in listed} == set(wheel.namelist())
        for name, digest, size in listed[:-1]:
            data = wheel.read(name)
            made = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={made}", str(len(data)))
    path = tmp_path / plugin.FILE
    path.write_bytes(plugin.wheel())
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(target), str(path)], check=True, capture_output=True)
    (target / "main.py").write_text("from xiaomi_model_lite import *\n")
    answer = stand_in(target, libraries(tmp_path), path=[str(target)])
    assert sorted(answer["functions"]) == sorted(REGISTRY)
    assert set(answer["scripts"]) == {"refresh", "preview", "value", "implied", "check"}


def libraries(folder: Path) -> Path:
    """A folder with the libraries that Lite has, and no other."""
    place = folder / "libraries"
    place.mkdir(exist_ok=True)
    for name in LIBRARIES:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).parent
        for path in (source, source.with_name(f"{name}.libs")):
            if path.exists() and not (place / path.name).exists():
                (place / path.name).symlink_to(path)
    return place


def stand_in(
    folder: Path, place: Path, script: str | None = None, excel: OpenExcel | None = None, path: Any = ()
) -> dict[str, Any]:
    request = {
        "script": script,
        "payload": excel.payload(include=[*excel.typed]) if excel else {},
        "formulas": {title: excel.grid(title, "formulas") for title in excel.typed} if excel else {},
    }
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-E", str(STAND_IN), str(folder), str(place), *path],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"XLWINGS_ON_SERVER": "true", "XLWINGS_LICENSE_KEY": "noncommercial"},
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


PLACES = Book(load_context())
VALUE = PLACES.at("{sotp.value_per_share}")


def of(key: str) -> tuple[str, str]:
    return PLACES.at(f"{{inputs.{key}:cases[{PLACES.context.cases.index('base') + 1}]}}")


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory, delivered: Path) -> tuple[Path, Path]:
    """A main.py whose tables have another tax rate and share price than the delivered workbook."""
    folder = tmp_path_factory.mktemp("lite")
    tables = folder / "tables"
    shutil.copytree(tables_folder(), tables)
    assumptions = tables / "inputs" / "assumptions.csv"
    changed = re.sub(r"(?m)^tax_rate,,0\.15,", "tax_rate,,0.17,", assumptions.read_text())
    assumptions.write_text(re.sub(r"(?m)^price_hkd,,38\.86,", "price_hkd,,40,", changed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "tables_folder", lambda: tables)
        export(folder / "out", delivered)
    code = embedding.code_in(read_package(folder / "out" / delivered.name))
    assert code is not None
    (folder / "main.py").write_text(code["main.py"], encoding="utf-8")
    return folder, libraries(folder)


def test_xlwings_registers_every_function_and_script_of_main_py(lite: tuple[Path, Path]) -> None:
    answer = stand_in(*lite)
    assert sorted(answer["functions"]) == sorted(REGISTRY)
    assert answer["scripts"] == {
        "refresh": "Refresh model", "preview": "Preview refresh", "value": "Value", "implied": "Implied",
        "check": "Check model",
    }  # fmt: skip
    beside = {"__main__", "js", "pyodide", "udfs", "xlwings_addin", "cython_runtime"}
    imported = {name for name in answer["imported"] if not name.startswith("_cython")}
    assert imported - beside == set(LIBRARIES)


def test_a_refresh_in_lite_takes_new_facts_and_keeps_what_the_analyst_changed(
    lite: tuple[Path, Path], delivered: Path
) -> None:
    excel = OpenExcel(delivered)
    excel.type({of("price_hkd"): 44.0})
    before = excel.display(*VALUE)
    answer = stand_in(*lite, "refresh", excel)
    assert answer["error"] is None
    assert "Inputs updated: 1; changes of yours kept: 1." in answer["printed"]
    assert re.search(r"updated: .*tax_rate.*0\.15 -> 0\.17", answer["printed"])
    assert re.search(r"conflict kept: .*price_hkd.*44 .*tables 40", answer["printed"])
    assert "answers kept as they were on Simulation: library 'scipy' is not installed" in answer["printed"]
    excel.apply(answer["actions"])
    assert excel.display(*of("tax_rate")) == 0.17
    assert excel.display(*of("price_hkd")) == 44.0
    assert excel.display(*VALUE) != before
    assert RECORD_SHEET in excel.typed

    excel.type({of("tax_rate"): 0.2})
    again = stand_in(*lite, "refresh", excel)
    assert "Inputs updated: 0; changes of yours kept: 2." in again["printed"]
    excel.apply(again["actions"])
    assert excel.display(*of("tax_rate")) == 0.2


def test_a_preview_in_lite_says_what_a_refresh_would_do_and_writes_nothing(
    lite: tuple[Path, Path], delivered: Path
) -> None:
    excel = OpenExcel(delivered)
    excel.type({of("price_hkd"): 44.0})
    foreseen = stand_in(*lite, "preview", excel)
    assert foreseen["error"] is None
    assert foreseen["actions"] == []
    assert "Inputs to update: 1\n  Tax rate of base: 15.00% to 17.00%" in foreseen["printed"]
    assert re.search(r"Overrides that stay: 1\n  .* of base: 44.*; the tables have 40", foreseen["printed"])
    worth = re.search(r"A share in base: from .* to ([0-9.]+) HKD", foreseen["printed"])
    done = stand_in(*lite, "refresh", excel)
    assert worth is not None
    assert re.search(rf"A share in base: from .* to {worth[1][:-1]}", done["printed"])


def test_a_refresh_in_lite_writes_around_the_table_of_every_case(
    lite: tuple[Path, Path], live_cases: Path
) -> None:
    excel, places = OpenExcel(live_cases), Book(load_context(live="cases"))
    table = [cell.at for cell in places.cells() if cell.entry.kind == "table"]
    answer = stand_in(*lite, "refresh", excel)
    assert answer["error"] is None
    excel.apply(answer["actions"])
    assert {excel.typed[title][address] for title, address in table} == {tables_of(places)[0].text}
    assert excel.display(*places.at("{cover.stored_base:price}")) == 40.0
    assert excel.display(*places.at("{cover.stored_house_2026:price}")) == 25.24


@pytest.mark.parametrize("written", ["2026-01-01", "2026-12-31"])
def test_in_lite_the_newer_of_the_record_beside_the_code_and_of_the_sheet_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str
) -> None:
    beside, on_sheet = State("1", "2026-06-30", {}, {}), State("2", written, {}, {})
    (tmp_path / "state.json").write_text(state_text(beside), encoding="utf-8")
    monkeypatch.setattr(medium, "EMBEDDED", tmp_path / "state.json")
    book = SimpleNamespace(name="book.xlsx", sheets=[])
    cells = {address: text for (_, address), text in cells_with(on_sheet, {}).items()}
    opened = medium.LiteMedium(cast(Any, book), {})
    assert opened.state() == beside
    opened.page = lambda title: cells if title == RECORD_SHEET else {}
    assert opened.state() == max(beside, on_sheet, key=lambda state: state.written)
    assert medium.LiteMedium(cast(Any, book), None).state() is None


def test_value_and_check_in_lite_tell_what_the_core_makes_of_the_open_workbook(
    lite: tuple[Path, Path], delivered: Path
) -> None:
    excel = OpenExcel(delivered)
    told = stand_in(*lite, "value", excel)
    assert told["error"] is None
    assert told["actions"] == []
    # Printed in the delivered workbook, whose values a spreadsheet engine has calculated.
    assert f"> base: {excel.display(*VALUE):.2f} HKD a share" in told["printed"]
    assert len(told["printed"].splitlines()) == len(PLACES.context.cases)
    checked = stand_in(*lite, "check", excel)
    assert checked["printed"].startswith("OK: "), checked
    assert "Simulation: library 'scipy' is not installed" in checked["printed"]
    excel.values[VALUE] = 99.0
    assert stand_in(*lite, "check", excel)["printed"].startswith("FAILED: ")


def test_implied_in_lite_answers_as_the_command_does(lite: tuple[Path, Path], delivered: Path) -> None:
    told = stand_in(*lite, "implied", OpenExcel(delivered))
    assert told["printed"].startswith("For 38.86 HKD a share in base")
    # The sense check of the implied level of demand: about 5.2 m cars a year for 38.86.
    assert re.search(r"Demand for vehicles .*: 38\.86: 5\.1[67]", told["printed"]), told
    assert len(told["printed"].splitlines()) > 5


def test_a_workbook_of_another_kind_is_refused_in_one_sentence(
    lite: tuple[Path, Path], delivered: Path
) -> None:
    excel = OpenExcel(delivered)
    excel.typed = {"Sheet1": {"A1": 1.0}}
    excel.calculated = set()
    answer = stand_in(*lite, "refresh", excel)
    assert answer["actions"] == []
    assert answer["error"] is not None
    assert "\n" not in answer["error"]


def test_taking_out_needs_code_to_take_out(tmp_path: Path, delivered: Path) -> None:
    with pytest.raises(BookError, match="holds no code for xlwings Lite"):
        take_out(tmp_path, delivered)
