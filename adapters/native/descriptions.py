"""How relations are described: the columns, filters and orders that many of them share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, and_, bindparam, exists, func, or_

from adapters import records as r
from adapters.native.one_of import one_of
from adapters.native.paths import AUDIENCE, by_column
from adapters.native.statements import Columns, Condition, Extra, Match, Relation


def columns(record: type[r.Record], **others: ColumnElement[Any]) -> Columns:
    """List the columns of a record by name, with others added or put in their place."""
    return {**{column.name: column for column in record.table().c}, **others}


def by_id(record: type[r.Record]) -> Relation:
    """Find records by their own id."""
    return Relation(record.table(), by_column(record.table().c.id), columns(record))


def extra(record: type[r.Record], on: Callable[[Any, Match, BindParameter[Any]], Condition]) -> Extra:
    """Join another record, given its columns, the match and the viewer."""
    table = record.table()
    return Extra(table, lambda match, viewer: on(table.c, match, viewer))


def search(found: Columns, words: BindParameter[Any]) -> Condition:
    """Filter by words in the folded text."""
    return found["search_text"].like(words, escape="\\")


def about_students(found: Columns, students: BindParameter[Any]) -> Condition:
    """Filter by the students a conversation is about."""
    return exists().where(AUDIENCE.record_id == found["id"], one_of(AUDIENCE.audience_id, students))


def open_to_students(name: str) -> Callable[[Columns, BindParameter[Any]], Condition]:
    """Filter by the conversation in a column: about nobody in particular, or about one of some students."""

    def condition(found: Columns, students: BindParameter[Any]) -> Condition:
        about = AUDIENCE.record_id == found[name]
        of_them = exists().where(about, one_of(AUDIENCE.audience_id, students))
        return or_(~exists().where(about), of_them)

    return condition


def flag(condition: Callable[[Columns], Condition]) -> Callable[[Columns, BindParameter[Any]], Condition]:
    """Make a filter without a value."""
    return lambda found, _value: condition(found)


def _current(found: Any, match: Match) -> Condition:
    return and_(found.student_id == match.student, found.ended_at.is_(None))


def homework(**path: Any) -> Relation:
    """Describe homework as one student sees it."""
    table, progress = r.Homework.table().c, r.HomeworkProgress.table().c
    return Relation(
        record=r.Homework.table(),
        columns=columns(
            r.Homework,
            due_date=table.date,
            status=func.coalesce(progress.status, "TODO", type_=String),
            done_at=progress.done_at,
            done_by=progress.done_by,
            done_mark_origin=progress.done_mark_origin,
        ),
        extras=(
            extra(
                r.HomeworkProgress,
                lambda c, m, _: and_(
                    c.homework_id == table.id, c.student_id == m.student, c.ended_at.is_(None)
                ),
            ),
        ),
        counts={"done_count": lambda c: c["status"] == "DONE"},
        **{"order": ("due_date", "id"), **path},
    )


def lessons(**path: Any) -> Relation:
    """Describe lessons as one student sees them."""
    table, exemption = r.Lesson.table().c, r.LessonExemption.table().c
    return Relation(
        record=r.Lesson.table(),
        columns=columns(
            r.Lesson,
            is_exempted=func.coalesce(exemption.is_exempted, False),
            attendance_required=exemption.attendance_required,
        ),
        extras=(
            extra(
                r.LessonExemption,
                lambda c, m, _: and_(
                    c.lesson_id == table.id, c.student_id == m.student, c.ended_at.is_(None)
                ),
            ),
        ),
        filters={
            "taking_place": flag(lambda c: and_(c["status"] != "CANCELLED", c["is_superseded"].is_(False))),
            "not_cancelled": flag(lambda c: c["status"] != "CANCELLED"),
            "not_superseded": flag(lambda c: c["is_superseded"].is_(False)),
            "starts_after": lambda c, instant: c["starts_at"] > instant,
        },
        **{"order": ("starts_at", "id"), **path},
    )


def of_student(record: type[r.Record], **others: Any) -> Relation:
    """Describe records that belong to one student and are filed under a day, newest first."""
    table = record.table().c
    fields: dict[str, Any] = {
        "columns": columns(record),
        "window": table.date,
        "order": ("date", "id"),
        "newest_first": True,
        **others,
    }
    return Relation(record=record.table(), path=by_column(table.student_id), **fields)


def children(record: type[r.Record], column: str, **others: Any) -> Relation:
    """Describe records that name their parent in `column`."""
    table = record.table()
    fields: dict[str, Any] = {"columns": columns(record), **others}
    student = table.c.student_id if fields.pop("of_student", False) else None
    return Relation(record=table, path=by_column(table.c[column], student), **fields)


def acknowledged(record: type[r.Record], *, by_viewer: bool) -> ColumnElement[bool]:
    """Tell whether a guardian (the viewer, or any) has answered a record of one student."""
    answer, table = r.Acknowledgement.table().c, record.table().c
    conditions = [answer.record_id == table.id]
    if "student_id" in table:
        conditions.append(answer.student_id == table.student_id)
    if by_viewer:
        conditions.append(answer.guardian_id == bindparam("viewer", type_=String))
    return exists().where(*conditions)


def answerable(record: type[r.Record]) -> dict[str, Any]:
    """Add whether the viewer has answered to the columns of a record."""
    return {"columns": columns(record, is_acknowledged=acknowledged(record, by_viewer=True))}
