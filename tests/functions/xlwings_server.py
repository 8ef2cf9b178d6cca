"""xlwings' own code for Office.js over `udfs`, as xlwings Server and Lite run it.

A program for a process of its own, started with XLWINGS_ON_SERVER and a key: the decorators are chosen when
xlwings is imported, here within the functions. From standard input it reads calls, a list of function and
arguments as Office.js sends them; to standard output it writes what Excel would register and the answers.
"""

from __future__ import annotations

import asyncio
import json
import sys
import types
from typing import Any

CELL = "[Book1.xlsx]Sheet1!B2"


def project() -> types.ModuleType:
    """A module of a user's own, as the documentation of xlwings Server has it."""
    module = types.ModuleType("custom_functions")
    exec("from udfs import *", vars(module))
    return module


async def answers(module: types.ModuleType, calls: list[tuple[str, list[Any]]]) -> list[Any]:
    import xlwings.server
    from xlwings.server import Caller, caller_from_address

    fixed = {"client": "Office.js", "version": "0", "runtime": "1.4", "caller_address": CELL}
    return [
        await xlwings.server.custom_functions_call(
            {"func_name": name, "args": args, **fixed}, module,
            typehint_to_value={Caller: caller_from_address(CELL)},
        )
        for name, args in calls
    ]  # fmt: skip


def main() -> None:
    import xlwings.server

    import udfs

    module = project()
    meta = xlwings.server.custom_functions_meta(module)["functions"]
    carried = [name for name in udfs.__all__ if hasattr(getattr(udfs, name), "__xlfunc__")]
    answered = asyncio.run(answers(module, json.load(sys.stdin)))
    json.dump({"meta": meta, "carried": carried, "answers": answered}, sys.stdout)


if __name__ == "__main__":
    main()
