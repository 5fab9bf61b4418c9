"""How a mutation is carried out: decided by its action, written once, and read again for the answer.

A refusal is part of the answer (`errors`), never a transport error, and leaves everything as it was. A call
that is sent again with its `clientMutationId` finds the receipt of the first and answers as that did.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

import orjson

from adapters.base import RetryLater
from adapters.native.changes import AlreadyWritten, Change, Outdated
from adapters.records import MutationReceipt, record_id
from resolvers.context import RequestContext
from resolvers.errors import NotPermitted, SourceFailed
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import decode
from resolvers.loading import ask
from resolvers.nodes import load
from resolvers.selection import Selection
from schema import Mutation

log = logging.getLogger("passerelle")

PERSONS = {"GUARDIAN": "Guardian", "STUDENT": "Student", "TEACHER": "StaffMember", "STAFF": "StaffMember"}
"""The relation that holds a caller, by kind."""
GATEWAY = "gateway"
"""The source of what is written here first."""
AWAY = "La source ne répond pas ; réessayez plus tard."


class Refused(Exception):
    """An action that is not carried out, and why; `path` leads to the field of the input."""

    def __init__(self, code: str, message: str, *path: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action writes, and the identifiers of the records that the answer shows, by field."""

    changes: Sequence[Change] = ()
    shown: dict[str, list[str]] = field(default_factory=dict)
    write_state: str = "CONFIRMED"


Action = Callable[[RequestContext, dict[str, Any]], Awaitable[Outcome]]


def mutation(domain: Fields, name: str, payload: type) -> Callable[[Action], Action]:
    """Register the action behind a mutation: (context, input) to its outcome. Raises Refused."""

    def register(action: Action) -> Action:
        async def batch(
            context: RequestContext, _parents: Sequence[Any], arguments: Arguments, _selection: Selection
        ) -> Sequence[Any]:
            given = _plain(arguments["input"])
            return [await _perform(context, name, payload.__name__, given, action)]

        domain.edge(Mutation, name)(batch)
        return action

    return register


def shown(domain: Fields, payload: type, name: str, type_name: str, many: bool = False) -> None:
    """Register the field of a payload that shows records: read again, with the rights of every other path."""

    async def batch(
        context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        results: list[Any] = []
        for parent in parents:
            decoded = (decode(one) for one in parent.shown.get(name, ()))
            wanted = [one for one in decoded if one is not None]
            # A refused action shows nothing, and must not ask for what the caller may not read.
            found = await load(context, type_name, wanted, selection) if wanted else {}
            listed = [found[one] for one in wanted if one in found]
            results.append(listed if many else (listed[0] if listed else None))
        return results

    domain.edge(payload, name, "shown")(batch)


async def _perform(
    context: RequestContext, name: str, payload: str, given: dict[str, Any], action: Action
) -> Any:
    client_mutation_id = given.pop("client_mutation_id")
    columns: dict[str, Any] = {"client_mutation_id": client_mutation_id, "errors": [], "shown": {}}
    try:
        outcome = await _once(context, name, given, client_mutation_id, action)
        columns |= {"shown": outcome.shown, "write_state": outcome.write_state}
    except RetryLater as error:
        log.warning("The database does not answer %s: %r", name, error.__cause__ or error)
        columns |= _failed(context, Refused("SOURCE_UNAVAILABLE", AWAY))
    except Refused as error:
        columns |= _failed(context, error)
    return context.plain(payload, columns)


def _failed(context: RequestContext, error: Refused) -> dict[str, Any]:
    refusal = {"code": error.code, "message": error.message, "field": list(error.path) or None}
    return {"errors": [context.plain("UserError", refusal)], "write_state": "FAILED"}


async def _once(
    context: RequestContext, name: str, given: dict[str, Any], client_mutation_id: str | None, action: Action
) -> Outcome:
    """Carry an action out, unless there is a receipt that it was. Raises Refused."""
    if client_mutation_id is None:
        outcome = await _decided(context, given, action)
        await _write(context, outcome, None)
        return outcome
    if not 1 <= len(client_mutation_id) <= 200:
        raise Refused("INVALID_INPUT", "clientMutationId : de 1 à 200 caractères.", "clientMutationId")
    key = record_id(GATEWAY, "MutationReceipt", f"{context.caller.person_id}\x1f{client_mutation_id}")
    fingerprint = hashlib.blake2b(
        orjson.dumps([name, given], option=orjson.OPT_SORT_KEYS), digest_size=16
    ).hexdigest()
    known = await context.state.receipt(key)
    if known is None:
        outcome = await _decided(context, given, action)
        receipt = MutationReceipt(
            id=key,
            fingerprint=fingerprint,
            results=outcome.shown,
            write_state=outcome.write_state,
            done_at=context.now,
        )
        try:
            await _write(context, outcome, receipt)
            return outcome
        except AlreadyWritten:
            # The same call is under way twice, and the other one was faster.
            known = await context.state.receipt(key)
            assert known is not None
    if known.fingerprint != fingerprint:
        message = "Ce clientMutationId a déjà servi pour une autre action : choisissez-en un nouveau."
        raise Refused("CONFLICT", message, "clientMutationId")
    return Outcome((), known.results, known.write_state)


async def _decided(context: RequestContext, given: dict[str, Any], action: Action) -> Outcome:
    if context.caller.kind in ("PARTNER", "ANONYMOUS"):
        raise Refused("NOT_PERMITTED", "Ce compte est en lecture seule.")
    if not await _is_known(context):
        raise Refused("NOT_PERMITTED", "Ce compte n'est celui d'aucune personne connue ici.")
    try:
        return await action(context, given)
    except NotPermitted as error:
        raise Refused("NOT_PERMITTED", "Vous n'avez pas accès à ces données.") from error
    except SourceFailed as error:
        raise Refused("SOURCE_UNAVAILABLE", AWAY) from error


async def _is_known(context: RequestContext) -> bool:
    """Tell whether the caller is a person of the database: a token alone makes none."""
    (answer,) = await context.fetch(ask(PERSONS[context.caller.kind]), [context.me()], ("id",))
    if isinstance(answer, Exception):
        raise answer
    return bool(answer.rows)


async def _write(context: RequestContext, outcome: Outcome, receipt: MutationReceipt | None) -> None:
    try:
        await context.state.write(outcome.changes, receipt)
    except Outdated as error:
        raise Refused("CONFLICT", "Quelque chose a changé entre-temps : relisez et recommencez.") from error


def _plain(value: Any) -> Any:
    """Turn an input into what JSON holds."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value
