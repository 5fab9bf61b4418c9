"""Many listeners, messages sent at a rate, things broken in the middle: and what reached whom."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from adapters import records as r
from adapters.native.changes import AlreadyWritten, Insert
from adapters.native.database import open_database
from adapters.native.gateway_state import GatewayState
from benchmarks.data import add_guardian, paris_school
from resolvers.viewer import Caller
from tests.listening import RECEIVED, Server

PROTOCOL = Subprotocol("graphql-transport-ws")
SETTLED = 30.0
"""Seconds within which what was committed must have reached everyone."""


@dataclass(frozen=True)
class Plan:
    """How much of everything; the killed worker comes after a third of the time, the restart after two."""

    subscriptions: int = 2000
    persons: int = 200
    threads: int = 100
    partners: int = 4
    rate: int = 50
    seconds: int = 60


@dataclass
class Outcome:
    """What was measured."""

    sent: int = 0
    expected: int = 0
    lost: int = 0
    strange: int = 0
    """Events that were not meant for their subscriber."""
    disordered: int = 0
    repeated: int = 0
    """Events that came again under the same cursor, after a connection was lost."""
    reconnected: int = 0
    memory: float = 0.0
    """Bytes for each subscription, of all workers together."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from commit to client."""

    @property
    def is_perfect(self) -> bool:
        """Tell whether everybody got exactly their messages, in order."""
        return self.sent > 0 and self.lost == self.strange == self.disordered == 0


