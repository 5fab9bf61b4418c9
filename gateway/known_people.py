"""Persons and schools of the database, by what an administrator calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from adapters import records as r
from adapters.base import BadConfiguration
from adapters.native.database import migrate, open_database
from gateway.settings import Settings

PERSONS: Mapping[str, type[r.Person]] = {
    "GUARDIAN": r.Guardian,
    "STUDENT": r.Student,
    "TEACHER": r.StaffMember,
    "STAFF": r.StaffMember,
}
"""The records of each kind of viewer; partners have none."""
SHOWN = 20
"""Schools that an error names, and persons that are listed."""


async def school_ids(settings: Settings, names: Sequence[str]) -> list[str]:
    """Return the ids of schools named by id or UAI. Raises BadConfiguration where one is not known."""
    engine, table = open_database(settings.database_url), r.School.table()
    try:
        await migrate(engine)
        async with engine.connect() as connection:
            rows = await connection.execute(
                select(table.c.id, table.c.national_id).where(table.c.ended_at.is_(None)).order_by(table.c.id)
            )
            schools = rows.all()
    finally:
        await engine.dispose()
    by_name = {row.national_id: row.id for row in schools} | {row.id: row.id for row in schools}
    for name in names:
        if name not in by_name:
            known = sorted(row.national_id or row.id for row in schools)
            said = ", ".join(known[:SHOWN]) + (" …" if len(known) > SHOWN else "")
            raise BadConfiguration(f"There is no school {name}; known are: {said or 'none yet'}.")
    return [by_name[name] for name in names]


async def some_people(settings: Settings, kind: str) -> list[tuple[str, str, str]]:
    """List the id, the name and the school of some students, teachers or staff who are there now."""
    engine, table, school = open_database(settings.database_url), PERSONS[kind].table(), r.School.table()
    wanted = (
        select(table.c.id, table.c.first_name, table.c.last_name, school.c.name)
        .join(school, school.c.id == table.c.school_id)
        .where(table.c.ended_at.is_(None))
        .order_by(school.c.name, table.c.last_name, table.c.first_name, table.c.id)
        .limit(SHOWN)
    )
    if PERSONS[kind] is r.StaffMember:
        is_teacher = table.c.role == "TEACHER"
        wanted = wanted.where(is_teacher if kind == "TEACHER" else ~is_teacher)
    try:
        await migrate(engine)
        async with engine.connect() as connection:
            rows = (await connection.execute(wanted)).all()
    finally:
        await engine.dispose()
    return [(row[0], f"{row[1] or ''} {row[2]}".strip(), row[3]) for row in rows]


async def is_known(settings: Settings, person: str, kind: str | None = None) -> bool:
    """Tell whether the database has a person now as a kind of viewer; without a kind, ever and as any."""
    engine = open_database(settings.database_url)
    try:
        await migrate(engine)
        async with engine.connect() as connection:
            for one in {PERSONS[kind]} if kind is not None else set(PERSONS.values()):
                table = one.table()
                wanted = select(table.c.id).where(table.c.id == person)
                if kind is not None:
                    wanted = wanted.where(table.c.ended_at.is_(None))
                if (await connection.execute(wanted)).first() is not None:
                    return True
    finally:
        await engine.dispose()
    return False
