"""Reading from PostgreSQL: the statements of a batch travel as one, which answers in JSON."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import asyncpg
import orjson

from adapters.base import Rows
from adapters.native.compiled import CompiledStatement, json_rows
from adapters.native.doorbell import Doorbell
from adapters.native.reader import TIME_LIMIT, Reader

REMEMBERED = 512
"""Fused statements whose text is kept, and which each connection keeps prepared."""
SESSION = {
    "jit": "off",
    "timezone": "UTC",
    # The shape of our statements never depends on the values: planning them anew would be the larger cost.
    "plan_cache_mode": "force_generic_plan",
    # Every statement starts at a few parents and follows indexes. Guesses about how many children they have
    # must not turn that into reading whole tables.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


@dataclass(slots=True)
class Waiting:
    """A statement that waits for the turn to end."""

    statement: CompiledStatement
    arguments: list[Any]
    answer: asyncio.Future[Rows]
    task: asyncio.Task[None] | None = None
    """What asks for the whole batch, once it has begun."""


class PostgresReader(Reader):
    """Gathers what a request asks in one turn of the event loop, and sends it through asyncpg as one.

    It hears from the doorbell when anybody changed the database.
    """

    LOOK = 5.0
    is_immediate = False

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._pool: asyncpg.Pool | None = None
        self._doorbell = Doorbell(address, self.changed)
        self._changes = 0
        self._fused = lru_cache(maxsize=REMEMBERED)(json_rows)
        self._waiting: dict[Any, list[Waiting]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect, and listen."""
        self._pool = await asyncpg.create_pool(
            self._address,
            min_size=1,
            max_size=8,
            command_timeout=TIME_LIMIT,
            statement_cache_size=REMEMBERED,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            server_settings=SESSION,
            reset=_nothing_to_reset,
        )
        try:
            await self._doorbell.start()
        except BaseException:
            self._pool.terminate()
            self._pool = None
            raise

    async def read(self, statement: CompiledStatement, arguments: list[Any], group: Any) -> Rows:
        """Run one statement, together with those of the same group asked in the same turn."""
        loop = asyncio.get_running_loop()
        one = Waiting(statement, arguments, loop.create_future())
        batch = self._waiting.get(group)
        if batch is None:
            batch = self._waiting[group] = [one]
            loop.call_soon(self._start, group)
        else:
            batch.append(one)
        try:
            return await one.answer
        except asyncio.CancelledError:
            # When nobody waits for the batch any more, the database need not go on.
            if one.task is not None and all(each.answer.done() for each in batch):
                one.task.cancel()
            raise

    def _start(self, group: Any) -> None:
        batch = self._waiting.pop(group)
        self.observed([one.statement.text for one in batch])
        task = asyncio.create_task(self._answer(batch))
        for one in batch:
            one.task = task
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, batch: list[Waiting]) -> None:
        try:
            answers = await self._run(batch)
        except Exception as error:
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        for one, rows in zip(batch, answers, strict=True):
            if not one.answer.done():
                one.answer.set_result(rows)

    async def _run(self, batch: list[Waiting]) -> list[Rows]:
        if self._pool is None:
            await self.start()
        assert self._pool is not None
        text = self._fused(tuple(one.statement for one in batch))
        arguments = [value for one in batch for value in one.arguments]
        async with self._pool.acquire() as connection:
            found = await connection.fetchrow(text, *arguments)
        return [orjson.loads(part) if part else () for part in found]

    def generation(self) -> object:
        """Count the rings of the doorbell; None while the line is down."""
        return self._changes if self._doorbell.is_listening else None

    def forget_generation(self) -> None:
        """Count one more change."""
        self._changes += 1

    async def close(self) -> None:
        """Stop listening, and close the connections."""
        await self._doorbell.close()
        if self._pool is not None:
            await self._pool.close()


async def _nothing_to_reset(_connection: Any) -> None:
    """Save the round trip in which asyncpg resets a connection that only reads, in statements of one kind."""
