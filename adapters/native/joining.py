"""Finds records of several sources that are the same, and makes one of them.

Records are the same by shared keys alone (`JOINED_BY`): numbers, or what a school can only have once.
Persons whose names contradict their numbers are proposed for review instead; so is whoever may be one person
by name. Whatever the order of imports, the same exports give the same graph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, or_, select, update

from adapters import records as r
from adapters.native.claims import CLAIM, Claims, chunks, claim_of, is_one_of, spoken_of
from adapters.native.families import same_guardians
from adapters.native.gateway_state import upsert
from adapters.native.proposals import Proposals
from adapters.native.repointing import repoint

Kind = type[r.Record]
Key = tuple[str, ...]

JOINED_BY: Mapping[Kind, tuple[Key, ...]] = {
    r.School: (("national_id",),),
    r.Course: (("external_id",),),
    r.Subject: (("code",), ("management_code",), ("match_name",)),
    r.Room: (("school_id", "match_name"),),
    r.SchoolClass: (("school_id", "class_type", "match_name"),),
    r.GradingPeriod: (("school_id", "start_date", "end_date"),),
    r.SchoolSettings: (("school_id",),),
    r.Student: (
        ("school_id", "information_system_id"),
        ("school_id", "national_id"),
        ("school_id", "match_code"),
    ),
    r.StaffMember: (("information_system_id",), ("match_code",)),
    r.Guardian: (),
    r.Enrolment: (("student_id", "class_id"),),
    r.Guardianship: (("guardian_id", "student_id"),),
    r.Teaching: (("staff_id", "class_id", "subject_id"),),
}
"""Columns that make two records one, the strongest first; kinds after those they refer to.

