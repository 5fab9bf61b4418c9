"""Grades, averages and skills."""

from __future__ import annotations

import datetime as time

from sqlalchemy import Index
from sqlmodel import Field

from adapters.content import COLOR, LINES
from adapters.records.base import Imported, Instant, holding, json_list


class Assessment(Imported, table=True):
    """A test, oral or assignment: what all its grades have in common."""

    __tablename__ = "assessment"
    title: str | None = None
    subject_id: str
    period_id: str | None = None
    teacher_ids: list[str] = json_list()
    kind: str = "WRITTEN_TEST"
    out_of: float | None = None
    coefficient: float | None = None
    weighting: str = "NORMAL"
    is_rescaled_to20: bool | None = None
    class_average: float | None = None
    class_min: float | None = None
    class_max: float | None = None
    class_median: float | None = None
    class_count: int | None = None


class Grade(Imported, table=True):
    """The result of one student on one assessment; filed under the day of the assessment."""

    __tablename__ = "grade"
    __table_args__ = (
        # The last two decide whether a grade is shown: lists are counted in the index alone.
        Index("ix_grade_student", "student_id", "date", "id", "ended_at", "published_at"),
        Index("ix_grade_assessment", "assessment_id", "student_id"),
    )
    student_id: str = Field(max_length=64)
    assessment_id: str
    subject_id: str
    period_id: str | None = None
    date: time.date
    entered_at: time.datetime | None = Field(default=None, sa_type=Instant)
    published_at: time.datetime | None = Field(default=None, sa_type=Instant)
    status: str = "GRADED"
    value: float | None = None
    display_value: str
    rank: int | None = None
    comment: str | None = holding(LINES, default=None)


class SubjectAverage(Imported, table=True):
    """What the source says of one student in one subject and period; without a subject, overall."""

    __tablename__ = "subject_average"
    __table_args__ = (Index("ix_subject_average_student", "student_id", "period_id"),)
    student_id: str = Field(max_length=64)
    period_id: str
    subject_id: str | None = None
    teacher_ids: list[str] = json_list()
    value: float | None = None
    class_average: float | None = None
    class_min: float | None = None
    class_max: float | None = None
    out_of: float = 20
    rank: int | None = None
    headcount: int | None = None
    coefficient: float | None = None
    weighting: str = "NORMAL"
    appreciation: str | None = holding(LINES, default=None)


class SkillDomain(Imported, table=True):
    """A domain of the common core or of a school's own grid."""

    __tablename__ = "skill_domain"
    code: str | None = None
    label: str
    parent_id: str | None = None
    framework: str = "COMMON_CORE"


class Skill(Imported, table=True):
    """A skill (compétence)."""

    __tablename__ = "skill"
    code: str | None = None
    label: str
    description: str | None = holding(LINES, default=None)
    subject_id: str | None = None
    domain_id: str | None = None
    parent_id: str | None = None
    cycle: int | None = None


class SkillScale(Imported, table=True):
    """The levels a school uses."""

    __tablename__ = "skill_scale"
    __table_args__ = (Index("ix_skill_scale_school", "school_id"),)
    name: str


class SkillLevel(Imported, table=True):
    """A level of mastery in the school's own words."""

    __tablename__ = "skill_level"
    __table_args__ = (Index("ix_skill_level_scale", "scale_id", "position"),)
    scale_id: str
    position: int
    code: str
    label: str
    abbreviation: str | None = None
    color: str | None = holding(COLOR, default=None)
    rank: int | None = None
    points: float | None = None


class SkillEvaluation(Imported, table=True):
    """One student's assessment by skills."""

    __tablename__ = "skill_evaluation"
    __table_args__ = (Index("ix_skill_evaluation_student", "student_id", "date", "id"),)
    student_id: str = Field(max_length=64)
    assessment_id: str | None = None
    grade_id: str | None = None
    title: str
    description: str | None = holding(LINES, default=None)
    subject_id: str | None = None
    period_id: str | None = None
    teacher_ids: list[str] = json_list()
    date: time.date
    published_at: time.datetime | None = Field(default=None, sa_type=Instant)
    kind: str = "WRITTEN_TEST"


class SkillResult(Imported, table=True):
    """The level one student reached on one skill in one assessment."""

    __tablename__ = "skill_result"
    __table_args__ = (
        Index("ix_skill_result_evaluation", "evaluation_id", "position"),
        Index("ix_skill_result_assessment", "assessment_id", "student_id"),
    )
    evaluation_id: str
    assessment_id: str | None = None
    student_id: str
    position: int = 0
    skill_id: str
    level_id: str
    coefficient: float | None = None
    comment: str | None = holding(LINES, default=None)
