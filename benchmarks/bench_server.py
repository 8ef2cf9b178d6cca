"""Functions over HTTP against functions that xlwings-server serves as shipped, both servers in the same run.

The reference for a scalar function is a trivial one that gives back what it is given; for a table, one that
adds its cells up, through numpy. Both servers have the same settings, so that only the functions differ.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from benchmarks.measure import Measurement, print_table
from xlwings_addin import cli
from xlwings_addin.functions.registry import Number, Table, udf

TITLE = "Functions over HTTP, xlwings Server"
CALLS, CONNECTIONS, MANY_CONNECTIONS, AT_MANY = 2_000, 16, 64, 0.9
AGAINST_TRIVIAL, AGAINST_TABLE = 1.5, 8.0
ROWS, COLUMNS = 1_000, 15

SHIPPED = """
import numpy as np
from xlwings.server import arg, func

@func
def trivial(x):
    return x

@func
@arg("table", np.array, ndim=2)
def total(table):
    return table.sum()
"""
SETTINGS = {
    "XLWINGS_LICENSE_KEY": "noncommercial",
    "XLWINGS_LOG_LEVEL": "WARNING",
    "XLWINGS_ENABLE_SOCKETIO": "false",
    "XIAOMI_MODEL_LOG": "off",
}


def measure(repeats: int = 5) -> list[Measurement]:
    """Medians of runs that take turns: 2,000 calls at 16 connections each, then single calls with a table."""
    table = [[float(row * column) for column in range(COLUMNS)] for row in range(ROWS)]
    with tempfile.TemporaryDirectory() as folder, _shipped(Path(folder)) as shipped, _ours() as ours:
        scalar = _in_turns(
            {
                "trivial": (shipped, _body("trivial", [[1.15]])),
                "scalar": (ours, _body("CAPITAL_BLUME_BETA", [[1.15]])),
                "three scalars": (ours, _body("DCF_TERMINAL_VALUE", [[100.0]], [[0.1]], [[0.02]])),
                "row": (ours, _body("DCF_PRESENT_VALUE", [table[1]], [[0.1]])),
            },
            CALLS,
            CONNECTIONS,
            repeats,
        )
        large = _in_turns(
            {"shipped": (shipped, _body("total", table)), "ours": (ours, _body("BENCH_TOTAL", table))},
            2,
            1,
            repeats,
        )
        by_connections = _at_connections(ours, _body("CAPITAL_BLUME_BETA", [[1.15]]), repeats)
    limit = f"< {AGAINST_TRIVIAL} x the trivial one"
    load = f"a call, {CONNECTIONS} connections"
    size = f"a {ROWS:,} x {COLUMNS} table"
    rows = [Measurement(f"{load}: trivial, as shipped", scalar["trivial"])]
    for name in ("scalar", "three scalars"):
        ratio = scalar[name] / scalar["trivial"]
        rows.append(Measurement(f"{load}: {name}", scalar[name], ratio, limit, ratio < AGAINST_TRIVIAL))
    rows.append(Measurement(f"{load}: row of {COLUMNS}", scalar["row"], scalar["row"] / scalar["trivial"]))
    few, many = by_connections[CONNECTIONS], by_connections[MANY_CONNECTIONS]
    ratio, required = few / many, f"> {AT_MANY} of the calls a second at {CONNECTIONS}"
    rows.append(
        Measurement(f"a call, {MANY_CONNECTIONS} connections", many, ratio, required, ratio > AT_MANY)
    )
    ratio = large["shipped"] / large["ours"]
    required, met = f"> {AGAINST_TABLE:.0f} x ours", ratio > AGAINST_TABLE
    return [
        *rows,
        Measurement(f"{size}: ours", large["ours"]),
        Measurement(f"{size}: as shipped", large["shipped"], ratio, required, met),
    ]


def _in_turns(
    runs: Mapping[str, tuple[int, bytes]], calls: int, connections: int, repeats: int
) -> dict[str, float]:
    """The median time of a call of each run; the first turn warms up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, (port, body) in runs.items():
            started = time.perf_counter()
            asyncio.run(_load(port, body, calls, connections))
            if turn:
                times[name].append((time.perf_counter() - started) / calls)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _at_connections(port: int, body: bytes, repeats: int) -> dict[int, float]:
    """The median time of a call at few and at many connections, which take turns; the first turn warms up."""
    times: dict[int, list[float]] = {CONNECTIONS: [], MANY_CONNECTIONS: []}
    for turn in range(repeats + 1):
        for connections, taken in times.items():
            started = time.perf_counter()
            asyncio.run(_load(port, body, CALLS, connections))
            if turn:
                taken.append((time.perf_counter() - started) / CALLS)
    return {connections: statistics.median(taken) for connections, taken in times.items()}


