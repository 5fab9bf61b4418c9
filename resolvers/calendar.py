"""School time: relative ranges, school weeks and holidays, in the school's own zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

from adapters.base import Children, Page, Row
from resolvers.context import RequestContext
from resolvers.errors import InvalidArgument
from resolvers.loading import FIRST_DAY, LAST_DAY, ask
from schema.cost import LONGEST_WINDOW

Window = tuple[date, date]
FRIDAY, EVENING = 4, time(18)
"""UPCOMING_WEEK looks ahead from Friday 18:00 at the school on."""
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Years of which weeks are told: at the ends of the calendar there is no week before or after."""


def school_year(school: Mapping[str, Any], today: date) -> tuple[str, date, date]:
    """Return label, first and last day; a school that did not say has September to July."""
    if school.get("year_start"):
        return school["year_label"], school["year_start"], school["year_end"]
    first = today.year if today.month >= 8 else today.year - 1
    return f"{first}-{first + 1}", date(first, 9, 1), date(first + 1, 7, 31)


def monday(day: date) -> date:
    """Return the Monday of the week that holds a day."""
    return day - timedelta(days=day.weekday())


def is_holiday(school: Mapping[str, Any], day: date) -> bool:
    """Tell whether a day lies in the holidays the school announced."""
    return any(
        date.fromisoformat(one["start"]) <= day <= date.fromisoformat(one["end"])
        for one in school.get("holidays") or ()
    )


