"""Incidents, punishments and observations. Other students are never named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from adapters.base import Children, Row, encode_cursor
from resolvers.calendar import windows
from resolvers.connections import ConnectionType, page_of, student_connection
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import keys
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import (
    Attachment,
    Incident,
    IncidentConnection,
    Lesson,
    Observation,
    ObservationConnection,
    Punishment,
    PunishmentConnection,
    PunishmentSession,
    Room,
    StaffMember,
    Student,
    Subject,
)

fields = Fields()
student_connection(fields, "incidents", IncidentConnection, Incident, "Student.incidents")
student_connection(fields, "punishments", PunishmentConnection, Punishment, "Student.punishments")
student_connection(fields, "observations", ObservationConnection, Observation, "Student.observations")
fields.to_one(Incident, "lesson", Lesson, "lesson_id")
fields.to_one(Incident, "reported_by", StaffMember, "reported_by_id")
fields.children(Incident, "punishments", Punishment, "Incident.punishments")
fields.children(Incident, "attachments", Attachment, "Record.attachments")
fields.to_one(Punishment, "lesson", Lesson, "lesson_id")
fields.to_one(Punishment, "incident", Incident, "incident_id")
fields.children(Punishment, "sessions", PunishmentSession, "Punishment.sessions")
fields.children(Punishment, "attachments", Attachment, "Record.attachments")
fields.to_one(PunishmentSession, "room", Room, "room_id")
fields.to_one(PunishmentSession, "supervisor", StaffMember, "supervisor_id")
fields.to_one(Observation, "subject", Subject, "subject_id")
fields.to_one(Observation, "author", StaffMember, "author_id")


@fields.derive(Incident, "description", "description", "student_role")
def description(row: Row, _context: RequestContext) -> str | None:
    """Tell what happened only where it cannot point at another child."""
    return row["description"] if row["student_role"] in ("AUTHOR", "PARTICIPANT") else None


def _author(name: str) -> None:
    """Register an edge to who gave or decided a punishment, hidden where the school hides it."""

    async def batch(
        context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        shown = [
            (parent, getattr(parent, f"{name}_id"))
            if context.shows(parent.__dict__, "show_punishment_author")
            else (parent, None)
            for parent in parents
        ]
        return await context.referenced("StaffMember", StaffMember, shown, selection)

    fields.edge(Punishment, name, f"{name}_id")(batch)


_author("given_by")
_author("decided_by")

TIMELINE = {
    "Incident": "Student.incidents",
    "Punishment": "Student.punishments",
    "Observation": "Student.observations",
}
BEHAVIOUR = ConnectionType("BehaviourConnection", "BehaviourEdge", "BehaviourRecord")


@fields.edge(Student, "behaviour")
async def behaviour(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Merge the three lists into one time line: one statement each, whatever the number of students."""
    page = page_of(arguments, selection, BEHAVIOUR.connection)
    given = dict(arguments)
    if arguments.get("period_id"):
        given |= await context.period_dates(keys([arguments["period_id"]], "GradingPeriod") or ())
    spans = await windows(context, [parent._student for parent in parents], given)
    nodes = BEHAVIOUR.nodes(selection)
    asked = [
        context.fetch(
            ask(relation, page, windows=spans),
            parents,
            (*context.columns(name, nodes), "date"),
        )
        for name, relation in TIMELINE.items()
    ]
    lists = await asyncio.gather(*asked)
    results: list[Any] = []
    for index, parent in enumerate(parents):
        answers = {name: answer[index] for name, answer in zip(TIMELINE, lists, strict=True)}
        failed = next((one for one in answers.values() if isinstance(one, Exception)), None)
        results.append(failed or _timeline(context, parent, answers, selection, page))
    return results


def _timeline(context: RequestContext, parent: Any, answers: Any, selection: Selection, page: Any) -> Any:
    """Put the newest first and keep one page of the three lists together."""
    rows: list[tuple[date, str, str, Row]] = [
        (row["date"], row["id"], name, row) for name, answer in answers.items() for row in answer.rows
    ]
    rows.sort(key=lambda entry: entry[:2], reverse=True)
    kept = rows[: page.limit]
    merged = Children(
        cursors=[encode_cursor([day, key]) for day, key, _, _ in kept] if page.cursors else [],
        total=sum(answer.total for answer in answers.values()),
        skipped=sum(answer.skipped for answer in answers.values()),
        more=len(rows) > len(kept) or any(answer.more for answer in answers.values()),
    )
    nodes = BEHAVIOUR.nodes(selection)
    built = [context.build(name, [row], nodes, parent._student)[0] for _, _, name, row in kept]
    return BEHAVIOUR.build(context, merged, built, page, selection)
