"""What an operation is to one viewer: worked out at its first execution, and kept as long as the scope.

Kept are the values of edges that hang on the scope alone (`Edge.is_fixed`), and for lists the statement with
all its arguments but the moment, and the rights that each row must have. Rows are read anew at every
execution. A scope is kept until the database changes or the minute ends: nothing has to be invalidated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import OperationType

from gateway.execution.plan import OperationArguments, Plan
from gateway.execution.skeleton import Skeleton
from resolvers.context import RequestContext
from resolvers.loading import BoundQuestion
from resolvers.viewer import Scope

BYTES = 32 << 20
"""What may be kept; the least used goes first."""
BYTES_OF_EDGE, BYTES_OF_OWNER = 1_000, 1_500
"""An estimate on the safe side: dashboards of one to six children take about half of it (tracemalloc)."""


Written = dict[str | None, Any]
"""Records as an answer has them, by id."""


@dataclass(frozen=True, slots=True, eq=False)
class BoundList:
    """A list of records, worked out for one viewer; see `direct`."""

    question: BoundQuestion
    fill: Callable[..., None]
    limit: int | None
    students: Mapping[str, str | None]
    """By group, the student whose records they are."""
    groups: Sequence[str | None]
    """The group of each owner, in the order of the owners."""
    pointers: Sequence[Callable[[Any], Any]]
    """What reads the key of each pointer from a row."""
    pointed: Sequence[Written]
    """For each pointer, the records that rows were seen to point to and that the viewer may see."""


@dataclass(slots=True, eq=False)
class Binding:
    """What is known of the edges of one operation, by their place in the plan."""

    arguments: OperationArguments
    values: dict[int, Sequence[Any]] = field(default_factory=dict)
    lists: dict[int, BoundList] = field(default_factory=dict)
    skeleton: Skeleton | None = None
    """The answer without its lists, after a second execution that needed nothing else."""
    kept_size: int = 0
    is_complete: bool = False
    """Whether it was kept after a second execution: further ones add nothing."""

    def size(self) -> int:
        """Estimate the bytes that it takes."""
        owners = sum(len(one) for one in self.values.values()) + sum(
            len(one.groups) for one in self.lists.values()
        )
        edges = len(self.values) + len(self.lists) + 1
        skeleton = 0 if self.skeleton is None else self.skeleton.size
        return self.arguments.size + BYTES_OF_EDGE * edges + BYTES_OF_OWNER * owners + skeleton


class Bindings:
    """The bindings of the operations that are asked again and again."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[Scope, OperationArguments], Binding]
        self._kept = LRUCache(BYTES, getsizeof=Binding.size)
        self._generation = 0

    def of(self, arguments: OperationArguments, plan: Plan, context: RequestContext) -> Binding | None:
        """Return what is known of an operation; None where nothing may be kept."""
        generation = context.scope.generation
        if generation > self._generation:
            # The scopes of before, which may hold thousands of students, are not held any longer.
            self._kept.clear()
            self._generation = generation
        if (
            generation < self._generation
            or not generation
            or plan.operation is not OperationType.QUERY
            or not context.sources.is_single
        ):
            return None
        found: Binding | None = self._kept.get((context.scope, arguments))
        return Binding(arguments) if found is None else found

    def keep(self, context: RequestContext, binding: Binding) -> None:
        """Keep what an execution without errors has worked out."""
        if binding.is_complete:
            return
        binding.is_complete = binding.kept_size > 0
        size = binding.size()
        if context.scope.generation == self._generation and size != binding.kept_size and size <= BYTES:
            binding.kept_size = size
            self._kept[context.scope, binding.arguments] = binding
