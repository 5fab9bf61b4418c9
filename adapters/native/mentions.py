"""Finds the records that exports name without describing them, anew at every import.

A table row says "grade 15 for ELEVE_ID 5001". What it names is found by keys ranked by strength; a filled key
that contradicts forbids the match. As long as nothing fits, or too much, the row is kept and shown to nobody.
What was found is looked for again whenever its school is imported, so that the order of imports does not
matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, select, update

from adapters import records as r
from adapters.base import Mention, Refusal
from adapters.native.claims import CLAIM, Claims, chunks, claim_of, is_one_of
from adapters.native.class_names import meant_by
from adapters.native.gateway_state import upsert
from adapters.native.merging import Key, Kind
from adapters.native.person_identity import NUMBERS, contradiction, named, names_fit
from adapters.native.stored_rows import references
from adapters.native.student_places import StudentPlaces

Row = Mapping[str, Any]

MENTIONED_BY: Mapping[Kind, tuple[Key, ...]] = {
    r.School: (("national_id",),),
    r.Subject: (("code",), ("management_code",), ("match_name",)),
    r.Room: (("school_id", "match_name"),),
    r.SchoolClass: (("school_id", "class_type", "match_name"),),
    r.GradingPeriod: (("school_id", "match_name"),),
    r.Student: (
        ("information_system_id", "school_id"),
        ("national_id", "school_id"),
        ("match_code", "school_id"),
        ("match_name", "school_id"),
    ),
    r.StaffMember: (("information_system_id",), ("match_code",), ("match_name", "school_id")),
    r.Guardian: (("email",),),
}
"""Columns by which a mention finds what it means, the strongest first; only a single find counts."""

PLACE = "named_class"
"""What the content of a mention has beside the columns of a student: the class that was named with it."""
PERSONS = (r.Student, r.StaffMember)
"""Kinds of persons whose keys can contradict."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a mention means: a record, nothing yet, or nothing because keys contradict (`conflict`)."""

    record_id: str | None = None
    conflict: str | None = None


