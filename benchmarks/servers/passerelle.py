"""Passerelle itself, and the same schema on Strawberry's executor with and without dataloaders."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from benchmarks.data import NOW
from gateway.execution.planner import Prepared
from gateway.operations import Answer, Operation, Operations
from gateway.server import application
from gateway.settings import Settings
from resolvers.context import RequestContext, plain_arguments
from resolvers.registry import strawberry_schema
from resolvers.selection import Selection, python_name

VARIANT = os.environ.get("BENCHMARK_VARIANT", "planned")


async def one_by_one(self: RequestContext, parent: Any, info: Any, arguments: Mapping[str, Any]) -> Any:
    """Answer one edge of one parent alone, as resolvers without dataloaders do."""
    raw = info._raw_info
    owner = raw.parent_type.name
    edge = self.catalogue.edges[owner, python_name(raw.field_name)]
    parents = [self.root if parent is None else parent]
    (value,) = await edge.batch(self, parents, plain_arguments(arguments), Selection.of(raw))
    if isinstance(value, Exception):
        raise value
    return value


ticks = itertools.count()


def now() -> datetime:
    """Tell the time: as with a real clock, no two requests have the same microsecond."""
    return NOW + timedelta(microseconds=next(ticks) % 1_000_000)


async def unplanned(
    _self: Operations, operation: Operation, _prepared: Prepared, context: RequestContext, _receive: object
) -> Answer:
    """Let Strawberry's executor answer."""
    found: Any = await strawberry_schema().execute(operation.query, operation.variables, context)
    return Answer({"data": found.data, **({"errors": found.errors} if found.errors else {})})


if VARIANT != "planned":
    Operations.answered = unplanned  # type: ignore[method-assign, assignment]
if VARIANT == "naive":
    RequestContext.resolve = one_by_one  # type: ignore[method-assign]

app = application(
    Settings(
        database_url=os.environ["BENCHMARK_DATABASE"],
        development_key=os.environ["BENCHMARK_PRIVATE_KEY"],
        # One viewer, at one address, asks more in a second than the limits allow in a minute.
        rate_per_viewer=10**15,
        rate_per_address=10**15,
    ),
    now,
)
count = [0, 0]


def note(texts: list[str]) -> None:
    """Count statements and round trips."""
    count[0] += len(texts)
    count[1] += 1


async def statements(_request: Request) -> PlainTextResponse:
    """Tell how many statements there were."""
    readers = app.state.sources.native.reader.observers
    if note not in readers:
        readers.append(note)
    return PlainTextResponse(str(count[0]))


app.router.routes.append(Route("/statements", statements))
