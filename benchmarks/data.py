"""The data of the benchmarks: demo schools, and families of one to six children and of a class of 28."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.database import open_database
from gateway.demonstration import load_demo
from gateway.settings import Settings

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""The clock of every server that is measured."""
STUDENTS, CLASS, GRADES = 60, 28, 60
"""Students of each school; the children of the guardian `bulk`, and the grades of each."""
FAMILIES = (1, 2, 3, 4, 6)
VIEWERS = 8
"""Guardians with as many children each: requests vary the viewer, as they do in a school."""


def load_schools(url: str, schools: int) -> None:
    """Fill an empty database with demo schools."""
    load_demo(Settings(database_url=url), 2026, STUDENTS * schools, schools, None, Console(quiet=True), NOW)


def guardians(family: str) -> list[str]:
    """List the guardians of a kind of family: `family4` and others with other children, or `bulk`."""
    return [family] if family == "bulk" else [family, *(f"{family}-{one}" for one in range(1, VIEWERS))]


async def add_families(url: str) -> None:
    """Add the guardians of families of one to six children, and `bulk`, all at one school in Paris."""
    engine = open_database(url)
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        student = r.Student.table()
        school = (await connection.execute(paris_school())).scalar_one()
        ids = list(
            (
                await connection.execute(
                    select(student.c.id).where(student.c.school_id == school).order_by(student.c.id)
                )
            ).scalars()
        )
        for size in FAMILIES:
            for position, key in enumerate(guardians(f"family{size}")):
                theirs = [ids[(position * size + one) % len(ids)] for one in range(size)]
                await add_guardian(connection, key, school, theirs)
        await add_guardian(connection, "bulk", school, ids[-CLASS:])
        for one in ids[-CLASS:]:
            await _top_up(connection, one)
        await connection.commit()
    await engine.dispose()


def paris_school() -> Any:
    school, student = r.School.table(), r.Student.table()
    return (
        select(school.c.id)
        .join(student, student.c.school_id == school.c.id)
        .where(school.c.time_zone == "Europe/Paris")
        .group_by(school.c.id)
        .having(func.count() >= CLASS)
        .order_by(school.c.id)
        .limit(1)
    )


async def add_guardian(connection: AsyncConnection, key: str, school: str, students: list[str]) -> None:
    """Tie a new guardian to students, with accepted charters and somebody's conversations."""
    common: dict[str, Any] = {
        "source_id": "benchmark",
        "school_id": school,
        "fetched_at": NOW,
        "content_hash": "",
    }
    for one in students:
        tie = r.Guardianship(
            id=f"{key}-{one}"[:64],
            external_id=f"{key}-{one}",
            guardian_id=key,
            student_id=one,
            has_data_access=True,
            permissions=["READ_SCHOOL_DATA"],
            **common,
        )
        await connection.execute(insert(r.Guardianship.table()).values(tie.model_dump()))
    charter = r.Charter.table()
    for identity, version in (await connection.execute(select(charter.c.id, charter.c.version))).all():
        answer = r.CharterAcceptance(
            id=f"{key}-{identity}"[:64],
            person_id=key,
            charter_id=identity,
            version=version,
            decision="ACCEPTED",
            decided_at=NOW,
        )
        await connection.execute(insert(r.CharterAcceptance.table()).values(answer.model_dump()))
    await _add_conversations(connection, key, school, students)


async def _add_conversations(connection: AsyncConnection, key: str, school: str, students: list[str]) -> None:
    """Give a guardian the threads of the one at their school who has most, about the guardian's students."""
    part, thread = r.Participant.table(), r.Conversation.table()
    received = (part.c.folder == "INBOX") & (part.c.kind == "GUARDIAN") & (part.c.school_id == school)
    busiest = select(part.c.person_id).where(received).group_by(part.c.person_id)
    busiest = busiest.order_by(func.count().desc(), part.c.person_id).limit(1)
    theirs = select(part).where(received, part.c.person_id.in_(busiest)).order_by(part.c.id).limit(5)
    for row in (await connection.execute(theirs)).mappings().all():
        found = await connection.execute(select(thread).where(thread.c.id == row["conversation_id"]))
        conversation = dict(found.mappings().one())
        await _copy(connection, thread, [conversation], key, student_ids=students)
        await _copy(connection, part, [dict(row)], key, person_id=key, conversation_id=conversation["id"])


async def _top_up(connection: AsyncConnection, student: str) -> None:
    """Give a student so many published grades, by repeating those there are."""
    grade = r.Grade.table()
    shown = (grade.c.student_id == student) & (grade.c.published_at <= NOW) & grade.c.ended_at.is_(None)
    rows = [dict(row) for row in (await connection.execute(select(grade).where(shown))).mappings()]
    for turn in range((GRADES - len(rows)) // max(len(rows), 1) + 1):
        wanted = rows[: GRADES - len(rows) * (turn + 1)]
        await _copy(connection, grade, wanted, f"again{turn}")


async def _copy(
    connection: AsyncConnection, table: Table, rows: list[dict[str, Any]], prefix: str, **changed: Any
) -> None:
    for row in rows:
        row |= {"id": f"{prefix}-{row['id']}"[:64], "external_id": f"{prefix}-{row['id']}", **changed}
        await connection.execute(insert(table).values(row))
