"""Writes records of an import: the rows, whom they are for, and what subscribers will hear of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.announcements import GIVE_RIGHTS, ImportAnnouncements
from adapters.native.bulk_insert import insert_new
from adapters.native.gateway_state import upsert
from adapters.native.stored_rows import audience_of

CHUNK = 500


class RecordStore:
    """Rows go in and end here, so that nothing is written without its audience and announcement."""

    def __init__(
        self, connection: AsyncConnection, announcements: ImportAnnouncements, now: datetime
    ) -> None:
        self.connection = connection
        self.announcements = announcements
        self.now = now
        self.timetables: set[str] = set()
        """Schools whose lessons ended."""

    async def write(self, kind: type[r.Record], rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows or overwrite those with the same id; references must be those of records."""
        for start in range(0, len(rows), CHUNK):
            await self._write(kind, rows[start : start + CHUNK])

    async def _write(self, kind: type[r.Record], rows: Sequence[dict[str, Any]]) -> None:
        table = kind.table()
        ids = {"ids": [row["id"] for row in rows]}
        there = select(table.c.id).where(table.c.id.in_(bindparam("ids", expanding=True)))
        before = dict.fromkeys((await self.connection.execute(there, ids)).scalars())
        await self.announcements.note(kind, rows, before)
        await insert_new(self.connection, table, [row for row in rows if row["id"] not in before])
        await upsert(self.connection, table, [row for row in rows if row["id"] in before])
        await self._write_audience(table.name, rows, before)

    async def _write_audience(
        self, kind: str, rows: Sequence[Mapping[str, Any]], before: Mapping[str, Any]
    ) -> None:
        """Keep whom a record is for beside it, one row for each class, student or school."""
        if not rows or "student_ids" not in rows[0]:
            return
        table = r.Audience.table()
        if before:
            mine = delete(table).where(table.c.record_id.in_(bindparam("ids", expanding=True)))
            await self.connection.execute(mine, {"ids": list(before)})
        await insert_new(self.connection, table, [entry for row in rows for entry in audience_of(kind, row)])

    async def end(self, kind: type[r.Record], ids: Sequence[str]) -> None:
        """End records that have not ended yet."""
        table = kind.table()
        current = table.c.id.in_(bindparam("ids", expanding=True)), table.c.ended_at.is_(None)
        ended = update(table).where(*current).values(ended_at=self.now)
        for start in range(0, len(ids), CHUNK):
            some = {"ids": list(ids[start : start + CHUNK])}
            if kind is r.Lesson:
                theirs = select(table.c.id, table.c.school_id).where(*current)
                found = (await self.connection.execute(theirs, some)).all()
                await self.announcements.note_removed(table.name, [row.id for row in found])
                self.timetables.update(row.school_id for row in found)
            elif kind in GIVE_RIGHTS:
                await self.announcements.note_removed(table.name, some["ids"])
            await self.connection.execute(ended, some)
