"""Giving the reason of absences."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from adapters.native.changes import Change, Insert, Set
from adapters.records import Absence, AbsenceJustification
from resolvers.context import RequestContext
from resolvers.fields import Fields
from resolvers.writes.given import Named, all_named, comment, named, own_name, require_permission, state_of
from resolvers.writes.performing import GATEWAY, Outcome, Refused, mutation, shown
from schema import AbsencesPayload

fields = Fields()
shown(fields, AbsencesPayload, "absences", "Absence", many=True)
ABSENCE = ("justification_status", "is_settled", "kind", "school_id")
REASON = ("school_id", "kinds", "selectable_by_guardian", "requires_document")
WAITING = ("AWAITING_GUARDIAN", "REJECTED")


@mutation(fields, "justify_absences", AbsencesPayload)
async def justify_absences(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Send one justification for several absences; all of them or none."""
    absences = await all_named(context, "Absence", given["absence_ids"], ABSENCE, "absenceIds")
    for one in absences:
        _require_justifiable(context, one)
    reason = await _reason(context, given["reason_id"], absences)
    words = comment(given["comment"])
    if reason is None and words is None:
        raise Refused("INVALID_INPUT", "Donnez un motif ou un commentaire.", "reasonId")
    name = await own_name(context)
    changes: list[Change] = []
    for one in absences:
        key = uuid4().hex
        justification = AbsenceJustification(
            id=key,
            external_id=key,
            source_id=GATEWAY,
            school_id=one.row["school_id"],
            absence_id=one.key,
            student_id=str(one.student),
            guardian_id=context.caller.person_id,
            author_name=name,
            reason_id=reason,
            comment=words,
            submitted_at=context.now,
        )
        # Two guardians may answer at the same time: the second finds the status changed.
        as_seen = {"id": one.key, "justification_status": one.row["justification_status"]}
        changes.append(Set(Absence, as_seen, {"justification_status": "SUBMITTED"}, is_certain=True))
        changes.append(Insert(justification))
    return Outcome(changes, {"absences": given["absence_ids"]}, state_of(one.row for one in absences))


def _require_justifiable(context: RequestContext, absence: Named) -> None:
    require_permission(context, absence.student, "JUSTIFY_ABSENCE")
    if not context.policy(absence.row).get("online_justification", False):
        message = "L'établissement ne prend pas les justifications en ligne."
        raise Refused("NOT_PERMITTED", message, "absenceIds")
    if absence.row["justification_status"] not in WAITING:
        raise Refused("ALREADY_DONE", "Une de ces absences n'attend pas de justification.", "absenceIds")


async def _reason(context: RequestContext, identifier: str | None, absences: list[Named]) -> str | None:
    """Find the reason among those of the absences' school that a guardian may choose. Raises Refused."""
    if identifier is None:
        return None
    reason = await named(context, "AbsenceReason", identifier, REASON, "reasonId")
    schools = {one.row["school_id"] for one in absences}
    if not reason.row["selectable_by_guardian"] or schools != {reason.row["school_id"]}:
        raise Refused("NOT_FOUND", "Introuvable.", "reasonId")
    kinds = reason.row["kinds"]
    if kinds and not all(one.row["kind"] in kinds for one in absences):
        raise Refused("INVALID_INPUT", "Ce motif ne convient pas à une de ces absences.", "reasonId")
    if reason.row["requires_document"]:
        message = "Ce motif demande un justificatif : remettez-le à l'établissement."
        raise Refused("NOT_SUPPORTED_BY_SOURCE", message, "reasonId")
    return reason.key
