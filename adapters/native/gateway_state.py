"""What the gateway itself writes: answers to the charter, closed sessions, the chosen student."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.native.doorbell import ring
from adapters.records import CharterAcceptance, PersonState, record_id


async def upsert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, or overwrite those with the same id; only the columns given are touched."""
    if not rows:
        return
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    given = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=given), rows)


class GatewayState:
    """Writes on behalf of one person; each call is one transaction."""

    def __init__(self, engine: AsyncEngine, changed: Callable[[], None]) -> None:
        self.engine = engine
        self._changed = changed

    async def answer_charter(
        self, person_id: str, charter_id: str, version: str, decision: str, now: datetime
    ) -> str:
        """Record an answer and return its id. A refusal revokes every token issued up to `now`."""
        key = record_id("gateway", "CharterAcceptance", f"{person_id}\x1f{charter_id}")
        answer = {
            "id": key,
            "person_id": person_id,
            "charter_id": charter_id,
            "version": version,
            "decision": decision,
            "decided_at": now,
        }
        async with self.engine.connect() as connection:
            await connection.execution_options(writes=True)
            await upsert(connection, CharterAcceptance.table(), [answer])
            if decision == "REFUSED":
                closed = {"id": person_id, "tokens_revoked_before": now}
                await upsert(connection, PersonState.table(), [closed])
            await self._commit(connection)
        return key

    async def _commit(self, connection: AsyncConnection) -> None:
        await ring(connection)
        await connection.commit()
        # Our own next read must not wait for the bell.
        self._changed()

    async def select_student(self, person_id: str, student_id: str | None) -> None:
        """Remember the student a person chose; None for all."""
        async with self.engine.connect() as connection:
            await connection.execution_options(writes=True)
            await upsert(
                connection, PersonState.table(), [{"id": person_id, "selected_student_id": student_id}]
            )
            await self._commit(connection)
