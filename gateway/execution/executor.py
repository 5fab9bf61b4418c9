"""Runs a plan: one batch for each edge and level, sibling edges together.

As long as everything is as usual, the generated functions write the answer (`FastRun`). At the first error
or unexpected null the answer is completed anew, with care, from what was loaded already (`careful`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from traceback import clear_frames
from typing import Any

from graphql import GraphQLError, OperationType

from gateway.execution.bindings import Binding
from gateway.execution.careful import CarefulRun, Loaded
from gateway.execution.plan import EdgeWriter, FieldPlan, ObjectPlan, Plan
from gateway.execution.skeleton import Filled, Skeleton
from gateway.execution.writers import UNWRITABLE, NeedsCare, Noted, Notes
from resolvers.context import RequestContext
from resolvers.fields import Arguments
from resolvers.work import TooManyRecords

OWNERS = 500
"""Objects of which an edge is loaded at once; between two parts others go on."""


async def run(
    plan: Plan, arguments: Sequence[Arguments], context: RequestContext, binding: Binding | None = None
) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """Execute a plan with the arguments of its edges; returns the data of the answer and the errors.

    `binding` holds what is known of the operation for this viewer, and takes what is worked out now.
    Raises TooManyRecords where the answer would be too large: then there is none.
    """
    with context.work.turn:
        if (known := await _from_skeleton(binding, context)) is not None:
            return known, []
        fast = FastRun(plan, arguments, context, binding)
        if not context.is_restricted:
            try:
                return await fast.data(), []
            except UNWRITABLE as error:
                _let_go(error)
                context.work.count(0)
        careful = CarefulRun(plan, arguments, context, fast.loaded)
        try:
            data, errors = await careful.operation(), careful.errors
        finally:
            fast.loaded.clear()
    for one in errors:
        _let_go(one.original_error)
    context.work.count(0)
    return data, errors


async def _from_skeleton(binding: Binding | None, context: RequestContext) -> dict[str, Any] | None:
    """Answer from what is known of an operation; None where it has to be executed."""
    if binding is None or binding.skeleton is None or context.is_restricted:
        return None
    try:
        return await binding.skeleton.answer(context)
    except TooManyRecords:
        raise
    except Exception:  # whatever it is, the execution will meet it too
        return None


def _let_go(error: BaseException | None) -> None:
    """Clear the frames of a traceback: they hold what was loaded, and the error too, which is a cycle."""
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


class FastRun:
    """One execution without errors; raises one of UNWRITABLE as soon as there is one."""

    def __init__(
        self, plan: Plan, arguments: Sequence[Arguments], context: RequestContext, binding: Binding | None
    ) -> None:
        self.plan = plan
        self._binding = binding
        self._arguments = arguments
        self.context = context
        self.loaded: list[Loaded | None] = [None] * len(plan.edges)
        self._notes = Notes(plan.slots, context.work.long)
        self._filled: list[Filled] = []
        self._is_known = binding is not None
        """Whether nothing was met so far that would have to be loaded again, but lists from rows."""
        self._is_serial = plan.operation is OperationType.MUTATION or context.sources.are_immediate

    async def data(self) -> dict[str, Any]:
        """Answer the operation."""
        root = self.plan.root
        written: dict[str, Any] = root.write(self.context.root, self._notes)
        await self._descend(root.with_edges())
        if self._is_known and self._binding is not None:
            self._binding.skeleton = Skeleton(written, self._filled)
        return written

    async def _descend(self, plans: Sequence[ObjectPlan]) -> None:
        """Load the edges of the objects just written: what is at hand first, the rest together."""
        asked: list[tuple[FieldPlan, Noted]] = []
        below: list[ObjectPlan] = []
        for plan in plans:
            if notes := self._notes[plan.slot]:
                for one in plan.edges:
                    if self._is_at_hand(one, notes):
                        below += one.below
                    else:
                        asked.append((one, notes))
        waiting = [self._edge(one, notes) for one, notes in asked]
        if below:
            waiting.append(self._descend(below))
        # All siblings come to their end, so that nothing loaded is asked for again.
        failures: list[BaseException] = []
        if len(waiting) <= 1 or self._is_serial:
            for edge in waiting:
                try:
                    await edge
                except UNWRITABLE as error:
                    failures.append(error)
        else:
            found = await asyncio.gather(*waiting, return_exceptions=True)
            failures += [one for one in found if isinstance(one, BaseException)]
        if failures:
            raise failures[0]

    def _is_at_hand(self, one: FieldPlan, notes: Noted) -> bool:
        """Complete an edge that needs no waiting."""
        assert one.edge is not None and one.selection is not None
        if one.edge.at_once is not None:
            objects = [value for value, _ in notes]
            values = one.edge.at_once(self.context, objects, one.selection)
        elif self._binding is not None and one.is_fixed:
            objects, values = [value for value, _ in notes], self._binding.values.get(one.slot)
        else:
            return False
        if values is None:
            return False
        self._settle(one, notes, objects, values)
        return True

    async def _edge(self, one: FieldPlan, notes: Noted) -> None:
        """Load one edge of all its owners, and what lies below."""
        await self.context.work.turn.rest()
        if len(notes) <= OWNERS:
            await self._part(one, notes, self._binding)
        else:
            for at in range(0, len(notes), OWNERS):
                await self._part(one, notes[at : at + OWNERS], None)
                await self.context.work.turn.rest()
        if one.below:
            await self._descend(one.below)

    async def _part(self, one: FieldPlan, notes: Noted, binding: Binding | None) -> None:
        """Load one edge of some of its owners."""
        assert one.edge is not None and one.selection is not None
        objects = [value for value, _ in notes]
        arguments = self._arguments[one.slot]
        try:
            if one.direct is None:
                self._is_known = False
                values = await one.edge.batch(self.context, objects, arguments, one.selection)
                if binding is not None and one.is_fixed:
                    binding.values[one.slot] = values
            elif (unwritten := await one.direct.write(self.context, notes, arguments, binding)) is None:
                self._note_filled(one, one.direct, notes, binding)
                return
            else:
                self._is_known = False
                values = unwritten
        except NeedsCare:
            raise
        except Exception as error:
            self.loaded[one.slot] = Loaded(objects, [error] * len(objects))
            raise NeedsCare from error
        self._settle(one, notes, objects, values)

    def _note_filled(self, one: FieldPlan, direct: EdgeWriter, notes: Noted, binding: Binding | None) -> None:
        """Remember a list that was written from rows, and how."""
        bound = binding.lists.get(one.slot) if binding is not None else None
        if bound is None:
            self._is_known = False
        else:
            owners = [answer for _, answer in notes]
            self._filled.append(Filled(one.key, owners, partial(direct.fill, bound=bound)))

    def _settle(self, one: FieldPlan, notes: Noted, objects: list[Any], values: Sequence[Any]) -> None:
        """Write the values of an edge into the answers of their owners."""
        before = self.loaded[one.slot]
        self.loaded[one.slot] = (
            Loaded(objects, values)
            if before is None
            else Loaded([*before.objects, *objects], [*before.values, *values])
        )
        key, complete, below = one.key, one.complete, self._notes
        if one.below:
            for (_, written), value in zip(notes, values, strict=True):
                written[key] = complete(value, below)
            return
        # Many parents point to the same few records, and nothing will be added to what is written of them.
        known: dict[int, Any] = {}
        for (_, written), value in zip(notes, values, strict=True):
            if id(value) not in known:
                known[id(value)] = complete(value, below)
            written[key] = known[id(value)]
