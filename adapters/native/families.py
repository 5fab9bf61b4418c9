"""Guardians of several sources: no export shares a number for them, but they have children in common."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.claims import spoken_of
from adapters.native.proposals import Proposals

UNCLEAR = ("UNKNOWN", "OTHER", "OTHER_RELATIVE")


async def same_guardians(connection: AsyncConnection, speaking: Iterable[str]) -> list[tuple[str, str]]:
    """Find guardians who are one: the same names, and the same tie to a child they have in common.

    The tie is the same where both sources call it by the same word (father, mother), or where one does not
    say and both name a legal guardian. Only ties of which the sources given speak are looked at.
    """
    my_tie, their_tie = r.Guardianship.table().alias("my_tie"), r.Guardianship.table().alias("their_tie")
    me, them = r.Guardian.table().alias("me"), r.Guardian.table().alias("them")
    same_word = and_(my_tie.c.relation == their_tie.c.relation, my_tie.c.relation.not_in(UNCLEAR))
    both_legal = and_(
        or_(my_tie.c.relation.in_(UNCLEAR), their_tie.c.relation.in_(UNCLEAR)),
        my_tie.c.legal_rank.is_not(None),
        their_tie.c.legal_rank.is_not(None),
    )
    wanted = (
        select(me.c.id, them.c.id)
        .join(my_tie, my_tie.c.guardian_id == me.c.id)
        .join(their_tie, their_tie.c.student_id == my_tie.c.student_id)
        .join(them, them.c.id == their_tie.c.guardian_id)
        .where(
            spoken_of(my_tie, speaking),
            me.c.id != them.c.id,
            me.c.source_id != them.c.source_id,
            me.c.match_name == them.c.match_name,
            me.c.first_name.is_not(None),
            or_(same_word, both_legal),
        )
        .distinct()
        .order_by(me.c.id, them.c.id)
    )
    return [(row[0], row[1]) for row in await connection.execute(wanted)]


async def propose_guardians(
    connection: AsyncConnection, speaking: Iterable[str], proposals: Proposals
) -> None:
    """Propose who has the same names as a guardian of these sources and is reached at the same place.

    A parent entered once for each sibling looks like this; so do father and son of one name.
    """
    one, other = r.Guardian.table().alias("one"), r.Guardian.table().alias("other")
    reached = [
        and_(one.c[name] == other.c[name], one.c[name] != "")
        for name in ("email", "mobile_phone", "landline_phone")
    ]
    wanted = (
        select(one.c.id, other.c.id)
        .join(other, one.c.match_name == other.c.match_name)
        .where(
            one.c.id != other.c.id,
            spoken_of(one, speaking),
            one.c.first_name.is_not(None),
            one.c.ended_at.is_(None),
            other.c.ended_at.is_(None),
            or_(*reached),
        )
    )
    pairs = {tuple(sorted(row)) for row in await connection.execute(wanted)}
    for first, second in sorted(pairs):
        await proposals.note("guardian", first, second, "the same names, and the same telephone or e-mail")