@dataclass
class Listener:
    """One subscription that comes back whenever its connection is lost."""

    address: str
    token: str
    threads: frozenset[str] | None
    """The threads it takes part in; None for a partner, who hears all."""
    cursor: str | None = None
    heard: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Cursor to the message and when it came."""
    connections: int = 0
    repeated: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            with suppress(OSError, WebSocketException, TimeoutError):
                await self._listen()
            await asyncio.sleep(random.uniform(0.05, 0.5))

    async def _listen(self) -> None:
        url = f"ws://{self.address}"
        async with connect(url, subprotocols=[PROTOCOL], compression=None, open_timeout=30) as socket:
            self.connections += 1
            payload = {"Authorization": f"Bearer {self.token}"}
            await socket.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
            acknowledged = orjson.loads(await socket.recv())
            self.cursor = self.cursor or acknowledged["payload"]["cursor"]
            asked = {"query": RECEIVED, "variables": {"after": self.cursor}}
            await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": asked}).decode())
            self.ready.set()
            async for text in socket:
                message = orjson.loads(text)
                if message["type"] == "next":
                    payload = message["payload"]
                    if payload.get("errors"):
                        raise RuntimeError(payload["errors"])
                    self._note(payload["data"]["messageReceived"])
                elif message["type"] == "ping":
                    await socket.send('{"type":"pong"}')

    def _note(self, event: dict[str, Any]) -> None:
        self.cursor = event["cursor"]
        if event["cursor"] in self.heard:
            self.repeated += 1
        else:
            self.heard[event["cursor"]] = (event["message"]["body"], time.time())


async def people_and_threads(url: str, plan: Plan) -> str:
    """Make guardians and the threads they take part in; returns the school."""
    engine = open_database(url)
    now = datetime.now(UTC)
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        school = str((await connection.execute(paris_school())).scalar_one())
        student = select(r.Student.table().c.id).where(r.Student.table().c.school_id == school).limit(1)
        child = str((await connection.execute(student)).scalar_one())
        common: dict[str, Any] = {"source_id": "soak", "school_id": school, "fetched_at": now}
        for number in range(plan.threads):
            thread = r.Conversation(id=f"soak{number}", external_id=f"soak{number}", subject="Soak", **common)
            await connection.execute(insert(r.Conversation.table()).values(thread.model_dump()))
        for number in range(plan.persons):
            await add_guardian(connection, f"listener{number}", school, [child])
            part = r.Participant(
                id=f"soak{number}",
                external_id=f"soak{number}",
                conversation_id=f"soak{number % plan.threads}",
                person_id=f"listener{number}",
                display_name="Parent",
                kind="GUARDIAN",
                **common,
            )
            await connection.execute(insert(r.Participant.table()).values(part.model_dump()))
        await connection.commit()
    await engine.dispose()
    return school


def listeners(server: Server, plan: Plan, school: str) -> list[Listener]:
    """Make everybody who listens."""
    found = []
    lifetime = timedelta(hours=2)
    partner = Caller("PARTNER", "soak", (school,), frozenset({"MESSAGES_READ"}))
    tokens = [server.token(Caller("GUARDIAN", f"listener{n}"), lifetime) for n in range(plan.persons)]
    for number in range(plan.subscriptions - plan.partners):
        person = number % plan.persons
        threads = frozenset({f"soak{person % plan.threads}"})
        found.append(Listener(server.address, tokens[person], threads))
    given = server.token(partner, lifetime)
    return found + [Listener(server.address, given, None) for _ in range(plan.partners)]


async def write(engine: AsyncEngine, school: str, thread: str, key: str) -> float:
    """Send one message, again and again until it is committed; returns when it was."""
    now = datetime.now(UTC)
    message = r.Message(
        id=key,
        external_id=key,
        source_id="gateway",
        school_id=school,
        conversation_id=thread,
        author_name="La direction",
        sent_at=now,
        body=key,
    )
    receipt = r.MutationReceipt(id=key, fingerprint=key, write_state="CONFIRMED", done_at=now)
    state = GatewayState(engine, lambda _of_messages: None)
    while True:
        try:
            await state.write([Insert(message)], receipt)
            return time.time()
        except AlreadyWritten:  # the commit was done, only its answer was lost
            return time.time()
        except Exception:
            await asyncio.sleep(0.2)


async def send_all(url: str, school: str, plan: Plan) -> dict[str, tuple[str, float]]:
    """Send messages at the rate of the plan, several transactions at a time; each with thread and time."""
    engine = open_database(url)
    sent: dict[str, tuple[str, float]] = {}

    async def one(number: int) -> None:
        thread = f"soak{number % plan.threads}"
        sent[f"m{number}"] = (thread, await write(engine, school, thread, f"m{number}"))

    begun, running = time.monotonic(), list[asyncio.Task[None]]()
    for number in range(plan.rate * plan.seconds):
        await asyncio.sleep(max(0, begun + number / plan.rate - time.monotonic()))
        running.append(asyncio.create_task(one(number)))
    await asyncio.gather(*running)
    await engine.dispose()
    return sent


async def soak(
    server: Server, plan: Plan, restart: Callable[[], None] | None = None, kills: bool = True
) -> Outcome:
    """Listen, send, break things in the middle, and count what reached whom."""
    url = server.settings.database_url
    school = await people_and_threads(url, plan)
    everyone = listeners(server, plan, school)
    before = memory(server)
    tasks = [asyncio.create_task(one.run()) for one in everyone]
    await asyncio.gather(*(one.ready.wait() for one in everyone))
    await asyncio.sleep(1)
    outcome = Outcome(memory=(memory(server) - before) / len(everyone))
    faults = asyncio.create_task(_break(server, plan, restart, kills))
    sent = await send_all(url, school, plan)
    await faults
    until = time.monotonic() + SETTLED
    while time.monotonic() < until and any(len(one.heard) < len(_meant(one, sent)) for one in everyone):
        await asyncio.sleep(0.2)
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ends), ends
    order = await _committed(url)
    for one in everyone:
        _judge(outcome, one, sent, order)
    outcome.sent = len(sent)
    return outcome


async def _break(server: Server, plan: Plan, restart: Callable[[], None] | None, kills: bool) -> None:
    await asyncio.sleep(plan.seconds / 3)
    if kills:
        # Not just any worker: on a busy machine one may have accepted nobody yet.
        os.kill(max(server.workers(), key=_open_files), signal.SIGKILL)
    await asyncio.sleep(plan.seconds / 3)
    if restart is not None:
        await asyncio.to_thread(restart)


def _meant(one: Listener, sent: dict[str, tuple[str, float]]) -> set[str]:
    return {key for key, (thread, _) in sent.items() if one.threads is None or thread in one.threads}


async def _committed(url: str) -> dict[str, int]:
    """Return the position of every message in the feed."""
    engine, entry = open_database(url), r.FeedEntry.table()
    async with engine.connect() as connection:
        rows = await connection.execute(select(entry.c.record_id, entry.c.position))
        found = {row[0]: int(row[1]) for row in rows}
    await engine.dispose()
    return found


def _judge(
    outcome: Outcome, one: Listener, sent: dict[str, tuple[str, float]], order: dict[str, int]
) -> None:
    meant, heard = _meant(one, sent), [body for body, _ in one.heard.values()]
    outcome.expected += len(meant)
    outcome.lost += len(meant - set(heard))
    outcome.strange += len([body for body in heard if body not in meant]) + len(heard) - len(set(heard))
    positions = [orjson.loads(base64.urlsafe_b64decode(one + "=="))[0] for one in one.heard]
    outcome.disordered += sum(a >= b for a, b in itertools.pairwise(positions))
    outcome.disordered += positions != [order[body] for body in heard]
    outcome.repeated += one.repeated
    outcome.reconnected += one.connections - 1
    outcome.latencies += [max(0.0, at - sent[body][1]) for body, at in one.heard.values() if body in sent]


def memory(server: Server) -> float:
    """Return the bytes that all processes of a gateway hold, what they share counted once (PSS)."""
    total = 0.0
    for pid in [server.process.pid, *server.workers()]:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def _open_files(pid: int) -> int:
    """Count the files and connections that a process holds open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