def week_of(school: Mapping[str, Any], day: date) -> Row:
    """Describe the school week that holds a day, in the columns of SchoolWeek. Raises InvalidArgument."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidArgument(f"Weeks are told from {FIRST_YEAR} to {LAST_YEAR}, and not of {day}.")
    first = monday(day)
    year, number, _ = day.isocalendar()
    _, starts, ends = school_year(school, day)
    holiday = all(is_holiday(school, first + timedelta(days=offset)) for offset in range(5))
    inside = monday(starts) <= first <= ends
    return {
        "iso_year": year,
        "iso_week": number,
        "school_week": (first - monday(starts)).days // 7 + 1 if inside else None,
        "cycle_label": None if holiday else (school.get("cycle_weeks") or {}).get(first.isoformat()),
        "start_date": first,
        "end_date": first + timedelta(days=6),
        "is_holiday": holiday,
    }


def weeks_between(school: Mapping[str, Any], lower: date, upper: date) -> list[Row]:
    """Describe every school week that touches a window."""
    first, last = monday(lower), monday(upper)
    return [week_of(school, first + timedelta(weeks=n)) for n in range((last - first).days // 7 + 1)]


def fixed_window(kind: str, now_date: date, now_time: time, school: Mapping[str, Any]) -> Window | None:
    """Compute a relative range from the calendar alone; None for the two that need the database."""
    week = monday(now_date)
    looks_ahead = now_date.weekday() > FRIDAY or (now_date.weekday() == FRIDAY and now_time >= EVENING)
    upcoming = week + timedelta(weeks=1) if looks_ahead else week
    day = timedelta(days=1)
    windows: dict[str, Window] = {
        "TODAY": (now_date, now_date),
        "TOMORROW": (now_date + day, now_date + day),
        "CURRENT_WEEK": (week, week + 6 * day),
        "NEXT_WEEK": (week + 7 * day, week + 13 * day),
        "UPCOMING_WEEK": (upcoming, upcoming + 6 * day),
        "NEXT_7_DAYS": (now_date, now_date + 6 * day),
        "NEXT_14_DAYS": (now_date, now_date + 13 * day),
        "NEXT_30_DAYS": (now_date, now_date + 29 * day),
        "LAST_7_DAYS": (now_date - 6 * day, now_date),
        "LAST_30_DAYS": (now_date - 29 * day, now_date),
        "SCHOOL_YEAR": school_year(school, now_date)[1:],
    }
    return windows.get(kind)


async def windows(
    context: RequestContext, students: Sequence[str], arguments: Mapping[str, Any]
) -> dict[str, Window]:
    """Turn `from`, `to` and `range` into one window per student. Raises InvalidArgument.

    An explicit date wins over the range. Without either, the window is open on both sides.
    """
    lower, upper, kind = arguments.get("from_"), arguments.get("to"), arguments.get("range")
    for name, day in (("from", lower), ("to", upper)):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise InvalidArgument(f"`{name}` must lie between {FIRST_DAY} and {LAST_DAY}, not {day}.")
    if lower is not None or upper is not None:
        if lower and upper and upper < lower:
            raise InvalidArgument(f"`to` ({upper}) lies before `from` ({lower}); exchange them.")
        return dict.fromkeys(students, (lower or date.min, upper or date.max))
    if kind is None:
        return dict.fromkeys(students, (date.min, date.max))
    if kind == "NEXT_SCHOOL_DAY":
        return await _next_school_days(context, students)
    if kind == "CURRENT_PERIOD":
        return await _current_periods(context, students)
    return {student: _fixed(context, student, kind) for student in students}


def _fixed(context: RequestContext, student: str, kind: str) -> Window:
    school_id = context.scope.students.get(student, {}).get("school_id")
    local = context.now.astimezone(context.scope.zone(school_id))
    found = fixed_window(kind, local.date(), local.time(), context.scope.schools.get(school_id or "", {}))
    assert found is not None, kind
    return found


async def _next_school_days(context: RequestContext, students: Sequence[str]) -> dict[str, Window]:
    after = {student: (_fixed(context, student, "TOMORROW")[0], date.max) for student in students}
    question = ask("Student.lessons", Page(limit=1), windows=after, not_cancelled=True, not_superseded=True)
    parents = [context.student_parent(student) for student in students]
    found = await context.fetch(question, parents, ("date",))
    return {student: _day(answer, after[student][0]) for student, answer in zip(students, found, strict=True)}


def _day(answer: Children | Exception, otherwise: date) -> Window:
    if isinstance(answer, Exception):
        raise answer
    day = answer.rows[0]["date"] if answer.rows else otherwise
    return day, day


async def _current_periods(context: RequestContext, students: Sequence[str]) -> dict[str, Window]:
    found = {}
    for student, period in (await current_periods(context, students)).items():
        year = _fixed(context, student, "SCHOOL_YEAR")
        found[student] = (period["start_date"], period["end_date"]) if period else year
    return found


async def current_periods(context: RequestContext, students: Sequence[str]) -> dict[str, Row | None]:
    """Find the grading period of today for each student; None between periods."""
    schools = {student: context.scope.students.get(student, {}).get("school_id") for student in students}
    parents = [context.plain("School", {}, school, None, school) for school in schools.values()]
    columns = ("name", "kind", "start_date", "end_date")
    answers = await context.fetch(ask("School.periods"), parents, columns)
    found: dict[str, Row | None] = {}
    for (student, school), answer in zip(schools.items(), answers, strict=True):
        if isinstance(answer, Exception):
            raise answer
        found[student] = current_period(answer.rows, context.today(school))
    return found


REGULAR = ("TRIMESTER", "SEMESTER")


def current_period(periods: Sequence[Row], today: date) -> Row | None:
    """Return the one regular period that holds today; years, mock exams and the like never are current."""
    regular = [row for row in periods if row["kind"] in REGULAR]
    return next((row for row in regular if row["start_date"] <= today <= row["end_date"]), None)


def bounded(context: RequestContext, window: Window, school_id: str | None) -> Window:
    """Close an open window at the ends of the school year. Raises InvalidArgument when it is too long."""
    lower, upper = window
    if lower == date.min or upper == date.max:
        school = context.scope.schools.get(school_id or "", {})
        _, starts, ends = school_year(school, context.today(school_id))
        lower = starts if lower == date.min else lower
        upper = ends if upper == date.max else upper
    if (days := (upper - lower).days + 1) > LONGEST_WINDOW:
        raise InvalidArgument(
            f"The window from {lower} to {upper} has {days} days; at the most {LONGEST_WINDOW} are allowed. "
            "Ask for a part of it at a time."
        )
    return lower, max(lower, upper)
