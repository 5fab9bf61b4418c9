"""Finds the records that exports name without describing them, anew at every import.

A table row says "grade 15 for ELEVE_ID 5001". What it names is found by keys ranked by strength; a filled key
that contradicts forbids the match. As long as nothing fits, or too much, the row is kept and shown to nobody.
What was found is looked for again whenever its school is imported, so that the order of imports does not
matter.

What a row meant once is not passed on to somebody else by a name or an e-mail address alone, which people
change: a record that would change hands so waits, and is reported. As long as nobody else fits, the row goes
on meaning whom it meant, also after a number, a day of birth or a name was corrected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import JSON, bindparam, select, update

from adapters import records as r
from adapters.base import Mention, Notice, Refusal
from adapters.native.claims import CLAIM, Claims, chunks, claim_of, is_one_of
from adapters.native.gateway_state import upsert
from adapters.native.mention_lookup import AGREED, MENTIONED_BY, PLACE, Found, MentionLookup
from adapters.native.merging import Kind
from adapters.native.stored_rows import references

Row = Mapping[str, Any]

PERSONS = (r.Student, r.StaffMember, r.Guardian)
"""Kinds of which a mention goes on meaning the one it meant."""
MEANT = "meant"
"""What the content of a mention has beside the columns of its kind: the record that it meant last."""
SHOWN_NAMES = 3
"""How many persons a notice names."""


@dataclass(slots=True)
class Lost:
    """What mentions of one other source meant and mean no longer: by mention, who it was."""

    hidden: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)


class Mentions:
    """The mentions of an import, and those of earlier imports that it may change."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._noted: dict[str, Mention] = {}
        self._conflicts: dict[str, str] = {}
        self._lost: dict[str, Lost] = defaultdict(Lost)

    def note(self, mention: Mention) -> None:
        """Remember a mention of this import."""
        self._noted[mention.record.id] = mention

    def records(self) -> list[r.Imported]:
        """Return the records that this import names."""
        return [one.record for one in self._noted.values()]

    def __bool__(self) -> bool:
        return bool(self._noted)

    def are_in(self, row: Row, kind: Kind) -> bool:
        """Tell whether a row refers to a mention of this import."""
        return bool(self._noted) and not self._noted.keys().isdisjoint(references(kind.table(), row))

    async def keep(self, rows: Mapping[str, Row]) -> None:
        """Store the mentions of this import; `rows` are their records as rows, by id."""
        for some in chunks(rows):
            known = await self._contents(some)
            real = await self._claims.mine(some)
            made = [
                claim_of(
                    type(self._noted[one].record),
                    self._noted[one].record.table(),
                    rows[one],
                    self._claims.source_id,
                    is_mention=True,
                )
                for one in some
                if one not in real
            ]
            for one in made:
                before = known.get(one["id"], {})
                one["content"] |= {name: before[name] for name in (MEANT, AGREED) if name in before}
                one["content"][PLACE] = self._noted[one["id"]].place
            await upsert(
                self._connection,
                CLAIM,
                [{**one, "record_id": None} for one in made if one["id"] not in known],
            )
            await upsert(self._connection, CLAIM, [one for one in made if one["id"] in known])
        if rows:
            self._claims.noted()

    async def _contents(self, ids: Sequence[str]) -> dict[str, Row]:
        found = await self._connection.execute(
            select(CLAIM.c.id, CLAIM.c.content).where(is_one_of(CLAIM.c.id)), {"ids": ids}
        )
        return {row.id: row.content for row in found}

    async def resolve(self, kind: Kind, sources: Iterable[str]) -> set[str]:
        """Find what the mentions of sources mean now; returns those sources for which that is new."""
        table = kind.table()
        wanted = select(CLAIM).where(
            CLAIM.c.is_mention, CLAIM.c.kind == table.name, is_one_of(CLAIM.c.source_id, "sources")
        )
        rows = await self._connection.execute(wanted, {"sources": sorted(sources)})
        claims = [dict(row) for row in rows.mappings()]
        if kind not in MENTIONED_BY or not claims:
            return set()
        contents = await self._claims.resolved(table, [one["content"] for one in claims])
        before = await self._meant_before(kind, claims)
        lookup = MentionLookup(self._claims, kind)
        await lookup.fill(contents, [one["id"] for one in claims], before.values())
        changed: list[dict[str, Any]] = []
        for claim, content in zip(claims, contents, strict=True):
            meant, kept = before.get(claim["id"]), claim["content"]
            fits = lookup.meant(claim["id"], content)
            found = remembered(fits, meant, content, lookup)
            if found.conflict is not None:
                self._conflicts[claim["id"]] = found.conflict
            if kind in PERSONS and found is fits and found.record_id is not None:
                agreed = lookup.agreeing(content, found.record_id)
                kept = {**kept, MEANT: found.record_id, AGREED: agreed}
            elif meant is not None:
                kept = {**kept, MEANT: meant}
            if found.record_id != claim["record_id"]:
                self._note_lost(claim, found.record_id, lookup)
            changed.append({"mention": claim["id"], "record": found.record_id, "said": kept})
        return await self._change(claims, changed)

    async def _meant_before(self, kind: Kind, claims: Sequence[Row]) -> dict[str, str]:
        """Return the record that each mention of a person meant last, by mention."""
        if kind not in PERSONS:
            return {}
        said = {one["id"]: one["content"].get(MEANT) or one["record_id"] for one in claims}
        became = await self._claims.became({one for one in said.values() if one})
        return {mention: became.get(one, one) for mention, one in said.items() if one}

    async def _change(self, claims: Sequence[Row], meant: Sequence[Mapping[str, Any]]) -> set[str]:
        """Let mentions mean other records, and make the records anew that refer to these."""
        pairs = list(zip(claims, meant, strict=True))
        new = [
            one
            for claim, one in pairs
            if (one["record"], one["said"]) != (claim["record_id"], claim["content"])
        ]
        if new:
            means = update(CLAIM).where(CLAIM.c.id == bindparam("mention"))
            means = means.values(record_id=bindparam("record"), content=bindparam("said", type_=JSON))
            await self._connection.execute(means, new)
        moved = {
            claim["id"]: claim["source_id"] for claim, one in pairs if one["record"] != claim["record_id"]
        }
        named = dict.fromkeys(moved.values(), moved.keys())
        for kind, records in (await self._claims.referring(named) if moved else {}).items():
            await self._claims.rewrite(kind, sorted(records))
        return set(named)

    def _note_lost(self, claim: Row, meant: str | None, lookup: MentionLookup) -> None:
        """Remember that what a mention of another source refers to is shown no longer, or to others."""
        if claim["record_id"] is None or claim["id"] in self._noted:
            return
        lost = self._lost[claim["source_id"]]
        (lost.hidden if meant is None else lost.moved)[claim["id"]] = lookup.named(claim["record_id"])

    async def notices(self) -> list[Notice]:
        """Say what of other imports is shown to nobody any more, or is about somebody else than before."""
        source, found = r.DataSource.table(), list[Notice]()
        for identity, lost in sorted(self._lost.items()):
            wanted = select(source.c.name).where(source.c.id == identity)
            name = (await self._connection.execute(wanted)).scalar_one_or_none() or identity
            for mentions, what, why in (
                (lost.hidden, "shown to nobody any more", "It is unsure now whom they are about"),
                (lost.moved, "now about another person", "The number or the day of birth is that person's"),
            ):
                count = await self._records_of(identity, mentions)
                if count:
                    persons = sorted(set(mentions.values()))
                    more = ", …" if len(persons) > SHOWN_NAMES else ""
                    whose = f"{', '.join(persons[:SHOWN_NAMES])}{more}"
                    text = (
                        f"{what}: {count} of the records about {whose}. {why}: import that file again; its "
                        "report names each row and what to do"
                    )
                    found.append(Notice(name, text))
        return found

    async def _records_of(self, source: str, mentions: Collection[str]) -> int:
        """Count the current records of a source that refer to mentions."""
        tables = {one.table().name: one.table() for one in r.kinds_of_records()}
        wanted = select(CLAIM.c.kind, CLAIM.c.content).where(
            CLAIM.c.source_id == source, CLAIM.c.is_mention.is_(False), CLAIM.c.ended_at.is_(None)
        )
        rows = await self._connection.execute(wanted) if mentions else ()
        return sum(not references(tables[kind], content).isdisjoint(mentions) for kind, content in rows)

    async def open_ids(self) -> set[str]:
        """Return those mentions of this import that mean nothing known."""
        found: set[str] = set()
        wanted = select(CLAIM.c.id).where(
            is_one_of(CLAIM.c.id), CLAIM.c.is_mention, CLAIM.c.record_id.is_(None)
        )
        for some in chunks(self._noted):
            found.update((await self._connection.execute(wanted, {"ids": some})).scalars())
        return found

    def in_order(self, mentions: Collection[str]) -> list[str]:
        """Return mentions of this import in the order of the export."""
        return [one for one in self._noted if one in mentions]

    def conflict(self, mention: str) -> bool:
        """Tell whether keys of a mention contradict one another."""
        return mention in self._conflicts

    def refusal(self, mention: str) -> Refusal:
        """Say why a mention of this import means nothing."""
        refusal = self._noted[mention].refusal
        if mention not in self._conflicts:
            return refusal
        remedy = (
            "Correct the number or the names in the file, or say more (a number, the day of birth); nothing "
            "of these rows is shown to anybody."
        )
        return replace(refusal, reason=self._conflicts[mention], remedy=remedy)


