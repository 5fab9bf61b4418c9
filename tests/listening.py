"""A gateway as it is run, in processes of its own, and what happens in its database meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from gql import Client, GraphQLRequest, gql
from gql.transport.websockets import WebsocketsTransport
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters import records as r
from adapters.native.changes import Insert
from adapters.native.gateway_state import GatewayState
from gateway.authentication import make_token
from gateway.settings import Settings
from resolvers.identifiers import GlobalId
from resolvers.viewer import Caller
from tests.conftest import ROOT

RECEIVED = "subscription($after: String) { messageReceived(afterCursor: $after) { cursor message { body } } }"

PATIENCE = 60
"""Seconds in which a program must have started, on a machine that has much to do."""


def free_port() -> int:
    """Find a port nobody listens on; not one that the system gives to a client before it is used."""
    while True:
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", random.randint(10_000, 30_000)))
            return int(free.getsockname()[1])


def wait_for(process: subprocess.Popen[bytes], connect: Callable[[], object]) -> None:
    """Try again and again to reach a process that starts."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connect()
            return
        except (OSError, httpx.TransportError) as error:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"{process.args!r} cannot be reached.") from error
            time.sleep(0.05)


@dataclass
class Server:
    """A running gateway."""

    settings: Settings
    log: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address of its endpoint, without the scheme."""
        return f"127.0.0.1:{self.settings.port}/graphql"

    def token(self, caller: Caller, lifetime: timedelta = timedelta(hours=1)) -> str:
        """Sign a token for a caller."""
        return make_token(caller, self.settings, lifetime, datetime.now(UTC))

    def client(self, caller: Caller | None, token: str | None = None) -> Client:
        """A client of the library gql that speaks graphql-transport-ws."""
        signed = self.token(caller) if token is None and caller is not None else token
        given = {"Authorization": f"Bearer {signed}"} if signed is not None else {}
        transport = WebsocketsTransport(f"ws://{self.address}", init_payload=given)
        return Client(transport=transport)

    def post(self, query: str, caller: Caller, **variables: Any) -> Any:
        """Send an operation over HTTP with a new token; returns the body."""
        return self.post_as(self.token(caller), query, **variables)

    def post_as(self, token: str, query: str, **variables: Any) -> Any:
        """Send an operation over HTTP with a token; returns the body."""
        headers = {"Authorization": f"Bearer {token}"}
        body = {"query": query, "variables": variables}
        return httpx.post(f"http://{self.address}", json=body, headers=headers, timeout=30).json()

    def workers(self) -> list[int]:
        """The processes that answer, of a gateway with several."""
        # One worker is the process itself: then there are no children, and pgrep exits with 1.
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        ids = [int(one) for one in found.stdout.split()]
        return [one for one in ids if "resource_tracker" not in Path(f"/proc/{one}/cmdline").read_text()]

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stop it; returns the exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=30)


def launch(settings: Settings, folder: Path, **environment: str) -> Server:
    """Start a gateway and wait until it answers."""
    log = folder / "server.log"
    chosen = {
        "PASSERELLE_DATABASE_URL": settings.database_url,
        "PASSERELLE_DEVELOPMENT_KEY": str(settings.development_key),
        "PASSERELLE_WORKERS": str(settings.workers),
        "PASSERELLE_PORT": str(settings.port),
        **environment,
    }
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **chosen},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(process, lambda: httpx.get(f"http://127.0.0.1:{settings.port}/healthz", timeout=1))
    except AssertionError as error:
        raise AssertionError(log.read_text()) from error
    return Server(settings, log, process, environment)


@contextmanager
def serving(url: str, folder: Path, workers: int = 1, **environment: str) -> Iterator[Server]:
    """Run a gateway on a database."""
    settings = Settings(
        database_url=url, development_key=folder / "key.pem", workers=workers, port=free_port()
    )
    server = launch(settings, folder, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@dataclass(frozen=True)
class Thread:
    """A thread of the demo: its id, its school, and who takes part."""

    id: str
    school: str
    persons: tuple[str, ...]
    students: tuple[str, ...]

    @property
    def global_id(self) -> str:
        """The id as clients see it."""
        return GlobalId("Conversation", "native", self.id).encode()


async def threads_of(engine: AsyncEngine, person: str) -> list[Thread]:
    """The threads in a mailbox."""
    part, thread = r.Participant.table(), r.Conversation.table()
    async with engine.connect() as connection:
        mine = select(part.c.conversation_id).where(part.c.person_id == person)
        rows = await connection.execute(select(thread).where(thread.c.id.in_(mine)).order_by(thread.c.id))
        found = []
        for row in rows.mappings().all():
            persons = select(part.c.person_id).where(
                part.c.conversation_id == row["id"], part.c.person_id.is_not(None)
            )
            ids = sorted((await connection.execute(persons)).scalars())
            found.append(Thread(row["id"], row["school_id"], tuple(ids), tuple(row["student_ids"])))
        return found


async def send(engine: AsyncEngine, thread: Thread, text: str) -> None:
    """Write a message into a thread, as another worker does on behalf of the school."""
    key = uuid4().hex
    message = r.Message(
        id=key,
        external_id=key,
        source_id="gateway",
        school_id=thread.school,
        conversation_id=thread.id,
        author_name="La direction",
        sent_at=datetime.now(UTC),
        body=text,
    )
    await GatewayState(engine, lambda _of_messages: None).write([Insert(message)])


async def subscribed(server: Server, count: int) -> None:
    """Wait until so many subscriptions are open."""
    async with httpx.AsyncClient() as client:
        for _ in range(1200):
            shown = (await client.get(f"http://127.0.0.1:{server.settings.port}/healthz")).json()
            if shown["subscriptions"] == count:
                return
            await asyncio.sleep(0.02)
    raise AssertionError(f"{shown['subscriptions']} subscriptions are open, not {count}.")


async def next_event(session: Any, query: str, **variables: Any) -> Any:
    """Subscribe, wait for one event, and leave: gql cannot close while a subscription is held."""
    request = GraphQLRequest(query, variable_values=variables)
    async with aclosing(session.subscribe(request)) as events:
        return await anext(events)


async def heard(
    session: Any, count: int, after: str | None = None, until: str | None = None
) -> list[tuple[str, str]]:
    """Listen until so many messages came, or one of a certain text; returns texts and cursors."""
    found: list[tuple[str, str]] = []
    request = GraphQLRequest(gql(RECEIVED), variable_values={"after": after})
    async for result in session.subscribe(request):
        event = result["messageReceived"]
        found.append((event["message"]["body"], event["cursor"]))
        if found[-1][0] == until if until is not None else len(found) == count:
            break
    return found
