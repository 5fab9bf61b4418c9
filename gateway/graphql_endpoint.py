"""GraphQL over HTTP: authenticate, find the caller's scope, execute, answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.types import ExecutionResult

from adapters.native.gateway_state import GatewayState
from gateway.authentication import Authenticator, IdentityProviderDown, InvalidToken
from gateway.errors import formatted
from gateway.execution.planned_schema import PlannedSchema
from gateway.pages import explorer_page
from resolvers.catalogue import Catalogue
from resolvers.context import RequestContext
from resolvers.errors import SourceFailed
from resolvers.routing import Sources
from resolvers.viewer import Scopes

Clock = Callable[[], datetime]


class _View(GraphQL[RequestContext, None]):
    """Strawberry's HTTP view with our context and our errors."""

    async def get_context(self, request: Any, response: Any) -> RequestContext:
        context: RequestContext = request.scope["passerelle.context"]
        return context

    async def process_result(
        self, request: Request, result: ExecutionResult, strict: bool = False
    ) -> GraphQLHTTPResponse:
        answer: GraphQLHTTPResponse = {"data": result.data}
        if result.errors:
            answer["errors"] = [formatted(error) for error in result.errors]
        return answer


class GraphQLEndpoint:
    """The ASGI application behind /graphql."""

    def __init__(
        self,
        schema: PlannedSchema,
        catalogue: Catalogue,
        sources: Sources,
        state: GatewayState,
        authenticator: Authenticator,
        clock: Clock,
        max_body: int,
    ) -> None:
        self._schema = schema
        self._view = _View(schema, graphql_ide=None)
        self._catalogue = catalogue
        self._sources = sources
        self._scopes = Scopes(sources)
        self._state = state
        self._authenticator = authenticator
        self._clock = clock
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: the explorer page, a refusal, or the result of an operation."""
        request = Request(scope, receive)
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return await explorer_page()(scope, receive, send)
        entered = self._too_large(request) or await self._enter(request)
        if isinstance(entered, Response):
            return await entered(scope, receive, send)
        if request.method != "POST" or not _is_json(request):
            return await self._view(scope, receive, send)
        body = await request.body()
        answer = await self._planned(body, entered)
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

    def _too_large(self, request: Request) -> Response | None:
        length = request.headers.get("content-length", "" if request.method == "POST" else "0")
        if not length:
            return _refusal(411, "LENGTH_REQUIRED", "Send the header Content-Length.")
        if length.isdigit() and int(length) <= self._max_body:
            return None
        return _refusal(413, "TOO_LARGE", f"A request may have {self._max_body} bytes at the most.")

    async def _enter(self, request: Request) -> Response | RequestContext:
        """Put the request's context in place, or return why the caller may not come in."""
        now = self._clock()
        try:
            caller = await self._authenticator.caller(request.headers.get("authorization"))
            viewer = await self._scopes.load(caller, now)
        except InvalidToken as error:
            return _refusal(401, "UNAUTHENTICATED", str(error))
        except IdentityProviderDown as error:
            return _refusal(503, "IDENTITY_PROVIDER_UNAVAILABLE", str(error))
        except SourceFailed as error:
            return _refusal(503, "SOURCE_UNAVAILABLE", str(error))
        if viewer.has_revoked_token:
            return _refusal(401, "TOKEN_REVOKED", "This session was closed; sign in again.")
        context = RequestContext(viewer, self._sources, self._catalogue, now, self._state)
        request.scope["passerelle.context"] = context
        return context


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


def _refusal(status: int, code: str, message: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(body, status_code=status, headers=headers)
