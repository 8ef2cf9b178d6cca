"""What is attacked: one case of a surface is one spoilt input, decided by a seed and a number."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeAlias

import httpx

import xlwings_addin as xa
from tests.fuzz.kills import kills
from tests.fuzz.mutants import spoilt_book, spoilt_text, value
from tests.hosts.server_process import function_call, running
from tests.sources.table_server import Handler, body, serving
from tests.xlsx.foreign_books import openpyxl_book, xlsxwriter_book
from xlwings_addin.core.errors import ValuationError
from xlwings_addin.functions.registry import REGISTRY, callbacks
from xlwings_addin.inputs.lint import lint
from xlwings_addin.inputs.tables import tables_folder
from xlwings_addin.refresh.export import export_case
from xlwings_addin.sources import fetch, load
from xlwings_addin.sources.index import INDEX, index_text
from xlwings_addin.sources.web import Limits, Web

ROOT = Path(__file__).parents[2]
OWN_EVERY = 40
"""One workbook in so many is the project's own, which takes a hundred times as long."""
TODAY = date(2025, 11, 19)


class ChangedError(AssertionError):
    """An input that was refused is no longer as it was, or something was left beside it."""


Attack: TypeAlias = Callable[[Random, Path], None]
"""One case in a folder of its own. It raises `ValuationError` for what is refused."""


@cache
def _books() -> tuple[bytes, ...]:
    examples = sorted((ROOT / "examples").glob("*.xlsx"))
    return (openpyxl_book(), xlsxwriter_book(), *(example.read_bytes() for example in examples))


@cache
def _own_book() -> bytes:
    return (ROOT / "workbook" / "Xiaomi_Model.xlsx").read_bytes()


@contextmanager
def untouched_if_refused(folder: Path) -> Iterator[None]:
    """Files of a folder that a refusal has to leave as they were, and alone."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    try:
        yield
    except ValuationError as refusal:
        after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        if after != before:
            raise ChangedError(f"{sorted(after.keys() ^ before.keys())} after: {refusal}") from refusal
        raise


@contextmanager
def books(folder: Path) -> Iterator[Attack]:
    """Spoilt workbooks, small ones recalculated and compared, the project's own through every command."""

    def attack(random: Random, place: Path) -> None:
        book = place / "book.xlsx"
        own = random.randrange(OWN_EVERY) == 0
        sound = _own_book() if own else random.choice(_books())
        book.write_bytes(spoilt_book(random, sound))
        (place / "sound.xlsx").write_bytes(sound)
        ways: tuple[Callable[[], object], ...] = (
            lambda: xa.recalculate(book, book),
            lambda: xa.recalculate(book, book, target="office-js"),
            lambda: xa.recalculate(book, book, keep_uncalculated=True, stored_values_are_old=True),
            lambda: xa.diff(place / "sound.xlsx", book),
            lambda: xa.refresh(book, backups=0),
            lambda: xa.check(book, second_opinion="skip"),
            lambda: export_case(book, "mine", author="fuzz", day=TODAY, out=place / "mine.csv"),
        )
        # What is no workbook of the project is refused by the last three before much is read.
        way = random.choice(ways if own or random.random() < 0.1 else ways[:4])
        with untouched_if_refused(place):
            way()

    yield attack


def _table_names() -> list[Path]:
    folder = tables_folder()
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.csv"))
    return [name for name in names if name.name != INDEX]


def _closed(index: bytes) -> bytes:
    """An index with the last line that belongs to those above it."""
    above = index.removesuffix(b"\n").rpartition(b"\n")[0] + b"\n"
    return above + f"{INDEX},{len(above)},{hashlib.sha256(above).hexdigest()}\n".encode()


@contextmanager
def tables(folder: Path) -> Iterator[Attack]:
    """Spoilt tables, loaded and valued."""
    sound, names = tables_folder(), _table_names()

    def attack(random: Random, place: Path) -> None:
        shutil.copytree(sound, place, dirs_exist_ok=True)
        target = place / random.choice(names)
        if random.random() < 0.1:
            data = bytearray(target.read_bytes())
            data[random.randrange(len(data))] = random.randrange(256)
            target.write_bytes(data)
        else:
            lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
            number = random.randrange(len(lines))
            if random.random() < 0.8:
                lines[number] = spoilt_text(random, lines[number])
            else:
                lines[number:number] = lines[number : number + random.choice((1, 20))]
            target.write_text("".join(lines), encoding="utf-8", errors="replace", newline="")
        case = random.choice(("base", "bull", "bear", "march_2024_replica", "march_2024_strict"))
        with untouched_if_refused(place):
            loaded, cases = load(fetch(place))
            lint(loaded, today=TODAY, cases=cases)
            xa.value(case, folder=place)

    yield attack


