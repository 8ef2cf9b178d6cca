"""The project's Python environment, from inside LibreOffice.

Which one: the variable XIAOMI_MODEL_PYTHON, else what the extension was exported with; the folder of a
virtual environment or its interpreter. One with LibreOffice's own minor version (3.11, say) is imported into
LibreOffice. Another cannot be, because compiled packages fit one minor version; its interpreter runs beside
LibreOffice as a process of its own, which answers over a pipe.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import subprocess
import sys
from typing import IO, Any, Dict, List, Optional, Sequence, cast

SETTING = "XIAOMI_MODEL_PYTHON"
PROGRAM = "xlwings_addin.hosts.libreoffice.pipe"

# What an interpreter adds to its standard library, asked of itself: virtual environments, .pth files and all.
_FACTS = """
import json, sys
sys.path.remove("")
before = list(sys.path)
import site
site.main()
from importlib.util import find_spec
print(json.dumps({
    "version": list(sys.version_info[:2]),
    "paths": [path for path in sys.path if path not in before],
    "installed": find_spec("xlwings_addin") is not None,
}))
"""


class MissingEnvironmentError(Exception):
    """The project's Python cannot be had; the message says what was looked for, and how to put it right."""


def connect(exported_with: str) -> Any:
    """The project's service: in this process, or in one of its own. Raises `MissingEnvironmentError`."""
    place = os.environ.get(SETTING) or exported_with
    origin = f"the variable {SETTING}" if os.environ.get(SETTING) else "the extension"
    python = interpreter(place)
    if python is None:
        raise MissingEnvironmentError(
            f"there is no Python at {place}, which {origin} names; export the extension again, "
            f"or set {SETTING} to the project's Python"
        )
    facts = _ask(python)
    if not facts["installed"]:
        raise MissingEnvironmentError(
            f"{python}, which {origin} names, has no xiaomi-model; install it there, "
            f"or set {SETTING} to the Python that has it"
        )
    if tuple(facts["version"]) != sys.version_info[:2]:
        return ProcessOfItsOwn(python)
    return imported(python, facts["paths"])


def interpreter(place: str) -> Optional[str]:
    """The interpreter at a place: the file itself, or that of a virtual environment's folder."""
    candidates = [place, os.path.join(place, "bin", "python"), os.path.join(place, "Scripts", "python.exe")]
    return next(filter(os.path.isfile, candidates), None)


def _quiet() -> Dict[str, Any]:
    """Without a console window on Windows, and without the variables that mean LibreOffice's own Python."""
    ours = {name: text for name, text in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    return {"env": ours, "creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}


def _ask(python: str) -> Dict[str, Any]:
    try:
        answer = subprocess.run(
            [python, "-S", "-c", _FACTS],
            capture_output=True,
            timeout=60,
            **_quiet(),
        )
        return cast(Dict[str, Any], json.loads(answer.stdout.decode()))
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise MissingEnvironmentError(f"{python} does not run as a Python: {error}") from error


def imported(python: str, paths: List[str]) -> Any:
    """The service in this process; the environment's packages come before LibreOffice's own."""
    sys.path[:0] = [path for path in paths if path not in sys.path]
    try:
        from xlwings_addin.hosts.libreoffice import service
    except Exception as error:  # a library for another system or version may fail in any way
        raise MissingEnvironmentError(
            f"{python} has a xiaomi-model that cannot be imported: {error}"
        ) from error
    return service


class ProcessOfItsOwn:
    """The service in another process. What that process asks of a workbook is answered here."""

    def __init__(self, python: str) -> None:
        self._command = [python, "-P", "-m", PROGRAM]
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **_quiet()
        )
        self._questions = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        atexit.register(self._process.kill)

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        return self._answer(("call", name, arguments))

    def explain(self, *question: Any) -> Any:
        return self._answer(("explain", *question))

    def run(self, command: str, workbook: Any) -> str:
        return str(self._answer(("run", command), workbook))

    def _answer(self, question: Any, workbook: Any = None) -> Any:
        kind, *rest = self._exchange(question)
        while kind == "ask":
            method, arguments = rest
            try:
                reply = ("answer", getattr(workbook, method)(*arguments))
            except Exception as error:
                reply = ("failed", f"{type(error).__name__}: {error}")
            kind, *rest = self._exchange(reply)
        (result,) = rest
        if kind == "failed":
            raise RuntimeError(result)
        return result

    def _exchange(self, message: Any) -> Any:
        try:
            pickle.dump(message, self._questions, protocol=4)
            self._questions.flush()
            return pickle.load(self._answers)
        except Exception as error:
            self._process.kill()
            raise MissingEnvironmentError(
                f"the project's Python has ended: {error}; to see why, run {' '.join(self._command)}"
            ) from error
