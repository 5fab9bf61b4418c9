"""Programs of others against a real gateway: the clients that apps use, and the partner kit."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.native.database import open_database
from adapters.native.feed import FeedLog
from resolvers.subscriptions.streams import position_of
from resolvers.viewer import Caller
from tests.conftest import ROOT
from tests.listening import Server, Thread, launch, send, serving, subscribed, threads_of
from tests.people import read_people

CLIENTS = ROOT / "tests" / "clients"
PARTNER = ROOT / "examples" / "partner"
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed.")


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path) -> Iterator[Server]:
    """A gateway on a database of the test's own."""
    shutil.copyfile(sqlite_template, tmp_path / "own.db")
    with serving(f"sqlite:///{tmp_path / 'own.db'}", tmp_path) as found:
        yield found


@pytest.fixture
async def engine(server: Server) -> AsyncIterator[AsyncEngine]:
    """The database behind the server."""
    found = open_database(server.settings.database_url)
    yield found
    await found.dispose()


@pytest.fixture
async def mine(engine: AsyncEngine) -> tuple[Caller, Thread]:
    """A guardian and a thread of theirs."""
    people = await read_people(engine)
    for person in sorted(people.children):
        for thread in await threads_of(engine, person):
            return Caller("GUARDIAN", person), thread
    raise AssertionError("The demo has no threads.")


async def started(*command: str | Path) -> Process:
    """Run a program."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL, env=environment)


async def line_of(process: Process) -> object:
    """Read the next line that a program prints."""
    assert process.stdout is not None
    return json.loads(await asyncio.wait_for(process.stdout.readline(), 20))


async def ended(process: Process, how: int = signal.SIGKILL) -> None:
    """End a program."""
    if process.returncode is None:
        process.send_signal(how)
    await process.communicate()


async def stored_in(file: Path, position: int = 0) -> None:
    """Wait until a program has stored the cursor of a position, or of a later one."""
    async with asyncio.timeout(30):
        while not (file.exists() and (cursor := file.read_text()) and position_of(cursor) >= position):
            await asyncio.sleep(0.05)


@NODE
@pytest.mark.parametrize("client", ["graphql-ws", "graphql-sse", "apollo", "urql"])
async def test_clients_of_apps_ask_and_listen(
    client: str, server: Server, engine: AsyncEngine, mine: tuple[Caller, Thread]
) -> None:
    me, thread = mine
    process = await started("node", CLIENTS / "listen.mjs", client, server.address, server.token(me), "2")
    try:
        kind = await line_of(process)
        assert isinstance(kind, dict) and kind["viewer"]["kind"] == "GUARDIAN"
        await subscribed(server, 1)
        for text in ("un", "deux"):
            await send(engine, thread, text)
            event = await line_of(process)
            assert isinstance(event, dict) and event["messageReceived"]["message"]["body"] == text
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        await ended(process)


@NODE
async def test_the_audit_of_graphql_over_http_finds_nothing(
    server: Server, mine: tuple[Caller, Thread]
) -> None:
    process = await started("node", CLIENTS / "audit.mjs", server.address, server.token(mine[0]))
    try:
        found = await line_of(process)
    finally:
        await ended(process)
    assert isinstance(found, list) and len(found) == 61
    assert [one for one in found if one["status"] != "ok"] == []


@pytest.mark.parametrize(
    "program",
    [
        pytest.param((sys.executable, PARTNER / "python" / "follow_messages.py"), id="python"),
        pytest.param(("node", PARTNER / "javascript" / "follow-messages.mjs"), id="javascript", marks=NODE),
    ],
)
async def test_the_partner_kit_loses_nothing_over_restarts_of_either_side(
    program: tuple[str, Path],
    server: Server,
    engine: AsyncEngine,
    mine: tuple[Caller, Thread],
    tmp_path: Path,
) -> None:
    _, thread = mine
    token = server.token(Caller("PARTNER", "tool", (thread.school,), frozenset({"MESSAGES_READ"})))
    stored = tmp_path / "cursor.txt"
    command = (*program, f"ws://{server.address}", token, stored)
    process = await started(*command)
    await stored_in(stored)
    server.process.kill()
    server.process.wait()
    await send(engine, thread, "before the first was heard")
    server.process = launch(server.settings, server.log.parent, **server.environment).process
    heard = [await line_of(process)]
    await send(engine, thread, "live")
    heard.append(await line_of(process))
    _, newest = await FeedLog(engine).bounds()
    await stored_in(stored, newest)
    await ended(process)
    await send(engine, thread, "while it was away")
    process = await started(*command)
    heard.append(await line_of(process))
    await ended(process)
    bodies = [one["body"] for one in heard if isinstance(one, dict)]
    assert bodies == ["before the first was heard", "live", "while it was away"]
