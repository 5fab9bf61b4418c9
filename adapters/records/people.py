"""Students, guardians, staff and the ties between them."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from sqlalchemy import Index
from sqlmodel import Field

from adapters.content import EMAIL, URL
from adapters.records.base import Imported, Named, Searchable, holding, json_list


class Person(Imported, Named):
    """What students, guardians and staff have in common.

    `match_code` is that of names and day of birth (`person_code`), where the source knows all of them.
    """

    NAMED_BY: ClassVar[tuple[str, ...]] = ("last_name", "first_name")
    match_code: str | None = Field(default=None, max_length=64)
    title: str | None = None
    first_name: str | None = None
    last_name: str
    photo_url: str | None = holding(URL, default=None)


class Guardian(Person, table=True):
    """A parent or another person responsible (personne responsable)."""

    __tablename__ = "guardian"
    __table_args__ = (Index("ix_guardian_match_name", "match_name"),)
    email: str | None = holding(EMAIL, default=None)
    mobile_phone: str | None = None
    landline_phone: str | None = None
    address_lines: list[str] = json_list()
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    preferred_language: str | None = None


class Guardianship(Imported, table=True):
    """The tie between a guardian and a student, with its rights."""

    __tablename__ = "guardianship"
    __table_args__ = (
        Index("ix_guardianship_guardian", "guardian_id"),
        Index("ix_guardianship_student", "student_id"),
    )
    guardian_id: str = Field(max_length=64)
    student_id: str = Field(max_length=64)
    relation: str = "UNKNOWN"
    responsibility: str = "UNKNOWN"
    legal_rank: int | None = None
    is_priority_contact: bool | None = None
    is_emergency_contact: bool | None = None
    lives_with_student: bool | None = None
    may_pick_up: bool | None = None
    pays_fees: bool | None = None
    receives_report_cards: bool | None = None
    accepts_email: bool | None = None
    accepts_sms: bool | None = None
    has_data_access: bool = False
    permissions: list[str] = json_list()
    valid_from: date | None = None
    valid_to: date | None = None


class Student(Person, table=True):
    """A pupil. `information_system_id` is the ELEVE_ID of SIECLE, which joins the exports of one school.

    `national_id` is a code of the national number (INE), never the number itself.
    """

    __tablename__ = "student"
    __table_args__ = (
        Index("ix_student_school", "school_id"),
        Index("ix_student_information_system_id", "information_system_id"),
        Index("ix_student_national_id", "national_id"),
        Index("ix_student_match_code", "match_code"),
        Index("ix_student_match_name", "match_name"),
    )
    birth_name: str | None = None
    date_of_birth: date | None = None
    grade_level: str | None = None
    boarding_status: str | None = None
    course_id: str | None = None
    enrolled_from: date | None = None
    enrolled_to: date | None = None
    information_system_id: str | None = None
    national_id: str | None = Field(default=None, max_length=64)


class StaffMember(Person, Searchable, table=True):
    """A teacher or another member of staff. `information_system_id` is that of STS-WEB and AAF (EPP)."""

    __tablename__ = "staff_member"
    __table_args__ = (
        Index("ix_staff_member_school", "school_id", "last_name"),
        Index("ix_staff_member_information_system_id", "information_system_id"),
        Index("ix_staff_member_match_code", "match_code"),
    )
    SEARCHED = ("first_name", "last_name", "function_label")
    role: str = "OTHER"
    function_label: str | None = None
    email: str | None = holding(EMAIL, default=None)
    information_system_id: str | None = None


class Enrolment(Imported, table=True):
    """A student belongs to a class, a group, the school as a whole, or to themself.

    `kind` is CLASS, GROUP, SCHOOL or SELF; the last two let one join find everything meant for a student.
    """

    __tablename__ = "enrolment"
    __table_args__ = (
        Index("ix_enrolment_student", "student_id", "class_id"),
        Index("ix_enrolment_class", "class_id", "student_id"),
    )
    student_id: str = Field(max_length=64)
    class_id: str = Field(max_length=64)
    kind: str = "CLASS"
    start_date: date | None = None
    end_date: date | None = None


class Teaching(Imported, table=True):
    """Staff teach a subject to a class or group, or are its main teacher (professeur principal).

    Outside of its dates it gives no rights, and shows nobody as a teacher.
    """

    __tablename__ = "teaching"
    __table_args__ = (
        Index("ix_teaching_class", "class_id", "staff_id"),
        Index("ix_teaching_staff", "staff_id", "class_id"),
    )
    staff_id: str = Field(max_length=64)
    class_id: str = Field(max_length=64)
    subject_id: str | None = None
    is_main_teacher: bool = False
    start_date: date | None = None
    end_date: date | None = None
