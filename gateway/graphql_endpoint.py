"""GraphQL over HTTP, over WebSockets and over event streams: authenticate, execute, answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.entrance import Entrance, Refusal
from gateway.errors import internal
from gateway.event_stream import answer_in_events, read_message, takes_events
from gateway.execution.planner import Refused
from gateway.listening import TURNED_AWAY, Connection, Listeners
from gateway.media_types import JSON, media_type_of_answer, refuse_other_than_json
from gateway.operations import Message, Operations, operation_in_json, refused_answer
from gateway.pages import Explorer
from gateway.settings import Settings
from gateway.time_limit import ClientGone
from gateway.websocket import SocketView
from resolvers.subscriptions.feed import Feed

LONGEST_BEFORE_TOKEN = 16_384
"""Bytes of a message over a WebSocket from somebody who did not come in yet; the token has half of it."""
LONGEST_NUMBER = 18
"""Digits of a Content-Length that are looked at."""


class GraphQLEndpoint:
    """The ASGI application behind /graphql."""

    def __init__(
        self,
        operations: Operations,
        entrance: Entrance,
        feed: Feed,
        listeners: Listeners,
        explorer: Explorer,
        settings: Settings,
    ) -> None:
        self._operations = operations
        self._view = SocketView(operations, settings)
        self._entrance = entrance
        self._feed = feed
        self._listeners = listeners
        self._explorer = explorer
        self._max_body = settings.max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: the explorer page, a refusal, or the result of an operation."""
        if scope["type"] == "websocket":
            return await self._listen(scope, receive, send)
        request = Request(scope, receive)
        if request.method != "POST" and "text/html" in request.headers.get("accept", ""):
            return await self._explorer.page()(scope, receive, send)
        media_type = JSON
        try:
            self._refuse_unread(request)
            if takes_events(request):
                return await self._stream(request, send)
            media_type = media_type_of_answer(request.headers.get("accept"))
            status, body = await self._answer(
                request.headers.get("authorization"),
                address_of(scope),
                partial(read_message, request),
                request.receive,
                media_type,
            )
            response = Response(body, status, media_type=media_type)
        except (ClientDisconnect, ClientGone):
            return
        except Exception as error:
            response = failed(error, scope["path"], media_type)
        await response(scope, receive, send)

    async def answer_plainly(
        self, scope: Scope, receive: Receive, send: Send, further_headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        """Answer a POST of JSON in JSON; its headers and size were checked before.

        `further_headers` are added to those of the answer.
        """
        headers = dict(scope["headers"])
        try:
            status, body = await self._answer(
                headers.get(b"authorization", b"").decode("latin-1"),
                address_of(scope),
                partial(_body, receive),
                receive,
                JSON,
            )
        except (ClientDisconnect, ClientGone):
            return
        except Exception as error:
            response = failed(error, scope["path"], JSON)
            response.raw_headers += further_headers
            return await response(scope, receive, send)
        found = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", b"application/json"),
            *further_headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": found})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self,
        authorization: str | None,
        address: str | None,
        read: Callable[[], Awaitable[Message]],
        receive: Receive,
        media_type: str,
    ) -> tuple[int, bytes]:
        """Execute a query or a mutation; returns the status and the body. Raises Refusal."""
        caller = await self._entrance.caller(authorization)
        payer = self._operations.admit(caller, address)
        # Before a place is taken: a body may take its time to arrive.
        message = await read()
        with self._operations.place(payer):
            await self._operations.charge_reading(payer, message.size)
            context = await self._entrance.context(caller)
            operation = message.operation()
            try:
                prepared = await self._operations.prepared(operation, context, payer)
                answer = await self._operations.answered(operation, prepared, context, payer, receive)
            except Refused as error:
                answer = refused_answer(error)
            body = self._operations.written(answer)
        return answer.status_as(media_type), body

    async def _listen(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until either side ends it."""
        try:
            with self._listeners.place(address_of(scope)) as take:
                connection = Connection(self._entrance, self._feed, take, address_of(scope))
                scope["passerelle.context"] = connection
                try:
                    await self._view(scope, partial(self._charged, connection, receive), send)
                finally:
                    connection.left()
        except Refusal as error:
            await WebSocket(scope, receive, send).send_denial_response(refused(error))

    async def _charged(self, connection: Connection, receive: Receive) -> Any:
        """Receive from a WebSocket, and charge what came; who has nothing left is sent away."""
        event = await receive()
        if event["type"] == "websocket.receive":
            size = len(event.get("text") or event.get("bytes") or b"")
            if size > LONGEST_BEFORE_TOKEN and not connection.has_entered and connection.close is not None:
                await connection.close(1009, f"Before connection_ack, {LONGEST_BEFORE_TOKEN} bytes at most.")
                return {"type": "websocket.disconnect", "code": 1009}
            try:
                payer = self._operations.admit(connection.caller, connection.address)
                await self._operations.charge_reading(payer, size)
            except Refusal as error:
                if connection.close is not None:
                    await connection.close(TURNED_AWAY[error.status], str(error))
                return {"type": "websocket.disconnect", "code": TURNED_AWAY[error.status]}
        return event

    async def _stream(self, request: Request, send: Send) -> None:
        """Serve one event stream until either side ends it. Raises Refusal."""
        with self._listeners.place(address_of(request.scope)) as take:
            connection = Connection(self._entrance, self._feed, take, address_of(request.scope))
            try:
                await connection.enter(request.headers.get("authorization"))
                response = await answer_in_events(request, self._operations, connection)
                await response(request.scope, request.receive, send)
            finally:
                connection.left()

    def _refuse_unread(self, request: Request) -> None:
        """Refuse a body that is not worth reading: of another type, or too large. Raises Refusal."""
        if request.method != "POST":
            return
        refuse_other_than_json(request.headers)
        length = request.headers.get("content-length", "")
        if not length:
            raise Refusal(411, "LENGTH_REQUIRED", "Send the header Content-Length.")
        if not length.isdecimal() or len(length) > LONGEST_NUMBER or int(length) > self._max_body:
            message = f"A request may have {self._max_body} bytes at the most (the setting max_body)."
            raise Refusal(413, "TOO_LARGE", message)


def address_of(scope: Scope) -> str | None:
    """Return the address of the client, which a trusted proxy may have told."""
    client = scope.get("client")
    return client[0] if client else None


async def _body(receive: Receive) -> Message:
    """Read the body of a request. Raises ClientDisconnect."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return Message(len(body), partial(operation_in_json, body))


def failed(error: Exception, path: str, media_type: str) -> Response:
    """Answer a request that was refused, or that met a fault of ours."""
    if isinstance(error, Refusal):
        return refused(error, media_type)
    return Response(orjson.dumps({"errors": [internal(error, path)]}), 500, media_type=media_type)


def refused(error: Refusal, media_type: str = JSON) -> Response:
    """Answer a request that may not come in."""
    body = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
    return Response(orjson.dumps(body), error.status, error.headers, media_type)
