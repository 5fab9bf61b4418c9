"""Grades and averages (notes, moyennes)."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import ID, enum, enum_value, field, type

from schema.connections import Connection
from schema.edge import edge
from schema.interfaces import Node, StudentScoped
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.documents import Attachment
    from schema.people import StaffMember
    from schema.school import Subject
    from schema.skills import SkillResult
    from schema.student import Student


@enum(description="Kind of grading period.")
class GradingPeriodKind(Enum):
    TRIMESTER = enum_value("TRIMESTER", description="A term of three.")
    SEMESTER = enum_value("SEMESTER", description="A term of two.")
    MID_TERM = enum_value("MID_TERM", description="Mid-term statement.")
    YEAR = enum_value("YEAR", description="The whole year.")
    MOCK_EXAM = enum_value("MOCK_EXAM", description="Mock examination (examen blanc).")
    CERTIFICATION = enum_value("CERTIFICATION", description="Continuous assessment for a diploma (CCF).")
    OUT_OF_PERIOD = enum_value("OUT_OF_PERIOD", description="Outside every period (hors période).")
    OTHER = enum_value("OTHER", description="Another kind.")


@enum(description="Why there is, or is not, a number.")
class GradeStatus(Enum):
    GRADED = enum_value("GRADED", description="A number was given.")
    ABSENT = enum_value("ABSENT", description="Absent: does not count.")
    ABSENT_ZERO = enum_value("ABSENT_ZERO", description="Absent, counted as zero.")
    EXEMPTED = enum_value("EXEMPTED", description="Dispensed.")
    UNFIT = enum_value("UNFIT", description="Medically unfit.")
    NOT_GRADED = enum_value("NOT_GRADED", description="Not graded.")
    NOT_SUBMITTED = enum_value("NOT_SUBMITTED", description="Not handed in: does not count.")
    NOT_SUBMITTED_ZERO = enum_value("NOT_SUBMITTED_ZERO", description="Not handed in, counted as zero.")
    NOT_EVALUATED = enum_value("NOT_EVALUATED", description="Not evaluated (NE), usual with skills.")
    LETTER = enum_value("LETTER", description="Letter or text instead of a number.")
    CONGRATULATIONS = enum_value("CONGRATULATIONS", description="Congratulations instead of a number.")
    PENDING = enum_value("PENDING", description="Published without a result yet.")
    UNKNOWN = enum_value("UNKNOWN", description="Read but not understood: displayValue holds the raw text.")


@enum(description="How a grade enters the average.")
class GradeWeighting(Enum):
    NORMAL = enum_value("NORMAL", description="Counts with its coefficient.")
    BONUS = enum_value(
        "BONUS", description="Only points above half of the scale are added; the coefficient is not."
    )
    OPTIONAL = enum_value("OPTIONAL", description="Counts only if it raises the average.")
    MALUS = enum_value("MALUS", description="Points taken away.")
    NOT_SIGNIFICANT = enum_value("NOT_SIGNIFICANT", description="Shown, never counted.")


@enum(description="Kind of assessment.")
class AssessmentKind(Enum):
    WRITTEN_TEST = enum_value("WRITTEN_TEST", description="Written test (contrôle, DS).")
    ORAL_TEST = enum_value("ORAL_TEST", description="Oral test.")
    HOME_ASSIGNMENT = enum_value("HOME_ASSIGNMENT", description="Home assignment (DM).")
    PRACTICAL_WORK = enum_value("PRACTICAL_WORK", description="Practical work (TP).")
    EXERCISE = enum_value("EXERCISE", description="Exercise.")
    PROJECT = enum_value("PROJECT", description="Project.")
    QUIZ = enum_value("QUIZ", description="Quiz (interrogation).")
    MOCK_EXAM = enum_value("MOCK_EXAM", description="Mock examination.")
    PARTICIPATION = enum_value("PARTICIPATION", description="Participation.")
    OTHER = enum_value("OTHER", description="Something else.")


@enum(description="Where an average comes from.")
class AverageOrigin(Enum):
    SOURCE = enum_value("SOURCE", description="Given by the source.")
    COMPUTED = enum_value("COMPUTED", description="Computed by the gateway because the source gave none.")
    UNAVAILABLE = enum_value("UNAVAILABLE", description="Neither given nor computable.")


@type(description="A division of the school year for grades.")
class GradingPeriod(Node):
    name: str = field(description='Name: "Trimestre 1".')
    kind: GradingPeriodKind = field(description="Kind of period.")
    start_date: Date = field(description="First day.")
    end_date: Date = field(description="Last day, included.")

    @edge
    def parent(self) -> GradingPeriod | None:
        """The period this one lies in."""
        ...

    is_current: bool = field(
        description="Computed in the school's time zone; only one regular period is current."
    )
    is_closed: bool = field(description="True when grades no longer change.")
    council_at: DateTime | None = field(description="Class council, when published.")


@type(description="One result on one assessment.")
class Grade(Node, Sourced, StudentScoped):
    @edge
    def subject(self) -> Subject | None:
        """School subject (matière), null when there is none."""
        ...

    @edge
    def period(self) -> GradingPeriod | None:
        """The grading period."""
        ...

    @edge
    def teachers(self) -> list[StaffMember] | None:
        """Teachers, in the order of the source."""
        ...

    title: str | None = field(description="Title of the assessment.")
    kind: AssessmentKind = field(description="Kind of assessment.")
    date: Date | None = field(description="Day of the assessment.")
    entered_at: DateTime | None = field(description="When the teacher typed it in.")
    published_at: DateTime | None = field(
        description="When it became visible to guardians. It is never served earlier."
    )
    status: GradeStatus = field(description="Why there is, or is not, a number.")
    value: float | None = field(
        description="Number on the outOf scale. Null whenever status is not GRADED, except the ZERO statuses where it is 0."
    )
    display_value: str = field(description='Text as the school shows it: "14,5", "Abs", "N.Rdu", "A+".')
    out_of: float | None = field(
        description="Maximum of this assessment. Null for an assessment without a numeric scale."
    )
    value_out_of_20: float | None = field(description="The value on 20, null when there is no number.")
    coefficient: float | None = field(
        description="Null when the school hides coefficients; never defaulted to 1."
    )
    weighting: GradeWeighting = field(description="How it enters the average.")
    is_rescaled_to20: bool | None = field(
        description="True: rescaled to 20 before averaging. False: the scale weighs as well."
    )

    @edge
    def counts_in_average(self) -> bool | None:
        """False for coefficient 0, not significant, optional grades that were not kept."""
        ...

    class_statistics: ClassStatistics | None = field(
        description="Figures of the class, null when the school hides them."
    )
    comment: str | None = field(description="Comment of the teacher.")

    @edge
    def subject_file(self) -> Attachment | None:
        """The questions (sujet)."""
        ...

    @edge
    def correction_file(self) -> Attachment | None:
        """The correction (corrigé)."""
        ...

    @edge
    def skill_results(self) -> list[SkillResult] | None:
        """Skills evaluated by the same assessment."""
        ...


@type(description="Figures of the class for one assessment, as the school gives them.")
class ClassStatistics:
    average: float | None = field(description="Average of the class.")
    min: float | None = field(description="Lowest grade.")
    max: float | None = field(description="Highest grade.")
    median: float | None = field(description="Median grade.")
    count: int | None = field(description="Number of graded students.")
    rank: int | None = field(
        description="Position of the student in the class, 1 is the best. Null when the school hides it."
    )


@type(description="Grades and averages of one student over one period.")
class Gradebook:
    @edge
    def student(self) -> Student | None:
        """The student concerned."""
        ...

    @edge
    def period(self) -> GradingPeriod | None:
        """The period."""
        ...

    overall: AverageValue | None = field(description="Overall average of the student (moyenne générale).")
    class_overall: AverageValue | None = field(
        description="Overall average of the class; only from the source."
    )
    rank: int | None = field(
        description="Position of the student in the class, 1 is the best. Null when the school hides it."
    )
    headcount: int | None = field(description="Number of students counted.")

    @edge(size=15)
    def subjects(self) -> list[SubjectAverage] | None:
        """One entry for each subject."""
        ...

    @edge(size=40)
    def grades(self, subject_ids: list[ID] | None = None) -> list[Grade] | None:
        """Grades of the period, newest first."""
        ...

    last_grade_at: DateTime | None = field(description="When the newest grade was published.")


@type(description="Averages of one subject (service), with its sub-subjects.")
class SubjectAverage:
    @edge
    def subject(self) -> Subject | None:
        """The subject."""
        ...

    @edge
    def teachers(self) -> list[StaffMember] | None:
        """Teachers, in the order of the source."""
        ...

    student: AverageValue | None = field(description="Average of the student.")
    class_average: AverageValue | None = field(
        description="Average of the class; only from the source, never computed here."
    )
    min: AverageValue | None = field(description="Lowest average of the class.")
    max: AverageValue | None = field(description="Highest average of the class.")
    rank: int | None = field(
        description="Position of the student in the class, 1 is the best. Null when the school hides it."
    )
    headcount: int | None = field(description="Number of students counted.")
    coefficient: float | None = field(
        description="Weight of the subject in the overall average, null when hidden."
    )
    weighting: GradeWeighting = field(description="How the subject enters the overall average.")
    grade_count: int = field(description="Number of grades of the student, counted or not.")

    @edge(size=10)
    def grades(self) -> list[Grade] | None:
        """The grades behind it, newest first."""
        ...

    @edge
    def children(self) -> list[SubjectAverage] | None:
        """Averages of the parts of the subject (sous-matières)."""
        ...

    appreciation: str | None = field(description="The teacher's appreciation, when published.")


@type(description="An average and where it comes from.")
class AverageValue:
    value: float | None = field(description="Null when there is nothing to average; never 0 or -1 instead.")
    out_of: float = field(description="The scale of the value, usually 20.")
    display_value: str = field(description='Text to show: "14,25", or "" when there is none.')
    origin: AverageOrigin = field(description="Where the value comes from.")
    is_approximate: bool = field(description="Computed although a coefficient or a scale was missing.")
    computed_at: DateTime | None = field(
        description="When the gateway computed it, null when the source gave it."
    )


@type(description="A page of a list of Grade (Relay connection).")
class GradeConnection(Connection[Grade]):
    """Nothing beyond the Relay fields."""
