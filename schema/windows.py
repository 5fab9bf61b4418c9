"""How lists over time are windowed and ordered."""

from __future__ import annotations

from enum import Enum

from strawberry import enum, enum_value


@enum(description="Relative time window: lets a widget store a setting instead of computing dates.")
class RelativeRange(Enum):
    TODAY = enum_value("TODAY", description="Today at the school.")
    TOMORROW = enum_value("TOMORROW", description="Tomorrow at the school.")
    NEXT_SCHOOL_DAY = enum_value(
        "NEXT_SCHOOL_DAY",
        description="The next day on which the student has at least one lesson that is not cancelled.",
    )
    CURRENT_WEEK = enum_value("CURRENT_WEEK", description="Monday to Sunday of this week.")
    UPCOMING_WEEK = enum_value(
        "UPCOMING_WEEK", description="The coming week from Friday evening on, the current one before that."
    )
    NEXT_WEEK = enum_value("NEXT_WEEK", description="Monday to Sunday of next week.")
    NEXT_7_DAYS = enum_value("NEXT_7_DAYS", description="Today and the six days after.")
    NEXT_14_DAYS = enum_value("NEXT_14_DAYS", description="Today and the thirteen days after.")
    NEXT_30_DAYS = enum_value("NEXT_30_DAYS", description="Today and the twenty-nine days after.")
    LAST_7_DAYS = enum_value("LAST_7_DAYS", description="Today and the six days before.")
    LAST_30_DAYS = enum_value("LAST_30_DAYS", description="Today and the twenty-nine days before.")
    CURRENT_PERIOD = enum_value("CURRENT_PERIOD", description="The current grading period of the school.")
    SCHOOL_YEAR = enum_value("SCHOOL_YEAR", description="The whole school year.")


@enum(description="Order of a list over time.")
class SortDirection(Enum):
    ASC = enum_value("ASC", description="Oldest first.")
    DESC = enum_value("DESC", description="Newest first.")
