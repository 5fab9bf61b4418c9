"""Records that may be the same: noted for an administrator, who decides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.gateway_state import upsert

PROPOSAL = r.MergeProposal.table()


class Proposals:
    """The proposals of one import."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.noted = 0

    async def note(self, kind: str, one: str, other: str, reason: str) -> None:
        """Note a pair, unless it was noted before, whatever was decided then."""
        first, second = sorted((one, other))
        identity = r.record_id("proposal", kind, f"{first}:{second}")
        known = await self._connection.execute(select(PROPOSAL.c.id).where(PROPOSAL.c.id == identity))
        if known.first() is None:
            self.noted += 1
            row = r.MergeProposal(
                id=identity, kind=kind, first_id=first, second_id=second, reason=reason, noted_at=self._now
            )
            await upsert(self._connection, PROPOSAL, [row.model_dump()])
