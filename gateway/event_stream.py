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

from gateway.execution.events import Event
from gateway.execution.planned_schema import PlannedSchema
from gateway.execution.planner import Refused
from gateway.listening import Connection
from gateway.operations import (
    Operation,
    Operations,
    operation_in_address,
    operation_in_json,
    refuse_over_get,
    refused_answer,
)
from resolvers.subscriptions.feed import Ended

HEARTBEAT = 12.0
"""Seconds between two signs of life."""
TRANSPORT = SSETransport(HEARTBEAT)
HEADERS = {**TRANSPORT.headers, "Cache-Control": "private, no-store, no-transform"}


async def takes_events(request: Request, schema: PlannedSchema) -> bool:
    """Tell whether to answer in events. Raises Refusal.

    Who takes JSON too gets events for subscriptions only.
    """
    accepted = request.headers.get("accept", "")
    if "event-stream" not in accepted or not TRANSPORT.accepts(accepted):
        return False
    if "json" not in accepted:
        return True
    operation = await read_operation(request)
    return schema.operation_type(operation.query, operation.name) is OperationType.SUBSCRIPTION


async def read_operation(request: Request) -> Operation:
    """Read the operation of a request, from its body or its address. Raises Refusal."""
    if request.method == "POST":
        return operation_in_json(await request.body())
    return operation_in_address(request.query_params)


async def answer_in_events(request: Request, operations: Operations, connection: Connection) -> Response:
    """Begin to answer an operation in events. Raises Refusal."""
    operations.admit(connection.caller, connection.address)
    operation = await read_operation(request)
    if request.method != "POST":
        refuse_over_get(operation, operations.schema)
    connection.last_event_id = request.headers.get("last-event-id") or None
    try:
        prepared = await operations.prepared(operation, connection.caller, connection.address)
    except Refused as error:
        events = _event(refused_answer(error).body)
    else:
        if prepared.plan.operation is OperationType.SUBSCRIPTION:
            events = _events(operations.schema.listen(prepared, connection))
        else:
            context = await connection.context()
            answer = await operations.answered(operation, prepared, context, request.receive)
            operations.written(answer)
            events = _event(answer.body)
    stream = merge_stream_with_heartbeat(
        lambda: events,
        lambda: TRANSPORT.heartbeat_message(_json),
        TRANSPORT.heartbeat_interval,
        # Lets the client know at once that its subscription stands.
        send_initial_heartbeat=True,
    )
    return StreamingResponse(stream(), headers=HEADERS)


async def _event(answer: dict[str, Any]) -> AsyncGenerator[str, None]:
    """Write the one answer of a query or a mutation."""
    yield TRANSPORT.encode_next(answer, _json)  # type: ignore[arg-type]
    yield TRANSPORT.encode_complete()


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


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
