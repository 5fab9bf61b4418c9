"""What the gateway itself writes: each call is one transaction, and rings the doorbell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.native.announcements import of_changes
from adapters.native.changes import AlreadyWritten, Change, Insert, Outdated, Remove, Set
from adapters.native.database import FAULTS, answering, begin_writing
from adapters.native.doorbell import ring
from adapters.native.feed import announce
from adapters.records import Audience, Conversation, Message, MutationReceipt, Participant, Record

KEPT = timedelta(hours=24)
"""How long a receipt is kept."""
WAIT_FOR_LOCK = 5.0
"""Seconds that a write waits on SQLite while an import or other calls write: a person waits for it."""
MOST_WRITERS = 8
"""Calls of a worker that write at once to PostgreSQL; others have the connections left."""
MAILBOXES = (Conversation, Message, Participant, Audience)
"""Records that are never remembered, and on which nobody's rights to other records depend: of the audiences,
only those of conversations are written here."""


async def upsert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, or overwrite those with the same id; only the columns given are touched."""
    if not rows:
        return
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    given = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=given), rows)


class GatewayState:
    """Writes on behalf of one person."""

    def __init__(self, engine: AsyncEngine, changed: Callable[[bool], None]) -> None:
        self.engine = engine
        self._changed = changed
        # SQLite lets one write at a time; those that wait need no connection meanwhile.
        self._writers = asyncio.Semaphore(1 if engine.dialect.name == "sqlite" else MOST_WRITERS)

    async def receipt(self, key: str) -> MutationReceipt | None:
        """Find the receipt of a call that was carried out. Raises RetryLater."""
        table = MutationReceipt.table()
        with answering(FAULTS):
            async with self.engine.connect() as connection:
                found = await connection.execute(select(table).where(table.c.id == key))
                row = found.mappings().first()
        return None if row is None else MutationReceipt(**row)

    async def write(self, changes: Sequence[Change], receipt: MutationReceipt | None = None) -> None:
        """Carry out all changes or none, together with the receipt.

        Raises AlreadyWritten when there is a receipt of that id, Outdated, and RetryLater where the
        database does not answer or an import holds it; then nothing was written, or all of it where the
        answer alone was lost.
        """
        of_messages = all(change.kind in MAILBOXES for change in changes)
        with answering(FAULTS):
            async with asyncio.timeout(WAIT_FOR_LOCK):
                await self._writers.acquire()
            try:
                await self._write(changes, receipt, of_messages)
            finally:
                self._writers.release()
        # Our own next read must not wait for the bell.
        self._changed(of_messages)

    async def _write(
        self, changes: Sequence[Change], receipt: MutationReceipt | None, of_messages: bool
    ) -> None:
        async with self.engine.connect() as connection:
            await begin_writing(connection, WAIT_FOR_LOCK)
            if receipt is not None:
                receipts = MutationReceipt.table()
                await connection.execute(delete(receipts).where(receipts.c.done_at < receipt.done_at - KEPT))
                if not await _insert(connection, MutationReceipt, [receipt]):
                    raise AlreadyWritten
            for kind, some in groupby(changes, lambda one: one.kind if isinstance(one, Insert) else None):
                if kind is not None:
                    await _insert(connection, kind, [one.record for one in some if isinstance(one, Insert)])
                    continue
                for change in some:
                    await _carry_out(connection, change)
            await ring(connection, of_messages)
            await announce(connection, await of_changes(connection, changes))
            await connection.commit()


async def _carry_out(connection: AsyncConnection, change: Change) -> None:
    if isinstance(change, Remove):
        table = change.kind.table()
        await connection.execute(delete(table).where(_matching(table, change.where)))
    elif isinstance(change, Set):
        await _set(connection, change)


async def _insert(connection: AsyncConnection, kind: type[Record], records: Sequence[Record]) -> bool:
    """Insert records of a kind, where none has that id; for a single one, tell whether it was inserted."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(kind.table()).on_conflict_do_nothing(index_elements=["id"])
    written = await connection.execute(statement, [one.model_dump() for one in records])
    return bool(written.rowcount)


async def _set(connection: AsyncConnection, change: Set) -> None:
    table = change.kind.table()
    values = {**change.values, **{name: table.c[name] + by for name, by in change.plus.items()}}
    others = [or_(table.c[name].is_(None), table.c[name] != value) for name, value in change.but.items()]
    written = await connection.execute(
        update(table).where(_matching(table, change.where), *others).values(values)
    )
    done = bool(written.rowcount)
    if not done and change.otherwise is not None:
        done = await _insert(connection, change.kind, [change.otherwise])
    if not done and change.is_certain:
        raise Outdated


def _matching(table: Table, where: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in where.items()))
