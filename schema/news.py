"""News (actualités)."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.connections import Connection
from schema.cost import COUNT, Cost
from schema.edge import edge
from schema.interfaces import Acknowledgeable, Node
from schema.scalars import HTML, URL
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.documents import Attachment
    from schema.people import StaffMember
    from schema.school import School
    from schema.student import Student


@enum(description="Kind of news.")
class NewsKind(Enum):
    NEWS = enum_value("NEWS", description="News (actualité).")
    INFORMATION = enum_value("INFORMATION", description="Information to confirm or keep.")
    SURVEY = enum_value("SURVEY", description="A survey.")
    ALERT = enum_value("ALERT", description="An alert.")


@type(description="News, information or survey published by the school.")
class NewsItem(Node, Sourced, Acknowledgeable):
    kind: NewsKind = field(description="Kind of news.")
    title: str = field(description="Headline.")
    summary: str | None = field(description="One or two sentences.")
    body: HTML | None = field(description="Text as sanitised HTML.")
    category: str | None = field(description="Category in the school's words.")

    @edge
    def author(self) -> StaffMember | None:
        """Who wrote it, null when hidden or gone."""
        ...

    author_name: str = field(description="Name of the author as text; always there.")
    published_at: DateTime = field(
        description="When it became visible to guardians. It is never served earlier."
    )
    visible_from: DateTime | None = field(description="Shown from this moment on.")
    visible_to: DateTime | None = field(description="Shown until this moment.")
    is_headline: bool = field(description="Put first by the school.")
    is_read: bool = field(description="The caller has read it.")

    @edge
    def illustration(self) -> Attachment | None:
        """Picture."""
        ...

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    url: URL | None = field(description="Link to more.")

    @edge
    def school(self) -> School | None:
        """The school that published it."""
        ...

    @edge
    def students(self) -> list[Student] | None:
        """The caller's students concerned, empty for a general item."""
        ...


@type(description="A page of a list of NewsItem (Relay connection).")
class NewsConnection(Connection[NewsItem]):
    unread_count: int = field(description="Number of them not read.", directives=[Cost(weight=str(COUNT))])
