"""The entry points for reading."""

from __future__ import annotations

from datetime import date as Date
from typing import TYPE_CHECKING

from strawberry import ID, type

from schema.agenda import EventKind
from schema.dashboard import AppCode
from schema.documents import DocumentCategory
from schema.edge import edge
from schema.messaging import MailFolder, ParticipantKind
from schema.news import NewsKind
from schema.windows import RelativeRange

if TYPE_CHECKING:
    from schema.access import Charter, Viewer
    from schema.agenda import Event, EventConnection
    from schema.documents import DocumentConnection
    from schema.help import HelpArticle
    from schema.interfaces import Node
    from schema.messaging import ContactConnection, Conversation, ConversationConnection
    from schema.news import NewsConnection, NewsItem
    from schema.school import School
    from schema.sources import DataSource
    from schema.student import Student


@type(description="Everything that can be read.")
class Query:
    @edge
    def viewer(self) -> Viewer | None:
        """The caller. The only field, with charter and help, that answers before the charter is
        accepted.
        """
        ...

    @edge
    def charter(self, school_id: ID | None = None) -> Charter | None:
        """The charter in force, readable before login."""
        ...

    @edge
    def node(self, id: ID) -> Node | None:
        """Any record by its global id, null when it does not exist or may not be seen."""
        ...

    @edge
    def students(self, ids: list[ID] | None = None) -> list[Student] | None:
        """Students the caller may see."""
        ...

    @edge
    def student(self, id: ID) -> Student | None:
        """One student, null when there is none the caller may see."""
        ...

    @edge
    def school(self, id: ID) -> School | None:
        """One school of the caller's students."""
        ...

    @edge(weight=140)
    def conversations(
        self,
        folder: MailFolder | None = MailFolder.INBOX,
        student_ids: list[ID] | None = None,
        unread_only: bool | None = False,
        search: str | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> ConversationConnection | None:
        """Threads of the caller's mailbox, newest first."""
        ...

    @edge
    def conversation(self, id: ID) -> Conversation | None:
        """One thread."""
        ...

    @edge(weight=500)
    def directory(
        self,
        search: str | None = None,
        student_ids: list[ID] | None = None,
        kinds: list[ParticipantKind] | None = None,
        messageable_only: bool | None = False,
        first: int | None = 20,
        after: str | None = None,
    ) -> ContactConnection | None:
        """People the caller may see, by name. Recipients are tied to the children."""
        ...

    @edge(weight=200)
    def news(
        self,
        student_ids: list[ID] | None = None,
        kinds: list[NewsKind] | None = None,
        unread_only: bool | None = False,
        from_: Date | None = None,
        to: Date | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> NewsConnection | None:
        """News for the caller, headlines first, then newest."""
        ...

    @edge
    def news_item(self, id: ID) -> NewsItem | None:
        """One news item."""
        ...

    @edge
    def events(
        self,
        student_ids: list[ID] | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        range: RelativeRange | None = RelativeRange.NEXT_30_DAYS,
        kinds: list[EventKind] | None = None,
        first: int | None = 50,
        after: str | None = None,
    ) -> EventConnection | None:
        """School agenda for all the caller's students, each event once."""
        ...

    @edge
    def event(self, id: ID) -> Event | None:
        """One event."""
        ...

    @edge(weight=250)
    def documents(
        self,
        categories: list[DocumentCategory] | None = None,
        search: str | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> DocumentConnection | None:
        """Documents for the caller and the children, newest first."""
        ...

    @edge
    def help_articles(
        self,
        search: str | None = None,
        app: AppCode | None = None,
        locale: str | None = None,
        first: int | None = 20,
    ) -> list[HelpArticle] | None:
        """Articles of the knowledge base."""
        ...

    @edge
    def help_article(self, slug: str, locale: str | None = None) -> HelpArticle | None:
        """One article of the knowledge base."""
        ...

    @edge(weight=100)
    def data_sources(self) -> list[DataSource] | None:
        """State of the sources behind the caller's students."""
        ...
