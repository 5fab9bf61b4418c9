"""Runs a plan: one batch for each edge and level, sibling edges together, errors as the specification says.

A value that is null where it must not be makes its nearest nullable parent null (GraphQL, October 2021,
section 6.4.4, "Handling Field Errors").
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError, located_error

from gateway.execution.plan import FieldPlan, NeedsCare, ObjectPlan, Shape
from resolvers.context import RequestContext

Place = tuple[Any, ...]
"""Where a value lies in the answer: (place of the parent, key or index); the root is ()."""


class _Gone:
    """Stands for a value that is null where it must not be, on its way up."""


GONE = _Gone()


def path_of(place: Place) -> list[str | int]:
    """Write a place as the path of an error."""
    keys: list[str | int] = []
    while place:
        keys.append(place[1])
        place = place[0]
    return keys[::-1]


def _above(place: Place) -> list[Place]:
    """List the places that hold a place, the nearest first."""
    found = []
    while place:
        place = place[0]
        found.append(place)
    return found


class Run:
    """One execution of one plan for one request."""

    def __init__(self, context: RequestContext) -> None:
        self.context = context
        self._raised: list[tuple[GraphQLError, Place, bool]] = []
        self._nulled: set[Place] = set()

    async def operation(self, plan: ObjectPlan, serial: bool) -> dict[str, Any] | None:
        """Run the root selection; the fields of a mutation one after another."""
        (result,) = await self._objects(plan, [self.context.root], [()], serial)
        return None if self._lands(result, ()) else result

    @property
    def errors(self) -> list[GraphQLError]:
        """The errors of the answer: of what became null together, the first alone.

        What failed inside a value that is null anyway is not told (October 2021, section 6.4.4: such fields
        may be cancelled), as graphql-core does.
        """
        told: set[Place] = set()
        errors = []
        for error, place, rises in self._raised:
            above = [one for one in _above(place) if one in self._nulled] if self._nulled else []
            if above and (not rises or len(above) > 1 or above[0] in told):
                continue
            told.update(above)
            errors.append(error)
        return errors

    def _lands(self, value: Any, place: Place, non_null: bool = False) -> bool:
        """Tell whether a missing value makes this place null, and note it."""
        if value is not GONE or non_null:
            return False
        self._nulled.add(place)
        return True

    async def _objects(
        self, plan: ObjectPlan, objects: Sequence[Any], places: Sequence[Place], serial: bool = False
    ) -> list[Any]:
        """Answer one selection for all objects of a level."""
        results: list[Any] = [
            self._leaves(plan, one, place) for one, place in zip(objects, places, strict=True)
        ]
        if serial:
            columns = [await self._field(one, objects, places) for one in plan.others]
        elif len(plan.others) == 1:
            columns = [await self._field(plan.others[0], objects, places)]
        else:
            columns = list(await asyncio.gather(*(self._field(o, objects, places) for o in plan.others)))
        for one, column in zip(plan.others, columns, strict=True):
            for index, value in enumerate(column):
                if value is GONE:
                    results[index] = GONE
                elif results[index] is not GONE:
                    results[index][one.key] = value
        return results

    def _leaves(self, plan: ObjectPlan, instance: Any, place: Place) -> Any:
        try:
            return plan.write(instance.__dict__)
        except (NeedsCare, KeyError, TypeError, ValueError, AttributeError):
            return self._leaves_with_care(plan, instance, place)

    def _leaves_with_care(self, plan: ObjectPlan, instance: Any, place: Place) -> Any:
        """Write leaf by leaf, so that each that fails is an error of its own."""
        written: dict[str, Any] = dict.fromkeys(plan.keys)
        gone = False
        for one in plan.leaves:
            if one.name == "__typename":
                written[one.key] = plan.type_name
                continue
            here = (place, one.key)
            try:
                value = getattr(instance, one.name)
            except AttributeError as error:
                value = error
            written[one.key] = self._leaf(one, one.shape, value, here)
            gone = gone or written[one.key] is GONE
        return GONE if gone else written

    async def _field(self, one: FieldPlan, objects: Sequence[Any], places: Sequence[Place]) -> list[Any]:
        """Read one field of all objects of a level, and complete its values."""
        here = [(place, one.key) for place in places]
        if one.edge is None:
            values = [instance.__dict__.get(one.name) for instance in objects]
        else:
            values = await self._batch(one, objects)
        return await self._complete(one, one.shape, values, here)

    async def _batch(self, one: FieldPlan, objects: Sequence[Any]) -> list[Any]:
        assert one.edge is not None and one.selection is not None
        if not objects:
            return []
        try:
            self.context.require_charter(one.owner, one.name)
            return list(await one.edge.batch(self.context, objects, one.arguments, one.selection))
        except Exception as error:
            return [error] * len(objects)

    async def _complete(
        self, one: FieldPlan, shape: Shape, values: Sequence[Any], places: Sequence[Place]
    ) -> list[Any]:
        if shape.leaf is not None:
            return [self._leaf(one, shape, v, place) for v, place in zip(values, places, strict=True)]
        if shape.item is not None:
            return await self._lists(one, shape, values, places)
        results: list[Any] = [None] * len(values)
        groups: dict[str, list[int]] = {}
        for index, value in enumerate(values):
            if value is None or isinstance(value, Exception):
                results[index] = self._missing(one, shape, value, places[index])
            else:
                groups.setdefault(value.__strawberry_definition__.name, []).append(index)
        for name, indices in groups.items():
            plan = self._plan_of(shape, name, values[indices[0]])
            objects, here = [values[i] for i in indices], [places[i] for i in indices]
            for index, found in zip(indices, await self._objects(plan, objects, here), strict=True):
                results[index] = None if self._lands(found, places[index], shape.non_null) else found
        return results

    @staticmethod
    def _plan_of(shape: Shape, name: str, value: Any) -> ObjectPlan:
        """Find the plan of an object; generic types have one name for all their specialisations."""
        return shape.objects.get(name) or next(iter(shape.objects.values()))

    async def _lists(
        self, one: FieldPlan, shape: Shape, values: Sequence[Any], places: Sequence[Place]
    ) -> list[Any]:
        """Complete the items of all lists together, then deal them out again."""
        assert shape.item is not None
        items = [
            (value, (places[index], position))
            for index, values_ in enumerate(values)
            if isinstance(values_, list)
            for position, value in enumerate(values_)
        ]
        found = iter(await self._complete(one, shape.item, [v for v, _ in items], [p for _, p in items]))
        results: list[Any] = []
        for index, value in enumerate(values):
            if not isinstance(value, list):
                results.append(self._missing(one, shape, value, places[index]))
                continue
            completed = [next(found) for _ in value]
            if any(item is GONE for item in completed):
                results.append(None if self._lands(GONE, places[index], shape.non_null) else GONE)
            else:
                results.append(completed)
        return results

    def _leaf(self, one: FieldPlan, shape: Shape, value: Any, place: Place) -> Any:
        if value is None or isinstance(value, Exception):
            return self._missing(one, shape, value, place)
        assert shape.leaf is not None
        try:
            return shape.leaf.coerce_output_value(value)
        except Exception as error:
            return self._missing(one, shape, error, place)

    def _missing(self, one: FieldPlan, shape: Shape, value: Any, place: Place) -> Any:
        """Note why a value is null, and say whether its parent must be null too."""
        fault: Exception | None = None
        if isinstance(value, Exception):
            fault = value
        elif value is not None:
            fault = GraphQLError(f"Expected Iterable, but did not find one for field '{one.label}'.")
        elif shape.non_null:
            fault = TypeError(f"Cannot return null for non-nullable field {one.label}.")
        if fault is not None:
            error = located_error(fault, one.nodes, path_of(place))
            self._raised.append((error, place, shape.non_null))
        return GONE if shape.non_null else None