async def _load(port: int, body: bytes, calls: int, connections: int) -> None:
    """Call at so many connections at once. Raises `RuntimeError` for a call that is not answered with 200."""
    head = (
        f"POST /xlwings/custom-functions-call HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Origin: http://127.0.0.1:{port}\r\nAuthorization: {_token(port)}\r\n\r\n"
    )

    async def one_connection(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            text = await reader.readexactly(int(answer.partition(b"content-length:")[2].split()[0]))
            if not answer.startswith(b"http/1.1 200") or b'"Error"' in text:
                raise RuntimeError(f"answered with {answer!r} {text!r}")
        writer.close()

    shares = [calls // connections + (n < calls % connections) for n in range(connections)]
    await asyncio.gather(*map(one_connection, shares))


def _token(port: int) -> str:
    """The token that our task pane carries; nothing where a server asks for none."""
    with urlopen(f"http://127.0.0.1:{port}/taskpane.html", timeout=60) as answer:
        pane = answer.read().decode()
    token = re.search(r'"token": ?"([^"]+)"', pane)
    return token[1] if token else ""


def _body(name: str, *args: object) -> bytes:
    """What the client of xlwings posts for a cell."""
    call = {
        "client": "Office.js",
        "func_name": name,
        "args": args,
        "caller_address": "[Book1.xlsx]Sheet1!B2",
        "session_id": "benchmark",
        "culture_info_name": "en-US",
        "date_format": "m/d/yyyy",
        "version": "0.37.8",
        "runtime": "1.4",
    }
    return json.dumps(call).encode()


@contextmanager
def _shipped(folder: Path) -> Iterator[int]:
    """xlwings-server as shipped, with two functions."""
    for package, text in (("custom_functions", SHIPPED), ("custom_scripts", "")):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(text)
    program = ["-m", "uvicorn", "xlwings_server.main:main_app", "--no-access-log", "--log-level", "warning"]
    with _running(program, XLWINGS_PROJECT_DIR=str(folder)) as port:
        yield port


@contextmanager
def _ours() -> Iterator[int]:
    """`xiaomi-model serve`, with one more function in its registry."""
    with _running(["-m", "benchmarks.bench_server", "serve"]) as port:
        yield port


@contextmanager
def _running(program: list[str], **settings: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, *program, "--port", str(port)],
        env={**os.environ, **SETTINGS, **settings},
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("a server did not start")


def _serve() -> None:
    """The command line with a function that takes a table, the same work as the shipped server's `total`."""

    @udf
    def BENCH_TOTAL(table: Table) -> Number:  # noqa: N802
        """Sum of a table.

        Formula: sum of all cells

        Args:
            table (number): the table

        Returns: a number.

        Errors: none of its own.

        Source: this benchmark.

        Example:
            >>> BENCH_TOTAL([[1, 2]])
            3.0
        """
        return table.sum()

    cli.main()


if __name__ == "__main__":
    if "serve" in sys.argv:
        _serve()
    else:
        sys.exit(not print_table(TITLE, measure()))
