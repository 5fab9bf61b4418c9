"""Records of which several sources speak: what each says is kept, and the record is made from all of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, or_, select, update

from adapters import records as r
from adapters.native.gateway_state import upsert
from adapters.native.precedence import Precedence
from adapters.native.record_store import CHUNK, RecordStore
from adapters.native.stored_rows import references, stored_row, with_references

CLAIM = r.Claim.table()
DERIVED = r.PROVENANCE | {"match_name"}
"""Columns that say nothing of their own."""


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut into lists short enough to be parameters of one statement."""
    listed = list(values)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]


def is_one_of(column: Any, name: str = "ids") -> Any:
    """Compare a column with a list that is given at execution, under a name."""
    return column.in_(bindparam(name, expanding=True))


def spoken_of(table: Any, sources: Iterable[str]) -> Any:
    """Tell in SQL whether one of some sources speaks of a record."""
    named = sorted(sources)
    spoken = select(CLAIM.c.id).where(CLAIM.c.source_id.in_(named), CLAIM.c.record_id == table.c.id)
    return or_(table.c.source_id.in_(named), spoken.exists())


class Claims:
    """The claims of one import, within its transaction."""

    def __init__(self, store: RecordStore, source_id: str, precedence: Precedence) -> None:
        self.store = store
        self.connection = store.connection
        self.source_id = source_id
        self.precedence = precedence
        self._exist: bool | None = None

    async def exist(self) -> bool:
        """Tell whether any record has several sources; most databases have none, and need not look."""
        if self._exist is None:
            self._exist = (await self.connection.execute(select(CLAIM.c.id).limit(1))).first() is not None
        return self._exist

    async def mine(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return the claims of this source under its own ids."""
        if not await self.exist():
            return {}
        wanted = select(CLAIM).where(is_one_of(CLAIM.c.id), CLAIM.c.is_mention.is_(False))
        found = await self.connection.execute(wanted, {"ids": list(ids)})
        return {row["id"]: dict(row) for row in found.mappings()}

    async def said(self, kind: type[r.Record], identity: str) -> dict[str, Any] | None:
        """Return what this source said last of a record, under its own id; None where it said nothing."""
        found: Mapping[str, Any] | None = (await self.mine([identity])).get(identity)
        if found is not None:
            found = {**found["content"], "id": identity}
        else:
            table = kind.table()
            mine = select(table).where(table.c.id == identity, table.c.source_id == self.source_id)
            row = (await self.connection.execute(mine)).mappings().first()
            found = None if row is None else dict(row)
        return None if found is None else {name: one for name, one in found.items() if name not in DERIVED}

    async def became(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the records that these ids became part of, of those that did."""
        found: dict[str, str] = {}
        if await self.exist():
            wanted = select(CLAIM.c.id, CLAIM.c.record_id).where(
                is_one_of(CLAIM.c.id), CLAIM.c.record_id.is_not(None), CLAIM.c.id != CLAIM.c.record_id
            )
            for some in chunks(sorted(ids)):
                rows = await self.connection.execute(wanted, {"ids": some})
                found.update((row.id, row.record_id) for row in rows)
        return found

    async def resolved(self, table: Table, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows that refer to the records which what they name became part of."""
        wanted = set[str]().union(*(references(table, row) for row in rows))
        known = await self.became(wanted)
        return [with_references(table, row, known) for row in rows] if known else list(rows)

    async def write(self, table: Table, rows: Mapping[str, dict[str, Any]], kind: type[r.Record]) -> None:
        """Keep what this source says now, and make the records anew; rows by this source's own ids."""
        there = await self.mine(list(rows))
        contents = [claim_of(kind, table, row, self.source_id) for row in rows.values()]
        fresh = [{**one, "record_id": one["id"]} for one in contents if one["id"] not in there]
        await upsert(self.connection, CLAIM, fresh)
        await upsert(self.connection, CLAIM, [one for one in contents if one["id"] in there])
        self.noted()
        await self.rewrite(kind, await self.records_of(rows))

    async def records_of(self, ids: Iterable[str]) -> list[str]:
        """Return the records that claims belong to."""
        found: list[str] = []
        wanted = select(CLAIM.c.record_id).where(is_one_of(CLAIM.c.id))
        for some in chunks(ids):
            found += (await self.connection.execute(wanted, {"ids": some})).scalars()
        return sorted(set(found))

    async def end(self, kind: type[r.Record], gone: Sequence[str]) -> None:
        """Note that this source speaks no longer of some records; one of which nobody speaks ends."""
        ended = update(CLAIM).where(is_one_of(CLAIM.c.id)).values(ended_at=self.store.now)
        for some in chunks(gone):
            await self.connection.execute(ended, {"ids": some})
        await self.rewrite(kind, await self.records_of(gone))

    async def rewrite(self, kind: type[r.Record], record_ids: Iterable[str]) -> None:
        """Make records from what their sources say now."""
        table = kind.table()
        wanted = select(CLAIM).where(is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False))
        for some in chunks(record_ids):
            spoken: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
            ended: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
            withdrawn: dict[str, list[str]] = defaultdict(list)
            for claim in (await self.connection.execute(wanted, {"ids": some})).mappings():
                if claim["ended_at"] is None:
                    spoken[claim["record_id"]].append(dict(claim))
                else:
                    ended[claim["record_id"]].append(dict(claim))
                    withdrawn[claim["record_id"]].append(claim["source_id"])
            if kind is r.Enrolment:
                # A student who changed class is not in both until the last export has heard of it.
                for record in [
                    one
                    for one in spoken
                    if self.precedence.is_withdrawn(table.name, spoken[one], withdrawn[one])
                ]:
                    ended[record] += spoken.pop(record)
            rows = []
            for record, claims in spoken.items():
                content = self.precedence.merged(table.name, claims, withdrawn[record])
                made = kind.model_validate(content | {"id": record})
                rows.append(stored_row(made, self.store.now)[0])
            await self.store.write(kind, await self.resolved(table, rows))
            silent = {one: ended[one] for one in some if one not in spoken and one in ended}
            await self.store.end(kind, list(silent))
            rows = [self._ended_row(kind, one, claims) for one, claims in silent.items()]
            await upsert(self.connection, table, await self.resolved(table, rows))

    def _ended_row(
        self, kind: type[r.Record], record: str, claims: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Return the row of a record of which nobody speaks any more, as its sources said it last."""
        made = kind.model_validate(self.precedence.merged(kind.table().name, claims) | {"id": record})
        when = [one["ended_at"] for one in claims if one["ended_at"] is not None]
        return {**stored_row(made, self.store.now)[0], "ended_at": max(when, default=self.store.now)}

    async def referring(self, named: Mapping[str, Collection[str]]) -> dict[type[r.Record], set[str]]:
        """Return the records, by kind, of which sources say something that refers to certain ids.

        `named` are these ids by source: those that the source itself uses.
        """
        kinds = {one.table().name: one for one in r.kinds_of_records()}
        wanted = select(CLAIM).where(is_one_of(CLAIM.c.source_id, "sources"), CLAIM.c.is_mention.is_(False))
        found: dict[type[r.Record], set[str]] = defaultdict(set)
        for claim in (await self.connection.execute(wanted, {"sources": sorted(named)})).mappings():
            kind = kinds[claim["kind"]]
            if not references(kind.table(), claim["content"]).isdisjoint(named[claim["source_id"]]):
                found[kind].add(claim["record_id"])
        return found

    def noted(self) -> None:
        """Remember that there are claims now."""
        self._exist = True


def claim_of(
    kind: type[r.Record], table: Table, row: Mapping[str, Any], source_id: str, **others: Any
) -> dict[str, Any]:
    """Make the claim that holds what a source says in a row; other columns are left as they are."""
    content = kind.model_validate(dict(row)).model_dump(mode="json", exclude=set(r.PROVENANCE))
    return {
        "id": row["id"],
        "source_id": source_id,
        "kind": table.name,
        "content": content,
        "content_hash": row["content_hash"],
        "is_mention": False,
        "ended_at": None,
        **others,
    }
