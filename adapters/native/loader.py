"""The one loader: applies the records of any reader in one transaction, and says what happened.

Records are compared by a hash of their content, so the same export twice changes nothing. What a complete
export no longer has is ended, never deleted. Any error rolls everything back.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Table, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import SQLModel

from adapters import records as r
from adapters.base import Export, InvalidExport, Refusal
from adapters.native.announcements import ImportAnnouncements
from adapters.native.doorbell import ring
from adapters.native.feed import announce
from adapters.native.gateway_state import upsert

CHUNK = 500
CAPABILITIES: Mapping[str, str] = {
    "lesson": "TIMETABLE_READ",
    "lesson_content": "LESSON_CONTENT_READ",
    "homework": "HOMEWORK_READ",
    "grade": "GRADES_READ",
    "subject_average": "AVERAGES_READ",
    "skill_evaluation": "SKILLS_READ",
    "absence": "ABSENCES_READ",
    "punishment": "BEHAVIOUR_READ",
    "conversation": "MESSAGES_READ",
    "liaison_note": "LIAISON_READ",
    "event": "EVENTS_READ",
    "trip": "TRIPS_READ",
    "news_item": "NEWS_READ",
    "document": "DOCUMENTS_READ",
    "staff_member": "DIRECTORY_READ",
}
"""What a source gives, seen from the records it brought."""


@dataclass(slots=True)
class Counts:
    """What happened to the records of one kind."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    ended: int = 0


