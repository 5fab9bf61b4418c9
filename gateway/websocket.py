"""GraphQL over WebSockets (graphql-transport-ws): Strawberry's view, with our rights and our errors."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any, cast

import orjson
from graphql import GraphQLError, OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import Operation as Subscribed
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message
from strawberry.types.execution import PreExecutionError

from gateway.entrance import Refusal
from gateway.errors import internal
from gateway.execution.planner import Prepared, Refused
from gateway.listening import TURNED_AWAY, Connection
from gateway.operations import Operation, Operations, operation_in, refused_answer
from gateway.settings import Settings
from gateway.websocket_frames import WRITABLE
from resolvers.subscriptions.feed import Ended
from resolvers.subscriptions.streams import cursor_at

LONGEST_REASON = 123
"""Bytes of the reason of a close frame (RFC 6455, section 5.5)."""
TOO_LATE = 4408
"""The close code of who does not say who it is in time."""
MOST_OPERATIONS = 20
"""Operations of one WebSocket at once: subscriptions, and queries that were not answered yet."""


class _Socket(ASGIWebSocketAdapter):
    """A WebSocket that is closed once, and silent afterwards; one message at a time is written."""

    def __init__(self, view: Any, request: WebSocket, response: WebSocket) -> None:
        super().__init__(view, request, response)
        request.scope["passerelle.context"].close = self.close
        self._wait = request.scope.get("extensions", {}).get(WRITABLE)
        self._writing = asyncio.Lock()

    async def writable(self) -> None:
        """Wait until the client has read nearly all that was sent, or has gone."""
        if self._wait is not None:
            await self._wait()

    async def send_json(self, message: Any) -> None:
        # It waits as bytes: with one emoji, a text takes four times as much.
        written = orjson.dumps(message)
        async with self._writing:
            await self.writable()
            if self.ws.application_state is WebSocketState.CONNECTED:
                # Who has gone is noticed where messages are received, which ends all that is under way.
                with suppress(WebSocketDisconnect):
                    await self.ws.send_text(written.decode())

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            if code == TOO_LATE:
                view: Any = self.view
                reason = f"No connection_init came within {view.patience:g} s (connection_init_timeout)."
            short = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
            await super().close(code, short)


class _Handler(BaseGraphQLTransportWSHandler[Connection, None]):
    """Strawberry's handler: messages are checked first, queries and mutations answered as over HTTP."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._asked: dict[str, Operation] = {}
        """By id, operations that were sent and not begun."""
        self._answering = asyncio.Lock()
        """Held from when a query is executed until its answer is sent."""

    @property
    def offered(self) -> Operations:
        """What may be asked, and within which limits."""
        view: Any = self.view
        found: Operations = view.offered
        return found

    @property
    def _socket(self) -> _Socket:
        found: Any = self.websocket
        return cast(_Socket, found)

    async def handle_message(self, message: Any) -> None:
        """Take a message, which may be any JSON."""
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            return await self.handle_invalid_message("A message must be an object with `type`.")
        if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
            return await self.handle_invalid_message(f"`id` of {message['type']} must be a text.")
        if message["type"] == "complete":
            # It may come before the operation has begun, which then never begins.
            self._asked.pop(message["id"], None)
        is_new = message["type"] == "subscribe" and message["id"] not in self.operations
        if is_new and self.connection_acknowledged:
            try:
                self._asked[message["id"]] = operation_in(message.get("payload"))
                self._require_room()
            except Refusal as error:
                return await self._refuse(message["id"], [entry_of(error)])
        await super().handle_message(cast(Message, message))

    async def run_operation(self, operation: Subscribed[Connection, None]) -> None:
        """Answer an operation: once, unless it is a subscription.

        None is executed while an answer is not sent: of a client that does not read, one answer waits.
        """
        asked = self._asked.pop(operation.id)
        try:
            async with self._answering:
                await self._socket.writable()
                prepared, written = await self._executed(asked)
                if written is not None:
                    await self._socket.send_json(next_message(operation.id, written))
            if written is None:
                return await self._listen(operation, prepared)
        except Refused as error:
            return await self._refuse(operation.id, refused_answer(error).body["errors"])
        except Refusal as error:
            return await self._refuse(operation.id, [entry_of(error)])
        except Exception as error:
            return await self._refuse(operation.id, [internal(error, "WebSocket")])
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def _executed(self, asked: Operation) -> tuple[Prepared, bytes | None]:
        """Prepare an operation, and answer it unless it is a subscription. Raises Refusal and Refused."""
        client = self.context
        payer = self.offered.admit(client.caller, client.address)
        with self.offered.place(payer):
            context = await client.context()
            prepared = await self.offered.prepared(asked, context, payer)
            if prepared.plan.operation is OperationType.SUBSCRIPTION:
                return prepared, None
            answer = await self.offered.answered(asked, prepared, context, payer, None)
            return prepared, self.offered.written(answer)

    async def _listen(self, operation: Subscribed[Connection, None], prepared: Prepared) -> None:
        """Send what a subscription tells, until it ends.

        Where the client has to resume, the close code says so; after `complete` it would take the stream for
        over.
        """
        async with aclosing(self.offered.listen(prepared, self.context)) as results:
            try:
                async for one in results:
                    if isinstance(one, PreExecutionError):
                        assert one.errors
                        return await operation.send_initial_errors(one.errors)
                    await self._socket.send_json(next_message(operation.id, one.written))
            except Ended:
                await asyncio.Event().wait()
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    def _require_room(self) -> None:
        """Raise Refusal where too many operations of this WebSocket are under way."""
        if len(self.operations) >= MOST_OPERATIONS:
            message = f"One WebSocket may have {MOST_OPERATIONS} operations at once; end one first."
            raise Refusal(429, "TOO_MANY_OPERATIONS", message)

    async def _refuse(self, identifier: str, errors: list[dict[str, Any]]) -> None:
        """Say that an operation was not executed, and why."""
        self._asked.pop(identifier, None)
        self.operations.pop(identifier, None)
        await self.websocket.send_json({"id": identifier, "type": "error", "payload": errors})


