"""Relay connections: a page of a list, with its place in the whole."""

from __future__ import annotations

import builtins
from typing import ClassVar, Generic, TypeVar

from strawberry import field, type
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryObjectDefinition, StrawberryType

from schema.cost import COUNT, Cost

Record = TypeVar("Record")


@type(description="Where this page lies in the whole list (Relay).")
class PageInfo:
    has_next_page: bool = field(description="True when more records follow the last one of this page.")
    has_previous_page: bool = field(description="True when records come before the first one of this page.")
    start_cursor: str | None = field(description="Cursor of the first record, null on an empty page.")
    end_cursor: str | None = field(
        description="Cursor of the last record, null on an empty page. Give it back as `after`."
    )


@type(description="A record with its place in the list.")
class Edge(Generic[Record]):
    node: Record = field(description="The record.")
    cursor: str = field(description="Opaque position: give it back as `after` (or `before`).")


@type(description="A page of a list (Relay connection).")
class Connection(Generic[Record]):
    edges: list[Edge[Record]] = field(description="The records with their cursors.")
    nodes: list[Record] = field(description="The records.")
    page_info: PageInfo = field(description="Where this page lies in the whole list.")
    total_count: int = field(
        description="Number of records in the whole list.", directives=[Cost(weight=str(COUNT))]
    )


class ContractNames(NameConverter):
    """Names of generic types: the edges of NewsConnection are NewsEdge, not NewsItemEdge."""

    SHORT: ClassVar = {"NewsItemEdge": "NewsEdge", "BehaviourRecordEdge": "BehaviourEdge"}

    def from_generic(
        self, generic_type: StrawberryObjectDefinition, types: list[StrawberryType | builtins.type]
    ) -> str:
        """Name one specialisation of a generic type."""
        name = super().from_generic(generic_type, types)
        return self.SHORT.get(name, name)
