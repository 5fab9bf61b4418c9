"""Trips: programme, consent and news on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.acknowledgements import answers_to
from resolvers.connections import connection_type, page_of, student_connection
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.loading import Ask, ask
from resolvers.selection import Selection
from schema import (
    Attachment,
    SchoolClass,
    StaffMember,
    StudentGroup,
    Trip,
    TripConnection,
    TripConsent,
    TripUpdate,
    TripUpdateConnection,
)

fields = Fields()
student_connection(fields, "trips", TripConnection, Trip, "Student.trips")
fields.to_one(Trip, "leader", StaffMember, "leader_id")
fields.to_many(Trip, "accompanying", StaffMember, "accompanying_ids")
fields.children(Trip, "attachments", Attachment, "Record.attachments")
fields.children(TripUpdate, "attachments", Attachment, "Record.attachments")
fields.to_one(TripUpdate, "author", StaffMember, "author_id")


def _classes_of(kind: type, target: type, name: str, class_type: str) -> None:
    """Register an edge to the classes or groups among the audience of a record."""

    async def batch(
        context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        pointers = [
            context.plain("SchoolClass", {}, one, None, parent._school, parent._source)
            for parent in parents
            for one in parent.class_ids
        ]
        type_name = target.__name__
        columns = context.columns(type_name, selection)
        answers = iter(await context.fetch(ask("SchoolClass", class_type=(class_type,)), pointers, columns))
        results: list[Any] = []
        for parent in parents:
            found = [next(answers) for _ in parent.class_ids]
            failed = next((one for one in found if isinstance(one, Exception)), None)
            rows = [row for one in found if not isinstance(one, Exception) for row in one.rows]
            results.append(failed or context.build(type_name, rows, selection))
        return results

    fields.edge(kind, name, "class_ids")(batch)


def audience_edges(kind: type) -> None:
    """Register `classes` and `groups` of a record meant for classes."""
    _classes_of(kind, SchoolClass, "classes", "HOMEROOM")
    _classes_of(kind, StudentGroup, "groups", "SCHEDULED")


audience_edges(Trip)

CONSENT_NEEDS = (
    "is_mandatory",
    "status",
    "requires_acknowledgement",
    "acknowledgement_deadline",
    "requires_all_guardians",
    "school_id",
)


@fields.edge(Trip, "consent", *CONSENT_NEEDS)
async def consent(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Work out where the authorisation of each trip stands from the answers of the guardians."""
    columns = ("student_id", "guardian_id", "decision", "at")
    found = await context.fetch(ask("Record.acknowledgements"), parents, columns)
    ties = await context.fetch(
        ask("Student.guardianships", responsibility=("LEGAL_GUARDIAN",)),
        [context.student_parent(parent._student) for parent in parents],
        ("guardian_id",),
    )
    results: list[Any] = []
    for trip, answer, legal in zip(parents, found, ties, strict=True):
        failed = next((one for one in (answer, legal) if isinstance(one, Exception)), None)
        if isinstance(answer, Exception) or isinstance(legal, Exception):
            results.append(failed)
            continue
        latest = {
            row["guardian_id"]: row["decision"] for row in answer.rows if row["student_id"] == trip._student
        }
        expired = trip.acknowledgement_deadline is not None and (
            trip.acknowledgement_deadline < context.today(trip._school)
        )
        status = consent_status(trip, list(latest.values()), len(legal.rows), expired)
        columns_ = {
            "status": status,
            "is_required": trip.requires_acknowledgement,
            "deadline": trip.acknowledgement_deadline,
            "requires_all_guardians": trip.requires_all_guardians,
            "can_answer": trip.requires_acknowledgement
            and not expired
            and trip.status != "CANCELLED"
            and context.takes_answers(trip._source)
            and context.permits(trip._student, "ANSWER_TRIP_CONSENT"),
        }
        results.append(
            context.plain("TripConsent", columns_, trip._id, trip._student, trip._school, trip._source)
        )
    return results


def consent_status(trip: Any, decisions: list[str], legal_guardians: int, expired: bool) -> str:
    """One parent's agreement is enough (Code civil, 372-2) unless the school was told of a disagreement."""
    if not trip.requires_acknowledgement:
        return "NOT_REQUIRED"
    if "REFUSED" in decisions:
        return "REFUSED"
    granted = decisions.count("GRANTED")
    needed = max(legal_guardians, 1) if trip.requires_all_guardians else 1
    if granted >= needed:
        return "GRANTED"
    if expired:
        return "EXPIRED"
    return "PARTIAL" if granted else "PENDING"


@fields.edge(TripConsent, "answers")
async def answers(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List the answers for the trip's own student."""
    return await answers_to(context, parents, selection)


@fields.lists(Trip, "updates", connection_type(TripUpdateConnection, TripUpdate))
async def updates(
    _context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """Page through the news of each trip, newest first."""
    return ask("Trip.updates", page_of(arguments, selection, TripUpdateConnection.__name__))
