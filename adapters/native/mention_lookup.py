"""Looks up the records that the keys of a mention fit: numbers first, then names and what else is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from adapters import records as r
from adapters.native.claims import CLAIM, Claims, chunks, is_one_of
from adapters.native.class_names import meant_by
from adapters.native.merging import Key, Kind
from adapters.native.person_identity import (
    NUMBERS,
    contradiction,
    differ,
    first_names_fit,
    named,
    names_fit,
)
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
PASSED_ON = ("match_name", "email")
"""Keys that somebody else may have later: who is found by one alone may not be who was meant."""
WITH_NUMBERS = (r.Student, r.StaffMember)
"""Kinds of persons whose keys can contradict."""
AGREED = "agreed"
"""What the content has beside that: which numbers and days the record had that the mention meant last."""
KEYS_OF_PERSONS = (*NUMBERS, "date_of_birth")
BELIEVED_LAST = 1_000
_TELLING = {"last_name", "first_name", "birth_name", "date_of_birth", *NUMBERS, "match_code"}
"""Columns that tell persons apart."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the keys of a mention fit: one record, or none, or none because keys contradict (`conflict`)."""

    record_id: str | None = None
    conflict: str | None = None
    is_certain: bool = False
    """The record was found by more than what `PASSED_ON` has."""
    owner: str | None = None
    """In a conflict, the record that has the number, where nobody else has the names."""
    fits_several: bool = False


