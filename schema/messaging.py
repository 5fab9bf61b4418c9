"""Messages and directory (messagerie, annuaire)."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import ID, enum, enum_value, field, type

from schema.connections import Connection
from schema.cost import COUNT, Cost
from schema.edge import edge
from schema.interfaces import Node
from schema.scalars import HTML
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.documents import Attachment
    from schema.interfaces import Person
    from schema.school import School
    from schema.student import Student


@enum(description="Kind of thread.")
class ConversationKind(Enum):
    DISCUSSION = enum_value("DISCUSSION", description="A discussion among several people.")
    MAIL = enum_value("MAIL", description="A letter and its answers.")
    BROADCAST = enum_value("BROADCAST", description="An announcement to many.")
    ALERT = enum_value("ALERT", description="An alert.")


@enum(description="Folder of the mailbox.")
class MailFolder(Enum):
    INBOX = enum_value("INBOX", description="Received.")
    SENT = enum_value("SENT", description="Sent.")
    DRAFTS = enum_value("DRAFTS", description="Drafts.")
    ARCHIVE = enum_value("ARCHIVE", description="Archived.")
    TRASH = enum_value("TRASH", description="Bin.")
    MODERATION = enum_value("MODERATION", description="Waiting for moderation.")
    PERSONAL = enum_value("PERSONAL", description="A folder of the user's own.")


@enum(description="Part in a thread.")
class ParticipantRole(Enum):
    INITIATOR = enum_value("INITIATOR", description="Began the thread.")
    TO = enum_value("TO", description="Recipient.")
    CC = enum_value("CC", description="Copy.")
    BCC = enum_value("BCC", description="Hidden copy.")


@enum(description="What a correspondent is.")
class ParticipantKind(Enum):
    TEACHER = enum_value("TEACHER", description="A teacher.")
    STAFF = enum_value("STAFF", description="Another member of staff.")
    GUARDIAN = enum_value("GUARDIAN", description="A guardian.")
    STUDENT = enum_value("STUDENT", description="A student.")
    GROUP = enum_value("GROUP", description="A group of people.")
    SYSTEM = enum_value("SYSTEM", description="The system itself.")


@type(description="A thread of messages.")
class Conversation(Node, Sourced):
    subject: str = field(description="Subject line.")
    kind: ConversationKind = field(description="Kind of thread.")

    @edge
    def students(self) -> list[Student] | None:
        """Students the thread is about, empty for a general thread."""
        ...

    @edge
    def participants(self, first: int | None = 20) -> list[Participant] | None:
        """People and groups of the thread the caller may see."""
        ...

    participant_count: int = field(description="Number of participants.")

    @edge
    def messages(
        self,
        first: int | None = 20,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> MessageConnection | None:
        """Messages, oldest first. Use `last` for the newest ones."""
        ...

    @edge
    def last_message(self) -> Message | None:
        """The newest message."""
        ...

    last_message_at: DateTime | None = field(description="When the newest message was sent.")
    message_count: int | None = field(description="Number of messages.")
    unread_count: int = field(description="Messages the caller has not read.")
    is_read: bool = field(description="True when nothing is unread.")
    is_closed: bool = field(description="No more answers are accepted.")
    folder: MailFolder = field(description="Folder of the caller it lies in.")
    can_reply: bool = field(description="The caller may answer the sender.")
    can_reply_all: bool = field(description="The caller may answer everyone.")
    read_tracking: bool = field(description="Reading is reported to the sender.")


@type(description="One message of a thread.")
class Message(Node, Sourced):
    @edge
    def conversation(self) -> Conversation | None:
        """The thread."""
        ...

    @edge
    def author(self) -> Participant | None:
        """Null author means the account was deleted; authorName always has a text."""
        ...

    author_name: str = field(description="Name of the author as text; always there.")
    is_mine: bool = field(description="The caller wrote it.")
    sent_at: DateTime = field(description="When it was sent.")
    body: HTML = field(description="Text as sanitised HTML.")
    body_text: str = field(description="The same text without markup.")

    @edge
    def excerpt(self, length: int | None = 140) -> str | None:
        """The first words of the text, cut at a word where possible."""
        ...

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    @edge
    def in_reply_to(self) -> Message | None:
        """The message it answers."""
        ...

    is_read: bool = field(description="The caller has read it.")
    read_at: DateTime | None = field(description="When the caller read it.")


@type(description="Someone in a thread.")
class Participant:
    id: ID = field(
        description="Opaque identifier, stable across imports. Read the record again with `node(id:)`."
    )
    display_name: str = field(description='Name to show, given name first: "Camille Martin".')
    role: ParticipantRole = field(description="Part in the thread.")
    kind: ParticipantKind = field(description="What the participant is.")

    @edge
    def person(self) -> Person | None:
        """Null for groups, technical senders and hidden identities."""
        ...

    via_group: str | None = field(description="The group through which the participant was reached.")


@type(description="Someone, or a group, the caller may see or write to.")
class Contact(Node):
    kind: ParticipantKind = field(description="What the contact is.")
    display_name: str = field(description='Name to show, given name first: "Camille Martin".')

    @edge
    def person(self) -> Person | None:
        """The person, null for a group."""
        ...

    detail: str | None = field(description="Subjects or function, to tell two teachers apart.")
    is_main_teacher: bool = field(description="Main teacher of one of the students.")

    @edge
    def students(self) -> list[Student] | None:
        """Which of the caller's students this contact concerns."""
        ...

    @edge
    def school(self) -> School | None:
        """The school of the contact."""
        ...

    can_message: bool = field(description="The caller may write to this contact.")
    cannot_message_reason: str | None = field(description="Why not, readable by a guardian.")


@type(description="A page of a list of Conversation (Relay connection).")
class ConversationConnection(Connection[Conversation]):
    unread_count: int = field(
        description="Number of them with unread messages.", directives=[Cost(weight=str(COUNT))]
    )


@type(description="A page of a list of Message (Relay connection).")
class MessageConnection(Connection[Message]):
    """Nothing beyond the Relay fields."""


@type(description="A page of a list of Contact (Relay connection).")
class ContactConnection(Connection[Contact]):
    """Nothing beyond the Relay fields."""
