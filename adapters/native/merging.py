"""Makes one record of several, and several of one again; references follow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, delete, select, update

from adapters import records as r
from adapters.native.claims import CLAIM, Claims, chunks, claim_of, is_one_of
from adapters.native.gateway_state import upsert
from adapters.native.repointing import repoint, repoint_source
from adapters.native.stored_rows import references, with_references

Kind = type[r.Record]
Key = tuple[str, ...]
ONE_KEY: Mapping[Kind, tuple[str, ...]] = {
    r.Room: ("school_id", "match_name"),
    r.SchoolClass: ("school_id", "class_type", "match_name"),
    r.Enrolment: ("student_id", "class_id"),
    r.Guardianship: ("guardian_id", "student_id"),
    r.Teaching: ("staff_id", "class_id", "subject_id"),
}
"""Kinds whose records are one exactly where these columns agree: what they tie together, or their name."""


class Merging:
    """Merges and splits records of one import."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._connection = claims.connection
        self.joined: Counter[str] = Counter()

    async def rows(self, table: Table, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Read records by id."""
        found: dict[str, Mapping[str, Any]] = {}
        for some in chunks(ids):
            rows = await self._connection.execute(select(table).where(is_one_of(table.c.id)), {"ids": some})
            found |= {row["id"]: dict(row) for row in rows.mappings()}
        return found

    async def sources_of(self, ids: Iterable[str]) -> dict[str, set[str]]:
        """Return the sources that have a claim on each record, of those records that have claims."""
        found: dict[str, set[str]] = {}
        wanted = select(CLAIM.c.record_id, CLAIM.c.source_id).where(
            is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False)
        )
        for some in chunks(ids):
            for row in await self._connection.execute(wanted, {"ids": some}):
                found.setdefault(row.record_id, set()).add(row.source_id)
        return found

    async def speaking_of(self, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
        """Return the sources that speak, or spoke, of each of some records."""
        claimed = await self.sources_of(rows)
        return {one: {row["source_id"], *claimed.get(one, ())} for one, row in rows.items()}

    async def merge(
        self, kind: Kind, rows: Mapping[str, Mapping[str, Any]], became: Mapping[str, str]
    ) -> None:
        """Make records part of others: their claims move, references follow, the others are made anew."""
        if not became:
            return
        table = kind.table()
        winners = sorted(set(became.values()))
        self.joined[table.name] += len(became)
        involved = [*became, *winners]
        await self.claim(kind, {one: rows[one] for one in involved})
        moved = (
            update(CLAIM).where(CLAIM.c.record_id == bindparam("loser")).values(record_id=bindparam("winner"))
        )
        await self._connection.execute(moved, [{"loser": one, "winner": to} for one, to in became.items()])
        for some in chunks(became):
            await self._connection.execute(delete(table).where(is_one_of(table.c.id)), {"ids": some})
        await self._claims.rewrite(kind, winners)
        # A record of which nobody speaks any more may have no row.
        schools = {rows[one]["school_id"] for one in involved if one in rows}
        await repoint(self._connection, kind, became, schools)

    async def claim(self, kind: Kind, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what the only source of each record says of it, before the record becomes something else."""
        table, claimed = kind.table(), await self.sources_of(rows)
        alone = await self._with_own_references(table, [rows[one] for one in rows if one not in claimed])
        fresh = [
            claim_of(kind, table, row, row["source_id"], record_id=row["id"], ended_at=row["ended_at"])
            for row in alone
        ]
        await upsert(self._connection, CLAIM, fresh)
        self._claims.noted()

    async def _with_own_references(
        self, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return rows that refer to other records by the ids that their own sources give these."""
        wanted = set[str]().union(*(references(table, row) for row in rows))
        spoken = select(CLAIM.c.record_id, CLAIM.c.source_id, CLAIM.c.id).where(
            is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False)
        )
        own: dict[str, dict[str, str]] = defaultdict(dict)
        for some in chunks(sorted(wanted)):
            for claim in await self._connection.execute(spoken.order_by(CLAIM.c.id), {"ids": some}):
                if claim.id == claim.record_id:
                    own[claim.source_id][claim.record_id] = claim.id
                else:
                    own[claim.source_id].setdefault(claim.record_id, claim.id)
        return [with_references(table, row, own[row["source_id"]]) for row in rows]

    async def split(self, kind: Kind, leaving: Mapping[str, str]) -> None:
        """Make claims part of other records than now: `leaving` maps their ids to the records they become.

        What their sources say of the records follows; what families did with them stays where it was.
        """
        if not leaving:
            return
        table, before = kind.table(), await self._claims_of(leaving)
        moved = update(CLAIM).where(CLAIM.c.id == bindparam("claim")).values(record_id=bindparam("record"))
        await self._connection.execute(
            moved, [{"claim": one, "record": record} for one, record in leaving.items()]
        )
        old = {claim["record_id"] for claim in before}
        schools = {row["school_id"] for row in (await self.rows(table, old)).values()}
        own = {claim["content"]["school_id"] for claim in before if claim["content"].get("school_id")}
        schools |= own | set((await self._claims.became(own)).values())
        await self._claims.rewrite(kind, sorted({*old, *leaving.values()}))
        for claim in before:
            await repoint_source(
                self._connection, kind, claim["source_id"], claim["record_id"], leaving[claim["id"]], schools
            )
        await self._refer_anew(before)

    async def claims_on(self, record: str) -> list[str]:
        """Return the ids under which sources speak of a record."""
        wanted = select(CLAIM.c.id).where(CLAIM.c.record_id == record, CLAIM.c.is_mention.is_(False))
        return sorted((await self._connection.execute(wanted)).scalars())

    async def _claims_of(self, ids: Iterable[str]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for some in chunks(ids):
            rows = await self._connection.execute(select(CLAIM).where(is_one_of(CLAIM.c.id)), {"ids": some})
            found += [dict(row) for row in rows.mappings()]
        return found

    async def _refer_anew(self, claims: Iterable[Mapping[str, Any]]) -> None:
        """Make those records anew of which a source refers to claims that moved."""
        own: dict[str, set[str]] = defaultdict(set)
        for claim in claims:
            own[claim["source_id"]].add(claim["id"])
        for kind, records in (await self._claims.referring(own)).items():
            await self.split_by_key(kind, records)
            await self._claims.rewrite(kind, sorted(records))

    async def split_by_key(self, kind: Kind, records: Iterable[str]) -> None:
        """Split records whose claims no longer agree on the one key of their kind."""
        table, leaving = kind.table(), dict[str, str]()
        if kind not in ONE_KEY:
            return
        wanted = select(CLAIM).where(is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False))
        for some in chunks(sorted(records)):
            claims = [dict(row) for row in (await self._connection.execute(wanted, {"ids": some})).mappings()]
            contents = await self._claims.resolved(table, [one["content"] for one in claims])
            agreeing: dict[str, dict[tuple[Any, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
            for claim, content in zip(claims, contents, strict=True):
                key = tuple(content.get(name) for name in ONE_KEY[kind])
                agreeing[claim["record_id"]][key].append(claim["id"])
            for record, parts in agreeing.items():
                stays = next((part for part in parts.values() if record in part), None)
                for part in parts.values():
                    if stays is not None and part is not stays:
                        leaving |= dict.fromkeys(part, min(part))
        await self.split(kind, leaving)
