"""Watches that an export under a known source is about the schools and persons that this source is about.

Ids are unique within a source only. Two systems that share the name of a source would overwrite each other,
and a guardian would see another family's child.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import select

from adapters import records as r
from adapters.base import Export, InvalidExport
from adapters.native.claims import CLAIM, Claims, is_one_of
from adapters.native.person_identity import differ, first_names_fit, named, names_fit
from adapters.native.seen_records import NEW

MOST_OTHERS = 0.1
"""Part of the known persons that may have become others before the whole export is doubted."""
WATCHED = (r.School, r.Student, r.Guardian, r.StaffMember)
CONTACTS = ("email", "mobile_phone", "landline_phone")
"""Where a guardian is reached: who has another family name and is reached at the same place is the same."""


class ForeignExport(InvalidExport):
    """An export seems to come from another system than the source it would be imported as."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """A guardian who may be another person than before; `name` is who it was.

    Where the export gives them no child at all, only those with `fitting_names` are the same.
    """

    name: str
    fitting_names: bool


class SourceScope:
    """The schools and persons of the source of one import."""

    def __init__(self, claims: Claims, export: Export, allow_renamed: bool) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._export = export
        self._allow_renamed = allow_renamed
        self._compared = 0
        self._other_schools: list[str] = []
        self._other_persons: list[str] = []
        self._schools: set[str] = set()

    async def start(self) -> None:
        """Learn which schools the source had before."""
        school, source = r.School.table(), self._export.source_id
        own = select(school.c.id).where(school.c.source_id == source, school.c.ended_at.is_(None))
        said = select(CLAIM.c.id).where(
            CLAIM.c.source_id == source, CLAIM.c.kind == school.name, CLAIM.c.is_mention.is_(False)
        )
        for wanted in (own, said.where(CLAIM.c.ended_at.is_(None))):
            self._schools.update((await self._connection.execute(wanted)).scalars())

    async def others(
        self,
        kind: type[r.Record],
        rows: Mapping[str, Mapping[str, Any]],
        known: Iterable[str],
        spoken: Mapping[str, Mapping[str, Any]],
    ) -> tuple[dict[str, str], dict[str, Unsure]]:
        """Return those of the known ids under which the export has somebody else, and may have somebody else.

        The first each with who it was. `known` are the ids that were there before, `spoken` the claims under
        some of them.
        """
        if kind not in WATCHED or self._allow_renamed:
            return {}, {}
        table, ids = kind.table(), [one for one in known if one in rows]
        self._compared += 0 if kind is r.School else len(ids)
        alone = [one for one in ids if one not in spoken]
        found = await self._connection.execute(select(table).where(is_one_of(table.c.id)), {"ids": alone})
        before = {row["id"]: dict(row) for row in found.mappings()}
        before |= {one: claim["content"] for one, claim in spoken.items()}
        others, unsure = dict[str, str](), dict[str, Unsure]()
        for one in ids:
            if one not in before:
                continue
            same = may_be_same(kind, before[one], rows[one])
            name = named(before[one])
            if same is Same.NO:
                others[one] = name
                self.note_other(kind, rows[one], name)
            elif same is not Same.YES:
                unsure[one] = Unsure(name, same is Same.UNLESS_OTHER_CHILDREN)
        return others, unsure

    def note_other(self, kind: type[r.Record], row: Mapping[str, Any], name: str) -> None:
        """Note that an id was somebody else before."""
        said = f"{kind.table().name} {row['external_id']} was {name} and is {named(row)}"
        (self._other_schools if kind is r.School else self._other_persons).append(said)

    async def has_same_children(
        self, identity: str, states: Callable[[set[str]], Awaitable[Mapping[str, str]]], others: Iterable[str]
    ) -> bool | None:
        """Tell whether a guardian still has a child of the last import, who is not somebody else now.

        `states` tells what the import did with those of some ties that it gives to this very id: a record may
        be made of several ids of one source, each with children of its own. None where it gives it none.
        """
        tie = r.Guardianship.table()
        record = (await self._claims.became([identity])).get(identity, identity)
        mine = tie.c.source_id == self._export.source_id
        alone = select(tie.c.id, tie.c.student_id).where(tie.c.guardian_id == record, mine)
        spoken = (
            select(CLAIM.c.id, tie.c.student_id)
            .join(tie, tie.c.id == CLAIM.c.record_id)
            .where(tie.c.guardian_id == record, CLAIM.c.source_id == self._export.source_id)
        )
        children: dict[str, str] = {}
        for wanted in (alone, spoken):
            children |= {row[0]: row[1] for row in await self._connection.execute(wanted)}
        strangers = {*others, *(await self._claims.became(others)).values()}
        found = await states(set(children))
        same = (children[one] for one, state in found.items() if state not in NEW)
        return any(child not in strangers for child in same) if found else None

    def finish(self, schools: set[str]) -> None:
        """Raise ForeignExport where the export is about other schools, or others under the same ids."""
        if self._schools and schools and not self._schools & schools:
            self._stop("is about none of the schools that this source was about before")
        if self._other_schools:
            self._stop(f"gives ids of schools to others than before: {'; '.join(self._other_schools[:3])}")
        others = self._other_persons
        if len(others) > max(1, MOST_OTHERS * self._compared):
            count = f"{len(others)} of {self._compared} known ids of persons"
            self._stop(f"gives {count} to others than before: {'; '.join(others[:3])}")

    def _stop(self, why: str) -> None:
        raise ForeignExport(
            f"{self._export.source_name}: the export {why}. Ids mean something within one source only, so "
            "nothing was changed. If this is another system than the one that was imported as "
            f"{self._export.source_id}, give it a source of its own: --option source=NAME. If it is the same "
            "one and these were renamed, import again with --allow-renamed."
        )


class Same(Enum):
    """Whether an id may still mean the same person; children in common decide of guardians."""

    YES = "yes"
    NO = "no"
    IF_SAME_CHILDREN = "if a child is the same"
    UNLESS_OTHER_CHILDREN = "unless all children are others"


def may_be_same(kind: type[r.Record], one: Mapping[str, Any], other: Mapping[str, Any]) -> Same:
    """Tell whether an id may still mean the same school or person.

    Adults change their family name, and keep something else: an e-mail address, a telephone, a number, their
    children. A first name is no proof, since ids are given to new people too.
    """
    if kind is r.School:
        return Same.NO if differ(one.get("national_id"), other.get("national_id")) else Same.YES
    if kind is r.Guardian:
        return _same_guardian(one, other)
    fits = names_fit(one, other)
    if kind is r.Student and fits and differ(one.get("date_of_birth"), other.get("date_of_birth")):
        is_corrected = one.get("match_name") == other.get("match_name")
        return Same.YES if is_corrected and not _differ(one, other, ("national_id",)) else Same.NO
    if kind is r.Student and not fits:
        return Same.YES if _is_renamed_student(one, other) else Same.NO
    if fits or _agree(one, other, ("date_of_birth", "national_id", "email")):
        return Same.YES
    is_renamed = first_names_fit(one, other)
    return Same.YES if is_renamed and _agree(one, other, ("information_system_id",)) else Same.NO


def _is_renamed_student(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether a student has other names now: the INE agrees, or the day of birth and one of them."""
    if _differ(one, other, ("national_id",)):
        return False
    family_fits = names_fit({**one, "first_name": None}, {**other, "first_name": None})
    return _agree(one, other, ("national_id",)) or (
        _agree(one, other, ("date_of_birth",)) and (family_fits or first_names_fit(one, other))
    )


def _same_guardian(one: Mapping[str, Any], other: Mapping[str, Any]) -> Same:
    agrees = _agree(one, other, CONTACTS)
    if names_fit(one, other):
        was_reached = any(one.get(name) for name in CONTACTS)
        return Same.YES if agrees or not was_reached else Same.UNLESS_OTHER_CHILDREN
    if first_names_fit(one, other):
        return Same.YES if agrees else Same.IF_SAME_CHILDREN
    # A couple shares a family name, a telephone and an address.
    fits = names_fit({**one, "first_name": None}, {**other, "first_name": None})
    return Same.YES if not fits and _agree(one, other, ("email",)) else Same.NO


def _agree(one: Mapping[str, Any], other: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(
        one.get(name) and other.get(name) and not differ(one.get(name), other.get(name)) for name in names
    )


def _differ(one: Mapping[str, Any], other: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(differ(one.get(name), other.get(name)) for name in names)
