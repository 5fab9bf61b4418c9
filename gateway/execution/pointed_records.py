"""The small records that rows point to, as an answer has them: written once, while they stay the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from gateway.execution.bindings import Written
from gateway.execution.plan import FieldPlan
from gateway.execution.writers import NeedsCare, Notes
from resolvers.context import RequestContext
from resolvers.fields import Pointer
from resolvers.recipes import Recipe
from resolvers.work import LongText

BYTES_OF_WRITTEN = 32 << 20
BYTES_OF_RECORD, BYTES_OF_VALUE = 400, 100
"""What the records that rows point to may take as they are written, of all plans together, and an estimate of
what one of them and each of its fields take."""


@dataclass(slots=True)
class WrittenRecords:
    """Records as one edge writes them, by id."""

    at_hand: Mapping[str, Any]
    """The rows that they were written from, which are others as soon as the database changes."""
    values: Written = field(default_factory=lambda: {None: None})
    schools: dict[str | None, str | None] = field(default_factory=lambda: {None: None})
    """By id of a record, its school."""


class WrittenCache:
    """The written records of all plans; when they take too much, all are forgotten and written anew."""

    def __init__(self) -> None:
        self._kept: dict[int, WrittenRecords] = {}
        self._size = 0

    def of(self, edge: int, at_hand: Mapping[str, Any]) -> WrittenRecords:
        """Return what is written of an edge from these rows."""
        if self._size > BYTES_OF_WRITTEN:
            self._kept.clear()
            self._size = 0
        found = self._kept.get(edge)
        if found is None or found.at_hand is not at_hand:
            found = self._kept[edge] = WrittenRecords(at_hand)
            self._size += BYTES_OF_RECORD
        return found

    def count(self, fields: int) -> None:
        """Count a record that was written."""
        self._size += BYTES_OF_RECORD + BYTES_OF_VALUE * fields


WRITTEN = WrittenCache()
POINTED = Notes(0, LongText)
"""For records that rows point to: how often the answer has their texts is known when it is written."""
EDGES = count()


@dataclass(slots=True)
class PointerList:
    """The records that rows point to, written: kept as long as the database stays the same."""

    one: FieldPlan
    pointer: Pointer
    recipe: Recipe
    number: int = field(default_factory=EDGES.__next__)

    def recalled(self, context: RequestContext, keys: set[str | None]) -> Written | None:
        """Return what the answer says of records that are in memory, by id; of None, nothing.

        None where something is missing, or may differ from viewer to viewer.
        """
        nearby = context.sources.nearby
        if nearby is None or self.recipe.is_viewer_bound:
            return None
        at_hand = nearby.recall(self.pointer.relation, context.now)
        found = WRITTEN.of(self.number, at_hand)
        for key in keys - found.values.keys():
            row = at_hand.get(key or "")
            if row is None:
                return None
            (value,) = self.recipe.build([row], context, None)
            found.values[key] = self.one.complete(value, POINTED)
            found.schools[key] = row.get("school_id")
            WRITTEN.count(len(row))
        return found.values if context.may_see_schools(set(map(found.schools.get, keys))) else None

    async def loaded(self, context: RequestContext, keys: set[str | None]) -> Written:
        """Ask for records, and return what the answer says of them, by id. Raises NeedsCare."""
        assert self.one.selection is not None
        origin = context.plain(self.one.owner, {}, source=context.sources.native.name)
        wanted = [(origin, key) for key in keys]
        found = await context.referenced(
            self.pointer.relation, self.pointer.target, wanted, self.one.selection
        )
        if any(isinstance(one, Exception) for one in found):
            raise NeedsCare
        values = zip(keys, found, strict=True)
        return {None: None, **{key: self.one.complete(value, POINTED) for key, value in values}}
