"""Absences, incidents, punishments, observations, and the answers of guardians."""

from __future__ import annotations

import datetime as time

from sqlalchemy import Index
from sqlmodel import Field

from adapters.content import HTML, LINES
from adapters.records.base import Imported, Instant, Record, holding, json_list


class Absence(Imported, table=True):
    """Any time at which the student was not where the timetable expected; filed under its first day."""

    __tablename__ = "absence"
    __table_args__ = (
        Index("ix_absence_student", "student_id", "date", "id"),
        Index("ix_absence_lesson", "lesson_id", "student_id"),
    )
    student_id: str = Field(max_length=64)
    date: time.date
    kind: str = "ABSENCE"
    starts_at: time.datetime = Field(sa_type=Instant)
    ends_at: time.datetime | None = Field(default=None, sa_type=Instant)
    minutes_missed: int | None = None
    half_days_missed: float | None = None
    lesson_id: str | None = None
    subject_id: str | None = None
    reason_id: str | None = None
    reason_label: str | None = None
    justification_status: str = "NOT_REQUIRED"
    is_settled: bool = False
    counts_in_totals: bool = True
    comment: str | None = holding(LINES, default=None)
    attendance_required: bool | None = None
    recorded_at: time.datetime | None = Field(default=None, sa_type=Instant)
    requires_acknowledgement: bool = False
    acknowledgement_deadline: time.date | None = None


class AbsenceReason(Imported, table=True):
    """A reason of the school's list."""

    __tablename__ = "absence_reason"
    __table_args__ = (Index("ix_absence_reason_school", "school_id"),)
    code: str | None = None
    label: str
    is_legitimate: bool | None = None
    kinds: list[str] = json_list()
    selectable_by_guardian: bool = True
    requires_document: bool = False


class AbsenceJustification(Imported, table=True):
    """A justification sent by a guardian."""

    __tablename__ = "absence_justification"
    __table_args__ = (Index("ix_absence_justification_absence", "absence_id"),)
    absence_id: str
    student_id: str
    guardian_id: str | None = None
    author_name: str
    reason_id: str | None = None
    comment: str | None = holding(LINES, default=None)
    submitted_at: time.datetime = Field(sa_type=Instant)
    status: str = "SUBMITTED"
    reviewed_at: time.datetime | None = Field(default=None, sa_type=Instant)
    review_comment: str | None = holding(LINES, default=None)


class Incident(Imported, table=True):
    """A reported incident; who took part is in `IncidentParticipation`."""

    __tablename__ = "incident"
    occurred_at: time.datetime = Field(sa_type=Instant)
    has_time: bool = True
    kind_label: str | None = None
    place: str | None = None
    severity: str = "UNKNOWN"
    severity_label: str | None = None
    description: str | None = holding(LINES, default=None)
    lesson_id: str | None = None
    reported_by_id: str | None = None
    status: str = "REPORTED"


class IncidentParticipation(Imported, table=True):
    """The part of one student in an incident."""

    __tablename__ = "incident_participation"
    __table_args__ = (Index("ix_incident_participation_student", "student_id", "date", "incident_id"),)
    incident_id: str
    student_id: str = Field(max_length=64)
    date: time.date
    student_role: str = "UNKNOWN"
    student_role_label: str | None = None


class Punishment(Imported, table=True):
    """A punishment, sanction or precautionary measure of one student."""

    __tablename__ = "punishment"
    __table_args__ = (
        Index("ix_punishment_student", "student_id", "date", "id"),
        Index("ix_punishment_incident", "incident_id", "student_id"),
    )
    student_id: str = Field(max_length=64)
    date: time.date
    category: str = "PUNISHMENT"
    nature: str = "OTHER"
    label: str
    reasons: list[str] = json_list()
    circumstances: str | None = holding(LINES, default=None)
    given_at: time.datetime = Field(sa_type=Instant)
    has_time: bool = True
    during_lesson: bool | None = None
    lesson_id: str | None = None
    given_by_id: str | None = None
    decided_by_id: str | None = None
    incident_id: str | None = None
    duration_minutes: int | None = None
    starts_at: time.datetime | None = Field(default=None, sa_type=Instant)
    ends_at: time.datetime | None = Field(default=None, sa_type=Instant)
    work: str | None = holding(HTML, default=None)
    status: str = "PLANNED"
    is_suspended: bool = False
    requires_acknowledgement: bool = False
    acknowledgement_deadline: time.date | None = None


class PunishmentSession(Imported, table=True):
    """One sitting of a punishment."""

    __tablename__ = "punishment_session"
    __table_args__ = (Index("ix_punishment_session_punishment", "punishment_id", "date"),)
    punishment_id: str
    date: time.date
    starts_at: time.datetime | None = Field(default=None, sa_type=Instant)
    duration_minutes: int | None = None
    room_id: str | None = None
    supervisor_id: str | None = None
    status: str = "PLANNED"


class Observation(Imported, table=True):
    """A note on conduct or work, good or bad."""

    __tablename__ = "observation"
    __table_args__ = (Index("ix_observation_student", "student_id", "date", "id"),)
    student_id: str = Field(max_length=64)
    date: time.date
    kind: str = "OBSERVATION"
    label: str
    comment: str | None = holding(LINES, default=None)
    subject_id: str | None = None
    author_id: str | None = None
    is_positive: bool | None = None
    points: int | None = None
    requires_acknowledgement: bool = False
    acknowledgement_deadline: time.date | None = None


class Acknowledgement(Record, table=True):
    """An answer of one guardian, for one student, to one record (record_id is unique over all tables)."""

    __tablename__ = "acknowledgement"
    __table_args__ = (
        Index("ix_acknowledgement_record", "record_id", "student_id", "guardian_id"),
        Index("ix_acknowledgement_student", "student_id"),
    )
    school_id: str | None = Field(default=None, max_length=64)
    record_id: str
    student_id: str | None = None
    guardian_id: str
    guardian_name: str
    decision: str
    comment: str | None = holding(LINES, default=None)
    at: time.datetime = Field(sa_type=Instant)
    method: str = "CLICK"
