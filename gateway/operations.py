"""Operations as they arrive: read from JSON, an address or a WebSocket message, executed, and answered.

https://graphql.github.io/graphql-over-http/draft/ says which parameters there are, and when there is `data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.types import Receive

from gateway.entrance import BEARER, Refusal
from gateway.errors import formatted
from gateway.execution.planned_schema import PlannedSchema
from gateway.execution.planner import Prepared, Refused
from gateway.rates import Rates
from gateway.settings import Settings
from gateway.time_limit import TimeLimit
from resolvers.context import RequestContext
from resolvers.errors import NotAuthenticated
from resolvers.viewer import Caller
from resolvers.work import TooManyRecords

BASE_COST = 10
BYTES_FOR_ONE = 20
"""What reading an operation costs, beside what it asks for: something, and 1 for so many bytes."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as a client sent it; its parameters have the right types."""

    query: str
    variables: dict[str, Any]
    name: str | None
    shows_cost: bool = False
    """Whether the answer tells what the operation cost: `"extensions": {"cost": true}`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and the status that it has as `application/graphql-response+json`."""

    body: dict[str, Any]
    status: int = 200


def operation_in_json(body: bytes) -> Operation:
    """Read an operation from the JSON body of a request. Raises Refusal."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"The body is not JSON in UTF-8 ({error}).") from error
    return operation_in(given)


def operation_in_address(parameters: Mapping[str, str]) -> Operation:
    """Read an operation from the parameters of an address. Raises Refusal."""
    given: dict[str, Any] = dict(parameters)
    for name in ("variables", "extensions"):
        try:
            given[name] = orjson.loads(given.get(name) or "null")
        except orjson.JSONDecodeError as error:
            raise bad_request(f"`{name}` in the address is not JSON ({error}).") from error
    return operation_in(given)


def operation_in(given: object) -> Operation:
    """Check the parameters of an operation. Raises Refusal."""
    if not isinstance(given, dict):
        raise bad_request('Send one JSON object, such as {"query": "{ __typename }"}.')
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str):
        raise bad_request("`query` must be a text that holds the GraphQL document.")
    if not query.strip():
        raise bad_request("`query` is empty.")
    if not isinstance(variables, dict | None):
        raise bad_request("`variables` must be an object or null.")
    if not isinstance(name, str | None):
        raise bad_request("`operationName` must be a text or null.")
    extensions = given.get("extensions")
    if not isinstance(extensions, dict | None):
        raise bad_request("`extensions` must be an object or null.")
    return Operation(query, variables or {}, name, bool((extensions or {}).get("cost")))


def bad_request(message: str) -> Refusal:
    """Return the refusal of a request that is not an operation."""
    return Refusal(400, "BAD_REQUEST", message)


def refuse_over_get(operation: Operation, schema: PlannedSchema) -> None:
    """Refuse what may not be sent in an address: a link or an image of another site could. Raises Refusal."""
    if schema.operation_type(operation.query, operation.name) is OperationType.MUTATION:
        raise Refusal(405, "METHOD_NOT_ALLOWED", "Send mutations with POST.", {"Allow": "POST"})


class Operations:
    """Prepares and executes operations within the limits of the settings."""

    def __init__(self, schema: PlannedSchema, rates: Rates, settings: Settings) -> None:
        self.schema = schema
        self._rates = rates
        self._max_cost = settings.max_cost
        self._max_answer = settings.max_answer
        self._answer_timeout = settings.answer_timeout

    def admit(self, caller: Caller, address: str | None) -> None:
        """Refuse who has spent what it may spend in a minute, before any work. Raises Refusal."""
        self._rates.admit(caller, address)

    async def prepared(self, operation: Operation, caller: Caller, address: str | None) -> Prepared:
        """Prepare an operation, and charge it to who sent it. Raises Refusal and Refused."""
        cost = BASE_COST + len(operation.query) // BYTES_FOR_ONE
        try:
            found = self.schema.planner.prepare(
                operation.query, operation.name, operation.variables, caller.is_anonymous
            )
            cost += found.cost
        except NotAuthenticated as error:
            raise Refusal(401, error.code, str(error), BEARER) from error
        finally:
            await self._rates.spend(caller, address, cost)
        return found

    async def answered(
        self, operation: Operation, prepared: Prepared, context: RequestContext, receive: Receive | None
    ) -> Answer:
        """Execute a query or a mutation. Raises Refusal, and ClientGone where nobody waits any more."""
        if prepared.plan.operation is OperationType.SUBSCRIPTION:
            message = "Send subscriptions over a WebSocket, or with the header Accept: text/event-stream."
            raise Refusal(406, "NOT_ACCEPTABLE", message)
        try:
            async with TimeLimit(self._answer_timeout, receive):
                data, errors = await self.schema.answer(prepared, context)
        except TooManyRecords as error:
            raise Refusal(400, error.code, str(error)) from error
        answer = _with_errors(data, errors) if errors else Answer({"data": data})
        if operation.shows_cost:
            answer.body["extensions"] = {"cost": {"cost": prepared.cost, "limit": self._max_cost}}
        return answer

    def written(self, answer: Answer) -> bytes:
        """Write an answer as JSON. Raises Refusal where it is too large."""
        body = orjson.dumps(answer.body)
        if len(body) > self._max_answer:
            message = (
                f"The answer has {len(body)} bytes; at the most {self._max_answer} are allowed (the setting "
                "max_answer). Ask for fewer records or fields at once."
            )
            raise Refusal(400, TooManyRecords.code, message)
        return body


def refused_answer(refused: Refused) -> Answer:
    """Say why an operation was not executed: there is no `data`."""
    return Answer({"errors": [formatted(error, refused.code) for error in refused.errors]}, 400)


def _with_errors(data: Any, errors: list[GraphQLError]) -> Answer:
    """Put errors of fields into an answer."""
    shown = [formatted(error) for error in errors]
    return Answer({"data": data, "errors": shown})
