"""xlwings' own code for Windows, run here: its generator of VBA wrappers and its server of calls.

A program for a process of its own. The COM libraries it would talk to Excel with are empty modules, so it
proves text and conversion, not COM. The argument names the module: what our add-in calls, or `udfs`, which
any project of xlwings imports. From standard input it reads calls, a list of function and arguments as COM
passes them; to standard output it writes what xlwings makes of the module:

    wrapper    the VBA that its generator emits
    help       the texts it would register with Excel
    answers    for each call the answer, and the message that is kept for the calling cell, the first argument
"""

from __future__ import annotations

import ctypes
import importlib
import io
import json
import sys
import types
from typing import Any

MODULES = (
    *("pywintypes", "pythoncom", "pythonwin", "win32api", "win32clipboard", "win32con", "win32event"),
    *("win32gui", "win32process", "win32timezone", "winerror", "win32com", "win32com.client"),
    *("win32com.client.dynamic", "win32com.client.gencache", "win32com.server"),
    *("win32com.server.dispatcher", "win32com.server.policy", "win32com.server.util"),
    *("win32com.shell", "win32com.util", "win32com.universal"),
)


class _Lookup(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


class _Anything(metaclass=_Lookup):
    """Stands for whatever xlwings looks up while it is imported."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(type(self), name)

    def __call__(self, *_: object, **__: object) -> Any:
        return self


class _EmptyModule(types.ModuleType):
    __path__: list[str] = []  # noqa: RUF012
    __file__ = "empty.dll"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {}) if "error" in name.lower() else type(name, (_Anything,), {})


def import_xlwings() -> Any:
    """xlwings as it imports itself on Windows."""
    for name in MODULES:
        sys.modules[name] = module = _EmptyModule(name)
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, module)
    import datetime

    sys.modules["pywintypes"].TimeType = datetime.datetime  # type: ignore[attr-defined]
    sys.modules["win32com.server.util"].unwrap = None  # type: ignore[attr-defined]
    sys.modules["pythoncom"].TypeIIDs = {0: _Anything}  # type: ignore[attr-defined]
    sys.modules["pythoncom"].IID_IDispatch = 0  # type: ignore[attr-defined]
    for name in ("windll", "oledll", "PyDLL"):
        setattr(ctypes, name, _Anything())
    for name, value in (("WINFUNCTYPE", ctypes.CFUNCTYPE), ("WinError", OSError), ("FormatError", str)):
        setattr(ctypes, name, value)
    import asyncio  # noqa: F401  # they ask for the platform too
    import multiprocessing  # noqa: F401
    import subprocess  # noqa: F401

    import xlwings_addin.functions.registry  # noqa: F401

    platform, sys.platform = sys.platform, "win32"
    try:
        import xlwings
        import xlwings.com_server
        import xlwings.udfs
    finally:
        sys.platform = platform
    return xlwings


def main() -> None:
    xlwings = import_xlwings()
    from xlwings_addin.functions import memory

    functions = importlib.import_module(sys.argv[1])

    written = io.StringIO()
    book = types.SimpleNamespace(Name="Xiaomi_Model_AddIn.xlam")
    xlwings.udfs.generate_vba_wrapper(functions.__name__, functions, written, book)
    registered = {
        name: {
            "description": attribute.__xlfunc__["ret"]["doc"][:255],
            "category": attribute.__xlfunc__["category"],
            "arguments": [arg["doc"][:255] for arg in attribute.__xlfunc__["args"] if not arg["vba"]],
            "volatile": attribute.__xlfunc__["volatile"],
        }
        for name, attribute in vars(functions).items()
        if hasattr(attribute, "__xlfunc__")
    }
    server = xlwings.com_server.XLPython()
    answers = []
    for name, arguments in json.load(sys.stdin):
        answer = server.CallUDF(functions.__name__, name, tuple(map(_as_com, arguments)))
        caller = arguments[0] if functions.__name__ != "udfs" else None
        record = memory.last_error(caller, name)
        answers.append([answer, record.message if record else ""])
    json.dump({"wrapper": written.getvalue(), "help": registered, "answers": answers}, sys.stdout)


def _as_com(value: Any) -> Any:
    """Arrays as pywin32 passes them: rows of rows that cannot be changed."""
    return tuple(map(_as_com, value)) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
