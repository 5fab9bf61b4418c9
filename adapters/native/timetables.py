"""One timetable for each school: of the format that is believed most, without the lessons of its holidays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import and_, delete, false, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.claims import CLAIM, chunks, is_one_of
from adapters.native.precedence import Precedence
from adapters.native.stored_rows import audience_of

LESSON, AUDIENCE, SETTINGS = r.Lesson.table(), r.Audience.table(), r.SchoolSettings.table()
TIMETABLES = frozenset({LESSON.name, SETTINGS.name})
"""Tables that decide which lessons are shown."""


async def settle_timetables(
    connection: AsyncConnection, precedence: Precedence, schools: Iterable[str]
) -> None:
    """Show the lessons of one format for each school, and hide the others; nothing is lost.

    What is shown has rows in `audience`, what is hidden has none.
    """
    for school in schools:
        has_ended = LESSON.c.ended_at.is_not(None).label("has_ended")
        kinds = select(LESSON.c.source_id, LESSON.c.is_from_pattern, has_ended)
        found = (await connection.execute(kinds.where(LESSON.c.school_id == school).distinct())).all()
        current = {row.source_id for row in found if not row.has_ended}
        # Where there never was another source, nothing is hidden and nothing was.
        if not current or (len({row.source_id for row in found}) == 1 and not found[0].is_from_pattern):
            continue
        best = min(current, key=lambda one: precedence.rank("lesson", one)).partition(":")[0]
        chosen = sorted(one for one in current if one.partition(":")[0] == best)
        days = await _holidays(connection, school)
        free = or_(false(), *(LESSON.c.date.between(first, last) for first, last in days))
        hidden = or_(LESSON.c.source_id.not_in(chosen), and_(LESSON.c.is_from_pattern, free))
        await _show(connection, school, hidden)


async def schools_with_news(connection: AsyncConnection, sources: Iterable[str]) -> set[str]:
    """Return the schools for which these sources have lessons, or a calendar."""
    chosen, found = sorted(sources), set[str]()
    spoken = select(CLAIM.c.record_id).where(CLAIM.c.source_id.in_(chosen), CLAIM.c.kind == SETTINGS.name)
    lessons = select(LESSON.c.school_id).where(LESSON.c.source_id.in_(chosen))
    years = select(SETTINGS.c.school_id).where(
        or_(SETTINGS.c.source_id.in_(chosen), SETTINGS.c.id.in_(spoken.where(CLAIM.c.record_id.is_not(None))))
    )
    for wanted in (lessons.distinct(), years.distinct()):
        found.update((await connection.execute(wanted)).scalars())
    return found


async def _holidays(connection: AsyncConnection, school: str) -> list[tuple[date, date]]:
    wanted = select(SETTINGS.c.holidays).where(SETTINGS.c.school_id == school, SETTINGS.c.ended_at.is_(None))
    lists = (await connection.execute(wanted)).scalars().all()
    return [
        (date.fromisoformat(one["start"]), date.fromisoformat(one["end"]))
        for holidays in lists
        for one in holidays or ()
    ]


async def _show(connection: AsyncConnection, school: str, hidden: Any) -> None:
    gone = select(LESSON.c.id).where(LESSON.c.school_id == school, hidden)
    await connection.execute(
        delete(AUDIENCE).where(AUDIENCE.c.record_kind == "lesson", AUDIENCE.c.record_id.in_(gone))
    )
    shown = select(AUDIENCE.c.id).where(AUDIENCE.c.record_id == LESSON.c.id)
    missing = select(LESSON.c.id).where(
        LESSON.c.school_id == school, LESSON.c.ended_at.is_(None), ~hidden, ~shown.exists()
    )
    for some in chunks((await connection.execute(missing)).scalars().all()):
        rows = await connection.execute(select(LESSON).where(is_one_of(LESSON.c.id)), {"ids": some})
        entries = [entry for row in rows.mappings() for entry in audience_of("lesson", dict(row))]
        if entries:
            await connection.execute(insert(AUDIENCE), entries)