def remembered(found: Found, before: str | None, content: Row, lookup: MentionLookup) -> Found:
    """Return what a mention means, given what its keys fit now and which record it meant before."""
    if before is None or found.record_id == before or found.is_certain:
        return found
    if found.record_id is not None:
        whose, was = lookup.named(found.record_id), lookup.named(before)
        return Found(conflict=f"this was {was} at an earlier import and is {whose} now")
    fits_nobody = found.conflict is None and not found.fits_several
    if (fits_nobody or found.owner == before) and lookup.may_still_mean(content, before):
        return Found(before)
    return found


async def follow_parts(claims: Claims, parts: Mapping[str, str]) -> None:
    """Let the mentions of records that were split mean one part from now on: `parts` by the record it was."""
    wanted = select(CLAIM.c.id, CLAIM.c.record_id, CLAIM.c.content).where(
        is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention
    )
    means = update(CLAIM).where(CLAIM.c.id == bindparam("mention"))
    means = means.values(content=bindparam("said", type_=JSON))
    for some in chunks(sorted(parts)):
        rows = (await claims.connection.execute(wanted, {"ids": some})).all()
        said = [{"mention": row.id, "said": {**row.content, MEANT: parts[row.record_id]}} for row in rows]
        if said:
            await claims.connection.execute(means, said)
