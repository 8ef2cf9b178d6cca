"""The server for assistants, asked by the protocol's own client over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

import xlwings_addin as xa
from xlwings_addin.cli.assistants import Workplace
from xlwings_addin.core.errors import InputError

Ask = Callable[[ClientSession], Awaitable[Any]]
READING = {
    *("value", "all_cases", "implied", "sensitivity", "tornado", "multiples", "scorecard"),
    *("check", "diff", "try_refresh"),
}


def asked(ask: Ask, *options: str) -> Any:
    """What a session with a server of its own gives."""

    async def session() -> Any:
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "xlwings_addin.cli", "mcp", *options],
            env=dict(os.environ),
        )
        async with stdio_client(command) as (reading, writing), ClientSession(reading, writing) as client:
            await client.initialize()
            return await ask(client)

    return asyncio.run(session())


async def call(client: ClientSession, tool: str, **arguments: Any) -> Any:
    result: Any = await client.call_tool(tool, arguments)
    text = result.content[0].text
    return f"refused: {text}" if result.is_error else json.loads(text)


def test_answers_carry_what_they_rest_on_and_the_command_that_repeats_them() -> None:
    async def ask(client: ClientSession) -> Any:
        return [
            await call(client, "value", case="march_2024_replica"),
            await call(client, "implied", solve="tax_rate", price="30"),
            await call(client, "value", case="march_2042"),
        ]

    valued, implied, refused = asked(ask)
    # What the article prints.
    assert round(valued["answer"]["value_per_share_hkd"], 2) == 16.65
    assert (valued["company"], valued["case"], valued["valuation_date"]) == (
        "xiaomi", "march_2024_replica", "2024-03-08",
    )  # fmt: skip
    assert len(valued["inputs_hash"]) >= 32
    program, *arguments = shlex.split(valued["command"])
    assert program == "xiaomi-model"
    again = subprocess.run(
        [sys.executable, "-m", "xlwings_addin", *arguments], capture_output=True, text=True, check=True
    )
    assert json.loads(again.stdout) == valued["answer"]
    assert implied["inputs_hash"] != valued["inputs_hash"]
    assert "--solve tax_rate --price 30 --case house_2026 --json" in implied["command"]
    assert refused.startswith("refused: ")
    assert "march_2042" in refused
    assert "\n" not in refused


def test_a_server_reads_only_and_only_below_the_folders_that_were_named(
    tmp_path: Path, delivered: Path
) -> None:
    folder, outside = tmp_path / "books", tmp_path / "elsewhere"
    folder.mkdir()
    outside.mkdir()
    book = Path(shutil.copy(delivered, folder / "own.xlsx"))
    shutil.copy(delivered, outside / "other.xlsx")
    (folder / "link.xlsx").symlink_to(outside / "other.xlsx")
    before = book.read_bytes()

    async def ask(client: ClientSession) -> Any:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        refused = [
            await call(client, "try_refresh", book=str(name))
            for name in (outside / "other.xlsx", "../elsewhere/other.xlsx", "link.xlsx", "/etc/passwd")
        ]
        return tools, refused, await call(client, "try_refresh", book="own.xlsx")

    tools, refused, tried = asked(ask, "--folder", str(folder))
    assert tools == READING
    assert all("must be in a folder that was named at start" in sentence for sentence in refused)
    assert tried["command"].startswith(f"xiaomi-model refresh {book} --dry-run")
    assert tried["exit_status"] == 0
    assert book.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["link.xlsx", "own.xlsx"]


def test_a_server_that_may_write_builds_but_replaces_nothing(tmp_path: Path) -> None:
    async def ask(client: ClientSession) -> Any:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        return tools, await call(client, "build", out="new.xlsx"), await call(client, "build", out="new.xlsx")

    tools, built, again = asked(ask, "--folder", str(tmp_path), "--allow-write")
    assert tools == READING | {"refresh", "build"}
    assert built["answer"]["book"] == str(tmp_path / "new.xlsx")
    assert xa.recalculate(tmp_path / "new.xlsx")
    assert again == "refused: Error executing tool build: file new.xlsx exists already: name another"


def test_sources_and_methodology_are_resources() -> None:
    async def ask(client: ClientSession) -> Any:
        async def read(address: str) -> str:
            resource: Any = await client.read_resource(f"xiaomi-model://{address}")
            return str(resource.contents[0].text)

        listed = {str(one.uri) for one in (await client.list_resources()).resources}
        return listed, [
            await read(name) for name in ("methodology", "functions", "sources", "sources/revenue")
        ]

    listed, (methodology, functions, sources, rows) = asked(ask)
    assert listed == {f"xiaomi-model://{name}" for name in ("methodology", "functions", "sources")}
    assert methodology.startswith("# ")
    assert "DCF_XNPV" in functions
    assert "FY2023" in json.loads(sources)["revenue"]
    (row,) = [row for row in json.loads(rows) if row["period"] == "FY2023"]
    assert (row["text"], row["unit"], row["as_of"]) == ("270970", "CNY m", "2024-03-19")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--folder .*nowhere must be a folder"):
        Workplace((tmp_path / "nowhere",))
    with pytest.raises(InputError, match="none: start the server with --folder"):
        Workplace().file("book.xlsx")
