"""The one loader: applies the records of any reader in one transaction, and says what happened.

Records are compared by a hash of their content, so the same export twice changes nothing. What a complete
export no longer has is ended, never deleted. Any error rolls everything back.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters import records as r
from adapters.base import (
    Changed,
    Entry,
    EntryCount,
    Export,
    Item,
    LeftOut,
    Mention,
    Notice,
    Refusal,
    Remaining,
    Used,
)
from adapters.native.announcements import GIVE_RIGHTS, ImportAnnouncements
from adapters.native.bulk_insert import insert_new
from adapters.native.claims import CHUNK, CLAIM, Claims, chunks, claim_of, is_one_of
from adapters.native.doorbell import ring
from adapters.native.ending import Ending
from adapters.native.entry_accounts import EntryAccounts
from adapters.native.families import propose_guardians
from adapters.native.feed import announce
from adapters.native.gateway_state import upsert
from adapters.native.import_report import Report
from adapters.native.import_rules import ANYTHING, Rules
from adapters.native.joining import Joining
from adapters.native.proposals import Proposals
from adapters.native.stored_rows import audience_of, stored_row
from adapters.native.timetables import TIMETABLES, schools_with_news, settle_timetables

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

FIRST_LOOK, GROWTH = 250, 4
"""After how many new rows PostgreSQL looks at a growing table, and after how many times as many again."""


class Loader:
    """Applies one export; used once."""

    def __init__(
        self,
        connection: AsyncConnection,
        export: Export,
        now: datetime,
        report: Report,
        rules: Rules,
    ) -> None:
        self._connection = connection
        self._export = export
        self._now = now
        self._report = report
        self._rules = rules
        self._claims = Claims(connection, export.source_id, rules.precedence, now)
        self._proposals = Proposals(connection, now)
        self.announcements = ImportAnnouncements(connection, export.source_id, now)
        self._waiting: dict[type[r.Record], dict[str, r.Record]] = {}
        self._mentions: dict[str, Mention] = {}
        self._remaining: list[Remaining] = []
        self._given: set[str] = set()
        self._known_size: dict[str, int] = {}
        self._timetables: set[str] = set()
        self._accounts = EntryAccounts(report, export.source_id.partition(":")[0])
        self._ending = Ending(self._claims, export, rules.most_ended, self.announcements, report)

    async def start(self) -> None:
        """Make ready to remember what was seen; in the database, so that memory stays small."""
        await self._ending.start()

    async def take(self, item: Item) -> None:
        """Take one item of the reader; records are written with others of their kind."""
        if isinstance(item, Entry):
            self._accounts.begin(item)
            return
        self._accounts.hear(item)
        if isinstance(item, EntryCount | LeftOut | Used | int):
            return
        if isinstance(item, Notice):
            self._report.notices.append(item)
        elif isinstance(item, Refusal):
            self._report.refused.append(item)
        elif isinstance(item, Mention):
            self._mentions[item.record.id] = item
        elif isinstance(item, Remaining):
            self._remaining.append(item)
        elif isinstance(item, Changed):
            await self._change(item)
        else:
            waiting = self._waiting.setdefault(type(item), {})
            waiting[item.id] = item
            if len(waiting) >= CHUNK:
                await self._write(type(item))

    async def finish(self) -> None:
        """Write what is left, end what is gone, join what is the same, and note the import."""
        self._accounts.finish()
        for kind in list(self._waiting):
            await self._write(kind)
        await self._refresh_statistics(*sorted({*self._given, self._ending.table}))
        for one in self._remaining:
            self._timetables |= await self._ending.remain(one)
        if self._export.complete:
            self._timetables |= await self._ending.run()
        await self._join()
        await settle_timetables(self._connection, self._rules.precedence, sorted(self._timetables))
        await self._ending.stop()
        await self._note_source()
        await self._count_families()

    async def _refresh_statistics(self, *tables: str) -> None:
        """Let PostgreSQL plan what follows by what was just written; it would take new tables for empty."""
        if self._connection.dialect.name == "postgresql":
            for name in tables:
                await self._connection.execute(text(f"ANALYZE {name}"))

    async def _change(self, item: Changed) -> None:
        """Take a record as it is with some columns changed."""
        if item.kind in self._waiting:
            await self._write(item.kind)
        known = await self._claims.said(item.kind, item.id)
        if known is not None:
            await self.take(item.kind.model_validate({**known, **item.values}))
        elif item.otherwise is not None:
            await self.take(item.otherwise)
        else:
            why, do = "a change of a record that was never imported", "Import the complete export first."
            self._report.refused.append(Refusal(self._export.source_name, item.id, "id", item.id, why, do))

    async def _write(self, kind: type[r.Record]) -> None:
        """Validate one chunk, compare it with what is there, and write the difference."""
        table = kind.table()
        rows = {}
        for identity, record in self._waiting.pop(kind, {}).items():
            row = self._validated(record)
            if row is not None:
                rows[identity] = row
        found = await self._connection.execute(
            select(table.c.id, *self._state_columns(table)).where(is_one_of(table.c.id)), {"ids": list(rows)}
        )
        before = {row[0]: tuple(row[1:]) for row in found}
        spoken = await self._claims.mine(list(rows))
        before |= {one: (claim["content_hash"], claim["ended_at"]) for one, claim in spoken.items()}
        counts, seen = self._report.of(table.name), await self._ending.see(rows)
        changed = {}
        for identity, row in rows.items():
            state = before.get(identity)
            if state == self._state(table, row):
                counts.unchanged += identity not in seen
            else:
                counts.added += state is None
                counts.changed += state is not None
                changed[identity] = row
        self._given.add(table.name)
        if counts.added > GROWTH * self._known_size.get(table.name, FIRST_LOOK):
            await self._refresh_statistics(table.name)
            self._known_size[table.name] = counts.added
        shared = {one: row for one, row in changed.items() if one in spoken}
        if shared:
            await self._claims.write(table, shared, kind)
            if kind in GIVE_RIGHTS:
                self.announcements.note_rights()
        await self._write_alone(kind, [row for one, row in changed.items() if one not in spoken], before)

    async def _write_alone(
        self, kind: type[r.Record], changed: list[dict[str, Any]], before: Mapping[str, Any]
    ) -> None:
        """Write rows of which no other source speaks."""
        table = kind.table()
        changed = await self._claims.resolved(table, changed)
        await self.announcements.note(kind, changed, before)
        await insert_new(self._connection, table, [row for row in changed if row["id"] not in before])
        await upsert(self._connection, table, [row for row in changed if row["id"] in before])
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
            return stored_row(record, self._now)
        except ValidationError as error:
            for fault in error.errors():
                name = ".".join(str(part) for part in fault["loc"])
                value, remedy = str(fault["input"])[:80], "Correct it at the source and export again."
                self._report.refused.append(
                    Refusal(type(record).__name__, record.id, name, value, fault["msg"], remedy)
                )
            return None

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
        await insert_new(self._connection, table, entries)

    async def _join(self) -> None:
        """Join records with those of other sources, and report the mentions that mean nothing known."""
        mentions = [
            claim_of(type(one.record), one.record.table(), row, self._export.source_id, is_mention=True)
            for one in self._mentions.values()
            if (row := self._validated(one.record)) is not None
        ]
        for some in chunks(mentions):
            known = await self._claims.known([one["id"] for one in some])
            await upsert(self._connection, CLAIM, [one for one in some if one["id"] not in known])
        source = r.DataSource.table()
        others = select(source.c.id).where(source.c.id != self._export.source_id).limit(1)
        speaking = {self._export.source_id}
        if mentions or (await self._connection.execute(others)).first() is not None:
            self._claims.noted()
            joining = Joining(self._claims, self._proposals)
            await joining.run()
            open_ = await joining.open_mentions(list(self._mentions))
            self._report.refused += [one.refusal for key, one in self._mentions.items() if key in open_]
            self._report.joined, speaking = dict(joining.joined), joining.speaking
            if joining.joined:
                self.announcements.note_rights()
        await propose_guardians(self._connection, speaking, self._proposals)
        self._report.proposals = self._proposals.noted
        # Without a calendar, or a source that another import made to fit, there is no news to look for.
        if not TIMETABLES.isdisjoint(self._given) or len(speaking) > 1:
            self._timetables |= await schools_with_news(self._connection, speaking)

    async def _note_source(self) -> None:
        given = sorted({CAPABILITIES[name] for name in self._given if name in CAPABILITIES})
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
        mine = (self._speaks_of(tie), tie.c.ended_at.is_(None))
        links = select(func.count(), func.count(tie.c.legal_rank)).where(*mine)
        all_links, legal = (await self._connection.execute(links)).one()
        tied = select(tie.c.id).where(tie.c.student_id == student.c.id, tie.c.ended_at.is_(None))
        alone = (
            select(func.count())
            .select_from(student)
            .where(
                self._speaks_of(student),
                student.c.ended_at.is_(None),
                ~tied.exists(),
            )
        )
        self._report.links, self._report.legal_links = all_links, legal
        self._report.students_without_guardian = (await self._connection.execute(alone)).scalar_one()

    def _speaks_of(self, table: Table) -> ColumnElement[bool]:
        source = self._export.source_id
        spoken = select(CLAIM.c.record_id).where(CLAIM.c.source_id == source, CLAIM.c.kind == table.name)
        return or_(table.c.source_id == source, table.c.id.in_(spoken.where(CLAIM.c.record_id.is_not(None))))


async def load(
    engine: AsyncEngine,
    export: Export,
    records: Iterable[Item],
    now: datetime | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
    rules: Rules = ANYTHING,
) -> Report:
    """Apply an export in one transaction; with `dry_run`, only say what would happen.

    Imports that may touch the same records wait for one another. Raises Shrunk, and what the reader raises,
    with nothing written.
    """
    now = now or datetime.now(UTC)
    report = Report(export.source_name, dry_run)
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        if engine.dialect.name == "postgresql":
            await _queue(connection, export)
        loader = Loader(connection, export, now, report, rules)
        await loader.start()
        for item in records:
            if isinstance(item, int):
                progress(item)
            else:
                await loader.take(item)
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


async def _queue(connection: AsyncConnection, export: Export) -> None:
    """Wait for imports of the same school; one of several schools waits for all, and all for it."""
    scope = export.source_id.partition(":")[2].partition(":")[0]
    share = "_shared" if scope else ""
    await connection.execute(text(f"SELECT pg_advisory_xact_lock{share}(0)"))
    key = int.from_bytes(hashlib.blake2b(scope.encode(), digest_size=7).digest())
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def _run(export: Export, report: Report, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "source_id": export.source_id,
        "started_at": now,
        "finished_at": datetime.now(UTC),
        "report": report.as_json(),
    }
