"""The registry of edges and derived fields: each declared in `schema`, implemented once here.

- a *column* needs no entry: the row holds it under the field's own name;
- a *derived* field is a pure function of other columns of the same row;
- an *edge* leaves the object for other data, always for all parents of a level at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resolvers.context import RequestContext
    from resolvers.selection import Selection

Arguments = Mapping[str, Any]
Batch = Callable[["RequestContext", Sequence[Any], Arguments, "Selection"], Awaitable[Sequence[Any]]]
AtOnce = Callable[["RequestContext", Sequence[Any], "Selection"], Sequence[Any] | None]
Derivation = Callable[[dict[str, Any], "RequestContext"], Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """The batch behind one edge, and the columns of the parent it needs."""

    batch: Batch
    needs: tuple[str, ...] = ()
    at_once: AtOnce | None = None
    """Answers without waiting, or returns None where that is not possible this time."""


@dataclass(frozen=True, slots=True)
class Derived:
    """The function behind one derived field, and the columns it needs.

    With `of`, the function returns the columns of a nested object of that type.
    """

    function: Derivation
    needs: tuple[str, ...] = ()
    of: type | None = None


@dataclass
class Fields:
    """The edges and derived fields of one domain."""

    edges: dict[tuple[str, str], Edge] = field(default_factory=dict)
    derived: dict[tuple[str, str], Derived] = field(default_factory=dict)

    def edge(self, kind: type, name: str, *needs: str) -> Callable[[Batch], Batch]:
        """Register a batch: (context, parents, arguments, selection) to one result per parent."""

        def register(batch: Batch) -> Batch:
            self.edges[kind.__name__, name] = Edge(batch, needs)
            return batch

        return register

    def derive(
        self, kind: type, name: str, *needs: str, of: type | None = None
    ) -> Callable[[Derivation], Derivation]:
        """Register a derived field: (row, context) to its value."""

        def register(function: Derivation) -> Derivation:
            self.derived[kind.__name__, name] = Derived(function, needs, of)
            return function

        return register

    def to_one(self, kind: type, name: str, target: type, key: str, relation: str | None = None) -> None:
        """Register an edge to the one record whose id is in the column `key`."""

        def wanted(parents: Sequence[Any]) -> list[tuple[Any, str | None]]:
            return [(parent, getattr(parent, key)) for parent in parents]

        async def batch(
            context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
        ) -> Sequence[Any]:
            return await context.referenced(named, target, wanted(parents), selection)

        def at_once(context: RequestContext, parents: Sequence[Any], selection: Selection) -> Any:
            keys = [getattr(parent, key) for parent in parents]
            return context.recalled(named, target, parents, keys, selection)

        named = relation or target.__name__
        self.edges[kind.__name__, name] = Edge(batch, (key,), at_once)

    def to_many(self, kind: type, name: str, target: type, key: str, relation: str | None = None) -> None:
        """Register an edge to the records whose ids are listed in the column `key`, in that order."""

        async def batch(
            context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
        ) -> Sequence[Any]:
            wanted = [(parent, one) for parent in parents for one in getattr(parent, key)]
            found = iter(await context.referenced(relation or target.__name__, target, wanted, selection))
            lists = [[next(found) for _ in getattr(parent, key)] for parent in parents]
            return [_gathered(results) for results in lists]

        self.edges[kind.__name__, name] = Edge(batch, (key,))

    def children(self, kind: type, name: str, target: type, relation: str, key: str = "_id") -> None:
        """Register an edge to all children of a relation, in its order."""

        async def batch(
            context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
        ) -> Sequence[Any]:
            return await context.listed(relation, target, parents, selection, key=key)

        self.edges[kind.__name__, name] = Edge(batch, () if key == "_id" else (key,))

    def merge(self, *others: Fields) -> Fields:
        """Take in the fields of other domains. Raises ValueError when two implement the same field."""
        for other in others:
            for mine, theirs in ((self.edges, other.edges), (self.derived, other.derived)):
                twice = mine.keys() & theirs.keys()
                if twice:
                    raise ValueError(f"Implemented twice: {sorted(twice)}")
                mine.update(theirs)  # type: ignore[arg-type]
        return self


def _gathered(results: list[Any]) -> Any:
    for result in results:
        if isinstance(result, Exception):
            return result
    return [result for result in results if result is not None]
