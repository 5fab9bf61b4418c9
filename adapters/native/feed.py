"""The feed in the database: entries get their positions in the order of commits, and are read in it.

A sequence would not do: a transaction that drew 11 may commit after one that drew 12, and a reader that
has seen 12 would never return for 11. Here positions are counted in one row, which stays locked from the
moment a writer draws until it has committed (docs/decisions/0008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.native.database import answering
from adapters.records import FeedEntry, FeedHead

KEPT = timedelta(hours=24)
"""How long an entry can be read."""
PAGE = 500
"""Entries read at a time."""
CHUNK = 1000
"""Entries written at a time."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A change that subscribers may hear of; `topics` are the ids under which they listen for its kind."""

    kind: str
    record_id: str
    topics: tuple[str, ...]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Noted:
    """An announcement as it was committed, at its position."""

    position: int
    kind: str
    record_id: str
    topics: tuple[str, ...]
    details: dict[str, Any]


async def announce(
    connection: AsyncConnection, announcements: Sequence[Announcement], now: datetime | None = None
) -> None:
    """Write announcements to the feed; must be the last that a transaction does before it commits.

    Whoever announces next waits until then. What is older than KEPT is forgotten.
    """
    if not announcements:
        return
    now = now or datetime.now(UTC)
    head, entry = FeedHead.table(), FeedEntry.table()
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    drawn = dialect.insert(head).values(id="feed", position=len(announcements))
    drawn = drawn.on_conflict_do_update(
        index_elements=["id"], set_={"position": head.c.position + len(announcements)}
    ).returning(head.c.position)
    last = (await connection.execute(drawn)).scalar_one()
    old = select(func.max(entry.c.position)).where(entry.c.noted_at < now - KEPT).scalar_subquery()
    await connection.execute(delete(entry).where(entry.c.position <= old))
    rows = [
        {
            "id": str(position),
            "position": position,
            "kind": one.kind,
            "record_id": one.record_id,
            "topics": list(one.topics),
            "details": one.details,
            "noted_at": now,
        }
        for position, one in enumerate(announcements, last - len(announcements) + 1)
    ]
    for start in range(0, len(rows), CHUNK):
        await connection.execute(insert(entry), rows[start : start + CHUNK])


class FeedLog:
    """Reads the feed. Every method raises RetryLater where the database does not answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def after(self, position: int, kinds: Sequence[str] = (), most: int = PAGE) -> list[Noted]:
        """Read the next entries after a position, at most a page, of some kinds or all."""
        table = FeedEntry.table()
        wanted = select(table).where(table.c.position > position).order_by(table.c.position).limit(most)
        if kinds:
            wanted = wanted.where(table.c.kind.in_(kinds))
        return [_noted(row) for row in await self._read(wanted)]

    async def bounds(self) -> tuple[int, int]:
        """Return the position from which everything can still be read, and the last position."""
        entry, head = FeedEntry.table(), FeedHead.table()
        oldest = select(func.min(entry.c.position)).scalar_subquery()
        newest = select(head.c.position).scalar_subquery()
        (ends,) = await self._read(select(oldest.label("oldest"), func.coalesce(newest, 0).label("newest")))
        return ends.newest if ends.oldest is None else ends.oldest - 1, ends.newest

    async def _read(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        with answering():
            async with self._engine.connect() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
                return rows


def _noted(row: Row[Any]) -> Noted:
    return Noted(row.position, row.kind, row.record_id, tuple(row.topics), row.details)
