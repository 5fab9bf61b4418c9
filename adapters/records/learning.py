"""Timetable, lesson log and homework."""

from __future__ import annotations

import datetime as time

from sqlalchemy import Index
from sqlmodel import Field

from adapters.content import COLOR, HTML, LINES, URL
from adapters.records.base import Imported, Instant, Record, holding, json_list


class ForAudience(Imported):
    """Meant for classes, single students or the whole school; filed under `date`."""

    date: time.date
    class_ids: list[str] = json_list()
    student_ids: list[str] = json_list()
    is_for_whole_school: bool = False


class Lesson(ForAudience, table=True):
    """One slot of the timetable."""

    __tablename__ = "lesson"
    kind: str = "LESSON"
    title: str
    subject_id: str | None = None
    starts_at: time.datetime = Field(sa_type=Instant)
    ends_at: time.datetime = Field(sa_type=Instant)
    status: str = "SCHEDULED"
    changes: list[str] = json_list()
    cancellation_reason: str | None = None
    status_label: str | None = None
    teacher_ids: list[str] = json_list()
    other_staff_ids: list[str] = json_list()
    room_ids: list[str] = json_list()
    group_ids: list[str] = json_list()
    original_starts_at: time.datetime | None = Field(default=None, sa_type=Instant)
    original_ends_at: time.datetime | None = Field(default=None, sa_type=Instant)
    original_subject_id: str | None = None
    original_teacher_ids: list[str] = json_list()
    original_room_ids: list[str] = json_list()
    replaced_by_id: str | None = None
    replaces_id: str | None = None
    is_superseded: bool = False
    has_test: bool = False
    is_online: bool = False
    online_urls: list[str] = json_list(URL)
    memo: str | None = holding(LINES, default=None)
    color: str | None = holding(COLOR, default=None)
    is_from_pattern: bool = Field(default=False, description="Of a weekly pattern that knows no holidays.")


class LessonExemption(Imported, table=True):
    """A student is exempted from a lesson (dispense)."""

    __tablename__ = "lesson_exemption"
    __table_args__ = (Index("ix_lesson_exemption_pair", "lesson_id", "student_id"),)
    lesson_id: str
    student_id: str
    is_exempted: bool = True
    attendance_required: bool | None = None


class LessonContent(ForAudience, table=True):
    """What was taught during a lesson."""

    __tablename__ = "lesson_content"
    __table_args__ = (Index("ix_lesson_content_lesson", "lesson_id"),)
    lesson_id: str | None = None
    subject_id: str | None = None
    teacher_ids: list[str] = json_list()
    kind: str = "COURSE"
    title: str | None = None
    body: str | None = holding(HTML, default=None)
    themes: list[str] = json_list()
    program_elements: list[str] = json_list()
    is_planned: bool = False
    published_at: time.datetime | None = Field(default=None, sa_type=Instant)


class Homework(ForAudience, table=True):
    """Work to do; `date` is the day for which it is due."""

    __tablename__ = "homework"
    __table_args__ = (
        Index("ix_homework_due_lesson", "due_lesson_id"),
        Index("ix_homework_given_lesson", "given_lesson_id"),
    )
    subject_id: str | None = None
    teacher_id: str | None = None
    kind: str = "EXERCISE"
    title: str | None = None
    description: str | None = holding(HTML, default=None)
    given_on: time.date | None = None
    due_at: time.datetime | None = Field(default=None, sa_type=Instant)
    due_lesson_id: str | None = None
    given_lesson_id: str | None = None
    is_test: bool = False
    estimated_minutes: int | None = None
    difficulty: str | None = None
    themes: list[str] = json_list()
    is_personal: bool = False
    published_at: time.datetime | None = Field(default=None, sa_type=Instant)


class HomeworkProgress(Imported, table=True):
    """How far one student is with one piece of homework."""

    __tablename__ = "homework_progress"
    __table_args__ = (Index("ix_homework_progress_pair", "homework_id", "student_id"),)
    homework_id: str
    student_id: str
    status: str = "TODO"
    done_at: time.datetime | None = Field(default=None, sa_type=Instant)
    done_by: str | None = None
    done_mark_origin: str | None = None


class Attachment(Record, table=True):
    """A file or link of another record."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_record", "record_id", "position"),)
    school_id: str | None = Field(default=None, max_length=64)
    record_id: str
    position: int = 0
    role: str = "ATTACHMENT"
    kind: str = "FILE"
    name: str
    url: str = holding(URL)
    mime_type: str | None = None
    size: int | None = None
    alt_text: str | None = None
