"""Trips and outings (voyages et sorties)."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.connections import Connection
from schema.edge import edge
from schema.interfaces import Acknowledgeable, Node, StudentScoped
from schema.scalars import HTML
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.acknowledgements import Acknowledgement
    from schema.documents import Attachment
    from schema.people import StaffMember
    from schema.school import SchoolClass, StudentGroup


@enum(description="Kind of trip.")
class TripKind(Enum):
    OUTING = enum_value("OUTING", description="No overnight stay.")
    TRIP = enum_value("TRIP", description="At least one night.")
    EXCHANGE = enum_value("EXCHANGE", description="School exchange.")
    LANGUAGE_STAY = enum_value("LANGUAGE_STAY", description="Language stay.")
    DISCOVERY_CLASS = enum_value("DISCOVERY_CLASS", description="Discovery class (classe de découverte).")
    SPORT_EVENT = enum_value("SPORT_EVENT", description="Sports event.")
    OTHER = enum_value("OTHER", description="Something else.")


@enum(description="Where a trip stands.")
class TripStatus(Enum):
    ANNOUNCED = enum_value("ANNOUNCED", description="Announced.")
    OPEN_FOR_CONSENT = enum_value("OPEN_FOR_CONSENT", description="Waiting for authorisations.")
    CONFIRMED = enum_value("CONFIRMED", description="Will take place.")
    IN_PROGRESS = enum_value("IN_PROGRESS", description="Taking place.")
    COMPLETED = enum_value("COMPLETED", description="Over.")
    POSTPONED = enum_value("POSTPONED", description="Postponed.")
    CANCELLED = enum_value("CANCELLED", description="Cancelled.")


@enum(description="Where an authorisation stands.")
class ConsentStatus(Enum):
    NOT_REQUIRED = enum_value("NOT_REQUIRED", description="None is needed.")
    PENDING = enum_value("PENDING", description="Waiting for an answer.")
    PARTIAL = enum_value("PARTIAL", description="One of two required guardians answered.")
    GRANTED = enum_value("GRANTED", description="Granted.")
    REFUSED = enum_value("REFUSED", description="Refused.")
    WITHDRAWN = enum_value("WITHDRAWN", description="Granted, then withdrawn.")
    EXPIRED = enum_value("EXPIRED", description="The deadline passed without an answer.")


@type(description="A school outing or trip, as seen for one student.")
class Trip(Node, Sourced, StudentScoped, Acknowledgeable):
    title: str = field(description="Title.")
    description: HTML | None = field(description="Longer text.")
    kind: TripKind = field(description="Kind of trip.")
    is_mandatory: bool = field(description="Optional trips need an authorisation and an insurance.")
    status: TripStatus = field(description="Where the trip stands.")
    destination: str | None = field(description="Where it goes.")
    country: str | None = field(description="Country, ISO 3166-1 alpha-2.")
    is_abroad: bool = field(description="Leaves the country.")
    starts_at: DateTime = field(description="Departure.")
    ends_at: DateTime = field(description="Return.")
    nights: int = field(description="Number of nights away.")
    meeting_point: str | None = field(description="Where to meet.")
    meeting_at: DateTime | None = field(description="When to meet.")
    return_point: str | None = field(description="Where to fetch the student.")
    return_at: DateTime | None = field(description="When to fetch the student.")
    transport: str | None = field(description="Means of transport.")
    accommodation: str | None = field(description="Where the students sleep.")

    @edge
    def leader(self) -> StaffMember | None:
        """The member of staff in charge."""
        ...

    @edge
    def accompanying(self) -> list[StaffMember] | None:
        """Other adults."""
        ...

    emergency_phone: str | None = field(description="Number to call during the trip.")

    @edge
    def classes(self) -> list[SchoolClass] | None:
        """Classes concerned (divisions)."""
        ...

    @edge
    def groups(self) -> list[StudentGroup] | None:
        """Teaching groups concerned."""
        ...

    @edge
    def consent(self) -> TripConsent | None:
        """Authorisation of the guardians."""
        ...

    @edge
    def updates(self, first: int | None = 20, after: str | None = None) -> TripUpdateConnection | None:
        """News during the trip, newest first."""
        ...

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...


@type(description="The guardian's answer to a trip.")
class TripConsent:
    status: ConsentStatus = field(description="Where the authorisation stands.")
    is_required: bool = field(description="An authorisation is needed.")
    deadline: Date | None = field(description="Last day to answer.")
    requires_all_guardians: bool = field(
        description="The school was told of a disagreement: one answer is not enough."
    )

    @edge
    def answers(self) -> list[Acknowledgement] | None:
        """Answers of the guardians of this student."""
        ...

    can_answer: bool = field(description="The caller may answer now.")


@type(description="A word from the trip.")
class TripUpdate(Node):
    at: DateTime = field(description="When it was written.")
    title: str | None = field(description="Title.")
    body: HTML = field(description="Text as sanitised HTML.")
    location: str | None = field(description="Where the group is.")

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    @edge
    def author(self) -> StaffMember | None:
        """Who wrote it, null when hidden or gone."""
        ...


@type(description="A page of a list of Trip (Relay connection).")
class TripConnection(Connection[Trip]):
    """Nothing beyond the Relay fields."""


@type(description="A page of a list of TripUpdate (Relay connection).")
class TripUpdateConnection(Connection[TripUpdate]):
    """Nothing beyond the Relay fields."""
