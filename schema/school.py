"""Schools, their calendar, classes, groups and subjects."""

from __future__ import annotations

from datetime import date as Date
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import ID, enum, enum_value, field, type

from schema.edge import edge
from schema.interfaces import Node
from schema.people import PostalAddress
from schema.scalars import URL, Color
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.grades import GradingPeriod
    from schema.people import StaffMember
    from schema.skills import SkillScale


@enum(description="Level of education of a school.")
class SchoolKind(Enum):
    NURSERY = enum_value("NURSERY", description="Nursery school (maternelle).")
    PRIMARY = enum_value("PRIMARY", description="Primary school (école élémentaire).")
    MIDDLE_SCHOOL = enum_value("MIDDLE_SCHOOL", description="Middle school (collège).")
    HIGH_SCHOOL = enum_value("HIGH_SCHOOL", description="High school (lycée).")
    VOCATIONAL_HIGH_SCHOOL = enum_value(
        "VOCATIONAL_HIGH_SCHOOL", description="Vocational high school (lycée professionnel)."
    )
    HIGHER_EDUCATION = enum_value("HIGHER_EDUCATION", description="Higher education.")
    OTHER = enum_value("OTHER", description="Another kind.")


@type(description="A class (division).")
class SchoolClass(Node, Sourced):
    name: str = field(description='Name of the class: "6A".')
    level: str | None = field(description="Grade level.")

    @edge
    def school(self) -> School | None:
        """The school of the class."""
        ...

    @edge
    def main_teachers(self) -> list[StaffMember] | None:
        """Main teachers (professeurs principaux)."""
        ...

    headcount: int | None = field(description="Number of students counted.")


@type(description="A teaching group or part of a class.")
class StudentGroup(Node, Sourced):
    name: str = field(description='Name of the group: "6A-GR1".')

    @edge
    def subject(self) -> Subject | None:
        """Subject taught in the group."""
        ...

    @edge
    def classes(self) -> list[SchoolClass] | None:
        """Classes the students come from."""
        ...


@type(description="A school, college or institute (établissement).")
class School(Node, Sourced):
    name: str = field(description="Name of the school.")
    national_id: str | None = field(description="National identifier (UAI/RNE in France).")
    kind: SchoolKind = field(description="Level of education.")
    address: PostalAddress | None = field(description="Postal address.")
    phone: str | None = field(description="Telephone number.")
    website: URL | None = field(description="Web site.")
    logo_url: URL | None = field(description="Logo.")
    time_zone: str = field(description="IANA time zone: the reference of every date of this school.")
    school_year: SchoolYear = field(description="The current school year.")

    @edge(size=8)
    def periods(self) -> list[GradingPeriod] | None:
        """Grading periods in order."""
        ...

    @edge
    def week(self, date: Date) -> SchoolWeek | None:
        """The school week that holds a day."""
        ...

    @edge
    def skill_scales(self) -> list[SkillScale] | None:
        """Scales the school uses for skills."""
        ...

    display_policy: DisplayPolicy = field(description="What the school chose to show to guardians.")


@type(description="A school year.")
class SchoolYear:
    label: str = field(description="2026-2027.")
    start_date: Date = field(description="First day.")
    end_date: Date = field(description="Last day, included.")


@type(description="A school week. ISO numbering and the school's own numbering are kept apart.")
class SchoolWeek:
    iso_year: int = field(description="Year of the ISO week, which is not always the calendar year.")
    iso_week: int = field(description="ISO 8601 week number.")
    school_week: int | None = field(
        description="Week number counted from the first Monday of the school year."
    )
    cycle_label: str | None = field(
        description="A, B, Q1, Q2: the alternation label, null during holidays or when there is none."
    )
    start_date: Date = field(description="Monday.")
    end_date: Date = field(description="Sunday.")
    is_holiday: bool = field(description="True when the whole week is a holiday.")


@type(
    description="Publication choices of the school, so that a client hides a column instead of showing a wrong number."
)
class DisplayPolicy:
    show_grades: bool = field(description="Grades are shown.")
    show_skills: bool = field(description="Skills are shown.")
    show_coefficients: bool = field(description="Coefficients are shown.")
    show_subject_averages: bool = field(description="Averages by subject are shown.")
    show_overall_average: bool = field(description="The overall average is shown.")
    show_class_statistics: bool = field(description="Class averages, lowest and highest are shown.")
    show_rank: bool = field(description="Ranks are shown.")
    averages_only_after_period_closed: bool = field(
        description="Averages are shown only when the period is closed."
    )
    show_punishments: bool = field(description="Punishments are shown.")
    show_punishment_author: bool = field(description="The author of a punishment is shown.")
    online_justification: bool = field(description="Guardians may justify absences here.")
    default_out_of: float = field(description="The usual scale of grades: 20.")


@type(description="A school subject. Sub-subjects point to their parent.")
class Subject(Node):
    code: str | None = field(description="Code at the source (FRANC, MATHS).")
    name: str = field(description='Name of the subject: "Mathématiques".')
    short_name: str | None = field(description="Short name for narrow columns.")
    color: Color | None = field(description="Colour chosen by the school or the user, `#RRGGBB`.")

    @edge
    def parent(self) -> Subject | None:
        """The subject this one is a part of."""
        ...

    @edge
    def children(self) -> list[Subject] | None:
        """Parts of this subject (sous-matières)."""
        ...


@type(description="A room.")
class Room:
    id: ID = field(
        description="Opaque identifier, stable across imports. Read the record again with `node(id:)`."
    )
    name: str = field(description='Name of the room: "B204".')
