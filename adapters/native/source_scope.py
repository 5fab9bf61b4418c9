"""Watches that an export under a known source is about the schools and persons that this source is about.

Ids are unique within a source only. Two systems that share the name of a source would overwrite each other,
and a guardian would see another family's child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from adapters import records as r
from adapters.base import Export, InvalidExport
from adapters.native.claims import CLAIM, Claims, is_one_of
from adapters.native.person_identity import differ, first_names_fit, named, names_fit

MOST_OTHERS = 0.1
"""Part of the known persons that may have become others before the whole export is doubted."""
WATCHED = (r.School, r.Student, r.Guardian, r.StaffMember)


class ForeignExport(InvalidExport):
    """An export seems to come from another system than the source it would be imported as."""


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
    ) -> dict[str, str]:
        """Return those of the known ids under which the export has somebody else, each with who it was.

        `known` are the ids that were there before, `spoken` the claims under some of them.
        """
        if kind not in WATCHED or self._allow_renamed:
            return {}
        table, ids = kind.table(), [one for one in known if one in rows]
        self._compared += 0 if kind is r.School else len(ids)
        alone = [one for one in ids if one not in spoken]
        found = await self._connection.execute(select(table).where(is_one_of(table.c.id)), {"ids": alone})
        before = {row["id"]: dict(row) for row in found.mappings()}
        before |= {one: claim["content"] for one, claim in spoken.items()}
        others = {
            one: named(before[one])
            for one in ids
            if one in before and not _is_same(kind, before[one], rows[one])
        }
        for one, name in others.items():
            said = f"{table.name} {rows[one]['external_id']} was {name} and is {named(rows[one])}"
            (self._other_schools if kind is r.School else self._other_persons).append(said)
        return others

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


def _is_same(kind: type[r.Record], one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether an id may still mean the same school or person.

    Adults change their family name. Where nothing of the names is left, a day of birth, a national number or
    an e-mail address that stayed still says who it is.
    """
    if kind is r.School:
        return not differ(one.get("national_id"), other.get("national_id"))
    if names_fit(one, other) or (kind is not r.Student and first_names_fit(one, other)):
        return True
    return any(
        one.get(name) and other.get(name) and not differ(one.get(name), other.get(name))
        for name in ("date_of_birth", "national_id", "email")
    )
