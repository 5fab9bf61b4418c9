"""Ends what a complete export no longer has; never deletes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, MetaData, Select, String, Table, select, update

from adapters import records as r
from adapters.base import Export, InvalidExport, Remaining
from adapters.native.announcements import GIVE_RIGHTS, ImportAnnouncements
from adapters.native.bulk_insert import insert_new
from adapters.native.claims import CLAIM, Claims, chunks, is_one_of
from adapters.native.import_report import Report

FEW = 5
"""So many records of a kind may end at any time."""
SEEN = Table("import_seen", MetaData(), Column("id", String(64), primary_key=True), prefixes=["TEMPORARY"])
"""Ids of the records that the export has; in the database, so that memory stays small."""


class Shrunk(InvalidExport):
    """A complete export lacks so much of what there was that it may be a wrong one."""


class Ending:
    """Remembers what an export has, and ends the rest."""

    table = SEEN.name
    """Where it remembers."""

    def __init__(
        self,
        claims: Claims,
        export: Export,
        most_ended: float | None,
        announcements: ImportAnnouncements,
        report: Report,
    ) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._export = export
        self._most_ended = most_ended
        self._announcements = announcements
        self._report = report

    async def start(self) -> None:
        """Make the table of what is seen; it lives as long as the import."""
        await self._connection.run_sync(SEEN.create)

    async def stop(self) -> None:
        """Let go of it."""
        await self._connection.run_sync(SEEN.drop)

    async def see(self, ids: Iterable[str]) -> set[str]:
        """Remember that the export has these records; returns those that it had already."""
        wanted = select(SEEN.c.id).where(is_one_of(SEEN.c.id))
        seen = set((await self._connection.execute(wanted, {"ids": list(ids)})).scalars())
        fresh = [{"id": one} for one in ids if one not in seen]
        await insert_new(self._connection, SEEN, fresh)
        return seen

    async def run(self) -> set[str]:
        """End the records that were not seen; returns the schools whose lessons ended. Raises Shrunk."""
        covered = self._export.complete_for
        kinds = [
            one
            for one in r.kinds_of_records()
            if issubclass(one, r.Imported) and (covered is None or one in covered)
        ]
        shrunk, missing, unspoken = [], [], await self._unspoken()
        for kind in kinds:
            alone, spoken = self._current(kind)
            gone = await self._ids(alone.where(~_seen(kind.table())))
            silent = unspoken.get(kind.table().name, [])
            if not gone and not silent:
                continue
            missing.append((kind, gone, silent))
            if self._most_ended is not None and len(gone) + len(silent) > FEW:
                known = len(await self._ids(alone)) + len(await self._ids(spoken))
                if len(gone) + len(silent) > self._most_ended * known:
                    shrunk.append(f"{len(gone) + len(silent)} of {known} records of {kind.table().name}")
        if shrunk:
            raise Shrunk(
                f"{self._export.source_name}: {', '.join(shrunk)} are not in this complete export and would "
                "end. Nothing was changed. If this is right, import again with --allow-shrink; else ask for "
                "a whole export."
            )
        schools: set[str] = set()
        for kind, gone, silent in missing:
            schools |= await self._end(kind, gone, silent)
        return schools

    def _current(self, kind: type[r.Record]) -> tuple[Select[Any], Select[Any]]:
        """Select what this source alone speaks of, and what it says of records of several sources."""
        table, source = kind.table(), self._export.source_id
        shared = select(CLAIM.c.id).where(CLAIM.c.record_id == table.c.id)
        alone = select(table.c.id).where(
            table.c.source_id == source, table.c.ended_at.is_(None), ~shared.exists()
        )
        if self._export.complete_since is not None and "date" in table.c:
            alone = alone.where(table.c.date >= self._export.complete_since)
        spoken = select(CLAIM.c.id).where(
            CLAIM.c.source_id == source,
            CLAIM.c.kind == table.name,
            CLAIM.c.ended_at.is_(None),
            CLAIM.c.is_mention.is_(False),
        )
        return alone, spoken

    async def _unspoken(self) -> dict[str, list[str]]:
        """Return the claims of this source that were not seen, by kind of record."""
        found: dict[str, list[str]] = {}
        wanted = select(CLAIM.c.kind, CLAIM.c.id).where(
            CLAIM.c.source_id == self._export.source_id,
            CLAIM.c.ended_at.is_(None),
            CLAIM.c.is_mention.is_(False),
            ~_seen(CLAIM),
        )
        for row in await self._connection.execute(wanted):
            found.setdefault(row.kind, []).append(row.id)
        return found

    async def _ids(self, wanted: Select[Any]) -> list[str]:
        return [row[0] for row in await self._connection.execute(wanted)]

    async def remain(self, one: Remaining) -> set[str]:
        """End the records of a group but those that remain; returns the schools whose lessons ended."""
        table = one.kind.table()
        became = await self._claims.became(one.where.values())
        alone, spoken = self._current(one.kind)
        if "id" in one.where:
            alone = alone.where(table.c.id == one.where["id"])
            spoken = spoken.where(CLAIM.c.id == one.where["id"])
        else:
            same = [table.c[name] == became.get(value, value) for name, value in one.where.items()]
            alone = alone.where(*same)
            spoken = spoken.where(CLAIM.c.record_id.in_(select(table.c.id).where(*same)))
        gone = [found for found in await self._ids(alone) if found not in one.ids]
        silent = [found for found in await self._ids(spoken) if found not in one.ids]
        return await self._end(one.kind, gone, silent) if gone or silent else set()

    async def _end(self, kind: type[r.Record], gone: list[str], silent: list[str]) -> set[str]:
        table, schools = kind.table(), set[str]()
        await self._announcements.note_removed(table.name, gone)
        ended = update(table).where(is_one_of(table.c.id)).values(ended_at=self._claims.now)
        for some in chunks(gone):
            if kind is r.Lesson:
                theirs = select(table.c.school_id).where(is_one_of(table.c.id)).distinct()
                schools.update((await self._connection.execute(theirs, {"ids": some})).scalars())
            await self._connection.execute(ended, {"ids": some})
        await self._claims.end(kind, silent)
        if silent and kind in GIVE_RIGHTS:
            self._announcements.note_rights()
        self._report.of(table.name).ended += len(gone) + len(silent)
        return schools


def _seen(table: Table) -> Any:
    return select(SEEN.c.id).where(SEEN.c.id == table.c.id).exists()
