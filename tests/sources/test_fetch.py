"""Tables arrive whole from the package, a folder or an address, or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path

import platformdirs
import pytest

from tests.sources.table_server import Handler, Site, body, cut_off, dropped, redirect, silent, status, well
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.case_files import case_names
from xlwings_addin.inputs.lint import Finding, lint
from xlwings_addin.inputs.tables import load_tables, tables_folder
from xlwings_addin.sources import Fetched, fetch, load
from xlwings_addin.sources.index import INDEX, Entry, index_text, is_whole, read_index, write_index
from xlwings_addin.sources.web import Web, checked_address

TODAY = date(2025, 11, 19)
NOON = datetime(2025, 11, 19, 12, tzinfo=UTC)
SERVED = len(list(tables_folder().glob("*/*.csv")))
"""Tables of the project: all of them are listed, after the heading and before the index's own line."""
HISTORY = "inputs/history.csv"


def linted(fetched: Fetched) -> list[Finding]:
    tables, cases = load(fetched)
    return lint(tables, today=TODAY, cases=cases)


# --- the package and folders --------------------------------------------------------------------------


def test_the_index_of_the_project_s_own_tables_is_up_to_date():
    """`xiaomi-model index workbook` writes it after every change of the tables."""
    assert (tables_folder() / INDEX).read_bytes() == index_text(tables_folder())


def test_without_a_source_the_packaged_tables_are_meant():
    assert fetch(now=lambda: NOON) == Fetched(tables_folder(), "the packaged tables", NOON)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_is_used_where_it_is(tables: Path, kind: type):
    fetched = fetch(kind(tables), now=lambda: NOON)
    assert fetched == Fetched(tables, str(tables), NOON)
    assert not fetched.stale


@pytest.mark.parametrize("source", ["", "nowhere", "inputs", "C:\\tables"])
def test_what_is_no_folder_of_tables_is_refused(source: str):
    with pytest.raises(InputError, match="must be a folder"):
        fetch(source)


def test_tables_of_a_folder_that_do_not_load_are_refused_by_its_name(tables: Path):
    (tables / HISTORY).write_text("revenue\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"history\.csv line 1 header 'revenue' must be key,") as error:
        load(fetch(tables))
    assert str(error.value).startswith(f"source {tables} must have tables that load: ")


# --- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("http://example.org/tables", "must be https: http is for this machine itself only"),
        ("http://127.0.0.1.example.org/", "must be https"),
        ("ftp://example.org/", "must be https:// with a host"),
        ("file:///etc", "must be https:// with a host"),
        ("https://", "must be https:// with a host"),
        ("https://example.org/?version=2", "must be the address of a folder, without ? and #"),
        ("https://example.org:port/", "must be an address"),
        ("https://example..com/", "must be an address: the host must be of parts with 1 to 63 letters"),
        ("https://.example.com/", "must be an address: the host must be of parts"),
        ("https://../", "must be an address: the host must be of parts"),
        (f"https://{'a' * 64}.com/", "must be an address: the host must be of parts"),
        (f"https://{'a.' * 127}com/", "must be an address: the host must be of parts"),
        ("https://-example.com/", "must be an address: the host must be of parts"),
        ("https://exa mple.com/", "must be an address: the host must be of parts"),
        ("https://a;b/", "must be an address: the host must be of parts"),
        ("https://xn--a.com/", "must be an address: Codepoint U+0080"),
        ("https://xn--zzzzzz99999.com/", "must be an address: Invalid A-label"),
        ("https://é..com/", "must be an address: Invalid IDNA hostname"),
        ("https://example.com:99999/", "must be an address: the port 99999 is not between 1 and 65535"),
        ("https://example.com:0/", "must be an address: the port 0 is not between 1 and 65535"),
        ("https://[::1", "must be an address: Invalid port"),
        ("https://999.1.1.1/", "must be an address: Invalid IPv4 address"),
    ],
)
def test_an_address_that_is_not_https_is_refused(address: str, rule: str, tmp_path: Path):
    with pytest.raises(InputError) as error:
        fetch(address, cache=tmp_path)
    assert str(error.value).startswith(f"address {address} {rule}")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_refused_and_not_repeated(tmp_path: Path):
    with pytest.raises(InputError, match="must not carry a user name or a password") as error:
        fetch("https://analyst:sesame@example.org/", cache=tmp_path)
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize(
    "address", ["https://a/\ud800", "https://\ud800.com/", "https://a\0b/", "https://a\nb/"]
)
def test_an_address_that_cannot_be_printed_is_refused_in_one_line(address: str, tmp_path: Path):
    with pytest.raises(InputError, match=r"^address https://\S+ must be an address: .*$") as error:
        fetch(address, cache=tmp_path)
    assert str(error.value).isprintable()