class MentionLookup:
    """The records that mentions of one kind may mean, by their keys."""

    def __init__(self, claims: Claims, kind: Kind) -> None:
        self._claims, self._connection = claims, claims.connection
        self._kind, self._keys = kind, MENTIONED_BY[kind]
        wanted = {"ended_at", "name", *_TELLING} & set(kind.table().c.keys())
        keys = {name for key in self._keys for name in key}
        self._columns = sorted({"id", "school_id", "source_id"} | wanted | keys)
        self._rows: dict[Key, dict[tuple[Any, ...], list[Row]]] = {}
        self._rows |= {key: defaultdict(list) for key in self._keys}
        self._by_id: dict[str, Row] = {}
        self._own: set[str] = set()
        self._places = StudentPlaces()
        self._tied: set[tuple[str, str]] = set()

    async def fill(self, contents: Sequence[Row], mentions: Iterable[str], meant: Iterable[str]) -> None:
        """Read every record that has a key of one of the mentions, and those that they meant before."""
        table = self._kind.table()
        columns = [table.c[name] for name in self._columns]
        for key in self._keys:
            values = {content[key[0]] for content in contents if content.get(key[0]) not in (None, "", "|")}
            wanted = select(*columns).where(is_one_of(table.c[key[0]]))
            if self._kind is not r.Student or key[0] != "match_name":
                # A pupil who left may be the one that a name alone means: then it means nobody else.
                wanted = wanted.where(table.c.ended_at.is_(None))
            for some in chunks(sorted(values)):
                for row in (await self._connection.execute(wanted, {"ids": some})).mappings():
                    self._rows[key][tuple(row[name] for name in key)].append(dict(row))
                    self._by_id[row["id"]] = dict(row)
        before = select(*columns).where(is_one_of(table.c.id))
        for some in chunks(sorted(set(meant) - self._by_id.keys())):
            for row in (await self._connection.execute(before, {"ids": some})).mappings():
                self._by_id[row["id"]] = dict(row)
        own = select(table.c.id).where(is_one_of(table.c.id), table.c.ended_at.is_(None))
        for some in chunks(mentions):
            self._own.update((await self._connection.execute(own, {"ids": some})).scalars())
        await self._fill_what_tells_apart(contents)

    async def _fill_what_tells_apart(self, contents: Sequence[Row]) -> None:
        ids = sorted(self._by_id)
        if self._kind is r.Guardian:
            tie, student = r.Guardianship.table(), r.Student.table()
            theirs = select(tie.c.guardian_id, student.c.school_id).join(
                student, student.c.id == tie.c.student_id
            )
            for some in chunks(ids):
                rows = await self._connection.execute(
                    theirs.where(is_one_of(tie.c.guardian_id)), {"ids": some}
                )
                self._tied.update((row[0], row[1]) for row in rows)
        if self._kind in WITH_NUMBERS:
            await self._believe()
        places = {content[PLACE] for content in contents if content.get(PLACE)}
        if places:
            await self._places.fill(self._connection, ids, places)

    async def _believe(self) -> None:
        """Leave a number that several records have to the one whose source is believed most, if one is."""
        several = [
            (key, values, rows)
            for key in self._keys
            if key[0] in NUMBERS
            for values, rows in self._rows[key].items()
            if len(rows) > 1
        ]
        said = await self._said_of({row["id"]: row for _, _, rows in several for row in rows})
        rank = self._claims.precedence.rank
        for key, values, rows in several:
            ranks = {
                row["id"]: min(
                    (
                        rank(self._kind.table().name, source)[0]
                        for source, content in said[row["id"]]
                        if content.get(key[0]) == values[0]
                    ),
                    default=BELIEVED_LAST,
                )
                for row in rows
            }
            best = [row for row in rows if ranks[row["id"]] == min(ranks.values())]
            if len(best) == 1:
                self._rows[key][values] = best

    async def _said_of(self, rows: Mapping[str, Row]) -> dict[str, list[tuple[str, Row]]]:
        """Return what each source says of records, by record."""
        found: dict[str, list[tuple[str, Row]]] = defaultdict(list)
        spoken = select(CLAIM).where(is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False))
        for some in chunks(rows):
            claims = await self._connection.execute(spoken.where(CLAIM.c.ended_at.is_(None)), {"ids": some})
            for claim in claims.mappings():
                found[claim["record_id"]].append((claim["source_id"], claim["content"]))
        for one in rows.keys() - found.keys():
            found[one].append((rows[one]["source_id"], rows[one]))
        return found

    def meant(self, mention: str, content: Row) -> Found:
        """Find the one record that the keys of a mention fit."""
        if mention in self._own:
            return Found(mention, is_certain=True)  # The source itself describes it by now.
        if self._kind in WITH_NUMBERS:
            return self._person(content)
        for key in self._keys:
            found = self._with(key, content)
            if found and self._kind is r.Guardian:
                found = [row for row in found if (row["id"], content["school_id"]) in self._tied]
                if not found:
                    return Found(conflict="this is no guardian of a pupil of the school of the file")
            if len(found) == 1:
                return Found(found[0]["id"], is_certain=self._kind is not r.Guardian)
            if found:
                return Found(fits_several=True)
        return Found()

    def agreeing(self, content: Row, record: str) -> list[str]:
        """Return the numbers and days of a mention that a record has too."""
        row = self._by_id.get(record, {})
        return [
            one
            for one in KEYS_OF_PERSONS
            if content.get(one) and row.get(one) and not differ(content[one], row[one])
        ]

    def may_still_mean(self, content: Row, record: str) -> bool:
        """Tell whether a mention may go on meaning a record: what contradicts it now agreed before."""
        row, agreed = self._by_id.get(record), content.get(AGREED) or ()
        if row is None:
            return False
        contradicting = {one for one in KEYS_OF_PERSONS if differ(content.get(one), row.get(one))}
        if not contradicting <= set(agreed) or not self._of_named_class(content, [row], is_sure=bool(agreed)):
            return False
        # Of a family name alone, and of a first name beside a number, one cannot tell who changed it.
        return first_names_fit(content, row) or (
            contradicting.isdisjoint(NUMBERS) and not set(agreed).isdisjoint(NUMBERS)
        )

    def named(self, record: str) -> str:
        """Return the names of a record that a mention meant before."""
        found = self._by_id.get(record)
        return named(found) if found else "somebody"

    def _with(self, key: Key, content: Row) -> list[Row]:
        values = tuple(content.get(name) for name in key)
        if any(value in (None, "", "|") for value in values):
            return []
        found = self._rows[key].get(values, [])
        if "match_name" in key and self._kind not in WITH_NUMBERS:
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
                return self._certain(key, content, fitting[0])
            if fitting:
                return Found(fits_several=True)
            if found and key[0] in NUMBERS:
                others = self._exactly_named(content, found[0])
                owner = None if others else found[0]["id"]
                return Found(conflict=self._conflict(content, found[0]), owner=owner)
        return Found()

    def _certain(self, key: Key, content: Row, row: Row) -> Found:
        """Return what was found by a key, unless the names are exactly those of another person."""
        others = self._exactly_named(content, row) if key[0] in NUMBERS else []
        if others:
            why = f"the number is that of {named(row)}, the names are exactly those of {named(others[0])}"
            return Found(conflict=why)
        return Found(row["id"], is_certain=key[0] not in PASSED_ON)

    def _exactly_named(self, content: Row, owner: Row) -> list[Row]:
        """Return the persons who have just the names of a mention, where the owner of its number has not."""
        if owner["match_name"] == content["match_name"]:
            return []
        return [
            row
            for row in self._with(("match_name", "school_id"), content)
            if row["id"] != owner["id"]
            and row["ended_at"] is None
            and not differ(content.get("date_of_birth"), row["date_of_birth"])
        ]

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


def _has_keys(row: Row) -> bool:
    """Tell whether somebody is known by more than names."""
    return any(row.get(name) for name in (*NUMBERS, "match_code", "date_of_birth"))
