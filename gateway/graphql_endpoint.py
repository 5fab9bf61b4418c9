"""GraphQL over HTTP, over WebSockets and over event streams: authenticate, execute, answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from gateway.entrance import Entrance, Refusal
from gateway.errors import formatted
from gateway.event_stream import answer_in_events, takes_events
from gateway.execution.planned_schema import PlannedSchema
from gateway.listening import TURNED_AWAY, Connection, Listeners
from gateway.pages import explorer_page
from gateway.settings import Settings
from resolvers.context import RequestContext
from resolvers.subscriptions.feed import Feed
from resolvers.subscriptions.streams import cursor_at


class _Socket(ASGIWebSocketAdapter):
    """A WebSocket that is closed once, and silent afterwards."""

    def __init__(self, view: Any, request: WebSocket, response: WebSocket) -> None:
        super().__init__(view, request, response)
        request.scope["passerelle.context"].close = self.close

    async def send_json(self, message: Any) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            await super().send_json(message)

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            await super().close(code, reason)


class _View(GraphQL[Any, None]):
    """Strawberry's HTTP and WebSocket view with our contexts and our errors."""

    websocket_adapter_class = _Socket

    async def get_context(self, request: Any, response: Any) -> RequestContext | Connection:
        context: RequestContext | Connection = request.scope["passerelle.context"]
        return context

    async def process_result(
        self, request: Request, result: ExecutionResult, strict: bool = False
    ) -> GraphQLHTTPResponse:
        answer: GraphQLHTTPResponse = {"data": result.data}
        if result.errors:
            answer["errors"] = [formatted(error) for error in result.errors]
        return answer

    async def on_ws_connect(self, context: Connection) -> dict[str, object]:
        """Check the token among the connection parameters; returns the payload of the acknowledgement.

        Its `cursor` is that of this moment: who loses the connection before the first event resumes with it.
        """
        given = context.connection_params or {}
        named = {key.lower(): value for key, value in given.items() if isinstance(value, str)}
        try:
            await context.enter(named.get("authorization"))
        except Refusal as error:
            if context.close is not None:
                await context.close(TURNED_AWAY[error.status], str(error))
            raise ConnectionRejectionError from error
        return {"cursor": cursor_at(context.feed.position)}

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data).decode()


class GraphQLEndpoint:
    """The ASGI application behind /graphql."""

    def __init__(
        self,
        schema: PlannedSchema,
        entrance: Entrance,
        feed: Feed,
        listeners: Listeners,
        settings: Settings,
    ) -> None:
        self._schema = schema
        self._view = _View(
            schema,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=settings.connection_init_timeout),
        )
        self._entrance = entrance
        self._feed = feed
        self._listeners = listeners
        self._max_body = settings.max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: the explorer page, a refusal, or the result of an operation."""
        if scope["type"] == "websocket":
            return await self._listen(scope, receive, send)
        request = Request(scope, receive)
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return await explorer_page()(scope, receive, send)
        refusal = self._too_large(request)
        if refusal is not None:
            return await refusal(scope, receive, send)
        if await takes_events(request, self._schema):
            return await self._stream(request, send)
        try:
            caller = await self._entrance.caller(request.headers.get("authorization"))
            context = scope["passerelle.context"] = await self._entrance.context(caller)
        except Refusal as error:
            return await refused(error)(scope, receive, send)
        if request.method != "POST" or not _is_json(request):
            return await self._view(scope, receive, send)
        body = await request.body()
        answer = await self._planned(body, context)
        if answer is not None:
            return await Response(answer, media_type="application/json")(scope, receive, send)
        await self._view(scope, _replayed(body), send)

    async def _planned(self, body: bytes, context: RequestContext) -> bytes | None:
        """Answer by plan; None where Strawberry's view has to (no plan, or no request that it would take)."""
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(asked, dict):
            return None
        query, variables = asked.get("query"), asked.get("variables") or {}
        if not isinstance(query, str) or not isinstance(variables, dict):
            return None
        found = await self._schema.answer(query, variables, asked.get("operationName"), context)
        if found is None:
            return None
        data, errors = found
        answer: dict[str, Any] = {"data": data}
        if errors:
            answer["errors"] = [formatted(error) for error in errors]
        return orjson.dumps(answer)

    async def _listen(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket until either side ends it."""
        with self._listeners.place() as take:
            connection = Connection(self._entrance, self._feed, take)
            scope["passerelle.context"] = connection
            try:
                await self._view(scope, receive, send)
            finally:
                connection.left()

    async def _stream(self, request: Request, send: Send) -> None:
        """Serve one event stream until either side ends it."""
        with self._listeners.place() as take:
            connection = Connection(self._entrance, self._feed, take)
            try:
                await connection.enter(request.headers.get("authorization"))
                response = await answer_in_events(request, self._schema, connection)
            except Refusal as error:
                response = refused(error)
            try:
                await response(request.scope, request.receive, send)
            finally:
                connection.left()

    def _too_large(self, request: Request) -> Response | None:
        length = request.headers.get("content-length", "" if request.method == "POST" else "0")
        if not length:
            return refused(Refusal(411, "LENGTH_REQUIRED", "Send the header Content-Length."))
        if length.isdigit() and int(length) <= self._max_body:
            return None
        message = f"A request may have {self._max_body} bytes at the most."
        return refused(Refusal(413, "TOO_LARGE", message))


def _is_json(request: Request) -> bool:
    """Tell whether a request is plain JSON and takes plain JSON for an answer."""
    accepted = request.headers.get("accept", "*/*")
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return content == "application/json" and ("*/*" in accepted or "application/json" in accepted)


def _replayed(body: bytes) -> Receive:
    """Give a body that was read already to the next who reads it."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def refused(error: Refusal) -> Response:
    """Answer a request that may not come in."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    body = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
    return JSONResponse(body, status_code=error.status, headers=headers)
