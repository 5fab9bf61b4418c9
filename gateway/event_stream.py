"""GraphQL over server-sent events: the protocol graphql-sse in its mode of distinct connections.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md: every result is an event `next`, the end an
event `complete`. Results of subscriptions carry their cursor as `id`, so that a client that comes back with
`Last-Event-ID` (HTML standard, section 9.2) misses nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from strawberry.http.streaming import SSETransport, merge_stream_with_heartbeat
from strawberry.types import ExecutionResult

from gateway.entrance import Refusal
from gateway.execution.events import Event
from gateway.execution.planned_schema import PlannedSchema
from gateway.listening import Connection
from resolvers.subscriptions.feed import Ended

HEARTBEAT = 12.0
"""Seconds between two signs of life."""
TRANSPORT = SSETransport(HEARTBEAT)


async def takes_events(request: Request, schema: PlannedSchema) -> bool:
    """Tell whether to answer in events: who takes JSON too gets them for subscriptions only."""
    accepted = request.headers.get("accept", "")
    if not TRANSPORT.accepts(accepted) or "json" not in accepted:
        return TRANSPORT.accepts(accepted)
    if request.method == "POST" and "json" not in request.headers.get("content-type", ""):
        return False
    try:
        query, _, name = await _operation(request)
    except Refusal:
        return False
    return schema.operation_type(query, name) is OperationType.SUBSCRIPTION


async def answer_in_events(request: Request, schema: PlannedSchema, connection: Connection) -> Response:
    """Begin to answer an operation in events. Raises Refusal."""
    query, variables, name = await _operation(request)
    if request.method == "GET" and schema.operation_type(query, name) is OperationType.MUTATION:
        raise Refusal(405, "METHOD_NOT_ALLOWED", "Send mutations with POST.")
    connection.last_event_id = request.headers.get("last-event-id") or None
    results = await schema.stream(query, variables, connection, operation_name=name)
    stream = merge_stream_with_heartbeat(
        lambda: _events(results),
        lambda: TRANSPORT.heartbeat_message(_json),
        TRANSPORT.heartbeat_interval,
        # Lets the client know at once that its subscription stands.
        send_initial_heartbeat=True,
    )
    return StreamingResponse(stream(), headers=TRANSPORT.headers)


async def _events(results: AsyncGenerator[ExecutionResult, None]) -> AsyncGenerator[str, None]:
    """Write results as events; a stream that ends without `complete` tells the client to come back."""
    try:
        async for result in results:
            answer: dict[str, Any] = {"data": result.data}
            if result.errors:
                answer["errors"] = [error.formatted for error in result.errors]
            event = TRANSPORT.encode_next(answer, _json)  # type: ignore[arg-type]
            yield f"id: {result.cursor}\r\n{event}" if isinstance(result, Event) else event
    except Ended:
        return
    finally:
        await results.aclose()
    yield TRANSPORT.encode_complete()


async def _operation(request: Request) -> tuple[str, dict[str, Any], str | None]:
    """Read an operation from the body of a POST, or the address of a GET. Raises Refusal."""
    try:
        if request.method == "GET":
            asked: Any = dict(request.query_params)
            asked["variables"] = orjson.loads(asked.get("variables") or "{}")
        else:
            asked = orjson.loads(await request.body())
        query, variables, name = asked["query"], asked.get("variables") or {}, asked.get("operationName")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(400, "BAD_REQUEST", "Send JSON with `query`, and `variables` where needed.") from error
    if not isinstance(query, str) or not isinstance(variables, dict):
        raise Refusal(400, "BAD_REQUEST", "`query` must be a text and `variables` an object.")
    return query, variables, name if isinstance(name, str) else None


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
