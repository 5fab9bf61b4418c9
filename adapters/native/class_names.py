"""Which names mean one thing: `6e A` and `6E-A` do, `3LAT+` and `3LAT-` do not.

Names are compared folded, without their punctuation. That is enough only where no source has two names that
fold to the same, and where no sign tells them apart; else a teacher of one class would see the pupils of the
other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from adapters import records as r
from adapters.base import Notice
from adapters.native.claims import CLAIM, Claims, chunks, is_one_of
from adapters.native.merging import ONE_KEY, Kind, Merging

SIGNS = re.compile(r"\+|[-–−*'’#]+$")
"""What tells names apart: a plus anywhere, other signs at the end."""
Pair = tuple[str, str]


def signs(name: str | None) -> tuple[str, ...]:
    """Return the signs of a name that tell it apart from others of the same letters and digits."""
    return tuple(SIGNS.findall(r.search_text(name or "")))


def meant_by(name: str | None, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return those of some rows, whose names fold like a name, that it may mean."""
    found = [row for row in rows if signs(row["name"]) == signs(name)]
    exact = [row for row in found if r.search_text(row["name"]) == r.search_text(name or "")]
    return exact if exact and len(found) > 1 else found


@dataclass(frozen=True, slots=True)
class _Said:
    """What one source calls a record; `key` is what records that may be one share."""

    id: str
    record_id: str
    source_id: str
    name: str
    key: tuple[Any, ...]
    is_current: bool


class ClassNames:
    """Decides for one import which records of a kind known by its name may be one."""

    def __init__(self, claims: Claims, merging: Merging) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._merging = merging
        self.apart: set[str] = set()
        """Names of classes that are spelt alike in two sources and were not joined."""

    def notices(self, place: str) -> list[Notice]:
        """Return what an administrator should know of the names that were left apart."""
        what = (
            "names of classes that are spelt alike and may mean different ones were not joined with those of "
            "other sources: {}; spell them the same in every source"
        )
        return [Notice(place, what.format(", ".join(sorted(self.apart))))] if self.apart else []

    async def split(self, kind: Kind, ids: Iterable[str]) -> bool:
        """Split records whose sources name them differently, where that may matter; tells whether any was.

        `ids` are the records that this import may change; those with names spelt alike are looked at too.
        """
        said = await self._said(kind, ids)
        meanings = _meanings(said)
        by_record: dict[str, list[_Said]] = defaultdict(list)
        for one in said:
            by_record[one.record_id].append(one)
        leaving: dict[str, str] = {}
        for record, some in by_record.items():
            own = {meanings[one.id] for one in some if one.id == record}
            others: dict[tuple[Any, ...], list[str]] = defaultdict(list)
            for one in some:
                if own and meanings[one.id] not in own:
                    others[meanings[one.id]].append(one.id)
            for part in others.values():
                leaving |= dict.fromkeys(part, min(part))
        await self._merging.split(kind, leaving)
        return bool(leaving)

    async def certain(self, kind: Kind, pairs: Sequence[Pair]) -> list[Pair]:
        """Return the pairs of records that mean one thing, and note the names of those left apart."""
        said = await self._said(kind, {one for pair in pairs for one in pair})
        meanings = _meanings(said)
        meaning: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
        sources: dict[str, set[str]] = defaultdict(set)
        names: dict[str, str] = {}
        for one in said:
            meaning[one.record_id].add(meanings[one.id])
            sources[one.record_id].add(one.source_id)
            names[one.record_id] = one.name
        certain = [pair for pair in pairs if meaning[pair[0]] == meaning[pair[1]]]
        if kind is r.SchoolClass:
            kept = set(certain)
            self.apart |= _left_apart([pair for pair in pairs if pair not in kept], certain, sources, names)
        return certain

    async def _said(self, kind: Kind, ids: Iterable[str]) -> list[_Said]:
        """Return what sources call records, and all others whose names fold to the same."""
        table, key = kind.table(), ONE_KEY[kind]
        columns = [table.c.id, *(table.c[name] for name in key)]
        wanted = select(*columns).where(is_one_of(table.c.id))
        keys = set[tuple[Any, ...]]()
        for some in chunks(sorted(ids)):
            keys.update(tuple(row[1:]) for row in await self._connection.execute(wanted, {"ids": some}))
        rows: dict[str, Mapping[str, Any]] = {}
        alike = select(table).where(is_one_of(table.c.match_name))
        for some in chunks(sorted({one[key.index("match_name")] for one in keys})):
            for row in (await self._connection.execute(alike, {"ids": some})).mappings():
                if tuple(row[name] for name in key) in keys:
                    rows[row["id"]] = dict(row)
        claims: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        spoken = select(CLAIM).where(is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False))
        for some in chunks(rows):
            for claim in (await self._connection.execute(spoken, {"ids": some})).mappings():
                claims[claim["record_id"]].append(dict(claim))
        return [one for row in rows.values() for one in _of_row(row, claims[row["id"]], key)]


