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

from sqlalchemy import ColumnElement, Table, func, insert, or_, select, text
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
from adapters.content import clean_line
from adapters.native.announcements import ImportAnnouncements
from adapters.native.claims import CLAIM, Claims
from adapters.native.class_names import without_pupils
from adapters.native.dependent_records import dependents
from adapters.native.doorbell import ring
from adapters.native.ending import Ending
from adapters.native.entry_accounts import EntryAccounts
from adapters.native.families import propose_guardians
from adapters.native.feed import announce
from adapters.native.gateway_state import upsert
from adapters.native.import_report import Report
from adapters.native.import_rules import ANYTHING, Rules
from adapters.native.joining import Joining
from adapters.native.mail_audiences import settle_mail
from adapters.native.mentions import Mentions
from adapters.native.proposals import Proposals
from adapters.native.record_store import RecordStore
from adapters.native.record_writer import RecordWriter
from adapters.native.seen_records import SeenRecords, origin_of
from adapters.native.shared_numbers import shared_numbers
from adapters.native.source_scope import SourceScope
from adapters.native.timetables import TIMETABLES, schools_with_news, settle_timetables
from adapters.native.waiting_records import count_waiting
from adapters.school_numbers import school_number

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
        self._report = report
        self._rules = rules
        self.announcements = ImportAnnouncements(connection, export.source_id, now)
        self._store = RecordStore(connection, self.announcements, now)
        self._claims = Claims(self._store, export.source_id, rules.precedence)
        self._mentions = Mentions(self._claims)
        self._accounts = EntryAccounts(report, export.source_id.partition(":")[0])
        self._seen = SeenRecords(connection)
        self._scope = SourceScope(self._claims, export, rules.allow_renamed)
        self._ending = Ending(self._claims, export, rules.most_ended, report)
        self._writer = RecordWriter(
            self._claims, self._mentions, self._seen, self._scope, self._accounts, report
        )
        self._remaining: list[Remaining] = []
        self._schools: set[str] = set()
        self._now = now

    async def start(self) -> None:
        """Make ready to remember what was seen."""
        await self._seen.start()
        await self._scope.start()

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
            self._mentions.note(item)
        elif isinstance(item, Remaining):
            self._remaining.append(item)
        elif isinstance(item, Changed):
            await self._change(item)
        else:
            await self._writer.take(item, self._accounts.origin)

    async def finish(self) -> None:
        """Write what is left, end what is gone, join what is the same, and note the import."""
        self._accounts.finish()
        await self._writer.finish()
        self._scope.finish(await self._seen.ids(r.School.table().name))
        await self._writer.refresh_statistics(*sorted({*self._writer.given, self._seen.table}))
        kinds = {one.table().name: one for one in r.kinds_of_records()}
        refused = await self._seen.refused()
        for name, states in refused.items():
            await self._ending.withdraw(kinds[name], states)
        await self._hold_back({one for states in refused.values() for one in states}, ())
        await self._hold_back(self._writer.others, ("unchanged",))
        for one in self._remaining:
            await self._ending.remain(one)
        if self._export.complete:
            await self._ending.run()
        await self._join()
        await settle_timetables(self._connection, self._rules.precedence, sorted(self._store.timetables))
        await count_waiting(self._claims, self._mentions, self._seen, self._accounts, self._report)
        self._report.refused += await shared_numbers(self._claims, self._seen)
        await self._seen.stop()
        await self._note_source()
        became = await self._claims.became(self._writer.schools)
        own = {became.get(one, one) for one in self._writer.schools}
        await settle_mail(self._connection, own | self._schools)
        await self._count_families()

    async def _hold_back(self, refused: set[str], but: tuple[str, ...]) -> None:
        """Refuse what this import says of refused ids, but for records in some states."""
        known = await self._seen.rows_of(refused)
        places = {row["place"] for row in known}
        guardians = {row["id"] for row in known if row["kind"] == r.Guardian.table().name}
        for some in filter(None, (refused - guardians, guardians)):
            for kind, ids in (await dependents(self._claims, some)).items():
                rows = [row for row in await self._seen.rows_of(ids - refused) if row["state"] not in but]
                if some is guardians:
                    # The record of a guardian may be that of other ids of this source, too.
                    rows = [row for row in rows if row["person_id"] in (None, *guardians)]
                await self._ending.withdraw(kind, {row["id"]: row["state"] for row in rows})
                self._refuse_dependents(rows, places)

    def _refuse_dependents(self, rows: Iterable[Mapping[str, Any]], places: set[str]) -> None:
        """Report records that refer to a refused id; the entries at `places` were reported already."""
        for row in rows:
            self._accounts.change_fate(origin_of(row), "refused")
            if row["place"] not in places:
                why, do = "refers to an id that was refused", "Correct that id at the source first."
                self._report.refused.append(Refusal(row["place"], row["kind"], "id", "", why, do))

    async def _change(self, item: Changed) -> None:
        """Take a record as it is with some columns changed."""
        await self._writer.write(item.kind)
        known = await self._claims.said(item.kind, item.id)
        other, before = item.otherwise, known or {}
        if known is not None and not (
            other and any(r.folded(getattr(other, one)) != r.folded(before.get(one)) for one in item.same)
        ):
            changed = item.kind.model_validate({**known, **item.values})
            if item.otherwise is None:
                self._writer.modified.add(item.id)
            await self._writer.take(changed, self._accounts.origin, is_change=True)
        elif item.otherwise is not None:
            await self._writer.take(item.otherwise, self._accounts.origin, is_change=True)
        else:
            why, do = "a change of a record that was never imported", "Import the complete export first."
            place = self._accounts.origin.place or self._export.source_name
            self._report.refused.append(Refusal(place, item.id, "id", item.id, why, do))
            self._accounts.change_fate(self._accounts.origin, "refused")

    async def _join(self) -> None:
        """Join records with those of other sources, and find what mentions mean."""
        await self._mentions.keep(self._writer.validated(self._mentions.records()))
        source, proposals = r.DataSource.table(), Proposals(self._connection, self._now)
        others = select(source.c.id).where(source.c.id != self._export.source_id).limit(1)
        speaking = {self._export.source_id}
        if self._mentions or (await self._connection.execute(others)).first() is not None:
            self._claims.noted()
            joining = Joining(self._claims, self._mentions, proposals)
            await joining.run(self._writer.said_anew)
            self._schools = joining.schools
            self._report.joined, speaking = dict(joining.joined), joining.speaking
            self._report.notices += joining.names.notices(self._export.source_name)
            self._report.notices += await self._mentions.notices()
            named = [one.id for one in self._mentions.records() if isinstance(one, r.SchoolClass)]
            self._report.notices += await without_pupils(self._claims, named, self._export.source_name)
            if joining.joined or len(speaking) > 1:
                self.announcements.note_rights()
        await propose_guardians(self._connection, speaking, proposals)
        self._report.proposals = proposals.noted
        # Without a calendar, or a source that another import made to fit, there is no news to look for.
        if not TIMETABLES.isdisjoint(self._writer.given) or len(speaking) > 1:
            self._store.timetables |= await schools_with_news(self._connection, speaking)

    async def _note_source(self) -> None:
        given = sorted({CAPABILITIES[name] for name in self._writer.given if name in CAPABILITIES})
        source = {
            "id": self._export.source_id,
            "school_id": await self._only_school(),
            "kind": "FILE_IMPORT",
            "name": clean_line(self._export.source_name),
            "status": "PARTIAL" if self._report.refused else "OK",
            "last_sync_at": self._now,
            "last_error": None,
            "capabilities": given,
        }
        await upsert(self._connection, r.DataSource.table(), [source])

    async def _only_school(self) -> str | None:
        """Return the school that the export is of; None where it is of several, or of one not known yet."""
        became = await self._claims.became(self._writer.schools)
        schools = {became.get(one, one) for one in self._writer.schools}
        if len(schools) != 1:
            return None
        table = r.School.table()
        found = await self._connection.execute(select(table.c.id).where(table.c.id == schools.pop()))
        school: str | None = found.scalar_one_or_none()
        return school

    async def _count_families(self) -> None:
        tie, student = r.Guardianship.table(), r.Student.table()
        known = tie.c.student_id.in_(select(student.c.id).where(student.c.ended_at.is_(None)))
        mine = (self._speaks_of(tie), tie.c.ended_at.is_(None), known)
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
                # Without a transaction, which would keep the lock of each table while it waits for the next:
                # another import may have analysed that one, and wait for the first.
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.execute(text("ANALYZE"))
    return report


async def _queue(connection: AsyncConnection, export: Export) -> None:
    """Wait for imports of the same school; one that may be of several waits for all, and all for it."""
    scope = school_number(export.source_id.partition(":")[2].partition(":")[0]) or ""
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
