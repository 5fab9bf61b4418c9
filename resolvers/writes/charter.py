"""Answers to the charter, and the student of the permanent bar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.native.changes import Set
from adapters.records import CharterAcceptance, PersonState, record_id
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId, decode
from resolvers.loading import ask
from resolvers.queries import viewer_of
from resolvers.selection import Selection
from resolvers.writes.performing import GATEWAY, Outcome, Refused, mutation, shown
from schema import CharterPayload, SelectStudentPayload

fields = Fields()
shown(fields, CharterPayload, "acceptance", "CharterAcceptance")
SESSION = "session"
"""The key under which an outcome says that it ended the session."""


@mutation(fields, "accept_charter", CharterPayload)
async def accept_charter(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Record that the caller accepts the version shown; accepting twice changes nothing."""
    charter = await _charter_in_force(context, given["charter_id"])
    if given["version"] != charter["version"]:
        message = f"La version en vigueur est {charter['version']} : relisez la charte."
        raise Refused("CONFLICT", message, "version")
    return _answer(context, charter, "ACCEPTED")


@mutation(fields, "refuse_charter", CharterPayload)
async def refuse_charter(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Record the refusal and revoke every token of the caller issued until now."""
    outcome = _answer(context, await _charter_in_force(context, given["charter_id"]), "REFUSED")
    ended = revocation(context.caller.person_id, context.now)
    return Outcome([*outcome.changes, ended], {**outcome.shown, SESSION: ["ended"]})


def revocation(person: str, now: datetime) -> Set:
    """Close every session of a person: tokens issued until now are refused, subscriptions end."""
    state = PersonState(id=person, tokens_revoked_before=now)
    return Set(PersonState, {"id": person}, {"tokens_revoked_before": now}, state)


async def _charter_in_force(context: RequestContext, identifier: str) -> dict[str, Any]:
    """Find a charter that the caller may answer. Raises Refused."""
    name = decode(identifier)
    asked = ("version", "decision", "answered_version")
    (answer,) = await context.fetch(ask("Person.charters"), [context.me()], asked)
    if isinstance(answer, Exception):
        raise answer
    for row in answer.rows:
        if name is not None and name.type_name == "Charter" and row["id"] == name.key:
            return row
    raise Refused("NOT_FOUND", "Cette charte n'existe pas.", "charterId")


def _answer(context: RequestContext, charter: dict[str, Any], decision: str) -> Outcome:
    person = context.caller.person_id
    answer = CharterAcceptance(
        id=record_id(GATEWAY, "CharterAcceptance", f"{person}\x1f{charter['id']}"),
        person_id=person,
        charter_id=charter["id"],
        version=charter["version"],
        decision=decision,
        decided_at=context.now,
    )
    values = answer.model_dump(include={"version", "decision", "decided_at"})
    where = {"person_id": person, "charter_id": charter["id"]}
    name = GlobalId("CharterAcceptance", context.sources.native.name, answer.id).encode()
    return Outcome([Set(CharterAcceptance, where, values, answer)], {"acceptance": [name]})


@mutation(fields, "select_student", SelectStudentPayload)
async def select_student(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Remember the student of the permanent bar; null selects all."""
    name = decode(given["student_id"]) if given["student_id"] else None
    student = name.key if name is not None and name.type_name == "Student" else None
    if given["student_id"] and student not in context.scope.students:
        raise Refused("NOT_FOUND", "Cet élève n'existe pas.", "studentId")
    state = PersonState(id=context.caller.person_id, selected_student_id=student)
    return Outcome([Set(PersonState, {"id": state.id}, {"selected_student_id": student}, state)])


@fields.edge(CharterPayload, "viewer", "shown")
async def viewer_after_charter(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """The caller with the rights that the answer gave; nobody after a refusal."""
    await context.reload_scope()
    return [None if SESSION in parent.shown else viewer_of(context) for parent in parents]


@fields.edge(SelectStudentPayload, "viewer")
async def viewer_after_selection(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """The caller with the new choice."""
    await context.reload_scope()
    return [viewer_of(context) for _ in parents]