async def without_pupils(claims: Claims, mentions: Iterable[str], place: str) -> list[Notice]:
    """Return what to know of classes that these mentions of an import mean and that have no pupils.

    Such a class was perhaps renamed. Nothing is said while no class of the school has pupils yet.
    """
    table, member = r.SchoolClass.table(), r.Enrolment.table()
    placed = member.c.kind.in_(("CLASS", "GROUP")), member.c.ended_at.is_(None)
    in_it = select(member.c.id).where(member.c.class_id == table.c.id, *placed)
    elsewhere = select(member.c.id).where(member.c.school_id == table.c.school_id, *placed)
    empty = (
        select(table.c.name)
        .join(CLAIM, CLAIM.c.record_id == table.c.id)
        .where(is_one_of(CLAIM.c.id), CLAIM.c.is_mention, ~in_it.exists(), elsewhere.exists())
    )
    names = set[str]()
    for some in chunks(sorted(mentions)):
        names.update((await claims.connection.execute(empty, {"ids": some})).scalars())
    what = "classes that rows name have no pupils: {}; what is for them reaches nobody; were they renamed?"
    return [Notice(place, what.format(", ".join(sorted(names))))] if names else []


def _of_row(
    row: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> Iterator[_Said]:
    place = tuple(row[name] for name in key)
    for one in claims or [{**row, "content": row}]:
        name = one["content"]["name"]
        yield _Said(
            one["id"], row["id"], one["source_id"], name, (*place, signs(name)), one["ended_at"] is None
        )


def _meanings(said: Iterable[_Said]) -> dict[str, tuple[Any, ...]]:
    """Return what each source's name means: those with the same meaning are one.

    Where a source has several names of one key, only the same spelling means the same; where it has one
    spelling several times, that means nothing else than itself.
    """
    of_key: dict[tuple[Any, ...], list[_Said]] = defaultdict(list)
    for one in said:
        of_key[one.key].append(one)
    found: dict[str, tuple[Any, ...]] = {}
    for key, some in of_key.items():
        names: dict[str, set[str]] = defaultdict(set)
        times: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in some:
            spelling = r.search_text(one.name)
            names[one.source_id].add(spelling)
            if one.is_current:
                times[one.source_id, spelling].add(one.record_id)
        is_clear = all(len(theirs) == 1 for theirs in names.values())
        repeated = {spelling for (_, spelling), records in times.items() if len(records) > 1}
        for one in some:
            spelling = r.search_text(one.name)
            if spelling in repeated or (repeated and is_clear):
                found[one.id] = (*key, one.id)
            else:
                found[one.id] = key if is_clear else (*key, spelling)
    return found


def _left_apart(
    rejected: Iterable[Pair],
    certain: Iterable[Pair],
    sources: Mapping[str, Set[str]],
    names: Mapping[str, str],
) -> set[str]:
    """Return the names of records that have a counterpart of another source in none of both directions."""
    reached = {one: set(theirs) for one, theirs in sources.items()}
    for one, other in certain:
        reached[one] |= sources[other]
        reached[other] |= sources[one]
    return {
        names[each]
        for one, other in rejected
        if reached[one].isdisjoint(sources[other]) and reached[other].isdisjoint(sources[one])
        for each in (one, other)
    }
