"""Lets references follow a record that became part of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from adapters import records as r
from adapters.native.claims import CLAIM, chunks, is_one_of

POINTERS: Mapping[type[r.Record], tuple[str, ...]] = {
    r.School: ("school_id", "class_id", "audience_id"),
    r.Course: ("course_id",),
    r.Subject: ("subject_id", "original_subject_id", "parent_id"),
    r.Room: ("room_id", "room_ids", "original_room_ids"),
    r.SchoolClass: ("class_id", "audience_id", "class_ids", "group_ids", "parent_class_ids"),
    r.GradingPeriod: ("period_id", "parent_id"),
    r.Student: ("student_id", "selected_student_id", "class_id", "audience_id", "person_id", "student_ids"),
    r.Guardian: ("guardian_id", "author_guardian_id", "person_id", "author_person_id"),
    r.StaffMember: (
        "staff_id", "teacher_id", "reported_by_id", "given_by_id", "decided_by_id", "supervisor_id",
        "author_id", "organizer_id", "leader_id", "person_id", "author_person_id",
        "teacher_ids", "other_staff_ids", "original_teacher_ids", "accompanying_ids",
    ),
}  # fmt: skip
"""Names of the columns that may hold the id of a record of each kind."""


async def repoint(
    connection: AsyncConnection,
    kind: type[r.Record],
    became: Mapping[str, str],
    schools: Iterable[str | None],
) -> None:
    """Replace ids by those of the records they became part of, everywhere but in claims.

    `schools` are those of the records, where lists of ids are searched.
    """
    for table in SQLModel.metadata.sorted_tables:
        if table is CLAIM:
            continue
        for name in POINTERS.get(kind, ()):
            if name in table.c and not (kind is r.School and table.name == "school"):
                if name.endswith("_ids"):
                    await _in_lists(connection, table, name, became, schools)
                else:
                    await _in_columns(connection, table, name, became)
    if "person_id" in POINTERS.get(kind, ()):
        await _keep_last_answers(connection, set(became.values()))
    if kind is r.School:
        school = r.School.table()
        own = update(school).where(school.c.school_id == bindparam("old")).values(school_id=bindparam("new"))
        await connection.execute(own, [{"old": old, "new": new} for old, new in became.items()])


async def _keep_last_answers(connection: AsyncConnection, persons: set[str]) -> None:
    """Of the answers that persons gave to one charter under several ids, keep the last."""
    table = r.CharterAcceptance.table()
    later = table.alias()
    is_later = or_(
        later.c.decided_at > table.c.decided_at,
        and_(later.c.decided_at == table.c.decided_at, later.c.id > table.c.id),
    )
    same = (later.c.person_id == table.c.person_id, later.c.charter_id == table.c.charter_id)
    outdated = exists().where(*same, is_later)
    for some in chunks(persons):
        await connection.execute(delete(table).where(is_one_of(table.c.person_id), outdated), {"ids": some})


async def _in_columns(
    connection: AsyncConnection, table: Table, name: str, became: Mapping[str, str]
) -> None:
    follow = (
        select(CLAIM.c.record_id).where(CLAIM.c.id == table.c[name], CLAIM.c.record_id.is_not(None))
    ).scalar_subquery()
    moved = update(table).where(is_one_of(table.c[name])).values({name: follow})
    for some in chunks(became):
        await connection.execute(moved, {"ids": some})


async def _in_lists(
    connection: AsyncConnection,
    table: Table,
    name: str,
    became: Mapping[str, str],
    schools: Iterable[str | None],
    conditions: Iterable[Any] = (),
) -> None:
    column, school = table.c[name], table.c.school_id
    one_by_one = update(table).where(table.c.id == bindparam("row")).values({name: bindparam("list")})
    for one in schools:
        found = await connection.execute(select(table.c.id, column).where(school == one, *conditions))
        changed = [
            {"row": row.id, "list": list(dict.fromkeys(became.get(value, value) for value in row[1]))}
            for row in found
            if any(value in became for value in row[1] or ())
        ]
        if changed:
            await connection.execute(one_by_one, changed)


async def repoint_source(
    connection: AsyncConnection, kind: type[r.Record], source: str, old: str, new: str, schools: Iterable[Any]
) -> None:
    """Replace a reference in the records of one source that no other speaks of; the others are made anew."""
    for table in SQLModel.metadata.sorted_tables:
        if table is CLAIM or "source_id" not in table.c:
            continue
        mine = (
            table.c.source_id == source,
            ~select(CLAIM.c.id).where(CLAIM.c.record_id == table.c.id).exists(),
        )
        for name in POINTERS.get(kind, ()):
            if name in table.c and not name.endswith("_ids"):
                moved = update(table).where(table.c[name] == old, *mine).values({name: new})
                await connection.execute(moved)
            elif name in table.c:
                await _in_lists(connection, table, name, {old: new}, schools, mine)
        if "student_ids" in table.c:
            theirs = select(table.c.id).where(*mine)
            audience = r.Audience.table()
            moved = update(audience).where(audience.c.audience_id == old, audience.c.record_id.in_(theirs))
            await connection.execute(moved.values(audience_id=new))
