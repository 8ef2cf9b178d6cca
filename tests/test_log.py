"""The log file: what goes into it, how it is turned over, and that it never stands in the way."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from xlwings_addin import log
from xlwings_addin.functions.boundary import calling, guarded
from xlwings_addin.functions.registry import callbacks


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    log.stop()
    yield
    log.stop()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the log during a test."""
    monkeypatch.setenv(log.ENVIRONMENT, str(tmp_path / "logs"))
    return tmp_path / "logs"


def text(folder: Path) -> str:
    return (folder / log.FILE_NAME).read_text(encoding="utf-8")


def answer_an_error() -> None:
    with calling("[Book1.xlsx]Sheet1!B2"):
        callbacks()["DCF_TERMINAL_VALUE"](100.0, 0.02, 0.03)


def test_an_error_in_a_cell_is_logged_with_function_cell_error_and_message(folder: Path) -> None:
    assert log.start() == folder / log.FILE_NAME
    answer_an_error()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ INFO xlwings_addin\.functions\.memory: "
    told = "DCF_TERMINAL_VALUE in [Book1.xlsx]Sheet1!B2 answered #NUM!: rate 2.00% must exceed growth 3.00%"
    (line,) = text(folder).splitlines()
    assert re.fullmatch(stamp + re.escape(told), line)


def test_an_unexpected_exception_is_logged_with_its_traceback(folder: Path) -> None:
    def broken(*_: object) -> float:
        raise ZeroDivisionError("division by zero")

    log.start()
    with calling("Sheet1!B2"):
        guarded("DCF_BROKEN", broken)(1.0)
    assert "DCF_BROKEN failed\nTraceback (most recent call last):" in text(folder)
    assert "DCF_BROKEN in Sheet1!B2 answered #VALUE!: ZeroDivisionError: division by zero" in text(folder)


def test_a_second_start_does_not_log_twice(folder: Path) -> None:
    log.start()
    log.start()
    answer_an_error()
    assert len(text(folder).splitlines()) == 1


def test_verbose_shows_the_log_on_standard_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.start()
    answer_an_error()
    assert capsys.readouterr().err == ""
    log.start(verbose=True)
    answer_an_error()
    assert capsys.readouterr().err.splitlines() == text(folder).splitlines()[1:]


def test_the_file_is_turned_over_and_former_ones_are_limited(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "TURNED_OVER_AT", 500)
    log.start()
    for _ in range(30):
        answer_an_error()
    names = [log.FILE_NAME, *(f"{log.FILE_NAME}.{n}" for n in range(1, log.FORMER_FILES + 1))]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert all(path.stat().st_size <= 500 for path in folder.iterdir())


def test_a_file_that_cannot_be_turned_over_is_written_on_and_former_ones_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, source: str, dest: str) -> None:
        raise PermissionError(13, "The process cannot access the file", source)

    folder.mkdir()
    (folder / f"{log.FILE_NAME}.{log.FORMER_FILES}").write_text("former", encoding="utf-8")
    monkeypatch.setattr(log, "TURNED_OVER_AT", 500)
    monkeypatch.setattr(log._LogFile, "rotate", refuse)
    log.start()
    for _ in range(30):
        answer_an_error()
    assert len(text(folder).splitlines()) == 30
    assert (folder / f"{log.FILE_NAME}.{log.FORMER_FILES}").read_text(encoding="utf-8") == "former"


def test_a_folder_that_cannot_be_written_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv(log.ENVIRONMENT, str(tmp_path / "file"))
    assert log.start() is None
    answer_an_error()
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"xiaomi-model: no log in {tmp_path / 'file' / log.FILE_NAME}: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_is_one_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    (folder / log.FILE_NAME).symlink_to("/dev/full")
    log.start()
    answer_an_error()
    answer_an_error()
    (warning,) = capsys.readouterr().err.splitlines()
    assert "No space left on device" in warning


@pytest.mark.parametrize("off", ["", "off", "OFF"])
def test_the_log_can_be_turned_off(off: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(log.ENVIRONMENT, off)
    assert log.start() is None


def test_the_log_stands_in_the_platforms_log_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(log.ENVIRONMENT)
    assert log.folder() == Path(platformdirs.user_log_dir("xiaomi-model"))


def test_processes_that_log_at_once_lose_and_mix_no_record(folder: Path) -> None:
    names, rows = ("First", "Second", "Third"), range(1, 201)
    code = (
        "import sys; from xlwings_addin.functions.boundary import calling\n"
        "from xlwings_addin.functions.registry import callbacks\n"
        "from xlwings_addin import log; log.start()\n"
        f"for row in {rows!r}:\n"
        "    with calling(f'{sys.argv[1]}!A{row}'): callbacks()['DCF_TERMINAL_VALUE'](100.0, 0.02, 0.03)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, name]) for name in names]
    assert [process.wait() for process in running] == [0, 0, 0]
    whole = r"in (\w+!A\d+) answered #NUM!: rate 2\.00% must exceed growth 3\.00%$"
    cells = re.findall(whole, text(folder), re.MULTILINE)
    assert sorted(cells) == sorted(f"{name}!A{row}" for name in names for row in rows)


def test_the_command_line_logs_bad_input_and_shows_it_when_verbose(folder: Path) -> None:
    arguments = [sys.executable, "-m", "xlwings_addin.cli", "--verbose", "functions", "NO_SUCH"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    logged = text(folder)
    assert "answered bad input with: function 'NO_SUCH' is not one of the add-in's" in logged
    assert done.stderr.startswith(logged)
