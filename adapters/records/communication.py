"""Messages, the liaison book, agenda, trips, news and documents."""

from __future__ import annotations

import datetime as time

from sqlalchemy import Index
from sqlmodel import Field

from adapters.content import COLOR, HTML, LINES, URL
from adapters.records.base import Imported, Instant, Searchable, holding, json_list
from adapters.records.learning import ForAudience


class Conversation(Imported, Searchable, table=True):
    """A thread of messages."""

    __tablename__ = "conversation"
    SEARCHED = ("subject",)
    subject: str
    kind: str = "DISCUSSION"
    student_ids: list[str] = json_list()
    participant_count: int = 0
    message_count: int = 0
    last_message_id: str | None = None
    last_message_at: time.datetime | None = Field(default=None, sa_type=Instant)
    is_closed: bool = False
    can_reply_all: bool = False
    read_tracking: bool = False


class Participant(Imported, table=True):
    """Someone in a thread, with what only they know of it: folder and what they have read.

    `person_id` is the id of a guardian, student or member of staff; null for a group.
    """

    __tablename__ = "participant"
    __table_args__ = (
        Index("ix_participant_person", "person_id", "folder", "last_message_at"),
        Index("ix_participant_conversation", "conversation_id"),
    )
    conversation_id: str
    person_id: str | None = Field(default=None, max_length=64)
    display_name: str
    role: str = "TO"
    kind: str
    via_group: str | None = None
    folder: str = "INBOX"
    unread_count: int = 0
    read_until: time.datetime | None = Field(default=None, sa_type=Instant)
    can_reply: bool = True
    last_message_at: time.datetime | None = Field(default=None, sa_type=Instant)


class Message(Imported, table=True):
    """One message of a thread."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_conversation", "conversation_id", "sent_at", "id"),)
    conversation_id: str
    author_id: str | None = Field(default=None, description="The participant who wrote it.")
    author_person_id: str | None = None
    author_name: str
    sent_at: time.datetime = Field(sa_type=Instant)
    body: str = holding(HTML)
    in_reply_to_id: str | None = None


class LiaisonNote(Imported, table=True):
    """A note of the liaison book, for one student."""

    __tablename__ = "liaison_note"
    __table_args__ = (Index("ix_liaison_note_student", "student_id", "date", "id"),)
    student_id: str = Field(max_length=64)
    date: time.date
    kind: str = "INFORMATION"
    category_label: str | None = None
    title: str
    body: str = holding(HTML)
    author_id: str | None = None
    author_guardian_id: str | None = None
    author_name: str
    sent_at: time.datetime = Field(sa_type=Instant)
    requires_acknowledgement: bool = False
    acknowledgement_deadline: time.date | None = None
    requires_decision: bool = False
    requires_all_guardians: bool = False


class Event(ForAudience, table=True):
    """An event of the school agenda."""

    __tablename__ = "event"
    kind: str = "OTHER"
    title: str
    description: str | None = holding(HTML, default=None)
    starts_at: time.datetime = Field(sa_type=Instant)
    ends_at: time.datetime | None = Field(default=None, sa_type=Instant)
    is_all_day: bool = False
    location: str | None = None
    online_url: str | None = holding(URL, default=None)
    is_cancelled: bool = False
    organizer_id: str | None = None
    trip_id: str | None = None
    color: str | None = holding(COLOR, default=None)


class Trip(ForAudience, table=True):
    """An outing or trip."""

    __tablename__ = "trip"
    title: str
    description: str | None = holding(HTML, default=None)
    kind: str = "OUTING"
    is_mandatory: bool = True
    status: str = "ANNOUNCED"
    destination: str | None = None
    country: str | None = None
    is_abroad: bool = False
    starts_at: time.datetime = Field(sa_type=Instant)
    ends_at: time.datetime = Field(sa_type=Instant)
    nights: int = 0
    meeting_point: str | None = None
    meeting_at: time.datetime | None = Field(default=None, sa_type=Instant)
    return_point: str | None = None
    return_at: time.datetime | None = Field(default=None, sa_type=Instant)
    transport: str | None = None
    accommodation: str | None = None
    leader_id: str | None = None
    accompanying_ids: list[str] = json_list()
    emergency_phone: str | None = None
    requires_acknowledgement: bool = False
    acknowledgement_deadline: time.date | None = None
    requires_all_guardians: bool = False


class TripUpdate(Imported, table=True):
    """A word from the trip."""

    __tablename__ = "trip_update"
    __table_args__ = (Index("ix_trip_update_trip", "trip_id", "at", "id"),)
    trip_id: str
    at: time.datetime = Field(sa_type=Instant)
    title: str | None = None
    body: str = holding(HTML)
    location: str | None = None
    author_id: str | None = None


class NewsItem(ForAudience, table=True):
    """News, information or an alert of the school."""

    __tablename__ = "news_item"
    kind: str = "NEWS"
    title: str
    summary: str | None = holding(LINES, default=None)
    body: str | None = holding(HTML, default=None)
    category: str | None = None
    author_id: str | None = None
    author_name: str
    published_at: time.datetime = Field(sa_type=Instant)
    visible_from: time.datetime | None = Field(default=None, sa_type=Instant)
    visible_to: time.datetime | None = Field(default=None, sa_type=Instant)
    is_headline: bool = False
    illustration_id: str | None = None
    url: str | None = holding(URL, default=None)
    requires_acknowledgement: bool = False
    acknowledgement_deadline: time.date | None = None


class NewsRead(Imported, table=True):
    """A person has read a news item."""

    __tablename__ = "news_read"
    __table_args__ = (Index("ix_news_read_pair", "news_id", "person_id"),)
    news_id: str
    person_id: str = Field(max_length=64)
    read_at: time.datetime = Field(sa_type=Instant)


class Document(ForAudience, Searchable, table=True):
    """A file published for students or shared with the family."""

    __tablename__ = "document"
    SEARCHED = ("name",)
    name: str
    category: str = "OTHER"
    student_id: str | None = None
    school_year: str | None = None
    mime_type: str | None = None
    size: int | None = None
    created_at: time.datetime = Field(sa_type=Instant)
    published_at: time.datetime | None = Field(default=None, sa_type=Instant)
    owner: str | None = None
    folder: str | None = None
    download_url: str = holding(URL)
    requires_acknowledgement: bool = False
    acknowledgement_deadline: time.date | None = None
    is_shared: bool = False