Guardians have no shared number: they are joined by a child in common, see `families`.
"""

MENTIONED_BY: Mapping[Kind, tuple[Key, ...]] = {
    r.School: (("national_id",),),
    r.Subject: (("code",), ("management_code",), ("match_name",)),
    r.Room: (("school_id", "match_name"),),
    r.SchoolClass: (("school_id", "class_type", "match_name"),),
    r.GradingPeriod: (("school_id", "match_name"),),
    r.Student: (
        ("school_id", "information_system_id"),
        ("school_id", "national_id"),
        ("school_id", "match_code"),
        ("school_id", "match_name"),
    ),
    r.StaffMember: (("information_system_id",), ("match_code",), ("school_id", "match_name")),
    r.Guardian: (("email",),),
}
"""Columns by which a mention finds what it means, the strongest first; only a single find counts."""

PERSONS = (r.Student, r.StaffMember, r.Guardian)


class Joining:
    """Joins what one import brought with what is there; run after everything is written."""

    def __init__(self, claims: Claims, proposals: Proposals) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._proposals = proposals
        self.speaking = {claims.source_id}
        """This import's source, and those of which a mention was resolved: what they say may fit now."""
        self.joined: Counter[str] = Counter()

    async def run(self) -> None:
        """Resolve mentions and join records, kind by kind."""
        for kind, keys in JOINED_BY.items():
            await self._resolve_mentions(kind)
            if kind is r.Guardian:
                await self._join(kind, await same_guardians(self._connection, self.speaking))
            for key in keys:
                await self._join(kind, await self._pairs(kind, key))

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

    async def _join(self, kind: Kind, pairs: Sequence[tuple[str, str]]) -> None:
        """Make one record of each pair, unless one source speaks of both or the names contradict."""
        if not pairs:
            return
        table = kind.table()
        involved = sorted({one for pair in pairs for one in pair})
        rows = await self._rows(table, involved)
        claimed = await self._claimed(rows)
        sources = {one: {row["source_id"], *claimed.get(one, ())} for one, row in rows.items()}
        shared = {one for one, found in sources.items() if len(found) > 1}
        winners: dict[str, str] = {}

        def root(record: str) -> str:
            while record in winners:
                record = winners[record]
            return record

        for mine, other in pairs:
            loser, winner = root(mine), root(other)
            if loser == winner:
                continue
            reason = _against(kind, rows[loser], rows[winner], sources[loser] & sources[winner])
            if reason is not None:
                if kind in PERSONS:
                    await self._proposals.note(table.name, loser, winner, reason)
                continue
            if loser in shared and winner not in shared:
                loser, winner = winner, loser
            winners[loser] = winner
            sources[winner] |= sources[loser]
            shared.add(winner)
        await self._merge(kind, rows, {one: root(one) for one in winners})

    async def accept(self, kind: Kind, first: str, second: str) -> None:
        """Make one record of two because somebody decided so. The second becomes part of the first."""
        rows = await self._rows(kind.table(), (first, second))
        if len(rows) == 2:
            await self._merge(kind, rows, {second: first})

    async def _merge(
        self, kind: Kind, rows: Mapping[str, Mapping[str, Any]], became: Mapping[str, str]
    ) -> None:
        """Make records part of others: their claims move, references follow, the others are made anew."""
        if not became:
            return
        table = kind.table()
        winners = sorted(set(became.values()))
        self.joined[table.name] += len(became)
        involved = [*became, *winners]
        claimed = await self._claimed(involved)
        fresh = [
            claim_of(
                kind, table, rows[one], rows[one]["source_id"], record_id=one, ended_at=rows[one]["ended_at"]
            )
            for one in involved
            if one not in claimed
        ]
        await upsert(self._connection, CLAIM, fresh)
        self._claims.noted()
        moved = (
            update(CLAIM).where(CLAIM.c.record_id == bindparam("loser")).values(record_id=bindparam("winner"))
        )
        await self._connection.execute(moved, [{"loser": one, "winner": to} for one, to in became.items()])
        for some in chunks(became):
            await self._connection.execute(delete(table).where(is_one_of(table.c.id)), {"ids": some})
        await self._claims.rewrite(kind, winners)
        schools = {rows[one]["school_id"] for one in involved}
        await repoint(self._connection, kind, became, schools)

    async def _rows(self, table: Table, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for some in chunks(ids):
            rows = await self._connection.execute(select(table).where(is_one_of(table.c.id)), {"ids": some})
            found |= {row["id"]: dict(row) for row in rows.mappings()}
        return found

    async def _claimed(self, ids: Iterable[str]) -> dict[str, set[str]]:
        """Return the sources that have a claim on each record, of those records that have claims."""
        found: dict[str, set[str]] = {}
        wanted = select(CLAIM.c.record_id, CLAIM.c.source_id).where(
            is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False)
        )
        for some in chunks(ids):
            for row in await self._connection.execute(wanted, {"ids": some}):
                found.setdefault(row.record_id, set()).add(row.source_id)
        return found

    # ---- mentions ----------------------------------------------------------------------------------

    async def _resolve_mentions(self, kind: Kind) -> None:
        """Find what mentions mean that were open until now, of this import and of earlier ones."""
        keys, table = MENTIONED_BY.get(kind, ()), kind.table()
        wanted = select(CLAIM).where(
            CLAIM.c.is_mention, CLAIM.c.record_id.is_(None), CLAIM.c.kind == table.name
        )
        open_ = [dict(row) for row in (await self._connection.execute(wanted)).mappings()]
        if not keys or not open_:
            return
        contents = await self._claims.resolved(table, [one["content"] for one in open_])
        became: dict[str, str] = {}
        for mention, content in zip(open_, contents, strict=True):
            meant = await self._meant(kind, keys, content)
            if meant is not None:
                became[mention["id"]] = meant
                self.speaking.add(mention["source_id"])
        if became:
            found = (
                update(CLAIM).where(CLAIM.c.id == bindparam("mention")).values(record_id=bindparam("meant"))
            )
            values = [{"mention": one, "meant": to} for one, to in became.items()]
            await self._connection.execute(found, values)
            await repoint(self._connection, kind, became, {*(one.get("school_id") for one in contents)})

    async def _meant(self, kind: Kind, keys: Sequence[Key], content: Mapping[str, Any]) -> str | None:
        """Return the one record that a mention means."""
        table = kind.table()
        for key in keys:
            values = {name: content.get(name) for name in key}
            if any(value in (None, "", "|") for value in values.values()):
                continue
            wanted = select(table.c.id).where(
                *(table.c[name] == value for name, value in values.items()),
                table.c.ended_at.is_(None),
                *_in_reach(kind, table.c.school_id, content.get("school_id")),
            )
            found = (await self._connection.execute(wanted.limit(2))).scalars().all()
            if len(found) == 1:
                return str(found[0])
            if found:
                return None
        return None

    async def open_mentions(self, ids: Sequence[str]) -> set[str]:
        """Return those of the mentions that are still open."""
        found: set[str] = set()
        wanted = select(CLAIM.c.id).where(is_one_of(CLAIM.c.id), CLAIM.c.record_id.is_(None))
        for some in chunks(ids):
            found.update((await self._connection.execute(wanted, {"ids": some})).scalars())
        return found


def _in_reach(kind: Kind, mine: Any, other: Any) -> list[Any]:
    """Tell in SQL that a subject of one school is not another school's; national ones are everybody's."""
    if kind is not r.Subject or other is None:
        return []
    reach = [mine.is_(None), mine == other]
    if not isinstance(other, str):
        reach.append(other.is_(None))
    return [or_(*reach)]


def _against(kind: Kind, one: Mapping[str, Any], other: Mapping[str, Any], common: set[str]) -> str | None:
    """Say why two records with the same key are not taken for one; None where nothing speaks against it."""
    if common:
        return "one source has both"
    if kind not in PERSONS:
        return None
    if not _names_fit(one, other):
        return "the same number, but other names"
    for name in ("information_system_id", "national_id"):
        if one.get(name) and other.get(name) and one[name] != other[name] and kind is r.Student:
            return "the same names and day of birth, but other numbers"
    return None


def _names_fit(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two persons share a first name, and a family name or a name at birth.

    Brothers and sisters share one of the two; a first name that is missing fits any.
    """
    first, family = (
        [_words(row, *columns) for row in (one, other)]
        for columns in (("first_name",), ("last_name", "birth_name"))
    )
    return bool(family[0] & family[1]) and (not all(first) or bool(first[0] & first[1]))


def _words(row: Mapping[str, Any], *columns: str) -> set[str]:
    return {word for name in columns for word in re.findall(r"\w+", r.search_text(row.get(name) or ""))}