class SocketView(GraphQL[Any, None]):
    """Strawberry's WebSocket view with our contexts, origins and errors."""

    websocket_adapter_class = _Socket
    graphql_transport_ws_handler_class = _Handler

    def __init__(self, operations: Operations, settings: Settings) -> None:
        self.offered = operations
        self.patience = settings.connection_init_timeout
        super().__init__(
            cast(Any, None),  # operations are answered here, not by the view
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=settings.connection_init_timeout),
            allowed_origins=settings.allowed_origins,
        )

    async def get_context(self, request: Any, response: Any) -> Connection:
        """Return the connection that the endpoint has opened."""
        context: Connection = request.scope["passerelle.context"]
        return context

    async def on_ws_connect(self, context: Connection) -> dict[str, object]:
        """Check the token among the connection parameters; returns the payload of the acknowledgement.

        Its `cursor` is that of this moment: who loses the connection before the first event resumes with it.
        """
        given, context.connection_params = context.connection_params or {}, None
        named = {key.lower(): value for key, value in given.items() if isinstance(value, str)}
        try:
            await context.enter(named.get("authorization"))
        except Refusal as error:
            if context.close is not None:
                await context.close(TURNED_AWAY.get(error.status, 4400), str(error))
            raise ConnectionRejectionError from error
        return {"cursor": cursor_at(context.feed.position)}

    def encode_json(self, data: object) -> str:
        """Write a message."""
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """Read a message: deep nesting and halves of characters (lone surrogates) are no JSON here."""
        return orjson.loads(data)


def next_message(identifier: str, written: bytes) -> dict[str, Any]:
    """Return the message that brings an answer."""
    return {"id": identifier, "type": "next", "payload": orjson.Fragment(written)}


def entry_of(error: Refusal) -> dict[str, Any]:
    """Return a refusal as an entry of `errors`."""
    return GraphQLError(str(error), extensions={"code": error.code}).formatted  # type: ignore[return-value]
