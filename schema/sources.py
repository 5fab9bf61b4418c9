"""Where a record came from, and what its source can do."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, interface, type

from schema.edge import edge
from schema.interfaces import Node

if TYPE_CHECKING:
    from schema.school import School


@enum(description="How a source is read.")
class DataSourceKind(Enum):
    NATIVE_DATABASE = enum_value("NATIVE_DATABASE", description="The gateway's own database.")
    FILE_IMPORT = enum_value(
        "FILE_IMPORT", description="An export of the school, imported (AAF, SIECLE ...)."
    )
    ICALENDAR = enum_value("ICALENDAR", description="A calendar feed.")
    REMOTE_API = enum_value("REMOTE_API", description="A remote service, asked while you wait.")


@enum(description="Whether a source answers and how fresh it is.")
class DataSourceStatus(Enum):
    OK = enum_value("OK", description="Answers, fresh.")
    STALE = enum_value("STALE", description="Answers, but its data is older than its target.")
    PARTIAL = enum_value("PARTIAL", description="The last import refused some records.")
    UNREACHABLE = enum_value("UNREACHABLE", description="Does not answer.")
    DISABLED = enum_value("DISABLED", description="Switched off by the administrator.")


@enum(description="What a source can read (READ) or accept (WRITE).")
class Capability(Enum):
    TIMETABLE_READ = enum_value("TIMETABLE_READ", description="Timetable (emploi du temps).")
    LESSON_CONTENT_READ = enum_value("LESSON_CONTENT_READ", description="Lesson log (cahier de textes).")
    HOMEWORK_READ = enum_value("HOMEWORK_READ", description="Homework (travail à faire).")
    GRADES_READ = enum_value("GRADES_READ", description="Grades (notes).")
    AVERAGES_READ = enum_value("AVERAGES_READ", description="Averages (moyennes).")
    SKILLS_READ = enum_value("SKILLS_READ", description="Skills (compétences).")
    ABSENCES_READ = enum_value("ABSENCES_READ", description="Absences, lateness, exemptions.")
    BEHAVIOUR_READ = enum_value(
        "BEHAVIOUR_READ", description="Incidents, punishments and observations (comportement)."
    )
    MESSAGES_READ = enum_value("MESSAGES_READ", description="Messages (messagerie).")
    LIAISON_READ = enum_value("LIAISON_READ", description="Liaison book (carnet de liaison).")
    EVENTS_READ = enum_value("EVENTS_READ", description="School agenda.")
    TRIPS_READ = enum_value("TRIPS_READ", description="Trips and outings (voyages).")
    NEWS_READ = enum_value("NEWS_READ", description="News (actualités).")
    DOCUMENTS_READ = enum_value("DOCUMENTS_READ", description="Documents.")
    DIRECTORY_READ = enum_value("DIRECTORY_READ", description="Directory (annuaire).")


@interface(description="Anything that came from a data source.")
class Sourced:
    source: SourceRef = field(description="Where the record came from and how fresh it is.")


@type(description="Provenance and freshness of one record.")
class SourceRef:
    @edge
    def source(self) -> DataSource | None:
        """The source that holds the record."""
        ...

    external_id: str | None = field(description="Identifier of the record at the source.")

    @edge
    def fetched_at(self) -> DateTime | None:
        """When the gateway last read this record from the source."""
        ...

    modified_at: DateTime | None = field(
        description="When the record was last changed at the source, if the source says so."
    )

    @edge
    def is_stale(self) -> bool | None:
        """True when the record is older than the gateway's freshness target (source unreachable, export old)."""
        ...


@type(description="A configured data source (native database, file export, remote service).")
class DataSource(Node):
    kind: DataSourceKind = field(description="How the source is read.")
    name: str = field(description='Name to show: "AAF", "PRONOTE".')

    @edge
    def school(self) -> School | None:
        """The school it serves, null when it serves several."""
        ...

    status: DataSourceStatus = field(description="Whether it answers.")
    last_sync_at: DateTime | None = field(description="End of the last successful read or import.")
    last_error: str | None = field(description="Guardian-readable reason of the last failure.")
    capabilities: list[Capability] = field(description="What this source can provide or accept.")
