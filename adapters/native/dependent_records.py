"""Finds what an import says of an id that it refused: it may be about somebody else, and reaches nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import or_, select

from adapters import records as r
from adapters.native.claims import CLAIM, Claims
from adapters.native.stored_rows import references

LEADING = ("student_id", "guardian_id", "staff_id", "class_id", "person_id")
LEADING_LISTS = ("student_ids", "class_ids")
"""Columns by which a record reaches somebody, or somebody a record."""


async def dependents(claims: Claims, refused: Collection[str]) -> dict[type[r.Record], set[str]]:
    """Return the current records of this import's source that refer to refused ids, by kind and own id."""
    meant = {*refused, *(await claims.became(refused)).values()}
    found: dict[type[r.Record], set[str]] = defaultdict(set)
    kinds = {one.table().name: one for one in r.kinds_of_records() if issubclass(one, r.Imported)}
    for kind in kinds.values():
        table = kind.table()
        single = [table.c[name] for name in LEADING if name in table.c]
        several = [table.c[name] for name in LEADING_LISTS if name in table.c]
        mine = (table.c.source_id == claims.source_id, table.c.ended_at.is_(None))
        alone = ~select(CLAIM.c.id).where(CLAIM.c.record_id == table.c.id).exists()
        if single:
            wanted = select(table.c.id).where(*mine, alone, or_(*(column.in_(meant) for column in single)))
            found[kind].update((await claims.connection.execute(wanted)).scalars())
        if several:
            for row in await claims.connection.execute(select(table.c.id, *several).where(*mine, alone)):
                if any(not meant.isdisjoint(listed or ()) for listed in row[1:]):
                    found[kind].add(row.id)
    said = select(CLAIM).where(
        CLAIM.c.source_id == claims.source_id, CLAIM.c.is_mention.is_(False), CLAIM.c.ended_at.is_(None)
    )
    for claim in (await claims.connection.execute(said)).mappings():
        kind = kinds[claim["kind"]]
        if not references(kind.table(), claim["content"]).isdisjoint(refused):
            found[kind].add(claim["id"])
    return {kind: ids for kind, ids in found.items() if ids}
