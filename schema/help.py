"""Knowledge base (base de connaissances)."""

from __future__ import annotations

from datetime import datetime as DateTime

from strawberry import field, type

from schema.dashboard import AppCode
from schema.edge import edge
from schema.interfaces import Node
from schema.scalars import HTML


@type(description="An article of the knowledge base.")
class HelpArticle(Node):
    slug: str = field(description='Name in addresses: "justify-an-absence".')
    title: str = field(description="Title.")
    summary: str | None = field(description="One sentence.")
    body: HTML = field(description="Text as sanitised HTML.")
    app: AppCode | None = field(description="The application it explains, null for a general article.")
    locale: str = field(description='Language, BCP 47: "fr".')
    updated_at: DateTime = field(description="When it last changed.")

    @edge
    def related(self) -> list[HelpArticle] | None:
        """Articles on the same application."""
        ...