def test_a_long_address_is_not_repeated_at_length(tmp_path: Path):
    for address in (f"https://{'a' * 5000}/", f"https://a/{'b' * 70_000}", f"http://a/{'b' * 9_000}"):
        with pytest.raises(InputError) as error:
            fetch(address, cache=tmp_path)
        assert len(str(error.value)) < 600


@pytest.mark.parametrize(
    ("address", "checked"),
    [
        ("https://example.com./a", "https://example.com./a/"),
        ("https://a_b.example.com:8443", "https://a_b.example.com:8443/"),
        ("https://exämple.com/", "https://xn--exmple-cua.com/"),
        ("https://example.com/caf%E9/", "https://example.com/caf%E9/"),
        ("https://example.com/a b", "https://example.com/a%20b/"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
    ],
)
def test_an_address_that_can_be_spelled_stays_what_it_is(address: str, checked: str):
    assert checked_address(address) == checked


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "127.1.2.3", "[::1]:8000"])
def test_http_is_for_this_machine_itself(host: str):
    assert checked_address(f"http://{host}/a") == f"http://{host}/a/"


def test_the_tables_of_an_address_load_as_those_of_the_folder(reader, site: Site):
    fetched = reader.fetch()
    assert fetched.source == site.address
    assert fetched.fetched_at == reader.moment
    assert not fetched.stale
    assert load_tables(fetched.folder) == load_tables(site.folder)
    assert case_names(fetched.folder) == case_names(site.folder)
    assert linted(fetched) == linted(fetch(site.folder))
    assert reader.left_behind() == []


def test_by_default_copies_are_kept_in_the_users_cache(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name, **_: str(tmp_path / "user" / name))
    assert fetch(site.address).folder.is_relative_to(tmp_path / "user" / "xiaomi-model")


