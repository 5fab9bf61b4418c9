"""What a viewer is told of records that they may see: schools, ties and scopes keep some of it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.base import Children, Parent, Row
from resolvers.routing import CAPABILITIES
from resolvers.viewer import Scope

CHOICES: Mapping[str, str] = {
    "Student.grades": "show_grades",
    "Assessment.grades": "show_grades",
    "Student.skill_evaluations": "show_skills",
    "SkillEvaluation.results": "show_skills",
    "Assessment.skill_results": "show_skills",
    "Student.punishments": "show_punishments",
    "Incident.punishments": "show_punishments",
    "Punishment.sessions": "show_punishments",
}
"""What a school may choose not to publish (`School.displayPolicy`), by relation."""
FAMILIES = frozenset({"Student.guardianships", "Guardian", "Guardian.guardianships"})
"""Relations that say who the families are; partners need the directory for them."""
MAIL = frozenset({"Viewer.conversations", "Conversation", "Message"})
"""Relations of conversations, which may be about students whom their reader may not read about any more."""
TIES = "Guardian.guardianships"
"""The relation of the ties of a guardian, the caller or another."""
NAMES = frozenset({"id", "first_name", "last_name", "birth_name", "school_id", "source_id"})
"""What is told of a student whom a record names, and of whom the viewer may not read anything else."""


def needed_capability(scope: Scope, relation: str) -> str | None:
    """Return the kind of data that the caller must be open to for a relation, if any."""
    if scope.caller.kind == "PARTNER" and relation in FAMILIES:
        return "DIRECTORY_READ"
    return CAPABILITIES.get(relation)


def is_published(scope: Scope, relation: str, student: Row) -> bool:
    """Tell whether the school of a student publishes what a relation holds."""
    choice = CHOICES.get(relation)
    if choice is None:
        return True
    policy = scope.schools.get(student.get("school_id") or "", {}).get("display_policy") or {}
    return bool(policy.get(choice, True))


def told(scope: Scope, relation: str, row: Row) -> Row:
    """Return what the caller is told of a row: of students whom a record names, often the name alone."""
    if relation != "Student":
        return row
    is_open = row["id"] in scope.students
    if is_open and (scope.caller.kind != "PARTNER" or "DIRECTORY_READ" in scope.caller.capabilities):
        return row
    return {
        name: value if name in NAMES or name.startswith(("_", "@")) else None for name, value in row.items()
    }


def keep_open_ties(scope: Scope, parents: Sequence[Parent], answer: Mapping[str, Children]) -> None:
    """Leave of the ties of other guardians only those to students that are open to the caller."""
    for parent in parents:
        ties = answer.get(parent.group)
        if ties is not None and parent.id != scope.caller.person_id:
            ties.rows = [row for row in ties.rows if row["student_id"] in scope.students]


def filters_for(scope: Scope, relation: str, filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the filters of a question; a guardian's mailbox shows nothing about other students."""
    if relation not in MAIL or scope.caller.kind != "GUARDIAN":
        return filters
    return {**filters, "open_to_students": tuple(scope.students)}
