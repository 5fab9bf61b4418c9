"""The ways that lead from parents to records, each used by several relations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, and_, bindparam, case, exists, func, or_, select, true

from adapters import records as r
from adapters.native.statements import Condition, Match, Parents, Path

AUDIENCE = r.Audience.table().c
ENROLMENT = r.Enrolment.table().c
TEACHING = r.Teaching.table().c


def is_current(link: type[r.Enrolment] | type[r.Teaching]) -> Condition:
    """Tell in SQL whether a student or teacher belongs to a class today."""
    columns, today = link.table().c, bindparam("today", type_=Date)
    return and_(
        columns.ended_at.is_(None),
        or_(columns.start_date.is_(None), columns.start_date <= today),
        or_(columns.end_date.is_(None), columns.end_date >= today),
    )


def by_column(column: ColumnElement[Any], student: ColumnElement[Any] | None = None) -> Path:
    """Records whose `column` is the parent's id (and, where given, whose student is the parent's)."""

    def path(parents: Parents) -> Match:
        parent = parents.table
        on = column == parent.c.id
        if student is not None:
            on = and_(on, student == parent.c.student_id)
        return Match(parent, on, parent.c.parent_group, parent.c.student_id)

    return path


def by_audience(kind: str, record: type[r.Record], within: str = "date") -> Path:
    """Records addressed to a class, a group, the school or the person of a student, each once a group.

    With `within` the window is applied to the audience's own date, so that an index serves it.
    """

    def path(parents: Parents) -> Match:
        parent, key = parents.table, record.table().c.id
        conditions = [
            AUDIENCE.audience_id == ENROLMENT.class_id,
            AUDIENCE.record_kind == kind,
            or_(ENROLMENT.start_date.is_(None), ENROLMENT.start_date <= AUDIENCE.date),
            or_(ENROLMENT.end_date.is_(None), ENROLMENT.end_date >= AUDIENCE.date),
        ]
        enrolled = and_(ENROLMENT.student_id == parent.c.student_id, ENROLMENT.ended_at.is_(None))
        if within:
            conditions.append(AUDIENCE.date.between(parent.c.lower, parent.c.upper))
        addressed: FromClause = r.Audience.table()
        if parents.dialect == "postgresql":
            # OFFSET keeps PostgreSQL from flattening this: it expects classes to have as few records as
            # students have, and would read all of a class's rows instead of the window's.
            inner = select(AUDIENCE.record_id).where(*conditions).offset(0)
            addressed = inner.correlate(parent, r.Enrolment.table()).lateral("addressed")
            conditions = []
        if not parents.shared and (parents.dialect == "sqlite" or parents.topmost):
            # Looked up for each parent in turn, so that a page can be cut along the way.
            reached = r.Enrolment.table().join(addressed, true())
            mine = select(addressed.c.record_id).select_from(reached).where(enrolled, *conditions)
            columns = {"concerned_student_ids": parent.c.student_id}
            found = key.in_(mine.correlate_except(reached))
            return Match(parent, found, parent.c.parent_group, parent.c.student_id, columns)
        source = parent.join(r.Enrolment.table(), enrolled).join(addressed, true())
        return _matched(key, source, parent, addressed.c.record_id, conditions, parents)

    return path


def by_lesson(column: ColumnElement[Any], record: type[r.Record]) -> Path:
    """Records of a lesson that are addressed to the parent's student."""

    def path(parents: Parents) -> Match:
        parent = parents.table
        table = record.table()
        source = (
            parent.join(table, column == parent.c.id)
            .join(r.Audience.table(), AUDIENCE.record_id == table.c.id)
            .join(
                r.Enrolment.table(),
                and_(
                    ENROLMENT.student_id == parent.c.student_id,
                    ENROLMENT.class_id == AUDIENCE.audience_id,
                    ENROLMENT.ended_at.is_(None),
                ),
            )
        )
        matched = (
            select(
                parent.c.parent_group.label("parent_group"),
                table.c.id.label("key"),
                func.min(parent.c.student_id).label("student_id"),
            )
            .select_from(source)
            .group_by(parent.c.parent_group, table.c.id)
            .subquery("matched")
        )
        # A second copy of the record's table would need an alias in every column: join on the key instead.
        return Match(matched, table.c.id == matched.c.key, matched.c.parent_group, matched.c.student_id)

    return path


