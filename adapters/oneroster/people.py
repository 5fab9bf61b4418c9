"""Users of OneRoster as students, guardians and staff, each by every role they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from adapters import records as r
from adapters.base import Item, Notice, Remaining, Used, with_unread
from adapters.oneroster.files import CsvRow
from adapters.oneroster.roles import KINDS, STAFF, WITH_ACCESS, Person, Role, span
from adapters.oneroster.roster import Roster, changed

Roles = dict[str, list[Role]]
"""The roles of each user, the primary ones first."""
SHOWN = 10
"""How many users a notice names."""


def role_of(row: CsvRow, roster: Roster, roles: Roles) -> Iterator[Item]:
    """Learn one row of roles.csv (1.2). In a delta without the user's row, it may end what the role gave.

    Raises Unreadable: a role of which nobody knows how long it holds gives nothing.
    """
    user, name = row.get("userSourcedId") or "", (row.get("role") or "").lower()
    if name not in KINDS:
        yield row.refusal("role", "no role that is known here", "Correct the role, or leave the row out.")
        return
    role = Role(name, row.get("orgSourcedId"), row.days("beginDate", "endDate"))
    users = roster.found.files.get("users")
    is_described = users is not None and user in users.ids and user not in users.ambiguous
    if not is_described and not roster.is_delta:
        yield roster.unknown(row, "userSourcedId", "users")
    elif row.is_deleted:
        yield from _end_of_role(user, role, roster)
        yield Used()
    elif is_described:
        rank = (row.get("roleType") or "").lower()
        roles[user].insert(0 if rank == "primary" else len(roles[user]), role)
        if rank not in ("primary", "secondary"):
            row.faults.append(
                row.refusal("roleType", "neither primary nor secondary", "Write one of the two.")
            )
        yield Used()
    else:
        yield from _role_alone(row, user, role, roster)


def _role_alone(row: CsvRow, user: str, role: Role, roster: Roster) -> Iterator[Item]:
    """Say what a role means whose user a delta does not repeat."""
    day, (_, last) = row.modified_at, role.period
    has_ended = last is not None and day is not None and last < day.date()
    if has_ended or (role.kind == "Guardian" and role.name not in WITH_ACCESS):
        yield from _end_of_role(user, role, roster)
    else:
        why = "the delta lacks the row of this user, to whom the role belongs"
        yield row.refusal("userSourcedId", why, "Import a complete export; until then nothing changes.")


def _end_of_role(user: str, role: Role, roster: Roster) -> Iterator[Item]:
    """Yield the end of what a role gave, in a delta."""
    if not roster.is_delta:
        return
    if role.kind == "Guardian":
        yield Remaining(r.Guardianship, {"guardian_id": roster.id("Guardian", user)})
    elif role.kind == "StaffMember":
        yield Remaining(r.Teaching, {"staff_id": roster.id("StaffMember", user)})
    elif (school := roster.school(role.org)) is not None:
        yield Remaining(r.Enrolment, {"id": roster.id("Enrolment", f"{user}:SCHOOL:{school}")})


def _roles_of(row: CsvRow, roster: Roster, roles: Roles) -> list[Role]:
    """Return the roles of a user: those of roles.csv (1.2), or the one of the row where it is absent."""
    if "roles" in roster.found.files:
        return roles.get(row.identity, [])
    name = (row.get("role") or "").lower()
    places: list[str | None] = [*row.several("orgSourcedIds")]
    return [Role(name, org) for org in places or [row.get("primaryOrgSourcedId")]] if name in KINDS else []


def user(row: CsvRow, roster: Roster, roles: Roles) -> Iterator[Item]:
    """Yield the records of one user: a student, a guardian, a member of staff, or several of them."""
    if row.is_deleted:
        yield from _removed(row, roster)
        return
    known = _roles_of(row, roster, roles)
    if not known:
        why = "no role that is known here: student, a kind of staff, or a kind of guardian"
        yield row.refusal("role", why, "Correct the role, or leave the user out.")
    elif row.get("familyName") is None:
        yield row.refusal("familyName", "no name", "Complete the user.")
    else:
        person = Person(row, known, row.truth("enabledUser") is not False)
        roster.persons[row.identity] = person
        for kind in person.kinds:
            yield from _RECORDS[kind](person, roster)


def _removed(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield the end of a user, and of what gave rights to them or over them."""
    yield from roster.removed(row, r.Student, r.Guardian, r.StaffMember)
    student = roster.id("Student", row.identity)
    yield Remaining(r.Guardianship, {"guardian_id": roster.id("Guardian", row.identity)})
    yield Remaining(r.Guardianship, {"student_id": student})
    yield Remaining(r.Enrolment, {"student_id": student})
    yield Remaining(r.Teaching, {"staff_id": roster.id("StaffMember", row.identity)})


