"""A server that is slow, drops, cuts off, lies or never ends gets no table in, and no endless patience."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tests.sources.table_server import (
    Site,
    body,
    cut_off,
    cut_off_chunks,
    dripping,
    dropped,
    endless,
    lying_length,
    redirect,
    serving,
    silent,
    status,
    well,
    without_length,
)
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.sources import load
from xlwings_addin.sources.web import Limits

INDEX = "/index.csv"
HISTORY = "/inputs/history.csv"


# --- asked again --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [INDEX, HISTORY])
@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (status(502), "502 Bad Gateway"),
        (status(503), "503 Service Unavailable"),
        (status(504), "504 Gateway Timeout"),
        (dropped, "Server disconnected without sending a response"),
        (cut_off, "peer closed connection without sending complete message body"),
        (cut_off_chunks, "peer closed connection without sending complete message body"),
        (lying_length(+7), "peer closed connection without sending complete message body"),
        (silent, "no answer in time"),
    ],
    ids=["502", "503", "504", "dropped", "cut off", "cut off in chunks", "length too long", "silent"],
)
def test_what_may_pass_is_asked_again_four_times_in_all(reader, site: Site, path: str, trouble, reason: str):
    site.script[path] = [trouble]
    with pytest.raises(InputError) as error:
        reader.fetch()
    assert str(error.value).startswith(f"address {site.address}{path[1:]} must be served: {reason}")
    assert str(error.value).endswith(", 4 times")
    assert site.paths.count(path) == 4
    assert reader.waits == [0.5, 1.0, 2.0]


def test_after_the_trouble_the_tables_arrive(reader, site: Site):
    site.script[INDEX] = [status(503), dropped, silent, well]
    site.script[HISTORY] = [cut_off, lying_length(+1), well]
    assert load(reader.fetch())[0] == load_tables(site.folder)
    assert reader.waits == [0.5, 1.0, 2.0, 0.5, 1.0]


def test_chance_shortens_a_wait_by_up_to_half(reader, site: Site):
    site.script[INDEX] = [status(503)]
    reader.chance = 1.0
    with pytest.raises(InputError):
        reader.fetch()
    assert reader.waits == [0.25, 0.5, 1.0]


def test_a_server_that_is_not_there_is_refused_by_its_address(reader, site: Site):
    with serving(site.folder) as gone:
        pass
    reader.site = gone
    with pytest.raises(InputError, match=rf"^address {gone.address}index\.csv must be served: .*, 4 times$"):
        reader.fetch()
    assert len(reader.waits) == 3


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 418, 429, 500, 501, 206, 204])
def test_any_other_status_is_not_asked_again(reader, site: Site, code: int):
    site.script[HISTORY] = [status(code) if code != 204 else lambda handler: handler.send_error(204)]
    with pytest.raises(InputError, match=rf"{HISTORY} must be served: the answer is {code}"):
        reader.fetch()
    assert site.paths.count(HISTORY) == 1
    assert reader.waits == []


# --- Retry-After --------------------------------------------------------------------------------------


def test_retry_after_lengthens_a_wait(reader, site: Site):
    site.script[INDEX] = [status(503, Retry_After="7"), status(503, Retry_After="0"), well]
    reader.fetch()
    assert reader.waits == [7.0, 1.0]


def test_retry_after_may_be_a_date(reader, site: Site):
    later = reader.moment + timedelta(hours=1, seconds=9)  # an hour goes by before the site is asked
    site.script[INDEX] = [status(503, Retry_After=format_datetime(later, usegmt=True)), well]
    reader.fetch()
    assert reader.waits == [9.0]


@pytest.mark.parametrize("text", ["soon", "-5", "", "1e9", "Wed, 99 Nov 2025 08:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_as_none(reader, site: Site, text: str):
    site.script[INDEX] = [status(503, Retry_After=text), well]
    reader.fetch()
    assert reader.waits == [0.5]


@pytest.mark.parametrize("seconds", ["31", "9" * 5000])
def test_a_long_retry_after_ends_the_tries(reader, site: Site, seconds: str):
    site.script[INDEX] = [status(503, Retry_After=seconds)]
    with pytest.raises(
        InputError, match=r"503 Service Unavailable, to be asked again in .* seconds, above 30"
    ):
        reader.fetch()
    assert site.paths == [INDEX]
    assert reader.waits == []


# --- time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["header", "body", "gzip"])
def test_a_server_that_drips_is_cut_off_when_the_time_is_up(reader, site: Site, part: str):
    """A byte comes every 0.02 seconds, so that the read timeout of 0.2 never ends it."""
    site.script[INDEX] = [dripping(part)]
    limits = replace(reader.limits, total_time=0.5)
    with pytest.raises(InputError, match=r"index\.csv must arrive within 0\.5 seconds, tries included"):
        reader.fetch(limits=limits)
    assert site.paths == [INDEX]


def test_no_wait_goes_beyond_the_time(reader, site: Site):
    site.script[INDEX] = [status(503, Retry_After="25")]
    with pytest.raises(InputError, match="must arrive within 20 seconds, tries included: 503 Service"):
        reader.fetch()
    assert reader.waits == []


# --- size ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [INDEX, HISTORY])
def test_an_endless_body_is_stopped_at_the_limit(reader, site: Site, path: str):
    site.script[path] = [endless]
    with pytest.raises(InputError, match=rf"{path} must be at most [\d,]+ bytes, is longer"):
        reader.fetch()
    assert site.paths.count(path) == 1


def test_a_table_above_the_limit_is_not_asked_for(reader, site: Site):
    with pytest.raises(InputError, match=r"must list tables of at most 1,000 bytes, cases/bear\.csv has 1,"):
        reader.fetch(limits=replace(reader.limits, file_bytes=1000))
    assert site.paths == [INDEX]


def test_tables_above_the_limit_in_all_are_not_asked_for(reader, site: Site):
    with pytest.raises(InputError, match=r"must list at most 50,000 bytes in all, lists \d+,"):
        reader.fetch(limits=replace(reader.limits, total_bytes=50_000))
    assert site.paths == [INDEX]


def test_the_limits_leave_the_package_room_to_grow(site: Site):
    tables = [path.stat().st_size for path in site.folder.rglob("*.csv")]
    assert max(tables) * 20 < Limits().file_bytes
    assert sum(tables) * 20 < Limits().total_bytes


@pytest.mark.parametrize("path", [INDEX, HISTORY])
def test_a_length_that_is_too_short_cuts_the_table_and_is_noticed(reader, site: Site, path: str):
    """HTTP hides the rest from its reader: the index shows that something is missing."""
    site.script[path] = [lying_length(-40)]
    with pytest.raises(InputError, match=f"{path} must (end with its own line|be the .* SHA-256)"):
        reader.fetch()


@pytest.mark.parametrize("path", [INDEX, HISTORY])
def test_a_body_that_ends_with_the_connection_is_proved_by_the_index(reader, site: Site, path: str):
    site.script[path] = [without_length(0.5)]
    with pytest.raises(InputError, match=f"{path} must (end with its own line|be the .* SHA-256)"):
        reader.fetch()
    site.script[path] = [without_length(1.0)]
    assert load(reader.fetch())[0] == load_tables(site.folder)


# --- compression --------------------------------------------------------------------------------------


def test_a_compressed_table_is_unpacked(reader, site: Site):
    packed = gzip.compress((site.folder / HISTORY[1:]).read_bytes())
    site.script[HISTORY] = [body(packed, Content_Encoding="gzip")]
    assert load(reader.fetch())[0] == load_tables(site.folder)


@pytest.mark.parametrize("path", [INDEX, HISTORY])
def test_a_bomb_is_unpacked_no_further_than_the_limit(
    reader, site: Site, path: str, monkeypatch: pytest.MonkeyPatch
):
    bomb = gzip.compress(bytes(10 * 1024 * 1024))
    assert len(bomb) < 16 * 1024, "below every limit as it comes"
    unpacked: list[int] = []
    real = zlib.decompressobj

    class Counted:
        def __init__(self, wbits: int) -> None:
            self.inner = real(wbits)

        def decompress(self, data: bytes, most: int) -> bytes:
            plain = self.inner.decompress(data, most)
            unpacked.append(len(plain))
            return plain

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

    monkeypatch.setattr(zlib, "decompressobj", Counted)
    site.script[path] = [body(bomb, Content_Encoding="gzip")]
    with pytest.raises(InputError, match=rf"{path} must be at most ([\d,]+) bytes unpacked, is longer"):
        reader.fetch()
    # The limit of an index of 1,000 cases is the largest; the bomb itself is many times that.
    assert 0 < sum(unpacked) < 300_000


@pytest.mark.parametrize(
    ("content", "encoding", "rule"),
    [
        (b"not compressed", "gzip", "must be gzip, as its Content-Encoding says"),
        (gzip.compress(b"path", mtime=0)[:-4], "gzip", "must be a whole gzip stream, is cut off"),
        (gzip.compress(b"path", mtime=0) + b"more", "gzip", "must be one gzip stream, goes on after its end"),
        (b"", "gzip", "must be a whole gzip stream, is cut off"),
        (b"path", "br", "must be plain or gzip, has Content-Encoding 'br'"),
        (b"path", "gzip, gzip", "must be plain or gzip"),
    ],
    ids=["not gzip", "cut off", "too long", "empty", "brotli", "twice"],
)
def test_what_does_not_unpack_is_refused(reader, site: Site, content: bytes, encoding: str, rule: str):
    site.script[INDEX] = [body(content, Content_Encoding=encoding)]
    with pytest.raises(InputError, match=rf"^address {site.address}index\.csv {rule}"):
        reader.fetch()


# --- redirects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_is_followed(reader, site: Site, code: int):
    site.script[INDEX] = [redirect(f"{site.address}now/index.csv", code)]
    site.script["/now/index.csv"] = [body((site.folder / "index.csv").read_bytes())]
    assert load(reader.fetch())[0] == load_tables(site.folder)


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1/index.csv",
        "http://localhost/index.csv",
        "http://127.0.0.1:1/index.csv",
        "//example.org/index.csv",
        "file:///etc/passwd",
        "ftp://127.0.0.1/index.csv",
        "http://analyst@{host}/index.csv",
    ],
)
def test_a_redirect_elsewhere_is_refused(reader, site: Site, target: str):
    site.script[INDEX] = [redirect(target.format(host=site.address.split("/")[2]))]
    with pytest.raises(InputError, match=rf"must not redirect away from {site.address[:-1]}: to "):
        reader.fetch()
    assert site.paths == [INDEX]


def test_a_circle_of_redirects_ends(reader, site: Site):
    site.script[INDEX] = [redirect("/index.csv")]
    with pytest.raises(InputError, match="must not redirect more than 3 times"):
        reader.fetch()
    assert len(site.paths) == 4


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (redirect("http://127.0.0.1:port/"), "must be served: Invalid URL in location header"),
        (redirect("/" + "a" * 65_530), "must be served: URL too long"),
        (status(302), "must be served: the answer is 302 Found"),
    ],
    ids=["no port", "too long", "no target"],
)
def test_a_redirect_to_nowhere_is_refused(reader, site: Site, answer, rule: str):
    site.script[INDEX] = [answer]
    with pytest.raises(InputError, match=rf"^address {site.address}index\.csv {rule}"):
        reader.fetch()


# --- pages instead of tables --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [b"<!doctype html><title>Sign in</title>", b"", b"\x00\xff\xfe" * 50, b"path,bytes\n", b"\x1b[2J" * 3000],
    ids=["html", "empty", "garbage", "another header", "control characters"],
)
def test_a_page_in_place_of_the_index_is_refused(reader, site: Site, page: bytes):
    site.script[INDEX] = [body(page)]
    with pytest.raises(
        InputError, match="must be a table index that begins path,bytes,sha256, begins"
    ) as error:
        reader.fetch()
    assert str(error.value).startswith(f"address {site.address}index.csv ")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


def test_an_answer_that_is_no_http_is_refused(reader, site: Site):
    def garbage(handler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        handler.hang_up()

    site.script[INDEX] = [garbage]
    with pytest.raises(InputError, match=r"index\.csv must be served: .*, 4 times$"):
        reader.fetch()
