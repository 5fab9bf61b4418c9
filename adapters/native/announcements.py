"""What of a transaction is announced: new messages, changed lessons, dashboards, sessions and rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.changes import Change, Insert, Set
from adapters.native.feed import Announcement

CHUNK = 500
COMPARED: Mapping[str, str] = {
    "starts_at": "TIME",
    "ends_at": "TIME",
    "room_ids": "ROOM",
    "teacher_ids": "TEACHER",
    "subject_id": "SUBJECT",
    "class_ids": "GROUP",
    "group_ids": "GROUP",
    "is_online": "MADE_ONLINE",
}
"""Columns of a lesson that are worth a word when they change, and how the contract calls it."""
GIVE_RIGHTS = (r.Guardianship, r.Enrolment, r.Student, r.Teaching)
"""Records that decide who may see what."""


async def of_changes(connection: AsyncConnection, changes: Sequence[Change]) -> list[Announcement]:
    """Find what a person's changes, already written, are to others."""
    messages = [
        one.record.model_dump()
        for one in changes
        if isinstance(one, Insert) and isinstance(one.record, r.Message)
    ]
    found = await of_messages(connection, messages)
    for one in changes:
        if isinstance(one, Set) and one.kind is r.Dashboard:
            found.append(Announcement("DASHBOARD", one.where["id"], (one.where["id"],)))
        elif isinstance(one, Set) and "tokens_revoked_before" in one.values:
            found.append(Announcement("SESSION", one.where["id"], (one.where["id"],)))
    return found


async def of_messages(
    connection: AsyncConnection, messages: Sequence[Mapping[str, Any]]
) -> list[Announcement]:
    """Announce new messages to the mailboxes of all who take part, and to the school, oldest first."""
    part, thread = r.Participant.table(), r.Conversation.table()
    persons: dict[str, list[str]] = {}
    students: dict[str, list[str]] = {}
    threads = sorted({one["conversation_id"] for one in messages})
    for start in range(0, len(threads), CHUNK):
        ids = {"ids": threads[start : start + CHUNK]}
        members = select(part.c.conversation_id, part.c.person_id).where(
            part.c.conversation_id.in_(bindparam("ids", expanding=True)),
            part.c.person_id.is_not(None),
            part.c.ended_at.is_(None),
        )
        for conversation, person in await connection.execute(members, ids):
            persons.setdefault(conversation, []).append(person)
        about = select(thread.c.id, thread.c.student_ids).where(
            thread.c.id.in_(bindparam("ids", expanding=True))
        )
        students.update({row[0]: row[1] for row in await connection.execute(about, ids)})
    return [
        Announcement(
            "MESSAGE",
            one["id"],
            (*sorted(set(persons.get(one["conversation_id"], ()))), *_school(one)),
            {
                "conversation_id": one["conversation_id"],
                "student_ids": students.get(one["conversation_id"], []),
            },
        )
        for one in sorted(messages, key=lambda message: (message["sent_at"], message["id"]))
    ]


def of_lesson(
    before: Mapping[str, Any] | None, lesson: Mapping[str, Any], now: datetime
) -> Announcement | None:
    """Announce a lesson that was added, moved, cancelled or restored; None where it is past or the same."""
    if lesson["ends_at"] < now:
        return None
    if before is None:
        return _lesson(lesson, "CREATED", None, ["ADDED"])
    changed = [name for column, name in COMPARED.items() if before[column] != lesson[column]]
    if not changed and before["status"] == lesson["status"]:
        return None
    return _lesson(lesson, "UPDATED", before["status"], list(dict.fromkeys(changed)))


def of_removed_lesson(lesson: Mapping[str, Any], now: datetime) -> Announcement | None:
    """Announce a lesson that is no longer there; None where it is past."""
    return None if lesson["ends_at"] < now else _lesson(lesson, "REMOVED", lesson["status"], [])


def of_rights() -> Announcement:
    """Announce that somebody may see more or less than before."""
    return Announcement("RIGHTS", "", ("*",))


