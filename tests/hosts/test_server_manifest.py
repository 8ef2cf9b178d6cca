"""The manifest that Excel is given: every reference resolves, every address is served."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from lxml import etree

from tests.hosts.server_process import Server, running, with_certificate
from xlwings_addin.functions.registry import PREFIXES

SECRET = "a-secret-key-of-more-than-32-characters&<"
HOST = "valuation.example.com"
OFFICE = "{http://schemas.microsoft.com/office/appforoffice/1.1}"
TYPES = "{http://schemas.microsoft.com/office/officeappbasictypes/1.0}"
OVERRIDES = "{http://schemas.microsoft.com/office/taskpaneappversionoverrides}"
KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
LONGEST = {"ShortStrings": 125, "LongStrings": 250}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("dev") / "logs") as started:
        yield started


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    options = ("--environment", "prod", "--hostname", HOST)
    with running(tmp_path_factory.mktemp("prod") / "logs", *options, XLWINGS_SECRET_KEY=SECRET) as started:
        yield started


@pytest.fixture(params=["dev", "prod"])
def manifest(request: pytest.FixtureRequest) -> tuple[Server, etree._Element]:
    server = request.getfixturevalue(request.param)
    return server, manifest_of(server)


def manifest_of(server: Server, query: str = "") -> etree._Element:
    return etree.fromstring(server.get(f"/manifest.xml{query}").content)


def addresses(tree: etree._Element) -> set[str]:
    return {
        element.get("DefaultValue") for element in tree.iter() if "://" in (element.get("DefaultValue") or "")
    }


def dangling(tree: etree._Element) -> set[str]:
    """References to resources that are not there, and resources that nothing refers to."""
    resources = [
        element.get("id") for element in tree.find(f".//{OVERRIDES}Resources").iter() if element.get("id")
    ]
    assert len(resources) == len(set(resources))
    used = {element.get("resid") for element in tree.iter() if element.get("resid")}
    return used ^ set(resources)


def repeated(tree: etree._Element) -> list[str]:
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    return [identifier for identifier in ids if ids.count(identifier) > 1]


def test_every_reference_resolves_and_every_resource_is_used(manifest: tuple[Server, etree._Element]) -> None:
    assert dangling(manifest[1]) == set()


def test_ids_are_unique(manifest: tuple[Server, etree._Element]) -> None:
    assert repeated(manifest[1]) == []


@pytest.mark.parametrize(
    ("spoil", "found_by"),
    [
        (lambda tree: tree.find(f".//{OVERRIDES}Namespace").set("resid", "Nothing"), dangling),
        (lambda tree: tree.find(f".//{OVERRIDES}Control").set("id", "Refresh.Button"), repeated),
    ],
)
def test_what_is_wrong_in_a_manifest_is_found(
    dev: Server, spoil: Callable[[etree._Element], None], found_by: Callable[[etree._Element], object]
) -> None:
    tree = manifest_of(dev)
    spoil(tree)
    assert found_by(tree)


def test_the_add_in_has_an_id_of_its_own_in_each_environment(dev: Server, prod: Server) -> None:
    ids = [UUID(manifest_of(server).findtext(f"{OFFICE}Id")) for server in (dev, prod)]
    assert len(set(ids)) == 2


def test_in_production_every_address_is_https_at_the_public_name(prod: Server) -> None:
    urls = {urlsplit(address) for address in addresses(manifest_of(prod))}
    assert {(finding.scheme, finding.netloc) for finding in urls} == {("https", HOST)}


def test_every_address_is_served(manifest: tuple[Server, etree._Element]) -> None:
    server, tree = manifest
    urls = addresses(tree)
    assert len(urls) >= 8
    for address in urls:
        answer = server.get(urlsplit(address).path)
        assert answer.status_code == 200, address


def test_icons_are_pictures_of_the_size_they_are_said_to_have(
    manifest: tuple[Server, etree._Element],
) -> None:
    server, tree = manifest
    images = {
        element.get("id"): element.get("DefaultValue")
        for element in tree.iter(f"{TYPES}Image")
        if element.get("id")
    }
    sized = {
        (int(element.get("size")), images[element.get("resid")])
        for element in tree.iter(f"{TYPES}Image")
        if element.get("size")
    }
    assert {size for size, _ in sized} == {16, 32, 80}
    tops = ((32, "IconUrl"), (64, "HighResolutionIconUrl"))
    for size, address in chain(
        sized, ((size, tree.find(f"{OFFICE}{name}").get("DefaultValue")) for size, name in tops)
    ):
        answer = server.get(urlsplit(address).path)
        assert answer.headers["content-type"] == "image/png"
        assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", answer.content[16:24]) == (size, size)


def test_functions_are_called_by_the_namespace_in_every_environment(
    manifest: tuple[Server, etree._Element],
) -> None:
    strings = {
        element.get("id"): element.get("DefaultValue") for element in manifest[1].iter(f"{TYPES}String")
    }
    point = manifest[1].find(f".//{OVERRIDES}Namespace")
    namespace = strings[point.get("resid")]
    assert f"_xldudf_{namespace}_" == PREFIXES["office-js"]


def test_buttons_call_what_the_pane_has_registered(dev: Server) -> None:
    names = [element.text for element in manifest_of(dev).iter(f"{OVERRIDES}FunctionName")]
    assert names == ["refresh-model", "check-model"]
    script = dev.get("/static/js/ribbon.js").text
    assert 'for (const action of ["refresh", "check"])' in script
    assert "`${action}-model`" in script


def test_texts_are_no_longer_than_office_takes(manifest: tuple[Server, etree._Element]) -> None:
    for kind, longest in LONGEST.items():
        texts = [entry.get("DefaultValue") for entry in manifest[1].find(f".//{TYPES}{kind}")]
        assert texts
        assert all(0 < len(text) <= longest for text in texts)


def test_functions_and_pane_share_a_runtime(manifest: tuple[Server, etree._Element]) -> None:
    tree = manifest[1]
    (runtime,) = tree.iter(f"{OVERRIDES}Runtime")
    assert runtime.get("lifetime") == "long"
    pages = [element.get("resid") for element in tree.iter(f"{OVERRIDES}FunctionFile")]
    pages += [
        element.find(f"{OVERRIDES}SourceLocation").get("resid") for element in tree.iter(f"{OVERRIDES}Page")
    ]
    assert pages == [runtime.get("resid")] * 2
    (point,) = (
        element
        for element in tree.iter(f"{OVERRIDES}ExtensionPoint")
        if element.get(KIND) == "CustomFunctions"
    )
    assert point.find(f"{OVERRIDES}Script") is not None
    assert point.find(f"{OVERRIDES}Metadata") is not None


def test_with_a_certificate_the_server_speaks_https_itself(tmp_path: Path) -> None:
    options = with_certificate(tmp_path)
    with running(tmp_path / "logs", *options, scheme="https") as server:
        urls = addresses(manifest_of(server))
        functions = server.get("/xlwings/custom-functions-meta.json").json()["functions"]
    assert {
        urlsplit(finding).scheme for finding in urls | {function["helpUrl"] for function in functions}
    } == {"https"}


def test_a_manifest_asked_for_with_the_key_carries_it_into_the_pane(prod: Server) -> None:
    tree = manifest_of(prod, "?key=a-secret-key-of-more-than-32-characters%26%3C")
    pages = [address for address in addresses(tree) if "taskpane.html" in address]
    assert pages
    for page in pages:
        assert parse_qs(urlsplit(page).query) == {"key": [SECRET]}