def _schools(person: Person, kind: str, roster: Roster) -> dict[str, list[Role]]:
    """Return the roles by school, the first school first. Orgs that mean no school are noted as faults."""
    found: dict[str, list[Role]] = defaultdict(list)
    strangers = []
    for role in person.of(kind):
        school = roster.school(role.org)
        if school is not None:
            found[school].append(role)
        elif role.org is not None and role.org not in roster.orgs:
            strangers.append(role.org)
    row, column = person.row, "orgSourcedIds" if "orgSourcedIds" in person.row.fields else "orgSourcedId"
    for org in dict.fromkeys(strangers):
        why = f"{roster.found.missing('orgs', org)}; the rest of the user is taken"
        row.faults.append(row.refusal(column, why, "Add it to orgs.csv.", org))
    if not found and not strangers and kind == "Student":
        why = "no school among the organisations of this student; the rest is taken"
        row.faults.append(row.refusal(column, why, "Name the school of the student."))
    return found


def _names(person: Person) -> dict[str, Any]:
    return {"first_name": person.row.get("givenName"), "last_name": person.row.get("familyName")}


def _match_code(person: Person, roster: Roster) -> str | None:
    row = person.row
    return r.person_code(row.get("familyName"), row.get("givenName"), roster.born.get(row.identity))


def _guardian(person: Person, roster: Roster) -> Iterator[Item]:
    row = person.row
    yield r.Guardian(
        **roster.common("Guardian", row), **_names(person), email=row.get("email"),
        mobile_phone=row.get("sms"), landline_phone=row.get("phone"),
    )  # fmt: skip


def _staff(person: Person, roster: Roster) -> Iterator[Item]:
    row, roles = person.row, person.of("StaffMember")
    schools = _schools(person, "StaffMember", roster)
    made = r.StaffMember(
        **roster.common("StaffMember", row, next(iter(schools), None)),
        **_names(person),
        match_code=_match_code(person, roster),
        information_system_id=row.get("identifier"),
        role=STAFF[roles[0].name],
        email=row.get("email"),
    )
    yield _of_delta(made, {"match_code"}, row, roster)
    if roster.is_delta and not person.is_enabled:
        yield Remaining(r.Teaching, {"staff_id": made.id})


def _student(person: Person, roster: Roster) -> Iterator[Item]:
    row = person.row
    schools = _schools(person, "Student", roster)
    roster.student_schools[row.identity] = next(iter(schools), None)
    first, last = span(role.period for role in person.of("Student"))
    made = r.Student(
        **roster.common("Student", row, next(iter(schools), None)),
        **_names(person),
        match_code=_match_code(person, roster),
        date_of_birth=roster.born.get(row.identity),
        grade_level=next(iter(row.several("grades")), None),
        enrolled_from=first,
        enrolled_to=last,
        information_system_id=row.get("identifier"),
        national_id=r.number_code("INE", row.get("userMasterIdentifier")),
    )
    yield _of_delta(made, {"match_code", "date_of_birth"}, row, roster)
    yield _enrolment(roster, f"{row.identity}:SELF", made, made.id, "SELF")
    for school, roles in schools.items():
        external_id = f"{row.identity}:SCHOOL:{school}"
        enrolment = _enrolment(roster, external_id, made, roster.id("School", school), "SCHOOL")
        enrolment.school_id = enrolment.class_id
        enrolment.start_date, enrolment.end_date = span(role.period for role in roles)
        yield enrolment


_RECORDS = {"Student": _student, "Guardian": _guardian, "StaffMember": _staff}


def _of_delta(made: r.Imported, kept: set[str], row: CsvRow, roster: Roster) -> Item:
    """Return a record as it is, or, where a delta does not repeat the day of birth, without it."""
    if row.identity in roster.unread:
        return with_unread(made, ("date_of_birth",))
    return changed(made, kept) if roster.is_delta and row.identity not in roster.born else made


def _enrolment(roster: Roster, external_id: str, student: r.Student, place: str, kind: str) -> r.Enrolment:
    return r.Enrolment(
        id=roster.id("Enrolment", external_id),
        school_id=student.school_id,
        source_id=roster.source,
        external_id=external_id,
        student_id=student.id,
        class_id=place,
        kind=kind,
    )


def switched_off(roster: Roster) -> Iterator[Notice]:
    """Yield who has a login that is switched off, and what that means here."""
    off = [one for one in roster.persons.values() if not one.is_enabled]
    means = {
        "Guardian": "guardians, who read nothing here until enabledUser is true",
        "StaffMember": "staff, who are not shown as teachers and read nothing through their classes",
        "Student": "students, whose guardians read on; withhold their own login at the identity provider",
    }
    for kind, words in means.items():
        named = [f"{one.row.identity} (line {one.row.line})" for one in off if kind in one.kinds]
        if named:
            more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
            text = f"enabledUser is false for {len(named)} {words}: {', '.join(named[:SHOWN])}{more}"
            yield Notice("users.csv", text)
