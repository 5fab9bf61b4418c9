"""GraphQL over server-sent events: the protocol graphql-sse in its mode of distinct connections.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md: every result is an event `next`, the end an
event `complete`. Results of subscriptions carry their cursor as `id`, so that a client that comes back with
`Last-Event-ID` (HTML standard, section 9.2) misses nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from strawberry.http.streaming import SSETransport, merge_stream_with_heartbeat
from strawberry.types.execution import PreExecutionError

from gateway.execution.events import Event
from gateway.execution.planner import Refused
from gateway.listening import Connection
from gateway.media_types import media_type_of_answer
from gateway.operations import (
    Message,
    Operations,
    operation_in_address,
    operation_in_json,
    refused_answer,
)
from resolvers.subscriptions.feed import End, Ended

HEARTBEAT = 12.0
"""Seconds between two signs of life."""
TRANSPORT = SSETransport(HEARTBEAT)
SIGN_IN_AGAIN = {End.REVOKED: "TOKEN_REVOKED", End.EXPIRED: "UNAUTHENTICATED"}
"""Codes of a last error, as those of requests, for who would come back in vain."""
HEADERS = {**TRANSPORT.headers, "Cache-Control": "private, no-store, no-transform"}


def takes_events(request: Request) -> bool:
    """Tell whether the client takes events."""
    accepted = request.headers.get("accept", "")
    return "event-stream" in accepted and TRANSPORT.accepts(accepted)


async def read_message(request: Request) -> Message:
    """Read the body or the address of a request."""
    if request.method == "POST":
        body = await request.body()
        return Message(len(body), partial(operation_in_json, body))
    size = len(request.scope["query_string"])
    return Message(size, lambda: operation_in_address(request.query_params))


async def answer_in_events(request: Request, operations: Operations, connection: Connection) -> Response:
    """Begin to answer an operation in events. Raises Refusal.

    Who takes JSON too gets events for subscriptions only.
    """
    payer = operations.admit(connection.caller, connection.address)
    message = await read_message(request)
    with operations.place(payer):
        await operations.charge_reading(payer, message.size)
        operation = message.operation()
        connection.last_event_id = request.headers.get("last-event-id") or None
        answer = None
        try:
            context = await connection.context()
            prepared = await operations.prepared(operation, context, payer)
            if prepared.plan.operation is not OperationType.SUBSCRIPTION:
                answer = await operations.answered(operation, prepared, context, payer, request.receive)
        except Refused as error:
            answer = refused_answer(error)
        written = b"" if answer is None else operations.written(answer)
        if answer is not None and "json" in request.headers["accept"]:
            media_type = media_type_of_answer(request.headers["accept"])
            return Response(written, answer.status_as(media_type), media_type=media_type)
    events = _events(operations.listen(prepared, connection)) if answer is None else _event(written)
    stream = merge_stream_with_heartbeat(
        lambda: events,
        lambda: TRANSPORT.heartbeat_message(_json),
        TRANSPORT.heartbeat_interval,
        # Lets the client know at once that its subscription stands.
        send_initial_heartbeat=True,
    )
    return StreamingResponse(stream(), headers=HEADERS)


async def _event(written: bytes) -> AsyncGenerator[str, None]:
    """Tell the one answer of a query or a mutation."""
    yield _next(written)
    yield TRANSPORT.encode_complete()


async def _events(results: AsyncGenerator[Event | PreExecutionError, None]) -> AsyncGenerator[str, None]:
    """Write results as events; a stream that ends without `complete` tells the client to come back.

    Who has to sign in again is told so by a last error.
    """
    try:
        async for result in results:
            if isinstance(result, Event):
                yield f"id: {result.cursor}\r\n{_next(result.written)}"
            else:
                errors = [error.formatted for error in result.errors or ()]
                yield _next(orjson.dumps({"data": None, "errors": errors}))
    except Ended as error:
        code = SIGN_IN_AGAIN.get(error.reason)
        if code is None:
            return
        last = {"errors": [{"message": error.reason.value, "extensions": {"code": code}}]}
        yield _next(orjson.dumps(last))
    finally:
        await results.aclose()
    yield TRANSPORT.encode_complete()


def _next(written: bytes) -> str:
    """Write an answer, which is JSON already, as an event."""
    return TRANSPORT.encode_next({}, lambda _answer: written.decode())


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
