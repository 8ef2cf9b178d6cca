"""Tables of an address, kept on this machine.

    <cache>/<hash of the address>/
        latest.json                the latest copy, when it was confirmed, the validators of its index
        <hash of the index>/       a copy: index.csv, inputs/, cases/

A copy is put together beside its place, passes the loader, and is moved there in one step; what is there
is never changed. Each use proves a copy by its index first, so that one damaged on the disk is fetched again;
a record that cannot be read, of whatever kind, is dropped.
The index is asked for with `ETag` and `Last-Modified`; a table that is there already with the hash it states
is not asked for at all.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import platformdirs

from xlwings_addin.core.errors import InputError
from xlwings_addin.sources.fetched import Fetched, load, refused
from xlwings_addin.sources.index import INDEX, MAX_INDEX_BYTES, Entry, is_whole, read_index
from xlwings_addin.sources.web import Limits, Session, Web, checked_address, validator

logger = logging.getLogger(__name__)

LATEST = "latest.json"
ARRIVING, DAMAGED, RECORDING = "arriving-", "damaged-", "latest-"
ABANDONED_AFTER = 24 * 3600
"""Seconds after which what a killed process left behind is removed; a fetch takes minutes at most."""
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Latest:
    """The latest copy of an address: its folder's name, when the address confirmed it, its validators."""

    address: str
    copy: str
    confirmed_at: str
    etag: str = ""
    last_modified: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the index only if it has changed (RFC 9110, 13.1)."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


def default_cache() -> Path:
    """The user's cache folder for this program."""
    return Path(platformdirs.user_cache_dir("xiaomi-model", appauthor=False))


def fetch_address(
    address: str, *, cache: Path | None, allow_stale: bool, web: Web | None, now: Callable[[], datetime]
) -> Fetched:
    """The tables of an address as a folder of the cache; see `sources.fetch`."""
    base = checked_address(address)
    place = (cache or default_cache()) / "tables" / _name(base.encode())
    with _writing(place):
        latest = _latest(place, base)
        try:
            latest = _refreshed(base, place, latest, web or Web(), now)
        except InputError as error:
            if latest is None:
                raise
            if not allow_stale:
                rule = f"{error.rule}; allow_stale permits the copy of {latest.confirmed_at}"
                raise InputError(error.argument, error.value, rule, display=str(error.value)) from error
            return _fetched(place, latest, failure=str(error))
    return _fetched(place, latest)


def _refreshed(
    base: str, place: Path, latest: Latest | None, web: Web, now: Callable[[], datetime]
) -> Latest:
    """The latest copy after the address was asked, recorded as such."""
    asked_at = now().isoformat(timespec="seconds")
    with web.session(base, now=now) as session:
        answer = session.get(
            f"{base}{INDEX}", most=MAX_INDEX_BYTES, headers=latest.conditions if latest else {}
        )
        if answer.body is None:
            assert latest is not None
            latest = replace(latest, confirmed_at=asked_at)
        else:
            copy = _copied(base, place, answer.body, place / latest.copy if latest else None, session)
            latest = Latest(base, copy, asked_at, answer.etag, answer.last_modified)
    _record(place, latest)
    return latest


def _copied(base: str, place: Path, index: bytes, earlier: Path | None, session: Session) -> str:
    """The name of the copy of `index`, put together where it is not there whole already."""
    entries = read_index(index, address=f"{base}{INDEX}")
    _check_sizes(entries, f"{base}{INDEX}", session.web.limits)
    name = _name(index)
    target = place / name
    if _is_copy(target, index, entries):
        return name
    place.mkdir(parents=True, exist_ok=True)
    _sweep(place)
    beside = Path(tempfile.mkdtemp(prefix=ARRIVING, dir=place))
    try:
        (beside / INDEX).write_bytes(index)
        for entry in entries:
            path = beside / entry.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(_content(base, entry, earlier, session))
        load(Fetched(beside, base, session.now()))
        _moved(beside, target, index, entries)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return name


