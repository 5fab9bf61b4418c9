"""The student: the root of nearly every widget."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from typing import TYPE_CHECKING

from strawberry import ID, field, type

from schema.acknowledgements import AcknowledgementState
from schema.agenda import EventKind
from schema.attendance import AbsenceKind, JustificationStatus
from schema.behaviour import ObservationKind, PunishmentCategory
from schema.documents import DocumentCategory
from schema.edge import edge
from schema.grades import GradeStatus
from schema.homework import HomeworkDateField, HomeworkStatus
from schema.interfaces import Node, Person
from schema.liaison import LiaisonNoteKind
from schema.people import BoardingStatus
from schema.sources import Capability, Sourced
from schema.trips import TripStatus
from schema.windows import RelativeRange, SortDirection

if TYPE_CHECKING:
    from schema.agenda import EventConnection
    from schema.attendance import AbsenceConnection, AbsenceReason, AttendanceSummary
    from schema.behaviour import (
        BehaviourConnection,
        IncidentConnection,
        ObservationConnection,
        PunishmentConnection,
    )
    from schema.dashboard import StudentApp
    from schema.documents import DocumentConnection
    from schema.grades import Gradebook, GradeConnection, GradingPeriod
    from schema.homework import DiaryDay, HomeworkConnection, LessonContentConnection
    from schema.liaison import LiaisonNoteConnection
    from schema.people import Guardianship, StaffMember
    from schema.school import School, SchoolClass, StudentGroup, Subject
    from schema.skills import SkillEvaluationConnection
    from schema.timetable import Lesson, Timetable
    from schema.trips import TripConnection


@type(description="A pupil.")
class Student(Node, Person, Sourced):
    title: str | None = field(description="Form of address as the source writes it.")
    date_of_birth: Date | None = field(description="Date of birth.")

    @edge
    def school(self) -> School | None:
        """The school the student is enrolled in."""
        ...

    @edge
    def school_class(self) -> SchoolClass | None:
        """Class of the current school year, null when not enrolled in one."""
        ...

    @edge
    def groups(self) -> list[StudentGroup] | None:
        """Teaching groups of today."""
        ...

    grade_level: str | None = field(description='Grade level in the school\'s words: "6EME".')
    boarding_status: BoardingStatus | None = field(description="Day student, half-board, boarder.")
    enrolled_from: Date | None = field(description="First day at the school.")
    enrolled_to: Date | None = field(description="Last day at the school, null while enrolled.")

    @edge
    def my_guardianship(self) -> Guardianship | None:
        """The caller's own tie to this student."""
        ...

    @edge
    def guardianships(self) -> list[Guardianship] | None:
        """All guardians, with contact details hidden except the caller's own."""
        ...

    @edge
    def main_teachers(self) -> list[StaffMember] | None:
        """Main teachers of the class (professeurs principaux)."""
        ...

    @edge(size=15)
    def teachers(self) -> list[StaffMember] | None:
        """Teachers of the student's classes and groups."""
        ...

    @edge(size=15)
    def subjects(self) -> list[Subject] | None:
        """Subjects the student is taught."""
        ...

    @edge(size=16, weight=2000)
    def apps(self) -> list[StudentApp] | None:
        """Which applications have data for this student, and why not when they have none."""
        ...

    capabilities: list[Capability] = field(description="What the sources behind this student can give.")

    @edge
    def periods(self) -> list[GradingPeriod] | None:
        """Grading periods of the school, in order."""
        ...

    @edge
    def current_period(self) -> GradingPeriod | None:
        """The grading period of today, null between periods."""
        ...

    @edge(per_day={"days": 1, "lessons": 6, "weeks": 1}, weight=60)
    def timetable(
        self,
        from_: Date | None = None,
        to: Date | None = None,
        range: RelativeRange | None = RelativeRange.CURRENT_WEEK,
    ) -> Timetable | None:
        """Timetable (emploi du temps) over a window."""
        ...

    @edge(weight=700)
    def next_lesson(self, after: DateTime | None = None) -> Lesson | None:
        """Next lesson that takes place (cancelled and superseded ones are skipped)."""
        ...

    @edge(per_day={"": 1})
    def diary(
        self,
        from_: Date | None = None,
        to: Date | None = None,
        range: RelativeRange | None = RelativeRange.CURRENT_WEEK,
        subject_ids: list[ID] | None = None,
    ) -> list[DiaryDay] | None:
        """Lesson log and homework, day by day."""
        ...

    @edge(per_day={"nodes": 4, "edges": 4, "totalCount": 1, "doneCount": 1})
    def homework(
        self,
        from_: Date | None = None,
        to: Date | None = None,
        range: RelativeRange | None = RelativeRange.NEXT_7_DAYS,
        date_field: HomeworkDateField | None = HomeworkDateField.DUE_DATE,
        status: list[HomeworkStatus] | None = None,
        subject_ids: list[ID] | None = None,
        tests_only: bool | None = False,
        first: int | None = None,
        after: str | None = None,
    ) -> HomeworkConnection | None:
        """Homework (travail à faire), by due date. Example: `homework(range: NEXT_7_DAYS) { nodes {
        dueDate subject { name } descriptionText } }`.
        """
        ...

    @edge(per_day={"nodes": 6, "edges": 6, "totalCount": 1})
    def lesson_contents(
        self,
        from_: Date | None = None,
        to: Date | None = None,
        range: RelativeRange | None = RelativeRange.CURRENT_WEEK,
        subject_ids: list[ID] | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> LessonContentConnection | None:
        """Lesson log (cahier de textes), by date."""
        ...

    @edge
    def grades(
        self,
        period_id: ID | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        subject_ids: list[ID] | None = None,
        status: list[GradeStatus] | None = None,
        first: int | None = 20,
        after: str | None = None,
        order: SortDirection | None = SortDirection.DESC,
    ) -> GradeConnection | None:
        """Grades (notes), newest first. Example: `grades(first: 5) { nodes { displayValue outOf subject
        { name } } }`.
        """
        ...

    @edge(weight=1400)
    def gradebook(self, period_id: ID | None = None) -> Gradebook | None:
        """Null periodId means the current period."""
        ...

    @edge
    def skill_evaluations(
        self,
        period_id: ID | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        subject_ids: list[ID] | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> SkillEvaluationConnection | None:
        """Assessments by skills (compétences), newest first."""
        ...

    @edge
    def absences(
        self,
        period_id: ID | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        kinds: list[AbsenceKind] | None = None,
        justification_status: list[JustificationStatus] | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> AbsenceConnection | None:
        """Absences, lateness, exemptions ... newest first."""
        ...

    @edge(weight=50)
    def attendance_summary(
        self, period_id: ID | None = None, from_: Date | None = None, to: Date | None = None
    ) -> AttendanceSummary | None:
        """Counts of absences over a window, the school year by default."""
        ...

    @edge(size=15)
    def absence_reasons(self, kind: AbsenceKind | None = None) -> list[AbsenceReason] | None:
        """Reasons the guardian may choose from when justifying."""
        ...

    @edge
    def incidents(
        self,
        period_id: ID | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> IncidentConnection | None:
        """Incidents in which the student took part, newest first."""
        ...

    @edge
    def punishments(
        self,
        period_id: ID | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        categories: list[PunishmentCategory] | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> PunishmentConnection | None:
        """Punishments and sanctions, newest first."""
        ...

    @edge
    def observations(
        self,
        period_id: ID | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        kinds: list[ObservationKind] | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> ObservationConnection | None:
        """Observations and encouragements, newest first."""
        ...

    @edge
    def behaviour(
        self,
        period_id: ID | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> BehaviourConnection | None:
        """Incidents, punishments and observations in one time line."""
        ...

    @edge
    def liaison_notes(
        self,
        kinds: list[LiaisonNoteKind] | None = None,
        state: list[AcknowledgementState] | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> LiaisonNoteConnection | None:
        """Notes of the liaison book (carnet de liaison), newest first."""
        ...

    @edge
    def trips(
        self,
        status: list[TripStatus] | None = None,
        from_: Date | None = None,
        to: Date | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> TripConnection | None:
        """Trips and outings (voyages et sorties), by start."""
        ...

    @edge
    def events(
        self,
        from_: Date | None = None,
        to: Date | None = None,
        range: RelativeRange | None = RelativeRange.NEXT_30_DAYS,
        kinds: list[EventKind] | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> EventConnection | None:
        """School agenda for this student, by start."""
        ...

    @edge
    def documents(
        self,
        categories: list[DocumentCategory] | None = None,
        school_year: str | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> DocumentConnection | None:
        """Documents published for this student, newest first."""
        ...
