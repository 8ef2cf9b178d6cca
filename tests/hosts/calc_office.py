"""A LibreOffice without a window that has the extension, with a profile of its own, for tests to drive."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from xlwings_addin.hosts.libreoffice.extension import export

DRIVER = Path(__file__).with_name("calc_driver.py")
START = 60.0
"""Seconds that LibreOffice may take to start."""


class Office:
    """The running office: `office.values("A1:B2")` and the other methods of `calc_driver.Driver`."""

    def __init__(self, driver: subprocess.Popen[bytes], profile: Path) -> None:
        self._driver, self.profile = driver, profile

    def __getattr__(self, method: str) -> Any:
        def ask(*arguments: object) -> Any:
            assert self._driver.stdin is not None
            assert self._driver.stdout is not None
            pickle.dump((method, arguments), self._driver.stdin)
            self._driver.stdin.flush()
            kind, answer = pickle.load(self._driver.stdout)
            if kind == "failed":
                raise AssertionError(f"{method}: {answer}")
            return answer

        return ask

    def log(self) -> str:
        """The component's own log, in the profile."""
        path = self.profile / "user" / "xiaomi-model.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@contextmanager
def running_office(
    soffice: Path, folder: Path, variables: Mapping[str, str] | None = None, *, extension: bool = True
) -> Iterator[Office]:
    """An office that runs while the block does; `variables` are added to its environment.

    Without `extension` it has none of ours.
    """
    python = python_with_uno(soffice)
    bundled, profile, pipe = folder / "extensions", folder / "profile", f"calc-{uuid4().hex}"
    if extension:
        with zipfile.ZipFile(export(folder)) as archive:
            archive.extractall(bundled / "xiaomi-model")
    environment = {**os.environ, "XIAOMI_MODEL_LOG": str(folder / "log"), **(variables or {})}
    office = subprocess.Popen(
        [
            *(str(soffice), "--headless", "--norestore", "--nolockcheck", f"--accept=pipe,name={pipe};urp"),
            f"-env:UserInstallation={profile.as_uri()}",
            f"-env:BUNDLED_EXTENSIONS={bundled.as_uri()}",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    driver = subprocess.Popen(
        [python, str(DRIVER), pipe, str(START)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Office(driver, profile)
    finally:
        driver.kill()
        driver.communicate()
        with suppress(ProcessLookupError):
            os.killpg(office.pid, signal.SIGKILL)  # the launcher and the office that it started
        office.wait()


@cache
def python_with_uno(soffice: Path) -> str:
    """LibreOffice's own Python, or the system's where the distribution keeps UNO there."""
    own = soffice.resolve().with_name("python")
    for candidate in (own, Path("/usr/bin/python3"), Path(sys.executable)):
        if candidate.exists():
            tried = subprocess.run([candidate, "-c", "import uno"], capture_output=True, check=False)
            if tried.returncode == 0:
                return str(candidate)
    if os.environ.get("REQUIRE_LIBREOFFICE") == "1":
        pytest.fail("REQUIRE_LIBREOFFICE=1, but no Python here has UNO; install python3-uno")
    pytest.skip("no Python here has UNO")
