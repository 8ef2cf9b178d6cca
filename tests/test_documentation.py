"""What the documentation says of the project: its links lead somewhere, and what it shows is printed."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXAMPLES = re.compile(r"^```console\n\$ xiaomi-model (.+)\n((?:.*\n)*?)```$", re.MULTILINE)
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIALS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("tutorial-*.md"))]
PRINTED = [example for text in (README, *TUTORIALS) for example in EXAMPLES.findall(text)]


def anchors(page: Path) -> set[str]:
    """The names that headings of a page have as targets of links."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def broken(page: Path, text: str) -> list[str]:
    """The links of a page that lead to no file of the project, or to no heading of one."""
    wrong = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_the_documentation_leads_somewhere(page: Path) -> None:
    assert broken(page, page.read_text(encoding="utf-8")) == []


def test_a_link_that_leads_nowhere_is_named() -> None:
    text = "[a](docs/nowhere.md) [b](docs/json.md#no-such-heading) [c](docs/json.md) [d](https://example.com)"
    assert broken(ROOT / "README.md", text) == ["docs/nowhere.md", "docs/json.md#no-such-heading"]


def test_every_page_is_reached_from_the_front_door() -> None:
    unreached = set(PAGES[2:]) - {(ROOT / link).resolve() for link in LINK.findall(README)}
    from_commands = LINK.findall((ROOT / "docs" / "commands.md").read_text(encoding="utf-8"))
    assert unreached - {(ROOT / "docs" / link).resolve() for link in from_commands} == set()
    assert 60 <= len(README.splitlines()) <= 110


@pytest.mark.parametrize(("command", "output"), PRINTED, ids=lambda text: text.split()[0])
def test_a_command_prints_what_the_pages_show(
    command: str, output: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert not app(shlex.split(command), standalone_mode=False)
    lines = printed.getvalue().splitlines()
    expected = output.splitlines()
    assert expected
    assert [line for line in expected if line not in lines] == []


def test_three_commands_are_shown_and_one_or_more_in_a_tutorial() -> None:
    assert len(EXAMPLES.findall(README)) == 3
    assert [text[:30] for text in TUTORIALS if not EXAMPLES.findall(text)] == []


SITE = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]


def pages_of(entries: list[dict[str, str | list[dict[str, str]]]]) -> list[str]:
    """The pages of a site's navigation, in its order."""
    names: list[str] = []
    for entry in entries:
        for target in entry.values():
            names += pages_of(target) if isinstance(target, list) else [target]
    return names


def test_the_site_has_every_page_once() -> None:
    pages = pages_of(SITE["nav"])
    assert sorted(pages) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    drawers = ["Tutorial", "How-to", "Reference", "Explanation"]
    assert [name for entry in SITE["nav"] for name in entry] == ["Start", *drawers]


def test_the_site_fetches_no_font_has_no_plugin_and_is_strict() -> None:
    assert SITE["theme"]["font"] is False
    assert "plugins" not in SITE
    assert SITE["strict"]
    assert "zensical build --clean --strict" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_a_link_out_of_the_pages_leads_to_what_the_site_has_too() -> None:
    """`make docs` copies the examples beside the pages; nothing else of the project is there."""
    links = [link for page in (ROOT / "docs").glob("*.md") for link in LINK.findall(page.read_text("utf-8"))]
    outside = {link for link in links if link.startswith("..")}
    assert outside
    assert {link for link in outside if not re.fullmatch(r"\.\./examples/\w+\.(xlsx|ipynb)", link)} == set()


def test_the_files_that_the_architecture_names_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = re.findall(r"`([a-z_]+/[a-z_/]+(?:\.py|\.csv)?)`", text)
    assert len(files) > 15
    assert [
        name for name in files if not any((top / name).exists() for top in (ROOT, ROOT / "xlwings_addin"))
    ] == []


def test_the_methodology_has_the_values_of_its_views() -> None:
    text = (ROOT / "docs" / "methodology.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| (middle|bear|bull) \| ([\d.]+ \| [\d.]+) \|$", text))
    assert len(rows) == 3
    valued = xa.values()
    for name, cases in {
        "middle": ("base", "house_2026"),
        "bear": ("bear", "house_2026_bear"),
        "bull": ("bull", "house_2026_bull"),
    }.items():
        assert rows[name] == " | ".join(f"{valued[case].sotp.value_per_share:.2f}" for case in cases)
