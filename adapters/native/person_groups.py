"""Reads what sources say of persons, groups them, and makes the records follow the groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Select, Table, exists, func, or_, select

from adapters import records as r
from adapters.native.claims import CLAIM, Claims, chunks, is_one_of
from adapters.native.mentions import follow_parts
from adapters.native.merging import Kind, Merging
from adapters.native.person_identity import Edge, Groups, Person, group, group_by_keys, names_fit
from adapters.native.proposals import PROPOSAL, Proposals

KEYS: Mapping[Kind, tuple[str, ...]] = {
    r.Student: ("information_system_id", "national_id", "match_code"),
    r.StaffMember: ("information_system_id", "match_code"),
}
"""Keys of persons, the strongest first. Guardians have none: a child in common shows who they are."""
ROUNDS = 3
"""How often the persons of the schools are looked at: who leaves one school may be known in another."""
UNCLEAR = ("UNKNOWN", "OTHER", "OTHER_RELATIVE")
REASONS = {
    "other names": "the same number, but other names",
    "another day of birth": "the same number, but another day of birth",
    "other numbers": "the same names and day of birth, or one number, but other numbers",
}
"""What is proposed to an administrator, by what contradicts."""


class PersonGroups:
    """Decides who is who for one import."""

    def __init__(self, claims: Claims, merging: Merging, proposals: Proposals) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._merging = merging
        self._proposals = proposals
        self._has_changed = False

    async def settle(self, kind: Kind, schools: Sequence[str]) -> bool:
        """Group the persons of a kind that concern these schools anew; returns whether any record changed."""
        self._has_changed = False
        if kind is r.StaffMember:
            await self._settle(kind, await self._staff())
            return self._has_changed
        has_changed = False
        for _ in range(ROUNDS):
            self._has_changed = False
            await self._settle_schools(kind, schools)
            if not self._has_changed:
                break
            has_changed = True
        return has_changed

    async def _settle_schools(self, kind: Kind, schools: Sequence[str]) -> None:
        table = r.Student.table() if kind is r.Student else r.Guardianship.table()
        for school in await self._schools_of_several_sources(table, schools):
            if kind is r.Student:
                await self._settle(kind, await self._students(school))
            else:
                await self._settle_guardians(school)

    async def _settle(self, kind: Kind, persons: Sequence[Person]) -> None:
        if len({one.source_id for one in persons}) > 1:
            linked, apart = await self._decided(kind, persons)
            await self._apply(kind, group_by_keys(persons, KEYS[kind], linked, apart))

    # ---- reading -----------------------------------------------------------------------------------

    async def _schools_of_several_sources(self, table: Table, schools: Sequence[str]) -> list[str]:
        spoken = select(CLAIM.c.id).where(CLAIM.c.record_id == table.c.id, CLAIM.c.is_mention.is_(False))
        found: set[str] = set()
        for some in chunks(schools):
            here = select(table.c.school_id).where(is_one_of(table.c.school_id))
            several = here.group_by(table.c.school_id).having(func.count(table.c.source_id.distinct()) > 1)
            found.update((await self._connection.execute(several, {"ids": some})).scalars())
            if await self._claims.exist():
                shared = here.where(spoken.exists()).distinct()
                found.update((await self._connection.execute(shared, {"ids": some})).scalars())
        return sorted(found)

    async def _students(self, school: str) -> list[Person]:
        table = r.Student.table()
        return await self._persons(r.Student, select(table).where(table.c.school_id == school))

    async def _staff(self) -> list[Person]:
        """Read the staff that share a number, or names and day of birth, or that are of several sources."""
        table, other = r.StaffMember.table(), r.StaffMember.table().alias("other")
        same = or_(*(table.c[key] == other.c[key] for key in KEYS[r.StaffMember]))
        shares = exists().where(other.c.id != table.c.id, same)
        spoken = exists().where(CLAIM.c.record_id == table.c.id, CLAIM.c.is_mention.is_(False))
        return await self._persons(r.StaffMember, select(table).where(or_(shares, spoken)))

    async def _persons(self, kind: Kind, wanted: Select[Any]) -> list[Person]:
        """Return what each source says of the persons that a query finds."""
        rows = [dict(row) for row in (await self._connection.execute(wanted)).mappings()]
        claims = await self._spoken(kind, [row["id"] for row in rows])
        found = []
        for row in rows:
            for claim in claims.get(row["id"], ()):
                found.append(self._person(kind, claim["id"], row["id"], claim, claim["content"]))
            if row["id"] not in claims:
                found.append(self._person(kind, row["id"], row["id"], row, row))
        if kind is not r.Student:
            return found
        schools = await self._claims.became({one.scope for one in found if one.scope})
        return [
            Person(
                one.id, one.record_id, one.source_id, schools.get(one.scope or "", one.scope), one.content,
                one.is_current,
            )
            for one in found
        ]  # fmt: skip

    @staticmethod
    def _person(
        kind: Kind, identity: str, record: str, said: Mapping[str, Any], content: Mapping[str, Any]
    ) -> Person:
        scope = content["school_id"] if kind is r.Student else None
        return Person(identity, record, said["source_id"], scope, content, said["ended_at"] is None)

    async def _spoken(self, kind: Kind, records: Iterable[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Return the claims on records, by record."""
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        if await self._claims.exist():
            wanted = select(CLAIM).where(
                is_one_of(CLAIM.c.record_id), CLAIM.c.kind == kind.table().name, CLAIM.c.is_mention.is_(False)
            )
            for some in chunks(records):
                for row in (await self._connection.execute(wanted, {"ids": some})).mappings():
                    found[row["record_id"]].append(dict(row))
        return found

    async def _decided(self, kind: Kind, persons: Sequence[Person]) -> tuple[list[Edge], set[frozenset[str]]]:
        """Return the pairs that somebody decided to be one, and those decided to be two."""
        by_id = {one.id: one for one in persons}
        wanted = select(PROPOSAL).where(PROPOSAL.c.kind == kind.table().name, PROPOSAL.c.status != "OPEN")
        linked, apart = [], set()
        for row in await self._connection.execute(wanted):
            if row.status == "APART":
                apart.add(frozenset((row.first_id, row.second_id)))
            elif row.first_id in by_id and row.second_id in by_id:
                linked.append((by_id[row.first_id], by_id[row.second_id]))
        return linked, apart

    # ---- guardians ---------------------------------------------------------------------------------

    async def _settle_guardians(self, school: str) -> None:
        """Group the guardians of a school's students by the children they have in common.

        They are one where the names are the same, and the tie to the child: both sources call it by the same
        word (father, mother), or one does not say and both name a legal guardian.
        """
        tie, student = r.Guardianship.table(), r.Student.table()
        here = select(tie.c.guardian_id).join(student, student.c.id == tie.c.student_id)
        found = await self._connection.execute(here.where(student.c.school_id == school).distinct())
        guardians = set(found.scalars())
        ties = await self._ties(await self._children(guardians))
        table, persons = r.Guardian.table(), list[Person]()
        for some in chunks(sorted({one["guardian_record"] for one in ties} | guardians)):
            persons += await self._persons(r.Guardian, select(table).where(table.c.id.in_(some)))
        if len({one.source_id for one in persons}) < 2:
            return
        linked, apart = await self._decided(r.Guardian, persons)
        # Of others than those of this school not all children are known here: they stay as they are.
        by_record: dict[str, Person] = {}
        for one in persons:
            if one.record_id not in guardians:
                linked.append((by_record.setdefault(one.record_id, one), one))
        grouped = group(persons, [_edges(persons, ties)], _other_names, linked, apart)
        await self._apply(r.Guardian, grouped)

    async def _children(self, guardians: Iterable[str]) -> set[str]:
        tie, found = r.Guardianship.table(), set[str]()
        wanted = select(tie.c.student_id).where(is_one_of(tie.c.guardian_id))
        for some in chunks(sorted(guardians)):
            found.update((await self._connection.execute(wanted, {"ids": some})).scalars())
        return found

    async def _ties(self, children: Iterable[str]) -> list[dict[str, Any]]:
        """Return what each source says of the ties to students."""
        tie, found = r.Guardianship.table(), list[dict[str, Any]]()
        wanted = select(tie).where(is_one_of(tie.c.student_id))
        for some in chunks(sorted(children)):
            rows = [dict(row) for row in (await self._connection.execute(wanted, {"ids": some})).mappings()]
            claims = await self._spoken(r.Guardianship, [row["id"] for row in rows])
            for row in rows:
                for said in claims.get(row["id"], [{"source_id": row["source_id"], "content": row}]):
                    tied = {name: said["content"][name] for name in ("relation", "legal_rank")}
                    records = {"guardian_record": row["guardian_id"], "student_record": row["student_id"]}
                    found.append({**tied, **records, "source_id": said["source_id"]})
        return found

    # ---- making it so ------------------------------------------------------------------------------

    async def _apply(self, kind: Kind, grouped: Groups) -> None:
        """Split and merge records until each group is one, and note the doubtful pairs."""
        taken: dict[str, str] = {}
        leaving: dict[str, str] = {}
        for some in grouped.groups:
            by_record: dict[str, list[Person]] = defaultdict(list)
            for one in some:
                by_record[one.record_id].append(one)
            for record, part in by_record.items():
                if all(one.id != record for one in part):
                    taken |= dict.fromkeys((one.id for one in part), part[0].id)
                    leaving |= dict.fromkeys((one.id for one in part), part[0].id)
        self._has_changed |= bool(leaving)
        await self._merging.split(kind, leaving)
        await follow_parts(self._claims, self._most_believed(kind, grouped, taken))
        became: dict[str, str] = {}
        for some in grouped.groups:
            records = sorted({taken.get(one.id, one.record_id) for one in some})
            winner = min(records, key=lambda record: self._preferred(record, some))
            became |= {one: winner for one in records if one != winner}
        rows = await self._merging.rows(kind.table(), {*became, *became.values()})
        await self._merging.merge(kind, rows, became)
        self._has_changed |= bool(became)
        where = {one.id: one.record_id for some in grouped.groups for one in some} | taken
        for one, other, reason in grouped.doubtful:
            mine, theirs = (became.get(where[each.id], where[each.id]) for each in (one, other))
            await self._proposals.note(kind.table().name, mine, theirs, REASONS.get(reason, reason))

    def _most_believed(self, kind: Kind, grouped: Groups, taken: Mapping[str, str]) -> dict[str, str]:
        """Return, of records that were split, the part of the source that is believed most, if one is."""
        ranks: dict[str, dict[str, int]] = defaultdict(dict)
        for one in (one for some in grouped.groups for one in some if one.is_current):
            part, rank = taken.get(one.id, one.record_id), self._claims.precedence.rank
            found = rank(kind.table().name, one.source_id)[0]
            parts = ranks[one.record_id]
            parts[part] = min(found, parts.get(part, found))
        split = {record: parts for record, parts in ranks.items() if len(parts) > 1}
        best = {
            record: [part for part, rank in parts.items() if rank == min(parts.values())]
            for record, parts in split.items()
        }
        return {record: parts[0] for record, parts in best.items() if len(parts) == 1}

    def _preferred(self, record: str, group_: Sequence[Person]) -> tuple[bool, int, str]:
        """Let the record stay that other sources have made, and most of them."""
        members = [one for one in group_ if one.record_id == record]
        is_mine = all(one.source_id == self._claims.source_id for one in members)
        return is_mine, -len(members), record