@dataclass(slots=True)
class Report:
    """What an import did: counts by kind of record, refusals, and the ties between families and students."""

    source: str
    dry_run: bool
    counts: dict[str, Counts] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    links: int = 0
    legal_links: int = 0
    students_without_guardian: int = 0

    @property
    def changes(self) -> int:
        """How many records differ from before."""
        return sum(one.added + one.changed + one.ended for one in self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return asdict(self) | {"changes": self.changes}


class Shrunk(InvalidExport):
    """A complete export lacks so much of what there was that it may be a wrong one."""


FEW = 5
"""So many records of a kind may end at any time."""


class Loader:
    """Applies one export; used once."""

    def __init__(
        self,
        connection: AsyncConnection,
        export: Export,
        now: datetime,
        report: Report,
        most_ended: float | None,
    ) -> None:
        self._connection = connection
        self._export = export
        self._now = now
        self._report = report
        self._most_ended = most_ended
        self.announcements = ImportAnnouncements(connection, export.source_id, now)
        self._waiting: dict[type[r.Record], dict[str, r.Record]] = {}
        self._seen: dict[str, set[str]] = {}

    async def add(self, record: r.Record) -> None:
        """Take one record; it is written with the others of its kind."""
        kind = type(record)
        waiting = self._waiting.setdefault(kind, {})
        waiting[record.id] = record
        if len(waiting) >= CHUNK:
            await self._write(kind)

    async def finish(self) -> None:
        """Write what is left, end what is gone, and note the import."""
        for kind in list(self._waiting):
            await self._write(kind)
        if self._export.complete:
            for table in SQLModel.metadata.sorted_tables:
                if "ended_at" in table.c:
                    await self._end_missing(table)
        await self._note_source()
        await self._count_families()

    async def _write(self, kind: type[r.Record]) -> None:
        """Validate one chunk, compare it with what is there, and write the difference."""
        table = kind.table()
        rows = {}
        for identity, record in self._waiting.pop(kind, {}).items():
            row = self._validated(record)
            if row is not None:
                rows[identity] = row
        found = await self._connection.execute(
            select(table.c.id, *self._state_columns(table)).where(
                table.c.id.in_(bindparam("ids", expanding=True))
            ),
            {"ids": list(rows)},
        )
        before = {row[0]: tuple(row[1:]) for row in found}
        counts = self._report.counts.setdefault(table.name, Counts())
        seen = self._seen.setdefault(table.name, set())
        changed = []
        for identity, row in rows.items():
            state = before.get(identity)
            if state == self._state(table, row):
                counts.unchanged += identity not in seen
            else:
                counts.added += state is None
                counts.changed += state is not None
                changed.append(row)
        seen.update(rows)
        await self.announcements.note(kind, changed, before)
        await upsert(self._connection, table, changed)
        await self._write_audience(kind, changed, new=not before)

    @staticmethod
    def _state_columns(table: Table) -> list[Any]:
        names = ("content_hash", "ended_at") if "content_hash" in table.c else tuple(table.c.keys())
        return [table.c[name] for name in names]

    @staticmethod
    def _state(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
        if "content_hash" in table.c:
            return row["content_hash"], None
        return tuple(row[column.name] for column in table.c)

    def _validated(self, record: r.Record) -> dict[str, Any] | None:
        """Check a record against its model; a wrong one is refused, the others go on."""
        try:
            row = type(record).model_validate(record.model_dump()).model_dump()
        except ValidationError as error:
            for fault in error.errors():
                name = ".".join(str(part) for part in fault["loc"])
                value, remedy = str(fault["input"])[:80], "Correct it at the source and export again."
                self._report.refused.append(
                    Refusal(type(record).__name__, record.id, name, value, fault["msg"], remedy)
                )
            return None
        if isinstance(record, r.Searchable):
            words = (getattr(record, name) for name in record.SEARCHED)
            row["search_text"] = r.search_text(" ".join(word for word in words if word))
        if isinstance(record, r.Imported):
            row |= {"fetched_at": self._now, "ended_at": None, "content_hash": content_hash(row)}
        return row

    async def _write_audience(self, kind: type[r.Record], rows: list[dict[str, Any]], new: bool) -> None:
        """Keep who a record is for beside it, one row for each class, student or school."""
        if not rows or "student_ids" not in rows[0]:
            return
        table = r.Audience.table()
        if not new:
            ids = {"ids": [row["id"] for row in rows]}
            await self._connection.execute(
                delete(table).where(table.c.record_id.in_(bindparam("ids", expanding=True))), ids
            )
        entries = [entry for row in rows for entry in audience_of(kind.table().name, row)]
        if entries:
            await self._connection.execute(insert(table), entries)

    async def _end_missing(self, table: Table) -> None:
        """End the records of this source that the export no longer has."""
        current = select(table.c.id).where(
            table.c.source_id == self._export.source_id, table.c.ended_at.is_(None)
        )
        known = (await self._connection.execute(current)).scalars().all()
        gone = [one for one in known if one not in self._seen.get(table.name, set())]
        if self._most_ended is not None and len(gone) > max(FEW, self._most_ended * len(known)):
            raise Shrunk(
                f"{self._export.source_name}: {len(gone)} of {len(known)} records of {table.name} are not in "
                "this complete export and would end. Nothing was changed. If this is right, import again "
                "with --allow-shrink; else ask for a whole export."
            )
        await self.announcements.note_removed(table.name, gone)
        for start in range(0, len(gone), CHUNK):
            await self._connection.execute(
                update(table)
                .where(table.c.id.in_(bindparam("ids", expanding=True)))
                .values(ended_at=self._now),
                {"ids": gone[start : start + CHUNK]},
            )
        if gone:
            self._report.counts.setdefault(table.name, Counts()).ended += len(gone)

    async def _note_source(self) -> None:
        given = sorted({CAPABILITIES[name] for name in self._seen if name in CAPABILITIES})
        source = {
            "id": self._export.source_id,
            "school_id": None,
            "kind": "FILE_IMPORT",
            "name": self._export.source_name,
            "status": "PARTIAL" if self._report.refused else "OK",
            "last_sync_at": self._now,
            "last_error": None,
            "capabilities": given,
        }
        await upsert(self._connection, r.DataSource.table(), [source])

    async def _count_families(self) -> None:
        tie, student = r.Guardianship.table(), r.Student.table()
        mine = (tie.c.source_id == self._export.source_id, tie.c.ended_at.is_(None))
        links = select(func.count(), func.count(tie.c.legal_rank)).where(*mine)
        all_links, legal = (await self._connection.execute(links)).one()
        tied = select(tie.c.student_id).where(tie.c.ended_at.is_(None))
        alone = (
            select(func.count())
            .select_from(student)
            .where(
                student.c.source_id == self._export.source_id,
                student.c.ended_at.is_(None),
                student.c.id.not_in(tied),
            )
        )
        self._report.links, self._report.legal_links = all_links, legal
        self._report.students_without_guardian = (await self._connection.execute(alone)).scalar_one()


def content_hash(row: Mapping[str, Any]) -> str:
    """Hash what a record says, without what the loader adds."""
    content = {name: value for name, value in row.items() if name not in r.PROVENANCE}
    plain = json.dumps(content, sort_keys=True, default=_as_text, ensure_ascii=False)
    return hashlib.blake2b(plain.encode(), digest_size=12).hexdigest()


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def audience_of(kind: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the audience rows of a record: its classes, its students, or the whole school."""
    audiences = [*row.get("class_ids", ()), *row["student_ids"]]
    if row.get("is_for_whole_school"):
        audiences.append(row["school_id"])
    return [
        {
            "id": r.record_id(row["id"], "Audience", audience),
            "school_id": row["school_id"],
            "audience_id": audience,
            "record_kind": kind,
            "record_id": row["id"],
            "date": row.get("date") or date.min,
        }
        for audience in dict.fromkeys(audiences)
    ]


async def load(
    engine: AsyncEngine,
    export: Export,
    records: Iterable[r.Record | Refusal | int],
    now: datetime | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
    most_ended: float | None = None,
) -> Report:
    """Apply an export in one transaction; with `dry_run`, only say what would happen.

    `most_ended` is the part of the records of a kind, from 0 to 1, that a complete export may lack; None for
    any. Imports of the same source wait for one another. Raises Shrunk, and what the reader raises, with
    nothing written.
    """
    now = now or datetime.now(UTC)
    report = Report(export.source_name, dry_run)
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        if engine.dialect.name == "postgresql":
            key = int.from_bytes(hashlib.blake2b(export.source_id.encode(), digest_size=7).digest())
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        loader = Loader(connection, export, now, report, most_ended)
        for item in records:
            if isinstance(item, Refusal):
                report.refused.append(item)
            elif isinstance(item, int):
                progress(item)
            else:
                await loader.add(item)
        await loader.finish()
        if dry_run:
            await connection.rollback()
        else:
            await connection.execute(insert(r.ImportRun.table()), _run(export, report, now))
            await ring(connection)
            await announce(connection, await loader.announcements.all(), now)
            await connection.commit()
            if engine.dialect.name == "postgresql":
                # Not on SQLite: the statistics of a small school would make it scan tables that grow.
                await connection.execute(text("ANALYZE"))
                await connection.commit()
    return report


def _run(export: Export, report: Report, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "source_id": export.source_id,
        "started_at": now,
        "finished_at": datetime.now(UTC),
        "report": report.as_json(),
    }