class Mentions:
    """The mentions of an import, and those of earlier imports that it may change."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._noted: dict[str, Mention] = {}
        self._conflicts: dict[str, str] = {}

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
            known = await self._claims.known(some)
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
                one["content"][PLACE] = self._noted[one["id"]].place
            await upsert(
                self._connection,
                CLAIM,
                [{**one, "record_id": None} for one in made if one["id"] not in known],
            )
            await upsert(self._connection, CLAIM, [one for one in made if one["id"] in known])
        if rows:
            self._claims.noted()

    async def resolve(self, kind: Kind, sources: Iterable[str]) -> set[str]:
        """Find what the mentions of sources mean now; returns those sources for which that is new."""
        keys, table = MENTIONED_BY.get(kind, ()), kind.table()
        wanted = select(CLAIM).where(
            CLAIM.c.is_mention, CLAIM.c.kind == table.name, is_one_of(CLAIM.c.source_id, "sources")
        )
        rows = await self._connection.execute(wanted, {"sources": sorted(sources)})
        claims = [dict(row) for row in rows.mappings()]
        if not keys or not claims:
            return set()
        contents = await self._claims.resolved(table, [one["content"] for one in claims])
        lookup = _Lookup(kind, keys)
        await lookup.fill(self._connection, contents, [one["id"] for one in claims])
        changed: dict[str, str | None] = {}
        for claim, content in zip(claims, contents, strict=True):
            found = lookup.meant(claim["id"], content)
            if found.conflict is not None:
                self._conflicts[claim["id"]] = found.conflict
            if found.record_id != claim["record_id"]:
                changed[claim["id"]] = found.record_id
        if not changed:
            return set()
        means = update(CLAIM).where(CLAIM.c.id == bindparam("mention")).values(record_id=bindparam("meant"))
        values = [{"mention": one, "meant": to} for one, to in changed.items()]
        await self._connection.execute(means, values)
        concerned = {one["source_id"] for one in claims if one["id"] in changed}
        for other, records in (
            await self._claims.referring(dict.fromkeys(concerned, changed.keys()))
        ).items():
            await self._claims.rewrite(other, sorted(records))
        return concerned

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
        remedy = "Correct the number or the names in the file; nothing of these rows is shown to anybody."
        return replace(refusal, reason=self._conflicts[mention], remedy=remedy)


class _Lookup:
    """The records that mentions of one kind may mean, by their keys."""

    def __init__(self, kind: Kind, keys: Sequence[Key]) -> None:
        self._kind, self._keys = kind, keys
        self._columns = sorted(
            {"id", "school_id", *({"ended_at"} & set(kind.table().c.keys()))}
            | {name for key in keys for name in key}
            | ({"name"} & set(kind.table().c.keys()))
            | (_TELLING & set(kind.table().c.keys()))
        )
        self._rows: dict[Key, dict[tuple[Any, ...], list[Row]]] = {key: defaultdict(list) for key in keys}
        self._own: set[str] = set()
        self._places = StudentPlaces()
        self._tied: set[tuple[str, str]] = set()

    async def fill(self, connection: Any, contents: Sequence[Row], mentions: Sequence[str]) -> None:
        """Read every record that has a key of one of the mentions."""
        table = self._kind.table()
        columns = [table.c[name] for name in self._columns]
        for key in self._keys:
            values = {content[key[0]] for content in contents if content.get(key[0]) not in (None, "", "|")}
            wanted = select(*columns).where(is_one_of(table.c[key[0]]))
            if self._kind is not r.Student or key[0] != "match_name":
                # A pupil who left may be the one that a name alone means: then it means nobody else.
                wanted = wanted.where(table.c.ended_at.is_(None))
            for some in chunks(sorted(values)):
                for row in (await connection.execute(wanted, {"ids": some})).mappings():
                    self._rows[key][tuple(row[name] for name in key)].append(dict(row))
        own = select(table.c.id).where(is_one_of(table.c.id), table.c.ended_at.is_(None))
        for some in chunks(mentions):
            self._own.update((await connection.execute(own, {"ids": some})).scalars())
        ids = {row["id"] for by in self._rows.values() for rows in by.values() for row in rows}
        if self._kind is r.Guardian:
            tie, student = r.Guardianship.table(), r.Student.table()
            theirs = select(tie.c.guardian_id, student.c.school_id).join(
                student, student.c.id == tie.c.student_id
            )
            for some in chunks(sorted(ids)):
                rows = await connection.execute(theirs.where(is_one_of(tie.c.guardian_id)), {"ids": some})
                self._tied.update((row[0], row[1]) for row in rows)
        named = {content[PLACE] for content in contents if content.get(PLACE)}
        if named:
            await self._places.fill(connection, ids, named)

    def meant(self, mention: str, content: Row) -> Found:
        """Find the one record that a mention means."""
        if mention in self._own:
            return Found(mention)  # The source itself describes it by now.
        if self._kind in PERSONS:
            return self._person(content)
        for key in self._keys:
            found = self._with(key, content)
            if found and self._kind is r.Guardian:
                found = [row for row in found if (row["id"], content["school_id"]) in self._tied]
                if not found:
                    return Found(conflict="this is no guardian of a pupil of the school of the file")
            if len(found) == 1:
                return Found(found[0]["id"])
            if found:
                return Found()
        return Found()

    def _with(self, key: Key, content: Row) -> list[Row]:
        values = tuple(content.get(name) for name in key)
        if any(value in (None, "", "|") for value in values):
            return []
        found = self._rows[key].get(values, [])
        if "match_name" in key and self._kind not in PERSONS:
            found = meant_by(content["name"], found)
        if self._kind is not r.Subject or content.get("school_id") is None:
            return found
        # A subject of one school is not another's; national ones are everybody's.
        return [row for row in found if row["school_id"] in (None, content["school_id"])]

    def _person(self, content: Row) -> Found:
        """Go from key to key; a key that several persons have identifies nobody."""
        shared = {
            content[key[0]] for key in self._keys if key[0] in NUMBERS and len(self._with(key, content)) > 1
        }
        for key in self._keys:
            found = self._with(key, content)
            if key[0] in NUMBERS and content.get(key[0]) in shared:
                continue
            if key[0] == "match_name" and _has_keys(content):
                found = [row for row in found if not _has_keys(row)]
            fitting = [row for row in found if contradiction(content, row, shared) is None]
            fitting = self._of_named_class(content, fitting, is_sure=key[0] != "match_name")
            if len(fitting) == 1 and fitting[0].get("ended_at") is None:
                return Found(fitting[0]["id"])
            if fitting:
                return Found()
            if found and key[0] in NUMBERS:
                return Found(conflict=self._conflict(content, found[0]))
        return Found()

    def _of_named_class(self, content: Row, rows: Sequence[Row], is_sure: bool) -> list[Row]:
        """Return those whom the class that was named does not exclude; of several, those who are in it."""
        name, places = content.get(PLACE), self._places
        if not name:
            return list(rows)
        school = content["school_id"]
        fitting = [row for row in rows if not places.contradicts(row["id"], school, name, is_sure)]
        agreeing = [row for row in fitting if places.agrees(row["id"], name)]
        return agreeing if agreeing and len(fitting) > 1 else fitting

    def _conflict(self, content: Row, owner: Row) -> str:
        """Say whose number it is, and whose names; the number itself is not repeated."""
        if contradiction(content, owner) is None and content.get(PLACE):
            return f"the number is that of {named(owner)}, who is in no class called {content[PLACE]}"
        if names_fit(content, owner):
            return f"this number is that of {named(owner)}, of whom another key says otherwise"
        others = self._with(("match_name", "school_id"), content)
        whose = f"those of {named(others[0])}, another person" if len(others) == 1 else "other names"
        return f"the number is that of {named(owner)}, the names are {whose}"


_TELLING = {"last_name", "first_name", "birth_name", "date_of_birth", *NUMBERS, "match_code"}
"""Columns that tell persons apart."""


def _has_keys(row: Row) -> bool:
    """Tell whether somebody is known by more than names."""
    return any(row.get(name) for name in (*NUMBERS, "match_code", "date_of_birth"))