def test_no_proxy_comes_between_this_machine_and_itself(reader, site: Site, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert reader.fetch().source == site.address


# --- unchanged files ----------------------------------------------------------------------------------


def test_unchanged_tables_cost_one_request(reader, site: Site):
    first = reader.fetch()
    assert len(site.paths) == len(set(site.paths)) == SERVED + 1
    site.requests.clear()
    again = reader.fetch()
    ((path, headers),) = site.requests
    assert path == f"/{INDEX}"
    assert headers["If-None-Match"]
    assert again.folder == first.folder
    assert again.fetched_at > first.fetched_at


def test_the_date_of_a_file_does_where_there_is_no_etag(reader, site: Site):
    stamp = "Wed, 19 Nov 2025 08:00:00 GMT"

    def dated(handler: Handler) -> None:
        unchanged = handler.headers.get("If-Modified-Since") == stamp
        handler.answer(
            b"" if unchanged else handler.content(), status=304 if unchanged else 200, Last_Modified=stamp
        )

    site.script[f"/{INDEX}"] = [dated]
    first = reader.fetch()
    site.requests.clear()
    assert reader.fetch().folder == first.folder
    ((path, headers),) = site.requests
    assert (path, headers["If-Modified-Since"]) == (f"/{INDEX}", stamp)


def test_only_what_has_changed_is_fetched(reader, site: Site):
    first = reader.fetch()
    site.requests.clear()
    old = (site.folder / HISTORY).read_bytes()
    reader.publish(HISTORY, old.replace(b"capex,FY2023,6270,", b"capex,FY2023,6269,"))
    second = reader.fetch()
    assert site.paths == [f"/{INDEX}", f"/{HISTORY}"]
    assert load_tables(second.folder).row("capex", "FY2023").number == 6269
    assert load_tables(first.folder).row("capex", "FY2023").number == 6270, "an earlier copy changed"


@pytest.mark.parametrize("value", ['"caf\xe9"', "x" * 10_000, '"tab\there"'])
@pytest.mark.parametrize("name", ["ETag", "Last_Modified"])
def test_a_validator_that_cannot_be_sent_back_is_not_kept(reader, site: Site, name: str, value: str):
    site.validators = False
    index = (site.folder / INDEX).read_bytes()
    site.script[f"/{INDEX}"] = [body(index, **{name: value})]
    first, second = reader.fetch(), reader.fetch()
    assert second.folder == first.folder
    (asked,) = [headers for path, headers in site.requests[1:] if path == f"/{INDEX}"]
    assert not {"If-None-Match", "If-Modified-Since"} & set(asked)


def test_without_validators_the_index_alone_is_fetched_again(reader, site: Site):
    site.validators = False
    first = reader.fetch()
    site.requests.clear()
    assert reader.fetch().folder == first.folder
    assert site.paths == [f"/{INDEX}"]


def test_not_modified_counts_only_where_it_was_asked_for(reader, site: Site):
    site.script[f"/{INDEX}"] = [status(304)]
    with pytest.raises(InputError, match="the answer is 304 Not Modified"):
        reader.fetch()


DAMAGES = [
    *("changed", "lost", "another case", "record", "bytes", "brackets"),
    *("a folder for a record", "a file for a copy", "a folder for an index", "a file for all"),
]
RECORDS: dict[str, dict[str, object]] = {
    "record of another": {"copy": "../../elsewhere"},
    "no text": {"etag": 7},
    "no day": {"confirmed_at": "yesterday"},
    "no zone": {"confirmed_at": "2025-11-19T08:00:00"},
    "one field more": {"more": ""},
    "an ETag that cannot be sent": {"etag": '"caf\xe9"'},
    "an ETag with a line end": {"etag": "a\r\nX-Header: b"},
}


@pytest.mark.parametrize("damage", [*DAMAGES, *RECORDS])
def test_a_copy_damaged_on_the_disk_is_fetched_again(reader, site: Site, damage: str):
    first = reader.fetch()
    latest = first.folder.parent / "latest.json"
    match damage:
        case "changed":
            with (first.folder / HISTORY).open("ab") as file:
                file.write(b"capex,FY1999,1,CNY m,reported,nowhere,2000-01-01,\n")
        case "lost":
            (first.folder / HISTORY).unlink()
        case "another case":
            shutil.copy(first.folder / "cases" / "bear.csv", first.folder / "cases" / "crash.csv")
        case "record":
            latest.write_text("{", encoding="utf-8")
        case "bytes":
            latest.write_bytes(b"\xff\xfe\0")
        case "brackets":
            latest.write_text("[" * 100_000, encoding="utf-8")
        case "a folder for a record":
            latest.unlink()
            (latest / "within").mkdir(parents=True)
        case "a file for a copy":
            shutil.rmtree(first.folder)
            first.folder.write_bytes(b"")
        case "a folder for an index":
            (first.folder / INDEX).unlink()
            (first.folder / INDEX).mkdir()
        case "a file for all":
            shutil.rmtree(first.folder.parent)
            first.folder.parent.write_bytes(b"")
        case _:
            record = json.loads(latest.read_text(encoding="utf-8"))
            latest.write_text(json.dumps(record | RECORDS[damage]), encoding="utf-8")
    again = reader.fetch()
    assert is_whole(again.folder, read_index((again.folder / INDEX).read_bytes(), address="the copy"))
    assert load_tables(again.folder) == load_tables(site.folder)
    assert reader.left_behind() == []


# --- nothing arrives half -----------------------------------------------------------------------------


@pytest.mark.parametrize("failing", [1, 5, SERVED + 1])
def test_a_failure_leaves_no_copy_and_no_scraps(reader, site: Site, failing: int):
    paths = ["/" + INDEX, *(f"/{entry.path}" for entry in _entries(site.folder))]
    assert len(paths) == SERVED + 1
    site.script[paths[failing - 1]] = [status(404)]
    with pytest.raises(
        InputError, match=rf"{paths[failing - 1]} must be served: the answer is 404 Not Found"
    ):
        reader.fetch()
    assert list(reader.cache.glob("tables/*/*")) == []


def test_a_failed_refresh_leaves_the_earlier_copy_as_it_was(reader, site: Site):
    first = reader.fetch()
    before = {path: path.read_bytes() for path in reader.cache.rglob("*") if path.is_file()}
    reader.publish(HISTORY, (site.folder / HISTORY).read_bytes() + b"\n")
    site.script[f"/{HISTORY}"] = [cut_off]
    with pytest.raises(InputError):
        reader.fetch()
    assert {path: path.read_bytes() for path in reader.cache.rglob("*") if path.is_file()} == before
    assert first.folder.is_dir()


def test_a_process_killed_while_it_fetches_leaves_no_copy(reader, site: Site):
    site.script[f"/{HISTORY}"] = [silent]
    program = (
        "import sys; from pathlib import Path; from xlwings_addin.sources import fetch; "
        "fetch(sys.argv[1], cache=Path(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, site.address, str(reader.cache)])
    while f"/{HISTORY}" not in site.paths and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    (scrap,) = reader.cache.glob("tables/*/*")
    assert reader.left_behind() == [scrap.name]
    assert (scrap / "inputs" / "articles.csv").exists()
    site.script.clear()
    assert load(reader.fetch())[0] == load_tables(site.folder)
    assert scrap.exists(), "it may belong to a process that still runs"
    os.utime(scrap, (0, 0))
    reader.publish(HISTORY, (site.folder / HISTORY).read_bytes() + b"\n")
    reader.fetch()
    assert reader.left_behind() == []


def test_two_who_fetch_at_once_both_get_whole_tables(reader, site: Site):
    answers: list[Fetched] = []
    readers = [threading.Thread(target=lambda: answers.append(reader.fetch())) for _ in range(6)]
    for process in readers:
        process.start()
    for process in readers:
        process.join()
    assert len(answers) == 6
    assert len({finding.folder for finding in answers}) == 1
    assert load(answers[0])[0] == load_tables(site.folder)
    assert reader.left_behind() == []


def test_a_copy_that_another_process_was_first_with_is_left_alone(reader, site: Site):
    inodes: list[int] = []

    def overtaken(handler: Handler) -> None:
        first = fetch(site.address, cache=reader.cache)
        inodes.append((first.folder / HISTORY).stat().st_ino)
        handler.serve()

    site.script[f"/{HISTORY}"] = [overtaken, well]
    second = reader.fetch()
    assert inodes == [(second.folder / HISTORY).stat().st_ino]
    assert reader.left_behind() == []


def test_a_cache_that_cannot_be_written_is_refused_by_name(reader):
    reader.cache.write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match=f"cache {reader.cache}.* must be a folder that can be written"):
        reader.fetch()


# --- the last good copy -------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [dropped, status(503), status(404), body(b"<html>sign in</html>")])
def test_the_last_good_copy_is_used_only_when_allowed(reader, site: Site, trouble):
    first = reader.fetch()
    site.script[f"/{INDEX}"] = [trouble]
    with pytest.raises(InputError, match=r"; allow_stale permits the copy of 2025-11-19T09:00:00\+00:00$"):
        reader.fetch()
    stale = reader.fetch(allow_stale=True)
    assert stale.stale
    assert stale.folder == first.folder
    assert stale.fetched_at == first.fetched_at, "an earlier copy is as old as it is"
    assert stale.failure.startswith(f"address {site.address}{INDEX} must be")
    site.script.clear()
    assert not reader.fetch(allow_stale=True).stale


def test_where_no_copy_was_kept_none_can_be_used(reader, site: Site):
    site.script[f"/{INDEX}"] = [status(500)]
    with pytest.raises(InputError, match=r"the answer is 500 Internal Server Error$"):
        reader.fetch(allow_stale=True)
    assert not reader.cache.exists()


def test_a_damaged_copy_is_no_good_copy(reader, site: Site):
    first = reader.fetch()
    (first.folder / HISTORY).write_bytes(b"")
    site.script[f"/{INDEX}"] = [status(500)]
    with pytest.raises(InputError, match="500"):
        reader.fetch(allow_stale=True)


# --- tables that are none -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content", "rule"),
    [
        (
            HISTORY,
            b"<!doctype html><html><body>sign in</body></html>",
            r"header '<!doctype html>.* must be key",
        ),
        (HISTORY, b"<html>" * 20_000, r"history\.csv line 1 header .*… must be key,period,"),
        (HISTORY, bytes(range(256)) * 40, r"history\.csv' must be UTF-8 text"),
        (HISTORY, "key,période\n".encode("latin-1"), r"history\.csv' must be UTF-8 text"),
        (HISTORY, "key,period\n".encode("utf-16"), r"history\.csv line 1 header 'key,period' must be key"),
        (HISTORY, b"", r"history\.csv line 1 header '' must be key,period,value,unit"),
        (HISTORY, b"key;period;value\n", r"history\.csv line 1 header 'key;period;value' must be key"),
        ("inputs/articles.csv", b'key,"', r"articles\.csv' must be a CSV file"),
        ("inputs/assumptions.csv", b"key,period\n", r"assumptions\.csv line 1 header"),
        ("inputs/oddities.csv", b"id\n", r"oddities\.csv line 1 header 'id' must be id,article"),
        ("cases/bear.csv", b"key\n", r"bear\.csv line 1 header 'key' must be key,period,value,low"),
    ],
)
def test_garbage_is_refused_with_the_address_and_the_loaders_rule(
    reader, site: Site, path: str, content: bytes, rule: str
):
    reader.publish(path, content)
    with pytest.raises(
        InputError, match=rf"^source {site.address} must have tables that load: .*{rule}"
    ) as error:
        reader.fetch()
    assert len(str(error.value)) < 600
    assert list(reader.cache.glob("tables/*/*")) == []


