"""Ties imported conversations that name no child to the children of the guardians who take part.

What a school writes to a guardian is about a child, though a table does not say so. Without a child, whose
access was closed would read on (`resolvers.disclosure`): ties that ended or give no access count here too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.bulk_insert import insert_new
from adapters.native.claims import chunks, is_one_of
from adapters.native.stored_rows import audience_of

CONVERSATION, PART, TIE, STUDENT = (
    one.table() for one in (r.Conversation, r.Participant, r.Guardianship, r.Student)
)
AUDIENCE, SOURCE = r.Audience.table(), r.DataSource.table()


async def settle_mail(connection: AsyncConnection, schools: Iterable[str]) -> None:
    """Write whom the imported conversations of schools concern, where they name nobody themselves."""
    imported = select(SOURCE.c.id).where(SOURCE.c.kind == "FILE_IMPORT")
    here = (is_one_of(CONVERSATION.c.school_id), CONVERSATION.c.source_id.in_(imported))
    threads = select(CONVERSATION.c.id, CONVERSATION.c.school_id, CONVERSATION.c.student_ids).where(*here)
    children = (
        select(PART.c.conversation_id, TIE.c.student_id)
        .join(CONVERSATION, CONVERSATION.c.id == PART.c.conversation_id)
        .join(TIE, TIE.c.guardian_id == PART.c.person_id)
        .join(STUDENT, STUDENT.c.id == TIE.c.student_id)
        .where(*here, STUDENT.c.school_id == CONVERSATION.c.school_id)
        .order_by(TIE.c.student_id)
        .distinct()
    )
    found: dict[str, list[str]] = defaultdict(list)
    rows: dict[str, str] = {}
    for some in chunks(sorted(schools)):
        for row in await connection.execute(threads, {"ids": some}):
            if not row.student_ids:
                rows[row.id] = row.school_id
        for conversation, student in await connection.execute(children, {"ids": some}):
            found[conversation].append(student)
    wanted = {one: found[one] for one in rows}
    there: dict[str, list[str]] = defaultdict(list)
    known = select(AUDIENCE.c.record_id, AUDIENCE.c.audience_id).where(is_one_of(AUDIENCE.c.record_id))
    for some in chunks(rows):
        for record, audience in await connection.execute(known, {"ids": some}):
            there[record].append(audience)
    changed = [one for one in rows if sorted(there[one]) != sorted(wanted[one])]
    for some in chunks(changed):
        mine = delete(AUDIENCE).where(is_one_of(AUDIENCE.c.record_id))
        await connection.execute(mine, {"ids": some})
    made = [{"id": one, "school_id": rows[one], "student_ids": wanted[one]} for one in changed]
    name = CONVERSATION.name
    await insert_new(connection, AUDIENCE, [entry for row in made for entry in audience_of(name, row)])
