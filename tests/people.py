"""Who is who in the demo school: families by size, read from the database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters import records as r
from resolvers.identifiers import GlobalId
from resolvers.viewer import Caller


@dataclass
class People:
    """Guardians with the children they may see, students, staff and schools of the demo."""

    children: dict[str, list[str]]
    schools: dict[str, str]
    students: dict[str, str]
    external_ids: dict[str, str]
    teachers: list[str]
    guardian_names: dict[str, str]
    last_guardian: str

    def guardian(self, number_of_children: int, position: int = 0) -> Caller:
        """A guardian with so many children; the same for every run."""
        found = sorted(one for one, ids in self.children.items() if len(ids) == number_of_children)
        return Caller("GUARDIAN", found[position])

    def children_of(self, caller: Caller) -> list[str]:
        """The students a guardian may see."""
        return self.children[caller.person_id]

    def stranger_to(self, caller: Caller) -> str:
        """A student of the same school who is not the guardian's child."""
        mine = set(self.children_of(caller))
        school = self.students[next(iter(sorted(mine)))]
        return next(one for one in sorted(self.students) if self.students[one] == school and one not in mine)

    @staticmethod
    def student_id(key: str) -> str:
        """The global id of a student."""
        return GlobalId("Student", "native", key).encode()


async def read_people(engine: AsyncEngine) -> People:
    """Read the people of a filled database; empty for an empty one."""
    tie, student, staff, guardian = (
        one.table() for one in (r.Guardianship, r.Student, r.StaffMember, r.Guardian)
    )
    school, accepted = r.School.table(), r.CharterAcceptance.table()
    async with engine.connect() as connection:
        ties = await connection.execute(
            select(tie.c.guardian_id, tie.c.student_id)
            .where(tie.c.has_data_access, tie.c.ended_at.is_(None))
            .order_by(tie.c.id)
        )
        answered = set((await connection.execute(select(accepted.c.person_id))).scalars())
        children: dict[str, list[str]] = {}
        for person, child in ties:
            children.setdefault(person, []).append(child)
        schools = (await connection.execute(select(school.c.national_id, school.c.id))).all()
        pupils = (
            await connection.execute(select(student.c.id, student.c.school_id, student.c.external_id))
        ).all()
        teachers = (
            await connection.execute(select(staff.c.id).where(staff.c.role == "TEACHER").order_by(staff.c.id))
        ).scalars()
        names = (await connection.execute(select(guardian.c.id, guardian.c.last_name))).all()
        return People(
            children={one: ids for one, ids in children.items() if one in answered},
            schools={row[0]: row[1] for row in schools},
            students={row[0]: row[1] for row in pupils},
            external_ids={row[0]: row[2] for row in pupils},
            teachers=list(teachers),
            guardian_names={row[0]: row[1] for row in names},
            last_guardian=next((one for one in children if one not in answered), ""),
        )