def test_a_case_that_breaks_a_rule_is_refused_before_it_is_used(reader, site: Site):
    bear = (site.folder / "cases" / "bear.csv").read_bytes()
    reader.publish("cases/bear.csv", bear.replace(b"extends,,base,", b"extends,,nobody,"))
    with pytest.raises(InputError, match=r"bear\.csv line \d+ extends 'nobody' must be one of "):
        reader.fetch()


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_text_like_a_formula_stays_text_and_is_warned_of(reader, site: Site, start: str):
    text = f'{start}HYPERLINK("https://example.org/"&A1)'
    quoted = text.replace('"', '""').encode()
    history = (site.folder / HISTORY).read_bytes()
    row = b'capex,FY2016,1835,CNY m,reported,"' + quoted + b'",2019-03-19,"' + quoted + b'"\n'
    reader.publish(HISTORY, history + row)
    fetched = reader.fetch()
    loaded = load(fetched)[0].row("capex", "FY2016")
    assert (loaded.source, loaded.note) == (text, text)
    findings = [finding for finding in linted(fetched) if finding.rule == "formula_text"]
    assert [(finding.severity, finding.key, finding.period) for finding in findings] == [
        ("warning", "capex", "FY2016")
    ] * 2


def test_a_number_like_a_formula_does_not_load(reader, site: Site):
    history = (site.folder / HISTORY).read_bytes()
    reader.publish(HISTORY, history.replace(b"capex,FY2023,6270,", b"capex,FY2023,=6270,"))
    with pytest.raises(InputError, match=r"history\.csv line \d+ value '=6270' must be a finite number"):
        reader.fetch()


