"""School agenda."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.connections import Connection
from schema.edge import edge
from schema.interfaces import Node
from schema.scalars import HTML, URL, Color
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.documents import Attachment
    from schema.people import StaffMember
    from schema.school import School, SchoolClass, StudentGroup
    from schema.student import Student
    from schema.trips import Trip


@enum(description="Kind of event.")
class EventKind(Enum):
    MEETING = enum_value("MEETING", description="Meeting.")
    PARENT_TEACHER_MEETING = enum_value("PARENT_TEACHER_MEETING", description="Parents meet teachers.")
    CLASS_COUNCIL = enum_value("CLASS_COUNCIL", description="Class council (conseil de classe).")
    EXAM = enum_value("EXAM", description="Examination.")
    OPEN_DAY = enum_value("OPEN_DAY", description="Open day (portes ouvertes).")
    CULTURE = enum_value("CULTURE", description="Culture.")
    SPORT = enum_value("SPORT", description="Sport.")
    CELEBRATION = enum_value("CELEBRATION", description="Celebration.")
    ELECTION = enum_value("ELECTION", description="Election.")
    HOLIDAY = enum_value("HOLIDAY", description="Holiday.")
    CLOSURE = enum_value("CLOSURE", description="School closed.")
    TRIP = enum_value("TRIP", description="Trip.")
    DEADLINE = enum_value("DEADLINE", description="Deadline.")
    OTHER = enum_value("OTHER", description="Something else.")


@type(description="An event of the school agenda.")
class Event(Node, Sourced):
    kind: EventKind = field(description="Kind of event.")
    title: str = field(description="Title.")
    description: HTML | None = field(description="Longer text.")
    starts_at: DateTime = field(description="Start, in the school's time zone.")
    ends_at: DateTime | None = field(description="End, null when not known.")
    is_all_day: bool = field(description="Lasts whole days; show no time.")
    location: str | None = field(description="Where it takes place.")
    online_url: URL | None = field(description="Link to join online.")
    is_cancelled: bool = field(description="Cancelled; still shown.")

    @edge
    def school(self) -> School | None:
        """The school."""
        ...

    @edge
    def classes(self) -> list[SchoolClass] | None:
        """Empty means the whole school."""
        ...

    @edge
    def groups(self) -> list[StudentGroup] | None:
        """Teaching groups concerned."""
        ...

    @edge
    def students(self) -> list[Student] | None:
        """The caller's students concerned."""
        ...

    @edge
    def organizer(self) -> StaffMember | None:
        """Who organises it."""
        ...

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    @edge
    def trip(self) -> Trip | None:
        """The trip behind the event."""
        ...

    color: Color | None = field(description="Colour chosen by the school or the user, `#RRGGBB`.")


@type(description="A page of a list of Event (Relay connection).")
class EventConnection(Connection[Event]):
    """Nothing beyond the Relay fields."""
