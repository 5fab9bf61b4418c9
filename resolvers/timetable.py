"""Timetable: windows on the school's calendar, days, and what hangs on a lesson."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from adapters.base import Page, Row
from resolvers.calendar import bounded, is_holiday, week_of, weeks_between, windows
from resolvers.context import RequestContext
from resolvers.errors import InvalidArgument, SourceFailed
from resolvers.fields import Arguments, Fields, PlainList
from resolvers.loading import FIRST_DAY, LAST_DAY, Ask, ask
from resolvers.selection import Selection
from schema import (
    Absence,
    Homework,
    Lesson,
    LessonContent,
    LessonOriginal,
    Room,
    SchoolWeek,
    StaffMember,
    Student,
    StudentGroup,
    Subject,
    Timetable,
    TimetableDay,
)

fields = Fields()
fields.to_one(Timetable, "student", Student, "_student")
fields.to_one(Lesson, "subject", Subject, "subject_id")
fields.to_many(Lesson, "teachers", StaffMember, "teacher_ids")
fields.to_many(Lesson, "other_staff", StaffMember, "other_staff_ids")
fields.to_many(Lesson, "rooms", Room, "room_ids")
fields.to_many(Lesson, "groups", StudentGroup, "group_ids", relation="SchoolClass")
fields.to_one(Lesson, "replaced_by", Lesson, "replaced_by_id")
fields.to_one(Lesson, "replaces", Lesson, "replaces_id")
fields.children(Lesson, "contents", LessonContent, "Lesson.contents")
fields.children(Lesson, "homework_due", Homework, "Lesson.homework_due")
fields.children(Lesson, "homework_given", Homework, "Lesson.homework_given")
fields.children(Lesson, "absences", Absence, "Lesson.absences")
fields.to_one(LessonOriginal, "subject", Subject, "subject_id")
fields.to_many(LessonOriginal, "teachers", StaffMember, "teacher_ids")
fields.to_many(LessonOriginal, "rooms", Room, "room_ids")

LUNCH = (time(11), time(14, 30))


@fields.derive(Lesson, "duration_minutes", "starts_at", "ends_at")
def duration_minutes(row: Row, _context: RequestContext) -> int:
    """Count the minutes between start and end."""
    return int((row["ends_at"] - row["starts_at"]).total_seconds() // 60)


@fields.derive(Lesson, "week", "date", "school_id", of=SchoolWeek)
def lesson_week(row: Row, context: RequestContext) -> Row:
    """Find the school week of the lesson."""
    return week_of(context.scope.schools.get(row["_school"] or "", {}), row["date"])


@fields.derive(
    Lesson,
    "original",
    "school_id",
    "original_starts_at",
    "original_ends_at",
    "original_subject_id",
    "original_teacher_ids",
    "original_room_ids",
    of=LessonOriginal,
)
def original(row: Row, context: RequestContext) -> Row | None:
    """Gather what was planned; None when the source did not say."""
    zone = context.scope.zone(row["_school"])
    starts, ends = row["original_starts_at"], row["original_ends_at"]
    planned = {
        "starts_at": starts and starts.astimezone(zone),
        "ends_at": ends and ends.astimezone(zone),
        "subject_id": row["original_subject_id"],
        "teacher_ids": row["original_teacher_ids"],
        "room_ids": row["original_room_ids"],
    }
    return planned if any(planned.values()) else None


@fields.edge(Student, "timetable", is_fixed=True)
async def timetable(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Work out the window of each student; the lessons are read by the edges below."""
    with_weeks = "weeks" in selection.fields("Timetable")
    found = await windows(context, [parent._student for parent in parents], arguments)
    tables = []
    for parent in parents:
        lower, upper = bounded(context, found[parent._student], parent._school)
        school = context.scope.schools.get(parent._school or "", {})
        spanned = weeks_between(school, lower, upper) if with_weeks else ()
        weeks = [context.plain("SchoolWeek", week) for week in spanned]
        row = {"from_": lower, "to": upper, "weeks": weeks}
        tables.append(
            context.plain("Timetable", row, parent._student, parent._student, parent._school)
            if parent._student in context.scope.students
            else None
        )
    return tables


def lessons_between(
    windows_by_student: Mapping[str, tuple[date, date]], arguments: Arguments, page: Page | None = None
) -> Ask:
    """Ask for lessons in windows, with the choices of the widget."""
    return ask(
        "Student.lessons",
        page or Page(),
        windows=windows_by_student,
        not_cancelled=None if arguments.get("include_cancelled", True) else True,
        not_superseded=None if arguments.get("include_superseded") else True,
        kind=tuple(arguments["kinds"]) if arguments.get("kinds") is not None else None,
    )


