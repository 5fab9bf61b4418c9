"""A student whom sources have in different classes is in that of the source that is believed most.

The family would read of both classes otherwise. A class that this source does not know may be the same under
another name, and stays. What the others say stays a claim, and holds again as soon as nobody who is believed
more has the student in another class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from adapters import records as r
from adapters.native.claims import CLAIM, Claims, chunks, is_one_of
from adapters.native.merging import Merging

CLASS, ENROLMENT, STUDENT = (one.table() for one in (r.SchoolClass, r.Enrolment, r.Student))


@dataclass(slots=True)
class Place:
    """A student in a class, with the sources that say so and those that no longer do."""

    row: Mapping[str, Any]
    current: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)


class ClassEnrolments:
    """Settles in which class students are, for one import, after persons and classes were joined."""

    def __init__(self, claims: Claims, merging: Merging) -> None:
        self._claims = claims
        self._merging = merging

    async def settle(self, schools: Iterable[str]) -> None:
        """End what less believed sources say of the classes of students, and take it up again."""
        if not await self._claims.exist():
            return
        for school in sorted(schools):
            ended, again = list[Place](), list[Place]()
            unsettled = await self._unsettled(school)
            classes = {one.row["class_id"] for places in unsettled for one in places}
            known = await self._merging.speaking_of(await self._merging.rows(CLASS, sorted(classes)))
            for places in unsettled:
                best = min(places, key=self._rank)
                for one in places:
                    is_known = not known.get(one.row["class_id"], set()).isdisjoint(best.current)
                    is_another = self._rank(one) > self._rank(best) and is_known
                    if is_another and one.row["ended_at"] is None:
                        ended.append(one)
                    elif not is_another and one.row["ended_at"] is not None:
                        again.append(one)
            if ended:
                rows = {one.row["id"]: one.row for one in ended}
                await self._merging.claim(r.Enrolment, rows)
                await self._claims.store.end(r.Enrolment, list(rows))
            await self._claims.rewrite(r.Enrolment, [one.row["id"] for one in again])

    async def _unsettled(self, school: str) -> list[list[Place]]:
        """Return in which classes sources have each student now, where that is several, or has ended."""
        wanted = (
            select(ENROLMENT)
            .join(STUDENT, STUDENT.c.id == ENROLMENT.c.student_id)
            .where(STUDENT.c.school_id == school, ENROLMENT.c.kind == "CLASS")
        )
        found = {
            row["id"]: Place(dict(row)) for row in (await self._claims.connection.execute(wanted)).mappings()
        }
        spoken = select(CLAIM.c.record_id, CLAIM.c.source_id, CLAIM.c.ended_at).where(
            is_one_of(CLAIM.c.record_id), CLAIM.c.is_mention.is_(False)
        )
        for some in chunks(found):
            for claim in await self._claims.connection.execute(spoken, {"ids": some}):
                place = found[claim.record_id]
                (place.current if claim.ended_at is None else place.withdrawn).append(claim.source_id)
        of_student: dict[str, list[Place]] = defaultdict(list)
        for place in found.values():
            if not (place.current or place.withdrawn) and place.row["ended_at"] is None:
                place.current.append(place.row["source_id"])
            if place.current and not self._is_over(place):
                of_student[place.row["student_id"]].append(place)
        return [
            places
            for places in of_student.values()
            if len(places) > 1 or places[0].row["ended_at"] is not None
        ]

    def _is_over(self, place: Place) -> bool:
        last: date | None = place.row["end_date"]
        claims = [{"source_id": one} for one in place.current]
        is_withdrawn = self._claims.precedence.is_withdrawn(ENROLMENT.name, claims, place.withdrawn)
        return is_withdrawn or (last is not None and last < self._claims.store.now.date())

    def _rank(self, place: Place) -> int:
        return min(self._claims.precedence.rank(ENROLMENT.name, one)[0] for one in place.current)