def by_teaching(key: ColumnElement[Any], target: ColumnElement[Any], *conditions: Condition) -> Path:
    """Staff or subjects (`key` of Teaching) met by a student through classes and groups."""

    def path(parents: Parents) -> Match:
        parent = parents.table
        source = parent.join(
            r.Enrolment.table(),
            and_(ENROLMENT.student_id == parent.c.student_id, ENROLMENT.ended_at.is_(None)),
        ).join(
            r.Teaching.table(),
            and_(TEACHING.class_id == ENROLMENT.class_id, TEACHING.ended_at.is_(None), *conditions),
        )
        return _matched(target, source, parent, key, [key.is_not(None)], parents)

    return path


def by_link(
    link: type[r.Record],
    parent_column: ColumnElement[Any],
    key: ColumnElement[Any],
    target: ColumnElement[Any],
    *conditions: Condition,
) -> Path:
    """Records reached through a table that ties two others together, each once."""

    def path(parents: Parents) -> Match:
        parent = parents.table
        table = link.table()
        source = parent.join(
            table, and_(parent_column == parent.c.id, table.c.ended_at.is_(None), *conditions)
        )
        return _matched(target, source, parent, key, [key.is_not(None)], parents)

    return path


def _matched(
    target: ColumnElement[Any],
    source: FromClause,
    parent: FromClause,
    key: ColumnElement[Any],
    conditions: list[Condition],
    parents: Parents,
) -> Match:
    """Find each record once: for each parent, or for all parents that share a list."""
    if parents.shared:
        found = select(
            parent.c.parent_group.label("parent_group"),
            key.label("key"),
            func.min(parent.c.student_id).label("student_id"),
            func.aggregate_strings(parent.c.student_id, ",").label("student_ids"),
            func.min(parent.c.lower).label("lower"),
            func.max(parent.c.upper).label("upper"),
        ).group_by(parent.c.parent_group, key)
    else:
        found = select(
            parent.c.parent_group.label("parent_group"),
            key.label("key"),
            parent.c.student_id.label("student_id"),
            parent.c.student_id.label("student_ids"),
            parent.c.lower.label("lower"),
            parent.c.upper.label("upper"),
        ).distinct()
    matched = found.select_from(source).where(*conditions).subquery("matched")
    columns = {"concerned_student_ids": matched.c.student_ids}
    return Match(
        matched, target == matched.c.key, matched.c.parent_group, matched.c.student_id, columns=columns
    )


def by_staff(target: ColumnElement[Any]) -> Path:
    """Students met by a member of staff through classes and groups."""

    def path(parents: Parents) -> Match:
        parent = parents.table
        source = parent.join(
            r.Teaching.table(), and_(TEACHING.staff_id == parent.c.id, is_current(r.Teaching))
        ).join(r.Enrolment.table(), and_(ENROLMENT.class_id == TEACHING.class_id, is_current(r.Enrolment)))
        return _matched(target, source, parent, ENROLMENT.student_id, [], parents)

    return path


def by_contact(parents: Parents) -> Match:
    """Staff a family deals with: who teaches the student, and the offices of the student's school."""
    parent = parents.table
    staff, student = r.StaffMember.table(), r.Student.table().c
    teaches = exists().where(
        TEACHING.staff_id == staff.c.id,
        TEACHING.class_id == ENROLMENT.class_id,
        ENROLMENT.student_id == student.id,
        is_current(r.Teaching),
        ENROLMENT.ended_at.is_(None),
    )
    leads = exists().where(
        TEACHING.staff_id == staff.c.id,
        TEACHING.class_id == ENROLMENT.class_id,
        ENROLMENT.student_id == student.id,
        TEACHING.is_main_teacher.is_(True),
        is_current(r.Teaching),
        ENROLMENT.ended_at.is_(None),
    )
    source = parent.join(r.Student.table(), student.id == parent.c.student_id).join(
        staff, staff.c.school_id == student.school_id
    )
    matched = (
        select(
            parent.c.parent_group.label("parent_group"),
            staff.c.id.label("key"),
            func.min(parent.c.student_id).label("student_id"),
            func.aggregate_strings(parent.c.student_id, ",").label("student_ids"),
            func.max(case((leads, 1), else_=0)).label("leads"),
        )
        .select_from(source)
        .where(or_(staff.c.role.not_in(("TEACHER", "SUPPORT", "OTHER")), teaches))
        .group_by(parent.c.parent_group, staff.c.id)
        .subquery("matched")
    )
    found = {"concerned_student_ids": matched.c.student_ids, "is_main_teacher": matched.c.leads == 1}
    return Match(
        matched, staff.c.id == matched.c.key, matched.c.parent_group, matched.c.student_id, columns=found
    )