# --- the index ----------------------------------------------------------------------------------------


def _entries(folder: Path) -> tuple[Entry, ...]:
    return read_index(index_text(folder), address="the folder")


def test_the_index_lists_every_table(tables: Path):
    entries = _entries(tables)
    listed = {entry.path for entry in entries}
    assert listed == {path.relative_to(tables).as_posix() for path in tables.rglob("*.csv")}
    assert is_whole(tables, entries)


def test_an_index_is_not_written_for_tables_that_do_not_load(tables: Path):
    (tables / HISTORY).write_bytes(b"key\n")
    with pytest.raises(InputError, match="must have tables that load"):
        write_index(tables)
    assert not (tables / INDEX).exists()


@pytest.mark.parametrize("lines", range(SERVED + 2))
def test_an_index_cut_after_any_line_is_noticed(tables: Path, lines: int):
    whole = index_text(tables).splitlines(keepends=True)
    assert len(whole) == SERVED + 2
    with pytest.raises(InputError, match=r"address x must (end with its own line|be a table index)"):
        read_index(b"".join(whole[:lines]), address="x")


def resealed(*lines: str) -> bytes:
    """An index of these lines that ends with its own, true line."""
    from xlwings_addin.sources.index import HEADER, _entry, _line

    above = "".join(f"{line}\n" for line in (HEADER, *lines)).encode()
    return above + _line(_entry(INDEX, above)).encode() + b"\n"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("../../.bashrc", "must list inputs/history.csv, cases/base.csv and the like"),
        ("cases/../../x.csv", "must list inputs/history.csv"),
        ("cases/=cmd.csv", "must list inputs/history.csv"),
        ("/etc/passwd", "must list inputs/history.csv"),
        ("inputs/other.csv", "must list inputs/history.csv"),
        ("inputs/history.csv", "must list each table once"),
    ],
)
def test_an_index_cannot_name_another_file(tables: Path, path: str, rule: str):
    lines = index_text(tables).decode().splitlines()[1:-1]
    assert len(read_index(resealed(*lines), address="x")) == SERVED
    with pytest.raises(InputError, match=f"address x {rule}"):
        read_index(resealed(*lines, f"{path},1,{'0' * 64}"), address="x")


