"""Enrolments of OneRoster: who is in which class, and who teaches it, from when and until when."""

from __future__ import annotations

from collections.abc import Iterator

from adapters import records as r
from adapters.base import Item, LeftOut
from adapters.oneroster.files import CsvRow
from adapters.oneroster.roles import ALWAYS, KINDS, Period, overlap, span
from adapters.oneroster.roster import Roster, changed

NEEDED_KIND = {"student": "Student", "teacher": "StaffMember"}
"""What a user must be to have a role in a class."""


def enrollments(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield the place of a student in a class, or that of a teacher."""
    role = (row.get("role") or "").lower()
    if row.is_deleted:
        yield from roster.removed(row, r.Enrolment, r.Teaching)
    elif role not in KINDS:
        yield row.refusal("role", "no role that is known here", "Write student or teacher.")
    elif role not in NEEDED_KIND:
        yield LeftOut(f"enrolled as {role}: only students and teachers of a class are shown")
    elif (refusal := _without_user(row, role, roster)) is not None:
        yield refusal
    elif (place := row.get("classSourcedId") or "") not in roster.class_subjects and not roster.is_elsewhere(
        "classes", place
    ):
        yield roster.unknown(row, "classSourcedId", "classes")
    elif role == "student":
        yield _enrolment(row, roster)
    else:
        yield from _teaching(row, roster)


def _without_user(row: CsvRow, role: str, roster: Roster) -> Item | None:
    """Return why the user of an enrolment cannot have this role; None where nothing speaks against it."""
    user = row.get("userSourcedId") or ""
    person = roster.persons.get(user)
    if person is None:
        return None if roster.is_elsewhere("users", user) else roster.unknown(row, "userSourcedId", "users")
    if NEEDED_KIND[role] not in person.kinds:
        why = f"this user is enrolled as {role}, and has no such role: {', '.join(person.kinds)}"
        return row.refusal("userSourcedId", why, "Correct the role of the user, or that of the enrolment.")
    return None


def _school(row: CsvRow, roster: Roster) -> str | None:
    """Return the school of the class; a school of the row that is not known is noted among its faults."""
    school = roster.school(row.get("schoolSourcedId"))
    if school is None:
        why = f"{roster.found.missing('orgs', row.get('schoolSourcedId'))}; the school of the class is taken"
        row.faults.append(row.refusal("schoolSourcedId", why, "Correct orgs.csv, or what refers to it."))
    return roster.school_of.get(row.get("classSourcedId") or "") or school


def _enrolment(row: CsvRow, roster: Roster) -> r.Enrolment:
    first, last = row.days("beginDate", "endDate")
    return r.Enrolment(
        **roster.common("Enrolment", row, _school(row, roster)),
        student_id=roster.id("Student", row.get("userSourcedId") or ""),
        class_id=roster.id("SchoolClass", row.get("classSourcedId") or ""),
        kind="CLASS",
        start_date=first,
        end_date=last,
    )


def _teaching(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield the teaching, for as long as both the enrolment and the role of the user hold."""
    user, place = row.get("userSourcedId") or "", row.get("classSourcedId") or ""
    person = roster.persons.get(user)
    if person is not None and not person.is_enabled:
        yield LeftOut("enrolled as teacher with a login that is switched off (enabledUser is false)")
        return
    period = row.days("beginDate", "endDate")
    first, last = overlap(period, _employed(user, _school(row, roster), roster))
    if first is not None and last is not None and last < first:
        yield LeftOut("enrolled as teacher while the user had no role of staff")
        return
    made = r.Teaching(
        **roster.common("Teaching", row, _school(row, roster)),
        staff_id=roster.id("StaffMember", user),
        class_id=roster.id("SchoolClass", place),
        subject_id=roster.class_subjects.get(place),
        is_main_teacher=row.tolerated(row.truth, "primary") is True,
        start_date=first,
        end_date=last,
    )
    # A delta need not repeat the class: then the subject stays what it was.
    yield made if place in roster.class_subjects else changed(made, {"subject_id"})


def _employed(user: str, school: str | None, roster: Roster) -> Period:
    """Return when a user has a role of staff at a school, or anywhere where none is at that school."""
    person = roster.persons.get(user)
    if person is None:
        return ALWAYS
    roles = person.of("StaffMember")
    here = [role for role in roles if roster.school(role.org) == school]
    return span(role.period for role in here or roles)
