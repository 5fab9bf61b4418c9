"""Lesson log and homework (cahier de textes)."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.connections import Connection
from schema.cost import COUNT, Cost
from schema.edge import edge
from schema.interfaces import Node, StudentScoped
from schema.scalars import HTML
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.documents import Attachment
    from schema.people import StaffMember
    from schema.school import Subject
    from schema.timetable import Lesson


@enum(description="Kind of lesson content.")
class LessonContentKind(Enum):
    COURSE = enum_value("COURSE", description="A course.")
    CORRECTION = enum_value("CORRECTION", description="A correction.")
    WRITTEN_TEST = enum_value("WRITTEN_TEST", description="A written test (DST).")
    ORAL_TEST = enum_value("ORAL_TEST", description="An oral test.")
    TUTORIAL = enum_value("TUTORIAL", description="Tutorial work (TD).")
    PRACTICAL_WORK = enum_value("PRACTICAL_WORK", description="Practical work (TP).")
    SKILL_EVALUATION = enum_value("SKILL_EVALUATION", description="Assessment of skills.")
    INTERDISCIPLINARY_PROJECT = enum_value(
        "INTERDISCIPLINARY_PROJECT", description="Interdisciplinary project (EPI)."
    )
    PERSONALISED_SUPPORT = enum_value("PERSONALISED_SUPPORT", description="Personalised support (AP).")
    ONLINE_CLASS = enum_value("ONLINE_CLASS", description="Online class.")
    OTHER = enum_value("OTHER", description="Something else.")


@enum(description="Kind of homework.")
class HomeworkKind(Enum):
    EXERCISE = enum_value("EXERCISE", description="Exercise.")
    LESSON_TO_LEARN = enum_value("LESSON_TO_LEARN", description="Lesson to learn.")
    READING = enum_value("READING", description="Reading.")
    TEST_PREPARATION = enum_value("TEST_PREPARATION", description="Preparation of a test.")
    HOME_ASSIGNMENT = enum_value("HOME_ASSIGNMENT", description="Home assignment (devoir maison).")
    PROJECT = enum_value("PROJECT", description="Project.")
    BRING_MATERIAL = enum_value("BRING_MATERIAL", description="Something to bring.")
    OTHER = enum_value("OTHER", description="Something else.")


@enum(description="Progress of one student on homework.")
class HomeworkStatus(Enum):
    TODO = enum_value("TODO", description="To do (à faire).")
    IN_PROGRESS = enum_value("IN_PROGRESS", description="Begun.")
    DONE = enum_value("DONE", description="Done (fait).")


@enum(description="Who set the done mark.")
class HomeworkMarkAuthor(Enum):
    STUDENT = enum_value("STUDENT", description="The student.")
    GUARDIAN = enum_value("GUARDIAN", description="A guardian.")
    TEACHER = enum_value("TEACHER", description="A teacher.")


@enum(description="Where a done mark lives.")
class MarkOrigin(Enum):
    SOURCE = enum_value("SOURCE", description="At the school's system.")
    GATEWAY = enum_value("GATEWAY", description="In the gateway only.")


@enum(description="Difficulty of homework.")
class HomeworkDifficulty(Enum):
    EASY = enum_value("EASY", description="Easy.")
    MEDIUM = enum_value("MEDIUM", description="Medium.")
    HARD = enum_value("HARD", description="Hard.")


@enum(description="The date a window on homework looks at.")
class HomeworkDateField(Enum):
    DUE_DATE = enum_value("DUE_DATE", description="The day for which it is due (pour le).")
    GIVEN_DATE = enum_value("GIVEN_DATE", description="The day on which it was given (donné le).")


@type(description="One day of the lesson log (cahier de textes).")
class DiaryDay:
    date: Date = field(description="The day.")

    @edge(size=8)
    def contents(self) -> list[LessonContent] | None:
        """What was taught on this day."""
        ...

    @edge(size=8)
    def homework_due(self) -> list[Homework] | None:
        """Homework due on this day."""
        ...

    @edge(size=8)
    def homework_given(self) -> list[Homework] | None:
        """Homework given on this day."""
        ...


@type(description="What was taught during a lesson.")
class LessonContent(Node, Sourced, StudentScoped):
    @edge
    def lesson(self) -> Lesson | None:
        """The lesson it was taught in."""
        ...

    @edge
    def subject(self) -> Subject | None:
        """School subject (matière), null when there is none."""
        ...

    @edge
    def teachers(self) -> list[StaffMember] | None:
        """Teachers, in the order of the source."""
        ...

    date: Date = field(description="Day of the lesson.")
    kind: LessonContentKind = field(description="Kind of content.")
    title: str | None = field(description="Title.")
    body: HTML | None = field(description="Text as sanitised HTML.")
    body_text: str | None = field(description="The same text without markup.")
    themes: list[str] = field(description="Themes treated.")
    program_elements: list[str] = field(description="Elements of the curriculum treated.")

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    is_planned: bool = field(description="Written before the lesson took place.")
    published_at: DateTime | None = field(
        description="When it became visible to guardians. It is never served earlier."
    )


@type(description="Work to do.")
class Homework(Node, Sourced, StudentScoped):
    @edge
    def subject(self) -> Subject | None:
        """School subject (matière), null when there is none."""
        ...

    @edge
    def teacher(self) -> StaffMember | None:
        """The teacher who gave it."""
        ...

    kind: HomeworkKind = field(description="Kind of work.")
    title: str | None = field(description="Short title, when there is one.")
    description: HTML | None = field(description="What to do, as sanitised HTML.")
    description_text: str | None = field(description="What to do, without markup.")
    given_on: Date | None = field(description="Day on which it was given.")
    due_date: Date = field(description="Day for which it is due.")
    due_at: DateTime | None = field(description="Exact deadline, when the source gives a time.")

    @edge
    def due_lesson(self) -> Lesson | None:
        """The lesson the work is due for."""
        ...

    @edge
    def given_in_lesson(self) -> Lesson | None:
        """The lesson in which it was given."""
        ...

    status: HomeworkStatus = field(description="Progress of this student.")
    is_done: bool = field(description="True when status is DONE.")
    done_at: DateTime | None = field(description="When it was marked done.")
    done_by: HomeworkMarkAuthor | None = field(description="Who marked it done.")
    done_mark_origin: MarkOrigin | None = field(
        description="Where the done mark lives: at the school's system or only in the gateway."
    )
    can_mark_done: bool = field(description="The caller may change the done mark.")
    is_overdue: bool = field(description="Not done and due before today.")
    is_test: bool = field(description="A test is announced.")
    estimated_minutes: int | None = field(description="Time it should take, in minutes.")
    difficulty: HomeworkDifficulty | None = field(description="Difficulty as the teacher sees it.")
    themes: list[str] = field(description="Themes.")

    @edge
    def attachments(self) -> list[Attachment] | None:
        """Files and links attached."""
        ...

    is_personal: bool = field(description="Written by the student or the guardian, not by a teacher.")
    published_at: DateTime | None = field(
        description="When it became visible to guardians. It is never served earlier."
    )


@type(description="A page of a list of Homework (Relay connection).")
class HomeworkConnection(Connection[Homework]):
    done_count: int = field(description="Number of them already done.", directives=[Cost(weight=str(COUNT))])


@type(description="A page of a list of LessonContent (Relay connection).")
class LessonContentConnection(Connection[LessonContent]):
    """Nothing beyond the Relay fields."""
