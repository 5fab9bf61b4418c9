"""Who is the guardian of whom in OneRoster: written in the student's row, in the guardian's, or in both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters import records as r
from adapters.base import Entry, Item, Notice, Remaining
from adapters.french_schools import GUARDIAN_PERMISSIONS
from adapters.oneroster.roles import GUARDIANS, WITH_ACCESS, Period, Person, Role, joined
from adapters.oneroster.roster import Roster


@dataclass(slots=True)
class _Ties:
    """The ties of an export: made once each, whoever names whom."""

    made: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Ids of guardianships by guardian and student."""
    left_alone: set[tuple[str, str]] = field(default_factory=set)
    """Ties of a delta to guardians whom it does not describe."""
    by_students: bool = False
    by_guardians: bool = False


def ties(roster: Roster) -> Iterator[Item]:
    """Yield the guardianships, with the entry of the row that names them; in a delta, what they replace."""
    found = _Ties()
    persons = roster.persons.values()
    for person in sorted(persons, key=lambda one: "Student" not in one.kinds):
        agents = person.row.several("agentSourcedIds")
        if agents:
            yield Entry(person.row.file, person.row.where, is_continued=True)
        for agent in agents:
            yield from _tie(person, agent, found, roster)
    if roster.is_delta:
        yield from _replaced(found, roster)


def _tie(person: Person, agent: str, found: _Ties, roster: Roster) -> Iterator[Item]:
    """Yield what one sourcedId in `agentSourcedIds` means."""
    row, me, other = person.row, person.row.identity, roster.persons.get(agent)
    is_elsewhere = other is None and roster.is_elsewhere("users", agent)
    if "Student" in person.kinds and other is not None and "Guardian" in other.kinds and agent != me:
        found.by_students = True
        yield from _guardianships(agent, me, other, person, found, roster)
    elif "Guardian" in person.kinds and other is not None and "Student" in other.kinds and agent != me:
        found.by_guardians = True
        yield from _guardianships(me, agent, person, other, found, roster)
    elif is_elsewhere and "Student" in person.kinds:
        found.by_students = True
        found.left_alone.add((agent, me))
    elif is_elsewhere and "Guardian" in person.kinds:
        found.by_guardians = True
        yield from _guardianships(me, agent, person, None, found, roster)
    elif other is None:
        why = roster.found.missing("users", agent)
        yield row.refusal("agentSourcedIds", f"{why}: {agent}", "Correct the user, or the reference.")
    else:
        why = f"a tie is between a student and a parent, guardian or relative; {agent} is no such user"
        yield row.refusal("agentSourcedIds", why, "Correct the role, or take the reference out.")


def _guardianships(
    guardian: str, student: str, who: Person, whose: Person | None, found: _Ties, roster: Roster
) -> Iterator[Item]:
    """Yield one guardianship for each period for which the guardian has the role."""
    if (guardian, student) in found.made:
        return
    made = found.made[guardian, student] = []
    roles, periods = _rights(who, whose, roster)
    access = roles[0].name in WITH_ACCESS and who.is_enabled
    school = next((one for one in _schools(whose, roster)), None) if whose is not None else None
    for number, (first, last) in enumerate(reversed(periods)):
        external_id = f"{guardian}:{student}" + (f":{first}" if number else "")
        made.append(roster.id("Guardianship", external_id))
        yield r.Guardianship(
            id=made[-1],
            school_id=roster.id("School", school) if school else None,
            source_id=roster.source,
            external_id=external_id,
            guardian_id=roster.id("Guardian", guardian),
            student_id=roster.id("Student", student),
            relation=GUARDIANS[roles[0].name],
            responsibility="UNKNOWN" if roles[0].name in WITH_ACCESS else "CONTACT",
            has_data_access=access,
            permissions=GUARDIAN_PERMISSIONS if access else [],
            valid_from=first,
            valid_to=last,
        )


def _schools(student: Person, roster: Roster) -> list[str]:
    return [school for role in student.of("Student") if (school := roster.school(role.org)) is not None]


def _rights(who: Person, whose: Person | None, roster: Roster) -> tuple[list[Role], list[Period]]:
    """Return the roles that a guardian has for a student, those with access first, and when they hold.

    A role at the student's school goes before one elsewhere: it may have ended while the other goes on.
    """
    roles = who.of("Guardian")
    schools = set(_schools(whose, roster)) if whose is not None else set()
    roles = [role for role in roles if roster.school(role.org) in schools] or roles
    roles = [role for role in roles if role.name in WITH_ACCESS] or roles
    return roles, joined(role.period for role in roles)


def _replaced(found: _Ties, roster: Roster) -> Iterator[Item]:
    """Yield which ties a delta ends: those of a student it describes, or of a guardian, and not named anew.

    Systems write ties in the rows of students or in those of guardians; an empty field in the others' rows
    says nothing. A guardian who is described without access loses the ties that the delta does not repeat.
    """
    students = found.by_students or not found.by_guardians
    made: dict[tuple[int, str], list[str]] = defaultdict(list)
    for pair, ids in found.made.items():
        for place, one in enumerate(pair):
            made[place, one] += ids
    for pair in found.left_alone:
        made[1, pair[1]].append(roster.id("Guardianship", ":".join(pair)))
    for identity, person in roster.persons.items():
        if "Student" in person.kinds and students:
            student = roster.id("Student", identity)
            yield Remaining(r.Guardianship, {"student_id": student}, tuple(made[1, identity]))
        if "Guardian" in person.kinds and (found.by_guardians or not _may_read(person)):
            guardian = roster.id("Guardian", identity)
            yield Remaining(r.Guardianship, {"guardian_id": guardian}, tuple(made[0, identity]))
    if found.left_alone:
        agents = ", ".join(sorted({guardian for guardian, _ in found.left_alone})[:10])
        text = (
            f"agents whom the delta does not describe: their ties stay as they were, none is made: {agents}"
        )
        yield Notice("users.csv", text)
    if roster.persons and not (found.by_students or found.by_guardians):
        text = "no user of the delta names agents: the students in it lose their ties, guardians keep theirs"
        yield Notice("users.csv", text)


def _may_read(guardian: Person) -> bool:
    """Tell whether a guardian of a delta still has access on the day on which the user was changed."""
    changed_at = guardian.row.modified_at
    last = [role.period[1] for role in guardian.of("Guardian") if role.name in WITH_ACCESS]
    ended = changed_at is not None and all(day is not None and day < changed_at.date() for day in last)
    return guardian.is_enabled and bool(last) and not ended
