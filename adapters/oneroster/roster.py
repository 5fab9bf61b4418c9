"""What is read of a OneRoster export so far; its organisations, sessions, courses and classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapters import records as r
from adapters.base import Changed, Item, LeftOut, Refusal, Remaining, Used
from adapters.french_schools import time_zone
from adapters.oneroster.files import Bundle, CsvRow
from adapters.oneroster.roles import Person
from adapters.oneroster.scales import Scale

PERIODS = {"semester": "SEMESTER", "schoolYear": "YEAR", "term": "OTHER", "gradingPeriod": "OTHER"}
ORGANISATIONS = ("school", "department", "district", "local", "state", "national")
"""Types of orgs of the standard."""


@dataclass(slots=True)
class Roster:
    """What was read so far, by sourcedId."""

    source: str
    found: Bundle
    schools: dict[str, str] = field(default_factory=dict)
    """The org that is the school of each org: itself, or the one above it."""
    orgs: set[str] = field(default_factory=set)
    periods: dict[str, str | None] = field(default_factory=dict)
    courses: dict[str, str | None] = field(default_factory=dict)
    """Ids of subjects by course."""
    class_subjects: dict[str, str | None] = field(default_factory=dict)
    school_of: dict[str, str | None] = field(default_factory=dict)
    """Schools of classes."""
    student_schools: dict[str, str | None] = field(default_factory=dict)
    born: dict[str, date | None] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    """Users whose day of birth could not be read."""
    persons: dict[str, Person] = field(default_factory=dict)
    """The users that were taken."""
    categories: dict[str, str] = field(default_factory=dict)
    """Titles of categories of assessments."""
    line_items: dict[str, tuple[str, str | None, date]] = field(default_factory=dict)
    """Subject, grading period and day of each line item."""
    scales: dict[str, Scale] = field(default_factory=dict)
    scale_of: dict[tuple[str, str], Scale] = field(default_factory=dict)
    """Scales by the column that names their user (lineItemSourcedId, resultSourcedId) and its value."""

    @property
    def is_delta(self) -> bool:
        """Tell whether the export holds changes alone."""
        return self.found.is_delta

    @property
    def only_school(self) -> str | None:
        """The sourcedId of the school, where the export has only one."""
        schools = set(self.schools.values())
        return next(iter(schools)) if len(schools) == 1 else None

    def school(self, org: str | None) -> str | None:
        """Return the school that an org is or belongs to; a delta need not repeat orgs."""
        if org is None or org in self.schools:
            return self.schools.get(org or "")
        return org if self.is_delta and org not in self.orgs else None

    def is_elsewhere(self, file: str, identity: str | None) -> bool:
        """Tell whether a delta refers to a record that it does not repeat."""
        return bool(identity) and self.is_delta and identity not in self.found.ids(file)

    def id(self, kind: str, sourced_id: str) -> str:
        """Return the id of a record."""
        return r.record_id(self.source, kind, sourced_id)

    def common(self, kind: str, row: CsvRow, school: str | None = None) -> dict[str, Any]:
        """Return the columns that every record has."""
        return {
            "id": self.id(kind, row.identity),
            "school_id": self.id("School", school) if school else None,
            "source_id": self.source,
            "external_id": row.identity,
            "modified_at": row.modified_at,
        }

    def removed(self, row: CsvRow, *kinds: type[r.Imported]) -> Iterator[Item]:
        """Yield the end of a record that is no longer valid."""
        for kind in kinds:
            yield Remaining(kind, {"id": self.id(kind.__name__, row.identity)})

    def unknown(self, row: CsvRow, column: str, file: str) -> Refusal:
        """Describe a row whose field means no record that was taken."""
        why = self.found.missing(file, row.get(column))
        return row.refusal(column, why, f"Correct {file}.csv, or what refers to it.")


def changed(record: r.Imported, kept: set[str]) -> Changed:
    """Return a record of a delta of which some columns stay what they were."""
    values = record.model_dump(exclude={"id", *kept, *r.PROVENANCE})
    return Changed(type(record), record.id, values, record)


def find_schools(roster: Roster) -> None:
    """Find which orgs are schools: those of that type, and those without one above that classes name."""
    types, above = dict[str, str](), dict[str, str | None]()
    for row in roster.found.rows("orgs"):
        if row.fault is None and not row.is_deleted:
            types[row.identity] = (row.get("type") or "").lower()
            above[row.identity] = row.get("parentSourcedId")
    named = {row.get("schoolSourcedId") for row in roster.found.rows("classes")}
    roster.orgs.update(types)
    for org in types:
        line: list[str] = []
        one: str | None = org
        while one in types and one not in line:
            line.append(one)
            one = above[one]
        school = next((one for one in line if types[one] == "school"), None)
        school = school or next((one for one in line if one in named), None)
        if school is None and roster.is_delta and types[org] == "department":
            school = one or org  # a delta need not repeat the school above, nor the classes
        if school is not None:
            roster.schools[org] = school


def orgs(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield a school; other organisations are no part of the graph."""
    kind = (row.get("type") or "").lower()
    if row.is_deleted:
        yield from roster.removed(row, r.School)
    elif roster.schools.get(row.identity) == row.identity:
        national_id = row.get("identifier")
        yield r.School(
            **roster.common("School", row, row.identity),
            national_id=national_id,
            name=row.get("name") or national_id or row.identity,
            time_zone=time_zone(national_id),
        )
    elif kind not in ORGANISATIONS:
        yield row.refusal("type", "no type of organisation", f"Write one of {', '.join(ORGANISATIONS)}.")
    elif row.identity in roster.schools:
        yield LeftOut(f"a {kind} of a school: who belongs to it belongs to the school")
    else:
        yield LeftOut(f"a {kind} that no class names as its school: only schools are shown")