def test_an_index_lists_all_inputs_and_some_cases(tables: Path):
    lines = index_text(tables).decode().splitlines()[1:-1]
    with pytest.raises(InputError, match=r"must list inputs/history\.csv$"):
        read_index(resealed(*(line for line in lines if "history" not in line)), address="x")
    with pytest.raises(InputError, match="must list 1 to 1000 cases, lists 0"):
        read_index(resealed(*(line for line in lines if "cases/" not in line)), address="x")
    own = sum("cases/" in line for line in lines)
    more = [f"cases/case_{number}.csv,1,{'0' * 64}" for number in range(1001 - own)]
    with pytest.raises(InputError, match="must list 1 to 1000 cases, lists 1001"):
        read_index(resealed(*lines, *more), address="x")


def test_a_table_of_another_version_than_the_index_is_noticed(reader, site: Site):
    changed = (site.folder / HISTORY).read_bytes().replace(b"capex,FY2023,6270,", b"capex,FY2023,6269,")
    site.script[f"/{HISTORY}"] = [body(changed)]
    with pytest.raises(
        InputError, match=r"must be the .* bytes with the SHA-256 that index\.csv states"
    ) as error:
        reader.fetch()
    assert str(error.value).startswith(f"address {site.address}{HISTORY} ")


def test_a_site_may_answer_elsewhere_on_itself(reader, site: Site):
    site.script[f"/{HISTORY}"] = [redirect("/moved/history.csv")]
    site.script["/moved/history.csv"] = [body((site.folder / HISTORY).read_bytes())]
    assert load(reader.fetch())[0] == load_tables(site.folder)


def test_the_default_web_asks_again_by_itself(site: Site, tmp_path: Path):
    site.script[f"/{INDEX}"] = [status(503), well]
    waits: list[float] = []
    assert fetch(site.address, cache=tmp_path / "cache", web=Web(sleep=waits.append)).source == site.address
    assert len(waits) == 1
    assert 0.25 <= waits[0] <= 0.5
