"""Liaison book (carnet de liaison)."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.acknowledgements import AcknowledgementState
from schema.connections import Connection
from schema.cost import COUNT, Cost
from schema.edge import edge
from schema.interfaces import Acknowledgeable, Node, StudentScoped
from schema.scalars import HTML
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.acknowledgements import Acknowledgement
    from schema.documents import Attachment
    from schema.people import Guardian, StaffMember


@enum(description="Kind of liaison note.")
class LiaisonNoteKind(Enum):
    INFORMATION = enum_value("INFORMATION", description="Information.")
    AUTHORISATION_REQUEST = enum_value("AUTHORISATION_REQUEST", description="Asks for an authorisation.")
    APPOINTMENT_REQUEST = enum_value("APPOINTMENT_REQUEST", description="Asks for an appointment.")
    ABSENCE_OR_LATENESS = enum_value("ABSENCE_OR_LATENESS", description="About an absence or lateness.")
    BEHAVIOUR = enum_value("BEHAVIOUR", description="About behaviour.")
    WORK = enum_value("WORK", description="About work.")
    HEALTH = enum_value("HEALTH", description="About health.")
    CANTEEN = enum_value("CANTEEN", description="About the canteen.")
    TIMETABLE_CHANGE = enum_value("TIMETABLE_CHANGE", description="A change of timetable.")
    FROM_GUARDIAN = enum_value("FROM_GUARDIAN", description="Written by a guardian.")
    OTHER = enum_value("OTHER", description="Something else.")


@type(description="A note in the digital liaison book (carnet de liaison).")
class LiaisonNote(Node, Sourced, StudentScoped, Acknowledgeable):
    kind: LiaisonNoteKind = field(description="Kind of note.")
    category_label: str | None = field(description="Category in the school's words.")
    title: str = field(description="Title.")
    body: HTML = field(description="Text as sanitised HTML.")
    body_text: str = field(description="The same text without markup.")

    @edge
    def author(self) -> StaffMember | None:
        """The member of staff who wrote it."""
        ...

    @edge
    def author_guardian(self) -> Guardian | None:
        """Set when the guardian wrote the note."""
        ...

    author_name: str = field(description="Name of the author as text; always there.")
    sent_at: DateTime = field(description="When it was sent.")

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    state: AcknowledgementState = field(description="Whether an answer is still expected.")
    requires_decision: bool = field(description="GRANTED or REFUSED is expected, not only SIGNED.")
    requires_all_guardians: bool = field(description="Each guardian must answer.")

    @edge
    def acknowledgements(self) -> list[Acknowledgement] | None:
        """Other guardians' comments are hidden."""
        ...


@type(description="A page of a list of LiaisonNote (Relay connection).")
class LiaisonNoteConnection(Connection[LiaisonNote]):
    pending_count: int = field(
        description="Number of them waiting for a signature.", directives=[Cost(weight=str(COUNT))]
    )
