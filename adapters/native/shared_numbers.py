"""Reports numbers that one source gives to several students: they are trusted for none of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from adapters import records as r
from adapters.base import Refusal
from adapters.native.claims import CLAIM, Claims
from adapters.native.person_identity import NUMBERS, named
from adapters.native.seen_records import SeenRecords


async def shared_numbers(claims: Claims, seen: SeenRecords) -> list[Refusal]:
    """Return a refusal for each number that several current students of this import's source have."""
    student = r.Student.table()
    mine = (student.c.source_id == claims.source_id, student.c.ended_at.is_(None))
    holders: dict[tuple[str, Any, str], dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for name in NUMBERS:
        key = (student.c.school_id, student.c[name])
        several = select(*key).where(*mine, student.c[name].is_not(None)).group_by(*key)
        repeated = several.having(func.count() > 1).subquery()
        same = (student.c.school_id == repeated.c.school_id, student.c[name] == repeated.c[name])
        for row in (
            await claims.connection.execute(select(student).join(repeated, same[0] & same[1]))
        ).mappings():
            if row["source_id"] == claims.source_id and row["ended_at"] is None:
                holders[name, row["school_id"], row[name]][row["id"]] = dict(row)
    said = select(CLAIM).where(
        CLAIM.c.source_id == claims.source_id,
        CLAIM.c.kind == student.name,
        CLAIM.c.is_mention.is_(False),
        CLAIM.c.ended_at.is_(None),
    )
    for claim in (await claims.connection.execute(said)).mappings():
        for name in NUMBERS:
            if number := claim["content"].get(name):
                holders[name, claim["content"]["school_id"], number][claim["id"]] = claim["content"]
    found = []
    for (name, _, number), students in sorted(holders.items()):
        if len(students) > 1:
            found.append(await _refusal(name, number, students, seen))
    return found


async def _refusal(
    name: str, number: str, students: Mapping[str, Mapping[str, Any]], seen: SeenRecords
) -> Refusal:
    places = {row["id"]: row["place"] for row in await seen.rows_of(students)}
    names = [named(row) for row in students.values()]
    where = [places[one] for one in students if places.get(one)]
    return Refusal(
        " and ".join(where) or "students",
        ", ".join(str(row["external_id"]) for row in students.values()),
        name,
        # The national number itself is not known here, only a code of it.
        number if name == "information_system_id" else f"that of {' and of '.join(names)}",
        "one number on several students: it is trusted for none of them, the students are taken",
        "Correct the number at the source and export again.",
    )
