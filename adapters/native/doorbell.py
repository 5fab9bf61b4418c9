"""The doorbell: a notification that the database has changed, never what has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

log = logging.getLogger("passerelle.database")
CHANGED = "passerelle_changed"
MESSAGES = "messages"
"""What the bell says where only mailboxes changed."""
PAUSE = 1.0
"""Seconds before a lost line is tried again."""


async def ring(connection: AsyncConnection, of_messages: bool = False) -> None:
    """Tell every gateway, when this transaction commits, that the database has changed.

    With `of_messages`, that nothing changed but what nobody remembers. SQLite needs no bell: it counts
    changes itself.
    """
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"NOTIFY {CHANGED}, '{MESSAGES if of_messages else ''}'")


class Doorbell:
    """Listens on one connection of PostgreSQL, and calls `heard` at every ring and when the line is back.

    `heard` is told whether it was a ring of mailboxes only.
    """

    def __init__(self, address: str, heard: Callable[[bool], None]) -> None:
        self._address = address
        self._heard = heard
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    @property
    def is_listening(self) -> bool:
        """Tell whether a ring would be heard now."""
        return self._listening.is_set()

    async def start(self) -> None:
        """Begin to listen; returns when the line is open. Raises OSError or asyncpg's errors."""
        connection = await self._connect()
        self._task = asyncio.create_task(self._stay(connection))

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self._address)
        connection.add_termination_listener(lambda _connection: self._listening.clear())
        try:
            await connection.add_listener(CHANGED, lambda *ring: self._heard(ring[3] == MESSAGES))
        except BaseException:
            connection.terminate()
            raise
        self._listening.set()
        self._heard(False)
        return connection

    async def _stay(self, connection: asyncpg.Connection) -> None:
        """Keep the line open: a statement now and then shows that it is dead, and it is opened again."""
        try:
            while True:
                await asyncio.sleep(PAUSE)
                try:
                    if connection.is_closed():
                        connection = await self._connect()
                    await connection.execute("SELECT 1", timeout=PAUSE)
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    self._listening.clear()
                    log.warning("The line to PostgreSQL is down: %r", error)
                    connection.terminate()
        finally:
            self._listening.clear()
            connection.terminate()

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
