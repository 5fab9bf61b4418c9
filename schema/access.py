"""The caller: viewer, charter, counters and what waits for an answer."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

from strawberry import ID, enum, enum_value, field, type, union

from schema.attendance import Absence
from schema.behaviour import Observation, Punishment
from schema.documents import Document
from schema.edge import edge
from schema.interfaces import Node
from schema.liaison import LiaisonNote
from schema.messaging import Conversation
from schema.news import NewsItem
from schema.scalars import HTML
from schema.trips import Trip

if TYPE_CHECKING:
    from schema.dashboard import App, Dashboard
    from schema.documents import Attachment
    from schema.people import Guardian
    from schema.school import School
    from schema.student import Student


@enum(description="What the caller is; it decides what may be seen.")
class ViewerKind(Enum):
    GUARDIAN = enum_value("GUARDIAN", description="A parent or other person responsible (responsable élève).")
    PARTNER = enum_value(
        "PARTNER", description="A partner tool: sees what its scopes name, in the schools of its token."
    )
    STUDENT = enum_value("STUDENT", description="A student: sees their own record.")
    TEACHER = enum_value("TEACHER", description="A teacher: sees the students of their classes.")
    STAFF = enum_value(
        "STAFF", description="School staff (vie scolaire, direction): sees the students of their school."
    )


@enum(description="What the school is waiting for.")
class PendingActionKind(Enum):
    ACCEPT_CHARTER = enum_value("ACCEPT_CHARTER", description="Accept the terms of use.")
    JUSTIFY_ABSENCE = enum_value("JUSTIFY_ABSENCE", description="Justify an absence.")
    SIGN_LIAISON_NOTE = enum_value("SIGN_LIAISON_NOTE", description="Sign a liaison note.")
    ACKNOWLEDGE_NEWS = enum_value("ACKNOWLEDGE_NEWS", description="Confirm that a news item was read.")
    ACKNOWLEDGE_BEHAVIOUR = enum_value(
        "ACKNOWLEDGE_BEHAVIOUR", description="Confirm that a punishment or observation was seen."
    )
    ANSWER_TRIP_CONSENT = enum_value("ANSWER_TRIP_CONSENT", description="Authorise or refuse a trip.")
    SIGN_DOCUMENT = enum_value("SIGN_DOCUMENT", description="Sign a document.")
    REPLY_MESSAGE = enum_value("REPLY_MESSAGE", description="Answer a message.")


@enum(description="Answer to a charter.")
class CharterDecision(Enum):
    ACCEPTED = enum_value("ACCEPTED", description="Accepted.")
    REFUSED = enum_value("REFUSED", description="Refused: the session is over.")


@enum(description="Where the caller stands with the charter.")
class CharterStatus(Enum):
    NOT_REQUIRED = enum_value("NOT_REQUIRED", description="There is no charter to accept.")
    REQUIRED = enum_value("REQUIRED", description="Waiting for an answer.")
    ACCEPTED = enum_value("ACCEPTED", description="The version in force was accepted.")
    REFUSED = enum_value("REFUSED", description="Refused: the session is closed and every token revoked.")


@type(description="The authenticated caller.")
class Viewer:
    kind: ViewerKind = field(description="What the caller is.")

    @edge
    def guardian(self) -> Guardian | None:
        """Set when the caller is a guardian."""
        ...

    @edge
    def students(self) -> list[Student] | None:
        """Students the caller may see. One call, one batch, all schools."""
        ...

    charter_status: CharterStatus = field(
        description="Charter state. While it is REQUIRED every other field answers CHARTER_NOT_ACCEPTED."
    )

    @edge
    def pending_charter(self) -> Charter | None:
        """The charter waiting for an answer, null when there is none."""
        ...

    @edge
    def selected_student(self) -> Student | None:
        """Student selected in the permanent bar, shared by all widgets that follow the selector."""
        ...

    @edge(weight=900)
    def pending_actions(
        self,
        student_ids: list[ID] | None = None,
        kinds: list[PendingActionKind] | None = None,
        first: int | None = 20,
    ) -> list[PendingAction] | None:
        """Everything waiting for an answer from the caller, most urgent first."""
        ...

    @edge(weight=1500)
    def counters(self, student_ids: list[ID] | None = None) -> Counters | None:
        """Counters for the permanent bar and for badges on applications."""
        ...

    @edge(weight=80)
    def dashboard(self) -> Dashboard | None:
        """The caller's own dashboard layout."""
        ...

    @edge(size=16)
    def apps(self) -> list[App] | None:
        """Applications of the menu, in display order."""
        ...


@type(description="Unread and waiting counters.")
class Counters:
    unread_messages: int = field(description="Conversations with unread messages.")
    unread_news: int = field(description="News items not read yet.")
    unsigned_liaison_notes: int = field(description="Liaison notes waiting for a signature.")
    absences_to_justify: int = field(description="Absences the school waits to see justified.")
    pending_trip_consents: int = field(description="Trips waiting for an authorisation.")
    homework_due_tomorrow: int = field(description="Homework not done and due tomorrow.")
    pending_actions: int = field(description="Everything waiting for an answer.")


@type(description="One thing the school is waiting for from the guardian.")
class PendingAction:
    kind: PendingActionKind = field(description="What is expected.")
    title: str = field(description="Text to show.")

    @edge
    def student(self) -> Student | None:
        """The child concerned, null for a general action."""
        ...

    due_date: Date | None = field(description="Last day to answer, null when there is none.")
    is_overdue: bool = field(description="True when the last day has passed.")

    @edge
    def target(self) -> PendingActionTarget | None:
        """The record to act on."""
        ...


@type(description="Terms of use to accept at first login and after each new version.")
class Charter(Node):
    version: str = field(description='Version, compared as text: "2026-09".')
    title: str = field(description="Title of the charter.")
    body: HTML = field(description="Full text as sanitised HTML.")

    @edge
    def documents(self) -> list[Attachment] | None:
        """Files that belong to the charter."""
        ...

    published_at: DateTime = field(description="When this version came into force.")

    @edge
    def school(self) -> School | None:
        """The school it is for, null when it is for all."""
        ...

    @edge
    def my_acceptance(self) -> CharterAcceptance | None:
        """The caller's answer to this version."""
        ...


@type(description="The caller's answer to one version of a charter.")
class CharterAcceptance(Node):
    @edge
    def charter(self) -> Charter | None:
        """The charter answered."""
        ...

    decision: CharterDecision = field(description="Accepted or refused.")
    decided_at: DateTime = field(description="When the caller answered.")


PendingActionTarget = Annotated[
    Charter | Absence | LiaisonNote | NewsItem | Punishment | Observation | Trip | Document | Conversation,
    union("PendingActionTarget", description="The record a pending action is about."),
]
