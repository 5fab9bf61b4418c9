"""In which classes and groups students are, to see whether a row that names one means somebody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters import records as r
from adapters.native.claims import chunks, is_one_of
from adapters.native.class_names import meant_by

Row = Mapping[str, Any]
CLASS, ENROLMENT = r.SchoolClass.table(), r.Enrolment.table()
NAMED = (CLASS.c.id, CLASS.c.school_id, CLASS.c.name, CLASS.c.match_name, CLASS.c.parent_class_ids)


class StudentPlaces:
    """The classes and groups of some students, also those that they left, and those called by some names."""

    def __init__(self) -> None:
        self._of: dict[str, list[Row]] = defaultdict(list)
        self._called: dict[str, list[Row]] = defaultdict(list)
        self._with_members: set[str] = set()

    async def fill(self, connection: AsyncConnection, students: Iterable[str], names: Iterable[str]) -> None:
        """Read where students are, and the classes and groups of these names."""
        parents: dict[str, list[str]] = defaultdict(list)
        here = select(ENROLMENT.c.student_id, *NAMED).join(CLASS, CLASS.c.id == ENROLMENT.c.class_id)
        for some in chunks(sorted(students)):
            theirs = here.where(is_one_of(ENROLMENT.c.student_id))
            for row in (await connection.execute(theirs, {"ids": some})).mappings():
                self._of[row["student_id"]].append(dict(row))
                for parent in row["parent_class_ids"]:
                    parents[parent].append(row["student_id"])
        for some in chunks(sorted(parents)):
            above = select(*NAMED).where(is_one_of(CLASS.c.id))
            for row in (await connection.execute(above, {"ids": some})).mappings():
                for student in parents[row["id"]]:
                    self._of[student].append(dict(row))
        for some in chunks(sorted({r.folded(one) for one in names})):
            called = select(*NAMED).where(is_one_of(CLASS.c.match_name))
            for row in (await connection.execute(called, {"ids": some})).mappings():
                self._called[row["match_name"]].append(dict(row))
        ids = [row["id"] for rows in self._called.values() for row in rows]
        for some in chunks(sorted(ids)):
            members = select(ENROLMENT.c.class_id).where(is_one_of(ENROLMENT.c.class_id)).distinct()
            self._with_members.update((await connection.execute(members, {"ids": some})).scalars())

    def agrees(self, student: str, name: str) -> bool:
        """Tell whether a student is, or was, in a class or group of a name."""
        same = [row for row in self._of.get(student, ()) if row["match_name"] == r.folded(name)]
        return bool(meant_by(name, same))

    def contradicts(self, student: str, school: str | None, name: str, is_sure: bool) -> bool:
        """Tell whether a class says that a student is not meant.

        Nothing does where it is not known who is in the class, or where the student is. A name that the
        school does not have may be another spelling: it contradicts names alone, and nothing that `is_sure`.
        """
        if not self._of.get(student) or self.agrees(student, name):
            return False
        called = [row for row in self._called.get(r.folded(name), ()) if row["school_id"] == school]
        known = meant_by(name, called)
        return any(row["id"] in self._with_members for row in known) if known else not is_sure
