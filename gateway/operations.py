"""Operations as they arrive: read from JSON, an address or a WebSocket message, executed, and answered.

https://graphql.github.io/graphql-over-http/draft/ says which parameters there are, and when there is `data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType as AllowedType

from gateway.entrance import Refusal
from gateway.errors import INTERNAL_CODE, NO_OPERATION, WRONG_VARIABLES, formatted
from gateway.execution.planned_schema import PlannedSchema
from resolvers.context import RequestContext


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as a client sent it; its parameters have the right types."""

    query: str
    variables: dict[str, Any]
    name: str | None


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
    if not isinstance(variables, dict | None):
        raise bad_request("`variables` must be an object or null.")
    if not isinstance(name, str | None):
        raise bad_request("`operationName` must be a text or null.")
    if not isinstance(given.get("extensions"), dict | None):
        raise bad_request("`extensions` must be an object or null.")
    return Operation(query, variables or {}, name)


def bad_request(message: str) -> Refusal:
    """Return the refusal of a request that is not an operation."""
    return Refusal(400, "BAD_REQUEST", message)


def refuse_over_get(operation: Operation, schema: PlannedSchema) -> None:
    """Refuse what may not be sent in an address: a link or an image of another site could. Raises Refusal."""
    if schema.operation_type(operation.query, operation.name) is OperationType.MUTATION:
        raise Refusal(405, "METHOD_NOT_ALLOWED", "Send mutations with POST.", {"Allow": "POST"})


async def answered(operation: Operation, schema: PlannedSchema, context: RequestContext) -> Answer:
    """Execute a query or a mutation. Raises Refusal."""
    found = await schema.answer(operation.query, operation.variables, operation.name, context)
    if found is None:
        return await _unplanned(operation, schema, context)
    data, errors = found
    if not errors:
        return Answer({"data": data})
    return _with_errors(data, errors)


async def _unplanned(operation: Operation, schema: PlannedSchema, context: RequestContext) -> Answer:
    """Answer what has no plan, which most often is what has a mistake."""
    if schema.operation_type(operation.query, operation.name) is OperationType.SUBSCRIPTION:
        message = "Send subscriptions over a WebSocket, or with the header Accept: text/event-stream."
        raise Refusal(406, "NOT_ACCEPTABLE", message)
    if operation.name is None and _has_several(operation.query, schema.planner.limits.max_tokens):
        # Strawberry would execute the first.
        message = "The document has several operations: name the one to execute in `operationName`."
        return _with_errors(None, [GraphQLError(message)], NO_OPERATION)
    try:
        result = await schema.execute(
            operation.query,
            operation.variables,
            context,
            operation_name=operation.name,
            # Of every kind, so that mistakes are told whatever it is.
            allowed_operation_types=AllowedType,
        )
    except CannotGetOperationTypeError:
        named = f" {operation.name}" if operation.name else ""
        message = f"The document has no operation{named}; name one in `operationName`."
        return _with_errors(None, [GraphQLError(message)], NO_OPERATION)
    except MissingQueryError as error:
        raise bad_request("`query` is empty.") from error
    if not result.errors:
        return Answer({"data": result.data})
    if isinstance(result, PreExecutionError):
        return _with_errors(None, result.errors)
    return _with_errors(result.data, result.errors, WRONG_VARIABLES)


def _has_several(query: str, max_tokens: int) -> bool:
    """Tell whether a document has several operations; one that cannot be parsed has none."""
    try:
        document = parse(query, no_location=True, max_tokens=max_tokens)
    except GraphQLError:
        return False
    return sum(isinstance(one, OperationDefinitionNode) for one in document.definitions) > 1


def _with_errors(data: Any, errors: list[GraphQLError], code: str | None = None) -> Answer:
    """Put errors into an answer; one that was never executed has no `data`."""
    shown = [formatted(error, code) if code else formatted(error) for error in errors]
    if data is not None or any(error.path for error in errors):
        return Answer({"data": data, "errors": shown})
    is_ours = any(one["extensions"]["code"] == INTERNAL_CODE for one in shown)
    return Answer({"errors": shown}, 500 if is_ours else 400)
