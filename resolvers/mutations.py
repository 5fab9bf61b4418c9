"""The entry points for writing: a refusal is part of the answer, never a transport error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId, decode
from resolvers.loading import ask
from resolvers.nodes import load
from resolvers.queries import viewer_of
from resolvers.selection import Selection
from schema import CharterPayload, Mutation, SelectStudentPayload

fields = Fields()


def refusal(context: RequestContext, code: str, message: str, *path: str) -> Any:
    """Describe a refusal for the user."""
    return context.plain("UserError", {"code": code, "message": message, "field": list(path) or None})


def payload(context: RequestContext, type_name: str, given: Any, **columns: Any) -> Any:
    """Make a payload that echoes the client's mutation id."""
    return context.plain(type_name, {"errors": [], "client_mutation_id": given.client_mutation_id, **columns})


async def _charter_in_force(context: RequestContext, identifier: str) -> Any:
    """Find a charter that the caller may answer."""
    named = decode(identifier)
    if named is None or named.type_name != "Charter":
        return None
    asked = ("version", "decision", "answered_version")
    (answer,) = await context.fetch(ask("Person.charters"), [context.me()], asked)
    if isinstance(answer, Exception):
        raise answer
    return next((row for row in answer.rows if row["id"] == named.key), None)


async def _answer_charter(
    context: RequestContext, given: Any, decision: str, version: str | None
) -> Sequence[Any]:
    charter = await _charter_in_force(context, given.charter_id)
    if charter is None:
        error = refusal(context, "NOT_FOUND", "Cette charte n'existe pas.", "charterId")
        return [payload(context, "CharterPayload", given, errors=[error], acceptance_key=None, seen=True)]
    if version is not None and version != charter["version"]:
        message = f"La version en vigueur est {charter['version']} : relisez la charte."
        error = refusal(context, "CONFLICT", message, "version")
        return [payload(context, "CharterPayload", given, errors=[error], acceptance_key=None, seen=True)]
    key = await context.state.answer_charter(
        context.caller.person_id, charter["id"], charter["version"], decision, context.now
    )
    refused = decision == "REFUSED"
    await context.reload_scope()
    return [payload(context, "CharterPayload", given, acceptance_key=key, seen=not refused)]


@fields.edge(Mutation, "accept_charter")
async def accept_charter(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Record that the caller accepts the version shown; accepting twice changes nothing."""
    given = arguments["input"]
    return await _answer_charter(context, given, "ACCEPTED", given.version)


@fields.edge(Mutation, "refuse_charter")
async def refuse_charter(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Record the refusal and revoke every token of the caller."""
    return await _answer_charter(context, arguments["input"], "REFUSED", None)


@fields.edge(Mutation, "select_student")
async def select_student(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Remember the student of the permanent bar; null selects all."""
    given = arguments["input"]
    named = decode(given.student_id) if given.student_id else None
    student = named.key if named is not None and named.type_name == "Student" else None
    if given.student_id and student not in context.scope.students:
        error = refusal(context, "NOT_FOUND", "Cet élève n'existe pas.", "studentId")
        return [payload(context, "SelectStudentPayload", given, errors=[error])]
    await context.state.select_student(context.caller.person_id, student)
    context.scope.selected_student_id = student
    return [payload(context, "SelectStudentPayload", given)]


@fields.edge(CharterPayload, "acceptance", "acceptance_key")
async def acceptance(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The answer as recorded."""
    wanted = [
        GlobalId("CharterAcceptance", context.sources.native.name, parent.acceptance_key or "")
        for parent in parents
    ]
    found = await load(context, "CharterAcceptance", wanted, selection)
    return [found.get(one) for one in wanted]


@fields.edge(CharterPayload, "viewer", "seen")
async def viewer_after_charter(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """The caller; nobody after a refusal."""
    return [viewer_of(context) if parent.seen else None for parent in parents]


@fields.edge(SelectStudentPayload, "viewer")
async def viewer_after_selection(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """The caller with the new choice."""
    return [viewer_of(context) for _ in parents]