@fields.lists(Timetable, "lessons", PlainList(Lesson))
async def timetable_lessons(
    _context: RequestContext, parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Ask:
    """Read the lessons of each window."""
    return lessons_between({parent._student: (parent.from_, parent.to) for parent in parents}, arguments)


@fields.edge(Timetable, "last_changed_at")
async def last_changed_at(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Find the newest change among the lessons that differ from the plan."""
    spans = {parent._student: (parent.from_, parent.to) for parent in parents}
    question = ask("Student.lessons", windows=spans, status=("CANCELLED", "CHANGED", "ADDED", "MAINTAINED"))
    results: list[Any] = []
    for parent, answer in zip(parents, await context.fetch(question, parents, ("modified_at",)), strict=True):
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        known = [row["modified_at"] for row in answer.rows if row["modified_at"] is not None]
        results.append(max(known).astimezone(context.scope.zone(parent._school)) if known else None)
    return results


@fields.edge(Timetable, "days")
async def days(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Describe every day of each window from its lessons."""
    spans = {parent._student: (parent.from_, parent.to) for parent in parents}
    columns = ("date", "starts_at", "ends_at", "status", "kind", "is_superseded")
    answers = await context.fetch(ask("Student.lessons", windows=spans), parents, columns)
    results: list[Any] = []
    for parent, answer in zip(parents, answers, strict=True):
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        by_day: dict[date, list[Row]] = {}
        for row in answer.rows:
            by_day.setdefault(row["date"], []).append(row)
        count = (parent.to - parent.from_).days + 1
        dates = [parent.from_ + timedelta(days=offset) for offset in range(count)]
        results.append([_day(context, parent, day, by_day.get(day, [])) for day in dates])
    return results


def _day(context: RequestContext, parent: Any, day: date, lessons: Sequence[Row]) -> Any:
    school = context.scope.schools.get(parent._school or "", {})
    zone = context.scope.zone(parent._school)
    shown = [row for row in lessons if not row["is_superseded"]]
    held = [row for row in shown if row["status"] != "CANCELLED"]
    slots = sorted((row["starts_at"].astimezone(zone), row["ends_at"].astimezone(zone)) for row in held)
    lunch = _lunch_break(slots)
    row = {
        "date": day,
        "week": context.plain("SchoolWeek", week_of(school, day)),
        "is_school_day": bool(held) or (day.weekday() < 5 and not is_holiday(school, day)),
        "starts_at": slots[0][0] if slots else None,
        "ends_at": max(end for _, end in slots) if slots else None,
        "lunch_break_starts_at": lunch and lunch[0],
        "lunch_break_ends_at": lunch and lunch[1],
        "cancelled_count": len(shown) - len(held),
    }
    return context.plain("TimetableDay", row, parent._student, parent._student, parent._school)


def _lunch_break(slots: Sequence[tuple[Any, Any]]) -> tuple[Any, Any] | None:
    """Find the longest gap that lies between 11:00 and 14:30."""
    gaps = []
    for (_, ended), (starts, _) in itertools.pairwise(slots):
        if ended < starts and LUNCH[0] <= ended.time() and starts.time() <= LUNCH[1]:
            gaps.append((starts - ended, ended, starts))
    return max(gaps)[1:] if gaps else None


@fields.edge(TimetableDay, "lessons")
async def day_lessons(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Read the lessons of all days of all students at once, then deal them out."""
    dates: dict[str, list[date]] = {}
    for parent in parents:
        dates.setdefault(parent._student, []).append(parent.date)
    spans = {student: (min(known), max(known)) for student, known in dates.items()}
    firsts = {parent._student: parent for parent in parents}
    columns = (*context.columns("Lesson", selection), "date")
    answers = await context.fetch(lessons_between(spans, arguments), list(firsts.values()), columns)
    by_student = dict(zip(firsts, answers, strict=True))
    results: list[Any] = []
    for parent in parents:
        answer = by_student[parent._student]
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        rows = [row for row in answer.rows if row["date"] == parent.date]
        try:
            results.append(context.build("Lesson", rows, selection, parent._student))
        except SourceFailed as error:
            results.append(error)
    return results


def _instant(given: datetime) -> datetime:
    """Check an instant that is given as an argument. Raises InvalidArgument."""
    if not FIRST_DAY < given.date() < LAST_DAY:
        raise InvalidArgument(
            f"`after` must lie between {FIRST_DAY} and {LAST_DAY}, not {given.isoformat()}."
        )
    return given


@fields.edge(Student, "next_lesson")
async def next_lesson(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find the first lesson that takes place after an instant, now by default."""
    after = _instant(arguments.get("after") or context.now)
    spans = {p._student: (after.astimezone(context.scope.zone(p._school)).date(), date.max) for p in parents}
    question = ask("Student.lessons", Page(limit=1), windows=spans, taking_place=True, starts_after=after)
    found = await context.listed(question, Lesson, parents, selection)
    return [one[0] if isinstance(one, list) and one else (one or None) for one in found]