def sessions(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield a grading period. It belongs to no org in the standard: to the school where there is only one."""
    if row.is_deleted:
        yield from roster.removed(row, r.GradingPeriod)
        return
    first, last = row.days("startDate", "endDate")
    if first is None or last is None:
        name = "endDate" if first else "startDate"
        yield row.refusal(name, "no days from and to", "Write startDate and endDate as 2026-09-01.")
        return
    roster.periods[row.identity] = roster.id("GradingPeriod", row.identity)
    parent = row.get("parentSourcedId")
    if parent and not roster.is_delta and parent not in roster.found.files["academicSessions"].ids:
        yield roster.unknown(row, "parentSourcedId", "academicSessions")
        parent = None
    yield r.GradingPeriod(
        **roster.common("GradingPeriod", row, roster.only_school),
        name=row.get("title") or row.identity,
        kind=PERIODS.get(row.get("type") or "", "OTHER"),
        start_date=first,
        end_date=last,
        parent_id=roster.id("GradingPeriod", parent) if parent else None,
    )


def courses(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield a subject for a course: named by its title, or else by its subjects."""
    if row.is_deleted:
        yield from roster.removed(row, r.Subject)
        return
    roster.courses[row.identity] = roster.id("Subject", row.identity)
    code = next(iter(row.several("subjectCodes")), None) or row.get("courseCode")
    name = row.get("title") or next(iter(row.several("subjects")), None) or code or row.identity
    school = roster.school(row.get("orgSourcedId"))
    yield r.Subject(**roster.common("Subject", row, school), code=code, name=name)


def classes(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield a class."""
    if row.is_deleted:
        yield from roster.removed(row, r.SchoolClass)
        return
    school = roster.school(row.get("schoolSourcedId"))
    if school is None:
        yield roster.unknown(row, "schoolSourcedId", "orgs")
        return
    course = row.get("courseSourcedId")
    subject = roster.courses.get(course or "")
    if subject is None and course:
        if roster.is_delta:
            subject = roster.id("Subject", course)
        else:
            row.faults.append(roster.unknown(row, "courseSourcedId", "courses"))
    kind = (row.get("classType") or "").lower()
    if kind not in ("", "homeroom", "scheduled"):
        row.faults.append(row.refusal("classType", "neither homeroom nor scheduled", "Write one of the two."))
    roster.class_subjects[row.identity], roster.school_of[row.identity] = subject, school
    yield r.SchoolClass(
        **roster.common("SchoolClass", row, school),
        name=row.get("title") or row.get("classCode") or row.identity,
        class_type="HOMEROOM" if kind == "homeroom" else "SCHEDULED",
        level=next(iter(row.several("grades")), None),
        subject_id=subject,
    )


def demographics(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Learn a day of birth; in a delta without the user, it changes the student's alone."""
    roster.unread.add(row.identity)
    born = None if row.is_deleted else row.day("birthDate")
    roster.unread.discard(row.identity)
    roster.born[row.identity] = born
    users = roster.found.files.get("users")
    if users is not None and row.identity in users.ids:
        yield Used()
    elif roster.is_delta:
        yield Changed(r.Student, roster.id("Student", row.identity), {"date_of_birth": born})
    else:
        why = roster.found.missing("users", row.identity)
        yield row.refusal("sourcedId", why, "Add the user, or leave the row out.")
