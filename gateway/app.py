"""The program put together: everything is built here once, and closed here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import add_compress_type, remove_compress_type

from adapters.native.database import UNREACHABLE, migrate, open_database, patiently, unreachable
from adapters.native.feed import FeedLog
from adapters.native.gateway_state import GatewayState
from adapters.native.source import NativeSource
from gateway.adapters_installed import open_sources
from gateway.authentication import Authenticator
from gateway.entrance import Clock, Entrance, Refusal
from gateway.execution.cost import Costs
from gateway.execution.document_limits import DocumentLimits
from gateway.execution.introspection_cost import SchemaSizes
from gateway.execution.planned_schema import PlannedSchema
from gateway.execution.planner import Planner
from gateway.graphql_endpoint import GraphQLEndpoint, refused
from gateway.listening import Listeners, before_stop
from gateway.media_types import RESULT
from gateway.operations import Operations
from gateway.pages import Explorer
from gateway.plain_requests import PlainRequests
from gateway.rates import Rates
from gateway.response_headers import PRECOMPRESSED, Compression, ResponseHeaders
from gateway.settings import Settings, load_settings
from resolvers.registry import catalogue, strawberry_schema
from resolvers.subscriptions.feed import Feed


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def planned_schema(settings: Settings) -> PlannedSchema:
    """Build the schema with the limits of the settings and the planner in front."""
    schema = strawberry_schema()
    limits = DocumentLimits(settings.max_depth, settings.max_aliases, settings.max_tokens)
    costs = Costs(settings.max_cost, SchemaSizes.of(schema._schema))
    return PlannedSchema(Planner(schema, catalogue(schema), limits, costs))


async def prepare(settings: Settings) -> None:
    """Bring the tables of the database up to date. Raises BadConfiguration where it does not answer."""
    engine = open_database(settings.database_url)
    try:
        await migrate(engine)
    except UNREACHABLE as error:
        raise unreachable(error) from error
    finally:
        await engine.dispose()


async def _start(engine: AsyncEngine, native: NativeSource, feed: Feed) -> None:
    """Start what needs the database."""
    await migrate(engine)
    await native.start()
    await feed.start()


class Application(Starlette):
    """Starlette behind something that sees requests first."""

    def __init__(self, before: Callable[[ASGIApp], ASGIApp], **options: Any) -> None:
        super().__init__(**options)
        self._first = before(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, a connection or the life of the server."""
        await self._first(scope, receive, send)


def create_app(settings: Settings | None = None, clock: Clock = utc_now) -> Starlette:
    """Build the web application. `clock` tells the time; tests stop it."""
    settings = settings or load_settings()
    engine = open_database(settings.database_url)
    native = NativeSource(engine)
    sources = open_sources(settings, native)
    schema, rates = planned_schema(settings), Rates(settings)
    state = GatewayState(engine, native.reader.changed)
    entrance = Entrance(Authenticator(settings), sources, schema.planner.catalogue, state, clock, settings)
    feed, explorer = Feed(native.reader, FeedLog(engine), settings.subscription_backlog), Explorer()
    operations = Operations(schema, rates, settings)
    endpoint = GraphQLEndpoint(operations, entrance, feed, Listeners(settings), explorer, settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await patiently(partial(_start, engine, native, feed))
        app.state.engine = engine
        app.state.schema = schema
        app.state.sources = sources
        app.state.gateway_state = state
        app.state.feed = feed
        try:
            with before_stop(feed.end_all):
                yield
        finally:
            for one in (feed, rates, sources):
                await one.close()

    app = Application(
        lambda app: PlainRequests(app, endpoint, settings),
        routes=_routes(endpoint, explorer),
        lifespan=lifespan,
        middleware=_middleware(settings),
        exception_handlers={HTTPException: _http_error},
    )
    # A client would lose the body or the token on the way to another address; the error says the right one.
    app.router.redirect_slashes = False
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    found = [Middleware(ResponseHeaders)]
    if settings.allowed_origins:
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
                expose_headers=["Retry-After"],
            )
        )
    add_compress_type(RESULT)
    # Events are small and wait for nobody; a compressor for each listener would be most of its memory.
    remove_compress_type("text/event-stream")
    found.append(Middleware(Compression))
    return found


def _routes(endpoint: GraphQLEndpoint, explorer: Explorer) -> list[BaseRoute]:
    return [
        Route("/", lambda request: RedirectResponse("/graphql")),
        Route("/graphql", endpoint, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", endpoint),
        Route("/healthz", _health),
        Route(PRECOMPRESSED + "{name}", explorer.asset),
    ]


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer what is no request to an address of ours in JSON, as all other errors."""
    assert isinstance(error, HTTPException)
    codes = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
    message = (
        f"{request.method} {request.url.path}: {error.detail}. Operations go to /graphql, by POST or GET."
    )
    return refused(
        Refusal(error.status_code, codes.get(error.status_code, "BAD_REQUEST"), message, error.headers)
    )


async def _health(request: Request) -> Response:
    """Tell that this process answers, how many operations it was sent, how many subscriptions are open."""
    state = request.app.state
    counts = {"operations": state.schema.planner.asked, "subscriptions": state.feed.subscriptions}
    return JSONResponse({"status": "ok", **counts})