def _content(base: str, entry: Entry, earlier: Path | None, session: Session) -> bytes:
    """A table from the earlier copy where its hash is the same, else from the address."""
    copy = earlier / entry.path if earlier else None
    if copy and copy.is_file() and entry.is_of(content := copy.read_bytes()):
        return content
    address = f"{base}{entry.path}"
    body = session.get(address, most=entry.length).body
    assert body is not None
    if not entry.is_of(body):
        rule = (
            f"must be the {entry.length:,} bytes with the SHA-256 that {INDEX} states, are {len(body):,}: "
            "cut off, or changed without its index"
        )
        raise refused(address, rule)
    return body


def _check_sizes(entries: tuple[Entry, ...], address: str, limits: Limits) -> None:
    """No table is read beyond the length the index states, so that these bound all that arrives."""
    total = sum(entry.length for entry in entries)
    for entry in entries:
        if entry.length > limits.file_bytes:
            rule = (
                f"must list tables of at most {limits.file_bytes:,} bytes, {entry.path} has {entry.length:,}"
            )
            raise refused(address, rule)
    if total > limits.total_bytes:
        rule = f"must list at most {limits.total_bytes:,} bytes in all, lists {total:,}"
        raise refused(address, rule)


def _is_copy(folder: Path, index: bytes, entries: tuple[Entry, ...]) -> bool:
    """Whether a folder holds an index and all that it lists."""
    try:
        return (folder / INDEX).read_bytes() == index and is_whole(folder, entries)
    except OSError:
        return False


def _moved(beside: Path, target: Path, index: bytes, entries: tuple[Entry, ...]) -> None:
    """Move a copy to its place, where another process may have put the same one, or a damaged one lies."""
    try:
        os.rename(beside, target)
    except OSError:
        if _is_copy(target, index, entries):
            return
        damaged = Path(tempfile.mkdtemp(prefix=DAMAGED, dir=target.parent))
        os.rename(target, damaged / target.name)
        os.rename(beside, target)
        shutil.rmtree(damaged, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove what processes that were killed have left behind."""
    for path in place.iterdir():
        if path.name.startswith((ARRIVING, DAMAGED, RECORDING)):
            with suppress(OSError):  # another process may be at it
                if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                    _drop(path)


def _latest(place: Path, base: str) -> Latest | None:
    """The latest copy, if there is one that is whole. What cannot be one goes, to be fetched anew."""
    try:
        latest = _read_latest(place, base)
    except FileNotFoundError:
        return None
    except (IsADirectoryError, NotADirectoryError, ValueError, TypeError, RecursionError) as error:
        logger.info("the cache of %s is damaged and made anew: %s", base, error)
        _drop(place / LATEST if place.is_dir() else place)
        return None
    return latest


def _read_latest(place: Path, base: str) -> Latest:
    """Raises what a file, its text or its fields raise that are not what `_record` writes."""
    latest = Latest(**json.loads((place / LATEST).read_text(encoding="utf-8")))
    if not all(isinstance(value, str) for value in asdict(latest).values()):
        raise TypeError("a field is no text")
    if datetime.fromisoformat(latest.confirmed_at).tzinfo is None:
        raise ValueError("its time has no zone")
    if latest.address != base or not _NAME.fullmatch(latest.copy):
        raise ValueError("it is of another address")
    folder = place / latest.copy
    index = (folder / INDEX).read_bytes()
    if latest.copy != _name(index) or not is_whole(folder, read_index(index, address=str(folder / INDEX))):
        raise ValueError("its copy is not what its index says")
    return replace(latest, etag=validator(latest.etag), last_modified=validator(latest.last_modified))


def _drop(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _record(place: Path, latest: Latest) -> None:
    handle, name = tempfile.mkstemp(prefix=RECORDING, dir=place)
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(latest), file, indent=2)
        beside.replace(place / LATEST)
    finally:
        beside.unlink(missing_ok=True)


def _fetched(place: Path, latest: Latest, *, failure: str = "") -> Fetched:
    fetched = Fetched(
        place / latest.copy, latest.address, datetime.fromisoformat(latest.confirmed_at), failure
    )
    load(fetched)
    return fetched


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        rule = f"must be a folder that can be written: {error.strerror or error}"
        raise refused(str(place), rule, argument="cache") from error


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
