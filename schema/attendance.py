"""Absences, lateness and their justification."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.connections import Connection
from schema.edge import edge
from schema.interfaces import Acknowledgeable, Node, StudentScoped
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.documents import Attachment
    from schema.people import Guardian
    from schema.school import Subject
    from schema.student import Student


@enum(description="What kind of absence it is.")
class AbsenceKind(Enum):
    ABSENCE = enum_value("ABSENCE", description="Absence.")
    LATENESS = enum_value("LATENESS", description="Lateness (retard).")
    EARLY_DEPARTURE = enum_value("EARLY_DEPARTURE", description="Left early.")
    EXEMPTION = enum_value("EXEMPTION", description="Dispense, often of physical education.")
    INFIRMARY = enum_value("INFIRMARY", description="Visit to the infirmary; not an absence.")
    MEAL_ABSENCE = enum_value("MEAL_ABSENCE", description="Missed a meal.")
    BOARDING_ABSENCE = enum_value("BOARDING_ABSENCE", description="Missed a night at the boarding house.")
    LESSON_EXCLUSION = enum_value("LESSON_EXCLUSION", description="Excluded from a lesson.")


@enum(description="Where the justification of an absence stands.")
class JustificationStatus(Enum):
    NOT_REQUIRED = enum_value("NOT_REQUIRED", description="Nothing is expected.")
    AWAITING_GUARDIAN = enum_value("AWAITING_GUARDIAN", description="The school waits for the guardian.")
    SUBMITTED = enum_value("SUBMITTED", description="The guardian answered, the school has not decided.")
    ACCEPTED = enum_value("ACCEPTED", description="Accepted by the school.")
    REJECTED = enum_value("REJECTED", description="Rejected by the school.")


@enum(description="How a school counts absences.")
class AttendanceUnit(Enum):
    HOUR = enum_value("HOUR", description="By the hour.")
    HALF_DAY = enum_value("HALF_DAY", description="By the half-day.")
    DAY = enum_value("DAY", description="By the day.")


@type(description="Any time at which the student was not where the timetable expected.")
class Absence(Node, Sourced, StudentScoped, Acknowledgeable):
    kind: AbsenceKind = field(description="What happened.")
    starts_at: DateTime = field(description="Start, in the school's time zone.")
    ends_at: DateTime | None = field(description="Null while the absence is still running.")
    is_ongoing: bool = field(description="True while it is still running.")
    is_planned: bool = field(description="Announced for the future.")
    minutes_missed: int | None = field(description="Minutes missed, when the school counts them.")
    half_days_missed: float | None = field(description="Half-days missed, when the school counts them.")

    @edge
    def subject(self) -> Subject | None:
        """Subject of the lesson missed, when it is one."""
        ...

    @edge
    def reason(self) -> AbsenceReason | None:
        """Reason from the school's list, null when not known."""
        ...

    reason_label: str | None = field(
        description="Reason as written by the school, empty when it is not known yet."
    )
    justification_status: JustificationStatus = field(description="Where the justification stands.")
    is_justified: bool = field(
        description="Accepted by the school. False while a justification is only waiting."
    )
    is_settled: bool = field(description="Administratively settled: nothing more is expected.")
    can_justify: bool = field(description="The caller may justify it now.")

    @edge
    def justifications(self) -> list[AbsenceJustification] | None:
        """Justifications sent, newest first."""
        ...

    counts_in_totals: bool = field(description="Counts in the statutory total.")
    comment: str | None = field(description="Comment of the school.")
    attendance_required: bool | None = field(description="Exemptions: the student must attend nevertheless.")
    recorded_at: DateTime | None = field(description="When the school recorded it.")


@type(description="A reason of the school's list.")
class AbsenceReason(Node):
    code: str | None = field(description="Code at the source.")
    label: str = field(description='Text to show: "Maladie".')
    is_legitimate: bool | None = field(description="Valid reason in the eyes of the school.")
    kinds: list[AbsenceKind] = field(description="Kinds of absence it may be used for; empty means all.")
    selectable_by_guardian: bool = field(description="Guardians may choose it.")
    requires_document: bool = field(description="A document must be attached.")


@type(description="A justification sent by a guardian.")
class AbsenceJustification(Node):
    @edge
    def author(self) -> Guardian | None:
        """The guardian who wrote it; null for another guardian's."""
        ...

    author_name: str = field(description="Who wrote it: the guardian's name, or the tie to the student.")

    @edge
    def reason(self) -> AbsenceReason | None:
        """Reason chosen."""
        ...

    comment: str | None = field(description="Comment; hidden when another guardian wrote it.")

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    submitted_at: DateTime = field(description="When it was sent.")
    status: JustificationStatus = field(description="What the school decided.")
    reviewed_at: DateTime | None = field(description="When the school decided.")
    review_comment: str | None = field(description="The school's answer.")


@type(description="Counts of absences over a window.")
class AttendanceSummary:
    @edge
    def student(self) -> Student | None:
        """The student concerned."""
        ...

    from_: Date = field(description="First day counted.", name="from")
    to: Date = field(description="Last day counted.")
    absence_count: int = field(description="Number of absences.")
    absence_half_days: float | None = field(
        description="Half-days of absence, null when the school does not count them."
    )
    unjustified_half_days: float | None = field(description="Half-days not justified.")
    absence_minutes: int | None = field(
        description="Minutes of absence, null when the school does not count them."
    )
    lateness_count: int = field(description="Number of times late.")
    lateness_minutes: int | None = field(description="Minutes late.")
    unjustified_lateness_count: int = field(description="Number of times late without a valid reason.")
    infirmary_count: int = field(description="Visits to the infirmary.")
    exemption_count: int = field(description="Exemptions.")
    to_justify_count: int = field(description="Absences waiting for the guardian.")
    counting_unit: AttendanceUnit = field(description="How the school counts: by hour, half-day or day.")


@type(description="A page of a list of Absence (Relay connection).")
class AbsenceConnection(Connection[Absence]):
    """Nothing beyond the Relay fields."""
