"""Guardians that may be one, though no child in common says so."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.claims import spoken_of
from adapters.native.proposals import Proposals


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
