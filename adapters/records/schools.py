"""Schools, their calendar, and what is taught in them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from adapters.content import COLOR, URL
from adapters.records.base import Imported, Instant, Named, Record, holding, json_list


class DataSource(Record, table=True):
    """A configured source, or the export format a school was imported from."""

    __tablename__ = "data_source"
    school_id: str | None = Field(default=None, max_length=64)
    kind: str
    name: str
    status: str = "OK"
    last_sync_at: datetime | None = Field(default=None, sa_type=Instant)
    last_error: str | None = None
    capabilities: list[str] = json_list()


class School(Imported, table=True):
    """A school (établissement). `national_id` is the UAI in France."""

    __tablename__ = "school"
    name: str
    national_id: str | None = Field(default=None, index=True)
    kind: str = "OTHER"
    address_lines: list[str] = json_list()
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    phone: str | None = None
    website: str | None = holding(URL, default=None)
    logo_url: str | None = holding(URL, default=None)
    time_zone: str = "Europe/Paris"


class SchoolSettings(Imported, table=True):
    """One row per school: its year, its holidays, its A/B weeks and what it chose to show."""

    __tablename__ = "school_settings"
    __table_args__ = (Index("ix_school_settings_school", "school_id"),)
    year_label: str
    year_start: date
    year_end: date
    holidays: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    cycle_weeks: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    counting_unit: str = "HALF_DAY"
    display_policy: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class GradingPeriod(Imported, Named, table=True):
    """A division of the school year for grades."""

    __tablename__ = "grading_period"
    __table_args__ = (Index("ix_grading_period_school", "school_id", "start_date"),)
    name: str
    kind: str
    start_date: date
    end_date: date
    parent_id: str | None = None
    is_closed: bool = False
    council_at: datetime | None = Field(default=None, sa_type=Instant)


class Subject(Imported, Named, table=True):
    """A school subject; without a school it is a national one.

    `code` is the national one (CODE_MATIERE), `management_code` what schools type (CODE_GESTION).
    """

    __tablename__ = "subject"
    __table_args__ = (Index("ix_subject_parent", "parent_id"),)
    code: str | None = None
    management_code: str | None = None
    name: str
    short_name: str | None = None
    color: str | None = holding(COLOR, default=None)
    parent_id: str | None = None


class Course(Imported, table=True):
    """A course of study (MEF, module élémentaire de formation)."""

    __tablename__ = "course"
    name: str


class Room(Imported, Named, table=True):
    """A room."""

    __tablename__ = "room"
    name: str


class SchoolClass(Imported, Named, table=True):
    """A class (`HOMEROOM`, division) or a teaching group (`SCHEDULED`), in the words of OneRoster."""

    __tablename__ = "school_class"
    __table_args__ = (Index("ix_school_class_school", "school_id", "name"),)
    name: str
    class_type: str = "HOMEROOM"
    level: str | None = None
    headcount: int | None = None
    subject_id: str | None = None
    parent_class_ids: list[str] = json_list()


class Audience(Record, table=True):
    """Who a record is for: one row per class, student or whole school; kept by the loader.

    `audience_id` is the id of a class, a student or a school; `Enrolment` ties a student to all of them.
    """

    __tablename__ = "audience"
    __table_args__ = (
        Index("ix_audience_window", "audience_id", "record_kind", "date", "record_id"),
        Index("ix_audience_record", "record_id"),
    )
    school_id: str | None = Field(default=None, max_length=64)
    audience_id: str = Field(max_length=64)
    record_kind: str = Field(max_length=32)
    record_id: str = Field(max_length=64)
    date: date
