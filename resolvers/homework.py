"""Lesson log and homework."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from adapters.base import Row
from adapters.content import clean_text
from resolvers.calendar import bounded, windows
from resolvers.connections import connection_type, filters_of, page_of, student_connection
from resolvers.context import RequestContext
from resolvers.errors import SourceFailed
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import keys
from resolvers.loading import Ask, ask
from resolvers.selection import Selection
from schema import (
    Attachment,
    DiaryDay,
    Homework,
    HomeworkConnection,
    Lesson,
    LessonContent,
    LessonContentConnection,
    StaffMember,
    Student,
    Subject,
)

fields = Fields()
fields.to_one(LessonContent, "lesson", Lesson, "lesson_id")
fields.to_one(LessonContent, "subject", Subject, "subject_id")
fields.to_many(LessonContent, "teachers", StaffMember, "teacher_ids")
fields.children(LessonContent, "attachments", Attachment, "Record.attachments")
fields.to_one(Homework, "subject", Subject, "subject_id")
fields.to_one(Homework, "teacher", StaffMember, "teacher_id")
fields.to_one(Homework, "due_lesson", Lesson, "due_lesson_id")
fields.to_one(Homework, "given_in_lesson", Lesson, "given_lesson_id")
fields.children(Homework, "attachments", Attachment, "Record.attachments")
student_connection(
    fields, "lesson_contents", LessonContentConnection, LessonContent, "Student.lesson_contents"
)


def text_of(markup: str | None) -> str | None:
    """Take the markup out of sanitised HTML; blocks become lines."""
    if markup is None:
        return None
    lines = re.sub(r"<(?:br|/p|/li|/div|/h[1-6])[^>]*>", "\n", markup)
    # `&lt;img src=x&gt;` in HTML is a text about markup; in plain text it would be markup.
    text = clean_text(html.unescape(re.sub(r"<[^>]+>", "", lines)))
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


fields.derive(LessonContent, "body_text", "body")(lambda row, _context: text_of(row["body"]))
fields.derive(Homework, "description_text", "description")(lambda row, _context: text_of(row["description"]))
fields.derive(Homework, "is_done", "status")(lambda row, _context: row["status"] == "DONE")


@fields.derive(Homework, "is_overdue", "status", "due_date", "school_id")
def is_overdue(row: Row, context: RequestContext) -> bool:
    """Tell whether work is not done and its day at the school has passed."""
    return bool(row["status"] != "DONE" and row["due_date"] < context.today(row["_school"]))


@fields.derive(Homework, "can_mark_done")
def can_mark_done(row: Row, context: RequestContext) -> bool:
    """Only a guardian with the right to, or the student."""
    return context.takes_answers(row["_source"]) and context.permits(row["_student"], "MARK_HOMEWORK")


@fields.lists(Student, "homework", connection_type(HomeworkConnection, Homework))
async def homework(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """List homework by the day it is due or was given."""
    given = arguments.get("date_field") == "GIVEN_DATE"
    return ask(
        "Student.homework_given" if given else "Student.homework",
        page_of(arguments, selection, HomeworkConnection.__name__),
        windows=await windows(context, [parent._student for parent in parents], arguments),
        is_test=(True,) if arguments.get("tests_only") else None,
        **filters_of(arguments),
    )


@fields.edge(Student, "diary")
async def diary(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Open one page of the diary for each day of the window; the edges below fill it."""
    found = await windows(context, [parent._student for parent in parents], arguments)
    subjects = keys(arguments.get("subject_ids"), "Subject")
    diaries: list[Any] = []
    for parent in parents:
        if parent._student not in context.scope.students:
            diaries.append(None)
            continue
        lower, upper = bounded(context, found[parent._student], parent._school)
        dates = [lower + timedelta(days=offset) for offset in range((upper - lower).days + 1)]
        diaries.append(
            [
                context.plain(
                    "DiaryDay",
                    {"date": day, "subjects": subjects},
                    parent._student,
                    parent._student,
                    parent._school,
                )
                for day in dates
            ]
        )
    return diaries


def _diary_edge(name: str, kind: type, relation: str, column: str) -> None:
    """Register an edge that reads all days of all students at once, then deals the records out."""

    async def batch(
        context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        dates: dict[str, list[date]] = {}
        for parent in parents:
            dates.setdefault(parent._student, []).append(parent.date)
        spans = {student: (min(known), max(known)) for student, known in dates.items()}
        question = ask(relation, windows=spans, subject_id=parents[0].subjects)
        columns = (*context.columns(kind.__name__, selection), column)
        firsts = {parent._student: parent for parent in parents}
        answers = await context.fetch(question, list(firsts.values()), columns)
        by_student = dict(zip(firsts, answers, strict=True))
        return [_deal(context, kind.__name__, by_student[p._student], column, p, selection) for p in parents]

    fields.edge(DiaryDay, name)(batch)


def _deal(
    context: RequestContext, kind: str, answer: Any, column: str, day: Any, selection: Selection
) -> Any:
    if isinstance(answer, Exception):
        return answer
    rows = [row for row in answer.rows if row[column] == day.date]
    try:
        return context.build(kind, rows, selection, day._student)
    except SourceFailed as error:
        return error


_diary_edge("contents", LessonContent, "Student.lesson_contents", "date")
_diary_edge("homework_due", Homework, "Student.homework", "due_date")
_diary_edge("homework_given", Homework, "Student.homework_given", "given_on")
