"""Runs a plan: one batch for each edge and level, sibling edges together.

As long as everything is as usual, the generated functions write the answer (`FastRun`). At the first error
or unexpected null the answer is completed anew, with care, from what was loaded already (`careful`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues

from gateway.execution.careful import CarefulRun, Loaded
from gateway.execution.plan import FieldPlan, ObjectPlan, Plan
from gateway.execution.writers import UNWRITABLE, NeedsCare, Notes
from resolvers.context import RequestContext


async def run(
    plan: Plan, variables: VariableValues, context: RequestContext
) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """Execute a plan; returns the data of the answer and the errors."""
    fast = FastRun(plan, variables, context)
    if not context.is_restricted:
        try:
            return await fast.data(), []
        except UNWRITABLE:
            pass
    careful = CarefulRun(plan, variables, context, fast.loaded)
    return await careful.operation(), careful.errors


class FastRun:
    """One execution without errors; raises one of UNWRITABLE as soon as there is one."""

    def __init__(self, plan: Plan, variables: VariableValues, context: RequestContext) -> None:
        self.plan = plan
        self._arguments = plan.arguments(variables)
        self.context = context
        self.loaded: list[Loaded | None] = [None] * len(plan.edges)
        self._notes: Notes = [[] for _ in range(plan.slots)]

    async def data(self) -> dict[str, Any]:
        """Answer the operation."""
        root = self.plan.root
        written: dict[str, Any] = root.write(self.context.root, self._notes)
        await self._descend(root.with_edges())
        return written

    async def _descend(self, plans: Sequence[ObjectPlan]) -> None:
        """Load the edges of the objects just written, all at the same time."""
        edges = [(plan, one) for plan in plans if self._notes[plan.slot] for one in plan.edges]
        if len(edges) == 1 or self.plan.serial:
            for plan, one in edges:
                await self._edge(plan, one)
            return
        # All siblings come to their end, so that nothing loaded is asked for again.
        results = await asyncio.gather(
            *(self._edge(plan, one) for plan, one in edges), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _edge(self, plan: ObjectPlan, one: FieldPlan) -> None:
        assert one.edge is not None and one.selection is not None
        notes = self._notes[plan.slot]
        objects = [value for value, _ in notes]
        try:
            arguments = self._arguments[one.slot]
            values = await one.edge.batch(self.context, objects, arguments, one.selection)
        except Exception as error:
            self.loaded[one.slot] = Loaded(objects, [error] * len(objects))
            raise NeedsCare from error
        self.loaded[one.slot] = Loaded(objects, values)
        key, complete = one.key, one.complete
        for (_, written), value in zip(notes, values, strict=True):
            written[key] = complete(value, self._notes)
        if one.below:
            await self._descend(one.below)
