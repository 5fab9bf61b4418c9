"""Organisations, sessions, courses, classes, people and enrolments of OneRoster (Rostering 1.1 and 1.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapters import records as r
from adapters.base import Item, Remaining
from adapters.french_schools import GUARDIAN_PERMISSIONS, time_zone
from adapters.oneroster.files import Bundle, CsvRow
from adapters.oneroster.scales import Scale

STAFF = {
    "teacher": "TEACHER", "aide": "SUPPORT", "administrator": "ADMINISTRATION", "principal": "MANAGEMENT",
    "siteadministrator": "ADMINISTRATION", "districtadministrator": "ADMINISTRATION",
    "systemadministrator": "ADMINISTRATION", "counselor": "COUNSELLING", "proctor": "SUPPORT",
}  # fmt: skip
"""Roles of staff, in lower case."""
GUARDIANS = {"parent": "UNKNOWN", "guardian": "OTHER", "relative": "OTHER_RELATIVE"}
WITH_ACCESS = {"parent", "guardian"}
"""Roles of agents that read a student's data; relatives are contacts."""
PERIODS = {"semester": "SEMESTER", "schoolYear": "YEAR", "term": "OTHER", "gradingPeriod": "OTHER"}


@dataclass(slots=True)
class Roster:
    """What was read so far, by sourcedId."""

    source: str
    is_delta: bool
    schools: dict[str, str] = field(default_factory=dict)
    periods: dict[str, str | None] = field(default_factory=dict)
    courses: dict[str, str | None] = field(default_factory=dict)
    """Ids of subjects by course."""
    class_subjects: dict[str, str | None] = field(default_factory=dict)
    school_of: dict[str, str | None] = field(default_factory=dict)
    """Schools of classes and users."""
    born: dict[str, date | None] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """Student, Guardian or StaffMember by user."""
    categories: dict[str, str] = field(default_factory=dict)
    """Titles of categories of assessments."""
    line_items: dict[str, tuple[str, str | None, date]] = field(default_factory=dict)
    """Subject, grading period and day of each line item."""
    scales: dict[str, Scale] = field(default_factory=dict)
    scale_of: dict[tuple[str, str], Scale] = field(default_factory=dict)
    """Scales by the column that names their user (lineItemSourcedId, resultSourcedId) and its value."""

    @property
    def only_school(self) -> str | None:
        """The sourcedId of the school, where the export has only one."""
        return next(iter(self.schools)) if len(self.schools) == 1 else None

    def id(self, kind: str, sourced_id: str) -> str:
        """Return the id of a record."""
        return r.record_id(self.source, kind, sourced_id)

    def common(self, kind: str, row: CsvRow, school: str | None = None) -> dict[str, Any]:
        """Return the columns that every record has."""
        sourced_id = row.get("sourcedId") or ""
        return {
            "id": self.id(kind, sourced_id),
            "school_id": self.id("School", school) if school else None,
            "source_id": self.source,
            "external_id": sourced_id,
            "modified_at": row.moment("dateLastModified"),
        }

    def removed(self, row: CsvRow, *kinds: type[r.Imported]) -> Iterator[Item]:
        """Yield the end of a record that a delta takes away."""
        for kind in kinds:
            yield Remaining(kind, {"id": self.id(kind.__name__, row.get("sourcedId") or "")})