class _Failures(logging.Handler):
    """Collects what the boundary logs of exceptions that are none of ours."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def arguments(folder: Path) -> Iterator[Attack]:
    """Functions called as cells call them, with up to one argument too many, a fifth of them left alone."""
    answers = callbacks()
    failures = _Failures()
    logging.getLogger("xlwings_addin.functions.boundary").addHandler(failures)

    def attack(random: Random, place: Path) -> None:
        name = random.choice(sorted(REGISTRY))
        count = len(REGISTRY[name].parameters)
        ranges = [
            value(random) for _ in range(random.choice((count, count, count, max(count - 1, 0), count + 1)))
        ]
        failures.records.clear()
        answers[name](*ranges)
        if failures.records:
            failed = failures.records[0].exc_info
            raise RuntimeError(f"{name}{ranges!r:.500}") from (failed[1] if failed else None)

    yield attack


@contextmanager
def bodies(folder: Path) -> Iterator[Attack]:
    """Bodies, types and paths posted to a development server."""
    scripts = ("refresh", "check", "nothing")
    with running(folder / "server", XIAOMI_MODEL_LEDGER="off") as server:
        token = server.of_pane

        def attack(random: Random, place: Path) -> None:
            name = random.choice(sorted(REGISTRY))
            ranges = [[[value(random, 2)]] for _ in REGISTRY[name].parameters]
            call = function_call(name, ranges, "[B.xlsx]S!A1")
            script = {"client": "Office.js", "version": "0.37.8", "book": {"name": "B.xlsx", "sheets": []}}
            path, sent = random.choice(
                (("custom-functions-call", call), (f"custom-scripts-call/{random.choice(scripts)}", script))
            )
            text = json.dumps(sent)
            for _ in range(random.randint(0, 2)):
                text = spoilt_text(random, text)
            headers: Mapping[str, str] = token
            if random.random() < 0.1:
                headers = {**token, random.choice(("Content-Type", "Origin")): "text/plain"}
            answer = httpx.post(
                f"{server.url}/xlwings/{path}",
                content=text.encode("utf-8", "surrogatepass"),
                headers=headers,
                timeout=None,  # the campaign ends what hangs
            )
            if answer.status_code >= 500 and not answer.text.startswith("#"):
                raise RuntimeError(f"{answer.status_code} for {path} {text:.300}: {answer.text:.300}")
            if answer.status_code >= 400:
                raise ValuationError("body", path, answer.text.splitlines()[0] if answer.text else "refused")

        yield attack


@contextmanager
def answers(folder: Path) -> Iterator[Attack]:
    """Indexes and tables as a server may answer for them, with the headers that go along."""
    sound, names = tables_folder(), _table_names()
    web = Web(Limits(tries=1, first_wait=0, total_time=20, read_timeout=5), sleep=lambda _: None)
    with serving(sound) as site:

        def attack(random: Random, place: Path) -> None:
            path = random.choice((INDEX, INDEX, *(name.as_posix() for name in names)))
            text = spoilt_text(random, (sound / path).read_text(encoding="utf-8")).encode("utf-8", "replace")
            site.folder = place / "site"
            shutil.copytree(sound, site.folder)
            if random.random() < 0.7:  # an index that fits what is served, so that the rest is looked at, too
                if path == INDEX:
                    text = _closed(text)
                else:
                    (site.folder / path).write_bytes(text)
                    (site.folder / INDEX).write_bytes(index_text(site.folder))
            headers = {}
            if random.random() < 0.5:
                spoilt = spoilt_text(random, '"abc"').encode("latin-1", "replace").decode("latin-1")
                headers["ETag"] = "".join(mark for mark in spoilt if mark not in "\r\n\0")[:2000]
            if random.random() < 0.1:
                headers["Content_Encoding"] = random.choice(("gzip", "deflate", "br", "x"))
            site.script = {f"/{path}": [body(text, **headers)]}
            for _ in range(2):  # the second time from the cache of the first
                with untouched_cache(place):
                    fetch(site.address, cache=place, web=web, now=lambda: datetime(2025, 11, 19, tzinfo=UTC))

        def untouched_cache(place: Path) -> object:
            return untouched_if_refused(place / "tables")

        yield attack


Handler.log_message = lambda *_: None  # type: ignore[method-assign]

SURFACES = {surface.__name__: surface for surface in (books, tables, arguments, bodies, answers, kills)}
"""By what is spoilt."""
