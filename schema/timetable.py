"""Timetable (emploi du temps)."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.edge import edge
from schema.interfaces import Node, StudentScoped
from schema.scalars import URL, Color
from schema.school import SchoolWeek
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.attendance import Absence
    from schema.homework import Homework, LessonContent
    from schema.people import StaffMember
    from schema.school import Room, StudentGroup, Subject
    from schema.student import Student


@enum(description="What a slot of the timetable is.")
class LessonKind(Enum):
    LESSON = enum_value("LESSON", description="An ordinary lesson (cours).")
    STUDY_PERIOD = enum_value("STUDY_PERIOD", description="Supervised study (permanence).")
    EXAM = enum_value("EXAM", description="An examination (devoir surveillé, examen).")
    DETENTION = enum_value("DETENTION", description="A detention (retenue).")
    ACTIVITY = enum_value("ACTIVITY", description="An activity (club, association sportive).")
    OUTING = enum_value("OUTING", description="An outing (sortie).")
    INTERNSHIP = enum_value("INTERNSHIP", description="An internship (stage).")
    CLASS_COUNCIL = enum_value("CLASS_COUNCIL", description="A class council (conseil de classe).")
    PERSONALISED_SUPPORT = enum_value(
        "PERSONALISED_SUPPORT", description="Personalised support (accompagnement personnalisé)."
    )
    MEAL_BREAK = enum_value("MEAL_BREAK", description="Meal break (pause méridienne).")
    OTHER = enum_value("OTHER", description="Something else.")


@enum(description="Whether a lesson takes place.")
class LessonStatus(Enum):
    SCHEDULED = enum_value("SCHEDULED", description="Takes place as planned.")
    CANCELLED = enum_value("CANCELLED", description="Does not take place; still shown.")
    CHANGED = enum_value("CHANGED", description="Takes place with at least one change.")
    ADDED = enum_value("ADDED", description="Added outside the regular timetable.")
    MAINTAINED = enum_value(
        "MAINTAINED", description="Confirmed although the teacher or the class was announced absent."
    )


@enum(description="What differs from the regular timetable.")
class LessonChange(Enum):
    TIME = enum_value("TIME", description="Another time.")
    ROOM = enum_value("ROOM", description="Another room.")
    TEACHER = enum_value("TEACHER", description="Another teacher.")
    SUBJECT = enum_value("SUBJECT", description="Another subject.")
    GROUP = enum_value("GROUP", description="Another group.")
    SUBSTITUTION = enum_value("SUBSTITUTION", description="A substitute teaches (remplacement).")
    ADDED = enum_value("ADDED", description="Not in the regular timetable.")
    MADE_ONLINE = enum_value("MADE_ONLINE", description="Moved online.")


@enum(description="Why a lesson is cancelled.")
class CancellationReason(Enum):
    TEACHER_ABSENT = enum_value("TEACHER_ABSENT", description='The teacher is absent ("Prof. absent").')
    CLASS_ABSENT = enum_value("CLASS_ABSENT", description='The class is absent ("Classe absente").')
    SCHOOL_OUTING = enum_value(
        "SCHOOL_OUTING", description='The class is on an outing ("Sortie pédagogique").'
    )
    EXAM = enum_value("EXAM", description="An examination takes the place.")
    CLOSURE = enum_value("CLOSURE", description="The school is closed.")
    ROOM_UNAVAILABLE = enum_value("ROOM_UNAVAILABLE", description="No room.")
    OTHER = enum_value("OTHER", description="Another reason.")
    UNKNOWN = enum_value("UNKNOWN", description="The source did not say.")


@type(description="A student's timetable over a window.")
class Timetable:
    @edge
    def student(self) -> Student | None:
        """The student concerned."""
        ...

    from_: Date = field(description="First day of the window.", name="from")
    to: Date = field(description="Last day of the window.")
    weeks: list[SchoolWeek] = field(description="School weeks of the window.")

    @edge
    def days(self) -> list[TimetableDay] | None:
        """One entry for each day of the window, lessons or not."""
        ...

    @edge
    def lessons(
        self,
        include_cancelled: bool | None = True,
        include_superseded: bool | None = False,
        kinds: list[LessonKind] | None = None,
    ) -> list[Lesson] | None:
        """Lessons in order of start."""
        ...

    @edge
    def last_changed_at(self) -> DateTime | None:
        """The most recent change known in this window."""
        ...


@type(description="One day of a timetable.")
class TimetableDay:
    date: Date = field(description="The day.")
    week: SchoolWeek = field(description="The school week of the day.")
    is_school_day: bool = field(description="False on weekends without lessons and during holidays.")
    starts_at: DateTime | None = field(description="Start of the first lesson that takes place.")
    ends_at: DateTime | None = field(description="End of the last lesson that takes place.")
    lunch_break_starts_at: DateTime | None = field(
        description="Start of the longest gap between 11:00 and 14:30, null without one."
    )
    lunch_break_ends_at: DateTime | None = field(description="End of that gap.")
    cancelled_count: int = field(description="Number of cancelled lessons.")

    @edge(size=8)
    def lessons(
        self, include_cancelled: bool | None = True, include_superseded: bool | None = False
    ) -> list[Lesson] | None:
        """Lessons of the day in order of start."""
        ...


@type(description="One slot of the timetable.")
class Lesson(Node, Sourced, StudentScoped):
    kind: LessonKind = field(description="What the slot is.")
    title: str = field(description="Title to show, the subject's name by default.")

    @edge
    def subject(self) -> Subject | None:
        """School subject (matière), null when there is none."""
        ...

    date: Date = field(description="Day at the school.")
    starts_at: DateTime = field(description="Start, in the school's time zone.")
    ends_at: DateTime = field(description="End, in the school's time zone.")
    duration_minutes: int = field(description="Length in minutes.")
    week: SchoolWeek = field(description="The school week.")
    status: LessonStatus = field(description="Whether it takes place.")
    changes: list[LessonChange] = field(
        description="What differs from the regular timetable. A lesson can have moved and changed room at once."
    )
    cancellation_reason: CancellationReason | None = field(
        description="Why it is cancelled, null when it is not."
    )
    status_label: str | None = field(
        description='Status as written by the source ("Prof. absent"), for display.'
    )

    @edge
    def teachers(self) -> list[StaffMember] | None:
        """Teachers who give the lesson."""
        ...

    @edge
    def other_staff(self) -> list[StaffMember] | None:
        """Other adults present."""
        ...

    @edge
    def rooms(self) -> list[Room] | None:
        """Rooms."""
        ...

    @edge
    def groups(self) -> list[StudentGroup] | None:
        """Groups that attend, empty for a whole class."""
        ...

    original: LessonOriginal | None = field(description="Planned values before the change, when known.")

    @edge
    def replaced_by(self) -> Lesson | None:
        """The lesson that takes this one's place."""
        ...

    @edge
    def replaces(self) -> Lesson | None:
        """The lesson whose place this one takes."""
        ...

    is_superseded: bool = field(
        description="True when another lesson of the same slot must be shown instead."
    )
    is_exempted: bool = field(description="The student is exempted (dispensé).")
    attendance_required: bool | None = field(description="Exempted but must be present.")
    has_test: bool = field(description="A test is announced.")
    is_online: bool = field(description="Takes place online.")
    online_urls: list[URL] = field(description="Links to join online.")
    memo: str | None = field(description="Note of the teacher for the lesson.")
    color: Color | None = field(description="Colour chosen by the school or the user, `#RRGGBB`.")

    @edge
    def contents(self) -> list[LessonContent] | None:
        """What was done (lesson log)."""
        ...

    @edge
    def homework_due(self) -> list[Homework] | None:
        """Homework due for this lesson."""
        ...

    @edge
    def homework_given(self) -> list[Homework] | None:
        """Homework given during this lesson."""
        ...

    @edge
    def absences(self) -> list[Absence] | None:
        """Absences of the student on this lesson."""
        ...


@type(description="What was planned before a lesson was changed.")
class LessonOriginal:
    starts_at: DateTime | None = field(description="Planned start.")
    ends_at: DateTime | None = field(description="Planned end.")

    @edge
    def subject(self) -> Subject | None:
        """Planned subject."""
        ...

    @edge
    def teachers(self) -> list[StaffMember] | None:
        """Planned teachers."""
        ...

    @edge
    def rooms(self) -> list[Room] | None:
        """Planned rooms."""
        ...
