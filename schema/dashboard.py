"""Applications of the menu and the dashboard of widgets."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import ID, enum, enum_value, field, type

from schema.edge import edge
from schema.interfaces import Node
from schema.scalars import Color
from schema.windows import RelativeRange

if TYPE_CHECKING:
    from schema.help import HelpArticle
    from schema.student import Student


@enum(description="Applications of the menu (Oz'Apps).")
class AppCode(Enum):
    DOCUMENTS = enum_value("DOCUMENTS", description="Documents.")
    DIRECTORY = enum_value("DIRECTORY", description="Directory (annuaire).")
    MESSAGING = enum_value("MESSAGING", description="Messages (messagerie).")
    LIAISON_BOOK = enum_value("LIAISON_BOOK", description="Liaison book (carnet de liaison).")
    TIMETABLE = enum_value("TIMETABLE", description="Timetable (emploi du temps).")
    AGENDA = enum_value("AGENDA", description="School agenda.")
    DIARY = enum_value("DIARY", description="Lesson log (cahier de textes).")
    HOMEWORK = enum_value("HOMEWORK", description="Homework (travail à faire).")
    BEHAVIOUR = enum_value("BEHAVIOUR", description="Behaviour (comportement).")
    ABSENCES = enum_value("ABSENCES", description="Absences.")
    SKILLS = enum_value("SKILLS", description="Skills (compétences).")
    GRADES = enum_value("GRADES", description="Grades (notes).")
    NEWS = enum_value("NEWS", description="News (actualités).")
    TRIPS = enum_value("TRIPS", description="Trips (voyages).")
    PENDING_ACTIONS = enum_value("PENDING_ACTIONS", description="What waits for an answer.")
    HELP = enum_value("HELP", description="Help (base de connaissances).")


@enum(description="Whether an application has data for a student.")
class AppAvailability(Enum):
    AVAILABLE = enum_value("AVAILABLE", description="There is data.")
    EMPTY = enum_value("EMPTY", description="The source answers; there is nothing.")
    NOT_PROVIDED_BY_SOURCE = enum_value(
        "NOT_PROVIDED_BY_SOURCE", description="The school's source does not have it."
    )
    DISABLED_BY_SCHOOL = enum_value("DISABLED_BY_SCHOOL", description="The school chose not to show it.")
    NOT_PERMITTED = enum_value("NOT_PERMITTED", description="The caller may not see it.")
    TEMPORARILY_UNAVAILABLE = enum_value(
        "TEMPORARILY_UNAVAILABLE", description="The source does not answer now."
    )


@enum(description="A setting of a widget.")
class WidgetSettingKey(Enum):
    STUDENTS = enum_value("STUDENTS", description="Which children.")
    RANGE = enum_value("RANGE", description="Which days.")
    MAX_ITEMS = enum_value("MAX_ITEMS", description="How many lines.")
    SUBJECTS = enum_value("SUBJECTS", description="Which subjects.")
    SHOW_DONE = enum_value("SHOW_DONE", description="Show homework already done.")
    SHOW_CANCELLED = enum_value("SHOW_CANCELLED", description="Show cancelled lessons.")
    SHOW_CLASS_AVERAGE = enum_value("SHOW_CLASS_AVERAGE", description="Show the class average.")
    GROUP_BY = enum_value("GROUP_BY", description="Group the lines.")
    COMPACT = enum_value("COMPACT", description="Narrow lines.")
    PERIOD = enum_value("PERIOD", description="Which grading period.")
    UNREAD_ONLY = enum_value("UNREAD_ONLY", description="Only what is unread.")
    TITLE = enum_value("TITLE", description="Own title.")
    COLOR = enum_value("COLOR", description="Own colour.")


@enum(description="Which children a widget follows.")
class StudentScope(Enum):
    SELECTED = enum_value("SELECTED", description="Follows the selector of the permanent bar.")
    ALL = enum_value("ALL", description="All children.")
    CHOSEN = enum_value("CHOSEN", description="The children named in `students`.")


@enum(description="How the lines of a widget are grouped.")
class WidgetGroupBy(Enum):
    NONE = enum_value("NONE", description="Not grouped.")
    DAY = enum_value("DAY", description="By day.")
    SUBJECT = enum_value("SUBJECT", description="By subject.")
    STUDENT = enum_value("STUDENT", description="By child.")


@type(description="An application of the menu.")
class App:
    code: AppCode = field(description="Stable code of the application.")
    name: str = field(description='Name to show: "Emploi du temps".')
    description: str | None = field(description="What it is for.")
    icon: str | None = field(description="Name of the icon.")
    is_placeable: bool = field(description="False for messaging and the like: opens full page only.")
    is_enabled: bool = field(description="At least one school of the caller offers it.")
    default_size: WidgetSize = field(description="Size when dropped on the dashboard.")
    min_size: WidgetSize = field(description="Smallest size.")
    max_size: WidgetSize = field(description="Largest size.")
    settings: list[WidgetSettingDefinition] = field(description="Settings the widget accepts.")

    @edge
    def help_article(self) -> HelpArticle | None:
        """Help about the application."""
        ...


@type(description="State of one application for one student: an empty screen always has a reason.")
class StudentApp:
    @edge
    def app(self) -> App | None:
        """The application."""
        ...

    availability: AppAvailability = field(description="Whether there is data, and why not.")
    message: str | None = field(description="Guardian-readable.")


@type(description="Size on the grid of the dashboard.")
class WidgetSize:
    columns: int = field(description="Width in columns.")
    rows: int = field(description="Height in rows.")


@type(description="A setting a widget accepts.")
class WidgetSettingDefinition:
    key: WidgetSettingKey = field(description="The setting.")
    label: str = field(description="Text to show, in the school's words.")
    allowed_ranges: list[RelativeRange] | None = field(
        description="Ranges that may be chosen; null when the setting is not a range."
    )
    min_int: int | None = field(description="Smallest number.")
    max_int: int | None = field(description="Largest number.")


@type(description="The guardian's own dashboard, the same on every device.")
class Dashboard(Node):
    revision: int = field(description="Grows by one at each save; send it back to detect a concurrent edit.")
    columns: int = field(description="Number of columns of the grid.")

    @edge(size=12)
    def widgets(self) -> list[Widget] | None:
        """Widgets in reading order."""
        ...

    @edge(size=16)
    def placeable_apps(self) -> list[App] | None:
        """Applications that can be dropped."""
        ...

    is_default: bool = field(description="True until the caller saves a layout.")
    updated_at: DateTime | None = field(description="When it was last saved.")


@type(description="One tile of the dashboard.")
class Widget(Node):
    @edge
    def app(self) -> App | None:
        """The application."""
        ...

    position: WidgetPosition = field(description="Where it lies.")
    settings: WidgetSettings = field(description="How it is set.")


@type(description="Place of a widget on the grid.")
class WidgetPosition:
    column: int = field(description="First column, from 0.")
    row: int = field(description="First row, from 0.")
    columns: int = field(description="Width in columns.")
    rows: int = field(description="Height in rows.")


@type(description="Settings in force for a widget. Null means the application's default.")
class WidgetSettings:
    title: str | None = field(description="Own title.")
    color: Color | None = field(description="Own colour.")
    student_scope: StudentScope = field(description="Which children it follows.")

    @edge
    def students(self) -> list[Student] | None:
        """Used when studentScope is CHOSEN."""
        ...

    range: RelativeRange | None = field(description="Days to show.")
    max_items: int | None = field(description="Number of lines.")
    subject_ids: list[ID] | None = field(description="Subjects to show.")
    show_done: bool | None = field(description="Show homework already done.")
    show_cancelled: bool | None = field(description="Show cancelled lessons.")
    show_class_average: bool | None = field(description="Show the class average.")
    unread_only: bool | None = field(description="Show only what is unread.")
    group_by: WidgetGroupBy | None = field(description="How lines are grouped.")
    compact: bool | None = field(description="Narrow lines.")
    period_id: ID | None = field(description="Grading period to show.")
