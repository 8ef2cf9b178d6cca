"""The commands of the desktop add-in, on a machine without Excel."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from xlwings_addin import cli
from xlwings_addin.hosts.desktop.addin import FILE, addin_bytes
from xlwings_addin.hosts.desktop.install import ELSEWHERE


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["xiaomi-model", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


def test_export_writes_the_add_in_and_says_which_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "export", "desktop", "--out", str(tmp_path), "--json") == 0
    files = [Path(name) for name in json.loads(capsys.readouterr().out)["files"]]
    assert set(files) == set(tmp_path.iterdir())
    assert (tmp_path / FILE).read_bytes() == addin_bytes()


def test_a_folder_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / FILE).mkdir()
    assert run(monkeypatch, "export", "desktop", "--out", str(tmp_path)) == 2
    assert f"{tmp_path / FILE} must be a file" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there it installs")
@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_install_and_uninstall_say_here_that_they_are_for_windows_and_macs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(monkeypatch, command, "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == list(ELSEWHERE)