def orgs(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield schools; districts and departments are no part of the graph."""
    for row in found.rows("orgs"):
        identity, kind = row.get("sourcedId"), row.get("type")
        if identity is None or kind != "school":
            continue
        if row.is_deleted:
            yield from roster.removed(row, r.School)
            continue
        roster.schools[identity] = roster.id("School", identity)
        national_id = row.get("identifier")
        yield r.School(
            **roster.common("School", row, identity),
            national_id=national_id,
            name=row.get("name") or national_id or identity,
            time_zone=time_zone(national_id),
        )


def sessions(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield grading periods. They belong to no org in the standard: to the school where there is only one."""
    for row in found.rows("academicSessions"):
        identity, first, last = row.get("sourcedId") or "", row.day("startDate"), row.day("endDate")
        if row.is_deleted:
            yield from roster.removed(row, r.GradingPeriod)
            continue
        if first is None or last is None or last < first:
            yield row.refusal(
                "startDate", "no days from and to", "Write startDate and endDate as 2026-09-01."
            )
            continue
        roster.periods[identity] = roster.id("GradingPeriod", identity)
        parent = row.get("parentSourcedId")
        yield r.GradingPeriod(
            **roster.common("GradingPeriod", row, roster.only_school),
            name=row.get("title") or identity,
            kind=PERIODS.get(row.get("type") or "", "OTHER"),
            start_date=first,
            end_date=last,
            parent_id=roster.id("GradingPeriod", parent) if parent else None,
        )


def courses(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield a subject for each course: named by its subjects, or else by its title."""
    for row in found.rows("courses"):
        identity = row.get("sourcedId") or ""
        if row.is_deleted:
            yield from roster.removed(row, r.Subject)
            continue
        roster.courses[identity] = roster.id("Subject", identity)
        code = next(iter(row.several("subjectCodes")), None) or row.get("courseCode")
        school = row.get("orgSourcedId")
        name = row.get("title") or next(iter(row.several("subjects")), None) or code or identity
        is_here = school in roster.schools or roster.is_delta
        common = roster.common("Subject", row, school if is_here else None)
        yield r.Subject(**common, code=code, name=name)


def classes(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield classes."""
    for row in found.rows("classes"):
        identity, school = row.get("sourcedId") or "", row.get("schoolSourcedId")
        if row.is_deleted:
            yield from roster.removed(row, r.SchoolClass)
            continue
        if school not in roster.schools and not roster.is_delta:
            yield row.refusal("schoolSourcedId", "this school is not among the orgs", "Add it to orgs.csv.")
            continue
        course = row.get("courseSourcedId")
        subject = roster.courses.get(course or "")
        if subject is None and course and roster.is_delta:
            subject = roster.id("Subject", course)
        roster.class_subjects[identity], roster.school_of[identity] = subject, school
        yield r.SchoolClass(
            **roster.common("SchoolClass", row, school),
            name=row.get("title") or row.get("classCode") or identity,
            class_type="HOMEROOM" if (row.get("classType") or "").lower() == "homeroom" else "SCHEDULED",
            level=next(iter(row.several("grades")), None),
            subject_id=subject,
        )


def demographics(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Learn days of birth."""
    for row in found.rows("demographics"):
        roster.born[row.get("sourcedId") or ""] = row.day("birthDate")
    yield from ()


def users(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield staff, guardians and students, then who is the agent of whom."""
    roles = _roles(found)
    rows = list(found.rows("users"))
    kinds = {row.get("sourcedId") or "": _kind(row, roles) for row in rows}
    for row in sorted(rows, key=lambda one: kinds[one.get("sourcedId") or ""][0] == "Student"):
        kind, role, school = kinds[row.get("sourcedId") or ""]
        if row.is_deleted:
            yield from roster.removed(row, r.Student, r.Guardian, r.StaffMember)
        elif kind == "":
            why = "no role that is known here: student, a kind of staff, or a kind of guardian"
            yield row.refusal("role", why, "Correct the role, or leave the user out.")
        elif row.get("familyName") is None:
            yield row.refusal("familyName", "no name", "Complete the user.")
        else:
            roster.kinds[row.get("sourcedId") or ""] = kind
            roster.school_of[row.get("sourcedId") or ""] = school
            yield from _person(row, kind, role, school, roster)
    for row in rows:
        if roster.kinds.get(row.get("sourcedId") or "") == "Student":
            yield from _agents(row, kinds, roster)


def _roles(found: Bundle) -> dict[str, list[tuple[str, str | None]]]:
    """Return the roles of 1.2, which stand in a file of their own; the primary one first."""
    roles: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for row in found.rows("roles"):
        if not row.is_deleted:
            one = (row.get("role") or "", row.get("orgSourcedId"))
            place = 0 if row.get("roleType") == "primary" else len(roles[row.get("userSourcedId") or ""])
            roles[row.get("userSourcedId") or ""].insert(place, one)
    return roles


def _kind(row: CsvRow, roles: dict[str, list[tuple[str, str | None]]]) -> tuple[str, str, str | None]:
    """Return the kind of record, the role, and the school of a user."""
    listed = roles.get(row.get("sourcedId") or "") or [
        (row.get("role") or "", next(iter(row.several("orgSourcedIds")), row.get("primaryOrgSourcedId")))
    ]
    for role, school in listed:
        lower = role.lower()
        if lower == "student":
            return "Student", lower, school
        if lower in GUARDIANS:
            return "Guardian", lower, school
        if lower in STAFF:
            return "StaffMember", lower, school
    return "", "", None


def _person(row: CsvRow, kind: str, role: str, school: str | None, roster: Roster) -> Iterator[Item]:
    common = roster.common(kind, row, school)
    first_name, last_name = row.get("givenName"), row.get("familyName") or "?"
    born = roster.born.get(common["external_id"])
    names: dict[str, Any] = {"first_name": first_name, "last_name": last_name}
    code = r.person_code(last_name, first_name, born)
    if kind == "Guardian":
        yield r.Guardian(
            **{**common, "school_id": None}, **names, email=row.get("email"), mobile_phone=row.get("sms"),
            landline_phone=row.get("phone"),
        )  # fmt: skip
        return
    if kind == "StaffMember":
        yield r.StaffMember(
            **common, **names, match_code=code, information_system_id=row.get("identifier"),
            role=STAFF[role], email=row.get("email"),
        )  # fmt: skip
        return
    yield r.Student(
        **common,
        **names,
        match_code=code,
        date_of_birth=born,
        grade_level=next(iter(row.several("grades")), None),
        information_system_id=row.get("identifier"),
        national_id=r.number_code("INE", row.get("userMasterIdentifier")),
    )
    for place, of in ((common["school_id"], "SCHOOL"), (common["id"], "SELF")):
        if place is not None:
            yield _enrolment(roster, f"{common['external_id']}:{of}", common, place, of)


def _enrolment(
    roster: Roster, external_id: str, student: dict[str, Any], place: str, kind: str
) -> r.Enrolment:
    return r.Enrolment(
        id=roster.id("Enrolment", external_id),
        school_id=student["school_id"],
        source_id=roster.source,
        external_id=external_id,
        student_id=student["id"],
        class_id=place,
        kind=kind,
    )


def _agents(row: CsvRow, kinds: dict[str, tuple[str, str, str | None]], roster: Roster) -> Iterator[Item]:
    """Yield the guardians of a student; in a delta, the list of agents replaces the one before."""
    student, made = row.get("sourcedId") or "", []
    for agent in row.several("agentSourcedIds"):
        kind, role, _ = kinds.get(agent, ("Guardian", "parent", None) if roster.is_delta else ("", "", None))
        if kind != "Guardian":
            why = "this agent is no parent, guardian or relative among the users"
            yield row.refusal("agentSourcedIds", f"{why}: {agent}", "Add the user with that role.")
            continue
        external_id = f"{agent}:{student}"
        access = role in WITH_ACCESS
        made.append(roster.id("Guardianship", external_id))
        yield r.Guardianship(
            id=made[-1],
            school_id=roster.id("School", kinds[student][2] or ""),
            source_id=roster.source,
            external_id=external_id,
            guardian_id=roster.id("Guardian", agent),
            student_id=roster.id("Student", student),
            relation=GUARDIANS[role],
            responsibility="UNKNOWN" if access else "CONTACT",
            has_data_access=access,
            permissions=GUARDIAN_PERMISSIONS if access else [],
        )
    if roster.is_delta:
        yield Remaining(r.Guardianship, {"student_id": roster.id("Student", student)}, tuple(made))


def enrollments(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield who is in which class, and who teaches it."""
    for row in found.rows("enrollments"):
        if row.is_deleted:
            yield from roster.removed(row, r.Enrolment, r.Teaching)
            continue
        role, user, place = (row.get(name) for name in ("role", "userSourcedId", "classSourcedId"))
        school = row.get("schoolSourcedId")
        kind = roster.kinds.get(user or "")
        if (kind is None or place not in roster.class_subjects) and not roster.is_delta:
            name, file = ("userSourcedId", "users") if kind is None else ("classSourcedId", "classes")
            yield row.refusal(name, f"not among the {file}", f"Add it to {file}.csv.")
            continue
        if role == "student":
            yield r.Enrolment(
                **roster.common("Enrolment", row, school),
                student_id=roster.id("Student", user or ""),
                class_id=roster.id("SchoolClass", place or ""),
                kind="CLASS",
                start_date=row.day("beginDate"),
                end_date=row.day("endDate"),
            )
        elif role == "teacher":
            yield r.Teaching(
                **roster.common("Teaching", row, school),
                staff_id=roster.id("StaffMember", user or ""),
                class_id=roster.id("SchoolClass", place or ""),
                subject_id=roster.class_subjects.get(place or ""),
                is_main_teacher=(row.get("primary") or "").lower() == "true",
            )