def _lesson(
    lesson: Mapping[str, Any], operation: str, previous: str | None, changes: list[str]
) -> Announcement:
    topics = (*lesson["class_ids"], *lesson["student_ids"])
    everybody = _school(lesson) if lesson["is_for_whole_school"] else ()
    details = {"operation": operation, "previous_status": previous, "changes": changes}
    return Announcement("LESSON", lesson["id"], (*dict.fromkeys(topics), *everybody), details)


def _school(row: Mapping[str, Any]) -> tuple[str, ...]:
    return () if row["school_id"] is None else (row["school_id"],)


class ImportAnnouncements:
    """Gathers what an import is to subscribers; the first import of a source is no news."""

    def __init__(self, connection: AsyncConnection, source_id: str, now: datetime) -> None:
        self._connection = connection
        self._source_id = source_id
        self._now = now
        self._is_first: bool | None = None
        self._messages: list[dict[str, Any]] = []
        self._found: list[Announcement | None] = []
        self._touches_rights = False

    async def note(
        self, kind: type[r.Record], rows: Sequence[dict[str, Any]], known: Mapping[str, object]
    ) -> None:
        """Look at rows that are about to be written; `known` has the ids of those that were there."""
        if not rows or await self._is_no_news():
            return
        self._touches_rights |= kind in GIVE_RIGHTS
        if kind is r.Message:
            self._messages += [row for row in rows if row["id"] not in known]
        elif kind is r.Lesson:
            before = await self._lessons([row["id"] for row in rows if row["id"] in known])
            self._found += [of_lesson(before.get(row["id"]), row, self._now) for row in rows]

    async def note_removed(self, table: str, ids: Sequence[str]) -> None:
        """Look at records that are about to be ended."""
        if not ids or await self._is_no_news():
            return
        self._touches_rights |= table in {one.__tablename__ for one in GIVE_RIGHTS}
        if table == r.Lesson.__tablename__:
            before = await self._lessons(ids)
            self._found += [of_removed_lesson(before[one], self._now) for one in ids]

    def note_rights(self) -> None:
        """Hear that somebody may see more or less than before, by what several sources say together."""
        self._touches_rights = True

    async def all(self) -> list[Announcement]:
        """Return everything gathered; rights first, so that what follows is seen with the new ones."""
        rights = [of_rights()] if self._touches_rights else []
        messages = await of_messages(self._connection, self._messages)
        lessons = [one for one in self._found if one is not None]
        shown = await self._shown([one.record_id for one in lessons])
        return [*rights, *(one for one in lessons if one.record_id in shown), *messages]

    async def _shown(self, lessons: Sequence[str]) -> set[str]:
        """Return the lessons that reach anybody: a timetable that is not believed is kept and not shown."""
        table, found = r.Audience.table(), set[str]()
        wanted = select(table.c.record_id).where(table.c.record_id.in_(bindparam("ids", expanding=True)))
        for start in range(0, len(lessons), CHUNK):
            ids = {"ids": list(lessons[start : start + CHUNK])}
            found.update((await self._connection.execute(wanted, ids)).scalars())
        return found

    async def _is_no_news(self) -> bool:
        if self._is_first is None:
            run = r.ImportRun.table()
            earlier = select(run.c.id).where(run.c.source_id == self._source_id).limit(1)
            self._is_first = (await self._connection.execute(earlier)).first() is None
        return self._is_first

    async def _lessons(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Read lessons as they are before the import; one that had ended counts as not there."""
        table, found = r.Lesson.table(), dict[str, Mapping[str, Any]]()
        asked = select(table).where(
            table.c.id.in_(bindparam("ids", expanding=True)), table.c.ended_at.is_(None)
        )
        for start in range(0, len(ids), CHUNK):
            rows = await self._connection.execute(asked, {"ids": list(ids[start : start + CHUNK])})
            found |= {row["id"]: row for row in rows.mappings()}
        return found
