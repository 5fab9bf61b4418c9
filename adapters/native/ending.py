"""Ends what a complete export no longer has; never deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select

from adapters import records as r
from adapters.base import Export, InvalidExport, Notice, Remaining
from adapters.native.announcements import GIVE_RIGHTS
from adapters.native.claims import CLAIM, Claims
from adapters.native.import_report import Report
from adapters.native.seen_records import NEW, NOT_WRITTEN, is_seen

FEW = 5
"""So many records of a kind may end at any time."""


class Shrunk(InvalidExport):
    """A complete export lacks so much of what there was that it may be a wrong one."""


class Ending:
    """Ends what the records seen in an import lack."""

    def __init__(self, claims: Claims, export: Export, most_ended: float | None, report: Report) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._export = export
        self._most_ended = most_ended
        self._report = report

    async def run(self) -> None:
        """End the records that were not seen. Raises Shrunk."""
        covered = self._export.complete_for
        kinds = [
            one
            for one in r.kinds_of_records()
            if issubclass(one, r.Imported) and (covered is None or one in covered)
        ]
        shrunk, missing, has_claims = [], [], await self._claims.exist()
        for kind in kinds:
            alone, spoken = self._current(kind)
            gone = await self._ids(alone.where(~is_seen(kind.table())))
            silent = await self._ids(spoken.where(~is_seen(CLAIM))) if has_claims else []
            if not gone and not silent:
                continue
            missing.append((kind, gone, silent))
        if missing and self._may_be_refused():
            return self._end_nothing(sum(len(gone) + len(silent) for _, gone, silent in missing))
        for kind, gone, silent in missing:
            if self._most_ended is not None and len(gone) + len(silent) > FEW:
                alone, spoken = self._current(kind)
                known = len(await self._ids(alone)) + len(await self._ids(spoken))
                if len(gone) + len(silent) > self._most_ended * known:
                    shrunk.append(f"{len(gone) + len(silent)} of {known} records of {kind.table().name}")
        if shrunk:
            raise Shrunk(
                f"{self._export.source_name}: {', '.join(shrunk)} are not in this complete export and would "
                f"end. Nothing was changed. {self._if_part()}If this is right, import again with "
                "--allow-shrink; else ask for a whole export."
            )
        for kind, gone, silent in missing:
            await self._end(kind, gone, silent)
            self._report.lacking[kind.table().name] = len(gone) + len(silent)
        self._report.as_part = self._export.as_part

    def _may_be_refused(self) -> bool:
        """Tell whether what is missing may be in rows of a table that were refused: they have no sure key."""
        return bool(self._export.as_part) and any(one.refused for one in self._report.entries.values())

    def _end_nothing(self, number: int) -> None:
        text = (
            f"{number} records of before are not in it, and may be those of the rows that were refused: none "
            "of them ended. Correct these rows, or take them out, and import it again."
        )
        self._report.notices.append(Notice(self._export.source_name, text))

    def _if_part(self) -> str:
        how = self._export.as_part
        return f"If it is only a part, import it with {how}; then nothing ends. " if how else ""

    def _current(self, kind: type[r.Record]) -> tuple[Select[Any], Select[Any]]:
        """Select what this source alone speaks of, and what it says of records of several sources."""
        table, source = kind.table(), self._export.source_id
        shared = select(CLAIM.c.id).where(CLAIM.c.record_id == table.c.id)
        alone = select(table.c.id).where(
            table.c.source_id == source, table.c.ended_at.is_(None), ~shared.exists()
        )
        spoken = select(CLAIM.c.id).where(
            CLAIM.c.source_id == source,
            CLAIM.c.kind == table.name,
            CLAIM.c.ended_at.is_(None),
            CLAIM.c.is_mention.is_(False),
        )
        if self._export.complete_since is not None and "date" in table.c:
            covered = table.c.date >= self._export.complete_since
            alone = alone.where(covered)
            spoken = spoken.where(CLAIM.c.record_id.in_(select(table.c.id).where(covered)))
        return alone, spoken

    async def _ids(self, wanted: Select[Any]) -> list[str]:
        return [row[0] for row in await self._connection.execute(wanted)]

    async def remain(self, one: Remaining) -> None:
        """End the records of a group but those that remain."""
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
        if gone or silent:
            await self._end(one.kind, gone, silent)

    async def withdraw(self, kind: type[r.Record], states: Mapping[str, str]) -> None:
        """Take back records that came with two contents, by id, each with what their first content did."""
        counts, ids = self._report.of(kind.table().name), sorted(states)
        spoken = await self._claims.mine(ids)
        await self._claims.end(kind, sorted(spoken))
        await self._claims.store.end(kind, [one for one in ids if one not in spoken])
        for state in states.values():
            if state != NOT_WRITTEN:
                counts.count(state, -1)
                counts.ended += state not in NEW

    async def _end(self, kind: type[r.Record], gone: list[str], silent: list[str]) -> None:
        await self._claims.store.end(kind, gone)
        await self._claims.end(kind, silent)
        if silent and kind in GIVE_RIGHTS:
            self._claims.store.announcements.note_rights()
        self._report.of(kind.table().name).ended += len(gone) + len(silent)
