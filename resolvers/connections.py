"""Relay connections: one page of a list for each parent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import Children, Page
from resolvers.calendar import windows
from resolvers.context import RequestContext
from resolvers.errors import InvalidArgument, SourceFailed
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import keys
from resolvers.loading import Ask, ask
from resolvers.selection import Selection
from schema import Student
from schema.cost import LONGEST_PAGE

RELAY_FIELDS = {"edges", "nodes", "page_info", "total_count"}


def page_of(arguments: Arguments, selection: Selection, connection: str) -> Page:
    """Read the paging arguments; totals are counted only when they are asked for. Raises InvalidArgument."""
    first, last = arguments.get("first"), arguments.get("last")
    backward = last is not None
    limit = last if backward else first
    for name, value in (("first", first), ("last", last)):
        if value is not None and not 0 <= value <= LONGEST_PAGE:
            raise InvalidArgument(f"`{name}` must lie between 0 and {LONGEST_PAGE}, not {value}.")
    parts = parts_of(connection, selection)
    return Page(
        limit=LONGEST_PAGE if limit is None else limit,
        cursor=arguments.get("before" if backward else "after"),
        backward=backward,
        counted=parts.counted,
        cursors=parts.edges or parts.page_info,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of a connection are selected."""

    edges: bool
    page_info: bool
    counted: bool
    counts: tuple[str, ...]
    """Counts of its own, beside the total."""


def parts_of(connection: str, selection: Selection) -> Parts:
    """Read from a selection which parts of a connection are wanted."""
    found: Parts | None = selection.recipes.get(connection)
    if found is None:
        asked = selection.fields(connection).keys()
        found = selection.recipes[connection] = Parts(
            edges="edges" in asked,
            page_info="page_info" in asked,
            counted=bool(asked - (RELAY_FIELDS - {"total_count"}) - {"__typename"}),
            counts=tuple(asked - RELAY_FIELDS - {"__typename"}),
        )
    return found


@dataclass(frozen=True, slots=True)
class ConnectionType:
    """The names of a connection, its edge and the type of its nodes in the contract."""

    connection: str
    edge: str
    node: str
    key: str = "_id"
    group: str = ""

    async def answer(
        self, context: RequestContext, question: Ask, parents: Sequence[Any], selection: Selection
    ) -> list[Any]:
        """Load one page for each parent; an error where the source failed."""
        nodes = self.nodes(selection)
        columns = context.columns(self.node, nodes)
        results: list[Any] = []
        for parent, answer in zip(parents, await context.fetch(question, parents, columns), strict=True):
            try:
                if isinstance(answer, Exception):
                    raise answer
                built = context.build(self.node, answer.rows, nodes, parent._student)
                results.append(self.build(context, answer, built, question.page, selection))
            except SourceFailed as error:
                results.append(error)
        return results

    def nodes(self, selection: Selection) -> Selection:
        """Return what is selected of the nodes, directly or through edges."""
        found = selection.lower.get((self.connection, self.edge, self.node))
        if found is None:
            direct = selection.below(self.connection, "nodes").nodes
            through = selection.below(self.connection, "edges").below(self.edge, "node").nodes
            found = selection.of_nodes([*direct, *through])
            selection.lower[self.connection, self.edge, self.node] = found
        return found

    def build(
        self,
        context: RequestContext,
        answer: Children,
        nodes: list[Any],
        page: Page,
        selection: Selection,
    ) -> Any:  # an instance of the connection
        """Make the connection of one page, with the parts that are selected."""
        asked = parts_of(self.connection, selection)
        columns: dict[str, Any] = {"nodes": nodes, "total_count": answer.total}
        for name in asked.counts:
            columns[name] = answer.counts.get(name, 0)
        if asked.edges:
            columns["edges"] = [
                context.plain(self.edge, {"node": node, "cursor": cursor})
                for node, cursor in zip(nodes, answer.cursors, strict=True)
            ]
        if asked.page_info:
            columns["page_info"] = context.plain("PageInfo", _page_info(answer, page))
        return context.plain(self.connection, columns)


def _page_info(answer: Children, page: Page) -> dict[str, Any]:
    before, after = (answer.more, answer.skipped > 0) if page.backward else (answer.skipped > 0, answer.more)
    return {
        "has_next_page": after,
        "has_previous_page": before,
        "start_cursor": answer.cursors[0] if answer.cursors else None,
        "end_cursor": answer.cursors[-1] if answer.cursors else None,
    }


def connection_type(kind: type, node: type) -> ConnectionType:
    """Name the parts of a connection from its class."""
    name = kind.__name__
    return ConnectionType(name, name.removesuffix("Connection") + "Edge", node.__name__)


FILTERS: Mapping[str, tuple[str, str]] = {
    "subject_ids": ("subject_id", "Subject"),
    "period_id": ("period_id", "GradingPeriod"),
    "status": ("status", ""),
    "kinds": ("kind", ""),
    "categories": ("category", ""),
    "state": ("state", ""),
    "justification_status": ("justification_status", ""),
    "school_year": ("school_year", ""),
}
"""Arguments that filter on a column: the column, and the type when the values are identifiers."""


LONGEST_SEARCH = 200
"""Characters of the words to search for: databases refuse patterns that are very long."""


def filters_of(arguments: Arguments) -> dict[str, Any]:
    """Turn arguments into filters on columns; an argument that is null filters nothing."""
    found: dict[str, Any] = {}
    for argument, (column, type_name) in FILTERS.items():
        value = arguments.get(argument)
        if value is not None:
            values = value if isinstance(value, list) else [value]
            found[column] = (keys(values, type_name) or ()) if type_name else tuple(values)
    return found


def searched(arguments: Arguments) -> str | None:
    """Read the words to search for, if any. Raises InvalidArgument where they are too many."""
    words = arguments.get("search") or ""
    if len(words) > LONGEST_SEARCH:
        raise InvalidArgument(
            f"`search` has {len(words)} characters; at the most {LONGEST_SEARCH} are allowed. "
            "Search for a few words."
        )
    return words or None


def student_connection(
    fields: Fields, name: str, kind: type, node: type, relation: str, knows_period: bool = False
) -> None:
    """Register a list of a student's records that takes windows, filters and pages.

    Records that do not know their grading period are found by its dates.
    """
    parts = connection_type(kind, node)

    @fields.lists(Student, name, parts)
    async def question(
        context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
    ) -> Ask:
        found = filters_of(arguments)
        if "period_id" in found and not knows_period:
            arguments = {**arguments, **await context.period_dates(found.pop("period_id"))}
        return ask(
            relation,
            page_of(arguments, selection, parts.connection),
            newest_first={"ASC": False, "DESC": True}.get(arguments.get("order") or ""),
            windows=await windows(context, [parent._student for parent in parents], arguments),
            **found,
        )