def _edges(persons: Sequence[Person], ties: Sequence[Mapping[str, Any]]) -> list[Edge]:
    """Return the pairs of guardians of two sources with the same names and the same tie to a child."""
    known = {(one.record_id, one.source_id): one for one in persons}
    of_child: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in ties:
        of_child[one["student_record"]].append(one)
    edges: dict[frozenset[str], Edge] = {}
    for theirs in of_child.values():
        # A tie may name a guardian whom the export refused.
        named = [one for one in theirs if (one["guardian_record"], one["source_id"]) in known]
        for mine, other in combinations(named, 2):
            a, b = (known[one["guardian_record"], one["source_id"]] for one in (mine, other))
            if a.source_id != b.source_id and _same_names(a, b) and _same_tie(mine, other):
                edges[frozenset((a.id, b.id))] = (a, b)
    return list(edges.values())


def _same_names(one: Person, other: Person) -> bool:
    mine, theirs = (
        r.folded(each.content.get("last_name"), each.content.get("first_name")) for each in (one, other)
    )
    return mine == theirs and bool(one.content.get("first_name"))


def _same_tie(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["relation"] not in UNCLEAR and other["relation"] not in UNCLEAR:
        return bool(one["relation"] == other["relation"])
    return one["legal_rank"] is not None and other["legal_rank"] is not None


def _other_names(one: Person, other: Person) -> str | None:
    return None if names_fit(one.content, other.content) else "other names"
