"""Any record by its global id, through the same rights as every other path.

A record of one student is looked for among that student's records, one of the family among the family's:
there is no way around the viewer's scope, and what is not found may not exist or may not be seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.base import Row
from resolvers.context import RequestContext
from resolvers.dashboard import DEFAULT_DASHBOARD
from resolvers.families import family_rows
from resolvers.identifiers import GlobalId, decode
from resolvers.loading import ask, with_filters
from resolvers.selection import Selection

OF_STUDENT: Mapping[str, str] = {
    "Lesson": "Student.lessons",
    "LessonContent": "Student.lesson_contents",
    "Homework": "Student.homework",
    "Grade": "Student.grades",
    "SkillEvaluation": "Student.skill_evaluations",
    "Absence": "Student.absences",
    "AbsenceJustification": "Student.absence_justifications",
    "Incident": "Student.incidents",
    "Punishment": "Student.punishments",
    "Observation": "Student.observations",
    "LiaisonNote": "Student.liaison_notes",
    "Trip": "Student.trips",
    "Acknowledgement": "Student.acknowledgements",
}
OF_FAMILY: Mapping[str, str] = {
    "Event": "Viewer.events",
    "NewsItem": "Viewer.news",
    "Document": "Viewer.documents",
    "Contact": "Viewer.contacts",
}
OF_SCHOOL: Mapping[str, Mapping[str, Any]] = {
    "School": {},
    "Subject": {},
    "GradingPeriod": {},
    "SchoolClass": {"class_type": ("HOMEROOM",)},
    "StudentGroup": {"class_type": ("SCHEDULED",)},
    "StaffMember": {},
    "Skill": {},
    "SkillDomain": {},
    "SkillScale": {},
    "AbsenceReason": {},
    "Charter": {},
}
OF_PERSON: Mapping[str, str] = {"Conversation": "person_id", "Message": "reader_id"}

Loader = Callable[[RequestContext, str, Sequence[GlobalId], tuple[str, ...]], Awaitable[dict[str, Row]]]


async def load(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], selection: Selection
) -> dict[GlobalId, Any]:
    """Load records of one type by id; those the caller may not see are left out."""
    rows = await rows_of(context, type_name, wanted, context.columns(type_name, selection))
    return {one: context.build(type_name, [row], selection, one.student)[0] for one, row in rows.items()}


async def rows_of(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[GlobalId, Row]:
    """Read columns of records of one type by id; those the caller may not see are left out."""
    loader = _loader(type_name)
    rows = await loader(context, type_name, wanted, columns) if loader else {}
    found = {}
    for identifier in wanted:
        row = rows.get(f"{identifier.key}\n{identifier.student or ''}")
        if row is not None and context.source_of(row) == identifier.source:
            found[identifier] = row
    return found


def _loader(type_name: str) -> Loader | None:
    if type_name in OF_STUDENT:
        return _of_student
    if type_name in OF_FAMILY:
        return _of_family
    if type_name in OF_SCHOOL:
        return _of_school
    if type_name in OF_PERSON:
        return _of_person
    return OTHERS.get(type_name)


async def _collect(
    context: RequestContext, question: Any, parents: Sequence[Any], columns: tuple[str, ...]
) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for parent, answer in zip(parents, await context.fetch(question, parents, columns), strict=True):
        if isinstance(answer, Exception):
            raise answer
        rows |= {f"{row['id']}\n{parent._student or ''}": row for row in answer.rows}
    return rows


async def _of_student(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    owners = list(dict.fromkeys(one.student for one in wanted if one.student))
    question = ask(OF_STUDENT[type_name], id=tuple({one.key for one in wanted}))
    return await _collect(context, question, [context.student_parent(one) for one in owners], columns)


async def _of_family(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    question = ask(OF_FAMILY[type_name], id=tuple({one.key for one in wanted}))
    if type_name == "NewsItem":
        question = with_filters(question, shown_at=context.now)
    answers = await family_rows(context, question, list(context.scope.students), columns)
    return {f"{row['id']}\n": row for answer in answers for row in answer.rows}


async def _of_school(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    relation = "SchoolClass" if type_name == "StudentGroup" else type_name
    parents = [context.plain(type_name, {}, one.key, None, None, one.source) for one in wanted]
    found = await _collect(context, ask(relation, **OF_SCHOOL[type_name]), parents, columns)
    if type_name == "School":
        return {key: row for key, row in found.items() if row["id"] in context.scope.schools}
    return found


async def _of_person(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    parents = [context.plain(type_name, {}, one.key) for one in wanted]
    if context.caller.kind == "PARTNER":
        # A partner has no mailbox: it reads what its schools hold, and nobody's folders.
        relation = "School.conversation" if type_name == "Conversation" else type_name
        return await _collect(context, ask(relation), parents, columns)
    mine: dict[str, Any] = {OF_PERSON[type_name]: context.caller.person_id}
    return await _collect(context, ask(type_name, **mine), parents, columns)


async def _guardians(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    # Reading the ties of the caller's students is what makes their other guardians known to the scope.
    students = [context.student_parent(one) for one in context.scope.students]
    await context.fetch(ask("Student.guardianships"), students, ("guardian_id",))
    return await _of_anyone(context, type_name, wanted, columns)


async def _students(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    visible = [one for one in wanted if one.key in context.scope.students]
    return await _of_anyone(context, type_name, visible, columns)


async def _of_anyone(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    parents = [context.plain(type_name, {}, one.key) for one in wanted]
    return await _collect(context, ask(type_name), parents, columns)


async def _trip_updates(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    rows = await _of_anyone(context, type_name, wanted, (*columns, "trip_id"))
    trips = [
        GlobalId("Trip", one.source, rows[f"{one.key}\n"]["trip_id"], one.student)
        for one in wanted
        if f"{one.key}\n" in rows
    ]
    seen = await _of_student(context, "Trip", trips, ("id",)) if trips else {}
    return {
        f"{one.key}\n{one.student or ''}": row
        for one in wanted
        if (row := rows.get(f"{one.key}\n")) and f"{row['trip_id']}\n{one.student or ''}" in seen
    }


async def _own_dashboard(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    mine = [one for one in wanted if one.key == context.caller.person_id]
    default = {"id": context.caller.person_id, **DEFAULT_DASHBOARD}
    saved = await _of_anyone(context, type_name, mine, columns)
    return {f"{one.key}\n": default for one in mine} | saved


async def _own_acceptances(
    context: RequestContext, _type_name: str, _wanted: Sequence[GlobalId], _columns: tuple[str, ...]
) -> dict[str, Row]:
    me = context.plain("Viewer", {}, context.caller.person_id)
    asked = ("acceptance_id", "decision", "decided_at")
    answers = await context.fetch(ask("Person.charters"), [me], asked)
    rows: dict[str, Row] = {}
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        rows |= {f"{row['acceptance_id']}\n": acceptance_row(row) for row in answer.rows if row["decision"]}
    return rows


def acceptance_row(charter: Row) -> Row:
    """Read the caller's answer off a charter's row."""
    return {
        "id": charter["acceptance_id"],
        "charter_id": charter["id"],
        "school_id": charter["school_id"],
        "decision": charter["decision"],
        "decided_at": charter["decided_at"],
    }


async def _sources(
    context: RequestContext, type_name: str, wanted: Sequence[GlobalId], columns: tuple[str, ...]
) -> dict[str, Row]:
    return await _of_anyone(context, type_name, wanted, columns)


OTHERS: Mapping[str, Loader] = {
    "Guardian": _guardians,
    "Student": _students,
    "TripUpdate": _trip_updates,
    "Dashboard": _own_dashboard,
    "CharterAcceptance": _own_acceptances,
    "DataSource": _sources,
    "HelpArticle": _of_anyone,
}


async def by_identifiers(
    context: RequestContext, identifiers: Sequence[str], selection: Selection, type_name: str | None = None
) -> list[Any]:
    """Load records by their global ids, in order; None for what does not exist for the caller."""
    decoded = [decode(identifier) for identifier in identifiers]
    names = {one.type_name for one in decoded if one is not None}
    found: dict[GlobalId, Any] = {}
    for name in sorted(names & context.catalogue.types.keys()):
        if type_name in (None, name):
            wanted = [one for one in decoded if one is not None and one.type_name == name]
            found |= await load(context, name, wanted, selection)
    return [None if one is None else found.get(one) for one in decoded]
