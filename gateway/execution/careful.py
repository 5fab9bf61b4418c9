"""Completes an answer with care: errors and nulls as the specification says, value by value.

A value that is null where it must not be makes its nearest nullable parent null (GraphQL, October 2021,
section 6.4.4, "Handling Field Errors").
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, OperationType, located_error

from gateway.execution.levels import Field, Items, Level, Part, Place, Root, above, path_of
from gateway.execution.plan import INTROSPECTION, FieldPlan, ObjectPlan, Plan, Shape
from resolvers.context import RequestContext
from resolvers.fields import Arguments
from resolvers.work import LONG, LongText


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one edge gave for the objects of a level."""

    objects: Sequence[Any]
    values: Sequence[Any]


MOST_ERRORS = 200
"""Errors that an answer tells; of a list that cannot be read there would be one for each of its owners."""
TOO_MANY = "TOO_MANY_ERRORS"


class _Gone:
    """Stands for a value that is null where it must not be, on its way up."""


GONE = _Gone()


class CarefulRun:
    """One execution of one plan for one request; `loaded` holds what is known of its edges already."""

    def __init__(
        self,
        plan: Plan,
        arguments: Sequence[Arguments],
        context: RequestContext,
        loaded: Sequence[Loaded | None],
    ) -> None:
        self._plan = plan
        self._arguments = arguments
        self.context = context
        self._loaded = loaded
        self._raised: list[tuple[GraphQLError, Place, bool]] = []
        self._nulled: set[Place] = set()
        self._untold = 0
        """Errors beyond those that are told."""

    async def operation(self) -> dict[str, Any] | None:
        """Run the root selection; the fields of a mutation one after another."""
        (result,) = await self._objects(
            self._plan.root, [self.context.root], Root(), self._plan.operation is OperationType.MUTATION
        )
        return None if self._lands(result, Root(), 0) else result

    @property
    def errors(self) -> list[GraphQLError]:
        """The errors of the answer: of what became null together, the first alone.

        What failed inside a value that is null anyway is not told (October 2021, section 6.4.4: such fields
        may be cancelled), as graphql-core does.
        """
        told: set[Place] = set()
        errors = []
        for error, place, rises in self._raised:
            nulled = [one for one in above(place) if one in self._nulled] if self._nulled else []
            if nulled and (not rises or len(nulled) > 1 or nulled[0] in told):
                continue
            told.update(nulled)
            errors.append(error)
        if self._untold:
            message = f"{self._untold} more fields could not be read; ask for less at once to be told why."
            errors.append(GraphQLError(message, extensions={"code": TOO_MANY}))
        return errors

    def _lands(self, value: Any, level: Level, index: int, non_null: bool = False) -> bool:
        """Tell whether a missing value makes this place null, and note it."""
        if value is not GONE or non_null:
            return False
        self._nulled.add(level.place(index))
        return True

    async def _objects(
        self, plan: ObjectPlan, objects: Sequence[Any], level: Level, serial: bool = False
    ) -> list[Any]:
        """Answer one selection for all objects of a level."""
        results: list[Any] = [dict.fromkeys(one.key for one in plan.fields) for _ in objects]
        if serial:
            columns = [await self._field(one, objects, level) for one in plan.fields]
        else:
            columns = await asyncio.gather(*(self._field(one, objects, level) for one in plan.fields))
        for one, column in zip(plan.fields, columns, strict=True):
            for index, value in enumerate(column):
                if value is GONE:
                    results[index] = GONE
                elif results[index] is not GONE:
                    results[index][one.key] = value
        return results

    async def _field(self, one: FieldPlan, objects: Sequence[Any], level: Level) -> list[Any]:
        """Read one field of all objects of a level, and complete its values."""
        await self.context.work.turn.rest()
        if one.name == "__typename":
            return [one.owner] * len(objects)
        if one.name in INTROSPECTION:
            return [None] * len(objects)
        if one.edge is None:
            values = [_attribute(instance, one.name) for instance in objects]
        else:
            values = await self._batch(one, objects)
        return await self._complete(one, one.shape, values, Field(level, one.key))

    async def _batch(self, one: FieldPlan, objects: Sequence[Any]) -> list[Any]:
        assert one.edge is not None and one.selection is not None
        known = self._loaded[one.slot]
        if not objects or (known is not None and len(known.objects) == len(objects)):
            return list(known.values) if known is not None and objects else []
        try:
            self.context.require_charter(one.owner, one.name)
            arguments = self._arguments[one.slot]
            return list(await one.edge.batch(self.context, objects, arguments, one.selection))
        except Exception as error:
            return [error] * len(objects)

    async def _complete(self, one: FieldPlan, shape: Shape, values: Sequence[Any], level: Level) -> list[Any]:
        if shape.leaf is not None:
            return [self._leaf(one, shape, value, level, index) for index, value in enumerate(values)]
        if shape.item is not None:
            return await self._lists(one, shape, values, level)
        results: list[Any] = [None] * len(values)
        for plan, indices in self._by_plan(one, shape, values, level, results):
            part = Part(level, indices)
            found = await self._objects(plan, [values[index] for index in indices], part)
            for index, result in zip(indices, found, strict=True):
                results[index] = None if self._lands(result, level, index, shape.non_null) else result
        return results

    def _by_plan(
        self, one: FieldPlan, shape: Shape, values: Sequence[Any], level: Level, results: list[Any]
    ) -> list[tuple[ObjectPlan, list[int]]]:
        """Sort objects by their type; what is no object is settled at once."""
        groups: dict[str, list[int]] = {}
        single = next(iter(shape.objects)) if len(shape.objects) == 1 else None
        for index, value in enumerate(values):
            if value is None or isinstance(value, Exception):
                results[index] = self._missing(one, shape, value, level, index)
            else:
                groups.setdefault(single or value.__strawberry_definition__.name, []).append(index)
        return [(shape.objects[name], indices) for name, indices in groups.items()]

    async def _lists(self, one: FieldPlan, shape: Shape, values: Sequence[Any], level: Level) -> list[Any]:
        """Complete the items of all lists together, then deal them out again."""
        assert shape.item is not None
        lists = [value if isinstance(value, list) else [] for value in values]
        items = [item for items_ in lists for item in items_]
        found = iter(await self._complete(one, shape.item, items, Items(level, lists)))
        results: list[Any] = []
        for index, value in enumerate(values):
            if not isinstance(value, list):
                results.append(self._missing(one, shape, value, level, index))
                continue
            completed = [next(found) for _ in value]
            if shape.item.non_null and GONE in completed:
                results.append(None if self._lands(GONE, level, index, shape.non_null) else GONE)
            else:
                results.append(completed)
        return results

    def _leaf(self, one: FieldPlan, shape: Shape, value: Any, level: Level, index: int) -> Any:
        if value is None or isinstance(value, Exception):
            return self._missing(one, shape, value, level, index)
        assert shape.leaf is not None
        try:
            found = shape.leaf.coerce_output_value(value)
        except Exception as error:
            return self._missing(one, shape, error, level, index)
        # It may fall with its parent: what the answer has of it is counted when it is written.
        return LongText(found) if isinstance(found, str) and len(found) >= LONG else found

    def _missing(self, one: FieldPlan, shape: Shape, value: Any, level: Level, index: int) -> Any:
        """Note why a value is null, and say whether its parent must be null too."""
        fault: Exception | None = None
        if isinstance(value, Exception):
            fault = value
        elif value is not None:
            fault = GraphQLError(f"Expected Iterable, but did not find one for field '{one.label}'.")
        elif shape.non_null:
            fault = TypeError(f"Cannot return null for non-nullable field {one.label}.")
        if fault is not None and len(self._raised) >= MOST_ERRORS:
            self._untold += 1
        elif fault is not None:
            place = level.place(index)
            self._raised.append((located_error(fault, one.nodes, path_of(place)), place, shape.non_null))
        return GONE if shape.non_null else None


def _attribute(instance: Any, name: str) -> Any:
    try:
        return getattr(instance, name)
    except AttributeError as error:
        return error
