"""The registry of edges and derived fields: each declared in `schema`, implemented once here.

- a *column* needs no entry: the row holds it under the field's own name;
- a *derived* field is a pure function of other columns of the same row;
- an *edge* leaves the object for other data, always for all parents of a level at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from resolvers.loading import Ask, ask
from resolvers.selection import Selection

Context = Any
"""The `RequestContext` of a request, which is only handed on here: its module knows edges already."""
Arguments = Mapping[str, Any]
Batch = Callable[[Context, Sequence[Any], Arguments, Selection], Awaitable[Sequence[Any]]]
Question = Callable[[Context, Sequence[Any], Arguments, Selection], Awaitable[Ask]]
AtOnce = Callable[[Context, Sequence[Any], Selection], Sequence[Any] | None]
Derivation = Callable[[dict[str, Any], Context], Any]


class Listed(Protocol):
    """What the records that an edge lists become."""

    @property
    def node(self) -> str:
        """The type of the records."""

    @property
    def connection(self) -> str | None:
        """The type that holds a page of them; None for a plain list."""

    @property
    def key(self) -> str:
        """The attribute of a parent that says whose records they are."""

    @property
    def group(self) -> str:
        """The group under which all parents have one list together; "" where each has its own."""

    def nodes(self, selection: Selection) -> Selection:
        """Return what is selected of the records."""

    async def answer(
        self, context: Context, question: Ask, parents: Sequence[Any], selection: Selection
    ) -> Sequence[Any]:
        """Load the records; one result for each parent."""


@dataclass(frozen=True, slots=True)
class PlainList:
    """All records as a list; `key` is the attribute of a parent that says whose."""

    kind: type
    key: str = "_id"
    connection: None = None
    group: str = ""

    @property
    def node(self) -> str:
        """The type of the records."""
        return self.kind.__name__

    def nodes(self, selection: Selection) -> Selection:
        """Return what is selected of the records."""
        return selection

    async def answer(
        self, context: Context, question: Ask, parents: Sequence[Any], selection: Selection
    ) -> Sequence[Any]:
        """Load the list of each parent; an error where the source failed."""
        lists: Sequence[Any] = await context.listed(question, self.kind, parents, selection, key=self.key)
        return lists


@dataclass(frozen=True, slots=True)
class Listing:
    """An edge that lists records: its question, whom it is about, and what the answer becomes."""

    question: Question
    listed: Listed
    about: Callable[[Context, Arguments], Sequence[Any]] | None = None
    """Makes the objects that the question is about, where these are not the parents themselves."""

    async def batch(
        self, context: Context, parents: Sequence[Any], arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        """Answer the edge in the way that any edge is answered."""
        about = self.parents(context, parents, arguments)
        question = await self.question(context, about, arguments, selection)
        return await self.listed.answer(context, question, about, selection)

    def parents(self, context: Context, parents: Sequence[Any], arguments: Arguments) -> Sequence[Any]:
        """Return the objects that the question is about."""
        return parents if self.about is None else self.about(context, arguments)


@dataclass(frozen=True, slots=True)
class Pointer:
    """An edge to the one record whose id is in a column."""

    relation: str
    target: type
    key: str


@dataclass(frozen=True, slots=True)
class Edge:
    """The batch behind one edge, and the columns of the parent it needs."""

    batch: Batch
    needs: tuple[str, ...] = ()
    at_once: AtOnce | None = None
    """Answers without waiting, or returns None where that is not possible this time."""
    listing: Listing | None = None
    pointer: Pointer | None = None
    is_fixed: bool = False
    """Whether its values hang on the viewer's scope and the arguments alone, and not on the moment.

    They are worked out once for as long as the scope is kept: until the database changes, a minute at most.
    """


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

    def edge(self, kind: type, name: str, *needs: str, is_fixed: bool = False) -> Callable[[Batch], Batch]:
        """Register a batch: (context, parents, arguments, selection) to one result per parent."""

        def register(batch: Batch) -> Batch:
            self.edges[kind.__name__, name] = Edge(batch, needs, is_fixed=is_fixed)
            return batch

        return register

    def lists(
        self,
        kind: type,
        name: str,
        listed: Listed,
        about: Callable[[Context, Arguments], Sequence[Any]] | None = None,
    ) -> Callable[[Question], Question]:
        """Register an edge that lists records: (context, parents, arguments, selection) to its question."""

        def register(question: Question) -> Question:
            listing = Listing(question, listed, about)
            needs = () if listed.key == "_id" else (listed.key,)
            self.edges[kind.__name__, name] = Edge(listing.batch, needs, listing=listing)
            return question

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
            context: Context, parents: Sequence[Any], _arguments: Arguments, selection: Selection
        ) -> Sequence[Any]:
            found: Sequence[Any] = await context.referenced(named, target, wanted(parents), selection)
            return found

        def at_once(context: Context, parents: Sequence[Any], selection: Selection) -> Any:
            return context.recalled(named, target, wanted(parents), selection)

        named = relation or target.__name__
        pointer = Pointer(named, target, key)
        self.edges[kind.__name__, name] = Edge(batch, (key,), at_once, pointer=pointer)

    def to_many(self, kind: type, name: str, target: type, key: str, relation: str | None = None) -> None:
        """Register an edge to the records whose ids are listed in the column `key`, in that order."""

        async def batch(
            context: Context, parents: Sequence[Any], _arguments: Arguments, selection: Selection
        ) -> Sequence[Any]:
            wanted = [(parent, one) for parent in parents for one in getattr(parent, key)]
            found = iter(await context.referenced(relation or target.__name__, target, wanted, selection))
            lists = [[next(found) for _ in getattr(parent, key)] for parent in parents]
            return [_gathered(results) for results in lists]

        self.edges[kind.__name__, name] = Edge(batch, (key,))

    def children(self, kind: type, name: str, target: type, relation: str, key: str = "_id") -> None:
        """Register an edge to all children of a relation, in its order."""

        @self.lists(kind, name, PlainList(target, key))
        async def question(
            _context: Context, _parents: Sequence[Any], _arguments: Arguments, _selection: Selection
        ) -> Ask:
            return ask(relation)

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
