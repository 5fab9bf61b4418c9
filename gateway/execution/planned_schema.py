"""The schema as the gateway serves it: operations are prepared by the planner and run by plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, OperationType
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from gateway.errors import presented
from gateway.execution.bindings import Bindings
from gateway.execution.events import events
from gateway.execution.executor import run
from gateway.execution.planner import Planner, Prepared, Refused
from gateway.listening import Connection
from resolvers.context import RequestContext
from resolvers.subscriptions.feed import Ended


@dataclass(frozen=True, slots=True)
class PlannedSchema:
    """Executes what its planner has prepared."""

    planner: Planner
    bindings: Bindings = field(default_factory=Bindings)

    def operation_type(self, query: str, name: str | None) -> OperationType | None:
        """Tell what an operation is, valid or not; None for one that cannot be found."""
        return self.planner.operation_type(query, name)

    async def answer(
        self, prepared: Prepared, context: RequestContext
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Answer a query or a mutation: data and errors."""
        binding = self.bindings.of(prepared, prepared.plan, context)
        data, errors = await run(prepared.plan, prepared.arguments, context, binding)
        if binding is not None and not errors:
            self.bindings.keep(prepared, context, binding)
        if data is not None and prepared.plan.introspection:
            data |= self.planner.describe(prepared)
        return data, errors

    def listen(self, prepared: Prepared, connection: Connection) -> AsyncGenerator[ExecutionResult, None]:
        """Answer a subscription: one result for each event."""
        return events(prepared.plan, prepared.arguments, connection)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Any = None,
    ) -> Any:
        """Answer a subscription of a WebSocket client; `context_value` is its `Connection`."""
        connection: Connection = context_value  # type: ignore[assignment]
        try:
            prepared = self.planner.prepare(
                query or "", operation_name, variable_values or {}, connection.caller.is_anonymous
            )
        except Refused as error:
            return _refused(error)
        return _until_closed(self.listen(prepared, connection))


async def _until_closed(
    results: AsyncGenerator[ExecutionResult, None],
) -> AsyncGenerator[ExecutionResult, None]:
    """Pass results on, and after the last wait for the end of the connection, where its client has to resume.

    The close code says so. Strawberry would say `complete` first: then a client takes the stream for over.
    """
    async with aclosing(results):
        try:
            async for one in results:
                yield one
        except Ended:
            await asyncio.Event().wait()


async def _refused(error: Refused) -> AsyncGenerator[ExecutionResult, None]:
    """Say what is wrong with an operation."""
    yield PreExecutionError(data=None, errors=[presented(one, error.code) for one in error.errors])
