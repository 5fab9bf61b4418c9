"""Joins what one import brought with what other sources say, kind by kind.

Records are the same by shared keys alone: numbers, or what a school can only have once (`JOINED_BY`). Persons
are grouped by `person_identity`, and mentions find what they mean in `mentions`. Whatever the order of
imports, the same exports give the same graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, or_, select

from adapters import records as r
from adapters.native.claims import CLAIM, Claims, is_one_of, spoken_of
from adapters.native.class_enrolments import ClassEnrolments
from adapters.native.class_names import ClassNames
from adapters.native.closed_ties import ClosedTies, schools_of
from adapters.native.mentions import Mentions
from adapters.native.merging import ONE_KEY, Key, Kind, Merging
from adapters.native.person_groups import PersonGroups
from adapters.native.proposals import Proposals

JOINED_BY: Mapping[Kind, tuple[Key, ...]] = {
    r.School: (("national_id",),),
    r.Course: (("external_id",),),
    r.Subject: (("code",), ("management_code",), ("match_name",)),
    r.Room: (ONE_KEY[r.Room],),
    r.SchoolClass: (ONE_KEY[r.SchoolClass],),
    r.GradingPeriod: (("school_id", "start_date", "end_date"),),
    r.SchoolSettings: (("school_id",),),
    r.Student: (),
    r.StaffMember: (),
    r.Guardian: (),
    r.Enrolment: (ONE_KEY[r.Enrolment],),
    r.Guardianship: (ONE_KEY[r.Guardianship],),
    r.Teaching: (ONE_KEY[r.Teaching],),
}
"""Columns that make two records one, the strongest first; kinds after those they refer to."""
PERSONS = (r.Student, r.StaffMember, r.Guardian)


class Joining:
    """Joins what one import brought with what is there; run after everything is written."""

    def __init__(self, claims: Claims, mentions: Mentions, proposals: Proposals) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._mentions = mentions
        self._merging = Merging(claims)
        self._persons = PersonGroups(claims, self._merging, proposals)
        self.names = ClassNames(claims, self._merging)
        self._closed = ClosedTies(claims, self._merging, proposals)
        self.schools: set[str] = set()
        """The schools that the import concerns."""
        self.speaking = {claims.source_id}
        """This import's source, and those with a mention that means something else now."""

    @property
    def joined(self) -> Counter[str]:
        """How many records became part of others, by kind."""
        return self._merging.joined

    async def run(self, changed: Mapping[Kind, Collection[str]]) -> None:
        """Join records and resolve mentions, kind by kind.

        `changed` are the ids under which this import says something new of records that had claims.
        """
        sources, schools = {self._claims.source_id, *await self._sources_without_school()}, list[str]()
        for kind, keys in JOINED_BY.items():
            anew = await self._claims.records_of(changed.get(kind, ()))
            await self._merging.split_by_key(kind, anew)
            for key in keys:
                pairs = await self._pairs(kind, key)
                if key == ONE_KEY.get(kind) and "match_name" in key:
                    pairs = await self._of_one_name(kind, pairs, anew)
                await self._join(kind, pairs)
            if kind in PERSONS and await self._persons.settle(kind, schools):
                # What other sources say may be the same now, since the persons are.
                self.speaking |= sources
            self.speaking |= await self._mentions.resolve(kind, sources)
            if kind is r.School:
                schools = await self._schools()
                sources |= await self._sources(schools)
        self.schools = set(await self._schools())
        await ClassEnrolments(self._claims, self._merging).settle(self.schools)
        await self._closed.settle(self.schools)

    async def _schools(self) -> list[str]:
        """Return the schools of which this import's source, or one that may fit now, speaks."""
        school = r.School.table()
        named = is_one_of(CLAIM.c.source_id, "sources"), CLAIM.c.kind == school.name
        meant = select(CLAIM.c.record_id).where(*named, CLAIM.c.record_id.is_not(None))
        own = select(school.c.id).where(is_one_of(school.c.source_id, "sources"))
        chosen = {"sources": sorted(self.speaking)}
        found = {row[0] for row in await self._connection.execute(own, chosen)}
        found.update((await self._connection.execute(meant, chosen)).scalars())
        return sorted(found)

    async def _sources_without_school(self) -> set[str]:
        """Return the sources that name a school which nobody has described so far."""
        named = (CLAIM.c.is_mention, CLAIM.c.record_id.is_(None), CLAIM.c.kind == r.School.table().name)
        return set((await self._connection.execute(select(CLAIM.c.source_id).where(*named))).scalars())

    async def _sources(self, schools: Sequence[str]) -> set[str]:
        """Return the sources that speak of one of these schools."""
        school, chosen = r.School.table(), {"ids": list(schools)}
        spoken = select(CLAIM.c.source_id).where(CLAIM.c.kind == school.name, is_one_of(CLAIM.c.record_id))
        alone = select(school.c.source_id).where(is_one_of(school.c.id))
        found = set((await self._connection.execute(spoken, chosen)).scalars())
        return found | set((await self._connection.execute(alone, chosen)).scalars())

    async def _pairs(self, kind: Kind, key: Key) -> list[tuple[str, str]]:
        """Find records of other sources with the same key: (this import's, the other)."""
        mine, other = kind.table().alias("mine"), kind.table().alias("other")
        same = [and_(mine.c[one] == other.c[one]) for one in key]
        filled = [mine.c[one] != "" for one in key if one == "match_name"]
        wanted = (
            select(mine.c.id, other.c.id)
            .join(other, and_(*same))
            .where(
                mine.c.id != other.c.id,
                mine.c.source_id != other.c.source_id,
                spoken_of(mine, self.speaking),
                *filled,
                *_in_reach(kind, mine.c.school_id, other.c.school_id),
            )
            .order_by(mine.c.id, other.c.id)
        )
        return [(row[0], row[1]) for row in await self._connection.execute(wanted)]

    async def _of_one_name(
        self, kind: Kind, pairs: Sequence[tuple[str, str]], changed: Iterable[str]
    ) -> list[tuple[str, str]]:
        """Return the pairs whose names can mean nothing else, after what names no longer join was split."""
        if await self.names.split(kind, {*changed, *(one for pair in pairs for one in pair)}):
            pairs = await self._pairs(kind, ONE_KEY[kind])
        return await self.names.certain(kind, pairs)

    async def _join(self, kind: Kind, pairs: Sequence[tuple[str, str]]) -> None:
        """Make one record of each pair, unless one source speaks of both."""
        if not pairs:
            return
        involved = sorted({one for pair in pairs for one in pair})
        rows = await self._merging.rows(kind.table(), involved)
        sources = await self._merging.speaking_of(rows)
        shared = {one for one, found in sources.items() if len(found) > 1}
        winners: dict[str, str] = {}

        def root(record: str) -> str:
            while record in winners:
                record = winners[record]
            return record

        for mine, other in pairs:
            loser, winner = root(mine), root(other)
            if loser == winner or sources[loser] & sources[winner]:
                continue
            if loser in shared and winner not in shared:
                loser, winner = winner, loser
            winners[loser] = winner
            sources[winner] |= sources[loser]
            shared.add(winner)
        await self._merging.merge(kind, rows, {one: root(one) for one in winners})


async def accept(claims: Claims, proposals: Proposals, kind: Kind, first: str, second: str) -> None:
    """Make one record of two because somebody decided so. The second becomes part of the first.

    Whatever sources said of either is one from now on, also where a source has several of them.
    """
    merging = Merging(claims)
    rows = await merging.rows(kind.table(), (first, second))
    if len(rows) == 2:
        await merging.merge(kind, rows, {second: first})
        for one in await merging.claims_on(first):
            if one != first:
                await proposals.note(kind.table().name, first, one, "decided with others", "MERGED")
    await settle_ties(claims, proposals, first)


async def settle_ties(claims: Claims, proposals: Proposals, person: str) -> None:
    """Give the ties of a guardian or student of whom something was decided the rights that follow from it."""
    await ClosedTies(claims, Merging(claims), proposals).settle(await schools_of(claims, person))


def _in_reach(kind: Kind, mine: Any, other: Any) -> list[Any]:
    """Tell in SQL that a subject of one school is not another school's; national ones are everybody's."""
    if kind is not r.Subject:
        return []
    return [or_(mine.is_(None), mine == other, other.is_(None))]
