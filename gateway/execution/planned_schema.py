"""The schema as the gateway serves it: operations are prepared by the planner and run by plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError
from strawberry.types.execution import PreExecutionError

from gateway.execution.bindings import Bindings
from gateway.execution.events import Event, EventLimits, events
from gateway.execution.executor import run
from gateway.execution.planner import Planner, Prepared
from gateway.listening import Connection
from resolvers.context import RequestContext


@dataclass(frozen=True, slots=True)
class PlannedSchema:
    """Executes what its planner has prepared."""

    planner: Planner
    bindings: Bindings = field(default_factory=Bindings)
    describing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one who has the schema described."""

    async def answer(
        self, prepared: Prepared, context: RequestContext
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Answer a query or a mutation: data and errors."""
        plan, arguments = prepared
        binding = self.bindings.of(arguments, plan, context)
        data, errors = await run(plan, arguments.edges, context, binding)
        if binding is not None and not errors:
            self.bindings.keep(context, binding)
        if data is not None and plan.introspection:
            # It takes as long as many dashboards, and needs neither the viewer nor a source.
            async with self.describing:
                data |= await asyncio.to_thread(self.planner.describe, prepared)
        return data, errors

    def listen(
        self, prepared: Prepared, connection: Connection, limits: EventLimits
    ) -> AsyncGenerator[Event | PreExecutionError, None]:
        """Answer a subscription: one result for each event."""
        return events(prepared.plan, prepared.arguments, connection, limits)
