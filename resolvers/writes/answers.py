"""Answers of guardians: signatures of the liaison book, acknowledgements, authorisations of trips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.native.changes import Set
from adapters.records import Acknowledgement, record_id
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId, decode
from resolvers.loading import ask
from resolvers.nodes import load
from resolvers.selection import Selection
from resolvers.writes.given import (
    Named,
    comment,
    named,
    own_name,
    require_open,
    require_permission,
    state_of,
)
from resolvers.writes.performing import GATEWAY, Outcome, Refused, mutation, shown
from schema import AcknowledgePayload, LiaisonNotePayload, TripPayload

fields = Fields()
shown(fields, LiaisonNotePayload, "note", "LiaisonNote")
shown(fields, TripPayload, "trip", "Trip")
shown(fields, AcknowledgePayload, "acknowledgements", "Acknowledgement", many=True)
ASKED = ("requires_acknowledgement", "acknowledgement_deadline", "school_id")
PERMISSIONS = {
    "NewsItem": "READ_SCHOOL_DATA",
    "Punishment": "ACKNOWLEDGE_BEHAVIOUR",
    "Observation": "ACKNOWLEDGE_BEHAVIOUR",
    "Absence": "READ_SCHOOL_DATA",
    "Document": "SIGN_DOCUMENT",
}
"""What may be acknowledged, and the permission it takes."""


@mutation(fields, "sign_liaison_note", LiaisonNotePayload)
async def sign_liaison_note(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Sign a note, or decide where it asks for a decision; a decision may change until the deadline."""
    note = await named(context, "LiaisonNote", given["note_id"], (*ASKED, "requires_decision"), "noteId")
    require_permission(context, note.student, "SIGN_LIAISON_NOTE")
    if not (note.row["requires_acknowledgement"] or note.row["requires_decision"]):
        raise Refused("INVALID_INPUT", "Ce mot ne demande pas de signature.", "noteId")
    require_open(context, note.row, "noteId")
    expected = ("GRANTED", "REFUSED") if note.row["requires_decision"] else ("SIGNED",)
    changes = [await _answered(context, note, str(note.student), given, expected)]
    return Outcome(changes, {"note": [given["note_id"]]}, state_of([note.row]))


@mutation(fields, "answer_trip_consent", TripPayload)
async def answer_trip_consent(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Authorise a trip or refuse it; the answer may change until the deadline."""
    trip = await named(context, "Trip", given["trip_id"], (*ASKED, "status"), "tripId")
    require_permission(context, trip.student, "ANSWER_TRIP_CONSENT")
    if not trip.row["requires_acknowledgement"] or trip.row["status"] == "CANCELLED":
        raise Refused("INVALID_INPUT", "Cette sortie ne demande pas d'autorisation.", "tripId")
    require_open(context, trip.row, "tripId")
    changes = [await _answered(context, trip, str(trip.student), given, ("GRANTED", "REFUSED"))]
    return Outcome(changes, {"trip": [given["trip_id"]]}, state_of([trip.row]))


@mutation(fields, "acknowledge", AcknowledgePayload)
async def acknowledge(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Answer a record for each of the students it concerns."""
    identifier = decode(given["id"])
    if identifier is None or identifier.type_name not in PERMISSIONS:
        raise Refused("NOT_FOUND", "Introuvable.", "id")
    columns = ASKED if identifier.student else (*ASKED, "concerned_student_ids")
    record = await named(context, identifier.type_name, given["id"], columns, "id")
    students = _students(record, given["student_ids"])
    for student in students:
        require_permission(context, student, PERMISSIONS[identifier.type_name])
    if not record.row["requires_acknowledgement"]:
        raise Refused("INVALID_INPUT", "Rien n'est demandé ici.", "id")
    require_open(context, record.row, "id")
    changes = [await _answered(context, record, one, given, ("SEEN", "SIGNED")) for one in students]
    native = context.sources.native.name
    answers = [
        GlobalId("Acknowledgement", native, change.otherwise.id, change.otherwise.student_id).encode()
        for change in changes
        if isinstance(change.otherwise, Acknowledgement)
    ]
    shown_ = {"record": [given["id"]], "acknowledgements": answers}
    return Outcome(changes, shown_, state_of([record.row]))


def _students(record: Named, identifiers: list[str] | None) -> list[str]:
    """Work out for which students an answer is given. Raises Refused."""
    concerned = [record.student] if record.student else list(record.row["concerned_student_ids"] or ())
    if identifiers is None:
        if len(concerned) == 1:
            return [str(concerned[0])]
        message = "Plusieurs élèves sont concernés : dites pour lesquels vous répondez."
        raise Refused("INVALID_INPUT", message, "studentIds")
    chosen = [decode(one) for one in dict.fromkeys(identifiers)]
    keys = [one.key for one in chosen if one is not None and one.type_name == "Student"]
    if not keys or len(keys) < len(chosen) or not set(keys) <= set(concerned):
        raise Refused("NOT_FOUND", "Introuvable.", "studentIds")
    return keys


async def _answered(
    context: RequestContext, record: Named, student: str, given: dict[str, Any], expected: tuple[str, ...]
) -> Set:
    """Write the caller's answer for one student, in place of an earlier one. Raises Refused."""
    decision = given["decision"]
    if decision not in expected:
        raise Refused("INVALID_INPUT", f"Réponses possibles ici : {', '.join(expected)}.", "decision")
    guardian = context.caller.person_id
    question = ask("Record.acknowledgements", guardian_id=(guardian,), student_id=(student,))
    parent = context.plain("Trip", {}, record.key)
    (answer,) = await context.fetch(question, [parent], ("decision",))
    if isinstance(answer, Exception):
        raise answer
    if any(row["decision"] == decision for row in answer.rows):
        raise Refused("ALREADY_DONE", "Vous avez déjà donné cette réponse.", "decision")
    earlier = answer.rows[0]["id"] if answer.rows else None
    new = Acknowledgement(
        id=earlier or record_id(GATEWAY, "Acknowledgement", f"{record.key}\x1f{student}\x1f{guardian}"),
        school_id=record.row["school_id"],
        record_id=record.key,
        student_id=student,
        guardian_id=guardian,
        guardian_name=await own_name(context),
        decision=decision,
        comment=comment(given["comment"]),
        at=context.now,
    )
    values = new.model_dump(include={"decision", "comment", "at", "method"})
    return Set(Acknowledgement, {"id": new.id}, values, new)


@fields.edge(AcknowledgePayload, "record", "shown")
async def record(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Read the record again, whatever its type."""
    results = []
    for parent in parents:
        result = None
        for identifier in map(decode, parent.shown.get("record", ())):
            if identifier is not None:
                result = (await load(context, identifier.type_name, [identifier], selection)).get(identifier)
        results.append(result)
    return results
