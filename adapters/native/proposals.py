"""Records that may be the same: noted for an administrator, who decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from adapters import records as r
from adapters.native.gateway_state import upsert

PROPOSAL = r.MergeProposal.table()


class Proposals:
    """The proposals of one import."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.noted = 0

    async def note(self, kind: str, one: str, other: str, reason: str, status: str = "OPEN") -> None:
        """Note a pair, unless it was noted before, whatever was decided then."""
        first, second = sorted((one, other))
        identity = r.record_id("proposal", kind, f"{first}:{second}")
        known = await self._connection.execute(select(PROPOSAL.c.id).where(PROPOSAL.c.id == identity))
        if known.first() is None:
            self.noted += 1
            row = r.MergeProposal(
                id=identity,
                kind=kind,
                first_id=first,
                second_id=second,
                reason=reason,
                status=status,
                noted_at=self._now,
            )
            await upsert(self._connection, PROPOSAL, [row.model_dump()])


async def open_proposals(connection: AsyncConnection) -> list[dict[str, Any]]:
    """List the pairs that wait for a decision, with the names of both and their schools or children."""
    found = []
    wanted = select(PROPOSAL).where(PROPOSAL.c.status == "OPEN").order_by(PROPOSAL.c.noted_at, PROPOSAL.c.id)
    for row in (await connection.execute(wanted)).mappings():
        people = [await _described(connection, row["kind"], row[side]) for side in ("first_id", "second_id")]
        if all(people):
            found.append({**row, "people": people})
    return found


async def _described(connection: AsyncConnection, kind: str, identity: str) -> str | None:
    """Return names and source of a person, and for guardians their children; None where it is gone."""
    table, student, tie = SQLModel.metadata.tables[kind], r.Student.table(), r.Guardianship.table()
    row = (await connection.execute(select(table).where(table.c.id == identity))).mappings().first()
    if row is None:
        return None
    children = (
        select(student.c.first_name)
        .join(tie, tie.c.student_id == student.c.id)
        .where(tie.c.guardian_id == identity, tie.c.ended_at.is_(None))
        .order_by(student.c.first_name)
    )
    names = [name or "?" for name in (await connection.execute(children)).scalars()]
    of = f", of {', '.join(names)}" if names else ""
    return f"{row['first_name'] or ''} {row['last_name']} ({row['source_id']}{of})".strip()


async def set_decision(connection: AsyncConnection, identity: str, status: str) -> dict[str, Any] | None:
    """Note what was decided on an open proposal and return it; None where there is none of that id."""
    wanted = select(PROPOSAL).where(PROPOSAL.c.id == identity, PROPOSAL.c.status == "OPEN")
    row = (await connection.execute(wanted)).mappings().first()
    if row is None:
        return None
    await connection.execute(update(PROPOSAL).where(PROPOSAL.c.id == identity).values(status=status))
    return dict(row)
