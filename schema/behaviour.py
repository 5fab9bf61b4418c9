"""Incidents, punishments and observations (comportement)."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

from strawberry import ID, enum, enum_value, field, type, union

from schema.connections import Connection
from schema.edge import edge
from schema.interfaces import Acknowledgeable, Node, StudentScoped
from schema.scalars import HTML
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.documents import Attachment
    from schema.people import StaffMember
    from schema.school import Room, Subject
    from schema.timetable import Lesson


@enum(description="How severe an incident is.")
class IncidentSeverity(Enum):
    LOW = enum_value("LOW", description="Low.")
    MEDIUM = enum_value("MEDIUM", description="Medium.")
    HIGH = enum_value("HIGH", description="High.")
    CRITICAL = enum_value("CRITICAL", description="Critical.")
    UNKNOWN = enum_value("UNKNOWN", description="The source did not say.")


@enum(description="Part of the student in an incident.")
class IncidentRole(Enum):
    AUTHOR = enum_value("AUTHOR", description="Author (auteur).")
    PARTICIPANT = enum_value("PARTICIPANT", description="Took part (co-auteur).")
    WITNESS = enum_value("WITNESS", description="Witness (témoin).")
    VICTIM = enum_value("VICTIM", description="Victim (victime).")
    OTHER = enum_value("OTHER", description="Another part.")
    UNKNOWN = enum_value("UNKNOWN", description="The source did not say.")


@enum(description="Whether an incident is settled.")
class IncidentStatus(Enum):
    REPORTED = enum_value("REPORTED", description="Reported.")
    IN_PROGRESS = enum_value("IN_PROGRESS", description="Being looked into.")
    CLOSED = enum_value("CLOSED", description="Settled.")


@enum(description="Legal category of a punishment (Code de l'éducation, R. 511-13 for sanctions).")
class PunishmentCategory(Enum):
    PUNISHMENT = enum_value("PUNISHMENT", description="School punishment (punition scolaire).")
    SANCTION = enum_value("SANCTION", description="Disciplinary sanction (sanction disciplinaire).")
    PRECAUTIONARY_MEASURE = enum_value(
        "PRECAUTIONARY_MEASURE", description="Precautionary measure (mesure conservatoire)."
    )
    EDUCATIONAL_RESPONSE = enum_value("EDUCATIONAL_RESPONSE", description="Educational response.")


@enum(description="What a punishment is.")
class PunishmentNature(Enum):
    EXTRA_WORK = enum_value("EXTRA_WORK", description="Extra work (devoir supplémentaire).")
    DETENTION = enum_value("DETENTION", description="Detention (retenue).")
    LESSON_EXCLUSION = enum_value("LESSON_EXCLUSION", description="Excluded from a lesson.")
    WRITTEN_APOLOGY = enum_value("WRITTEN_APOLOGY", description="Written apology.")
    WARNING = enum_value("WARNING", description="Warning (avertissement).")
    REPRIMAND = enum_value("REPRIMAND", description="Reprimand (blâme).")
    RESPONSIBILITY_MEASURE = enum_value(
        "RESPONSIBILITY_MEASURE", description="Responsibility measure (mesure de responsabilisation)."
    )
    TEMPORARY_CLASS_EXCLUSION = enum_value(
        "TEMPORARY_CLASS_EXCLUSION", description="Excluded from class for a time."
    )
    TEMPORARY_SCHOOL_EXCLUSION = enum_value(
        "TEMPORARY_SCHOOL_EXCLUSION", description="Excluded from school for a time."
    )
    PERMANENT_EXCLUSION = enum_value("PERMANENT_EXCLUSION", description="Excluded for good.")
    ACCESS_BAN = enum_value("ACCESS_BAN", description="May not enter.")
    OTHER = enum_value("OTHER", description="Something else.")


@enum(description="Whether a punishment was carried out.")
class PunishmentStatus(Enum):
    PLANNED = enum_value("PLANNED", description="Planned.")
    DONE = enum_value("DONE", description="Done.")
    NOT_DONE = enum_value("NOT_DONE", description="Not done.")
    POSTPONED = enum_value("POSTPONED", description="Postponed.")
    CANCELLED = enum_value("CANCELLED", description="Cancelled.")
    UNKNOWN = enum_value("UNKNOWN", description="The source did not say.")


@enum(description="Kind of observation.")
class ObservationKind(Enum):
    OBSERVATION = enum_value("OBSERVATION", description="Observation.")
    ENCOURAGEMENT = enum_value("ENCOURAGEMENT", description="Encouragement.")
    CONGRATULATION = enum_value("CONGRATULATION", description="Congratulation (félicitations).")
    FORGOTTEN_EQUIPMENT = enum_value(
        "FORGOTTEN_EQUIPMENT", description="Equipment forgotten (oubli de matériel)."
    )
    FORGOTTEN_NOTEBOOK = enum_value("FORGOTTEN_NOTEBOOK", description="Notebook forgotten (oubli de carnet).")
    MISSING_HOMEWORK = enum_value("MISSING_HOMEWORK", description="Homework not done.")
    LOG_BOOK_ISSUE = enum_value("LOG_BOOK_ISSUE", description="Issue with the log book.")
    OTHER = enum_value("OTHER", description="Something else.")


@type(description="A reported incident in which the student took part. Other students are never named.")
class Incident(Node, Sourced, StudentScoped):
    occurred_at: DateTime = field(description="When it happened.")
    has_time: bool = field(description="False when only the day is known.")
    kind_label: str | None = field(description="Kind of incident in the school's words.")
    place: str | None = field(description="Where it happened.")
    severity: IncidentSeverity = field(description="How severe it is.")
    severity_label: str | None = field(description="Severity in the school's words.")
    description: str | None = field(description="What happened, without naming other students.")
    student_role: IncidentRole = field(description="Part the student had in it.")
    student_role_label: str | None = field(description="That part in the school's words.")

    @edge
    def lesson(self) -> Lesson | None:
        """The lesson it belongs to."""
        ...

    @edge
    def reported_by(self) -> StaffMember | None:
        """Who reported it."""
        ...

    status: IncidentStatus = field(description="Whether it is settled.")

    @edge
    def punishments(self) -> list[Punishment] | None:
        """Punishments of this student that followed."""
        ...

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...


@type(description="A punishment (given by staff), a sanction (disciplinary) or a precautionary measure.")
class Punishment(Node, Sourced, StudentScoped, Acknowledgeable):
    category: PunishmentCategory = field(description="Legal category.")
    nature: PunishmentNature = field(description="What it is.")
    label: str = field(description="As the school names it.")
    reasons: list[str] = field(description="Reasons.")
    circumstances: str | None = field(description="What happened.")
    given_at: DateTime = field(description="When it was given.")
    has_time: bool = field(description="False when only the day of givenAt is known.")
    during_lesson: bool | None = field(description="Given during a lesson.")

    @edge
    def lesson(self) -> Lesson | None:
        """The lesson in which it was given."""
        ...

    @edge
    def given_by(self) -> StaffMember | None:
        """Null when the school hides the author."""
        ...

    @edge
    def decided_by(self) -> StaffMember | None:
        """Who decided it, for a sanction."""
        ...

    @edge
    def incident(self) -> Incident | None:
        """The incident it answers."""
        ...

    duration_minutes: int | None = field(description="Length in minutes.")
    starts_at: DateTime | None = field(description="Start of an exclusion.")
    ends_at: DateTime | None = field(description="End of an exclusion.")

    @edge
    def sessions(self) -> list[PunishmentSession] | None:
        """Scheduled sittings, a detention may have several."""
        ...

    work: HTML | None = field(description="Work to do as the punishment.")

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    status: PunishmentStatus = field(description="Whether it was carried out.")
    is_suspended: bool = field(description="Suspended sanction (sursis).")


@type(description="One sitting of a punishment.")
class PunishmentSession:
    id: ID = field(
        description="Opaque identifier, stable across imports. Read the record again with `node(id:)`."
    )
    date: Date = field(description="Day of the sitting.")
    starts_at: DateTime | None = field(description="Start, when known.")
    duration_minutes: int | None = field(description="Length in minutes.")

    @edge
    def room(self) -> Room | None:
        """Room."""
        ...

    @edge
    def supervisor(self) -> StaffMember | None:
        """Who supervises."""
        ...

    status: PunishmentStatus = field(description="Whether it took place.")


@type(description="A note on conduct or work, good or bad, that is neither an incident nor a punishment.")
class Observation(Node, Sourced, StudentScoped, Acknowledgeable):
    kind: ObservationKind = field(description="Kind of observation.")
    label: str = field(description="Text to show.")
    comment: str | None = field(description="Free text of the school.")
    date: Date = field(description="Day.")

    @edge
    def subject(self) -> Subject | None:
        """School subject (matière), null when there is none."""
        ...

    @edge
    def author(self) -> StaffMember | None:
        """Who wrote it."""
        ...

    is_positive: bool | None = field(description="True for praise, false for blame, null when neither.")
    points: int | None = field(description="Points given or taken, when the school uses them.")


@type(description="A page of a list of Incident (Relay connection).")
class IncidentConnection(Connection[Incident]):
    """Nothing beyond the Relay fields."""


@type(description="A page of a list of Punishment (Relay connection).")
class PunishmentConnection(Connection[Punishment]):
    """Nothing beyond the Relay fields."""


@type(description="A page of a list of Observation (Relay connection).")
class ObservationConnection(Connection[Observation]):
    """Nothing beyond the Relay fields."""


BehaviourRecord = Annotated[
    Incident | Punishment | Observation,
    union("BehaviourRecord", description="An incident, a punishment or an observation."),
]


@type(description="A page of a list of BehaviourRecord (Relay connection).")
class BehaviourConnection(Connection[BehaviourRecord]):
    """Nothing beyond the Relay fields."""
